//! Translates filters to the server's filter language (MLflow 3.18 `utils/search_utils.py`), as far as its release
//! supports a condition with the same meaning. The server may select too many traces, never too few: the client filters
//! them again.

use crate::model::keys;
use crate::query::{
    Clause, Comparison, Filter, Glob, Grep, Label, LabelTest, NumberKey, Operand, SpanTest, TextKey, TextTest,
    ValueTest, language,
};
use serde_json::{Value, json};

/// How much of the filter language a server is assumed to support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FilterSupport {
    /// Everything: the release is not known yet.
    Newest,
    /// What a release (major, minor) supports.
    Release(u32, u32),
    /// What a release supports for trace records, without spans and assessments, as its file stores do.
    RecordsOnly(u32, u32),
    /// Nothing: all filtering is done by the client.
    None,
}

impl FilterSupport {
    /// Whether a condition that was added in release `since` is supported.
    fn supports(self, since: (u32, u32), is_record_condition: bool) -> bool {
        match self {
            Self::Newest => true,
            Self::Release(major, minor) => (major, minor) >= since,
            Self::RecordsOnly(major, minor) => (major, minor) >= since && is_record_condition,
            Self::None => false,
        }
    }
}

/// Whether the results of a filter depend on the release of the server.
pub(super) fn depends_on_release(filter: &Filter) -> bool {
    filter.clauses.iter().any(|clause| matches!(clause, Clause::Span(_) | Clause::Assessment(_) | Clause::Grep(_)))
}

/// Returns the conditions of a filter that a server supports.
pub(super) fn server_conditions(filter: &Filter, support: FilterSupport) -> Vec<String> {
    filter.clauses.iter().filter_map(|clause| server_condition(clause, support)).collect()
}

/// Whether the server evaluates all span conditions exactly, so that the client need not repeat them.
pub(super) fn evaluates_span_tests(filter: &Filter, support: FilterSupport) -> bool {
    let is_supported =
        |test: &SpanTest| !needs_value(test) && server_condition(&Clause::Span(test.clone()), support).is_some();
    // Several conditions apply to the same span since 3.10; spans before their trace are excluded since 3.15.
    let applies_to_one_span = filter.span_tests().count() < 2 || support.supports((3, 10), false);
    let is_bounded = filter.earliest_span_start().is_none() || support.supports((3, 15), false);
    filter.span_tests().all(is_supported) && applies_to_one_span && is_bounded
}

/// Whether any condition sent to the server uses its span table.
pub(super) fn filters_spans(filter: &Filter, support: FilterSupport) -> bool {
    let is_filtered = |test: &SpanTest| server_condition(&Clause::Span(test.clone()), support).is_some();
    filter.span_tests().any(is_filtered) || grep_condition(filter, support).is_some()
}

/// Returns the condition that the `--grep` text is in the server's span table. Supported only if traces without spans
/// in that table can be requested separately, with [`spans_not_in_table`].
pub(super) fn grep_condition(filter: &Filter, support: FilterSupport) -> Option<String> {
    filter.grep().filter(|_| support.supports((3, 11), false)).and_then(content_condition)
}

/// Whether a clause is a name condition that the server evaluates.
pub(super) fn filters_name(clause: &Clause, support: FilterSupport) -> bool {
    matches!(clause, Clause::Name(_)) && server_condition(clause, support).is_some()
}

/// Returns the condition for traces whose spans are not in the server's span table, so that span conditions never match
/// them (since 3.11).
pub(super) fn spans_not_in_table() -> String {
    format!("tags.`{}` IS NULL", keys::SPANS_LOCATION)
}

/// Returns a condition on the server's span table that preselects traces for the span type or text of the flags.
pub(super) fn span_prefilter(filter: &Filter, support: FilterSupport) -> Option<String> {
    let is_supported = grep_condition(filter, support).is_some();
    filter.clauses.iter().find_map(|clause| match clause {
        Clause::SpanType(types) => {
            let types: Option<Vec<String>> = types.iter().map(|name| quoted(name)).collect();
            Some(format!("span.type IN ({})", types?.join(", ")))
        }
        Clause::Grep(grep) if !is_supported => content_condition(grep),
        _ => None,
    })
}

fn content_condition(grep: &Grep) -> Option<String> {
    // LIKE wildcards in the text only select too many traces.
    Some(format!("span.content ILIKE {}", quoted(&format!("%{}%", grep.needle()?))?))
}

/// Returns conditions for traces without a recorded name (since 3.11) that have a span with the requested name, which
/// may be the root.
pub(super) fn unnamed_conditions(filter: &Filter) -> Vec<String> {
    let span_name = |clause: &Clause| {
        if let Clause::Name(glob) = clause { name_condition("span.name", glob, FilterSupport::Newest) } else { None }
    };
    std::iter::once("name IS NULL".to_owned()).chain(filter.clauses.iter().filter_map(span_name)).collect()
}

fn server_condition(clause: &Clause, support: FilterSupport) -> Option<String> {
    let is_record_condition =
        !matches!(clause, Clause::Span(_) | Clause::Assessment(_) | Clause::Issue(_) | Clause::Prompt(_))
            && !matches!(clause, Clause::Number(NumberKey::EndTime, ..));
    let condition = match clause {
        Clause::Name(glob) => return name_condition("name", glob, support),
        // The server can only check that the attribute exists; the client compares its value.
        Clause::Span(SpanTest::Attribute(name, _)) => {
            format!("span.content LIKE {}", quoted(&format!("%\"{name}\"%"))?)
        }
        // Without IS NOT NULL: a comparison requires that the tag or metadata entry exists.
        Clause::Label(label, LabelTest::Exists) if !support.supports(min_release(clause), is_record_condition) => {
            let differs_from_unused = LabelTest::Text(TextTest::IsNot(UNUSED_VALUE.to_owned()));
            return server_condition(&Clause::Label(label.clone(), differs_from_unused), support);
        }
        clause => language::clause_text(clause).filter(|_| is_portable(clause))?,
    };
    let has_no_escapes = !condition.contains('\\') && !condition.chars().any(char::is_control);
    (has_no_escapes && support.supports(min_release(clause), is_record_condition)).then_some(condition)
}

/// Returns the release (major, minor) that added a condition.
fn min_release(clause: &Clause) -> (u32, u32) {
    const FIRST: (u32, u32) = (2, 14);
    let test_release = |test: &TextTest| match test {
        TextTest::Is(_) | TextTest::IsNot(_) | TextTest::In(_) | TextTest::NotIn(_) => FIRST,
        TextTest::Like(_) | TextTest::Ilike(_) | TextTest::Rlike(_) => (3, 6),
    };
    match clause {
        Clause::Text(TextKey::ClientRequestId, _) | Clause::Number(NumberKey::EndTime, ..) | Clause::Span(_) => (3, 6),
        Clause::Text(_, test) | Clause::Label(_, LabelTest::Text(test)) => test_release(test),
        Clause::Label(Label::Metadata(_), LabelTest::Exists | LabelTest::Missing) => (3, 9),
        Clause::Label(Label::Tag(_), LabelTest::Exists | LabelTest::Missing) => (3, 11),
        Clause::Prompt(_) => (3, 7),
        Clause::Issue(_) => (3, 11),
        Clause::Assessment(test) => match test.value {
            // Earlier releases compare with the JSON encoding of the text.
            ValueTest::Text(TextTest::Is(_) | TextTest::IsNot(_)) => (3, 9),
            ValueTest::Text(_) => (3, 6),
            ValueTest::Number(..) => (3, 15),
            ValueTest::Exists | ValueTest::Missing => (3, 10),
        },
        _ => FIRST,
    }
}

/// Whether a condition selects at least the same traces on every release and database that a server may use.
fn is_portable(clause: &Clause) -> bool {
    let is_portable_test = |test: &TextTest| match test {
        TextTest::Ilike(pattern) => pattern.is_ascii(),
        // The regex dialects of Python, PostgreSQL and MySQL differ.
        TextTest::Rlike(regex) => regex.pattern().chars().all(|c| c.is_ascii_alphanumeric() || " _-^".contains(c)),
        _ => true,
    };
    match clause {
        // Only SQLite compares a text with numbers in this way.
        Clause::Number(_, _, Operand::Text(_)) => false,
        Clause::Text(_, test) => is_portable_test(test),
        // Stored in columns since 3.17, as text from the client before.
        Clause::Label(Label::Metadata(key), LabelTest::Text(_)) if key == keys::TOKEN_USAGE || key == keys::COST => {
            false
        }
        Clause::Label(_, LabelTest::Text(test)) => is_portable_test(test),
        // Older releases do not apply assessments of a session to all of its traces.
        Clause::Assessment(test) => {
            (!test.has_sessions() || test.value == ValueTest::Missing)
                && if let ValueTest::Text(test) = &test.value { is_portable_test(test) } else { true }
        }
        Clause::Span(
            SpanTest::Name(test) | SpanTest::Type(test) | SpanTest::Status(test) | SpanTest::Content(test),
        ) => is_portable_test(test),
        Clause::Span(SpanTest::AttributeText(attribute)) => {
            is_portable_test(&attribute.test) && !matches!(attribute.test, TextTest::Rlike(_))
        }
        _ => true,
    }
}

const fn needs_value(test: &SpanTest) -> bool {
    matches!(test, SpanTest::Attribute(..))
}

/// A value that no tag has.
const UNUSED_VALUE: &str = "8b0f5c0e-6d5c-4f0b-9c4e-no-such-value";

/// Returns the condition for a name or glob. `_` and `%` cannot be escaped in LIKE, which only selects too many traces.
fn name_condition(key: &str, glob: &Glob, support: FilterSupport) -> Option<String> {
    let pattern = glob.pattern();
    if !pattern.contains(['*', '?']) {
        return Some(format!("{key} = {}", quoted(&pattern)?)).filter(|_| support != FilterSupport::None);
    }
    let like = quoted(&pattern.replace('*', "%").replace('?', "_"))?;
    support.supports((3, 6), true).then(|| format!("{key} LIKE {like}"))
}

/// Quotes a string; `None` if that is not possible. The language has no escapes, so the string cannot contain both
/// kinds of quotes. Backslashes differ between databases.
fn quoted(text: &str) -> Option<String> {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    let is_quotable = !text.contains(quote) && !text.contains('\\') && !text.chars().any(char::is_control);
    is_quotable.then(|| format!("{quote}{text}{quote}"))
}

/// Returns the condition that a trace id contains a text, ignoring case.
pub(super) fn id_contains(text: &str) -> Option<String> {
    Some(format!("request_id ILIKE {}", quoted(&format!("%{text}%"))?))
}

/// Translates a filter to fields of a request for metrics: inclusive time bounds and one state. `None` if the filter has any
/// other condition.
pub(super) fn metric_fields(filter: &Filter) -> Option<Vec<(&'static str, Value)>> {
    let mut fields: Vec<(&'static str, Value)> = Vec::new();
    for clause in &filter.clauses {
        let (key, value) = match clause {
            Clause::Number(NumberKey::Timestamp, comparison, Operand::Int(millis)) => match comparison {
                Comparison::AtLeast => ("start_time_ms", json!(millis)),
                Comparison::Greater => ("start_time_ms", json!(millis + 1)),
                Comparison::AtMost => ("end_time_ms", json!(millis)),
                Comparison::Less => ("end_time_ms", json!(millis - 1)),
                _ => return None,
            },
            Clause::Text(TextKey::Status, TextTest::Is(state)) => ("filters", state_is(state)?),
            Clause::Text(TextKey::Status, TextTest::In(states)) => match states.as_slice() {
                [state] => ("filters", state_is(state)?),
                _ => return None,
            },
            _ => return None,
        };
        if fields.iter().any(|(known, _)| *known == key) {
            return None;
        }
        fields.push((key, value));
    }
    Some(fields)
}

fn state_is(state: &str) -> Option<Value> {
    let is_known = matches!(state, "OK" | "ERROR" | "IN_PROGRESS");
    is_known.then(|| json!([format!("trace.status = \"{state}\"")]))
}
