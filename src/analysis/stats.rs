//! Request count, error rate, latency, tokens and cost of traces or their calls, in groups.

use super::groups::{self, GroupMap};
use super::key::{self, GroupKey, GroupValues, KeyFields};
use super::usage::{TraceUsage, UsageGroup};
use crate::model::{Cost, Span, SpanStatus, TokenUsage, Trace, TraceInfo, TraceState, Zone};
use crate::reading::{RowKind, UsageRow};
use std::collections::HashMap;

/// The unit that statistics count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatsUnit {
    /// Traces.
    Traces,
    /// Model calls.
    Calls,
    /// All spans.
    Spans,
}

impl StatsUnit {
    /// The name in JSON and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Calls => "calls",
            Self::Spans => "spans",
        }
    }
}

/// Values collected from some traces, calls or spans.
#[derive(Clone, Debug, Default)]
pub struct StatsAccumulator {
    /// Number of traces, calls or spans.
    pub count: u64,
    /// Number that failed.
    pub errors: u64,
    /// Durations in milliseconds of those that ended.
    pub latencies: Vec<f64>,
    /// Milliseconds to the first chunk of each streamed response.
    pub first_tokens: Vec<f64>,
    /// Start times in milliseconds since 1970.
    pub times: Vec<i64>,
    /// Tokens and cost.
    pub usage: UsageGroup,
}

impl StatsAccumulator {
    /// Adds a span, which may be a call, with its duration in milliseconds.
    fn add_span(&mut self, span: &Span, duration_ms: Option<f64>, first_token: Option<f64>) {
        self.count += 1;
        self.errors += u64::from(span.status == SpanStatus::Error);
        self.latencies.extend(duration_ms);
        self.first_tokens.extend(first_token);
        self.times.push(span.start.millis());
    }

    fn merge(&mut self, more: Self) {
        self.count += more.count;
        self.errors += more.errors;
        self.latencies.extend(more.latencies);
        self.first_tokens.extend(more.first_tokens);
        self.times.extend(more.times);
        self.usage.add_usage(&more.usage);
    }

    /// Summarizes the values. `range` = the first and last start time in the whole selection.
    fn summarize(mut self, range: Option<(i64, i64)>) -> StatsSummary {
        StatsSummary {
            count: self.count,
            errors: self.errors,
            latency_ms: Percentiles::from_values(&mut self.latencies),
            first_token_ms: Percentiles::from_values(&mut self.first_tokens),
            over_time: range.map_or_else(Vec::new, |(first, last)| histogram(&self.times, first, last, HISTOGRAM_BINS)),
            unpriced: Some(self.usage.unpriced),
            usage: self.usage,
        }
    }
}

/// Number of time intervals in a histogram.
const HISTOGRAM_BINS: usize = 12;

/// Statistics of some traces, calls or spans.
#[derive(Clone, Debug, Default)]
pub struct StatsSummary {
    /// Number of traces, calls or spans.
    pub count: u64,
    /// Number that failed.
    pub errors: u64,
    /// Durations in milliseconds.
    pub latency_ms: Option<Percentiles>,
    /// Milliseconds to the first chunk of a streamed response.
    pub first_token_ms: Option<Percentiles>,
    /// Number that started in each time interval; empty if unknown.
    pub over_time: Vec<u64>,
    /// Tokens and cost.
    pub usage: UsageGroup,
    /// Number with tokens and no known cost; `None` if that was not counted.
    pub unpriced: Option<u64>,
}

impl StatsSummary {
    /// Returns the share that failed; `None` if nothing was counted.
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        (self.count > 0).then(|| self.errors as f64 / self.count as f64)
    }

    /// Adds another summary. Percentiles and histogram are dropped, as they cannot be merged.
    pub fn merge(&mut self, more: &Self) {
        self.count += more.count;
        self.errors += more.errors;
        (self.latency_ms, self.first_token_ms, self.over_time) = (None, None, Vec::new());
        self.usage.add_usage(&more.usage);
        self.unpriced = self.unpriced.zip(more.unpriced).map(|(unpriced, more)| unpriced + more);
    }
}

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
}

impl Percentiles {
    /// Sorts the values and returns their percentiles; `None` without values.
    fn from_values(values: &mut [f64]) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let at = |percent| percentile(values, percent);
        Some(Self { p50: at(50.0)?, p90: at(90.0)?, p95: at(95.0)?, p99: at(99.0)? })
    }
}

/// Returns a percentile of sorted values, interpolated linearly around index `percent / 100 * (n - 1)`, as MLflow's
/// metrics do (3.9 and later, `store/db/utils.py`, the aggregate it registers with SQLite; also NumPy's default).
/// `None` without values.
#[must_use]
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let index = percent / 100.0 * last as f64;
    let below = index.floor();
    let (low, high) = (sorted[below as usize], sorted[(below as usize + 1).min(last)]);
    // In MLflow's order of operations, so that the last digits agree.
    Some(low + (index - below) * (high - low))
}

/// Statistics of a stream of traces, in groups.
#[derive(Debug)]
pub struct Stats {
    /// The grouping keys; without any, everything is in one group.
    pub keys: Vec<GroupKey>,
    /// The unit counted.
    pub unit: StatsUnit,
    groups: GroupMap<StatsAccumulator>,
    /// All groups together.
    pub total: StatsAccumulator,
    /// Whether to count as MLflow's own metrics do.
    is_mlflow_compatible: bool,
    /// Number of calls with tokens inside other calls with tokens. Both are counted, as MLflow does.
    pub nested: u64,
    /// Number of calls with tokens and no known price, by model.
    pub unpriced: HashMap<Option<String>, u64>,
}

impl Stats {
    /// Creates empty statistics. `is_mlflow_compatible` = count every span with tokens as a call, and of traces only
    /// the recorded totals.
    #[must_use]
    pub fn new(keys: Vec<GroupKey>, zone: Zone, is_mlflow_compatible: bool) -> Self {
        let unit = if keys.contains(&GroupKey::Span) {
            StatsUnit::Spans
        } else if keys.iter().any(GroupKey::is_per_call) {
            StatsUnit::Calls
        } else {
            StatsUnit::Traces
        };
        let (groups, unpriced) = (GroupMap::new(keys.clone(), zone, true), HashMap::new());
        Self { keys, unit, groups, total: StatsAccumulator::default(), is_mlflow_compatible, nested: 0, unpriced }
    }

    /// Adds a trace from its record, without spans.
    pub fn add_record(&mut self, info: &TraceInfo) {
        self.add_trace(info, info.recorded_usage.as_ref(), info.cost, &[]);
    }

    /// Adds a trace with its spans.
    pub fn add(&mut self, trace: &Trace, usage: &TraceUsage) {
        match self.unit {
            StatsUnit::Traces => {
                let first_tokens: Vec<f64> = trace.span_list().iter().filter_map(first_token).collect();
                let info = &trace.info;
                if self.is_mlflow_compatible {
                    self.add_trace(info, info.recorded_usage.as_ref(), info.cost, &first_tokens);
                    return;
                }
                self.add_trace(info, usage.token_usage.as_ref(), usage.cost, &first_tokens);
                self.add_unpriced(trace, usage);
            }
            StatsUnit::Calls | StatsUnit::Spans if self.is_mlflow_compatible => self.add_spans_as_mlflow(trace, usage),
            StatsUnit::Calls => self.add_calls(trace, usage),
            StatsUnit::Spans => self.add_spans(trace, usage),
        }
    }

    fn add_unpriced(&mut self, trace: &Trace, usage: &TraceUsage) {
        for row in usage.unpriced_rows() {
            *self.unpriced.entry(row.model(trace.span_list()).map(str::to_owned)).or_default() += 1;
        }
    }

    fn add_trace(&mut self, info: &TraceInfo, usage: Option<&TokenUsage>, cost: Option<Cost>, first_tokens: &[f64]) {
        let is_unpriced = cost.is_none() && usage.is_some_and(TokenUsage::has_tokens);
        for sum in [self.groups.entry(info, None), &mut self.total] {
            sum.count += 1;
            sum.errors += u64::from(info.state == TraceState::Error);
            sum.latencies.extend(info.execution_duration_ms.map(|millis| millis as f64));
            sum.first_tokens.extend_from_slice(first_tokens);
            sum.times.push(info.request_time.millis());
            sum.usage.add(usage, cost.as_ref(), is_unpriced);
        }
    }

    /// Counts each call once. Usage that carriers and the record have beyond the calls adds to tokens and cost only.
    fn add_calls(&mut self, trace: &Trace, usage: &TraceUsage) {
        self.add_unpriced(trace, usage);
        let (spans, agents) = (trace.span_list(), key::agents(&self.keys, trace, usage));
        for row in &usage.rows {
            let group = self.groups.index_for(&trace.info, Some(&KeyFields::from_row(row, spans, &agents)));
            for sum in [self.groups.get_mut(group), &mut self.total] {
                if let (true, Some(outermost)) = (row.kind != RowKind::Remainder, row.spans.first()) {
                    let span = &spans[*outermost];
                    sum.add_span(span, span.duration_ms(), call_first_token(row, spans));
                }
                sum.usage.add(row.token_usage.as_ref(), row.cost.as_ref(), row.is_unpriced);
            }
        }
    }

    /// Counts each span. Tokens and cost of a call or remainder go to the span that represents it.
    fn add_spans(&mut self, trace: &Trace, usage: &TraceUsage) {
        self.add_unpriced(trace, usage);
        let (spans, agents) = (trace.span_list(), key::agents(&self.keys, trace, usage));
        let row_of_span = usage.rows_of_spans(spans.len());
        let counted = |at: usize| row_of_span[at].map(|row| &usage.rows[row]).filter(|row| row.span == Some(at));
        let record_row = usage.rows.iter().find(|row| row.span.is_none());
        let all = (0..spans.len()).map(|at| (Some(at), counted(at))).chain(record_row.map(|row| (None, Some(row))));
        for (at, row) in all {
            let fields = at.map_or_else(KeyFields::default, |at| KeyFields::from_span(at, spans, &agents));
            let group = self.groups.index_for(&trace.info, Some(&fields));
            for sum in [self.groups.get_mut(group), &mut self.total] {
                if let Some(at) = at {
                    sum.add_span(&spans[at], spans[at].duration_ms(), first_token(&spans[at]));
                }
                if let Some(row) = row {
                    sum.usage.add(row.token_usage.as_ref(), row.cost.as_ref(), row.is_unpriced);
                }
            }
        }
    }

    /// Counts each possible call, or each span, with its own tokens and cost, even if an enclosing span has the same
    /// ones, as MLflow's span metrics do.
    fn add_spans_as_mlflow(&mut self, trace: &Trace, usage: &TraceUsage) {
        let (spans, agents) = (trace.span_list(), key::agents(&self.keys, trace, usage));
        let row_of_span = usage.rows_of_spans(spans.len());
        for (at, span) in spans.iter().enumerate() {
            if self.unit == StatsUnit::Calls && !is_call(span) {
                continue;
            }
            let is_nested = row_of_span[at].is_some_and(|row| usage.rows[row].span != Some(at));
            self.nested += u64::from(is_nested && span.usage().is_some());
            let is_unpriced = span.cost.is_none() && span.usage().is_some_and(TokenUsage::has_tokens);
            if is_unpriced {
                *self.unpriced.entry(span.model.clone()).or_default() += 1;
            }
            let group = self.groups.index_for(&trace.info, Some(&KeyFields::from_span(at, spans, &agents)));
            for sum in [self.groups.get_mut(group), &mut self.total] {
                // Its metrics are in whole milliseconds.
                sum.add_span(span, span.duration_ms().map(f64::trunc), first_token(span));
                sum.usage.add(span.usage(), span.cost.as_ref(), is_unpriced);
            }
        }
    }

    /// Returns the groups in order; those beyond `limit` are merged into one.
    #[must_use]
    pub fn sorted(self, limit: usize) -> SortedStats {
        let mut groups = self.groups.into_list();
        let size = |stat: &StatsAccumulator| stat.count.cast_signed();
        groups.sort_by(|(a, left), (b, right)| groups::compare(&self.keys, (a, size(left)), (b, size(right))));
        let (groups, rest) = groups::split(&self.keys, groups, limit, |(values, _)| values);
        let other_count = rest.len();
        let others = rest.into_iter().map(|(_, stat)| stat).reduce(|mut sum, stat| {
            sum.merge(stat);
            sum
        });
        let range = self.total.times.iter().copied().min().zip(self.total.times.iter().copied().max());
        SortedStats {
            keys: self.keys,
            unit: self.unit,
            groups: groups.into_iter().map(|(values, stat)| (values, stat.summarize(range))).collect(),
            others: others.map(|stat| stat.summarize(range)),
            other_count,
            total: self.total.summarize(range),
        }
    }
}

/// Sorted groups with their statistics.
#[derive(Debug)]
pub struct SortedStats {
    /// The grouping keys.
    pub keys: Vec<GroupKey>,
    /// The unit counted.
    pub unit: StatsUnit,
    /// The groups to show.
    pub groups: Vec<(GroupValues, StatsSummary)>,
    /// The remaining groups together.
    pub others: Option<StatsSummary>,
    /// Number of remaining groups.
    pub other_count: usize,
    /// All groups together.
    pub total: StatsSummary,
}

/// Counts the times in each of `bins` equal intervals from `first` to `last`, both included.
#[must_use]
pub fn histogram(times: &[i64], first: i64, last: i64, bins: usize) -> Vec<u64> {
    let mut counts = vec![0; bins];
    let range = i128::from(last) - i128::from(first) + 1;
    for time in times {
        let bin = (i128::from(*time) - i128::from(first)) * bins as i128 / range;
        if let Some(count) = usize::try_from(bin).ok().and_then(|bin| counts.get_mut(bin)) {
            *count += 1;
        }
    }
    counts
}

fn is_call(span: &Span) -> bool {
    span.model.is_some() || span.usage().is_some() || span.span_type.is_llm()
}

fn call_first_token(row: &UsageRow, spans: &[Span]) -> Option<f64> {
    row.first_token_ns(spans).map(|nanos| nanos as f64 / 1e6)
}

fn first_token(span: &Span) -> Option<f64> {
    span.first_token.map(|time| time.0.saturating_sub(span.start.0) as f64 / 1e6)
}

#[cfg(test)]
mod tests;
