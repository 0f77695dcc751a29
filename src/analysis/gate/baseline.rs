//! What traces are like, kept to compare later ones with.

use super::measure::{Measure, Statistic, ValueSeries};
use super::{RequiredData, Rule, RuleEvaluator, RuleKind};
use crate::model::Json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Figures of some traces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// How many traces there were.
    pub traces: u64,
    /// The share of those in state ERROR.
    pub error_rate: Option<f64>,
    /// Figures of each measure, by its name; none where some trace does not tell its own.
    pub measures: BTreeMap<String, BTreeMap<String, Option<f64>>>,
    /// The mean of each feedback, by its name.
    pub feedback: BTreeMap<String, Option<f64>>,
    /// What was raised; `None` where it is not recorded for every trace.
    pub exceptions: Option<Vec<KnownException>>,
}

/// An exception that is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KnownException {
    /// What those alike share, in hex.
    pub fingerprint: String,
    /// The class.
    pub r#type: Option<String>,
    /// The text of one.
    pub message: Option<String>,
}

/// The figures of measures that are kept, and compared.
const KEPT: [(Measure, Statistic); 7] = [
    (Measure::Tokens, Statistic::Mean),
    (Measure::Tokens, Statistic::Percentile(95)),
    (Measure::Cost, Statistic::Mean),
    (Measure::Latency, Statistic::Percentile(50)),
    (Measure::Latency, Statistic::Percentile(95)),
    (Measure::LlmCalls, Statistic::Mean),
    (Measure::ToolCalls, Statistic::Mean),
];

/// By how much figures may be worse than those of a baseline.
#[derive(Clone, Debug)]
pub struct Tolerance {
    /// The share of any figure.
    pub any: f64,
    /// The share of figures by their name, before the one for any.
    pub named: BTreeMap<String, f64>,
}

impl Tolerance {
    /// The names that may have a tolerance of their own.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Measure::ALL.into_iter().map(Measure::name).chain([ERROR_RATE, FEEDBACK])
    }

    fn of(&self, name: &str) -> f64 {
        self.named.get(name).copied().unwrap_or(self.any)
    }
}

const ERROR_RATE: &str = "error-rate";
const FEEDBACK: &str = "feedback";

impl Baseline {
    /// What a gate has seen.
    pub(super) fn of(gate: &RuleEvaluator) -> Self {
        let exact = |values: &ValueSeries, over: Statistic| values.over(over).0.filter(|_| values.over(over).1);
        let mut measures: BTreeMap<String, BTreeMap<String, Option<f64>>> = BTreeMap::new();
        for (measure, over) in KEPT {
            let figure = gate.measures.get(&measure).and_then(|values| exact(values, over));
            measures.entry(measure.name().to_owned()).or_default().insert(over.as_str().to_owned(), figure);
        }
        let mean = |(name, values): (&String, &ValueSeries)| (name.clone(), exact(values, Statistic::Mean));
        let known = |group: &crate::analysis::exceptions::ExceptionGroup| KnownException {
            fingerprint: format!("{:016x}", group.fingerprint),
            r#type: group.example.failure.exception_type.clone(),
            message: group.example.failure.message.clone(),
        };
        let mut exceptions: Vec<KnownException> = gate.exceptions.iter().map(known).collect();
        exceptions.sort();
        Self {
            traces: gate.traces,
            error_rate: (gate.traces > 0).then(|| gate.errors as f64 / gate.traces as f64),
            measures,
            feedback: gate.feedback.iter().map(mean).collect(),
            exceptions: (gate.need == RequiredData::Exceptions && !gate.has_unrecorded_failure).then_some(exceptions),
        }
    }

    fn figure(&self, measure: Measure, over: Statistic) -> Option<f64> {
        *self.measures.get(measure.name())?.get(over.as_str())?
    }

    /// The names of figures that are not known.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        let is_unknown = |(measure, over): &&(Measure, Statistic)| self.figure(*measure, *over).is_none();
        let measures =
            KEPT.iter().filter(is_unknown).map(|(measure, over)| format!("{} {}", measure.name(), over.as_str()));
        let feedback =
            self.feedback.iter().filter(|(_, mean)| mean.is_none()).map(|(name, _)| format!("feedback {name}"));
        let exceptions = self.exceptions.is_none().then(|| "exceptions".to_owned());
        let error_rate = self.error_rate.is_none().then(|| ERROR_RATE.to_owned());
        error_rate.into_iter().chain(measures).chain(feedback).chain(exceptions).collect()
    }

    /// Reads what [`Baseline`] was written as.
    ///
    /// # Errors
    /// Why it is none.
    pub fn from_json(json: &Json) -> Result<Self, String> {
        let own = json.member("baseline").ok_or("it has no key `baseline`")?;
        let baseline: Self = serde_json::from_str(own.text()).map_err(|error| error.to_string())?;
        baseline.wrong().map_or(Ok(baseline), Err)
    }

    /// What cannot have been written: a figure that is none, or a name that is not known.
    fn wrong(&self) -> Option<String> {
        if self.error_rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            return Some("`error_rate` is no share".to_owned());
        }
        for (name, figures) in &self.measures {
            for (over, figure) in figures {
                let is_kept = |(measure, kept): &(Measure, Statistic)| measure.name() == name && kept.as_str() == over;
                if !KEPT.iter().any(is_kept) || figure.is_some_and(|figure| figure < 0.0) {
                    return Some(format!("`{name} {over}` is no figure of a baseline"));
                }
            }
        }
        let is_wrong = |known: &&KnownException| u64::from_str_radix(&known.fingerprint, 16).is_err();
        let wrong = self.exceptions.iter().flatten().find(is_wrong);
        wrong.map(|known| format!("`{}` is no fingerprint", known.fingerprint))
    }

    /// The rules that nothing of it becomes worse than a tolerance allows.
    #[must_use]
    pub fn rules(&self, tolerance: &Tolerance) -> Vec<Rule> {
        let mut rules = Vec::new();
        let mut add = |test: RuleKind, baseline: Option<f64>| rules.push(Rule { test, baseline });
        if let Some(rate) = self.error_rate {
            add(RuleKind::ErrorRate(rate * (1.0 + tolerance.of(ERROR_RATE))), Some(rate));
        }
        for (measure, over) in KEPT {
            if let Some(value) = self.figure(measure, over) {
                add(RuleKind::Most(measure, over, value * (1.0 + tolerance.of(measure.name()))), Some(value));
            }
        }
        for (name, mean) in &self.feedback {
            let Some(mean) = mean else { continue };
            let least = mean - mean.abs() * tolerance.of(FEEDBACK);
            add(RuleKind::Feedback(name.clone(), Statistic::Mean, least), Some(*mean));
        }
        if let Some(known) = &self.exceptions {
            let known = known.iter().filter_map(|one| u64::from_str_radix(&one.fingerprint, 16).ok()).collect();
            add(RuleKind::NoNewExceptions(known), None);
        }
        rules
    }
}
