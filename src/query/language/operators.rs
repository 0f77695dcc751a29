//! What stands behind a key: an operator and a value, and the condition that they make.

use super::key::ParsedKey;
use super::{SyntaxError, error};
use crate::query::{Comparison, Operand, Regex, TextTest};
use std::ops::Range;

/// What stands behind a key.
pub(super) enum ParsedTest {
    Compare(Operator, Literal),
    Null { is_null: bool },
}

/// An operator as it was written.
pub(super) struct Operator {
    pub(super) text: String,
    pub(super) at: Range<usize>,
}

/// A value as it was written.
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
    /// A condition on a text by the operators that MLflow has for texts; those for lists only `with_lists`.
    pub(super) fn text(self, key: &ParsedKey<'_>, with_lists: bool) -> Result<TextTest, SyntaxError> {
        let Self::Compare(operator, value) = &self else { return Err(self.refused(key, with_lists)) };
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
                let wrong = error(value.at.clone(), format!("`{}` compares with a quoted text", key.name));
                Err(wrong.hinted("put the number in quotes: '5'"))
            }
            _ => Err(self.refused(key, with_lists)),
        }
    }

    /// A condition on a number.
    pub(super) fn number(self, key: &ParsedKey<'_>) -> Result<(Comparison, Operand), SyntaxError> {
        let Self::Compare(operator, value) = self else { return Err(self.refused(key, false)) };
        let Some(comparison) = Comparison::ALL.into_iter().find(|one| one.sign() == operator.text) else {
            return Err(error(operator.at, format!("`{}` does not go with `{}`", operator.text, key.name))
                .hinted("=, !=, >, >=, < and <= do"));
        };
        let operand = match value.content {
            Content::Int(number) => Operand::Int(number),
            Content::Float(number) => Operand::Float(number),
            Content::Text(text) => Operand::Text(text),
            Content::List(_) => return Err(error(value.at, "a number is expected here")),
        };
        Ok((comparison, operand))
    }

    /// An operator that a key does not have.
    fn refused(&self, key: &ParsedKey<'_>, with_lists: bool) -> SyntaxError {
        let lists = if with_lists { "IN, NOT IN, " } else { "" };
        let nulls = if key.has_nulls() { ", IS NULL and IS NOT NULL do" } else { " do" };
        let hint = format!("=, !=, {lists}LIKE, ILIKE, RLIKE{nulls}");
        match self {
            Self::Compare(operator, _) => {
                error(operator.at.clone(), format!("`{}` does not go with `{}`", operator.text, key.name)).hinted(hint)
            }
            Self::Null { .. } => error(key.at.clone(), format!("`{}` cannot be asked for NULL", key.name)).hinted(hint),
        }
    }
}
