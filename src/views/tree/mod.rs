//! `mltrace trace show`: a header and the tree of spans with its waterfall.

mod columns;
mod duration;
mod header;
mod json;
pub(super) mod lines;

use super::span::{SpanRow, failures};
use super::{assessment, fold};
use crate::analysis::usage::TraceUsage;
use crate::error::Result;
use crate::model::{Problem, Spans, Trace};
use crate::output::paragraph::Paragraph;
use crate::output::text::{clip, one_line, width};
use crate::output::{RenderOptions, TextRole, View};
use crate::reading::Agents;
use columns::TreeColumns;
use fold::FoldMode;
use json::ShowJson;
use lines::{Line, LineContent, lines};
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// A trace as a whole.
#[derive(Debug)]
pub struct TreeView {
    /// The trace with its spans.
    pub trace: Trace,
    /// Its figures.
    pub usage: TraceUsage,
    /// Its agents.
    pub agents: Agents,
    /// Which of its spans to show, one by one.
    pub shown: Vec<bool>,
    /// How many lines of inputs and outputs to show under each span; `None` = none, 0 = all.
    pub io_lines: Option<usize>,
    /// Whether spans are shown that are folded otherwise.
    pub is_full: bool,
}

/// What of a trace is not there, for programs; people see it in the tree.
pub(super) fn problems(trace: &Trace) -> Vec<Problem> {
    let Some(spans) = &trace.spans else { return Vec::new() };
    let mut problems = spans.problems.clone();
    let have = spans.list.len() as u64;
    // Where a damaged file is the reason, that has been said.
    if let Some(count) = trace.info.span_count.filter(|count| have < *count && problems.is_empty()) {
        problems.push(Problem::new("spans_missing", format!("{have} of {count} spans are stored")));
    }
    let orphans = spans.nodes.iter().filter(|node| node.is_orphan).count();
    if orphans > 0 {
        problems.push(Problem::new("missing_parent", format!("the parents of {orphans} spans are not stored")));
    }
    problems
}

impl View for TreeView {
    type Item = SpanRow;

    fn json(&self) -> impl Serialize {
        ShowJson::new(self, problems(&self.trace))
    }

    fn text(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        self.header(look, out)?;
        writeln!(out)?;
        match self.trace.spans.as_ref().filter(|spans| !spans.list.is_empty()) {
            Some(spans) => self.tree(look, out, spans)?,
            None => self.previews(look, out)?,
        }
        if self.io_lines.is_some() { self.labels(look, out) } else { Ok(()) }
    }

    fn items(&self) -> Vec<SpanRow> {
        let Some(spans) = &self.trace.spans else { return Vec::new() };
        let all = spans.list.iter().zip(&spans.nodes).enumerate().filter(|(at, _)| self.shown[*at]);
        all.map(|(at, (span, node))| SpanRow {
            trace_id: self.trace.info.trace_id.clone(),
            span: span.clone(),
            node: node.clone(),
            is_full: true,
            agent: self.agents.name(at).map(str::to_owned),
        })
        .collect()
    }
}

impl TreeView {
    fn tree(&self, look: &RenderOptions, out: &mut dyn Write, spans: &Spans) -> Result<()> {
        let folded =
            if self.is_full { None } else { fold::folded(FoldMode::CallsAndMessages, spans, &self.shown, &self.usage) };
        // Folded spans count for how long those above them have run.
        let open = duration::of_open_spans(spans);
        let (counts, mut spans, origins, shown) = match folded {
            Some(folded) => {
                let counts = [folded.inner, folded.messages, folded.receipts];
                (counts, Cow::Owned(folded.spans), folded.origins, folded.shown)
            }
            None => ([0; 3], Cow::Borrowed(spans), Vec::new(), self.shown.clone()),
        };
        if self.agents.are_in_messages() {
            let origin = |at: usize| origins.get(at).copied().unwrap_or(at);
            fold::name_agents(spans.to_mut(), &self.agents, look.dot(), origin);
        }
        let lines = lines(&spans, &shown);
        let columns = TreeColumns::fit(&spans, &lines, open, look);
        lines.iter().try_for_each(|line| self.line(look, out, &spans, line, &columns))?;
        let [inner, messages, receipts] = counts;
        let counted = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let inner = counted(inner, "span of the same LLM call", "spans of the same LLM calls");
        let messages = counted(messages, "message of AutoGen's runtime", "messages of AutoGen's runtime");
        let receipts =
            counted(receipts, "span that repeats the tokens of calls", "spans that repeat the tokens of calls");
        let what: Vec<String> = [inner, messages, receipts].into_iter().flatten().collect();
        if what.is_empty() {
            return Ok(());
        }
        let text = format!("({} folded; --full shows them)", what.join(" and "));
        Ok(writeln!(out, "{}", look.theme.paint(TextRole::Dim, &text))?)
    }

    fn line(
        &self,
        look: &RenderOptions,
        out: &mut dyn Write,
        spans: &Spans,
        line: &Line<'_>,
        columns: &TreeColumns,
    ) -> Result<()> {
        let theme = look.theme;
        let (guide, below) = line.guide.signs(look.unicode, columns.guides);
        let at = match line.subject {
            LineContent::Span(at) => at,
            LineContent::MissingParent(parent) => {
                let title = format!("(missing parent {})", one_line(parent.as_str()));
                return Ok(writeln!(
                    out,
                    "{}{}",
                    theme.paint(TextRole::Dim, &guide),
                    theme.paint(TextRole::Warn, &title)
                )?);
            }
            LineContent::Record => {
                return Ok(writeln!(out, "{}", theme.paint(TextRole::Dim, &self.record_line(look)))?);
            }
        };
        let span = &spans.list[at];
        writeln!(out, "{}", columns.row(look, span, &guide, line.is_context))?;
        for (role, failure) in failures(span) {
            let sign = match (role, look.unicode) {
                (TextRole::Bad, true) => "✗ ",
                (TextRole::Bad, false) => "x ",
                (TextRole::Dim, true) => "↪ ",
                (TextRole::Dim, false) => "> ",
                (_, true) => "↩ ",
                (_, false) => "~ ",
            };
            let room = look.width.map_or(usize::MAX, |all| all.saturating_sub(width(&below) + 2).max(20));
            let failure = clip(&one_line(&failure), room, look.ellipsis());
            writeln!(out, "{}{}", theme.paint(TextRole::Dim, &below), theme.paint(role, &format!("{sign}{failure}")))?;
        }
        if let (Some(lines), Some(payload)) = (self.io_lines, &span.payload) {
            let rest = format!("{below}    ");
            for (title, value) in [("in  ", payload.inputs()), ("out ", payload.outputs())] {
                let Some(value) = value else { continue };
                let first = format!("{below}{title}");
                Paragraph { look, first: &first, rest: &rest, lines }.value(out, value)?;
            }
            let id = Some(span.id.as_str());
            for own in self.trace.info.assessments.iter().filter(|own| own.span_id.as_deref() == id) {
                assessment::whole(look, out, &below, own)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
