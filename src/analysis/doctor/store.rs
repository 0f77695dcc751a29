//! Findings about a store as a whole, and about the MLflow installed here.

use super::finding::{Fact, Finding, FindingKind};
use crate::model::{Revision, StoreInfo, StoreKind, parse_release};

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
    /// Returns the findings. `traces_in_rows` = number of traces whose spans are rows of the database.
    #[must_use]
    pub fn findings(&self, traces_in_rows: u64) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.schema_finding().into_iter().collect();
        findings.extend(self.file_store_finding());
        findings.extend(self.unread_rows_finding(traces_in_rows));
        findings.extend(self.other_store_finding());
        if self.is_empty {
            let packages = self.installed.iter().flat_map(incompatible_packages);
            let other = self.other_store.iter().filter(|other| !other.has_traces);
            let other = other.map(|other| Fact::OtherStoreEmpty(other.name.clone()));
            findings.push(Finding::for_store(FindingKind::EmptyStore, 1, packages.chain(other)));
        }
        if !self.deleted_experiments.is_empty() {
            let facts = self.deleted_experiments.iter().map(|(name, traces)| Fact::Experiment(name.clone(), *traces));
            findings.push(Finding::for_store(
                FindingKind::DeletedExperiments,
                self.deleted_experiments.len() as u64,
                facts,
            ));
        }
        findings
    }

    /// Checks whether the installed MLflow accepts the schema: it compares one revision with its own
    /// (`store/db/utils.py`, `_verify_schema`).
    fn schema_finding(&self) -> Option<Finding> {
        if self.info.kind != StoreKind::Sqlite {
            return None;
        }
        let fact = |revision: &Revision| Fact::Revision(revision.id.clone(), revision.releases);
        let facts = self.info.revisions.iter().map(fact);
        let [revision] = self.info.revisions.as_slice() else {
            let kind =
                if self.info.revisions.is_empty() { FindingKind::SchemaUnnamed } else { FindingKind::UpgradeBroken };
            return Some(Finding::for_store(kind, 1, facts));
        };
        let installed = self.installed.as_ref().and_then(|installed| Some((installed, installed.head.as_ref()?)));
        match installed {
            Some((_, head)) if *head == revision.id => None,
            Some((installed, head)) => {
                let is_known = installed.revisions.contains(&revision.id);
                let kind = if is_known { FindingKind::DatabaseTooOld } else { FindingKind::DatabaseTooNew };
                let required = Fact::RequiredRevision(installed.release.clone(), head.clone());
                Some(Finding::for_store(kind, 1, facts.chain([required])))
            }
            None if revision.releases.is_none() => Some(Finding::for_store(FindingKind::UnknownRevision, 1, facts)),
            None => None,
        }
    }

    /// Checks whether the installed MLflow refuses this file store.
    fn file_store_finding(&self) -> Option<Finding> {
        self.refusing_release(self.info.kind).map(|_| Finding::for_store(FindingKind::FileStoreRefused, 1, []))
    }

    /// Returns the release of the installed MLflow if it refuses stores of a kind, as 3.13 and later do with file
    /// stores (`store/tracking/file_store.py`).
    fn refusing_release(&self, kind: StoreKind) -> Option<&String> {
        let release = self.installed.as_ref().map(|installed| &installed.release)?;
        let is_refused =
            kind == StoreKind::Files && !self.allows_file_stores && parse_release(release) >= Some((3, 13));
        is_refused.then_some(release)
    }

    /// Checks whether the installed MLflow accepts the database but does not read spans from its rows. 3.6 introduced
    /// the rows (`store/tracking/sqlalchemy_store.py`, `batch_get_traces`) without a new schema revision.
    fn unread_rows_finding(&self, traces: u64) -> Option<Finding> {
        let installed = self.installed.as_ref()?;
        let [revision] = self.info.revisions.as_slice() else { return None };
        let is_unread = traces > 0
            && installed.head.as_ref() == Some(&revision.id)
            && parse_release(&installed.release) < Some((3, 6));
        let fact = Fact::ReadsFilesOnly(installed.release.clone());
        is_unread.then(|| Finding::for_store(FindingKind::SpansNotRead, traces, [fact]))
    }

    /// Checks whether the other store in the folder hides this one, or has traces too.
    fn other_store_finding(&self) -> Option<Finding> {
        let other = self.other_store.as_ref()?;
        let name = other.name.clone();
        if other.is_preferred {
            let refusing = self.refusing_release(other.kind).map(|release| Fact::RefusesFileStore(release.clone()));
            let facts = std::iter::once(Fact::PreferredStore(name)).chain(refusing);
            return Some(Finding::for_store(FindingKind::OtherStorePreferred, 1, facts));
        }
        other.has_traces.then(|| Finding::for_store(FindingKind::TwoStores, 1, [Fact::OtherStore(name)]))
    }
}

/// Returns the packages with which the installed MLflow records nothing, or does not start.
fn incompatible_packages(installed: &InstalledMlflow) -> Vec<Fact> {
    let Some(mlflow) = parse_release(&installed.release) else { return Vec::new() };
    let mut facts = Vec::new();
    let mut add = |name: &str, release: &Option<String>, is_incompatible: fn((u32, u32)) -> bool, effect| {
        if let Some(release) = release.as_ref().filter(|release| parse_release(release).is_some_and(is_incompatible)) {
            let mlflow = installed.release.clone();
            facts.push(Fact::IncompatiblePackage { package: format!("{name} {release}"), mlflow, effect });
        }
    };
    // MLflow up to 3.8 imports a class that SQLAlchemy 2.1 removed (`store/db/utils.py`).
    if mlflow <= (3, 8) {
        add("sqlalchemy", &installed.sqlalchemy, |release| release >= (2, 1), "it cannot open a database");
    }
    // The span processor of MLflow up to 3.2 skips the base constructor, whose fields SDK 1.45 uses when a span ends.
    if mlflow <= (3, 2) {
        add("opentelemetry-sdk", &installed.opentelemetry, |release| release >= (1, 45), "spans never end");
    }
    facts
}
