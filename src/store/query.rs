//! Queries: which traces a store returns, in which order, and how much of them.

use super::order::Order;
use super::projection::Projection;
use crate::model::Experiment;
use crate::query::Filter;
use std::collections::HashMap;

/// How much of the result of a query the caller reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPlan {
    /// How many traces the caller is likely to read, for the size of pages; `None` if all.
    pub expected: Option<usize>,
    /// Whether to count all matching traces, if that is cheap.
    pub counts_matches: bool,
}

impl ReadPlan {
    /// All traces.
    pub const ALL: Self = Self { expected: None, counts_matches: false };

    /// Probably only the first traces, `expected` of them.
    #[must_use]
    pub const fn first(expected: usize) -> Self {
        Self { expected: Some(expected), counts_matches: false }
    }
}

/// A query: which traces to load, in which order, and which parts of them.
#[derive(Clone, Debug)]
pub struct Query {
    /// The experiments to search.
    pub experiments: Vec<Experiment>,
    /// The conditions that traces must match.
    pub filter: Filter,
    /// The sort order.
    pub order: Order,
    /// What to load of each trace.
    pub projection: Projection,
    /// How much of the result the caller reads.
    pub plan: ReadPlan,
    /// If known, the ids of the only traces that can match a condition on an assessment.
    pub candidates: Option<Vec<String>>,
}

impl Query {
    /// Selects the records of all traces of some experiments, newest first.
    #[must_use]
    pub fn newest(experiments: Vec<Experiment>) -> Self {
        Self {
            experiments,
            filter: Filter::default(),
            order: Order::NEWEST,
            projection: Projection::RECORDS,
            plan: ReadPlan::ALL,
            candidates: None,
        }
    }

    /// Returns the names of the experiments by id.
    pub(super) fn experiment_names(&self) -> HashMap<&str, &str> {
        self.experiments.iter().map(|experiment| (&*experiment.experiment_id, &*experiment.name)).collect()
    }
}
