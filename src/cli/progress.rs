//! The progress line on stderr.

use crate::number;
use crate::terminal::StatusLine;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// Delay before the progress line appears.
const PROGRESS_AFTER: Duration = Duration::from_millis(300);

/// Interval at which the progress line is redrawn.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// A count on stderr, shown once the work has taken longer than `PROGRESS_AFTER`.
#[derive(Debug)]
pub struct Progress {
    count: Arc<AtomicU64>,
    status: StatusLine,
    /// Dropping it ends the drawing thread.
    end: Option<Sender<()>>,
}

impl Progress {
    /// Starts a count of `label`, a plural phrase such as `traces read`. Draws only if `is_shown`.
    pub(super) fn start(label: &'static str, status: StatusLine, is_shown: bool, unicode: bool) -> Self {
        let count = Arc::new(AtomicU64::new(0));
        let end = is_shown.then(|| {
            status.allow();
            let (end, ended) = mpsc::channel();
            let (status, count) = (status.clone(), Arc::clone(&count));
            // If the thread cannot be started, no progress is shown.
            let _ = std::thread::Builder::new().spawn(move || draw_progress(label, &count, &status, unicode, &ended));
            end
        });
        Self { count, status, end }
    }

    /// Counts one more.
    pub fn tick(&self) {
        self.add(1);
    }

    /// Counts `more` more.
    pub fn add(&self, more: usize) {
        self.count.fetch_add(more as u64, Ordering::Relaxed);
    }

    /// Clears the line before results are printed.
    pub fn clear(&mut self) {
        if self.end.take().is_some() {
            self.status.clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Draws until the sender of `ended` is dropped or the line was cleared.
fn draw_progress(label: &str, count: &AtomicU64, status: &StatusLine, unicode: bool, ended: &Receiver<()>) {
    let mut pause = PROGRESS_AFTER;
    while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let text = match count.load(Ordering::Relaxed) {
            0 => "reading".to_owned(),
            count => format!("{} {label}", number::count(i64::try_from(count).unwrap_or(i64::MAX))),
        };
        if !status.draw(text, unicode) {
            return;
        }
        pause = PROGRESS_EVERY;
    }
}
