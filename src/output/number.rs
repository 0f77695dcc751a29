//! The only writer of numbers for people.

use crate::model::{Cost, Timestamp, TokenUsage, TraceInfo, TraceState};

/// A duration in nanoseconds with three digits: `0.2 ms`, `830 ms`, `2.41 s`, `3 m 20 s`, `2 h 05 m`.
#[must_use]
pub fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let seconds = nanos / 1_000_000_000;
    let body = match nanos {
        0 => "0 ms".to_owned(),
        1..=999_999 => format!("{:.1} ms", (nanos as f64 / 1e6).max(0.1)),
        1_000_000..=99_999_999 => trimmed(nanos as f64 / 1e6, 1) + " ms",
        100_000_000..=999_499_999 => format!("{:.0} ms", nanos as f64 / 1e6),
        _ if nanos < 59_995_000_000 => format!("{:.2} s", nanos as f64 / 1e9),
        _ if seconds < 3_600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ if seconds < 86_400 => format!("{} h {:02} m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3_600),
    };
    format!("{sign}{body}")
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A duration in milliseconds.
#[must_use]
pub fn millis(millis: i64) -> String {
    duration(millis.saturating_mul(1_000_000))
}

/// The recorded duration of a trace. The record of a trace in progress has what had arrived when it was written, often 0.
#[must_use]
pub fn trace_duration(info: &TraceInfo) -> Option<String> {
    let recorded = info.execution_duration_ms?;
    match info.state {
        TraceState::InProgress => (recorded > 0).then(|| so_far(recorded.saturating_mul(1_000_000))),
        _ => Some(millis(recorded)),
    }
}

/// A duration of something that is not over.
#[must_use]
pub fn so_far(nanos: i64) -> String {
    format!("{} so far", duration(nanos))
}

/// A count with separators: `1,569`.
#[must_use]
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

/// A size: `640 bytes`, `12.3 kB`, `1.2 GB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    let fits = |(_, one): &(&str, f64)| bytes as f64 / one < 999.95;
    let (unit, one) = [("kB", 1e3), ("MB", 1e6)].into_iter().find(fits).unwrap_or(("GB", 1e9));
    format!("{:.1} {unit}", bytes as f64 / one)
}

/// How long ago something was: `12 s`, `5 m`, `3 h`, `8 d`; `-` for the future.
#[must_use]
pub fn age(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.0.saturating_sub(time.0).div_euclid(1_000_000_000);
    match seconds {
        i64::MIN..=-1 => "-".to_owned(),
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} m", seconds / 60),
        3_600..=86_399 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Money: `$0.0012`, with significant digits only; `~$0.0012` where it is calculated, `<$0.0000001` where it is too
/// small to show.
#[must_use]
pub fn cost(cost: &Cost) -> Option<String> {
    // A sum of floats may fall short of its exact value: 0.00001515 is to read the same however it was calculated.
    let total = cost.total_cost? * (1.0 + 1e-12);
    let minus = if total < 0.0 { "-" } else { "" };
    let digits = match total.abs() {
        0.0 => 0,
        tiny if tiny < 1e-7 => return Some(format!("{minus}<$0.0000001")),
        small if small < 0.000_1 => 7,
        small if small < 0.01 => 5,
        small if small < 1.0 => 4,
        _ => 2,
    };
    let sign = if cost.source == "calculated" { "~" } else { "" };
    let text = format!("{:.digits$}", total.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    Some(format!("{sign}{minus}${whole}{rest}"))
}

/// A price in dollars with all its digits: `$0.15`.
#[must_use]
pub fn dollars(price: f64) -> String {
    let text = format!("{price:.2}");
    if text.parse() == Ok(price) { format!("${text}") } else { format!("${price}") }
}

/// A share: `5.3 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        100.0 => "100 %".to_owned(),
        small if small < 0.1 => "<0.1 %".to_owned(),
        // Short of all is not all.
        percent => format!("{:.1} %", percent.min(99.9)),
    }
}

/// How much a figure grew, or fell, in parts of what it was: `+197 %`; none of nothing.
#[must_use]
pub fn growth(from: f64, to: f64) -> Option<String> {
    let percent = (to - from) / from * 100.0;
    let digits = usize::from(percent.abs() < 99.95);
    percent.is_finite().then(|| format!("{percent:+.digits$} %"))
}

/// A figure with its sign, where it is more than before.
#[must_use]
pub fn signed(text: String, is_more: bool) -> String {
    if is_more { format!("+{text}") } else { text }
}

/// Counts as a small picture: one sign for each, the greatest the tallest.
#[must_use]
pub fn spark(counts: &[u64], is_unicode: bool) -> String {
    let signs: &[char] = if is_unicode {
        &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        &['.', ':', '-', '=', '+', '*', '#', '@']
    };
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let sign = |count: &u64| match count {
        0 => ' ',
        count => signs[(((count * signs.len() as u64).div_ceil(most)) as usize).clamp(1, signs.len()) - 1],
    };
    let line: String = counts.iter().map(sign).collect();
    line.trim_end().to_owned()
}

/// The total of a usage; `-` where it is not known.
#[must_use]
pub fn total(usage: Option<&TokenUsage>) -> String {
    usage.and_then(|usage| usage.total_tokens).map_or_else(|| "-".to_owned(), count)
}

/// A figure that may be unknown.
#[must_use]
pub fn known(figure: Option<i64>) -> String {
    figure.map_or_else(|| "-".to_owned(), count)
}
