//! Conflicts between the tokens of a span and those of the calls beside or below it, so that no token counts twice.

use super::calls::CallSpans;
use super::usage_row::RowKind;
use crate::model::{Node, Span, TokenUsage, UsageScope};

/// How the tokens of a span conflict with the tokens of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictReason {
    /// They repeat the tokens of a call, as the kind of the span (AG2's `record_usage`) or the response id shows.
    Repeated,
    /// They are fewer than those of the calls below: only the last of several requests (Gemini's automatic function
    /// calling), or without another agent (PydanticAI).
    LessThanCalls,
    /// They are more than those of the calls below, because they include all turns so far (an agent of Strands).
    AllTurns,
    /// They exceed those of the calls below, all of which have tokens, in at least one figure: they may include calls
    /// that were not traced.
    MoreThanCalls,
}

impl ConflictReason {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::Repeated, Self::LessThanCalls, Self::AllTurns, Self::MoreThanCalls];

    /// Whether the span is certainly wrong, so that it never counts.
    pub(super) fn is_certain(self) -> bool {
        self != Self::MoreThanCalls
    }

    /// The name in JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::LessThanCalls => "less_than_calls",
            Self::AllTurns => "all_turns",
            Self::MoreThanCalls => "more_than_calls",
        }
    }
}

/// Two totals for one trace.
#[derive(Debug)]
pub struct UsageConflict {
    /// The total that was not chosen: with the spans in conflict if the chosen one excludes them, else without them.
    pub other: TokenUsage,
    /// Whether the chosen total is known to be right.
    pub is_resolved: bool,
    /// The spans in conflict, as indexes into the trace's spans, ascending.
    pub spans: Vec<(usize, ConflictReason)>,
}

/// Returns the conflict of each span, if it has one.
pub(super) fn reasons(
    spans: &[Span],
    nodes: &[Node],
    calls: &CallSpans,
    carried: &[Option<&TokenUsage>],
) -> Vec<Option<ConflictReason>> {
    let mut reasons = vec![None; spans.len()];
    for at in calls.repeated.iter().copied().chain(usage_repeats(spans, calls)) {
        reasons[at] = carried[at].map(|_| ConflictReason::Repeated);
    }
    let mut below = vec![CallsBelow::default(); spans.len()];
    for (at, node) in nodes.iter().enumerate().rev() {
        let usage = carried[at].filter(|usage| !usage.is_empty() && reasons[at].is_none());
        let sum = std::mem::take(&mut below[at]);
        let is_in_call = calls.call_of_span[at].is_some();
        let mut upwards = match usage {
            Some(usage) if !is_in_call && sum.calls > 0 => {
                reasons[at] = sum.conflict_with(usage);
                if reasons[at] == Some(ConflictReason::MoreThanCalls) && spans[at].usage_scope == UsageScope::AllTurns {
                    reasons[at] = Some(ConflictReason::AllTurns);
                }
                let is_total = reasons[at].is_none_or(|reason| !reason.is_certain());
                CallsBelow { figures: if is_total { figures(usage) } else { sum.figures }, ..sum }
            }
            Some(usage) => CallsBelow { figures: figures(usage), ..sum },
            None => sum,
        };
        if calls.starting_at(at) == Some(RowKind::Llm) {
            let is_known = upwards.figures != [None; 3];
            upwards.calls += u64::from(is_known);
            upwards.has_unknown |= !is_known;
        }
        if let Some(parent) = node.parent {
            below[parent].add(upwards);
        }
    }
    reasons
}

/// Returns the spans that only repeat the tokens of calls, if the trace has a call with tokens.
fn usage_repeats<'a>(spans: &'a [Span], calls: &'a CallSpans) -> impl Iterator<Item = usize> {
    let has_tokens = |at: &usize| spans[*at].usage().is_some_and(TokenUsage::has_tokens);
    let is_usage_repeat =
        |at: &usize| spans[*at].usage_scope == UsageScope::OtherCalls && calls.call_of_span[*at].is_none();
    let mut usage_repeats = (0..spans.len()).filter(is_usage_repeat).peekable();
    let has_calls = usage_repeats.peek().is_some() && calls.chains.iter().flat_map(|(_, chain)| chain).any(has_tokens);
    usage_repeats.filter(move |_| has_calls)
}

/// Input, output and total tokens.
type TokenFigures = [Option<i64>; 3];

fn figures(usage: &TokenUsage) -> TokenFigures {
    usage.counts().into()
}

/// The calls below a span.
#[derive(Clone, Copy, Default)]
struct CallsBelow {
    figures: TokenFigures,
    /// The number of LLM calls with tokens.
    calls: u64,
    /// Whether there is an LLM call without tokens.
    has_unknown: bool,
}

impl CallsBelow {
    fn add(&mut self, more: Self) {
        for (sum, part) in self.figures.iter_mut().zip(more.figures) {
            *sum = sum.map(|sum| sum.saturating_add(part.unwrap_or(0))).or(part);
        }
        self.calls += more.calls;
        self.has_unknown |= more.has_unknown;
    }

    /// Compares them with the tokens of the span above, which may include those of a call without tokens.
    fn conflict_with(&self, above: &TokenUsage) -> Option<ConflictReason> {
        let both = figures(above).into_iter().zip(self.figures).filter_map(|(above, below)| above.zip(below));
        let (mut has_less, mut has_more) = (false, false);
        both.for_each(|(above, below)| {
            has_less |= above < below;
            has_more |= above > below;
        });
        match (has_less, has_more) {
            (false, false) => None,
            (true, false) => Some(ConflictReason::LessThanCalls),
            (_, true) => (!self.has_unknown).then_some(ConflictReason::MoreThanCalls),
        }
    }
}
