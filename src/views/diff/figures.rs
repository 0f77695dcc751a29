//! Figures of two traces beside each other.

use crate::output::{RenderOptions, number};

/// `1 span`, `1,204 spans`
pub(super) fn spans(count: usize) -> String {
    let number = number::count(i64::try_from(count).unwrap_or(i64::MAX));
    if count == 1 { "1 span".to_owned() } else { format!("{number} spans") }
}

/// `+812 ms (+197 %)`; none where one of both is unknown.
pub(super) fn delta(a: Option<i64>, b: Option<i64>, text: fn(i64) -> String) -> Option<String> {
    let (a, b) = a.zip(b)?;
    let more = b.saturating_sub(a);
    let share = number::growth(a as f64, b as f64).filter(|_| more != 0);
    Some(with_share(&number::signed(text(more), more > 0), share))
}

/// A figure with how much it is of what was before.
pub(super) fn with_share(text: &str, share: Option<String>) -> String {
    share.map_or_else(|| text.to_owned(), |share| format!("{text} ({share})"))
}

/// The sign between what was and what is.
pub(super) const fn arrow(look: &RenderOptions) -> &'static str {
    if look.unicode { "→" } else { "->" }
}
