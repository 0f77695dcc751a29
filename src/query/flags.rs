//! Values of flags: points in time and durations.

use crate::model::{Timestamp, Zone};

/// A point in time: `15m`, `2h`, `7d` ago, a date, a date and time, or RFC 3339.
///
/// # Errors
/// What would be understood.
pub fn time(text: &str, now: Timestamp, zone: Zone) -> Result<Timestamp, String> {
    if let Some(nanos) = nanos(text) {
        return Ok(Timestamp(now.0.saturating_sub(nanos)));
    }
    Timestamp::parse_rfc3339(text).or_else(|| Timestamp::parse_bare(text, zone)).ok_or_else(|| {
        format!("`{text}` is no time; `15m`, `2h`, `7d`, `2026-11-20`, `2026-11-20 15:49` and RFC 3339 are")
    })
}

/// A duration in milliseconds: `250ms`, `2s`, `1.5s`, `1m30s`, `2h`.
///
/// # Errors
/// What would be understood.
pub fn duration_ms(text: &str) -> Result<i64, String> {
    duration_ns(text).map(|nanos| nanos / 1_000_000)
}

/// The same in nanoseconds.
///
/// # Errors
/// What would be understood.
pub fn duration_ns(text: &str) -> Result<i64, String> {
    nanos(text).ok_or_else(|| format!("`{text}` is no duration; `250ms`, `1.5s`, `1m30s` and `2h` are"))
}

/// Numbers with units, added up; `None` for anything else.
fn nanos(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 7] =
        [("ms", 1e6), ("us", 1e3), ("s", 1e9), ("m", 60e9), ("h", 3_600e9), ("d", 86_400e9), ("w", 604_800e9)];
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, size) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        total += number * size;
        rest = rest[unit.len()..].trim_start();
    }
    (total < 9e18).then_some(total as i64)
}
