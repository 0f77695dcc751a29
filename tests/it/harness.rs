//! Test helpers: running the program in an isolated environment, and copies of fixture stores.

use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The current time of every command in tests.
pub(crate) const NOW: &str = "2026-11-21T00:00:00Z";

/// A command line with an otherwise empty environment.
#[derive(Clone, Debug)]
pub(crate) struct Cli {
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    cwd: PathBuf,
}

impl Cli {
    /// A command from words separated by spaces. Arguments that contain spaces are added with [`Cli::arg`].
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

    /// A command on the built-in sample.
    pub(crate) fn demo(words: &str) -> Self {
        Self::new(words).on("demo:")
    }

    /// Adds one argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds words separated by spaces.
    pub(crate) fn words(self, words: &str) -> Self {
        words.split_whitespace().fold(self, Self::arg)
    }

    /// Sets the store (`-u`).
    pub(crate) fn on(mut self, store: impl AsRef<OsStr>) -> Self {
        self.args.splice(0..0, [OsString::from("-u"), store.as_ref().to_owned()]);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.retain(|(name, _)| name != key);
        self.env.push((key.into(), value.as_ref().to_owned()));
        self
    }

    /// Sets the current folder.
    pub(crate) fn cwd(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.cwd);
        self
    }

    /// The process to start.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mltrace"));
        command.args(&self.args).current_dir(&self.cwd).stdin(Stdio::null()).env_clear();
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Runs the command.
    pub(crate) fn run(&self) -> RunOutput {
        RunOutput::new(self.command().output().expect("the program starts"))
    }

    /// Runs the command with these bytes on standard input.
    pub(crate) fn run_with_stdin(&self, bytes: &[u8]) -> RunOutput {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // After a usage error the program does not read its input.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), bytes);
        RunOutput::new(child.wait_with_output().unwrap())
    }

    /// Runs the command, and asserts that it succeeds.
    pub(crate) fn ok(&self) -> RunOutput {
        let output = self.run();
        assert_eq!(output.exit, Some(0), "{self:?}\n{output}");
        output
    }

    /// The JSON document of the command. Exit code 1 (failed check) is allowed.
    pub(crate) fn json(&self) -> Value {
        let output = self.clone().arg("--json").run();
        assert!(matches!(output.exit, Some(0 | 1)), "{self:?}\n{output}");
        output.json()
    }
}

/// The output of a run. `Display` is the format of snapshots.
#[derive(Debug)]
pub(crate) struct RunOutput {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The exit code, or `None` if a signal ended the process.
    pub(crate) exit: Option<i32>,
}

impl RunOutput {
    fn new(output: std::process::Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
            exit: output.status.code(),
        }
    }

    /// Replaces a temporary folder, whose name varies, with a placeholder.
    pub(crate) fn with_placeholder(self, folder: &Path) -> Self {
        let hide = |text: &str| text.replace(folder.to_str().unwrap(), "[FOLDER]");
        Self { stdout: hide(&self.stdout), stderr: hide(&self.stderr), exit: self.exit }
    }

    /// Stdout as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{self}"))
    }

    /// The JSON error on stderr.
    pub(crate) fn error(&self) -> Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        let document: Value =
            serde_json::from_str(last).unwrap_or_else(|error| panic!("stderr is not JSON: {error}\n{self}"));
        document["error"].clone()
    }

    /// The non-empty lines of stdout.
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.stdout.lines().filter(|line| !line.is_empty()).collect()
    }
}

impl fmt::Display for RunOutput {
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

/// A store written by a release of MLflow.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    /// Release and kind, such as `3.18.0-sqlite`.
    pub(crate) name: String,
    /// The path of the database or of the folder `mlruns`.
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

    /// All fixtures, sorted by name.
    pub(crate) fn all() -> Vec<Self> {
        let entries = std::fs::read_dir(fixtures().join("stores")).unwrap().map(|entry| entry.unwrap());
        let folders = entries.filter(|entry| entry.path().is_dir());
        let mut all: Vec<Self> = folders.map(|entry| Self::named(entry.file_name().to_str().unwrap())).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Major and minor version of the release.
    pub(crate) fn release(&self) -> (u32, u32) {
        let mut numbers = self.name.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
        (numbers.next().unwrap(), numbers.next().unwrap())
    }

    /// What MLflow reads from the store.
    pub(crate) fn oracle(&self) -> Value {
        let path = fixtures().join("stores").join(format!("{}.oracle.json", self.name));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// A command on the store.
    pub(crate) fn cli(&self, words: &str) -> Cli {
        Cli::new(words).on(&self.store)
    }

    /// A copy that tests may change.
    pub(crate) fn copy(&self) -> Copy {
        let folder = tempfile::tempdir().unwrap();
        self.copy_to(folder)
    }

    fn copy_to(&self, folder: TempDir) -> Copy {
        copy_folder(self.store.parent().unwrap(), folder.path());
        Copy { fixture: Self::at(&self.name, folder.path()), folder }
    }
}

/// A temporary copy of a fixture.
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

    /// A writable connection to the database.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.fixture.store).unwrap()
    }

    /// Executes SQL statements on the database.
    pub(crate) fn sql(&self, statements: &str) {
        self.database().execute_batch(statements).unwrap();
    }

    /// The folder of a trace.
    pub(crate) fn trace_folder(&self, trace_id: &str) -> PathBuf {
        let found = files_below(self.path()).into_iter().find_map(|path| {
            path.ancestors().find(|folder| folder.file_name() == Some(trace_id.as_ref())).map(Path::to_owned)
        });
        found.unwrap_or_else(|| panic!("no folder for {trace_id}"))
    }
}

/// A store with so many traces that their list is many times larger than a pipe buffer.
pub(crate) fn large_store() -> Copy {
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
    assert_eq!(mode, "delete", "uses a rollback journal, as MLflow does");
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

/// All files below a folder, sorted by path.
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

/// The id of the first listed trace with a name and state.
pub(crate) fn trace_named(traces: &Value, name: &str, state: &str) -> String {
    let list = traces["traces"].as_array().unwrap();
    let found = list.iter().find(|trace| trace["name"] == name && trace["state"] == state);
    found.unwrap_or_else(|| panic!("no trace {name} in state {state}"))["trace_id"].as_str().unwrap().to_owned()
}

/// The items of an array in a document.
pub(crate) fn items<'a>(document: &'a Value, key: &str) -> &'a [Value] {
    document[key].as_array().unwrap_or_else(|| panic!("no array `{key}` in {document}"))
}

/// The string member `key` of each item.
pub(crate) fn strings<'a>(list: &'a [Value], key: &str) -> Vec<&'a str> {
    list.iter().map(|item| item[key].as_str().unwrap_or_else(|| panic!("no string `{key}` in {item}"))).collect()
}

/// Writes a file that was modified a day ago, so that it does not look as if it is still being written.
pub(crate) fn write_old(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::write(path, bytes).unwrap();
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(24 * 60 * 60);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(yesterday).unwrap();
}
