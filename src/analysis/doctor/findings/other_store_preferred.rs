//! MLflow uses the other store in the folder, which has no traces.

use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::model::StoreKind;
use crate::shell;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "two_stores",
    severity: Severity::Warning,
    message: Message::Fixed("MLflow uses the other store in this folder"),
    meaning: "The folder contains two stores. An application that starts here without a tracking URI uses the one \
              without traces; mltrace shows the traces of the other one.",
    remedy: "set the tracking URI of the application, or move the other store away",
    command: |_, store| {
        let uri = match store.info.kind {
            StoreKind::Sqlite => format!("sqlite:///{}", store.name),
            _ => store.name.clone(),
        };
        Some(format!("export MLFLOW_TRACKING_URI={}", shell::quote(&uri)))
    },
    in_store: |store, finding| {
        let Some(other) = store.facts.other_store.as_ref().filter(|other| other.is_preferred) else { return };
        let refused = store.facts.refusing_release(other.kind);
        let refused =
            refused.map(|release| format!("MLflow {release}, installed here, refuses it because it is a file store"));
        let preferred = format!("MLflow uses {}, which has no traces", other.name);
        finding.add_others(1, std::iter::once(preferred).chain(refused));
    },
    ..FindingKind::NONE
};
