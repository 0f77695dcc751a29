//! JSON output of `mltrace trace diff`.

use super::DiffView;
use crate::analysis::diff::{Change, DiffNode, IgnoredKind, NodeChange, WordRun};
use crate::analysis::usage::TraceUsage;
use crate::json::Json;
use crate::model::{Cost, Span, TokenUsage};
use crate::output::json::SCHEMA;
use crate::views::json::{ProblemJson, TraceJson};
use serde::Serialize;

/// Two traces compared: their figures, and their spans as one tree. Each change is shown once, at the span where it
/// first occurs. Differences that are not changes are counted in `ignored`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct DiffJson<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The record of the first trace, with figures computed from all spans.
    a: TraceJson<'a>,
    /// The record of the second trace, with figures computed from all spans.
    b: TraceJson<'a>,
    /// The second trace minus the first; null if one of the values is unknown.
    delta: DeltaJson,
    /// Whether state, inputs, outputs and attributes of all spans are equal: no changes, and nothing ignored. The
    /// attribute mlflow.traceRequestId, the id of the trace, is not compared.
    identical: bool,
    /// Number of spans by kind of change.
    counts: ChangeCountsJson,
    /// Number of differences that are not changes. A pair of values counts once, however often it occurs. With --strict
    /// they are changes, and all counts are 0.
    ignored: IgnoredJson,
    /// The spans of both traces as one tree, parents first; with --only-changes, without the unchanged ones.
    spans: Vec<NodeJson<'a>>,
    /// Whether all spans of both traces were read. Spans that only one trace has may be missing from the other one if
    /// this is false.
    complete: bool,
    /// What could not be read.
    problems: Vec<SidedProblem>,
}

/// The second trace minus the first; null if one of the values is unknown.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DeltaJson {
    /// Duration in milliseconds.
    execution_duration_ms: Option<i64>,
    /// Tokens.
    token_usage: Option<TokenUsage>,
    /// Cost in US dollars.
    total_cost: Option<f64>,
    /// Number of calls in each trace with tokens and no known cost. They are in no sum.
    unpriced_calls: CountJson,
    /// Number of LLM calls in each trace, as `usage` counts them.
    llm_calls: CountJson,
    /// Number of tool calls in each trace, as `tools` counts them.
    tool_calls: CountJson,
    /// Whether the traces are in different states.
    state_changed: bool,
}

/// A count in both traces.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CountJson {
    /// In the first trace.
    a: usize,
    /// In the second trace.
    b: usize,
}

/// Numbers of differences that are not changes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct IgnoredJson {
    /// Ids of responses, calls and objects, if each id of one trace corresponds to one id of the other.
    ids: usize,
    /// Times of responses and messages.
    times: usize,
    /// Tokens, costs and durations in responses and attributes.
    usage: usize,
    /// Attributes that describe the process, stack traces, and different notations of the same value.
    other: usize,
}

/// Numbers of spans by kind of change.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ChangeCountsJson {
    /// Only the second trace has them.
    added: usize,
    /// Only the first trace has them.
    removed: usize,
    /// Both traces have them, with a change.
    changed: usize,
    /// Both traces have them, without a change.
    same: usize,
}

/// Something of one of the traces that could not be read.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SidedProblem {
    /// Which trace.
    #[cfg_attr(test, schemars(extend("enum" = ["a", "b"])))]
    of: &'static str,
    #[serde(flatten)]
    problem: ProblemJson,
}

/// A span of one of the traces, or of both.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct NodeJson<'a> {
    /// Kind of change.
    #[cfg_attr(test, schemars(extend("enum" = ["added", "removed", "changed", "same"])))]
    change: &'static str,
    /// The span of the first trace; null if only the second has it.
    a: Option<DiffSpanJson<'a>>,
    /// The span of the second trace; null if only the first has it.
    b: Option<DiffSpanJson<'a>>,
    /// Names of the spans from the root to this one, at most the nearest 100.
    path: Vec<&'a str>,
    /// Number of ancestors; 0 for roots.
    depth: usize,
    /// The changes shown at this span.
    changes: Vec<ChangeJson<'a>>,
    /// Number of differences of this span that are shown at another span.
    repeats: usize,
    /// Number of differences of this span that are not changes.
    ignored: usize,
    /// The span of the second trace minus that of the first; null if only one trace has the span.
    delta: Option<SpanDeltaJson>,
}

/// A span of one of the traces.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DiffSpanJson<'a> {
    /// Id of the span, in lower-case hexadecimal.
    span_id: &'a str,
    /// Name of the span.
    name: &'a str,
    /// Type of the span.
    span_type: &'a str,
    /// Status of the span.
    status: &'a str,
    /// Duration in milliseconds; null while the span runs.
    duration_ms: Option<f64>,
    /// The model that was called; null if unknown.
    model: Option<&'a str>,
    /// Tokens of the span; null if unknown.
    token_usage: Option<&'a TokenUsage>,
    /// Cost of the span in US dollars; null if unknown.
    cost: Option<Cost>,
    /// Its failure, in one line; null if there is none.
    failure: Option<String>,
    /// Inputs of a span that only one trace has; otherwise null.
    inputs: Option<&'a Json>,
    /// Outputs of a span that only one trace has; otherwise null.
    outputs: Option<&'a Json>,
}

/// The second span minus the first; null if one of the values is unknown.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SpanDeltaJson {
    /// Duration in milliseconds.
    duration_ms: Option<f64>,
    /// Tokens.
    token_usage: Option<TokenUsage>,
    /// Cost in US dollars.
    total_cost: Option<f64>,
}

/// A change of a span.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ChangeJson<'a> {
    /// What changed.
    #[cfg_attr(test, schemars(extend("enum" = ["name", "span_type", "parent", "status", "model", "provider", "parameter", "input", "output", "exception", "attribute"])))]
    field: &'static str,
    /// Which one of several: the role of a message, the key of a value, the name of a parameter; otherwise null.
    name: Option<&'a str>,
    /// The value in the first trace; null if it has none. Objects have sorted keys, and no ids, tokens or times of the
    /// call.
    a: Option<&'a str>,
    /// The value in the second trace; null if it has none.
    b: Option<&'a str>,
    /// Both texts word by word; empty if one of them is missing, or both are short.
    words: Vec<WordsJson<'a>>,
    /// Number of other spans with the same change, where it is not shown again.
    repeated: usize,
}

/// Consecutive words that both texts have, or only one of them.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WordsJson<'a> {
    /// Whether both texts have them, only the first, or only the second.
    #[cfg_attr(test, schemars(extend("enum" = ["equal", "delete", "insert"])))]
    op: &'static str,
    /// The words; those that both have, as in the second text.
    text: &'a str,
    /// Words that both have, as in the first text, if ids or times in them differ.
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
            duration_ms: span.duration_ms(),
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
        let millis = a.info.final_duration_ms().zip(b.info.final_duration_ms());
        Self {
            schema: SCHEMA,
            a: TraceJson::from_trace(a, usage_a),
            b: TraceJson::from_trace(b, usage_b),
            delta: DeltaJson {
                execution_duration_ms: millis.map(|(a, b)| b.saturating_sub(a)),
                token_usage: token_delta(usage_a.token_usage.as_ref(), usage_b.token_usage.as_ref()),
                total_cost: cost_delta(usage_a.cost, usage_b.cost),
                unpriced_calls: CountJson { a: usage_a.unpriced_rows().count(), b: usage_b.unpriced_rows().count() },
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
