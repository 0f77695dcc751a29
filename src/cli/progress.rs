//! Progress on stderr.

use crate::output::number;
use crate::terminal::StatusLine;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// Work that lasts so long makes somebody wonder.
const PROGRESS_AFTER: Duration = Duration::from_millis(300);

/// How often the line of progress moves.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Counts on stderr, once work has lasted long enough for somebody to wonder.
#[derive(Debug)]
pub struct Progress {
    count: Arc<AtomicU64>,
    status: StatusLine,
    /// Dropping it ends the thread that draws.
    end: Option<Sender<()>>,
}

impl Progress {
    /// Starts to count `what`, a plural noun; draws only if `is_shown`.
    pub(super) fn start(what: &'static str, status: StatusLine, is_shown: bool, unicode: bool) -> Self {
        let count = Arc::new(AtomicU64::new(0));
        let end = is_shown.then(|| {
            status.allow();
            let (end, ended) = mpsc::channel();
            let (status, count) = (status.clone(), Arc::clone(&count));
            // Without the thread no progress is shown.
            let _ = std::thread::Builder::new().spawn(move || draw_progress(what, &count, &status, unicode, &ended));
            end
        });
        Self { count, status, end }
    }

    /// One more is done.
    pub fn tick(&self) {
        self.add(1);
    }

    /// So many more are done.
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

/// Draws until the other end of `ended` is gone or the line was cleared.
fn draw_progress(what: &str, count: &AtomicU64, status: &StatusLine, unicode: bool, ended: &Receiver<()>) {
    let mut pause = PROGRESS_AFTER;
    while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let text = match count.load(Ordering::Relaxed) {
            0 => "reading".to_owned(),
            count => format!("{} {what}", number::count(i64::try_from(count).unwrap_or(i64::MAX))),
        };
        if !status.draw(text, unicode) {
            return;
        }
        pause = PROGRESS_EVERY;
    }
}
