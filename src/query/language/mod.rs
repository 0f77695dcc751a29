//! MLflow's filter language, `search_traces(filter_string=…)`, as MLflow 3.18 reads it (`utils/search_utils.py`,
//! `SearchTraceUtils`; `store/tracking/sqlalchemy_store.py`, `_get_filter_clauses_for_search_traces`).
//!
//! Accepts and rejects the same filters as MLflow, including its quirks, but with better error messages.

mod display;
mod key;
mod keys;
mod lexer;
mod list;
mod operators;
mod parser;

use super::{Clause, Label, Operand};
use lexer::tokens;
use parser::Parser;
use std::ops::Range;

pub use display::clause_text;
pub use keys::ATTRIBUTES;

/// A syntax error in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The message.
    pub message: String,
    /// The byte range of the error in the text.
    pub at: Range<usize>,
    /// How to fix it.
    pub hint: Option<String>,
    /// An unknown word and the known words, to suggest a similar one.
    pub unknown: Option<(String, &'static [&'static str])>,
}

/// Parses a filter. An empty text has no conditions.
///
/// # Errors
/// If MLflow would reject it.
pub fn parse(text: &str) -> Result<Vec<Clause>, SyntaxError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut parser = Parser { text, tokens: tokens(text), at: 0 };
    if parser.tokens.is_empty() {
        return Err(error(0..text.len(), "empty filter").with_hint("add a condition, or remove the filter"));
    }
    let mut clauses = Vec::new();
    let mut run = None;
    let mut bounds = Vec::new();
    let mut before = ClauseForm::Joined;
    while let Some(token) = parser.peek().cloned() {
        if parser.is_word(&token, &["AND"]) {
            parser.at += 1;
            before = ClauseForm::Joined;
            continue;
        }
        let (clause, form) = parser.clause(&token)?;
        if !form.may_follow(before) {
            return Err(error(token.at, "missing AND before this"));
        }
        before = form;
        bounds.extend(clause.earliest_start().map(|operand| (token.at.clone(), operand.clone())));
        // Only the last run counts, and an empty one is ignored.
        if clause.run().is_some() {
            run = Some(clause);
        } else {
            clauses.push(clause);
        }
    }
    if let Some(wrong) = invalid_bound(&clauses, &bounds) {
        return Err(wrong);
    }
    clauses.extend(run.filter(|clause| clause.run() != Some("")));
    Ok(clauses)
}

/// Returns an error for a lower bound on the start of traces that MLflow rejects in combination with conditions on
/// spans. MLflow converts the greatest bound to nanoseconds, ten seconds earlier, as a bound on spans.
fn invalid_bound(clauses: &[Clause], bounds: &[(Range<usize>, Operand)]) -> Option<SyntaxError> {
    if !clauses.iter().any(|clause| clause.span_test().is_some()) {
        return None;
    }
    let is_text = |(_, operand): &&(Range<usize>, Operand)| matches!(operand, Operand::Text(_));
    if let Some((at, _)) = bounds.iter().find(is_text) {
        return Some(error(at.clone(), "must be an unquoted number if there are conditions on spans"));
    }
    let integers = bounds.iter().filter_map(|(at, operand)| match operand {
        Operand::Int(millis) => Some((*millis, at)),
        Operand::Float(_) | Operand::Text(_) => None,
    });
    let (greatest, at) = integers.max_by_key(|(millis, _)| *millis)?;
    let is_beyond = greatest.checked_sub(10_000).and_then(|bound| bound.checked_mul(1_000_000)).is_none();
    is_beyond.then(|| error(at.clone(), "time out of range for a filter with conditions on spans"))
}

/// Parses a key that names a tag or metadata entry: `tags.team`, ``metadata.`mlflow.trace.user` ``.
#[must_use]
pub fn parse_label(text: &str) -> Option<Label> {
    let key = keys::parse_key(text, &(0..text.len())).ok()?;
    keys::label_for_key(&key)
}

/// The form of a clause. It decides whether MLflow's parser finds the start of the next clause without AND.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClauseForm {
    /// Start of the filter, or after AND.
    Joined,
    Compared,
    Listed,
    Null,
}

impl ClauseForm {
    /// Whether a clause may follow without AND. MLflow parses an identifier after a value as its alias, unless the
    /// identifier starts a comparison.
    fn may_follow(self, before: Self) -> bool {
        self == Self::Compared || matches!(before, Self::Joined | Self::Null)
    }
}

fn error(at: Range<usize>, message: impl Into<String>) -> SyntaxError {
    SyntaxError { message: message.into(), at, hint: None, unknown: None }
}

impl SyntaxError {
    fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn with_candidates(mut self, word: &str, known: &'static [&'static str]) -> Self {
        self.unknown = Some((word.to_owned(), known));
        self
    }
}

#[cfg(test)]
mod tests;
