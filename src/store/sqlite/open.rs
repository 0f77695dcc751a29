//! Opens a database so that nothing is created beside it and no writer is disturbed.

use super::bounds::Bounds;
use super::database_error;
use super::pause;
use super::recovery::{self, DatabaseImage};
use super::schema::Schema;
use super::unlocked;
use crate::error::{Error, ErrorCode, Result};
use crate::limits;
use crate::shell;
use flate2::read::ZlibDecoder;
use rusqlite::{Connection, OpenFlags};
use std::cell::Cell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A real store, written by MLflow; see `fixtures/README.md`.
static DEMO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mlflow.z"));

/// An open database, with the temporary copy it may live in.
pub(super) struct Database {
    /// The connection that takes SQLite's locks.
    pub(super) connection: Connection,
    /// The connection that reads, until another program writes.
    settled: Option<UnlockedConnection>,
    /// Whether `connection` has its larger page cache.
    is_tuned: Cell<bool>,
    /// Removed when dropped.
    copy: Option<tempfile::TempPath>,
    /// Why a copy is read, if one is.
    copied_because: Option<&'static str>,
    /// Functions and limits of its connections.
    pub(super) bounds: Bounds,
}

/// A connection that takes no locks and notices no changes. At its first read, SQLite parses the whole schema under its lock
/// (1.5 ms for the 72 tables of MLflow 3.18); this connection has done so without one.
struct UnlockedConnection {
    path: PathBuf,
    connection: Connection,
    /// The version of the database that it reads.
    version: i64,
    /// Whether an unlocked read is running.
    is_alone: Cell<bool>,
    /// Whether another program wrote, or it may hold pages of an unfinished write.
    is_stale: Cell<bool>,
}

/// How often a database is opened at most, if its `-wal` and `-shm` files come or go meanwhile.
const TRIES: u8 = 10;

impl Database {
    /// Opens a file.
    ///
    /// With a `-wal` file, SQLite opens the `-shm` file that belongs to it, whatever mode the header of the database names,
    /// and creates a missing one. So with both files the database is shared with the writer as usual, and with a `-wal`
    /// alone (a copied or crashed store) a temporary copy is read. A database in WAL mode without these files is complete,
    /// and read as it is. A copy is read too where `-journal` holds a transaction that a killed writer left unfinished:
    /// rolling it back would be writing.
    pub(super) fn file(path: &Path) -> Result<Self> {
        Self::file_within(path, TRIES)
    }

    fn file_within(path: &Path, tries: u8) -> Result<Self> {
        let exists = |suffix: &str| beside(path, suffix).exists();
        let is_wal = is_wal(path).map_err(|error| {
            Error::new(ErrorCode::StoreUnreadable, format!("cannot read `{}`", path.display())).because(error)
        })?;
        match (is_wal, exists("-wal"), exists("-shm")) {
            (true, false, _) => Self::connect(path, "?immutable=1"),
            (_, true, false) => {
                let copied = Self::copy(path, "its `-wal` file lacks the `-shm` file that goes with it");
                // A writer opened or closed the database meanwhile.
                if tries > 1 && (exists("-shm") || !exists("-wal")) {
                    return Self::file_within(path, tries - 1);
                }
                copied
            }
            (_, true, true) => {
                let opened = Self::connect(path, "?mode=ro");
                // The last writer to close the database removes both files.
                if tries > 1 && opened.as_ref().is_ok_and(Self::cannot_begin) {
                    return Self::file_within(path, tries - 1);
                }
                opened
            }
            (false, false, _) => {
                let opened = Self::connect(path, "?mode=ro");
                let is_half_done = exists("-journal") && opened.as_ref().is_ok_and(Self::cannot_begin);
                if is_half_done {
                    Self::copy(path, "its `-journal` file holds an unfinished transaction")
                } else {
                    opened.map(|opened| opened.settled(path))
                }
            }
        }?
        .ready(path)
    }

    /// Adds a second connection, unless a program is writing.
    fn settled(mut self, path: &Path) -> Self {
        self.settled = unlocked::read(path, &self.connection, true, |version| {
            let mut connection = Self::connect(path, "?immutable=1").ok()?.connection;
            self.bounds.prepare(&mut connection).and_then(|()| tune(&connection)).ok()?;
            let path = path.to_owned();
            Some(UnlockedConnection {
                path,
                connection,
                version,
                is_alone: Cell::new(false),
                is_stale: Cell::new(false),
            })
        });
        self
    }

    /// Adds the functions and bounds of queries.
    fn ready(mut self, path: &Path) -> Result<Self> {
        let prepared = self.bounds.prepare(&mut self.connection);
        prepared.map_err(|error| database_error(&path.display().to_string(), &error))?;
        Ok(self)
    }

    /// Runs a read in a transaction of its own.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.bounds.restart_steps();
        if let Some(settled) = self.settled.as_ref().filter(|settled| settled.is_alone.get()) {
            return work(&settled.connection);
        }
        let _open = pause::begin_read();
        if let Some(settled) = self.settled.as_ref().filter(|settled| !settled.is_stale.get()) {
            // SQLite holds its lock until the statement ends; `lock` stays at its first row.
            let mut statement = self.connection.prepare_cached(unlocked::VERSION)?;
            let mut lock = statement.query([])?;
            if lock.next()?.is_some_and(|row| row.get(0) == Ok(settled.version)) {
                return work(&settled.connection);
            }
        }
        let transaction = self.connection.unchecked_transaction()?;
        if !self.is_tuned.replace(true) {
            tune(&transaction)?;
        }
        work(&transaction)
    }

    /// Runs reads without a lock. `None` if another program wrote meanwhile, or they failed: run them again with locks.
    pub(super) fn unlocked<T>(&self, work: impl FnOnce() -> Option<T>) -> Option<T> {
        let settled = self.settled.as_ref().filter(|settled| !settled.is_stale.get() && !settled.is_alone.get())?;
        let read = unlocked::read(&settled.path, &self.connection, false, |version| {
            settled.is_stale.set(true);
            if version != settled.version {
                return None;
            }
            settled.is_alone.set(true);
            let value = work();
            settled.is_alone.set(false);
            value
        });
        if read.is_some() {
            settled.is_stale.set(false);
        }
        read
    }

    /// Its tables and columns.
    pub(super) fn schema(&self) -> rusqlite::Result<Schema> {
        let read = || self.read(Schema::read);
        self.unlocked(|| read().ok()).map_or_else(read, Ok)
    }

    /// A number that changes with each commit of another program. To be called within a read.
    pub(super) fn version(&self) -> rusqlite::Result<i64> {
        match &self.settled {
            Some(settled) if settled.is_alone.get() => Ok(settled.version),
            _ => self.connection.prepare_cached(unlocked::VERSION)?.query_row([], |row| row.get(0)),
        }
    }

    /// Opens the sample compiled into the program.
    pub(super) fn demo() -> Result<Self> {
        let open = || {
            let mut bytes = Vec::new();
            // It was packed when this program was made; tests read it.
            let _ = ZlibDecoder::new(DEMO).read_to_end(&mut bytes);
            let mut opened = Self::of_bytes(&bytes)?;
            opened.bounds.prepare(&mut opened.connection)?;
            Ok(opened)
        };
        open().map_err(|error| database_error("demo:", &error))
    }

    /// Takes a connection that a test has made.
    #[cfg(test)]
    pub(super) fn of(connection: Connection) -> rusqlite::Result<Self> {
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
        let connection = open().map_err(|error| database_error(&path.display().to_string(), &error))?;
        Ok(Self::new(connection))
    }

    fn new(connection: Connection) -> Self {
        Self {
            connection,
            settled: None,
            copy: None,
            copied_because: None,
            is_tuned: Cell::new(false),
            bounds: Bounds::default(),
        }
    }

    /// Why a temporary copy is read, if one is.
    pub(super) const fn copied_because(&self) -> Option<&'static str> {
        self.copied_because
    }

    /// Whether the first read fails: a killed writer's transaction has to be rolled back, or a file beside the database cannot
    /// be opened.
    fn cannot_begin(&self) -> bool {
        let _open = pause::begin_read();
        let first = self.connection.query_row("select count(*) from sqlite_master", [], |_| Ok(()));
        let code = first.err().and_then(|error| error.sqlite_error().map(|error| error.extended_code));
        matches!(code, Some(rusqlite::ffi::SQLITE_READONLY_ROLLBACK | rusqlite::ffi::SQLITE_CANTOPEN))
    }

    /// Copies the database to a temporary file, brings it to its last whole transaction, and opens it.
    fn copy(path: &Path, why: &'static str) -> Result<Self> {
        let parts = ["", "-wal", "-journal"].map(|suffix| beside(path, suffix));
        let size: u64 = parts.iter().filter_map(|part| part.metadata().ok()).map(|metadata| metadata.len()).sum();
        let failed = |cause: &dyn std::fmt::Display| {
            Error::new(ErrorCode::StoreUnreadable, format!("cannot read `{}`", path.display()))
                .because(why)
                .because(cause)
                .hint(format!(
                    "let SQLite repair it where it may be written: `sqlite3 {} 'pragma wal_checkpoint'`",
                    shell::word(&path.to_string_lossy())
                ))
        };
        if size > limits::COPY_BYTES {
            return Err(failed(&format!(
                "a temporary copy of {size} bytes would be needed, and at most {} are copied",
                limits::COPY_BYTES
            )));
        }
        let opened = if size <= limits::COPY_IN_MEMORY_BYTES { Self::in_memory(path) } else { Self::in_file(path) };
        let opened = opened.map_err(|error| failed(&error))?;
        Ok(Self { copied_because: Some(why), ..opened })
    }

    /// A copy in memory.
    fn in_memory(path: &Path) -> Result<Self> {
        let copied = || {
            let mut image = std::fs::read(path)?;
            recover(&mut image, path)?;
            Ok::<_, std::io::Error>(image)
        };
        let image = copied().map_err(|error| Error::new(ErrorCode::StoreUnreadable, error.to_string()))?;
        Self::of_bytes(&image).map_err(|error| database_error(&path.display().to_string(), &error))
    }

    /// A copy in a temporary file. SQLite opens the file while it is empty; without a name from then on, what is copied
    /// into it is gone with the process, however that ends.
    fn in_file(path: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| Error::new(ErrorCode::StoreUnreadable, error.to_string());
        let copy = tempfile::Builder::new().prefix("mltrace-").tempfile().map_err(failed)?;
        let (mut file, name) = copy.into_parts();
        let mut opened = Self::connect(&name, "?mode=ro&nolock=1")?;
        // Elsewhere a file that is open keeps its name, and goes with the connection.
        opened.copy = Some(name).filter(|_| !cfg!(unix));
        let copied = File::open(path).and_then(|mut database| std::io::copy(&mut database, &mut file));
        copied.and_then(|_| recover(&mut file, path)).map_err(failed)?;
        Ok(opened)
    }

    /// A database in memory.
    fn of_bytes(bytes: &[u8]) -> rusqlite::Result<Self> {
        let mut connection = Connection::open_in_memory()?;
        connection.deserialize_read_exact("main", bytes, bytes.len(), true)?;
        Ok(Self::new(connection))
    }
}

/// Gives a connection a page cache, in KiB, for the inner pages of every index of a large store. This reads the schema.
fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -8_192)
}

/// Brings a copy of a database to its last whole transaction.
fn recover(copy: &mut impl DatabaseImage, path: &Path) -> std::io::Result<()> {
    let aside = |suffix| match File::open(beside(path, suffix)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    };
    if let Some(mut journal) = aside("-journal")? {
        recovery::roll_back(copy, &mut journal)?;
    }
    match aside("-wal")? {
        Some(mut wal) => recovery::replay_wal(copy, &mut wal),
        None => Ok(()),
    }
}

/// Whether the file header names WAL mode (file format, section 1.3.3).
fn is_wal(path: &Path) -> std::io::Result<bool> {
    let mut header = [0; 20];
    let mut file = File::open(path)?;
    Ok(file.read_exact(&mut header).is_ok() && header[18] == 2)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A path as SQLite's URI, in which `?`, `#` and `%` mean something.
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
    fn a_copy_in_a_file_is_the_one_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (live, dead) = (folder.path().join("live.db"), folder.path().join("dead.db"));
        let writer = Connection::open(&live).unwrap();
        let sql = "pragma journal_mode = wal; create table t (x); insert into t values ('in the wal')";
        writer.execute_batch(sql).unwrap();
        std::fs::copy(&live, &dead).unwrap();
        std::fs::copy(beside(&live, "-wal"), beside(&dead, "-wal")).unwrap();
        for opened in [Database::in_file(&dead), Database::in_memory(&dead)] {
            let text: String = opened.unwrap().connection.query_row("select x from t", [], |row| row.get(0)).unwrap();
            assert_eq!(text, "in the wal");
        }
        assert!(!beside(&dead, "-shm").exists(), "nothing is created beside it");
    }

    #[test]
    fn nothing_is_created_beside_a_database_with_a_foreign_wal_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("create table t (x); insert into t values ('in the database')").unwrap();
        drop(writer);
        std::fs::write(beside(&path, "-wal"), [0; 4_096]).unwrap();
        let read = |connection: &Connection| connection.query_row("select x from t", [], |row| row.get::<_, String>(0));
        assert_eq!(Database::file(&path).unwrap().read(read).unwrap(), "in the database");
        assert!(!beside(&path, "-shm").exists());
    }

    #[test]
    fn a_wal_database_opens_while_its_files_come_and_go() {
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
                let opened = Database::file(&path).unwrap();
                opened.read(|connection| connection.query_row("select count(*) from t", [], |_| Ok(()))).unwrap();
            }
        });
    }
}
