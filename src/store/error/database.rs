//! Why a SQLite database cannot be read.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a SQLite database cannot be read. A `name` is its path, or `demo:`.
#[derive(Debug)]
pub enum DatabaseError {
    /// SQLite cannot open or read it. Its code says whether it is locked, damaged or no database.
    Sqlite {
        /// The database.
        name: String,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// The header of the file cannot be read.
    Unreadable {
        /// The database.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A file beside it, such as `-wal`, is a pipe, a device or a folder.
    IrregularSidecar {
        /// The database.
        path: PathBuf,
        /// The file beside it.
        sidecar: PathBuf,
    },
    /// It has an unfinished write of another program, and the temporary copy without it cannot be made.
    Copy {
        /// The database.
        path: PathBuf,
        /// Which file makes a copy necessary, as a clause.
        reason: &'static str,
        /// Why there is no copy.
        source: CopyError,
    },
    /// A table of MLflow is a view or a virtual table, which is not read.
    NotATable {
        /// The database.
        name: String,
        /// The table.
        table: String,
        /// What it is, as a noun with its article.
        kind: String,
    },
    /// It lacks a table that MLflow creates since 2.14. Holds the name of the database.
    NoTraceTables(String),
}

/// Why a temporary copy of a database cannot be made.
#[derive(Debug)]
pub enum CopyError {
    /// It would have this many bytes, more than [`crate::limits::COPY_BYTES`].
    TooLarge(u64),
    /// The files cannot be read, the copy cannot be written, or the unfinished write cannot be undone.
    Io(io::Error),
    /// SQLite cannot read the copy.
    Database(Box<DatabaseError>),
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { name, .. } | Self::NotATable { name, .. } => write!(f, "cannot read `{name}`"),
            Self::Unreadable { path, .. } | Self::IrregularSidecar { path, .. } | Self::Copy { path, .. } => {
                write!(f, "cannot read `{}`", path.display())
            }
            Self::NoTraceTables(name) => write!(f, "no MLflow traces in `{name}`"),
        }
    }
}

impl std::error::Error for DatabaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sqlite { source, .. } => Some(source),
            Self::Unreadable { source, .. } => Some(source),
            Self::Copy { source, .. } => Some(source),
            Self::IrregularSidecar { .. } | Self::NotATable { .. } | Self::NoTraceTables(_) => None,
        }
    }
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(bytes) => write!(
                f,
                "the temporary copy would have {bytes} bytes, more than the limit of {}",
                crate::limits::COPY_BYTES
            ),
            Self::Io(error) => error.fmt(f),
            Self::Database(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CopyError {
    /// The text is that of the error inside, so the source is the next one.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLarge(_) => None,
            Self::Io(error) => error.source(),
            Self::Database(error) => error.source(),
        }
    }
}

impl From<io::Error> for CopyError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DatabaseError> for CopyError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(Box::new(error))
    }
}
