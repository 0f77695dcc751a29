//! Conditions on traces: those of MLflow's filter language, and those that only flags can express.

use super::{Glob, Grep, Regex};
use crate::json::python;
use std::collections::BTreeSet;

/// A condition on a trace.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// A string field of the trace record. A missing field never matches.
    Text(TextKey, TextTest),
    /// A numeric field of the trace record. A missing field never matches.
    Number(NumberKey, Comparison, Operand),
    /// A tag or metadata entry.
    Label(Label, LabelTest),
    /// The trace was created in a run, or linked to it later. Holds the run id.
    Run(String),
    /// The trace used a prompt version, given as `name/version`.
    Prompt(String),
    /// A span. All span conditions of a filter must hold for the same span.
    Span(SpanTest),
    /// An assessment of the trace, or of its session.
    Assessment(AssessmentTest),
    /// The trace is linked to an issue. Holds the issue id.
    Issue(String),
    /// The trace name matches a pattern; the root span's name if no trace name was recorded.
    Name(Glob),
    /// The trace has a span of one of these types. The type may come from other conventions than MLflow's.
    SpanType(Vec<String>),
    /// The trace has a span whose model matches a pattern.
    Model(Glob),
    /// At least this many total tokens are recorded for the trace.
    MinTokens(i64),
    /// The trace has a span whose content matches a regular expression.
    Grep(Grep),
}

/// What has to be read of a trace to evaluate a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClauseSource {
    /// Columns of its record: times, state and ids.
    Columns,
    /// Its complete record.
    Record,
    /// Its record, and the runs and prompts that are linked to it.
    Links,
    /// Its name: in its record, or that of its root span.
    Name,
    /// The rows of its spans in MLflow's table `spans`.
    Rows,
    /// The types of its decoded spans.
    SpanTypes,
    /// Its decoded spans.
    Spans,
}

impl Clause {
    /// What has to be read of a trace.
    pub(crate) const fn source(&self) -> ClauseSource {
        match self {
            Self::Text(..) | Self::Number(..) => ClauseSource::Columns,
            Self::Label(..) | Self::Assessment(_) | Self::Issue(_) | Self::MinTokens(_) => ClauseSource::Record,
            Self::Run(_) | Self::Prompt(_) => ClauseSource::Links,
            Self::Name(_) => ClauseSource::Name,
            Self::Span(_) => ClauseSource::Rows,
            Self::SpanType(_) => ClauseSource::SpanTypes,
            Self::Model(_) | Self::Grep(_) => ClauseSource::Spans,
        }
    }

    /// Returns the ids of the only traces that match, if they are in the condition.
    pub(crate) fn trace_ids(&self) -> Option<&[String]> {
        match self {
            Self::Text(TextKey::RequestId, TextTest::Is(id)) => Some(std::slice::from_ref(id)),
            Self::Text(TextKey::RequestId, TextTest::In(ids)) => Some(ids),
            _ => None,
        }
    }

    /// Returns the lower bound on the start time, in milliseconds since 1970, if this is one.
    pub(crate) const fn earliest_start(&self) -> Option<&Operand> {
        match self {
            Self::Number(NumberKey::Timestamp, Comparison::Greater | Comparison::AtLeast, operand) => Some(operand),
            _ => None,
        }
    }

    /// Returns the tag or metadata entry and the condition on it, if this is one.
    pub(crate) const fn label(&self) -> Option<(&Label, &LabelTest)> {
        if let Self::Label(label, test) = self { Some((label, test)) } else { None }
    }

    /// Returns the run id, if this is a condition on the run.
    pub(crate) fn run(&self) -> Option<&str> {
        if let Self::Run(id) = self { Some(id) } else { None }
    }

    /// Returns the condition on a row of MLflow's table `spans`, if this is one.
    pub(crate) const fn span_test(&self) -> Option<&SpanTest> {
        if let Self::Span(test) = self { Some(test) } else { None }
    }

    /// Returns the condition on an assessment, if this is one.
    pub(crate) const fn assessment(&self) -> Option<&AssessmentTest> {
        if let Self::Assessment(test) = self { Some(test) } else { None }
    }

    /// Whether this is the condition on the recorded tokens.
    pub(crate) const fn is_min_tokens(&self) -> bool {
        matches!(self, Self::MinTokens(_))
    }

    /// Returns the condition on a string as written in a filter, if this is one.
    const fn text_test(&self) -> Option<&TextTest> {
        match self {
            Self::Text(_, test)
            | Self::Label(_, LabelTest::Text(test))
            | Self::Assessment(AssessmentTest { value: ValueTest::Text(test), .. })
            | Self::Span(
                SpanTest::Name(test)
                | SpanTest::Type(test)
                | SpanTest::Status(test)
                | SpanTest::Content(test)
                | SpanTest::Attribute(_, test),
            ) => Some(test),
            Self::Span(SpanTest::AttributeText(attribute)) => Some(&attribute.test),
            _ => None,
        }
    }

    /// Its `RLIKE` expressions, including the one that MLflow derives for the JSON text of spans.
    pub(super) fn regexes(&self) -> impl Iterator<Item = &Regex> {
        let derived = match self {
            Self::Span(SpanTest::AttributeText(attribute)) => Some(&attribute.content_test),
            _ => None,
        };
        let tests = self.text_test().into_iter().chain(derived);
        tests.filter_map(|test| if let TextTest::Rlike(regex) = test { Some(regex) } else { None })
    }

    /// Returns a warning if the condition is valid but cannot match anything useful.
    pub(super) fn warning(&self) -> Option<String> {
        const STATES: &[&str] = &["OK", "ERROR", "IN_PROGRESS", "STATE_UNSPECIFIED"];
        const STATUSES: &[&str] = &["OK", "ERROR", "UNSET"];
        let unknown_value = |key: &str, test: &TextTest, known: &[&str]| {
            let (TextTest::Is(value) | TextTest::IsNot(value)) = test else { return None };
            let message = format!("unknown {key} `{value}` (expected {})", known.join(", "));
            (!known.contains(&value.as_str())).then_some(message)
        };
        let unknown = match self {
            Self::Number(key, _, Operand::Text(text)) => {
                let flags = if *key == NumberKey::ExecutionTime { "--min-duration" } else { "--since and --until" };
                let is_number = *key != NumberKey::EndTime && text.trim().parse::<f64>().is_ok();
                (!is_number).then(|| format!("`{text}` in quotes is not compared as a number; use {flags}"))
            }
            Self::Text(TextKey::Status, test) => unknown_value("trace state", test, STATES),
            Self::Span(SpanTest::Status(test)) => unknown_value("span status", test, STATUSES),
            _ => None,
        };
        unknown.or_else(|| {
            let TextTest::Rlike(regex) = self.text_test()? else { return None };
            let why = regex.error()?;
            Some(format!("invalid regular expression `{}`, which matches nothing: {why}", regex.pattern()))
        })
    }
}

impl From<SpanTest> for Clause {
    fn from(test: SpanTest) -> Self {
        Self::Span(test)
    }
}

impl From<AssessmentTest> for Clause {
    fn from(test: AssessmentTest) -> Self {
        Self::Assessment(test)
    }
}

/// A string field of the trace record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKey {
    /// The state.
    Status,
    /// The trace id.
    RequestId,
    /// The request id set by the client.
    ClientRequestId,
}

impl TextKey {
    /// All fields.
    pub(super) const ALL: [Self; 3] = [Self::Status, Self::RequestId, Self::ClientRequestId];

    /// The key in filters.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::RequestId => "request_id",
            Self::ClientRequestId => "client_request_id",
        }
    }

    /// Returns the condition that the field has this value.
    pub(crate) fn is(self, value: &str) -> Clause {
        Clause::Text(self, TextTest::Is(value.to_owned()))
    }
}

/// A numeric field of the trace record, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKey {
    /// The start time, since 1970.
    Timestamp,
    /// The duration.
    ExecutionTime,
    /// The start time plus the duration; an unknown duration counts as 0.
    EndTime,
}

impl NumberKey {
    /// All fields.
    pub(super) const ALL: [Self; 3] = [Self::Timestamp, Self::ExecutionTime, Self::EndTime];

    /// The key in filters. Its alias has no `_ms`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp_ms",
            Self::ExecutionTime => "execution_time_ms",
            Self::EndTime => "end_time_ms",
        }
    }
}

/// A condition on a string.
#[derive(Clone, Debug, PartialEq)]
pub enum TextTest {
    /// `=`
    Is(String),
    /// `!=`
    IsNot(String),
    /// `IN`
    In(Vec<String>),
    /// `NOT IN`
    NotIn(Vec<String>),
    /// `LIKE`: `%` matches any text, `_` any character.
    Like(String),
    /// `ILIKE`: `LIKE` that ignores the case of ASCII letters.
    Ilike(String),
    /// `RLIKE`: a Python regular expression, unanchored.
    Rlike(Regex),
}

impl TextTest {
    /// Returns the condition for JSON text with escaped non-ASCII characters, which releases before 3.17 write; `None`
    /// if it is the same.
    #[must_use]
    pub fn escaped(&self) -> Option<Self> {
        let escape = |pattern: &str| (!pattern.is_ascii()).then(|| python::escape_non_ascii(pattern));
        match self {
            Self::Like(pattern) => escape(pattern).map(Self::Like),
            Self::Ilike(pattern) => escape(pattern).map(Self::Ilike),
            // In a regular expression, an escape sequence would not count as one character.
            Self::Rlike(_) | Self::Is(_) | Self::IsNot(_) | Self::In(_) | Self::NotIn(_) => None,
        }
    }
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `<=`
    AtMost,
}

/// The right-hand side of a numeric comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A quoted string. SQLite converts it if it looks like a number; any other string is greater than all numbers.
    Text(String),
}

/// The key of a tag or metadata entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A tag. The trace name is the tag `mlflow.traceName`.
    Tag(String),
    /// A metadata entry.
    Metadata(String),
}

impl Label {
    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Tag(key) | Self::Metadata(key) => key,
        }
    }

    /// Returns the metadata entry with this key.
    pub(crate) fn metadata(key: &str) -> Self {
        Self::Metadata(key.to_owned())
    }

    /// Returns the condition that it has this value.
    pub(crate) fn is(self, value: &str) -> Clause {
        Clause::Label(self, LabelTest::Text(TextTest::Is(value.to_owned())))
    }

    /// Returns the condition that it has one of these values.
    pub(crate) const fn one_of(self, values: Vec<String>) -> Clause {
        Clause::Label(self, LabelTest::Text(TextTest::In(values)))
    }

    /// Returns the condition that a trace has it.
    pub(crate) const fn exists(self) -> Clause {
        Clause::Label(self, LabelTest::Exists)
    }

    /// Returns the condition that a trace does not have it.
    pub(crate) const fn missing(self) -> Clause {
        Clause::Label(self, LabelTest::Missing)
    }
}

/// A condition on a tag or metadata entry. A missing one only matches [`LabelTest::Missing`].
#[derive(Clone, Debug, PartialEq)]
pub enum LabelTest {
    /// A condition on its value.
    Text(TextTest),
    /// `IS NOT NULL`
    Exists,
    /// `IS NULL`
    Missing,
}

/// A condition on a row of MLflow's table `spans`.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanTest {
    /// The span name.
    Name(TextTest),
    /// The span type as set by the client.
    Type(TextTest),
    /// The span status.
    Status(TextTest),
    /// The complete JSON text of the span: `LIKE`, `ILIKE`.
    Content(TextTest),
    /// The value of an attribute: `=`, `!=`, `IN`, `NOT IN`. MLflow 3.18 itself never evaluates these correctly.
    Attribute(String, TextTest),
    /// An attribute within the JSON text of the span: `LIKE`, `ILIKE`, `RLIKE`.
    AttributeText(Box<AttributeText>),
}

/// A pattern for a span attribute, with the pattern for the JSON text that MLflow derives from it.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeText {
    /// The attribute name.
    pub name: String,
    /// The condition as written.
    pub test: TextTest,
    /// The derived condition on the JSON text of the span.
    pub content_test: TextTest,
}

impl SpanTest {
    /// Returns the condition on an attribute.
    #[must_use]
    pub fn attribute(name: &str, test: TextTest) -> Self {
        let in_content = match &test {
            TextTest::Like(pattern) => TextTest::Like(format!("%\"{name}\"{pattern}%")),
            TextTest::Ilike(pattern) => TextTest::Ilike(format!("%\"{name}\"{pattern}%")),
            TextTest::Rlike(regex) => TextTest::Rlike(Regex::new(&pattern_in_content(name, regex.pattern()))),
            TextTest::Is(_) | TextTest::IsNot(_) | TextTest::In(_) | TextTest::NotIn(_) => {
                return Self::Attribute(name.to_owned(), test);
            }
        };
        Self::AttributeText(Box::new(AttributeText { name: name.to_owned(), test, content_test: in_content }))
    }

    /// Returns the condition on the JSON text of the span, if this is one.
    #[must_use]
    pub fn content_test(&self) -> Option<&TextTest> {
        match self {
            Self::Content(test) => Some(test),
            Self::AttributeText(attribute) => Some(&attribute.content_test),
            Self::Name(_) | Self::Type(_) | Self::Status(_) | Self::Attribute(..) => None,
        }
    }
}

/// Returns the pattern for the JSON text of the span, as MLflow derives it: an attribute value is JSON inside a JSON
/// string.
fn pattern_in_content(name: &str, pattern: &str) -> String {
    let (start, pattern) = match pattern.strip_prefix('^') {
        Some(rest) => (r#""\\""#, rest),
        // MLflow uses the greedy `.*`, which finds the same matches but scans megabytes first. A leading quantifier in
        // the pattern would change the meaning of the lazy form.
        None if !pattern.starts_with(['?', '*', '+', '{']) => (r#""\\".*?"#, pattern),
        None => (r#""\\".*"#, pattern),
    };
    let (pattern, end) = match pattern.strip_suffix('$') {
        Some(rest) => (rest, r#"\\""#),
        None => (pattern, ""),
    };
    format!("\"{name}\": {start}{pattern}{end}")
}

/// A condition on a valid assessment.
#[derive(Clone, Debug, PartialEq)]
pub struct AssessmentTest {
    /// Feedback or expectation.
    pub kind: crate::model::AssessmentKind,
    /// The assessment name.
    pub name: String,
    /// The condition on its value.
    pub value: ValueTest,
    /// Whether only assessments of a whole session match.
    pub is_session_level: bool,
    /// Ids of sessions with such an assessment, which applies to all their traces; `None` if not looked up yet.
    pub sessions: Option<BTreeSet<String>>,
}

impl AssessmentTest {
    /// Returns the condition that such an assessment exists, also if this condition requires its absence.
    #[must_use]
    pub fn present(&self) -> Self {
        let value = if self.value == ValueTest::Missing { ValueTest::Exists } else { self.value.clone() };
        Self { value, ..self.clone() }
    }

    /// Whether any session is known to have such an assessment.
    #[must_use]
    pub fn has_sessions(&self) -> bool {
        self.sessions.as_ref().is_some_and(|sessions| !sessions.is_empty())
    }
}

/// A condition on the value of an assessment.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueTest {
    /// A condition on its JSON text. `=` and `!=` also compare with the content of a string.
    Text(TextTest),
    /// A numeric comparison.
    Number(Comparison, Operand),
    /// `IS NOT NULL`: any value.
    Exists,
    /// `IS NULL`: no such assessment.
    Missing,
}

impl Comparison {
    /// The operator as written in filters.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::AtMost => "<=",
        }
    }

    /// All comparison operators.
    pub const ALL: [Self; 6] = [Self::Equal, Self::NotEqual, Self::Greater, Self::AtLeast, Self::Less, Self::AtMost];
}
