//! Runs that were recorded as several traces: a team without a span around it, or a loop of bare calls of a client.
//!
//! Nothing but the messages ties such traces together, so only what they prove is joined: a request that repeats, in order
//! and from the beginning, an earlier request *and its answer* goes on from it. Two runs that begin with the same prompt do
//! not: neither repeats an answer of the other.

use super::calls;
use super::identity::{Key, part_key};
use super::messages::{request_of_call, response_of_call};
use crate::message::{Message, Part};
use crate::model::Trace;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What is kept of a trace.
#[derive(Debug)]
struct Link {
    trace_id: String,
    start: i64,
    end: i64,
    /// For each beginning of the first request, the shortest first, what it is known by.
    beginnings: Vec<Key>,
    /// By what the last request with its answer is known; none where either is not there.
    end_key: Option<Key>,
}

/// Finds runs among traces.
#[derive(Debug, Default)]
pub struct Threads(Vec<Link>);

impl Threads {
    /// Adds a trace, whose spans need their payload. One that belongs to a session is none of a run that has to be found.
    pub fn add(&mut self, trace: &Trace) {
        let Some(spans) = trace.spans.as_ref().filter(|_| trace.info.session_id().is_none()) else { return };
        let usage = calls::of_spans(spans);
        let spans = &spans.list;
        let started = |call: &&[usize]| call.first().map(|at| spans[*at].start);
        let calls = || usage.llm_calls().map(|call| call.spans.as_slice());
        let (Some(first), Some(last)) = (calls().min_by_key(started), calls().max_by_key(started)) else { return };
        let mut hasher = DefaultHasher::new();
        let beginning = |key: Key| {
            key.hash(&mut hasher);
            hasher.finish()
        };
        let beginnings: Vec<Key> = keys(&request_of_call(spans, first)).map(beginning).collect();
        let (asked, answered) = (request_of_call(spans, last), response_of_call(spans, last));
        let is_whole = keys(&asked).next().is_some() && keys(&answered).next().is_some();
        let mut hasher = DefaultHasher::new();
        keys(&asked).chain(keys(&answered)).for_each(|key| key.hash(&mut hasher));
        let (start, end) =
            (spans.iter().map(|span| span.start.0).min(), spans.iter().filter_map(|span| span.end).max());
        self.0.push(Link {
            trace_id: trace.info.trace_id.clone(),
            start: start.unwrap_or_default(),
            end: end.map_or(i64::MAX, |end| end.0),
            beginnings,
            end_key: is_whole.then(|| hasher.finish()),
        });
    }

    /// The runs of several traces, each as the ids of its traces in their order.
    ///
    /// A trace goes on from the one whose request and answer it repeats the most of. Where several are alike to the letter, it
    /// goes on from the only one that nothing went on from yet; where there are more, nothing proves from which.
    #[must_use]
    pub fn runs(mut self) -> Vec<Vec<String>> {
        self.0.sort_by_key(|link| link.start);
        let mut by_end: HashMap<Key, Vec<usize>> = HashMap::new();
        let mut is_continued = vec![false; self.0.len()];
        let mut run_of: Vec<usize> = Vec::with_capacity(self.0.len());
        let mut runs: Vec<Vec<String>> = Vec::new();
        for (at, link) in self.0.iter().enumerate() {
            let candidates = |key: &Key| {
                let ended = by_end.get(key)?.iter().copied().filter(|before| self.0[*before].end <= link.start);
                let ended: Vec<usize> = ended.collect();
                (!ended.is_empty()).then_some(ended)
            };
            let longest = link.beginnings.iter().rev().find_map(candidates).unwrap_or_default();
            let open: Vec<usize> = longest.into_iter().filter(|before| !is_continued[*before]).collect();
            let run = if let [before] = open.as_slice() {
                is_continued[*before] = true;
                run_of[*before]
            } else {
                runs.push(Vec::new());
                runs.len() - 1
            };
            runs[run].push(link.trace_id.clone());
            run_of.push(run);
            if let Some(key) = link.end_key {
                by_end.entry(key).or_default().push(at);
            }
        }
        runs.retain(|run| run.len() > 1);
        runs
    }
}

/// The keys of messages' parts, whatever their speakers and roles: agents of a team receive each other's answers as
/// messages of a user. Instructions are each agent's own, and reasoning is not passed on.
fn keys(messages: &[Message]) -> impl Iterator<Item = Key> + '_ {
    let messages = messages.iter().filter(|message| !message.role.is_instruction());
    messages.flat_map(|message| {
        let parts = message.parts.iter().filter(|part| !matches!(part, Part::Reasoning(_)));
        parts.map(move |part| part_key(message, part))
    })
}
