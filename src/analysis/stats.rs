//! How many, how often wrong, how long, how much: traces or their calls in groups.

use super::groups::{self, GroupMap};
use super::key::{self, GroupKey, GroupValues, GroupedPart};
use super::usage::{TraceUsage, UsageGroup};
use crate::model::{Cost, Span, SpanStatus, TokenUsage, Trace, TraceInfo, TraceState, Zone};
use crate::reading::{RowKind, UsageRow};
use std::collections::HashMap;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatsUnit {
    /// Traces.
    Traces,
    /// Calls of models.
    Calls,
    /// All spans.
    Spans,
}

impl StatsUnit {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Calls => "calls",
            Self::Spans => "spans",
        }
    }
}

/// Figures of some traces or calls.
#[derive(Clone, Debug, Default)]
pub struct StatsAccumulator {
    /// How many.
    pub count: u64,
    /// Of them, those that failed.
    pub errors: u64,
    /// How long each took that ended, in milliseconds.
    pub latencies: Vec<f64>,
    /// After how many milliseconds the first piece of each streamed answer came.
    pub first_tokens: Vec<f64>,
    /// When each began, in milliseconds since 1970.
    pub times: Vec<i64>,
    /// Their tokens and their cost.
    pub used: UsageGroup,
}

impl StatsAccumulator {
    /// Counts a call or another span.
    fn add_span(&mut self, span: &Span, first_token: Option<f64>) {
        self.count += 1;
        self.errors += u64::from(span.status == SpanStatus::Error);
        // Whole milliseconds, as MLflow counts them.
        self.latencies.extend(span.duration_ns().map(|nanos| (nanos / 1_000_000) as f64));
        self.first_tokens.extend(first_token);
        self.times.push(span.start.millis());
    }

    fn merge(&mut self, more: Self) {
        self.count += more.count;
        self.errors += more.errors;
        self.latencies.extend(more.latencies);
        self.first_tokens.extend(more.first_tokens);
        self.times.extend(more.times);
        self.used.add_used(&more.used);
    }

    /// What is told of them; `range` = the first and the last time of all.
    fn told(mut self, range: Option<(i64, i64)>) -> StatsSummary {
        StatsSummary {
            count: self.count,
            errors: self.errors,
            latency_ms: Percentiles::of(&mut self.latencies),
            first_token_ms: Percentiles::of(&mut self.first_tokens),
            over_time: range.map_or_else(Vec::new, |(first, last)| histogram(&self.times, first, last, PARTS)),
            unpriced: Some(self.used.unpriced),
            used: self.used,
        }
    }
}

/// Into so many parts the time of all is cut.
const PARTS: usize = 12;

/// Figures of some traces or calls, as they are told.
#[derive(Clone, Debug, Default)]
pub struct StatsSummary {
    /// How many.
    pub count: u64,
    /// Of them, those that failed.
    pub errors: u64,
    /// How long they took.
    pub latency_ms: Option<Percentiles>,
    /// After what time the first piece of a streamed answer came.
    pub first_token_ms: Option<Percentiles>,
    /// How many began in each part of the time; nothing where that is not known.
    pub over_time: Vec<u64>,
    /// Their tokens and their cost.
    pub used: UsageGroup,
    /// How many have tokens and no known cost; none where the costs of all are not told.
    pub unpriced: Option<u64>,
}

impl StatsSummary {
    /// The share of those that failed; none of nothing.
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        (self.count > 0).then(|| self.errors as f64 / self.count as f64)
    }

    /// Adds what is told of others. Percentiles of both cannot be told from those of each.
    pub fn merge(&mut self, more: &Self) {
        self.count += more.count;
        self.errors += more.errors;
        (self.latency_ms, self.first_token_ms, self.over_time) = (None, None, Vec::new());
        self.used.add_used(&more.used);
        self.unpriced = self.unpriced.zip(more.unpriced).map(|(unpriced, more)| unpriced + more);
    }
}

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// Half take no longer.
    pub p50: f64,
    /// Nine of ten.
    pub p90: f64,
    /// 19 of 20.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
}

impl Percentiles {
    /// Of some values; none of none.
    fn of(values: &mut [f64]) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let at = |percent| percentile(values, percent);
        Some(Self { p50: at(50.0)?, p90: at(90.0)?, p95: at(95.0)?, p99: at(99.0)? })
    }
}

/// A percentile of sorted values: linear between the two next to `percent / 100 * (n - 1)`, as MLflow's metrics have it
/// (3.9 on, `store/db/utils.py`, the aggregate that it gives SQLite; NumPy's default too). None of nothing.
#[must_use]
pub fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = percent / 100.0 * last as f64;
    let below = place.floor();
    let (low, high) = (sorted[below as usize], sorted[(below as usize + 1).min(last)]);
    // In MLflow's order, and so with its last digits.
    Some(low + (place - below) * (high - low))
}

/// Figures of many traces in groups.
#[derive(Debug)]
pub struct Stats {
    /// What they are grouped by; nothing makes one group of all.
    pub keys: Vec<GroupKey>,
    /// What is counted.
    pub unit: StatsUnit,
    groups: GroupMap<StatsAccumulator>,
    /// All together.
    pub total: StatsAccumulator,
    /// Whether all is counted as MLflow's own metrics count it.
    is_as_mlflow: bool,
    /// Calls with tokens that lie within others with tokens, and are counted with both, as MLflow does.
    pub nested: u64,
    /// Calls with tokens of which no price is known, by model.
    pub unpriced: HashMap<Option<String>, u64>,
}

impl Stats {
    /// Nothing yet. `is_as_mlflow` = every span with tokens is a call, and of traces only what MLflow recorded counts.
    #[must_use]
    pub fn new(keys: Vec<GroupKey>, zone: Zone, is_as_mlflow: bool) -> Self {
        let unit = if keys.contains(&GroupKey::Span) {
            StatsUnit::Spans
        } else if keys.iter().any(GroupKey::is_of_calls) {
            StatsUnit::Calls
        } else {
            StatsUnit::Traces
        };
        let (groups, unpriced) = (GroupMap::new(keys.clone(), zone, true), HashMap::new());
        Self { keys, unit, groups, total: StatsAccumulator::default(), is_as_mlflow, nested: 0, unpriced }
    }

    /// Adds a trace from its record alone.
    pub fn add_record(&mut self, info: &TraceInfo) {
        self.add_as_a_whole(info, info.recorded_usage.as_ref(), info.cost, &[]);
    }

    /// Adds a trace with its spans.
    pub fn add(&mut self, trace: &Trace, usage: &TraceUsage) {
        match self.unit {
            StatsUnit::Traces => {
                let first_tokens: Vec<f64> = trace.span_list().iter().filter_map(first_token).collect();
                let info = &trace.info;
                if self.is_as_mlflow {
                    self.add_as_a_whole(info, info.recorded_usage.as_ref(), info.cost, &first_tokens);
                    return;
                }
                self.add_as_a_whole(info, usage.token_usage.as_ref(), usage.cost, &first_tokens);
                self.add_unpriced(trace, usage);
            }
            StatsUnit::Calls | StatsUnit::Spans if self.is_as_mlflow => self.add_as_mlflow(trace, usage),
            StatsUnit::Calls => self.add_calls(trace, usage),
            StatsUnit::Spans => self.add_spans(trace, usage),
        }
    }

    fn add_unpriced(&mut self, trace: &Trace, usage: &TraceUsage) {
        for row in usage.unpriced() {
            *self.unpriced.entry(row.model(trace.span_list()).map(str::to_owned)).or_default() += 1;
        }
    }

    fn add_as_a_whole(
        &mut self,
        info: &TraceInfo,
        usage: Option<&TokenUsage>,
        cost: Option<Cost>,
        first_tokens: &[f64],
    ) {
        let is_unpriced = cost.is_none() && usage.is_some_and(TokenUsage::has_tokens);
        for sum in [self.groups.of(info, None), &mut self.total] {
            sum.count += 1;
            sum.errors += u64::from(info.state == TraceState::Error);
            sum.latencies.extend(info.execution_duration_ms.map(|millis| millis as f64));
            sum.first_tokens.extend_from_slice(first_tokens);
            sum.times.push(info.request_time.millis());
            sum.used.add(usage, cost.as_ref(), is_unpriced);
        }
    }

    /// Each call counts once; what carriers and the record have beyond the calls adds to tokens and costs only.
    fn add_calls(&mut self, trace: &Trace, usage: &TraceUsage) {
        self.add_unpriced(trace, usage);
        let (spans, agents) = (trace.span_list(), key::agents(&self.keys, trace, usage));
        for row in &usage.rows {
            let place = self.groups.place(&trace.info, Some(&GroupedPart::of_row(row, spans, &agents)));
            for sum in [self.groups.at(place), &mut self.total] {
                if let (true, Some(outermost)) = (row.kind != RowKind::Remainder, row.spans.first()) {
                    sum.add_span(&spans[*outermost], call_first_token(row, spans));
                }
                sum.used.add(row.token_usage.as_ref(), row.cost.as_ref(), row.is_unpriced);
            }
        }
    }

    /// Counts each span; tokens and costs go to the span that counts for a call or a remainder.
    fn add_spans(&mut self, trace: &Trace, usage: &TraceUsage) {
        self.add_unpriced(trace, usage);
        let (spans, agents) = (trace.span_list(), key::agents(&self.keys, trace, usage));
        let row_of_span = usage.rows_of_spans(spans.len());
        let counted = |at: usize| row_of_span[at].map(|row| &usage.rows[row]).filter(|row| row.span == Some(at));
        let of_record = usage.rows.iter().find(|row| row.span.is_none());
        let all = (0..spans.len()).map(|at| (Some(at), counted(at))).chain(of_record.map(|row| (None, Some(row))));
        for (at, row) in all {
            let subject = at.map_or_else(GroupedPart::default, |at| GroupedPart::of_span(at, spans, &agents));
            let place = self.groups.place(&trace.info, Some(&subject));
            for sum in [self.groups.at(place), &mut self.total] {
                if let Some(at) = at {
                    sum.add_span(&spans[at], first_token(&spans[at]));
                }
                if let Some(row) = row {
                    sum.used.add(row.token_usage.as_ref(), row.cost.as_ref(), row.is_unpriced);
                }
            }
        }
    }

    /// Counts each span that may be a call, or each span, with its own tokens and cost, even within another with the
    /// same ones, as MLflow's span metrics do.
    fn add_as_mlflow(&mut self, trace: &Trace, usage: &TraceUsage) {
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
            let place = self.groups.place(&trace.info, Some(&GroupedPart::of_span(at, spans, &agents)));
            for sum in [self.groups.at(place), &mut self.total] {
                sum.add_span(span, first_token(span));
                sum.used.add(span.usage(), span.cost.as_ref(), is_unpriced);
            }
        }
    }

    /// The groups in order. All but the first `limit` are merged into one.
    #[must_use]
    pub fn sorted(self, limit: usize) -> SortedStats {
        let mut groups = self.groups.into_list();
        let size = |stat: &StatsAccumulator| stat.count.cast_signed();
        groups.sort_by(|(a, one), (b, other)| groups::order(&self.keys, (a, size(one)), (b, size(other))));
        let (groups, rest) = groups::split(&self.keys, groups, limit, |(values, _)| values);
        let count_of_others = rest.len();
        let others = rest.into_iter().map(|(_, stat)| stat).reduce(|mut sum, stat| {
            sum.merge(stat);
            sum
        });
        let range = self.total.times.iter().copied().min().zip(self.total.times.iter().copied().max());
        SortedStats {
            keys: self.keys,
            unit: self.unit,
            groups: groups.into_iter().map(|(values, stat)| (values, stat.told(range))).collect(),
            others: others.map(|stat| stat.told(range)),
            count_of_others,
            total: self.total.told(range),
        }
    }
}

/// Figures in groups, in order.
#[derive(Debug)]
pub struct SortedStats {
    /// What they are grouped by.
    pub keys: Vec<GroupKey>,
    /// What is counted.
    pub unit: StatsUnit,
    /// The groups that are shown.
    pub groups: Vec<(GroupValues, StatsSummary)>,
    /// The others together.
    pub others: Option<StatsSummary>,
    /// How many these are.
    pub count_of_others: usize,
    /// All together.
    pub total: StatsSummary,
}

/// How many began in each of so many equal parts of the time from the first to the last of all.
#[must_use]
pub fn histogram(times: &[i64], first: i64, last: i64, parts: usize) -> Vec<u64> {
    let mut counts = vec![0; parts];
    let whole = i128::from(last) - i128::from(first) + 1;
    for time in times {
        let place = (i128::from(*time) - i128::from(first)) * parts as i128 / whole;
        if let Some(count) = usize::try_from(place).ok().and_then(|place| counts.get_mut(place)) {
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
