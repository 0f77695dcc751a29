//! What the terminal can do and what the user wants of it, decided once; and the pager.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};
use std::process::{Child, Command, Stdio};

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless the environment says no
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What flags say of the screen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// `--color`.
    pub color: ColorChoice,
    /// `--width`.
    pub width: Option<usize>,
    /// `--ascii`.
    pub ascii: bool,
    /// `--no-pager`.
    pub no_pager: bool,
}

/// The program for long output.
#[derive(Clone, Debug)]
pub struct Pager {
    command: String,
    /// Output of fewer lines is not paged.
    height: usize,
    /// Whether the user told `less` how to behave.
    has_less_options: bool,
}

/// The screen as it is.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a terminal")]
pub struct Screen {
    /// Whether stdout is a terminal.
    pub is_terminal: bool,
    /// Columns to fit into; `None` where nothing is cut.
    pub width: Option<usize>,
    /// Colours on stdout.
    pub color: bool,
    /// Colours on stderr.
    pub color_stderr: bool,
    /// Characters beyond ASCII for guides and bars.
    pub unicode: bool,
    /// The program for long output.
    pub pager: Option<Pager>,
    /// Whether stderr is a terminal, so that progress may be shown.
    pub shows_progress: bool,
}

impl Screen {
    /// Decides from flags, then the environment, then the terminal.
    #[must_use]
    pub fn new(wishes: Wishes, env: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let text = |key: &str| env(key).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty());
        let is_terminal = io::stdout().is_terminal();
        let is_dumb = text("TERM").as_deref() == Some("dumb");
        let color = |is_terminal: bool| match wishes.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if text("NO_COLOR").is_some() => false,
            ColorChoice::Auto if text("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            ColorChoice::Auto => is_terminal && !is_dumb,
        };
        let size = if is_terminal { terminal_size::terminal_size() } else { None };
        let columns = || text("COLUMNS").and_then(|value| value.parse().ok()).filter(|width| *width > 0);
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|key| text(key));
        let is_utf8 = locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let pager = text("PAGER").unwrap_or_else(|| "less".to_owned());
        let height = size.map_or(24, |(_, height)| usize::from(height.0));
        Self {
            is_terminal,
            width: wishes.width.or_else(columns).or(size.map(|(width, _)| usize::from(width.0))),
            color: color(is_terminal),
            color_stderr: color(io::stderr().is_terminal()),
            unicode: is_utf8 && !wishes.ascii,
            pager: (is_terminal && !wishes.no_pager && !is_dumb && pager != "cat").then(|| Pager {
                command: pager,
                height,
                has_less_options: env("LESS").is_some(),
            }),
            shows_progress: io::stderr().is_terminal() && !is_dumb,
        }
    }
}

/// Standard output, which turns to the pager once more was written than fits on the screen.
pub struct Paged {
    pager: Option<Pager>,
    held: Vec<u8>,
    lines: usize,
    to: To,
}

enum To {
    Undecided,
    Stdout(io::BufWriter<io::StdoutLock<'static>>),
    Pager(Child),
}

impl Paged {
    /// Without a pager everything goes straight through a buffer.
    #[must_use]
    pub fn new(pager: Option<Pager>) -> Self {
        let to = if pager.is_some() { To::Undecided } else { To::stdout() };
        Self { pager, held: Vec::new(), lines: 0, to }
    }

    /// Writes what is held back and waits for the pager.
    ///
    /// # Errors
    /// When stdout or the pager is gone.
    pub fn finish(&mut self) -> io::Result<()> {
        if matches!(self.to, To::Undecided) {
            self.to = To::stdout();
            let held = std::mem::take(&mut self.held);
            self.write_all(&held)?;
        }
        self.flush()?;
        if let To::Pager(child) = &mut self.to {
            drop(child.stdin.take());
            child.wait()?;
        }
        Ok(())
    }

    fn turn_to_pager(&mut self) -> io::Result<()> {
        let Some(pager) = self.pager.take() else { return Ok(()) };
        // `PAGER` may hold arguments. One that cannot be started is no pager.
        let mut words = pager.command.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        if !pager.has_less_options {
            command.env("LESS", "FRX");
        }
        self.to = command.args(words).stdin(Stdio::piped()).spawn().map_or_else(|_| To::stdout(), To::Pager);
        let held = std::mem::take(&mut self.held);
        self.write_all(&held)
    }
}

impl To {
    fn stdout() -> Self {
        Self::Stdout(io::BufWriter::with_capacity(1 << 16, io::stdout().lock()))
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Stdout(out) => out.write(bytes),
            To::Pager(child) => child.stdin.as_mut().map_or(Ok(bytes.len()), |stdin| stdin.write(bytes)),
            To::Undecided => {
                self.held.extend_from_slice(bytes);
                self.lines += memchr::memchr_iter(b'\n', bytes).count();
                if self.pager.as_ref().is_some_and(|pager| self.lines >= pager.height) {
                    self.turn_to_pager()?;
                }
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Stdout(out) => out.flush(),
            To::Pager(child) => child.stdin.as_mut().map_or(Ok(()), Write::flush),
            To::Undecided => Ok(()),
        }
    }
}

impl std::fmt::Debug for Paged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paged").field("pager", &self.pager).finish_non_exhaustive()
    }
}
