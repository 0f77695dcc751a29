//! Text looked for in what spans say: inputs, outputs, messages, exceptions.

use super::budget::SearchBudget;
use crate::limits;
use crate::model::{Json, Span, python};
use aho_corasick::AhoCorasick;
use fancy_regex::{Expr, Regex};
use regex_syntax::hir::{Hir, HirKind};
use std::ops::Range;

/// A regular expression, searched for in the decoded text of spans.
#[derive(Clone, Debug)]
pub struct Grep {
    pattern: String,
    regex: Regex,
    /// Texts of which one stands in everything that fits, also where it is written as JSON.
    needles: Vec<String>,
    /// Finds them; none where nothing is sure.
    finder: Option<AhoCorasick>,
    /// Whether a search takes time in proportion to the text, so that no clock is needed.
    is_linear: bool,
    budget: SearchBudget,
}

impl PartialEq for Grep {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

/// Where the text was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextMatch {
    /// `exception`, `status`, `inputs`, `outputs`, or the name of an attribute.
    pub field: String,
    /// The text found with some of what stands around it.
    pub excerpt: String,
    /// Where in the excerpt it stands.
    pub at: Range<usize>,
}

/// So many characters of what stands around a text are kept on either side, and so many of itself.
const AROUND: usize = 60;
const MOST: usize = 200;

impl Grep {
    /// Reads a pattern: the syntax of Rust's `regex`, with look-around and back-references.
    ///
    /// # Errors
    /// What is wrong with it.
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
            // The engine would turn the bounds around.
            return Err(error.kind().to_string());
        }
        let hir = parsed.ok().filter(|_| !is_verbose(pattern));
        let needles = hir.as_ref().and_then(required).filter(|one| one.iter().all(|needle| needle.len() > 1));
        let needles = needles.unwrap_or_default();
        // Where case counts in parts only, it is left out of account throughout: more is looked into, never less.
        let finder = AhoCorasick::builder().ascii_case_insensitive(has_cases(hir.as_ref())).build(&needles).ok();
        Ok(Self {
            pattern: pattern.to_owned(),
            regex,
            finder: finder.filter(|_| !needles.is_empty()),
            needles,
            is_linear: is_linear(pattern),
            budget: SearchBudget::default(),
        })
    }

    /// Whether a search was given up, so that something may not have been found.
    #[must_use]
    pub fn gave_up(&self) -> bool {
        self.budget.has_gaps()
    }

    /// Whether searches took so long that no further text is searched.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.budget.is_spent()
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether spans in a stored form, JSON or protobuf, may have the text. Never false where they have it.
    #[must_use]
    pub fn may_be_in(&self, stored: &[u8]) -> bool {
        self.finder.as_ref().is_none_or(|finder| finder.is_match(stored))
    }

    /// A text that has to be there in some case, if there is one.
    #[must_use]
    pub fn needle(&self) -> Option<&str> {
        if let [needle] = self.needles.as_slice() { Some(needle) } else { None }
    }

    /// Where a span has the text; what went wrong comes first, then what went in and out. Needs the whole span.
    #[must_use]
    pub fn find(&self, span: &Span) -> Option<TextMatch> {
        let in_text = |field: &str, text: &str| {
            self.in_text(text).map(|(excerpt, at)| TextMatch { field: field.to_owned(), excerpt, at })
        };
        let exception = span.exception.as_ref().and_then(|one| {
            [&one.message, &one.kind, &one.stacktrace].into_iter().flatten().find_map(|text| in_text("exception", text))
        });
        if let Some(found) = exception.or_else(|| in_text("status", &span.status_message)) {
            return Some(found);
        }
        let payload = span.payload.as_ref()?;
        let in_value = |field: &str, value: &Json| {
            let in_string = strings(value.text()).find_map(|text| in_text(field, &text));
            // Writers put different spaces between the parts of a value.
            in_string.or_else(|| in_text(field, &python::spaced(value)))
        };
        let inputs = payload.inputs().and_then(|value| in_value("inputs", value));
        let found = inputs.or_else(|| payload.outputs().and_then(|value| in_value("outputs", value)));
        found.or_else(|| {
            payload.attributes.iter().filter(|(key, _)| is_content(key)).find_map(|(key, value)| in_value(key, value))
        })
    }

    /// The first place where the pattern fits something.
    fn first<'t>(&self, text: &'t str) -> Option<fancy_regex::Match<'t>> {
        let search = if self.is_linear { None } else { Some(self.budget.begin(text)?) };
        for found in self.regex.find_iter(text) {
            match found {
                Ok(found) if !found.as_str().is_empty() => return Some(found),
                Ok(_) if search.as_ref().is_none_or(|search| !search.is_over()) => {}
                _ => {
                    self.budget.add_gap();
                    return None;
                }
            }
        }
        None
    }

    fn in_text(&self, text: &str) -> Option<(String, Range<usize>)> {
        let found = self.first(text)?;
        let before = text[..found.start()].char_indices().rev().take(AROUND).last().map_or(found.start(), |(at, _)| at);
        let end = |from: usize, most: usize, limit: usize| {
            text[from..limit].char_indices().nth(most).map_or(limit, |(at, _)| from + at)
        };
        let shown_end = end(found.start(), MOST, found.end());
        let after = end(shown_end, AROUND, text.len());
        Some((text[before..after].to_owned(), found.start() - before..shown_end - before))
    }
}

/// Whether an attribute holds what was said, and not how MLflow keeps its books.
fn is_content(key: &str) -> bool {
    !key.starts_with("mlflow.") || key == "mlflow.chat.messages"
}

/// The strings in a JSON text, keys too.
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

/// What is wrong with a pattern that fancy-regex 0.19 accepts: recursion fills memory during a search, and a condition on a
/// missing group, `(?(2)…)`, panics.
fn unsupported(pattern: &str) -> Option<String> {
    // Syntax errors are reported when the pattern is built.
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

/// Whether a pattern has the flag that ignores whitespace, `(?x)`. The engine and the parser that provides the needles differ
/// in what they ignore.
fn is_verbose(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|rest| {
        let flags = rest.split(|c: char| !c.is_ascii_alphabetic() && c != '-').next();
        flags.is_some_and(|flags| flags.contains('x'))
    })
}

/// The pattern without its assertions about what stands before and behind: it fits more, and is one that can be read for
/// needles.
fn without_lookaround(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut is_in_class = false;
    while let Some(first) = rest.chars().next() {
        let assertion = ["(?=", "(?!", "(?<=", "(?<!"].iter().find(|start| !is_in_class && rest.starts_with(**start));
        if assertion.is_some() {
            rest = &rest[group(rest)..];
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

/// The length of a group that a text begins with.
fn group(text: &str) -> usize {
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

/// Whether one search decides, in time that grows with the text alone. Where nothing at all fits a pattern too, every place
/// of the text is searched from.
fn is_linear(pattern: &str) -> bool {
    let parsed = regex_syntax::parse(pattern);
    parsed.is_ok_and(|hir| hir.properties().minimum_len().is_some_and(|least| least > 0))
}

/// Texts of which one is part of everything that fits an expression; none where nothing is sure.
fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => longest_plain(std::str::from_utf8(&literal.0).ok()?).map(|text| vec![text]),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(branches) => {
            let all: Option<Vec<Vec<String>>> = branches.iter().map(required).collect();
            Some(all?.concat())
        }
        HirKind::Concat(parts) => {
            let joined = letters_in_any_case(parts);
            let parts = parts.iter().filter_map(required).chain(joined);
            parts.max_by_key(|needles| needles.iter().map(String::len).min())
        }
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// The longest run of letters that may be written large or small, as `(?i)` makes them, and of others between them.
fn letters_in_any_case(parts: &[Hir]) -> Option<Vec<String>> {
    let mut runs = vec![String::new()];
    for part in parts {
        let text = match part.kind() {
            HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok().map(str::to_owned),
            HirKind::Class(class) => any_case(class).map(String::from),
            _ => None,
        };
        match (text, runs.last_mut()) {
            (Some(text), Some(run)) => run.push_str(&text),
            _ => runs.push(String::new()),
        }
    }
    let longest = runs.iter().filter_map(|run| longest_plain(run)).max_by_key(String::len)?;
    Some(vec![longest])
}

/// The letter of a class that has nothing but its large and its small form, in ASCII. (`k` and `s` have a third one.)
fn any_case(class: &regex_syntax::hir::Class) -> Option<char> {
    let regex_syntax::hir::Class::Unicode(class) = class else { return None };
    match class.ranges() {
        [large, small]
            if large.start() == large.end()
                && small.start() == small.end()
                && large.start().is_ascii_uppercase()
                && large.start().to_ascii_lowercase() == small.start() =>
        {
            Some(small.start())
        }
        _ => None,
    }
}

fn has_cases(hir: Option<&Hir>) -> bool {
    fn has(hir: &Hir) -> bool {
        match hir.kind() {
            HirKind::Class(class) => any_case(class).is_some(),
            HirKind::Capture(capture) => has(&capture.sub),
            HirKind::Repetition(repetition) => has(&repetition.sub),
            HirKind::Alternation(parts) | HirKind::Concat(parts) => parts.iter().any(has),
            HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => false,
        }
    }
    hir.is_some_and(has)
}

/// The longest piece that every writer of JSON leaves as it is: some escape signs, and put more or less space between the
/// parts of a value, but none between two words, which stand in a string.
fn longest_plain(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c);
    let pieces = text.split(|c| !is_plain(c)).map(str::trim);
    pieces.max_by_key(|piece| piece.len()).filter(|piece| !piece.is_empty()).map(str::to_owned)
}
