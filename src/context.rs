//! What every command works with: the store, the output, the clock. The only reader of the environment.

use crate::analysis::doctor::Second;
use crate::analysis::prices::Prices;
use crate::error::{Error, Kind, Result};
use crate::model::{Json, Problem, StoreKind, Timestamp, Zone};
use crate::output::json::Escaped;
use crate::output::{Format, Look, Output, Theme, number, text};
use crate::shell::{self, Suggestion};
use crate::store::{self, Address, Remark, Secret, ServerSettings, Surroundings, TraceStore};
use crate::terminal::{Paged, Runner, Screen, StatusLine, Wishes};
use crate::{files, limits};
use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// What the flags that every command has say.
#[derive(Clone, Debug, Default)]
pub struct Globals {
    /// `--tracking-uri`.
    pub tracking_uri: Option<String>,
    /// `--output`, or `--json`.
    pub format: Format,
    /// Colours, width, ASCII, pager.
    pub wishes: Wishes,
    /// `--utc`.
    pub utc: bool,
    /// `--prices`.
    pub prices: Option<PathBuf>,
    /// `--quiet`.
    pub quiet: bool,
    /// `--verbose`.
    pub verbose: bool,
}

/// What a command works with.
#[derive(Debug)]
pub struct Context {
    /// Where results go.
    pub output: Output,
    /// The time at which the command began.
    pub now: Timestamp,
    /// The zone of bare times.
    pub zone: Zone,
    /// `MLFLOW_EXPERIMENT_NAME` and `MLFLOW_EXPERIMENT_ID`, where set.
    pub experiment_from_environment: Option<(&'static str, String)>,
    /// What is known of the MLflow that is installed here.
    pub installation: Installation,
    globals: Globals,
    around: Surroundings,
    notes: Notes,
}

/// Why a store was chosen.
#[derive(Debug)]
pub struct Choice {
    /// In words.
    pub why: String,
    /// The other store of the folder.
    other: Option<Address>,
    /// Whether MLflow would take that one, though it gives no traces.
    is_second: bool,
}

/// What the environment says of the MLflow that is installed here.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Where its program may lie, the likeliest first: in the virtual environment that is active, then on `PATH`.
    pub programs: Vec<PathBuf>,
    /// `MLFLOW_ALLOW_FILE_STORE`, without which MLflow 3.13 on refuses file stores.
    pub allows_file_stores: bool,
}

/// Messages beside the results.
#[derive(Clone, Debug)]
struct Notes {
    quiet: bool,
    verbose: bool,
    theme: Theme,
    shows_progress: bool,
    runner: Runner,
    status: StatusLine,
}

/// At most so many warnings of one command are printed; the rest is counted.
const MOST_WARNINGS: usize = 10;

impl Context {
    /// Reads the environment, the terminal and the clock.
    #[must_use]
    pub fn new(globals: Globals, env: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let text = |key: &str| env(key).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty());
        let screen = Screen::new(globals.wishes, env);
        // Tests set the time; nobody else has a reason to.
        let now = text("MLTRACE_NOW").and_then(|time| Timestamp::parse_rfc3339(&time)).unwrap_or_else(Timestamp::now);
        let zone = if globals.utc { Zone::Utc } else { Zone::Local };
        let is_text = globals.format == Format::Table;
        let look = Look {
            theme: Theme { color: screen.color && is_text },
            width: screen.width,
            unicode: screen.unicode,
            zone,
            now,
        };
        let status = StatusLine::default();
        let from_environment = |key: &'static str| text(key).map(|value| (key, value));
        Self {
            output: Output {
                format: globals.format,
                look,
                out: Paged::new(
                    screen.pager.filter(|_| is_text),
                    globals.format != Format::Json,
                    status.clone(),
                    Runner::new(env, globals.format.is_json()),
                ),
                parts: None,
            },
            now,
            zone,
            experiment_from_environment: from_environment("MLFLOW_EXPERIMENT_NAME")
                .or_else(|| from_environment("MLFLOW_EXPERIMENT_ID")),
            installation: installation(&text),
            around: Surroundings {
                cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
                tracking_uri: text("MLFLOW_TRACKING_URI"),
                artifacts_destination: text("MLFLOW_ARTIFACTS_DESTINATION").map(PathBuf::from),
                server: server_settings(&text),
            },
            notes: Notes {
                quiet: globals.quiet,
                verbose: globals.verbose,
                theme: Theme { color: screen.color_stderr },
                shows_progress: screen.shows_progress && !globals.quiet,
                runner: Runner::new(env, false),
                status,
            },
            globals,
        }
    }

    /// Opens the store that the flags, the environment or MLflow's default name.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open_store(&self) -> Result<Box<dyn TraceStore>> {
        self.choose_store().map(|(store, _)| store)
    }

    /// The same, and why it is this one.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn choose_store(&self) -> Result<(Box<dyn TraceStore>, Choice)> {
        let resolved = store::resolve(self.globals.tracking_uri.as_deref(), &self.around)?;
        let opened = store::open(&resolved.address, &self.around);
        // The default may be an empty left-over beside the store that is used.
        if let Some(other) = &resolved.other
            && opened.as_ref().map_or(Ok(true), |opened| opened.is_empty()).unwrap_or(true)
            && let Ok(second) = store::open(other, &self.around)
            && !second.is_empty().unwrap_or(true)
        {
            let lack = if opened.is_ok() { "holds no traces" } else { "cannot be read" };
            let why = format!("`{}` {lack}", name(&resolved.address));
            self.note(&format!("{why}; reading `{}`", name(other)));
            return Ok((second, Choice { why, other: Some(resolved.address), is_second: true }));
        }
        let opened = opened?;
        for remark in opened.remarks() {
            match remark {
                Remark::Note(text) => self.note(&text),
                Remark::Warning(text) => self.say(Role::WARNING, &text),
                Remark::Detail(text) => self.verbose(&text),
            }
        }
        self.verbose(&format!("store `{}`: {}", opened.name(), resolved.why));
        Ok((opened, Choice { why: resolved.why, other: resolved.other, is_second: false }))
    }

    /// The store beside the one that was chosen. One that cannot be read is none, unless MLflow would take it.
    #[must_use]
    pub fn second_store(&self, choice: &Choice) -> Option<Second> {
        let other = choice.other.as_ref()?;
        let is_empty = || store::open(other, &self.around).and_then(|store| store.is_empty()).ok();
        Some(Second {
            name: name(other),
            holds_traces: if choice.is_second { false } else { !is_empty()? },
            is_preferred: choice.is_second,
            kind: if matches!(other, Address::Files(_)) { StoreKind::Files } else { StoreKind::Sqlite },
        })
    }

    /// The prices in force.
    ///
    /// # Errors
    /// When the file that was named cannot be read as one of prices.
    pub fn prices(&self) -> Result<Prices> {
        let Some(path) = &self.globals.prices else { return Ok(Prices::default()) };
        let failed = |why: String| {
            Error::new(Kind::Usage, format!("cannot read prices from `{}`", path.display())).because(why).hint(
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
            self.say(Role::NOTE, text);
        }
    }

    /// Says something that only `-v` asks for.
    pub fn verbose(&self, text: &str) {
        if self.notes.verbose {
            self.say(Role::NOTE, text);
        }
    }

    /// Says what it took, where `-v` asks for it.
    pub fn tell_effort(&self, time: Duration) {
        let time = number::millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let requests = match self.around.server.requests.load(Ordering::Relaxed) {
            0 => String::new(),
            1 => " and 1 request".to_owned(),
            count => format!(" and {count} requests"),
        };
        self.verbose(&format!("took {time}{requests}"));
    }

    /// Warns of everything that could not be read as it should.
    pub fn warn(&self, problems: &[Problem]) {
        for problem in problems.iter().take(MOST_WARNINGS) {
            let path = problem.path.as_deref().map(|path| format!(": `{path}`")).unwrap_or_default();
            self.say(Role::WARNING, &format!("{}{path}", problem.message));
        }
        if problems.len() > MOST_WARNINGS {
            self.say(Role::WARNING, &format!("{} more of the kind", problems.len() - MOST_WARNINGS));
        }
    }

    /// Reports an error that does not end the command.
    pub fn report(&self, error: &Error) {
        let runner = self.runner(self.output.format.is_json());
        self.notes.status.beside(|| report(error, runner));
    }

    /// A line on stderr. A closed stderr is nobody's concern.
    fn say(&self, (role, title): (crate::output::Role, &str), message: &str) {
        let line = format!("{} {}\n", self.notes.theme.paint(role, title), text::one_line(message));
        self.notes.status.beside(|| {
            let _ = std::io::stderr().lock().write_all(&self.runner(false).defuse(line.as_bytes()));
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
    pub const fn runner(&self, is_json: bool) -> Runner {
        let mut runner = self.notes.runner;
        runner.is_json = is_json;
        runner
    }

    /// A sign of life for work that takes long.
    #[must_use]
    pub fn progress(&self, what: &'static str) -> Progress {
        let count = Arc::new(AtomicU64::new(0));
        let status = self.notes.status.clone();
        let end = self.notes.shows_progress.then(|| {
            status.allow();
            let (end, ended) = mpsc::channel();
            let (status, count, unicode) = (status.clone(), Arc::clone(&count), self.output.look.unicode);
            // Without the thread nothing is shown, and nothing is lost.
            let _ = std::thread::Builder::new().spawn(move || draw_progress(what, &count, &status, unicode, &ended));
            end
        });
        Progress { count, status, end }
    }
}

/// Where MLflow may be installed.
fn installation(text: &dyn Fn(&str) -> Option<String>) -> Installation {
    let active = text("VIRTUAL_ENV").map(PathBuf::from);
    let active = active.into_iter().flat_map(|folder| [folder.join("bin"), folder.join("Scripts")]);
    let on_path = text("PATH").unwrap_or_default();
    Installation {
        programs: active.chain(std::env::split_paths(&on_path)).collect(),
        // What MLflow takes for yes (`environment_variables.py`, `_BooleanEnvironmentVariable`).
        allows_file_stores: text("MLFLOW_ALLOW_FILE_STORE")
            .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1")),
    }
}

/// What messages call the store at an address.
fn name(address: &Address) -> String {
    match address {
        Address::Sqlite(path) | Address::Files(path) | Address::Documents(path) => path.display().to_string(),
        Address::Server(uri) => store::without_credentials(uri),
        Address::Stdin => "-".to_owned(),
        Address::Demo => "demo:".to_owned(),
    }
}

/// What the environment says of tracking servers. Names that programs share are in capitals or small letters.
fn server_settings(text: &dyn Fn(&str) -> Option<String>) -> ServerSettings {
    let is = |key: &str, words: &[&str]| {
        text(key).is_some_and(|value| words.contains(&value.trim().to_ascii_lowercase().as_str()))
    };
    let secret = |key: &str| text(key).map(Secret::new);
    let either = |key: &str| text(&key.to_ascii_lowercase()).or_else(|| text(key));
    let proxy = |key: &str| either(key).or_else(|| either("ALL_PROXY")).map(Secret::new);
    let trusted = ["MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
    let home = text("HOME").or_else(|| text("USERPROFILE")).map(PathBuf::from);
    ServerSettings {
        username: text("MLFLOW_TRACKING_USERNAME"),
        password: secret("MLFLOW_TRACKING_PASSWORD"),
        token: secret("MLFLOW_TRACKING_TOKEN"),
        credentials_file: home.map(|home| home.join(".mlflow").join("credentials")),
        workspace: text("MLFLOW_WORKSPACE"),
        insecure_tls: is("MLFLOW_TRACKING_INSECURE_TLS", &["true", "1"]),
        trusted_certificates: trusted.into_iter().find_map(|key| Some((key, PathBuf::from(text(key)?)))),
        client_certificate: text("MLFLOW_TRACKING_CLIENT_CERT_PATH").map(PathBuf::from),
        timeout: text("MLFLOW_HTTP_REQUEST_TIMEOUT")
            .and_then(|value| value.trim().parse().ok())
            .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
            .filter(|timeout| !timeout.is_zero()),
        retries: text("MLFLOW_HTTP_REQUEST_MAX_RETRIES").and_then(|value| value.trim().parse().ok()),
        refuses_redirects: is("MLFLOW_ALLOW_HTTP_REDIRECTS", &["false", "0", "no", "off"]),
        http_proxy: proxy("HTTP_PROXY"),
        https_proxy: proxy("HTTPS_PROXY"),
        no_proxy: either("NO_PROXY"),
        requests: Arc::default(),
        unsupported: ["MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_TRACKING_AUTH"]
            .into_iter()
            .find(|key| text(key).is_some_and(|value| !value.trim().eq_ignore_ascii_case("false"))),
    }
}

struct Role;

impl Role {
    const NOTE: (crate::output::Role, &'static str) = (crate::output::Role::Dim, "note:");
    const WARNING: (crate::output::Role, &'static str) = (crate::output::Role::Warn, "warning:");
}

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

/// Writes an error to stderr in the form asked for. A reader that went away has read enough.
pub fn report(error: &Error, mut runner: Runner) {
    if error.kind == Kind::ClosedPipe {
        return;
    }
    let mut line = Vec::new();
    // In JSON what a terminal must not see is escaped as JSON has it.
    let _ = if runner.is_json {
        writeln!(Escaped(&mut line), "{}", error.json())
    } else {
        writeln!(line, "{}", text::block(&error.to_string()))
    };
    let _ = std::io::stderr().lock().write_all(&runner.defuse(&line));
}

/// A name that is close to one looked for: for "did you mean".
#[must_use]
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(f64, &str)> = names
        .map(|name| {
            let (a, b) = (wanted.to_lowercase(), name.to_lowercase());
            let contains = a.len() > 2 && (b.contains(&a) || a.contains(&b));
            (if contains { 1.0 } else { strsim::jaro_winkler(&a, &b) }, name)
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// An error for a thing that is not there, with near names.
#[must_use]
pub fn not_found<'a>(what: &str, wanted: &str, names: impl Iterator<Item = &'a str>) -> Error {
    let error = Error::new(Kind::NotFound, format!("no {what} `{wanted}`"));
    let near = nearest(wanted, names);
    if near.is_empty() {
        error
    } else {
        error.hint(format!(
            "did you mean {}?",
            near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        ))
    }
}
