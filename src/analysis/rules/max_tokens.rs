//! `--max-tokens`

use super::gaps::{calls_without, unknown_reason, unrecorded_calls};
use super::maximum::parse_maximum;
use super::parse::parse_amount;
use super::{FlagValues, Measure, MeasuredValue, RequiredData, RuleFlag, RuleUnit, Statistic};
use crate::model::{TokenUsage, Trace, TraceState};
use crate::reading::{TraceUsage, UsageRow};
use crate::shell::Suggestion;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-tokens",
    value_name: "[STAT=]TOKENS",
    help: &["Maximum tokens: 5000, p95=4000, mean=2000, total=100000 (can be repeated)"],
    values: FlagValues::Many,
    parse: |text| parse_maximum(&MEASURE, text, parse_amount, "a number of tokens"),
    measure: Some(&MEASURE),
};

/// Tokens of all calls.
pub(super) static MEASURE: Measure = Measure {
    name: "tokens",
    noun: "tokens",
    flag: &FLAG,
    unit: RuleUnit::Tokens,
    required_data: RequiredData::Spans,
    in_baseline: &[Statistic::Mean, Statistic::Percentile(95)],
    evaluate: |trace, reading| tokens(trace, &reading.usage),
    explain: |id| Suggestion::new("usage").operand(id).flag("--explain"),
};

/// Returns the tokens of a trace; 0 for one without calls.
pub(super) fn tokens(trace: &Trace, usage: &TraceUsage) -> MeasuredValue {
    let min = usage.token_usage.as_ref().map(|usage| usage.total() as f64);
    if usage.source == Some("recorded") && trace.info.state != TraceState::InProgress {
        return MeasuredValue { min, ..MeasuredValue::default() };
    }
    if let Some(conflict) = usage.conflict.as_ref().filter(|conflict| !conflict.is_resolved) {
        let (shown, other) = (min.unwrap_or(0.0), conflict.other.total() as f64);
        let reason = format!("the total is either {shown} or {other} tokens");
        return MeasuredValue {
            min: Some(shown.min(other)),
            max: Some(shown.max(other)),
            unknown_reason: Some(reason),
        };
    }
    // A call with a response used tokens, but clients record 0 for a response without usage (the Agents SDK, streamed).
    let has_tokens = |row: &UsageRow| row.token_usage.as_ref().is_some_and(TokenUsage::has_tokens);
    let from_calls =
        || calls_without(trace, usage, &has_tokens, |span| span.usage().is_some_and(TokenUsage::has_tokens), "tokens");
    let recorded = trace.info.recorded_usage.as_ref().filter(|usage| min.is_none() && usage.has_tokens());
    let from_record = || recorded.map(|usage| format!("{} tokens in the record, none in the spans", usage.total()));
    let unknown = unknown_reason(trace).or_else(from_calls).or_else(from_record);
    let unknown = unknown.or_else(|| unrecorded_calls(trace, usage).filter(|_| min.is_none()));
    // The usage of failed calls is unknown, not 0.
    let is_none = unknown.is_none() && usage.rows.is_empty();
    MeasuredValue { min: min.or_else(|| is_none.then_some(0.0)), max: None, unknown_reason: unknown }
}
