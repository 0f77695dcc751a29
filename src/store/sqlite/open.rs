//! Opens a database so that nothing is created beside it and no writer is disturbed.

use super::{conditions, database_error};
use crate::error::{Error, Kind, Result};
use crate::limits;
use flate2::read::ZlibDecoder;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A real store, written by MLflow; see `fixtures/README.md`.
static DEMO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mlflow.z"));

/// An open database, with the temporary copy it may live in.
pub(super) struct Database {
    /// The connection.
    pub(super) connection: Connection,
    /// Removed when dropped.
    copy: Option<tempfile::TempDir>,
    /// Why a copy is read, if one is.
    copied_because: Option<&'static str>,
}

impl Database {
    /// Opens a file.
    ///
    /// A database in WAL mode wants its `-shm` file, and SQLite would create one. Without a `-wal` file there is nothing
    /// in it that the database lacks, so it is read as it stands; with both files it is shared with the writer as usual;
    /// with a `-wal` alone (a copied or crashed store) a temporary copy is read. So is a database whose `-journal` holds
    /// a transaction that a killed writer left half done: rolling it back would be writing.
    pub(super) fn file(path: &Path) -> Result<Self> {
        let exists = |suffix: &str| beside(path, suffix).exists();
        let is_wal = is_wal(path).map_err(|error| {
            Error::new(Kind::StoreUnreadable, format!("cannot read `{}`", path.display())).because(error)
        })?;
        match (is_wal, exists("-wal"), exists("-shm")) {
            (true, false, _) => Self::connect(path, "?immutable=1", None),
            (true, true, false) => Self::copy(path, "its `-wal` file lacks the `-shm` file that goes with it"),
            (true, true, true) | (false, ..) => {
                let opened = Self::connect(path, "?mode=ro", None);
                let is_half_done = exists("-journal") && opened.as_ref().is_ok_and(Self::wants_rollback);
                if is_half_done {
                    Self::copy(path, "its `-journal` file holds an unfinished transaction")
                } else {
                    opened
                }
            }
        }?
        .tuned(path)
    }

    /// With a page cache, in KiB, for the inner pages of every index of a large store. This reads the database for the
    /// first time, so it comes after the question whether that is possible.
    fn tuned(self, path: &Path) -> Result<Self> {
        let set = self.connection.pragma_update(None, "cache_size", -8_192);
        let set = set.and_then(|()| conditions::prepare(&self.connection));
        set.map_err(|error| database_error(&path.display().to_string(), &error))?;
        Ok(self)
    }

    /// Opens the sample compiled into the program.
    pub(super) fn demo() -> Result<Self> {
        let open = || {
            let mut bytes = Vec::new();
            // It was packed when this program was made; tests read it.
            let _ = ZlibDecoder::new(DEMO).read_to_end(&mut bytes);
            let mut connection = Connection::open_in_memory()?;
            connection.deserialize_read_exact("main", bytes.as_slice(), bytes.len(), true)?;
            conditions::prepare(&connection)?;
            Ok(Self { connection, copy: None, copied_because: None })
        };
        open().map_err(|error| database_error("demo:", &error))
    }

    /// Takes a connection that a test has made.
    #[cfg(test)]
    pub(super) fn of(connection: Connection) -> Self {
        conditions::prepare(&connection).unwrap();
        Self { connection, copy: None, copied_because: None }
    }

    fn connect(path: &Path, options: &str, copy: Option<tempfile::TempDir>) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let flags = if copy.is_some() {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX
        } else {
            flags
        };
        let open = || {
            let connection = Connection::open_with_flags(file_uri(path) + options, flags)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            Ok(connection)
        };
        let connection = open().map_err(|error| database_error(&path.display().to_string(), &error))?;
        Ok(Self { connection, copy, copied_because: None })
    }

    /// Why a temporary copy is read, if one is.
    pub(super) const fn copied_because(&self) -> Option<&'static str> {
        self.copied_because
    }

    /// Whether the first read fails because an unfinished transaction of a dead writer has to be rolled back first.
    fn wants_rollback(&self) -> bool {
        let first = self.connection.query_row("select count(*) from sqlite_master", [], |_| Ok(()));
        let code = first.err().and_then(|error| error.sqlite_error().map(|error| error.extended_code));
        matches!(code, Some(rusqlite::ffi::SQLITE_READONLY_ROLLBACK | rusqlite::ffi::SQLITE_CANTOPEN))
    }

    /// Copies the database and what lies beside it to a temporary folder, and opens the copy.
    fn copy(path: &Path, why: &'static str) -> Result<Self> {
        let name = path.display();
        let parts = ["", "-wal", "-journal"].map(|suffix| (suffix, beside(path, suffix)));
        let size: u64 = parts.iter().filter_map(|(_, part)| part.metadata().ok()).map(|metadata| metadata.len()).sum();
        let failed = |cause: &dyn std::fmt::Display| {
            Error::new(Kind::StoreUnreadable, format!("cannot read `{name}`")).because(why).because(cause).hint(
                format!("let SQLite repair it where it may be written: `sqlite3 '{name}' 'pragma wal_checkpoint'`"),
            )
        };
        if size > limits::COPY_BYTES {
            return Err(failed(&format!(
                "a temporary copy of {size} bytes would be needed, and at most {} are copied",
                limits::COPY_BYTES
            )));
        }
        let folder = private_folder().map_err(|error| failed(&error))?;
        for (suffix, part) in parts.iter().filter(|(suffix, part)| suffix.is_empty() || part.exists()) {
            // A new file, not one with the permissions of the original: that one may be read-only.
            let copied = std::fs::File::open(part).and_then(|mut from| {
                std::io::copy(
                    &mut from,
                    &mut std::fs::File::create_new(folder.path().join(format!("copy.db{suffix}")))?,
                )
            });
            copied.map_err(|error| failed(&error))?;
        }
        let mut copied = Self::connect(&folder.path().join("copy.db"), "?mode=rw", Some(folder))?;
        // Takes what the `-wal` or `-journal` holds into the copy, which is one file then.
        let merged = copied.connection.pragma_update(None, "journal_mode", "delete");
        merged.map_err(|error| failed(&error))?;
        copied.copied_because = Some(why);
        Ok(copied.unlinked())
    }

    /// Where the system allows it, a copy that is open needs no name, and without one nothing is left behind, however
    /// the process ends.
    fn unlinked(mut self) -> Self {
        if cfg!(unix) {
            self.copy = None;
        }
        self
    }
}

/// A temporary folder that nobody else may look into: the store it is for may be protected by its own folder.
fn private_folder() -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.prefix("mltrace-").tempdir()
}

/// Whether the file header names WAL mode (file format, section 1.3.3).
fn is_wal(path: &Path) -> std::io::Result<bool> {
    let mut header = [0; 20];
    let mut file = std::fs::File::open(path)?;
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
