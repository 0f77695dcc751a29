//! The operator and value after a key, and the condition that they form.

use super::key::ParsedKey;
use super::{SyntaxError, error};
use crate::query::{Comparison, Operand, Regex, TextTest};
use std::ops::Range;

/// The test after a key.
pub(super) enum ParsedTest {
    Compare(Operator, Literal),
    Null { is_null: bool },
}

/// An operator as written.
pub(super) struct Operator {
    pub(super) text: String,
    pub(super) at: Range<usize>,
}

/// A parsed value.
pub(super) struct Literal {
    pub(super) content: Content,
    pub(super) at: Range<usize>,
}

pub(super) enum Content {
    Text(String),
    Int(i64),
    Float(f64),
    List(Vec<String>),
}

impl ParsedTest {
    /// Builds a condition on a string. `with_lists` allows `IN` and `NOT IN`.
    pub(super) fn text(self, key: &ParsedKey<'_>, with_lists: bool) -> Result<TextTest, SyntaxError> {
        let Self::Compare(operator, value) = &self else { return Err(self.unsupported(key, with_lists)) };
        let name = operator.text.to_ascii_uppercase();
        match (name.as_str(), &value.content) {
            ("=", Content::Text(text)) => Ok(TextTest::Is(text.clone())),
            ("!=", Content::Text(text)) => Ok(TextTest::IsNot(text.clone())),
            ("LIKE", Content::Text(text)) => Ok(TextTest::Like(text.clone())),
            ("ILIKE", Content::Text(text)) => Ok(TextTest::Ilike(text.clone())),
            ("RLIKE", Content::Text(text)) => Ok(TextTest::Rlike(Regex::new(text))),
            ("IN", Content::List(list)) if with_lists => Ok(TextTest::In(list.clone())),
            ("NOT IN", Content::List(list)) if with_lists => Ok(TextTest::NotIn(list.clone())),
            (_, Content::Int(_) | Content::Float(_)) => {
                let wrong = error(value.at.clone(), format!("`{}` requires a quoted string", key.name));
                Err(wrong.with_hint("put the number in quotes: '5'"))
            }
            _ => Err(self.unsupported(key, with_lists)),
        }
    }

    /// Builds a condition on a number.
    pub(super) fn number(self, key: &ParsedKey<'_>) -> Result<(Comparison, Operand), SyntaxError> {
        let Self::Compare(operator, value) = self else { return Err(self.unsupported(key, false)) };
        let Some(comparison) = Comparison::ALL.into_iter().find(|known| known.symbol() == operator.text) else {
            return Err(error(operator.at, format!("`{}` does not support `{}`", key.name, operator.text))
                .with_hint("supported: =, !=, >, >=, <, <="));
        };
        let operand = match value.content {
            Content::Int(number) => Operand::Int(number),
            Content::Float(number) => Operand::Float(number),
            Content::Text(text) => Operand::Text(text),
            Content::List(_) => return Err(error(value.at, "expected a number")),
        };
        Ok((comparison, operand))
    }

    /// Returns the error for an operator that the key does not support.
    fn unsupported(&self, key: &ParsedKey<'_>, with_lists: bool) -> SyntaxError {
        let lists = if with_lists { "IN, NOT IN, " } else { "" };
        let nulls = if key.supports_null() { ", IS NULL, IS NOT NULL" } else { "" };
        let hint = format!("supported: =, !=, {lists}LIKE, ILIKE, RLIKE{nulls}");
        match self {
            Self::Compare(operator, _) => {
                error(operator.at.clone(), format!("`{}` does not support `{}`", key.name, operator.text))
                    .with_hint(hint)
            }
            Self::Null { .. } => {
                error(key.at.clone(), format!("`{}` does not support IS NULL", key.name)).with_hint(hint)
            }
        }
    }
}
