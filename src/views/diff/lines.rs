//! The tree of differences.

use super::DiffView;
use super::figures::{arrow, span_count};
use super::words::MarkedText;
use crate::analysis::diff::{Change, ChangedField, DiffNode, NodeChange, WordOp};
use crate::error::Result;
use crate::model::{Span, TokenUsage};
use crate::number;
use crate::output::paragraph::Paragraph;
use crate::output::text::{clip, one_line, width};
use crate::output::{RenderOptions, TextRole};
use crate::views::span::failures;
use crate::views::tree::lines::{self, Guide, guides};
use std::io::Write;

/// A line of the tree.
enum DiffLine {
    /// A span, by the index of its node.
    Span(usize),
    /// A number of folded unchanged spans.
    Unchanged(usize),
}

/// Column widths.
struct DiffColumns {
    name: usize,
    /// Type, duration, tokens, model.
    details: [usize; 4],
}

/// Maximum width of the name column, including the guides.
const MAX_NAME_WIDTH: usize = 60;

/// Width of the change sign before the guides.
const SIGN_WIDTH: usize = 2;

impl DiffView {
    /// Writes the tree: added, removed and changed spans, with their ancestors.
    pub(super) fn tree(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        if self.diff.is_unchanged() && !self.is_full {
            return Ok(());
        }
        writeln!(out)?;
        let lines = self.lines();
        let guides = guides(lines.iter().map(|(_, depth)| *depth));
        let columns = DiffColumns::fit(self, options, &lines, &guides);
        for ((line, _), guide) in lines.iter().zip(&guides) {
            let (guide, below) = guide.render(options.unicode, columns.name.saturating_sub(lines::MIN_NAME_WIDTH));
            match line {
                DiffLine::Span(at) => {
                    let node = &self.diff.nodes[*at];
                    writeln!(out, "{}", self.row(options, node, &guide, &columns))?;
                    self.write_changes(options, out, node, &format!("  {below}"))?;
                }
                DiffLine::Unchanged(count) => {
                    let text = format!("  {guide}{} {} unchanged", options.ellipsis(), span_count(*count));
                    writeln!(out, "{}", options.theme.paint(TextRole::Dim, &text))?;
                }
            }
        }
        Ok(())
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

    /// Formats the line of a span.
    fn row(&self, options: &RenderOptions, node: &DiffNode, guide: &str, columns: &DiffColumns) -> String {
        let theme = options.theme;
        let (sign, role) = match node.kind() {
            NodeChange::Added => ("+ ", TextRole::Good),
            NodeChange::Removed => ("- ", TextRole::Bad),
            NodeChange::Changed => ("~ ", TextRole::Warn),
            NodeChange::Same => ("  ", TextRole::Plain),
        };
        let pad = |text: &str, columns: usize| " ".repeat(columns.saturating_sub(width(text)));
        let room = columns.name.saturating_sub(width(guide));
        let name = self.span(node).map(|span| one_line(&span.name)).unwrap_or_default();
        let name = if options.width.is_some() { clip(&name, room, options.ellipsis()) } else { name.into_owned() };
        let name_role = if node.kind() == NodeChange::Same { TextRole::Dim } else { role };
        let mut line = theme.paint(role, sign) + &theme.paint(TextRole::Dim, guide) + &theme.paint(name_role, &name);
        line += &pad(&name, room);
        let roles = [TextRole::Kind, TextRole::Plain, TextRole::Figure, TextRole::Plain];
        for ((detail, columns), role) in self.details(options, node).iter().zip(columns.details).zip(roles) {
            if columns > 0 {
                let detail = clip(detail, columns, options.ellipsis());
                line = line + "  " + &theme.paint(role, &detail) + &pad(&detail, columns);
            }
        }
        line.trim_end().to_owned()
    }

    /// Returns type, duration, tokens and model of a span, with both figures where they differ noticeably.
    fn details(&self, options: &RenderOptions, node: &DiffNode) -> [String; 4] {
        let (a, b) = self.spans(node);
        let Some(span) = b.or(a) else { return Default::default() };
        let both = |a: String, b: String| format!("{a} {} {b}", arrow(options));
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
        let model = span.model.as_deref().map(one_line).unwrap_or_default();
        [one_line(span.span_type.as_str()).into_owned(), duration, tokens, model.into_owned()]
    }

    /// Writes the changes of a span; for a span that only one trace has, its failures, inputs and outputs.
    fn write_changes(&self, options: &RenderOptions, out: &mut dyn Write, node: &DiffNode, indent: &str) -> Result<()> {
        if let (None, Some(span)) | (Some(span), None) = self.spans(node) {
            for (role, failure) in failures(span) {
                let room = options.width.map_or(usize::MAX, |all| all.saturating_sub(width(indent)).max(20));
                let failure = clip(&one_line(&failure), room, options.ellipsis());
                writeln!(out, "{}{}", options.theme.paint(TextRole::Dim, indent), options.theme.paint(role, &failure))?;
            }
            self.write_payload(options, out, span, indent)?;
        }
        let room = options.width.map_or(MAX_TITLE_WIDTH, |all| all.saturating_sub(width(indent) + MIN_TEXT_WIDTH + 2));
        let title = |change: &Change| {
            clip(&one_line(&change_title(change)), room.clamp(6, MAX_TITLE_WIDTH), options.ellipsis())
        };
        let widest = node.changes.iter().map(|change| width(&title(change))).max().unwrap_or(0);
        for change in &node.changes {
            let title = title(change);
            let first = format!("{indent}{title}{}  ", " ".repeat(widest - width(&title)));
            let rest = format!("{indent}{}  ", " ".repeat(widest));
            let max_lines = if self.is_full { usize::MAX } else { MAX_CHANGE_LINES };
            self.marked_change(options, change).write(options, out, [&first, &rest], max_lines)?;
        }
        Ok(())
    }

    /// Writes the inputs and outputs of a span that only one trace has. Those of model calls are long and mostly
    /// repeated at other spans, so they are shown only with --full.
    fn write_payload(&self, options: &RenderOptions, out: &mut dyn Write, span: &Span, indent: &str) -> Result<()> {
        let Some(payload) = span.payload.as_ref().filter(|_| self.is_full || !span.span_type.is_llm()) else {
            return Ok(());
        };
        for (title, value) in [("in   ", payload.inputs()), ("out  ", payload.outputs())] {
            let Some(value) = value.filter(|value| !value.is_null()) else { continue };
            let first = format!("{indent}{title}");
            if self.is_full {
                let rest = " ".repeat(width(&first));
                Paragraph { options, first_indent: &first, rest_indent: &rest, max_lines: 0 }
                    .write_value(out, value)?;
            } else {
                let room = options.width.map_or(usize::MAX, |all| all.saturating_sub(width(&first)).max(20));
                let text = clip(&one_line(value.text()), room, options.ellipsis());
                writeln!(out, "{}{text}", options.theme.paint(TextRole::Dim, &first))?;
            }
        }
        Ok(())
    }

    /// Returns the marked text of a change.
    fn marked_change(&self, options: &RenderOptions, change: &Change) -> MarkedText {
        let mut marked = MarkedText::default();
        match (&change.a, &change.b) {
            _ if !change.words.is_empty() => marked.push_words(options, &change.words, self.is_full),
            (Some(a), Some(b)) => {
                marked.push(&one_line(a), TextRole::Bad);
                marked.push(&format!(" {} ", arrow(options)), TextRole::Plain);
                marked.push(&one_line(b), TextRole::Good);
            }
            (None, Some(b)) => marked.push_run(options, WordOp::Insert, b, self.is_full),
            (Some(a), None) => marked.push_run(options, WordOp::Delete, a, self.is_full),
            (None, None) => {}
        }
        if change.repeated > 0 {
            let more = if change.repeated == 1 { "1 more span" } else { &format!("{} more spans", change.repeated) };
            marked.push(&format!("  (and in {more})"), TextRole::Dim);
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

impl DiffColumns {
    fn fit(view: &DiffView, options: &RenderOptions, lines: &[(DiffLine, usize)], guides: &[Guide]) -> Self {
        let mut columns = Self { name: 0, details: [0; 4] };
        for ((line, _), guide) in lines.iter().zip(guides) {
            let DiffLine::Span(at) = line else { continue };
            let node = &view.diff.nodes[*at];
            let name = view.span(node).map_or(0, |span| width(&one_line(&span.name)));
            columns.name = columns.name.max((guide.width() + name).min(MAX_NAME_WIDTH));
            for (column, detail) in columns.details.iter_mut().zip(view.details(options, node)) {
                *column = (*column).max(width(&detail));
            }
        }
        columns.details[0] = columns.details[0].min(14);
        columns.details[3] = columns.details[3].min(30);
        if let Some(room) = options.width {
            columns.squeeze(room);
        }
        columns
    }

    /// Shrinks to the given width: first long names, then model, tokens and type are dropped, then all names shrink.
    fn squeeze(&mut self, room: usize) {
        let over = |columns: &Self| {
            let details = columns.details.iter().filter(|width| **width > 0).map(|width| width + 2).sum::<usize>();
            (SIGN_WIDTH + columns.name + details).saturating_sub(room)
        };
        self.name = self.name.saturating_sub(over(self)).max(self.name.min(24));
        for index in [3, 2, 0] {
            if over(self) > 0 {
                self.details[index] = 0;
            }
        }
        self.name = self.name.saturating_sub(over(self)).max(self.name.min(8));
    }
}
