//! Parsing of flag values: points in time and durations.

use crate::model::{Timestamp, Zone};

/// Parses a point in time: an age (`15m`, `2h`, `7d`), a date, a date and time, or RFC 3339.
///
/// # Errors
/// If the text is none of these.
pub fn time(text: &str, now: Timestamp, zone: Zone) -> Result<Timestamp, String> {
    if let Some(nanos) = nanos(text) {
        return Ok(Timestamp(now.0.saturating_sub(nanos)));
    }
    Timestamp::parse_rfc3339(text).or_else(|| Timestamp::parse_bare(text, zone)).ok_or_else(|| {
        format!("invalid time `{text}` (expected `15m`, `2h`, `7d`, `2026-11-20`, `2026-11-20 15:49` or RFC 3339)")
    })
}

/// Parses a duration to milliseconds: `250ms`, `2s`, `1.5s`, `1m30s`, `2h`.
///
/// # Errors
/// If the text is not a duration.
pub fn duration_ms(text: &str) -> Result<i64, String> {
    duration_ns(text).map(|nanos| nanos / 1_000_000)
}

/// Parses a duration to nanoseconds.
///
/// # Errors
/// If the text is not a duration.
pub fn duration_ns(text: &str) -> Result<i64, String> {
    nanos(text).ok_or_else(|| format!("invalid duration `{text}` (expected `250ms`, `1.5s`, `1m30s` or `2h`)"))
}

/// Adds up numbers with units; `None` for anything else.
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
