//! The line of progress on stderr.

use super::locked;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex};

/// The line on stderr that tells of work which takes long. Whoever writes beside it writes through it.
#[derive(Clone, Debug, Default)]
pub struct StatusLine(Arc<Mutex<StatusState>>);

#[derive(Debug, Default)]
enum StatusState {
    #[default]
    Off,
    /// Nothing is drawn yet.
    Wanted,
    Drawn(ProgressBar),
}

impl StatusLine {
    /// Allows it to be drawn.
    pub fn allow(&self) {
        *locked(&self.0) = StatusState::Wanted;
    }

    /// Draws a text; false once it is cleared.
    #[must_use]
    pub fn draw(&self, text: String, unicode: bool) -> bool {
        let mut status = locked(&self.0);
        match &*status {
            StatusState::Off => return false,
            StatusState::Wanted => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                let style = ProgressStyle::with_template("{spinner} {msg}");
                let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
                bar.set_style(if unicode { style } else { style.tick_chars("|/-\\ ") });
                *status = StatusState::Drawn(bar);
            }
            StatusState::Drawn(_) => {}
        }
        if let StatusState::Drawn(bar) = &*status {
            bar.set_message(text);
            bar.tick();
        }
        true
    }

    /// Clears it for good.
    pub fn clear(&self) {
        if let StatusState::Drawn(bar) = std::mem::take(&mut *locked(&self.0)) {
            bar.finish_and_clear();
        }
    }

    /// Writes a line of another kind to stderr.
    pub fn beside(&self, write: impl FnOnce()) {
        match &*locked(&self.0) {
            StatusState::Drawn(bar) => bar.suspend(write),
            StatusState::Off | StatusState::Wanted => write(),
        }
    }

    /// Clears it for good, and gives the last words a line of their own: a terminal shows `^C` where its cursor stands.
    pub(super) fn make_room(&self) {
        let mut status = locked(&self.0);
        match std::mem::take(&mut *status) {
            StatusState::Drawn(bar) => bar.finish_and_clear(),
            StatusState::Off | StatusState::Wanted if io::stderr().is_terminal() => {
                let _ = writeln!(io::stderr());
            }
            StatusState::Off | StatusState::Wanted => {}
        }
    }
}
