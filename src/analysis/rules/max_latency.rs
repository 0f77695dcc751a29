//! `--max-latency`

use super::flag::{FlagValues, RuleFlag};
use super::gaps::IN_PROGRESS;
use super::measure::{Measure, MeasuredValue};
use super::{RequiredData, RuleKind, RuleUnit, Statistic};
use crate::model::{Trace, TraceState};
use crate::query::flags;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-latency",
    value_name: "[OF=]DURATION",
    help: &["Maximum latency: 30s, p95=2s"],
    values: FlagValues::Many,
    parse,
    measure: Some(&MEASURE),
};

fn parse(text: &str) -> Result<RuleKind, String> {
    let millis = |text: &str| flags::duration_ns(text).ok().map(|nanos| nanos as f64 / 1e6);
    let rule = MEASURE.parse_maximum(text, millis, "a duration, such as 250ms, 1.5s or 2m")?;
    if rule.statistic() == Some(Statistic::Total) { Err("latency has no total".to_owned()) } else { Ok(rule) }
}

/// Execution duration in milliseconds.
pub(super) static MEASURE: Measure = Measure {
    name: "latency",
    flag: &FLAG,
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
