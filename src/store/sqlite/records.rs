//! Reads the records of a page of traces, with their tags, metadata and assessments.

use super::trace_row::TraceRow;
use crate::formats;
use crate::limits;
use crate::model::TraceInfo;
use crate::store::sql::{Schema, SqlRow as _, columns};
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
    let mut record = connection
        .prepare_cached(&format!("select {} from trace_info t where t.rowid = ?", columns::record(schema)))?;
    let optional = |table: &str, sql: &str| schema.has_table(table).then(|| connection.prepare_cached(sql)).transpose();
    let mut tags = optional("trace_tags", "select key, value from trace_tags where request_id = ?")?;
    let metadata_sql = "select key, value from trace_request_metadata where request_id = ?";
    let mut metadata = optional("trace_request_metadata", metadata_sql)?;
    let mut assessments =
        optional("assessments", &format!("select {} from assessments a where a.trace_id = ?", columns::ASSESSMENT))?;
    let mut links = if with_links { optional("entity_associations", LINKS)? } else { None };
    let mut infos = Vec::with_capacity(hits.len());
    for hit in hits {
        let found = record.query_row([hit.rowid], |row| Ok(columns::info(row))).optional()?;
        let Some(mut info) = found.filter(|info| info.trace_id == hit.id) else { continue };
        for_each_row(tags.as_mut(), &hit.id, |row| info.tags.add(&row.text_or_empty(0), &row.text_or_empty(1)))?;
        for_each_row(metadata.as_mut(), &hit.id, |row| {
            info.metadata.add(&row.text_or_empty(0), &row.text_or_empty(1));
        })?;
        for_each_row(assessments.as_mut(), &hit.id, |row| info.assessments.push(columns::assessment(row)))?;
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

const LINKS: &str = "select destination_type, destination_id from entity_associations \
    where source_type = 'trace' and destination_type in ('run', 'prompt_version') and source_id = ?";

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
