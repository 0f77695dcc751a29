//! What tokens cost: a table compiled in, and prices that the reader brings.
//!
//! A cost is calculated as MLflow 3.18 does where it stores spans (`tracing/utils/__init__.py`,
//! `calculate_cost_by_model_and_token_usage`, and `utils/providers.py`, `cost_per_token`, without litellm), with one
//! difference: requests beyond a threshold of a model's long-context prices have those prices, which the table holds and
//! MLflow leaves out.

use crate::model::{Cost, Json, Span, Spans, TokenUsage, Trace};
use crate::reading::{self, RowKind};
use flate2::read::ZlibDecoder;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::LazyLock;

/// Sorted by model and provider; how it is made and of what is told in its first lines.
static TABLE: LazyLock<String> = LazyLock::new(|| {
    let mut table = String::new();
    let packed: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/table.z"));
    // It was packed when this program was made; tests look up prices.
    let _ = ZlibDecoder::new(packed).read_to_string(&mut table);
    table
});

/// US dollars for a million tokens; none where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Tokens sent that no cache was involved in.
    pub input: Option<f64>,
    /// Tokens that the model made.
    pub output: Option<f64>,
    /// Tokens sent that were read from a cache; as input where there is no such price.
    pub cache_read: Option<f64>,
    /// Tokens sent that were written to a cache; as input where there is no such price.
    pub cache_write: Option<f64>,
    /// Those of them that stay there for an hour; as other writes where there is no such price.
    pub cache_write_1hr: Option<f64>,
}

impl Rates {
    /// The names that MLflow's catalogue gives them, in the order of the table.
    const NAMES: [&str; 5] = ["input", "output", "cache_read", "cache_write", "cache_write_1hr"];

    const fn of(figures: [Option<f64>; 5]) -> Self {
        let [input, output, cache_read, cache_write, cache_write_1hr] = figures;
        Self { input, output, cache_read, cache_write, cache_write_1hr }
    }

    /// The price of each kind of token with its name in MLflow's catalogue, `input_per_million_tokens` for one.
    #[must_use]
    pub fn named(&self) -> [(String, Option<f64>); 5] {
        let figures = [self.input, self.output, self.cache_read, self.cache_write, self.cache_write_1hr];
        std::array::from_fn(|at| (format!("{}_per_million_tokens", Self::NAMES[at]), figures[at]))
    }

    fn from_json(json: &Json) -> Result<Self, String> {
        let mut figures = [None; 5];
        for (figure, name) in figures.iter_mut().zip(Self::NAMES) {
            let key = format!("{name}_per_million_tokens");
            let Some(price) = json.member(&key).filter(|price| !price.is_null()) else { continue };
            // A text is no price, even if it looks like one: `"1,50"`.
            let number = if price.as_string().is_some() { None } else { price.as_f64() };
            let number = number.filter(|number| number.is_finite() && *number >= 0.0);
            *figure = Some(number.ok_or_else(|| format!("`{key}` is no price: {}", price.text()))?);
        }
        Ok(Self::of(figures))
    }

    /// These, and others where these have none.
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

/// What the tokens of a model cost at a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// The name of the model.
    pub model: String,
    /// Who runs it; none where the reader said nothing of it.
    pub provider: Option<String>,
    /// The prices.
    pub rates: Rates,
    /// Prices of requests with more than so many tokens sent, least first. What one leaves out is as in `rates`.
    pub long_context: Vec<(i64, Rates)>,
    /// The day on which the entry was last changed.
    pub updated: Option<String>,
    /// Whether the reader brought it.
    pub is_own: bool,
}

impl Price {
    /// Whether any price is told. MLflow lists models without one too.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.rates.input.is_some() || self.rates.output.is_some()
    }

    /// A line of the table.
    fn of_line(line: &str) -> Self {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let (model, provider) = (cell().to_owned(), Some(cell().to_owned()));
        let rates = Rates::of(std::array::from_fn(|_| cell().parse().ok()));
        let tier = |text: &str| {
            let (threshold, prices) = text.split_once(':')?;
            let mut prices = prices.split(',').map(|price| price.parse().ok());
            Some((threshold.parse().ok()?, Rates::of(std::array::from_fn(|_| prices.next().flatten()))))
        };
        let long_context = cell().split(';').filter_map(tier).collect();
        let updated = Some(cell().to_owned()).filter(|date| !date.is_empty());
        Self { model, provider, rates, long_context, updated, is_own: false }
    }

    /// An entry of MLflow's catalogue, or of what `mltrace prices --json` prints, where the prices stand in the entry itself.
    fn of_json(model: String, provider: Option<String>, entry: &Json) -> Result<Self, String> {
        let wrong = |why: String| format!("`{model}`: {why}");
        let pricing = entry.member("pricing").unwrap_or_else(|| entry.clone());
        let rates = Rates::from_json(&pricing).map_err(wrong)?;
        let mut long_context = Vec::new();
        if let Some(tiers) = pricing.member("long_context").filter(|tiers| !tiers.is_null()) {
            let tiers = tiers.items().ok_or_else(|| wrong("`long_context` is no list".to_owned()))?;
            for tier in tiers {
                let threshold = tier.member("threshold_tokens").and_then(|threshold| threshold.as_i64());
                let threshold = threshold.ok_or_else(|| {
                    wrong("an entry of `long_context` has no number in `threshold_tokens`".to_owned())
                })?;
                long_context.push((threshold, Rates::from_json(&tier).map_err(wrong)?));
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
            is_own: true,
        })
    }

    /// What a call cost. `input_tokens` of a usage are all that were sent, those of the cache too.
    #[must_use]
    pub fn cost(&self, usage: &TokenUsage) -> Cost {
        let input = usage.input_tokens.unwrap_or(0);
        let [read, written, for_an_hour, _] = usage.details.map(|count| count.unwrap_or(0));
        let tier = self.long_context.iter().rev().find(|(threshold, _)| input > *threshold);
        let rates = tier.map_or(self.rates, |(_, rates)| rates.or(self.rates));
        let per_token = |rate: Option<f64>| rate.map(|rate| rate / 1e6);
        let regular = per_token(rates.input).unwrap_or(0.0);
        let write = per_token(rates.cache_write).unwrap_or(regular);
        let for_an_hour = for_an_hour.min(written);
        let parts = [
            (input.saturating_sub(read).saturating_sub(written).max(0), regular),
            (read.max(0), per_token(rates.cache_read).unwrap_or(regular)),
            (written.saturating_sub(for_an_hour).max(0), write),
            (for_an_hour.max(0), per_token(rates.cache_write_1hr).unwrap_or(write)),
        ];
        let input_cost: f64 = parts.iter().map(|(tokens, rate)| *tokens as f64 * rate).sum();
        let output_cost = usage.output_tokens.unwrap_or(0) as f64 * per_token(rates.output).unwrap_or(0.0);
        Cost::calculated(input_cost, output_cost)
    }
}

/// The prices in force.
#[derive(Debug, Default)]
pub struct Prices {
    /// Those that the reader brought.
    own: Vec<Price>,
    found: RefCell<PriceMatch>,
}

/// What was looked for, by model and provider, and what was found.
type PriceMatch = HashMap<(String, Option<String>), Option<Price>>;

impl Prices {
    /// The table and, before it, what a file tells: a file of MLflow's catalogue, or what `mltrace prices --json` prints.
    ///
    /// # Errors
    /// What is wrong with the file, in words.
    pub fn with_file(json: &Json) -> Result<Self, String> {
        let listed = json.member("prices").and_then(|prices| prices.items()).unwrap_or_default();
        let own = listed.iter().map(|entry| {
            let text = |key| entry.member(key).and_then(|text: Json| text.as_string());
            let model = text("model").ok_or("an entry of `prices` names no `model`")?;
            let is_told =
                ["input", "output"].iter().any(|name| entry.member(&format!("{name}_per_million_tokens")).is_some());
            if !is_told {
                let keys = "neither `input_per_million_tokens` nor `output_per_million_tokens`";
                return Err(format!("`{model}` has {keys}"));
            }
            Price::of_json(model, text("provider"), entry)
        });
        let mut own: Vec<Price> = own.collect::<Result<_, String>>()?;
        let named = json.member("models").and_then(|models| models.members()).unwrap_or_default();
        for (model, entry) in named {
            own.push(Price::of_json(model, None, &entry)?);
        }
        for (at, price) in own.iter().enumerate() {
            if own[..at].iter().any(|other| other.model == price.model && other.provider == price.provider) {
                return Err(format!("`{}` is there twice", price.model));
            }
        }
        if own.is_empty() {
            return Err("it has neither `prices` nor `models`".to_owned());
        }
        Ok(Self { own, found: RefCell::default() })
    }

    /// The price of a model, by MLflow's rule: that of its provider if it has one for the model, else the first of any
    /// provider, by name, with a price for input. What stands before a `/` in the name is left out, but where only the whole
    /// name is listed, or its provider lists that. Prices that the reader brought go first.
    #[must_use]
    pub fn find(&self, model: &str, provider: Option<&str>) -> Option<Price> {
        let key = (model.to_owned(), provider.map(str::to_lowercase));
        if let Some(known) = self.found.borrow().get(&key) {
            return known.clone();
        }
        let found = self.look_up(model, key.1.as_deref());
        self.found.borrow_mut().insert(key, found.clone());
        found
    }

    fn look_up(&self, model: &str, provider: Option<&str>) -> Option<Price> {
        // Names by which servers and gateways pass requests on (`_SKIP_COST_PREFIXES`).
        if model.starts_with("gateway:/") || model.starts_with("endpoints:/") {
            return None;
        }
        let is_databricks = model.starts_with("databricks-") || model.starts_with("databricks/");
        let provider = if is_databricks { Some("databricks") } else { provider };
        let bare = model.split_once('/').map_or(model, |(_, bare)| bare);
        let own = || self.own.iter().filter(|price| price.model == model || price.model == bare);
        let of_same = own().find(|price| provider.is_some() && price.provider.as_deref() == provider);
        let of_none = || own().find(|price| price.is_known() && (price.provider.is_none() || provider.is_none()));
        if let Some(own) = of_same.or_else(of_none) {
            return Some(own.clone()).filter(Price::is_known);
        }
        let of_provider =
            |name| entries(name).find(|price| provider.is_some() && price.provider.as_deref() == provider);
        let of_any = |name| {
            let with_price = entries(name).find(|price| price.rates.input.is_some_and(|rate| rate != 0.0));
            with_price.or_else(|| entries(name).next())
        };
        let found = of_provider(model).or_else(|| of_provider(bare)).or_else(|| of_any(bare)).or_else(|| of_any(model));
        found.filter(Price::is_known)
    }

    /// All entries of models whose names fit, those that the reader brought first.
    pub fn list<'a>(&'a self, fits: &'a dyn Fn(&str) -> bool) -> impl Iterator<Item = Price> + 'a {
        let own = self.own.iter().filter(|price| fits(&price.model)).cloned();
        own.chain(lines().filter(|line| fits(name(line))).map(Price::of_line))
    }

    /// Gives each span of a trace its cost: the one that MLflow recorded, else one that is calculated from its tokens.
    ///
    /// MLflow records 0 for a model of which it knows no price, so a recorded 0 for tokens that are not free is unknown. What
    /// an agent's span carries is the sum of its calls, and MLflow prices no such span (`translate_span_when_storing`).
    pub fn fill(&self, trace: &mut Trace) {
        let Some(spans) = &mut trace.spans else { return };
        for span in &mut spans.list {
            if span.cost.is_some_and(|cost| cost.total_cost != Some(0.0)) {
                continue;
            }
            let usage = span.usage().filter(|usage| usage.has_tokens());
            let calculated = usage.and_then(|usage| self.of_span(span, usage));
            match (&span.cost, calculated) {
                // It is free, as MLflow knew.
                (Some(_), Some(free)) if free.total_cost == Some(0.0) => {}
                (_, calculated) => span.cost = calculated,
            }
        }
        let lacks_model = |span: &Span| {
            span.model.is_none() && span.cost.is_none() && span.usage().is_some_and(TokenUsage::has_tokens)
        };
        if spans.list.iter().any(lacks_model) {
            self.fill_calls(spans);
        }
    }

    /// The same for calls whose span that counts names no model, while another one of the call does: a wrapper counts the
    /// tokens of a stream, of which the provider's span has the model alone. Likewise for agents whose calls all name one model.
    fn fill_calls(&self, spans: &mut Spans) {
        for row in reading::of_spans(spans)
            .unpriced()
            .filter(|row| row.kind != RowKind::Remainder || row.model_below.is_some())
        {
            let (Some(at), Some(usage)) = (row.span, &row.token_usage) else { continue };
            let price = row.model(&spans.list).and_then(|model| self.find(model, row.provider(&spans.list)));
            spans.list[at].cost = price.map(|price| price.cost(usage));
        }
    }

    fn of_span(&self, span: &Span, usage: &TokenUsage) -> Option<Cost> {
        let model = span.model.as_deref().filter(|_| !span.span_type.is_agent())?;
        self.find(model, span.provider.as_deref()).map(|price| price.cost(usage))
    }
}

/// What the table was made of, in its own words.
#[must_use]
pub fn origin() -> &'static str {
    TABLE.lines().nth(1).unwrap_or_default().trim_start_matches("# ")
}

fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#'))
}

fn name(line: &str) -> &str {
    line.split('\t').next().unwrap_or_default()
}

/// The entries of a model by its exact name. The lines are sorted, so that few are looked at.
fn entries(model: &str) -> impl Iterator<Item = Price> {
    let start_of_line = |at: usize| TABLE[..at].rfind('\n').map_or(0, |end| end + 1);
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let at = start_of_line(low.midpoint(high));
        let line = TABLE[at..].lines().next().unwrap_or_default();
        if line.starts_with('#') || name(line) < model {
            low = (at + line.len() + 1).min(TABLE.len());
        } else {
            high = at;
        }
    }
    TABLE[low..].lines().take_while(move |line| name(line) == model).map(Price::of_line)
}

#[cfg(test)]
mod tests;
