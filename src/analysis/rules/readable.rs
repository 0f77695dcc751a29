//! Whether every record can be read. This rule has no flag: it is reported if it does not hold.

use super::{Evidence, MeasuredTrace, Observations, Phrases, RequiredData, Rule, RuleResult, Verdict};
use crate::model::Problem;
use crate::shell::Suggestion;
use std::sync::Arc;

/// Every record can be read.
#[derive(Debug)]
struct Readable;

impl Rule for Readable {
    fn name(&self) -> &'static str {
        "readable"
    }

    fn observed(&self) -> &'static str {
        "data"
    }

    fn required_data(&self) -> RequiredData {
        RequiredData::Records
    }

    fn observe(&self, _: &MeasuredTrace<'_>, _: &mut Observations) {}

    fn phrases(&self) -> Phrases {
        Phrases { unknown: "records that could not be read may violate any rule", ..Phrases::NO_OCCURRENCE }
    }

    fn explain(&self) -> Suggestion {
        Suggestion::new("doctor")
    }
}

/// Returns an unknown verdict if records could not be read, because they may violate a rule.
#[must_use]
pub fn unreadable_records(problems: &[Problem]) -> Option<RuleResult> {
    let lost: Vec<&Problem> = problems.iter().filter(|problem| problem.is_loss()).collect();
    let evidence = |problem: &&Problem| {
        let place = problem.path.as_deref().map(|path| format!(": {path}")).unwrap_or_default();
        Evidence { trace_id: None, value: None, text: Some(format!("{}{place}", problem.message)) }
    };
    (!lost.is_empty()).then(|| RuleResult {
        rule: Arc::new(Readable),
        verdict: Verdict::Unknown,
        value: Some(lost.len() as f64),
        count: lost.len() as u64,
        unknown_count: lost.len() as u64,
        unknown_reason: None,
        evidence: lost.iter().map(evidence).collect(),
    })
}
