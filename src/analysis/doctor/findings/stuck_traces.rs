//! Traces that never ended.

use crate::analysis::doctor::{FindingKind, Message, Severity, show_trace};
use crate::model::TraceState;
use crate::number;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "stuck_traces",
    severity: Severity::Warning,
    message: Message::Counted("{} trace is stuck in progress", "{} traces are stuck in progress"),
    meaning: "More than an hour after the start, no end was recorded: the process was killed or hangs, or the root span \
              is sent elsewhere. Only spans that had ended are stored, if any.",
    remedy: "inspect the stored spans, and make the process end its traces when it stops",
    command: show_trace,
    in_record: |info, now, finding| {
        let age = now.0.saturating_sub(info.request_time.0) / 1_000_000_000;
        if info.state == TraceState::InProgress && age > STUCK_AFTER_SECONDS {
            finding.add_trace(&info.trace_id, [format!("started {} ago", number::age(info.request_time, now))]);
        }
    },
    ..FindingKind::NONE
};

/// A trace in progress counts as stuck if it started longer ago than this.
const STUCK_AFTER_SECONDS: i64 = 3_600;
