//! Folds away spans without information of their own: those of AutoGen's runtime that only pass messages on, those of an
//! LLM call within its outermost one, and those that only repeat the tokens of calls. For people only: the JSON has all
//! spans as stored.

use crate::model::{Json, Node, Span, Spans, Timestamp, TraceInfo, TraceState, UsageScope, is_runtime_message};
use crate::reading::{AgentSource, Agents, TraceUsage};

/// Spans without those that are folded.
pub(crate) struct Folded {
    /// Each below its nearest ancestor that is left.
    pub(crate) spans: Spans,
    /// For each the place it has among all spans.
    pub(crate) origins: Vec<usize>,
    /// Which of them are shown.
    pub(crate) shown: Vec<bool>,
    /// How many messages of AutoGen's runtime are folded.
    pub(crate) messages: usize,
    /// How many spans of LLM calls are folded into the outermost span of the call.
    pub(crate) inner: usize,
    /// How many spans are folded that only repeat the tokens of calls.
    pub(crate) receipts: usize,
}

/// What is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FoldMode {
    /// Spans of an LLM call within its outermost one, and those that repeat the tokens of calls.
    Calls,
    /// And messages of AutoGen's runtime.
    CallsAndMessages,
}

/// Folds these spans, and gives the outermost span of each LLM call what only the others record. `None` where there is
/// nothing to fold.
pub(crate) fn folded(what: FoldMode, spans: &Spans, shown: &[bool], usage: &TraceUsage) -> Option<Folded> {
    let is_message: Vec<bool> = spans.list.iter().map(is_message).collect();
    let is_inner = inner(spans, usage);
    let is_receipt = receipts(spans);
    let count = |hidden: &[bool]| hidden.iter().filter(|is_hidden| **is_hidden).count();
    let (mut messages, inner, receipts) = (count(&is_message), count(&is_inner), count(&is_receipt));
    // What consists of messages alone is shown.
    let folds_messages = what == FoldMode::CallsAndMessages && messages < spans.list.len();
    if !folds_messages {
        messages = 0;
    }
    // Tokens that are known not to be those of the span.
    let decided = usage.conflict.iter().filter(|conflict| conflict.is_decided);
    let excluded: Vec<usize> = decided.flat_map(|conflict| &conflict.spans).map(|(at, _)| *at).collect();
    if messages + inner + receipts + excluded.len() == 0 {
        return None;
    }
    let is_hidden = |at: usize| is_inner[at] || is_receipt[at] || (folds_messages && is_message[at]);
    let left = Spans {
        list: Vec::new(),
        nodes: Vec::new(),
        source: spans.source,
        problems: Vec::new(),
        moved: spans.moved.clone(),
        outside: spans.outside.clone(),
    };
    let mut folded = Folded { spans: left, origins: Vec::new(), shown: Vec::new(), messages, inner, receipts };
    // Where each span stands among those left; of one that is folded, its nearest ancestor.
    let mut places: Vec<Option<usize>> = Vec::with_capacity(spans.list.len());
    for (at, node) in spans.nodes.iter().enumerate() {
        let parent = node.parent.and_then(|parent| places[parent]);
        places.push(if is_hidden(at) { parent } else { Some(folded.spans.list.len()) });
        if !is_hidden(at) {
            let depth = parent.map_or(0, |parent| folded.spans.nodes[parent].depth + 1);
            folded.spans.nodes.push(Node { depth, parent, is_orphan: node.is_orphan });
            folded.spans.list.push(spans.list[at].clone());
            folded.origins.push(at);
            folded.shown.push(shown[at]);
        }
    }
    for place in excluded.into_iter().filter_map(|at| places[at].filter(|_| !is_hidden(at))) {
        let span = &mut folded.spans.list[place];
        (span.token_usage, span.derived_usage) = (None, None);
    }
    for call in usage.llm_calls().filter(|call| call.spans.len() > 1) {
        let Some(place) = call.spans.first().and_then(|outermost| places[*outermost]) else { continue };
        let instructions = instructions_within(&spans.list, &call.spans);
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

/// The attribute that holds instructions to a model, as OpenTelemetry names it.
const INSTRUCTIONS: &str = "gen_ai.system_instructions";

/// The instructions that only a span within an LLM call has: a `Response` of OpenAI's Agents SDK leaves them to the client's
/// span below it.
fn instructions_within(spans: &[Span], call: &[usize]) -> Option<Json> {
    let (outermost, within) = call.split_first()?;
    let own = |at: &usize| {
        let inputs = spans[*at].payload.as_ref()?.inputs()?;
        inputs.member("instructions").filter(|text| text.as_string().is_some_and(|text| !text.is_empty()))
    };
    let is_known = own(outermost).is_some() || spans[*outermost].payload.as_ref()?.attribute(INSTRUCTIONS).is_some();
    if is_known { None } else { within.iter().find_map(own) }
}

/// The spans of LLM calls within the outermost one, but for those that failed where it did not.
fn inner(spans: &Spans, usage: &TraceUsage) -> Vec<bool> {
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

/// The spans that only repeat the tokens of calls, and hold no others.
fn receipts(spans: &Spans) -> Vec<bool> {
    let is_receipt = |span: &Span| span.usage_scope == UsageScope::OtherCalls && span.failure().is_none();
    let mut is_receipt: Vec<bool> = spans.list.iter().map(is_receipt).collect();
    for parent in spans.nodes.iter().filter_map(|node| node.parent) {
        is_receipt[parent] = false;
    }
    // What consists of nothing else is shown.
    if is_receipt.iter().all(|is_one| *is_one) { vec![false; is_receipt.len()] } else { is_receipt }
}

/// Puts the agent before the name of each LLM call whose agent is in messages only. `origin` = the place that a span has among
/// all spans of the trace.
pub(crate) fn name_agents(spans: &mut Spans, agents: &Agents, dot: &str, origin: impl Fn(usize) -> usize) {
    for (at, span) in spans.list.iter_mut().enumerate().filter(|(_, span)| span.span_type.is_llm()) {
        if let Some((agent, AgentSource::Message | AgentSource::Instructions | AgentSource::Attribute)) =
            agents.find(origin(at))
        {
            span.name = format!("{agent}{dot}{}", span.shown_name());
            span.title = None;
        }
    }
}

/// Whether a span is a message of the runtime, and nothing went wrong with it.
fn is_message(span: &Span) -> bool {
    is_runtime_message(&span.name) && span.span_type.as_str() == "UNKNOWN" && span.failure().is_none()
}

/// Messages of one run are no further apart than this; between them models may have answered.
const GAP_NANOS: i64 = 60_000_000_000;

/// Traces that go into one row.
struct FoldedGroup {
    at: usize,
    count: u64,
    last: Timestamp,
    key: Option<String>,
}

/// Rows in which the traces of single messages of a run are one.
pub(super) fn grouped(traces: Vec<TraceInfo>) -> Vec<TraceInfo> {
    let mut rows: Vec<TraceInfo> = Vec::with_capacity(traces.len());
    let mut groups: Vec<FoldedGroup> = Vec::new();
    for trace in traces {
        if !is_lone_message(&trace) {
            rows.push(trace);
            continue;
        }
        let (last, key) = (trace.request_time, key_of(&trace));
        let fits = |group: &&mut FoldedGroup| {
            rows[group.at].experiment_id == trace.experiment_id
                && group.last.0.abs_diff(last.0) <= GAP_NANOS.unsigned_abs()
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
        row.name = Some(format!("{} messages of AutoGen's runtime, a trace each", group.count));
        row.span_count = Some(group.count);
        row.execution_duration_ms = None;
    }
    rows
}

/// Whether a trace is nothing but one message.
fn is_lone_message(trace: &TraceInfo) -> bool {
    trace.span_count == Some(1) && trace.state == TraceState::Ok && trace.display_name().is_some_and(is_runtime_message)
}

/// What the messages of a run share: the key of agent and topic, `autogen publish output_topic_1.(KEY)-T`.
fn key_of(trace: &TraceInfo) -> Option<String> {
    let (_, behind) = trace.display_name()?.rsplit_once(".(")?;
    behind.split_once(')').map(|(key, _)| key.to_owned())
}
