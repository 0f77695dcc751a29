//! Shared by searches: the row of a trace, and how often the clock is checked.

/// How many rows are read between checks of the clock, which cost about as much as reading a row.
pub(super) const CLOCK_EVERY: usize = 32;

/// A trace found: its row id for fast access, and its trace id to check that the row is still the same trace.
#[derive(Clone, Debug)]
pub(super) struct TraceRow {
    pub(super) rowid: i64,
    pub(super) id: String,
}
