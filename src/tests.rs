//! Shared by unit tests: the builder of traces, and the configuration of property tests.

use crate::formats::{self, SpanDetail};
use crate::model::{Span, Spans, SpansSource, Timestamp, Trace, TraceInfo, TraceState, arrange};
use proptest::test_runner::{Config, RngSeed};

/// A span as MLflow 3 writes it. Its name is its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpanSpec<'a> {
    pub(crate) id: &'a str,
    /// Id of the parent; empty for a root.
    pub(crate) parent: &'a str,
    /// Span type; empty if not recorded.
    pub(crate) span_type: &'a str,
    /// Start in nanoseconds.
    pub(crate) start: i64,
    /// End in nanoseconds.
    pub(crate) end: Option<i64>,
    /// More attributes, as members of a JSON object: `"a":1,"b":2`. A comma may precede them, so that texts can be
    /// joined.
    pub(crate) attributes: &'a str,
}

impl<'a> SpanSpec<'a> {
    pub(crate) const fn new(id: &'a str, parent: &'a str, span_type: &'a str) -> Self {
        Self { id, parent, span_type, start: 1, end: None, attributes: "" }
    }

    /// Builds the span with some of what is recorded.
    pub(crate) fn build(self, detail: SpanDetail) -> Span {
        let Self { id, parent, span_type, start, end, attributes } = self;
        let end = end.map_or_else(|| "null".to_owned(), |end| end.to_string());
        let span_type =
            if span_type.is_empty() { String::new() } else { format!(r#""mlflow.spanType":"\"{span_type}\"""#) };
        let attributes = attributes.trim_start_matches(',');
        let comma = if span_type.is_empty() || attributes.is_empty() { "" } else { "," };
        let text = format!(
            r#"{{"span_id":"{id}","parent_span_id":"{parent}","name":"{id}","start_time_unix_nano":{start},"end_time_unix_nano":{end},"attributes":{{{span_type}{comma}{attributes}}}}}"#
        );
        formats::span(&text, detail, None).unwrap()
    }
}

/// Returns the attribute of input and output tokens, with a comma before it.
pub(crate) fn tokens((input, output): (i64, i64)) -> String {
    let total = input + output;
    format!(r#","mlflow.chat.tokenUsage":{{"input_tokens":{input},"output_tokens":{output},"total_tokens":{total}}}"#)
}

/// Builds a trace of some spans, with a minimal record.
pub(crate) fn trace_of(spans: Vec<Span>) -> Trace {
    let (list, nodes, _) = arrange(spans);
    let info = TraceInfo::new("tr-1".to_owned(), "1".to_owned(), TraceState::Ok, Timestamp(0));
    let (source, problems) = (SpansSource::Database, Vec::new());
    Trace { info, spans: Some(Spans { list, nodes, source, problems, moved: None, outside: None }), rows: None }
}

/// Configuration of all property tests: a fixed seed, so that runs are reproducible, and no regression files. A failure
/// found with another seed should become a named case of the test.
///
/// To search at random, use proptest's own variables: `PROPTEST_RNG_SEED=$RANDOM PROPTEST_CASES=10000 cargo test`.
pub(crate) fn fixed_seed_config() -> Config {
    let config = Config::default();
    let rng_seed = match config.rng_seed {
        RngSeed::Random => RngSeed::Fixed(0),
        given @ RngSeed::Fixed(_) => given,
    };
    Config { rng_seed, failure_persistence: None, ..config }
}
