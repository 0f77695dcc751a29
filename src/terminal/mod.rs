//! What the terminal can do and what the user wants of it, decided once; and the streams that end there.

mod output;
mod runner;
mod status;

pub use output::{InterruptHandle, Paged, run_with_timeout};
pub use runner::CiCommandEscaper;
pub use status::StatusLine;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
pub struct TerminalOptions {
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
    pub fn new(wishes: TerminalOptions, env: &dyn Fn(&str) -> Option<OsString>) -> Self {
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

/// A thread that panics ends the process, so what it leaves behind is never seen.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
