//! Progress line on stderr.

use super::lock;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex};

/// Progress line on stderr. Other writes to stderr go through [`StatusLine::suspend`].
#[derive(Clone, Debug, Default)]
pub struct StatusLine(Arc<Mutex<StatusState>>);

#[derive(Debug, Default)]
enum StatusState {
    #[default]
    Off,
    /// May be drawn, but is not yet.
    Allowed,
    Drawn(ProgressBar),
}

impl StatusLine {
    /// Allows the line to be drawn.
    pub fn allow(&self) {
        *lock(&self.0) = StatusState::Allowed;
    }

    /// Draws a text. Returns false if the line is not allowed or has been cleared.
    #[must_use]
    pub fn draw(&self, text: String, unicode: bool) -> bool {
        let mut status = lock(&self.0);
        match &*status {
            StatusState::Off => return false,
            StatusState::Allowed => {
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

    /// Clears the line permanently.
    pub fn clear(&self) {
        if let StatusState::Drawn(bar) = std::mem::take(&mut *lock(&self.0)) {
            bar.finish_and_clear();
        }
    }

    /// Runs `write`, which writes other lines to stderr, with the progress line hidden.
    pub fn suspend(&self, write: impl FnOnce()) {
        match &*lock(&self.0) {
            StatusState::Drawn(bar) => bar.suspend(write),
            StatusState::Off | StatusState::Allowed => write(),
        }
    }

    /// Clears the line permanently and starts a new one on a terminal, which echoes `^C` at the cursor.
    pub(super) fn clear_and_break_line(&self) {
        let mut status = lock(&self.0);
        match std::mem::take(&mut *status) {
            StatusState::Drawn(bar) => bar.finish_and_clear(),
            StatusState::Off | StatusState::Allowed if io::stderr().is_terminal() => {
                let _ = writeln!(io::stderr());
            }
            StatusState::Off | StatusState::Allowed => {}
        }
    }
}
