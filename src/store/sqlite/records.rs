//! Reads the records of a page of traces, with their tags, metadata and assessments.
//!
//! Columns take precedence over rows of the key/value tables: since 3.17, MLflow ignores rows left over by an upgrade.

use super::trace_row::TraceRow;
use crate::formats;
use crate::json::Json;
use crate::limits;
use crate::model::{Assessment, AssessmentKind, Cost, Labels, Timestamp, TokenUsage, TraceInfo, TraceState, keys};
use crate::store::sql::{COSTS, Schema, SqlRow as _, TOKENS};
use rusqlite::limits::Limit;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row};

/// Reads the records of traces, in the order of `hits`. Traces deleted since are left out.
pub(super) fn infos(
    connection: &Connection,
    schema: &Schema,
    hits: &[TraceRow],
    with_links: bool,
) -> rusqlite::Result<Vec<TraceInfo>> {
    let max = limits::RECORD_VALUE_BYTES.cast_signed();
    let previous = connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, max)?;
    let infos = infos_within_limit(connection, schema, hits, with_links);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, previous)?;
    infos
}

fn infos_within_limit(
    connection: &Connection,
    schema: &Schema,
    hits: &[TraceRow],
    with_links: bool,
) -> rusqlite::Result<Vec<TraceInfo>> {
    let mut record = connection.prepare_cached(&info_sql(schema))?;
    let optional = |table: &str, sql: &str| schema.has_table(table).then(|| connection.prepare_cached(sql)).transpose();
    let mut tags = optional("trace_tags", "select key, value from trace_tags where request_id = ?")?;
    let metadata_sql = "select key, value from trace_request_metadata where request_id = ?";
    let mut metadata = optional("trace_request_metadata", metadata_sql)?;
    let mut assessments = optional("assessments", ASSESSMENTS)?;
    let mut links = if with_links { optional("entity_associations", LINKS)? } else { None };
    let mut infos = Vec::with_capacity(hits.len());
    for hit in hits {
        let found = record.query_row([hit.rowid], |row| Ok(info(row))).optional()?;
        let Some(mut info) = found.filter(|info| info.trace_id == hit.id) else { continue };
        for_each_row(tags.as_mut(), &hit.id, |row| info.tags.add(&row.text_or_empty(0), &row.text_or_empty(1)))?;
        for_each_row(metadata.as_mut(), &hit.id, |row| info.metadata.add(&row.text_or_empty(0), &row.text_or_empty(1)))?;
        for_each_row(assessments.as_mut(), &hit.id, |row| info.assessments.push(assessment(row)))?;
        // Not sorted in SQL, since few traces have assessments and sorting has a cost even for no rows.
        info.assessments.sort_by(|a, b| (a.create_time, &a.id).cmp(&(b.create_time, &b.id)));
        for_each_row(links.as_mut(), &hit.id, |row| match row.text(0).as_deref() {
            Some("run") => info.linked_runs.extend(row.text(1)),
            _ => info.linked_prompts.extend(row.text(1)),
        })?;
        info.derive_fields(formats::parse_json);
        if info.name.is_none() || info.span_count.is_none() {
            complete_from_spans(connection, schema, &mut info)?;
        }
        infos.push(info);
    }
    Ok(infos)
}

/// Calls a function with each row of a trace, if the table exists.
fn for_each_row(
    statement: Option<&mut CachedStatement<'_>>,
    id: &str,
    mut take: impl FnMut(&Row<'_>),
) -> rusqlite::Result<()> {
    let Some(statement) = statement else { return Ok(()) };
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        take(row);
    }
    Ok(())
}

const ASSESSMENTS: &str = "select assessment_id, name, assessment_type, value, error, rationale, source_type, source_id, \
    span_id, valid, created_timestamp, assessment_metadata from assessments where trace_id = ?";

const LINKS: &str = "select destination_type, destination_id from entity_associations \
    where source_type = 'trace' and destination_type in ('run', 'prompt_version') and source_id = ?";

fn info_sql(schema: &Schema) -> String {
    let optional = ["client_request_id", "request_preview", "response_preview", "trace_name", "session_id"];
    let columns: Vec<String> =
        optional.iter().chain(&TOKENS).chain(&COSTS).map(|column| schema.column("trace_info", column)).collect();
    format!(
        "select t.request_id, t.experiment_id, t.timestamp_ms, t.execution_time_ms, t.status, {} \
         from trace_info t where t.rowid = ?",
        columns.join(", ")
    )
}

/// Returns a record with only id, experiment, start time and state. From `first` on, the columns are these, with the
/// duration (ignored) before the state.
pub(super) fn minimal_info(row: &Row<'_>, first: usize) -> TraceInfo {
    let id = |column: usize| row.text(first + column).unwrap_or_default();
    let start = Timestamp::from_millis(row.integer(first + 2).unwrap_or_default());
    TraceInfo::new(id(0), id(1), TraceState::parse(&row.text_or_empty(first + 4)), start)
}

/// Reads token counts from the columns [`TOKENS`], which start at `first`.
pub(super) fn usage(row: &Row<'_>, first: usize) -> Option<TokenUsage> {
    let tokens: [Option<i64>; TOKENS.len()] = std::array::from_fn(|at| row.integer(first + at));
    let [input_tokens, output_tokens, total_tokens, read, created, created_above_1hr] = tokens;
    let details = [read, created, created_above_1hr, None];
    let is_known = tokens.iter().any(Option::is_some);
    is_known.then(|| TokenUsage { input_tokens, output_tokens, total_tokens, details, other: Vec::new() })
}

/// Reads the cost from the columns [`COSTS`], which start at `first`.
pub(super) fn cost(row: &Row<'_>, first: usize) -> Option<Cost> {
    Cost::recorded(row.float(first), row.float(first + 1), row.float(first + 2))
}

fn info(row: &Row<'_>) -> TraceInfo {
    let usage = usage(row, 10);
    let cost = cost(row, 16);
    let (name, session) = (row.text(8), row.text(9));
    // MLflow 3.17+ also returns these where older releases store them (`compatibility_metadata_from_columns`).
    let (mut tags, mut metadata) = (Labels::with_capacity(256), Labels::with_capacity(1_024));
    if let Some(name) = &name {
        tags.add(keys::NAME, name);
    }
    let promoted = [
        (keys::SESSION, session),
        (keys::TOKEN_USAGE, usage.as_ref().map(TokenUsage::python_text)),
        (keys::COST, cost.map(|cost| cost.python_text())),
    ];
    for (key, value) in promoted {
        if let Some(value) = value {
            metadata.add(key, &value);
        }
    }
    TraceInfo {
        execution_duration_ms: row.integer(3),
        client_request_id: row.text(5),
        request_preview: row.text(6),
        response_preview: row.text(7),
        name,
        recorded_usage: usage,
        cost,
        tags,
        metadata,
        ..minimal_info(row, 0)
    }
}

fn assessment(row: &Row<'_>) -> Assessment {
    let json = |column| {
        row.text(column)
            .filter(|text| !text.is_empty())
            .map(|text| formats::parse_json(&text).unwrap_or_else(|| Json::string(&text)))
    };
    Assessment {
        id: row.text(0).unwrap_or_default(),
        name: row.text(1).unwrap_or_default(),
        kind: match row.text(2).as_deref() {
            Some("expectation") => AssessmentKind::Expectation,
            Some("issue") => AssessmentKind::Issue,
            _ => AssessmentKind::Feedback,
        },
        value: json(3).filter(|value| !value.is_null()),
        error: json(4).filter(|error| !error.is_null()),
        rationale: row.text(5),
        source_type: row.text(6),
        source_id: row.text(7),
        span_id: row.text(8),
        valid: row.integer(9) != Some(0),
        create_time: row.integer(10).map(Timestamp::from_millis),
        metadata: json(11).filter(|metadata| !metadata.is_null()),
    }
}

/// Fills the root name and the number of spans from the spans: unfinished traces, and those received over
/// OpenTelemetry, have neither in their record.
fn complete_from_spans(connection: &Connection, schema: &Schema, info: &mut TraceInfo) -> rusqlite::Result<()> {
    if !schema.has_table("spans") {
        return Ok(());
    }
    let sql = "select count(*), max(case when parent_span_id is null then name end) from spans where trace_id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let (count, name) = statement.query_row([&info.trace_id], |row| Ok((row.integer(0), row.text(1))))?;
    info.root_name = name;
    let count = count.and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0);
    info.span_count = info.span_count.or(count);
    Ok(())
}
