//! `--max-latency`

use super::gaps::IN_PROGRESS;
use super::maximum::parse_maximum;
use super::{FlagValues, Measure, MeasuredValue, RequiredData, Rule, RuleFlag, RuleUnit, Statistic};
use crate::model::{Trace, TraceState};
use crate::query::flags;
use crate::shell::Suggestion;
use std::sync::Arc;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-latency",
    value_name: "[STAT=]DURATION",
    help: &["Maximum latency: 30s, p95=2s"],
    values: FlagValues::Many,
    parse,
    measure: Some(&MEASURE),
};

fn parse(text: &str) -> Result<Arc<dyn Rule>, String> {
    let millis = |text: &str| flags::duration_ns(text).ok().map(|nanos| nanos as f64 / 1e6);
    let rule = parse_maximum(&MEASURE, text, millis, "a duration, such as 250ms, 1.5s or 2m")?;
    if rule.limit().statistic == Some(Statistic::Total) { Err("latency has no total".to_owned()) } else { Ok(rule) }
}

/// Execution duration in milliseconds.
pub(super) static MEASURE: Measure = Measure {
    name: "latency",
    noun: "latency",
    flag: &FLAG,
    unit: RuleUnit::Millis,
    required_data: RequiredData::Records,
    in_baseline: &[Statistic::Percentile(50), Statistic::Percentile(95)],
    evaluate: |trace, _| latency(trace),
    explain: |id| Suggestion::new("trace show").operand(id),
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
