//! JSON of a trace with its spans.

use super::TreeView;
use crate::model::Problem;
use crate::output::json::SCHEMA;
use crate::views::json::{ProblemJson, SpanJson, TraceJson};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct ShowJson<'a> {
    schema: &'static str,
    info: TraceJson<'a>,
    spans: Vec<SpanJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spans_left_out: Option<usize>,
    spans_source: &'static str,
    complete: bool,
    problems: Vec<ProblemJson>,
}

impl<'a> ShowJson<'a> {
    /// A trace with the selected spans, and figures computed from all spans.
    pub(super) fn new(view: &'a TreeView, problems: Vec<Problem>) -> Self {
        let (trace, spans) = (&view.trace, view.trace.spans.as_ref());
        let left_out = view.shown.iter().filter(|shown| !**shown).count();
        Self {
            schema: SCHEMA,
            info: TraceJson::from_trace(trace, &view.usage).with_full_record(&trace.info),
            spans_left_out: Some(left_out).filter(|count| *count > 0),
            spans: spans.map_or_else(Vec::new, |spans| {
                let all = spans.list.iter().zip(&spans.nodes).enumerate().filter(|(at, _)| view.shown[*at]);
                all.map(|(at, (span, node))| {
                    SpanJson::new(&trace.info.trace_id, span, node, true).with_agent(view.agents.name(at))
                })
                .collect()
            }),
            spans_source: spans.map_or("none", |spans| spans.source.as_str()),
            complete: !trace.is_incomplete(),
            problems: problems.into_iter().map(ProblemJson::from).collect(),
        }
    }
}
