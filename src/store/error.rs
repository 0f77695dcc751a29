//! Why a store cannot be read. `Display` says what happened, to which thing, in one line; `source` is the cause. What
//! to do about it is added in `src/cli/errors.rs`.

mod address;
mod database;
mod postgres;
mod server;

pub use address::AddressError;
pub use database::{CopyError, DatabaseError};
pub use postgres::{PostgresError, PostgresSettingsError};
pub use server::{ServerError, ServerErrorKind, ServerSettingsError, TlsTrouble};

use crate::files::ReadFileError;
use crate::formats::DocumentError;
use crate::model::Problem;
use std::fmt;
use std::path::PathBuf;

/// The result of reading a store.
pub(in crate::store) type Result<T> = std::result::Result<T, StoreError>;

/// Why a store, or something in it, cannot be read.
#[derive(Debug)]
pub enum StoreError {
    /// The tracking URI does not lead to a store.
    Address(AddressError),
    /// A file or folder of the store cannot be read.
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: ReadFileError,
    },
    /// Standard input cannot be read.
    UnreadableStdin(ReadFileError),
    /// A document has no traces that can be read.
    NoTraces {
        /// The file; `None` for standard input.
        path: Option<PathBuf>,
        /// Whether it has only white space.
        is_empty: bool,
        /// Why.
        source: DocumentError,
    },
    /// The record of a trace is damaged or cannot be read.
    UnreadableTrace {
        /// The trace id.
        id: String,
        /// What is wrong, and with which file.
        problem: Box<Problem>,
    },
    /// An attachment cannot be found or read.
    NoAttachment {
        /// The attachment's id.
        id: String,
        /// What is wrong, and with which file.
        problem: Box<Problem>,
    },
    /// Trace documents contain no attachments. Holds the id of the attachment.
    AttachmentInDocument(String),
    /// A SQLite database cannot be read.
    Database(Box<DatabaseError>),
    /// A thread that reads a database ended early, which is a bug.
    WorkerEnded,
    /// The settings for a PostgreSQL database cannot be used.
    PostgresSettings(PostgresSettingsError),
    /// A PostgreSQL database cannot be read.
    Postgres(Box<PostgresError>),
    /// The settings for a tracking server cannot be used.
    ServerSettings(ServerSettingsError),
    /// A tracking server does not answer.
    Server(Box<ServerError>),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => error.fmt(f),
            Self::Database(error) => error.fmt(f),
            Self::PostgresSettings(error) => error.fmt(f),
            Self::Postgres(error) => error.fmt(f),
            Self::WorkerEnded => f.write_str("a worker thread ended early"),
            Self::Unreadable { path, .. } => write!(f, "cannot read `{}`", path.display()),
            Self::UnreadableStdin(_) => f.write_str("cannot read standard input"),
            Self::NoTraces { path, is_empty, source } => {
                match path {
                    Some(path) => write!(f, "`{}` ", path.display())?,
                    None => f.write_str("standard input ")?,
                }
                match source {
                    DocumentError::Summary(content) => write!(f, "contains {content}"),
                    DocumentError::Signal(content) => write!(f, "contains {content}, but no traces"),
                    DocumentError::Other(_) if *is_empty => f.write_str("is empty"),
                    DocumentError::Other(_) => f.write_str("contains no traces"),
                }
            }
            Self::UnreadableTrace { id, .. } => write!(f, "cannot read trace `{id}`"),
            Self::NoAttachment { id, .. } | Self::AttachmentInDocument(id) => write!(f, "no attachment `{id}`"),
            Self::ServerSettings(error) => error.fmt(f),
            Self::Server(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Address(error) => error.source(),
            Self::Database(error) => error.source(),
            Self::Postgres(error) => error.source(),
            Self::Unreadable { source, .. } | Self::UnreadableStdin(source) => Some(source),
            Self::NoTraces { is_empty: false, source: source @ DocumentError::Other(_), .. } => Some(source),
            _ => None,
        }
    }
}

impl From<AddressError> for StoreError {
    fn from(error: AddressError) -> Self {
        Self::Address(error)
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(Box::new(error))
    }
}

impl From<PostgresSettingsError> for StoreError {
    fn from(error: PostgresSettingsError) -> Self {
        Self::PostgresSettings(error)
    }
}

impl From<PostgresError> for StoreError {
    fn from(error: PostgresError) -> Self {
        Self::Postgres(Box::new(error))
    }
}

impl From<ServerSettingsError> for StoreError {
    fn from(error: ServerSettingsError) -> Self {
        Self::ServerSettings(error)
    }
}

impl From<ServerError> for StoreError {
    fn from(error: ServerError) -> Self {
        Self::Server(Box::new(error))
    }
}
