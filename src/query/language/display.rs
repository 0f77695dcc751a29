//! Conditions back into text.

use super::keys;
use super::parser::RESERVED;
use crate::model::keys as known;
use crate::query::{
    AssessmentTest, Clause, Comparison, Filter, Label, LabelTest, NumberKey, Operand, SpanTest, TextKey, TextTest,
    ValueTest,
};
use std::fmt::{self, Write as _};

impl fmt::Display for Filter {
    /// The filter as MLflow's language has it, and behind it, as flags, what only these can say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said: Vec<String> = self.clauses.iter().filter_map(text).collect();
        let flags = self.clauses.iter().filter(|clause| text(clause).is_none()).map(flag);
        let filter = (!said.is_empty()).then(|| said.join(" AND "));
        f.write_str(&filter.into_iter().chain(flags).collect::<Vec<_>>().join(" "))
    }
}

/// A condition as a flag of a command line.
fn flag(clause: &Clause) -> String {
    let quoted = |value: &str| format!("'{}'", value.replace('\'', r"'\''"));
    match clause {
        Clause::Name(glob) => format!("--name {}", quoted(&glob.text())),
        Clause::SpanType(types) => format!("--type {}", quoted(&types.join(","))),
        Clause::Model(glob) => format!("--model {}", quoted(&glob.text())),
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
        // No flag makes any other, and what was read as text can be said as text.
        other => format!("{other:?}"),
    }
}

/// A condition in MLflow's language; none where that has no words for it.
#[must_use]
pub fn text(clause: &Clause) -> Option<String> {
    match clause {
        Clause::Text(key, test) => tested(text_key(*key), test),
        Clause::Number(key, comparison, operand) => {
            Some(format!("{} {}", number_key(*key), compared(*comparison, operand)?))
        }
        Clause::Label(label, test) => {
            let key = label_key(label)?;
            match test {
                LabelTest::Text(test) => tested(&key, test),
                LabelTest::Exists => Some(format!("{key} IS NOT NULL")),
                LabelTest::Missing => Some(format!("{key} IS NULL")),
            }
        }
        Clause::Run(id) => Some(format!("run_id = {}", string(id)?)),
        Clause::Prompt(id) => Some(format!("prompt = {}", string(id)?)),
        Clause::Span(SpanTest::Name(test)) => tested("span.name", test),
        Clause::Span(SpanTest::Type(test)) => tested("span.type", test),
        Clause::Span(SpanTest::Status(test)) => tested("span.status", test),
        Clause::Span(SpanTest::Content(test)) => tested("span.content", test),
        Clause::Span(SpanTest::Attribute(name, test)) => attribute(name, test),
        Clause::Span(SpanTest::AttributeText(one)) => attribute(&one.name, &one.test),
        Clause::Assessment(AssessmentTest { kind, name, value, .. }) => {
            let key = format!("{}.{}", kind.as_str(), free_name(name)?);
            match value {
                ValueTest::Text(test) => tested(&key, test),
                ValueTest::Number(comparison, operand) => Some(format!("{key} {}", compared(*comparison, operand)?)),
                ValueTest::Exists => Some(format!("{key} IS NOT NULL")),
                ValueTest::Missing => Some(format!("{key} IS NULL")),
            }
        }
        Clause::Issue(id) => Some(format!("issue.id = {}", string(id)?)),
        Clause::Name(_) | Clause::SpanType(_) | Clause::Model(_) | Clause::MinTokens(_) | Clause::Grep(_) => None,
    }
}

fn attribute(name: &str, test: &TextTest) -> Option<String> {
    tested(&format!("span.attributes.{}", name_of_key(name)?), test)
}

const fn text_key(key: TextKey) -> &'static str {
    match key {
        TextKey::Status => "status",
        TextKey::RequestId => "request_id",
        TextKey::ClientRequestId => "client_request_id",
    }
}

const fn number_key(key: NumberKey) -> &'static str {
    match key {
        NumberKey::Timestamp => "timestamp_ms",
        NumberKey::ExecutionTime => "execution_time_ms",
        NumberKey::EndTime => "end_time_ms",
    }
}

fn label_key(label: &Label) -> Option<String> {
    match label {
        Label::Tag(name) if name == known::NAME => Some("name".to_owned()),
        Label::Metadata(name) if name == known::RUN => Some("run_id".to_owned()),
        Label::Tag(name) => Some(format!("tags.{}", free_name(name)?)),
        Label::Metadata(name) => Some(format!("metadata.{}", free_name(name)?)),
    }
}

/// A name that MLflow does not take for something else.
fn free_name(name: &str) -> Option<String> {
    if keys::is_free(name) { name_of_key(name) } else { None }
}

/// A name as it stands behind a dot, in backticks where it needs them. Without anything in it, it cannot be said.
fn name_of_key(name: &str) -> Option<String> {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.iter().any(|word| name.eq_ignore_ascii_case(word));
    if is_plain {
        return Some(name.to_owned());
    }
    (!name.is_empty() && !name.contains('`')).then(|| format!("`{name}`"))
}

fn tested(key: &str, test: &TextTest) -> Option<String> {
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

fn compared(comparison: Comparison, operand: &Operand) -> Option<String> {
    let sign = comparison.sign();
    Some(match operand {
        Operand::Int(number) => format!("{sign} {number}"),
        // The language has no word for what is too large for a number, but reads it.
        Operand::Float(number) if number.is_infinite() => {
            format!("{sign} {}1e999", if *number < 0.0 { "-" } else { "" })
        }
        Operand::Float(number) => format!("{sign} {number:?}"),
        Operand::Text(text) => format!("{sign} {}", string(text)?),
    })
}

/// A quoted text. There are no escapes: one with both kinds of quotes, or with a backslash at its end, cannot be said.
fn string(text: &str) -> Option<String> {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    (!text.contains(quote) && !text.ends_with('\\')).then(|| format!("{quote}{text}{quote}"))
}

/// A text in a list, which Python reads and thus has escapes. Quotes and backslashes are given by number: behind a plain
/// backslash, MLflow's own reader would miss the end of the text.
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
