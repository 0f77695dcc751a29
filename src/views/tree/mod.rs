//! `mltrace trace show`: a header and the span tree with its waterfall.

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
pub(super) use json::ShowJson;
use lines::{Line, LineContent, lines};
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// Trace as a span tree.
#[derive(Debug)]
pub struct TreeView {
    /// Trace with its spans.
    pub trace: Trace,
    /// Token usage and cost.
    pub usage: TraceUsage,
    /// Agents of the spans.
    pub agents: Agents,
    /// For each span, whether to show it.
    pub shown: Vec<bool>,
    /// Maximum lines of inputs and outputs to show below each span; `None` = none, 0 = all.
    pub io_lines: Option<usize>,
    /// Whether to show spans that are folded by default.
    pub is_full: bool,
}

/// Returns the problems of a trace for its JSON, such as missing spans; the text shows them in the tree.
pub(super) fn problems(trace: &Trace) -> Vec<Problem> {
    let Some(spans) = &trace.spans else { return Vec::new() };
    let mut problems = spans.problems.clone();
    let have = spans.list.len() as u64;
    // If a damaged file is the reason, it is already reported.
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

    fn text(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        self.write_header(options, out)?;
        writeln!(out)?;
        match self.trace.spans.as_ref().filter(|spans| !spans.list.is_empty()) {
            Some(spans) => self.write_tree(options, out, spans)?,
            None => self.write_previews(options, out)?,
        }
        if self.io_lines.is_some() { self.write_labels(options, out) } else { Ok(()) }
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
    fn write_tree(&self, options: &RenderOptions, out: &mut dyn Write, spans: &Spans) -> Result<()> {
        let folded =
            if self.is_full { None } else { fold::fold(FoldMode::CallsAndMessages, spans, &self.shown, &self.usage) };
        // Computed before folding, since folded spans count toward the duration so far of their ancestors.
        let open = duration::open_span_durations(spans);
        let (counts, mut spans, origins, shown) = match folded {
            Some(folded) => {
                let counts = [folded.inner_count, folded.message_count, folded.repeated_usage_count];
                (counts, Cow::Owned(folded.spans), folded.original_indexes, folded.shown)
            }
            None => ([0; 3], Cow::Borrowed(spans), Vec::new(), self.shown.clone()),
        };
        if self.agents.has_message_sources() {
            let origin = |at: usize| origins.get(at).copied().unwrap_or(at);
            fold::prefix_agent_names(spans.to_mut(), &self.agents, options.separator(), origin);
        }
        let lines = lines(&spans, &shown);
        let columns = TreeColumns::fit(&spans, &lines, open, options);
        lines.iter().try_for_each(|line| self.write_line(options, out, &spans, line, &columns))?;
        let [inner, messages, receipts] = counts;
        let counted = |count: usize, singular: &str, plural: &str| match count {
            0 => None,
            1 => Some(format!("1 {singular}")),
            count => Some(format!("{count} {plural}")),
        };
        let inner = counted(inner, "span of the same LLM call", "spans of the same LLM calls");
        let messages = counted(messages, "AutoGen runtime message", "AutoGen runtime messages");
        let receipts =
            counted(receipts, "span that repeats the tokens of calls", "spans that repeat the tokens of calls");
        let folded: Vec<String> = [inner, messages, receipts].into_iter().flatten().collect();
        if folded.is_empty() {
            return Ok(());
        }
        let text = format!("({} folded; --full shows them)", folded.join(" and "));
        Ok(writeln!(out, "{}", options.theme.paint(TextRole::Dim, &text))?)
    }

    fn write_line(
        &self,
        options: &RenderOptions,
        out: &mut dyn Write,
        spans: &Spans,
        line: &Line<'_>,
        columns: &TreeColumns,
    ) -> Result<()> {
        let theme = options.theme;
        let (guide, below) = line.guide.render(options.unicode, columns.guides);
        let at = match line.content {
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
                return Ok(writeln!(out, "{}", theme.paint(TextRole::Dim, &self.record_line(options)))?);
            }
        };
        let span = &spans.list[at];
        writeln!(out, "{}", columns.row(options, span, &guide, line.is_context))?;
        for (role, failure) in failures(span) {
            let sign = match (role, options.unicode) {
                (TextRole::Bad, true) => "✗ ",
                (TextRole::Bad, false) => "x ",
                (TextRole::Dim, true) => "↪ ",
                (TextRole::Dim, false) => "> ",
                (_, true) => "↩ ",
                (_, false) => "~ ",
            };
            let room = options.width.map_or(usize::MAX, |all| all.saturating_sub(width(&below) + 2).max(20));
            let failure = clip(&one_line(&failure), room, options.ellipsis());
            writeln!(out, "{}{}", theme.paint(TextRole::Dim, &below), theme.paint(role, &format!("{sign}{failure}")))?;
        }
        if let (Some(lines), Some(payload)) = (self.io_lines, &span.payload) {
            let rest = format!("{below}    ");
            for (title, value) in [("in  ", payload.inputs()), ("out ", payload.outputs())] {
                let Some(value) = value else { continue };
                let first = format!("{below}{title}");
                Paragraph { options, first_indent: &first, rest_indent: &rest, max_lines: lines }
                    .write_value(out, value)?;
            }
            let id = Some(span.id.as_str());
            let assessments = self.trace.info.assessments.iter();
            for assessment in assessments.filter(|assessment| assessment.span_id.as_deref() == id) {
                assessment::write_full(options, out, &below, assessment)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
