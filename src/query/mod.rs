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
    AssessmentTest, AttributeText, Clause, Comparison, Label, LabelTest, NumberKey, Operand, SpanTest, TextKey,
    TextTest, ValueTest,
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
        self.clauses.iter().filter_map(|clause| if let Clause::Span(test) = clause { Some(test) } else { None })
    }

    /// Whether span rows are needed.
    #[must_use]
    pub fn needs_rows(&self) -> bool {
        self.span_tests().next().is_some()
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
        self.clauses.iter().any(|clause| matches!(clause, Clause::SpanType(_) | Clause::Model(_) | Clause::Grep(_)))
    }

    /// Whether the only conditions on decoded spans, if any, are on their types.
    #[must_use]
    pub fn needs_only_span_types(&self) -> bool {
        !self.clauses.iter().any(|clause| matches!(clause, Clause::Model(_) | Clause::Grep(_)))
    }

    /// Whether trace records are not enough to evaluate the filter.
    #[must_use]
    pub fn needs_more_than_records(&self) -> bool {
        self.needs_spans() || self.needs_rows() || self.clauses.iter().any(|clause| matches!(clause, Clause::Name(_)))
    }

    /// Whether the result for a trace only depends on the name of its root span, because no trace name was recorded.
    #[must_use]
    pub fn needs_root_name(&self, info: &TraceInfo) -> bool {
        let is_name = |clause: &Clause| matches!(clause, Clause::Name(_));
        info.display_name().is_none() && self.clauses.iter().any(is_name) && {
            let clauses = self.clauses.iter().filter(|clause| !is_name(clause)).cloned().collect();
            Self { clauses }.matches_info(info)
        }
    }

    /// Whether linked runs and prompts of traces are needed.
    #[must_use]
    pub fn needs_links(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::Run(_) | Clause::Prompt(_)))
    }

    /// Returns the span types of which a trace must have one, if there is such a condition.
    #[must_use]
    pub fn span_types(&self) -> Option<&[String]> {
        self.clauses
            .iter()
            .find_map(|clause| if let Clause::SpanType(types) = clause { Some(types.as_slice()) } else { None })
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

impl Clause {
    /// Its `RLIKE` expressions, including the one that MLflow derives for the JSON text of spans.
    fn regexes(&self) -> impl Iterator<Item = &Regex> {
        let tests = match self {
            Self::Text(_, test) | Self::Label(_, LabelTest::Text(test)) => [Some(test), None],
            Self::Assessment(AssessmentTest { value: ValueTest::Text(test), .. }) => [Some(test), None],
            Self::Span(SpanTest::AttributeText(attribute)) => [Some(&attribute.test), Some(&attribute.content_test)],
            Self::Span(
                SpanTest::Name(test) | SpanTest::Type(test) | SpanTest::Status(test) | SpanTest::Content(test),
            ) => [Some(test), None],
            _ => [None, None],
        };
        tests
            .into_iter()
            .flatten()
            .filter_map(|test| if let TextTest::Rlike(regex) = test { Some(regex) } else { None })
    }

    fn warning(&self) -> Option<String> {
        const STATES: &[&str] = &["OK", "ERROR", "IN_PROGRESS", "STATE_UNSPECIFIED"];
        const STATUSES: &[&str] = &["OK", "ERROR", "UNSET"];
        let unknown_value = |key: &str, test: &TextTest, known: &[&str]| {
            let (TextTest::Is(value) | TextTest::IsNot(value)) = test else { return None };
            let message = format!("unknown {key} `{value}` (expected {})", known.join(", "));
            (!known.contains(&value.as_str())).then_some(message)
        };
        let test = match self {
            Self::Number(key, _, Operand::Text(text)) => {
                let flags = if *key == NumberKey::ExecutionTime { "--min-duration" } else { "--since and --until" };
                let is_number = *key != NumberKey::EndTime && text.trim().parse::<f64>().is_ok();
                let message = format!("`{text}` in quotes is not compared as a number; use {flags}");
                return (!is_number).then_some(message);
            }
            Self::Text(key, test) => {
                let warning = if *key == TextKey::Status { unknown_value("trace state", test, STATES) } else { None };
                if warning.is_some() {
                    return warning;
                }
                test
            }
            Self::Span(SpanTest::Status(test)) => return unknown_value("span status", test, STATUSES),
            Self::Label(_, LabelTest::Text(test)) | Self::Span(SpanTest::Name(test) | SpanTest::Type(test)) => test,
            Self::Span(SpanTest::AttributeText(attribute)) => &attribute.test,
            Self::Assessment(AssessmentTest { value: ValueTest::Text(test), .. }) => test,
            _ => return None,
        };
        let TextTest::Rlike(regex) = test else { return None };
        let why = regex.error()?;
        Some(format!("invalid regular expression `{}`, which matches nothing: {why}", regex.pattern()))
    }
}

#[cfg(test)]
mod tests;
