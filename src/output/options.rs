//! Options for rendering text: colors, width, characters, time zone.

use super::theme::Theme;
use crate::model::{Timestamp, Zone};

/// Options for rendering text.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// Colors, or none.
    pub theme: Theme,
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

    /// Separator between the facts of a header.
    #[must_use]
    pub const fn separator(&self) -> &'static str {
        if self.unicode { " · " } else { " - " }
    }
}
