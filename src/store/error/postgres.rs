//! Why a PostgreSQL database cannot be read.

use std::fmt;
use std::path::PathBuf;

/// Why the settings for a connection cannot be used. A `keyword` is one of libpq.
#[derive(Debug)]
pub enum PostgresSettingsError {
    /// The tracking URI is not valid.
    InvalidUri,
    /// A keyword has an invalid value.
    InvalidValue {
        /// The keyword.
        keyword: &'static str,
        /// The value.
        value: String,
        /// What is expected, as a noun.
        expected: &'static str,
    },
    /// A file with certificates or a key cannot be read or used.
    Certificates {
        /// The keyword with the path.
        keyword: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Why a PostgreSQL database cannot be read. A `name` is its tracking URI without credentials.
#[derive(Debug)]
pub enum PostgresError {
    /// There is no connection, or a statement fails. The code of the source says why.
    Failed {
        /// The database.
        name: String,
        /// The error of the server or of the connection.
        source: postgres::Error,
    },
    /// It lacks a table that MLflow creates since 2.14. Holds the name of the database.
    NoTraceTables(String),
}

impl fmt::Display for PostgresSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUri => f.write_str("invalid tracking URI"),
            Self::InvalidValue { keyword, value, .. } => write!(f, "invalid value `{value}` for `{keyword}`"),
            Self::Certificates { path, .. } => write!(f, "cannot use `{}`", path.display()),
        }
    }
}

impl std::error::Error for PostgresSettingsError {}

impl fmt::Display for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { name, .. } => write!(f, "cannot read `{name}`"),
            Self::NoTraceTables(name) => write!(f, "no MLflow traces in `{name}`"),
        }
    }
}

impl std::error::Error for PostgresError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Failed { source, .. } = self { Some(source) } else { None }
    }
}
