//! Why a tracking URI does not lead to a store.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a tracking URI does not lead to a store. A `uri` is as the user wrote it, without credentials.
#[derive(Debug)]
pub enum AddressError {
    /// The tracking URI is empty.
    Empty,
    /// This folder has neither of MLflow's default stores, and no tracking URI is set.
    NoDefaultStore(PathBuf),
    /// The file or folder does not exist.
    Missing {
        /// The tracking URI, without driver options.
        uri: String,
        /// The path that it stands for.
        path: PathBuf,
    },
    /// The folder has neither a store nor a file that may have traces.
    NoStoreInFolder {
        /// The tracking URI.
        uri: String,
        /// Absolute paths of the stores in its subfolders.
        stores: Vec<PathBuf>,
    },
    /// The file cannot be read.
    Unreadable {
        /// The tracking URI.
        uri: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The file has no bytes. Holds the tracking URI.
    EmptyFile(String),
    /// The file is neither a SQLite database nor a trace document. Holds the tracking URI.
    UnknownFile(String),
    /// The database is of a kind that only MLflow's server reads. Holds the scheme, such as `postgresql`.
    UnsupportedDatabase(String),
    /// It is a Databricks workspace.
    Databricks,
    /// No store has this scheme.
    UnknownScheme(String),
    /// A `file:` URI has another host than `localhost`. Holds the tracking URI.
    OtherHost(String),
    /// The SQLite database is in memory. Holds the tracking URI.
    InMemory(String),
}

impl AddressError {
    /// Replaces a text, which may contain credentials, wherever the error repeats it.
    pub(in crate::store) fn masked(mut self, text: &str, shown: &str) -> Self {
        let mask_path = |path: &mut PathBuf| {
            if let Some(name) = path.to_str().filter(|name| name.contains(text)) {
                *path = PathBuf::from(name.replace(text, shown));
            }
        };
        match &mut self {
            Self::NoStoreInFolder { uri, stores } => {
                *uri = uri.replace(text, shown);
                stores.iter_mut().for_each(mask_path);
            }
            Self::Missing { uri, path } => {
                *uri = uri.replace(text, shown);
                mask_path(path);
            }
            Self::NoDefaultStore(path) => mask_path(path),
            Self::Unreadable { uri, .. }
            | Self::EmptyFile(uri)
            | Self::UnknownFile(uri)
            | Self::UnsupportedDatabase(uri)
            | Self::UnknownScheme(uri)
            | Self::OtherHost(uri)
            | Self::InMemory(uri) => *uri = uri.replace(text, shown),
            Self::Empty | Self::Databricks => {}
        }
        self
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the tracking URI is empty"),
            Self::NoDefaultStore(folder) => write!(f, "no store in `{}`", folder.display()),
            Self::Missing { uri, .. } => write!(f, "no store at `{uri}`"),
            Self::NoStoreInFolder { uri, .. } => write!(f, "no MLflow store in `{uri}`"),
            Self::Unreadable { uri, .. } => write!(f, "cannot read `{uri}`"),
            Self::EmptyFile(uri) => write!(f, "`{uri}` is empty"),
            Self::UnknownFile(uri) => write!(f, "`{uri}` is neither a SQLite database nor a trace file"),
            Self::UnsupportedDatabase(scheme) => write!(f, "`{scheme}:` databases are not supported"),
            Self::Databricks => f.write_str("Databricks workspaces are not supported"),
            Self::UnknownScheme(scheme) => write!(f, "unsupported tracking URI scheme `{scheme}:`"),
            Self::OtherHost(uri) => write!(f, "`{uri}` is on another host"),
            Self::InMemory(uri) => write!(f, "`{uri}` is an in-memory database"),
        }
    }
}

impl std::error::Error for AddressError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Unreadable { source, .. } = self { Some(source) } else { None }
    }
}
