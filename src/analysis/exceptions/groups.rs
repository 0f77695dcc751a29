//! Failures of many traces by what they have in common.

use super::{Failure, of_trace};
use crate::analysis::pattern::{fingerprint, pattern};
use crate::model::{Timestamp, Trace};
use std::collections::HashMap;

/// A failure with what tells its trace and span.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// The failure.
    pub failure: Failure,
    /// The trace.
    pub trace_id: String,
    /// Its name.
    pub trace_name: Option<String>,
    /// The experiment that it is in.
    pub experiment_id: String,
    /// The span.
    pub span_id: String,
    /// Its name.
    pub span_name: String,
    /// Its type.
    pub span_type: String,
    /// The span that recorded the cause: its id and its name.
    pub cause_span: Option<(String, String)>,
}

impl Occurrence {
    /// What failures of one kind share. Where nothing is told of them, that is the span.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let failure = &self.failure;
        let cause = failure.cause.as_ref();
        let patterns = [failure.message.as_deref(), cause.and_then(|cause| cause.message.as_deref())]
            .map(|message| message.map(pattern).unwrap_or_default());
        let origin = failure.origin.as_ref();
        let file = origin.map(|place| place.file.rsplit(['/', '\\']).next().unwrap_or_default());
        let types = [failure.exception_type.as_deref(), cause.and_then(|cause| cause.exception_type.as_deref())];
        // Notebooks and temporary files have a number in their name.
        let file = pattern(file.unwrap_or_default());
        let function = origin.and_then(|place| place.function.as_deref());
        let span = if failure.says_nothing() { pattern(&self.span_name) } else { String::new() };
        let parts = [
            Some(failure.kind.as_str()),
            types[0],
            types[1],
            Some(&patterns[0]),
            Some(&patterns[1]),
            Some(&file),
            function,
            Some(&span),
        ];
        fingerprint(parts.map(Option::unwrap_or_default))
    }
}

/// The failures of a trace with all that tells where they are.
#[must_use]
pub fn occurrences(trace: &Trace) -> Vec<Occurrence> {
    let spans = trace.span_list();
    let named = |at: usize| (spans[at].id.as_str().to_owned(), spans[at].name.clone());
    let occurrence = |failure: Failure| {
        let (span_id, span_name) = named(failure.span);
        Occurrence {
            trace_id: trace.info.trace_id.clone(),
            trace_name: trace.info.display_name().map(str::to_owned),
            experiment_id: trace.info.experiment_id.clone(),
            span_id,
            span_name,
            span_type: spans[failure.span].span_type.as_str().to_owned(),
            cause_span: failure.cause.as_ref().and_then(|cause| cause.span).map(named),
            failure,
        }
    };
    of_trace(trace).into_iter().map(occurrence).collect()
}

/// Failures that are alike.
#[derive(Clone, Debug)]
pub struct ExceptionGroup {
    /// What they share.
    pub fingerprint: u64,
    /// The newest.
    pub example: Occurrence,
    /// How many there are.
    pub count: u64,
    /// In how many traces.
    pub traces: u64,
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

impl From<Occurrence> for ExceptionGroup {
    fn from(example: Occurrence) -> Self {
        let (fingerprint, time) = (example.fingerprint(), example.failure.time);
        Self { fingerprint, example, count: 1, traces: 1, first: time, last: time }
    }
}

/// The failures of many traces.
#[derive(Debug, Default)]
pub struct ExceptionGroups(HashMap<u64, ExceptionGroup>);

impl ExceptionGroups {
    /// Adds the failures of a trace.
    pub fn add(&mut self, occurrences: Vec<Occurrence>) {
        let mut seen: Vec<u64> = Vec::new();
        for one in occurrences.into_iter().map(ExceptionGroup::from) {
            let is_new_trace = !seen.contains(&one.fingerprint);
            seen.push(one.fingerprint);
            match self.0.get_mut(&one.fingerprint) {
                None => {
                    self.0.insert(one.fingerprint, one);
                }
                Some(group) => {
                    group.count += 1;
                    group.traces += u64::from(is_new_trace);
                    group.first = group.first.min(one.first);
                    if one.last > group.last {
                        (group.last, group.example) = (one.last, one.example);
                    }
                }
            }
        }
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &ExceptionGroup> {
        self.0.values()
    }

    /// The most frequent first, of equal ones the newest.
    #[must_use]
    pub fn sorted(self) -> Vec<ExceptionGroup> {
        let mut groups: Vec<ExceptionGroup> = self.0.into_values().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse((group.count, group.last)), group.fingerprint));
        groups
    }
}
