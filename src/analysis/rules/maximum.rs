//! Rules that limit a measure.

use super::parse::parse_limit;
use super::{Limit, Measure, MeasuredTrace, Observations, RequiredData, Rule, Statistic, Totals};
use crate::shell::Suggestion;
use std::sync::Arc;

/// A rule that limits a measure.
#[derive(Debug)]
pub(super) struct Maximum {
    pub(super) measure: &'static Measure,
    pub(super) limit: Limit,
}

/// Parses a limit of a measure; `expected` describes a valid number.
pub(super) fn parse_maximum(
    measure: &'static Measure,
    text: &str,
    number: impl Fn(&str) -> Option<f64>,
    expected: &str,
) -> Result<Arc<dyn Rule>, String> {
    let (statistic, limit) = parse_limit(text, Statistic::Each, number, expected)?;
    Ok(Arc::new(Maximum { measure, limit: Limit::at_most(limit, measure.unit).of(statistic) }))
}

impl Rule for Maximum {
    fn name(&self) -> &'static str {
        self.measure.flag.name
    }

    fn limit(&self) -> Limit {
        self.limit
    }

    fn observed(&self) -> &'static str {
        self.measure.noun
    }

    fn required_data(&self) -> RequiredData {
        self.measure.required_data
    }

    fn observe(&self, trace: &MeasuredTrace<'_>, seen: &mut Observations) {
        if let Some(value) = trace.values.get(self.measure.name) {
            seen.add_value(trace, value);
        }
    }

    fn value(&self, seen: &Observations, totals: &Totals) -> (Option<f64>, bool) {
        match self.limit.statistic {
            None | Some(Statistic::Each) => seen.extreme(),
            Some(statistic) => {
                totals.measures.get(self.measure.name).map_or((None, true), |values| values.statistic(statistic))
            }
        }
    }

    fn explain_trace(&self, id: &str) -> Suggestion {
        (self.measure.explain)(id)
    }
}
