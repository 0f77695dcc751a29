//! The installed MLflow refuses file stores.

use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::shell;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "file_store_refused",
    severity: Severity::Problem,
    message: Message::Fixed("the MLflow installed here refuses this file store"),
    meaning: "MLflow 3.13 and later open a file store only if MLFLOW_ALLOW_FILE_STORE is true, so an application that \
              starts here records no traces in it. mltrace still reads it.",
    remedy: "set MLFLOW_ALLOW_FILE_STORE=true, or move the traces to a database",
    command: |_, store| {
        let source = shell::quote(&store.name);
        let target = store.migration_target.as_ref()?.to_string_lossy();
        Some(format!("mlflow migrate-filestore --source {source} --target sqlite:///{}", shell::quote(&target)))
    },
    in_store: |store, finding| {
        if store.facts.refusing_release(store.facts.info.kind).is_some() {
            finding.add_others(1, []);
        }
    },
    ..FindingKind::NONE
};
