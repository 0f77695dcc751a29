//! JSON of a trace with its spans.

use super::TreeView;
use crate::model::Problem;
use crate::output::json::SCHEMA;
use crate::views::json::{ProblemJson, SpanJson, WholeTraceJson};
use serde::Serialize;

/// A trace and its spans.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct ShowJson<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The record of the trace, with figures computed from all spans.
    info: WholeTraceJson<'a>,
    /// The spans in tree order: parents first, siblings by start time.
    spans: Vec<SpanJson<'a>>,
    /// Number of spans that --agent or --type left out; absent if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    spans_left_out: Option<usize>,
    /// Where the spans were read from.
    #[cfg_attr(test, schemars(extend("enum" = ["database", "artifact", "archive", "server", "file", "skeleton", "none"])))]
    spans_source: &'static str,
    /// Whether all spans were read; false if some are known to be missing.
    complete: bool,
    /// What could not be read.
    problems: Vec<ProblemJson>,
}

impl<'a> ShowJson<'a> {
    /// A trace with the selected spans, and figures computed from all spans.
    pub(super) fn new(view: &'a TreeView, problems: Vec<Problem>) -> Self {
        let (trace, spans) = (&view.trace, view.trace.spans.as_ref());
        let left_out = view.shown.iter().filter(|shown| !**shown).count();
        Self {
            schema: SCHEMA,
            info: WholeTraceJson::new(trace, &view.usage),
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
