//! The installed MLflow needs a newer schema than the database has.

use crate::analysis::doctor::schema::{SchemaState, add_schema};
use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::shell;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "schema_mismatch",
    severity: Severity::Warning,
    message: Message::Fixed("the MLflow installed here needs a newer schema than this database has"),
    meaning: "MLflow uses a database only if its schema is that of its own release. It upgrades this database without \
              asking if tables are missing, and otherwise refuses it. After an upgrade, the release that created the \
              database cannot open it.",
    remedy: "back up the database, then upgrade it once every program that uses it supports the newer release",
    command: |_, store| Some(format!("mlflow db upgrade sqlite:///{}", shell::quote(&store.name))),
    in_store: |store, finding| add_schema(finding, store.facts, SchemaState::TooOld),
    ..FindingKind::NONE
};
