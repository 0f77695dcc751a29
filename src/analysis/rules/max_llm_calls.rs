//! `--max-llm-calls`

use super::flag::{FlagValues, RuleFlag, parse_amount};
use super::gaps::{unknown_reason, unrecorded_calls};
use super::measure::{Measure, MeasuredValue};
use super::{RequiredData, RuleUnit, Statistic};

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-llm-calls",
    value_name: "[OF=]CALLS",
    help: &["Maximum number of LLM calls: 10, mean=4"],
    values: FlagValues::Many,
    parse: |text| MEASURE.parse_maximum(text, parse_amount, "a number of calls"),
    measure: Some(&MEASURE),
};

/// Number of LLM calls.
pub(super) static MEASURE: Measure = Measure {
    name: "llm-calls",
    flag: &FLAG,
    unit: RuleUnit::Count,
    required_data: RequiredData::Spans,
    in_baseline: &[Statistic::Mean],
    evaluate: |trace, reading| {
        let usage = &reading.usage;
        let unknown = unknown_reason(trace).or_else(|| unrecorded_calls(trace, usage));
        MeasuredValue::count(usage.llm_calls().count(), unknown)
    },
};
