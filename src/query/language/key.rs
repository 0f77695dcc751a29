//! A parsed key of the filter language.

use super::{SyntaxError, error};
use crate::model::AssessmentKind;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Attribute,
    Tag,
    Metadata,
    Span,
    Assessment(AssessmentKind),
    Issue,
}

/// A parsed key.
pub(super) struct ParsedKey<'a> {
    pub(super) scope: Scope,
    /// Without prefix and quotes.
    pub(super) bare: &'a str,
    /// As written, with its prefix, for messages.
    pub(super) name: &'a str,
    pub(super) at: Range<usize>,
}

impl ParsedKey<'_> {
    pub(super) fn supports_null(&self) -> bool {
        match self.scope {
            Scope::Span | Scope::Issue => false,
            Scope::Attribute => matches!(self.bare, "name" | "run_id"),
            Scope::Tag | Scope::Metadata | Scope::Assessment(_) => true,
        }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> SyntaxError {
        error(self.at.clone(), message)
    }
}
