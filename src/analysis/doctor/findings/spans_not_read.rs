//! Traces whose spans are where the installed MLflow does not look.

use crate::analysis::doctor::{FindingKind, Message, Severity, StoreFacts};
use crate::model::parse_release;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "spans_unseen",
    severity: Severity::Warning,
    message: Message::Counted(
        "{} trace has spans where the MLflow installed here does not look",
        "{} traces have spans where the MLflow installed here does not look",
    ),
    meaning: "MLflow 3.6 and later store spans in rows of the database, but 3.5, which has the same schema, looks for \
              them in files only. It opens this database, but shows such a trace without spans, or not at all.",
    remedy: "use MLflow 3.6 or later for this database, or read it with mltrace",
    in_store: |store, finding| {
        let Some(release) = release_without_rows(store.facts) else { return };
        if store.traces_in_rows > 0 {
            let fact = format!("MLflow {release}, installed here, looks for spans in files only");
            finding.add_others(store.traces_in_rows, [fact]);
        }
    },
    ..FindingKind::NONE
};

/// Returns the release of the installed MLflow if it accepts the database but does not read spans from its rows. 3.6
/// introduced the rows (`store/tracking/sqlalchemy_store.py`, `batch_get_traces`) without a new schema revision.
fn release_without_rows(store: &StoreFacts) -> Option<&str> {
    let installed = store.installed.as_ref()?;
    let [revision] = store.info.revisions.as_slice() else { return None };
    let is_accepted = installed.head.as_ref() == Some(&revision.id);
    (is_accepted && parse_release(&installed.release) < Some((3, 6))).then_some(&installed.release)
}
