//! `mltrace trace show`: a header and the span tree with its waterfall.

mod duration;
mod header;
mod json;
mod lines;
mod span_tree;

use super::fold::{self, FoldMode};
use super::span::SpanRow;
use crate::analysis::usage::TraceUsage;
use crate::error::Result;
use crate::model::{Problem, Spans, Trace};
use crate::output::{Block, Document, View};
use crate::reading::Agents;
pub(super) use json::ShowJson;
use serde::Serialize;
use span_tree::SpanTree;
use std::borrow::Cow;

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
        let message = match orphans {
            1 => "the parent of 1 span is not stored".to_owned(),
            _ => format!("the parents of {orphans} spans are not stored"),
        };
        problems.push(Problem::new("missing_parent", message));
    }
    problems
}

impl View for TreeView {
    type Item = SpanRow;

    fn json(&self) -> impl Serialize {
        ShowJson::new(self, problems(&self.trace))
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        self.write_header(document)?;
        document.add(Block::Blank)?;
        match self.trace.spans.as_ref().filter(|spans| !spans.list.is_empty()) {
            Some(spans) => self.write_tree(document, spans)?,
            None => self.write_previews(document)?,
        }
        if self.io_lines.is_some() { self.write_labels(document) } else { Ok(()) }
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
    fn write_tree(&self, document: &mut Document<'_>, spans: &Spans) -> Result<()> {
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
            fold::prefix_agent_names(spans.to_mut(), &self.agents, document.options.separator(), origin);
        }
        document.add(Block::Tree(&SpanTree::new(self, &spans, &shown, open, document.options)))?;
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
        document.dim(&format!("({} folded; --full shows them)", folded.join(" and ")))
    }
}

#[cfg(test)]
mod tests;
