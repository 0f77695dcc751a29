//! `--max-tool-calls`

use super::gaps::unrecorded_tool_calls;
use super::measure::{Measure, MeasuredValue};
use super::{RequiredData, RuleUnit, Statistic};

/// Number of tool calls.
pub(super) static MEASURE: Measure = Measure {
    name: "tool-calls",
    rule: "max-tool-calls",
    unit: RuleUnit::Count,
    required_data: RequiredData::ToolCalls,
    in_baseline: &[Statistic::Mean],
    evaluate: |trace, reading| {
        MeasuredValue::count(reading.made_tool_calls().count(), unrecorded_tool_calls(trace, reading))
    },
};
