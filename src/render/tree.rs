//! `mltrace trace show`: a header and the tree of spans with its waterfall.

use super::json::ShowJson;
use super::span::{SpanRow, assessment_line, tokens};
use super::text::{block, clip, one_line, width};
use super::trace::state_role;
use super::{Look, Role, View, fold, number, pretty};
use crate::analyze::usage::TraceUsage;
use crate::error::Result;
use crate::model::{Json, Problem, Span, SpanStatus, Spans, Trace, short_trace_id};
use serde::Serialize;
use std::collections::HashSet;
use std::io::Write;

/// A trace as a whole.
#[derive(Debug)]
pub struct TreeView {
    /// The trace with its spans.
    pub trace: Trace,
    /// Its figures.
    pub usage: TraceUsage,
    /// Which span types to show; empty = all.
    pub types: Vec<String>,
    /// How many lines of inputs and outputs to show under each span; `None` = none, 0 = all.
    pub io_lines: Option<usize>,
    /// Whether spans are shown that are folded otherwise.
    pub is_full: bool,
}

impl TreeView {
    /// Whether a span is one of those to be shown.
    #[must_use]
    pub fn passes(&self, span: &Span) -> bool {
        self.types.is_empty() || span.span_type.is_one_of(&self.types)
    }

    /// What is not there, for programs; people see it in the tree.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let Some(spans) = &self.trace.spans else { return Vec::new() };
        let mut problems = spans.problems.clone();
        let have = spans.list.len() as u64;
        // Where a damaged file is the reason, that has been said.
        if let Some(count) = self.trace.info.span_count.filter(|count| have < *count && problems.is_empty()) {
            problems.push(Problem::new("spans_missing", format!("{have} of {count} spans are stored")));
        }
        let orphans = spans.nodes.iter().filter(|node| node.is_orphan).count();
        if orphans > 0 {
            problems.push(Problem::new("missing_parent", format!("the parents of {orphans} spans are not stored")));
        }
        problems
    }
}

impl View for TreeView {
    type Item = SpanRow;

    fn json(&self) -> impl Serialize {
        ShowJson::new(&self.trace, &self.usage, self.problems(), |span| self.passes(span))
    }

    fn text(&self, look: &Look, out: &mut dyn Write) -> Result<()> {
        self.header(look, out)?;
        let Some(spans) = self.trace.spans.as_ref().filter(|spans| !spans.list.is_empty()) else {
            let count = self.trace.info.span_count.unwrap_or(0);
            let text = if count > 0 {
                format!("(no spans: {count} recorded, none stored)")
            } else {
                "(no spans stored)".to_owned()
            };
            return Ok(writeln!(out, "\n{}", look.theme.paint(Role::Dim, &text))?);
        };
        writeln!(out)?;
        let folded = if self.is_full { None } else { fold::without_messages(spans) };
        let (spans, hidden) = folded.as_ref().map_or((spans, 0), |(shown, hidden)| (shown, *hidden));
        let lines = lines(spans, |span| self.passes(span));
        let columns = Columns::fit(spans, &lines, look);
        for line in &lines {
            self.line(look, out, spans, line, &columns)?;
        }
        if hidden > 0 {
            let what = if hidden == 1 { "1 message" } else { &format!("{hidden} messages") };
            let text = format!("({what} of AutoGen's runtime folded; --full shows them)");
            writeln!(out, "{}", look.theme.paint(Role::Dim, &text))?;
        }
        Ok(())
    }

    fn items(&self) -> Vec<SpanRow> {
        let Some(spans) = &self.trace.spans else { return Vec::new() };
        let pairs = spans.list.iter().zip(&spans.nodes).filter(|(span, _)| self.passes(span));
        pairs
            .map(|(span, node)| SpanRow {
                trace_id: self.trace.info.trace_id.clone(),
                span: span.clone(),
                node: node.clone(),
                is_full: true,
            })
            .collect()
    }
}

impl TreeView {
    pub(super) fn header(&self, look: &Look, out: &mut dyn Write) -> Result<()> {
        let (info, theme) = (&self.trace.info, look.theme);
        let spans = self.trace.span_list();
        let name = info.display_name().or_else(|| spans.first().map(|span| span.name.as_str())).unwrap_or("(unnamed)");
        let room = look.width.unwrap_or(usize::MAX);
        let dot = if look.unicode { "·" } else { "-" };
        let tokens = self.usage.token_usage.as_ref().map(|usage| {
            let recorded = if self.usage.source == Some("recorded") { ", recorded" } else { "" };
            let text = format!(
                "{} tokens ({} in {dot} {} out{recorded})",
                number::known(usage.total_tokens),
                number::known(usage.input_tokens),
                number::known(usage.output_tokens)
            );
            theme.paint(Role::Figure, &text)
        });
        let facts = [
            Some(theme.paint(Role::Name, &clip(&one_line(name), room, look.ellipsis()))),
            Some(theme.paint(state_role(&info.state), &one_line(info.state.as_str()))),
            info.execution_duration_ms.map(number::millis),
            tokens,
            self.usage.cost.as_ref().and_then(number::cost).map(|cost| theme.paint(Role::Figure, &cost)),
            self.partial().map(|text| theme.paint(Role::Warn, &text)),
            Some(theme.paint(Role::Id, &one_line(short_trace_id(&info.trace_id)))),
            Some(format!("{} {}", info.request_time.date_time(look.zone), info.request_time.zone_name(look.zone))),
        ];
        flow(out, facts.into_iter().flatten(), "  ", look.width)?;
        let mut models: Vec<&str> = spans.iter().filter_map(|span| span.model.as_deref()).collect();
        models.sort_unstable();
        models.dedup();
        let fact = |title: &str, value: Option<&str>| {
            let text = value.map(|value| clip(&format!("{title} {}", one_line(value)), room, look.ellipsis()));
            text.map(|text| theme.paint(Role::Dim, &text))
        };
        let more = [
            fact("experiment", Some(info.experiment_name.as_deref().unwrap_or(&info.experiment_id))),
            fact("session", info.session_id()),
            fact("user", info.user_id()),
            fact("run", info.run_id()),
            fact(
                if models.len() == 1 { "model" } else { "models" },
                (!models.is_empty()).then(|| models.join(", ")).as_deref(),
            ),
        ];
        flow(out, more.into_iter().flatten(), look.dot(), look.width)?;
        for assessment in info.assessments.iter().filter(|assessment| assessment.valid && assessment.span_id.is_none())
        {
            writeln!(out, "{}", assessment_line(look, assessment))?;
        }
        Ok(())
    }

    /// `partial 7/12 spans`, or that the trace still runs.
    fn partial(&self) -> Option<String> {
        let have = self.trace.span_list().len() as u64;
        match self.trace.info.span_count {
            Some(count) if have < count => Some(format!("partial {have}/{count} spans")),
            _ if self.trace.spans.as_ref().is_some_and(|spans| spans.source == crate::model::SpansSource::Skeleton) => {
                Some("archived: names and times only".to_owned())
            }
            _ => None,
        }
    }

    fn line(&self, look: &Look, out: &mut dyn Write, spans: &Spans, line: &Line, columns: &Columns) -> Result<()> {
        let theme = look.theme;
        let (guide, below) = line.guides(look.unicode, columns.name);
        let Some(at) = line.span else {
            return Ok(writeln!(out, "{}", theme.paint(Role::Warn, &one_line(&line.title)))?);
        };
        let span = &spans.list[at];
        writeln!(out, "{}", columns.row(look, span, &guide, line.is_context))?;
        if let Some(failure) = span.failure() {
            let sign = if look.unicode { "✗ " } else { "x " };
            let room = look.width.map_or(usize::MAX, |all| all.saturating_sub(width(&below) + 2).max(20));
            let failure = clip(&one_line(&failure), room, look.ellipsis());
            writeln!(out, "{}{}", theme.paint(Role::Dim, &below), theme.paint(Role::Bad, &format!("{sign}{failure}")))?;
        }
        if let (Some(lines), Some(payload)) = (self.io_lines, &span.payload) {
            for (title, value) in [("in ", payload.inputs()), ("out", payload.outputs())] {
                let Some(value) = value else { continue };
                excerpt(look, out, &below, title, value, lines)?;
            }
        }
        Ok(())
    }
}

/// Inputs or outputs under their span, cut to so many lines; 0 = all.
fn excerpt(look: &Look, out: &mut dyn Write, below: &str, title: &str, value: &Json, lines: usize) -> Result<()> {
    let theme = look.theme;
    let text = pretty::readable_within(value, look.width.unwrap_or(120).saturating_sub(width(below) + 4));
    let text = block(&text);
    let total = text.lines().count();
    let shown = if lines == 0 { total } else { lines.min(total) };
    let room = look.width.map_or(usize::MAX, |all| all.saturating_sub(width(below) + 4).max(20));
    for (at, line) in text.lines().take(shown).enumerate() {
        let lead = if at == 0 { title } else { "   " };
        let line = line.replace('\t', "    ");
        writeln!(
            out,
            "{}{} {}",
            theme.paint(Role::Dim, below),
            theme.paint(Role::Dim, lead),
            clip(&line, room, look.ellipsis())
        )?;
    }
    if shown < total {
        let more = format!("    {} {} more lines", look.ellipsis(), total - shown);
        writeln!(out, "{}", theme.paint(Role::Dim, &format!("{below}{more}")))?;
    }
    Ok(())
}

/// Facts one after another, on as many lines as they need.
fn flow(out: &mut dyn Write, facts: impl Iterator<Item = String>, gap: &str, room: Option<usize>) -> Result<()> {
    let mut line = String::new();
    let mut used = 0;
    for fact in facts {
        let length = visible_width(&fact);
        if used > 0 && room.is_some_and(|room| used + width(gap) + length > room) {
            writeln!(out, "{line}")?;
            line.clear();
            used = 0;
        }
        if used > 0 {
            line += gap;
            used += width(gap);
        }
        line += &fact;
        used += length;
    }
    Ok(writeln!(out, "{line}")?)
}

/// Columns that a text takes, without the colours that this program put around it.
fn visible_width(text: &str) -> usize {
    let mut total = 0;
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        total += width(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, rest)| rest);
    }
    total + width(rest)
}

/// A line of the tree: a span, or the heading of spans whose parent is missing.
struct Line {
    span: Option<usize>,
    title: String,
    /// For each level, whether something follows on it.
    follows: Vec<bool>,
    /// Shown only because something below it is.
    is_context: bool,
    /// Whether the next line is one level deeper.
    has_children: bool,
}

impl Line {
    /// The guides before the name, and those before the lines below it.
    fn guides(&self, unicode: bool, room: usize) -> (String, String) {
        let (branch, last, pipe) = if unicode { ("├─ ", "└─ ", "│  ") } else { ("|- ", "`- ", "|  ") };
        let depth = self.follows.len();
        if depth * 3 + 12 > room.max(24) {
            // Deeper than the screen: tell the depth instead of drawing it.
            let sign = if unicode { "⋯" } else { "..." };
            let text = format!("{sign}{depth} ");
            return (text.clone(), " ".repeat(width(&text)));
        }
        let above: String = self
            .follows
            .iter()
            .take(depth.saturating_sub(1))
            .map(|follows| if *follows { pipe } else { "   " })
            .collect();
        let own = if self.has_children { pipe } else { "   " };
        match self.follows.last() {
            None => (String::new(), own.to_owned()),
            Some(true) => (above.clone() + branch, above + pipe + own),
            Some(false) => (above.clone() + last, above + "   " + own),
        }
    }
}

/// The lines of a tree. Spans whose parent is missing hang under a line that names it.
fn lines(spans: &Spans, passes: impl Fn(&Span) -> bool) -> Vec<Line> {
    let count = spans.list.len();
    // A span stays if it passes, or anything below it does.
    let mut stays = vec![false; count];
    for at in (0..count).rev() {
        stays[at] = stays[at] || passes(&spans.list[at]);
        if let (true, Some(parent)) = (stays[at], spans.nodes[at].parent) {
            stays[parent] = true;
        }
    }
    let mut order: Vec<(Option<usize>, usize)> = Vec::new();
    let mut named: HashSet<&crate::model::SpanId> = HashSet::new();
    let roots: Vec<usize> = (0..count).filter(|at| spans.nodes[*at].parent.is_none()).collect();
    let end_of = |root: usize| roots.iter().find(|next| **next > root).copied().unwrap_or(count);
    for &root in &roots {
        match spans.list[root].parent.as_ref().filter(|_| spans.nodes[root].is_orphan) {
            None => order.extend((root..end_of(root)).map(|at| (Some(at), spans.nodes[at].depth))),
            Some(parent) if named.insert(parent) => {
                order.push((None, root));
                let siblings = roots
                    .iter()
                    .filter(|at| spans.nodes[**at].is_orphan && spans.list[**at].parent.as_ref() == Some(parent));
                for &sibling in siblings {
                    order.extend((sibling..end_of(sibling)).map(|at| (Some(at), spans.nodes[at].depth + 1)));
                }
            }
            Some(_) => {}
        }
    }
    order.retain(|(span, root)| stays[span.unwrap_or(*root)]);
    // From the end: on each level, whether something follows before the tree goes back above it.
    let depth_of = |entry: &(Option<usize>, usize)| if entry.0.is_some() { entry.1 } else { 0 };
    let mut follows: Vec<bool> = Vec::new();
    let mut out: Vec<Line> = Vec::with_capacity(order.len());
    for entry in order.iter().rev() {
        let depth = depth_of(entry);
        let has_next = follows.get(depth).copied().unwrap_or(false);
        follows.resize(depth, false);
        let mut levels: Vec<bool> = follows.iter().skip(1).copied().collect();
        if depth > 0 {
            levels.push(has_next);
        }
        follows.push(true);
        let title = entry.0.is_none().then(|| {
            let parent = spans.list[entry.1].parent.as_ref().map_or("", crate::model::SpanId::as_str);
            format!("(missing parent {parent})")
        });
        let is_context = entry.0.is_some_and(|at| !passes(&spans.list[at]));
        let has_children = out.last().is_some_and(|next: &Line| next.follows.len() > depth);
        out.push(Line { span: entry.0, title: title.unwrap_or_default(), follows: levels, is_context, has_children });
    }
    out.reverse();
    out
}

/// How wide everything is.
struct Columns {
    name: usize,
    clips: bool,
    kind: usize,
    bar: usize,
    duration: usize,
    tokens: usize,
    model: usize,
    start: i64,
    nanos: f64,
}

const WIDEST_BAR: usize = 30;
const LEAST_BAR: usize = 10;
const LEAST_NAME: usize = 16;

impl Columns {
    fn fit(spans: &Spans, lines: &[Line], look: &Look) -> Self {
        let shown = || lines.iter().filter_map(|line| line.span.map(|at| (line, &spans.list[at])));
        let widest = |of: &dyn Fn(&Line, &Span) -> usize| shown().map(|(line, span)| of(line, span)).max().unwrap_or(0);
        let natural_name = widest(&|line, span| line.follows.len().min(20) * 3 + width(&one_line(&span.name)));
        let start = shown().map(|(_, span)| span.start.0).min().unwrap_or(0);
        let end = shown().filter_map(|(_, span)| span.end).map(|end| end.0).max().unwrap_or(start);
        let mut columns = Self {
            name: natural_name.min(60),
            clips: look.width.is_some(),
            kind: widest(&|_, span| width(&one_line(span.span_type.as_str()))).min(14),
            bar: WIDEST_BAR,
            duration: widest(&|_, span| span.duration_ns().map_or(4, |nanos| number::duration(nanos).len())),
            tokens: widest(&|_, span| tokens(span, look).map_or(0, |text| width(&text))),
            model: widest(&|_, span| span.model.as_deref().map_or(0, |model| width(&one_line(model)))).min(30),
            start,
            nanos: (end.saturating_sub(start)).max(1) as f64,
        };
        if let Some(room) = look.width {
            columns.squeeze(room);
        }
        columns
    }

    /// The line of a span: guides and name, type, bar, duration, tokens, model.
    fn row(&self, look: &Look, span: &Span, guide: &str, is_context: bool) -> String {
        let theme = look.theme;
        let pad = |text: &str, columns: usize| " ".repeat(columns.saturating_sub(width(text)));
        let room = self.name.saturating_sub(width(guide));
        let name = one_line(&span.name);
        let name = if self.clips { clip(&name, room, look.ellipsis()) } else { name.into_owned() };
        let is_bad = span.status == SpanStatus::Error;
        let role = match (is_bad, is_context) {
            (true, _) => Role::Bad,
            (false, true) => Role::Dim,
            (false, false) => Role::Name,
        };
        let mut cells = vec![theme.paint(Role::Dim, guide) + &theme.paint(role, &name) + &pad(&name, room)];
        if self.kind > 0 {
            let kind = clip(&one_line(span.span_type.as_str()), self.kind, look.ellipsis());
            cells.push(theme.paint(Role::Kind, &kind) + &pad(&kind, self.kind));
        }
        if self.bar > 0 {
            cells.push(theme.paint(if is_bad { Role::Bad } else { Role::Bar }, &self.bar_of(span, look.unicode)));
        }
        let duration = span.duration_ns().map_or_else(|| "open".to_owned(), number::duration);
        cells.push(pad(&duration, self.duration) + &duration);
        if self.tokens > 0 {
            let tokens = tokens(span, look).unwrap_or_default();
            cells.push(theme.paint(Role::Figure, &tokens) + &pad(&tokens, self.tokens));
        }
        if self.model > 0 {
            let model = span.model.as_deref().map(one_line).unwrap_or_default();
            cells.push(clip(&model, self.model, look.ellipsis()));
        }
        cells.join("  ").trim_end().to_owned()
    }

    fn total(&self) -> usize {
        let parts = [self.name, self.kind, self.bar, self.duration, self.tokens, self.model];
        parts.iter().sum::<usize>() + 2 * parts.iter().filter(|part| **part > 0).count().saturating_sub(1)
    }

    /// Gives way in the order of what is least missed: long bars, long names, the model, the bar, tokens, the type.
    fn squeeze(&mut self, room: usize) {
        let over = |columns: &Self| columns.total().saturating_sub(room);
        self.bar = self.bar.saturating_sub(over(self)).max(LEAST_BAR);
        self.name = self.name.saturating_sub(over(self)).max(self.name.min(LEAST_NAME.max(room / 4)));
        let parts: [fn(&mut Self) -> &mut usize; 4] = [
            |columns| &mut columns.model,
            |columns| &mut columns.bar,
            |columns| &mut columns.tokens,
            |columns| &mut columns.kind,
        ];
        for part in parts {
            if over(self) > 0 {
                *part(self) = 0;
            }
        }
        self.name = self.name.saturating_sub(over(self)).max(self.name.min(8));
        // What became free goes back to the bar.
        if self.bar > 0 {
            self.bar = (self.bar + room.saturating_sub(self.total())).min(WIDEST_BAR);
        }
    }

    /// The bar of a span, as wide as the column.
    fn bar_of(&self, span: &Span, unicode: bool) -> String {
        let cells = self.bar as f64;
        let offset = (span.start.0.saturating_sub(self.start)) as f64 / self.nanos * cells;
        let length = span.duration_ns().map_or(self.nanos, |nanos| nanos.max(0) as f64) / self.nanos * cells;
        let from = (offset.max(0.0) as usize).min(self.bar - 1);
        let full = (length.round() as usize).clamp(usize::from(length >= 0.5), self.bar - from);
        let (block, sliver) = if unicode { ("█", "▏") } else { ("#", "|") };
        let drawn = if full == 0 { sliver.to_owned() } else { block.repeat(full) };
        let after = self.bar - from - full.max(1);
        " ".repeat(from) + &drawn + &" ".repeat(after)
    }
}
