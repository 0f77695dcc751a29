//! Options for rendering text: width, characters, time zone.

use crate::model::{Timestamp, Zone};

/// Options for rendering text.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// Available columns; `None` = do not truncate.
    pub width: Option<usize>,
    /// Whether guides and bars may use characters beyond ASCII.
    pub unicode: bool,
    /// Time zone of displayed times.
    pub zone: Zone,
    /// Reference time for ages.
    pub now: Timestamp,
}

impl RenderOptions {
    /// Marker for truncated text.
    #[must_use]
    pub const fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// Formats a time in the time zone of the output: `2026-07-16 09:30:00 UTC`.
    #[must_use]
    pub fn time(&self, time: Timestamp) -> String {
        format!("{} {}", time.date_time(self.zone), time.zone_name(self.zone))
    }

    /// Separator between the facts of a header.
    #[must_use]
    pub const fn separator(&self) -> &'static str {
        if self.unicode { " · " } else { " - " }
    }
}
