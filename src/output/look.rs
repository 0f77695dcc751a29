//! How text is rendered: colors, width, characters, time zone.

use super::theme::Theme;
use crate::model::{Timestamp, Zone};

/// How text is to look.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// Colours or none.
    pub theme: Theme,
    /// Columns to fit into; `None` = do not cut.
    pub width: Option<usize>,
    /// Guides and bars beyond ASCII.
    pub unicode: bool,
    /// The zone of times.
    pub zone: Zone,
    /// The time from which ages count.
    pub now: Timestamp,
}

impl RenderOptions {
    /// What stands where text was cut.
    #[must_use]
    pub const fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// The sign between facts of a header.
    #[must_use]
    pub const fn dot(&self) -> &'static str {
        if self.unicode { " · " } else { " - " }
    }
}
