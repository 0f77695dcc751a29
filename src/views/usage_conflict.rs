//! Conflicting totals of a trace, as JSON and as notes.

use crate::model::{TokenUsage, Trace};
use crate::number;
use crate::output::text::one_line;
use crate::reading::{ConflictReason, TraceUsage, UsageConflict};
use serde::Serialize;

/// Spans of a trace whose tokens contradict each other.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ConflictJson<'a> {
    /// Whether `token_usage` is known to be right; false if the other total is as likely.
    decided: bool,
    /// The total that was not used.
    other_token_usage: &'a TokenUsage,
    /// The spans concerned.
    spans: Vec<ConflictingSpanJson<'a>>,
}

/// A span whose tokens contradict those of other spans.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ConflictingSpanJson<'a> {
    /// Id of the span, in lower-case hexadecimal.
    span_id: &'a str,
    /// Name of the span.
    name: &'a str,
    /// Tokens of the span.
    token_usage: Option<&'a TokenUsage>,
    /// `repeated`: another span records the same request; `less_than_calls` and `more_than_calls`: the calls below it
    /// have other tokens; `all_turns`: its tokens include those of earlier traces.
    #[cfg_attr(test, schemars(extend("enum" = ["repeated", "less_than_calls", "all_turns", "more_than_calls"])))]
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
        Self { decided: conflict.is_resolved, other_token_usage: &conflict.other, spans }
    }
}

/// Describes what is wrong with the token counts of one or several spans, as a predicate.
pub(super) const fn describe_reason(reason: ConflictReason, is_singular: bool) -> &'static str {
    match (reason, is_singular) {
        (ConflictReason::Repeated, true) => "repeats the tokens of another call",
        (ConflictReason::Repeated, false) => "repeat the tokens of other calls",
        (ConflictReason::LessThanCalls, true) => "has fewer tokens than the calls below it",
        (ConflictReason::LessThanCalls, false) => "have fewer tokens than the calls below them",
        (ConflictReason::AllTurns, true) => "includes the tokens of earlier turns",
        (ConflictReason::AllTurns, false) => "include the tokens of earlier turns",
        (ConflictReason::MoreThanCalls, true) => "has different token counts than the calls below it",
        (ConflictReason::MoreThanCalls, false) => "have different token counts than the calls below them",
    }
}

/// Returns a note if the recorded cost of a trace differs from that of its spans.
#[must_use]
pub fn cost_note(trace: &Trace, usage: &TraceUsage) -> Option<String> {
    let (recorded, spans) = usage.cost_mismatch(trace)?;
    let (recorded, spans) = (number::cost(&recorded)?, number::cost(&spans)?);
    Some(format!("MLflow recorded a cost of {recorded} for the trace (shown in lists), but {spans} for its spans"))
}

/// Returns a note that names the conflicting spans and the effect on the total.
#[must_use]
pub fn conflict_note(trace: &Trace, usage: &TraceUsage) -> Option<String> {
    let conflict = usage.conflict.as_ref()?;
    let facts = ConflictReason::ALL.into_iter().filter_map(|reason| {
        let mut spans = conflict.spans.iter().filter(|(_, known)| *known == reason);
        let first = one_line(&trace.span_list()[spans.next()?.0].name).into_owned();
        let count = 1 + spans.count();
        let subject = if count == 1 { first } else { format!("{count} spans (first: {first})") };
        Some(format!("{subject} {}", describe_reason(reason, count == 1)))
    });
    let facts: Vec<String> = facts.collect();
    let (total, other) =
        (number::total_tokens(usage.token_usage.as_ref()), number::total_tokens(Some(&conflict.other)));
    let verdict = if conflict.is_resolved {
        format!("the total is {total}, not {other}")
    } else {
        format!("the total may be {total} or {other}")
    };
    Some(format!("{}; {verdict}", facts.join(", ")))
}
