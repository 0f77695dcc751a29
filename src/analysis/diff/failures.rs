//! What failed in one trace and not, or in another way, in the other.

use super::ids::normal;
use crate::analysis::exceptions::{self, Failure};
use crate::model::Trace;
use std::collections::{HashMap, HashSet};

/// The failures of a trace.
#[derive(Debug)]
pub(super) struct TraceFailures {
    of_span: HashMap<usize, Vec<Failure>>,
    /// Spans that failed because of a failure that is reported.
    explained: HashSet<usize>,
}

impl TraceFailures {
    pub(super) fn of(trace: &Trace) -> Self {
        let mut of_span: HashMap<usize, Vec<Failure>> = HashMap::new();
        for failure in exceptions::of_trace(trace) {
            of_span.entry(failure.span).or_default().push(failure);
        }
        Self { of_span, explained: HashSet::new() }
    }

    /// The failures of a span.
    pub(super) fn at(&self, span: usize) -> &[Failure] {
        self.of_span.get(&span).map_or(&[], Vec::as_slice)
    }

    /// The failures of a span are reported: they explain why those above failed, and those through which a cause came.
    pub(super) fn explain(&mut self, span: usize, parents: &[Option<usize>]) {
        let causes = self.at(span).iter().filter_map(|failure| failure.cause.as_ref()?.span);
        let starts: Vec<usize> = causes.chain([span]).collect();
        for start in starts {
            let mut at = Some(start);
            // Above a span that is explained all are.
            while let Some(span) = at.filter(|span| self.explained.insert(*span)) {
                at = parents[span];
            }
        }
    }

    /// Whether a failure that is reported explains why a span failed.
    pub(super) fn is_explained(&self, span: usize) -> bool {
        self.explained.contains(&span)
    }
}

/// A failure of one span, of the other, or one in place of another.
pub(super) type ChangedFailure<'a> = [Option<&'a Failure>; 2];

/// Failures that only one of two spans has, and pairs of those that took the place of another.
pub(super) fn changed<'a>(a: &'a [Failure], b: &'a [Failure]) -> Vec<ChangedFailure<'a>> {
    let key = |failure: &Failure| (failure.kind.as_str(), normal(&failure.title()));
    let mut open: Vec<&Failure> = a.iter().collect();
    let mut new: Vec<&Failure> = Vec::new();
    for failure in b {
        match open.iter().position(|known| key(known) == key(failure)) {
            Some(place) => drop(open.remove(place)),
            None => new.push(failure),
        }
    }
    let count = open.len().max(new.len());
    (0..count).map(|at| [open.get(at).copied(), new.get(at).copied()]).collect()
}
