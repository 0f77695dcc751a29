//! Sums the totals of each experiment, in steps short enough not to delay a writer.

use super::SqliteStore;
use super::damage;
use super::row_range::RowRange;
use crate::formats;
use crate::limits;
use crate::model::{Problem, Timestamp, TokenUsage, Totals, keys};
use crate::store::error::Result;
use crate::store::sql::{SqlRow as _, TOKENS, columns};
use rusqlite::Row;
use std::collections::HashMap;
use std::time::Instant;

/// The number of row ids in the parts that SQLite sums.
const ROWS_PER_PART: i64 = 2_000;

/// Reads the totals of all experiments that have traces.
pub(super) fn read(store: &SqliteStore, problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>> {
    let mut totals: HashMap<String, Totals> = HashMap::new();
    let token = |column: &str| {
        let column = store.schema.column("trace_info", column);
        format!("sum({column})")
    };
    let tokens: Vec<String> = TOKENS.iter().map(|column| token(column)).collect();
    let sums_of = |rows: &str| {
        format!(
            "select t.experiment_id, count(*), sum(t.status = 'ERROR'), max(t.timestamp_ms), {} \
             from trace_info t where {rows} group by t.experiment_id",
            tokens.join(", ")
        )
    };
    let range = sums_of("t.rowid between ? and ?");
    // After the last row of a range, SQLite looks at the next one, which may be damaged.
    let one_row = sums_of("t.rowid = ? and t.rowid = ?");
    let mut add = |part: RowRange| {
        let sums = store.read(|connection| {
            let read = |row: &Row<'_>| {
                let mut sum = Totals {
                    traces: row.integer(1).unwrap_or_default().cast_unsigned(),
                    errors: row.integer(2).unwrap_or_default().cast_unsigned(),
                    last_trace_time: row.integer(3).map(Timestamp::from_millis),
                    token_usage: None,
                };
                sum.add_usage(&columns::usage(row, 4).unwrap_or_default());
                Ok((row.text(0).unwrap_or_default(), sum))
            };
            let sql = if part.first == part.last { &one_row } else { &range };
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([part.first, part.last], read)?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        for (experiment, sum) in sums {
            totals.entry(experiment).or_default().add(&sum);
        }
        Ok(())
    };
    for part in RowRange::of_traces(store)?.parts(ROWS_PER_PART) {
        problems.extend(part.read_around_damage(&mut add)?.then(damage::lost_traces));
    }
    match add_recorded_rows(store, &mut totals) {
        Err(error) if damage::is_damage(&error) => {
            let message = "the database is damaged; the recorded tokens of some traces cannot be read";
            problems.push(Problem::new("damaged_trace", message));
        }
        added => added?,
    }
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
