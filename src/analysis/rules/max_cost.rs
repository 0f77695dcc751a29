//! `--max-cost`

use super::gaps::calls_without;
use super::max_tokens::tokens;
use super::maximum::parse_maximum;
use super::parse::parse_amount;
use super::{FlagValues, Measure, MeasuredValue, RequiredData, RuleFlag, RuleUnit, Statistic};
use crate::model::{TokenUsage, Trace};
use crate::reading::{TraceUsage, UsageRow};
use crate::shell::Suggestion;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-cost",
    value_name: "[STAT=]DOLLARS",
    help: &["Maximum cost in US dollars: 0.05, mean=0.01, total=1"],
    values: FlagValues::Many,
    parse: |text| {
        let dollars = |text: &str| parse_amount(text.trim_start_matches('$'));
        parse_maximum(&MEASURE, text, dollars, "an amount of US dollars, such as 0.05")
    },
    measure: Some(&MEASURE),
};

/// Cost of all calls in US dollars.
pub(super) static MEASURE: Measure = Measure {
    name: "cost",
    noun: "cost",
    flag: &FLAG,
    unit: RuleUnit::Dollars,
    required_data: RequiredData::Spans,
    in_baseline: &[Statistic::Mean],
    evaluate: |trace, reading| cost(trace, &reading.usage),
    explain: |id| Suggestion::new("usage").operand(id).flag("--explain"),
};

/// Returns the cost of a trace.
fn cost(trace: &Trace, usage: &TraceUsage) -> MeasuredValue {
    // Negative costs are invalid.
    let min = usage.cost.and_then(|cost| cost.total_cost).filter(|cost| *cost >= 0.0);
    let tokens = tokens(trace, usage);
    let spans = trace.span_list();
    let mut models: Vec<&str> = usage.unpriced_rows().filter_map(|row| row.model(spans)).collect();
    models.sort_unstable();
    models.dedup();
    let unpriced = || match (models.as_slice(), usage.unpriced_rows().count()) {
        (_, 0) => None,
        ([], _) => Some("a call has tokens and no model".to_owned()),
        (models, _) => Some(format!("no known price for {}", models.join(", "))),
    };
    let is_free = tokens.unknown_reason.is_none() && tokens.min.is_none_or(|count| count == 0.0);
    let no_cost = || (min.is_none() && !is_free).then(|| "no known cost".to_owned());
    let is_empty = |usage: &TokenUsage| !usage.has_tokens();
    let has_cost = |row: &UsageRow| row.cost.is_some() || row.token_usage.as_ref().is_some_and(is_empty);
    let from_calls = || calls_without(trace, usage, &has_cost, |span| span.cost.is_some(), "cost");
    let unknown = tokens.unknown_reason.or_else(unpriced).or_else(from_calls).or_else(no_cost);
    MeasuredValue {
        min: min.or_else(|| tokens.min.filter(|_| unknown.is_none()).map(|_| 0.0)),
        max: None,
        unknown_reason: unknown,
    }
}
