//! The tree of what is not the same.

use super::DiffView;
use super::figures::{arrow, spans};
use super::words::MarkedText;
use crate::analysis::diff::{Change, ChangedField, DiffNode, NodeChange, WordOp};
use crate::error::Result;
use crate::model::{Span, TokenUsage};
use crate::output::paragraph::Paragraph;
use crate::output::text::{clip, one_line, width};
use crate::output::{RenderOptions, TextRole, number};
use crate::views::span::failures;
use crate::views::tree::lines::{self, Guide, guides};
use std::io::Write;

/// What stands on a line.
enum DiffLine {
    /// A span, by the place of its node.
    Span(usize),
    /// So many spans that are alike.
    Alike(usize),
}

/// How wide the columns are.
struct DiffColumns {
    name: usize,
    /// Type, duration, tokens, model.
    facts: [usize; 4],
}

/// Names get no wider than this.
const WIDEST_NAME: usize = 60;

/// Before the guides stands what became of a span.
const SIGN: usize = 2;

impl DiffView {
    /// The tree: what was added, removed and changed, with what stands above it.
    pub(super) fn tree(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        if self.diff.is_unchanged() && !self.is_full {
            return Ok(());
        }
        writeln!(out)?;
        let lines = self.lines();
        let guides = guides(lines.iter().map(|(_, depth)| *depth));
        let columns = DiffColumns::fit(self, look, &lines, &guides);
        for ((line, _), guide) in lines.iter().zip(&guides) {
            let (guide, below) = guide.signs(look.unicode, columns.name.saturating_sub(lines::LEAST_NAME));
            match line {
                DiffLine::Span(at) => {
                    let node = &self.diff.nodes[*at];
                    writeln!(out, "{}", self.row(look, node, &guide, &columns))?;
                    self.below(look, out, node, &format!("  {below}"))?;
                }
                DiffLine::Alike(count) => {
                    let text = format!("  {guide}{} {} unchanged", look.ellipsis(), spans(*count));
                    writeln!(out, "{}", look.theme.paint(TextRole::Dim, &text))?;
                }
            }
        }
        Ok(())
    }

    /// What is shown, and how deep it stands: what is not alike and what stands above it; of the rest how much there is.
    fn lines(&self) -> Vec<(DiffLine, usize)> {
        let nodes = &self.diff.nodes;
        let stays = if self.is_full && !self.only_changes { vec![true; nodes.len()] } else { staying(nodes) };
        let mut lines = Vec::new();
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            if stays[at] {
                lines.push((DiffLine::Span(at), node.depth));
                at += 1;
                continue;
            }
            let is_folded = |other: usize| !stays[other] && nodes[other].depth >= node.depth;
            let count = (at..nodes.len()).take_while(|other| is_folded(*other)).count();
            match count {
                _ if self.only_changes => {}
                1 => lines.push((DiffLine::Span(at), node.depth)),
                count => lines.push((DiffLine::Alike(count), node.depth)),
            }
            at += count;
        }
        lines
    }

    /// The line of a span.
    fn row(&self, look: &RenderOptions, node: &DiffNode, guide: &str, columns: &DiffColumns) -> String {
        let theme = look.theme;
        let (sign, role) = match node.kind() {
            NodeChange::Added => ("+ ", TextRole::Good),
            NodeChange::Removed => ("- ", TextRole::Bad),
            NodeChange::Changed => ("~ ", TextRole::Warn),
            NodeChange::Same => ("  ", TextRole::Plain),
        };
        let pad = |text: &str, columns: usize| " ".repeat(columns.saturating_sub(width(text)));
        let room = columns.name.saturating_sub(width(guide));
        let name = self.span(node).map(|span| one_line(&span.name)).unwrap_or_default();
        let name = if look.width.is_some() { clip(&name, room, look.ellipsis()) } else { name.into_owned() };
        let name_role = if node.kind() == NodeChange::Same { TextRole::Dim } else { role };
        let mut line = theme.paint(role, sign) + &theme.paint(TextRole::Dim, guide) + &theme.paint(name_role, &name);
        line += &pad(&name, room);
        let roles = [TextRole::Kind, TextRole::Plain, TextRole::Figure, TextRole::Plain];
        for ((fact, columns), role) in self.facts(look, node).iter().zip(columns.facts).zip(roles) {
            if columns > 0 {
                let fact = clip(fact, columns, look.ellipsis());
                line = line + "  " + &theme.paint(role, &fact) + &pad(&fact, columns);
            }
        }
        line.trim_end().to_owned()
    }

    /// Type, duration, tokens and model of a span; figures of both traces where they differ noticeably.
    fn facts(&self, look: &RenderOptions, node: &DiffNode) -> [String; 4] {
        let (a, b) = self.spans(node);
        let Some(span) = b.or(a) else { return Default::default() };
        let both = |a: String, b: String| format!("{a} {} {b}", arrow(look));
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

    /// What changed of a span, or what failed of one that only one of the traces has.
    fn below(&self, look: &RenderOptions, out: &mut dyn Write, node: &DiffNode, indent: &str) -> Result<()> {
        if let (None, Some(span)) | (Some(span), None) = self.spans(node) {
            for (role, failure) in failures(span) {
                let room = look.width.map_or(usize::MAX, |all| all.saturating_sub(width(indent)).max(20));
                let failure = clip(&one_line(&failure), room, look.ellipsis());
                writeln!(out, "{}{}", look.theme.paint(TextRole::Dim, indent), look.theme.paint(role, &failure))?;
            }
            self.values(look, out, span, indent)?;
        }
        let room = look.width.map_or(WIDEST_TITLE, |all| all.saturating_sub(width(indent) + NARROWEST + 2));
        let title = |change: &Change| clip(&one_line(&title(change)), room.clamp(6, WIDEST_TITLE), look.ellipsis());
        let widest = node.changes.iter().map(|change| width(&title(change))).max().unwrap_or(0);
        for change in &node.changes {
            let title = title(change);
            let first = format!("{indent}{title}{}  ", " ".repeat(widest - width(&title)));
            let rest = format!("{indent}{}  ", " ".repeat(widest));
            let most = if self.is_full { usize::MAX } else { MOST_LINES };
            self.marked(look, change).write(look, out, [&first, &rest], most)?;
        }
        Ok(())
    }

    /// What went into a span that only one of the traces has, and what came out. Of calls of models that is much, and most of
    /// it stands elsewhere.
    fn values(&self, look: &RenderOptions, out: &mut dyn Write, span: &Span, indent: &str) -> Result<()> {
        let Some(payload) = span.payload.as_ref().filter(|_| self.is_full || !span.span_type.is_llm()) else {
            return Ok(());
        };
        for (title, value) in [("in   ", payload.inputs()), ("out  ", payload.outputs())] {
            let Some(value) = value.filter(|value| !value.is_null()) else { continue };
            let first = format!("{indent}{title}");
            if self.is_full {
                let rest = " ".repeat(width(&first));
                Paragraph { look, first: &first, rest: &rest, lines: 0 }.value(out, value)?;
            } else {
                let room = look.width.map_or(usize::MAX, |all| all.saturating_sub(width(&first)).max(20));
                let text = clip(&one_line(value.text()), room, look.ellipsis());
                writeln!(out, "{}{text}", look.theme.paint(TextRole::Dim, &first))?;
            }
        }
        Ok(())
    }

    /// A change in words.
    fn marked(&self, look: &RenderOptions, change: &Change) -> MarkedText {
        let mut marked = MarkedText::default();
        match (&change.a, &change.b) {
            _ if !change.words.is_empty() => marked.words(look, &change.words, self.is_full),
            (Some(a), Some(b)) => {
                marked.own(&one_line(a), TextRole::Bad);
                marked.own(&format!(" {} ", arrow(look)), TextRole::Plain);
                marked.own(&one_line(b), TextRole::Good);
            }
            (None, Some(b)) => marked.one_sided(look, WordOp::Insert, b, self.is_full),
            (Some(a), None) => marked.one_sided(look, WordOp::Delete, a, self.is_full),
            (None, None) => {}
        }
        if change.repeated > 0 {
            let more = if change.repeated == 1 { "1 more span" } else { &format!("{} more spans", change.repeated) };
            marked.own(&format!("  (and in {more})"), TextRole::Dim);
        }
        marked
    }
}

/// A change takes no more lines, unless all is shown.
const MOST_LINES: usize = 12;

/// Titles of changes get no wider than this.
const WIDEST_TITLE: usize = 32;

/// The text of a change gets no narrower than this.
const NARROWEST: usize = 20;

/// What changed: its name where it has one, and whether it went in or came out.
fn title(change: &Change) -> String {
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

/// Whether one of two spans took so much longer that it is worth a look: a fifth and ten milliseconds.
fn is_noticeable(a: &Span, b: &Span) -> bool {
    const LEAST: u64 = 10_000_000;
    let Some((a, b)) = a.duration_ns().zip(b.duration_ns()) else { return a.end.is_some() != b.end.is_some() };
    let more = a.abs_diff(b);
    more >= LEAST && more as f64 >= 0.2 * a.min(b).max(0) as f64
}

/// A node stays if it is not alike, or anything below it is not.
fn staying(nodes: &[DiffNode]) -> Vec<bool> {
    let mut stays: Vec<bool> = nodes.iter().map(|node| node.kind() != NodeChange::Same).collect();
    // The parent of what was last found to stay is the first one before it that stands higher.
    let mut depth = 0;
    for at in (0..nodes.len()).rev() {
        if stays[at] || nodes[at].depth < depth {
            (stays[at], depth) = (true, nodes[at].depth);
        }
    }
    stays
}

impl DiffColumns {
    fn fit(view: &DiffView, look: &RenderOptions, lines: &[(DiffLine, usize)], guides: &[Guide]) -> Self {
        let mut columns = Self { name: 0, facts: [0; 4] };
        for ((line, _), guide) in lines.iter().zip(guides) {
            let DiffLine::Span(at) = line else { continue };
            let node = &view.diff.nodes[*at];
            let name = view.span(node).map_or(0, |span| width(&one_line(&span.name)));
            columns.name = columns.name.max((guide.columns() + name).min(WIDEST_NAME));
            for (column, fact) in columns.facts.iter_mut().zip(view.facts(look, node)) {
                *column = (*column).max(width(&fact));
            }
        }
        columns.facts[0] = columns.facts[0].min(14);
        columns.facts[3] = columns.facts[3].min(30);
        if let Some(room) = look.width {
            columns.squeeze(room);
        }
        columns
    }

    /// Gives way in the order of what is least missed: long names, the model, tokens, the type.
    fn squeeze(&mut self, room: usize) {
        let over = |columns: &Self| {
            let facts = columns.facts.iter().filter(|fact| **fact > 0).map(|fact| fact + 2).sum::<usize>();
            (SIGN + columns.name + facts).saturating_sub(room)
        };
        self.name = self.name.saturating_sub(over(self)).max(self.name.min(24));
        for fact in [3, 2, 0] {
            if over(self) > 0 {
                self.facts[fact] = 0;
            }
        }
        self.name = self.name.saturating_sub(over(self)).max(self.name.min(8));
    }
}
