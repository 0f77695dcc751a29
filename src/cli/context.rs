//! The context of a command: options, environment, output, clock, notes.

use super::environment::Environment;
use super::globals::Globals;
use super::progress::Progress;
use super::report;
use crate::analysis::prices::Prices;
use crate::error::{Error, ErrorCode, Result};
use crate::json::Json;
use crate::model::{Problem, Timestamp, Zone};
use crate::number;
use crate::output::{Block, Document, Output, RenderOptions, StyledText, TextRole, Theme};
use crate::shell::{self, Suggestion};
use crate::store;
use crate::terminal::{CiCommandEscaper, Paged, Screen, StatusLine};
use crate::{files, limits};
use std::borrow::Cow;
use std::cell::RefCell;
use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The context of a command.
#[derive(Debug)]
pub struct Context {
    /// Where results are printed.
    pub output: Output,
    /// The time when the command started.
    pub now: Timestamp,
    /// The time zone of times that are given without one.
    pub zone: Zone,
    /// The environment variables.
    pub environment: Environment,
    globals: Globals,
    notes: Notes,
    clap_command: fn() -> clap::Command,
}

/// How notes, warnings and progress are written to stderr.
#[derive(Debug)]
struct Notes {
    quiet: bool,
    verbose: bool,
    theme: Theme,
    shows_progress: bool,
    escaper: CiCommandEscaper,
    status: StatusLine,
    stream: MessageStream,
}

/// Where notes, warnings and errors are written: stderr.
struct MessageStream(RefCell<Box<dyn Write>>);

impl fmt::Debug for MessageStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageStream").finish_non_exhaustive()
    }
}

/// Maximum number of warnings that a command prints; the others are counted.
const MAX_WARNINGS: usize = 10;

impl Context {
    /// Reads the environment, the terminal and the clock. `clap_command` builds the definition of the command line.
    #[must_use]
    pub fn new(globals: Globals, env: &dyn Fn(&str) -> Option<OsString>, clap_command: fn() -> clap::Command) -> Self {
        let screen = Screen::new(globals.terminal(), env);
        Self::with_screen(screen, globals, env, clap_command)
    }

    /// Reads the environment and the clock, for given terminal settings.
    pub(crate) fn with_screen(
        screen: Screen,
        globals: Globals,
        env: &dyn Fn(&str) -> Option<OsString>,
        clap_command: fn() -> clap::Command,
    ) -> Self {
        let environment = Environment::read(env);
        let now = environment.now.as_deref().and_then(Timestamp::parse_rfc3339).unwrap_or_else(Timestamp::now);
        let zone = if globals.utc { Zone::Utc } else { Zone::Local };
        let format = globals.format();
        let is_text = format.is_text();
        let options = RenderOptions { width: screen.width, unicode: screen.unicode, zone, now };
        let status = StatusLine::default();
        Self {
            output: Output::new(
                format,
                options,
                Theme { color: screen.color && is_text },
                Paged::new(
                    screen.pager.filter(|_| is_text),
                    !format.is_document(),
                    status.clone(),
                    CiCommandEscaper::new(env, format.is_json()),
                ),
            ),
            now,
            zone,
            environment,
            notes: Notes {
                quiet: globals.quiet,
                verbose: globals.verbose,
                theme: Theme { color: screen.color_stderr },
                shows_progress: screen.shows_progress && !globals.quiet,
                escaper: CiCommandEscaper::new(env, false),
                status,
                stream: MessageStream(RefCell::new(Box::new(std::io::stderr()))),
            },
            globals,
            clap_command,
        }
    }

    /// Writes notes, warnings and errors to another stream than stderr.
    #[cfg(test)]
    pub(crate) fn set_message_stream(&mut self, stream: Box<dyn Write>) {
        self.notes.stream = MessageStream(RefCell::new(stream));
    }

    /// Builds the definition of the command line, for help, manual pages and completions.
    #[must_use]
    pub fn clap_command(&self) -> clap::Command {
        (self.clap_command)()
    }

    /// Returns the prices: the built-in ones, and those of `--prices`.
    ///
    /// # Errors
    /// When the file of `--prices` cannot be read.
    pub fn prices(&self) -> Result<Prices> {
        let Some(path) = &self.globals.prices else { return Ok(Prices::default()) };
        let failed = |why: String| {
            Error::new(ErrorCode::Usage, format!("cannot read prices from `{}`", path.display()))
                .because(why)
                .hint("expected a file of MLflow's model catalog, or an edited output of `mltrace prices MODEL --json`")
        };
        let text = files::read_text(path, limits::SETTINGS_BYTES).map_err(|error| failed(error.to_string()))?;
        let json =
            Json::from_strict(text.trim_start_matches('\u{feff}')).ok_or_else(|| failed("not JSON".to_owned()))?;
        Prices::with_file(&json).map_err(failed)
    }

    /// Prints a note, unless `--quiet` is given.
    pub fn note(&self, text: &str) {
        if !self.notes.quiet {
            self.write_message(TextRole::Dim, "note:", text);
        }
    }

    /// Prints a note on text, which programs that read other formats do not need.
    pub fn note_for_people(&self, text: &str) {
        if self.output.is_for_people() {
            self.note(text);
        }
    }

    /// Prints a note if `--verbose` is given.
    pub fn verbose(&self, text: &str) {
        if self.notes.verbose {
            self.write_message(TextRole::Dim, "note:", text);
        }
    }

    /// Notes the time taken and the number of requests, if `--verbose` is given.
    pub fn report_timing(&self, time: Duration) {
        let time = number::millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let requests = match self.environment.store.server.requests.load(Ordering::Relaxed) {
            0 => String::new(),
            1 => ", 1 request".to_owned(),
            count => format!(", {count} requests"),
        };
        self.verbose(&format!("took {time}{requests}"));
    }

    /// Prints a warning, even with `--quiet`.
    pub fn warning(&self, text: &str) {
        self.write_message(TextRole::Warn, "warning:", text);
    }

    /// Warns of records that could not be read in full.
    pub fn warn_problems(&self, problems: &[Problem]) {
        for problem in problems.iter().take(MAX_WARNINGS) {
            let path = problem.path.as_deref().map(|path| format!(": `{path}`")).unwrap_or_default();
            self.warning(&format!("{}{path}", problem.message));
        }
        if problems.len() > MAX_WARNINGS {
            self.warning(&format!("{} more warnings", problems.len() - MAX_WARNINGS));
        }
    }

    /// Reports an error that does not end the command.
    pub fn report(&self, error: &Error) {
        let escaper = self.escaper(self.output.is_json());
        self.notes.status.suspend(|| report::write(error, escaper, &mut *self.notes.stream.0.borrow_mut()));
    }

    /// Writes one line to stderr. Errors of writing are ignored.
    fn write_message(&self, role: TextRole, title: &str, message: &str) {
        let text = StyledText::new(role, title).with(TextRole::Plain, " ").with(TextRole::Plain, message);
        let mut line = Vec::new();
        let _ = Document::new(self.output.options, self.notes.theme, &mut line).add(Block::Line(text));
        self.notes.status.suspend(|| {
            let line = self.escaper(false).escape_commands(&line).into_owned();
            let _ = self.notes.stream.0.borrow_mut().write_all(&line);
        });
    }

    /// The global options.
    #[must_use]
    pub const fn globals(&self) -> &Globals {
        &self.globals
    }

    /// Formats a command to paste, with the same `-u` and `--prices`, in backticks.
    #[must_use]
    pub fn quoted_command(&self, suggestion: &Suggestion) -> String {
        format!("`{}`", self.command_line(suggestion))
    }

    /// Formats a command to paste, with the same `-u` and `--prices`.
    #[must_use]
    pub fn command_line(&self, suggestion: &Suggestion) -> String {
        format!("{}{suggestion}", self.command_prefix())
    }

    /// Returns the start of suggested commands: `mltrace`, and the `-u` and `--prices` of this call.
    #[must_use]
    pub fn command_prefix(&self) -> String {
        let store = self.globals.tracking_uri.as_deref().map(store::without_credentials);
        let prices = self.globals.prices.as_deref().map(Path::to_string_lossy);
        let named = [("-u", store.map(Cow::Owned)), ("--prices", prices)];
        let named = named.into_iter().filter_map(|(flag, value)| Some(shell::option(flag, &value?) + " "));
        format!("mltrace {}", named.collect::<String>())
    }

    /// Returns the escaper of commands that a CI runner would execute, for text or for JSON.
    #[must_use]
    pub const fn escaper(&self, is_json: bool) -> CiCommandEscaper {
        let mut escaper = self.notes.escaper;
        escaper.is_json = is_json;
        escaper
    }

    /// Starts a progress line that counts `label`, a plural phrase such as `traces read`.
    #[must_use]
    pub fn progress(&self, label: &'static str) -> Progress {
        let status = self.notes.status.clone();
        Progress::start(label, status, self.notes.shows_progress, self.output.options.unicode)
    }
}
