//! Compares two traces: pairs their spans and lists the differences.
//!
//! Each difference is shown once, although a changed prompt is repeated in the history of every later model call and in
//! the inputs of agents, and an exception propagates through all parents. Nothing is hidden: differences that are not
//! shown are counted in [`Ignored`].

mod align;
mod attributes;
mod changes;
mod content;
mod draft;
mod failures;
mod ids;
mod ignored;
mod merged_tree;
mod pieces;
mod readable;
mod remainder;
mod reported;
mod sequence;
pub mod sets;
mod span_index;
mod structure;
mod words;

pub use ignored::{Ignored, IgnoredKind};
pub use remainder::PER_TRACE_ATTRIBUTES;
pub use words::{WordOp, WordRun};

use crate::model::Trace;
use crate::reading::Reading;
use changes::TraceSide;
use failures::TraceFailures;
use span_index::SpanIndex;

/// The differences of two traces.
#[derive(Debug)]
pub struct Diff {
    /// Differences that do not count as changes.
    pub ignored: Ignored,
    /// The spans of both traces as one tree, parents before children.
    pub nodes: Vec<DiffNode>,
}

/// A span of one trace, or a pair of spans.
#[derive(Debug)]
pub struct DiffNode {
    /// Index of the span in the first trace.
    pub a: Option<usize>,
    /// Index of the span in the second trace.
    pub b: Option<usize>,
    /// Index of the parent node.
    pub parent: Option<usize>,
    /// Depth in the tree, 0 for roots.
    pub depth: usize,
    /// Changes shown at this node.
    pub changes: Vec<Change>,
    /// Number of changes that are shown at another node.
    pub repeats: usize,
    /// Number of ignored differences.
    pub ignored: usize,
}

/// How a span differs between the traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeChange {
    /// Only the second trace has it.
    Added,
    /// Only the first trace has it.
    Removed,
    /// Both have it, with changes that are not shown elsewhere.
    Changed,
    /// Both have it, without changes of its own.
    Same,
}

impl NodeChange {
    /// Returns the JSON value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Same => "same",
        }
    }
}

impl DiffNode {
    /// Returns the span index in each trace.
    const fn span_indices(&self) -> [Option<usize>; 2] {
        [self.a, self.b]
    }

    /// Returns how the span differs.
    #[must_use]
    pub const fn kind(&self) -> NodeChange {
        match (self.a, self.b) {
            (None, _) => NodeChange::Added,
            (_, None) => NodeChange::Removed,
            _ if self.changes.is_empty() => NodeChange::Same,
            _ => NodeChange::Changed,
        }
    }
}

/// The part of a span that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangedField {
    /// The name.
    Name,
    /// The type.
    SpanType,
    /// The nearest ancestor that both traces have.
    Parent,
    /// The status.
    Status,
    /// The model.
    Model,
    /// The model provider.
    Provider,
    /// A request parameter of a model call, other than the messages.
    Parameter,
    /// The inputs.
    Input,
    /// The outputs.
    Output,
    /// An exception or failure.
    Exception,
    /// An attribute, event or link, or the raw name or status.
    Attribute,
}

impl ChangedField {
    /// Returns the JSON value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::SpanType => "span_type",
            Self::Parent => "parent",
            Self::Status => "status",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Parameter => "parameter",
            Self::Input => "input",
            Self::Output => "output",
            Self::Exception => "exception",
            Self::Attribute => "attribute",
        }
    }
}

/// A change of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The part of the span that changed.
    pub field: ChangedField,
    /// Identifies one of several: the role of a message, the name of a parameter, a path.
    pub name: Option<String>,
    /// Value in the first trace; `None` if missing there.
    pub a: Option<String>,
    /// Value in the second trace.
    pub b: Option<String>,
    /// Word diff of two texts; empty for short values and where one trace has no text.
    pub words: Vec<WordRun>,
    /// Number of other places with the same change.
    pub repeated: usize,
}

impl Diff {
    /// Whether there are no changes, apart from ignored differences.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.nodes.iter().all(|node| node.kind() == NodeChange::Same)
    }

    /// Whether inputs, outputs and attributes of all spans are equal, except [`PER_TRACE_ATTRIBUTES`].
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.is_unchanged() && self.ignored.is_empty()
    }

    /// Returns the number of nodes of a kind.
    #[must_use]
    pub fn count(&self, kind: NodeChange) -> usize {
        self.nodes.iter().filter(|node| node.kind() == kind).count()
    }
}

/// Which differences are changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Differences in content; ids, times and token counts around it are ignored, but counted.
    Content,
    /// All differences.
    Everything,
}

/// Compares two traces with their readings. Their spans must be loaded with payload.
#[must_use]
pub fn compare_traces(a: (&Trace, &Reading), b: (&Trace, &Reading), strictness: Strictness) -> Diff {
    let (index_a, index_b) = (SpanIndex::new(a.0, a.1), SpanIndex::new(b.0, b.1));
    let pairing = align::pair_spans(&index_a, &index_b);
    let nodes = merged_tree::build(&index_a, &index_b, &pairing);
    let side = |trace, index| TraceSide { index, failures: TraceFailures::from_trace(trace) };
    let (nodes, ignored) = changes::find([side(a.0, &index_a), side(b.0, &index_b)], nodes, strictness);
    Diff { ignored, nodes }
}

#[cfg(test)]
mod tests;
