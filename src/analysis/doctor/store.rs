//! What is to be said of a store as a whole, and of the MLflow that is to use it.

use super::finding::{Fact, Finding, FindingKind};
use crate::model::{Revision, StoreInfo, StoreKind, release_of};

/// The MLflow that is installed here.
#[derive(Clone, Debug, Default)]
pub struct InstalledMlflow {
    /// Its release, `3.18.0`.
    pub release: String,
    /// The folder that it is installed in.
    pub folder: String,
    /// The revisions of schemas that it knows.
    pub revisions: Vec<String>,
    /// The one that it wants a database to have.
    pub head: Option<String>,
    /// The release of SQLAlchemy beside it.
    pub sqlalchemy: Option<String>,
    /// The release of OpenTelemetry's SDK beside it.
    pub opentelemetry: Option<String>,
}

/// The other one of the two stores that a folder may hold under MLflow's default names.
#[derive(Clone, Debug)]
pub struct OtherStore {
    /// What messages call it.
    pub name: String,
    /// Whether it holds traces.
    pub holds_traces: bool,
    /// Whether MLflow would take it.
    pub is_preferred: bool,
    /// What it is.
    pub kind: StoreKind,
}

/// What is known of a store as a whole.
#[derive(Debug)]
pub struct StoreFacts {
    /// What it says of itself.
    pub checkup: StoreInfo,
    /// The MLflow that is installed here.
    pub installed: Option<InstalledMlflow>,
    /// Whether that one may use file stores whatever its release.
    pub allows_file_stores: bool,
    /// Whether there is no trace at all.
    pub is_empty: bool,
    /// Another store in the same folder.
    pub second: Option<OtherStore>,
    /// The deleted experiments that hold traces, with how many.
    pub deleted: Vec<(String, u64)>,
}

impl StoreFacts {
    /// What is to be said of it, if so many of its traces have their spans in rows.
    #[must_use]
    pub fn findings(&self, traces_in_rows: u64) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.of_schema().into_iter().collect();
        findings.extend(self.of_file_store());
        findings.extend(self.of_rows(traces_in_rows));
        findings.extend(self.of_second());
        if self.is_empty {
            let unfit = self.installed.iter().flat_map(unfit_packages);
            let second = self.second.iter().filter(|second| !second.holds_traces);
            let second = second.map(|second| Fact::AlsoEmpty(second.name.clone()));
            findings.push(Finding::of_store(FindingKind::EmptyStore, 1, unfit.chain(second)));
        }
        if !self.deleted.is_empty() {
            let facts = self.deleted.iter().map(|(name, traces)| Fact::Experiment(name.clone(), *traces));
            findings.push(Finding::of_store(FindingKind::DeletedExperiments, self.deleted.len() as u64, facts));
        }
        findings
    }

    /// Whether the installed MLflow takes the database for one of its own: it compares one revision with one
    /// (`store/db/utils.py`, `_verify_schema`).
    fn of_schema(&self) -> Option<Finding> {
        if self.checkup.kind != StoreKind::Sqlite {
            return None;
        }
        let fact = |revision: &Revision| Fact::Revision(revision.id.clone(), revision.releases);
        let facts = self.checkup.revisions.iter().map(fact);
        let [revision] = self.checkup.revisions.as_slice() else {
            let kind =
                if self.checkup.revisions.is_empty() { FindingKind::SchemaUnnamed } else { FindingKind::UpgradeBroken };
            return Some(Finding::of_store(kind, 1, facts));
        };
        let installed = self.installed.as_ref().and_then(|installed| Some((installed, installed.head.as_ref()?)));
        match installed {
            Some((_, head)) if *head == revision.id => None,
            Some((installed, head)) => {
                let is_known = installed.revisions.contains(&revision.id);
                let kind = if is_known { FindingKind::DatabaseTooOld } else { FindingKind::DatabaseTooNew };
                let wants = Fact::Wants(installed.release.clone(), head.clone());
                Some(Finding::of_store(kind, 1, facts.chain([wants])))
            }
            None if revision.releases.is_none() => Some(Finding::of_store(FindingKind::UnknownRevision, 1, facts)),
            None => None,
        }
    }

    /// Whether the installed MLflow refuses this file store.
    fn of_file_store(&self) -> Option<Finding> {
        self.refuser_of(self.checkup.kind).map(|_| Finding::of_store(FindingKind::FileStoreRefused, 1, []))
    }

    /// The release of the installed MLflow if it refuses stores of a kind, as 3.13 on does with file stores
    /// (`store/tracking/file_store.py`).
    fn refuser_of(&self, kind: StoreKind) -> Option<&String> {
        let release = self.installed.as_ref().map(|installed| &installed.release)?;
        let is_refused = kind == StoreKind::Files && !self.allows_file_stores && release_of(release) >= Some((3, 13));
        is_refused.then_some(release)
    }

    /// Whether the installed MLflow takes the database and does not look for spans in its rows, which came with 3.6
    /// (`store/tracking/sqlalchemy_store.py`, `batch_get_traces`), while the schema is older.
    fn of_rows(&self, traces: u64) -> Option<Finding> {
        let installed = self.installed.as_ref()?;
        let [revision] = self.checkup.revisions.as_slice() else { return None };
        let is_unseen = traces > 0
            && installed.head.as_ref() == Some(&revision.id)
            && release_of(&installed.release) < Some((3, 6));
        let fact = Fact::KnowsFilesOnly(installed.release.clone());
        is_unseen.then(|| Finding::of_store(FindingKind::SpansUnseen, traces, [fact]))
    }

    /// What the other store of the folder means for this one.
    fn of_second(&self) -> Option<Finding> {
        let second = self.second.as_ref()?;
        let name = second.name.clone();
        if second.is_preferred {
            let refuser = self.refuser_of(second.kind).map(|release| Fact::Refuses(release.clone()));
            let facts = std::iter::once(Fact::Taken(name)).chain(refuser);
            return Some(Finding::of_store(FindingKind::PassedOver, 1, facts));
        }
        second.holds_traces.then(|| Finding::of_store(FindingKind::TwoStores, 1, [Fact::Store(name)]))
    }
}

/// Packages with which the installed MLflow records nothing, or does not start.
fn unfit_packages(installed: &InstalledMlflow) -> Vec<Fact> {
    let Some(mlflow) = release_of(&installed.release) else { return Vec::new() };
    let mut facts = Vec::new();
    let mut add = |name: &str, release: &Option<String>, is_unfit: fn((u32, u32)) -> bool, effect| {
        if let Some(release) = release.as_ref().filter(|release| release_of(release).is_some_and(is_unfit)) {
            let mlflow = installed.release.clone();
            facts.push(Fact::Unfit { package: format!("{name} {release}"), mlflow, effect });
        }
    };
    // It imports a class that 2.1 took out (`store/db/utils.py`, MLflow up to 3.8).
    if mlflow <= (3, 8) {
        add("sqlalchemy", &installed.sqlalchemy, |release| release >= (2, 1), "it cannot open a database");
    }
    // Its processor of spans does not call the constructor whose fields 1.45 looks for when a span ends.
    if mlflow <= (3, 2) {
        add("opentelemetry-sdk", &installed.opentelemetry, |release| release >= (1, 45), "no span ever ends");
    }
    facts
}
