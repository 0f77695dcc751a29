//! The tables and columns of a database, which determine what can be queried: revision ids have no order, and an
//! upgrade may have failed halfway.

use super::dialect::Dialect;
use std::collections::{HashMap, HashSet};

/// The token columns (MLflow 3.17+), in the order in which MLflow writes them to metadata.
pub(in crate::store) const TOKENS: [&str; 6] = [
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
];

/// The cost columns (MLflow 3.17+).
pub(in crate::store) const COSTS: [&str; 3] = ["input_cost", "output_cost", "total_cost"];

/// The tables that this program reads.
pub(in crate::store) const TABLES: [&str; 8] = [
    "experiments",
    "experiment_tags",
    "trace_info",
    "trace_tags",
    "trace_request_metadata",
    "spans",
    "assessments",
    "entity_associations",
];

/// Tables and their columns, including generated ones.
#[derive(Clone)]
pub(in crate::store) struct Schema {
    columns: HashMap<String, HashSet<String>>,
    dialect: &'static dyn Dialect,
}

impl Schema {
    /// The columns of each of the [`TABLES`] that exist.
    pub(in crate::store) fn new(columns: HashMap<String, HashSet<String>>, dialect: &'static dyn Dialect) -> Self {
        Self { columns, dialect }
    }

    /// The dialect of the database.
    pub(in crate::store) const fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    pub(in crate::store) fn has_table(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    pub(in crate::store) fn has_column(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// Returns SQL for a column of the table aliased `t`: `null` if this database has no such column.
    pub(in crate::store) fn column(&self, table: &str, column: &str) -> String {
        if self.has_column(table, column) { format!("t.{column}") } else { "null".to_owned() }
    }

    /// Returns SQL for a value that is a row of a key/value table before 3.17 and a column since. The column takes
    /// precedence, since MLflow ignores leftover rows; the row is used if an incomplete upgrade has not filled the
    /// column.
    pub(in crate::store) fn promoted(&self, column: &str, table: &str, key: &str) -> String {
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
    pub(in crate::store) fn promoted_figure(&self, column: &str, metadata_key: &str) -> String {
        let row = self.promoted("", "trace_request_metadata", metadata_key);
        let recorded = self.dialect.json_number(&row, column);
        if self.has_column("trace_info", column) { format!("coalesce(t.{column}, {recorded})") } else { recorded }
    }
}
