//! Errors: message, JSON and exit code.

use crate::harness::{Cli, Fixture};
use std::io::Read as _;
use std::process::Stdio;

#[test]
fn errors_of_arguments_and_commands_are_reported_as_text_and_json() {
    for (words, code, exit) in [("traces --bogus", "usage", 2), ("trace show nope", "not_found", 3)] {
        let text = Cli::demo(words).run();
        assert_eq!((text.exit, text.stdout.as_str()), (Some(exit), ""), "{text}");
        assert!(text.stderr.starts_with("error: "), "{text}");
        let json = Cli::demo(words).arg("--json").run();
        assert_eq!((json.exit, json.stdout.as_str()), (Some(exit), ""), "{json}");
        assert_eq!(json.error()["code"], code, "{json}");
    }
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
