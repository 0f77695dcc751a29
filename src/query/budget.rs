//! The total time budget of a pattern. A step limit bounds each search, but a store holds many texts to search.

use crate::limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The time spent on a pattern. All clones of the pattern share it, across threads.
#[derive(Clone, Debug, Default)]
pub(super) struct SearchBudget(Arc<BudgetSpent>);

#[derive(Debug, Default)]
struct BudgetSpent {
    /// The charged time in nanoseconds, beyond the free time per byte.
    nanos: AtomicU64,
    /// Whether some text was not searched completely.
    is_incomplete: AtomicBool,
}

impl SearchBudget {
    /// Starts to search a text; `None` once the budget is exhausted.
    pub(super) fn start_search(&self, text: &str) -> Option<TimedSearch<'_>> {
        if self.is_exhausted() {
            self.mark_incomplete();
            return None;
        }
        Some(TimedSearch {
            budget: self,
            free: limits::PATTERN_TIME_PER_BYTE * text.len() as u32,
            started: Instant::now(),
        })
    }

    /// Records that a text was not searched completely.
    pub(super) fn mark_incomplete(&self) {
        self.0.is_incomplete.store(true, Ordering::Relaxed);
    }

    /// Whether matches may have been missed.
    pub(super) fn is_incomplete(&self) -> bool {
        self.0.is_incomplete.load(Ordering::Relaxed)
    }

    /// Whether the budget is exhausted, so that no further text is searched.
    pub(super) fn is_exhausted(&self) -> bool {
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

/// A search of one text. Its time is charged on drop.
pub(super) struct TimedSearch<'a> {
    budget: &'a SearchBudget,
    free: Duration,
    started: Instant,
}

impl TimedSearch<'_> {
    /// Whether the budget is exhausted, including the time of this search.
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
