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
    insta::assert_snapshot!(refused("mysql://ada:hunter2@db.example/mlflow"), @"
    error: `mysql:` databases are not supported
      hint: use the MLflow server of this database: `-u https://host:port`
    ");
    insta::assert_snapshot!(refused("s3://bucket/mlruns").to_json(), @r#"{"error":{"code":"store_unsupported","exit":5,"hint":"expected a path, `sqlite:///mlflow.db`, `postgresql://user@host/database`, `file:mlruns`, `https://host`, `-` or `demo:`","message":"unsupported tracking URI scheme `s3:`"}}"#);
    for uri in [
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
fn databases_that_cannot_be_reached_are_named() {
    insta::assert_snapshot!(refused("postgresql+psycopg2://ada:hunter2@127.0.0.1:1/mlflow"), @"
    error: cannot read `postgresql+psycopg2://ada@127.0.0.1:1/mlflow`
      caused by: error connecting to server
      caused by: Connection refused (os error 111)
      hint: check host and port, and that the server is running
    ");
    insta::assert_snapshot!(refused("postgresql://ada@127.0.0.1:1/mlflow?sslmode=on"), @"
    error: invalid value `on` for `sslmode`
      hint: expected disable, allow, prefer, require, verify-ca or verify-full
    ");
    insta::assert_snapshot!(refused("postgresql://ada@127.0.0.1:1/mlflow?sslmode=verify-full&sslrootcert=/nowhere/ca.pem"), @"
    error: cannot use `/nowhere/ca.pem`
      caused by: No such file or directory (os error 2)
      hint: set `sslrootcert` to a file in PEM format
    ");
}

#[test]
fn credentials_in_invalid_uris_are_not_printed() {
    for uri in [
        "foo://ada:hunter2@host/x",
        "postgresql:ada:hunter2@host",
        "postgresql://ada:hunter2/x@host/x",
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
