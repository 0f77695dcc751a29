//! Reads the records of a page of traces, with their tags, metadata and assessments.

use super::PgResult;
use super::connection::Reads;
use crate::formats;
use crate::model::TraceInfo;
use crate::store::sql::{Schema, Sql, SqlRow as _, SqlValue, columns};
use postgres::Row;
use std::collections::HashMap;

/// Reads the records of traces, in the order of `ids`. Traces deleted since are left out.
pub(super) fn read(
    reads: &mut Reads<'_>,
    schema: &Schema,
    ids: &[String],
    with_links: bool,
) -> PgResult<Vec<TraceInfo>> {
    let mut infos: HashMap<String, TraceInfo> = HashMap::with_capacity(ids.len());
    let list = || vec![SqlValue::TextList(ids.to_vec())];
    let sql = format!("select {} from trace_info t where t.request_id = any(?)", columns::record(schema));
    reads.each(&Sql::new(sql, list()), |row| {
        let info = columns::info(row);
        infos.insert(info.trace_id.clone(), info);
    })?;
    // The trace id is the last column of each statement.
    let mut add = |table: &str, sql: &str, id_column: usize, add: &dyn Fn(&mut TraceInfo, &Row)| {
        if !schema.has_table(table) {
            return Ok(());
        }
        reads.each(&Sql::new(sql, list()), |row| {
            if let Some(info) = infos.get_mut(&*row.text_or_empty(id_column)) {
                add(info, row);
            }
        })
    };
    add("trace_tags", TAGS, 2, &|info, row| info.tags.add(&row.text_or_empty(0), &row.text_or_empty(1)))?;
    add("trace_request_metadata", METADATA, 2, &|info, row| {
        info.metadata.add(&row.text_or_empty(0), &row.text_or_empty(1));
    })?;
    let assessments =
        format!("select {}, a.trace_id from assessments a where a.trace_id = any(?)", columns::ASSESSMENT);
    add("assessments", &assessments, columns::ASSESSMENT_COLUMNS, &|info, row| {
        info.assessments.push(columns::assessment(row));
    })?;
    if with_links {
        add("entity_associations", LINKS, 2, &|info, row| match row.text(0).as_deref() {
            Some("run") => info.linked_runs.extend(row.text(1)),
            _ => info.linked_prompts.extend(row.text(1)),
        })?;
    }
    for info in infos.values_mut() {
        info.assessments.sort_by(|a, b| (a.create_time, &a.id).cmp(&(b.create_time, &b.id)));
        info.derive_fields(formats::parse_json);
    }
    complete_from_spans(reads, schema, &mut infos)?;
    Ok(ids.iter().filter_map(|id| infos.remove(id)).collect())
}

const TAGS: &str = "select key, value, request_id from trace_tags where request_id = any(?)";

const METADATA: &str = "select key, value, request_id from trace_request_metadata where request_id = any(?)";

const LINKS: &str = "select destination_type, destination_id, source_id from entity_associations \
    where source_type = 'trace' and destination_type in ('run', 'prompt_version') and source_id = any(?)";

/// Fills the root name and the number of spans from the spans: unfinished traces, and those received over
/// OpenTelemetry, have neither in their record.
fn complete_from_spans(reads: &mut Reads<'_>, schema: &Schema, infos: &mut HashMap<String, TraceInfo>) -> PgResult<()> {
    let is_incomplete = |info: &&TraceInfo| info.name.is_none() || info.span_count.is_none();
    let ids: Vec<String> = infos.values().filter(is_incomplete).map(|info| info.trace_id.clone()).collect();
    if ids.is_empty() || !schema.has_table("spans") {
        return Ok(());
    }
    let sql = "select trace_id, count(*), max(case when parent_span_id is null then name end collate \"C\") \
               from spans where trace_id = any(?) group by trace_id";
    reads.each(&Sql::new(sql, vec![SqlValue::TextList(ids)]), |row| {
        if let Some(info) = infos.get_mut(&*row.text_or_empty(0)) {
            info.root_name = row.text(2);
            info.span_count = info.span_count.or_else(|| u64::try_from(row.integer(1)?).ok());
        }
    })
}
