//! Each bill once: spans whose tokens other spans carry too, and parents whose tokens are no total of what is below them.

use super::calls::Calls;
use super::usage::RowKind;
use crate::model::{Node, Span, TokenUsage};

/// Why the tokens of a span may not be part of the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Another span has the same bill: by its kind (AG2's `record_usage`), or by the id of the response.
    Repeated,
    /// It has fewer tokens than the calls below it: one round of several (Gemini's automatic function calling), or those of
    /// its own calls alone (an agent of PydanticAI that asks another one).
    LessThanCalls,
    /// It has other tokens than the calls below it, all of which have some: those of earlier turns too (an agent of Strands),
    /// or of calls that were not traced.
    MoreThanCalls,
}

impl Doubt {
    /// The word of the JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::LessThanCalls => "less_than_calls",
            Self::MoreThanCalls => "more_than_calls",
        }
    }
}

/// Spans whose tokens contradict those of other spans.
#[derive(Debug)]
pub struct UsageConflict {
    /// The total that was not taken: with the tokens of these spans where they were left out, else without.
    pub other: TokenUsage,
    /// Whether it is known which total is right.
    pub is_decided: bool,
    /// The spans, and what is wrong with each.
    pub spans: Vec<(usize, Doubt)>,
}

/// The doubts about the tokens that spans carry, for each span.
pub(super) fn doubts(
    spans: &[Span],
    nodes: &[Node],
    calls: &Calls,
    carried: &[Option<&TokenUsage>],
) -> Vec<Option<Doubt>> {
    let mut doubts = vec![None; spans.len()];
    for at in calls.repeated.iter().copied().chain(receipts(spans, calls)) {
        doubts[at] = carried[at].map(|_| Doubt::Repeated);
    }
    let mut below = vec![Below::default(); spans.len()];
    for (at, node) in nodes.iter().enumerate().rev() {
        let own = carried[at].filter(|usage| !usage.is_empty() && doubts[at].is_none());
        let sum = std::mem::take(&mut below[at]);
        let is_of_call = calls.of_span[at].is_some();
        let mut upwards = match own {
            Some(own) if !is_of_call && sum.calls > 0 => {
                doubts[at] = sum.doubt(own);
                let is_total = doubts[at] != Some(Doubt::LessThanCalls);
                Below { figures: if is_total { figures(own) } else { sum.figures }, ..sum }
            }
            Some(own) => Below { figures: figures(own), ..sum },
            None => sum,
        };
        if let Some(call) = calls.of_span[at].filter(|call| calls.chains[*call].1[0] == at)
            && calls.chains[call].0 == RowKind::Llm
        {
            let is_known = upwards.figures != [None; 3];
            upwards.calls += u64::from(is_known);
            upwards.has_unknown |= !is_known;
        }
        if let Some(parent) = node.parent {
            below[parent].add(upwards);
        }
    }
    doubts
}

/// Spans that only tell what calls used, where there is a call with tokens.
fn receipts<'a>(spans: &'a [Span], calls: &'a Calls) -> impl Iterator<Item = usize> {
    let has_tokens = |at: &usize| spans[*at].usage().is_some_and(TokenUsage::has_tokens);
    let is_receipt = |at: &usize| spans[*at].is_usage_receipt && calls.of_span[*at].is_none();
    let mut receipts = (0..spans.len()).filter(is_receipt).peekable();
    let has_calls = receipts.peek().is_some() && calls.chains.iter().flat_map(|(_, chain)| chain).any(has_tokens);
    receipts.filter(move |_| has_calls)
}

/// Tokens sent, made, and in total.
type Figures = [Option<i64>; 3];

fn figures(usage: &TokenUsage) -> Figures {
    usage.figures().into()
}

/// What lies below a span.
#[derive(Clone, Copy, Default)]
struct Below {
    figures: Figures,
    /// How many calls of language models have tokens.
    calls: u64,
    /// Whether there are others, whose tokens are unknown.
    has_unknown: bool,
}

impl Below {
    fn add(&mut self, more: Self) {
        for (sum, part) in self.figures.iter_mut().zip(more.figures) {
            *sum = sum.map(|sum| sum.saturating_add(part.unwrap_or(0))).or(part);
        }
        self.calls += more.calls;
        self.has_unknown |= more.has_unknown;
    }

    /// What is wrong with the tokens of the span above.
    fn doubt(&self, above: &TokenUsage) -> Option<Doubt> {
        let both = figures(above).into_iter().zip(self.figures).filter_map(|(above, below)| above.zip(below));
        let (mut has_less, mut has_more) = (false, false);
        both.for_each(|(above, below)| {
            has_less |= above < below;
            has_more |= above > below;
        });
        match (has_less, has_more) {
            (false, false) => None,
            (true, false) => Some(Doubt::LessThanCalls),
            (_, true) => (!self.has_unknown).then_some(Doubt::MoreThanCalls),
        }
    }
}
