//! The installed MLflow does not know the schema of the database.

use crate::analysis::doctor::schema::{SchemaState, add_schema};
use crate::analysis::doctor::{FindingKind, Message, Severity};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "schema_mismatch",
    severity: Severity::Problem,
    message: Message::Fixed("the MLflow installed here refuses this database"),
    meaning: "MLflow opens a database only if it knows its schema. The MLflow installed here does not know this one: a \
              newer release or a development version created or upgraded the database.",
    remedy: "install the matching release, or read it with mltrace",
    command: |_, store| {
        let releases = store.info.revisions.first()?.releases?;
        let last = releases.rsplit(' ').next()?;
        let patch = if last.matches('.').count() == 1 { ".*" } else { "" };
        Some(format!("pip install 'mlflow=={last}{patch}'"))
    },
    in_store: |store, finding| add_schema(finding, store.facts, SchemaState::TooNew),
    ..FindingKind::NONE
};
