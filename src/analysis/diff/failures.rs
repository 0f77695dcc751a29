//! Failures that differ between two traces.

use super::ids::mask_ids;
use crate::analysis::exceptions::{self, Failure};
use crate::model::Trace;
use std::collections::{HashMap, HashSet};

/// The failures of a trace.
#[derive(Debug)]
pub(super) struct TraceFailures {
    by_span: HashMap<usize, Vec<Failure>>,
    /// Spans whose failure is explained by a reported one.
    explained: HashSet<usize>,
}

impl TraceFailures {
    pub(super) fn from_trace(trace: &Trace) -> Self {
        let mut of_span: HashMap<usize, Vec<Failure>> = HashMap::new();
        for failure in exceptions::trace_failures(trace) {
            of_span.entry(failure.span).or_default().push(failure);
        }
        Self { by_span: of_span, explained: HashSet::new() }
    }

    /// Returns the failures of a span.
    pub(super) fn for_span(&self, span: usize) -> &[Failure] {
        self.by_span.get(&span).map_or(&[], Vec::as_slice)
    }

    /// Marks the spans that failed because of a span's reported failures: its ancestors, and the path up from each
    /// cause.
    pub(super) fn mark_explained(&mut self, span: usize, parents: &[Option<usize>]) {
        let causes = self.for_span(span).iter().filter_map(|failure| failure.cause.as_ref()?.span);
        let starts: Vec<usize> = causes.chain([span]).collect();
        for start in starts {
            let mut at = Some(start);
            // All ancestors of an explained span are explained.
            while let Some(span) = at.filter(|span| self.explained.insert(*span)) {
                at = parents[span];
            }
        }
    }

    /// Whether a reported failure explains why a span failed.
    pub(super) fn is_explained(&self, span: usize) -> bool {
        self.explained.contains(&span)
    }
}

/// The failure in the first and in the second trace; `None` if only the other has one.
pub(super) type ChangedFailure<'a> = [Option<&'a Failure>; 2];

/// Returns the failures that differ between two spans, paired in order.
pub(super) fn changed<'a>(a: &'a [Failure], b: &'a [Failure]) -> Vec<ChangedFailure<'a>> {
    let key = |failure: &Failure| (failure.kind.as_str(), mask_ids(&failure.title()));
    let mut only_in_a: Vec<&Failure> = a.iter().collect();
    let mut only_in_b: Vec<&Failure> = Vec::new();
    for failure in b {
        match only_in_a.iter().position(|known| key(known) == key(failure)) {
            Some(place) => drop(only_in_a.remove(place)),
            None => only_in_b.push(failure),
        }
    }
    let count = only_in_a.len().max(only_in_b.len());
    (0..count).map(|at| [only_in_a.get(at).copied(), only_in_b.get(at).copied()]).collect()
}
