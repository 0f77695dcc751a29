//! Limits on the cost of queries on an untrusted database.

use super::functions::{self, Regexes};
use crate::limits;
use crate::query::Filter;
use rusqlite::Connection;
use rusqlite::limits::Limit;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

/// Limits and functions shared by the connections to a database.
#[derive(Default)]
pub(super) struct Bounds {
    /// The compiled patterns for `REGEXP`.
    regexes: Regexes,
    /// How many times the running read has taken [`STEPS_PER_CHECK`] steps.
    steps: Arc<AtomicU64>,
}

/// Steps of SQLite's virtual machine between two checks of a read's step count: about 10 ms.
const STEPS_PER_CHECK: u32 = 1_000_000;

impl Bounds {
    /// Adds the limits and the SQL functions to a connection.
    pub(super) fn prepare(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        functions::register(connection, &self.regexes)?;
        // Functions with side effects must not run from a generated column or an index.
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, limits::VALUE_BYTES.cast_signed())?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?;
        let taken = Arc::clone(&self.steps);
        let is_too_long =
            move || (taken.fetch_add(1, Ordering::Relaxed) + 1) * u64::from(STEPS_PER_CHECK) > limits::READ_STEPS;
        connection.progress_handler(STEPS_PER_CHECK.cast_signed(), Some(is_too_long))
    }

    /// Resets the step count before a read.
    pub(super) fn restart_steps(&self) {
        self.steps.store(0, Ordering::Relaxed);
    }

    /// Leaves the running read almost no steps.
    #[cfg(test)]
    pub(super) fn use_up_steps(&self) {
        self.steps.store(limits::READ_STEPS / u64::from(STEPS_PER_CHECK), Ordering::Relaxed);
    }

    /// Makes `REGEXP` use the regular expressions of a filter, so that their cost is counted in one place. Those of other
    /// searches stay, which may still be running.
    pub(super) fn use_regexes(&self, filter: &Filter) {
        let regexes = filter.regexes().map(|regex| (regex.pattern().to_owned(), regex.clone()));
        self.regexes.lock().unwrap_or_else(PoisonError::into_inner).extend(regexes);
    }
}
