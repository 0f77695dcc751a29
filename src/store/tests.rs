use super::artifact::Artifacts;
use super::uri::{Address, StoreEnvironment, resolve};
use super::{AddressError, SpanDetail, TraceKey, aggregates};
use crate::error::{Error, ErrorCode};
use std::path::{Path, PathBuf};

/// A folder with a database and a file store with one experiment.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mlflow.db"), b"SQLite format 3\0").unwrap();
    std::fs::write(folder.path().join("with space.db"), b"SQLite format 3\0").unwrap();
    std::fs::create_dir_all(folder.path().join("mlruns/0")).unwrap();
    std::fs::write(folder.path().join("mlruns/0/meta.yaml"), "").unwrap();
    folder
}

fn env(cwd: &Path) -> StoreEnvironment {
    StoreEnvironment { cwd: cwd.to_owned(), ..StoreEnvironment::default() }
}

#[test]
fn every_form_of_a_local_tracking_uri_is_supported() {
    let folder = folder();
    let root = folder.path();
    let database = Address::Sqlite(root.join("mlflow.db"));
    let files = Address::Files(root.join("mlruns"));
    let spaced = Address::Sqlite(root.join("with space.db"));
    let absolute = root.display();
    let server = Address::Server("http://127.0.0.1:5000".to_owned());
    let cases = [
        ("sqlite:///mlflow.db".to_owned(), &database),
        (format!("sqlite:///{absolute}/mlflow.db"), &database),
        (format!("sqlite+pysqlite:///{absolute}/mlflow.db?timeout=5"), &database),
        ("sqlite:///file:mlflow.db?mode=ro&uri=true".to_owned(), &database),
        ("sqlite:///with%20space.db".to_owned(), &spaced),
        ("sqlite:///with space.db".to_owned(), &spaced),
        ("mlflow.db".to_owned(), &database),
        ("mlruns".to_owned(), &files),
        ("file:mlruns".to_owned(), &files),
        (format!("file://{absolute}/mlruns"), &files),
        (format!("file://localhost{absolute}/mlruns"), &files),
        ("http://127.0.0.1:5000".to_owned(), &server),
        ("demo:".to_owned(), &Address::Demo),
    ];
    for (text, expected) in cases {
        assert_eq!(&resolve(Some(&text), &env(root)).unwrap().address, expected, "{text}");
    }
}

#[test]
fn unsupported_stores_are_rejected_by_name() {
    let folder = folder();
    let check = |text: &str, kind: ErrorCode, word: &str| {
        let error = Error::from(resolve(Some(text), &env(folder.path())).unwrap_err());
        assert_eq!(error.code, kind, "{text}");
        assert!(error.to_string().contains(word), "{error}");
    };
    check("mysql://host/db", ErrorCode::StoreUnsupported, "mysql");
    check("databricks", ErrorCode::StoreUnsupported, "Databricks");
    check("databricks://profile", ErrorCode::StoreUnsupported, "Databricks");
    check("s3://bucket/x", ErrorCode::StoreUnsupported, "s3:");
    check("file://other/x", ErrorCode::StoreUnsupported, "another host");
    check("sqlite://", ErrorCode::StoreUnsupported, "memory");
    check("sqlite:///none.db", ErrorCode::StoreMissing, "none.db");
    check("none", ErrorCode::StoreMissing, "none");
    let error = resolve(Some("mysql+pymysql://u:secret@host/db"), &env(folder.path())).unwrap_err();
    assert!(!format!("{error:?}").contains("secret"));
}

#[test]
fn the_default_store_is_that_of_mlflow() {
    let folder = folder();
    let found = resolve(None, &env(folder.path())).unwrap();
    assert_eq!(found.address, Address::Files(folder.path().join("mlruns")));
    assert_eq!(found.fallback, Some(Address::Sqlite(folder.path().join("mlflow.db"))));
    // Artifact folders of a database are not experiments.
    std::fs::remove_file(folder.path().join("mlruns/0/meta.yaml")).unwrap();
    let found = resolve(None, &env(folder.path())).unwrap();
    assert_eq!(found.address, Address::Sqlite(folder.path().join("mlflow.db")));
    let empty = tempfile::tempdir().unwrap();
    assert!(
        matches!(resolve(None, &env(empty.path())), Err(AddressError::NoDefaultStore(folder)) if folder == empty.path())
    );
    let named = StoreEnvironment { tracking_uri: Some("mlflow.db".to_owned()), ..env(folder.path()) };
    assert_eq!(resolve(None, &named).unwrap().address, Address::Sqlite(folder.path().join("mlflow.db")));
    assert_eq!(resolve(Some("demo:"), &named).unwrap().address, Address::Demo);
}

/// The folders where files of a trace in the store `/s` are looked for.
fn candidates(location: &str, destination: Option<&str>) -> Vec<String> {
    let artifacts = Artifacts::new(vec![PathBuf::from("/s")], destination.map(PathBuf::from));
    let folders = artifacts.candidates(Some(location), "1/traces/t/artifacts");
    folders.iter().map(|folder| folder.display().to_string()).collect()
}

#[test]
fn files_are_found_after_a_move() {
    let found = candidates("/old/mlruns/1/traces/t/artifacts", None);
    assert_eq!(
        found[..3],
        ["/old/mlruns/1/traces/t/artifacts", "/s/old/mlruns/1/traces/t/artifacts", "/s/mlruns/1/traces/t/artifacts"]
    );
    assert_eq!(candidates("file:///old%20x/1/traces/t/artifacts", None)[0], "/old x/1/traces/t/artifacts");
    let served = candidates("mlflow-artifacts:/1/traces/t/artifacts", Some("/d"));
    assert_eq!(served[..2], ["/d/1/traces/t/artifacts", "/s/mlartifacts/1/traces/t/artifacts"]);
    let other = candidates("mlflow-artifacts://host:5000/1/traces/t/artifacts", None);
    assert_eq!(other[0], "/s/mlartifacts/1/traces/t/artifacts");
}

#[test]
fn artifacts_of_a_served_file_store_are_beside_it() {
    let folder = folder();
    let trace = folder.path().join("mlruns/0/traces/t");
    let artifacts = folder.path().join("mlartifacts/0/traces/t/artifacts");
    std::fs::create_dir_all(trace.join("tags")).unwrap();
    std::fs::create_dir_all(&artifacts).unwrap();
    std::fs::write(folder.path().join("mlruns/0/meta.yaml"), "experiment_id: '0'\nname: Default\n").unwrap();
    std::fs::write(trace.join("trace_info.yaml"), "request_id: t\nexperiment_id: '0'\ntimestamp_ms: 1\nstatus: OK\n")
        .unwrap();
    std::fs::write(trace.join("tags/mlflow.artifactLocation"), "mlflow-artifacts:/0/traces/t/artifacts").unwrap();
    let span = r#"{"spans": [{"span_id": "11f5153ffc436b03", "start_time_unix_nano": 1, "name": "x"}]}"#;
    std::fs::write(artifacts.join("traces.json"), span).unwrap();
    let store = super::open(&Address::Files(folder.path().join("mlruns")), &env(folder.path())).unwrap();
    let trace = store.trace(&TraceKey::Id("t".to_owned()), Some(SpanDetail::Tree)).unwrap().unwrap();
    assert_eq!(trace.span_list().len(), 1);
}

#[test]
fn no_location_leads_to_another_host_or_out_of_the_store() {
    for location in ["//host/share/x", "\\\\host\\share", "file://host/share", "s3://bucket/x"] {
        assert!(candidates(location, None).iter().all(|folder| folder.starts_with("/s/")), "{location}");
    }
    assert!(candidates("../../etc", None).iter().skip(1).all(|folder| !folder.contains("..")));
}

#[test]
fn an_unreadable_folder_of_traces_is_reported() {
    let folder = folder();
    std::fs::write(folder.path().join("mlruns/0/meta.yaml"), "experiment_id: '0'\nname: Default\n").unwrap();
    std::fs::write(folder.path().join("mlruns/0/traces"), "not a folder").unwrap();
    let store = super::open(&Address::Files(folder.path().join("mlruns")), &env(folder.path())).unwrap();
    let mut problems = Vec::new();
    let experiments = store.experiments(&mut problems).unwrap();
    aggregates::totals(&*store, &experiments, &mut problems).unwrap();
    assert_eq!(problems.iter().map(|problem| &*problem.kind).collect::<Vec<_>>(), ["unreadable_folder"]);
    assert!(problems[0].is_loss());
}
