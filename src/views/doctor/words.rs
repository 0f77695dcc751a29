//! Texts of `mltrace doctor` that are not about a single finding.

use super::DoctorView;
use crate::model::{Revision, StoreKind, short_trace_id};

/// Returns the kind of a store, with its release.
pub(super) fn store_kind(view: &DoctorView) -> String {
    let info = &view.store.info;
    match (info.kind, info.revisions.as_slice(), &info.server_release) {
        (StoreKind::Sample, revisions, _) => format!("built-in sample, a {}", database("SQLite", revisions)),
        (StoreKind::Sqlite, revisions, _) => database("SQLite", revisions),
        (StoreKind::Postgres, revisions, _) => database("PostgreSQL", revisions),
        (StoreKind::Files, ..) => "file store".to_owned(),
        (StoreKind::Server, _, Some(release)) => format!("tracking server of MLflow {release}"),
        (StoreKind::Server, _, None) => "tracking server of unknown release".to_owned(),
        (StoreKind::Documents, ..) => "trace documents".to_owned(),
    }
}

/// Returns the kind of a database, with the MLflow release of its schema.
fn database(kind: &str, revisions: &[Revision]) -> String {
    let ids = || revisions.iter().map(|revision| revision.id.as_str()).collect::<Vec<_>>().join(", ");
    match revisions {
        [] => format!("{kind} database that names no schema"),
        [Revision { id, releases: Some(releases) }] => format!("{kind} database, schema of MLflow {releases} ({id})"),
        [Revision { id, releases: None }] => format!("{kind} database, schema of no known release ({id})"),
        _ => format!("{kind} database that names several schemas ({})", ids()),
    }
}

/// Prefixes a fact with the id of its trace, if any.
pub(super) fn with_trace_id(trace_id: Option<&str>, fact: &str, is_short: bool) -> String {
    match trace_id {
        Some(id) if is_short => format!("{}: {fact}", short_trace_id(id)),
        Some(id) => format!("{id}: {fact}"),
        None => fact.to_owned(),
    }
}
