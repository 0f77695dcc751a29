//! The database names no schema revision.

use crate::analysis::doctor::schema::{SchemaState, add_schema};
use crate::analysis::doctor::{FindingKind, Message, Severity};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "schema_unnamed",
    severity: Severity::Problem,
    message: Message::Fixed("the database does not name its schema"),
    meaning: "MLflow looks up the schema in the table `alembic_version` before it opens a database, and refuses one \
              without an entry. mltrace goes by the columns and can still read it.",
    remedy: "restore a backup that names its schema, or read it with mltrace",
    in_store: |store, finding| add_schema(finding, store.facts, SchemaState::Unnamed),
    ..FindingKind::NONE
};
