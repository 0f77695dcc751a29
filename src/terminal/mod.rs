//! Terminal capabilities and user options, resolved once, and the streams that end at the terminal.

mod ci_escaper;
mod output;
mod status;

pub use ci_escaper::CiCommandEscaper;
pub use output::{InterruptHandle, Paged, run_with_timeout};
pub use status::StatusLine;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Terminal options from flags.
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

/// Pager program for long output.
#[derive(Clone, Debug)]
pub struct Pager {
    command: String,
    /// Screen height in lines; shorter output is not paged.
    height: usize,
    /// Whether the user has set `LESS`.
    has_less_options: bool,
}

/// Resolved terminal settings.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a terminal")]
pub struct Screen {
    /// Whether stdout is a terminal.
    pub is_terminal: bool,
    /// Available columns; `None` = do not truncate.
    pub width: Option<usize>,
    /// Whether to use color on stdout.
    pub color: bool,
    /// Whether to use color on stderr.
    pub color_stderr: bool,
    /// Whether guides and bars may use characters beyond ASCII.
    pub unicode: bool,
    /// Pager program for long output, if any.
    pub pager: Option<Pager>,
    /// Whether progress may be shown, which requires stderr to be a terminal.
    pub shows_progress: bool,
}

impl Screen {
    /// Resolves the settings from flags, then the environment, then the terminal.
    #[must_use]
    pub fn new(options: TerminalOptions, env: &dyn Fn(&str) -> Option<OsString>) -> Self {
        Self::of_streams(options, env, [io::stdout().is_terminal(), io::stderr().is_terminal()])
    }

    /// Resolves the settings if it is known whether stdout and stderr are terminals.
    pub(crate) fn of_streams(
        options: TerminalOptions,
        env: &dyn Fn(&str) -> Option<OsString>,
        [is_terminal, stderr_is_terminal]: [bool; 2],
    ) -> Self {
        let text = |key: &str| env(key).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty());
        let is_dumb = text("TERM").as_deref() == Some("dumb");
        let color = |is_terminal: bool| match options.color {
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
            width: options.width.or_else(columns).or(size.map(|(width, _)| usize::from(width.0))),
            color: color(is_terminal),
            color_stderr: color(stderr_is_terminal),
            unicode: is_utf8 && !options.ascii,
            pager: (is_terminal && !options.no_pager && !is_dumb && pager != "cat").then(|| Pager {
                command: pager,
                height,
                has_less_options: env("LESS").is_some(),
            }),
            shows_progress: stderr_is_terminal && !is_dumb,
        }
    }
}

/// Locks a mutex. Poisoning is ignored, since a panic in any thread ends the process.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
