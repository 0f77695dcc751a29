//! Turns the errors of stores into those that are reported: adds the error code, the causes as text, and hints.

use crate::error::{Error, ErrorCode};
use crate::shell;
use crate::store::{AddressError, DocumentError, StoreError};

/// The supported forms of a tracking URI.
const ACCEPTED_URIS: &str = "expected a path, `sqlite:///mlflow.db`, `file:mlruns`, `https://host`, `-` or `demo:`";

/// The supported local stores.
const ACCEPTED_STORES: &str =
    "expected an `mlflow.db`, an `mlruns` folder, MLflow's `trace.json`, or OTLP as JSON, JSON Lines or protobuf";

/// The supported formats of trace documents.
const ACCEPTED_FORMATS: &str = "supported formats: OTLP (JSON, JSON lines, protobuf), MLflow's trace.json, \
                                and output of `mltrace trace show --json`";

/// For mltrace output without a complete trace.
const SHOW_JSON: &str = "use `mltrace trace show TRACE --json > t.json` to write a trace that can be read";

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let base = reported(code(&error), &error);
        match error {
            StoreError::Address(error) => address_error(&error),
            StoreError::Unreadable { .. } | StoreError::UnreadableStdin(_) => base,
            StoreError::NoTraces { source: DocumentError::Summary(_), .. } => base.hint(SHOW_JSON),
            StoreError::NoTraces { .. } => base.hint(ACCEPTED_FORMATS),
            StoreError::UnreadableTrace { problem, .. } => {
                let hint = problem.path.map(|path| format!("check `{path}`"));
                hint.into_iter().fold(base.because(problem.message), Self::hint)
            }
            StoreError::NoAttachment { problem, .. } => base.because(match problem.path {
                Some(path) => format!("{}: `{path}`", problem.message),
                None => problem.message,
            }),
            StoreError::AttachmentInDocument(_) => base
                .because("trace documents do not contain attachments")
                .hint("open the store or server that the trace comes from"),
            StoreError::Worded(error) => *error,
        }
    }
}

const fn code(error: &StoreError) -> ErrorCode {
    match error {
        StoreError::NoAttachment { .. } | StoreError::AttachmentInDocument(_) => ErrorCode::NotFound,
        StoreError::Worded(error) => error.code,
        _ => ErrorCode::StoreUnreadable,
    }
}

impl From<AddressError> for Error {
    fn from(error: AddressError) -> Self {
        address_error(&error)
    }
}

/// Returns an error with its text and its sources, without hints.
fn reported(code: ErrorCode, error: &dyn std::error::Error) -> Error {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(Error::new(code, error.to_string()), Error::because)
}

/// Returns the error for a tracking URI without a store.
fn address_error(error: &AddressError) -> Error {
    let unsupported = |hint: &str| reported(ErrorCode::StoreUnsupported, error).hint(hint);
    let missing = || reported(ErrorCode::StoreMissing, error);
    match error {
        AddressError::Empty => reported(ErrorCode::Usage, error).hint(ACCEPTED_URIS),
        AddressError::NoDefaultStore(folder) => missing()
            .because(format!(
                "looked for `{}` and `{}`, and MLFLOW_TRACKING_URI is not set",
                folder.join("mlflow.db").display(),
                folder.join("mlruns").display()
            ))
            .hint("specify a store: `mltrace -u path/to/mlflow.db traces list`")
            .hint("try the sample: `mltrace -u demo: traces list`"),
        AddressError::Missing { uri, path } => {
            let is_path = *uri == path.to_string_lossy();
            let why = (!is_path).then(|| format!("`{}` does not exist", path.display()));
            why.into_iter().fold(missing(), Error::because).hint("`mltrace -u demo: traces list` shows a sample")
        }
        AddressError::NoStoreInFolder { stores, .. } => {
            let error = missing()
                .because("it contains no `mlflow.db`, no experiment folders with a `meta.yaml`, and no trace files");
            if stores.is_empty() {
                return error.hint(ACCEPTED_STORES);
            }
            stores.iter().fold(error, |error, store| {
                let option = shell::option("-u", &store.display().to_string());
                error.hint(format!("`mltrace {option} traces list` opens a store in a subfolder"))
            })
        }
        AddressError::Unreadable { .. } => reported(ErrorCode::StoreUnreadable, error),
        AddressError::EmptyFile(_) => {
            reported(ErrorCode::StoreUnreadable, error).hint("specify a file that MLflow has written to")
        }
        AddressError::UnknownFile(_) => unsupported(ACCEPTED_STORES),
        AddressError::UnsupportedDatabase(_) => {
            unsupported("use the MLflow server of this database: `-u https://host:port`")
        }
        AddressError::Databricks => unsupported("export the traces with MLflow, then read the local store"),
        AddressError::UnknownScheme(_) => unsupported(ACCEPTED_URIS),
        AddressError::OtherHost(_) => unsupported("use a local path: `file:///abs/mlruns`"),
        AddressError::InMemory(_) => unsupported("use a database file: `sqlite:///mlflow.db`"),
    }
}
