//! Reading while no lock is held.
//!
//! A read holds a lock of SQLite's, and a program that is stopped within one (SIGSTOP) goes on holding it. What takes long is
//! read without it, between two moments at which nobody was writing, and is used only if nobody has written between them.
//! SQLite takes a page that changes while it is read for a damaged one at worst.

use super::pause;
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Asks for a number that changes whenever another program has written to the database. Takes the lock, and needs no schema.
pub(super) const VERSION: &str = "pragma data_version";

/// What changes when somebody writes.
#[derive(PartialEq)]
pub(super) struct State {
    /// Changes with every transaction of another program that is committed.
    pub(super) version: i64,
    /// The size of the file.
    pub(super) bytes: u64,
    /// When it was last written to. Changes with transactions that are rolled back too.
    written: SystemTime,
}

/// A second write within it may leave a file at the time of the first: so far apart are the ticks of Linux's clocks at most.
const TICK: Duration = Duration::from_millis(11);

/// The same where the file system keeps no parts of a second.
const SECOND: Duration = Duration::from_secs(2);

/// Reads from a file that `connection` is to, outside of a transaction. None where somebody writes to it. One that was
/// written to just now can be waited for until another write would leave it at another time.
pub(super) fn read<T>(
    path: &Path,
    connection: &Connection,
    waits: bool,
    work: impl FnOnce(&State) -> Option<T>,
) -> Option<(T, State)> {
    // Windows may set the time of a file only when its writer closes it.
    let before = if cfg!(unix) { State::read(path, connection)? } else { return None };
    let since_epoch = before.written.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let tick = if since_epoch.subsec_nanos() == 0 { SECOND } else { TICK };
    // None where the clock was set back since.
    let since_write = before.written.elapsed().ok()?;
    if let Some(left) = tick.checked_sub(since_write) {
        if !waits || left > TICK {
            return None;
        }
        std::thread::sleep(left);
    }
    let value = work(&before)?;
    (State::read(path, connection)? == before).then_some((value, before))
}

impl State {
    /// None while somebody is writing, or where an unfinished transaction lies beside the database.
    fn read(path: &Path, connection: &Connection) -> Option<Self> {
        let _open = pause::begin_read();
        let mut statement = connection.prepare_cached(VERSION).ok()?;
        let mut lock = statement.query([]).ok()?;
        let version = lock.next().ok()??.get(0).ok()?;
        let metadata = path.metadata().ok()?;
        Some(Self { version, bytes: metadata.len(), written: metadata.modified().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_while_somebody_wrote_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let writer = Connection::open(&path).unwrap();
        // Writes into the file long before it commits.
        writer
            .execute_batch("pragma cache_size = 1; create table t (x); insert into t values (zeroblob(100000))")
            .unwrap();
        let reader = Connection::open(&path).unwrap();
        let read = |work: &dyn Fn()| {
            let value = read(&path, &reader, true, |_| {
                work();
                Some(())
            });
            value.is_some()
        };
        assert!(read(&|| {}));
        assert!(!read(&|| writer.execute_batch("insert into t values (1)").unwrap()));
        assert!(read(&|| {}));
        let undone = "begin; update t set x = randomblob(100000); insert into t select x from t; rollback";
        assert!(!read(&|| writer.execute_batch(undone).unwrap()));
        assert!(read(&|| {}));
        writer.execute_batch("begin exclusive").unwrap();
        reader.busy_timeout(Duration::ZERO).unwrap();
        assert!(!read(&|| {}));
    }
}
