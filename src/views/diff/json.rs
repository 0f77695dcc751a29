//! JSON output of `mltrace trace diff`.

use super::DiffView;
use crate::analysis::diff::{Change, DiffNode, IgnoredKind, NodeChange, WordRun};
use crate::analysis::usage::TraceUsage;
use crate::model::{Cost, Json, Span, TokenUsage};
use crate::output::json::SCHEMA;
use crate::views::json::{ProblemJson, TraceJson};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct DiffJson<'a> {
    schema: &'static str,
    a: TraceJson<'a>,
    b: TraceJson<'a>,
    delta: DeltaJson,
    identical: bool,
    counts: ChangeCountsJson,
    ignored: IgnoredJson,
    spans: Vec<NodeJson<'a>>,
    complete: bool,
    problems: Vec<SidedProblem>,
}

#[derive(Serialize)]
struct DeltaJson {
    execution_duration_ms: Option<i64>,
    token_usage: Option<TokenUsage>,
    total_cost: Option<f64>,
    /// Calls with tokens but without a known cost.
    unpriced: CountJson,
    /// Counted as in `usage`.
    llm_calls: CountJson,
    /// Counted as in `tools`.
    tool_calls: CountJson,
    state_changed: bool,
}

#[derive(Serialize)]
struct CountJson {
    a: usize,
    b: usize,
}

/// Ignored differences by kind.
#[derive(Serialize)]
struct IgnoredJson {
    ids: usize,
    times: usize,
    usage: usize,
    other: usize,
}

#[derive(Serialize)]
struct ChangeCountsJson {
    added: usize,
    removed: usize,
    changed: usize,
    same: usize,
}

/// A problem, and the trace that has it.
#[derive(Serialize)]
struct SidedProblem {
    /// `a` or `b`.
    of: &'static str,
    #[serde(flatten)]
    problem: ProblemJson,
}

/// A span of one trace, or a pair of spans.
#[derive(Serialize)]
pub(super) struct NodeJson<'a> {
    change: &'static str,
    a: Option<DiffSpanJson<'a>>,
    b: Option<DiffSpanJson<'a>>,
    path: Vec<&'a str>,
    depth: usize,
    changes: Vec<ChangeJson<'a>>,
    repeats: usize,
    ignored: usize,
    delta: Option<SpanDeltaJson>,
}

#[derive(Serialize)]
struct DiffSpanJson<'a> {
    span_id: &'a str,
    name: &'a str,
    span_type: &'a str,
    status: &'a str,
    duration_ms: Option<f64>,
    model: Option<&'a str>,
    token_usage: Option<&'a TokenUsage>,
    cost: Option<Cost>,
    failure: Option<String>,
    /// Only for a span that only one trace has, like `outputs`.
    inputs: Option<&'a Json>,
    outputs: Option<&'a Json>,
}

#[derive(Serialize)]
struct SpanDeltaJson {
    duration_ms: Option<f64>,
    token_usage: Option<TokenUsage>,
    total_cost: Option<f64>,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    field: &'static str,
    name: Option<&'a str>,
    a: Option<&'a str>,
    b: Option<&'a str>,
    words: Vec<WordsJson<'a>>,
    repeated: usize,
}

#[derive(Serialize)]
struct WordsJson<'a> {
    op: &'static str,
    text: &'a str,
    /// For equal words, the words as in the first trace, if they differ in ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<&'a str>,
}

impl<'a> From<&'a WordRun> for WordsJson<'a> {
    fn from(words: &'a WordRun) -> Self {
        Self { op: words.op.as_str(), text: &words.text, a: words.text_a.as_deref() }
    }
}

impl<'a> From<&'a Change> for ChangeJson<'a> {
    fn from(change: &'a Change) -> Self {
        Self {
            field: change.field.as_str(),
            name: change.name.as_deref(),
            a: change.a.as_deref(),
            b: change.b.as_deref(),
            words: change.words.iter().map(WordsJson::from).collect(),
            repeated: change.repeated,
        }
    }
}

impl<'a> From<&'a Span> for DiffSpanJson<'a> {
    fn from(span: &'a Span) -> Self {
        Self {
            span_id: span.id.as_str(),
            name: &span.name,
            span_type: span.span_type.as_str(),
            status: span.status.as_str(),
            duration_ms: span.duration_ns().map(|nanos| nanos as f64 / 1e6),
            model: span.model.as_deref(),
            token_usage: span.usage(),
            cost: span.cost,
            failure: span.failure().or_else(|| span.handled_failure.clone()),
            inputs: None,
            outputs: None,
        }
    }
}

impl DiffSpanJson<'_> {
    /// Returns the span with inputs and outputs.
    fn with_payload(span: &Span) -> DiffSpanJson<'_> {
        let payload = span.payload.as_ref();
        let (inputs, outputs) =
            (payload.and_then(|payload| payload.inputs()), payload.and_then(|payload| payload.outputs()));
        DiffSpanJson { inputs, outputs, ..DiffSpanJson::from(span) }
    }
}

/// Returns the token deltas; `None` if either trace has no token counts.
fn token_delta(a: Option<&TokenUsage>, b: Option<&TokenUsage>) -> Option<TokenUsage> {
    let (a, b) = a.zip(b)?;
    let delta = |a: Option<i64>, b: Option<i64>| a.zip(b).map(|(a, b)| b.saturating_sub(a));
    Some(TokenUsage {
        input_tokens: delta(a.input_tokens, b.input_tokens),
        output_tokens: delta(a.output_tokens, b.output_tokens),
        total_tokens: delta(a.total_tokens, b.total_tokens),
        ..TokenUsage::default()
    })
}

/// Returns the cost delta; `None` if either cost is unknown.
pub(super) fn cost_delta(a: Option<Cost>, b: Option<Cost>) -> Option<f64> {
    a.zip(b).and_then(|(a, b)| Some(b.total_cost? - a.total_cost?))
}

impl SpanDeltaJson {
    fn new(a: &Span, b: &Span) -> Self {
        let nanos = a.duration_ns().zip(b.duration_ns()).map(|(a, b)| b.saturating_sub(a));
        Self {
            duration_ms: nanos.map(|nanos| nanos as f64 / 1e6),
            token_usage: token_delta(a.usage(), b.usage()),
            total_cost: cost_delta(a.cost, b.cost),
        }
    }
}

impl<'a> DiffJson<'a> {
    pub(super) fn new(view: &'a DiffView) -> Self {
        let DiffView { a, b, diff, .. } = view;
        let [usage_a, usage_b]: &[TraceUsage; 2] = &view.usage;
        let millis = a.info.execution_duration_ms.zip(b.info.execution_duration_ms);
        Self {
            schema: SCHEMA,
            a: TraceJson::from_trace(a, usage_a),
            b: TraceJson::from_trace(b, usage_b),
            delta: DeltaJson {
                execution_duration_ms: millis.map(|(a, b)| b.saturating_sub(a)),
                token_usage: token_delta(usage_a.token_usage.as_ref(), usage_b.token_usage.as_ref()),
                total_cost: cost_delta(usage_a.cost, usage_b.cost),
                unpriced: CountJson { a: usage_a.unpriced_rows().count(), b: usage_b.unpriced_rows().count() },
                llm_calls: CountJson { a: usage_a.llm_calls().count(), b: usage_b.llm_calls().count() },
                tool_calls: CountJson { a: view.tool_calls[0], b: view.tool_calls[1] },
                state_changed: a.info.state != b.info.state,
            },
            identical: view.is_identical(),
            counts: ChangeCountsJson {
                added: diff.count(NodeChange::Added),
                removed: diff.count(NodeChange::Removed),
                changed: diff.count(NodeChange::Changed),
                same: diff.count(NodeChange::Same),
            },
            ignored: IgnoredJson {
                ids: diff.ignored.count(IgnoredKind::Ids),
                times: diff.ignored.count(IgnoredKind::Times),
                usage: diff.ignored.count(IgnoredKind::Usage),
                other: diff.ignored.count(IgnoredKind::Other),
            },
            spans: view.output_nodes().map(|at| NodeJson::new(view, at)).collect(),
            complete: !a.is_incomplete() && !b.is_incomplete(),
            problems: [("a", a), ("b", b)]
                .into_iter()
                .flat_map(|(of, trace)| {
                    let problem = move |problem| SidedProblem { of, problem: ProblemJson::from(problem) };
                    crate::views::tree::problems(trace).into_iter().map(problem)
                })
                .collect(),
        }
    }
}

impl<'a> NodeJson<'a> {
    pub(super) fn new(view: &'a DiffView, at: usize) -> Self {
        let node: &DiffNode = &view.diff.nodes[at];
        let (a, b) = view.spans(node);
        let to_json = if a.is_some() && b.is_some() { DiffSpanJson::from } else { DiffSpanJson::with_payload };
        Self {
            change: node.kind().as_str(),
            a: a.map(to_json),
            b: b.map(to_json),
            path: view.path(at),
            depth: node.depth,
            changes: node.changes.iter().map(ChangeJson::from).collect(),
            repeats: node.repeats,
            ignored: node.ignored,
            delta: a.zip(b).map(|(a, b)| SpanDeltaJson::new(a, b)),
        }
    }
}
