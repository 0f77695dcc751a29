//! What every command works with: options, environment, output, clock, notes.

use super::environment::Environment;
use super::globals::Globals;
use super::progress::Progress;
use super::report::report;
use crate::analysis::prices::Prices;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Json, Problem, Timestamp, Zone};
use crate::output::{Format, Output, RenderOptions, TextRole, Theme, number, text};
use crate::shell::{self, Suggestion};
use crate::store;
use crate::terminal::{CiCommandEscaper, Paged, Screen, StatusLine};
use crate::{files, limits};
use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What a command works with.
#[derive(Debug)]
pub struct Context {
    /// Where results go.
    pub output: Output,
    /// The time at which the command began.
    pub now: Timestamp,
    /// The zone of bare times.
    pub zone: Zone,
    /// The environment variables.
    pub environment: Environment,
    globals: Globals,
    notes: Notes,
    grammar: fn() -> clap::Command,
}

/// Messages beside the results.
#[derive(Clone, Debug)]
struct Notes {
    quiet: bool,
    verbose: bool,
    theme: Theme,
    shows_progress: bool,
    runner: CiCommandEscaper,
    status: StatusLine,
}

/// Maximum number of warnings that a command prints; the rest is counted.
const MAX_WARNINGS: usize = 10;

impl Context {
    /// Reads the environment, the terminal and the clock. `grammar` = the command line, for help and completions.
    #[must_use]
    pub fn new(globals: Globals, env: &dyn Fn(&str) -> Option<OsString>, grammar: fn() -> clap::Command) -> Self {
        let environment = Environment::read(env);
        let screen = Screen::new(globals.terminal(), env);
        let now = environment.now.as_deref().and_then(Timestamp::parse_rfc3339).unwrap_or_else(Timestamp::now);
        let zone = if globals.utc { Zone::Utc } else { Zone::Local };
        let format = globals.format();
        let is_text = format == Format::Table;
        let look = RenderOptions {
            theme: Theme { color: screen.color && is_text },
            width: screen.width,
            unicode: screen.unicode,
            zone,
            now,
        };
        let status = StatusLine::default();
        Self {
            output: Output {
                format,
                look,
                out: Paged::new(
                    screen.pager.filter(|_| is_text),
                    format != Format::Json,
                    status.clone(),
                    CiCommandEscaper::new(env, format.is_json()),
                ),
                parts: None,
            },
            now,
            zone,
            environment,
            notes: Notes {
                quiet: globals.quiet,
                verbose: globals.verbose,
                theme: Theme { color: screen.color_stderr },
                shows_progress: screen.shows_progress && !globals.quiet,
                runner: CiCommandEscaper::new(env, false),
                status,
            },
            globals,
            grammar,
        }
    }

    /// The command line: commands and their options.
    #[must_use]
    pub fn grammar(&self) -> clap::Command {
        (self.grammar)()
    }

    /// The prices in force.
    ///
    /// # Errors
    /// When the file that was named cannot be read as one of prices.
    pub fn prices(&self) -> Result<Prices> {
        let Some(path) = &self.globals.prices else { return Ok(Prices::default()) };
        let failed = |why: String| {
            Error::new(ErrorCode::Usage, format!("cannot read prices from `{}`", path.display())).because(why).hint(
                "it may be a file of MLflow's catalogue of models, or what `mltrace prices MODEL --json` prints, changed",
            )
        };
        let text = files::read_text(path, limits::SETTINGS_BYTES).map_err(|error| failed(error.to_string()))?;
        let json =
            Json::from_strict(text.trim_start_matches('\u{feff}')).ok_or_else(|| failed("it is no JSON".to_owned()))?;
        Prices::with_file(&json).map_err(failed)
    }

    /// Says something beside the result.
    pub fn note(&self, text: &str) {
        if !self.notes.quiet {
            self.say(TextRole::Dim, "note:", text);
        }
    }

    /// Says something that only `-v` asks for.
    pub fn verbose(&self, text: &str) {
        if self.notes.verbose {
            self.say(TextRole::Dim, "note:", text);
        }
    }

    /// Says what it took, where `-v` asks for it.
    pub fn report_timing(&self, time: Duration) {
        let time = number::millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let requests = match self.environment.store.server.requests.load(Ordering::Relaxed) {
            0 => String::new(),
            1 => " and 1 request".to_owned(),
            count => format!(" and {count} requests"),
        };
        self.verbose(&format!("took {time}{requests}"));
    }

    /// Prints a warning, even with `--quiet`.
    pub fn warning(&self, text: &str) {
        self.say(TextRole::Warn, "warning:", text);
    }

    /// Warns of records that could not be read in full.
    pub fn warn(&self, problems: &[Problem]) {
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
        let runner = self.runner(self.output.format.is_json());
        self.notes.status.beside(|| report(error, runner));
    }

    /// A line on stderr. A closed stderr is nobody's concern.
    fn say(&self, role: TextRole, title: &str, message: &str) {
        let line = format!("{} {}\n", self.notes.theme.paint(role, title), text::one_line(message));
        self.notes.status.beside(|| {
            let _ = std::io::stderr().lock().write_all(&self.runner(false).escape_commands(line.as_bytes()));
        });
    }

    /// The flags that every command has.
    #[must_use]
    pub const fn globals(&self) -> &Globals {
        &self.globals
    }

    /// A command of this program to paste, for the store that was named, in the signs of code.
    #[must_use]
    pub fn command(&self, suggestion: &Suggestion) -> String {
        format!("`{}`", self.command_line(suggestion))
    }

    /// The same without these signs.
    #[must_use]
    pub fn command_line(&self, suggestion: &Suggestion) -> String {
        format!("{}{suggestion}", self.program())
    }

    /// How each such command begins.
    #[must_use]
    pub fn program(&self) -> String {
        let store = self.globals.tracking_uri.as_deref().map(store::without_credentials);
        let prices = self.globals.prices.as_deref().map(Path::to_string_lossy);
        let named = [("-u", store.map(Cow::Owned)), ("--prices", prices)];
        let named = named.into_iter().filter_map(|(flag, value)| Some(shell::option(flag, &value?) + " "));
        format!("mltrace {}", named.collect::<String>())
    }

    /// What may read what this program writes.
    #[must_use]
    pub const fn runner(&self, is_json: bool) -> CiCommandEscaper {
        let mut runner = self.notes.runner;
        runner.is_json = is_json;
        runner
    }

    /// A sign of life for work that takes long.
    #[must_use]
    pub fn progress(&self, what: &'static str) -> Progress {
        let status = self.notes.status.clone();
        Progress::start(what, status, self.notes.shows_progress, self.output.look.unicode)
    }
}
