//! The SQL of PostgreSQL.

use crate::query::Glob;
use crate::store::sql::{Dialect, Sql, SqlValue};

/// The dialect of PostgreSQL.
pub(super) static POSTGRES: PostgresDialect = PostgresDialect;

/// The dialect of PostgreSQL.
pub(super) struct PostgresDialect;

/// A number in JSON, short enough to be a float.
const NUMBER: &str = "-?[0-9]{1,200}(\\.[0-9]{1,200})?([eE][+-]?[0-9]{1,2})?";

fn with_text(sql: String, text: &str) -> Sql {
    Sql::new(sql, vec![SqlValue::Text(text.to_owned())])
}

impl Dialect for PostgresDialect {
    fn is_in(&self, value: &str, list: &[String], is_negated: bool) -> Sql {
        let operator = if is_negated { "<> all" } else { "= any" };
        Sql::new(format!("{value} {operator}(?)"), vec![SqlValue::TextList(list.to_vec())])
    }

    /// Without an escape character, as in SQLite.
    fn like(&self, value: &str, pattern: &str) -> Option<Sql> {
        Some(with_text(format!("{value} like ? escape ''"), pattern))
    }

    /// In the collation `C`, case is that of ASCII letters, as in SQLite.
    fn ilike(&self, value: &str, pattern: &str) -> Option<Sql> {
        let sql = format!("lower({value} collate \"C\") like lower(? collate \"C\") escape ''");
        Some(with_text(sql, pattern))
    }

    /// The regular expressions of PostgreSQL differ from Python's.
    fn regexp(&self, _value: &str, _pattern: &str) -> Option<Sql> {
        None
    }

    fn glob(&self, value: &str, glob: &Glob) -> Sql {
        with_text(format!("{value} like ? escape '\\'"), &glob.to_like())
    }

    fn contains(&self, value: &str, text: &str) -> Sql {
        with_text(format!("strpos({value}, ?) > 0"), text)
    }

    /// By a regular expression, since a text that is no JSON would be an error.
    fn json_number(&self, text: &str, member: &str) -> String {
        format!("substring({text} from '\"{member}\"\\s*:\\s*({NUMBER})')::float8")
    }

    fn compares_numbers_with_text(&self) -> bool {
        false
    }
}
