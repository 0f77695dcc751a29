//! The tree of differences.

use super::DiffView;
use super::figures::{arrow, span_count};
use super::words::{push_run, push_words};
use crate::analysis::diff::{Change, ChangedField, DiffNode, NodeChange, WordOp};
use crate::error::Result;
use crate::model::{Span, TokenUsage};
use crate::number;
use crate::output::{
    Block, Document, LineLimit, Paragraph, RenderOptions, StyledText, TextRole, TreeRow, TreeRows, TreeSpan,
};
use crate::views::span::failures;

/// A line of the tree.
#[derive(Debug)]
enum DiffLine {
    /// A span, by the index of its node.
    Span(usize),
    /// A number of folded unchanged spans.
    Unchanged(usize),
}

/// The tree of a comparison.
#[derive(Debug)]
struct DiffTree<'a> {
    view: &'a DiffView,
    options: RenderOptions,
    /// The lines with their depths.
    lines: Vec<(DiffLine, usize)>,
}

impl DiffView {
    /// Writes the tree: added, removed and changed spans, with their ancestors.
    pub(super) fn tree(&self, document: &mut Document<'_>) -> Result<()> {
        if self.diff.is_unchanged() && !self.is_full {
            return Ok(());
        }
        document.add(Block::Blank)?;
        let tree = DiffTree { view: self, options: document.options, lines: self.lines() };
        document.add(Block::Tree(&tree))
    }

    /// Returns the lines and their depths: changed spans with their ancestors, and the number of spans folded between
    /// them.
    fn lines(&self) -> Vec<(DiffLine, usize)> {
        let nodes = &self.diff.nodes;
        let is_visible =
            if self.is_full && !self.only_changes { vec![true; nodes.len()] } else { visible_nodes(nodes) };
        let mut lines = Vec::new();
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            if is_visible[at] {
                lines.push((DiffLine::Span(at), node.depth));
                at += 1;
                continue;
            }
            let is_folded = |other: usize| !is_visible[other] && nodes[other].depth >= node.depth;
            let count = (at..nodes.len()).take_while(|other| is_folded(*other)).count();
            match count {
                _ if self.only_changes => {}
                1 => lines.push((DiffLine::Span(at), node.depth)),
                count => lines.push((DiffLine::Unchanged(count), node.depth)),
            }
            at += count;
        }
        lines
    }
}

impl TreeRows for DiffTree<'_> {
    fn depths(&self) -> Vec<usize> {
        self.lines.iter().map(|(_, depth)| *depth).collect()
    }

    fn row(&self, at: usize) -> TreeRow {
        match self.lines[at].0 {
            DiffLine::Span(at) => self.span_row(&self.view.diff.nodes[at]),
            DiffLine::Unchanged(count) => {
                let text = format!("{} {} unchanged", self.options.ellipsis(), span_count(count));
                TreeRow::Note(StyledText::new(TextRole::Dim, &text))
            }
        }
    }

    fn below(&self, at: usize, room: Option<usize>) -> Vec<Block<'_>> {
        match self.lines[at].0 {
            DiffLine::Span(at) => self.changes(&self.view.diff.nodes[at], room),
            DiffLine::Unchanged(_) => Vec::new(),
        }
    }
}

impl DiffTree<'_> {
    /// Returns the row of a span, with both figures where they differ noticeably.
    fn span_row(&self, node: &DiffNode) -> TreeRow {
        let (sign, role) = match node.kind() {
            NodeChange::Added => ("+ ", TextRole::Good),
            NodeChange::Removed => ("- ", TextRole::Bad),
            NodeChange::Changed => ("~ ", TextRole::Warn),
            NodeChange::Same => ("  ", TextRole::Plain),
        };
        let name_role = if node.kind() == NodeChange::Same { TextRole::Dim } else { role };
        let (a, b) = self.view.spans(node);
        let Some(span) = b.or(a) else { return TreeRow::Note(StyledText::default()) };
        let both = |a: String, b: String| format!("{a} {} {b}", arrow(&self.options));
        let time = |span: &Span| span.duration_ns().map_or_else(|| "open".to_owned(), number::duration);
        let duration = match a.zip(b).filter(|(a, b)| is_noticeable(a, b)) {
            Some((a, b)) => both(time(a), time(b)),
            None => time(span),
        };
        let total = |span: &Span| span.usage().and_then(|usage: &TokenUsage| usage.total_tokens);
        let tokens = match (a.and_then(total), b.and_then(total)) {
            (Some(a), Some(b)) if a != b => format!("{} tokens", both(number::count(a), number::count(b))),
            (_, Some(count)) | (Some(count), None) => format!("{} tokens", number::count(count)),
            (None, None) => String::new(),
        };
        TreeRow::Span(Box::new(TreeSpan {
            sign: StyledText::new(role, sign),
            name: StyledText::new(name_role, &span.name),
            span_type: StyledText::new(TextRole::Kind, span.span_type.known().unwrap_or_default()),
            bar: None,
            duration: StyledText::plain(&duration),
            tokens: StyledText::new(TextRole::Figure, &tokens),
            model: StyledText::plain(span.model.as_deref().unwrap_or_default()),
        }))
    }

    /// Returns the changes of a span; for a span that only one trace has, its failures, inputs and outputs.
    fn changes<'a>(&'a self, node: &'a DiffNode, room: Option<usize>) -> Vec<Block<'a>> {
        let mut blocks = Vec::new();
        if let (None, Some(span)) | (Some(span), None) = self.view.spans(node) {
            blocks.extend(failures(span).map(|(role, text)| Block::Truncated(StyledText::new(role, &text))));
            blocks.extend(self.payload(span));
        }
        let room = room.map_or(MAX_TITLE_WIDTH, |room| room.saturating_sub(MIN_TEXT_WIDTH + 2));
        let title = |change: &Change| {
            let title = StyledText::new(TextRole::Dim, &change_title(change));
            title.truncated(room.clamp(6, MAX_TITLE_WIDTH), self.options.ellipsis())
        };
        let widest = node.changes.iter().map(|change| title(change).width()).max().unwrap_or(0);
        let limit = LineLimit::new(if self.view.is_full { 0 } else { MAX_CHANGE_LINES });
        blocks.extend(node.changes.iter().map(|change| {
            let label = title(change).padded(widest + 2);
            Block::Text(Paragraph::new(self.marked_change(change)).labeled(label).limited(limit))
        }));
        blocks
    }

    /// Returns the inputs and outputs of a span that only one trace has. Those of model calls are long and mostly
    /// repeated at other spans, so they are shown only with --full.
    fn payload<'a>(&self, span: &'a Span) -> impl Iterator<Item = Block<'a>> {
        let is_full = self.view.is_full;
        let payload = span.payload.as_ref().filter(|_| is_full || !span.span_type.is_llm());
        let values = payload.map(|payload| [("in   ", payload.inputs()), ("out  ", payload.outputs())]);
        values.into_iter().flatten().filter_map(move |(title, value)| {
            let value = value.filter(|value| !value.is_null())?;
            Some(if is_full {
                Block::Value(title, value, None)
            } else {
                Block::Truncated(StyledText::new(TextRole::Dim, title).with(TextRole::Plain, value.text()))
            })
        })
    }

    /// Returns the marked text of a change.
    fn marked_change(&self, change: &Change) -> StyledText {
        let (options, is_full) = (&self.options, self.view.is_full);
        let mut marked = StyledText::default();
        match (&change.a, &change.b) {
            _ if !change.words.is_empty() => push_words(&mut marked, options, &change.words, is_full),
            (Some(a), Some(b)) => {
                marked.push(TextRole::Bad, a);
                marked.push(TextRole::Plain, &format!(" {} ", arrow(options)));
                marked.push(TextRole::Good, b);
            }
            (None, Some(b)) => push_run(&mut marked, options, WordOp::Insert, b, is_full),
            (Some(a), None) => push_run(&mut marked, options, WordOp::Delete, a, is_full),
            (None, None) => {}
        }
        if change.repeated > 0 {
            let more = if change.repeated == 1 { "1 more span" } else { &format!("{} more spans", change.repeated) };
            marked.push(TextRole::Dim, &format!("  (and in {more})"));
        }
        marked
    }
}

/// Maximum number of lines of a change, unless everything is shown.
const MAX_CHANGE_LINES: usize = 12;

/// Maximum width of the title of a change.
const MAX_TITLE_WIDTH: usize = 32;

/// Minimum width of the text of a change.
const MIN_TEXT_WIDTH: usize = 20;

/// Returns the title of a change: the field, and the name if there is one.
fn change_title(change: &Change) -> String {
    let named = |word: &str| change.name.as_ref().map_or_else(|| word.to_owned(), |name| format!("{word} {name}"));
    match change.field {
        ChangedField::Input => named("in"),
        ChangedField::Output => named("out"),
        ChangedField::Parameter | ChangedField::Attribute => change.name.clone().unwrap_or_default(),
        ChangedField::Exception => "failed".to_owned(),
        ChangedField::SpanType => "type".to_owned(),
        field => field.as_str().to_owned(),
    }
}

/// Whether the durations of two spans differ by at least 10 ms and 20% of the shorter one.
fn is_noticeable(a: &Span, b: &Span) -> bool {
    const MIN_DIFFERENCE_NS: u64 = 10_000_000;
    let Some((a, b)) = a.duration_ns().zip(b.duration_ns()) else { return a.end.is_some() != b.end.is_some() };
    let difference = a.abs_diff(b);
    difference >= MIN_DIFFERENCE_NS && difference as f64 >= 0.2 * a.min(b).max(0) as f64
}

/// Returns whether each node is shown: it changed, or one of its descendants did.
fn visible_nodes(nodes: &[DiffNode]) -> Vec<bool> {
    let mut is_visible: Vec<bool> = nodes.iter().map(|node| node.kind() != NodeChange::Same).collect();
    // Going backward, the first node with a smaller depth than a visible one is its parent.
    let mut depth = 0;
    for at in (0..nodes.len()).rev() {
        if is_visible[at] || nodes[at].depth < depth {
            (is_visible[at], depth) = (true, nodes[at].depth);
        }
    }
    is_visible
}
