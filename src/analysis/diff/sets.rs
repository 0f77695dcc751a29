//! Two selections of traces side by side: how many, how often wrong, how long, how much, and what failed in one of them only.

use crate::analysis::exceptions::{ExceptionGroup, ExceptionGroups, occurrences};
use crate::analysis::stats::{Stats, StatsSummary, percentile};
use crate::model::{Cost, Trace, TraceState, Zone};
use crate::reading::Reading;
use std::collections::{HashMap, HashSet};

/// The traces of a selection, one by one.
#[derive(Debug)]
pub struct SetCollector {
    stats: Stats,
    in_progress: u64,
    llm_calls: u64,
    tool_calls: u64,
    tokens: Vec<f64>,
    with_cost: u64,
    groups: ExceptionGroups,
}

impl Default for SetCollector {
    fn default() -> Self {
        let stats = Stats::new(Vec::new(), Zone::Utc, false);
        Self {
            stats,
            in_progress: 0,
            llm_calls: 0,
            tool_calls: 0,
            tokens: Vec::new(),
            with_cost: 0,
            groups: ExceptionGroups::default(),
        }
    }
}

impl SetCollector {
    /// Adds a trace with its spans and the exceptions of these.
    pub fn add(&mut self, trace: &Trace, reading: &Reading) {
        let usage = &reading.usage;
        self.stats.add(trace, usage);
        self.in_progress += u64::from(trace.info.state == TraceState::InProgress);
        self.llm_calls += usage.llm_calls().count() as u64;
        self.tokens.extend(usage.token_usage.as_ref().and_then(|usage| usage.total_tokens).map(|count| count as f64));
        self.with_cost += u64::from(usage.cost.is_some_and(|cost| cost.total_cost.is_some()));
        self.tool_calls += reading.new_tool_calls().count() as u64;
        self.groups.add(occurrences(trace));
    }

    /// What they come to.
    #[must_use]
    pub fn figures(mut self) -> SetFigures {
        self.tokens.sort_unstable_by(f64::total_cmp);
        SetFigures {
            in_progress: self.in_progress,
            llm_calls: self.llm_calls,
            tool_calls: self.tool_calls,
            median_tokens: percentile(&self.tokens, 50.0),
            failures: self.groups.sorted(),
            with_cost: self.with_cost,
            unpriced: std::mem::take(&mut self.stats.unpriced),
            told: self.stats.sorted(1).total,
        }
    }
}

/// What the traces of a selection come to.
#[derive(Debug)]
pub struct SetFigures {
    /// How many, how often wrong, how long, how much.
    pub told: StatsSummary,
    /// How many are running, or were killed.
    pub in_progress: u64,
    /// How many calls of models they made.
    pub llm_calls: u64,
    /// How many calls of tools.
    pub tool_calls: u64,
    /// Half of those with tokens have no more of them.
    pub median_tokens: Option<f64>,
    /// How many have a cost that is known.
    pub with_cost: u64,
    /// Calls with tokens whose cost nobody knows, by model.
    pub unpriced: HashMap<Option<String>, u64>,
    /// What failed, like ones together.
    pub failures: Vec<ExceptionGroup>,
}

impl SetFigures {
    /// The cost of all.
    #[must_use]
    pub fn cost(&self) -> Option<Cost> {
        self.told.used.cost()
    }

    /// A figure of all for each trace; none of no traces.
    fn each(&self, sum: f64) -> Option<f64> {
        (self.told.count > 0).then(|| sum / self.told.count as f64)
    }
}

/// In what a metric is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// Whole things.
    Count,
    /// Things for each trace.
    Mean,
    /// A share of all.
    Share,
    /// Milliseconds.
    Millis,
    /// US dollars.
    Dollars,
}

/// A figure of both selections.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The key of the JSON output.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// In what it is counted.
    pub unit: MetricUnit,
    /// That of the first selection; none where it is unknown.
    pub a: Option<f64>,
    /// That of the second one.
    pub b: Option<f64>,
}

/// Two selections side by side.
#[derive(Debug)]
pub struct SetsDiff {
    /// The first selection.
    pub a: SetFigures,
    /// The second selection.
    pub b: SetFigures,
}

/// A figure of a selection.
type MetricSource = fn(&SetFigures) -> Option<f64>;

/// All figures: key, name, unit and where it comes from.
const METRICS: [(&str, &str, MetricUnit, MetricSource); 15] = [
    ("traces", "traces", MetricUnit::Count, |of| Some(of.told.count as f64)),
    ("errors", "errors", MetricUnit::Count, |of| Some(of.told.errors as f64)),
    ("error_rate", "error rate", MetricUnit::Share, |of| of.told.error_rate()),
    ("in_progress", "in progress", MetricUnit::Count, |of| Some(of.in_progress as f64)),
    ("duration_p50_ms", "duration p50", MetricUnit::Millis, |of| of.told.latency_ms.map(|at| at.p50)),
    ("duration_p95_ms", "duration p95", MetricUnit::Millis, |of| of.told.latency_ms.map(|at| at.p95)),
    ("input_tokens", "tokens in", MetricUnit::Count, |of| tokens(of, 0)),
    ("output_tokens", "tokens out", MetricUnit::Count, |of| tokens(of, 1)),
    ("total_tokens", "tokens", MetricUnit::Count, |of| tokens(of, 2)),
    ("median_total_tokens", "tokens of a trace, median", MetricUnit::Count, |of| of.median_tokens),
    ("total_cost", "cost", MetricUnit::Dollars, |of| of.cost()?.total_cost),
    ("mean_cost", "cost of a trace, mean", MetricUnit::Dollars, |of| {
        Some(of.cost()?.total_cost? / of.with_cost.max(1) as f64)
    }),
    ("unpriced", "calls without a price", MetricUnit::Count, |of| Some(of.unpriced.values().sum::<u64>() as f64)),
    ("mean_llm_calls", "LLM calls of a trace, mean", MetricUnit::Mean, |of| of.each(of.llm_calls as f64)),
    ("mean_tool_calls", "tool calls of a trace, mean", MetricUnit::Mean, |of| of.each(of.tool_calls as f64)),
];

fn tokens(of: &SetFigures, which: usize) -> Option<f64> {
    let (input, output, total) = of.told.used.token_usage.as_ref()?.figures();
    [input, output, total][which].map(|count| count as f64)
}

impl SetsDiff {
    /// The figures of both.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        let metric = |(key, title, unit, of): (_, _, _, MetricSource)| Metric {
            key,
            title,
            unit,
            a: of(&self.a),
            b: of(&self.b),
        };
        METRICS.into_iter().map(metric).collect()
    }

    /// What failed in the second selection only.
    #[must_use]
    pub fn new_failures(&self) -> Vec<&ExceptionGroup> {
        only(&self.b, &self.a)
    }

    /// What failed in the first selection only.
    #[must_use]
    pub fn gone_failures(&self) -> Vec<&ExceptionGroup> {
        only(&self.a, &self.b)
    }

    /// Whether something fails in the second selection that did not in the first, or traces fail more often; and where one of
    /// them is empty, so that nobody can tell.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        match (self.a.told.error_rate(), self.b.told.error_rate()) {
            (Some(a), Some(b)) => b > a || !self.new_failures().is_empty(),
            _ => true,
        }
    }
}

fn only<'a>(of: &'a SetFigures, other: &SetFigures) -> Vec<&'a ExceptionGroup> {
    let known: HashSet<u64> = other.failures.iter().map(|group| group.fingerprint).collect();
    of.failures.iter().filter(|group| !known.contains(&group.fingerprint)).collect()
}
