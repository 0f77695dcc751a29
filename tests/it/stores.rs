//! Which store is read: flag, environment, or MLflow's default in the current folder.

use crate::harness::{Cli, Fixture, copy_folder, fixtures, items};
use std::path::Path;

/// A folder with copies of a database and a file store.
fn folder(database: Option<&str>, files: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    if let Some(name) = database {
        std::fs::copy(Fixture::named(name).store, folder.path().join("mlflow.db")).unwrap();
    }
    if let Some(name) = files {
        copy_folder(&Fixture::named(name).store, &folder.path().join("mlruns"));
    }
    folder
}

/// The id of the first listed trace, which identifies the store.
fn newest(cli: &Cli) -> String {
    let document = cli.json();
    items(&document, "traces")[0]["trace_id"].as_str().unwrap().to_owned()
}

fn newest_of(name: &str) -> String {
    newest(&Fixture::named(name).cli("traces list -n 1"))
}

fn in_folder(folder: &Path, words: &str) -> Cli {
    Cli::new(words).cwd(folder)
}

#[test]
fn a_single_store_is_the_default() {
    let database = folder(Some("3.18.0-sqlite"), None);
    assert_eq!(newest(&in_folder(database.path(), "traces -n 1")), newest_of("3.18.0-sqlite"));
    let files = folder(None, Some("3.2.0-file"));
    assert_eq!(newest(&in_folder(files.path(), "traces -n 1")), newest_of("3.2.0-file"));
}

#[test]
fn file_stores_with_experiments_take_precedence() {
    let both = folder(Some("3.18.0-sqlite"), Some("3.2.0-file"));
    let output = in_folder(both.path(), "traces -n 1 --json -v").ok();
    assert_eq!(output.json()["traces"][0]["trace_id"], newest_of("3.2.0-file"));
    assert!(output.stderr.contains("MLflow prefers"), "{output}");
    // Artifacts of a database are also in `mlruns`, but without `meta.yaml`.
    let database = Fixture::named("3.18.0-sqlite").copy();
    assert_eq!(newest(&in_folder(database.path(), "traces -n 1")), newest_of("3.18.0-sqlite"));
}

#[test]
fn empty_stores_are_skipped_with_a_note() {
    let both = folder(Some("3.18.0-sqlite"), Some("3.2.0-file"));
    // An empty experiment, left over by a run without a database.
    let files = both.path().join("mlruns");
    std::fs::remove_dir_all(&files).unwrap();
    std::fs::create_dir_all(files.join("0")).unwrap();
    std::fs::write(files.join("0/meta.yaml"), "experiment_id: '0'\nname: Default\nlifecycle_stage: active\n").unwrap();
    let output = in_folder(both.path(), "traces -n 1 --json").ok();
    assert_eq!(output.json()["traces"][0]["trace_id"], newest_of("3.18.0-sqlite"));
    assert!(output.stderr.contains("has no traces; reading") && output.stderr.contains("mlflow.db"), "{output}");
}

#[test]
fn the_flag_overrides_the_environment_and_the_folder() {
    let both = folder(Some("3.18.0-sqlite"), None);
    let other = Fixture::named("3.16.1-sqlite");
    let from_environment = in_folder(both.path(), "traces -n 1").env("MLFLOW_TRACKING_URI", &other.store);
    assert_eq!(newest(&from_environment), newest_of("3.16.1-sqlite"));
    let flag = from_environment.clone().on(Fixture::named("3.2.0-file").store);
    assert_eq!(newest(&flag), newest_of("3.2.0-file"));
    let empty = in_folder(both.path(), "traces -n 1").env("MLFLOW_TRACKING_URI", "");
    assert_eq!(newest(&empty), newest_of("3.18.0-sqlite"));
}

#[test]
fn every_form_of_uri_is_supported() {
    let database = Fixture::named("3.18.0-sqlite").copy();
    let path = database.fixture.store.to_str().unwrap().to_owned();
    let expected = newest_of("3.18.0-sqlite");
    let forms = [
        path.clone(),
        format!("sqlite:///{path}"),
        format!("sqlite+pysqlite:///{path}"),
        format!("sqlite:///{path}?timeout=5"),
        "mlflow.db".to_owned(),
        "./mlflow.db".to_owned(),
        "sqlite:///mlflow.db".to_owned(),
        "sqlite:///./mlflow.db".to_owned(),
        ".".to_owned(),
        format!("file://{path}"),
    ];
    for form in forms {
        assert_eq!(newest(&in_folder(database.path(), "traces -n 1").on(&form)), expected, "{form}");
    }
    let files = Fixture::named("3.2.0-file").copy();
    let path = files.fixture.store.to_str().unwrap().to_owned();
    let expected = newest_of("3.2.0-file");
    for form in [
        path.clone(),
        format!("file://{path}"),
        format!("file://localhost{path}"),
        format!("file:{path}"),
        "mlruns".to_owned(),
        "mlruns/".to_owned(),
        "file:mlruns".to_owned(),
        ".".to_owned(),
    ] {
        assert_eq!(newest(&in_folder(files.path(), "traces -n 1").on(&form)), expected, "{form}");
    }
}

#[test]
fn server_artifacts_are_found_by_environment_variable() {
    let copy = Fixture::named("3.18.0-http-sqlite").copy();
    let id = copy.cli("traces list --name answer -n 1 -o ids").ok().lines()[0].to_owned();
    // Without rows, spans are only in the files of the server.
    copy.sql("delete from spans");
    let before = copy.cli("trace show").arg(&id).json();
    assert_eq!(before["spans_source"], "artifact", "{before}");
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::rename(copy.path().join("mlartifacts"), elsewhere.path().join("a")).unwrap();
    let without = copy.cli("trace show").arg(&id).json();
    assert_eq!(without["spans_source"], "none");
    assert_eq!(without["problems"][0]["kind"], "missing_file", "{without}");
    let after = copy.cli("trace show").arg(&id).env("MLFLOW_ARTIFACTS_DESTINATION", elsewhere.path().join("a")).json();
    assert_eq!(after["spans"], before["spans"]);
}

#[test]
fn empty_databases_of_every_schema_are_supported() {
    let mut schemas: Vec<_> =
        std::fs::read_dir(fixtures().join("schemas")).unwrap().map(|entry| entry.unwrap().path()).collect();
    schemas.retain(|path| path.extension().is_some_and(|end| end == "sql"));
    assert!(schemas.len() >= 24, "{schemas:?}");
    for schema in schemas {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mlflow.db");
        let sql = std::fs::read_to_string(&schema).unwrap();
        rusqlite::Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
        for words in [
            "experiments --deleted",
            "traces list",
            "traces list --sort tokens --tag a=b --name x* --session s --user u --run r --type LLM --min-duration 1s --status error --since 1d",
            "spans --llm",
            "spans --all --full",
            "usage",
        ] {
            let formats =
                if words == "traces list" { &["table", "json", "jsonl", "csv", "ids"][..] } else { &["table", "json"] };
            for format in formats {
                let output = Cli::new(words).arg("-o").arg(format).on(&path).run();
                assert_eq!(output.exit, Some(0), "{} {words} {format}\n{output}", schema.display());
                assert!(!output.stderr.contains("warning:"), "{} {words} {format}\n{output}", schema.display());
            }
        }
        for words in ["trace show", "trace show @error", "trace show @slow", "trace show abc", "usage @last"] {
            let output = Cli::new(words).on(&path).run();
            assert_eq!(output.exit, Some(3), "{} {words}\n{output}", schema.display());
        }
    }
}
