//! Compares two selections of traces: trace count, error rate, latency, tokens, cost, and failures that only one of
//! them has.

use crate::analysis::exceptions::{ExceptionGroup, ExceptionGroups, occurrences};
use crate::analysis::stats::{Stats, StatsSummary, percentile};
use crate::model::{Cost, Trace, TraceState, Zone};
use crate::reading::Reading;
use std::collections::{HashMap, HashSet};

/// Accumulates the traces of a selection.
#[derive(Debug)]
pub struct SetCollector {
    stats: Stats,
    in_progress: u64,
    llm_calls: u64,
    tool_calls: u64,
    tokens: Vec<f64>,
    traces_with_cost: u64,
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
            traces_with_cost: 0,
            groups: ExceptionGroups::default(),
        }
    }
}

impl SetCollector {
    /// Adds a trace, which must be loaded with spans and their exceptions.
    pub fn add(&mut self, trace: &Trace, reading: &Reading) {
        let usage = &reading.usage;
        self.stats.add(trace, usage);
        self.in_progress += u64::from(trace.info.state == TraceState::InProgress);
        self.llm_calls += usage.llm_calls().count() as u64;
        self.tokens.extend(usage.token_usage.as_ref().and_then(|usage| usage.total_tokens).map(|count| count as f64));
        self.traces_with_cost += u64::from(usage.cost.is_some_and(|cost| cost.total_cost.is_some()));
        self.tool_calls += reading.new_tool_calls().count() as u64;
        self.groups.add(occurrences(trace));
    }

    /// Returns the figures of all traces added.
    #[must_use]
    pub fn into_figures(mut self) -> SetFigures {
        self.tokens.sort_unstable_by(f64::total_cmp);
        SetFigures {
            in_progress: self.in_progress,
            llm_calls: self.llm_calls,
            tool_calls: self.tool_calls,
            median_tokens: percentile(&self.tokens, 50.0),
            failures: self.groups.sorted(),
            traces_with_cost: self.traces_with_cost,
            unpriced: std::mem::take(&mut self.stats.unpriced),
            stats: self.stats.sorted(1).total,
        }
    }
}

/// The figures of a selection.
#[derive(Debug)]
pub struct SetFigures {
    /// Trace count, error rate, latency, tokens and cost.
    pub stats: StatsSummary,
    /// Traces in progress: still running, or killed.
    pub in_progress: u64,
    /// Model calls.
    pub llm_calls: u64,
    /// Tool calls.
    pub tool_calls: u64,
    /// Median total tokens of the traces that have token counts.
    pub median_tokens: Option<f64>,
    /// Traces with a known cost.
    pub traces_with_cost: u64,
    /// Number of calls with tokens but without a known cost, by model.
    pub unpriced: HashMap<Option<String>, u64>,
    /// Failures, grouped.
    pub failures: Vec<ExceptionGroup>,
}

impl SetFigures {
    /// Returns the total cost.
    #[must_use]
    pub fn cost(&self) -> Option<Cost> {
        self.stats.usage.cost()
    }

    /// Returns the mean per trace; `None` without traces.
    fn per_trace(&self, sum: f64) -> Option<f64> {
        (self.stats.count > 0).then(|| sum / self.stats.count as f64)
    }
}

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// A whole number.
    Count,
    /// A mean per trace.
    Mean,
    /// A fraction from 0 to 1.
    Share,
    /// Milliseconds.
    Millis,
    /// US dollars.
    Dollars,
}

/// One figure of both selections.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The JSON key.
    pub key: &'static str,
    /// The name in text output.
    pub title: &'static str,
    /// The unit.
    pub unit: MetricUnit,
    /// Value in the first selection; `None` if unknown.
    pub a: Option<f64>,
    /// Value in the second selection; `None` if unknown.
    pub b: Option<f64>,
}

/// The figures of two selections.
#[derive(Debug)]
pub struct SetsDiff {
    /// The first selection.
    pub a: SetFigures,
    /// The second selection.
    pub b: SetFigures,
}

/// Reads a metric from the figures of a selection.
type MetricSource = fn(&SetFigures) -> Option<f64>;

/// All metrics, in display order: key, title, unit, source.
const METRICS: [(&str, &str, MetricUnit, MetricSource); 15] = [
    ("traces", "traces", MetricUnit::Count, |set| Some(set.stats.count as f64)),
    ("errors", "errors", MetricUnit::Count, |set| Some(set.stats.errors as f64)),
    ("error_rate", "error rate", MetricUnit::Share, |set| set.stats.error_rate()),
    ("in_progress", "in progress", MetricUnit::Count, |set| Some(set.in_progress as f64)),
    ("duration_p50_ms", "duration p50", MetricUnit::Millis, |set| set.stats.latency_ms.map(|at| at.p50)),
    ("duration_p95_ms", "duration p95", MetricUnit::Millis, |set| set.stats.latency_ms.map(|at| at.p95)),
    ("input_tokens", "input tokens", MetricUnit::Count, |set| token_count(set, 0)),
    ("output_tokens", "output tokens", MetricUnit::Count, |set| token_count(set, 1)),
    ("total_tokens", "total tokens", MetricUnit::Count, |set| token_count(set, 2)),
    ("median_total_tokens", "tokens per trace, median", MetricUnit::Count, |set| set.median_tokens),
    ("total_cost", "cost", MetricUnit::Dollars, |set| set.cost()?.total_cost),
    ("mean_cost", "cost per trace, mean", MetricUnit::Dollars, |set| {
        Some(set.cost()?.total_cost? / set.traces_with_cost.max(1) as f64)
    }),
    ("unpriced_calls", "calls without a price", MetricUnit::Count, |set| {
        Some(set.unpriced.values().sum::<u64>() as f64)
    }),
    ("mean_llm_calls", "LLM calls per trace, mean", MetricUnit::Mean, |set| set.per_trace(set.llm_calls as f64)),
    ("mean_tool_calls", "tool calls per trace, mean", MetricUnit::Mean, |set| set.per_trace(set.tool_calls as f64)),
];

/// Returns the input (0), output (1) or total (2) tokens.
fn token_count(set: &SetFigures, index: usize) -> Option<f64> {
    let (input, output, total) = set.stats.usage.token_usage.as_ref()?.counts();
    [input, output, total][index].map(|count| count as f64)
}

impl SetsDiff {
    /// Returns all metrics of both selections.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        let metric = |(key, title, unit, read): (_, _, _, MetricSource)| Metric {
            key,
            title,
            unit,
            a: read(&self.a),
            b: read(&self.b),
        };
        METRICS.into_iter().map(metric).collect()
    }

    /// Key, title and unit of all metrics.
    #[cfg(test)]
    pub(crate) fn metric_kinds() -> impl Iterator<Item = (&'static str, &'static str, MetricUnit)> {
        METRICS.into_iter().map(|(key, title, unit, _)| (key, title, unit))
    }

    /// Returns the failures that only the second selection has.
    #[must_use]
    pub fn new_failures(&self) -> Vec<&ExceptionGroup> {
        failures_only_in(&self.b, &self.a)
    }

    /// Returns the failures that only the first selection has.
    #[must_use]
    pub fn gone_failures(&self) -> Vec<&ExceptionGroup> {
        failures_only_in(&self.a, &self.b)
    }

    /// Whether the second selection has a new failure or a higher error rate. Also true if either selection is empty,
    /// because the error rate is then unknown.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        match (self.a.stats.error_rate(), self.b.stats.error_rate()) {
            (Some(a), Some(b)) => b > a || !self.new_failures().is_empty(),
            _ => true,
        }
    }
}

fn failures_only_in<'a>(set: &'a SetFigures, other: &SetFigures) -> Vec<&'a ExceptionGroup> {
    let known: HashSet<u64> = other.failures.iter().map(|group| group.fingerprint).collect();
    set.failures.iter().filter(|group| !known.contains(&group.fingerprint)).collect()
}
