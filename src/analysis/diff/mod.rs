//! Two traces side by side: which span of one is which of the other, and what is not the same in them.
//!
//! Each difference is shown once: a prompt that changed stands again in the history of every later call of the model and in
//! what agents are called with, and an exception goes through all parents. Nothing is hidden: what is shown nowhere is counted
//! in [`Ignored`].

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

/// Two traces side by side.
#[derive(Debug)]
pub struct Diff {
    /// The differences that are no changes.
    pub ignored: Ignored,
    /// The spans of both, parents before children.
    pub nodes: Vec<DiffNode>,
}

/// A span of one of the traces, or of both.
#[derive(Debug)]
pub struct DiffNode {
    /// Its place in the first trace.
    pub a: Option<usize>,
    /// Its place in the second trace.
    pub b: Option<usize>,
    /// The place of the node above it.
    pub parent: Option<usize>,
    /// 0 for roots.
    pub depth: usize,
    /// What is not the same and is shown here.
    pub changes: Vec<Change>,
    /// How much more is not the same, and is shown at another span.
    pub repeats: usize,
    /// How many differences were ignored.
    pub ignored: usize,
}

/// What became of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeChange {
    /// Only the second trace has it.
    Added,
    /// Only the first trace has it.
    Removed,
    /// Both have it, and something of it changed that is not shown elsewhere.
    Changed,
    /// Both have it alike.
    Same,
}

impl NodeChange {
    /// The word of the JSON output.
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
    /// Its places in both traces.
    const fn places(&self) -> [Option<usize>; 2] {
        [self.a, self.b]
    }

    /// What became of it.
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

/// What of a span changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangedField {
    /// Its name.
    Name,
    /// Its type.
    SpanType,
    /// The nearest span above it that both traces have.
    Parent,
    /// How it ended.
    Status,
    /// The model called.
    Model,
    /// Who runs the model.
    Provider,
    /// What a model is asked beside the messages.
    Parameter,
    /// What went in.
    Input,
    /// What came out.
    Output,
    /// What failed.
    Exception,
    /// An attribute, event or link, or how the name or status is written.
    Attribute,
}

impl ChangedField {
    /// The word of the JSON output.
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

/// Something that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub field: ChangedField,
    /// Which one of several: the role of a message, the name of a parameter.
    pub name: Option<String>,
    /// How it is in the first trace; none where it is not there.
    pub a: Option<String>,
    /// How it is in the second trace.
    pub b: Option<String>,
    /// The texts of both word by word, where both have one.
    pub words: Vec<WordRun>,
    /// At how many more places the same changed.
    pub repeated: usize,
}

impl Diff {
    /// Whether nothing changed, but for what is ignored.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.nodes.iter().all(|node| node.kind() == NodeChange::Same)
    }

    /// Whether inputs, outputs and attributes of all spans are equal, but for [`PER_TRACE_ATTRIBUTES`].
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.is_unchanged() && self.ignored.is_empty()
    }

    /// Of how many spans the same became.
    #[must_use]
    pub fn count(&self, kind: NodeChange) -> usize {
        self.nodes.iter().filter(|node| node.kind() == kind).count()
    }
}

/// Which differences are changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Those in content. Ids, times and token counts around it are ignored, and counted.
    Content,
    /// All.
    Everything,
}

/// Compares two traces with their readings. Their spans need their payload.
#[must_use]
pub fn of_traces(a: (&Trace, &Reading), b: (&Trace, &Reading), strictness: Strictness) -> Diff {
    let (of_a, of_b) = (SpanIndex::new(a.0, a.1), SpanIndex::new(b.0, b.1));
    let pairing = align::pair(&of_a, &of_b);
    let nodes = merged_tree::build(&of_a, &of_b, &pairing);
    let side = |trace, index| TraceSide { index, failures: TraceFailures::of(trace) };
    let (nodes, ignored) = changes::find([side(a.0, &of_a), side(b.0, &of_b)], nodes, strictness);
    Diff { ignored, nodes }
}

#[cfg(test)]
mod tests;
