//! Commands in this process: arguments and a store in memory in, output and exit code out.

mod frameworks;

use super::Cli;
use crate::cli::context::Context;
use crate::cli::report;
use crate::cli::suggestions::suggest_subcommand;
use crate::output::text;
use crate::terminal::{CiCommandEscaper, Screen};
use clap::{CommandFactory as _, FromArgMatches as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex};

/// All commands, each of which has a test of its help; the empty string is the program itself.
pub(crate) const COMMANDS: &[&str] = &[
    "",
    "experiments",
    "traces",
    "traces list",
    "trace",
    "trace show",
    "trace diff",
    "usage",
    "stats",
    "spans",
    "tools",
    "exceptions",
    "sessions",
    "session",
    "session show",
    "check",
    "doctor",
    "prices",
    "completions",
    "man",
    "help",
];

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
            Err(mut error) => {
                suggest_subcommand(&mut error, &Cli::command(), &args);
                return refused(&error, crate::requests_json(&args));
            }
        };
        let is_json = cli.globals.format().is_json();
        let screen = Screen::of_streams(cli.globals.terminal(), &env, [false; 2]);
        let mut cx = Context::with_screen(screen, cli.globals, &env, Cli::command);
        cx.zone = crate::model::Zone::Utc;
        cx.output.options.zone = cx.zone;
        cx.environment.store.stdin = Some(self.stdin.clone());
        let [stdout, stderr] = [Captured::default(), Captured::default()];
        cx.output.out.set_stream(Box::new(stdout.clone()));
        cx.set_message_stream(Box::new(stderr.clone()));
        let exit = match crate::execute(&cli.command, &mut cx) {
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
    {"error":{"code":"usage","exit":2,"hint":"a similar argument exists: '--status'; `mltrace --help`","message":"unexpected argument '--stauts' found"}}
    --- exit 2
    "#);
    insta::assert_snapshot!(CommandLine::demo("traces list --json -o csv").run(), @r#"
    --- stderr
    {"error":{"code":"usage","exit":2,"hint":"`mltrace --help`","message":"the argument '--json' cannot be used with '--output <FORMAT>'"}}
    --- exit 2
    "#);
    assert_eq!(CommandLine::new("").run().exit, 2);
    insta::assert_snapshot!(CommandLine::demo("traces --sort tokns").run(), @"
    --- stderr
    error: unknown sort key `tokns`
      hint: did you mean `tokens`?
      hint: use time, duration, tokens, cost, name, state, tags.KEY, metadata.KEY or a key of MLflow's order_by; a leading - sorts in descending order
    --- exit 2
    ");
    let output = CommandLine::new("traces").on("demo").run();
    assert!(output.stderr.contains("  hint: did you mean `demo:`?\n"), "{output}");
}

#[test]
fn commands_with_the_same_subcommand_are_suggested() {
    insta::assert_snapshot!(CommandLine::demo("show @last").run(), @"
    --- stderr
    error: unrecognized subcommand 'show'

      tip: did you mean `mltrace trace show` or `mltrace session show`?

    Usage: mltrace [OPTIONS] <COMMAND>

    For more information, try '--help'.
    --- exit 2
    ");
    for (words, tip) in [
        ("list", "did you mean `mltrace traces list`?"),
        ("trace list", "did you mean `mltrace traces list`?"),
        ("traces show @last", "did you mean `mltrace trace show`?"),
        ("sessions show chat-42", "did you mean `mltrace session show`?"),
        ("--json traces diff", "did you mean `mltrace trace diff`?"),
    ] {
        let output = CommandLine::demo(words).run();
        assert!(output.stderr.contains(tip), "{words}\n{output}");
    }
    for words in ["trace frobnicate", "experiments list"] {
        let output = CommandLine::demo(words).run();
        assert!(!output.stderr.contains("did you mean"), "{words}\n{output}");
    }
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

#[test]
fn rows_fit_the_width_without_wrapping() {
    for width in [20, 40, 80, 120, 160] {
        for words in ["experiments", "traces list --all", "spans --all", "usage", "usage @slow"] {
            let output = CommandLine::demo(words).arg("--width").arg(width.to_string()).ok();
            let unlimited = CommandLine::demo(words).ok();
            assert_eq!(output.lines().len(), unlimited.lines().len(), "{words} {width}\n{output}");
            for line in output.lines() {
                // The sample has no double-width characters.
                assert!(line.chars().count() <= width, "{words} {width}: {line}");
            }
        }
    }
}

#[test]
fn colors_are_used_only_if_requested() {
    let has_color = |cli: CommandLine| cli.ok().stdout.contains('\u{1b}');
    for words in ["traces list", "trace show", "usage", "spans", "experiments"] {
        assert!(!has_color(CommandLine::demo(words)), "{words}: not a terminal");
        assert!(has_color(CommandLine::demo(words).arg("--color").arg("always")), "{words}");
        assert!(has_color(CommandLine::demo(words).env("CLICOLOR_FORCE", "1")), "{words}");
        assert!(!has_color(CommandLine::demo(words).env("CLICOLOR_FORCE", "0")), "{words}");
        assert!(!has_color(CommandLine::demo(words).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")), "{words}");
        assert!(has_color(CommandLine::demo(words).env("NO_COLOR", "1").arg("--color").arg("always")), "{words}");
        assert!(!has_color(CommandLine::demo(words).env("CLICOLOR_FORCE", "1").arg("--color").arg("never")), "{words}");
        for format in ["json", "jsonl", "csv", "ids"] {
            // Stored text may contain escape sequences; files get it unchanged.
            let cli = CommandLine::demo(words).arg("-o").arg(format);
            assert_eq!(cli.ok().stdout, cli.arg("--color").arg("always").ok().stdout, "{words} {format}");
        }
    }
}

#[test]
fn colors_do_not_change_the_text() {
    for words in [
        "traces list --width 80",
        "trace show @slow --io --width 70",
        "usage",
        "spans",
        "experiments",
        "trace show @error --span get_weather",
    ] {
        let colored = CommandLine::demo(words).arg("--color").arg("always").ok().stdout;
        let mut plain = String::new();
        let mut parts = colored.split('\u{1b}');
        plain += parts.next().unwrap();
        for part in parts {
            let end = part.find('m').unwrap_or_else(|| panic!("not a color sequence: {part:?}"));
            assert!(part[1..end].bytes().all(|b| b.is_ascii_digit() || b == b';'), "{part:?}");
            plain += &part[end + 1..];
        }
        // Colored cells are padded with spaces.
        let plain: Vec<&str> = plain.lines().map(str::trim_end).collect();
        assert_eq!(plain, CommandLine::demo(words).ok().stdout.lines().collect::<Vec<_>>(), "{words}");
    }
}

#[test]
fn csv_is_written() {
    insta::assert_snapshot!(CommandLine::demo("experiments -o csv").run(), @"
    experiment_id,name,lifecycle_stage,workspace,artifact_location,creation_time,last_update_time,trace_count,error_count,last_trace_time,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens
    0,Default,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/0,2026-11-20T17:50:47.698Z,2026-11-20T17:50:47.698Z,0,0,,,,
    2,Misc,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/2,2026-11-20T17:50:48.896Z,2026-11-20T17:50:48.896Z,4,0,2026-11-20T17:50:55.493Z,,,
    3,AG2,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/3,2026-11-20T17:51:02.351Z,2026-11-20T17:51:02.351Z,1,0,2026-11-20T17:51:02.540Z,1569,229,1798
    4,AutoGen,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/4,2026-11-20T17:51:10.726Z,2026-11-20T17:51:10.726Z,2,0,2026-11-20T17:51:11.569Z,154,38,192
    5,OpenAI,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/5,2026-11-20T17:51:16.321Z,2026-11-20T17:51:16.321Z,6,1,2026-11-20T17:51:17.898Z,175,60,235
    ");
    insta::assert_snapshot!(CommandLine::demo("traces -n 3 -o csv").run(), @r#"
    trace_id,client_request_id,experiment_id,experiment_name,name,state,request_time,execution_duration_ms,span_count,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,session_id,user_id,run_id,request_preview,response_preview,question,answer
    tr-e185605915a0be9f4268768de1713371,,5,OpenAI,run_tool_agent,OK,2026-11-20T17:51:17.898Z,241,4,84,22,106,0.000025799999999999997,,,,"{""question"": ""What's the weather like in Paris today?""}","""The weather in Paris today is rainy.""",What's the weather like in Paris today?,The weather in Paris today is rainy.
    tr-419f926a13917b155df4228221e2858b,,5,OpenAI,run_tool_agent,ERROR,2026-11-20T17:51:17.745Z,152,3,45,14,59,0.000015149999999999999,,,,"{""question"": ""What's the weather like in Atlantis today?""}",,What's the weather like in Atlantis today?,
    tr-67cd0414cca2ee933b50c25a4bde0454,,5,OpenAI,chat,OK,2026-11-20T17:51:17.688Z,57,2,29,5,34,7.35e-6,chat-42,ada,,"{""message"": ""What is my name?"", ""history"": [{""role"": ""user"", ""content"": ""Hello, I am Ada.""}, {""role"": ""assistant"", ""content"": ""Hello Ada! How can I help you today?""}]}","[{""role"": ""user"", ""content"": ""Hello, I am Ada.""}, {""role"": ""assistant"", ""content"": ""Hello Ada! How can I help you today?""}, {""role"": ""user"", ""content"": ""What is my name?""}, {""role"": ""assistant"", ""content"": ""Your name is Ada.""}]",What is my name?,Your name is Ada.
    --- stderr
    note: showing 3 of 13 traces (use -n or --all)
    "#);
    insta::assert_snapshot!(CommandLine::demo("usage -o csv").run(), @"
    key.model,traces,calls,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,token_usage.cache_read_input_tokens,token_usage.cache_creation_input_tokens,cost.source,unpriced_calls,unpriced_traces
    gpt-4o-mini,6,12,1744,289,2033,0.000435,,,recorded,0,
    ,2,3,154,38,192,,,,,3,
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: 1 call has no recorded tokens and is not counted
    ");
    insta::assert_snapshot!(CommandLine::demo("usage @last -o csv").run(), @"
    kind,span_id,name,span_type,agent,model,provider,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,counted,token_usage.cache_read_input_tokens,token_usage.cache_creation_input_tokens,cost.source,trace_id
    llm,9bd57e959a1e337e,Completions,CHAT_MODEL,run_tool_agent,gpt-4o-mini,,45,14,59,0.000015149999999999999,true,,,recorded,tr-e185605915a0be9f4268768de1713371
    llm,9ee2df28f08b8564,Completions,CHAT_MODEL,run_tool_agent,gpt-4o-mini,,39,8,47,0.00001065,true,,,recorded,tr-e185605915a0be9f4268768de1713371
    ");
    insta::assert_snapshot!(CommandLine::demo("spans --type TOOL -n 1 -o csv").run(), @r#"
    trace_id,span_id,parent_id,depth,name,span_type,status,status_message,start_time,duration_ms,model,provider,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,exception.type,exception.message,inputs,outputs
    tr-e185605915a0be9f4268768de1713371,9fe828b6484e7b30,2b1705476d8cad55,1,get_weather,TOOL,OK,,2026-11-20T17:51:18.046027187Z,0.615039,,,,,,,,,"{""city"": ""Paris""}",rainy
    --- stderr
    note: showing 1 span; there are more (use -n or --all)
    "#);
}

#[test]
fn ids_are_printed_one_per_line() {
    for words in ["traces -n 3", "spans -n 3", "experiments", "trace show", "usage @last", "usage"] {
        let output = CommandLine::demo(words).arg("-o").arg("ids").ok();
        assert!(
            !output.stdout.is_empty() && output.stdout.lines().all(|line| !line.is_empty() && !line.contains(' ')),
            "{words}\n{output}"
        );
    }
}

#[test]
fn json_lines_match_the_items_of_the_document() {
    for (words, key) in [
        ("traces --all --deleted", "traces"),
        ("spans --all --full", "spans"),
        ("experiments --deleted", "experiments"),
        ("trace show @slow", "spans"),
        ("usage @slow", "calls"),
        ("usage", "groups"),
    ] {
        let document = CommandLine::demo(words).json();
        let lines = CommandLine::demo(words).arg("-o").arg("jsonl").ok();
        let lines: Vec<Value> = lines.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, items(&document, key), "{words}");
    }
}

#[test]
fn documents_start_with_the_schema_and_end_with_a_newline() {
    for words in [
        "traces -n 0",
        "traces --name nothing",
        "experiments",
        "spans",
        "trace show",
        "usage @last",
        "usage",
        "trace show @error --span get_weather",
    ] {
        let output = CommandLine::demo(words).arg("--json").ok();
        assert!(output.stdout.starts_with(r#"{"schema":"mltrace/1","#), "{output}");
        assert!(output.stdout.ends_with("}\n") && !output.stdout.ends_with("\n\n"), "{words}");
        output.json();
    }
}

#[test]
fn empty_lists_are_not_errors() {
    insta::assert_snapshot!(CommandLine::demo("traces --name nothing").run(), @"
    --- stderr
    note: no traces match
    ");
    insta::assert_snapshot!(CommandLine::demo("traces --name nothing --json").run(), @r#"
    {"schema":"mltrace/1","traces":[

    ],"page":{"returned":0,"matched":0,"complete":true}}
    --- stderr
    note: no traces match
    "#);
    insta::assert_snapshot!(CommandLine::demo("traces --name nothing -o csv").run(), @"
    trace_id,client_request_id,experiment_id,experiment_name,name,state,request_time,execution_duration_ms,span_count,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,session_id,user_id,run_id,request_preview,response_preview,question,answer
    --- stderr
    note: no traces match
    ");
    insta::assert_snapshot!(CommandLine::demo("spans --type NOTHING").run(), @"
    --- stderr
    note: no spans match
    ");
    insta::assert_snapshot!(CommandLine::demo("usage --name nothing --json").run(), @r#"
    {"schema":"mltrace/1","by":["model"],"groups":[],"other":null,"total":{"traces":0,"calls":0,"token_usage":null,"cost":null,"unpriced_calls":0,"unpriced_traces":null}}
    --- stderr
    note: no traces match
    "#);
    assert!(CommandLine::demo("usage --by day --since 2100-01-01").run().stderr.ends_with("note: no traces match\n"));
}

#[test]
fn json_numbers_are_exact() {
    let output = CommandLine::demo("trace show @last --name *user*txt*").arg("--json").ok();
    let span = &output.json()["spans"][0];
    assert_eq!(span["inputs"]["not a number"], "NaN");
    assert_eq!(span["inputs"]["infinite"], "-Infinity");
    assert!(
        output.stdout.contains("\"70 digits\": 1234567890123456789012345678901234567890123456789012345678901234567890")
            || output
                .stdout
                .contains("\"70 digits\":1234567890123456789012345678901234567890123456789012345678901234567890"),
        "{output}"
    );
    assert_eq!(span["inputs"]["nul"], "a\0b");
    assert_eq!(span["inputs"]["c1"], "\u{9b}31m");
    for span in items(&CommandLine::demo("spans --all").json(), "spans") {
        let nanos = span["start_time_ns"].as_i64().unwrap();
        let text = span["start_time"].as_str().unwrap();
        let fraction = text.rsplit('.').next().unwrap();
        assert_eq!(fraction, format!("{:09}Z", nanos % 1_000_000_000), "{text}");
        let took = (span["end_time_ns"].as_i64().unwrap_or(nanos) - nanos) as f64 / 1e6;
        assert!(span["end_time_ns"].is_null() || (span["duration_ms"].as_f64().unwrap() - took).abs() < 1e-9, "{span}");
    }
}

#[test]
fn verbose_explains_the_store_and_quiet_prints_no_notes() {
    let output = CommandLine::demo("traces -n 1 -v").ok();
    assert!(output.stderr.contains("note: store `demo:`: set by --tracking-uri"), "{output}");
    assert_eq!(CommandLine::demo("traces -n 1 -q").ok().stderr, "");
    assert_eq!(CommandLine::demo("traces -q -v").run().exit, 2);
}

#[test]
fn global_flags_work_before_and_after_the_command() {
    let output = CommandLine::new("--json traces -n 1").on("demo:").ok();
    assert_eq!(output.stdout, CommandLine::new("traces -n 1 --json --tracking-uri demo:").ok().stdout);
    assert_eq!(output.stdout, CommandLine::new("traces -n1 -ojson -udemo:").ok().stdout);
}

#[test]
fn colored_rows_fit_the_width() {
    for words in [
        "stats --by experiment",
        "stats --by model,hour",
        "usage --by agent,model",
        "usage --explain",
        "tools",
        "prices gpt-4o*",
    ] {
        for width in ["60", "80", "160"] {
            let output = CommandLine::demo(words).arg("--color").arg("always").arg("--width").arg(width).ok();
            for line in output.stdout.lines() {
                // Color sequences (ESC to `m`) have no width; trailing spaces could wrap.
                let shown = line
                    .split('\x1b')
                    .enumerate()
                    .map(|(at, part)| if at == 0 { part } else { &part[part.find('m').unwrap() + 1..] });
                let shown: String = shown.collect();
                assert!(shown.chars().count() <= width.parse().unwrap(), "{words} --width {width}: {line:?}");
                assert_eq!(shown.trim_end(), shown, "{words} --width {width}: {line:?}");
            }
        }
    }
}

#[test]
fn formulas_in_csv_get_an_apostrophe() {
    let formulas = [
        "=1+1",
        "+1",
        "-1",
        "@sum(a1)",
        "\t=1",
        "\r=1",
        " =1",
        "\n=1",
        "\u{ff1d}1",
        "=cmd|'/c calc'!A1",
        "\"=1\"",
        "=\"a\",\"b\"",
    ];
    let ids = CommandLine::demo("traces list --all -o ids").ok();
    let mut lines = Vec::new();
    for (id, formula) in ids.lines().iter().zip(formulas) {
        let mut document = CommandLine::demo("trace show").arg(id).json();
        let info = &mut document["info"];
        for key in ["name", "request_preview"] {
            info[key] = formula.into();
        }
        info["metadata"]["mlflow.trace.session"] = formula.into();
        info["experiment_name"] = "=HYPERLINK(\"http://x\")".into();
        lines.push(document.to_string());
    }
    assert_eq!(lines.len(), formulas.len());
    let cli = |words: &str| CommandLine::document(lines.join("\n"), words);
    let table = parse_csv(&cli("traces list --all -o csv").ok().stdout);
    let column = |name: &str| table[0].iter().position(|title| title == name).unwrap();
    for (row, formula) in table[1..].iter().zip(formulas) {
        let expected = if formula.starts_with('"') { formula.to_owned() } else { format!("'{formula}") };
        let expected = expected.replace('\r', "\\x0d");
        for name in ["name", "session_id", "request_preview"] {
            assert_eq!(row[column(name)], expected, "{formula:?}");
        }
    }
    assert!(table[1..].iter().any(|row| row[column("experiment_name")].starts_with("'=HYPERLINK")));
    for words in ["experiments -o csv", "spans --all -o csv", "usage -o csv"] {
        for row in &parse_csv(&cli(words).ok().stdout)[1..] {
            for cell in row {
                let is_number = cell.parse::<f64>().is_ok();
                assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{words}: {cell}");
            }
        }
    }
}

/// Parses CSV (RFC 4180) into rows of cells, and asserts that all rows have the same length.
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut is_quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let row = rows.last_mut().unwrap();
        let cell = row.last_mut().unwrap();
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(String::new()),
            '\n' if !is_quoted => rows.push(vec![String::new()]),
            '\r' if !is_quoted => {}
            c => cell.push(c),
        }
    }
    assert_eq!(rows.pop(), Some(vec![String::new()]), "the last line ends with a newline");
    assert!(!is_quoted && rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    rows
}
