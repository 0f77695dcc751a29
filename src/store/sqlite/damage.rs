//! Damage of a database: which errors affect some rows only, and reading the others.

use super::parts::RowRange;
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

/// How many times a damaged part is halved: enough for one of 8,192 rows to lose the damaged ones only.
const MAX_HALVINGS: u32 = 13;

/// Calls `read` with a part. If the part is damaged, calls it with its halves, so that as little as possible is lost; what
/// it had read of the whole part must not count then. Returns whether something is lost.
pub(super) fn read_around(part: RowRange, read: &mut dyn FnMut(RowRange) -> Result<()>) -> Result<bool> {
    halve_around(part, MAX_HALVINGS, read)
}

fn halve_around(part: RowRange, halvings: u32, read: &mut dyn FnMut(RowRange) -> Result<()>) -> Result<bool> {
    match read(part) {
        Ok(()) => Ok(false),
        Err(error) if !is_damage(&error) => Err(error),
        Err(_) if halvings > 0 && part.first < part.last => {
            let middle = part.first + (part.last - part.first) / 2;
            let is_first_lost = halve_around(RowRange { last: middle, ..part }, halvings - 1, read)?;
            Ok(halve_around(RowRange { first: middle + 1, ..part }, halvings - 1, read)? || is_first_lost)
        }
        Err(_) => Ok(true),
    }
}
