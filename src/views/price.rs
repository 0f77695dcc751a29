//! Rows of `mltrace prices`.

use crate::analysis::prices::{Price, Rates};
use crate::number;
use crate::output::{Cell, Column, Heading, Row, TextRole};
use serde::Serialize;

/// Row of the price list.
#[derive(Clone, Debug)]
pub struct PriceRow {
    /// Price.
    pub price: Price,
    /// Whether this price applies to calls of the model without a recorded provider.
    pub is_default: bool,
}

/// A model at a provider, with the key names of MLflow's catalog, so that it can be edited and used with `--prices`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct PriceJson<'a> {
    /// Name of the model.
    model: &'a str,
    /// Provider of the model; null if a file with prices names none.
    provider: Option<&'a str>,
    #[serde(flatten)]
    rates: RatesJson,
    /// Rates of requests with more input tokens, lowest threshold first.
    long_context: Vec<LongContextJson>,
    /// Date of the last change; null if unknown.
    last_updated_at: Option<&'a str>,
    /// Whether it is in the built-in table, or in the file of --prices.
    #[cfg_attr(test, schemars(extend("enum" = ["table", "file"])))]
    source: &'static str,
    /// Whether it applies to calls of the model without a recorded provider.
    default: bool,
}

/// Rates of requests with more input tokens than a threshold. A rate that is null is that of the entry.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LongContextJson {
    /// The threshold.
    threshold_tokens: i64,
    #[serde(flatten)]
    rates: RatesJson,
}

/// Rates in US dollars per million tokens; null if there is none.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(clippy::struct_field_names, reason = "the names of MLflow's catalog")]
struct RatesJson {
    /// Input tokens.
    input_per_million_tokens: Option<f64>,
    /// Output tokens.
    output_per_million_tokens: Option<f64>,
    /// Input tokens read from a cache.
    cache_read_per_million_tokens: Option<f64>,
    /// Input tokens written to a cache.
    cache_write_per_million_tokens: Option<f64>,
    /// Input tokens written to a cache that is kept for an hour.
    cache_write_1hr_per_million_tokens: Option<f64>,
}

impl From<&Rates> for RatesJson {
    fn from(rates: &Rates) -> Self {
        Self {
            input_per_million_tokens: rates.input,
            output_per_million_tokens: rates.output,
            cache_read_per_million_tokens: rates.cache_read,
            cache_write_per_million_tokens: rates.cache_write,
            cache_write_1hr_per_million_tokens: rates.cache_write_1hr,
        }
    }
}

impl<'a> From<&'a PriceRow> for PriceJson<'a> {
    fn from(PriceRow { price, is_default }: &'a PriceRow) -> Self {
        let above = |(threshold, rates): &(i64, Rates)| LongContextJson {
            threshold_tokens: *threshold,
            rates: RatesJson::from(rates),
        };
        Self {
            model: &price.model,
            provider: price.provider.as_deref(),
            rates: RatesJson::from(&price.rates),
            long_context: price.long_context.iter().map(above).collect(),
            last_updated_at: price.updated.as_deref(),
            source: if price.is_custom { "file" } else { "table" },
            default: *is_default,
        }
    }
}

fn rate_cell(rate: Option<f64>) -> Cell {
    rate.map_or_else(Cell::none, |rate| Cell::new(number::dollars(rate), TextRole::Figure))
}

/// Returns the rates for long contexts: `200,000: $2.50 → $15`.
fn long_context_cell(price: &Price) -> Cell {
    let above = |(threshold, rates): &(i64, Rates)| {
        let rate = |rate: Option<f64>| rate.map_or_else(|| "unchanged".to_owned(), number::dollars);
        format!("{}: {} → {}", number::count(*threshold), rate(rates.input), rate(rates.output))
    };
    let above: Vec<String> = price.long_context.iter().map(above).collect();
    if above.is_empty() { Cell::none() } else { Cell::new(above.join("; "), TextRole::Plain) }
}

impl Row for PriceRow {
    const KEY: &'static str = "prices";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("model", Heading::text("model").shrinks_to(15), |row, _| {
            Cell::escaped(&row.price.model, TextRole::Name)
        }),
        Column::new("provider", Heading::text("provider").shrinks_to(10), |row, _| {
            Cell::optional(row.price.provider.as_deref(), TextRole::Plain)
        }),
        Column::new("input_per_million_tokens", Heading::number("input"), |row, _| rate_cell(row.price.rates.input)),
        Column::new("output_per_million_tokens", Heading::number("output"), |row, _| rate_cell(row.price.rates.output)),
        Column::new("cache_read_per_million_tokens", Heading::number("cache read").drops(4), |row, _| {
            rate_cell(row.price.rates.cache_read)
        }),
        Column::new("cache_write_per_million_tokens", Heading::number("cache write").drops(5), |row, _| {
            rate_cell(row.price.rates.cache_write)
        }),
        Column::new("cache_write_1hr_per_million_tokens", Heading::number("write 1 h").drops(6), |row, _| {
            rate_cell(row.price.rates.cache_write_1hr)
        }),
        Column::new("long_context", Heading::text("above").shrinks_to(20).drops(3), |row, _| {
            long_context_cell(&row.price)
        }),
        Column::new("last_updated_at", Heading::text("updated").drops(2), |row, _| {
            Cell::optional(row.price.updated.as_deref(), TextRole::Dim)
        }),
        Column::data("source"),
        Column::new("default", Heading::text("default").drops(1), |row, _| {
            if row.is_default { Cell::new("if provider unknown", TextRole::Dim) } else { Cell::none() }
        }),
    ];
    const TABLE_ORDER: &'static [&'static str] =
        &["model", "provider", "input", "cache read", "cache write", "write 1 h", "output"];

    fn json(&self) -> impl Serialize {
        PriceJson::from(self)
    }

    fn id(&self) -> &str {
        &self.price.model
    }
}
