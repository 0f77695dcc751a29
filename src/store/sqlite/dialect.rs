//! The SQL of SQLite.

use crate::query::Glob;
use crate::store::sql::{Dialect, Sql, SqlValue};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// SQLite rejects longer patterns (`SQLITE_MAX_LIKE_PATTERN_LENGTH`).
const MAX_PATTERN_BYTES: usize = 50_000;

/// The dialect of SQLite. `LIKE` is case-sensitive and `REGEXP` exists on connections of this program.
pub(super) static SQLITE: SqliteDialect = SqliteDialect;

/// The dialect of SQLite.
pub(super) struct SqliteDialect;

fn with_text(sql: String, text: &str) -> Sql {
    Sql::new(sql, vec![SqlValue::Text(text.to_owned())])
}

impl Dialect for SqliteDialect {
    fn is_in(&self, value: &str, list: &[String], is_negated: bool) -> Sql {
        let negation = if is_negated { "not " } else { "" };
        let sql = format!("{value} {negation}in (select value from json_each(?))");
        Sql::new(sql, vec![SqlValue::TextList(list.to_vec())])
    }

    fn like(&self, value: &str, pattern: &str) -> Option<Sql> {
        (pattern.len() < MAX_PATTERN_BYTES).then(|| with_text(format!("{value} like ?"), pattern))
    }

    fn ilike(&self, value: &str, pattern: &str) -> Option<Sql> {
        (pattern.len() < MAX_PATTERN_BYTES).then(|| with_text(format!("lower({value}) like lower(?)"), pattern))
    }

    fn regexp(&self, value: &str, pattern: &str) -> Option<Sql> {
        Some(with_text(format!("{value} regexp ?"), pattern))
    }

    fn glob(&self, value: &str, glob: &Glob) -> Sql {
        with_text(format!("{value} glob ?"), &glob.to_sqlite())
    }

    fn contains(&self, value: &str, text: &str) -> Sql {
        with_text(format!("instr({value}, ?) > 0"), text)
    }

    fn json_number(&self, text: &str, member: &str) -> String {
        format!("(select case when json_valid(v) then json_extract(v, '$.{member}') end from (select {text} as v))")
    }

    fn compares_numbers_with_text(&self) -> bool {
        true
    }
}

impl ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Integer(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Real(number) => ToSqlOutput::Borrowed(ValueRef::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            // SQLite has no lists; `json_each` reads this one.
            Self::TextList(list) => ToSqlOutput::Owned(serde_json::to_string(list).unwrap_or_default().into()),
        })
    }
}
