//! `--max-tool-calls`

use super::gaps::unrecorded_tool_calls;
use super::maximum::parse_maximum;
use super::parse::parse_amount;
use super::{FlagValues, Measure, MeasuredValue, RequiredData, RuleFlag, RuleUnit, Statistic};
use crate::shell::Suggestion;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-tool-calls",
    value_name: "[STAT=]CALLS",
    help: &["Maximum tool calls: 10 per trace, mean=4 over all"],
    values: FlagValues::Many,
    parse: |text| parse_maximum(&MEASURE, text, parse_amount, "a number of calls"),
    measure: Some(&MEASURE),
};

/// Number of tool calls.
pub(super) static MEASURE: Measure = Measure {
    name: "tool-calls",
    noun: "tool calls",
    flag: &FLAG,
    unit: RuleUnit::Count,
    required_data: RequiredData::ToolCalls,
    in_baseline: &[Statistic::Mean],
    evaluate: |trace, reading| {
        MeasuredValue::count(reading.made_tool_calls().count(), unrecorded_tool_calls(trace, reading))
    },
    explain: |id| Suggestion::new("trace show").operand(id),
};
