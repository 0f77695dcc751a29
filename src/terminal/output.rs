//! Standard output: written in whole rows, paged if long, and flushed on Ctrl-C.

use super::{CiCommandEscaper, Pager, StatusLine, lock};
use std::io::{self, IsTerminal as _, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::{Duration, Instant};

/// Number of bytes buffered before they are written.
const BUFFER_BYTES: usize = 1 << 16;

/// Maximum size of an atomic write to a pipe (`PIPE_BUF` on Linux). A row up to this length is never split, even if the
/// process exits while blocked on the write.
const PIPE_ATOMIC_BYTES: usize = 4096;

/// How long an interrupted program waits to write its remaining output.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(300);

/// Additional wait while a row longer than [`PIPE_ATOMIC_BYTES`] is partly written, which is useless without its end.
const PARTIAL_ROW_TIMEOUT: Duration = Duration::from_secs(5);

/// Standard output, which switches to the pager once the output exceeds the screen. A write that ends with a newline
/// ends a row.
pub struct Paged {
    pager: Option<Pager>,
    lines: usize,
    escaper: CiCommandEscaper,
    shared: Arc<SharedOutput>,
}

/// State shared by the writing thread and the thread that ends the process.
struct SharedOutput {
    state: Mutex<PagerState>,
    is_within_row: AtomicBool,
    rows: Mutex<PendingRows>,
    /// Standard output. Locked after `rows`.
    stream: Mutex<Box<dyn Write + Send>>,
    /// Whether stdout is a file. Writes to a file do not block and do not interfere with the progress line.
    stdout_is_file: bool,
    status: StatusLine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PagerState {
    Running,
    /// The pager owns the terminal and handles Ctrl-C itself.
    Paging,
    Interrupted,
    /// The exit code is final.
    Done,
}

/// Output that has not been written yet.
struct PendingRows {
    bytes: Vec<u8>,
    /// Ends of rows, as indexes into `bytes`.
    ends: Vec<usize>,
    /// Whether only whole rows are written. A JSON document is useless in part, so it is not buffered as a whole.
    is_by_row: bool,
    /// Whether the output written so far ends with a newline.
    is_at_line_start: bool,
    target: OutputTarget,
}

enum OutputTarget {
    Undecided,
    Stdout,
    Pager(Child),
}

impl Paged {
    /// Creates the stream. Without a pager, output is only buffered. With `is_by_row`, only whole rows are written
    /// before the end.
    #[must_use]
    pub fn new(pager: Option<Pager>, is_by_row: bool, status: StatusLine, escaper: CiCommandEscaper) -> Self {
        let target = if pager.is_some() { OutputTarget::Undecided } else { OutputTarget::Stdout };
        let rows = PendingRows { bytes: Vec::new(), ends: Vec::new(), is_by_row, is_at_line_start: true, target };
        let shared = SharedOutput {
            state: Mutex::new(PagerState::Running),
            is_within_row: AtomicBool::new(false),
            rows: Mutex::new(rows),
            stream: Mutex::new(Box::new(io::stdout())),
            stdout_is_file: stdout_is_file(),
            status,
        };
        Self { pager, lines: 0, escaper, shared: Arc::new(shared) }
    }

    /// Writes to another stream than standard output.
    #[cfg(test)]
    pub(crate) fn set_stream(&mut self, stream: Box<dyn Write + Send>) {
        *lock(&self.shared.stream) = stream;
    }

    /// Declares further output to be JSON, whatever the output format.
    pub const fn set_json(&mut self) {
        self.escaper.is_json = true;
    }

    /// Stops escaping CI commands: further output is addressed to the CI system.
    pub fn allow_ci_commands(&mut self) {
        self.escaper = CiCommandEscaper::default();
    }

    /// Disables the pager for further output.
    pub fn bypass_pager(&mut self) {
        self.pager = None;
        lock(&self.shared.rows).target = OutputTarget::Stdout;
    }

    /// Writes buffered output and waits for the pager.
    ///
    /// # Errors
    /// If stdout or the pager is closed.
    pub fn finish(&mut self) -> io::Result<()> {
        let mut rows = lock(&self.shared.rows);
        if let OutputTarget::Pager(child) = &mut rows.target {
            drop(child.stdin.take());
            child.wait()?;
            drop(rows);
            self.shared.set_state(PagerState::Running);
            return Ok(());
        }
        rows.target = OutputTarget::Stdout;
        rows.end_row();
        self.shared.write_out(rows)
    }

    /// Returns a handle for the thread that ends the process.
    #[must_use]
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(Arc::clone(&self.shared))
    }

    fn start_pager(&mut self) -> io::Result<()> {
        let Some(pager) = self.pager.take() else { return Ok(()) };
        self.shared.set_state(PagerState::Paging);
        self.shared.status.clear();
        // `PAGER` may include arguments. If it cannot be started, output is not paged.
        let mut words = pager.command.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        if !pager.has_less_options {
            command.env("LESS", "FRX");
        }
        let mut rows = lock(&self.shared.rows);
        let Ok(mut child) = command.args(words).stdin(Stdio::piped()).spawn() else {
            rows.target = OutputTarget::Stdout;
            drop(rows);
            self.shared.set_state(PagerState::Running);
            return Ok(());
        };
        let held = std::mem::take(&mut rows.bytes);
        let written = child.stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(&held));
        rows.target = OutputTarget::Pager(child);
        written
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let safe = self.escaper.escape_commands(bytes);
        let mut rows = lock(&self.shared.rows);
        match &mut rows.target {
            OutputTarget::Pager(child) => {
                return child.stdin.as_mut().map_or(Ok(bytes.len()), |stdin| stdin.write(bytes));
            }
            OutputTarget::Stdout => {
                rows.push(&safe);
                if rows.bytes.len() >= BUFFER_BYTES {
                    self.shared.write_out(rows)?;
                }
            }
            OutputTarget::Undecided => {
                rows.push(&safe);
                drop(rows);
                self.lines += memchr::memchr_iter(b'\n', bytes).count();
                if self.pager.as_ref().is_some_and(|pager| self.lines >= pager.height) {
                    self.start_pager()?;
                }
            }
        }
        Ok(bytes.len())
    }

    /// Does nothing without a pager: rows are written once enough are buffered, and by [`Paged::finish`].
    fn flush(&mut self) -> io::Result<()> {
        match &mut lock(&self.shared.rows).target {
            OutputTarget::Pager(child) => child.stdin.as_mut().map_or(Ok(()), Write::flush),
            OutputTarget::Stdout | OutputTarget::Undecided => Ok(()),
        }
    }
}

impl std::fmt::Debug for Paged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paged").field("pager", &self.pager).finish_non_exhaustive()
    }
}

impl PendingRows {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if bytes.ends_with(b"\n") {
            self.end_row();
        }
    }

    fn end_row(&mut self) {
        if !self.bytes.is_empty() && self.ends.last() != Some(&self.bytes.len()) {
            self.ends.push(self.bytes.len());
        }
    }

    /// Writes the complete rows; stops between two rows once `should_stop` returns true.
    fn write_out(
        &mut self,
        out: &mut dyn Write,
        shared: &SharedOutput,
        should_stop: &dyn Fn() -> bool,
    ) -> io::Result<()> {
        if !self.is_by_row {
            self.ends.clear();
            self.end_row();
        }
        if !shared.stdout_is_file && !self.ends.is_empty() {
            // The output may appear on the progress line, directly or through a pipe.
            shared.status.clear();
        }
        let (mut written, mut count) = (0, 0);
        while count < self.ends.len() && !should_stop() {
            let limit = if shared.stdout_is_file || !self.is_by_row { usize::MAX } else { written + PIPE_ATOMIC_BYTES };
            let rows = self.ends[count..].iter().take_while(|end| **end <= limit).count().max(1);
            let end = self.ends[count + rows - 1];
            shared.is_within_row.store(self.is_by_row && end > limit, Ordering::Relaxed);
            let piece = &self.bytes[written..end];
            let result = out.write_all(piece);
            shared.is_within_row.store(false, Ordering::Relaxed);
            if let Err(error) = result {
                // An unknown part was written; nothing is written again.
                self.bytes.clear();
                self.ends.clear();
                return Err(error);
            }
            self.is_at_line_start = piece.ends_with(b"\n");
            (written, count) = (end, count + rows);
        }
        self.bytes.drain(..written);
        self.ends.drain(..count);
        for end in &mut self.ends {
            *end -= written;
        }
        out.flush()
    }
}

impl SharedOutput {
    /// Changes the state. Does not return if the program was interrupted.
    fn set_state(&self, next: PagerState) {
        let mut state = lock(&self.state);
        if *state == PagerState::Interrupted {
            drop(state);
            park_forever();
        }
        *state = next;
    }

    /// Writes rows on the writing thread. Does not return if the program was interrupted.
    fn write_out(&self, mut rows: MutexGuard<'_, PendingRows>) -> io::Result<()> {
        let is_interrupted = || *lock(&self.state) == PagerState::Interrupted;
        let written = rows.write_out(&mut *lock(&self.stream), self, &is_interrupted);
        drop(rows);
        if is_interrupted() {
            park_forever();
        }
        written
    }
}

/// Handle to stdout for the thread that ends the process.
#[derive(Clone)]
pub struct InterruptHandle(Arc<SharedOutput>);

impl InterruptHandle {
    /// Stops the writing thread at the end of a row and writes the buffered output, unless its reader blocks. Returns
    /// false if nothing is interrupted, because the pager owns the terminal or the program is done.
    #[must_use]
    pub fn interrupt(&self) -> bool {
        {
            let mut state = lock(&self.0.state);
            if *state != PagerState::Running {
                return false;
            }
            *state = PagerState::Interrupted;
        }
        let status = self.0.status.clone();
        run_with_timeout(move || status.clear_and_break_line(), || Duration::ZERO);
        let (shared, start) = (Arc::clone(&self.0), Instant::now());
        let flush = move || {
            let is_late = || !shared.stdout_is_file && start.elapsed() > FLUSH_TIMEOUT;
            let mut rows = lock(&shared.rows);
            if rows.write_out(&mut *lock(&shared.stream), &shared, &is_late).is_ok()
                && !rows.is_at_line_start
                && io::stdout().is_terminal()
            {
                let _ = writeln!(io::stdout());
            }
        };
        run_with_timeout(flush, || match self.0.is_within_row.load(Ordering::Relaxed) {
            _ if self.0.stdout_is_file => Duration::MAX,
            true => PARTIAL_ROW_TIMEOUT,
            false => Duration::ZERO,
        });
        true
    }

    /// Marks the exit code as final: later interrupts are ignored. Does not return if the program was interrupted.
    pub fn mark_done(&self) {
        self.0.set_state(PagerState::Done);
    }
}

impl std::fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterruptHandle").field("state", &self.0.state).finish_non_exhaustive()
    }
}

/// Runs work that may block forever, such as a write without a reader, and waits a short time for it, then for
/// `extra()`.
pub fn run_with_timeout(work: impl FnOnce() + Send + 'static, extra: impl FnOnce() -> Duration) {
    let (sender, done) = mpsc::channel();
    let spawned = std::thread::Builder::new().spawn(move || {
        work();
        let _ = sender.send(());
    });
    if spawned.is_ok() && done.recv_timeout(FLUSH_TIMEOUT).is_err() {
        let _ = done.recv_timeout(extra());
    }
}

/// Parks this thread until another one ends the process.
fn park_forever() -> ! {
    loop {
        std::thread::park();
    }
}

#[cfg(unix)]
fn stdout_is_file() -> bool {
    use std::os::fd::AsFd as _;
    let stdout = io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
    stdout.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(not(unix))]
const fn stdout_is_file() -> bool {
    false
}

#[cfg(test)]
mod tests;
