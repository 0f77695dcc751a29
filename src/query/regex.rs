//! `RLIKE` of MLflow's filter language: Python regular expressions.

mod python;
#[cfg(test)]
mod tests;

use super::budget::SearchBudget;
use crate::limits;
use python::translate;
use std::sync::Arc;

/// A regular expression with the semantics of Python 3.11's `re.search`, which only tests whether a text matches.
///
/// A pattern that Python rejects is invalid and matches nothing, as in MLflow. Known differences:
///
/// - `\N{…}` and the flag `t` are rejected.
/// - Groups nested more than 60 levels deep, backreferences and repeated assertions inside a lookbehind, and counts too
///   large for a compiled program (`\w{3000}`) are rejected.
/// - A search is aborted after as many backtracking steps as would take seconds, or if `.*` next to a lookaround would
///   need to store a million backtracking positions; Python would continue. Once the searches of a pattern have taken
///   [`limits::PATTERN_TIME`], no further text is searched.
/// - Character classes and case (`\w`, `\d`) follow a newer Unicode version than Python 3.11's.
/// - A case-insensitive backreference only matches as many bytes as its group did.
/// - A condition on the enclosing group holds; in Python it does not hold in the first iteration.
/// - Because of a bug, Python searches for the start of a pattern such as `(?ai:\W)` without the flags.
#[derive(Clone, Debug)]
pub struct Regex {
    pattern: String,
    programs: Arc<Result<Programs, String>>,
    budget: SearchBudget,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

#[derive(Clone, Debug)]
struct Programs {
    /// The pattern without word boundaries, which make a search slow. A text that does not match it cannot match the
    /// exact pattern. `None` if there are no boundaries, or if removing them could make the pattern stricter.
    loose: Option<fancy_regex::Regex>,
    exact: fancy_regex::Regex,
    /// Whether a search with the exact pattern takes linear time.
    is_linear: bool,
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

    /// Whether the pattern is valid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.programs.is_ok()
    }

    /// Returns why the pattern is invalid.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.programs.as_ref().as_ref().err().map(String::as_str)
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
        programs.loose.as_ref().is_none_or(|loose| loose.is_match(text).unwrap_or(true))
            && programs.exact.is_match(text).unwrap_or_else(|_| {
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
    fn new(pattern: &str) -> Result<Self, String> {
        let (exact, may_loosen) = translate(pattern, true)?;
        let loose = if may_loosen { Some(compile(&translate(pattern, false)?.0)?) } else { None };
        Ok(Self { loose, is_linear: regex_syntax::parse(&exact).is_ok(), exact: compile(&exact)? })
    }
}

fn compile(translated: &str) -> Result<fancy_regex::Regex, String> {
    fancy_regex::RegexBuilder::new(translated)
        // Each position where a backtracking pattern does not match is a step, and texts may have megabytes.
        .backtrack_limit(limits::REGEX_STEPS)
        .delegate_size_limit(limits::REGEX_BYTES)
        .build()
        .map_err(|error| error.to_string())
}
