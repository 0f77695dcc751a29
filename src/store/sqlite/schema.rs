//! Reads which tables and columns a database has.

use super::dialect::SQLITE;
use crate::store::sql::{Schema, TABLES};
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::{HashMap, HashSet};

/// Selects one of MLflow's tables that is not an ordinary table, and whether it is a view. SQLite checks that type and
/// name of each row match the statement in it.
const NON_TABLE_SQL: &str = "select name, type = 'view' from sqlite_schema \
    where lower(name) in (select value from json_each(?)) and type in ('table', 'view') \
    and (type = 'view' or lower(sql) like 'create virtual%')";

/// What a database has in place of MLflow's tables.
pub(super) enum FoundTables {
    /// Ordinary tables.
    Ordinary(Schema),
    /// A table of this name is a view or a virtual table, and which of them. A query on it could run arbitrary SQL.
    Foreign(String, String),
}

/// Reads the tables and columns.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<FoundTables> {
    if let Some((name, kind)) = find_non_table(connection)? {
        // Even reading a view's columns may run it.
        return Ok(FoundTables::Foreign(name, kind));
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
    Ok(FoundTables::Ordinary(Schema::new(columns, &SQLITE)))
}

fn find_non_table(connection: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    let names: Vec<&str> = TABLES.iter().copied().chain(["alembic_version"]).collect();
    let names = serde_json::to_string(&names).unwrap_or_default();
    let kind = |is_view| if is_view { "a view" } else { "a virtual table" };
    let found = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, kind(row.get(1)?).to_owned()));
    connection.query_row(NON_TABLE_SQL, [names], found).optional()
}
