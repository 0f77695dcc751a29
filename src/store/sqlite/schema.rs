//! What a database can answer, told by its tables and columns: revision numbers do not order, and upgrades break off half-way.

use rusqlite::{Connection, OptionalExtension as _};
use std::collections::{HashMap, HashSet};

/// Tables and their columns, those of generated columns too.
#[derive(Clone)]
pub(super) struct Schema {
    columns: HashMap<String, HashSet<String>>,
    /// A table that is none, and what it is instead.
    impostor: Option<(String, String)>,
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

/// The name of such a table that is not an ordinary one, and whether it is a view. SQLite checks that type and name of a row
/// are those of the statement in it.
const IMPOSTOR: &str = "select name, type = 'view' from sqlite_schema \
    where lower(name) in (select value from json_each(?)) and type in ('table', 'view') \
    and (type = 'view' or lower(sql) like 'create virtual%')";

impl Schema {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let impostor = impostor(connection)?;
        if impostor.is_some() {
            // Even to ask a view for its columns may be to run it.
            return Ok(Self { columns: HashMap::new(), impostor });
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
        Ok(Self { columns, impostor })
    }

    /// A table of MLflow's that is a view or a virtual table here, and which of these it is. A query of one runs whatever
    /// its maker wrote.
    pub(super) fn impostor(&self) -> Option<(&str, &str)> {
        self.impostor.as_ref().map(|(name, kind)| (name.as_str(), kind.as_str()))
    }

    pub(super) fn has_table(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    pub(super) fn has(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// A column of the table called `t` in the query, or `null` where this database has no such column.
    pub(super) fn column(&self, table: &str, column: &str) -> String {
        if self.has(table, column) { format!("t.{column}") } else { "null".to_owned() }
    }

    /// A value that is a row of a key/value table before 3.17 and a column since: the column first, since MLflow ignores
    /// left-over rows, and the row where a half-done upgrade has not filled the column.
    pub(super) fn promoted(&self, column: &str, table: &str, key: &str) -> String {
        let row = if self.has_table(table) {
            format!(
                "(select value from {table} where key = '{}' and request_id = t.request_id)",
                key.replace('\'', "''")
            )
        } else {
            "null".to_owned()
        };
        if self.has("trace_info", column) { format!("coalesce(t.{column}, {row})") } else { row }
    }

    /// A figure of a whole trace: a column since 3.17, part of a JSON text in the metadata before.
    pub(super) fn figure(&self, column: &str, metadata_key: &str) -> String {
        let row = self.promoted("", "trace_request_metadata", metadata_key);
        let recorded =
            format!("(select case when json_valid(v) then json_extract(v, '$.{column}') end from (select {row} as v))");
        if self.has("trace_info", column) { format!("coalesce(t.{column}, {recorded})") } else { recorded }
    }
}

fn impostor(connection: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    let names: Vec<&str> = TABLES.iter().copied().chain(["alembic_version"]).collect();
    let names = serde_json::to_string(&names).unwrap_or_default();
    let kind = |is_view| if is_view { "a view" } else { "a virtual table" };
    let found = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, kind(row.get(1)?).to_owned()));
    connection.query_row(IMPOSTOR, [names], found).optional()
}
