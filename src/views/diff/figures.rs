//! Formatting of counts and deltas.

use crate::number;
use crate::output::RenderOptions;

/// Formats a number of spans: `1 span`, `1,204 spans`.
pub(super) fn span_count(count: usize) -> String {
    let number = number::count(i64::try_from(count).unwrap_or(i64::MAX));
    if count == 1 { "1 span".to_owned() } else { format!("{number} spans") }
}

/// Formats a delta as `+812 ms (+197 %)`; `None` if either value is unknown.
pub(super) fn format_delta(a: Option<i64>, b: Option<i64>, text: fn(i64) -> String) -> Option<String> {
    let (a, b) = a.zip(b)?;
    let delta = b.saturating_sub(a);
    let share = number::growth(a as f64, b as f64).filter(|_| delta != 0);
    Some(with_share(&number::signed(text(delta), delta > 0), share))
}

/// Appends a relative change in parentheses.
pub(super) fn with_share(text: &str, share: Option<String>) -> String {
    share.map_or_else(|| text.to_owned(), |share| format!("{text} ({share})"))
}

/// Returns the arrow between an old and a new value.
pub(super) const fn arrow(options: &RenderOptions) -> &'static str {
    if options.unicode { "→" } else { "->" }
}
