//! Conflicting totals of a trace, as JSON and in a sentence.

use crate::model::{TokenUsage, Trace};
use crate::output::number;
use crate::output::text::one_line;
use crate::reading::{ConflictReason, TraceUsage, UsageConflict};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct ConflictJson<'a> {
    /// Whether it is known that `token_usage` is right, and not this.
    decided: bool,
    other_token_usage: &'a TokenUsage,
    spans: Vec<ConflictingSpanJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ConflictingSpanJson<'a> {
    span_id: &'a str,
    name: &'a str,
    token_usage: Option<&'a TokenUsage>,
    reason: &'static str,
}

impl<'a> ConflictJson<'a> {
    pub(super) fn new(trace: &'a Trace, conflict: &'a UsageConflict) -> Self {
        let span = |(at, reason): &(usize, ConflictReason)| {
            let span = &trace.span_list()[*at];
            let (span_id, name, token_usage) = (span.id.as_str(), span.name.as_str(), span.usage());
            ConflictingSpanJson { span_id, name, token_usage, reason: reason.as_str() }
        };
        let spans = conflict.spans.iter().map(span).collect();
        Self { decided: conflict.is_decided, other_token_usage: &conflict.other, spans }
    }
}

/// What is wrong with the tokens of one span, or of several: a verb and its object.
pub(super) const fn describe(reason: ConflictReason, is_one: bool) -> &'static str {
    match (reason, is_one) {
        (ConflictReason::Repeated, true) => "repeats the tokens of another call",
        (ConflictReason::Repeated, false) => "repeat the tokens of other calls",
        (ConflictReason::LessThanCalls, true) => "has fewer tokens than the calls below it",
        (ConflictReason::LessThanCalls, false) => "have fewer tokens than the calls below them",
        (ConflictReason::AllTurns, true) => "has the tokens of earlier turns too",
        (ConflictReason::AllTurns, false) => "have the tokens of earlier turns too",
        (ConflictReason::MoreThanCalls, true) => "has other tokens than the calls below it",
        (ConflictReason::MoreThanCalls, false) => "have other tokens than the calls below them",
    }
}

/// A sentence on a cost that MLflow recorded for a trace, where it is not that of its spans.
#[must_use]
pub fn cost_note(trace: &Trace, usage: &TraceUsage) -> Option<String> {
    let (recorded, spans) = usage.costs_that_differ(trace)?;
    let (recorded, spans) = (number::cost(&recorded)?, number::cost(&spans)?);
    Some(format!("MLflow recorded a cost of {recorded} for the trace, which lists show; its spans have {spans}"))
}

/// A sentence that names the spans in conflict and the consequence for the total.
#[must_use]
pub fn conflict_note(trace: &Trace, usage: &TraceUsage) -> Option<String> {
    let conflict = usage.conflict.as_ref()?;
    let facts = ConflictReason::ALL.into_iter().filter_map(|reason| {
        let mut spans = conflict.spans.iter().filter(|(_, known)| *known == reason);
        let first = one_line(&trace.span_list()[spans.next()?.0].name).into_owned();
        let count = 1 + spans.count();
        let subject = if count == 1 { first } else { format!("{count} spans (the first is {first})") };
        Some(format!("{subject} {}", describe(reason, count == 1)))
    });
    let facts: Vec<String> = facts.collect();
    let (total, other) = (number::total(usage.token_usage.as_ref()), number::total(Some(&conflict.other)));
    let verdict = if conflict.is_decided {
        format!("the total is {total}, not {other}")
    } else {
        format!("the total may be {total} or {other}")
    };
    Some(format!("{}; {verdict}", facts.join(", ")))
}
