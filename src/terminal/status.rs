//! The line of progress on stderr.

use super::locked;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex};

/// The line on stderr that tells of work which takes long. Whoever writes beside it writes through it.
#[derive(Clone, Debug, Default)]
pub struct StatusLine(Arc<Mutex<Status>>);

#[derive(Debug, Default)]
enum Status {
    #[default]
    Off,
    /// Nothing is drawn yet.
    Wanted,
    Drawn(ProgressBar),
}

impl StatusLine {
    /// Allows it to be drawn.
    pub fn allow(&self) {
        *locked(&self.0) = Status::Wanted;
    }

    /// Draws a text; false once it is cleared.
    #[must_use]
    pub fn draw(&self, text: String, unicode: bool) -> bool {
        let mut status = locked(&self.0);
        match &*status {
            Status::Off => return false,
            Status::Wanted => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                let style = ProgressStyle::with_template("{spinner} {msg}");
                let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
                bar.set_style(if unicode { style } else { style.tick_chars("|/-\\ ") });
                *status = Status::Drawn(bar);
            }
            Status::Drawn(_) => {}
        }
        if let Status::Drawn(bar) = &*status {
            bar.set_message(text);
            bar.tick();
        }
        true
    }

    /// Clears it for good.
    pub fn clear(&self) {
        if let Status::Drawn(bar) = std::mem::take(&mut *locked(&self.0)) {
            bar.finish_and_clear();
        }
    }

    /// Writes a line of another kind to stderr.
    pub fn beside(&self, write: impl FnOnce()) {
        match &*locked(&self.0) {
            Status::Drawn(bar) => bar.suspend(write),
            Status::Off | Status::Wanted => write(),
        }
    }

    /// Clears it for good, and gives the last words a line of their own: a terminal shows `^C` where its cursor stands.
    pub(super) fn make_room(&self) {
        let mut status = locked(&self.0);
        match std::mem::take(&mut *status) {
            Status::Drawn(bar) => bar.finish_and_clear(),
            Status::Off | Status::Wanted if io::stderr().is_terminal() => {
                let _ = writeln!(io::stderr());
            }
            Status::Off | Status::Wanted => {}
        }
    }
}
