//! Which traces may have a span of some type, without reading every trace.

use super::{SqliteStore, scan, text};
use crate::error::Result;
use crate::model::Problem;
use crate::store::Query;
use rusqlite::types::Value;
use std::collections::BTreeSet;

/// Up to so many spans of a type, their traces are listed from the index; more are met soon enough on the way.
const FEW: i64 = 5_000;

/// Up to so many spans that say `UNKNOWN` are looked into for what foreign attributes tell of their type.
const FEW_UNKNOWN: i64 = 2_000;

/// The only traces that can have a span of the types asked for; `None` where any may.
///
/// The column `spans.type` is what the client said. It is null for spans whose type is told by foreign attributes, and
/// there are no rows at all for spans that lie in files; both are added as candidates.
pub(super) fn candidates(
    store: &SqliteStore,
    query: &Query,
    problems: &mut Vec<Problem>,
) -> Result<Option<Vec<String>>> {
    let Some(types) = query.filter.span_types() else { return Ok(None) };
    if !store.schema.has_table("spans") {
        return Ok(None);
    }
    let mut ids = BTreeSet::new();
    for experiment in &query.experiments {
        let key = scan::experiment_key(&experiment.experiment_id);
        let mut wanted: Vec<Option<&str>> = types.iter().map(|name| Some(name.as_str())).collect();
        wanted.push(None);
        if !types.iter().any(|name| name == "UNKNOWN") {
            if count(store, &key, Some("UNKNOWN"), FEW_UNKNOWN)? <= FEW_UNKNOWN {
                wanted.push(Some("UNKNOWN"));
            } else {
                problems.push(Problem::new(
                    "skipped_types",
                    "many spans say UNKNOWN; foreign attributes that tell more of their type were not looked for",
                ));
            }
        }
        for span_type in wanted {
            if count(store, &key, span_type, FEW)? > FEW {
                return Ok(None);
            }
            list(store, &key, span_type, &mut ids)?;
        }
        for folder in store.artifacts.trace_folders(experiment.artifact_location.as_deref(), &experiment.experiment_id)
        {
            let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            ids.extend(entries.filter_map(|entry| entry.file_name().into_string().ok()));
        }
    }
    Ok(Some(ids.into_iter().collect()))
}

/// Counts the spans of a type, up to one more than `most`. The index (experiment, type, status) answers it alone.
fn count(store: &SqliteStore, experiment: &Value, span_type: Option<&str>, most: i64) -> Result<i64> {
    let sql = "select count(*) from (select 1 from spans where experiment_id = ? and type is ? limit ?)";
    store.read(|connection| {
        connection.prepare_cached(sql)?.query_row((experiment, span_type, most + 1), |row| row.get(0))
    })
}

/// Adds the traces that have a span of a type. They are few, so one read finds them.
fn list(store: &SqliteStore, experiment: &Value, span_type: Option<&str>, ids: &mut BTreeSet<String>) -> Result<()> {
    let sql = "select distinct trace_id from spans where experiment_id = ? and type is ?";
    store.read(|connection| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query((experiment, span_type))?;
        while let Some(row) = rows.next()? {
            ids.extend(text(row, 0));
        }
        Ok(())
    })
}
