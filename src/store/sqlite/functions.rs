//! Functions that make SQLite compare text as MLflow does.

use crate::query::Regex;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The regular expressions of searches, by pattern. Their cost is counted over all statements and
/// connections.
pub(super) type Regexes = Arc<Mutex<HashMap<String, Regex>>>;

/// Makes a connection compare text as MLflow does: case-sensitive `LIKE`, and `REGEXP` with Python's syntax.
pub(super) fn register(connection: &Connection, regexes: &Regexes) -> rusqlite::Result<()> {
    connection.pragma_update(None, "case_sensitive_like", true)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let regexes = Arc::clone(regexes);
    let find = move |pattern: &str| {
        let known = regexes.lock().unwrap_or_else(PoisonError::into_inner).get(pattern).cloned();
        known.unwrap_or_else(|| Regex::new(pattern))
    };
    connection.create_scalar_function("regexp", 2, flags, move |call: &Context<'_>| {
        let regex: Arc<Regex> =
            call.get_or_create_aux(0, |pattern| Ok::<_, rusqlite::types::FromSqlError>(find(pattern.as_str()?)))?;
        Ok(match call.get_raw(1).as_bytes_or_null()? {
            Some(text) => regex.is_match(&String::from_utf8_lossy(text)),
            None => false,
        })
    })
}
