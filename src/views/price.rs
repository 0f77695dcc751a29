//! Rows of `mltrace prices`.

use crate::analysis::prices::{Price, Rates};
use crate::model::Json;
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, number};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A price as a row of a list.
#[derive(Clone, Debug)]
pub struct PriceRow {
    /// The price.
    pub price: Price,
    /// Whether it is the one for calls of this model whose provider nobody recorded.
    pub is_default: bool,
}

/// An entry, with the names of MLflow's catalogue, so that it can be changed and read with `--prices`.
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
        let tiers: Vec<Json> = price.long_context.iter().map(|(threshold, rates)| tier(*threshold, rates)).collect();
        map.serialize_entry("long_context", &tiers)?;
        map.serialize_entry("last_updated_at", &price.updated)?;
        map.serialize_entry("source", if price.is_own { "file" } else { "table" })?;
        map.serialize_entry("default", is_default)?;
        map.end()
    }
}

fn tier(threshold: i64, rates: &Rates) -> Json {
    let known = rates.named().into_iter().map(|(name, rate)| (name, Json::of(&rate)));
    Json::object(
        &std::iter::once(("threshold_tokens".to_owned(), Json::of(&threshold))).chain(known).collect::<Vec<_>>(),
    )
}

impl Row for PriceRow {
    const KEY: &'static str = "prices";
    const CSV: &'static [&'static str] = &[
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

    fn shapes() -> &'static [Column<'static>] {
        &[
            Column { title: "model", is_right: false, shrinks_to: Some(15), drops: 0 },
            Column { title: "provider", is_right: false, shrinks_to: Some(10), drops: 0 },
            Column { title: "input", is_right: true, shrinks_to: None, drops: 0 },
            Column { title: "cache read", is_right: true, shrinks_to: None, drops: 4 },
            Column { title: "cache write", is_right: true, shrinks_to: None, drops: 5 },
            Column { title: "for 1 h", is_right: true, shrinks_to: None, drops: 6 },
            Column { title: "output", is_right: true, shrinks_to: None, drops: 0 },
            Column { title: "above", is_right: false, shrinks_to: Some(20), drops: 3 },
            Column { title: "updated", is_right: false, shrinks_to: None, drops: 2 },
            Column { title: "used", is_right: false, shrinks_to: None, drops: 1 },
        ]
    }

    fn cells(&self, _look: &RenderOptions) -> Vec<Cell> {
        let Self { price, is_default } = self;
        let rate =
            |rate: Option<f64>| rate.map_or_else(Cell::none, |rate| Cell::own(number::dollars(rate), TextRole::Figure));
        let above = |(threshold, rates): &(i64, Rates)| {
            let rate = |rate: Option<f64>| rate.map_or_else(|| "as before".to_owned(), number::dollars);
            format!("{}: {} → {}", number::count(*threshold), rate(rates.input), rate(rates.output))
        };
        let above: Vec<String> = price.long_context.iter().map(above).collect();
        vec![
            Cell::stored(&price.model, TextRole::Name),
            Cell::maybe(price.provider.as_deref(), TextRole::Plain),
            rate(price.rates.input),
            rate(price.rates.cache_read),
            rate(price.rates.cache_write),
            rate(price.rates.cache_write_1hr),
            rate(price.rates.output),
            if above.is_empty() { Cell::none() } else { Cell::own(above.join("; "), TextRole::Plain) },
            Cell::maybe(price.updated.as_deref(), TextRole::Dim),
            if *is_default { Cell::own("unless a provider is known", TextRole::Dim) } else { Cell::none() },
        ]
    }

    fn json(&self) -> impl Serialize {
        PriceJson(self)
    }

    fn id(&self) -> &str {
        &self.price.model
    }
}
