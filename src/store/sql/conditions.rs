//! Translates conditions to SQL that selects what MLflow's own SQL selects (3.18 `store/tracking/sqlalchemy_store.py`),
//! on the tables of any release. The SQL may match too many traces, never too few: the filter is applied again
//! afterwards.

use super::schema::{Schema, TOKENS};
use super::statement::{Sql, SqlValue};
use crate::json::{Json, python};
use crate::model::{AssessmentKind, Problem, Timestamp, keys};
use crate::query::{
    AssessmentTest, Clause, Comparison, Filter, Label, LabelTest, NumberKey, Operand, SpanTest, TextKey, TextTest,
    ValueTest,
};

/// The maximum number of traces checked to count matches. A number rather than a time, so that the same query on the
/// same store always has the same result.
pub(in crate::store) const MAX_ROWS_COUNTED: usize = 10_000;

/// Translates the conditions of a filter, except for [`time_bounds`].
pub(in crate::store) fn from_filter(schema: &Schema, filter: &Filter) -> Sql {
    let record_conditions =
        filter.clauses.iter().filter(|clause| !is_time_bound(clause)).filter_map(|clause| clause_sql(schema, clause));
    Sql::all(record_conditions.chain(has_span_sql(schema, filter)))
}

/// Reports that conditions on content do not match archived traces.
pub(in crate::store) fn skipped_archived() -> Problem {
    let message = "content conditions do not match archived traces, whose text is not in the database (as in MLflow); \
                   use --grep to search their archives";
    Problem::new("skipped_archived", message)
}

/// Whether the SQL of a filter selects exactly the traces that match.
pub(in crate::store) fn are_exact(schema: &Schema, filter: &Filter) -> bool {
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
            text_sql(schema, &column, test)
        }
        Clause::Number(key, comparison, operand) => {
            let column = match key {
                NumberKey::Timestamp => "t.timestamp_ms",
                NumberKey::ExecutionTime => "t.execution_time_ms",
                NumberKey::EndTime => "t.timestamp_ms + coalesce(t.execution_time_ms, 0)",
            };
            number_sql(schema, column, *comparison, operand)
        }
        Clause::Label(label, test) => label_sql(schema, label, test),
        Clause::Run(id) => {
            let recorded = schema.promoted("", "trace_request_metadata", keys::RUN);
            let recorded = Sql::new(format!("{recorded} = ?"), vec![SqlValue::Text(id.clone())]);
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
            vec![SqlValue::Text(id.clone())],
        )),
        Clause::Issue(_) => Some(Sql::constant(false)),
        Clause::Name(glob) => {
            let name = schema.promoted("trace_name", "trace_tags", keys::NAME);
            // Without a recorded name, the root span's name applies, which is checked later.
            Some(Sql::new(format!("{name} is null"), Vec::new()).or(schema.dialect().glob(&name, glob)))
        }
        Clause::MinTokens(min) => {
            let total = schema.promoted_figure("total_tokens", keys::TOKEN_USAGE);
            Some(Sql::new(format!("{total} >= ?"), vec![SqlValue::Integer(*min)]))
        }
        // Conditions on one span are translated together; the others are on displayed spans.
        Clause::Span(_) | Clause::SpanType(_) | Clause::Model(_) | Clause::Grep(_) => None,
    }
}

/// Translates a condition on a number. `None` for a text that the database does not compare with numbers.
fn number_sql(schema: &Schema, column: &str, comparison: Comparison, operand: &Operand) -> Option<Sql> {
    let value = match operand {
        Operand::Int(number) => SqlValue::Integer(*number),
        Operand::Float(number) => SqlValue::Real(*number),
        Operand::Text(text) if schema.dialect().compares_numbers_with_text() => SqlValue::Text(text.clone()),
        Operand::Text(_) => return None,
    };
    Some(Sql::new(format!("{column} {} ?", comparison.symbol()), vec![value]))
}

/// Translates a condition on text. `None` for patterns that the database rejects.
pub(in crate::store) fn text_sql(schema: &Schema, column: &str, test: &TextTest) -> Option<Sql> {
    let dialect = schema.dialect();
    let compare = |operator: &str, value: &str| {
        Some(Sql::new(format!("{column} {operator} ?"), vec![SqlValue::Text(value.to_owned())]))
    };
    match test {
        TextTest::Is(value) => compare("=", value),
        TextTest::IsNot(value) => compare("!=", value),
        TextTest::In(values) => Some(dialect.is_in(column, values, false)),
        TextTest::NotIn(values) => Some(dialect.is_in(column, values, true)),
        TextTest::Like(pattern) => dialect.like(column, pattern),
        TextTest::Ilike(pattern) => dialect.ilike(column, pattern),
        TextTest::Rlike(regex) => dialect.regexp(column, regex.pattern()),
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
            LabelTest::Text(test) => text_sql(schema, &value, test),
            LabelTest::Exists => Some(Sql::new(format!("{value} is not null"), Vec::new())),
            LabelTest::Missing => Some(Sql::new(format!("{value} is null"), Vec::new())),
        };
    }
    if !schema.has_table(table) {
        return Some(Sql::constant(*test == LabelTest::Missing));
    }
    let condition = match test {
        LabelTest::Text(test) => text_sql(schema, "value", test)?,
        LabelTest::Exists | LabelTest::Missing => Sql::constant(true),
    };
    let negation = if *test == LabelTest::Missing { "not " } else { "" };
    let mut sql = condition.wrap_in(&format!(
        "{negation}exists (select 1 from {table} where key = ? and request_id = t.request_id and {{}})"
    ));
    sql.values.insert(0, SqlValue::Text(key.clone()));
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
                Some(Sql::new(format!("{figure} = ?"), vec![SqlValue::Real(number)]))
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
        vec![SqlValue::Text(id.to_owned())],
    )
}

/// Returns a query for the ids of the only traces that may match, if the condition is a link to an issue, prompt or run.
pub(in crate::store) fn linked_traces(schema: &Schema, clause: &Clause) -> Option<Sql> {
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
             where destination_type = 'run' and destination_id = ? and source_type = 'trace' \
             union all select request_id from trace_request_metadata where key = 'mlflow.sourceRun' and value = ?",
            id,
        ),
        _ => return None,
    };
    let values = sql.matches('?').map(|_| SqlValue::Text(id.clone()));
    Some(Sql::new(sql, values.collect()))
}

fn has_assessment_sql(schema: &Schema, test: &AssessmentTest) -> Sql {
    let is_missing = test.value == ValueTest::Missing;
    if !schema.has_table("assessments") {
        return Sql::constant(is_missing);
    }
    let direct = assessment_sql(schema, test)
        .wrap_in("exists (select 1 from assessments a where a.trace_id = t.request_id and {})");
    let sessions: Vec<String> = test.sessions.iter().flatten().cloned().collect();
    let any = if sessions.is_empty() {
        direct
    } else {
        let session = schema.promoted("session_id", "trace_request_metadata", keys::SESSION);
        direct.or(schema.dialect().is_in(&session, &sessions, false))
    };
    if is_missing { any.wrap_in("({}) is not true") } else { any }
}

/// Translates a condition on an assessment, the row `a` of its table.
pub(in crate::store) fn assessment_sql(schema: &Schema, test: &AssessmentTest) -> Sql {
    let kind = match test.kind {
        AssessmentKind::Feedback => "feedback",
        AssessmentKind::Expectation => "expectation",
        AssessmentKind::Issue => "issue",
    };
    let named = Sql::new(
        format!("a.assessment_type = '{kind}' and a.name = ? and a.valid is true"),
        vec![SqlValue::Text(test.name.clone())],
    );
    let condition = match &test.value {
        ValueTest::Exists | ValueTest::Missing => None,
        ValueTest::Text(TextTest::Is(expected)) => Some(assessment_value_sql("", expected)),
        ValueTest::Text(TextTest::IsNot(expected)) => Some(assessment_value_sql("not ", expected)),
        ValueTest::Text(test) => text_sql(schema, "a.value", test),
        ValueTest::Number(comparison, operand) if schema.has_column("assessments", "is_numeric_value") => {
            number_sql(schema, "a.aggregate_value", *comparison, operand)
                .map(|number| Sql::all([Sql::new("a.is_numeric_value is true", Vec::new()), number]))
        }
        ValueTest::Number(..) => None,
    };
    Sql::all([named].into_iter().chain(condition).chain(test.is_session_level.then(is_session_scoped)))
}

/// Tests whether an assessment, the row `a` of its table, applies to a whole session.
pub(in crate::store) fn is_session_scoped() -> Sql {
    let key = format!("%\"{}\":%", keys::SESSION);
    Sql::new("a.assessment_metadata like ?", vec![SqlValue::Text(key)])
}

fn assessment_value_sql(negation: &str, expected: &str) -> Sql {
    let values = vec![SqlValue::Text(expected.to_owned()), SqlValue::Text(python::string(expected))];
    Sql::new(format!("{negation}(a.value = ? or a.value = ?)"), values)
}

/// Translates the conditions on one span. Traces without span rows have their spans in files and are checked
/// afterwards.
fn has_span_sql(schema: &Schema, filter: &Filter) -> Option<Sql> {
    if !filter.needs_rows() || !schema.has_table("spans") {
        return None;
    }
    let condition =
        span_sql(schema, filter).wrap_in("exists (select 1 from spans s where s.trace_id = t.request_id and {})");
    Some(condition.or(Sql::new("not exists (select 1 from spans where trace_id = t.request_id)", Vec::new())))
}

/// Translates the conditions on one span, the row `s` of its table.
pub(in crate::store) fn span_sql(schema: &Schema, filter: &Filter) -> Sql {
    let bound = filter
        .earliest_span_start()
        .map(|Timestamp(nanos)| Sql::new("s.start_time_unix_nano >= ?", vec![SqlValue::Integer(nanos)]));
    let tests = filter.span_tests().filter_map(|test| span_test_sql(schema, test));
    Sql::all(bound.into_iter().chain(tests))
}

/// Whether the SQL evaluates every condition on a span row as far as its columns go. Otherwise the rows have to be read.
pub(in crate::store) fn evaluate_span_rows(schema: &Schema, filter: &Filter) -> bool {
    filter.span_tests().all(|test| span_test_sql(schema, test).is_some())
}

fn span_test_sql(schema: &Schema, test: &SpanTest) -> Option<Sql> {
    match test {
        SpanTest::Name(test) => text_sql(schema, "s.name", test),
        SpanTest::Type(test) => text_sql(schema, "s.type", test),
        SpanTest::Status(test) => text_sql(schema, "s.status", test),
        SpanTest::Content(test) => content_sql(schema, test),
        SpanTest::AttributeText(attribute) => content_sql(schema, &attribute.content_test),
        // Only tests that the attribute exists; its value is compared afterwards.
        SpanTest::Attribute(name, _) => Some(schema.dialect().contains("s.content", &python::string(name))),
    }
}

/// Translates a condition on the JSON text of a span, in which non-ASCII characters may be escaped.
fn content_sql(schema: &Schema, test: &TextTest) -> Option<Sql> {
    let plain = text_sql(schema, "s.content", test)?;
    Some(match test.escaped() {
        Some(escaped) => plain.or(text_sql(schema, "s.content", &escaped)?),
        None => plain,
    })
}

/// Returns the bounds on the start time as `and` terms, separate from the other conditions so that SQLite uses the
/// index.
pub(in crate::store) fn time_bounds(filter: &Filter) -> String {
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
