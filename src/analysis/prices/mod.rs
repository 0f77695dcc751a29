//! Token prices: a built-in table, and custom prices from a file.
//!
//! Costs are calculated as MLflow 3.18 does when it stores spans (`tracing/utils/__init__.py`,
//! `calculate_cost_by_model_and_token_usage`, and `utils/providers.py`, `cost_per_token`, without litellm), with one
//! difference: requests above a long-context threshold are charged the long-context prices, which MLflow ignores.

use crate::json::Json;
use crate::model::{Cost, Span, Spans, TokenUsage, Trace};
use crate::reading::{self, RowKind};
use flate2::read::ZlibDecoder;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::LazyLock;

/// The price table, sorted by model and provider. Its first lines name the source.
static TABLE: LazyLock<String> = LazyLock::new(|| {
    let mut table = String::new();
    let packed: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/table.z"));
    // Compressed by the build script, so this cannot fail; tests cover it.
    let _ = ZlibDecoder::new(packed).read_to_string(&mut table);
    table
});

/// US dollars per million tokens; `None` if unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Uncached input tokens.
    pub input: Option<f64>,
    /// Output tokens.
    pub output: Option<f64>,
    /// Input tokens read from a cache; if `None`, the price of input applies.
    pub cache_read: Option<f64>,
    /// Input tokens written to a cache; if `None`, the price of input applies.
    pub cache_write: Option<f64>,
    /// Input tokens cached for an hour; if `None`, the price of other cache writes applies.
    pub cache_write_1hr: Option<f64>,
}

impl Rates {
    /// Names in MLflow's catalog, in the order of the table.
    const NAMES: [&str; 5] = ["input", "output", "cache_read", "cache_write", "cache_write_1hr"];

    const fn from_array(rates: [Option<f64>; 5]) -> Self {
        let [input, output, cache_read, cache_write, cache_write_1hr] = rates;
        Self { input, output, cache_read, cache_write, cache_write_1hr }
    }

    fn from_json(json: &Json) -> Result<Self, String> {
        let mut rates = [None; 5];
        for (rate, name) in rates.iter_mut().zip(Self::NAMES) {
            let key = format!("{name}_per_million_tokens");
            let Some(price) = json.member(&key).filter(|price| !price.is_null()) else { continue };
            // Strings are rejected, even if they look like a price: `"1,50"`.
            let number = if price.as_string().is_some() { None } else { price.as_f64() };
            let number = number.filter(|number| number.is_finite() && *number >= 0.0);
            *rate =
                Some(number.ok_or_else(|| {
                    format!("`{key}`: invalid price {}, expected a number of at least 0", price.text())
                })?);
        }
        Ok(Self::from_array(rates))
    }

    /// Fills in missing prices from others.
    fn or(self, others: Self) -> Self {
        Self {
            input: self.input.or(others.input),
            output: self.output.or(others.output),
            cache_read: self.cache_read.or(others.cache_read),
            cache_write: self.cache_write.or(others.cache_write),
            cache_write_1hr: self.cache_write_1hr.or(others.cache_write_1hr),
        }
    }
}

/// The prices of a model at a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// The model.
    pub model: String,
    /// The provider, in lower case; `None` if a price file names none.
    pub provider: Option<String>,
    /// The prices.
    pub rates: Rates,
    /// Thresholds in input tokens, ascending, with the prices of larger requests. Missing prices are as in `rates`.
    pub long_context: Vec<(i64, Rates)>,
    /// Date of the last change of the entry.
    pub updated: Option<String>,
    /// Whether it comes from a price file.
    pub is_custom: bool,
}

impl Price {
    /// Whether an input or output price is known. MLflow also lists models without prices.
    #[must_use]
    pub const fn has_price(&self) -> bool {
        self.rates.input.is_some() || self.rates.output.is_some()
    }

    /// Parses a line of the table.
    fn from_line(line: &str) -> Self {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let (model, provider) = (cell().to_owned(), Some(cell().to_owned()));
        let rates = Rates::from_array(std::array::from_fn(|_| cell().parse().ok()));
        let tier = |text: &str| {
            let (threshold, prices) = text.split_once(':')?;
            let mut prices = prices.split(',').map(|price| price.parse().ok());
            Some((threshold.parse().ok()?, Rates::from_array(std::array::from_fn(|_| prices.next().flatten()))))
        };
        let long_context = cell().split(';').filter_map(tier).collect();
        let updated = Some(cell().to_owned()).filter(|date| !date.is_empty());
        Self { model, provider, rates, long_context, updated, is_custom: false }
    }

    /// Parses an entry of MLflow's catalog, or of `mltrace prices --json`, where the prices are in the entry itself.
    fn from_json(model: String, provider: Option<String>, entry: &Json) -> Result<Self, String> {
        let invalid = |reason: String| format!("`{model}`: {reason}");
        let pricing = entry.member("pricing").unwrap_or_else(|| entry.clone());
        let rates = Rates::from_json(&pricing).map_err(invalid)?;
        let mut long_context = Vec::new();
        if let Some(tiers) = pricing.member("long_context").filter(|tiers| !tiers.is_null()) {
            let tiers = tiers.items().ok_or_else(|| invalid("`long_context` must be a list".to_owned()))?;
            for tier in tiers {
                let threshold = tier.member("threshold_tokens").and_then(|threshold| threshold.as_i64());
                let threshold = threshold.ok_or_else(|| {
                    invalid("an entry of `long_context` has no number in `threshold_tokens`".to_owned())
                })?;
                long_context.push((threshold, Rates::from_json(&tier).map_err(invalid)?));
            }
        }
        long_context.sort_by_key(|(threshold, _)| *threshold);
        let updated = entry.member("last_updated_at").and_then(|date| date.as_string());
        Ok(Self {
            model,
            provider: provider.map(|name| name.to_lowercase()),
            rates,
            long_context,
            updated,
            is_custom: true,
        })
    }

    /// Calculates the cost of a call. `input_tokens` includes cached tokens.
    #[must_use]
    pub fn cost(&self, usage: &TokenUsage) -> Cost {
        let input = usage.input_tokens.unwrap_or(0);
        let [read, written, written_1hr, _] = usage.details.map(|count| count.unwrap_or(0));
        let tier = self.long_context.iter().rev().find(|(threshold, _)| input > *threshold);
        let rates = tier.map_or(self.rates, |(_, rates)| rates.or(self.rates));
        let per_token = |rate: Option<f64>| rate.map(|rate| rate / 1e6);
        let regular = per_token(rates.input).unwrap_or(0.0);
        let write = per_token(rates.cache_write).unwrap_or(regular);
        let written_1hr = written_1hr.min(written);
        let parts = [
            (input.saturating_sub(read).saturating_sub(written).max(0), regular),
            (read.max(0), per_token(rates.cache_read).unwrap_or(regular)),
            (written.saturating_sub(written_1hr).max(0), write),
            (written_1hr.max(0), per_token(rates.cache_write_1hr).unwrap_or(write)),
        ];
        let input_cost: f64 = parts.iter().map(|(tokens, rate)| *tokens as f64 * rate).sum();
        let output_cost = usage.output_tokens.unwrap_or(0) as f64 * per_token(rates.output).unwrap_or(0.0);
        Cost::calculated(input_cost, output_cost)
    }
}

/// Price lookup, by the built-in table and custom prices.
#[derive(Debug, Default)]
pub struct Prices {
    /// Prices from a file.
    custom: Vec<Price>,
    cache: RefCell<PriceMatch>,
}

/// Results of earlier lookups, by model and provider.
type PriceMatch = HashMap<(String, Option<String>), Option<Price>>;

impl Prices {
    /// Creates a lookup in which the prices of a file go before the table. The file is one of MLflow's catalog, or the
    /// output of `mltrace prices --json`.
    ///
    /// # Errors
    /// Why the file is invalid.
    pub fn with_file(json: &Json) -> Result<Self, String> {
        let listed = json.member("prices").and_then(|prices| prices.items()).unwrap_or_default();
        let custom = listed.iter().map(|entry| {
            let text = |key| entry.member(key).and_then(|text: Json| text.as_string());
            let model = text("model").ok_or("an entry of `prices` has no `model`")?;
            let has_prices =
                ["input", "output"].iter().any(|name| entry.member(&format!("{name}_per_million_tokens")).is_some());
            if !has_prices {
                let keys = "neither `input_per_million_tokens` nor `output_per_million_tokens`";
                return Err(format!("`{model}` has {keys}"));
            }
            Price::from_json(model, text("provider"), entry)
        });
        let mut custom: Vec<Price> = custom.collect::<Result<_, String>>()?;
        let named = json.member("models").and_then(|models| models.members()).unwrap_or_default();
        for (model, entry) in named {
            custom.push(Price::from_json(model, None, &entry)?);
        }
        for (at, price) in custom.iter().enumerate() {
            if custom[..at].iter().any(|other| other.model == price.model && other.provider == price.provider) {
                return Err(format!("duplicate price for `{}`", price.model));
            }
        }
        if custom.is_empty() {
            return Err("expected a key `prices` or `models`".to_owned());
        }
        Ok(Self { custom, cache: RefCell::default() })
    }

    /// Returns the price of a model by MLflow's rule: that of its provider if listed, else the first of any provider,
    /// by name, with an input price. A prefix before `/` in the model name is ignored, unless only the full name is
    /// listed, or the provider lists it. Prices from a file go first.
    #[must_use]
    pub fn find(&self, model: &str, provider: Option<&str>) -> Option<Price> {
        let key = (model.to_owned(), provider.map(str::to_lowercase));
        if let Some(known) = self.cache.borrow().get(&key) {
            return known.clone();
        }
        let found = self.look_up(model, key.1.as_deref());
        self.cache.borrow_mut().insert(key, found.clone());
        found
    }

    fn look_up(&self, model: &str, provider: Option<&str>) -> Option<Price> {
        // Prefixes of gateway endpoints, which MLflow does not price (`_SKIP_COST_PREFIXES`).
        if model.starts_with("gateway:/") || model.starts_with("endpoints:/") {
            return None;
        }
        let is_databricks = model.starts_with("databricks-") || model.starts_with("databricks/");
        let provider = if is_databricks { Some("databricks") } else { provider };
        let bare = model.split_once('/').map_or(model, |(_, bare)| bare);
        let custom = || self.custom.iter().filter(|price| price.model == model || price.model == bare);
        let same_provider = custom().find(|price| provider.is_some() && price.provider.as_deref() == provider);
        let any_provider =
            || custom().find(|price| price.has_price() && (price.provider.is_none() || provider.is_none()));
        if let Some(price) = same_provider.or_else(any_provider) {
            return Some(price.clone()).filter(Price::has_price);
        }
        let from_provider =
            |name| table_entries(name).find(|price| provider.is_some() && price.provider.as_deref() == provider);
        let from_any = |name| {
            let with_price = table_entries(name).find(|price| price.rates.input.is_some_and(|rate| rate != 0.0));
            with_price.or_else(|| table_entries(name).next())
        };
        let found =
            from_provider(model).or_else(|| from_provider(bare)).or_else(|| from_any(bare)).or_else(|| from_any(model));
        found.filter(Price::has_price)
    }

    /// Returns all entries of models whose names match, those from a file first.
    pub fn list<'a>(&'a self, is_match: &'a dyn Fn(&str) -> bool) -> impl Iterator<Item = Price> + 'a {
        let custom = self.custom.iter().filter(|price| is_match(&price.model)).cloned();
        custom.chain(table_lines().filter(|line| is_match(model_of_line(line))).map(Price::from_line))
    }

    /// Sets the cost of each span of a trace: the one that MLflow recorded, else one calculated from its tokens.
    ///
    /// MLflow records 0 for a model whose price it does not know, so a recorded 0 counts only for free models. The
    /// tokens of an agent's span are the sum of its calls, so it is not priced, as in MLflow
    /// (`translate_span_when_storing`).
    pub fn fill_costs(&self, trace: &mut Trace) {
        let Some(spans) = &mut trace.spans else { return };
        for span in &mut spans.list {
            if span.cost.is_some_and(|cost| cost.total_cost != Some(0.0)) {
                continue;
            }
            let usage = span.usage().filter(|usage| usage.has_tokens());
            let calculated = usage.and_then(|usage| self.cost_of_span(span, usage));
            match (&span.cost, calculated) {
                // The model is free, so the recorded 0 is right.
                (Some(_), Some(free)) if free.total_cost == Some(0.0) => {}
                (_, calculated) => span.cost = calculated,
            }
        }
        let lacks_model = |span: &Span| {
            span.model.is_none() && span.cost.is_none() && span.usage().is_some_and(TokenUsage::has_tokens)
        };
        if spans.list.iter().any(lacks_model) {
            self.fill_call_costs(spans);
        }
    }

    /// Sets the cost of calls whose counted span has no model while another span of the call has: a wrapper counts the
    /// tokens of a stream, and only the provider's span has the model. Also of agents whose calls all use one model.
    fn fill_call_costs(&self, spans: &mut Spans) {
        for row in reading::spans_usage(spans)
            .unpriced_rows()
            .filter(|row| row.kind != RowKind::Remainder || row.model_below.is_some())
        {
            let (Some(at), Some(usage)) = (row.span, &row.token_usage) else { continue };
            let price = row.model(&spans.list).and_then(|model| self.find(model, row.provider(&spans.list)));
            spans.list[at].cost = price.map(|price| price.cost(usage));
        }
    }

    fn cost_of_span(&self, span: &Span, usage: &TokenUsage) -> Option<Cost> {
        let model = span.model.as_deref().filter(|_| !span.span_type.is_agent())?;
        self.find(model, span.provider.as_deref()).map(|price| price.cost(usage))
    }
}

/// Returns the source of the table: `the model catalog of MLflow 3.18.0 (…), dated 2026-11-02`.
#[must_use]
pub fn table_source() -> &'static str {
    TABLE.lines().nth(1).unwrap_or_default().trim_start_matches("# Derived from ").trim_end_matches('.')
}

fn table_lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#'))
}

fn model_of_line(line: &str) -> &str {
    line.split('\t').next().unwrap_or_default()
}

/// Returns the table entries with this exact model name, by binary search over the sorted lines.
fn table_entries(model: &str) -> impl Iterator<Item = Price> {
    let start_of_line = |at: usize| TABLE[..at].rfind('\n').map_or(0, |end| end + 1);
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let at = start_of_line(low.midpoint(high));
        let line = TABLE[at..].lines().next().unwrap_or_default();
        if line.starts_with('#') || model_of_line(line) < model {
            low = (at + line.len() + 1).min(TABLE.len());
        } else {
            high = at;
        }
    }
    TABLE[low..].lines().take_while(move |line| model_of_line(line) == model).map(Price::from_line)
}

#[cfg(test)]
mod tests;
