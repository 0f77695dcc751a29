//! `--max-llm-calls`

use super::gaps::{unknown_reason, unrecorded_calls};
use super::measure::{Measure, MeasuredValue};
use super::{RequiredData, RuleUnit, Statistic};

/// Number of LLM calls.
pub(super) static MEASURE: Measure = Measure {
    name: "llm-calls",
    rule: "max-llm-calls",
    unit: RuleUnit::Count,
    required_data: RequiredData::Spans,
    in_baseline: &[Statistic::Mean],
    evaluate: |trace, reading| {
        let usage = &reading.usage;
        let unknown = unknown_reason(trace).or_else(|| unrecorded_calls(trace, usage));
        MeasuredValue::count(usage.llm_calls().count(), unknown)
    },
};
