//! Formatting of numbers in human-readable output.

use crate::model::{Cost, Timestamp, TokenUsage, TraceInfo, TraceState};

/// Formats a duration in nanoseconds with about three digits: `0.2 ms`, `830 ms`, `2.41 s`, `3 m 20 s`, `2 h 05 m`.
#[must_use]
pub fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let seconds = nanos / 1_000_000_000;
    let body = match nanos {
        0 => "0 ms".to_owned(),
        1..=999_999 => format!("{:.1} ms", (nanos as f64 / 1e6).max(0.1)),
        1_000_000..=99_999_999 => without_zero_fraction(nanos as f64 / 1e6, 1) + " ms",
        100_000_000..=999_499_999 => format!("{:.0} ms", nanos as f64 / 1e6),
        _ if nanos < 59_995_000_000 => format!("{:.2} s", nanos as f64 / 1e9),
        _ if seconds < 3_600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ if seconds < 86_400 => format!("{} h {:02} m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3_600),
    };
    format!("{sign}{body}")
}

fn without_zero_fraction(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Formats a duration in milliseconds.
#[must_use]
pub fn millis(millis: i64) -> String {
    duration(millis.saturating_mul(1_000_000))
}

/// Formats the recorded duration of a trace. That of a trace in progress covers only the spans received when its record
/// was written and is often 0.
#[must_use]
pub fn format_trace_duration(info: &TraceInfo) -> Option<String> {
    let recorded = info.execution_duration_ms?;
    match info.state {
        TraceState::InProgress => (recorded > 0).then(|| duration_so_far(recorded.saturating_mul(1_000_000))),
        _ => Some(millis(recorded)),
    }
}

/// Formats the duration so far of something still running.
#[must_use]
pub fn duration_so_far(nanos: i64) -> String {
    format!("{} so far", duration(nanos))
}

/// Formats a count with thousands separators: `1,569`.
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

/// Formats a size: `640 bytes`, `12.3 kB`, `1.2 GB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    let fits = |(_, size): &(&str, f64)| bytes as f64 / size < 999.95;
    let (unit, size) = [("kB", 1e3), ("MB", 1e6)].into_iter().find(fits).unwrap_or(("GB", 1e9));
    format!("{:.1} {unit}", bytes as f64 / size)
}

/// Formats the time elapsed since `time`: `12 s`, `5 m`, `3 h`, `8 d`; `-` if it is in the future.
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

/// Formats a cost in dollars: `$0.0012`; `~$0.0012` if it was calculated from prices, `<$0.0000001` if it is too small
/// to show. `None` if the total is unknown.
#[must_use]
pub fn cost(cost: &Cost) -> Option<String> {
    // Compensates for rounding errors in float sums, so that 0.00001515 prints the same however it was summed.
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

/// Formats a price in dollars with all its digits: `$0.15`.
#[must_use]
pub fn dollars(price: f64) -> String {
    let text = format!("{price:.2}");
    if text.parse() == Ok(price) { format!("${text}") } else { format!("${price}") }
}

/// Formats a fraction (0 to 1) as a percentage: `5.3 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        100.0 => "100 %".to_owned(),
        small if small < 0.1 => "<0.1 %".to_owned(),
        // Only exactly 1 prints as 100 %.
        percent => format!("{:.1} %", percent.min(99.9)),
    }
}

/// Formats the relative change of a figure: `+197 %`; `None` if `from` is 0.
#[must_use]
pub fn growth(from: f64, to: f64) -> Option<String> {
    let percent = (to - from) / from * 100.0;
    let digits = usize::from(percent.abs() < 99.95);
    percent.is_finite().then(|| format!("{percent:+.digits$} %"))
}

/// Adds a plus sign to a formatted difference if the figure increased.
#[must_use]
pub fn signed(text: String, is_more: bool) -> String {
    if is_more { format!("+{text}") } else { text }
}

/// Renders counts as a sparkline: one character per count, scaled to the greatest.
#[must_use]
pub fn sparkline(counts: &[u64], is_unicode: bool) -> String {
    let levels: &[char] = if is_unicode {
        &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        &['.', ':', '-', '=', '+', '*', '#', '@']
    };
    let max = counts.iter().copied().max().unwrap_or(0).max(1);
    let level = |count: &u64| match count {
        0 => ' ',
        count => levels[(((count * levels.len() as u64).div_ceil(max)) as usize).clamp(1, levels.len()) - 1],
    };
    let line: String = counts.iter().map(level).collect();
    line.trim_end().to_owned()
}

/// Formats the total tokens; `-` if unknown.
#[must_use]
pub fn total_tokens(usage: Option<&TokenUsage>) -> String {
    usage.and_then(|usage| usage.total_tokens).map_or_else(|| "-".to_owned(), count)
}

/// Formats a count; `-` if unknown.
#[must_use]
pub fn count_or_dash(figure: Option<i64>) -> String {
    figure.map_or_else(|| "-".to_owned(), count)
}

#[cfg(test)]
mod tests;
