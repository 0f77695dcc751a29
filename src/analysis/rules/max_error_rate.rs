//! `--max-error-rate`

use super::gaps::IN_PROGRESS;
use super::parse::parse_share;
use super::{FlagValues, Limit, MeasuredTrace, Observations, RequiredData, Rule, RuleFlag, RuleUnit, Totals};
use crate::model::TraceState;
use std::sync::Arc;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-error-rate",
    value_name: "PERCENT",
    help: &["Maximum error rate (5% or 0.05)", "The error rate is the share of traces in state ERROR."],
    values: FlagValues::One,
    parse: |text| Ok(Arc::new(MaxErrorRate(Limit::at_most(parse_share(text, 1.0)?, RuleUnit::Share)))),
    measure: None,
};

/// At most this share of traces has state ERROR.
#[derive(Debug)]
pub(super) struct MaxErrorRate(pub(super) Limit);

impl Rule for MaxErrorRate {
    fn name(&self) -> &'static str {
        FLAG.name
    }

    fn limit(&self) -> Limit {
        self.0
    }

    fn observed(&self) -> &'static str {
        "outcome"
    }

    fn required_data(&self) -> RequiredData {
        RequiredData::Records
    }

    fn observe(&self, trace: &MeasuredTrace<'_>, seen: &mut Observations) {
        match trace.trace.info.state {
            TraceState::Error => seen.add_violation(trace),
            TraceState::InProgress => seen.add_unknown(trace, IN_PROGRESS.to_owned()),
            TraceState::Ok | TraceState::Unspecified | TraceState::Other(_) => {}
        }
    }

    fn value(&self, seen: &Observations, totals: &Totals) -> (Option<f64>, bool) {
        // Exact if the rule would hold even if all running traces failed.
        let max = totals.error_rate(seen.unknown.count);
        (totals.error_rate(0), !max.is_some_and(|max| self.0.is_violated_by(max)))
    }
}
