use crate::error::{Error, ErrorCode};
use crate::store::{self, StoreEnvironment};

/// The error for a tracking URI that leads to no store.
fn refused(uri: &str) -> Error {
    let env = StoreEnvironment { cwd: "/nowhere".into(), ..StoreEnvironment::default() };
    match store::resolve(Some(uri), &env) {
        Err(error) => error.into(),
        Ok(found) => store::open(&found.address, &env).err().unwrap_or_else(|| panic!("{uri} is a store")).into(),
    }
}

#[test]
fn unsupported_stores_are_rejected_by_name() {
    insta::assert_snapshot!(refused("postgresql://ada:hunter2@db.example/mlflow"), @"
    error: `postgresql:` databases are not supported
      hint: use the MLflow server of this database: `-u https://host:port`
    ");
    insta::assert_snapshot!(refused("s3://bucket/mlruns").to_json(), @r#"{"error":{"code":"store_unsupported","exit":5,"hint":"expected a path, `sqlite:///mlflow.db`, `file:mlruns`, `https://host`, `-` or `demo:`","message":"unsupported tracking URI scheme `s3:`"}}"#);
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
        let error = refused(uri);
        assert_eq!((error.code, error.code.exit_code()), (ErrorCode::StoreUnsupported, 5), "{uri}\n{error}");
        assert!(!error.hints.is_empty(), "{uri}\n{error}");
        let text = format!("{error}{}", error.to_json());
        assert!(!text.contains("hunter2") && !text.contains("ada"), "{uri}\n{text}");
    }
}

#[test]
fn credentials_in_invalid_uris_are_not_printed() {
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
        let error = refused(uri);
        assert_eq!(error.code.exit_code(), 5, "{uri}\n{error}");
        let text = format!("{error}{}", error.to_json());
        assert!(!text.contains("hunter2") && !text.contains("hun#ter2"), "{uri}\n{text}");
    }
}

#[test]
fn empty_tracking_uris_are_rejected() {
    let error = refused("");
    assert_eq!(error.code, ErrorCode::Usage);
    assert!(error.to_string().starts_with("error: the tracking URI is empty"), "{error}");
}
