//! Errors: message, JSON and exit code.

use crate::harness::{Cli, Fixture};
use serde_json::json;
use std::io::Read as _;
use std::process::Stdio;

#[test]
fn unknown_traces_are_errors() {
    insta::assert_snapshot!(Cli::demo("trace show nope").run(), @"
    --- stderr
    error: no trace `nope` in `demo:`
      hint: `mltrace -u demo: traces list` lists the newest
    --- exit 3
    ");
    insta::assert_snapshot!(Cli::demo("usage nope --json").run(), @r#"
    --- stderr
    {"error":{"code":"not_found","exit":3,"hint":"`mltrace -u demo: traces list` lists the newest","message":"no trace `nope` in `demo:`"}}
    --- exit 3
    "#);
}

#[test]
fn ambiguous_prefixes_list_candidates() {
    insta::assert_snapshot!(Cli::demo("trace show tr-").run(), @"
    --- stderr
    error: ambiguous trace id prefix `tr-`
      caused by: it matches tr-0243d5ac5249ff1085293320923245b7, tr-0497bd29b92aef7368dc978fae513b46, tr-13567dee770d67ed749e68f074c9fb8c, tr-419f926a13917b155df4228221e2858b, tr-58b722a7b2de40a02f6b67417e6ca4f1, tr-67cd0414cca2ee933b50c25a4bde0454, tr-6bb384c404cf0fc5691f891499bbb2db, tr-9fdfabf46554a8a254d72d287b0047f6, tr-a06f6f6fd078ef9985de4b4770297abc, tr-ac61cd19b5a1f20408bc93f48b3b475e and more
      hint: use more characters of the id
    --- exit 3
    ");
    insta::assert_snapshot!(Cli::demo("trace show tr- --json").run(), @r#"
    --- stderr
    {"error":{"code":"ambiguous","exit":3,"hint":"use more characters of the id","message":"ambiguous trace id prefix `tr-`: it matches tr-0243d5ac5249ff1085293320923245b7, tr-0497bd29b92aef7368dc978fae513b46, tr-13567dee770d67ed749e68f074c9fb8c, tr-419f926a13917b155df4228221e2858b, tr-58b722a7b2de40a02f6b67417e6ca4f1, tr-67cd0414cca2ee933b50c25a4bde0454, tr-6bb384c404cf0fc5691f891499bbb2db, tr-9fdfabf46554a8a254d72d287b0047f6, tr-a06f6f6fd078ef9985de4b4770297abc, tr-ac61cd19b5a1f20408bc93f48b3b475e and more"}}
    --- exit 3
    "#);
}

#[test]
fn unknown_experiments_get_suggestions() {
    insta::assert_snapshot!(Cli::demo("traces list -x OpnAI").run(), @"
    --- stderr
    error: no experiment `OpnAI`
      hint: did you mean `OpenAI`?
      hint: `mltrace -u demo: experiments` lists them
    --- exit 3
    ");
    insta::assert_snapshot!(Cli::demo("spans -x auto --json").run(), @r#"
    --- stderr
    {"error":{"code":"not_found","exit":3,"hint":"did you mean `AutoGen`?; `mltrace -u demo: experiments` lists them","message":"no experiment `auto`"}}
    --- exit 3
    "#);
    insta::assert_snapshot!(Cli::demo("traces list -x Abandoned").run(), @"
    --- stderr
    error: experiment `Abandoned` is deleted
      hint: use `--deleted` to include it
    --- exit 3
    ");
}

#[test]
fn unknown_and_ambiguous_spans_get_suggestions() {
    insta::assert_snapshot!(Cli::demo("trace show @error --span get_wether").run(), @"
    --- stderr
    error: no span `get_wether`
      hint: did you mean `get_weather`?
      hint: `mltrace -u demo: trace show tr-419f926a13917b155df4228221e2858b -o ids` lists the spans
    --- exit 3
    ");
    insta::assert_snapshot!(Cli::demo("trace show @last --span Completions").run(), @"
    --- stderr
    error: `Completions` matches 2 spans
      caused by: they are 9bd57e959a1e337e Completions, 9ee2df28f08b8564 Completions
      hint: use the id of a span
    --- exit 3
    ");
}

#[test]
fn invalid_flag_values_are_reported() {
    insta::assert_snapshot!(Cli::demo("traces list --sort size").run(), @"
    --- stderr
    error: unknown sort key `size`
      hint: use time, duration, tokens, cost, name, state, tags.KEY, metadata.KEY or a key of MLflow's order_by; a leading - sorts in descending order
    --- exit 2
    ");
    insta::assert_snapshot!(Cli::demo("traces list --since yesterday").run(), @"
    --- stderr
    error: invalid time `yesterday` (expected `15m`, `2h`, `7d`, `2026-11-20`, `2026-11-20 15:49` or RFC 3339)
    --- exit 2
    ");
    insta::assert_snapshot!(Cli::demo("traces list --min-duration 5").run(), @"
    --- stderr
    error: invalid duration `5` (expected `250ms`, `1.5s`, `1m30s` or `2h`)
    --- exit 2
    ");
    insta::assert_snapshot!(Cli::demo("traces list --status failed").run(), @"
    --- stderr
    error: invalid value 'failed' for '--status <STATE>'
      [possible values: ok, error, in_progress]

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(Cli::demo("traces list --status failed --json").run(), @r#"
    --- stderr
    {"error":{"code":"usage","exit":2,"hint":"`mltrace --help`","message":"invalid value 'failed' for '--status <STATE>'"}}
    --- exit 2
    "#);
    insta::assert_snapshot!(Cli::demo("traces list --width 5").run(), @"
    --- stderr
    error: invalid value '5' for '--width <COLUMNS>': 5 is not in 20..=65535

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(Cli::demo("trace show @newest").run(), @"
    --- stderr
    error: unknown trace selector `@newest`
      hint: use `@last`, `@last~2`, `@error` or `@slow`
    --- exit 2
    ");
}

#[test]
fn typos_get_suggestions() {
    insta::assert_snapshot!(Cli::demo("trases").run(), @"
    --- stderr
    error: unrecognized subcommand 'trases'

      tip: some similar subcommands exist: 'stats', 'traces', 'trace'

    Usage: mltrace [OPTIONS] <COMMAND>

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(Cli::demo("traces list --stauts ok").run(), @"
    --- stderr
    error: unexpected argument '--stauts' found

      tip: a similar argument exists: '--status'

    Usage: mltrace traces list --status <STATE>

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(Cli::demo("traces list --stauts ok -o jsonl").run(), @r#"
    --- stderr
    {"error":{"code":"usage","exit":2,"hint":"`mltrace --help`","message":"unexpected argument '--stauts' found"}}
    --- exit 2
    "#);
    insta::assert_snapshot!(Cli::demo("traces list --json -o csv").run(), @r#"
    --- stderr
    {"error":{"code":"usage","exit":2,"hint":"`mltrace --help`","message":"the argument '--json' cannot be used with '--output <FORMAT>'"}}
    --- exit 2
    "#);
    assert_eq!(Cli::new("").run().exit, Some(2));
}

#[test]
fn missing_stores_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let run = |cli: Cli| cli.cwd(folder.path()).run().with_placeholder(folder.path());
    insta::assert_snapshot!(run(Cli::new("traces list")), @"
    --- stderr
    error: no store in `[FOLDER]`
      caused by: looked for `[FOLDER]/mlflow.db` and `[FOLDER]/mlruns`, and MLFLOW_TRACKING_URI is not set
      hint: specify a store: `mltrace -u path/to/mlflow.db traces list`
      hint: try the sample: `mltrace -u demo: traces list`
    --- exit 5
    ");
    insta::assert_snapshot!(run(Cli::new("traces list --json")), @r#"
    --- stderr
    {"error":{"code":"store_missing","exit":5,"hint":"specify a store: `mltrace -u path/to/mlflow.db traces list`; try the sample: `mltrace -u demo: traces list`","message":"no store in `[FOLDER]`: looked for `[FOLDER]/mlflow.db` and `[FOLDER]/mlruns`, and MLFLOW_TRACKING_URI is not set"}}
    --- exit 5
    "#);
    insta::assert_snapshot!(run(Cli::new("traces list").on("mlflow.db")), @"
    --- stderr
    error: no store at `mlflow.db`
      caused by: `[FOLDER]/mlflow.db` does not exist
      hint: `mltrace -u demo: traces list` shows a sample
    --- exit 5
    ");
    insta::assert_snapshot!(run(Cli::new("traces list").on("sqlite:///mlflow.db")), @"
    --- stderr
    error: no store at `sqlite:///mlflow.db`
      caused by: `[FOLDER]/mlflow.db` does not exist
      hint: `mltrace -u demo: traces list` shows a sample
    --- exit 5
    ");
    insta::assert_snapshot!(run(Cli::new("traces list").on("file:elsewhere/mlruns")), @"
    --- stderr
    error: no store at `file:elsewhere/mlruns`
      caused by: `[FOLDER]/elsewhere/mlruns` does not exist
      hint: `mltrace -u demo: traces list` shows a sample
    --- exit 5
    ");
    insta::assert_snapshot!(run(Cli::new("experiments").env("MLFLOW_TRACKING_URI", "mlruns")), @"
    --- stderr
    error: no store at `mlruns`
      caused by: `[FOLDER]/mlruns` does not exist
      hint: `mltrace -u demo: traces list` shows a sample
    --- exit 5
    ");
}

#[test]
fn files_that_are_not_stores_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.db"), "").unwrap();
    std::fs::write(
        folder.path().join("notes.txt"),
        "not a database, but longer than the header of one, which has 100 bytes: see section 1.3 of the file format",
    )
    .unwrap();
    let other = rusqlite::Connection::open(folder.path().join("other.db")).unwrap();
    other.execute_batch("create table notes (text)").unwrap();
    drop(other);
    let run =
        |words: &str, store: &str| Cli::new(words).on(store).cwd(folder.path()).run().with_placeholder(folder.path());
    insta::assert_snapshot!(run("traces list", "empty.db"), @"
    --- stderr
    error: `empty.db` is empty
      hint: specify a file that MLflow has written to
    --- exit 5
    ");
    insta::assert_snapshot!(run("traces list", "sqlite:///empty.db"), @"
    --- stderr
    error: no MLflow traces in `[FOLDER]/empty.db`
      caused by: it lacks the table `experiments` or `trace_info`, which MLflow creates since 2.14
      hint: specify the database that MLflow writes to: `-u path/to/mlflow.db`
    --- exit 5
    ");
    insta::assert_snapshot!(run("traces list", "notes.txt"), @"
    --- stderr
    error: `notes.txt` is neither a SQLite database nor a trace file
      hint: expected an `mlflow.db`, an `mlruns` folder, MLflow's `trace.json`, or OTLP as JSON, JSON Lines or protobuf
    --- exit 5
    ");
    insta::assert_snapshot!(run("traces list", "sqlite:///notes.txt"), @"
    --- stderr
    error: cannot read `[FOLDER]/notes.txt`
      caused by: file is not a database
      hint: specify an `mlflow.db` or an `mlruns` folder
    --- exit 5
    ");
    insta::assert_snapshot!(run("traces list", "other.db"), @"
    --- stderr
    error: no MLflow traces in `[FOLDER]/other.db`
      caused by: it lacks the table `experiments` or `trace_info`, which MLflow creates since 2.14
      hint: specify the database that MLflow writes to: `-u path/to/mlflow.db`
    --- exit 5
    ");
    insta::assert_snapshot!(run("traces list --json", "other.db"), @r#"
    --- stderr
    {"error":{"code":"store_unreadable","exit":5,"hint":"specify the database that MLflow writes to: `-u path/to/mlflow.db`","message":"no MLflow traces in `[FOLDER]/other.db`: it lacks the table `experiments` or `trace_info`, which MLflow creates since 2.14"}}
    --- exit 5
    "#);
}

#[test]
fn databases_without_trace_tables_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mlflow.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("create table experiments (experiment_id integer primary key, name text, lifecycle_stage text, artifact_location text); create table runs (run_uuid text)").unwrap();
    drop(database);
    for words in ["experiments", "traces list", "trace show", "usage", "spans"] {
        let output = Cli::new(words).on(&path).run();
        assert_eq!(output.exit, Some(5), "{words}\n{output}");
        assert!(output.stderr.contains("trace_info"), "{words}\n{output}");
    }
}

#[test]
fn unsupported_stores_are_rejected_by_name() {
    insta::assert_snapshot!(Cli::new("experiments").on("postgresql://ada:hunter2@db.example/mlflow").run(), @"
    --- stderr
    error: `postgresql:` databases are not supported
      hint: use the MLflow server of this database: `-u https://host:port`
    --- exit 5
    ");
    insta::assert_snapshot!(Cli::new("experiments --json").on("s3://bucket/mlruns").run(), @r#"
    --- stderr
    {"error":{"code":"store_unsupported","exit":5,"hint":"expected a path, `sqlite:///mlflow.db`, `file:mlruns`, `https://host`, `-` or `demo:`","message":"unsupported tracking URI scheme `s3:`"}}
    --- exit 5
    "#);
    for uri in [
        "postgresql://ada:hunter2@db/x",
        "postgres://ada:hunter2@db/x",
        "postgresql+psycopg2://ada:hunter2@db/x",
        "mysql://ada:hunter2@db/x",
        "mysql+pymysql://ada:hunter2@db/x",
        "mssql+pyodbc://ada:hunter2@db/x",
        "databricks://profile",
        "databricks",
        "databricks-uc",
        "s3://ada:hunter2@bucket/x",
        "gs://bucket/x",
        "dbfs://x",
        "sqlite://",
        "sqlite:///:memory:",
        "file://otherhost/mlruns",
    ] {
        let output = Cli::new("experiments --json").on(uri).run();
        assert_eq!(output.exit, Some(5), "{uri}\n{output}");
        assert_eq!(output.error()["code"], "store_unsupported", "{uri}\n{output}");
        assert!(output.error()["hint"].is_string(), "{uri}\n{output}");
        assert!(!output.stderr.contains("hunter2") && !output.stderr.contains("ada"), "{uri}\n{output}");
    }
}

#[test]
fn credentials_in_invalid_uris_are_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    for uri in [
        "foo://ada:hunter2@host/x",
        "postgresql:ada:hunter2@host",
        "sqlite:///x.db?key=hunter2",
        "mysql:ada:hunter2@host",
        "http:/ada:hunter2@host",
        "http//ada:hunter2@host",
        " http:ada:hunter2@host",
        "ada:hunter2@host:5000",
        "http://ada:hun#ter2@host",
        "http://ada:hunter2/x@host",
    ] {
        let output = Cli::new("experiments").on(uri).cwd(folder.path()).run();
        assert_eq!(output.exit, Some(5), "{uri}\n{output}");
        assert!(!output.stderr.contains("hunter2"), "{uri}\n{output}");
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
            let output = Cli::demo(words).arg(flag).run();
            assert_eq!((output.exit, output.stdout.as_str()), (Some(exit), ""), "{words} {flag}\n{output}");
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
fn closed_pipes_are_not_errors() {
    let fixture = Fixture::named("3.18.0-sqlite");
    for words in [
        "spans --all --full --json",
        "spans --all -o csv",
        "traces list --all --json",
        "traces list",
        "trace show @slow --io=0",
        "experiments",
        "usage",
        "completions bash",
        "--help",
    ] {
        let cli = if words == "--help" { Cli::new(words) } else { fixture.cli(words) };
        for bytes in [0, 1] {
            let mut child = cli.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            stdout.read_exact(&mut vec![0; bytes]).unwrap();
            drop(stdout);
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{words} after {bytes} bytes");
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(!stderr.contains("error"), "{words} after {bytes} bytes: {stderr}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn full_disks_are_errors() {
    for words in ["traces list", "--help", "trace show --help", "--version"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Cli::demo(words).command().stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{words}");
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: cannot write the output"), "{words}");
    }
}

#[test]
fn closed_pipes_keep_the_exit_code() {
    for (words, exit) in [
        ("check --max-tokens 1", 1),
        ("check --max-tokens 1 --json", 1),
        ("check --max-tokens 1 --report junit", 1),
        ("check --max-error-rate 100%", 0),
        ("trace diff @last @last~1 --exit-code", 1),
        ("trace diff @last @last --exit-code --json", 0),
        ("traces list --all", 0),
        ("trace show @last --tree", 0),
        ("--help", 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Cli::demo(words).command().stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(exit), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn empty_tracking_uris_are_rejected() {
    let output = Cli::new("traces list").on("").run();
    assert_eq!(output.exit, Some(2), "{output}");
    assert!(output.stderr.starts_with("error: the tracking URI is empty"), "{output}");
}
