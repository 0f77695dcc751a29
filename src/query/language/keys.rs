//! Keys of the filter language: their names, their meanings, and the operators they support.

use super::key::{ParsedKey, Scope};
use super::operators::{Content, Literal, Operator, ParsedTest};
use super::{SyntaxError, error};
use crate::model::{AssessmentKind, keys};
use crate::query::{AssessmentTest, Clause, Label, LabelTest, NumberKey, SpanTest, TextKey, TextTest, ValueTest};
use std::ops::Range;

/// Keys that need no prefix.
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

/// Prefixes and their scopes.
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
    // Never written, but MLflow accepts it as no prefix.
    ("", Scope::Attribute),
];

const PREFIX_NAMES: &[&str] = &["tags", "metadata", "trace", "span", "feedback", "expectation", "issue", "attributes"];

const SPAN_KEYS: &[&str] = &["span.name", "span.type", "span.status", "span.content"];

/// Parses a key.
///
/// # Errors
/// If MLflow has no such key.
pub(super) fn parse_key<'a>(text: &'a str, at: &Range<usize>) -> Result<ParsedKey<'a>, SyntaxError> {
    let name = &text[at.clone()];
    let (prefix, rest) = name.split_once('.').unwrap_or(("", name));
    let bare = unticked(unquoted(rest));
    let range = at.start..at.start + prefix.len();
    let found = PREFIXES.iter().find(|(known, _)| *known == unticked(prefix));
    let Some((_, scope)) = found.filter(|_| !(prefix.is_empty() && name.contains('.'))) else {
        let unknown = error(range, format!("unknown key prefix `{prefix}`"));
        return Err(match PREFIX_NAMES.iter().find(|known| known.eq_ignore_ascii_case(prefix.trim())) {
            Some(known) => unknown.with_hint(format!("use `{known}`, in lowercase and without spaces")),
            None if matches!(prefix, "attr" | "run") => unknown.with_hint("use `attributes`, or no prefix"),
            None if prefix == "assessment" || prefix == "assessments" => {
                unknown.with_hint("use `feedback` or `expectation`")
            }
            None => unknown
                .with_hint("expected `tags.`, `metadata.`, `span.`, `feedback.`, `expectation.`, `issue.` or `trace.`")
                .with_candidates(prefix, PREFIX_NAMES),
        });
    };
    let key = ParsedKey { scope: *scope, bare, name, at: at.clone() };
    if key.scope == Scope::Attribute && !ATTRIBUTES.contains(&bare) {
        return Err(unknown_attribute(&key));
    }
    Ok(key)
}

fn unknown_attribute(key: &ParsedKey<'_>) -> SyntaxError {
    let unknown = key.error(format!("unknown key `{}`", key.bare));
    if let Some(known) = ATTRIBUTES.iter().find(|known| known.eq_ignore_ascii_case(key.bare)) {
        return unknown.with_hint(format!("use `{known}`, in lowercase"));
    }
    match key.bare {
        "trace_id" => unknown.with_hint("use `request_id`"),
        "state" => unknown.with_hint("use `status`"),
        "request_time" | "start_time" => unknown.with_hint("use `timestamp_ms`, in milliseconds since 1970"),
        "duration" | "execution_duration" | "latency" => unknown.with_hint("use `execution_time_ms`"),
        "session" | "session_id" => unknown.with_hint(format!("use metadata.`{}`", keys::SESSION)),
        "user" | "user_id" => unknown.with_hint(format!("use metadata.`{}`", keys::USER)),
        "type" | "span_type" => unknown.with_hint("use `span.type`"),
        "model" => unknown.with_hint("use `--model`"),
        "tokens" | "total_tokens" => unknown.with_hint("use `--min-tokens`"),
        "tag" | "tags" | "metadata" | "span" | "feedback" | "expectation" => {
            unknown.with_hint(format!("use `{}.NAME`", key.bare))
        }
        _ => unknown
            .with_hint(format!(
                "valid keys: {}, trace.text, tags.KEY, metadata.KEY, span.name, feedback.NAME … (`mltrace help filters`)",
                ATTRIBUTES.iter().filter(|key| **key != "text").copied().collect::<Vec<_>>().join(", ")
            ))
            .with_candidates(key.bare, ATTRIBUTES),
    }
}

/// The text without one surrounding pair of quotes.
fn unquoted(text: &str) -> &str {
    ['\'', '"'].iter().find_map(|quote| between(text, *quote)).unwrap_or(text)
}

fn unticked(text: &str) -> &str {
    between(text, '`').unwrap_or(text)
}

fn between(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}

/// Names that MLflow treats specially after every prefix except `span.`: `tags.name` is the trace name, and
/// `metadata.text` the text of the spans.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SpecialKey {
    Name,
    Prompt,
    Run,
    Text,
    /// An alias of a time key. Holds the canonical name.
    Renamed(&'static str),
    None,
}

impl SpecialKey {
    fn from_name(bare: &str) -> Self {
        match bare.to_lowercase().as_str() {
            "name" => Self::Name,
            "prompt" => Self::Prompt,
            "run_id" => Self::Run,
            "text" => Self::Text,
            bare => {
                number_key(bare).map(NumberKey::name).filter(|name| *name != bare).map_or(Self::None, Self::Renamed)
            }
        }
    }
}

/// Whether a tag or metadata entry can have this name in a filter.
pub(super) fn is_unreserved(name: &str) -> bool {
    SpecialKey::from_name(name) == SpecialKey::None
}

/// Returns the tag or metadata entry that a key names.
pub(super) fn label_for_key(key: &ParsedKey<'_>) -> Option<Label> {
    match key.scope {
        Scope::Tag => Some(Label::Tag(key.bare.to_owned())),
        Scope::Metadata => Some(Label::Metadata(key.bare.to_owned())),
        Scope::Attribute | Scope::Span | Scope::Assessment(_) | Scope::Issue => None,
    }
}

/// Builds a condition from a key and a test.
///
/// # Errors
/// If the key does not support the operator or the value.
pub(super) fn build_clause(key: &ParsedKey<'_>, test: ParsedTest) -> Result<Clause, SyntaxError> {
    check_value(key, &test)?;
    if key.scope == Scope::Span {
        return span(key, test);
    }
    match SpecialKey::from_name(key.bare) {
        SpecialKey::Name => return label(key, Label::Tag(keys::NAME.to_owned()), test),
        SpecialKey::Prompt => return prompt(key, test),
        SpecialKey::Run => return label(key, Label::Metadata(keys::RUN.to_owned()), test),
        SpecialKey::Text => return content(key, test),
        SpecialKey::Renamed(name) if key.scope != Scope::Attribute => return scoped(key, name, test),
        SpecialKey::Renamed(_) | SpecialKey::None => {}
    }
    scoped(key, key.bare, test)
}

/// Checks the value type. As in MLflow, this comes before special names are resolved.
fn check_value(key: &ParsedKey<'_>, test: &ParsedTest) -> Result<(), SyntaxError> {
    let ParsedTest::Compare(operator, value) = test else { return Ok(()) };
    let is_number = matches!(value.content, Content::Int(_) | Content::Float(_));
    let requires_string =
        |hint: &str| Err(error(value.at.clone(), format!("`{}` requires a quoted string", key.name)).with_hint(hint));
    match key.scope {
        Scope::Attribute if is_number && !is_time(key.bare) => requires_string("put the value in quotes"),
        Scope::Attribute
            if matches!(value.content, Content::List(_))
                && !["name", "status", "request_id", "run_id", "client_request_id"].contains(&key.bare) =>
        {
            Err(error(operator.at.clone(), format!("`{}` does not support lists", key.name)))
        }
        Scope::Tag | Scope::Metadata | Scope::Span | Scope::Issue if is_number => {
            requires_string("put the number in quotes")
        }
        Scope::Metadata | Scope::Issue if matches!(value.content, Content::List(_)) => requires_string(
            "only status, request_id, client_request_id, span.name, span.type and span.status support lists",
        ),
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
            let message = format!("`{}` requires an unquoted number", operator.text);
            Err(error(value.at.clone(), message).with_hint("remove the quotes"))
        }
        _ => {
            let message = format!("`{}` with `{}` requires a quoted string", key.name, operator.text);
            Err(error(value.at.clone(), message)
                .with_hint("put the value in quotes; only >, >=, < and <= compare numbers"))
        }
    }
}

fn is_time(bare: &str) -> bool {
    number_key(bare).is_some()
}

fn number_key(bare: &str) -> Option<NumberKey> {
    NumberKey::ALL.into_iter().find(|key| key.name() == bare || key.name().strip_suffix("_ms") == Some(bare))
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
    let known = TextKey::ALL.into_iter().find(|known| known.name() == key.bare);
    let attribute = known.ok_or_else(|| key.error(format!("unknown key `{}`", key.name)))?;
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
            Err(error(at, format!("`{}` supports only =, !=, IS NULL and IS NOT NULL", key.name)))
        }
        (_, test) => Ok(Clause::Label(label, LabelTest::Text(test))),
    }
}

fn prompt(key: &ParsedKey<'_>, test: ParsedTest) -> Result<Clause, SyntaxError> {
    const HINT: &str = "use prompt = 'name/version'";
    match test {
        ParsedTest::Compare(Operator { text, .. }, Literal { content: Content::Text(id), at }) if text == "=" => {
            if id.matches('/').count() == 1 {
                Ok(Clause::Prompt(id))
            } else {
                Err(error(at, "invalid prompt version").with_hint(HINT))
            }
        }
        ParsedTest::Compare(operator, _) => Err(error(operator.at, "`prompt` supports only `=`").with_hint(HINT)),
        ParsedTest::Null { .. } => Err(key.error("`prompt` supports only `=`").with_hint(HINT)),
    }
}

fn content(key: &ParsedKey<'_>, test: ParsedTest) -> Result<Clause, SyntaxError> {
    let unsupported = |at| {
        Err(error(at, format!("`{}` supports only LIKE and ILIKE", key.name))
            .with_hint("example: `trace.text LIKE '%word%'`"))
    };
    match test {
        ParsedTest::Compare(operator, Literal { content: Content::Text(pattern), .. }) => {
            match operator.text.to_ascii_uppercase().as_str() {
                "LIKE" => Ok(Clause::Span(SpanTest::Content(TextTest::Like(pattern)))),
                "ILIKE" => Ok(Clause::Span(SpanTest::Content(TextTest::Ilike(pattern)))),
                _ => unsupported(operator.at),
            }
        }
        ParsedTest::Compare(operator, _) => unsupported(operator.at),
        ParsedTest::Null { .. } => unsupported(key.at.clone()),
    }
}

fn span(key: &ParsedKey<'_>, test: ParsedTest) -> Result<Clause, SyntaxError> {
    if let ParsedTest::Compare(operator, _) = &test
        && operator.text.to_ascii_uppercase() != operator.text
    {
        let upper = operator.text.to_ascii_uppercase();
        return Err(
            error(operator.at.clone(), "operators on span keys must be uppercase").with_hint(format!("use `{upper}`"))
        );
    }
    if let Some(name) = key.bare.strip_prefix("attributes.") {
        if name.is_empty() {
            return Err(key.error("missing attribute name"));
        }
        return Ok(Clause::Span(SpanTest::attribute(unticked(name), test.text(key, true)?)));
    }
    match key.bare {
        "name" => Ok(Clause::Span(SpanTest::Name(test.text(key, true)?))),
        "type" => Ok(Clause::Span(SpanTest::Type(test.text(key, true)?))),
        "status" => Ok(Clause::Span(SpanTest::Status(test.text(key, true)?))),
        "content" => content(key, test),
        bare => {
            let unknown = key.error(format!("unknown key `span.{bare}`"));
            Err(unknown
                .with_hint("expected span.name, span.type, span.status, span.content or span.attributes.NAME")
                .with_candidates(key.name, SPAN_KEYS))
        }
    }
}

fn assessment(key: &ParsedKey<'_>, kind: AssessmentKind, name: &str, test: ParsedTest) -> Result<Clause, SyntaxError> {
    if name.is_empty() {
        return Err(key.error("missing assessment name"));
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
        is_session_level: false,
        sessions: None,
    }))
}

fn issue(key: &ParsedKey<'_>, name: &str, test: ParsedTest) -> Result<Clause, SyntaxError> {
    if name != "id" {
        return Err(key.error(format!("unknown key `issue.{name}`")).with_hint("use `issue.id`"));
    }
    match test {
        ParsedTest::Compare(Operator { text, .. }, Literal { content: Content::Text(id), .. }) if text == "=" => {
            Ok(Clause::Issue(id))
        }
        ParsedTest::Compare(operator, _) => Err(error(operator.at, "`issue.id` supports only `=`")),
        ParsedTest::Null { .. } => Err(key.error("`issue.id` supports only `=`")),
    }
}
