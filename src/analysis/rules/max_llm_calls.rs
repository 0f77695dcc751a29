//! `--max-llm-calls`

use super::gaps::{unknown_reason, unrecorded_calls};
use super::maximum::parse_maximum;
use super::parse::parse_amount;
use super::{FlagValues, Measure, MeasuredValue, RequiredData, RuleFlag, RuleUnit, Statistic};
use crate::shell::Suggestion;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-llm-calls",
    value_name: "[STAT=]CALLS",
    help: &["Maximum LLM calls: 10 per trace, mean=4 over all"],
    values: FlagValues::Many,
    parse: |text| parse_maximum(&MEASURE, text, parse_amount, "a number of calls"),
    measure: Some(&MEASURE),
};

/// Number of LLM calls.
pub(super) static MEASURE: Measure = Measure {
    name: "llm-calls",
    noun: "LLM calls",
    flag: &FLAG,
    unit: RuleUnit::Count,
    required_data: RequiredData::Spans,
    in_baseline: &[Statistic::Mean],
    evaluate: |trace, reading| {
        let usage = &reading.usage;
        let unknown = unknown_reason(trace).or_else(|| unrecorded_calls(trace, usage));
        MeasuredValue::count(usage.llm_calls().count(), unknown)
    },
    explain: |id| Suggestion::new("trace show").operand(id),
};
