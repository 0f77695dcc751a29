//! Texts of `mltrace doctor` that are not about a single finding.

use super::DoctorView;
use crate::model::{StoreKind, short_trace_id};

/// Returns the kind of a store, with its release.
pub(super) fn store_kind(view: &DoctorView) -> String {
    let info = &view.store.info;
    let ids = || info.revisions.iter().map(|revision| revision.id.as_str()).collect::<Vec<_>>().join(", ");
    match (info.kind, info.revisions.as_slice(), &info.server_release) {
        (StoreKind::Sqlite | StoreKind::Sample, revisions, _) => {
            let prefix = if info.kind == StoreKind::Sample { "built-in sample, a " } else { "" };
            match revisions {
                [] => format!("{prefix}SQLite database that names no schema"),
                [revision] => match revision.releases {
                    Some(releases) => format!("{prefix}SQLite database, schema of MLflow {releases} ({})", revision.id),
                    None => format!("{prefix}SQLite database, schema of no known release ({})", revision.id),
                },
                _ => format!("{prefix}SQLite database that names several schemas ({})", ids()),
            }
        }
        (StoreKind::Files, ..) => "file store".to_owned(),
        (StoreKind::Server, _, Some(release)) => format!("tracking server of MLflow {release}"),
        (StoreKind::Server, _, None) => "tracking server of unknown release".to_owned(),
        (StoreKind::Documents, ..) => "trace documents".to_owned(),
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
