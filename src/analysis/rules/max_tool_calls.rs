//! `--max-tool-calls`

use super::flag::{FlagValues, RuleFlag, parse_amount};
use super::gaps::unrecorded_tool_calls;
use super::measure::{Measure, MeasuredValue};
use super::{RequiredData, RuleUnit, Statistic};

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-tool-calls",
    value_name: "[OF=]CALLS",
    help: &["Maximum number of tool calls: 10, mean=4"],
    values: FlagValues::Many,
    parse: |text| MEASURE.parse_maximum(text, parse_amount, "a number of calls"),
    measure: Some(&MEASURE),
};

/// Number of tool calls.
pub(super) static MEASURE: Measure = Measure {
    name: "tool-calls",
    flag: &FLAG,
    unit: RuleUnit::Count,
    required_data: RequiredData::ToolCalls,
    in_baseline: &[Statistic::Mean],
    evaluate: |trace, reading| {
        MeasuredValue::count(reading.made_tool_calls().count(), unrecorded_tool_calls(trace, reading))
    },
};
