//! Whether the installed MLflow accepts the schema of a database.

use super::finding::Finding;
use super::store::StoreFacts;
use crate::model::{Revision, StoreKind};

/// The schema of a database, as the installed MLflow sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SchemaState {
    /// It is accepted, as far as known.
    Accepted,
    /// The database names none.
    Unnamed,
    /// The database names several.
    Several,
    /// It belongs to an older release.
    TooOld,
    /// It belongs to a newer release.
    TooNew,
    /// It belongs to no known release, and no MLflow is installed.
    Unknown,
}

impl SchemaState {
    /// Compares the schema with that of the installed MLflow, which compares one revision with its own
    /// (`store/db/utils.py`, `_verify_schema`).
    fn of(store: &StoreFacts) -> Self {
        if store.info.kind != StoreKind::Sqlite {
            return Self::Accepted;
        }
        let [revision] = store.info.revisions.as_slice() else {
            return if store.info.revisions.is_empty() { Self::Unnamed } else { Self::Several };
        };
        let installed = store.installed.as_ref().and_then(|installed| Some((installed, installed.head.as_ref()?)));
        match installed {
            Some((_, head)) if *head == revision.id => Self::Accepted,
            Some((installed, _)) if installed.revisions.contains(&revision.id) => Self::TooOld,
            Some(_) => Self::TooNew,
            None if revision.releases.is_none() => Self::Unknown,
            None => Self::Accepted,
        }
    }
}

/// Adds the revisions to a finding about this state.
pub(super) fn add_schema(finding: &mut Finding, store: &StoreFacts, state: SchemaState) {
    if SchemaState::of(store) != state {
        return;
    }
    let revision = |Revision { id, releases, .. }: &Revision| match releases {
        Some(releases) => format!("the database has revision {id} of MLflow {releases}"),
        None => format!("the database has revision {id}, which belongs to no known release"),
    };
    finding.add_others(1, store.info.revisions.iter().map(revision));
    if let (SchemaState::TooOld | SchemaState::TooNew, Some(installed)) = (state, &store.installed) {
        let head = installed.head.as_deref().unwrap_or_default();
        finding.add_others(0, [format!("MLflow {}, installed here, needs {head}", installed.release)]);
    }
}
