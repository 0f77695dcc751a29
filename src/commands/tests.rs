//! Commands in this process: arguments and a store in memory in, output and exit code out.

mod frameworks;

use super::Cli;
use crate::cli::context::Context;
use crate::cli::report;
use crate::error::Error;
use crate::output::{ignore_closed_pipe, text};
use crate::terminal::{CiCommandEscaper, Screen};
use clap::{CommandFactory as _, FromArgMatches as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex};

/// A command line with an otherwise empty environment. It runs in this process, on the built-in sample or on a document
/// in memory.
#[derive(Clone, Debug)]
pub(crate) struct CommandLine {
    args: Vec<OsString>,
    env: BTreeMap<&'static str, OsString>,
    stdin: Vec<u8>,
}

impl CommandLine {
    /// A command from words separated by spaces. Arguments that contain spaces are added with [`CommandLine::arg`].
    pub(crate) fn new(words: &str) -> Self {
        let env = BTreeMap::from([("MLTRACE_NOW", "2026-11-21T00:00:00Z".into()), ("LANG", "C.UTF-8".into())]);
        Self { args: words.split_whitespace().map(OsString::from).collect(), env, stdin: Vec::new() }
    }

    /// A command on the built-in sample.
    pub(crate) fn demo(words: &str) -> Self {
        Self::new(words).on("demo:")
    }

    /// A command on a trace document.
    pub(crate) fn document(document: impl AsRef<[u8]>, words: &str) -> Self {
        Self::new(words).on("-").stdin(document)
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
    pub(crate) fn on(mut self, store: &str) -> Self {
        self.args.splice(0..0, [OsString::from("-u"), store.into()]);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, key: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(key, value.as_ref().to_owned());
        self
    }

    /// Sets what standard input holds.
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Runs the command. Neither stdout nor stderr is a terminal, and times are in UTC.
    pub(crate) fn run(&self) -> CommandOutput {
        let args: Vec<OsString> = std::iter::once("mltrace".into()).chain(self.args.iter().cloned()).collect();
        let env = |key: &str| self.env.get(key).cloned();
        let cli = match parse(&args) {
            Ok(cli) => cli,
            Err(error) => return refused(&error, crate::requests_json(&args)),
        };
        let is_json = cli.globals.format().is_json();
        let screen = Screen::of_streams(cli.globals.terminal(), &env, [false; 2]);
        let mut cx = Context::on(screen, cli.globals, &env, Cli::command);
        cx.zone = crate::model::Zone::Utc;
        cx.output.options.zone = cx.zone;
        cx.environment.store.stdin = Some(self.stdin.clone());
        let [stdout, stderr] = [Captured::default(), Captured::default()];
        cx.output.out.set_stream(Box::new(stdout.clone()));
        cx.set_message_stream(Box::new(stderr.clone()));
        let result = cli.command.run(&mut cx);
        let flushed = cx.output.out.finish().map_err(Error::from).or_else(ignore_closed_pipe);
        let exit = match result.and_then(|outcome| flushed.map(|()| outcome)) {
            Ok(outcome) => outcome.exit_code(),
            Err(error) => {
                report::write(&error, CiCommandEscaper::new(&env, is_json), &mut stderr.clone());
                error.code.exit_code()
            }
        };
        CommandOutput { stdout: stdout.text(), stderr: stderr.text(), exit }
    }

    /// Runs the command, and asserts that it succeeds.
    #[track_caller]
    pub(crate) fn ok(&self) -> CommandOutput {
        let output = self.run();
        assert_eq!(output.exit, 0, "{self:?}\n{output}");
        output
    }

    /// The JSON document of the command. Exit code 1 (failed check) is allowed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let output = self.clone().arg("--json").run();
        assert!(output.exit < 2, "{self:?}\n{output}");
        output.json()
    }
}

/// Parses arguments as the program does, for a terminal of 100 columns.
fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = Cli::command().term_width(100).try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

/// The output for arguments that are not run: help, version, or an error.
fn refused(error: &clap::Error, is_json: bool) -> CommandOutput {
    let text = error.render().to_string();
    let (stdout, stderr) = match error.use_stderr() {
        false => (text, String::new()),
        true if is_json => (String::new(), crate::usage_error(error).to_json() + "\n"),
        true => (String::new(), text::block(&text).into_owned()),
    };
    CommandOutput { exit: if stderr.is_empty() { 0 } else { 2 }, stdout, stderr }
}

/// A stream in memory.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The output of a command. `Display` is the format of snapshots.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The exit code of the process.
    pub(crate) exit: u8,
}

impl CommandOutput {
    /// Stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{self}"))
    }

    /// The JSON error on stderr.
    #[track_caller]
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

impl fmt::Display for CommandOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        if self.exit == 0 { Ok(()) } else { writeln!(f, "--- exit {}", self.exit) }
    }
}

/// The items of an array in a document.
#[track_caller]
pub(crate) fn items<'a>(document: &'a Value, key: &str) -> &'a [Value] {
    document[key].as_array().unwrap_or_else(|| panic!("no array `{key}` in {document}"))
}

/// The string member `key` of each item.
#[track_caller]
pub(crate) fn strings<'a>(list: &'a [Value], key: &str) -> Vec<&'a str> {
    list.iter().map(|item| item[key].as_str().unwrap_or_else(|| panic!("no string `{key}` in {item}"))).collect()
}

#[test]
fn invalid_flag_values_are_reported() {
    insta::assert_snapshot!(CommandLine::demo("traces list --sort size").run(), @"
    --- stderr
    error: unknown sort key `size`
      hint: use time, duration, tokens, cost, name, state, tags.KEY, metadata.KEY or a key of MLflow's order_by; a leading - sorts in descending order
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("traces list --since yesterday").run(), @"
    --- stderr
    error: invalid time `yesterday` (expected `15m`, `2h`, `7d`, `2026-11-20`, `2026-11-20 15:49` or RFC 3339)
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("traces list --min-duration 5").run(), @"
    --- stderr
    error: invalid duration `5` (expected `250ms`, `1.5s`, `1m30s` or `2h`)
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("traces list --status failed").run(), @"
    --- stderr
    error: invalid value 'failed' for '--status <STATE>'
      [possible values: ok, error, in_progress]

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("traces list --status failed --json").run(), @r#"
    --- stderr
    {"error":{"code":"usage","exit":2,"hint":"`mltrace --help`","message":"invalid value 'failed' for '--status <STATE>'"}}
    --- exit 2
    "#);
    insta::assert_snapshot!(CommandLine::demo("traces list --width 5").run(), @"
    --- stderr
    error: invalid value '5' for '--width <COLUMNS>': 5 is not in 20..=65535

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show @newest").run(), @"
    --- stderr
    error: unknown trace selector `@newest`
      hint: use `@last`, `@last~2`, `@error` or `@slow`
    --- exit 2
    ");
}

#[test]
fn typos_get_suggestions() {
    insta::assert_snapshot!(CommandLine::demo("trases").run(), @"
    --- stderr
    error: unrecognized subcommand 'trases'

      tip: some similar subcommands exist: 'stats', 'traces', 'trace'

    Usage: mltrace [OPTIONS] <COMMAND>

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("traces list --stauts ok").run(), @"
    --- stderr
    error: unexpected argument '--stauts' found

      tip: a similar argument exists: '--status'

    Usage: mltrace traces list --status <STATE>

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("traces list --stauts ok -o jsonl").run(), @r#"
    --- stderr
    {"error":{"code":"usage","exit":2,"hint":"`mltrace --help`","message":"unexpected argument '--stauts' found"}}
    --- exit 2
    "#);
    insta::assert_snapshot!(CommandLine::demo("traces list --json -o csv").run(), @r#"
    --- stderr
    {"error":{"code":"usage","exit":2,"hint":"`mltrace --help`","message":"the argument '--json' cannot be used with '--output <FORMAT>'"}}
    --- exit 2
    "#);
    assert_eq!(CommandLine::new("").run().exit, 2);
}

#[test]
fn json_errors_have_all_keys_and_leave_stdout_empty() {
    for (words, code, exit) in [
        ("trace show nope", "not_found", 3),
        ("trace show tr-", "ambiguous", 3),
        ("traces -x nope", "not_found", 3),
        ("traces --sort x", "usage", 2),
        ("traces --bogus", "usage", 2),
    ] {
        for flag in ["--json", "-ojson", "--output=jsonl"] {
            let output = CommandLine::demo(words).arg(flag).run();
            assert_eq!((output.exit, output.stdout.as_str()), (exit, ""), "{words} {flag}\n{output}");
            let error = output.error();
            assert_eq!((&error["code"], &error["exit"]), (&json!(code), &json!(exit)), "{words} {flag}");
            let mut keys: Vec<_> = error.as_object().unwrap().keys().collect();
            keys.sort();
            assert_eq!(keys, ["code", "exit", "hint", "message"]);
            assert_eq!(output.stderr.lines().count(), 1, "{output}");
        }
    }
}
