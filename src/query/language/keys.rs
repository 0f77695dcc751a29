//! Keys of the filter language: what each is called, what it means, and which operators go with it.

use super::key::{ParsedKey, Scope};
use super::operators::{Content, Literal, Operator, ParsedTest};
use super::{SyntaxError, error};
use crate::model::{AssessmentKind, keys};
use crate::query::{AssessmentTest, Clause, Label, LabelTest, NumberKey, SpanTest, TextKey, TextTest, ValueTest};
use std::collections::BTreeSet;
use std::ops::Range;

/// The keys without a prefix.
pub const ATTRIBUTES: &[&str] = &[
    "status",
    "name",
    "timestamp",
    "timestamp_ms",
    "execution_time",
    "execution_time_ms",
    "end_time",
    "end_time_ms",
    "request_id",
    "client_request_id",
    "run_id",
    "prompt",
    "text",
];

/// The prefixes, with what they stand for.
const PREFIXES: [(&str, Scope); 12] = [
    ("tags", Scope::Tag),
    ("tag", Scope::Tag),
    ("metadata", Scope::Metadata),
    ("request_metadata", Scope::Metadata),
    ("trace", Scope::Attribute),
    ("attributes", Scope::Attribute),
    ("attribute", Scope::Attribute),
    ("span", Scope::Span),
    ("feedback", Scope::Assessment(AssessmentKind::Feedback)),
    ("expectation", Scope::Assessment(AssessmentKind::Expectation)),
    ("issue", Scope::Issue),
    // Never written, but MLflow has it: the same as no prefix.
    ("", Scope::Attribute),
];

const PREFIX_NAMES: &[&str] = &["tags", "metadata", "trace", "span", "feedback", "expectation", "issue", "attributes"];

const SPAN_KEYS: &[&str] = &["span.name", "span.type", "span.status", "span.content"];

/// Reads a key.
///
/// # Errors
/// Where MLflow has no such key.
pub(super) fn key<'a>(text: &'a str, at: &Range<usize>) -> Result<ParsedKey<'a>, SyntaxError> {
    let name = &text[at.clone()];
    let (prefix, rest) = name.split_once('.').unwrap_or(("", name));
    let bare = unticked(unquoted(rest));
    let place = at.start..at.start + prefix.len();
    let found = PREFIXES.iter().find(|(known, _)| *known == unticked(prefix));
    let Some((_, scope)) = found.filter(|_| !(prefix.is_empty() && name.contains('.'))) else {
        let near = error(place, format!("`{prefix}` is no prefix of keys"));
        return Err(match PREFIX_NAMES.iter().find(|known| known.eq_ignore_ascii_case(prefix.trim())) {
            Some(known) => near.hinted(format!("write `{known}`, in small letters and without space")),
            None if matches!(prefix, "attr" | "run") => near.hinted("write `attributes` or nothing at all"),
            None if prefix == "assessment" || prefix == "assessments" => {
                near.hinted("write `feedback` or `expectation`")
            }
            None => near
                .hinted("tags., metadata., span., feedback., expectation., issue. and trace. are")
                .among(prefix, PREFIX_NAMES),
        });
    };
    let key = ParsedKey { scope: *scope, bare, name, at: at.clone() };
    if key.scope == Scope::Attribute && !ATTRIBUTES.contains(&bare) {
        return Err(unknown_attribute(&key));
    }
    Ok(key)
}

fn unknown_attribute(key: &ParsedKey<'_>) -> SyntaxError {
    let found = key.refuse(format!("`{}` is no key", key.bare));
    if let Some(known) = ATTRIBUTES.iter().find(|known| known.eq_ignore_ascii_case(key.bare)) {
        return found.hinted(format!("write `{known}`, in small letters"));
    }
    match key.bare {
        "trace_id" => found.hinted("write `request_id`"),
        "state" => found.hinted("write `status`"),
        "request_time" | "start_time" => found.hinted("write `timestamp_ms`, in milliseconds since 1970"),
        "duration" | "execution_duration" | "latency" => found.hinted("write `execution_time_ms`"),
        "session" | "session_id" => found.hinted(format!("write metadata.`{}`", keys::SESSION)),
        "user" | "user_id" => found.hinted(format!("write metadata.`{}`", keys::USER)),
        "type" | "span_type" => found.hinted("write `span.type`"),
        "model" => found.hinted("--model takes it"),
        "tokens" | "total_tokens" => found.hinted("--min-tokens takes a number of them"),
        "tag" | "tags" | "metadata" | "span" | "feedback" | "expectation" => {
            found.hinted(format!("write `{}.NAME`", key.bare))
        }
        _ => found
            .hinted(format!(
                "keys are {}, and tags.NAME, metadata.NAME, span.NAME, feedback.NAME …",
                ATTRIBUTES.join(", ")
            ))
            .among(key.bare, ATTRIBUTES),
    }
}

/// The text without one pair of quotes around it.
fn unquoted(text: &str) -> &str {
    ['\'', '"'].iter().find_map(|quote| between(text, *quote)).unwrap_or(text)
}

fn unticked(text: &str) -> &str {
    between(text, '`').unwrap_or(text)
}

fn between(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}

/// What a key becomes. These words are taken for the trace's own whatever stands before them, `span.` apart: `tags.name`
/// is the name of the trace to MLflow, and `metadata.text` the text of its spans.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SpecialKey {
    Name,
    Prompt,
    Run,
    Text,
    /// A time, whose other name is the one that is looked up.
    Renamed(&'static str),
    None,
}

impl SpecialKey {
    fn of(bare: &str) -> Self {
        match bare.to_lowercase().as_str() {
            "name" => Self::Name,
            "prompt" => Self::Prompt,
            "run_id" => Self::Run,
            "text" => Self::Text,
            "timestamp" => Self::Renamed("timestamp_ms"),
            "execution_time" => Self::Renamed("execution_time_ms"),
            "end_time" => Self::Renamed("end_time_ms"),
            _ => Self::None,
        }
    }
}

/// Whether a tag or an entry of the metadata can be asked for by this name.
pub(super) fn is_free(name: &str) -> bool {
    SpecialKey::of(name) == SpecialKey::None
}

/// The tag or entry of the metadata that a key is.
pub(super) fn label_of(key: &ParsedKey<'_>) -> Option<Label> {
    match key.scope {
        Scope::Tag => Some(Label::Tag(key.bare.to_owned())),
        Scope::Metadata => Some(Label::Metadata(key.bare.to_owned())),
        Scope::Attribute | Scope::Span | Scope::Assessment(_) | Scope::Issue => None,
    }
}

/// The condition that a key and a test make.
///
/// # Errors
/// Where the operator or the value does not go with the key.
pub(super) fn clause(key: &ParsedKey<'_>, test: ParsedTest) -> Result<Clause, SyntaxError> {
    check_value(key, &test)?;
    if key.scope == Scope::Span {
        return span(key, test);
    }
    match SpecialKey::of(key.bare) {
        SpecialKey::Name => return label(key, Label::Tag(keys::NAME.to_owned()), test),
        SpecialKey::Prompt => return prompt(key, test),
        SpecialKey::Run => return label(key, Label::Metadata(keys::RUN.to_owned()), test),
        SpecialKey::Text => return content(key, test),
        SpecialKey::Renamed(name) if key.scope != Scope::Attribute => return scoped(key, name, test),
        SpecialKey::Renamed(_) | SpecialKey::None => {}
    }
    scoped(key, key.bare, test)
}

/// Values are looked at before keys get their meaning.
fn check_value(key: &ParsedKey<'_>, test: &ParsedTest) -> Result<(), SyntaxError> {
    let ParsedTest::Compare(operator, value) = test else { return Ok(()) };
    let is_number = matches!(value.content, Content::Int(_) | Content::Float(_));
    let needs_text =
        |hint: &str| Err(error(value.at.clone(), format!("`{}` compares with a quoted text", key.name)).hinted(hint));
    match key.scope {
        Scope::Attribute if is_number && !is_time(key.bare) => needs_text("put it in quotes"),
        Scope::Attribute
            if matches!(value.content, Content::List(_))
                && !["name", "status", "request_id", "run_id", "client_request_id"].contains(&key.bare) =>
        {
            Err(error(operator.at.clone(), format!("`{}` does not compare with a list", key.name)))
        }
        Scope::Tag | Scope::Metadata | Scope::Span | Scope::Issue if is_number => {
            needs_text("put the number in quotes")
        }
        Scope::Metadata | Scope::Issue if matches!(value.content, Content::List(_)) => {
            needs_text("lists go with status, request_id, client_request_id, span.name, span.type and span.status")
        }
        Scope::Assessment(_) => check_assessment(key, operator, value),
        _ => Ok(()),
    }
}

fn check_assessment(key: &ParsedKey<'_>, operator: &Operator, value: &Literal) -> Result<(), SyntaxError> {
    let is_ordering = matches!(operator.text.as_str(), ">" | ">=" | "<" | "<=");
    match value.content {
        Content::Text(_) if !is_ordering => Ok(()),
        Content::Int(_) | Content::Float(_) if is_ordering => Ok(()),
        Content::Text(_) => {
            let message = format!("`{}` compares with a bare number", operator.text);
            Err(error(value.at.clone(), message).hinted("leave the quotes out"))
        }
        _ => {
            let message = format!("`{}` with `{}` compares with a quoted text", key.name, operator.text);
            Err(error(value.at.clone(), message).hinted("put it in quotes; >, >=, < and <= compare with numbers"))
        }
    }
}

fn is_time(bare: &str) -> bool {
    number_key(bare).is_some()
}

fn number_key(bare: &str) -> Option<NumberKey> {
    match bare {
        "timestamp" | "timestamp_ms" => Some(NumberKey::Timestamp),
        "execution_time" | "execution_time_ms" => Some(NumberKey::ExecutionTime),
        "end_time" | "end_time_ms" => Some(NumberKey::EndTime),
        _ => None,
    }
}

fn scoped(key: &ParsedKey<'_>, bare: &str, test: ParsedTest) -> Result<Clause, SyntaxError> {
    match key.scope {
        Scope::Attribute => attribute(key, test),
        Scope::Tag if bare == keys::LINKED_PROMPTS => prompt(key, test),
        Scope::Tag => label(key, Label::Tag(bare.to_owned()), test),
        Scope::Metadata => label(key, Label::Metadata(bare.to_owned()), test),
        Scope::Assessment(kind) => assessment(key, kind, bare, test),
        Scope::Issue => issue(key, bare, test),
        Scope::Span => span(key, test),
    }
}

fn attribute(key: &ParsedKey<'_>, test: ParsedTest) -> Result<Clause, SyntaxError> {
    if let Some(number) = number_key(key.bare) {
        let (comparison, operand) = test.number(key)?;
        return Ok(Clause::Number(number, comparison, operand));
    }
    let attribute = match key.bare {
        "status" => TextKey::Status,
        "request_id" => TextKey::RequestId,
        _ => TextKey::ClientRequestId,
    };
    Ok(Clause::Text(attribute, test.text(key, true)?))
}

fn label(key: &ParsedKey<'_>, label: Label, test: ParsedTest) -> Result<Clause, SyntaxError> {
    if let ParsedTest::Null { is_null } = test {
        return Ok(Clause::Label(label, if is_null { LabelTest::Missing } else { LabelTest::Exists }));
    }
    let at = if let ParsedTest::Compare(operator, _) = &test { operator.at.clone() } else { key.at.clone() };
    let test = test.text(key, false)?;
    match (&label, test) {
        (Label::Metadata(name), TextTest::Is(id)) if name == keys::RUN => Ok(Clause::Run(id)),
        (Label::Metadata(name), test)
            if [keys::TOKEN_USAGE, keys::COST].contains(&name.as_str())
                && !matches!(test, TextTest::Is(_) | TextTest::IsNot(_)) =>
        {
            Err(error(at, format!("only =, !=, IS NULL and IS NOT NULL go with `{}`", key.name)))
        }
        (_, test) => Ok(Clause::Label(label, LabelTest::Text(test))),
    }
}

fn prompt(key: &ParsedKey<'_>, test: ParsedTest) -> Result<Clause, SyntaxError> {
    const HINT: &str = "write prompt = 'name/version'";
    match test {
        ParsedTest::Compare(Operator { text, .. }, Literal { content: Content::Text(id), at }) if text == "=" => {
            if id.matches('/').count() == 1 {
                Ok(Clause::Prompt(id))
            } else {
                Err(error(at, "this is no version of a prompt").hinted(HINT))
            }
        }
        ParsedTest::Compare(operator, _) => Err(error(operator.at, "a prompt is asked for by `=` only").hinted(HINT)),
        ParsedTest::Null { .. } => Err(key.refuse("a prompt is asked for by `=` only").hinted(HINT)),
    }
}

fn content(key: &ParsedKey<'_>, test: ParsedTest) -> Result<Clause, SyntaxError> {
    let refused =
        |at| Err(error(at, format!("only LIKE and ILIKE go with `{}`", key.name)).hinted("`trace.text LIKE '%word%'`"));
    match test {
        ParsedTest::Compare(operator, Literal { content: Content::Text(pattern), .. }) => {
            match operator.text.to_ascii_uppercase().as_str() {
                "LIKE" => Ok(Clause::Span(SpanTest::Content(TextTest::Like(pattern)))),
                "ILIKE" => Ok(Clause::Span(SpanTest::Content(TextTest::Ilike(pattern)))),
                _ => refused(operator.at),
            }
        }
        ParsedTest::Compare(operator, _) => refused(operator.at),
        ParsedTest::Null { .. } => refused(key.at.clone()),
    }
}

fn span(key: &ParsedKey<'_>, test: ParsedTest) -> Result<Clause, SyntaxError> {
    if let ParsedTest::Compare(operator, _) = &test
        && operator.text.to_ascii_uppercase() != operator.text
    {
        let upper = operator.text.to_ascii_uppercase();
        return Err(error(operator.at.clone(), "with span keys MLflow knows operators in capitals only")
            .hinted(format!("write `{upper}`")));
    }
    if let Some(name) = key.bare.strip_prefix("attributes.") {
        if name.is_empty() {
            return Err(key.refuse("the name of an attribute is missing"));
        }
        return Ok(Clause::Span(SpanTest::attribute(unticked(name), test.text(key, true)?)));
    }
    match key.bare {
        "name" => Ok(Clause::Span(SpanTest::Name(test.text(key, true)?))),
        "type" => Ok(Clause::Span(SpanTest::Type(test.text(key, true)?))),
        "status" => Ok(Clause::Span(SpanTest::Status(test.text(key, true)?))),
        "content" => content(key, test),
        bare => {
            let found = key.refuse(format!("`span.{bare}` is no key"));
            Err(found
                .hinted("span.name, span.type, span.status, span.content and span.attributes.NAME are")
                .among(key.name, SPAN_KEYS))
        }
    }
}

fn assessment(key: &ParsedKey<'_>, kind: AssessmentKind, name: &str, test: ParsedTest) -> Result<Clause, SyntaxError> {
    if name.is_empty() {
        return Err(key.refuse("the name of an assessment is missing"));
    }
    let value = match test {
        ParsedTest::Null { is_null: true } => ValueTest::Missing,
        ParsedTest::Null { is_null: false } => ValueTest::Exists,
        ParsedTest::Compare(ref operator, _) if matches!(operator.text.as_str(), ">" | ">=" | "<" | "<=") => {
            let (comparison, operand) = test.number(key)?;
            ValueTest::Number(comparison, operand)
        }
        test => ValueTest::Text(test.text(key, false)?),
    };
    Ok(Clause::Assessment(AssessmentTest {
        kind,
        name: name.to_owned(),
        value,
        of_session: false,
        sessions: BTreeSet::new(),
    }))
}

fn issue(key: &ParsedKey<'_>, name: &str, test: ParsedTest) -> Result<Clause, SyntaxError> {
    if name != "id" {
        return Err(key.refuse(format!("`issue.{name}` is no key")).hinted("write issue.id"));
    }
    match test {
        ParsedTest::Compare(Operator { text, .. }, Literal { content: Content::Text(id), .. }) if text == "=" => {
            Ok(Clause::Issue(id))
        }
        ParsedTest::Compare(operator, _) => Err(error(operator.at, "an issue is asked for by `=` only")),
        ParsedTest::Null { .. } => Err(key.refuse("an issue is asked for by `=` only")),
    }
}
