//! The tool calls of a trace: each once, no matter how many spans and messages mention it.
//!
//! A model requests a call in its response, the tool runs in a span of type TOOL or without a span, and its result is
//! sent back in a message; all later requests repeat both. These mentions are joined by call id, else by tool and
//! arguments.

use super::agent_name::is_kernel_entry_point;
use super::identity::PartHash;
use super::usage::TraceUsage;
use crate::model::{MentionKind, Span, Spans, Timestamp, ToolMention};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A tool call.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The call id, if there is one.
    pub id: Option<String>,
    /// The name of the tool; unknown if only the result is recorded.
    pub name: Option<String>,
    /// The LLM span that requested it.
    pub requested_in: Option<usize>,
    /// Start and end of that span, in nanoseconds since 1970.
    pub(super) requested: Option<(i64, i64)>,
    /// The tool's own span.
    pub span: Option<usize>,
    /// Whether its result is in the outputs (else the inputs) of the span that it belongs to, and that span.
    returned: Option<(bool, usize)>,
    /// How it failed, if it did.
    pub failure: Option<CallFailure>,
    /// Where it was made.
    pub origin: CallOrigin,
    /// Whether it was made in this trace, and no earlier trace that [`History::read`](super::History::read) has read
    /// contains it.
    pub is_new: bool,
    /// Whether the request forced the model to call the tool.
    is_forced: bool,
    /// Whether its result is recorded, and no earlier trace contains it.
    pub is_result_new: bool,
    /// The hash that identifies the call in other traces.
    pub(super) key: PartHash,
}

/// Where a tool call was made, as far as its trace shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOrigin {
    /// In the trace.
    Trace,
    /// Unknown: requests of the trace contain it in their history, but none of its responses does.
    History,
    /// Before the trace: its first request to a model contains it in an earlier turn.
    EarlierTurn,
}

/// How a tool call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// The tool's span failed.
    Raised,
    /// The failure was returned to the model as this text.
    Handled(String),
}

impl ToolCall {
    /// Returns the span that its result belongs to: the innermost with the result in its outputs, else the first with
    /// the result in its inputs.
    #[must_use]
    pub fn returned_in(&self) -> Option<usize> {
        self.returned.map(|(_, span)| span)
    }

    /// Whether its result or its own span is recorded.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.returned.is_some() || self.span.is_some()
    }

    /// Whether it was made in this trace, even if another trace contains it too: two instrumentations may record one
    /// call in two traces.
    #[must_use]
    pub const fn is_made_here(&self) -> bool {
        self.is_new || self.requested_in.is_some() || self.span.is_some()
    }

    /// Whether messages mention it, which later requests may repeat.
    #[must_use]
    pub const fn is_in_messages(&self) -> bool {
        self.requested_in.is_some() || self.returned.is_some() || !matches!(self.origin, CallOrigin::Trace)
    }
}

/// Returns the name of a tool span without the prefixes of frameworks (`tool.get_weather`, `execute_tool get_weather`).
fn bare_tool_name(span: &str) -> &str {
    span.strip_prefix("tool.").or_else(|| span.strip_prefix("execute_tool ")).unwrap_or(span)
}

/// Returns the tool name in the name of its span. `CLASS.__call__` is only the class of the tool, which identifies just
/// smolagents' final answer (1.26 `default_tools.py`).
fn tool_name_from_span<'a>(span: &'a Span, in_trace: &HashSet<&str>) -> Option<&'a str> {
    match span.name.strip_suffix(".__call__") {
        Some("FinalAnswerTool") => Some("final_answer"),
        Some(_) => None,
        // The number in `add_2` may be part of the name.
        None => Some(without_number(bare_tool_name(&span.name), in_trace)),
    }
}

/// Returns a name without the number that MLflow up to 3.5 appends to span names that occur more than once in a trace:
/// `add_1`, `add_2` (`tracing/utils/__init__.py`, `deduplicate_span_names_in_place`).
#[must_use]
#[expect(clippy::implicit_hasher, reason = "only ever called with the standard one")]
pub fn without_number<'a>(name: &'a str, in_trace: &HashSet<&str>) -> &'a str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((bare, _)) = name.rsplit_once('_').filter(|(_, number)| is_number(number)) else { return name };
    let has = |number: u32| in_trace.contains(format!("{bare}_{number}").as_str());
    if has(1) && has(2) && !in_trace.contains(bare) { bare } else { name }
}

/// A mention with its time and its span.
struct PlacedMention<'a> {
    time: Timestamp,
    span: usize,
    mention: &'a ToolMention,
}

/// Finds the tool calls of a trace, ordered by first mention. The spans must be loaded at least as for a tree.
#[must_use]
pub(super) fn find(spans: &Spans, usage: &TraceUsage) -> Vec<ToolCall> {
    if spans.list.iter().all(|span| span.tool_mentions.is_empty()) {
        return Vec::new();
    }
    let repeats = repeated_requests(spans, usage);
    let prompt_functions = prompt_functions(spans);
    let mut mentions: Vec<PlacedMention<'_>> = Vec::new();
    for (at, span) in spans.list.iter().enumerate() {
        // A model requests a call before the tool starts, though the span of the model may end later.
        let answered = if span.span_type.is_llm() { span.start } else { span.end.unwrap_or(span.start) };
        for mention in &span.tool_mentions {
            let is_answer = mention.is_output && mention.kind != MentionKind::Ran;
            let is_repeat = repeats.contains(&at) && is_answer && mention.kind == MentionKind::Requested;
            let is_prompt = mention.kind == MentionKind::Ran && prompt_functions.contains(&at);
            if !is_repeat && !is_prompt {
                mentions.push(PlacedMention { time: if is_answer { answered } else { span.start }, span: at, mention });
            }
        }
    }
    mentions.sort_by_key(|placed| placed.time);
    let mut joined = JoinedCalls::new(spans, usage);
    for placed in
        mentions.iter().filter(|placed| !placed.mention.is_output && placed.mention.kind == MentionKind::Requested)
    {
        let ids = joined.ids_in_history.entry(placed.span).or_default();
        ids.extend(placed.mention.call_id.as_deref());
    }
    for placed in &mentions {
        match placed.mention.kind {
            MentionKind::Requested => joined.add_request(placed),
            MentionKind::Ran => joined.add_run(placed),
            MentionKind::Returned => joined.add_result(placed),
        }
    }
    // A forced call without a span or a result is a structured answer, not a tool call.
    joined.calls.retain(|call| !call.is_forced || call.is_answered());
    for call in &mut joined.calls {
        call.is_new = call.origin != CallOrigin::EarlierTurn;
        call.is_result_new = call.is_new && call.is_answered();
    }
    joined.calls
}

/// Returns the prompt functions that a program ran through Semantic Kernel: spans of type TOOL, directly below an entry
/// point, that call a model. Models cannot call them as tools.
fn prompt_functions(spans: &Spans) -> HashSet<usize> {
    let parent = |at: usize| spans.nodes[at].parent;
    let models = (0..spans.list.len()).filter(|at| spans.list[*at].span_type.is_llm());
    let above = models.filter_map(parent).filter(|at| spans.list[*at].span_type.is_tool());
    above.filter(|at| parent(*at).is_some_and(|kernel| is_kernel_entry_point(&spans.list[kernel]))).collect()
}

/// Returns the LLM spans whose response repeats the tool calls of another span of the same LLM call.
fn repeated_requests(spans: &Spans, usage: &TraceUsage) -> HashSet<usize> {
    let requests_tools = |at: &&usize| {
        let mentions = &spans.list[**at].tool_mentions;
        mentions.iter().any(|mention| mention.is_output && mention.kind == MentionKind::Requested)
    };
    let calls = usage.llm_calls().filter(|call| call.spans.len() > 1);
    calls.flat_map(|call| call.spans.iter().filter(requests_tools).skip(1).copied()).collect()
}

/// Calls in order, the first of which are done.
#[derive(Default)]
struct CallQueue {
    calls: Vec<usize>,
    /// The number of calls that are done.
    done: usize,
}

impl CallQueue {
    /// Returns the first call that is still open. Closed calls never reopen, so they are skipped for good.
    fn first(&mut self, is_open: impl Fn(usize) -> bool) -> Option<usize> {
        while self.calls.get(self.done).is_some_and(|at| !is_open(*at)) {
            self.done += 1;
        }
        self.calls.get(self.done).copied()
    }
}

/// The calls found so far.
struct JoinedCalls<'a> {
    spans: &'a Spans,
    /// The start of the first request to a model.
    first_request: Option<Timestamp>,
    tool_names: HashSet<&'a str>,
    calls: Vec<ToolCall>,
    by_id: HashMap<String, Vec<usize>>,
    /// The call that each tool span ran.
    by_span: HashMap<usize, usize>,
    /// The calls by digest of tool and arguments; done when a span of the tool was found.
    by_digest: HashMap<PartHash, CallQueue>,
    /// The calls by tool name; done when a span of the tool was found.
    by_name: HashMap<String, CallQueue>,
    /// The calls by tool name; done when the result was found.
    unanswered: HashMap<String, CallQueue>,
    /// The ids of the calls in the history of each span.
    ids_in_history: HashMap<usize, HashSet<&'a str>>,
    /// Pairs of a span and a call that the history of that span contains under another id.
    seen_under_other_id: HashSet<(usize, usize)>,
    /// The number of mentions of a call without an id, by span, whether in its response (else in its history), and
    /// digest.
    mentions_without_id: HashMap<(usize, bool, PartHash), usize>,
}

fn digest(name: &str, arguments: Option<u64>) -> PartHash {
    let mut hasher = DefaultHasher::new();
    (name, arguments).hash(&mut hasher);
    hasher.finish()
}

fn key(id: Option<&str>, digest: PartHash) -> PartHash {
    let mut hasher = DefaultHasher::new();
    (id, digest).hash(&mut hasher);
    hasher.finish()
}

impl<'a> JoinedCalls<'a> {
    fn new(spans: &'a Spans, usage: &TraceUsage) -> Self {
        let tools = spans.list.iter().filter(|span| span.span_type.is_tool());
        Self {
            spans,
            first_request: usage.llm_calls().flat_map(|call| &call.spans).map(|at| spans.list[*at].start).min(),
            tool_names: tools.map(|span| bare_tool_name(&span.name)).collect(),
            calls: Vec::new(),
            by_id: HashMap::new(),
            by_span: HashMap::new(),
            by_digest: HashMap::new(),
            by_name: HashMap::new(),
            unanswered: HashMap::new(),
            ids_in_history: HashMap::new(),
            seen_under_other_id: HashSet::new(),
            mentions_without_id: HashMap::new(),
        }
    }

    fn span(&self, at: usize) -> &'a Span {
        &self.spans.list[at]
    }

    /// Adds a call at its first mention. Returns its index.
    fn add(&mut self, placed: &PlacedMention<'_>, name: Option<&str>, digest: PartHash) -> usize {
        let at = self.calls.len();
        let id = placed.mention.call_id.as_deref();
        let is_first_request = self.first_request.is_some_and(|first| placed.time <= first);
        if let Some(id) = id {
            self.by_id.entry(id.to_owned()).or_default().push(at);
        }
        if let Some(name) = name {
            self.unanswered.entry(name.to_owned()).or_default().calls.push(at);
        }
        self.calls.push(ToolCall {
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            requested_in: None,
            requested: None,
            span: None,
            returned: None,
            failure: None,
            origin: match placed.mention {
                mention if mention.is_output => CallOrigin::Trace,
                mention if is_first_request && mention.in_earlier_turn => CallOrigin::EarlierTurn,
                _ => CallOrigin::History,
            },
            is_new: true,
            is_forced: placed.mention.is_forced,
            is_result_new: false,
            key: key(id, digest),
        });
        at
    }

    /// Adds the request of a model for a call, or its repetition in a history.
    fn add_request(&mut self, placed: &PlacedMention<'_>) {
        let PlacedMention { span, mention, .. } = placed;
        let Some(name) = mention.name.as_deref() else { return };
        let digest = digest(name, mention.arguments);
        let is_request = mention.is_output && self.span(*span).span_type.is_llm();
        let known = if let Some(id) = &mention.call_id {
            self.known_by_id(id, digest, is_request).or_else(|| self.known_under_other_id(placed, id, digest))
        } else {
            let nth = self.mentions_without_id.entry((*span, mention.is_output, digest)).or_default();
            *nth += 1;
            let nth = *nth;
            let known = self.by_digest.get(&digest).filter(|_| !is_request);
            known.and_then(|known| known.calls.get(nth - 1)).copied()
        };
        let at = known.unwrap_or_else(|| {
            let at = self.add(placed, Some(name), digest);
            self.by_digest.entry(digest).or_default().calls.push(at);
            self.by_name.entry(name.to_owned()).or_default().calls.push(at);
            at
        });
        if is_request {
            let llm_span = self.span(*span);
            let call = &mut self.calls[at];
            call.requested_in.get_or_insert(*span);
            call.requested.get_or_insert((llm_span.start.0, llm_span.end.unwrap_or(llm_span.start).0));
            call.origin = CallOrigin::Trace;
        }
    }

    /// Returns the call that a history contains under another id than the response (Google ADK, when streaming): one
    /// that a model requested with the same arguments and whose id is not in the history.
    fn known_under_other_id(&mut self, placed: &PlacedMention<'_>, id: &str, digest: PartHash) -> Option<usize> {
        let span = placed.span;
        let history = self.ids_in_history.get(&span).filter(|_| !placed.mention.is_output)?;
        let is_renamed = |at: &usize| {
            let call = &self.calls[*at];
            let is_id_missing = call.id.as_deref().is_some_and(|id| !history.contains(id));
            call.requested_in.is_some() && is_id_missing && !self.seen_under_other_id.contains(&(span, *at))
        };
        let at = self.by_digest.get(&digest)?.calls.iter().copied().find(is_renamed)?;
        self.seen_under_other_id.insert((span, at));
        self.by_id.entry(id.to_owned()).or_default().push(at);
        Some(at)
    }

    /// Returns the call with an id. Some servers restart their ids for each response: a request with an id that already
    /// has a result, or with other arguments, is another call.
    fn known_by_id(&self, id: &str, digest: PartHash, is_request: bool) -> Option<usize> {
        let known = self.by_id.get(id)?;
        let wanted = key(Some(id), digest);
        let is_open = |call: &ToolCall| !is_request || call.requested_in.is_none() || call.returned.is_none();
        let same = known.iter().rev().find(|at| self.calls[**at].key == wanted && is_open(&self.calls[**at]));
        let only = || if let (false, [only]) = (is_request, known.as_slice()) { Some(only) } else { None };
        same.or_else(only).copied()
    }

    /// Adds the run of a tool in its own span.
    fn add_run(&mut self, placed: &PlacedMention<'_>) {
        let PlacedMention { span, mention, .. } = placed;
        let tool_span = self.span(*span);
        let name = mention.name.as_deref().or_else(|| tool_name_from_span(tool_span, &self.tool_names));
        let known = name.and_then(|name| {
            self.wrapping_call(*span, name).or_else(|| self.matching_request(tool_span, mention, name))
        });
        let digest = digest(name.unwrap_or_default(), mention.arguments);
        let at = known.unwrap_or_else(|| self.add(placed, name, digest));
        self.by_span.insert(*span, at);
        let call = &mut self.calls[at];
        call.span.get_or_insert(*span);
        call.origin = CallOrigin::Trace;
        if tool_span.has_failed() {
            call.failure = Some(CallFailure::Raised);
        } else if let (Some(text), None) = (&mention.failure, &call.failure) {
            call.failure = Some(CallFailure::Handled(text.clone()));
        }
    }

    /// Returns the call of the parent span, if that is a span of the same tool: both are one call.
    fn wrapping_call(&self, at: usize, name: &str) -> Option<usize> {
        let parent = self.spans.nodes[at].parent?;
        self.by_span.get(&parent).copied().filter(|at| self.calls[*at].name.as_deref() == Some(name))
    }

    /// Returns the call that a tool span ran: the one with its id, else the first call of its name with the same
    /// arguments and without a span; if no arguments are recorded, the first call of its name without a span.
    fn matching_request(&mut self, span: &Span, mention: &ToolMention, name: &str) -> Option<usize> {
        let calls = &self.calls;
        let is_idle = |at: usize| calls[at].span.is_none();
        if let Some(known) = mention.call_id.as_ref().and_then(|id| self.by_id.get(id)) {
            return known.iter().copied().find(|at| is_idle(*at));
        }
        // Google ADK gives a tool span another id than the model's: the call was requested earlier in this trace.
        let is_idle = |at: usize| {
            let is_requested = || {
                calls[at].requested_in.is_some() && calls[at].requested.is_some_and(|(begin, _)| begin <= span.start.0)
            };
            calls[at].span.is_none() && (mention.call_id.is_none() || is_requested())
        };
        let same = [name, bare_tool_name(&span.name)].into_iter().find_map(|name| match mention.arguments {
            Some(_) => self.by_digest.get_mut(&digest(name, mention.arguments))?.first(is_idle),
            None => self.by_name.get_mut(name)?.first(is_idle),
        });
        same.or_else(|| {
            // Keeps the time linear.
            const MAX_CALLS: usize = 100;
            // Frameworks add arguments (LlamaIndex's `ctx`), so take the only call that waits for this tool.
            let waits = |at: &&usize| calls[**at].requested_in.is_some() && is_idle(**at);
            let queue = self.by_name.get(name).filter(|queue| queue.calls.len() <= MAX_CALLS)?;
            let mut waiting = queue.calls.iter().filter(waits);
            waiting.next().copied().filter(|_| waiting.next().is_none())
        })
    }

    /// Adds the result in a message.
    fn add_result(&mut self, placed: &PlacedMention<'_>) {
        let PlacedMention { span, mention, .. } = placed;
        let calls = &self.calls;
        let known = match (&mention.call_id, &mention.name) {
            (Some(id), _) => self.by_id.get(id).and_then(|known| known.last()).copied(),
            (None, Some(name)) => {
                self.unanswered.get_mut(name).and_then(|queue| queue.first(|at| calls[at].returned.is_none()))
            }
            (None, None) => None,
        };
        // The call was made in another trace: only its result is recorded here.
        let at = match (known, &mention.call_id) {
            (Some(at), _) => at,
            (None, Some(_)) => self.add(placed, mention.name.as_deref(), 0),
            (None, None) => return,
        };
        let call = &mut self.calls[at];
        // Deeper spans come later in tree order, and outputs take precedence over inputs.
        if call.returned.is_none_or(|owner| mention.is_output && (true, *span) > owner) {
            call.returned = Some((mention.is_output, *span));
        }
        if let (Some(text), None) = (&mention.failure, &call.failure) {
            call.failure = Some(CallFailure::Handled(text.clone()));
        }
    }
}

impl ToolCall {
    /// Returns the span that a handled failure belongs to: the tool's own span, else [`ToolCall::returned_in`].
    #[must_use]
    pub fn failed_in(&self) -> Option<usize> {
        self.span.or(self.returned_in())
    }
}
