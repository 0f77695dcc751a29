//! `RLIKE` of MLflow's filter language: regular expressions of Python.

mod python;
#[cfg(test)]
mod tests;

use super::budget::SearchBudget;
use crate::limits;
use python::translate;
use std::sync::Arc;

/// Python 3.11's `re.search`, as far as whether something is found.
///
/// What is no pattern to Python is none here and finds nothing, which is what MLflow makes of it. Known to differ:
///
/// - `\N{…}` and the flag `t` are refused.
/// - Groups more than 60 deep, backreferences and repeated assertions inside a lookbehind, and counts too great for a
///   compiled program (`\w{3000}`) are refused.
/// - A search is given up after so many steps back that it would last for seconds, or where `.*` beside a look-around
///   would have to keep a million places to go back to; Python would go on. So are all that follow, once those of a
///   pattern have taken [`limits::PATTERN_TIME`].
/// - Characters are of the kinds (`\w`, `\d`, case) that a newer Unicode than Python 3.11's says.
/// - A backreference that ignores case needs as many bytes as its group took.
/// - A condition on the group that it stands in holds; in Python it does not, the first time round.
/// - Python, by a mistake of its own, looks for the start of a pattern such as `(?ai:\W)` without the flags.
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
    /// The pattern without its boundaries of words, which are what makes a search slow: texts that it is not found in
    /// need no further look. Only where leaving them out cannot make the pattern stricter.
    loose: Option<fancy_regex::Regex>,
    exact: fancy_regex::Regex,
    /// Whether the exact one takes time in proportion to the text.
    is_linear: bool,
}

impl Regex {
    /// Takes any text as a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self {
            pattern: pattern.to_owned(),
            programs: Arc::new(Programs::new(pattern)),
            budget: SearchBudget::default(),
        }
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether the pattern is one.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.programs.is_ok()
    }

    /// Why the pattern is none.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.programs.as_ref().as_ref().err().map(String::as_str)
    }

    /// Whether the pattern is found somewhere in a text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        let Ok(programs) = &*self.programs else { return false };
        if programs.is_linear {
            return programs.exact.is_match(text).unwrap_or(false);
        }
        let Some(_search) = self.budget.begin(text) else { return false };
        // An error here is a search that was given up.
        programs.loose.as_ref().is_none_or(|loose| loose.is_match(text).unwrap_or(true))
            && programs.exact.is_match(text).unwrap_or_else(|_| {
                self.budget.add_gap();
                false
            })
    }

    /// Whether a search was given up, so that something may not have been found.
    #[must_use]
    pub fn gave_up(&self) -> bool {
        self.budget.has_gaps()
    }

    /// Uses up what searches may take.
    #[cfg(test)]
    pub(crate) fn spend(&self) {
        self.budget.charge(2 * limits::PATTERN_TIME);
    }

    /// Whether searches took so long that no further text is searched.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.budget.is_spent()
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
        // Each place of a text that a hard pattern does not fit at is a step back: texts may have megabytes.
        .backtrack_limit(limits::REGEX_STEPS)
        .delegate_size_limit(limits::REGEX_BYTES)
        .build()
        .map_err(|error| error.to_string())
}
