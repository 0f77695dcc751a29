//! What every test uses: the program in an environment of its own, and copies of fixture stores.

use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The time at which every command of a test begins.
pub(crate) const NOW: &str = "2026-11-21T00:00:00Z";

/// A run of the program: what a user types, in an environment that holds nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Cli {
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    cwd: PathBuf,
}

impl Cli {
    /// The words of a command line; a word with spaces is added with [`Cli::arg`].
    pub(crate) fn new(words: &str) -> Self {
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("home");
        std::fs::create_dir_all(&home).unwrap();
        let env = [
            ("HOME", home.as_os_str()),
            ("TZ", "UTC".as_ref()),
            ("MLTRACE_NOW", NOW.as_ref()),
            ("LANG", "C.UTF-8".as_ref()),
        ];
        Self {
            args: words.split_whitespace().map(OsString::from).collect(),
            env: env.map(|(key, value)| (key.into(), value.to_owned())).to_vec(),
            cwd: home,
        }
    }

    /// A command on the sample that is built in.
    pub(crate) fn demo(words: &str) -> Self {
        Self::new(words).on("demo:")
    }

    /// One more argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More words.
    pub(crate) fn words(self, words: &str) -> Self {
        words.split_whitespace().fold(self, Self::arg)
    }

    /// The store.
    pub(crate) fn on(mut self, store: impl AsRef<OsStr>) -> Self {
        self.args.splice(0..0, [OsString::from("-u"), store.as_ref().to_owned()]);
        self
    }

    /// An environment variable.
    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.retain(|(name, _)| name != key);
        self.env.push((key.into(), value.as_ref().to_owned()));
        self
    }

    /// The current folder.
    pub(crate) fn cwd(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.cwd);
        self
    }

    /// The process, ready to be started.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mltrace"));
        command.args(&self.args).current_dir(&self.cwd).stdin(Stdio::null()).env_clear();
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> Done {
        Done::of(self.command().output().expect("the program starts"))
    }

    /// Runs it with something on its standard input.
    pub(crate) fn fed(&self, bytes: &[u8]) -> Done {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // A program that is wrong about its arguments reads nothing.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), bytes);
        Done::of(child.wait_with_output().unwrap())
    }

    /// Runs it, and takes it for granted that it works.
    pub(crate) fn ok(&self) -> Done {
        let done = self.run();
        assert_eq!(done.exit, Some(0), "{self:?}\n{done}");
        done
    }

    /// Its JSON document; also of one whose answer is no.
    pub(crate) fn json(&self) -> Value {
        let done = self.clone().arg("--json").run();
        assert!(matches!(done.exit, Some(0 | 1)), "{self:?}\n{done}");
        done.json()
    }
}

/// What came of a run; its text is what snapshots hold.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `None` where a signal ended it.
    pub(crate) exit: Option<i32>,
}

impl Done {
    fn of(output: std::process::Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
            exit: output.status.code(),
        }
    }

    /// With a folder that differs from run to run under a name that does not.
    pub(crate) fn hiding(self, folder: &Path) -> Self {
        let hide = |text: &str| text.replace(folder.to_str().unwrap(), "[FOLDER]");
        Self { stdout: hide(&self.stdout), stderr: hide(&self.stderr), exit: self.exit }
    }

    /// Stdout as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is JSON: {error}\n{self}"))
    }

    /// Stderr as the JSON form of an error.
    pub(crate) fn error(&self) -> Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        let document: Value =
            serde_json::from_str(last).unwrap_or_else(|error| panic!("stderr is JSON: {error}\n{self}"));
        document["error"].clone()
    }

    /// The non-empty lines of stdout.
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.stdout.lines().filter(|line| !line.is_empty()).collect()
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        match self.exit {
            Some(0) => Ok(()),
            Some(exit) => writeln!(f, "--- exit {exit}"),
            None => writeln!(f, "--- killed"),
        }
    }
}

/// The folder `fixtures`.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A store that a release of MLflow wrote.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    /// `3.18.0-sqlite`
    pub(crate) name: String,
    /// The store itself: the database or the folder `mlruns`.
    pub(crate) store: PathBuf,
}

impl Fixture {
    pub(crate) fn named(name: &str) -> Self {
        Self::at(name, &fixtures().join("stores").join(name))
    }

    fn at(name: &str, folder: &Path) -> Self {
        let database = folder.join("mlflow.db");
        Self { name: name.to_owned(), store: if database.exists() { database } else { folder.join("mlruns") } }
    }

    /// All of them, by name.
    pub(crate) fn all() -> Vec<Self> {
        let entries = std::fs::read_dir(fixtures().join("stores")).unwrap().map(|entry| entry.unwrap());
        let folders = entries.filter(|entry| entry.path().is_dir());
        let mut all: Vec<Self> = folders.map(|entry| Self::named(entry.file_name().to_str().unwrap())).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The release as numbers that can be compared.
    pub(crate) fn release(&self) -> (u32, u32) {
        let mut numbers = self.name.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
        (numbers.next().unwrap(), numbers.next().unwrap())
    }

    /// What MLflow says of it.
    pub(crate) fn oracle(&self) -> Value {
        let path = fixtures().join("stores").join(format!("{}.oracle.json", self.name));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// A command on it.
    pub(crate) fn cli(&self, words: &str) -> Cli {
        Cli::new(words).on(&self.store)
    }

    /// A copy that a test may change.
    pub(crate) fn copy(&self) -> Copy {
        let folder = tempfile::tempdir().unwrap();
        self.copy_to(folder)
    }

    fn copy_to(&self, folder: TempDir) -> Copy {
        copy_folder(self.store.parent().unwrap(), folder.path());
        Copy { fixture: Self::at(&self.name, folder.path()), folder }
    }
}

/// A copy of a fixture, gone with the test.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) fixture: Fixture,
    pub(crate) folder: TempDir,
}

impl Copy {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn cli(&self, words: &str) -> Cli {
        self.fixture.cli(words)
    }

    /// Its database, to be changed.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.fixture.store).unwrap()
    }

    /// Runs statements on its database.
    pub(crate) fn sql(&self, statements: &str) {
        self.database().execute_batch(statements).unwrap();
    }

    /// The folder of a trace, wherever the store keeps it.
    pub(crate) fn trace_folder(&self, trace_id: &str) -> PathBuf {
        let found = files_below(self.path()).into_iter().find_map(|path| {
            path.ancestors().find(|folder| folder.file_name() == Some(trace_id.as_ref())).map(Path::to_owned)
        });
        found.unwrap_or_else(|| panic!("{trace_id} has a folder"))
    }
}

/// A store with so many traces that a list of them fills a pipe many times over.
pub(crate) fn large() -> Copy {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1200)
         insert into trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, request_preview, trace_name)
         select printf('tr-%032x', i), 5, 1795000000000 + i, i, 'OK', printf('%0800d', i), 'made' from n;
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 1200)
         insert into trace_tags (key, value, request_id) select 'mood', 'fine', printf('tr-%032x', i) from n;
         insert into trace_tags (key, value, request_id)
         select 'mlflow.trace.spansLocation', 'TRACKING_STORE', request_id from trace_info where trace_name = 'made';
         insert into spans (trace_id, experiment_id, span_id, name, status, start_time_unix_nano, end_time_unix_nano, content)
         select request_id, 5, substr(request_id, -16), 'made', 'OK', 1, 2,
             json_object('name', 'made', 'span_id', substr(request_id, -16), 'trace_id', substr(request_id, 4), 'start_time_unix_nano', 1,
                 'end_time_unix_nano', 2, 'status', json_object('code', 'STATUS_CODE_OK'), 'events', json_array(),
                 'attributes', json_object('mlflow.spanInputs', json_quote(request_preview)))
             from trace_info where trace_name = 'made';",
    );
    let mode: String = copy.database().query_row("pragma journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete", "a rollback journal, as MLflow uses");
    copy
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a folder, in order.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// The id of the newest trace of a name and state.
pub(crate) fn trace_named(traces: &Value, name: &str, state: &str) -> String {
    let list = traces["traces"].as_array().unwrap();
    let found = list.iter().find(|trace| trace["name"] == name && trace["state"] == state);
    found.unwrap_or_else(|| panic!("a trace {name} {state}"))["trace_id"].as_str().unwrap().to_owned()
}

/// The items of a list in a document.
pub(crate) fn items<'a>(document: &'a Value, key: &str) -> &'a [Value] {
    document[key].as_array().unwrap_or_else(|| panic!("a list `{key}` in {document}"))
}

/// The strings under a key of each item.
pub(crate) fn strings<'a>(list: &'a [Value], key: &str) -> Vec<&'a str> {
    list.iter().map(|item| item[key].as_str().unwrap_or_else(|| panic!("a text `{key}` in {item}"))).collect()
}

/// Writes a file as if it had lain there for a day, so that nobody takes it for one that is being written.
pub(crate) fn write_old(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::write(path, bytes).unwrap();
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(24 * 60 * 60);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(yesterday).unwrap();
}
