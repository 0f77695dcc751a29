//! `RLIKE` of MLflow's filter language: Python regular expressions.

mod python;
#[cfg(test)]
mod tests;

use super::budget::SearchBudget;
use crate::limits;
use fancy_regex::{CompileError, ParseError};
use python::translate;
use std::sync::Arc;

/// A regular expression with the semantics of Python 3.11's `re.search`, which only tests whether a text matches.
///
/// A pattern that Python rejects is invalid and matches nothing, as in MLflow. A pattern that Python accepts but that
/// would be searched differently here is unsupported; filters with it are rejected. Known differences:
///
/// - A search is aborted after as many backtracking steps as would take seconds, or if `.*` next to a lookaround would
///   need to store a million backtracking positions; Python would continue. Once the searches of a pattern have taken
///   [`limits::PATTERN_TIME`], no further text is searched.
/// - Character classes and case (`\w`, `\d`) follow a newer Unicode version than Python 3.11's.
#[derive(Clone, Debug)]
pub struct Regex {
    pattern: String,
    programs: Arc<Result<Programs, PatternError>>,
    budget: SearchBudget,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

#[derive(Debug)]
struct Programs {
    exact: fancy_regex::Regex,
    /// Whether a search takes linear time.
    is_linear: bool,
}

/// Why a pattern is not searched for.
#[derive(Debug)]
enum PatternError {
    /// Python rejects it. Holds the reason.
    Invalid(String),
    /// Python may accept it. Holds the construct that is not supported, or the reason.
    Unsupported(String),
}

impl Regex {
    /// Compiles a pattern. An invalid one matches nothing.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self {
            pattern: pattern.to_owned(),
            programs: Arc::new(Programs::new(pattern)),
            budget: SearchBudget::default(),
        }
    }

    /// Returns the pattern as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether the pattern can be searched for.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.programs.is_ok()
    }

    /// Returns why the pattern cannot be searched for: it is invalid, or unsupported.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        match &*self.programs {
            Err(PatternError::Invalid(why) | PatternError::Unsupported(why)) => Some(why),
            Ok(_) => None,
        }
    }

    /// Returns the construct that is not supported, or the engine's reason, if the pattern may match in Python.
    #[must_use]
    pub fn unsupported(&self) -> Option<&str> {
        if let Err(PatternError::Unsupported(why)) = &*self.programs { Some(why) } else { None }
    }

    /// Whether the pattern matches anywhere in a text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        let Ok(programs) = &*self.programs else { return false };
        if programs.is_linear {
            return programs.exact.is_match(text).unwrap_or(false);
        }
        let Some(_search) = self.budget.start_search(text) else { return false };
        // An error here means that the search was aborted.
        programs.exact.is_match(text).unwrap_or_else(|_| {
            self.budget.mark_incomplete();
            false
        })
    }

    /// Whether a search was aborted, so that matches may have been missed.
    #[must_use]
    pub fn has_given_up(&self) -> bool {
        self.budget.is_incomplete()
    }

    /// Exhausts the time budget.
    #[cfg(test)]
    pub(crate) fn exhaust(&self) {
        self.budget.charge(2 * limits::PATTERN_TIME);
    }

    /// Whether the time budget is exhausted, so that no further text is searched.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.budget.is_exhausted()
    }
}

impl Programs {
    fn new(pattern: &str) -> Result<Self, PatternError> {
        let translated = translate(pattern)?;
        let exact = fancy_regex::RegexBuilder::new(&translated)
            // Each position where a backtracking pattern does not match is a step, and texts may have megabytes.
            .backtrack_limit(limits::REGEX_STEPS)
            .delegate_size_limit(limits::REGEX_BYTES)
            // Without this, every position is such a step, even if the pattern only has word boundaries.
            .seek(true)
            .build()
            .map_err(|error| PatternError::Unsupported(engine_reason(error)))?;
        // The linear engine has no possessive quantifiers; it would parse them as nested ones.
        let is_linear = regex_syntax::parse(&translated).is_ok() && !translated.contains("}+");
        Ok(Self { exact, is_linear })
    }
}

/// Returns the construct that the engine rejects, or its message without the position in the translated pattern.
fn engine_reason(error: fancy_regex::Error) -> String {
    match error {
        fancy_regex::Error::ParseError(_, ParseError::TargetNotRepeatable) => {
            "the repetition of a lookaround or an empty group".to_owned()
        }
        fancy_regex::Error::ParseError(_, why) => format!("this pattern: {why}"),
        fancy_regex::Error::CompileError(why) => match *why {
            CompileError::FeatureNotYetSupported(_) => "a lookbehind of varying width".to_owned(),
            CompileError::InnerError(error) if error.size_limit().is_some() => {
                format!("a pattern that takes more than {} MiB", limits::REGEX_BYTES >> 20)
            }
            why => format!("this pattern: {why}"),
        },
        other => format!("this pattern: {other}"),
    }
}
