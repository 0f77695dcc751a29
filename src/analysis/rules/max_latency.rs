//! `--max-latency`

use super::gaps::IN_PROGRESS;
use super::measure::{Measure, MeasuredValue};
use super::{RequiredData, RuleUnit, Statistic};
use crate::model::{Trace, TraceState};

/// Execution duration in milliseconds.
pub(super) static MEASURE: Measure = Measure {
    name: "latency",
    rule: "max-latency",
    unit: RuleUnit::Millis,
    required_data: RequiredData::Records,
    in_baseline: &[Statistic::Percentile(50), Statistic::Percentile(95)],
    evaluate: |trace, _| latency(trace),
};

fn latency(trace: &Trace) -> MeasuredValue {
    let (duration, is_running) = (trace.info.execution_duration_ms, trace.info.state == TraceState::InProgress);
    let reason = if is_running { IN_PROGRESS } else { "no recorded duration" };
    MeasuredValue {
        min: duration.map(|millis| millis as f64),
        max: None,
        unknown_reason: (is_running || duration.is_none()).then(|| reason.to_owned()),
    }
}
