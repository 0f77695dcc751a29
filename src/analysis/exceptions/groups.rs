//! Similar failures of many traces, grouped by fingerprint.

use super::{Failure, trace_failures};
use crate::analysis::pattern::{fingerprint, pattern};
use crate::model::{Timestamp, Trace};
use std::collections::HashMap;

/// A failure with its trace and span.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// The failure.
    pub failure: Failure,
    /// The id of the trace.
    pub trace_id: String,
    /// The name of the trace.
    pub trace_name: Option<String>,
    /// The experiment of the trace.
    pub experiment_id: String,
    /// The id of the span.
    pub span_id: String,
    /// The name of the span.
    pub span_name: String,
    /// The type of the span.
    pub span_type: String,
    /// Id and name of the span that recorded the cause.
    pub cause_span: Option<(String, String)>,
}

impl Occurrence {
    /// Returns the hash by which failures are grouped: of kind, classes, message patterns, file and function; and of
    /// the span name if there is neither class nor message.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let failure = &self.failure;
        let cause = failure.cause.as_ref();
        let patterns = [failure.message.as_deref(), cause.and_then(|cause| cause.message.as_deref())]
            .map(|message| message.map(pattern).unwrap_or_default());
        let origin = failure.origin.as_ref();
        let file = origin.map(|location| location.file.rsplit(['/', '\\']).next().unwrap_or_default());
        let types = [failure.exception_type.as_deref(), cause.and_then(|cause| cause.exception_type.as_deref())];
        // Names of notebooks and temporary files contain a number.
        let file = pattern(file.unwrap_or_default());
        let function = origin.and_then(|location| location.function.as_deref());
        let span = if failure.has_no_details() { pattern(&self.span_name) } else { String::new() };
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

/// Returns the failures of a trace, each with its trace and span.
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
    trace_failures(trace).into_iter().map(occurrence).collect()
}

/// A group of similar failures.
#[derive(Clone, Debug)]
pub struct ExceptionGroup {
    /// The fingerprint of all of them.
    pub fingerprint: u64,
    /// The newest occurrence.
    pub example: Occurrence,
    /// Number of occurrences.
    pub count: u64,
    /// Number of traces with an occurrence.
    pub traces: u64,
    /// Time of the first occurrence.
    pub first: Timestamp,
    /// Time of the last occurrence.
    pub last: Timestamp,
}

impl From<Occurrence> for ExceptionGroup {
    fn from(example: Occurrence) -> Self {
        let (fingerprint, time) = (example.fingerprint(), example.failure.time);
        Self { fingerprint, example, count: 1, traces: 1, first: time, last: time }
    }
}

/// Groups of similar failures over many traces.
#[derive(Debug, Default)]
pub struct ExceptionGroups(HashMap<u64, ExceptionGroup>);

impl ExceptionGroups {
    /// Adds the failures of a trace.
    pub fn add(&mut self, occurrences: Vec<Occurrence>) {
        let mut seen: Vec<u64> = Vec::new();
        for single in occurrences.into_iter().map(ExceptionGroup::from) {
            let is_new_trace = !seen.contains(&single.fingerprint);
            seen.push(single.fingerprint);
            match self.0.get_mut(&single.fingerprint) {
                None => {
                    self.0.insert(single.fingerprint, single);
                }
                Some(group) => {
                    group.count += 1;
                    group.traces += u64::from(is_new_trace);
                    group.first = group.first.min(single.first);
                    if single.last > group.last {
                        (group.last, group.example) = (single.last, single.example);
                    }
                }
            }
        }
    }

    /// Returns the groups in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &ExceptionGroup> {
        self.0.values()
    }

    /// Returns the groups, most frequent first, then newest first.
    #[must_use]
    pub fn sorted(self) -> Vec<ExceptionGroup> {
        let mut groups: Vec<ExceptionGroup> = self.0.into_values().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse((group.count, group.last)), group.fingerprint));
        groups
    }
}
