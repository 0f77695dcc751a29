//! What differs between databases in the SQL of conditions.

use super::statement::Sql;
use crate::query::Glob;

/// How a database expresses a condition. A text is compared case-sensitively, as by MLflow.
pub(in crate::store) trait Dialect: Sync {
    /// Tests that a value is one of many, or that it is none of them. There may be thousands, so they are one parameter.
    fn is_in(&self, value: &str, list: &[String], is_negated: bool) -> Sql;

    /// Tests a value with a `LIKE` pattern. `None` for patterns that the database rejects.
    fn like(&self, value: &str, pattern: &str) -> Option<Sql>;

    /// Does the same ignoring case.
    fn ilike(&self, value: &str, pattern: &str) -> Option<Sql>;

    /// Searches a value for a regular expression of Python. `None` if the database has no such search.
    fn regexp(&self, value: &str, pattern: &str) -> Option<Sql>;

    /// Tests a value with a pattern whose `*` and `?` stand for characters.
    fn glob(&self, value: &str, glob: &Glob) -> Sql;

    /// Tests that a value contains a text.
    fn contains(&self, value: &str, text: &str) -> Sql;

    /// Returns SQL for a number in a text that may be a JSON object; null if there is none.
    fn json_number(&self, text: &str, member: &str) -> String;

    /// Whether a number may be compared with a text, as in SQLite. Otherwise it is an error.
    fn compares_numbers_with_text(&self) -> bool;
}
