//! Conditions in the server's own filter language (MLflow 3.18 `utils/search_utils.py`), as far as its release has it and
//! means the same. What the server selects may be too much, never too little: the exact choice is made here afterwards.

use crate::model::keys;
use crate::query::{
    Clause, Filter, Glob, Grep, Label, LabelTest, NumberKey, SpanTest, TextKey, TextTest, ValueTest, language,
};

/// How much of the language a server is asked to understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FilterSupport {
    /// Everything, as long as its release is not known.
    Newest,
    /// What a release understands.
    Of(u32, u32),
    /// What a release understands of traces' own records alone, as its file stores do.
    Records(u32, u32),
    /// Nothing; everything is decided here.
    None,
}

impl FilterSupport {
    /// Whether a condition that a release brought is understood.
    fn has(self, since: (u32, u32), is_of_record: bool) -> bool {
        match self {
            Self::Newest => true,
            Self::Of(major, minor) => (major, minor) >= since,
            Self::Records(major, minor) => (major, minor) >= since && is_of_record,
            Self::None => false,
        }
    }
}

/// Whether releases answer a filter differently, so that it has to be known which one answers.
pub(super) fn depends_on_release(filter: &Filter) -> bool {
    filter.clauses.iter().any(|clause| matches!(clause, Clause::Span(_) | Clause::Assessment(_) | Clause::Grep(_)))
}

/// The conditions of a filter that a server can decide.
pub(super) fn texts(filter: &Filter, language: FilterSupport) -> Vec<String> {
    filter.clauses.iter().filter_map(|clause| text(clause, language)).collect()
}

/// Whether the server alone decides all conditions on rows of spans.
pub(super) fn decides_rows(filter: &Filter, language: FilterSupport) -> bool {
    let is_said = |test: &SpanTest| !needs_value(test) && text(&Clause::Span(test.clone()), language).is_some();
    // Several conditions mean one and the same span since 3.10, and spans before their trace are left out since 3.15.
    let means_one_span = filter.span_tests().count() < 2 || language.has((3, 10), false);
    let has_bound = filter.earliest_span().is_none() || language.has((3, 15), false);
    filter.span_tests().all(is_said) && means_one_span && has_bound
}

/// Whether the server is asked anything about rows of spans.
pub(super) fn says_rows(filter: &Filter, language: FilterSupport) -> bool {
    let says_test = |test: &SpanTest| text(&Clause::Span(test.clone()), language).is_some();
    filter.span_tests().any(says_test) || grep_text(filter, language).is_some()
}

/// That the text looked for is in the server's table of spans; only where traces that have none there can be asked for
/// apart, with [`elsewhere`].
pub(super) fn grep_text(filter: &Filter, language: FilterSupport) -> Option<String> {
    filter.grep().filter(|_| language.has((3, 11), false)).and_then(grep_hint)
}

/// Whether a condition on the name is decided by the server.
pub(super) fn says_name(clause: &Clause, language: FilterSupport) -> bool {
    matches!(clause, Clause::Name(_)) && text(clause, language).is_some()
}

/// Traces whose spans are not in the server's table, and thus not found by conditions on these (3.11 on).
pub(super) fn elsewhere() -> String {
    format!("tags.`{}` IS NULL", keys::SPANS_LOCATION)
}

/// What only some traces have in the server's table of spans, of those that the flags ask for: a type, or a text.
pub(super) fn span_hint(filter: &Filter, language: FilterSupport) -> Option<String> {
    let is_said = grep_text(filter, language).is_some();
    filter.clauses.iter().find_map(|clause| match clause {
        Clause::SpanType(types) => {
            let types: Option<Vec<String>> = types.iter().map(|name| quoted(name)).collect();
            Some(format!("span.type IN ({})", types?.join(", ")))
        }
        Clause::Grep(grep) if !is_said => grep_hint(grep),
        _ => None,
    })
}

fn grep_hint(grep: &Grep) -> Option<String> {
    // Wildcards of the pattern would find too much, which does no harm.
    Some(format!("span.content ILIKE {}", quoted(&format!("%{}%", grep.needle()?))?))
}

/// The conditions of traces without a recorded name (3.11 on) whose root span may have the one asked for: some span has.
pub(super) fn nameless(filter: &Filter) -> Vec<String> {
    let span_name = |clause: &Clause| {
        if let Clause::Name(glob) = clause { named("span.name", glob, FilterSupport::Newest) } else { None }
    };
    std::iter::once("name IS NULL".to_owned()).chain(filter.clauses.iter().filter_map(span_name)).collect()
}

fn text(clause: &Clause, language: FilterSupport) -> Option<String> {
    let is_of_record =
        !matches!(clause, Clause::Span(_) | Clause::Assessment(_) | Clause::Issue(_) | Clause::Prompt(_))
            && !matches!(clause, Clause::Number(NumberKey::EndTime, ..));
    let said = match clause {
        Clause::Name(glob) => return named("name", glob, language),
        // Only that an attribute is there can be asked for; its value is compared here.
        Clause::Span(SpanTest::Attribute(name, _)) => {
            format!("span.content LIKE {}", quoted(&format!("%\"{name}\"%"))?)
        }
        // Before IS NOT NULL was there, comparing required that a tag or entry exists.
        Clause::Label(label, LabelTest::Exists) if !language.has(since(clause), is_of_record) => {
            let not_nobodys = LabelTest::Text(TextTest::IsNot(NOBODYS.to_owned()));
            return text(&Clause::Label(label.clone(), not_nobodys), language);
        }
        clause => language::text(clause).filter(|_| is_alike_everywhere(clause))?,
    };
    let is_plain = !said.contains('\\') && !said.chars().any(char::is_control);
    (is_plain && language.has(since(clause), is_of_record)).then_some(said)
}

/// The release that brought a condition.
fn since(clause: &Clause) -> (u32, u32) {
    const FIRST: (u32, u32) = (2, 14);
    let of_test = |test: &TextTest| match test {
        TextTest::Is(_) | TextTest::IsNot(_) | TextTest::In(_) | TextTest::NotIn(_) => FIRST,
        TextTest::Like(_) | TextTest::Ilike(_) | TextTest::Rlike(_) => (3, 6),
    };
    match clause {
        Clause::Text(TextKey::ClientRequestId, _) | Clause::Number(NumberKey::EndTime, ..) | Clause::Span(_) => (3, 6),
        Clause::Text(_, test) | Clause::Label(_, LabelTest::Text(test)) => of_test(test),
        Clause::Label(Label::Metadata(_), LabelTest::Exists | LabelTest::Missing) => (3, 9),
        Clause::Label(Label::Tag(_), LabelTest::Exists | LabelTest::Missing) => (3, 11),
        Clause::Prompt(_) => (3, 7),
        Clause::Issue(_) => (3, 11),
        Clause::Assessment(test) => match test.value {
            // Before, a text had to be written as JSON to be equal.
            ValueTest::Text(TextTest::Is(_) | TextTest::IsNot(_)) => (3, 9),
            ValueTest::Text(_) => (3, 6),
            ValueTest::Number(..) => (3, 15),
            ValueTest::Exists | ValueTest::Missing => (3, 10),
        },
        _ => FIRST,
    }
}

/// Whether a condition means the same to every release and database that may be behind a server, or more.
fn is_alike_everywhere(clause: &Clause) -> bool {
    let is_alike = |test: &TextTest| match test {
        TextTest::Ilike(pattern) => pattern.is_ascii(),
        // Python's, PostgreSQL's and MySQL's expressions have little in common.
        TextTest::Rlike(regex) => regex.pattern().chars().all(|c| c.is_ascii_alphanumeric() || " _-^".contains(c)),
        _ => true,
    };
    match clause {
        // A text is compared with numbers as SQLite does only by SQLite.
        Clause::Number(_, _, crate::query::Operand::Text(_)) => false,
        Clause::Text(_, test) => is_alike(test),
        // Columns since 3.17, text of the client before.
        Clause::Label(Label::Metadata(key), LabelTest::Text(_)) if key == keys::TOKEN_USAGE || key == keys::COST => {
            false
        }
        Clause::Label(_, LabelTest::Text(test)) => is_alike(test),
        // Older releases do not count assessments of a session for all of its traces.
        Clause::Assessment(test) => {
            (test.sessions.is_empty() || test.value == ValueTest::Missing)
                && if let ValueTest::Text(test) = &test.value { is_alike(test) } else { true }
        }
        Clause::Span(
            SpanTest::Name(test) | SpanTest::Type(test) | SpanTest::Status(test) | SpanTest::Content(test),
        ) => is_alike(test),
        Clause::Span(SpanTest::AttributeText(attribute)) => {
            is_alike(&attribute.test) && !matches!(attribute.test, TextTest::Rlike(_))
        }
        _ => true,
    }
}

const fn needs_value(test: &SpanTest) -> bool {
    matches!(test, SpanTest::Attribute(..))
}

/// A value that nobody gave a tag.
const NOBODYS: &str = "8b0f5c0e-6d5c-4f0b-9c4e-no-such-value";

/// A name, or a pattern: `_` and `%` stand for anything there and cannot be escaped, which only selects too much.
fn named(key: &str, glob: &Glob, language: FilterSupport) -> Option<String> {
    let pattern = glob.text();
    if !pattern.contains(['*', '?']) {
        return Some(format!("{key} = {}", quoted(&pattern)?)).filter(|_| language != FilterSupport::None);
    }
    let like = quoted(&pattern.replace('*', "%").replace('?', "_"))?;
    language.has((3, 6), true).then(|| format!("{key} LIKE {like}"))
}

/// A string as the language writes it. It has no escapes, so what holds both kinds of quotes cannot be said; and a
/// backslash means different things to different databases.
fn quoted(text: &str) -> Option<String> {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    let is_plain = !text.contains(quote) && !text.contains('\\') && !text.chars().any(char::is_control);
    is_plain.then(|| format!("{quote}{text}{quote}"))
}

/// The condition that an id has a text somewhere in it, in any case.
pub(super) fn id_contains(text: &str) -> Option<String> {
    Some(format!("request_id ILIKE {}", quoted(&format!("%{text}%"))?))
}
