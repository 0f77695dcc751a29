//! A row of token usage: a request to a model, or a remainder.

use crate::model::{Cost, Span, TokenUsage};

/// The kind of a usage row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A request to a language model.
    Llm,
    /// A request for embeddings.
    Embedding,
    /// What a carrier, or the trace record, has beyond the calls below it. Figures are negative if it has less.
    Remainder,
}

impl RowKind {
    /// The name in JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Embedding => "embedding",
            Self::Remainder => "remainder",
        }
    }
}

/// A request to a model, or a remainder.
#[derive(Debug)]
pub struct UsageRow {
    /// The kind of the row.
    pub kind: RowKind,
    /// Its spans as indexes into the trace's spans. A call: the spans that serve the request, outermost first. A
    /// remainder: the carrier, and the carriers between it and the calls. The remainder of the trace record has none.
    pub spans: Vec<usize>,
    /// The span that counts: the topmost one with tokens, else the outermost.
    pub span: Option<usize>,
    /// For a remainder, the number of calls with tokens below it.
    pub calls_below: usize,
    /// For a remainder, a span that names the only model used below it.
    pub model_below: Option<usize>,
    /// The tokens of this row, without those of other rows.
    pub token_usage: Option<TokenUsage>,
    /// Whether the tokens come from a response or from other conventions, because MLflow recorded none.
    pub is_derived: bool,
    /// The cost of this row, without that of other rows.
    pub cost: Option<Cost>,
    /// Whether it has tokens but neither it nor a span above has a cost.
    pub is_unpriced: bool,
}

impl UsageRow {
    /// Whether it is a request to a language model.
    #[must_use]
    pub fn is_llm(&self) -> bool {
        self.kind == RowKind::Llm
    }

    /// Whether it is a remainder without tokens and cost.
    #[must_use]
    pub fn is_empty_remainder(&self) -> bool {
        let has_tokens = self.token_usage.as_ref().is_some_and(TokenUsage::has_tokens);
        self.kind == RowKind::Remainder && !has_tokens && self.cost.is_none()
    }

    /// Returns the model: that of the span that counts, else of its outermost other span with one.
    #[must_use]
    pub fn model<'a>(&self, spans: &'a [Span]) -> Option<&'a str> {
        self.find(spans, |span| span.model.as_deref())
    }

    /// Returns the provider of the model.
    #[must_use]
    pub fn provider<'a>(&self, spans: &'a [Span]) -> Option<&'a str> {
        self.find(spans, |span| span.provider.as_deref())
    }

    /// Returns the nanoseconds from its start to the first chunk of a streamed response.
    #[must_use]
    pub fn first_token_ns(&self, spans: &[Span]) -> Option<i64> {
        self.find(spans, |span| span.first_token.map(|first| first.0.saturating_sub(span.start.0)))
    }

    fn find<'a, T>(&self, spans: &'a [Span], get: impl Fn(&'a Span) -> Option<T>) -> Option<T> {
        let all = if self.kind == RowKind::Remainder { self.model_below.as_slice() } else { &self.spans };
        self.span.iter().chain(all).find_map(|at| get(&spans[*at]))
    }
}
