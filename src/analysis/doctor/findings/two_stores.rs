//! Another store with traces in the same folder.

use crate::analysis::doctor::{FindingKind, Message, OtherStore, Severity, StoreFacts};
use crate::shell;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "two_stores",
    severity: Severity::Warning,
    message: Message::Fixed("another store in the same folder also contains traces"),
    meaning: "`mlflow.db` and `mlruns` in one folder are two stores. MLflow before 3.7 writes to `mlruns`, later \
              releases to `mlflow.db` unless `mlruns` contains experiments. mltrace reads the one that MLflow would \
              use.",
    remedy: "use -u to read the other store",
    command: |_, store| Some(format!("mltrace {} traces list", shell::option("-u", &full_store(store)?.name))),
    in_store: |store, finding| {
        if let Some(other) = full_store(store.facts) {
            finding.add_others(1, [other.name.clone()]);
        }
    },
    ..FindingKind::NONE
};

/// Returns the other store in the folder if it has traces and MLflow does not prefer it.
fn full_store(store: &StoreFacts) -> Option<&OtherStore> {
    store.other_store.as_ref().filter(|other| other.has_traces && !other.is_preferred)
}
