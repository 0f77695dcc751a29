//! The tables and columns of a database, which determine what can be queried: revision ids have no order, and an
//! upgrade may have failed halfway.

use rusqlite::{Connection, OptionalExtension as _};
use std::collections::{HashMap, HashSet};

/// Tables and their columns, including generated ones.
#[derive(Clone)]
pub(super) struct Schema {
    columns: HashMap<String, HashSet<String>>,
    /// The name of a table that is a view or a virtual table, and which of them it is.
    non_table: Option<(String, String)>,
}

/// The tables that this program reads.
const TABLES: [&str; 8] = [
    "experiments",
    "experiment_tags",
    "trace_info",
    "trace_tags",
    "trace_request_metadata",
    "spans",
    "assessments",
    "entity_associations",
];

/// Selects one of these tables that is not an ordinary table, and whether it is a view. SQLite checks that type and
/// name of each row match the statement in it.
const NON_TABLE_SQL: &str = "select name, type = 'view' from sqlite_schema \
    where lower(name) in (select value from json_each(?)) and type in ('table', 'view') \
    and (type = 'view' or lower(sql) like 'create virtual%')";

impl Schema {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let non_table = find_non_table(connection)?;
        if non_table.is_some() {
            // Even reading a view's columns may run it.
            return Ok(Self { columns: HashMap::new(), non_table });
        }
        let mut statement = connection.prepare("select name from pragma_table_xinfo(?)")?;
        let mut columns = HashMap::new();
        for table in TABLES {
            let names: HashSet<String> =
                statement.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            if !names.is_empty() {
                columns.insert(table.to_owned(), names);
            }
        }
        Ok(Self { columns, non_table })
    }

    /// Returns the name of an MLflow table that is a view or a virtual table here, and which of them it is. A query on
    /// it could run arbitrary SQL.
    pub(super) fn non_table(&self) -> Option<(&str, &str)> {
        self.non_table.as_ref().map(|(name, kind)| (name.as_str(), kind.as_str()))
    }

    pub(super) fn has_table(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// Returns SQL for a column of the table aliased `t`: `null` if this database has no such column.
    pub(super) fn column(&self, table: &str, column: &str) -> String {
        if self.has_column(table, column) { format!("t.{column}") } else { "null".to_owned() }
    }

    /// Returns SQL for a value that is a row of a key/value table before 3.17 and a column since. The column takes
    /// precedence, since MLflow ignores leftover rows; the row is used if an incomplete upgrade has not filled the
    /// column.
    pub(super) fn promoted(&self, column: &str, table: &str, key: &str) -> String {
        let row = if self.has_table(table) {
            format!(
                "(select value from {table} where key = '{}' and request_id = t.request_id)",
                key.replace('\'', "''")
            )
        } else {
            "null".to_owned()
        };
        if self.has_column("trace_info", column) { format!("coalesce(t.{column}, {row})") } else { row }
    }

    /// Returns SQL for a token count or cost of a trace: a column since 3.17, and part of a JSON text in the metadata
    /// before.
    pub(super) fn promoted_figure(&self, column: &str, metadata_key: &str) -> String {
        let row = self.promoted("", "trace_request_metadata", metadata_key);
        let recorded =
            format!("(select case when json_valid(v) then json_extract(v, '$.{column}') end from (select {row} as v))");
        if self.has_column("trace_info", column) { format!("coalesce(t.{column}, {recorded})") } else { recorded }
    }
}

fn find_non_table(connection: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    let names: Vec<&str> = TABLES.iter().copied().chain(["alembic_version"]).collect();
    let names = serde_json::to_string(&names).unwrap_or_default();
    let kind = |is_view| if is_view { "a view" } else { "a virtual table" };
    let found = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, kind(row.get(1)?).to_owned()));
    connection.query_row(NON_TABLE_SQL, [names], found).optional()
}
