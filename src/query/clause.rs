//! Conditions on traces: what MLflow's filter language can say, and what only flags ask for.

use super::{Glob, Grep, Regex};
use crate::model::python;
use std::collections::BTreeSet;

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// On a text of the trace's record; one that is not there meets no condition.
    Text(TextKey, TextTest),
    /// On a number of the trace's record; one that is not there meets no condition.
    Number(NumberKey, Comparison, Operand),
    /// On a tag or an entry of the metadata.
    Label(Label, LabelTest),
    /// The trace was made under a run, or linked to it.
    Run(String),
    /// A version of a prompt, `name/version`, was used.
    Prompt(String),
    /// On a span. All such conditions of a filter have to hold for one and the same span.
    Span(SpanTest),
    /// On an assessment of the trace, or of the session that it belongs to.
    Assessment(AssessmentTest),
    /// An issue is linked.
    Issue(String),
    /// The trace's name, or where none was recorded its root span's, fits a pattern.
    Name(Glob),
    /// It has a span of one of these types, foreign attributes considered.
    SpanType(Vec<String>),
    /// It has a span of a model of this name.
    Model(Glob),
    /// So many tokens were recorded for it at least.
    MinTokens(i64),
    /// It has a span in which a text is found.
    Grep(Grep),
}

/// A text of a trace's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKey {
    /// The state.
    Status,
    /// The trace id.
    RequestId,
    /// The id that the client gave.
    ClientRequestId,
}

/// A number of a trace's record, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKey {
    /// The start, since 1970.
    Timestamp,
    /// The duration.
    ExecutionTime,
    /// The start and the duration, which counts as 0 where it is not known.
    EndTime,
}

/// A condition on a text.
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
    /// `LIKE`: `%` any text, `_` any character.
    Like(String),
    /// `ILIKE`: the same, without regard to the case of ASCII letters.
    Ilike(String),
    /// `RLIKE`: a regular expression of Python, found anywhere.
    Rlike(Regex),
}

impl TextTest {
    /// The condition on a JSON text in which everything but ASCII is escaped, as releases before 3.17 write it; none where
    /// it is the same.
    #[must_use]
    pub fn escaped(&self) -> Option<Self> {
        let escape = |pattern: &str| (!pattern.is_ascii()).then(|| python::ascii(pattern));
        match self {
            Self::Like(pattern) => escape(pattern).map(Self::Like),
            Self::Ilike(pattern) => escape(pattern).map(Self::Ilike),
            // An escape would not be one character to an expression.
            Self::Rlike(_) | Self::Is(_) | Self::IsNot(_) | Self::In(_) | Self::NotIn(_) => None,
        }
    }
}

/// How numbers compare.
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

/// What a number is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A whole number.
    Int(i64),
    /// Any other one.
    Float(f64),
    /// A quoted text, which SQLite takes for a number where it looks like one, and else for more than any number.
    Text(String),
}

/// A tag or an entry of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A tag; the name of a trace is one, `mlflow.traceName`.
    Tag(String),
    /// An entry of the metadata.
    Metadata(String),
}

/// A condition on a tag or an entry of the metadata. One that is not there meets none but [`LabelTest::Missing`].
#[derive(Clone, Debug, PartialEq)]
pub enum LabelTest {
    /// On its text.
    Text(TextTest),
    /// `IS NOT NULL`
    Exists,
    /// `IS NULL`
    Missing,
}

/// A condition on a span, as a row of MLflow's table `spans`.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanTest {
    /// On its name.
    Name(TextTest),
    /// On its type as the client said it.
    Type(TextTest),
    /// On its status.
    Status(TextTest),
    /// On the whole of its JSON text, by `LIKE` or `ILIKE`.
    Content(TextTest),
    /// On the value of an attribute: `=`, `!=`, `IN`, `NOT IN`. To MLflow 3.18 these never mean what they say.
    Attribute(String, TextTest),
    /// On an attribute as part of the JSON text: `LIKE`, `ILIKE`, `RLIKE`.
    AttributeText(Box<AttributeText>),
}

/// A pattern for an attribute of a span, and the one for the whole of its JSON text that MLflow makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeText {
    /// The attribute's name.
    pub name: String,
    /// The condition as it was written.
    pub test: TextTest,
    /// The condition on the JSON text.
    pub in_content: TextTest,
}

impl SpanTest {
    /// A condition on an attribute.
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
        Self::AttributeText(Box::new(AttributeText { name: name.to_owned(), test, in_content }))
    }

    /// The condition that this is on the whole of the JSON text, if it is one.
    #[must_use]
    pub fn in_content(&self) -> Option<&TextTest> {
        match self {
            Self::Content(test) => Some(test),
            Self::AttributeText(attribute) => Some(&attribute.in_content),
            Self::Name(_) | Self::Type(_) | Self::Status(_) | Self::Attribute(..) => None,
        }
    }
}

/// The value of an attribute is JSON inside of a string of JSON, which MLflow writes into the pattern.
fn pattern_in_content(name: &str, pattern: &str) -> String {
    let (start, pattern) = match pattern.strip_prefix('^') {
        Some(rest) => (r#""\\""#, rest),
        // What MLflow writes here takes as much as it can, which comes to the same, but goes through megabytes first; only
        // a quantifier that the pattern begins with would not mean the same.
        None if !pattern.starts_with(['?', '*', '+', '{']) => (r#""\\".*?"#, pattern),
        None => (r#""\\".*"#, pattern),
    };
    let (pattern, end) = match pattern.strip_suffix('$') {
        Some(rest) => (rest, r#"\\""#),
        None => (pattern, ""),
    };
    format!("\"{name}\": {start}{pattern}{end}")
}

/// A condition on an assessment that is valid.
#[derive(Clone, Debug, PartialEq)]
pub struct AssessmentTest {
    /// A feedback or an expectation.
    pub kind: crate::model::AssessmentKind,
    /// Its name.
    pub name: String,
    /// What has to hold for its value.
    pub value: ValueTest,
    /// Whether only assessments that were made of a whole session are meant.
    pub of_session: bool,
    /// Sessions that have such an assessment, which counts for each of their traces. Looked up before a search.
    pub sessions: BTreeSet<String>,
}

impl AssessmentTest {
    /// The condition that such an assessment is there, also where it is asked for by its absence.
    #[must_use]
    pub fn present(&self) -> Self {
        let value = if self.value == ValueTest::Missing { ValueTest::Exists } else { self.value.clone() };
        Self { value, ..self.clone() }
    }
}

/// A condition on the value of an assessment.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueTest {
    /// On its JSON text; `=` and `!=` compare with a string's content too.
    Text(TextTest),
    /// On a number.
    Number(Comparison, Operand),
    /// Any value will do.
    Exists,
    /// There is no such assessment.
    Missing,
}

impl Comparison {
    /// The sign.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::AtMost => "<=",
        }
    }

    /// All of them.
    pub const ALL: [Self; 6] = [Self::Equal, Self::NotEqual, Self::Greater, Self::AtLeast, Self::Less, Self::AtMost];
}
