//! Reads without SQLite's lock, which a stopped program (SIGSTOP) would hold.
//!
//! The file is checked before and after: the result is used only if no program was writing at either time, and none
//! wrote in between. If SQLite reports a page that changed during the read as damaged, that result is dropped too.

use super::pause;
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A number that changes with each commit of another program. Takes the lock, and does not read the schema.
pub(super) const VERSION: &str = "pragma data_version";

/// The properties of a database that a write changes.
#[derive(PartialEq)]
struct FileState {
    /// The result of [`VERSION`].
    version: i64,
    bytes: u64,
    /// Time of the last write, including those of rolled-back transactions.
    written: SystemTime,
}

/// The longest interval at which Linux updates the clock for file times. A second write within it may not change the
/// time.
const TICK: Duration = Duration::from_millis(11);

/// The same for file systems that store times in whole seconds.
const SECOND: Duration = Duration::from_secs(2);

/// Runs reads of the file at `path`; `work` receives its version. `connection` is open on the file and not in a
/// transaction.
///
/// `None` if another program writes in the meantime, or wrote less than a tick ago. If `waits_for_tick`, waits for the
/// rest of a tick of [`TICK`].
pub(super) fn read<T>(
    path: &Path,
    connection: &Connection,
    waits_for_tick: bool,
    work: impl FnOnce(i64) -> Option<T>,
) -> Option<T> {
    // Windows may set the time of a file only when its writer closes it.
    let before = if cfg!(unix) { FileState::read(path, connection)? } else { return None };
    let since_epoch = before.written.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let tick = if since_epoch.subsec_nanos() == 0 { SECOND } else { TICK };
    // Fails if the clock was set back since.
    let since_write = before.written.elapsed().ok()?;
    if let Some(left) = tick.checked_sub(since_write) {
        if !waits_for_tick || left > TICK {
            return None;
        }
        std::thread::sleep(left);
    }
    let value = work(before.version)?;
    (FileState::read(path, connection)? == before).then_some(value)
}

impl FileState {
    /// `None` if a program is writing, or left an unfinished transaction.
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
    fn a_read_during_a_write_is_dropped() {
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
