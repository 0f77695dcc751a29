//! Reads a tag or metadata entry of the traces of a page.
//!
//! MLflow writes the entries of a trace when it writes the trace, so entries of adjacent traces are near each other. All
//! rows between those of the first and the last trace are read in file order, which takes a fraction of the time of
//! finding each entry in the index.

use super::trace_row::TraceRow;
use crate::query::Label;
use crate::store::sql::SqlRow as _;
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::HashMap;

/// A tag or metadata entry.
pub(super) struct PageLabel {
    pub(super) label: Label,
    find_row: String,
    find_value: String,
    range: String,
}

/// The maximum number of rows per trace that are read in file order: with more, entries of other traces lie in between,
/// and finding each in the index is faster.
const MAX_ROWS_PER_TRACE: usize = 64;

impl PageLabel {
    /// `table` is the table of tags or of metadata.
    pub(super) fn new(table: &str, key: &str, label: Label) -> Self {
        let find = |column: &str| format!("select {column} from {table} where key = '{key}' and request_id = ?");
        Self {
            label,
            find_row: find("rowid"),
            find_value: find("value"),
            range: format!(
                "select request_id, value from {table} not indexed where rowid >= ? and rowid <= ? and key = '{key}'"
            ),
        }
    }

    /// Returns the values of the traces of a page, which are in file order.
    pub(super) fn read(
        &self,
        connection: &Connection,
        traces: &[&TraceRow],
    ) -> rusqlite::Result<HashMap<String, String>> {
        let mut values = HashMap::with_capacity(traces.len());
        if let Some((first, last)) = self.ends(connection, traces)? {
            let mut statement = connection.prepare_cached(&self.range)?;
            let mut rows = statement.query((first, last))?;
            while let Some(row) = rows.next()? {
                values.extend(row.text(0).zip(row.text(1)));
            }
        }
        let mut statement = connection.prepare_cached(&self.find_value)?;
        for trace in traces.iter().filter(|trace| !values.contains_key(&trace.id)).collect::<Vec<_>>() {
            let mut rows = statement.query([&trace.id])?;
            if let Some(value) = rows.next()?.and_then(|row| row.text(0)) {
                values.insert(trace.id.clone(), value);
            }
        }
        Ok(values)
    }

    /// Returns the rows of the first and the last trace, unless many others may lie in between.
    fn ends(&self, connection: &Connection, traces: &[&TraceRow]) -> rusqlite::Result<Option<(i64, i64)>> {
        let mut statement = connection.prepare_cached(&self.find_row)?;
        let mut find = |trace: Option<&&TraceRow>| -> rusqlite::Result<Option<i64>> {
            let Some(trace) = trace else { return Ok(None) };
            statement.query_row([&trace.id], |row| row.get(0)).optional()
        };
        let (first, last) = (find(traces.first())?, find(traces.last())?);
        let max = i64::try_from(traces.len().saturating_mul(MAX_ROWS_PER_TRACE)).unwrap_or(i64::MAX);
        Ok(first.zip(last).filter(|(first, last)| (0..max).contains(&last.saturating_sub(*first))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the tag `a` of the traces 1, 2 and 3, whose entries are in these rows.
    fn values_of_rows(rows: [Option<i64>; 3]) -> [Option<String>; 3] {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("create table trace_tags (key, value, request_id, primary key (key, request_id))")
            .unwrap();
        let traces = ["1", "2", "3"].map(|id| TraceRow { rowid: 0, id: id.to_owned() });
        for (trace, row) in traces.iter().zip(rows).filter_map(|(trace, row)| Some((trace, row?))) {
            let sql = "insert into trace_tags (rowid, key, value, request_id) values (?1, 'a', 'of ' || ?2, ?2), (?1 + 1, 'b', 'no', ?2)";
            connection.execute(sql, (row, &trace.id)).unwrap();
        }
        let label = PageLabel::new("trace_tags", "a", Label::Tag("a".to_owned()));
        let mut values = label.read(&connection, &traces.iter().collect::<Vec<_>>()).unwrap();
        traces.map(|trace| values.remove(&trace.id))
    }

    #[test]
    fn entries_are_found_wherever_they_are() {
        let value = |id: &str| Some(format!("of {id}"));
        let far = i64::try_from(MAX_ROWS_PER_TRACE * 3).unwrap();
        for rows in [[10, 20, 30], [30, 20, 10], [10, far * 2, 20], [10, 20, 10 + far], [10, 20, i64::MAX - 1]] {
            assert_eq!(values_of_rows(rows.map(Some)), ["1", "2", "3"].map(value), "{rows:?}");
        }
        assert_eq!(values_of_rows([Some(10), None, Some(20)]), [value("1"), None, value("3")]);
        assert_eq!(values_of_rows([None, Some(10), None]), [None, value("2"), None]);
        assert_eq!(values_of_rows([None; 3]), [None, None, None]);
    }
}
