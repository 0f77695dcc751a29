//! `mltrace stats`.

use super::group::{self, KeyJson};
use super::usage::cost_cell;
use crate::analysis::key::GroupKey;
use crate::analysis::stats::{Percentiles, SortedStats, StatsSummary};
use crate::error::Result;
use crate::model::{Cost, Json, TokenUsage};
use crate::output::json::SCHEMA;
use crate::output::table::{Cell, Heading};
use crate::output::{Item, RenderOptions, TextRole, View, number, write_table};
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// Statistics of traces, grouped.
#[derive(Debug)]
pub struct StatsView {
    /// Sorted groups with their statistics.
    pub sorted: SortedStats,
}

#[derive(Serialize)]
struct StatsJson<'a> {
    schema: &'static str,
    by: Vec<Cow<'static, str>>,
    unit: &'static str,
    groups: Vec<StatJson<'a>>,
    other: Option<StatJson<'a>>,
    total: StatJson<'a>,
}

#[derive(Serialize)]
struct StatJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<KeyJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<usize>,
    count: u64,
    errors: u64,
    error_rate: Option<f64>,
    latency_ms: Option<PercentilesJson>,
    token_usage: Option<&'a TokenUsage>,
    cost: Option<Cost>,
    unpriced: Option<u64>,
    time_to_first_token_ms: Option<PercentilesJson>,
}

#[derive(Serialize)]
struct PercentilesJson {
    p50: f64,
    p90: f64,
    p95: f64,
    p99: f64,
}

impl From<Percentiles> for PercentilesJson {
    fn from(percentiles: Percentiles) -> Self {
        let Percentiles { p50, p90, p95, p99, .. } = percentiles;
        Self { p50, p90, p95, p99 }
    }
}

impl<'a> StatJson<'a> {
    fn new(key: Option<KeyJson<'a>>, stat: &'a StatsSummary) -> Self {
        Self {
            key,
            groups: None,
            count: stat.count,
            errors: stat.errors,
            error_rate: stat.error_rate(),
            latency_ms: stat.latency_ms.map(PercentilesJson::from),
            token_usage: stat.usage.token_usage.as_ref(),
            cost: stat.usage.cost(),
            unpriced: stat.unpriced,
            time_to_first_token_ms: stat.first_token_ms.map(PercentilesJson::from),
        }
    }
}

/// The columns after those of the group keys.
fn stats_columns(unit: &'static str, has_spark: bool) -> Vec<Heading<'static>> {
    let right = |(title, drop_priority)| Heading { title, is_right_aligned: true, min_width: None, drop_priority };
    let figures = [
        (unit, 0),
        ("errors", 8),
        ("error rate", 0),
        ("p50", 0),
        ("p90", 6),
        ("p95", 0),
        ("p99", 5),
        ("input", 10),
        ("output", 9),
        ("tokens", 3),
        ("cost", 4),
        ("TTFT p50", 7),
        ("TTFT p95", 11),
    ];
    let spark = Heading::text("over time").drops(12);
    figures.map(right).into_iter().chain(has_spark.then_some(spark)).collect()
}

/// The cells for [`stats_columns`], without the sparkline.
fn cells(stat: &StatsSummary, role: TextRole) -> [Cell; 13] {
    let count = |count: u64| Cell::new(number::count(count.cast_signed()), role);
    let time = |millis: Option<f64>| {
        millis.map_or_else(Cell::none, |millis| Cell::new(number::duration((millis * 1e6) as i64), role))
    };
    let tokens = |figure: Option<i64>| figure.map_or_else(Cell::none, |figure| Cell::new(number::count(figure), role));
    let bad = if stat.errors > 0 { TextRole::Bad } else { role };
    let (usage, latency, first) = (stat.usage.token_usage.as_ref(), stat.latency_ms, stat.first_token_ms);
    [
        count(stat.count),
        Cell::new(number::count(stat.errors.cast_signed()), bad),
        stat.error_rate().map_or_else(Cell::none, |rate| Cell::new(number::percent(rate), bad)),
        time(latency.map(|at| at.p50)),
        time(latency.map(|at| at.p90)),
        time(latency.map(|at| at.p95)),
        time(latency.map(|at| at.p99)),
        tokens(usage.and_then(|usage| usage.input_tokens)),
        tokens(usage.and_then(|usage| usage.output_tokens)),
        tokens(usage.and_then(|usage| usage.total_tokens)),
        cost_cell(stat.usage.cost().as_ref(), role),
        time(first.map(|at| at.p50)),
        time(first.map(|at| at.p95)),
    ]
}

fn sparkline_cell(stat: &StatsSummary, options: &RenderOptions) -> Cell {
    match stat.over_time.as_slice() {
        [] => Cell::none(),
        counts => Cell::new(number::sparkline(counts, options.unicode), TextRole::Bar),
    }
}

impl View for StatsView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        let SortedStats { keys, unit, groups, others, other_count: count_of_others, total } = &self.sorted;
        Json::of(&StatsJson {
            schema: SCHEMA,
            by: group::words(keys),
            unit: unit.as_str(),
            groups: groups.iter().map(|(values, stat)| StatJson::new(Some(KeyJson(keys, values)), stat)).collect(),
            other: others.as_ref().map(|stat| StatJson { groups: Some(*count_of_others), ..StatJson::new(None, stat) }),
            total: StatJson::new(None, total),
        })
    }

    fn text(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let SortedStats { keys, unit, groups, others, other_count: count_of_others, total } = &self.sorted;
        // Rows grouped by time already show the change over time.
        let has_spark = !keys.iter().any(GroupKey::is_time);
        let titles = group::titles(keys);
        let mut columns = group::columns(keys, &titles);
        if keys.is_empty() {
            columns.push(Heading::text(""));
        }
        columns.extend(stats_columns(unit.as_str(), has_spark));
        let row = |mut row: Vec<Cell>, stat: &StatsSummary, role: TextRole| {
            row.extend(cells(stat, role));
            row.extend(has_spark.then(|| sparkline_cell(stat, options)));
            row
        };
        let mut rows: Vec<Vec<Cell>> = groups
            .iter()
            .filter(|_| !keys.is_empty())
            .map(|(values, stat)| row(group::cells(options, keys, values), stat, TextRole::Plain))
            .collect();
        if let Some(others) = others {
            let title = group::others_title(*count_of_others);
            let others = row(group::title_cells(title, keys), others, TextRole::Plain);
            rows.insert(group::index_of_others(keys, rows.len()), others);
        }
        rows.push(row(group::title_cells("total".to_owned(), keys), total, TextRole::Figure));
        write_table(options, out, &columns, &rows)
    }

    fn items(&self) -> Vec<Item> {
        let SortedStats { keys, groups, .. } = &self.sorted;
        let item = |(values, stat): &(Vec<Option<String>>, StatsSummary)| {
            let id = values.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
            Item::new(id, &StatJson::new(Some(KeyJson(keys, values)), stat))
        };
        groups.iter().map(item).collect()
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        let figures = [
            "count",
            "errors",
            "error_rate",
            "latency_ms.p50",
            "latency_ms.p90",
            "latency_ms.p95",
            "latency_ms.p99",
            "token_usage.input_tokens",
            "token_usage.output_tokens",
            "token_usage.total_tokens",
            "cost.total_cost",
            "cost.source",
            "unpriced",
            "time_to_first_token_ms.p50",
            "time_to_first_token_ms.p95",
        ];
        group::csv_columns(&self.sorted.keys, &figures)
    }
}
