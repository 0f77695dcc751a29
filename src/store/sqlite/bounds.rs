//! Limits on what a query of an untrusted database may cost.

use super::conditions::{self, Regexes};
use crate::limits;
use crate::query::Filter;
use rusqlite::Connection;
use rusqlite::limits::Limit;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

/// Limits and functions that all connections to a database share.
#[derive(Default)]
pub(super) struct Bounds {
    /// What `REGEXP` looks patterns up in.
    regexes: Regexes,
    /// How often the running read has taken [`STEPS`].
    steps: Arc<AtomicU64>,
}

/// Steps of SQLite's virtual machine between two looks at how many a read has taken: some 10 ms.
const STEPS: u32 = 1_000_000;

impl Bounds {
    /// Adds the functions of queries and the limits to a connection.
    pub(super) fn prepare(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        conditions::prepare(connection, &self.regexes)?;
        // No function that reaches outside runs from a generated column or an index.
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, limits::VALUE_BYTES.cast_signed())?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?;
        let taken = Arc::clone(&self.steps);
        let is_too_long = move || (taken.fetch_add(1, Ordering::Relaxed) + 1) * u64::from(STEPS) > limits::READ_STEPS;
        connection.progress_handler(STEPS.cast_signed(), Some(is_too_long))
    }

    /// Starts counting the steps of a read.
    pub(super) fn restart_steps(&self) {
        self.steps.store(0, Ordering::Relaxed);
    }

    /// Leaves a read few steps.
    #[cfg(test)]
    pub(super) fn use_up_steps(&self) {
        self.steps.store(limits::READ_STEPS / u64::from(STEPS), Ordering::Relaxed);
    }

    /// Has the database search with the expressions of a filter, so that their cost is counted in one place.
    pub(super) fn use_regexes_of(&self, filter: &Filter) {
        let regexes = filter.regexes().map(|regex| (regex.pattern().to_owned(), regex.clone())).collect();
        *self.regexes.lock().unwrap_or_else(PoisonError::into_inner) = regexes;
    }
}
