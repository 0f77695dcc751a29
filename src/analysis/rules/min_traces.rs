//! `--min-traces`

use super::{FlagValues, Limit, MeasuredTrace, Observations, RequiredData, Rule, RuleFlag, RuleUnit, Totals};
use std::num::ParseIntError;
use std::sync::Arc;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "min-traces",
    value_name: "TRACES",
    help: &["Minimum number of traces [default: 1]"],
    values: FlagValues::One,
    parse: |text| Ok(Arc::new(MinTraces(text.parse().map_err(|error: ParseIntError| error.to_string())?))),
    measure: None,
};

/// There are at least this many traces.
#[derive(Debug)]
pub struct MinTraces(u64);

impl MinTraces {
    /// The rule that is evaluated unless another minimum is given.
    pub const DEFAULT: Self = Self(1);
}

impl Rule for MinTraces {
    fn name(&self) -> &'static str {
        FLAG.name
    }

    fn limit(&self) -> Limit {
        Limit::at_least(self.0 as f64, RuleUnit::Count)
    }

    fn observed(&self) -> &'static str {
        "state"
    }

    fn required_data(&self) -> RequiredData {
        RequiredData::Records
    }

    fn observe(&self, _: &MeasuredTrace<'_>, _: &mut Observations) {}

    fn value(&self, _: &Observations, totals: &Totals) -> (Option<f64>, bool) {
        (Some(totals.traces as f64), true)
    }
}
