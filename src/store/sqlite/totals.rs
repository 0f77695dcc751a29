//! Sums the totals of each experiment, in steps short enough not to delay a writer.

use super::SqliteStore;
use crate::formats;
use crate::limits;
use crate::model::{Timestamp, TokenUsage, Totals, keys};
use crate::store::error::Result;
use crate::store::sql::{SqlRow as _, TOKENS, columns};
use std::collections::HashMap;
use std::time::Instant;

/// Rows summed by SQLite in one step.
const ROWS_PER_STEP: i64 = 2_000;

/// Reads the totals of all experiments that have traces.
pub(super) fn read(store: &SqliteStore) -> Result<HashMap<String, Totals>> {
    let mut totals: HashMap<String, Totals> = HashMap::new();
    let token = |column: &str| {
        let column = store.schema.column("trace_info", column);
        format!("sum({column})")
    };
    let tokens: Vec<String> = TOKENS.iter().map(|column| token(column)).collect();
    let sql = format!(
        "select t.experiment_id, count(*), sum(t.status = 'ERROR'), max(t.timestamp_ms), {} \
         from trace_info t where t.rowid > ?1 and t.rowid <= ?2 group by t.experiment_id",
        tokens.join(", ")
    );
    let mut from = store.read(|connection| {
        connection.query_row("select coalesce(min(rowid), 1) - 1 from trace_info", [], |row| row.get::<_, i64>(0))
    })?;
    let last = store.read(|connection| {
        connection.query_row("select coalesce(max(rowid), 0) from trace_info", [], |row| row.get::<_, i64>(0))
    })?;
    while from < last {
        // Several steps per transaction, within its time limit.
        from = store.read(|connection| {
            let started = Instant::now();
            let mut at = from;
            while at < last && started.elapsed() < limits::READ_TIME {
                let mut statement = connection.prepare_cached(&sql)?;
                let mut rows = statement.query([at, at + ROWS_PER_STEP])?;
                while let Some(row) = rows.next()? {
                    let total = totals.entry(row.text(0).unwrap_or_default()).or_default();
                    total.traces += row.integer(1).unwrap_or_default().cast_unsigned();
                    total.errors += row.integer(2).unwrap_or_default().cast_unsigned();
                    total.last_trace_time = total.last_trace_time.max(row.integer(3).map(Timestamp::from_millis));
                    total.add_usage(&columns::usage(row, 4).unwrap_or_default());
                }
                at += ROWS_PER_STEP;
            }
            Ok(at)
        })?;
    }
    add_recorded_rows(store, &mut totals)?;
    Ok(totals)
}

/// Adds token counts stored as metadata rows, as before MLflow 3.17.
fn add_recorded_rows(store: &SqliteStore, totals: &mut HashMap<String, Totals>) -> Result<()> {
    if !store.schema.has_table("trace_request_metadata") {
        return Ok(());
    }
    let in_column = if store.schema.has_column("trace_info", "total_tokens") {
        "coalesce(t.input_tokens, t.output_tokens, t.total_tokens)"
    } else {
        "null"
    };
    let sql = format!(
        "select m.request_id, t.experiment_id, m.value from trace_request_metadata m join trace_info t on t.request_id = m.request_id \
         where m.key = '{}' and m.request_id > ?1 and {in_column} is null order by m.request_id limit 2000",
        keys::TOKEN_USAGE
    );
    let mut last = String::new();
    loop {
        let before = last.clone();
        store.read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([&before])?;
            while let Some(row) = rows.next()? {
                last = row.text(0).unwrap_or_default();
                let usage = row.text(2).and_then(|value| TokenUsage::from_json(&formats::parse_json(&value)?));
                if let (Some(usage), Some(experiment)) = (usage, row.text(1)) {
                    totals.entry(experiment).or_default().add_usage(&usage);
                }
                if started.elapsed() > limits::READ_TIME {
                    break;
                }
            }
            Ok(())
        })?;
        if last == before {
            return Ok(());
        }
    }
}
