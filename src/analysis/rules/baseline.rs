//! Baselines: values of some traces, stored to compare later traces with.

use super::max_error_rate::MaxErrorRate;
use super::maximum::Maximum;
use super::measures;
use super::min_feedback::MinFeedback;
use super::no_new_exceptions::NoNewExceptions;
use super::parse::parse_share;
use super::{Limit, Measure, RequiredData, Rule, RuleUnit, Statistic, Totals, ValueSeries};
use crate::analysis::exceptions::ExceptionGroup;
use crate::json::Json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values of some traces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Number of traces.
    pub traces: u64,
    /// Share of traces whose state is ERROR.
    pub error_rate: Option<f64>,
    /// Values by name of the measure, then name of the statistic; `None` if unknown for some trace.
    pub measures: BTreeMap<String, BTreeMap<String, Option<f64>>>,
    /// Mean of each feedback, by its name; `None` if unknown for some trace.
    pub feedback: BTreeMap<String, Option<f64>>,
    /// Exceptions raised; `None` if some trace may have unrecorded ones.
    pub exceptions: Option<Vec<KnownException>>,
}

/// An exception in a baseline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KnownException {
    /// The fingerprint, in hex.
    pub fingerprint: String,
    /// The exception class.
    pub r#type: Option<String>,
    /// The message of an example.
    pub message: Option<String>,
}

/// Returns the statistics that a baseline stores.
fn stored_statistics() -> impl Iterator<Item = (&'static Measure, Statistic)> {
    measures().flat_map(|measure| measure.in_baseline.iter().map(move |statistic| (measure, *statistic)))
}

/// How much worse than the baseline values may be, as a share of the baseline value.
#[derive(Clone, Debug)]
pub struct Tolerance {
    /// The tolerance of values that are not in `named`.
    pub default: f64,
    /// Tolerances by name of the value.
    pub named: BTreeMap<String, f64>,
}

/// Maximum tolerance; a larger one is rejected as a typing error.
const MAX_TOLERANCE: f64 = 1_000.0;

impl Default for Tolerance {
    fn default() -> Self {
        Self { default: 0.1, named: BTreeMap::new() }
    }
}

impl Tolerance {
    /// Parses a share of all values, or of those with a name: `10%`, `latency=25%`.
    ///
    /// # Errors
    /// If the name or the share is invalid.
    pub fn parse(text: &str) -> Result<(Option<String>, f64), String> {
        let (name, share) = text.split_once('=').map_or((None, text), |(name, share)| (Some(name.trim()), share));
        if let Some(name) = name.filter(|name| !Self::names().any(|known| known == *name)) {
            let known = Self::names().collect::<Vec<_>>().join(", ");
            return Err(format!("unknown figure `{name}`, expected one of {known}"));
        }
        Ok((name.map(str::to_owned), parse_share(share, MAX_TOLERANCE)?))
    }

    fn names() -> impl Iterator<Item = &'static str> {
        measures().map(|measure| measure.name).chain([ERROR_RATE, FEEDBACK])
    }

    fn for_name(&self, name: &str) -> f64 {
        self.named.get(name).copied().unwrap_or(self.default)
    }
}

const ERROR_RATE: &str = "error-rate";
const FEEDBACK: &str = "feedback";

impl Baseline {
    /// Returns the values of all traces. `required_data` = the parts of them that were read.
    pub(super) fn new(totals: &Totals, required_data: RequiredData) -> Self {
        let exact = |values: &ValueSeries, statistic: Statistic| {
            let (value, is_complete) = values.statistic(statistic);
            value.filter(|_| is_complete)
        };
        let mut measures: BTreeMap<String, BTreeMap<String, Option<f64>>> = BTreeMap::new();
        for (measure, statistic) in stored_statistics() {
            let value = totals.measures.get(measure.name).and_then(|values| exact(values, statistic));
            measures.entry(measure.name.to_owned()).or_default().insert(statistic.as_str().to_owned(), value);
        }
        let mean = |(name, values): (&String, &ValueSeries)| (name.clone(), exact(values, Statistic::Mean));
        let known = |group: &ExceptionGroup| KnownException {
            fingerprint: format!("{:016x}", group.fingerprint),
            r#type: group.example.failure.exception_type.clone(),
            message: group.example.failure.message.clone(),
        };
        let mut exceptions: Vec<KnownException> = totals.exceptions.iter().map(known).collect();
        exceptions.sort();
        Self {
            traces: totals.traces,
            error_rate: totals.error_rate(0),
            measures,
            feedback: totals.feedback.iter().map(mean).collect(),
            exceptions: (required_data == RequiredData::Exceptions && !totals.has_unrecorded_failure)
                .then_some(exceptions),
        }
    }

    fn value(&self, measure: &Measure, statistic: Statistic) -> Option<f64> {
        *self.measures.get(measure.name)?.get(statistic.as_str())?
    }

    /// Returns the names of values that are unknown.
    #[must_use]
    pub fn unknown_values(&self) -> Vec<String> {
        let is_unknown = |(measure, statistic): &(&Measure, Statistic)| self.value(measure, *statistic).is_none();
        let measures = stored_statistics()
            .filter(is_unknown)
            .map(|(measure, statistic)| format!("{} {}", measure.name, statistic.as_str()));
        let feedback =
            self.feedback.iter().filter(|(_, mean)| mean.is_none()).map(|(name, _)| format!("feedback {name}"));
        let exceptions = self.exceptions.is_none().then(|| "exceptions".to_owned());
        let error_rate = self.error_rate.is_none().then(|| ERROR_RATE.to_owned());
        error_rate.into_iter().chain(measures).chain(feedback).chain(exceptions).collect()
    }

    /// Parses the contents of a baseline file.
    ///
    /// # Errors
    /// Why the baseline is invalid.
    pub fn from_json(json: &Json) -> Result<Self, String> {
        let member = json.member("baseline").ok_or("missing key `baseline`")?;
        let baseline: Self = serde_json::from_str(member.text()).map_err(|error| error.to_string())?;
        baseline.find_error().map_or(Ok(baseline), Err)
    }

    /// Returns why the baseline is invalid: a value out of range, or an unknown name.
    fn find_error(&self) -> Option<String> {
        if self.error_rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            return Some("`error_rate` must be between 0 and 1".to_owned());
        }
        for (name, values) in &self.measures {
            for (statistic, value) in values {
                let is_known =
                    |(measure, known): (&Measure, Statistic)| measure.name == name && known.as_str() == statistic;
                if !stored_statistics().any(is_known) {
                    return Some(format!("unknown value `{name} {statistic}`"));
                }
                if value.is_some_and(|value| value < 0.0) {
                    return Some(format!("negative value of `{name} {statistic}`"));
                }
            }
        }
        let is_invalid = |known: &&KnownException| u64::from_str_radix(&known.fingerprint, 16).is_err();
        let invalid = self.exceptions.iter().flatten().find(is_invalid);
        invalid.map(|known| format!("invalid fingerprint `{}`", known.fingerprint))
    }

    /// Returns the rules that fail if a value is worse than the tolerance allows.
    #[must_use]
    pub fn rules(&self, tolerance: &Tolerance) -> Vec<Arc<dyn Rule>> {
        let mut rules: Vec<Arc<dyn Rule>> = Vec::new();
        if let Some(rate) = self.error_rate {
            let limit = Limit::at_most(rate, RuleUnit::Share);
            rules.push(Arc::new(MaxErrorRate(limit.with_tolerance(tolerance.for_name(ERROR_RATE)))));
        }
        for (measure, statistic) in stored_statistics() {
            if let Some(value) = self.value(measure, statistic) {
                let limit = Limit::at_most(value, measure.unit).of(statistic);
                let limit = limit.with_tolerance(tolerance.for_name(measure.name));
                rules.push(Arc::new(Maximum { measure, limit }));
            }
        }
        for (name, mean) in &self.feedback {
            let Some(mean) = mean else { continue };
            let limit = Limit::at_least(*mean, RuleUnit::Score).of(Statistic::Mean);
            let limit = limit.with_tolerance(tolerance.for_name(FEEDBACK));
            rules.push(Arc::new(MinFeedback { name: name.clone(), limit }));
        }
        if let Some(known) = &self.exceptions {
            let known = known.iter().filter_map(|known| u64::from_str_radix(&known.fingerprint, 16).ok()).collect();
            rules.push(Arc::new(NoNewExceptions(known)));
        }
        rules
    }
}
