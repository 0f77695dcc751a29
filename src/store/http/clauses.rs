//! Conditions in the server's own filter language (MLflow 3.18 `utils/search_utils.py`), as far as they mean the same there.
//! What the server selects may be too much, never too little: the exact choice is made here afterwards.

use crate::filter::{Clause, Filter, Glob};
use crate::model::keys;

/// How much of the language a server is asked to understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// What 3.6 learnt: patterns, and conditions on spans.
    Patterns,
    /// What 2.14 has.
    Plain,
    /// Nothing; everything is decided here.
    None,
}

impl Language {
    /// The next simpler one, for a server that refused this one.
    pub(super) const fn simpler(self) -> Self {
        match self {
            Self::Patterns => Self::Plain,
            Self::Plain | Self::None => Self::None,
        }
    }
}

/// The conditions of a filter that a server can decide.
pub(super) fn texts(filter: &Filter, language: Language) -> Vec<String> {
    filter.clauses.iter().filter_map(|clause| text(clause, language)).collect()
}

/// Whether a condition on the name is decided by the server.
pub(super) fn says_name(clause: &Clause, language: Language) -> bool {
    matches!(clause, Clause::Name(_)) && text(clause, language).is_some()
}

/// The condition that a trace has a span of one of these types, as the column of the server's table says.
pub(super) fn span_type(types: &[String]) -> Option<String> {
    let types: Option<Vec<String>> = types.iter().map(|name| quoted(name)).collect();
    Some(format!("span.type IN ({})", types?.join(", ")))
}

/// The conditions of traces without a recorded name (3.11 on) whose root span may have the one asked for: some span has.
pub(super) fn nameless(filter: &Filter) -> Vec<String> {
    let span_name = |clause: &Clause| {
        if let Clause::Name(glob) = clause { named("span.name", glob, Language::Patterns) } else { None }
    };
    std::iter::once("name IS NULL".to_owned()).chain(filter.clauses.iter().filter_map(span_name)).collect()
}

fn text(clause: &Clause, language: Language) -> Option<String> {
    if language == Language::None {
        return None;
    }
    match clause {
        Clause::State(states) => {
            let states: Option<Vec<String>> = states.iter().map(|state| quoted(state.as_str())).collect();
            Some(format!("status IN ({})", states?.join(", ")))
        }
        Clause::Since(time) => Some(format!("timestamp_ms >= {}", time.millis())),
        Clause::Until(time) => Some(format!("timestamp_ms <= {}", time.millis())),
        Clause::MinDuration(millis) => Some(format!("execution_time_ms >= {millis}")),
        Clause::MaxDuration(millis) => Some(format!("execution_time_ms <= {millis}")),
        Clause::Name(glob) => named("name", glob, language),
        // Comparing requires that the tag exists, in every release.
        Clause::Tag(key, None) => Some(format!("tags.{} != '{NOBODYS}'", key_name(key)?)),
        Clause::Tag(key, Some(value)) => Some(format!("tags.{} = {}", key_name(key)?, quoted(value)?)),
        Clause::Session(id) => Some(format!("metadata.{} = {}", key_name(keys::SESSION)?, quoted(id)?)),
        Clause::User(id) => Some(format!("metadata.{} = {}", key_name(keys::USER)?, quoted(id)?)),
        Clause::Run(id) => Some(format!("run_id = {}", quoted(id)?)),
        Clause::SpanType(_) => None,
    }
}

/// A value that nobody gave a tag.
const NOBODYS: &str = "8b0f5c0e-6d5c-4f0b-9c4e-no-such-value";

/// A name, or a pattern: `_` and `%` stand for anything there and cannot be escaped, which only selects too much.
fn named(key: &str, glob: &Glob, language: Language) -> Option<String> {
    let pattern = glob.text();
    if !pattern.contains(['*', '?']) {
        return Some(format!("{key} = {}", quoted(&pattern)?));
    }
    let like = quoted(&pattern.replace('*', "%").replace('?', "_"))?;
    (language == Language::Patterns).then(|| format!("{key} LIKE {like}"))
}

/// A string as the language writes it. It has no escapes, so what holds both kinds of quotes cannot be said; and a
/// backslash means different things to different databases.
fn quoted(text: &str) -> Option<String> {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    let is_plain = !text.contains(quote) && !text.contains('\\') && !text.chars().any(char::is_control);
    is_plain.then(|| format!("{quote}{text}{quote}"))
}

fn key_name(key: &str) -> Option<String> {
    let is_plain = !key.is_empty() && !key.contains(['`', '"', '\'', '\\']) && !key.chars().any(char::is_control);
    is_plain.then(|| format!("`{key}`"))
}

/// The condition that an id has a text somewhere in it, in any case.
pub(super) fn id_contains(text: &str) -> Option<String> {
    Some(format!("request_id ILIKE {}", quoted(&format!("%{text}%"))?))
}
