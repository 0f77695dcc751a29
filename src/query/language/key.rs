//! A key of the filter language as it was written.

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

/// A key as it was written.
pub(super) struct ParsedKey<'a> {
    pub(super) scope: Scope,
    /// Behind the prefix and without quotes.
    pub(super) bare: &'a str,
    /// With its prefix, for messages.
    pub(super) name: &'a str,
    pub(super) at: Range<usize>,
}

impl ParsedKey<'_> {
    pub(super) fn has_nulls(&self) -> bool {
        match self.scope {
            Scope::Span | Scope::Issue => false,
            Scope::Attribute => matches!(self.bare, "name" | "run_id"),
            Scope::Tag | Scope::Metadata | Scope::Assessment(_) => true,
        }
    }

    pub(super) fn refuse(&self, message: impl Into<String>) -> SyntaxError {
        error(self.at.clone(), message)
    }
}
