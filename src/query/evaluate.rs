//! Evaluation of conditions on the model, the same for every kind of store.

use super::like::{ilike, like};
use super::{
    AssessmentTest, Clause, ClauseSource, Comparison, Filter, Label, LabelTest, NumberKey, Operand, SpanTest, TextKey,
    TextTest, ValueTest,
};
use crate::json::{Json, python};
use crate::model::{Assessment, SearchableSpan, Span, Timestamp, Trace, TraceInfo, keys};
use std::borrow::Cow;
use std::cmp::Ordering;

/// MLflow's tolerance for clock differences. Given a lower bound on the start of traces, it ignores spans that start
/// more than this before the bound (`_SPAN_SEARCH_TIMESTAMP_TOLERANCE_MS`, MLflow 3.18
/// `store/tracking/sqlalchemy_store.py`).
const TOLERANCE_MS: i64 = 10_000;

impl Filter {
    /// Whether a trace matches. Conditions on spans that were not loaded count as met, because the store has evaluated
    /// them.
    #[must_use]
    pub fn matches(&self, trace: &Trace) -> bool {
        self.matches_info(&trace.info)
            && trace.rows.as_deref().is_none_or(|rows| self.matches_rows(rows))
            && trace.spans.as_ref().is_none_or(|spans| {
                let is_on_span =
                    |clause: &&Clause| matches!(clause.source(), ClauseSource::SpanTypes | ClauseSource::Spans);
                let holds = |clause: &Clause| spans.list.iter().any(|span| clause.holds_for_span(span));
                self.clauses.iter().filter(is_on_span).all(holds)
            })
    }

    /// Whether a trace record meets all conditions on records.
    #[must_use]
    pub fn matches_info(&self, info: &TraceInfo) -> bool {
        self.clauses.iter().all(|clause| clause.holds_for(info))
    }

    /// Whether the times, state or ids of a trace record rule it out, regardless of tags, metadata and assessments.
    #[must_use]
    pub fn is_ruled_out_by_record(&self, info: &TraceInfo) -> bool {
        let is_of_record = |clause: &&Clause| clause.source() == ClauseSource::Columns;
        self.clauses.iter().filter(is_of_record).any(|clause| !clause.holds_for(info))
    }

    /// Whether a single row meets all conditions on spans.
    #[must_use]
    pub fn matches_rows(&self, rows: &[SearchableSpan]) -> bool {
        let mut tests = self.span_tests().peekable();
        if tests.peek().is_none() {
            return true;
        }
        let bound = self.earliest_span_start();
        let tests: Vec<&SpanTest> = tests.collect();
        rows.iter()
            .any(|row| bound.is_none_or(|bound| row.start >= bound) && tests.iter().all(|test| test.holds_for(row)))
    }

    /// Returns the time before which spans are ignored, derived from lower bounds on the start of traces.
    #[must_use]
    pub fn earliest_span_start(&self) -> Option<Timestamp> {
        let bounds = self.clauses.iter().filter_map(|clause| match clause.earliest_start()? {
            Operand::Int(millis) => Some(*millis as f64),
            Operand::Float(millis) => Some(*millis),
            Operand::Text(_) => None,
        });
        let bound = bounds.reduce(f64::max)?;
        Some(Timestamp(((bound - TOLERANCE_MS as f64) * 1e6).ceil() as i64))
    }
}

impl Clause {
    pub(super) fn holds_for(&self, info: &TraceInfo) -> bool {
        match self {
            Self::Text(key, test) => {
                let value = match key {
                    TextKey::Status => Some(info.state.as_str()),
                    TextKey::RequestId => Some(info.trace_id.as_str()),
                    TextKey::ClientRequestId => info.client_request_id.as_deref(),
                };
                value.is_some_and(|text| test.holds(text))
            }
            Self::Number(key, comparison, operand) => {
                let start = info.request_time.millis();
                let number = match key {
                    NumberKey::Timestamp => Some(start),
                    NumberKey::ExecutionTime => info.execution_duration_ms,
                    NumberKey::EndTime => Some(start.saturating_add(info.execution_duration_ms.unwrap_or(0))),
                };
                let has_affinity = *key != NumberKey::EndTime;
                number.is_some_and(|number| comparison.holds(number as f64, operand, has_affinity))
            }
            Self::Label(label, test) => {
                let value = label.value(info);
                match test {
                    LabelTest::Text(test) => value.is_some_and(|value| test.holds(&value)),
                    LabelTest::Exists => value.is_some(),
                    LabelTest::Missing => value.is_none(),
                }
            }
            Self::Run(id) => info.run_id() == Some(id.as_str()) || info.linked_runs.contains(id),
            Self::Prompt(id) => info.linked_prompts.contains(id),
            Self::Assessment(test) => test.holds_for(info),
            Self::Issue(id) => info.assessments.iter().any(|found| found.kind.as_str() == "issue" && found.name == *id),
            Self::Name(glob) => info.display_name().is_some_and(|name| glob.matches(name)),
            Self::MinTokens(min) => {
                info.recorded_usage.as_ref().and_then(|usage| usage.total_tokens).is_some_and(|total| total >= *min)
            }
            Self::Span(_) | Self::SpanType(_) | Self::Model(_) | Self::Grep(_) => true,
        }
    }

    /// Whether a span meets a condition on type, model or content; true for all other conditions.
    #[must_use]
    pub fn holds_for_span(&self, span: &Span) -> bool {
        match self {
            Self::SpanType(types) => span.span_type.is_one_of(types),
            Self::Model(glob) => span.model.as_deref().is_some_and(|model| glob.matches(model)),
            Self::Grep(grep) => grep.find(span).is_some(),
            _ => true,
        }
    }

    /// Whether encoded spans, JSON or protobuf, may meet a condition on model or content; true for all other
    /// conditions. Has false positives, but no false negatives.
    pub(super) fn may_hold_in(&self, stored: &[u8]) -> bool {
        match self {
            Self::Model(glob) => memchr::memmem::find(stored, glob.longest_literal().as_bytes()).is_some(),
            Self::Grep(grep) => grep.may_be_in(stored),
            _ => true,
        }
    }
}

impl Label {
    /// Returns the value of the tag or metadata entry, if the trace has it.
    #[must_use]
    pub fn value<'a>(&self, info: &'a TraceInfo) -> Option<Cow<'a, str>> {
        match self {
            // Since 3.17 these are columns, which MLflow compares by their JSON text.
            Self::Metadata(key) if key == keys::TOKEN_USAGE => {
                info.recorded_usage.as_ref().map(|usage| usage.python_text().into())
            }
            Self::Metadata(key) if key == keys::COST => info.cost.map(|cost| cost.python_text().into()),
            Self::Metadata(key) => info.metadata.get(key).map(Cow::Borrowed),
            Self::Tag(key) => info.tags.get(key).map(Cow::Borrowed),
        }
    }
}

impl TextTest {
    /// Whether a string meets the condition.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        match self {
            Self::Is(value) => text == value,
            Self::IsNot(value) => text != value,
            Self::In(values) => values.iter().any(|value| value == text),
            Self::NotIn(values) => values.iter().all(|value| value != text),
            Self::Like(pattern) => like(text, pattern),
            Self::Ilike(pattern) => ilike(text, pattern),
            Self::Rlike(regex) => regex.is_match(text),
        }
    }
}

impl Comparison {
    /// Whether the comparison holds. A string that looks like a number is converted if SQLite knows the column type
    /// (`has_affinity`); any other string is greater than all numbers.
    fn holds(self, number: f64, operand: &Operand, has_affinity: bool) -> bool {
        let other = match operand {
            Operand::Int(other) => *other as f64,
            Operand::Float(other) => *other,
            Operand::Text(text) => {
                let parse = || text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']).parse().ok();
                let is_plain = text.bytes().all(|b| !b.is_ascii_alphabetic() || b.eq_ignore_ascii_case(&b'e'));
                (has_affinity && is_plain).then(parse).flatten().unwrap_or(f64::INFINITY)
            }
        };
        let order = number.partial_cmp(&other);
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => order.is_some_and(Ordering::is_ge),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => order.is_some_and(Ordering::is_le),
        }
    }
}

impl SpanTest {
    fn holds_for(&self, row: &SearchableSpan) -> bool {
        if let Some(test) = self.content_test() {
            let content = row.content.as_deref().unwrap_or_default();
            return test.holds(content) || test.escaped().is_some_and(|test| test.holds(content));
        }
        match self {
            Self::Name(test) => test.holds(&row.name),
            Self::Type(test) => row.span_type.as_deref().is_some_and(|name| test.holds(name)),
            Self::Status(test) => test.holds(&row.status),
            Self::Attribute(name, test) => {
                let value = row.attributes.iter().rev().find(|(key, _)| key == name);
                value.is_some_and(|(_, value)| test.holds(&value.display()))
            }
            Self::Content(_) | Self::AttributeText(_) => false,
        }
    }
}

impl AssessmentTest {
    fn holds_for(&self, info: &TraceInfo) -> bool {
        let is_in_session = match (&self.sessions, info.session_id()) {
            (Some(sessions), Some(id)) => sessions.contains(id),
            _ => false,
        };
        let is_direct = info.assessments.iter().any(|assessment| self.matches(assessment));
        (is_in_session || is_direct) != (self.value == ValueTest::Missing)
    }

    fn matches(&self, assessment: &Assessment) -> bool {
        let is_named = assessment.valid && assessment.kind == self.kind && assessment.name == self.name;
        is_named
            && self.value.holds(assessment.value.as_ref())
            && (!self.is_session_level || is_for_session(assessment))
    }
}

/// Whether an assessment applies to a whole session: its metadata names the session.
fn is_for_session(assessment: &Assessment) -> bool {
    let metadata = assessment.metadata.as_ref().map(python::dumps).unwrap_or_default();
    metadata.contains(&format!("\"{}\":", keys::SESSION))
}

impl ValueTest {
    fn holds(&self, value: Option<&Json>) -> bool {
        match self {
            Self::Exists | Self::Missing => true,
            Self::Number(comparison, operand) => {
                let number = value.filter(|value| !value.text().starts_with('"')).and_then(Json::as_f64);
                number.is_some_and(|number| comparison.holds(number, operand, true))
            }
            Self::Text(test) => {
                let stored = value.map_or_else(|| "null".to_owned(), python::dumps);
                // In file stores and over REST, every number is a float.
                let with_integers = python::with_integers(&stored);
                let is = |wanted: &str| stored == wanted || with_integers == wanted || stored == python::string(wanted);
                match test {
                    TextTest::Is(wanted) => is(wanted),
                    TextTest::IsNot(wanted) => !is(wanted),
                    // Non-finite numbers are stored as strings in the model.
                    test if ["\"NaN\"", "\"Infinity\"", "\"-Infinity\""].contains(&stored.as_str()) => {
                        test.holds(&stored) || test.holds(stored.trim_matches('"'))
                    }
                    test => test.holds(&stored) || test.holds(&with_integers),
                }
            }
        }
    }
}
