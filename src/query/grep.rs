//! `--grep`: text search in the content of spans (inputs, outputs, messages, exceptions).

use super::budget::SearchBudget;
use crate::json::{Json, python};
use crate::limits;
use crate::model::Span;
use aho_corasick::AhoCorasick;
use fancy_regex::{Expr, Regex};
use regex_syntax::hir::{Hir, HirKind};
use std::ops::Range;

/// A regular expression to search for in the decoded text of spans.
#[derive(Clone, Debug)]
pub struct Grep {
    pattern: String,
    regex: Regex,
    /// Literals of which every match contains at least one, also in JSON encoding.
    needles: Vec<String>,
    /// Finds the needles; `None` if there are none.
    finder: Option<AhoCorasick>,
    /// Whether a search takes linear time, so that it needs no time budget.
    is_linear: bool,
    budget: SearchBudget,
}

impl PartialEq for Grep {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

/// A match of the pattern in a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextMatch {
    /// `exception`, `status`, `inputs`, `outputs`, or the name of an attribute.
    pub field: String,
    /// The match with some context.
    pub excerpt: String,
    /// The byte range of the match in the excerpt.
    pub at: Range<usize>,
}

/// Characters of context on either side of a match, and of the match itself, in an excerpt.
const CONTEXT_CHARS: usize = 60;
const MAX_MATCH_CHARS: usize = 200;

impl Grep {
    /// Compiles a pattern in the syntax of Rust's `regex`, with lookaround and backreferences.
    ///
    /// # Errors
    /// If the pattern is invalid or uses an unsupported feature.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if let Some(why) = unsupported(pattern) {
            return Err(why);
        }
        let regex = fancy_regex::RegexBuilder::new(pattern).backtrack_limit(limits::GREP_STEPS).build();
        let regex = regex.map_err(|error| error.to_string())?;
        let parsed = regex_syntax::Parser::new().parse(&without_lookaround(pattern));
        if let Err(regex_syntax::Error::Parse(error)) = &parsed
            && matches!(error.kind(), regex_syntax::ast::ErrorKind::RepetitionCountInvalid)
        {
            // The engine would swap the bounds.
            return Err(error.kind().to_string());
        }
        let hir = parsed.ok().filter(|_| !is_verbose(pattern));
        let needles =
            hir.as_ref().and_then(required_literals).filter(|needles| needles.iter().all(|needle| needle.len() > 1));
        let needles = needles.unwrap_or_default();
        // If case matters in some parts only, it is ignored everywhere: the prefilter may pass too much, never too
        // little.
        let finder =
            AhoCorasick::builder().ascii_case_insensitive(has_case_variants(hir.as_ref())).build(&needles).ok();
        Ok(Self {
            pattern: pattern.to_owned(),
            regex,
            finder: finder.filter(|_| !needles.is_empty()),
            needles,
            is_linear: is_linear(pattern),
            budget: SearchBudget::default(),
        })
    }

    /// Whether a search was aborted, so that matches may have been missed.
    #[must_use]
    pub fn has_given_up(&self) -> bool {
        self.budget.is_incomplete()
    }

    /// Whether the time budget is exhausted, so that no further text is searched.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.budget.is_exhausted()
    }

    /// Returns the pattern as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether encoded spans, JSON or protobuf, may match. Has false positives, but no false negatives.
    #[must_use]
    pub fn may_be_in(&self, stored: &[u8]) -> bool {
        self.finder.as_ref().is_none_or(|finder| finder.is_match(stored))
    }

    /// Returns the literal that every match contains in some letter case, if there is exactly one.
    #[must_use]
    pub fn needle(&self) -> Option<&str> {
        if let [needle] = self.needles.as_slice() { Some(needle) } else { None }
    }

    /// Returns the first match in a span: in the exception or status message, then in inputs, outputs and other
    /// attributes. Needs the complete span.
    #[must_use]
    pub fn find(&self, span: &Span) -> Option<TextMatch> {
        let in_text = |field: &str, text: &str| {
            self.find_in(text).map(|(excerpt, at)| TextMatch { field: field.to_owned(), excerpt, at })
        };
        let exception = span.exception.as_ref().and_then(|exception| {
            [&exception.message, &exception.kind, &exception.stacktrace]
                .into_iter()
                .flatten()
                .find_map(|text| in_text("exception", text))
        });
        if let Some(found) = exception.or_else(|| in_text("status", &span.status_message)) {
            return Some(found);
        }
        let payload = span.payload.as_ref()?;
        let in_value = |field: &str, value: &Json| {
            let in_string = strings(value.text()).find_map(|text| in_text(field, &text));
            // JSON writers differ in whitespace, so search the normalized text.
            in_string.or_else(|| in_text(field, &python::with_spaces(value)))
        };
        let inputs = payload.inputs().and_then(|value| in_value("inputs", value));
        let found = inputs.or_else(|| payload.outputs().and_then(|value| in_value("outputs", value)));
        found.or_else(|| {
            payload.attributes.iter().filter(|(key, _)| is_content(key)).find_map(|(key, value)| in_value(key, value))
        })
    }

    /// Returns the first non-empty match.
    fn first_match<'t>(&self, text: &'t str) -> Option<fancy_regex::Match<'t>> {
        let search = if self.is_linear { None } else { Some(self.budget.start_search(text)?) };
        for found in self.regex.find_iter(text) {
            match found {
                Ok(found) if !found.as_str().is_empty() => return Some(found),
                Ok(_) if search.as_ref().is_none_or(|search| !search.is_over()) => {}
                _ => {
                    self.budget.mark_incomplete();
                    return None;
                }
            }
        }
        None
    }

    fn find_in(&self, text: &str) -> Option<(String, Range<usize>)> {
        let found = self.first_match(text)?;
        let before =
            text[..found.start()].char_indices().rev().take(CONTEXT_CHARS).last().map_or(found.start(), |(at, _)| at);
        let end = |from: usize, max: usize, limit: usize| {
            text[from..limit].char_indices().nth(max).map_or(limit, |(at, _)| from + at)
        };
        let shown_end = end(found.start(), MAX_MATCH_CHARS, found.end());
        let after = end(shown_end, CONTEXT_CHARS, text.len());
        Some((text[before..after].to_owned(), found.start() - before..shown_end - before))
    }
}

/// Whether an attribute holds content, not MLflow's own bookkeeping.
fn is_content(key: &str) -> bool {
    !key.starts_with("mlflow.") || key == "mlflow.chat.messages"
}

/// The decoded strings of a JSON text, including keys.
fn strings(json: &str) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    let mut rest = json;
    std::iter::from_fn(move || {
        let start = rest.find('"')? + 1;
        let body = &rest[start..];
        let bytes = body.as_bytes();
        let mut at = 0;
        while *bytes.get(at)? != b'"' {
            at += 1 + usize::from(bytes[at] == b'\\');
        }
        let (raw, quoted) = (&body[..at], &rest[start - 1..=start + at]);
        rest = &body[at + 1..];
        if raw.contains('\\') {
            return Some(serde_json::from_str::<String>(quoted).map_or(raw.into(), Into::into));
        }
        Some(raw.into())
    })
}

/// Returns why a pattern must be rejected although fancy-regex 0.19 accepts it: recursion fills memory during a search,
/// and a condition on a missing group, `(?(2)…)`, panics.
fn unsupported(pattern: &str) -> Option<String> {
    // Syntax errors are reported when the pattern is compiled.
    let tree = Expr::parse_tree(pattern).ok()?;
    let (mut groups, mut highest_condition) = (0, 0);
    let mut open = vec![&tree.expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Group(_) => groups += 1,
            Expr::BackrefExistsCondition { group, .. } => highest_condition = highest_condition.max(*group),
            Expr::SubroutineCall(_)
            | Expr::DefineGroup { .. }
            | Expr::BackrefWithRelativeRecursionLevel { .. }
            | Expr::BacktrackingControlVerb(_)
            | Expr::Absent(_) => {
                return Some("recursion, backtracking verbs and absent operators are not supported".to_owned());
            }
            _ => {}
        }
        open.extend(expr.children_iter());
    }
    (highest_condition > groups).then(|| format!("invalid group reference {highest_condition}"))
}

/// Whether a pattern has the flag that ignores whitespace, `(?x)`. The engine and the parser behind `needles` ignore
/// different characters.
fn is_verbose(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|rest| {
        let flags = rest.split(|c: char| !c.is_ascii_alphabetic() && c != '-').next();
        flags.is_some_and(|flags| flags.contains('x'))
    })
}

/// Removes lookaround from a pattern. The result matches more, and `regex_syntax` can parse it to find needles.
fn without_lookaround(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut is_in_class = false;
    while let Some(first) = rest.chars().next() {
        let assertion = ["(?=", "(?!", "(?<=", "(?<!"].iter().find(|start| !is_in_class && rest.starts_with(**start));
        if assertion.is_some() {
            rest = &rest[group_length(rest)..];
            continue;
        }
        let length =
            if first == '\\' { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) } else { first.len_utf8() };
        is_in_class = (is_in_class || first == '[') && first != ']';
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// The length of the group at the start of a text.
fn group_length(text: &str) -> usize {
    let (mut depth, mut is_in_class, mut is_escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '(' if !is_in_class => depth += 1,
            ')' if !is_in_class => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Whether a search takes linear time. A pattern that matches the empty string does not: the search restarts at every
/// position to find a non-empty match.
fn is_linear(pattern: &str) -> bool {
    let parsed = regex_syntax::parse(pattern);
    parsed.is_ok_and(|hir| hir.properties().minimum_len().is_some_and(|len| len > 0))
}

/// Returns literals of which every match contains at least one; `None` if there are none.
fn required_literals(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => longest_json_safe(std::str::from_utf8(&literal.0).ok()?).map(|text| vec![text]),
        HirKind::Capture(capture) => required_literals(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required_literals(&repetition.sub),
        HirKind::Alternation(branches) => {
            let all: Option<Vec<Vec<String>>> = branches.iter().map(required_literals).collect();
            Some(all?.concat())
        }
        HirKind::Concat(parts) => {
            let joined = case_insensitive_literal(parts);
            let parts = parts.iter().filter_map(required_literals).chain(joined);
            parts.max_by_key(|needles| needles.iter().map(String::len).min())
        }
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// The longest literal of a sequence in which letters may have either case, as after `(?i)`.
fn case_insensitive_literal(parts: &[Hir]) -> Option<Vec<String>> {
    let mut runs = vec![String::new()];
    for part in parts {
        let text = match part.kind() {
            HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok().map(str::to_owned),
            HirKind::Class(class) => letter_in_both_cases(class).map(String::from),
            _ => None,
        };
        match (text, runs.last_mut()) {
            (Some(text), Some(run)) => run.push_str(&text),
            _ => runs.push(String::new()),
        }
    }
    let longest = runs.iter().filter_map(|run| longest_json_safe(run)).max_by_key(String::len)?;
    Some(vec![longest])
}

/// The letter of a class that only has its two ASCII cases. (`k` and `s` have a third form.)
fn letter_in_both_cases(class: &regex_syntax::hir::Class) -> Option<char> {
    let regex_syntax::hir::Class::Unicode(class) = class else { return None };
    match class.ranges() {
        [upper, lower]
            if upper.start() == upper.end()
                && lower.start() == lower.end()
                && upper.start().is_ascii_uppercase()
                && upper.start().to_ascii_lowercase() == lower.start() =>
        {
            Some(lower.start())
        }
        _ => None,
    }
}

fn has_case_variants(hir: Option<&Hir>) -> bool {
    fn has(hir: &Hir) -> bool {
        match hir.kind() {
            HirKind::Class(class) => letter_in_both_cases(class).is_some(),
            HirKind::Capture(capture) => has(&capture.sub),
            HirKind::Repetition(repetition) => has(&repetition.sub),
            HirKind::Alternation(parts) | HirKind::Concat(parts) => parts.iter().any(has),
            HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => false,
        }
    }
    hir.is_some_and(has)
}

/// The longest piece that every JSON writer leaves unchanged. Writers may escape other characters and add whitespace
/// between values, but not between two words, which are within a string.
fn longest_json_safe(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c);
    let pieces = text.split(|c| !is_plain(c)).map(str::trim);
    pieces.max_by_key(|piece| piece.len()).filter(|piece| !piece.is_empty()).map(str::to_owned)
}
