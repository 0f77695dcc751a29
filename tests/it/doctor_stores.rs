//! `mltrace doctor` on two stores in a folder, copies of stores, and the installed MLflow.

use crate::doctor::{clean, finding, install_mlflow, kinds, relocated};
use crate::harness::{Cli, Fixture, copy_folder, items};
use serde_json::json;

#[test]
fn suggested_migrations_use_a_free_file_name() {
    let (copy, folder) = (relocated("3.18.0-file"), tempfile::tempdir().unwrap());
    let bin = install_mlflow(folder.path(), "3.18.0", &["f4a9b2c7d1e6"], &[]);
    let command = || {
        let document = copy.cli("doctor").env("PATH", &bin).json();
        finding(&document, "file_store_refused")["command"].as_str().unwrap().to_owned()
    };
    let of = |name: &str| {
        let (store, beside) = (copy.fixture.store.display(), copy.path().display());
        format!("mlflow migrate-filestore --source {store} --target sqlite:///{beside}/{name}")
    };
    assert_eq!(command(), of("mlflow.db"));
    for (taken, free) in [
        ("mlflow.db", "mlflow-migrated.db"),
        ("mlflow-migrated.db", "mlflow-migrated-2.db"),
        ("mlflow-migrated-2.db", "mlflow-migrated-3.db"),
    ] {
        std::fs::write(copy.path().join(taken), "").unwrap();
        assert_eq!(command(), of(free));
    }
}

#[test]
fn stores_that_mlflow_prefers_are_found() {
    let copy = clean("3.18.0-sqlite");
    let mlruns = copy.path().join("mlruns");
    std::fs::create_dir_all(mlruns.join("0")).unwrap();
    std::fs::write(
        mlruns.join("0/meta.yaml"),
        "artifact_location: mlruns/0\nexperiment_id: '0'\nlifecycle_stage: active\nname: Default\n",
    )
    .unwrap();
    let cli = Cli::new("doctor").cwd(copy.path());
    let document = cli.json();
    assert_eq!(kinds(&document), ["two_stores"], "{document}");
    let taken = finding(&document, "two_stores");
    assert_eq!(taken["message"], "MLflow uses the other store in this folder");
    assert_eq!(taken["details"], json!([format!("MLflow uses {}, which has no traces", mlruns.display())]));
    let command = format!("export MLFLOW_TRACKING_URI=sqlite:///{}/mlflow.db", copy.path().display());
    assert_eq!(taken["command"], command);
    let bin = install_mlflow(copy.path(), "3.18.0", &["f4a9b2c7d1e6"], &[]);
    let document = cli.env("PATH", bin).json();
    let refused = "MLflow 3.18.0, installed here, refuses it because it is a file store";
    assert_eq!(finding(&document, "two_stores")["details"][1], refused);
}

#[test]
fn copies_that_read_files_of_the_original_are_found() {
    let original = relocated("3.2.0-file");
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("mlruns");
    copy_folder(&original.fixture.store, &copied);
    let document = Cli::new("doctor").on(&copied).json();
    let traces = document["counts"]["traces_read"].clone();
    let outside = finding(&document, "outside_artifacts");
    let (from, to) = (original.path().display(), folder.path().display());
    assert_eq!(outside["details"], json!([format!("read from {from}, although {to} has them too")]));
    assert_eq!((&outside["count"], &outside["severity"]), (&traces, &json!("warning")));
    assert!(!kinds(&original.cli("doctor").json()).contains(&"outside_artifacts"));
    // Files intentionally stored elsewhere exist only once.
    for path in crate::harness::files_below(&copied).iter().filter(|path| path.ends_with("artifacts/traces.json")) {
        std::fs::remove_file(path).unwrap();
    }
    assert_eq!(kinds(&Cli::new("doctor").on(&copied).json()), ["deleted_experiments"]);
}

#[test]
fn databases_without_a_schema_revision_are_found() {
    let copy = clean("3.18.0-sqlite");
    for change in ["delete from alembic_version", "drop table alembic_version"] {
        copy.sql(change);
        let document = copy.cli("doctor").json();
        assert_eq!(kinds(&document), ["schema_unnamed"]);
        assert_eq!(finding(&document, "schema_unnamed")["severity"], "problem");
        assert_eq!(document["store"]["revisions"], json!([]));
    }
}

#[test]
fn mlflow_releases_that_read_spans_from_files_only_are_found() {
    let copy = clean("3.6.0-sqlite");
    let with = |release: &str| {
        let folder = tempfile::tempdir().unwrap();
        let bin = install_mlflow(folder.path(), release, &["bf29a5ff90ea"], &[]);
        copy.cli("doctor").env("PATH", bin).json()
    };
    let document = with("3.5.1");
    assert_eq!(kinds(&document), ["spans_unseen"]);
    assert_eq!(finding(&document, "spans_unseen")["count"], items(&copy.cli("traces --all").json(), "traces").len());
    assert_eq!(kinds(&with("3.7.0")), [""; 0]);
    let older = Fixture::named("3.5.1-sqlite");
    let folder = tempfile::tempdir().unwrap();
    let bin = install_mlflow(folder.path(), "3.5.1", &["bf29a5ff90ea"], &[]);
    assert!(!kinds(&older.cli("doctor").env("PATH", bin).json()).contains(&"spans_unseen"), "spans are in files there");
}

#[test]
fn second_stores_are_found_in_folders_named_explicitly() {
    let files = relocated("3.2.0-file");
    std::fs::copy(Fixture::named("3.18.0-sqlite").store, files.path().join("mlflow.db")).unwrap();
    let document = Cli::new("doctor").cwd(files.path()).on(".").json();
    assert_eq!(document["store"]["why"], "set by --tracking-uri");
    finding(&document, "two_stores");
}

#[test]
fn csv_rows_have_trace_ids() {
    let csv = Cli::demo("doctor -o csv").ok().stdout;
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("kind,severity,count,message,meaning,remedy,command,trace_ids"));
    assert!(lines.next().unwrap().ends_with("\"\"]\""), "{csv}");
}
