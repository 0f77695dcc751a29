//! Usage of many traces, grouped: rows of `mltrace usage --by` in all output formats.

use super::tokens::{self, HasUsage, Unpriced};
use crate::analysis::usage::UsageGroup;
use crate::model::{Cost, TokenUsage};
use crate::output::{Cell, Column, Heading};
use crate::views::group::Figures;
use serde::Serialize;

/// The usage of a group.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UsageFigures {
    /// Number of traces; null for several groups of calls together, which may share traces.
    traces: Option<u64>,
    /// Number of calls counted; null if spans were not read.
    calls: Option<u64>,
    /// Sum of the tokens.
    token_usage: Option<TokenUsage>,
    /// Sum of the costs, as far as known, in US dollars.
    cost: Option<Cost>,
    #[serde(flatten)]
    unpriced: Unpriced,
}

impl From<&UsageGroup> for UsageFigures {
    fn from(group: &UsageGroup) -> Self {
        Self {
            traces: group.traces,
            calls: group.calls,
            token_usage: group.token_usage.clone(),
            cost: group.cost(),
            unpriced: match group.calls {
                Some(_) => Unpriced { calls: Some(group.unpriced), traces: None },
                None => Unpriced { calls: None, traces: Some(group.unpriced) },
            },
        }
    }
}

impl HasUsage for UsageFigures {
    fn token_usage(&self) -> Option<&TokenUsage> {
        self.token_usage.as_ref()
    }

    fn cost(&self) -> Option<Cost> {
        self.cost
    }
}

fn count_cell(count: Option<u64>) -> Cell {
    count.map_or_else(Cell::none, Cell::count)
}

impl Figures for UsageFigures {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("traces", Heading::number("traces").drops(6), |row, _| count_cell(row.traces)),
        Column::new("calls", Heading::number("calls").drops(5), |row, _| count_cell(row.calls)),
        Column::new("token_usage.input_tokens", tokens::INPUT, tokens::input),
        Column::new("token_usage.output_tokens", tokens::OUTPUT, tokens::output),
        Column::new("token_usage.total_tokens", tokens::TOTAL, tokens::total),
        Column::new("cost.total_cost", tokens::COST, tokens::cost),
        Column::new("token_usage.cache_read_input_tokens", tokens::CACHE_READ, tokens::cache_read),
        Column::new("token_usage.cache_creation_input_tokens", tokens::CACHE_WRITE, tokens::cache_write),
        Column::combined(tokens::REASONING, tokens::reasoning),
        Column::data("cost.source"),
        Column::new("unpriced_calls", Heading::number("unpriced calls").drops(4), |row, _| {
            count_cell(row.unpriced.calls.filter(|count| *count > 0))
        }),
        Column::new("unpriced_traces", Heading::number("unpriced traces").drops(4), |row, _| {
            count_cell(row.unpriced.traces.filter(|count| *count > 0))
        }),
    ];
    const TABLE_ORDER: &'static [&'static str] =
        &["traces", "calls", "input", "cache read", "cache write", "output", "reasoning", "total", "cost"];
}
