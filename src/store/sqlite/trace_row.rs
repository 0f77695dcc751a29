//! Shared by searches: the row of a trace, and how often the clock is checked.

/// How many rows are read between checks of the clock, which cost about as much as reading a row.
pub(super) const CLOCK_EVERY: usize = 32;

/// A trace found: its row id for fast access, and its trace id to check that the row is still the same trace.
#[derive(Clone, Debug)]
pub(super) struct TraceRow {
    pub(super) rowid: i64,
    pub(super) id: String,
}

/// The longest gap in a run of row ids. Reading past a row takes a fraction of the time of finding one.
const MAX_GAP: i64 = 4;

/// Splits row ids in ascending order into runs of adjacent ones. Returns the first and the last of each.
pub(super) fn runs(row_ids: impl Iterator<Item = i64>) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for row_id in row_ids {
        match runs.last_mut() {
            Some((_, last)) if row_id.saturating_sub(*last) <= MAX_GAP => *last = row_id,
            _ => runs.push((row_id, row_id)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjacent_row_ids_are_one_run() {
        let found = |row_ids: &[i64]| runs(row_ids.iter().copied());
        assert_eq!(found(&[]), []);
        assert_eq!(found(&[7]), [(7, 7)]);
        assert_eq!(found(&[1, 2, 3, 7, 12, 14]), [(1, 7), (12, 14)]);
        assert_eq!(found(&[i64::MIN, 0, i64::MAX]), [(i64::MIN, i64::MIN), (0, 0), (i64::MAX, i64::MAX)]);
    }
}
