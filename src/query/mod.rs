//! Filters: conditions that select traces. Flags and MLflow's filter language build the same conditions.
//!
//! A store may use a [`Filter`] to read less. [`Filter::matches`] makes the final decision, except for conditions on
//! spans that a store has evaluated itself, exactly as MLflow does.

mod budget;
mod clause;
mod evaluate;
pub mod flags;
mod glob;
mod grep;
pub mod language;
mod like;
mod prefilter;
mod regex;

pub use clause::{
    AssessmentTest, AttributeText, Clause, ClauseSource, Comparison, Label, LabelTest, NumberKey, Operand, SpanTest,
    TextKey, TextTest, ValueTest,
};
pub use glob::Glob;
pub use grep::{Grep, TextMatch};
pub use prefilter::Prefilter;
pub use regex::Regex;

use crate::model::TraceInfo;

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The conditions.
    pub clauses: Vec<Clause>,
}

impl Filter {
    /// The conditions on a row of MLflow's table `spans`.
    pub fn span_tests(&self) -> impl Iterator<Item = &SpanTest> {
        self.clauses.iter().filter_map(Clause::span_test)
    }

    /// Whether any condition needs this to be read of a trace.
    #[must_use]
    pub fn needs(&self, source: ClauseSource) -> bool {
        self.clauses.iter().any(|clause| clause.source() == source)
    }

    /// Whether span rows are needed.
    #[must_use]
    pub fn needs_rows(&self) -> bool {
        self.needs(ClauseSource::Rows)
    }

    /// Whether the JSON text of span rows is needed.
    #[must_use]
    pub fn needs_content(&self) -> bool {
        self.span_tests().any(|test| test.content_test().is_some())
    }

    /// Whether attributes of span rows are needed.
    #[must_use]
    pub fn needs_attributes(&self) -> bool {
        self.span_tests().any(|test| matches!(test, SpanTest::Attribute(..)))
    }

    /// Whether decoded spans are needed.
    #[must_use]
    pub fn needs_spans(&self) -> bool {
        self.needs(ClauseSource::SpanTypes) || self.needs(ClauseSource::Spans)
    }

    /// Whether trace records are not enough to evaluate the filter.
    #[must_use]
    pub fn needs_more_than_records(&self) -> bool {
        self.needs_spans() || self.needs_rows() || self.needs(ClauseSource::Name)
    }

    /// Whether the result for a trace only depends on the name of its root span, because no trace name was recorded.
    #[must_use]
    pub fn needs_root_name(&self, info: &TraceInfo) -> bool {
        info.display_name().is_none()
            && self.needs(ClauseSource::Name)
            && self.clauses.iter().all(|clause| clause.source() == ClauseSource::Name || clause.holds_for(info))
    }

    /// Returns the span types of which a trace must have one, if there is such a condition.
    #[must_use]
    pub fn span_types(&self) -> Option<&[String]> {
        self.clauses
            .iter()
            .find_map(|clause| if let Clause::SpanType(types) = clause { Some(types.as_slice()) } else { None })
    }

    /// Replaces the condition on span types; without types, there is none.
    pub fn set_span_types(&mut self, types: Vec<String>) {
        self.clauses.retain(|clause| clause.source() != ClauseSource::SpanTypes);
        self.clauses.extend((!types.is_empty()).then_some(Clause::SpanType(types)));
    }

    /// Returns the `--grep` condition, if any.
    #[must_use]
    pub fn grep(&self) -> Option<&Grep> {
        self.clauses.iter().find_map(|clause| if let Clause::Grep(grep) = clause { Some(grep) } else { None })
    }

    /// All `RLIKE` expressions, including those that MLflow derives for the JSON text of spans.
    pub fn regexes(&self) -> impl Iterator<Item = &Regex> {
        self.clauses.iter().flat_map(Clause::regexes)
    }

    /// Returns a message for each pattern whose search was not completed because it took too long.
    #[must_use]
    pub fn incomplete_searches(&self) -> Vec<String> {
        let grep = self.grep().map(|grep| ("--grep", grep.pattern(), grep.has_given_up(), grep.is_exhausted()));
        let regexes =
            self.regexes().map(|regex| ("RLIKE", regex.pattern(), regex.has_given_up(), regex.is_exhausted()));
        let searched = grep.into_iter().chain(regexes).filter(|(_, _, gave_up, _)| *gave_up);
        let message = |(option, pattern, _, is_exhausted)| {
            let effect = if is_exhausted {
                "took too long; the rest was not searched"
            } else {
                "took too long in some texts, which were skipped"
            };
            format!("{option} pattern `{pattern}` {effect}; avoid backreferences and nested repetition")
        };
        searched.map(message).collect()
    }

    /// Whether the time budget of a pattern is exhausted, so that no more traces can match.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.grep().is_some_and(Grep::is_exhausted) || self.regexes().any(Regex::is_exhausted)
    }

    /// Returns warnings about conditions that are valid but cannot match anything useful.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.clauses.iter().filter_map(Clause::warning).collect()
    }
}

#[cfg(test)]
mod tests;
