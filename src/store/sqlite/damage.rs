//! Damage of a database: which errors affect some rows only.

use crate::model::Problem;
use crate::store::error::{DatabaseError, Result, StoreError};

/// Whether an error affects some rows only, so that others may still be readable.
pub(super) fn is_row_damage(error: &rusqlite::Error) -> bool {
    is_too_big(error) || matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt))
}

/// The same for an error of a read.
pub(super) fn is_damage(error: &StoreError) -> bool {
    let StoreError::Database(error) = error else { return false };
    matches!(&**error, DatabaseError::Sqlite { source, .. } if is_row_damage(source))
}

/// Whether a value is longer than [`crate::limits::VALUE_BYTES`].
pub(super) fn is_too_big(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::TooBig))
}

/// The problem of traces that are lost. How many these are is not known; equal problems are reported once.
pub(super) fn lost_traces() -> Problem {
    Problem::new("damaged_trace", "the database is damaged; some traces cannot be read")
}

/// Returns nothing if what was read is damaged.
pub(super) fn unless_damaged<T>(read: Result<Option<T>>) -> Result<Option<T>> {
    match read {
        Err(error) if is_damage(&error) => Ok(None),
        read => read,
    }
}
