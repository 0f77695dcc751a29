//! Tokens and money.

use super::Json;
use super::json::{integer, number};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Token counts of one call or of a whole trace, in MLflow's keys (span attribute `mlflow.chat.tokenUsage`,
/// trace metadata `mlflow.trace.tokenUsage`; MLflow 3.1 on).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenUsage {
    /// Tokens sent to the model.
    pub input_tokens: Option<i64>,
    /// Tokens the model made.
    pub output_tokens: Option<i64>,
    /// What the provider counts in total.
    pub total_tokens: Option<i64>,
    /// Parts of the input and of the output, in the order of [`DETAIL_KEYS`].
    pub details: [Option<i64>; DETAIL_KEYS.len()],
    /// Every other key as recorded, in its order.
    pub other: Vec<(String, Json)>,
}

/// Keys for parts of the input (cache reads, cache writes, and of these the ones kept for an hour; MLflow 3.10, the last 3.17) and
/// for a part of the output (reasoning tokens, which MLflow does not record).
pub const DETAIL_KEYS: [&str; 4] = [
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
    "reasoning_tokens",
];

impl TokenUsage {
    /// Reads a usage object; `None` when the value is not an object.
    #[must_use]
    pub fn from_json(json: &Json) -> Option<Self> {
        let mut usage = Self::default();
        for (key, value) in json.borrowed_members()?.0 {
            match key.as_ref() {
                "input_tokens" => usage.input_tokens = integer(value),
                "output_tokens" => usage.output_tokens = integer(value),
                "total_tokens" => usage.total_tokens = integer(value),
                _ => match (DETAIL_KEYS.iter().position(|known| *known == key), integer(value)) {
                    (Some(at), Some(count)) => usage.details[at] = Some(count),
                    _ => usage.other.push((key.into_owned(), value.into())),
                },
            }
        }
        Some(usage)
    }

    /// Whether no figure at all is known (MLflow records `{}` for some calls).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.figures() == (None, None, None) && self.details == [None; DETAIL_KEYS.len()] && self.other.is_empty()
    }

    /// The three main figures.
    #[must_use]
    pub const fn figures(&self) -> (Option<i64>, Option<i64>, Option<i64>) {
        (self.input_tokens, self.output_tokens, self.total_tokens)
    }

    /// Adds another usage as MLflow does: an absent main figure counts as 0, a detail appears once one was seen
    /// (`aggregate_usage_from_spans`, MLflow 3.10 on).
    pub fn add(&mut self, more: &Self) {
        for (sum, part) in [
            (&mut self.input_tokens, more.input_tokens),
            (&mut self.output_tokens, more.output_tokens),
            (&mut self.total_tokens, more.total_tokens),
        ] {
            *sum = Some(sum.unwrap_or(0).saturating_add(part.unwrap_or(0)));
        }
        for (sum, part) in self.details.iter_mut().zip(more.details) {
            *sum = sum.map(|sum| sum.saturating_add(part.unwrap_or(0))).or(part);
        }
        for (key, value) in &more.other {
            let Some(count) = value.as_i64() else { continue };
            match self.other.iter_mut().find(|(name, _)| name == key) {
                Some((_, sum)) => *sum = Json::of(&sum.as_i64().unwrap_or(0).saturating_add(count)),
                None => self.other.push((key.clone(), Json::of(&count))),
            }
        }
    }

    /// Takes another usage away. An absent main figure counts as 0; what is left may be negative.
    pub fn subtract(&mut self, less: &Self) {
        for (rest, part) in [
            (&mut self.input_tokens, less.input_tokens),
            (&mut self.output_tokens, less.output_tokens),
            (&mut self.total_tokens, less.total_tokens),
        ] {
            *rest = Some(rest.unwrap_or(0).saturating_sub(part.unwrap_or(0)));
        }
        for (rest, part) in self.details.iter_mut().zip(less.details) {
            *rest = part.map_or(*rest, |part| Some(rest.unwrap_or(0).saturating_sub(part)));
        }
        for (key, value) in &less.other {
            let Some(count) = value.as_i64() else { continue };
            match self.other.iter_mut().find(|(name, _)| name == key) {
                Some((_, rest)) => *rest = Json::of(&rest.as_i64().unwrap_or(0).saturating_sub(count)),
                None => self.other.push((key.clone(), Json::of(&count.saturating_neg()))),
            }
        }
    }

    /// Whether any token was sent or made.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        [self.input_tokens, self.output_tokens, self.total_tokens].into_iter().flatten().any(|count| count != 0)
    }

    /// How many tokens it is in all; less than nothing counts as nothing.
    #[must_use]
    pub fn weight(&self) -> i64 {
        let parts = || self.input_tokens.unwrap_or(0).saturating_add(self.output_tokens.unwrap_or(0));
        self.total_tokens.unwrap_or_else(parts).max(0)
    }

    /// The text that MLflow stores for this usage.
    #[must_use]
    pub fn python_text(&self) -> String {
        let main = [
            ("input_tokens", self.input_tokens),
            ("output_tokens", self.output_tokens),
            ("total_tokens", self.total_tokens),
        ];
        let details = DETAIL_KEYS.into_iter().zip(self.details);
        let main =
            main.into_iter().chain(details).filter_map(|(key, value)| value.map(|value| format!("\"{key}\": {value}")));
        let other = self.other.iter().map(|(key, value)| format!("\"{key}\": {}", value.text()));
        format!("{{{}}}", main.chain(other).collect::<Vec<_>>().join(", "))
    }
}

impl Serialize for TokenUsage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3 + self.other.len()))?;
        map.serialize_entry("input_tokens", &self.input_tokens)?;
        map.serialize_entry("output_tokens", &self.output_tokens)?;
        map.serialize_entry("total_tokens", &self.total_tokens)?;
        for (key, count) in DETAIL_KEYS.iter().zip(self.details) {
            if let Some(count) = count {
                map.serialize_entry(key, &count)?;
            }
        }
        for (key, value) in &self.other {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Money in US dollars: as MLflow recorded it (span attribute `mlflow.llm.cost`, trace metadata `mlflow.trace.cost`; 3.10
/// on), or calculated from tokens and prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// For the tokens sent.
    pub input_cost: Option<f64>,
    /// For the tokens made.
    pub output_cost: Option<f64>,
    /// In total.
    pub total_cost: Option<f64>,
    /// Always `USD`: MLflow's price tables know no other.
    pub currency: &'static str,
    /// Where the figures come from: `recorded` = MLflow stored them, `calculated` = from tokens and prices, all or a part.
    pub source: &'static str,
}

impl Cost {
    /// A cost that MLflow recorded; `None` when no figure is known. What is no finite number is not known, and a total that
    /// is missing is the sum of its parts.
    #[must_use]
    pub fn recorded(input_cost: Option<f64>, output_cost: Option<f64>, total_cost: Option<f64>) -> Option<Self> {
        let finite = |figure: Option<f64>| figure.filter(|figure| figure.is_finite());
        let (input_cost, output_cost) = (finite(input_cost), finite(output_cost));
        let parts = || input_cost.zip(output_cost).map(|(input, output)| input + output).or(input_cost).or(output_cost);
        let total_cost = finite(total_cost).or_else(parts);
        total_cost.map(|total| Self {
            input_cost,
            output_cost,
            total_cost: Some(total),
            currency: "USD",
            source: "recorded",
        })
    }

    /// A cost that was calculated.
    #[must_use]
    pub fn calculated(input_cost: f64, output_cost: f64) -> Self {
        Self {
            input_cost: Some(input_cost),
            output_cost: Some(output_cost),
            total_cost: Some(input_cost + output_cost),
            currency: "USD",
            source: "calculated",
        }
    }

    /// Reads a cost object.
    #[must_use]
    pub fn from_json(json: &Json) -> Option<Self> {
        let members = json.borrowed_members().unwrap_or_default();
        let figure = |key| members.get(key).and_then(number);
        Self::recorded(figure("input_cost"), figure("output_cost"), figure("total_cost"))
    }

    /// The text that MLflow stores for this cost.
    #[must_use]
    pub fn python_text(&self) -> String {
        let figures =
            [("input_cost", self.input_cost), ("output_cost", self.output_cost), ("total_cost", self.total_cost)];
        let figures =
            figures.iter().filter_map(|(key, value)| value.map(|value| format!("\"{key}\": {}", python_float(value))));
        format!("{{{}}}", figures.collect::<Vec<_>>().join(", "))
    }
}

/// Costs of many calls added up: in whole units, so that the sum is the same in whatever order they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostSum {
    input: Option<i128>,
    output: Option<i128>,
    total: Option<i128>,
    is_calculated: bool,
}

/// So many units make a dollar: finer than the digits of any price for one token.
const UNITS: f64 = 1e18;

impl CostSum {
    /// Adds a cost; a figure that is unknown, or no number, adds nothing.
    pub fn add(&mut self, cost: &Cost) {
        let units = |dollars: f64| (dollars * UNITS).round() as i128;
        for (sum, part) in [
            (&mut self.input, cost.input_cost),
            (&mut self.output, cost.output_cost),
            (&mut self.total, cost.total_cost),
        ] {
            let part = part.filter(|part| part.is_finite()).map(units);
            *sum = sum.map(|sum| sum.saturating_add(part.unwrap_or(0))).or(part);
        }
        self.is_calculated |= cost.source == "calculated";
    }

    /// Takes a cost away; a figure that is unknown takes nothing. What is left may be negative.
    pub fn subtract(&mut self, cost: &Cost) {
        let negative = |figure: Option<f64>| figure.map(|figure| -figure);
        self.add(&Cost {
            input_cost: negative(cost.input_cost),
            output_cost: negative(cost.output_cost),
            total_cost: negative(cost.total_cost),
            ..*cost
        });
    }

    /// The sum; none where nothing was added.
    #[must_use]
    pub fn cost(&self) -> Option<Cost> {
        let dollars = |units: Option<i128>| units.map(|units| units as f64 / UNITS);
        let cost = Cost::recorded(dollars(self.input), dollars(self.output), dollars(self.total))?;
        Some(if self.is_calculated { Cost { source: "calculated", ..cost } } else { cost })
    }

    /// Adds another sum.
    pub fn merge(&mut self, more: &Self) {
        for (sum, part) in
            [(&mut self.input, more.input), (&mut self.output, more.output), (&mut self.total, more.total)]
        {
            *sum = sum.map(|sum| sum.saturating_add(part.unwrap_or(0))).or(part);
        }
        self.is_calculated |= more.is_calculated;
    }
}

/// A float as Python's `repr` and `json.dumps` write it: `1e-06`, `0.0001`, `1e+16`, `3.0`.
#[must_use]
pub fn python_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = format!("{value}");
    if plain.contains('.') { plain } else { plain + ".0" }
}
