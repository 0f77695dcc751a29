//! Standard output: whole rows at a time, through the pager where it is long, and what becomes of it at Ctrl-C.

use super::{CiCommandEscaper, Pager, StatusLine, locked};
use std::io::{self, IsTerminal as _, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::{Duration, Instant};

/// So many bytes are gathered before they leave.
const CHUNK: usize = 1 << 16;

/// A pipe takes so many bytes whole or not at all (`PIPE_BUF` of Linux): no row up to this length is cut in two, even if
/// the process ends while it waits for a reader.
const ATOMIC: usize = 4096;

/// How long an interrupted program waits for a reader of what is left to be said.
const PATIENCE: Duration = Duration::from_millis(300);

/// The same while a row longer than [`ATOMIC`] is half written, which is worth nothing without its end.
const PATIENCE_WITHIN_ROW: Duration = Duration::from_secs(5);

/// Standard output, which turns to the pager once more was written than fits on the screen. A write that ends with a
/// newline ends a row.
pub struct Paged {
    pager: Option<Pager>,
    lines: usize,
    runner: CiCommandEscaper,
    shared: Arc<SharedOutput>,
}

/// What the thread that writes shares with the one that ends the process.
struct SharedOutput {
    phase: Mutex<PagerState>,
    is_within_row: AtomicBool,
    rows: Mutex<PendingRows>,
    /// A file takes everything at once, and shows nobody where progress would get in the way.
    is_file: bool,
    status: StatusLine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PagerState {
    Running,
    /// The pager has the terminal, and hears of Ctrl-C itself.
    Paging,
    Interrupted,
    /// The exit code is settled.
    Done,
}

/// What was handed over and has not left yet.
struct PendingRows {
    bytes: Vec<u8>,
    /// Where rows end in them.
    ends: Vec<usize>,
    /// Whether only whole rows leave. A document of any length is of no use in part, and need not be kept.
    by_row: bool,
    /// Whether what has left ended a line.
    is_at_line_start: bool,
    to: OutputTarget,
}

enum OutputTarget {
    Undecided,
    Stdout,
    Pager(Child),
}

impl Paged {
    /// Without a pager everything goes straight through a buffer. `by_row` = only whole rows leave before the end. A file is
    /// read by nobody who takes commands.
    #[must_use]
    pub fn new(pager: Option<Pager>, by_row: bool, status: StatusLine, runner: CiCommandEscaper) -> Self {
        let to = if pager.is_some() { OutputTarget::Undecided } else { OutputTarget::Stdout };
        let rows = PendingRows { bytes: Vec::new(), ends: Vec::new(), by_row, is_at_line_start: true, to };
        let shared = SharedOutput {
            phase: Mutex::new(PagerState::Running),
            is_within_row: AtomicBool::new(false),
            rows: Mutex::new(rows),
            is_file: stdout_is_file(),
            status,
        };
        Self { pager, lines: 0, runner, shared: Arc::new(shared) }
    }

    /// What is written from here on is JSON, whatever the form that was asked for.
    pub const fn takes_json(&mut self) {
        self.runner.is_json = true;
    }

    /// What is written from here on is meant for the program that runs the build.
    pub fn commands(&mut self) {
        self.runner = CiCommandEscaper::default();
    }

    /// Everything goes to stdout from here on.
    pub fn bypass_pager(&mut self) {
        self.pager = None;
        locked(&self.shared.rows).to = OutputTarget::Stdout;
    }

    /// Writes what is held back and waits for the pager.
    ///
    /// # Errors
    /// When stdout or the pager is gone.
    pub fn finish(&mut self) -> io::Result<()> {
        let mut rows = locked(&self.shared.rows);
        if let OutputTarget::Pager(child) = &mut rows.to {
            drop(child.stdin.take());
            child.wait()?;
            drop(rows);
            self.shared.enter(PagerState::Running);
            return Ok(());
        }
        rows.to = OutputTarget::Stdout;
        rows.end_row();
        self.shared.write_out(rows)
    }

    /// The stream as the thread that ends the process sees it.
    #[must_use]
    pub fn ending(&self) -> InterruptHandle {
        InterruptHandle(Arc::clone(&self.shared))
    }

    fn turn_to_pager(&mut self) -> io::Result<()> {
        let Some(pager) = self.pager.take() else { return Ok(()) };
        self.shared.enter(PagerState::Paging);
        self.shared.status.clear();
        // `PAGER` may hold arguments. One that cannot be started is no pager.
        let mut words = pager.command.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        if !pager.has_less_options {
            command.env("LESS", "FRX");
        }
        let mut rows = locked(&self.shared.rows);
        let Ok(mut child) = command.args(words).stdin(Stdio::piped()).spawn() else {
            rows.to = OutputTarget::Stdout;
            drop(rows);
            self.shared.enter(PagerState::Running);
            return Ok(());
        };
        let held = std::mem::take(&mut rows.bytes);
        let written = child.stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(&held));
        rows.to = OutputTarget::Pager(child);
        written
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let safe = self.runner.escape_commands(bytes);
        let mut rows = locked(&self.shared.rows);
        match &mut rows.to {
            OutputTarget::Pager(child) => {
                return child.stdin.as_mut().map_or(Ok(bytes.len()), |stdin| stdin.write(bytes));
            }
            OutputTarget::Stdout => {
                rows.add(&safe);
                if rows.bytes.len() >= CHUNK {
                    self.shared.write_out(rows)?;
                }
            }
            OutputTarget::Undecided => {
                rows.add(&safe);
                drop(rows);
                self.lines += memchr::memchr_iter(b'\n', bytes).count();
                if self.pager.as_ref().is_some_and(|pager| self.lines >= pager.height) {
                    self.turn_to_pager()?;
                }
            }
        }
        Ok(bytes.len())
    }

    /// Rows leave when there are enough of them, and at [`Paged::finish`].
    fn flush(&mut self) -> io::Result<()> {
        match &mut locked(&self.shared.rows).to {
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
    fn add(&mut self, bytes: &[u8]) {
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

    /// Writes the rows that are whole; stops between two where `stops` says so.
    fn write_out(&mut self, out: &mut dyn Write, shared: &SharedOutput, stops: &dyn Fn() -> bool) -> io::Result<()> {
        if !self.by_row {
            self.ends.clear();
            self.end_row();
        }
        if !shared.is_file && !self.ends.is_empty() {
            // What is written may appear where the line of progress stands, now or behind a pipe.
            shared.status.clear();
        }
        let (mut written, mut count) = (0, 0);
        while count < self.ends.len() && !stops() {
            let limit = if shared.is_file || !self.by_row { usize::MAX } else { written + ATOMIC };
            let rows = self.ends[count..].iter().take_while(|end| **end <= limit).count().max(1);
            let end = self.ends[count + rows - 1];
            shared.is_within_row.store(self.by_row && end > limit, Ordering::Relaxed);
            let piece = &self.bytes[written..end];
            let result = out.write_all(piece);
            shared.is_within_row.store(false, Ordering::Relaxed);
            if let Err(error) = result {
                // Nobody knows how much of it was written; none of it is written again.
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
    /// Goes on to another phase; where the program was interrupted before, the caller goes no further.
    fn enter(&self, next: PagerState) {
        let mut phase = locked(&self.phase);
        if *phase == PagerState::Interrupted {
            drop(phase);
            wait_for_the_end();
        }
        *phase = next;
    }

    /// Writes rows for the thread that made them.
    fn write_out(&self, mut rows: MutexGuard<'_, PendingRows>) -> io::Result<()> {
        let is_interrupted = || *locked(&self.phase) == PagerState::Interrupted;
        let written = rows.write_out(&mut io::stdout(), self, &is_interrupted);
        drop(rows);
        if is_interrupted() {
            wait_for_the_end();
        }
        written
    }
}

/// The stream as the thread that ends the process sees it.
#[derive(Clone)]
pub struct InterruptHandle(Arc<SharedOutput>);

impl InterruptHandle {
    /// Stops the thread that writes at the end of a row, and writes what it handed over, as far as somebody reads it.
    /// False: nothing is to be interrupted, since the pager has the terminal or the program is done.
    #[must_use]
    pub fn interrupt(&self) -> bool {
        {
            let mut phase = locked(&self.0.phase);
            if *phase != PagerState::Running {
                return false;
            }
            *phase = PagerState::Interrupted;
        }
        let status = self.0.status.clone();
        run_with_timeout(move || status.make_room(), || Duration::ZERO);
        let (shared, began) = (Arc::clone(&self.0), Instant::now());
        let flush = move || {
            let is_late = || !shared.is_file && began.elapsed() > PATIENCE;
            let mut rows = locked(&shared.rows);
            if rows.write_out(&mut io::stdout(), &shared, &is_late).is_ok()
                && !rows.is_at_line_start
                && io::stdout().is_terminal()
            {
                let _ = writeln!(io::stdout());
            }
        };
        run_with_timeout(flush, || match self.0.is_within_row.load(Ordering::Relaxed) {
            _ if self.0.is_file => Duration::MAX,
            true => PATIENCE_WITHIN_ROW,
            false => Duration::ZERO,
        });
        true
    }

    /// Settles the exit code: nothing is interrupted any more. Does not return where that has happened.
    pub fn settle(&self) {
        self.0.enter(PagerState::Done);
    }
}

impl std::fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ending").field("phase", &self.0.phase).finish_non_exhaustive()
    }
}

/// Does what may never end, such as a write that nobody reads, and waits a while for it; then for as long as `more` says.
pub fn run_with_timeout(work: impl FnOnce() + Send + 'static, more: impl FnOnce() -> Duration) {
    let (sender, done) = mpsc::channel();
    let spawned = std::thread::Builder::new().spawn(move || {
        work();
        let _ = sender.send(());
    });
    if spawned.is_ok() && done.recv_timeout(PATIENCE).is_err() {
        let _ = done.recv_timeout(more());
    }
}

/// Another thread is about to end the process.
fn wait_for_the_end() -> ! {
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
