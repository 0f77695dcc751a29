//! Conditions as SQL that selects what MLflow's own SQL selects (3.18 `store/tracking/sqlalchemy_store.py`), on the tables of
//! any release. What cannot be said exactly is said too wide, never too narrow: the exact choice is made afterwards.

use super::fill::TOKENS;
use super::schema::Schema;
use crate::model::{AssessmentKind, Json, Timestamp, keys, python};
use crate::query::{
    AssessmentTest, Clause, Comparison, Filter, Label, LabelTest, NumberKey, Operand, Regex, SpanTest, TextKey,
    TextTest, ValueTest,
};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, functions::Context};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// SQLite refuses longer patterns (`SQLITE_MAX_LIKE_PATTERN_LENGTH`).
const LONGEST_PATTERN: usize = 50_000;

/// An SQL expression over the row `t` of `trace_info` that is 1 where the condition holds, and its parameters.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Sql {
    fn new(text: impl Into<String>, values: Vec<Value>) -> Self {
        Self { text: text.into(), values }
    }

    fn constant(holds: bool) -> Self {
        Self::new(if holds { "1" } else { "0" }, Vec::new())
    }

    /// All of some conditions.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut texts, mut values) = (Vec::new(), Vec::new());
        for part in parts {
            texts.push(format!("({})", part.text));
            values.extend(part.values);
        }
        if texts.is_empty() { Self::constant(true) } else { Self::new(texts.join(" and "), values) }
    }

    /// The condition put into a text with one `{}` in it.
    fn within(self, text: &str) -> Self {
        Self::new(text.replacen("{}", &self.text, 1), self.values)
    }

    fn or(self, other: Self) -> Self {
        Self::new(format!("({}) or ({})", self.text, other.text), [self.values, other.values].concat())
    }
}

/// The expressions of the running search, by their patterns: what one costs is counted over all statements and connections.
pub(super) type Regexes = Arc<Mutex<HashMap<String, Regex>>>;

/// Makes a connection compare texts as MLflow's does: `LIKE` by case, and `REGEXP` with Python's expressions.
pub(super) fn prepare(connection: &Connection, regexes: &Regexes) -> rusqlite::Result<()> {
    connection.pragma_update(None, "case_sensitive_like", true)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let regexes = Arc::clone(regexes);
    let find = move |pattern: &str| {
        let known = regexes.lock().unwrap_or_else(PoisonError::into_inner).get(pattern).cloned();
        known.unwrap_or_else(|| Regex::new(pattern))
    };
    connection.create_scalar_function("regexp", 2, flags, move |call: &Context<'_>| {
        let regex: Arc<Regex> =
            call.get_or_create_aux(0, |pattern| Ok::<_, rusqlite::types::FromSqlError>(find(pattern.as_str()?)))?;
        Ok(match call.get_raw(1).as_bytes_or_null()? {
            Some(text) => regex.is_match(&String::from_utf8_lossy(text)),
            None => false,
        })
    })
}

/// All conditions of a filter but those that an index bounds.
pub(super) fn of_filter(schema: &Schema, filter: &Filter) -> Sql {
    let of_record =
        filter.clauses.iter().filter(|clause| !is_time_bound(clause)).filter_map(|clause| one(schema, clause));
    Sql::all(of_record.chain(spans(schema, filter)))
}

/// Whether these conditions select just what is meant, so that nothing is left to be decided.
pub(super) fn are_exact(schema: &Schema, filter: &Filter) -> bool {
    filter.clauses.iter().all(|clause| match clause {
        Clause::Name(_) | Clause::Prompt(_) | Clause::Span(_) => false,
        Clause::SpanType(_) | Clause::Model(_) | Clause::Grep(_) => false,
        Clause::Label(Label::Metadata(key), _) if key == keys::TOKEN_USAGE || key == keys::COST => false,
        Clause::Assessment(AssessmentTest { value: ValueTest::Number(..), .. }) => {
            schema.has("assessments", "is_numeric_value")
        }
        clause => one(schema, clause).is_some(),
    })
}

fn one(schema: &Schema, clause: &Clause) -> Option<Sql> {
    match clause {
        Clause::Text(key, test) => {
            let column = match key {
                // As they are read: two words of old releases say that nothing is known.
                TextKey::Status => {
                    "case when t.status in ('', 'TRACE_STATUS_UNSPECIFIED') then 'STATE_UNSPECIFIED' else t.status end"
                        .to_owned()
                }
                TextKey::RequestId => "t.request_id".to_owned(),
                TextKey::ClientRequestId => schema.column("trace_info", "client_request_id"),
            };
            text(&column, test)
        }
        Clause::Number(key, comparison, operand) => {
            let column = match key {
                NumberKey::Timestamp => "t.timestamp_ms",
                NumberKey::ExecutionTime => "t.execution_time_ms",
                NumberKey::EndTime => "t.timestamp_ms + coalesce(t.execution_time_ms, 0)",
            };
            Some(Sql::new(format!("{column} {} ?", comparison.sign()), vec![value(operand)]))
        }
        Clause::Label(label, test) => labelled(schema, label, test),
        Clause::Run(id) => {
            let recorded = schema.promoted("", "trace_request_metadata", keys::RUN);
            let recorded = Sql::new(format!("{recorded} = ?"), vec![Value::Text(id.clone())]);
            Some(if schema.has_table("entity_associations") { recorded.or(linked("run", id)) } else { recorded })
        }
        // Until 3.6 prompts are in a tag alone, which is read afterwards.
        Clause::Prompt(id) if schema.has_table("entity_associations") => {
            let tagged = LabelTest::Exists;
            let tagged = labelled(schema, &Label::Tag(keys::LINKED_PROMPTS.to_owned()), &tagged)?;
            Some(linked("prompt_version", id).or(tagged))
        }
        Clause::Prompt(_) => None,
        Clause::Assessment(test) => Some(assessed(schema, test)),
        Clause::Issue(id) if schema.has_table("assessments") => Some(Sql::new(
            "exists (select 1 from assessments a where a.trace_id = t.request_id and a.assessment_type = 'issue' and a.name = ?)",
            vec![Value::Text(id.clone())],
        )),
        Clause::Issue(_) => Some(Sql::constant(false)),
        Clause::Name(glob) => {
            let name = schema.promoted("trace_name", "trace_tags", keys::NAME);
            // Where no name was recorded the root span's counts, which is looked up later.
            Some(Sql::new(format!("{name} is null or {name} glob ?"), vec![Value::Text(glob.sqlite())]))
        }
        Clause::MinTokens(least) => {
            let total = schema.figure("total_tokens", keys::TOKEN_USAGE);
            Some(Sql::new(format!("{total} >= ?"), vec![Value::Integer(*least)]))
        }
        // Rows are asked for all together; the rest needs spans as they are shown.
        Clause::Span(_) | Clause::SpanType(_) | Clause::Model(_) | Clause::Grep(_) => None,
    }
}

fn value(operand: &Operand) -> Value {
    match operand {
        Operand::Int(number) => Value::Integer(*number),
        Operand::Float(number) => Value::Real(*number),
        Operand::Text(text) => Value::Text(text.clone()),
    }
}

/// A condition on a text; none for patterns that SQLite refuses.
pub(super) fn text(column: &str, test: &TextTest) -> Option<Sql> {
    let single = |operator: &str, value: &str| {
        Some(Sql::new(format!("{column} {operator} ?"), vec![Value::Text(value.to_owned())]))
    };
    let list = |operator: &str, values: &[String]| {
        let list = serde_json::to_string(values).unwrap_or_default();
        Some(Sql::new(format!("{column} {operator} (select value from json_each(?))"), vec![Value::Text(list)]))
    };
    match test {
        TextTest::Is(value) => single("=", value),
        TextTest::IsNot(value) => single("!=", value),
        TextTest::In(values) => list("in", values),
        TextTest::NotIn(values) => list("not in", values),
        TextTest::Like(pattern) if pattern.len() < LONGEST_PATTERN => single("like", pattern),
        TextTest::Ilike(pattern) if pattern.len() < LONGEST_PATTERN => {
            Some(Sql::new(format!("lower({column}) like lower(?)"), vec![Value::Text(pattern.clone())]))
        }
        TextTest::Like(_) | TextTest::Ilike(_) => None,
        TextTest::Rlike(regex) => single("regexp", regex.pattern()),
    }
}

fn labelled(schema: &Schema, label: &Label, test: &LabelTest) -> Option<Sql> {
    let (table, key) = match label {
        Label::Tag(key) => ("trace_tags", key),
        Label::Metadata(key) => ("trace_request_metadata", key),
    };
    let column = match label {
        Label::Tag(key) if key == keys::NAME => Some("trace_name"),
        Label::Metadata(key) if key == keys::SESSION => Some("session_id"),
        Label::Metadata(key) if key == keys::TOKEN_USAGE || key == keys::COST => return recorded(schema, key, test),
        _ => None,
    };
    if let Some(column) = column {
        let value = schema.promoted(column, table, key);
        return match test {
            LabelTest::Text(test) => text(&value, test),
            LabelTest::Exists => Some(Sql::new(format!("{value} is not null"), Vec::new())),
            LabelTest::Missing => Some(Sql::new(format!("{value} is null"), Vec::new())),
        };
    }
    if !schema.has_table(table) {
        return Some(Sql::constant(*test == LabelTest::Missing));
    }
    let holds = match test {
        LabelTest::Text(test) => text("value", test)?,
        LabelTest::Exists | LabelTest::Missing => Sql::constant(true),
    };
    let negation = if *test == LabelTest::Missing { "not " } else { "" };
    let mut sql = holds.within(&format!(
        "{negation}exists (select 1 from {table} where key = ? and request_id = t.request_id and {{}})"
    ));
    sql.values.insert(0, Value::Text(key.clone()));
    Some(sql)
}

/// Tokens or costs of the whole trace, columns since 3.17, compared with what they would be as text.
fn recorded(schema: &Schema, key: &str, test: &LabelTest) -> Option<Sql> {
    let columns: &[&str] = if key == keys::TOKEN_USAGE {
        &["total_tokens", "input_tokens", "output_tokens"]
    } else {
        &["total_cost", "input_cost", "output_cost"]
    };
    let figures: Vec<String> = columns.iter().map(|column| schema.figure(column, key)).collect();
    let has_columns = schema.has("trace_info", columns[0]);
    match test {
        // Rows that an upgrade has left over are looked at afterwards.
        LabelTest::Missing if has_columns => {
            let columns = if key == keys::TOKEN_USAGE { TOKENS.as_slice() } else { columns };
            let parts = columns.iter().filter(|column| schema.has("trace_info", column));
            Some(Sql::all(parts.map(|column| Sql::new(format!("t.{column} is null"), Vec::new()))))
        }
        LabelTest::Text(TextTest::Is(wanted)) => {
            let wanted = Json::from_strict(wanted)?;
            let parts = columns.iter().zip(&figures).filter_map(|(column, figure)| {
                let number = wanted.member(column)?.as_f64()?;
                Some(Sql::new(format!("{figure} = ?"), vec![Value::Real(number)]))
            });
            Some(Sql::all(parts))
        }
        _ => None,
    }
}

fn linked(kind: &str, id: &str) -> Sql {
    Sql::new(
        format!(
            "exists (select 1 from entity_associations where source_type = 'trace' and source_id = t.request_id \
             and destination_type = '{kind}' and destination_id = ?)"
        ),
        vec![Value::Text(id.to_owned())],
    )
}

fn assessed(schema: &Schema, test: &AssessmentTest) -> Sql {
    let is_missing = test.value == ValueTest::Missing;
    if !schema.has_table("assessments") {
        return Sql::constant(is_missing);
    }
    let direct =
        assessment(schema, test).within("exists (select 1 from assessments a where a.trace_id = t.request_id and {})");
    let any = if test.sessions.is_empty() {
        direct
    } else {
        let session = schema.promoted("session_id", "trace_request_metadata", keys::SESSION);
        let sessions = serde_json::to_string(&test.sessions).unwrap_or_default();
        direct.or(Sql::new(format!("{session} in (select value from json_each(?))"), vec![Value::Text(sessions)]))
    };
    if is_missing { any.within("not coalesce({}, 0)") } else { any }
}

/// An assessment that is asked for, as the row `a` of its table.
pub(super) fn assessment(schema: &Schema, test: &AssessmentTest) -> Sql {
    let kind = match test.kind {
        AssessmentKind::Feedback => "feedback",
        AssessmentKind::Expectation => "expectation",
        AssessmentKind::Issue => "issue",
    };
    let named = Sql::new(
        format!("a.assessment_type = '{kind}' and a.name = ? and a.valid = 1"),
        vec![Value::Text(test.name.clone())],
    );
    let holds = match &test.value {
        ValueTest::Exists | ValueTest::Missing => None,
        ValueTest::Text(TextTest::Is(wanted)) => Some(is_value("", wanted)),
        ValueTest::Text(TextTest::IsNot(wanted)) => Some(is_value("not ", wanted)),
        ValueTest::Text(test) => text("a.value", test),
        ValueTest::Number(comparison, operand) => schema.has("assessments", "is_numeric_value").then(|| {
            let sql = format!("a.is_numeric_value = 1 and a.aggregate_value {} ?", comparison.sign());
            Sql::new(sql, vec![value(operand)])
        }),
    };
    Sql::all([named].into_iter().chain(holds).chain(test.of_session.then(is_of_session)))
}

/// That an assessment, the row `a` of its table, is one of a whole session.
pub(super) fn is_of_session() -> Sql {
    let key = format!("%\"{}\":%", keys::SESSION);
    Sql::new("a.assessment_metadata like ?", vec![Value::Text(key)])
}

fn is_value(negation: &str, wanted: &str) -> Sql {
    let values = vec![Value::Text(wanted.to_owned()), Value::Text(python::string(wanted))];
    Sql::new(format!("{negation}(a.value = ? or a.value = ?)"), values)
}

/// The conditions on one span. Traces without any row have their spans in files, and are looked at afterwards.
fn spans(schema: &Schema, filter: &Filter) -> Option<Sql> {
    if !filter.needs_rows() || !schema.has_table("spans") {
        return None;
    }
    let holds = span(filter).within("exists (select 1 from spans s where s.trace_id = t.request_id and {})");
    Some(holds.or(Sql::new("not exists (select 1 from spans where trace_id = t.request_id)", Vec::new())))
}

/// The conditions on one span, as the row `s` of its table.
pub(super) fn span(filter: &Filter) -> Sql {
    let bound = filter
        .earliest_span()
        .map(|Timestamp(nanos)| Sql::new("s.start_time_unix_nano >= ?", vec![Value::Integer(nanos)]));
    let tests = filter.span_tests().filter_map(|test| match test {
        SpanTest::Name(test) => text("s.name", test),
        SpanTest::Type(test) => text("s.type", test),
        SpanTest::Status(test) => text("s.status", test),
        SpanTest::Content(test) => in_content(test),
        SpanTest::AttributeText(attribute) => in_content(&attribute.in_content),
        // That it is there at all; its value is compared afterwards.
        SpanTest::Attribute(name, _) => {
            Some(Sql::new("instr(s.content, ?) > 0", vec![Value::Text(python::string(name))]))
        }
    });
    Sql::all(bound.into_iter().chain(tests))
}

/// A condition on the JSON text of a span, which may have everything but ASCII escaped.
fn in_content(test: &TextTest) -> Option<Sql> {
    let plain = text("s.content", test)?;
    Some(match test.escaped() {
        Some(escaped) => plain.or(text("s.content", &escaped)?),
        None => plain,
    })
}

/// The bounds on the start, for the index.
pub(super) fn time_bounds(filter: &Filter) -> String {
    let bounds = filter.clauses.iter().filter_map(|clause| match clause {
        Clause::Number(NumberKey::Timestamp, comparison, Operand::Int(millis)) if is_time_bound(clause) => {
            Some(format!("and t.timestamp_ms {} {millis}", comparison.sign()))
        }
        _ => None,
    });
    bounds.collect::<Vec<_>>().join(" ")
}

const fn is_time_bound(clause: &Clause) -> bool {
    matches!(
        clause,
        Clause::Number(
            NumberKey::Timestamp,
            Comparison::Equal | Comparison::Greater | Comparison::AtLeast | Comparison::Less | Comparison::AtMost,
            Operand::Int(_)
        )
    )
}
