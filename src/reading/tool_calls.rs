//! The tool calls of a trace: each once, however many spans and messages tell of it.
//!
//! A call is asked for in the answer of a model, runs in a span of type TOOL, or without one, and its result is sent back in
//! a message; and all later requests repeat both. They are joined by the call's id, else by the tool and its arguments.

use super::agent_name::is_kernel_entry_point;
use super::identity::PartHash;
use super::usage::TraceUsage;
use crate::model::{MentionKind, Span, Spans, Timestamp, ToolMention};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A tool call.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// The tool; unknown where only a result is told.
    pub name: Option<String>,
    /// The span of the model that asked for it.
    pub requested_in: Option<usize>,
    /// When that span began and ended, in nanoseconds since 1970.
    pub(super) asked: Option<(i64, i64)>,
    /// The span of the tool at work.
    pub span: Option<usize>,
    /// The span to which its result belongs, and whether it came out of that span; else it went in.
    returned: Option<(bool, usize)>,
    /// Whether it failed, and how.
    pub failure: Option<CallFailure>,
    /// Where it was made.
    pub origin: CallOrigin,
    /// Whether it was made in this trace, and no earlier trace that [`History::read`](super::History::read) has read holds it.
    pub is_new: bool,
    /// Whether the model was made to call it.
    is_forced: bool,
    /// Whether its result is recorded, and was not known before.
    pub is_result_new: bool,
    /// By what the same call is known in another trace.
    pub(super) key: PartHash,
}

/// Where a tool call was made, as far as its trace shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOrigin {
    /// In the trace.
    Trace,
    /// Unknown: requests of the trace hold it in their history, and none of its responses does.
    History,
    /// Before the trace: its first request to a model holds it in an earlier turn.
    EarlierTurn,
}

/// How a tool call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// The tool's span failed.
    Raised,
    /// Its failure was handed back to the model as this text.
    Handled(String),
}

impl ToolCall {
    /// The span to which its result belongs: the innermost out of which it came, else the first one that was sent it.
    #[must_use]
    pub fn returned_in(&self) -> Option<usize> {
        self.returned.map(|(_, span)| span)
    }

    /// Whether its result, or how it failed, was read.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.returned.is_some() || self.span.is_some()
    }

    /// Whether this trace made it, whatever other traces hold: two instrumentations record one run in a trace each.
    #[must_use]
    pub const fn is_made_here(&self) -> bool {
        self.is_new || self.requested_in.is_some() || self.span.is_some()
    }

    /// Whether messages tell of it, which later requests may repeat.
    #[must_use]
    pub const fn is_in_messages(&self) -> bool {
        self.requested_in.is_some() || self.returned.is_some() || !matches!(self.origin, CallOrigin::Trace)
    }
}

/// What a tool at work may be called whose span has this name: without what frameworks put around it (`tool.get_weather`,
/// `execute_tool get_weather`).
fn bare_name(span: &str) -> &str {
    span.strip_prefix("tool.").or_else(|| span.strip_prefix("execute_tool ")).unwrap_or(span)
}

/// The tool name in the name of its span. `CLASS.__call__` names the class of the tool only, which identifies just the final
/// answer of smolagents (1.26 `default_tools.py`).
fn name_by_span<'a>(span: &'a Span, of_trace: &HashSet<&str>) -> Option<&'a str> {
    match span.name.strip_suffix(".__call__") {
        Some("FinalAnswerTool") => Some("final_answer"),
        Some(_) => None,
        // The number of `add_2` may be a part of the name.
        None => Some(without_number(bare_name(&span.name), of_trace)),
    }
}

/// A name without the number that MLflow up to 3.5 puts behind names that a trace has more than once: `add_1`, `add_2`
/// (`tracing/utils/__init__.py`, `deduplicate_span_names_in_place`).
#[must_use]
#[expect(clippy::implicit_hasher, reason = "only ever called with the standard one")]
pub fn without_number<'a>(name: &'a str, of_trace: &HashSet<&str>) -> &'a str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((bare, _)) = name.rsplit_once('_').filter(|(_, number)| is_number(number)) else { return name };
    let has = |number: u32| of_trace.contains(format!("{bare}_{number}").as_str());
    if has(1) && has(2) && !of_trace.contains(bare) { bare } else { name }
}

/// A mention with where and when it is.
struct PlacedMention<'a> {
    time: Timestamp,
    span: usize,
    mention: &'a ToolMention,
}

/// Finds the tool calls of a trace, in the order in which they began. The spans are needed as a tree shows them, at least.
#[must_use]
pub(super) fn of_spans(spans: &Spans, usage: &TraceUsage) -> Vec<ToolCall> {
    if spans.list.iter().all(|span| span.tool_mentions.is_empty()) {
        return Vec::new();
    }
    let repeats = repeats(spans, usage);
    let prompt_functions = prompt_functions(spans);
    let mut mentions: Vec<PlacedMention<'_>> = Vec::new();
    for (at, span) in spans.list.iter().enumerate() {
        // A model asks for a call before the tool begins, though its own span may end later.
        let answered = if span.span_type.is_llm() { span.start } else { span.end.unwrap_or(span.start) };
        for mention in &span.tool_mentions {
            let is_answer = mention.came_out && mention.kind != MentionKind::Ran;
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
        mentions.iter().filter(|placed| !placed.mention.came_out && placed.mention.kind == MentionKind::Requested)
    {
        let ids = joined.ids_in_history.entry(placed.span).or_default();
        ids.extend(placed.mention.call_id.as_deref());
    }
    for placed in &mentions {
        match placed.mention.kind {
            MentionKind::Requested => joined.request(placed),
            MentionKind::Ran => joined.run(placed),
            MentionKind::Returned => joined.return_result(placed),
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

/// The prompt functions that a program ran through Semantic Kernel: spans of type TOOL, directly below an entry point, that
/// call a model. No model can call them as tools.
fn prompt_functions(spans: &Spans) -> HashSet<usize> {
    let parent = |at: usize| spans.nodes[at].parent;
    let models = (0..spans.list.len()).filter(|at| spans.list[*at].span_type.is_llm());
    let above = models.filter_map(parent).filter(|at| spans.list[*at].span_type.is_tool());
    above.filter(|at| parent(*at).is_some_and(|kernel| is_kernel_entry_point(&spans.list[kernel]))).collect()
}

/// The spans of LLM calls whose answers another span of the same call has told already.
fn repeats(spans: &Spans, usage: &TraceUsage) -> HashSet<usize> {
    let asks = |at: &&usize| {
        let mentions = &spans.list[**at].tool_mentions;
        mentions.iter().any(|mention| mention.came_out && mention.kind == MentionKind::Requested)
    };
    let calls = usage.llm_calls().filter(|call| call.spans.len() > 1);
    calls.flat_map(|call| call.spans.iter().filter(asks).skip(1).copied()).collect()
}

/// Some calls in their order, of which the first ones are done with.
#[derive(Default)]
struct CallQueue {
    calls: Vec<usize>,
    /// How many are done with.
    done: usize,
}

impl CallQueue {
    /// The first one that is still open, if any is. What is done with once stays so.
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
    /// The call that each tool's span is at work for.
    by_span: HashMap<usize, usize>,
    /// The calls of each tool with the same arguments, and those that no span was seen at work for.
    by_digest: HashMap<PartHash, CallQueue>,
    /// The calls of each tool, and those that no span was seen at work for.
    by_name: HashMap<String, CallQueue>,
    /// The calls of each tool, and those whose result was not read.
    unanswered: HashMap<String, CallQueue>,
    /// The ids of the calls that the history of each span holds.
    ids_in_history: HashMap<usize, HashSet<&'a str>>,
    /// Spans whose history holds a call under another id.
    renamed: HashSet<(usize, usize)>,
    /// How often the history, or the answer, of a span has told a call without an id.
    told: HashMap<(usize, bool, PartHash), usize>,
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
            tool_names: tools.map(|span| bare_name(&span.name)).collect(),
            calls: Vec::new(),
            by_id: HashMap::new(),
            by_span: HashMap::new(),
            by_digest: HashMap::new(),
            by_name: HashMap::new(),
            unanswered: HashMap::new(),
            ids_in_history: HashMap::new(),
            renamed: HashSet::new(),
            told: HashMap::new(),
        }
    }

    fn span(&self, at: usize) -> &'a Span {
        &self.spans.list[at]
    }

    /// Adds a call that a span mentions first.
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
            asked: None,
            span: None,
            returned: None,
            failure: None,
            origin: match placed.mention {
                mention if mention.came_out => CallOrigin::Trace,
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

    /// A model asks for a call, or a message repeats that it did.
    fn request(&mut self, placed: &PlacedMention<'_>) {
        let PlacedMention { span, mention, .. } = placed;
        let Some(name) = mention.name.as_deref() else { return };
        let digest = digest(name, mention.arguments);
        let is_asked = mention.came_out && self.span(*span).span_type.is_llm();
        let known = if let Some(id) = &mention.call_id {
            self.known_by_id(id, digest, is_asked).or_else(|| self.renamed(placed, id, digest))
        } else {
            let nth = self.told.entry((*span, mention.came_out, digest)).or_default();
            *nth += 1;
            let nth = *nth;
            let known = self.by_digest.get(&digest).filter(|_| !is_asked);
            known.and_then(|known| known.calls.get(nth - 1)).copied()
        };
        let at = known.unwrap_or_else(|| {
            let at = self.add(placed, Some(name), digest);
            self.by_digest.entry(digest).or_default().calls.push(at);
            self.by_name.entry(name.to_owned()).or_default().calls.push(at);
            at
        });
        if is_asked {
            let own = self.span(*span);
            let call = &mut self.calls[at];
            call.requested_in.get_or_insert(*span);
            call.asked.get_or_insert((own.start.0, own.end.unwrap_or(own.start).0));
            call.origin = CallOrigin::Trace;
        }
    }

    /// The call that a history holds under another id than the answer did (Google ADK, where it streams): one with the same
    /// arguments that a model asked for, and whose own id the history lacks.
    fn renamed(&mut self, placed: &PlacedMention<'_>, id: &str, digest: PartHash) -> Option<usize> {
        let span = placed.span;
        let history = self.ids_in_history.get(&span).filter(|_| !placed.mention.came_out)?;
        let is_meant = |at: &usize| {
            let call = &self.calls[*at];
            let lacks_own = call.id.as_deref().is_some_and(|own| !history.contains(own));
            call.requested_in.is_some() && lacks_own && !self.renamed.contains(&(span, *at))
        };
        let at = self.by_digest.get(&digest)?.calls.iter().copied().find(is_meant)?;
        self.renamed.insert((span, at));
        self.by_id.entry(id.to_owned()).or_default().push(at);
        Some(at)
    }

    /// The call of an id. Some servers count their ids anew for each answer: a model that asks with an id that was answered
    /// asks for another call, and so does one that asks with other arguments.
    fn known_by_id(&self, id: &str, digest: PartHash, is_asked: bool) -> Option<usize> {
        let known = self.by_id.get(id)?;
        let wanted = key(Some(id), digest);
        let is_open = |call: &ToolCall| !is_asked || call.requested_in.is_none() || call.returned.is_none();
        let same = known.iter().rev().find(|at| self.calls[**at].key == wanted && is_open(&self.calls[**at]));
        let only = || if let (false, [only]) = (is_asked, known.as_slice()) { Some(only) } else { None };
        same.or_else(only).copied()
    }

    /// A tool is at work.
    fn run(&mut self, placed: &PlacedMention<'_>) {
        let PlacedMention { span, mention, .. } = placed;
        let own = self.span(*span);
        let name = mention.name.as_deref().or_else(|| name_by_span(own, &self.tool_names));
        let known = name.and_then(|name| self.wrapper(*span, name).or_else(|| self.asked_for(own, mention, name)));
        let digest = digest(name.unwrap_or_default(), mention.arguments);
        let at = known.unwrap_or_else(|| self.add(placed, name, digest));
        self.by_span.insert(*span, at);
        let call = &mut self.calls[at];
        call.span.get_or_insert(*span);
        call.origin = CallOrigin::Trace;
        if own.has_failed() {
            call.failure = Some(CallFailure::Raised);
        } else if let (Some(text), None) = (&mention.failure, &call.failure) {
            call.failure = Some(CallFailure::Handled(text.clone()));
        }
    }

    /// The call of the tool's span right around, which is the same one.
    fn wrapper(&self, at: usize, name: &str) -> Option<usize> {
        let parent = self.spans.nodes[at].parent?;
        self.by_span.get(&parent).copied().filter(|at| self.calls[*at].name.as_deref() == Some(name))
    }

    /// The call that a tool at work answers: by its id, else the first one of its name with the same arguments that no tool
    /// was seen at work for. Where no arguments were recorded, the first one of its name.
    fn asked_for(&mut self, span: &Span, mention: &ToolMention, name: &str) -> Option<usize> {
        let calls = &self.calls;
        let is_idle = |at: usize| calls[at].span.is_none();
        if let Some(known) = mention.call_id.as_ref().and_then(|id| self.by_id.get(id)) {
            return known.iter().copied().find(|at| is_idle(*at));
        }
        // Google ADK gives a call an id of its own, beside the model's: it answers what was asked in this trace.
        let is_idle = |at: usize| {
            let is_asked =
                || calls[at].requested_in.is_some() && calls[at].asked.is_some_and(|(begin, _)| begin <= span.start.0);
            calls[at].span.is_none() && (mention.call_id.is_none() || is_asked())
        };
        let same = [name, bare_name(&span.name)].into_iter().find_map(|name| match mention.arguments {
            Some(_) => self.by_digest.get_mut(&digest(name, mention.arguments))?.first(is_idle),
            None => self.by_name.get_mut(name)?.first(is_idle),
        });
        same.or_else(|| {
            // Keeps the time linear.
            const MOST_CALLS: usize = 100;
            // Frameworks add arguments of their own (LlamaIndex's `ctx`): the only call that waits for this tool.
            let waits = |at: &&usize| calls[**at].requested_in.is_some() && is_idle(**at);
            let queue = self.by_name.get(name).filter(|queue| queue.calls.len() <= MOST_CALLS)?;
            let mut waiting = queue.calls.iter().filter(waits);
            waiting.next().copied().filter(|_| waiting.next().is_none())
        })
    }

    /// A message holds a result.
    fn return_result(&mut self, placed: &PlacedMention<'_>) {
        let PlacedMention { span, mention, .. } = placed;
        let calls = &self.calls;
        let known = match (&mention.call_id, &mention.name) {
            (Some(id), _) => self.by_id.get(id).and_then(|known| known.last()).copied(),
            (None, Some(name)) => {
                self.unanswered.get_mut(name).and_then(|queue| queue.first(|at| calls[at].returned.is_none()))
            }
            (None, None) => None,
        };
        // Of a call that lies in another trace only the result is told.
        let at = match (known, &mention.call_id) {
            (Some(at), _) => at,
            (None, Some(_)) => self.add(placed, mention.name.as_deref(), 0),
            (None, None) => return,
        };
        let call = &mut self.calls[at];
        // Deeper spans come later in the order of the tree, and one out of which it came goes before one that was sent it.
        if call.returned.is_none_or(|owner| mention.came_out && (true, *span) > owner) {
            call.returned = Some((mention.came_out, *span));
        }
        if let (Some(text), None) = (&mention.failure, &call.failure) {
            call.failure = Some(CallFailure::Handled(text.clone()));
        }
    }
}

impl ToolCall {
    /// The span to which a failure belongs that was handed back as text: the tool's own where it gave it, else that of
    /// [`ToolCall::returned_in`].
    #[must_use]
    pub fn failed_in(&self) -> Option<usize> {
        self.span.or(self.returned_in())
    }
}
