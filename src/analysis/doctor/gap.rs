//! What is missing in a trace.

use super::signs::{explains_gaps, had_spans, is_missing};
use crate::model::{Problem, Spans, TraceInfo, TraceState};
use crate::number;

/// What is missing in a trace that ended.
#[derive(Debug, Default)]
pub(super) struct Gap {
    /// Whether its file is missing. Then the rest is not examined.
    pub(super) is_file_missing: bool,
    /// Whether spans are missing.
    pub(super) is_short: bool,
    /// Number of spans whose parent is missing.
    pub(super) orphans: u64,
    /// Whether it has a root span.
    pub(super) has_root: bool,
}

impl Gap {
    /// Examines a trace. Returns `None` if something else explains gaps: spans of a trace in progress may not be stored
    /// yet, and others cannot be read or never existed.
    pub(super) fn find(info: &TraceInfo, spans: &Spans) -> Option<Self> {
        let explains = |problem: &Problem| {
            explains_gaps(problem) || matches!(&*problem.kind, "foreign_location" | "unserved_spans")
        };
        if info.state == TraceState::InProgress || spans.problems.iter().any(explains) {
            return None;
        }
        let has_missing = spans.problems.iter().any(is_missing);
        if has_missing && !had_spans(info) {
            return None;
        }
        let is_file_missing = spans.problems.iter().any(|problem| problem.kind == "missing_file");
        if is_file_missing && !info.has_spans_in_database() {
            return Some(Self { is_file_missing: true, ..Self::default() });
        }
        let stored = spans.list.len() as u64;
        Some(Self {
            is_file_missing: false,
            is_short: has_missing || info.span_count.is_some_and(|recorded| stored < recorded),
            orphans: spans.nodes.iter().filter(|node| node.is_orphan).count() as u64,
            has_root: spans.nodes.iter().any(|node| node.parent.is_none() && !node.is_orphan),
        })
    }

    /// Formats the number of spans whose parent is missing.
    pub(super) fn orphan_fact(&self) -> String {
        match self.orphans {
            1 => "1 span has a missing parent".to_owned(),
            spans => format!("{} spans have a missing parent", number::count(spans.cast_signed())),
        }
    }
}
