//! `mltrace stats`.

use super::group::{self, KeyJson};
use super::usage::money;
use crate::analysis::key::GroupKey;
use crate::analysis::stats::{Percentiles, SortedStats, StatsSummary};
use crate::error::Result;
use crate::model::{Cost, Json, TokenUsage};
use crate::output::json::SCHEMA;
use crate::output::table::{Cell, Column};
use crate::output::{Item, RenderOptions, TextRole, View, number, write_table};
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// Figures of many traces in groups.
#[derive(Debug)]
pub struct StatsView {
    /// The groups.
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
    fn from(at: Percentiles) -> Self {
        Self { p50: at.p50, p90: at.p90, p95: at.p95, p99: at.p99 }
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
            token_usage: stat.used.token_usage.as_ref(),
            cost: stat.used.cost(),
            unpriced: stat.unpriced,
            time_to_first_token_ms: stat.first_token_ms.map(PercentilesJson::from),
        }
    }
}

/// The columns behind those of the keys.
fn columns(unit: &'static str, has_spark: bool) -> Vec<Column<'static>> {
    let right = |(title, drops)| Column { title, is_right: true, shrinks_to: None, drops };
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
    let spark = Column { title: "over time", is_right: false, shrinks_to: None, drops: 12 };
    figures.map(right).into_iter().chain(has_spark.then_some(spark)).collect()
}

/// The cells of the figures.
fn cells(stat: &StatsSummary, role: TextRole) -> [Cell; 13] {
    let count = |count: u64| Cell::own(number::count(count.cast_signed()), role);
    let time = |millis: Option<f64>| {
        millis.map_or_else(Cell::none, |millis| Cell::own(number::duration((millis * 1e6) as i64), role))
    };
    let tokens = |figure: Option<i64>| figure.map_or_else(Cell::none, |figure| Cell::own(number::count(figure), role));
    let bad = if stat.errors > 0 { TextRole::Bad } else { role };
    let (usage, latency, first) = (stat.used.token_usage.as_ref(), stat.latency_ms, stat.first_token_ms);
    [
        count(stat.count),
        Cell::own(number::count(stat.errors.cast_signed()), bad),
        stat.error_rate().map_or_else(Cell::none, |rate| Cell::own(number::percent(rate), bad)),
        time(latency.map(|at| at.p50)),
        time(latency.map(|at| at.p90)),
        time(latency.map(|at| at.p95)),
        time(latency.map(|at| at.p99)),
        tokens(usage.and_then(|usage| usage.input_tokens)),
        tokens(usage.and_then(|usage| usage.output_tokens)),
        tokens(usage.and_then(|usage| usage.total_tokens)),
        money(stat.used.cost().as_ref(), role),
        time(first.map(|at| at.p50)),
        time(first.map(|at| at.p95)),
    ]
}

fn spark(stat: &StatsSummary, look: &RenderOptions) -> Cell {
    match stat.over_time.as_slice() {
        [] => Cell::none(),
        counts => Cell::own(number::spark(counts, look.unicode), TextRole::Bar),
    }
}

impl View for StatsView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        let SortedStats { keys, unit, groups, others, count_of_others, total } = &self.sorted;
        Json::of(&StatsJson {
            schema: SCHEMA,
            by: group::words(keys),
            unit: unit.word(),
            groups: groups.iter().map(|(values, stat)| StatJson::new(Some(KeyJson(keys, values)), stat)).collect(),
            other: others.as_ref().map(|stat| StatJson { groups: Some(*count_of_others), ..StatJson::new(None, stat) }),
            total: StatJson::new(None, total),
        })
    }

    fn text(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let SortedStats { keys, unit, groups, others, count_of_others, total } = &self.sorted;
        // Where times are among the keys, the rows tell how it went over time.
        let has_spark = !keys.iter().any(GroupKey::is_time);
        let titles = group::titles(keys);
        let mut shapes = group::shapes(keys, &titles);
        if keys.is_empty() {
            shapes.push(Column { title: "", is_right: false, shrinks_to: None, drops: 0 });
        }
        shapes.extend(columns(unit.word(), has_spark));
        let row = |mut row: Vec<Cell>, stat: &StatsSummary, role: TextRole| {
            row.extend(cells(stat, role));
            row.extend(has_spark.then(|| spark(stat, look)));
            row
        };
        let mut rows: Vec<Vec<Cell>> = groups
            .iter()
            .filter(|_| !keys.is_empty())
            .map(|(values, stat)| row(group::cells(look, keys, values), stat, TextRole::Plain))
            .collect();
        if let Some(others) = others {
            let title = group::others(*count_of_others);
            let others = row(group::title(title, keys), others, TextRole::Plain);
            rows.insert(group::place_of_others(keys, rows.len()), others);
        }
        rows.push(row(group::title("total".to_owned(), keys), total, TextRole::Figure));
        write_table(look, out, &shapes, &rows)
    }

    fn items(&self) -> Vec<Item> {
        let SortedStats { keys, groups, .. } = &self.sorted;
        let item = |(values, stat): &(Vec<Option<String>>, StatsSummary)| {
            let id = values.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
            Item::new(id, &StatJson::new(Some(KeyJson(keys, values)), stat))
        };
        groups.iter().map(item).collect()
    }

    fn csv(&self) -> Vec<Cow<'static, str>> {
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
        group::csv(&self.sorted.keys, &figures)
    }
}
