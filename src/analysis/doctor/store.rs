//! Facts about a store as a whole, and about the MLflow installed here.

use crate::model::{StoreInfo, StoreKind, parse_release};
use crate::shell::Suggestion;
use std::path::PathBuf;

/// An installed MLflow.
#[derive(Clone, Debug, Default)]
pub struct InstalledMlflow {
    /// The release, such as `3.18.0`.
    pub release: String,
    /// The installation folder.
    pub folder: String,
    /// The schema revisions that it knows.
    pub revisions: Vec<String>,
    /// The schema revision that it needs.
    pub head: Option<String>,
    /// The installed release of SQLAlchemy.
    pub sqlalchemy: Option<String>,
    /// The installed release of the OpenTelemetry SDK.
    pub opentelemetry: Option<String>,
}

/// The other of the two stores that a folder may contain under MLflow's default names.
#[derive(Clone, Debug)]
pub struct OtherStore {
    /// The name in messages.
    pub name: String,
    /// Whether it contains traces.
    pub has_traces: bool,
    /// Whether MLflow would use it by default.
    pub is_preferred: bool,
    /// The kind.
    pub kind: StoreKind,
}

/// Facts about a store as a whole.
#[derive(Debug)]
pub struct StoreFacts {
    /// The name of the store in messages.
    pub name: String,
    /// Start of a command line for this store.
    pub command_prefix: String,
    /// An unused path next to a file store, for a database to migrate it to.
    pub migration_target: Option<PathBuf>,
    /// The store's description of itself.
    pub info: StoreInfo,
    /// The MLflow installed here.
    pub installed: Option<InstalledMlflow>,
    /// Whether `MLFLOW_ALLOW_FILE_STORE` allows file stores.
    pub allows_file_stores: bool,
    /// Whether the store has no traces.
    pub is_empty: bool,
    /// The other store in the same folder.
    pub other_store: Option<OtherStore>,
    /// Deleted experiments that contain traces, with their number of traces.
    pub deleted_experiments: Vec<(String, u64)>,
}

impl StoreFacts {
    /// Formats an mltrace command for this store.
    pub(super) fn command(&self, suggestion: &Suggestion) -> String {
        format!("{}{suggestion}", self.command_prefix)
    }

    /// Returns the release of the installed MLflow if it refuses stores of a kind, as 3.13 and later do with file
    /// stores (`store/tracking/file_store.py`).
    pub(super) fn refusing_release(&self, kind: StoreKind) -> Option<&str> {
        let release = self.installed.as_ref().map(|installed| &installed.release)?;
        let is_refused =
            kind == StoreKind::Files && !self.allows_file_stores && parse_release(release) >= Some((3, 13));
        is_refused.then_some(release)
    }
}
