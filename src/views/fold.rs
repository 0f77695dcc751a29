//! Hides spans without information of their own: messages of AutoGen's runtime, inner spans of an LLM call, and spans
//! that only repeat the token counts of calls. Only for text output: the JSON has all spans as stored.

use crate::json::Json;
use crate::model::{Node, Span, Spans, Timestamp, TraceInfo, TraceState, UsageScope, is_runtime_message};
use crate::reading::{AgentSource, Agents, TraceUsage};

/// The spans that remain after folding.
pub(crate) struct Folded {
    /// Remaining spans, each below its nearest remaining ancestor.
    pub(crate) spans: Spans,
    /// For each remaining span, its index among all spans.
    pub(crate) original_indexes: Vec<usize>,
    /// For each remaining span, whether it is shown.
    pub(crate) shown: Vec<bool>,
    /// Number of folded messages of AutoGen's runtime.
    pub(crate) message_count: usize,
    /// Number of LLM call spans folded into the outermost span of the call.
    pub(crate) inner_count: usize,
    /// Number of folded spans that only repeat the token counts of calls.
    pub(crate) repeated_usage_count: usize,
}

/// Which spans are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FoldMode {
    /// Inner spans of an LLM call, and spans that repeat the token counts of calls.
    Calls,
    /// Those of `Calls`, and messages of AutoGen's runtime.
    CallsAndMessages,
}

/// Folds spans, and adds to the outermost span of each LLM call what only its inner spans record. Returns `None` if
/// there is nothing to fold.
pub(crate) fn fold(mode: FoldMode, spans: &Spans, shown: &[bool], usage: &TraceUsage) -> Option<Folded> {
    let is_message: Vec<bool> = spans.list.iter().map(is_message).collect();
    let is_inner = find_inner_spans(spans, usage);
    let repeats_usage = find_repeated_usage(spans);
    let count = |hidden: &[bool]| hidden.iter().filter(|is_hidden| **is_hidden).count();
    let (mut messages, inner, repeats) = (count(&is_message), count(&is_inner), count(&repeats_usage));
    // A trace that consists only of messages is shown.
    let folds_messages = mode == FoldMode::CallsAndMessages && messages < spans.list.len();
    if !folds_messages {
        messages = 0;
    }
    // Token counts known to be wrong for their span.
    let decided = usage.conflict.iter().filter(|conflict| conflict.is_resolved);
    let excluded: Vec<usize> = decided.flat_map(|conflict| &conflict.spans).map(|(at, _)| *at).collect();
    if messages + inner + repeats + excluded.len() == 0 {
        return None;
    }
    let is_hidden = |at: usize| is_inner[at] || repeats_usage[at] || (folds_messages && is_message[at]);
    let remaining = Spans {
        list: Vec::new(),
        nodes: Vec::new(),
        source: spans.source,
        problems: Vec::new(),
        moved: spans.moved.clone(),
        outside: spans.outside.clone(),
    };
    let mut folded = Folded {
        spans: remaining,
        original_indexes: Vec::new(),
        shown: Vec::new(),
        message_count: messages,
        inner_count: inner,
        repeated_usage_count: repeats,
    };
    // For each span its index among the remaining spans; for a folded span, that of its nearest remaining ancestor.
    let mut places: Vec<Option<usize>> = Vec::with_capacity(spans.list.len());
    for (at, node) in spans.nodes.iter().enumerate() {
        let parent = node.parent.and_then(|parent| places[parent]);
        places.push(if is_hidden(at) { parent } else { Some(folded.spans.list.len()) });
        if !is_hidden(at) {
            let depth = parent.map_or(0, |parent| folded.spans.nodes[parent].depth + 1);
            folded.spans.nodes.push(Node { depth, parent, is_orphan: node.is_orphan });
            folded.spans.list.push(spans.list[at].clone());
            folded.original_indexes.push(at);
            folded.shown.push(shown[at]);
        }
    }
    for place in excluded.into_iter().filter_map(|at| places[at].filter(|_| !is_hidden(at))) {
        let span = &mut folded.spans.list[place];
        (span.token_usage, span.derived_usage) = (None, None);
    }
    for call in usage.llm_calls().filter(|call| call.spans.len() > 1) {
        let Some(place) = call.spans.first().and_then(|outermost| places[*outermost]) else { continue };
        let instructions = inner_instructions(&spans.list, &call.spans);
        let span = &mut folded.spans.list[place];
        if let (Some(instructions), Some(payload)) = (instructions, &mut span.payload) {
            payload.attributes.push((INSTRUCTIONS.to_owned(), instructions));
        }
        span.model = call.model(&spans.list).map(str::to_owned);
        span.provider = call.provider(&spans.list).map(str::to_owned);
        span.token_usage.clone_from(&call.token_usage);
        span.cost = call.cost;
        if let Some(first) = call.first_token_ns(&spans.list) {
            span.first_token.get_or_insert(Timestamp(span.start.0.saturating_add(first)));
        }
    }
    Some(folded)
}

/// OpenTelemetry attribute for the instructions to a model.
const INSTRUCTIONS: &str = "gen_ai.system_instructions";

/// Returns instructions that only an inner span of an LLM call has: a `Response` span of OpenAI's Agents SDK has none,
/// but the client's span below it does.
fn inner_instructions(spans: &[Span], call: &[usize]) -> Option<Json> {
    let (outermost, within) = call.split_first()?;
    let of_span = |at: &usize| {
        let inputs = spans[*at].payload.as_ref()?.inputs()?;
        inputs.member("instructions").filter(|text| text.as_string().is_some_and(|text| !text.is_empty()))
    };
    let is_known =
        of_span(outermost).is_some() || spans[*outermost].payload.as_ref()?.attribute(INSTRUCTIONS).is_some();
    if is_known { None } else { within.iter().find_map(of_span) }
}

/// Returns for each span whether it is an inner span of an LLM call. Excludes spans that failed when the outermost did
/// not.
fn find_inner_spans(spans: &Spans, usage: &TraceUsage) -> Vec<bool> {
    let mut is_inner = vec![false; spans.list.len()];
    for call in usage.llm_calls() {
        let Some((outermost, within)) = call.spans.split_first() else { continue };
        let has_failed = |at: &usize| spans.list[*at].failure().is_some();
        for at in within.iter().filter(|at| has_failed(outermost) || !has_failed(at)) {
            is_inner[*at] = true;
        }
    }
    is_inner
}

/// Returns for each span whether it only repeats the token counts of calls. Excludes spans with children.
fn find_repeated_usage(spans: &Spans) -> Vec<bool> {
    let repeats_usage = |span: &Span| span.usage_scope == UsageScope::OtherCalls && span.failure().is_none();
    let mut repeats_usage: Vec<bool> = spans.list.iter().map(repeats_usage).collect();
    for parent in spans.nodes.iter().filter_map(|node| node.parent) {
        repeats_usage[parent] = false;
    }
    // A trace that consists only of such spans is shown.
    if repeats_usage.iter().all(|repeats_usage| *repeats_usage) {
        vec![false; repeats_usage.len()]
    } else {
        repeats_usage
    }
}

/// Prefixes the name of each LLM call with its agent if the agent is known only from messages, instructions or
/// attributes. `origin` maps the index of a span to its index among all spans of the trace.
pub(crate) fn prefix_agent_names(spans: &mut Spans, agents: &Agents, dot: &str, origin: impl Fn(usize) -> usize) {
    for (at, span) in spans.list.iter_mut().enumerate().filter(|(_, span)| span.span_type.is_llm()) {
        if let Some((agent, AgentSource::Message | AgentSource::Instructions | AgentSource::Attribute)) =
            agents.name_and_source(origin(at))
        {
            span.name = format!("{agent}{dot}{}", span.display_name());
            span.title = None;
        }
    }
}

/// Whether a span is a message of AutoGen's runtime that did not fail.
fn is_message(span: &Span) -> bool {
    is_runtime_message(&span.name) && span.span_type.known().is_none() && span.failure().is_none()
}

/// Maximum time between two messages of one run, during which models may respond.
const MAX_GAP_NS: i64 = 60_000_000_000;

/// Traces merged into one row.
struct FoldedGroup {
    at: usize,
    count: u64,
    last: Timestamp,
    key: Option<String>,
}

/// Merges the single-message traces of a run into one row.
pub(super) fn merge_messages(traces: Vec<TraceInfo>) -> Vec<TraceInfo> {
    let mut rows: Vec<TraceInfo> = Vec::with_capacity(traces.len());
    let mut groups: Vec<FoldedGroup> = Vec::new();
    for trace in traces {
        if !is_single_message(&trace) {
            rows.push(trace);
            continue;
        }
        let (last, key) = (trace.request_time, run_key(&trace));
        let fits = |group: &&mut FoldedGroup| {
            rows[group.at].experiment_id == trace.experiment_id
                && group.last.0.abs_diff(last.0) <= MAX_GAP_NS.unsigned_abs()
                && (group.key.is_none() || key.is_none() || group.key == key)
        };
        if let Some(group) = groups.iter_mut().find(fits) {
            group.count += 1;
            group.last = last;
            group.key = group.key.take().or(key);
            continue;
        }
        groups.push(FoldedGroup { at: rows.len(), count: 1, last, key });
        rows.push(trace);
    }
    for group in groups.iter().filter(|group| group.count > 1) {
        let row = &mut rows[group.at];
        row.name = Some(format!("{} AutoGen runtime messages, one trace each", group.count));
        row.span_count = Some(group.count);
        row.execution_duration_ms = None;
    }
    rows
}

/// Whether a trace consists of a single message of AutoGen's runtime.
fn is_single_message(trace: &TraceInfo) -> bool {
    trace.span_count == Some(1) && trace.state == TraceState::Ok && trace.display_name().is_some_and(is_runtime_message)
}

/// Returns the key that the messages of a run share, of agent and topic: `autogen publish output_topic_1.(KEY)-T`.
fn run_key(trace: &TraceInfo) -> Option<String> {
    let (_, after_topic) = trace.display_name()?.rsplit_once(".(")?;
    after_topic.split_once(')').map(|(key, _)| key.to_owned())
}
