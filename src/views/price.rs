//! Rows of `mltrace prices`.

use crate::analysis::prices::{Price, Rates};
use crate::model::Json;
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, number};
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

impl Row for PriceRow {
    const KEY: &'static str = "prices";
    const CSV_COLUMNS: &'static [&'static str] = &[
        "model",
        "provider",
        "input_per_million_tokens",
        "output_per_million_tokens",
        "cache_read_per_million_tokens",
        "cache_write_per_million_tokens",
        "cache_write_1hr_per_million_tokens",
        "long_context",
        "last_updated_at",
        "source",
        "default",
    ];

    fn columns() -> &'static [Column<'static>] {
        &[
            Column { title: "model", is_right_aligned: false, min_width: Some(15), drop_priority: 0 },
            Column { title: "provider", is_right_aligned: false, min_width: Some(10), drop_priority: 0 },
            Column { title: "input", is_right_aligned: true, min_width: None, drop_priority: 0 },
            Column { title: "cache read", is_right_aligned: true, min_width: None, drop_priority: 4 },
            Column { title: "cache write", is_right_aligned: true, min_width: None, drop_priority: 5 },
            Column { title: "write 1 h", is_right_aligned: true, min_width: None, drop_priority: 6 },
            Column { title: "output", is_right_aligned: true, min_width: None, drop_priority: 0 },
            Column { title: "above", is_right_aligned: false, min_width: Some(20), drop_priority: 3 },
            Column { title: "updated", is_right_aligned: false, min_width: None, drop_priority: 2 },
            Column { title: "default", is_right_aligned: false, min_width: None, drop_priority: 1 },
        ]
    }

    fn cells(&self, _options: &RenderOptions) -> Vec<Cell> {
        let Self { price, is_default } = self;
        let rate =
            |rate: Option<f64>| rate.map_or_else(Cell::none, |rate| Cell::new(number::dollars(rate), TextRole::Figure));
        let above = |(threshold, rates): &(i64, Rates)| {
            let rate = |rate: Option<f64>| rate.map_or_else(|| "unchanged".to_owned(), number::dollars);
            format!("{}: {} → {}", number::count(*threshold), rate(rates.input), rate(rates.output))
        };
        let above: Vec<String> = price.long_context.iter().map(above).collect();
        vec![
            Cell::escaped(&price.model, TextRole::Name),
            Cell::optional(price.provider.as_deref(), TextRole::Plain),
            rate(price.rates.input),
            rate(price.rates.cache_read),
            rate(price.rates.cache_write),
            rate(price.rates.cache_write_1hr),
            rate(price.rates.output),
            if above.is_empty() { Cell::none() } else { Cell::new(above.join("; "), TextRole::Plain) },
            Cell::optional(price.updated.as_deref(), TextRole::Dim),
            if *is_default { Cell::new("if provider unknown", TextRole::Dim) } else { Cell::none() },
        ]
    }

    fn json(&self) -> impl Serialize {
        PriceJson(self)
    }

    fn id(&self) -> &str {
        &self.price.model
    }
}
