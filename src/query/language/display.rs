//! Formatting of conditions as text.

use super::keys;
use super::parser::RESERVED;
use crate::model::keys as known;
use crate::query::{
    AssessmentTest, Clause, Comparison, Filter, Label, LabelTest, Operand, SpanTest, TextTest, ValueTest,
};
use std::fmt::{self, Write as _};

impl fmt::Display for Filter {
    /// Writes the filter in MLflow's language, followed by flags for conditions that the language cannot express.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<String> = self.clauses.iter().filter_map(clause_text).collect();
        let flags = self.clauses.iter().filter(|clause| clause_text(clause).is_none()).map(flag);
        let filter = (!conditions.is_empty()).then(|| conditions.join(" AND "));
        f.write_str(&filter.into_iter().chain(flags).collect::<Vec<_>>().join(" "))
    }
}

/// Formats a condition as a command-line flag.
fn flag(clause: &Clause) -> String {
    let quoted = |value: &str| format!("'{}'", value.replace('\'', r"'\''"));
    match clause {
        Clause::Name(glob) => format!("--name {}", quoted(&glob.pattern())),
        Clause::SpanType(types) => format!("--type {}", quoted(&types.join(","))),
        Clause::Model(glob) => format!("--model {}", quoted(&glob.pattern())),
        Clause::MinTokens(tokens) => format!("--min-tokens {tokens}"),
        Clause::Grep(grep) => format!("--grep {}", quoted(grep.pattern())),
        Clause::Run(id) => format!("--run {}", quoted(id)),
        Clause::Label(label, test) => {
            let (flag, key) = match label {
                Label::Tag(key) => ("--tag", key),
                Label::Metadata(key) => ("--metadata", key),
            };
            match test {
                LabelTest::Text(TextTest::Is(value)) => format!("{flag} {}", quoted(&format!("{key}={value}"))),
                _ => format!("{flag} {}", quoted(key)),
            }
        }
        // Other conditions only come from filter text, so `text` can format them.
        other => format!("{other:?}"),
    }
}

/// Formats a condition in MLflow's language; `None` if the language cannot express it.
#[must_use]
pub fn clause_text(clause: &Clause) -> Option<String> {
    match clause {
        Clause::Text(key, test) => text_condition(key.name(), test),
        Clause::Number(key, comparison, operand) => {
            Some(format!("{} {}", key.name(), number_condition(*comparison, operand)?))
        }
        Clause::Label(label, test) => {
            let key = label_key(label)?;
            match test {
                LabelTest::Text(test) => text_condition(&key, test),
                LabelTest::Exists => Some(format!("{key} IS NOT NULL")),
                LabelTest::Missing => Some(format!("{key} IS NULL")),
            }
        }
        Clause::Run(id) => Some(format!("run_id = {}", string(id)?)),
        Clause::Prompt(id) => Some(format!("prompt = {}", string(id)?)),
        Clause::Span(SpanTest::Name(test)) => text_condition("span.name", test),
        Clause::Span(SpanTest::Type(test)) => text_condition("span.type", test),
        Clause::Span(SpanTest::Status(test)) => text_condition("span.status", test),
        Clause::Span(SpanTest::Content(test)) => text_condition("span.content", test),
        Clause::Span(SpanTest::Attribute(name, test)) => attribute(name, test),
        Clause::Span(SpanTest::AttributeText(pattern)) => attribute(&pattern.name, &pattern.test),
        Clause::Assessment(AssessmentTest { kind, name, value, .. }) => {
            let key = format!("{}.{}", kind.as_str(), unreserved_name(name)?);
            match value {
                ValueTest::Text(test) => text_condition(&key, test),
                ValueTest::Number(comparison, operand) => {
                    Some(format!("{key} {}", number_condition(*comparison, operand)?))
                }
                ValueTest::Exists => Some(format!("{key} IS NOT NULL")),
                ValueTest::Missing => Some(format!("{key} IS NULL")),
            }
        }
        Clause::Issue(id) => Some(format!("issue.id = {}", string(id)?)),
        Clause::Name(_) | Clause::SpanType(_) | Clause::Model(_) | Clause::MinTokens(_) | Clause::Grep(_) => None,
    }
}

fn attribute(name: &str, test: &TextTest) -> Option<String> {
    text_condition(&format!("span.attributes.{}", name_of_key(name)?), test)
}

fn label_key(label: &Label) -> Option<String> {
    match label {
        Label::Tag(name) if name == known::NAME => Some("name".to_owned()),
        Label::Metadata(name) if name == known::RUN => Some("run_id".to_owned()),
        Label::Tag(name) => Some(format!("tags.{}", unreserved_name(name)?)),
        Label::Metadata(name) => Some(format!("metadata.{}", unreserved_name(name)?)),
    }
}

/// Formats a name; `None` if MLflow gives it a special meaning.
fn unreserved_name(name: &str) -> Option<String> {
    if keys::is_unreserved(name) { name_of_key(name) } else { None }
}

/// Formats a name after a dot, in backticks if needed; `None` if it is empty or has a backtick.
fn name_of_key(name: &str) -> Option<String> {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.iter().any(|word| name.eq_ignore_ascii_case(word));
    if is_plain {
        return Some(name.to_owned());
    }
    (!name.is_empty() && !name.contains('`')).then(|| format!("`{name}`"))
}

fn text_condition(key: &str, test: &TextTest) -> Option<String> {
    let list = |values: &[String]| values.iter().map(|value| in_list(value)).collect::<Vec<_>>().join(", ");
    Some(match test {
        TextTest::Is(value) => format!("{key} = {}", string(value)?),
        TextTest::IsNot(value) => format!("{key} != {}", string(value)?),
        TextTest::In(values) => format!("{key} IN ({})", list(values)),
        TextTest::NotIn(values) => format!("{key} NOT IN ({})", list(values)),
        TextTest::Like(pattern) => format!("{key} LIKE {}", string(pattern)?),
        TextTest::Ilike(pattern) => format!("{key} ILIKE {}", string(pattern)?),
        TextTest::Rlike(regex) => format!("{key} RLIKE {}", string(regex.pattern())?),
    })
}

fn number_condition(comparison: Comparison, operand: &Operand) -> Option<String> {
    let symbol = comparison.symbol();
    Some(match operand {
        Operand::Int(number) => format!("{symbol} {number}"),
        // The language has no name for infinity, but it parses a number that is too large as infinity.
        Operand::Float(number) if number.is_infinite() => {
            format!("{symbol} {}1e999", if *number < 0.0 { "-" } else { "" })
        }
        Operand::Float(number) => format!("{symbol} {number:?}"),
        Operand::Text(text) => format!("{symbol} {}", string(text)?),
    })
}

/// Quotes a text. There are no escapes, so a text with both kinds of quotes or a trailing backslash cannot be
/// expressed.
fn string(text: &str) -> Option<String> {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    (!text.contains(quote) && !text.ends_with('\\')).then(|| format!("{quote}{text}{quote}"))
}

/// Quotes a text in a list. Lists are parsed as Python, so escapes are allowed. Quotes and backslashes are written as
/// `\x..`, because after a plain backslash MLflow's lexer would miss the end of the text.
fn in_list(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for c in text.chars() {
        if c == quote || c == '\\' || c.is_ascii_control() {
            let _ = write!(quoted, "\\x{:02x}", u32::from(c));
        } else {
            quoted.push(c);
        }
    }
    quoted.push(quote);
    quoted
}
