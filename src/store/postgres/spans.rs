//! Reads rows of the `spans` table (MLflow 3.3+) of several traces at once.

use super::PgResult;
use super::connection::Reads;
use crate::model::SearchableSpan;
use crate::store::spans::SpanRows;
use crate::store::sql::span_columns::{self, SpanRowSelection};
use crate::store::sql::{Schema, Sql, SqlRow as _, SqlValue};
use std::collections::{HashMap, HashSet};

/// Reads the rows of traces, by trace id.
pub(super) fn read(
    reads: &mut Reads<'_>,
    schema: &Schema,
    ids: &[String],
    selection: &SpanRowSelection<'_>,
) -> PgResult<HashMap<String, SpanRows>> {
    let mut rows: HashMap<String, SpanRows> = HashMap::new();
    if !schema.has_table("spans") {
        return Ok(rows);
    }
    let (content, types) = content(selection);
    let columns = span_columns::span(schema, content);
    let sql = format!("select {columns}, t.trace_id from spans t where t.trace_id = any(?)");
    let values = types.into_iter().chain([SqlValue::TextList(ids.to_vec())]).collect();
    reads.each(&Sql::new(sql, values), |row| {
        let id = row.text(span_columns::SPAN_COLUMNS).unwrap_or_default();
        span_columns::add_span(row, selection, rows.entry(id).or_default());
    })?;
    Ok(rows)
}

/// Returns the expression for the content of a span, null for spans whose content is not used, and its parameter.
fn content(selection: &SpanRowSelection<'_>) -> (&'static str, Option<SqlValue>) {
    match selection.types {
        _ if selection.only_errors => ("case when t.status = 'ERROR' then t.content end", None),
        Some(types) => {
            let is_used =
                "case when coalesce(t.type, 'UNKNOWN') in ('', 'UNKNOWN') or t.type = any(?) then t.content end";
            (is_used, Some(SqlValue::TextList(types.to_vec())))
        }
        None => ("t.content", None),
    }
}

/// Returns the ids of the traces that have span rows.
pub(super) fn traces_with_rows(reads: &mut Reads<'_>, ids: &[String]) -> PgResult<HashSet<String>> {
    let sql = "select i.id from unnest(?) as i(id) where exists (select 1 from spans where trace_id = i.id)";
    let found = reads.all(&Sql::new(sql, vec![SqlValue::TextList(ids.to_vec())]), |row| row.text(0))?;
    Ok(found.into_iter().flatten().collect())
}

/// Reads the rows of traces for conditions on spans, by trace id, with attributes decoded.
pub(super) fn read_searchable(reads: &mut Reads<'_>, ids: &[String]) -> PgResult<HashMap<String, Vec<SearchableSpan>>> {
    let columns = span_columns::SEARCHABLE;
    let sql = format!("select {columns}, t.trace_id from spans t where t.trace_id = any(?)");
    let mut rows: HashMap<String, Vec<SearchableSpan>> = HashMap::new();
    reads.each(&Sql::new(sql, vec![SqlValue::TextList(ids.to_vec())]), |row| {
        let id = row.text(span_columns::SEARCHABLE_COLUMNS).unwrap_or_default();
        rows.entry(id).or_default().push(span_columns::searchable(row));
    })?;
    Ok(rows)
}
