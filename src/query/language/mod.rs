//! MLflow's filter language, `search_traces(filter_string=…)`, as MLflow 3.18 reads it (`utils/search_utils.py`,
//! `SearchTraceUtils`; `store/tracking/sqlalchemy_store.py`, `_get_filter_clauses_for_search_traces`).
//!
//! What MLflow accepts is accepted, oddities too, and what it refuses is refused, with better words.

mod display;
mod key;
mod keys;
mod lexer;
mod list;
mod operators;
mod parser;

use super::{Clause, Comparison, Label, NumberKey, Operand};
use lexer::tokens;
use parser::Parser;
use std::ops::Range;

pub use display::text;
pub use keys::ATTRIBUTES;

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// The piece of the text that is, in bytes.
    pub at: Range<usize>,
    /// What to write instead.
    pub hint: Option<String>,
    /// A word that is not known, and the words that are.
    pub unknown: Option<(String, &'static [&'static str])>,
}

/// Reads a filter.
///
/// # Errors
/// Where MLflow refuses it.
pub fn parse(text: &str) -> Result<Vec<Clause>, SyntaxError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut parser = Parser { text, tokens: tokens(text), at: 0 };
    if parser.tokens.is_empty() {
        return Err(error(0..text.len(), "the filter is blank").hinted("leave it out, or say what has to hold"));
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
            return Err(error(token.at, "AND is missing before this"));
        }
        before = form;
        if let Clause::Number(NumberKey::Timestamp, Comparison::Greater | Comparison::AtLeast, operand) = &clause {
            bounds.push((token.at.clone(), operand.clone()));
        }
        match clause {
            // Of several the last one counts, and an empty one is none.
            Clause::Run(id) => run = Some(id),
            clause => clauses.push(clause),
        }
    }
    if let Some(wrong) = wrong_bound(&clauses, &bounds) {
        return Err(wrong);
    }
    clauses.extend(run.filter(|id| !id.is_empty()).map(Clause::Run));
    Ok(clauses)
}

/// Why lower bounds on the start of traces cannot go with conditions on spans: MLflow makes another one of the greatest,
/// ten seconds earlier and in nanoseconds. Tells the place of the wrong one.
fn wrong_bound(clauses: &[Clause], bounds: &[(Range<usize>, Operand)]) -> Option<SyntaxError> {
    if !clauses.iter().any(|clause| matches!(clause, Clause::Span(_))) {
        return None;
    }
    let is_text = |(_, operand): &&(Range<usize>, Operand)| matches!(operand, Operand::Text(_));
    if let Some((at, _)) = bounds.iter().find(is_text) {
        return Some(error(at.clone(), "beside conditions on spans this has to be a bare number"));
    }
    let integers = bounds.iter().filter_map(|(at, operand)| match operand {
        Operand::Int(millis) => Some((*millis, at)),
        Operand::Float(_) | Operand::Text(_) => None,
    });
    let (greatest, at) = integers.max_by_key(|(millis, _)| *millis)?;
    let is_beyond = greatest.checked_sub(10_000).and_then(|bound| bound.checked_mul(1_000_000)).is_none();
    is_beyond.then(|| error(at.clone(), "beside conditions on spans this is too far from now"))
}

/// The tag or entry of the metadata that a key names: `tags.team`, ``metadata.`mlflow.trace.user` ``.
#[must_use]
pub fn label(text: &str) -> Option<Label> {
    let key = keys::key(text, &(0..text.len())).ok()?;
    keys::label_of(&key)
}

/// How a clause looks, which decides whether MLflow's parser can tell where the next one begins without AND.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClauseForm {
    /// None yet, or AND stood there.
    Joined,
    Compared,
    Listed,
    Null,
}

impl ClauseForm {
    /// An identifier behind a value is taken for an alias of it, unless it belongs to a comparison.
    fn may_follow(self, before: Self) -> bool {
        self == Self::Compared || matches!(before, Self::Joined | Self::Null)
    }
}

fn error(at: Range<usize>, message: impl Into<String>) -> SyntaxError {
    SyntaxError { message: message.into(), at, hint: None, unknown: None }
}

impl SyntaxError {
    fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn among(mut self, word: &str, known: &'static [&'static str]) -> Self {
        self.unknown = Some((word.to_owned(), known));
        self
    }
}

#[cfg(test)]
mod tests;
