//! The tokens and the cost of a trace, and the rows that they are made of.

use super::usage_conflict::UsageConflict;
use crate::model::{Cost, Span, TokenUsage, Trace};

/// The tokens and the cost of a trace, and the rows that they are made of.
#[derive(Debug, Default)]
pub struct TraceUsage {
    /// The total, which is that of the rows; `None` where nothing is known.
    pub token_usage: Option<TokenUsage>,
    /// Where the total comes from: `spans`, or `recorded` where spans are missing.
    pub source: Option<&'static str>,
    /// The total cost, as far as it is known.
    pub cost: Option<Cost>,
    /// The calls and the remainders, in the order of the tree; the remainder of the trace's record comes last.
    pub rows: Vec<UsageRow>,
    /// Where spans contradict each other.
    pub conflict: Option<UsageConflict>,
}

/// What a row of usage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A request to a language model.
    Llm,
    /// A request for embeddings.
    Embedding,
    /// What a carrier, or the trace's record, has beyond the calls below it. Its figures are negative where it has less.
    Remainder,
}

impl RowKind {
    /// The word of the JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Embedding => "embedding",
            Self::Remainder => "remainder",
        }
    }
}

/// A call of a model, or a remainder.
#[derive(Debug)]
pub struct UsageRow {
    /// What it is.
    pub kind: RowKind,
    /// Its spans as places in the trace's list, in the order of the tree: of a call those that serve the request, of a
    /// remainder the carrier and those between it and the calls that carry tokens too. None of the trace's record.
    pub spans: Vec<usize>,
    /// The span that counts: the top-most one with tokens, else the outermost.
    pub span: Option<usize>,
    /// Of a remainder, how many calls with tokens lie below it.
    pub calls_below: usize,
    /// Of a remainder, a span below it that names the one model of all.
    pub model_below: Option<usize>,
    /// Its own tokens.
    pub token_usage: Option<TokenUsage>,
    /// Whether these come from a response or from other conventions, and MLflow recorded none.
    pub is_derived: bool,
    /// Its own cost.
    pub cost: Option<Cost>,
    /// Whether it has tokens whose cost neither it nor a span above has.
    pub is_unpriced: bool,
}

impl UsageRow {
    /// Whether it is a call of a language model.
    #[must_use]
    pub fn is_llm(&self) -> bool {
        self.kind == RowKind::Llm
    }

    /// Whether it is a remainder of nothing.
    #[must_use]
    pub fn is_void(&self) -> bool {
        let has_tokens = self.token_usage.as_ref().is_some_and(TokenUsage::has_tokens);
        self.kind == RowKind::Remainder && !has_tokens && self.cost.is_none()
    }

    /// The model: of the span that counts, else of the outermost of its other spans that has one.
    #[must_use]
    pub fn model<'a>(&self, spans: &'a [Span]) -> Option<&'a str> {
        self.find(spans, |span| span.model.as_deref())
    }

    /// Who runs the model.
    #[must_use]
    pub fn provider<'a>(&self, spans: &'a [Span]) -> Option<&'a str> {
        self.find(spans, |span| span.provider.as_deref())
    }

    /// Nanoseconds from its start to the first piece of a streamed answer.
    #[must_use]
    pub fn first_token_ns(&self, spans: &[Span]) -> Option<i64> {
        self.find(spans, |span| span.first_token.map(|first| first.0.saturating_sub(span.start.0)))
    }

    fn find<'a, T>(&self, spans: &'a [Span], get: impl Fn(&'a Span) -> Option<T>) -> Option<T> {
        let all = if self.kind == RowKind::Remainder { self.model_below.as_slice() } else { &self.spans };
        self.span.iter().chain(all).find_map(|at| get(&spans[*at]))
    }
}

impl TraceUsage {
    /// The calls of language models.
    pub fn llm_calls(&self) -> impl Iterator<Item = &UsageRow> {
        self.rows.iter().filter(|row| row.is_llm())
    }

    /// The row that each of `count` spans belongs to.
    #[must_use]
    pub fn rows_of_spans(&self, count: usize) -> Vec<Option<usize>> {
        let mut rows = vec![None; count];
        for (row, at) in self.rows.iter().enumerate().flat_map(|(row, of)| of.spans.iter().map(move |at| (row, *at))) {
            rows[at] = Some(row);
        }
        rows
    }

    /// The cost that MLflow recorded for the trace, and that of its spans, where these differ and no conflict of tokens tells
    /// why: MLflow 3.18 adds costs up while spans arrive, and may lose some.
    #[must_use]
    pub fn costs_that_differ(&self, trace: &Trace) -> Option<(Cost, Cost)> {
        const ROUNDING: f64 = 1e-6;
        let is_comparable = self.source == Some("spans") && self.conflict.is_none() && !trace.is_incomplete();
        let (recorded, spans) = (trace.info.cost.filter(|_| is_comparable)?, self.cost?);
        let (one, other) = (recorded.total_cost?, spans.total_cost?);
        let are_recorded = recorded.source == "recorded" && spans.source == "recorded";
        (are_recorded && (one - other).abs() > ROUNDING * one.abs().max(other.abs())).then_some((recorded, spans))
    }

    /// The rows with tokens of unknown cost.
    pub fn unpriced(&self) -> impl Iterator<Item = &UsageRow> {
        self.rows.iter().filter(|row| row.is_unpriced)
    }
}
