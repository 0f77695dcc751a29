//! Results of rules.

use super::observations::{Evidence, Observations, TopEvidence};
use super::rule::Rule;
use super::totals::Totals;
use std::sync::Arc;

/// The result of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule holds.
    Pass,
    /// The rule is violated.
    Fail,
    /// The recorded data does not decide it. `check` exits with 1, as for a failure.
    Unknown,
}

impl Verdict {
    /// The verdict in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// A rule and its result.
#[derive(Clone, Debug)]
pub struct RuleResult {
    /// The rule.
    pub rule: Arc<dyn Rule>,
    /// The result.
    pub verdict: Verdict,
    /// The value that was compared; for [`Verdict::Unknown`] the least possible value.
    pub value: Option<f64>,
    /// Traces that show why the rule fails or is unknown, worst first, at most
    /// [`MAX_EVIDENCE`](super::MAX_EVIDENCE).
    pub evidence: Vec<Evidence>,
    /// Number of such traces, shown or not.
    pub count: u64,
    /// Number of traces whose data does not decide the rule, for any verdict.
    pub unknown_count: u64,
    /// Why, if the reason is the same for all of them.
    pub unknown_reason: Option<String>,
}

impl RuleResult {
    /// Compares the value of a rule with its limit.
    pub(super) fn new(rule: Arc<dyn Rule>, seen: Observations, totals: &Totals) -> Self {
        let limit = rule.limit();
        // Without traces only `min-traces` fails.
        let (value, is_exact) = rule.value(&seen, totals);
        // Missing data can only increase a value with an upper limit, so a violation stays one. A mean of feedback can
        // move either way.
        let is_certain = is_exact || !limit.is_minimum || limit.is_of_each();
        let verdict = match value {
            Some(value) if limit.is_violated_by(value) && is_certain => Verdict::Fail,
            _ if is_exact => Verdict::Pass,
            _ => Verdict::Unknown,
        };
        let unknown_count = seen.unknown.count;
        let unknown_reason = seen.common_unknown_reason().map(str::to_owned);
        let mut worst = match verdict {
            Verdict::Pass => TopEvidence::default(),
            Verdict::Fail => seen.violating,
            Verdict::Unknown => seen.unknown,
        };
        worst.truncate();
        Self { verdict, value, count: worst.count, evidence: worst.list, unknown_count, unknown_reason, rule }
    }

    /// Returns the message with placeholders, as [`Phrases`](super::Phrases) has them.
    #[must_use]
    pub fn phrase(&self) -> &'static str {
        let phrases = self.rule.phrases();
        match self.verdict {
            Verdict::Pass => phrases.pass,
            Verdict::Fail => phrases.fail,
            Verdict::Unknown if self.count == 0 => "no value recorded; limit: {bound}",
            Verdict::Unknown => phrases.unknown,
        }
    }
}
