//! Rows of `mltrace prices`.

use crate::analysis::prices::{Price, Rates};
use crate::model::Json;
use crate::output::{Cell, Column, Heading, Row, TextRole, number};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Row of the price list.
#[derive(Clone, Debug)]
pub struct PriceRow {
    /// Price.
    pub price: Price,
    /// Whether this price applies to calls of the model without a recorded provider.
    pub is_default: bool,
}

/// JSON entry with the key names of MLflow's catalog, so that it can be edited and used with `--prices`.
struct PriceJson<'a>(&'a PriceRow);

impl Serialize for PriceJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PriceRow { price, is_default } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &price.model)?;
        map.serialize_entry("provider", &price.provider)?;
        for (name, rate) in price.rates.named() {
            map.serialize_entry(&name, &rate)?;
        }
        let tiers: Vec<Json> =
            price.long_context.iter().map(|(threshold, rates)| tier_json(*threshold, rates)).collect();
        map.serialize_entry("long_context", &tiers)?;
        map.serialize_entry("last_updated_at", &price.updated)?;
        map.serialize_entry("source", if price.is_custom { "file" } else { "table" })?;
        map.serialize_entry("default", is_default)?;
        map.end()
    }
}

fn tier_json(threshold: i64, rates: &Rates) -> Json {
    let known = rates.named().into_iter().map(|(name, rate)| (name, Json::of(&rate)));
    Json::object(
        &std::iter::once(("threshold_tokens".to_owned(), Json::of(&threshold))).chain(known).collect::<Vec<_>>(),
    )
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
        PriceJson(self)
    }

    fn id(&self) -> &str {
        &self.price.model
    }
}
