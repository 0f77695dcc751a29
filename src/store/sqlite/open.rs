//! Opens a database without creating files beside it and without blocking writers.

use super::bounds::Bounds;
use super::database_error;
use super::pause;
use super::recovery::{self, DatabaseImage};
use super::schema::{self, FoundTables};
use super::unlocked;
use crate::limits;
use crate::store::error::{CopyError, DatabaseError};
use flate2::read::ZlibDecoder;
use rusqlite::{Connection, OpenFlags};
use std::cell::Cell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

type Result<T> = std::result::Result<T, DatabaseError>;

/// The built-in sample: a compressed database written by MLflow; see `fixtures/README.md`.
static DEMO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mlflow.z"));

/// An open database, or a temporary copy of it.
pub(super) struct Database {
    /// The connection that takes SQLite's locks.
    pub(super) connection: Connection,
    /// The connection used for reads until another program writes.
    lock_free: Option<UnlockedConnection>,
    /// Whether the page cache of `connection` was enlarged.
    is_tuned: Cell<bool>,
    /// The temporary file with the copy, removed when dropped.
    copy: Option<tempfile::TempPath>,
    /// Why a copy is read, if one is read.
    copy_reason: Option<&'static str>,
    /// The limits and SQL functions of its connections.
    pub(super) bounds: Bounds,
}

/// A connection that takes no locks and notices no changes. At its first read, SQLite parses the whole schema under its
/// lock (1.5 ms for the 72 tables of MLflow 3.18); this connection has done so without one.
struct UnlockedConnection {
    path: PathBuf,
    connection: Connection,
    /// The version of the database that it reads.
    version: i64,
    /// Whether an unlocked read is running.
    is_reading: Cell<bool>,
    /// Whether another program wrote, or it may hold pages of an unfinished write.
    is_stale: Cell<bool>,
}

/// The maximum number of attempts to open a database while its `-wal` and `-shm` files appear or disappear.
const MAX_TRIES: u8 = 10;

impl Database {
    /// Opens a database file.
    ///
    /// If there is a `-wal` file, SQLite opens its `-shm` file, or creates it if it is missing, regardless of the mode
    /// in the header of the database. So with both files, the database is shared with the writer as usual; with only a
    /// `-wal` file (a copied store, or a crash), a temporary copy is read. A database in WAL mode without these files
    /// is complete and is read in place. A copy is also read if `-journal` contains an unfinished transaction of a
    /// killed writer, since rolling it back would modify the database.
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::open_with_tries(path, MAX_TRIES)
    }

    fn open_with_tries(path: &Path, tries: u8) -> Result<Self> {
        require_regular_sidecars(path)?;
        let exists = |suffix: &str| sidecar(path, suffix).exists();
        let is_wal = is_wal(path).map_err(|source| DatabaseError::Unreadable { path: path.to_owned(), source })?;
        match (is_wal, exists("-wal"), exists("-shm")) {
            (true, false, _) => Self::connect(path, "?immutable=1"),
            (_, true, false) => {
                let copied = Self::copy(path, "its `-wal` file has no `-shm` file");
                // A writer opened or closed the database in the meantime.
                if tries > 1 && (exists("-shm") || !exists("-wal")) {
                    return Self::open_with_tries(path, tries - 1);
                }
                copied
            }
            (_, true, true) => {
                let opened = Self::connect(path, "?mode=ro");
                // The last writer removes both files when it closes the database.
                if tries > 1 && opened.as_ref().is_ok_and(Self::cannot_begin) {
                    return Self::open_with_tries(path, tries - 1);
                }
                opened
            }
            (false, false, _) => {
                let opened = Self::connect(path, "?mode=ro");
                let is_unfinished = exists("-journal") && opened.as_ref().is_ok_and(Self::cannot_begin);
                if is_unfinished {
                    Self::copy(path, "its `-journal` file holds an unfinished transaction")
                } else {
                    opened.map(|opened| opened.with_lock_free(path))
                }
            }
        }?
        .with_bounds(path)
    }

    /// Adds the lock-free connection, unless a program is writing.
    fn with_lock_free(mut self, path: &Path) -> Self {
        self.lock_free = unlocked::read(path, &self.connection, true, |version| {
            let mut connection = Self::connect(path, "?immutable=1").ok()?.connection;
            self.bounds.prepare(&mut connection).and_then(|()| tune(&connection)).ok()?;
            let path = path.to_owned();
            Some(UnlockedConnection {
                path,
                connection,
                version,
                is_reading: Cell::new(false),
                is_stale: Cell::new(false),
            })
        });
        self
    }

    /// Adds the limits and SQL functions to the connection.
    fn with_bounds(mut self, path: &Path) -> Result<Self> {
        let prepared = self.bounds.prepare(&mut self.connection);
        prepared.map_err(|error| database_error(&path.display().to_string(), error))?;
        Ok(self)
    }

    /// Runs a read in its own transaction, or within the running unlocked read.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.bounds.restart_steps();
        if let Some(lock_free) = self.lock_free.as_ref().filter(|lock_free| lock_free.is_reading.get()) {
            return work(&lock_free.connection);
        }
        let _open = pause::begin_read();
        if let Some(lock_free) = self.lock_free.as_ref().filter(|lock_free| !lock_free.is_stale.get()) {
            // SQLite holds its lock until the statement ends, and `lock` stays at its first row.
            let mut statement = self.connection.prepare_cached(unlocked::VERSION)?;
            let mut lock = statement.query([])?;
            if lock.next()?.is_some_and(|row| row.get(0) == Ok(lock_free.version)) {
                return work(&lock_free.connection);
            }
        }
        let transaction = self.connection.unchecked_transaction()?;
        if !self.is_tuned.replace(true) {
            tune(&transaction)?;
        }
        work(&transaction)
    }

    /// Whether the running read holds SQLite's lock.
    pub(super) fn blocks_writers(&self) -> bool {
        !self.lock_free.as_ref().is_some_and(|lock_free| lock_free.is_reading.get())
    }

    /// Runs reads without a lock. `None` if another program wrote in the meantime, or the reads failed: run them again
    /// with locks.
    pub(super) fn unlocked<T>(&self, work: impl FnOnce() -> Option<T>) -> Option<T> {
        let lock_free =
            self.lock_free.as_ref().filter(|lock_free| !lock_free.is_stale.get() && !lock_free.is_reading.get())?;
        let read = unlocked::read(&lock_free.path, &self.connection, false, |version| {
            lock_free.is_stale.set(true);
            if version != lock_free.version {
                return None;
            }
            lock_free.is_reading.set(true);
            let value = work();
            lock_free.is_reading.set(false);
            value
        });
        if read.is_some() {
            lock_free.is_stale.set(false);
        }
        read
    }

    /// Reads its tables and columns.
    pub(super) fn tables(&self) -> rusqlite::Result<FoundTables> {
        let read = || self.read(schema::read);
        self.unlocked(|| read().ok()).map_or_else(read, Ok)
    }

    /// Returns a number that changes with each commit of another program. Call it within a read.
    pub(super) fn version(&self) -> rusqlite::Result<i64> {
        match &self.lock_free {
            Some(lock_free) if lock_free.is_reading.get() => Ok(lock_free.version),
            _ => self.connection.prepare_cached(unlocked::VERSION)?.query_row([], |row| row.get(0)),
        }
    }

    /// Opens the built-in sample.
    pub(super) fn demo() -> Result<Self> {
        let open = || {
            let mut bytes = Vec::new();
            // Compressed at build time, and read by tests, so this cannot fail.
            let _ = ZlibDecoder::new(DEMO).read_to_end(&mut bytes);
            let mut opened = Self::from_bytes(&bytes)?;
            opened.bounds.prepare(&mut opened.connection)?;
            Ok(opened)
        };
        open().map_err(|error| database_error("demo:", error))
    }

    /// Wraps a connection opened by a test.
    #[cfg(test)]
    pub(super) fn from_connection(connection: Connection) -> rusqlite::Result<Self> {
        let mut database = Self::new(connection);
        database.bounds.prepare(&mut database.connection)?;
        Ok(database)
    }

    fn connect(path: &Path, options: &str) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(file_uri(path) + options, flags)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| database_error(&path.display().to_string(), error))?;
        Ok(Self::new(connection))
    }

    fn new(connection: Connection) -> Self {
        Self {
            connection,
            lock_free: None,
            copy: None,
            copy_reason: None,
            is_tuned: Cell::new(false),
            bounds: Bounds::default(),
        }
    }

    /// Returns why a temporary copy is read, if one is read.
    pub(super) const fn copy_reason(&self) -> Option<&'static str> {
        self.copy_reason
    }

    /// Whether the first read fails because a killed writer's transaction has to be rolled back, or because a file
    /// beside the database cannot be opened.
    fn cannot_begin(&self) -> bool {
        let _open = pause::begin_read();
        let first = self.connection.query_row("select count(*) from sqlite_master", [], |_| Ok(()));
        let code = first.err().and_then(|error| error.sqlite_error().map(|error| error.extended_code));
        matches!(code, Some(rusqlite::ffi::SQLITE_READONLY_ROLLBACK | rusqlite::ffi::SQLITE_CANTOPEN))
    }

    /// Copies the database, recovers the copy to its last complete transaction, and opens it.
    fn copy(path: &Path, reason: &'static str) -> Result<Self> {
        let parts = ["", "-wal", "-journal"].map(|suffix| sidecar(path, suffix));
        let size: u64 = parts.iter().filter_map(|part| part.metadata().ok()).map(|metadata| metadata.len()).sum();
        let opened = match size {
            _ if size > limits::COPY_BYTES => Err(CopyError::TooLarge(size)),
            ..=limits::COPY_IN_MEMORY_BYTES => Self::copy_to_memory(path),
            _ => Self::copy_to_file(path),
        };
        let opened = opened.map_err(|source| DatabaseError::Copy { path: path.to_owned(), reason, source })?;
        Ok(Self { copy_reason: Some(reason), ..opened })
    }

    /// Opens a copy in memory.
    fn copy_to_memory(path: &Path) -> std::result::Result<Self, CopyError> {
        let mut image = std::fs::read(path)?;
        recover(&mut image, path)?;
        Ok(Self::from_bytes(&image).map_err(|error| database_error(&path.display().to_string(), error))?)
    }

    /// Opens a copy in a temporary file. The file is unlinked once SQLite has opened it, still empty, so that it
    /// disappears even if the process is killed.
    fn copy_to_file(path: &Path) -> std::result::Result<Self, CopyError> {
        let copy = tempfile::Builder::new().prefix("mltrace-").tempfile()?;
        let (mut file, name) = copy.into_parts();
        let mut opened = Self::connect(&name, "?mode=ro&nolock=1")?;
        // Elsewhere, an open file cannot be unlinked; it is removed with the connection.
        opened.copy = Some(name).filter(|_| !cfg!(unix));
        std::io::copy(&mut File::open(path)?, &mut file)?;
        recover(&mut file, path)?;
        Ok(opened)
    }

    /// Opens a database from its bytes.
    fn from_bytes(bytes: &[u8]) -> rusqlite::Result<Self> {
        let mut connection = Connection::open_in_memory()?;
        connection.deserialize_read_exact("main", bytes, bytes.len(), true)?;
        Ok(Self::new(connection))
    }
}

/// Sets a page cache of 8,192 KiB, enough for the inner pages of all indexes of a large store. This reads the schema.
fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -8_192)
}

/// Recovers a copy of a database to its last complete transaction.
fn recover(copy: &mut impl DatabaseImage, path: &Path) -> std::io::Result<()> {
    let open_sidecar = |suffix| match File::open(sidecar(path, suffix)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    };
    if let Some(mut journal) = open_sidecar("-journal")? {
        recovery::roll_back(copy, &mut journal)?;
    }
    match open_sidecar("-wal")? {
        Some(mut wal) => recovery::replay_wal(copy, &mut wal),
        None => Ok(()),
    }
}

/// Whether the header of a database file specifies WAL mode (file format, section 1.3.3).
fn is_wal(path: &Path) -> std::io::Result<bool> {
    let mut header = [0; 20];
    let mut file = File::open(path)?;
    Ok(file.read_exact(&mut header).is_ok() && header[18] == 2)
}

/// Returns the path of a file that SQLite stores beside a database, such as `-wal`.
/// Checks that the files beside a database are regular ones: SQLite would wait forever for the writer of a pipe.
fn require_regular_sidecars(path: &Path) -> Result<()> {
    let sidecars = ["-wal", "-shm", "-journal"].map(|suffix| sidecar(path, suffix));
    let is_odd = |file: &&PathBuf| file.metadata().is_ok_and(|metadata| !metadata.is_file());
    sidecars
        .iter()
        .find(is_odd)
        .map_or(Ok(()), |odd| Err(DatabaseError::IrregularSidecar { path: path.to_owned(), sidecar: odd.clone() }))
}

fn sidecar(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Converts a path to a URI for SQLite, in which `?`, `#` and `%` have to be escaped.
fn file_uri(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', if cfg!(windows) { "/" } else { "\\" });
    let mut uri = String::from(if cfg!(windows) { "file:///" } else { "file://" });
    for c in text.chars() {
        if matches!(c, '?' | '#' | '%') {
            let _ = write!(uri, "%{:02x}", u32::from(c));
        } else {
            uri.push(c);
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_a_file_equals_the_one_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (live, dead) = (folder.path().join("live.db"), folder.path().join("dead.db"));
        let writer = Connection::open(&live).unwrap();
        let sql = "pragma journal_mode = wal; create table t (x); insert into t values ('in the wal')";
        writer.execute_batch(sql).unwrap();
        std::fs::copy(&live, &dead).unwrap();
        std::fs::copy(sidecar(&live, "-wal"), sidecar(&dead, "-wal")).unwrap();
        for opened in [Database::copy_to_file(&dead), Database::copy_to_memory(&dead)] {
            let text: String = opened.unwrap().connection.query_row("select x from t", [], |row| row.get(0)).unwrap();
            assert_eq!(text, "in the wal");
        }
        assert!(!sidecar(&dead, "-shm").exists(), "nothing is created beside it");
    }

    #[test]
    #[cfg(unix)]
    fn pipes_beside_a_database_are_not_opened() {
        for suffix in ["-wal", "-shm", "-journal"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("some.db");
            Connection::open(&path).unwrap().execute_batch("create table t (x)").unwrap();
            let made = std::process::Command::new("mkfifo").arg(sidecar(&path, suffix)).status().unwrap();
            assert!(made.success());
            let error = Database::open(&path).err().unwrap();
            let is_expected = matches!(&error, DatabaseError::IrregularSidecar { sidecar: found, .. } if *found == sidecar(&path, suffix));
            assert!(is_expected, "{error:?}");
        }
    }

    #[test]
    fn nothing_is_created_beside_a_database_with_a_foreign_wal_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("create table t (x); insert into t values ('in the database')").unwrap();
        drop(writer);
        std::fs::write(sidecar(&path, "-wal"), [0; 4_096]).unwrap();
        let read = |connection: &Connection| connection.query_row("select x from t", [], |row| row.get::<_, String>(0));
        assert_eq!(Database::open(&path).unwrap().read(read).unwrap(), "in the database");
        assert!(!sidecar(&path, "-shm").exists());
    }

    #[test]
    fn a_wal_database_opens_while_its_files_appear_and_disappear() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let write = || {
            let writer = Connection::open(&path).unwrap();
            writer.busy_timeout(Duration::from_secs(5)).unwrap();
            writer
                .execute_batch("pragma journal_mode = wal; create table if not exists t (x); insert into t values (1)")
        };
        write().unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| (0..300).for_each(|_| write().unwrap()));
            while !writer.is_finished() {
                let opened = Database::open(&path).unwrap();
                opened.read(|connection| connection.query_row("select count(*) from t", [], |_| Ok(()))).unwrap();
            }
        });
    }
}
