//! Translates conditions to SQL that selects what MLflow's own SQL selects (3.18 `store/tracking/sqlalchemy_store.py`),
//! on the tables of any release. The SQL may match too many traces, never too few: the filter is applied again
//! afterwards.

use super::records::TOKENS;
use super::schema::Schema;
use crate::json::{Json, python};
use crate::model::{AssessmentKind, Timestamp, keys};
use crate::query::{
    AssessmentTest, Clause, Comparison, Filter, Label, LabelTest, NumberKey, Operand, Regex, SpanTest, TextKey,
    TextTest, ValueTest,
};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, functions::Context};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// SQLite rejects longer patterns (`SQLITE_MAX_LIKE_PATTERN_LENGTH`).
const MAX_PATTERN_BYTES: usize = 50_000;

/// An SQL expression that is 1 if a condition holds, and its parameters. Unless noted otherwise, it is about the row
/// `t` of `trace_info`.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Sql {
    fn new(text: impl Into<String>, values: Vec<Value>) -> Self {
        Self { text: text.into(), values }
    }

    fn constant(condition: bool) -> Self {
        Self::new(if condition { "1" } else { "0" }, Vec::new())
    }

    /// Joins conditions with `and`; always true if there are none.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut texts, mut values) = (Vec::new(), Vec::new());
        for part in parts {
            texts.push(format!("({})", part.text));
            values.extend(part.values);
        }
        if texts.is_empty() { Self::constant(true) } else { Self::new(texts.join(" and "), values) }
    }

    /// Inserts the condition into a text, in place of `{}`.
    fn wrap_in(self, text: &str) -> Self {
        Self::new(text.replacen("{}", &self.text, 1), self.values)
    }

    fn or(self, other: Self) -> Self {
        Self::new(format!("({}) or ({})", self.text, other.text), [self.values, other.values].concat())
    }
}

/// The regular expressions of searches, by pattern. Their cost is counted over all statements and
/// connections.
pub(super) type Regexes = Arc<Mutex<HashMap<String, Regex>>>;

/// Makes a connection compare text as MLflow does: case-sensitive `LIKE`, and `REGEXP` with Python's syntax.
pub(super) fn register_functions(connection: &Connection, regexes: &Regexes) -> rusqlite::Result<()> {
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

/// Translates the conditions of a filter, except for [`time_bounds`].
pub(super) fn from_filter(schema: &Schema, filter: &Filter) -> Sql {
    let record_conditions =
        filter.clauses.iter().filter(|clause| !is_time_bound(clause)).filter_map(|clause| clause_sql(schema, clause));
    Sql::all(record_conditions.chain(has_span_sql(schema, filter)))
}

/// Whether the SQL of a filter selects exactly the traces that match.
pub(super) fn are_exact(schema: &Schema, filter: &Filter) -> bool {
    filter.clauses.iter().all(|clause| match clause {
        Clause::Name(_) | Clause::Prompt(_) | Clause::Span(_) => false,
        Clause::SpanType(_) | Clause::Model(_) | Clause::Grep(_) => false,
        Clause::Label(Label::Metadata(key), _) if key == keys::TOKEN_USAGE || key == keys::COST => false,
        Clause::Assessment(AssessmentTest { value: ValueTest::Number(..), .. }) => {
            schema.has_column("assessments", "is_numeric_value")
        }
        clause => clause_sql(schema, clause).is_some(),
    })
}

fn clause_sql(schema: &Schema, clause: &Clause) -> Option<Sql> {
    match clause {
        Clause::Text(key, test) => {
            let column = match key {
                // Old releases have two values for an unspecified state.
                TextKey::Status => {
                    "case when t.status in ('', 'TRACE_STATUS_UNSPECIFIED') then 'STATE_UNSPECIFIED' else t.status end"
                        .to_owned()
                }
                TextKey::RequestId => "t.request_id".to_owned(),
                TextKey::ClientRequestId => schema.column("trace_info", "client_request_id"),
            };
            text_sql(&column, test)
        }
        Clause::Number(key, comparison, operand) => {
            let column = match key {
                NumberKey::Timestamp => "t.timestamp_ms",
                NumberKey::ExecutionTime => "t.execution_time_ms",
                NumberKey::EndTime => "t.timestamp_ms + coalesce(t.execution_time_ms, 0)",
            };
            Some(Sql::new(format!("{column} {} ?", comparison.symbol()), vec![operand_value(operand)]))
        }
        Clause::Label(label, test) => label_sql(schema, label, test),
        Clause::Run(id) => {
            let recorded = schema.promoted("", "trace_request_metadata", keys::RUN);
            let recorded = Sql::new(format!("{recorded} = ?"), vec![Value::Text(id.clone())]);
            Some(if schema.has_table("entity_associations") { recorded.or(link_sql("run", id)) } else { recorded })
        }
        // Until 3.6, prompts are only in a tag, which is checked afterwards.
        Clause::Prompt(id) if schema.has_table("entity_associations") => {
            let tagged = LabelTest::Exists;
            let tagged = label_sql(schema, &Label::Tag(keys::LINKED_PROMPTS.to_owned()), &tagged)?;
            Some(link_sql("prompt_version", id).or(tagged))
        }
        Clause::Prompt(_) => None,
        Clause::Assessment(test) => Some(has_assessment_sql(schema, test)),
        Clause::Issue(id) if schema.has_table("assessments") => Some(Sql::new(
            "exists (select 1 from assessments a where a.trace_id = t.request_id and a.assessment_type = 'issue' and a.name = ?)",
            vec![Value::Text(id.clone())],
        )),
        Clause::Issue(_) => Some(Sql::constant(false)),
        Clause::Name(glob) => {
            let name = schema.promoted("trace_name", "trace_tags", keys::NAME);
            // Without a recorded name, the root span's name applies, which is checked later.
            Some(Sql::new(format!("{name} is null or {name} glob ?"), vec![Value::Text(glob.to_sqlite())]))
        }
        Clause::MinTokens(min) => {
            let total = schema.promoted_figure("total_tokens", keys::TOKEN_USAGE);
            Some(Sql::new(format!("{total} >= ?"), vec![Value::Integer(*min)]))
        }
        // Conditions on one span are translated together; the others are on displayed spans.
        Clause::Span(_) | Clause::SpanType(_) | Clause::Model(_) | Clause::Grep(_) => None,
    }
}

fn operand_value(operand: &Operand) -> Value {
    match operand {
        Operand::Int(number) => Value::Integer(*number),
        Operand::Float(number) => Value::Real(*number),
        Operand::Text(text) => Value::Text(text.clone()),
    }
}

/// Translates a condition on text. `None` for patterns that SQLite rejects.
pub(super) fn text_sql(column: &str, test: &TextTest) -> Option<Sql> {
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
        TextTest::Like(pattern) if pattern.len() < MAX_PATTERN_BYTES => single("like", pattern),
        TextTest::Ilike(pattern) if pattern.len() < MAX_PATTERN_BYTES => {
            Some(Sql::new(format!("lower({column}) like lower(?)"), vec![Value::Text(pattern.clone())]))
        }
        TextTest::Like(_) | TextTest::Ilike(_) => None,
        TextTest::Rlike(regex) => single("regexp", regex.pattern()),
    }
}

/// Translates a condition on a tag or metadata entry.
fn label_sql(schema: &Schema, label: &Label, test: &LabelTest) -> Option<Sql> {
    let (table, key) = match label {
        Label::Tag(key) => ("trace_tags", key),
        Label::Metadata(key) => ("trace_request_metadata", key),
    };
    let column = match label {
        Label::Tag(key) if key == keys::NAME => Some("trace_name"),
        Label::Metadata(key) if key == keys::SESSION => Some("session_id"),
        Label::Metadata(key) if key == keys::TOKEN_USAGE || key == keys::COST => return usage_sql(schema, key, test),
        _ => None,
    };
    if let Some(column) = column {
        let value = schema.promoted(column, table, key);
        return match test {
            LabelTest::Text(test) => text_sql(&value, test),
            LabelTest::Exists => Some(Sql::new(format!("{value} is not null"), Vec::new())),
            LabelTest::Missing => Some(Sql::new(format!("{value} is null"), Vec::new())),
        };
    }
    if !schema.has_table(table) {
        return Some(Sql::constant(*test == LabelTest::Missing));
    }
    let condition = match test {
        LabelTest::Text(test) => text_sql("value", test)?,
        LabelTest::Exists | LabelTest::Missing => Sql::constant(true),
    };
    let negation = if *test == LabelTest::Missing { "not " } else { "" };
    let mut sql = condition.wrap_in(&format!(
        "{negation}exists (select 1 from {table} where key = ? and request_id = t.request_id and {{}})"
    ));
    sql.values.insert(0, Value::Text(key.clone()));
    Some(sql)
}

/// Translates a condition on the JSON text of a trace's tokens or cost, which are columns since 3.17.
fn usage_sql(schema: &Schema, key: &str, test: &LabelTest) -> Option<Sql> {
    let columns: &[&str] = if key == keys::TOKEN_USAGE {
        &["total_tokens", "input_tokens", "output_tokens"]
    } else {
        &["total_cost", "input_cost", "output_cost"]
    };
    let figures: Vec<String> = columns.iter().map(|column| schema.promoted_figure(column, key)).collect();
    let has_columns = schema.has_column("trace_info", columns[0]);
    match test {
        // Rows left over by an upgrade are checked afterwards.
        LabelTest::Missing if has_columns => {
            let columns = if key == keys::TOKEN_USAGE { TOKENS.as_slice() } else { columns };
            let parts = columns.iter().filter(|column| schema.has_column("trace_info", column));
            Some(Sql::all(parts.map(|column| Sql::new(format!("t.{column} is null"), Vec::new()))))
        }
        LabelTest::Text(TextTest::Is(expected)) => {
            let expected = Json::from_strict(expected)?;
            let parts = columns.iter().zip(&figures).filter_map(|(column, figure)| {
                let number = expected.member(column)?.as_f64()?;
                Some(Sql::new(format!("{figure} = ?"), vec![Value::Real(number)]))
            });
            Some(Sql::all(parts))
        }
        _ => None,
    }
}

fn link_sql(kind: &str, id: &str) -> Sql {
    Sql::new(
        format!(
            "exists (select 1 from entity_associations where source_type = 'trace' and source_id = t.request_id \
             and destination_type = '{kind}' and destination_id = ?)"
        ),
        vec![Value::Text(id.to_owned())],
    )
}

/// Returns a query for the ids of the only traces that may match, if the condition is a link to an issue, prompt or run.
pub(super) fn linked_traces(schema: &Schema, clause: &Clause) -> Option<Sql> {
    let (sql, id) = match clause {
        Clause::Issue(id) if schema.has_table("assessments") => {
            ("select trace_id from assessments where assessment_type = 'issue' and name = ?", id)
        }
        Clause::Prompt(id) if schema.has_table("entity_associations") => (
            "select source_id from entity_associations \
             where destination_type = 'prompt_version' and destination_id = ? and source_type = 'trace' \
             union all select request_id from trace_tags where key = 'mlflow.linkedPrompts'",
            id,
        ),
        Clause::Run(id) if schema.has_table("entity_associations") => (
            "select source_id from entity_associations \
             where destination_type = 'run' and destination_id = ?1 and source_type = 'trace' \
             union all select request_id from trace_request_metadata where key = 'mlflow.sourceRun' and value = ?1",
            id,
        ),
        _ => return None,
    };
    Some(Sql::new(sql, vec![Value::Text(id.clone())]))
}

fn has_assessment_sql(schema: &Schema, test: &AssessmentTest) -> Sql {
    let is_missing = test.value == ValueTest::Missing;
    if !schema.has_table("assessments") {
        return Sql::constant(is_missing);
    }
    let direct = assessment_sql(schema, test)
        .wrap_in("exists (select 1 from assessments a where a.trace_id = t.request_id and {})");
    let any = if test.has_sessions() {
        let session = schema.promoted("session_id", "trace_request_metadata", keys::SESSION);
        let sessions = serde_json::to_string(&test.sessions).unwrap_or_default();
        direct.or(Sql::new(format!("{session} in (select value from json_each(?))"), vec![Value::Text(sessions)]))
    } else {
        direct
    };
    if is_missing { any.wrap_in("not coalesce({}, 0)") } else { any }
}

/// Translates a condition on an assessment, the row `a` of its table.
pub(super) fn assessment_sql(schema: &Schema, test: &AssessmentTest) -> Sql {
    let kind = match test.kind {
        AssessmentKind::Feedback => "feedback",
        AssessmentKind::Expectation => "expectation",
        AssessmentKind::Issue => "issue",
    };
    let named = Sql::new(
        format!("a.assessment_type = '{kind}' and a.name = ? and a.valid = 1"),
        vec![Value::Text(test.name.clone())],
    );
    let condition = match &test.value {
        ValueTest::Exists | ValueTest::Missing => None,
        ValueTest::Text(TextTest::Is(expected)) => Some(assessment_value_sql("", expected)),
        ValueTest::Text(TextTest::IsNot(expected)) => Some(assessment_value_sql("not ", expected)),
        ValueTest::Text(test) => text_sql("a.value", test),
        ValueTest::Number(comparison, operand) => schema.has_column("assessments", "is_numeric_value").then(|| {
            let sql = format!("a.is_numeric_value = 1 and a.aggregate_value {} ?", comparison.symbol());
            Sql::new(sql, vec![operand_value(operand)])
        }),
    };
    Sql::all([named].into_iter().chain(condition).chain(test.is_session_level.then(is_session_scoped)))
}

/// Tests whether an assessment, the row `a` of its table, applies to a whole session.
pub(super) fn is_session_scoped() -> Sql {
    let key = format!("%\"{}\":%", keys::SESSION);
    Sql::new("a.assessment_metadata like ?", vec![Value::Text(key)])
}

fn assessment_value_sql(negation: &str, expected: &str) -> Sql {
    let values = vec![Value::Text(expected.to_owned()), Value::Text(python::string(expected))];
    Sql::new(format!("{negation}(a.value = ? or a.value = ?)"), values)
}

/// Translates the conditions on one span. Traces without span rows have their spans in files and are checked
/// afterwards.
fn has_span_sql(schema: &Schema, filter: &Filter) -> Option<Sql> {
    if !filter.needs_rows() || !schema.has_table("spans") {
        return None;
    }
    let condition = span_sql(filter).wrap_in("exists (select 1 from spans s where s.trace_id = t.request_id and {})");
    Some(condition.or(Sql::new("not exists (select 1 from spans where trace_id = t.request_id)", Vec::new())))
}

/// Translates the conditions on one span, the row `s` of its table.
pub(super) fn span_sql(filter: &Filter) -> Sql {
    let bound = filter
        .earliest_span_start()
        .map(|Timestamp(nanos)| Sql::new("s.start_time_unix_nano >= ?", vec![Value::Integer(nanos)]));
    let tests = filter.span_tests().filter_map(|test| match test {
        SpanTest::Name(test) => text_sql("s.name", test),
        SpanTest::Type(test) => text_sql("s.type", test),
        SpanTest::Status(test) => text_sql("s.status", test),
        SpanTest::Content(test) => content_sql(test),
        SpanTest::AttributeText(attribute) => content_sql(&attribute.content_test),
        // Only tests that the attribute exists; its value is compared afterwards.
        SpanTest::Attribute(name, _) => {
            Some(Sql::new("instr(s.content, ?) > 0", vec![Value::Text(python::string(name))]))
        }
    });
    Sql::all(bound.into_iter().chain(tests))
}

/// Translates a condition on the JSON text of a span, in which non-ASCII characters may be escaped.
fn content_sql(test: &TextTest) -> Option<Sql> {
    let plain = text_sql("s.content", test)?;
    Some(match test.escaped() {
        Some(escaped) => plain.or(text_sql("s.content", &escaped)?),
        None => plain,
    })
}

/// Returns the bounds on the start time as `and` terms, separate from the other conditions so that SQLite uses the
/// index.
pub(super) fn time_bounds(filter: &Filter) -> String {
    let bounds = filter.clauses.iter().filter_map(|clause| match clause {
        Clause::Number(NumberKey::Timestamp, comparison, Operand::Int(millis)) if is_time_bound(clause) => {
            Some(format!("and t.timestamp_ms {} {millis}", comparison.symbol()))
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
