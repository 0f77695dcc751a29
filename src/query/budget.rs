//! How long the searches of one pattern may take in all. A single search is bounded by steps, but a store has many texts.

use crate::limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What the searches of a pattern have cost so far. All copies of a pattern share it, on every thread.
#[derive(Clone, Debug, Default)]
pub(super) struct SearchBudget(Arc<BudgetSpent>);

#[derive(Debug, Default)]
struct BudgetSpent {
    /// Time beyond what is free, in nanoseconds.
    nanos: AtomicU64,
    /// Whether a text was not searched to its end.
    has_gaps: AtomicBool,
}

impl SearchBudget {
    /// Begins to search a text; `None` once the time is used up.
    pub(super) fn begin(&self, text: &str) -> Option<TimedSearch<'_>> {
        if self.is_spent() {
            self.add_gap();
            return None;
        }
        Some(TimedSearch {
            budget: self,
            free: limits::PATTERN_TIME_PER_BYTE * text.len() as u32,
            started: Instant::now(),
        })
    }

    /// Remembers that a text was not searched to its end.
    pub(super) fn add_gap(&self) {
        self.0.has_gaps.store(true, Ordering::Relaxed);
    }

    /// Whether something may not have been found.
    pub(super) fn has_gaps(&self) -> bool {
        self.0.has_gaps.load(Ordering::Relaxed)
    }

    /// Whether nothing more is searched.
    pub(super) fn is_spent(&self) -> bool {
        self.spent() > limits::PATTERN_TIME
    }

    /// Adds the cost of a search.
    pub(super) fn charge(&self, cost: Duration) {
        let nanos = u64::try_from(cost.as_nanos()).unwrap_or(u64::MAX);
        self.0.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    fn spent(&self) -> Duration {
        Duration::from_nanos(self.0.nanos.load(Ordering::Relaxed))
    }
}

/// A search in one text. What it takes is charged when it is dropped.
pub(super) struct TimedSearch<'a> {
    budget: &'a SearchBudget,
    free: Duration,
    started: Instant,
}

impl TimedSearch<'_> {
    /// Whether the time of all searches is used up by now.
    pub(super) fn is_over(&self) -> bool {
        self.budget.spent() + self.cost() > limits::PATTERN_TIME
    }

    fn cost(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.free)
    }
}

impl Drop for TimedSearch<'_> {
    fn drop(&mut self) {
        self.budget.charge(self.cost());
    }
}
