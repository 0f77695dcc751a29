//! Runs that were recorded as several traces: a team without a span around it, or a loop of bare calls of a client.
//!
//! Nothing but the messages ties such traces together, so only what they prove is joined: a request that repeats, in order
//! and from the beginning, an earlier request *and its answer* goes on from it. Two runs that begin with the same prompt do
//! not: neither repeats an answer of the other.

use super::identity::{PartHash, part_key};
use super::messages::{request_of_call, response_of_call};
use super::totals;
use crate::message::{Message, Part};
use crate::model::Trace;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// How a request repeats an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repetition {
    /// Part for part.
    Exact,
    /// By another agent of a team, which received the result of a tool as the answer of the agent that called it (AutoGen
    /// without `reflect_on_tool_use`).
    ResultsAsText,
    /// By another agent of a team, which received the answers only.
    WithoutTools,
}

const REPETITIONS: [Repetition; 3] = [Repetition::Exact, Repetition::ResultsAsText, Repetition::WithoutTools];

/// What is kept of a trace.
#[derive(Debug)]
struct ThreadEntry {
    trace_id: String,
    start: i64,
    end: i64,
    /// The hash of the instructions, which each agent has its own of.
    instructions: PartHash,
    /// For each of [`REPETITIONS`].
    keys: [LinkKeys; 3],
}

#[derive(Debug)]
struct LinkKeys {
    /// The hash of each beginning of the first request, the shortest first.
    beginnings: Vec<PartHash>,
    /// The hash of the last request with its answer; `None` where either is missing.
    end: Option<PartHash>,
}

/// Finds runs among traces.
#[derive(Debug, Default)]
pub struct Threads(Vec<ThreadEntry>);

impl Threads {
    /// Adds a trace, whose spans need their payload. One that belongs to a session is none of a run that has to be found.
    pub fn add(&mut self, trace: &Trace) {
        let Some(spans) = trace.spans.as_ref().filter(|_| trace.info.session_id().is_none()) else { return };
        let usage = totals::of_spans(spans);
        let spans = &spans.list;
        let started = |call: &&[usize]| call.first().map(|at| spans[*at].start);
        let calls = || usage.llm_calls().map(|call| call.spans.as_slice());
        let (Some(first), Some(last)) = (calls().min_by_key(started), calls().max_by_key(started)) else { return };
        let first = request_of_call(spans, first);
        let (asked, answered) = (request_of_call(spans, last), response_of_call(spans, last));
        let keys = REPETITIONS.map(|repetition| {
            let mut hasher = DefaultHasher::new();
            let beginning = |key: PartHash| {
                key.hash(&mut hasher);
                hasher.finish()
            };
            let beginnings = keys(&first, repetition).map(beginning).collect();
            let is_whole = keys(&asked, repetition).next().is_some() && keys(&answered, repetition).next().is_some();
            let mut hasher = DefaultHasher::new();
            keys(&asked, repetition).chain(keys(&answered, repetition)).for_each(|key| key.hash(&mut hasher));
            LinkKeys { beginnings, end: is_whole.then(|| hasher.finish()) }
        });
        let mut instructions = DefaultHasher::new();
        for message in first.iter().filter(|message| message.role.is_instruction()) {
            message.parts.iter().for_each(|part| part_key(message, part).hash(&mut instructions));
        }
        let (start, end) =
            (spans.iter().map(|span| span.start.0).min(), spans.iter().filter_map(|span| span.end).max());
        self.0.push(ThreadEntry {
            trace_id: trace.info.trace_id.clone(),
            start: start.unwrap_or_default(),
            end: end.map_or(i64::MAX, |end| end.0),
            instructions: instructions.finish(),
            keys,
        });
    }

    /// The runs of several traces, each as the ids of its traces in their order.
    ///
    /// A trace goes on from the one whose request and answer it repeats the most of; an agent of a team also from one of
    /// another agent, which joins what both went on from. Where several are alike to the letter, it goes on from the only one
    /// that nothing went on from yet; where there are more, nothing proves from which.
    #[must_use]
    pub fn runs(mut self) -> Vec<Vec<String>> {
        self.0.sort_by_key(|link| link.start);
        let mut by_end = REPETITIONS.map(|_| HashMap::<PartHash, Vec<usize>>::new());
        let mut is_continued = REPETITIONS.map(|_| vec![false; self.0.len()]);
        let mut run_of: Vec<usize> = Vec::with_capacity(self.0.len());
        for (at, link) in self.0.iter().enumerate() {
            run_of.push(at);
            for (nth, repetition) in REPETITIONS.into_iter().enumerate() {
                let is_meant = |before: &usize| {
                    let before = &self.0[*before];
                    let is_other_agent = before.instructions != link.instructions;
                    before.end <= link.start && (repetition == Repetition::Exact || is_other_agent)
                };
                let candidates = |key: &PartHash| {
                    let ended: Vec<usize> = by_end[nth].get(key)?.iter().copied().filter(is_meant).collect();
                    (!ended.is_empty()).then_some(ended)
                };
                let longest = link.keys[nth].beginnings.iter().rev().find_map(candidates).unwrap_or_default();
                let open: Vec<usize> = longest.into_iter().filter(|before| !is_continued[nth][*before]).collect();
                if let [before] = open.as_slice() {
                    is_continued[nth][*before] = true;
                    join(&mut run_of, *before, at);
                }
                if let Some(key) = link.keys[nth].end {
                    by_end[nth].entry(key).or_default().push(at);
                }
            }
        }
        let mut runs: Vec<Vec<String>> = vec![Vec::new(); self.0.len()];
        for (link, run) in self.0.into_iter().zip(run_of) {
            runs[run].push(link.trace_id);
        }
        runs.retain(|run| run.len() > 1);
        runs
    }
}

/// Joins the runs of two traces.
fn join(run_of: &mut [usize], a: usize, b: usize) {
    let (first, other) = (run_of[a].min(run_of[b]), run_of[a].max(run_of[b]));
    run_of.iter_mut().filter(|run| **run == other).for_each(|run| *run = first);
}

/// The keys of messages' parts, whatever their speakers and roles: agents of a team receive each other's answers as
/// messages of a user. Instructions are each agent's own, and reasoning is not passed on.
fn keys(messages: &[Message], repetition: Repetition) -> impl Iterator<Item = PartHash> + '_ {
    let messages = messages.iter().filter(|message| !message.role.is_instruction());
    messages.flat_map(move |message| {
        message.parts.iter().filter_map(move |part| match (part, repetition) {
            (Part::Reasoning(_), _) => None,
            (Part::ToolCall(_), Repetition::ResultsAsText | Repetition::WithoutTools) => None,
            (Part::ToolResult(_), Repetition::WithoutTools) => None,
            (Part::ToolResult(result), Repetition::ResultsAsText) => {
                Some(part_key(message, &Part::Text(result.words())))
            }
            (part, _) => Some(part_key(message, part)),
        })
    })
}
