//! Explanation of usage figures, as JSON and below a table.

use crate::analysis::usage::Explanation;
use crate::error::Result;
use crate::model::TokenUsage;
use crate::number;
use crate::output::{Block, Cell, Document, Heading, StyledText, TextRole};
use crate::reading::ConflictReason;
use crate::views::usage_conflict;
use serde::Serialize;

/// What was left out of the totals, and why.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct ExplanationJson<'a> {
    /// Spans whose tokens are not counted, as many as requested.
    left_out: Vec<LeftOutJson<'a>>,
    /// Number of such spans.
    left_out_count: u64,
    /// Traces whose recorded total differs from the sum of their spans, as many as requested.
    differing: Vec<DifferingJson<'a>>,
    /// Number of such traces.
    differing_count: u64,
    /// Calls with tokens and unknown cost, by model.
    without_price: Vec<UnpricedJson<'a>>,
}

/// A span whose tokens are not counted.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LeftOutJson<'a> {
    /// Id of the trace.
    trace_id: &'a str,
    /// Id of the span, in lower-case hexadecimal.
    span_id: &'a str,
    /// Name of the span.
    name: &'a str,
    /// Tokens of the span.
    token_usage: &'a TokenUsage,
    /// Which spans count instead: one above it, those below it, or one beside it that records the same request.
    #[cfg_attr(test, schemars(extend("enum" = ["above", "below", "beside"])))]
    counted: &'static str,
    /// Id of the span above it that counts instead; null if it is not above.
    counted_in: Option<&'a str>,
    /// What its tokens contradict; see `reason` of `usage_conflict`. Null if nothing.
    #[cfg_attr(test, schemars(extend("enum" = ["repeated", "less_than_calls", "all_turns", "more_than_calls", null])))]
    reason: Option<&'static str>,
}

/// A trace whose recorded total differs from the sum of its spans.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DifferingJson<'a> {
    /// Id of the trace.
    trace_id: &'a str,
    /// The sum of its spans; null if they have no tokens.
    token_usage: Option<&'a TokenUsage>,
    /// The total that MLflow recorded.
    recorded_token_usage: &'a TokenUsage,
}

/// Calls of a model with unknown cost.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnpricedJson<'a> {
    /// Provider of the model; null if unknown.
    provider: Option<&'a str>,
    /// Name of the model; null if unknown.
    model: Option<&'a str>,
    /// Number of calls.
    calls: u64,
}

impl<'a> From<&'a Explanation> for ExplanationJson<'a> {
    fn from(explanation: &'a Explanation) -> Self {
        let left_out = explanation.excluded.iter().map(|span| LeftOutJson {
            trace_id: &span.trace_id,
            span_id: &span.span_id,
            name: &span.name,
            token_usage: &span.token_usage,
            counted: match (span.conflict, &span.counted_in) {
                (Some(ConflictReason::Repeated), _) => "beside",
                (None, Some(_)) => "above",
                _ => "below",
            },
            reason: span.conflict.map(ConflictReason::as_str),
            counted_in: span.counted_in.as_ref().map(|(id, _)| id.as_str()),
        });
        let differing = explanation.mismatches.iter().map(|trace| DifferingJson {
            trace_id: &trace.trace_id,
            token_usage: trace.token_usage.as_ref(),
            recorded_token_usage: &trace.recorded,
        });
        let unpriced = explanation.unpriced.iter().map(|((provider, model), calls)| UnpricedJson {
            provider: provider.as_deref(),
            model: model.as_deref(),
            calls: *calls,
        });
        Self {
            left_out: left_out.collect(),
            left_out_count: explanation.excluded_count,
            differing: differing.collect(),
            differing_count: explanation.mismatch_count,
            without_price: unpriced.collect(),
        }
    }
}

/// Writes the explanation below a usage table.
pub(super) fn write_explanation(explanation: &Explanation, document: &mut Document<'_>) -> Result<()> {
    let plain = |title| Heading::text(title).shrinks_to(10);
    let tokens = |usage: Option<&TokenUsage>| Cell::new(number::total_tokens(usage), TextRole::Plain);
    let heading = |document: &mut Document<'_>, text: &str, shown: usize, all: u64| {
        let limit = if shown as u64 == all { String::new() } else { format!(" ({shown} of {all}; --all shows all)") };
        document.add(Block::Heading(&format!("{text}{limit}")))
    };
    heading(document, "Spans whose tokens are not counted", explanation.excluded.len(), explanation.excluded_count)?;
    let rows: Vec<Vec<Cell>> = explanation
        .excluded
        .iter()
        .map(|span| {
            let why = match (&span.counted_in, span.conflict) {
                (_, Some(reason)) => format!("it {}", usage_conflict::describe_reason(reason, true)),
                (Some((_, name)), None) => format!("counted in {name} above it"),
                (None, None) => "recorded on spans below it, which are counted".to_owned(),
            };
            vec![
                Cell::trace_id(&span.trace_id),
                Cell::escaped(&span.name, TextRole::Name),
                tokens(Some(&span.token_usage)),
                Cell::escaped(&why, TextRole::Dim),
            ]
        })
        .collect();
    write_table_or_none(document, &[plain("trace"), plain("span"), Heading::number("tokens"), plain("why")], rows)?;
    let title = "Traces whose recorded total differs";
    heading(document, title, explanation.mismatches.len(), explanation.mismatch_count)?;
    let rows: Vec<Vec<Cell>> = explanation
        .mismatches
        .iter()
        .map(|trace| {
            vec![Cell::trace_id(&trace.trace_id), tokens(trace.token_usage.as_ref()), tokens(Some(&trace.recorded))]
        })
        .collect();
    write_table_or_none(document, &[plain("trace"), Heading::number("spans"), Heading::number("recorded")], rows)?;
    heading(document, "Calls with unknown cost", 0, 0)?;
    let rows: Vec<Vec<Cell>> = explanation
        .unpriced
        .iter()
        .map(|((provider, model), calls)| {
            let calls = number::count(calls.cast_signed());
            vec![
                Cell::optional(model.as_deref(), TextRole::Name),
                Cell::optional(provider.as_deref(), TextRole::Plain),
                Cell::new(calls, TextRole::Plain),
            ]
        })
        .collect();
    write_table_or_none(document, &[plain("model"), plain("provider"), Heading::number("calls")], rows)
}

fn write_table_or_none(document: &mut Document<'_>, headings: &[Heading<'_>], rows: Vec<Vec<Cell>>) -> Result<()> {
    let none = Block::Line(StyledText::plain("none"));
    document.add(if rows.is_empty() { none } else { Block::Table(headings, rows) })
}
