//! Runs that were recorded as several traces: a team without a span around it, or a loop of plain client calls.
//!
//! Only their messages connect such traces, so traces are joined only on proof: a request continues an earlier one if
//! it starts with that request *and its response*, in order. Two runs that start with the same prompt are not joined,
//! because neither repeats a response of the other.

use super::identity::{PartHash, part_key};
use super::messages::{call_request, call_response};
use super::totals;
use crate::message::{Message, Part};
use crate::model::Trace;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// How a request repeats an earlier request and its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repetition {
    /// All parts are equal.
    Exact,
    /// Another agent of a team received the tool result as the response of the agent that called the tool (AutoGen
    /// without `reflect_on_tool_use`).
    ResultsAsText,
    /// Another agent of a team received the responses only.
    WithoutTools,
}

const REPETITIONS: [Repetition; 3] = [Repetition::Exact, Repetition::ResultsAsText, Repetition::WithoutTools];

/// What [`Threads`] stores of a trace.
#[derive(Debug)]
struct ThreadEntry {
    trace_id: String,
    /// Start of the first span, in nanoseconds since 1970.
    start: i64,
    /// End of the last span, in nanoseconds since 1970.
    end: i64,
    /// The hash of the instructions, which distinguishes agents.
    instructions: PartHash,
    /// One for each of [`REPETITIONS`].
    keys: [LinkKeys; 3],
}

#[derive(Debug)]
struct LinkKeys {
    /// The hash of each prefix of the first request, shortest first.
    prefixes: Vec<PartHash>,
    /// The hash of the last request followed by its response; `None` if either is missing.
    end: Option<PartHash>,
}

/// Finds runs of several traces.
#[derive(Debug, Default)]
pub struct RunFinder(Vec<ThreadEntry>);

impl RunFinder {
    /// Adds a trace, which must be loaded with payloads. A trace with a session is skipped: its run is known.
    pub fn add(&mut self, trace: &Trace) {
        let Some(spans) = trace.spans.as_ref().filter(|_| trace.info.session_id().is_none()) else { return };
        let usage = totals::spans_usage(spans);
        let spans = &spans.list;
        let started = |call: &&[usize]| call.first().map(|at| spans[*at].start);
        let calls = || usage.llm_calls().map(|call| call.spans.as_slice());
        let (Some(first), Some(last)) = (calls().min_by_key(started), calls().max_by_key(started)) else { return };
        let first = call_request(spans, first);
        let (asked, answered) = (call_request(spans, last), call_response(spans, last));
        let keys = REPETITIONS.map(|repetition| {
            let mut hasher = DefaultHasher::new();
            let prefix = |key: PartHash| {
                key.hash(&mut hasher);
                hasher.finish()
            };
            let prefixes = part_keys(&first, repetition).map(prefix).collect();
            let is_whole =
                part_keys(&asked, repetition).next().is_some() && part_keys(&answered, repetition).next().is_some();
            let mut hasher = DefaultHasher::new();
            part_keys(&asked, repetition).chain(part_keys(&answered, repetition)).for_each(|key| key.hash(&mut hasher));
            LinkKeys { prefixes, end: is_whole.then(|| hasher.finish()) }
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

    /// Returns the runs of two or more traces, each as trace ids ordered by start.
    ///
    /// A trace continues the trace whose last request and response are the longest prefix of its first request; in a
    /// team, it may also continue one of another agent, which joins both runs. Among candidates with equal messages it
    /// continues the only one that no trace continues yet; if there are several, it continues none.
    #[must_use]
    pub fn runs(mut self) -> Vec<Vec<String>> {
        self.0.sort_by_key(|entry| entry.start);
        let mut by_end = REPETITIONS.map(|_| HashMap::<PartHash, Vec<usize>>::new());
        let mut is_continued = REPETITIONS.map(|_| vec![false; self.0.len()]);
        let mut run_of: Vec<usize> = Vec::with_capacity(self.0.len());
        for (at, entry) in self.0.iter().enumerate() {
            run_of.push(at);
            for (nth, repetition) in REPETITIONS.into_iter().enumerate() {
                let is_eligible = |before: &usize| {
                    let before = &self.0[*before];
                    let is_other_agent = before.instructions != entry.instructions;
                    before.end <= entry.start && (repetition == Repetition::Exact || is_other_agent)
                };
                let candidates = |key: &PartHash| {
                    let ended: Vec<usize> = by_end[nth].get(key)?.iter().copied().filter(is_eligible).collect();
                    (!ended.is_empty()).then_some(ended)
                };
                let longest = entry.keys[nth].prefixes.iter().rev().find_map(candidates).unwrap_or_default();
                let open: Vec<usize> = longest.into_iter().filter(|before| !is_continued[nth][*before]).collect();
                if let [before] = open.as_slice() {
                    is_continued[nth][*before] = true;
                    join(&mut run_of, *before, at);
                }
                if let Some(key) = entry.keys[nth].end {
                    by_end[nth].entry(key).or_default().push(at);
                }
            }
        }
        let mut runs: Vec<Vec<String>> = vec![Vec::new(); self.0.len()];
        for (entry, run) in self.0.into_iter().zip(run_of) {
            runs[run].push(entry.trace_id);
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

/// Returns the hashes of the parts of messages, regardless of speaker and role: agents of a team receive each other's
/// responses as user messages. Instructions differ by agent and reasoning is not passed on, so both are skipped.
fn part_keys(messages: &[Message], repetition: Repetition) -> impl Iterator<Item = PartHash> + '_ {
    let messages = messages.iter().filter(|message| !message.role.is_instruction());
    messages.flat_map(move |message| {
        message.parts.iter().filter_map(move |part| match (part, repetition) {
            (Part::Reasoning(_), _) => None,
            (Part::ToolCall(_), Repetition::ResultsAsText | Repetition::WithoutTools) => None,
            (Part::ToolResult(_), Repetition::WithoutTools) => None,
            (Part::ToolResult(result), Repetition::ResultsAsText) => {
                Some(part_key(message, &Part::Text(result.text())))
            }
            (part, _) => Some(part_key(message, part)),
        })
    })
}
