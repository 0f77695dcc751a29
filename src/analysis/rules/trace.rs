//! A trace as the rules see it.

use super::gaps::unknown_reason;
use super::values::MeasuredValue;
use crate::analysis::exceptions::Occurrence;
use crate::model::{Assessment, AssessmentKind, Trace, TraceState};
use crate::reading::Reading;
use std::collections::BTreeMap;

/// A trace with its values.
#[derive(Debug)]
pub struct MeasuredTrace<'a> {
    pub(super) trace: &'a Trace,
    pub(super) reading: &'a Reading,
    /// The values by name of the measure.
    pub(super) values: BTreeMap<&'static str, MeasuredValue>,
    pub(super) failures: Vec<Occurrence>,
}

impl MeasuredTrace<'_> {
    /// Returns the names and values of feedback that was not overridden.
    pub(super) fn feedback(&self) -> impl Iterator<Item = (&str, MeasuredValue)> {
        let is_feedback = |one: &&Assessment| one.kind == AssessmentKind::Feedback && one.valid;
        let feedback = self.trace.info.assessments.iter().filter(is_feedback);
        feedback.map(|one| (one.name.as_str(), MeasuredValue::from_feedback(one)))
    }

    /// Returns why failures may be missing from the recorded data, if so.
    pub(super) fn unrecorded_failure(&self) -> Option<String> {
        let lacks_failure = self.trace.info.state == TraceState::Error && self.failures.is_empty();
        unknown_reason(self.trace).or_else(|| lacks_failure.then(|| "failed, but no span records why".to_owned()))
    }
}
