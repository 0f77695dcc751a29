//! Columns of tokens and cost, for every row type that has them.

use crate::model::{Cost, TokenUsage};
use crate::number;
use crate::output::{Cell, Heading, RenderOptions, TextRole};
use serde::Serialize;

/// A row with tokens and a cost.
pub(in crate::views) trait HasUsage {
    /// The tokens, as far as known.
    fn token_usage(&self) -> Option<&TokenUsage>;
    /// The cost, as far as known.
    fn cost(&self) -> Option<Cost>;
}

/// The number of calls or traces whose tokens are in a group, but not their cost.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct Unpriced {
    /// Number of calls with tokens and no known cost; null if traces are counted instead.
    #[serde(rename = "unpriced_calls")]
    pub(in crate::views) calls: Option<u64>,
    /// Number of traces with tokens and no known cost; null if calls are counted instead. Both are null if a server
    /// computed the figures, without costs.
    #[serde(rename = "unpriced_traces")]
    pub(in crate::views) traces: Option<u64>,
}

pub(super) const INPUT: Heading<'_> = Heading::number("input").drops(2);
pub(super) const CACHE_READ: Heading<'_> = Heading::number("cache read").drops(7);
pub(super) const CACHE_WRITE: Heading<'_> = Heading::number("cache write").drops(8);
pub(super) const OUTPUT: Heading<'_> = Heading::number("output").drops(2);
pub(super) const REASONING: Heading<'_> = Heading::number("reasoning").drops(9);
pub(super) const TOTAL: Heading<'_> = Heading::number("total");
pub(super) const COST: Heading<'_> = Heading::number("cost").drops(3);

fn cell(tokens: Option<i64>) -> Cell {
    tokens.map_or_else(Cell::none, |tokens| Cell::new(number::count(tokens), TextRole::Plain))
}

/// The cell of a part of the input or output, which is often recorded as 0 where there is none.
fn part(row: &impl HasUsage, at: usize) -> Cell {
    cell(row.token_usage().and_then(|usage| usage.details[at]).filter(|tokens| *tokens != 0))
}

pub(in crate::views) fn input(row: &impl HasUsage, _options: &RenderOptions) -> Cell {
    cell(row.token_usage().and_then(|usage| usage.input_tokens))
}

pub(in crate::views) fn cache_read(row: &impl HasUsage, _options: &RenderOptions) -> Cell {
    part(row, 0)
}

pub(in crate::views) fn cache_write(row: &impl HasUsage, _options: &RenderOptions) -> Cell {
    part(row, 1)
}

pub(in crate::views) fn output(row: &impl HasUsage, _options: &RenderOptions) -> Cell {
    cell(row.token_usage().and_then(|usage| usage.output_tokens))
}

pub(in crate::views) fn reasoning(row: &impl HasUsage, _options: &RenderOptions) -> Cell {
    part(row, 3)
}

pub(in crate::views) fn total(row: &impl HasUsage, _options: &RenderOptions) -> Cell {
    cell(row.token_usage().and_then(|usage| usage.total_tokens))
}

pub(in crate::views) fn cost(row: &impl HasUsage, _options: &RenderOptions) -> Cell {
    row.cost().as_ref().and_then(number::cost).map_or_else(Cell::none, |cost| Cell::new(cost, TextRole::Plain))
}
