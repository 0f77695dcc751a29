//! How many, how often wrong, how long, how much: traces or their calls in groups.

use super::groups::{self, Groups};
use super::key::{Key, Values};
use super::usage::{Group, TraceUsage};
use crate::model::{Cost, Span, SpanStatus, TokenUsage, Trace, TraceInfo, TraceState, Zone};
use std::collections::HashMap;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Traces.
    Traces,
    /// Calls of models: spans with a model, tokens, or a type that says so.
    Calls,
    /// All spans.
    Spans,
}

impl Unit {
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
pub struct Stat {
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
    pub used: Group,
}

impl Stat {
    fn merge(&mut self, more: Self) {
        self.count += more.count;
        self.errors += more.errors;
        self.latencies.extend(more.latencies);
        self.first_tokens.extend(more.first_tokens);
        self.times.extend(more.times);
        self.used.add_used(&more.used);
    }

    /// What is told of them; `range` = the first and the last time of all.
    fn told(mut self, range: Option<(i64, i64)>) -> Told {
        Told {
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
pub struct Told {
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
    pub used: Group,
    /// How many have tokens and no known cost; none where the costs of all are not told.
    pub unpriced: Option<u64>,
}

impl Told {
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
    pub keys: Vec<Key>,
    /// What is counted.
    pub unit: Unit,
    groups: Groups<Stat>,
    /// All together.
    pub total: Stat,
    /// Whether what MLflow recorded of no trace as a whole is taken from its spans.
    is_deep: bool,
    /// Traces whose spans tell tokens or a cost that is not recorded of them.
    pub not_recorded: u64,
    /// Calls with tokens that lie within others with tokens, and are counted with both.
    pub nested: u64,
    /// Calls with tokens of which no price is known, by model.
    pub unpriced: HashMap<Option<String>, u64>,
}

impl Stats {
    /// Nothing yet. `is_deep` = of traces, tokens and costs that MLflow did not record count too.
    #[must_use]
    pub fn new(keys: Vec<Key>, zone: Zone, is_deep: bool) -> Self {
        let unit = if keys.contains(&Key::Span) {
            Unit::Spans
        } else if keys.iter().any(Key::is_of_calls) {
            Unit::Calls
        } else {
            Unit::Traces
        };
        let (groups, unpriced) = (Groups::new(keys.clone(), zone, true), HashMap::new());
        Self { keys, unit, groups, total: Stat::default(), is_deep, not_recorded: 0, nested: 0, unpriced }
    }

    /// Adds a trace as its record tells it.
    pub fn add_record(&mut self, info: &TraceInfo) {
        self.add_as_a_whole(info, info.recorded_usage.as_ref(), info.cost, &[]);
    }

    /// Adds a trace with its spans.
    pub fn add(&mut self, trace: &Trace, usage: &TraceUsage) {
        if self.unit == Unit::Traces {
            let info = &trace.info;
            let first_tokens: Vec<f64> = trace.span_list().iter().filter_map(first_token).collect();
            let told = usage.token_usage.as_ref().filter(|_| self.is_deep);
            let cost = usage.cost.filter(|_| self.is_deep);
            let lacks = |has: bool, could: bool| !has && could;
            self.not_recorded += u64::from(
                lacks(info.recorded_usage.is_some(), usage.token_usage.is_some())
                    || lacks(info.cost.is_some(), usage.cost.is_some()),
            );
            self.add_as_a_whole(info, info.recorded_usage.as_ref().or(told), info.cost.or(cost), &first_tokens);
            for at in usage.unpriced.iter().filter(|_| self.is_deep) {
                *self.unpriced.entry(trace.span_list()[*at].model.clone()).or_default() += 1;
            }
        } else {
            self.add_calls(trace, usage);
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

    /// Each call, or each span, counts as what it is. One within another that tells the same tokens counts too, as in
    /// MLflow's metrics of spans.
    fn add_calls(&mut self, trace: &Trace, usage: &TraceUsage) {
        let Some(spans) = &trace.spans else { return };
        let is_hidden = |call: &&super::usage::Call| call.counted_in.is_some();
        self.nested +=
            usage.calls.iter().filter(is_hidden).filter(|call| spans.list[call.span].usage().is_some()).count() as u64;
        for (at, span) in spans.list.iter().enumerate() {
            if self.unit == Unit::Calls && !is_call(span) {
                continue;
            }
            let is_unpriced = span.cost.is_none() && span.usage().is_some_and(TokenUsage::has_tokens);
            if is_unpriced {
                *self.unpriced.entry(span.model.clone()).or_default() += 1;
            }
            for sum in [self.groups.of(&trace.info, Some((spans, at))), &mut self.total] {
                sum.count += 1;
                sum.errors += u64::from(span.status == SpanStatus::Error);
                // Whole milliseconds, as MLflow counts them.
                sum.latencies.extend(span.duration_ns().map(|nanos| (nanos / 1_000_000) as f64));
                sum.first_tokens.extend(first_token(span));
                sum.times.push(span.start.millis());
                sum.used.add(span.usage(), span.cost.as_ref(), is_unpriced);
            }
        }
    }

    /// The groups in order. All but the first so many
    /// come together.
    #[must_use]
    pub fn sorted(self, limit: usize) -> Sorted {
        let mut groups = self.groups.into_list();
        let size = |stat: &Stat| stat.count.cast_signed();
        groups.sort_by(|(a, one), (b, other)| groups::order(&self.keys, (a, size(one)), (b, size(other))));
        let (groups, rest) = groups::split(&self.keys, groups, limit, |(values, _)| values);
        let count_of_others = rest.len();
        let others = rest.into_iter().map(|(_, stat)| stat).reduce(|mut sum, stat| {
            sum.merge(stat);
            sum
        });
        let range = self.total.times.iter().copied().min().zip(self.total.times.iter().copied().max());
        Sorted {
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
pub struct Sorted {
    /// What they are grouped by.
    pub keys: Vec<Key>,
    /// What is counted.
    pub unit: Unit,
    /// The groups that are shown.
    pub groups: Vec<(Values, Told)>,
    /// The others together.
    pub others: Option<Told>,
    /// How many these are.
    pub count_of_others: usize,
    /// All together.
    pub total: Told,
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

fn first_token(span: &Span) -> Option<f64> {
    span.first_token.map(|time| time.0.saturating_sub(span.start.0) as f64 / 1e6)
}

#[cfg(test)]
mod tests;
