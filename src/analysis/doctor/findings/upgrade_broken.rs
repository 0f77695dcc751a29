//! The database names several schema revisions.

use crate::analysis::doctor::schema::{SchemaState, add_schema};
use crate::analysis::doctor::{FindingKind, Message, Severity};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "schema_broken",
    severity: Severity::Problem,
    message: Message::Fixed("the database names several schemas"),
    meaning: "A database has one schema, and MLflow refuses one that names several: an upgrade was interrupted, or two \
              ran at once. mltrace goes by the columns and can still read it.",
    remedy: "restore the backup from before the upgrade, and upgrade that one again",
    in_store: |store, finding| add_schema(finding, store.facts, SchemaState::Several),
    ..FindingKind::NONE
};
