//! `mltrace stats`.

use super::group::{self, Figures, GroupList, GroupRow, OtherGroups};
use super::usage::tokens::{self, HasUsage, Unpriced};
use crate::analysis::key::GroupKey;
use crate::analysis::stats::{Percentiles, SortedStats, StatsSummary, StatsUnit};
use crate::error::Result;
use crate::model::{Cost, TokenUsage};
use crate::number;
use crate::output::json::SCHEMA;
use crate::output::{Cell, Column, Document, Heading, TextRole, View};
use serde::Serialize;
use std::borrow::Cow;

/// Statistics of traces, grouped.
#[derive(Debug)]
pub struct StatsView {
    /// Sorted groups with their statistics.
    pub sorted: SortedStats,
}

/// Counts, error rates, latencies and usage of the selected traces, calls or spans.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct StatsJson {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The grouping keys.
    by: Vec<Cow<'static, str>>,
    /// What is counted.
    #[cfg_attr(test, schemars(extend("enum" = ["traces", "calls", "spans"])))]
    unit: &'static str,
    /// The groups, as many as requested; without a grouping key, one group.
    groups: Vec<GroupRow<Stats>>,
    /// The groups that are not shown, together; null if all are shown.
    other: Option<OtherGroups<Stats>>,
    /// All groups together.
    total: Stats,
}

/// The statistics of a group.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stats {
    /// Number of traces, calls or spans.
    count: u64,
    /// Number of them that failed.
    errors: u64,
    /// Share of them that failed, from 0 to 1; null if there are none.
    error_rate: Option<f64>,
    /// Percentiles of the latency in milliseconds; null if unknown, as for several groups together.
    latency_ms: Option<PercentilesJson>,
    /// Sum of the tokens.
    token_usage: Option<TokenUsage>,
    /// Sum of the costs, as far as known, in US dollars.
    cost: Option<Cost>,
    #[serde(flatten)]
    unpriced: Unpriced,
    /// Percentiles of the time to the first token of streamed responses, in milliseconds; null if no response was
    /// streamed, or spans were not read.
    time_to_first_token_ms: Option<PercentilesJson>,
    /// Counts over time, for the sparkline; empty if the groups are times.
    #[serde(skip)]
    over_time: Vec<u64>,
}

/// Percentiles in milliseconds, interpolated linearly between the two nearest values.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PercentilesJson {
    /// The median.
    p50: f64,
    /// The 90th percentile.
    p90: f64,
    /// The 95th percentile.
    p95: f64,
    /// The 99th percentile.
    p99: f64,
}

impl From<Percentiles> for PercentilesJson {
    fn from(percentiles: Percentiles) -> Self {
        let Percentiles { p50, p90, p95, p99, .. } = percentiles;
        Self { p50, p90, p95, p99 }
    }
}

impl Stats {
    fn new(stat: &StatsSummary, unit: StatsUnit, is_by_time: bool) -> Self {
        Self {
            count: stat.count,
            errors: stat.errors,
            error_rate: stat.error_rate(),
            latency_ms: stat.latency_ms.map(PercentilesJson::from),
            token_usage: stat.usage.token_usage.clone(),
            cost: stat.usage.cost(),
            unpriced: match unit {
                StatsUnit::Traces => Unpriced { calls: None, traces: stat.unpriced },
                StatsUnit::Calls | StatsUnit::Spans => Unpriced { calls: stat.unpriced, traces: None },
            },
            time_to_first_token_ms: stat.first_token_ms.map(PercentilesJson::from),
            over_time: if is_by_time { Vec::new() } else { stat.over_time.clone() },
        }
    }

    const fn error_role(&self) -> TextRole {
        if self.errors > 0 { TextRole::Bad } else { TextRole::Plain }
    }

    fn latency_cell(&self, figure: fn(&PercentilesJson) -> f64) -> Cell {
        Cell::millis(self.latency_ms.as_ref().map(figure))
    }

    fn first_token_cell(&self, figure: fn(&PercentilesJson) -> f64) -> Cell {
        Cell::millis(self.time_to_first_token_ms.as_ref().map(figure))
    }
}

impl HasUsage for Stats {
    fn token_usage(&self) -> Option<&TokenUsage> {
        self.token_usage.as_ref()
    }

    fn cost(&self) -> Option<Cost> {
        self.cost
    }
}

impl Figures for Stats {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("count", Heading::number("count"), |row, _| Cell::count(row.count)),
        Column::new("errors", Heading::number("errors").drops(8), |row, _| {
            Cell::new(number::count(row.errors.cast_signed()), row.error_role())
        }),
        Column::new("error_rate", Heading::number("error rate"), |row, _| {
            let percent = |rate| Cell::new(number::percent(rate), row.error_role());
            row.error_rate.map_or_else(Cell::none, percent)
        }),
        Column::new("latency_ms.p50", Heading::number("p50"), |row, _| row.latency_cell(|at| at.p50)),
        Column::new("latency_ms.p90", Heading::number("p90").drops(6), |row, _| row.latency_cell(|at| at.p90)),
        Column::new("latency_ms.p95", Heading::number("p95"), |row, _| row.latency_cell(|at| at.p95)),
        Column::new("latency_ms.p99", Heading::number("p99").drops(5), |row, _| row.latency_cell(|at| at.p99)),
        Column::new("token_usage.input_tokens", Heading::number("input").drops(10), tokens::input),
        Column::new("token_usage.output_tokens", Heading::number("output").drops(9), tokens::output),
        Column::new("token_usage.total_tokens", Heading::number("tokens").drops(3), tokens::total),
        Column::new("cost.total_cost", Heading::number("cost").drops(4), tokens::cost),
        Column::data("cost.source"),
        Column::data("unpriced_calls"),
        Column::data("unpriced_traces"),
        Column::new("time_to_first_token_ms.p50", Heading::number("TTFT p50").drops(7), |row, _| {
            row.first_token_cell(|at| at.p50)
        }),
        Column::new("time_to_first_token_ms.p95", Heading::number("TTFT p95").drops(11), |row, _| {
            row.first_token_cell(|at| at.p95)
        }),
        Column::combined(Heading::text("over time").drops(12), |row, options| match row.over_time.as_slice() {
            [] => Cell::none(),
            counts => Cell::new(number::sparkline(counts, options.unicode), TextRole::Bar),
        }),
    ];
}

impl StatsView {
    fn list(&self) -> GroupList<Stats> {
        let SortedStats { keys, groups, others, other_count, total, unit } = &self.sorted;
        // Rows grouped by time already show the change over time.
        let is_by_time = keys.iter().any(GroupKey::is_time);
        let figures = |stat: &StatsSummary| Stats::new(stat, *unit, is_by_time);
        GroupList::new(keys, figures(total))
            .with_groups(groups.iter().map(|(values, stat)| (values, figures(stat))))
            .with_others(*other_count, others.as_ref().map(figures))
    }
}

impl View for StatsView {
    type Item = GroupRow<Stats>;

    fn json(&self) -> impl Serialize {
        let list = self.list();
        StatsJson {
            schema: SCHEMA,
            by: list.key_names(),
            unit: self.sorted.unit.as_str(),
            groups: list.groups,
            other: list.others,
            total: list.total,
        }
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        self.list().write(document, Some(self.sorted.unit.as_str()))
    }

    fn items(&self) -> Vec<Self::Item> {
        self.list().groups
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        group::csv_columns::<Stats>(&self.sorted.keys)
    }
}
