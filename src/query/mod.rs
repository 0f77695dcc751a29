//! Which traces are meant: conditions over the model. Flags and MLflow's filter language build the same ones.
//!
//! A store may use a [`Filter`] to read less. Whether a trace is meant is decided by [`Filter::matches`] alone, but for
//! conditions on spans that a store has decided itself, exactly as MLflow does.

mod budget;
mod clause;
mod evaluate;
pub mod flags;
mod glob;
mod grep;
pub mod language;
mod like;
mod regex;
mod sieve;

pub use clause::{
    AssessmentTest, AttributeText, Clause, Comparison, Label, LabelTest, NumberKey, Operand, SpanTest, TextKey,
    TextTest, ValueTest,
};
pub use glob::Glob;
pub use grep::{Grep, TextMatch};
pub use regex::Regex;
pub use sieve::Prefilter;

use crate::model::TraceInfo;

/// Conditions that all have to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The conditions.
    pub clauses: Vec<Clause>,
}

impl Filter {
    /// The conditions on one span as a row of MLflow's table.
    pub fn span_tests(&self) -> impl Iterator<Item = &SpanTest> {
        self.clauses.iter().filter_map(|clause| if let Clause::Span(test) = clause { Some(test) } else { None })
    }

    /// Whether rows have to be looked at, and what of them.
    #[must_use]
    pub fn needs_rows(&self) -> bool {
        self.span_tests().next().is_some()
    }

    /// Whether the JSON text of spans is looked at.
    #[must_use]
    pub fn needs_content(&self) -> bool {
        self.span_tests().any(|test| test.in_content().is_some())
    }

    /// Whether attributes of spans are looked at.
    #[must_use]
    pub fn needs_attributes(&self) -> bool {
        self.span_tests().any(|test| matches!(test, SpanTest::Attribute(..)))
    }

    /// Whether spans as they are shown have to be loaded to decide.
    #[must_use]
    pub fn needs_spans(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::SpanType(_) | Clause::Model(_) | Clause::Grep(_)))
    }

    /// Whether types are all that is asked of spans as they are shown.
    #[must_use]
    pub fn only_types_of_spans(&self) -> bool {
        !self.clauses.iter().any(|clause| matches!(clause, Clause::Model(_) | Clause::Grep(_)))
    }

    /// Whether a trace's own record is not enough to decide.
    #[must_use]
    pub fn needs_more_than_records(&self) -> bool {
        self.needs_spans() || self.needs_rows() || self.clauses.iter().any(|clause| matches!(clause, Clause::Name(_)))
    }

    /// Whether all depends on the name of a trace's root span, since none was recorded.
    #[must_use]
    pub fn asks_for_root(&self, info: &TraceInfo) -> bool {
        let is_name = |clause: &Clause| matches!(clause, Clause::Name(_));
        info.display_name().is_none() && self.clauses.iter().any(is_name) && {
            let clauses = self.clauses.iter().filter(|clause| !is_name(clause)).cloned().collect();
            Self { clauses }.matches_info(info)
        }
    }

    /// Whether what traces were linked to has to be looked up to decide.
    #[must_use]
    pub fn needs_links(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::Run(_) | Clause::Prompt(_)))
    }

    /// The span types of which a trace must have one, where there is such a condition.
    #[must_use]
    pub fn span_types(&self) -> Option<&[String]> {
        self.clauses
            .iter()
            .find_map(|clause| if let Clause::SpanType(types) = clause { Some(types.as_slice()) } else { None })
    }

    /// The text searched for, if one is.
    #[must_use]
    pub fn grep(&self) -> Option<&Grep> {
        self.clauses.iter().find_map(|clause| if let Clause::Grep(grep) = clause { Some(grep) } else { None })
    }

    /// The regular expressions of its conditions, those that MLflow makes of them among them.
    pub fn regexes(&self) -> impl Iterator<Item = &Regex> {
        let tests = self.clauses.iter().flat_map(|clause| match clause {
            Clause::Text(_, test) | Clause::Label(_, LabelTest::Text(test)) => [Some(test), None],
            Clause::Assessment(AssessmentTest { value: ValueTest::Text(test), .. }) => [Some(test), None],
            Clause::Span(SpanTest::AttributeText(attribute)) => [Some(&attribute.test), Some(&attribute.in_content)],
            Clause::Span(
                SpanTest::Name(test) | SpanTest::Type(test) | SpanTest::Status(test) | SpanTest::Content(test),
            ) => [Some(test), None],
            _ => [None, None],
        });
        tests.flatten().filter_map(|test| if let TextTest::Rlike(regex) = test { Some(regex) } else { None })
    }

    /// What was not searched, as searches of patterns took too long. Names the patterns.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let grep = self.grep().map(|grep| ("--grep", grep.pattern(), grep.gave_up(), grep.is_spent()));
        let regexes = self.regexes().map(|regex| ("RLIKE", regex.pattern(), regex.gave_up(), regex.is_spent()));
        let searched = grep.into_iter().chain(regexes).filter(|(_, _, gave_up, _)| *gave_up);
        let gap = |(of, pattern, _, is_spent)| {
            let what = if is_spent {
                "took too long, and the rest was not searched"
            } else {
                "took too long in some texts, which were passed over"
            };
            format!(
                "the pattern `{pattern}` of {of} {what}; one without back-references and nested repetition is faster"
            )
        };
        searched.map(gap).collect()
    }

    /// Whether a pattern took so long that nothing more can be found.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.grep().is_some_and(Grep::is_spent) || self.regexes().any(Regex::is_spent)
    }

    /// What a reader should know: conditions that are right and yet cannot mean what was meant.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        self.clauses.iter().filter_map(Clause::remark).collect()
    }
}

impl Clause {
    fn remark(&self) -> Option<String> {
        const STATES: &[&str] = &["OK", "ERROR", "IN_PROGRESS", "STATE_UNSPECIFIED"];
        const STATUSES: &[&str] = &["OK", "ERROR", "UNSET"];
        let known = |key: &str, test: &TextTest, known: &[&str]| {
            let (TextTest::Is(value) | TextTest::IsNot(value)) = test else { return None };
            let message = format!("no {key} is `{value}`: {} are", known.join(", "));
            (!known.contains(&value.as_str())).then_some(message)
        };
        let test = match self {
            Self::Number(key, _, Operand::Text(text)) => {
                let flags = if *key == NumberKey::ExecutionTime { "--min-duration" } else { "--since and --until" };
                let is_number = *key != NumberKey::EndTime && text.trim().parse::<f64>().is_ok();
                let message = format!("`{text}` in quotes is no number to compare with; use {flags}");
                return (!is_number).then_some(message);
            }
            Self::Text(key, test) => {
                let remark = if *key == TextKey::Status { known("state", test, STATES) } else { None };
                if remark.is_some() {
                    return remark;
                }
                test
            }
            Self::Span(SpanTest::Status(test)) => return known("status of a span", test, STATUSES),
            Self::Label(_, LabelTest::Text(test)) | Self::Span(SpanTest::Name(test) | SpanTest::Type(test)) => test,
            Self::Span(SpanTest::AttributeText(attribute)) => &attribute.test,
            Self::Assessment(AssessmentTest { value: ValueTest::Text(test), .. }) => test,
            _ => return None,
        };
        let TextTest::Rlike(regex) = test else { return None };
        let why = regex.problem()?;
        Some(format!("`{}` is no regular expression, so nothing fits it: {why}", regex.pattern()))
    }
}

#[cfg(test)]
mod tests;
