//! Spans whose tokens contradict those of other spans, as JSON and in words.

use super::number;
use super::text::one_line;
use crate::model::{TokenUsage, Trace};
use crate::reading::{Doubt, TraceUsage, UsageConflict};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct ConflictJson<'a> {
    /// Whether it is known that `token_usage` is right, and not this.
    decided: bool,
    other_token_usage: &'a TokenUsage,
    spans: Vec<DoubtfulSpanJson<'a>>,
}

#[derive(Debug, Serialize)]
struct DoubtfulSpanJson<'a> {
    span_id: &'a str,
    name: &'a str,
    token_usage: Option<&'a TokenUsage>,
    reason: &'static str,
}

impl<'a> ConflictJson<'a> {
    pub(super) fn new(trace: &'a Trace, conflict: &'a UsageConflict) -> Self {
        let span = |(at, doubt): &(usize, Doubt)| {
            let span = &trace.span_list()[*at];
            let (span_id, name, token_usage) = (span.id.as_str(), span.name.as_str(), span.usage());
            DoubtfulSpanJson { span_id, name, token_usage, reason: doubt.as_str() }
        };
        let spans = conflict.spans.iter().map(span).collect();
        Self { decided: conflict.is_decided, other_token_usage: &conflict.other, spans }
    }
}

/// Why a span whose tokens are in doubt is not counted, or may not have to be.
pub(super) const fn reason(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Repeated => "repeats the tokens of another call",
        Doubt::LessThanCalls => "has fewer tokens than the calls below it",
        Doubt::MoreThanCalls => "has other tokens than the calls below it",
    }
}

/// One sentence for each reason, and which total is shown.
#[must_use]
pub fn conflict_notes(trace: &Trace, usage: &TraceUsage) -> Vec<String> {
    let Some(conflict) = &usage.conflict else { return Vec::new() };
    let total = number::total(usage.token_usage.as_ref());
    let other = number::total(Some(&conflict.other));
    let sentence = |doubt: Doubt| {
        let mut spans = conflict.spans.iter().filter(|(_, known)| *known == doubt);
        let first = &trace.span_list()[spans.next()?.0];
        let more = match spans.count() {
            0 => String::new(),
            1 => " (and 1 more span)".to_owned(),
            more => format!(" (and {} more spans)", number::count(more.try_into().unwrap_or(i64::MAX))),
        };
        let name = one_line(&first.name);
        Some(format!("{name}{more} {}", reason(doubt)))
    };
    let all = [Doubt::Repeated, Doubt::LessThanCalls, Doubt::MoreThanCalls].into_iter().filter_map(sentence);
    let weight = if conflict.is_decided {
        format!("{total} tokens are counted, not {other}")
    } else {
        format!("{total} tokens are shown, {other} are as likely")
    };
    all.map(|sentence| format!("{sentence}: {weight}")).collect()
}
