//! The findings of `mltrace doctor`; one file each.
//!
//! # Adding a finding
//!
//! One file and one line:
//!
//! ```ignore
//! // src/analysis/doctor/findings/unnamed_traces.rs
//! //! Traces without a name.
//! use crate::analysis::doctor::{FindingKind, Message, Severity};
//!
//! pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
//!     name: "unnamed_traces",
//!     severity: Severity::Hint,
//!     message: Message::Counted("{} trace has no name", "{} traces have no name"),
//!     meaning: "Lists show `-` instead of a name.",
//!     remedy: "name the root span",
//!     in_record: |info, _, finding| {
//!         if info.name.is_none() {
//!             finding.add_trace(&info.trace_id, []);
//!         }
//!     },
//!     ..FindingKind::NONE
//! };
//! ```
//!
//! and `unnamed_traces` in the list below.

use super::FindingKind;

/// Declares the modules and the list of their findings.
macro_rules! findings {
    ($($module:ident)*) => {
        $(pub(super) mod $module;)*

        /// All kinds, in the order of output: worst first.
        pub(super) const ALL: &[&FindingKind] = &[$(&$module::KIND),*];
    };
}

findings! {
    database_too_new
    schema_unnamed
    upgrade_broken
    file_store_refused
    spans_not_served
    damaged_records
    missing_artifacts
    spans_missing
    missing_root
    database_too_old
    spans_not_read
    rows_missing
    stuck_traces
    record_incomplete
    tokens_differ
    costs_differ
    usage_conflict
    orphans
    repeated_spans
    moved_artifacts
    outside_artifacts
    empty_store
    other_store_preferred
    two_stores
    foreign_artifacts
    unknown_revision
    without_spans
    unpriced_models
    deleted_experiments
}
