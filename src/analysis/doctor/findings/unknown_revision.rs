//! A schema revision of no known release.

use crate::analysis::doctor::schema::{SchemaState, add_schema};
use crate::analysis::doctor::{FindingKind, Message, Severity};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "schema_unknown",
    severity: Severity::Hint,
    message: Message::Fixed("the database schema belongs to no known release"),
    meaning: "It belongs to a release newer than 3.18, to a development version, or not to MLflow. mltrace goes by the \
              columns and does not show what is new in this schema.",
    remedy: "check for a newer release of mltrace",
    in_store: |store, finding| add_schema(finding, store.facts, SchemaState::Unknown),
    ..FindingKind::NONE
};
