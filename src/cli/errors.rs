//! Turns the errors of stores into those that are reported: adds the error code, the causes as text, and hints.

mod postgres;
mod server;

use crate::cli::suggestions::suggest;
use crate::error::{Error, ErrorCode};
use crate::limits;
use crate::shell;
use crate::store::{AddressError, CopyError, DatabaseError, DocumentError, StoreError};

/// The supported forms of a tracking URI.
const ACCEPTED_URIS: &str = "expected a path, `sqlite:///mlflow.db`, `postgresql://user@host/database`, `file:mlruns`, `https://host`, `-` or `demo:`";

/// The supported local stores.
const ACCEPTED_STORES: &str =
    "expected an `mlflow.db`, an `mlruns` folder, MLflow's `trace.json`, or OTLP as JSON, JSON Lines or protobuf";

/// The supported formats of trace documents.
const ACCEPTED_FORMATS: &str = "supported formats: OTLP (JSON, JSON lines, protobuf), MLflow's trace.json, \
                                and output of `mltrace trace show --json`";

/// Maximum number of stores in subfolders that are named.
const MAX_STORES: usize = 3;

/// For mltrace output without a complete trace.
const SHOW_JSON: &str = "use `mltrace trace show TRACE --json > t.json` to write a trace that can be read";

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let base = reported(code(&error), &error);
        match error {
            StoreError::Address(error) => address_error(&error),
            StoreError::Database(error) => database_error(*error, base),
            StoreError::Unreadable { .. } | StoreError::UnreadableStdin(_) | StoreError::WorkerEnded => base,
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
            StoreError::PostgresSettings(error) => postgres::settings_error(error, base),
            StoreError::Postgres(error) => postgres::error(*error, base),
            StoreError::ServerSettings(error) => server::settings_error(error, base),
            StoreError::Server(error) => server::server_error(*error, base),
        }
    }
}

fn code(error: &StoreError) -> ErrorCode {
    match error {
        StoreError::NoAttachment { .. } | StoreError::AttachmentInDocument(_) => ErrorCode::NotFound,
        StoreError::WorkerEnded => ErrorCode::Bug,
        StoreError::PostgresSettings(error) => postgres::settings_code(error),
        StoreError::Postgres(error) => postgres::code(error),
        StoreError::ServerSettings(error) => server::settings_code(error),
        StoreError::Server(error) => server::code(error),
        _ => ErrorCode::StoreUnreadable,
    }
}

impl From<AddressError> for Error {
    fn from(error: AddressError) -> Self {
        address_error(&error)
    }
}

/// Returns an error with its text and its direct cause, without hints. SQLite's cause repeats its text, so it is left out.
fn reported(code: ErrorCode, error: &dyn std::error::Error) -> Error {
    error.source().into_iter().fold(Error::new(code, error.to_string()), Error::because)
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
            let error = why.into_iter().fold(missing(), Error::because);
            suggest(error, uri, std::iter::once("demo:")).hint("`mltrace -u demo: traces list` shows a sample")
        }
        AddressError::NoStoreInFolder { stores, .. } => {
            let error = missing()
                .because("it contains no `mlflow.db`, no experiment folders with a `meta.yaml`, and no trace files");
            if stores.is_empty() {
                return error.hint(ACCEPTED_STORES);
            }
            let error = stores.iter().take(MAX_STORES).fold(error, |error, store| {
                let option = shell::option("-u", &store.display().to_string());
                error.hint(format!("`mltrace {option} traces list` opens a store in a subfolder"))
            });
            match stores.len().saturating_sub(MAX_STORES) {
                0 => error,
                more => error.hint(format!("and {more} more")),
            }
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

/// Adds hints, and the causes that are not sources, to the error of a database.
fn database_error(error: DatabaseError, base: Error) -> Error {
    match error {
        DatabaseError::Sqlite { name, source } => sqlite_error(&name, &source, base),
        DatabaseError::Unreadable { .. } => base,
        DatabaseError::IrregularSidecar { sidecar, .. } => {
            base.because(format!("`{}` is not a regular file", sidecar.display()))
        }
        DatabaseError::Copy { path, reason, source } => {
            let base = Error { causes: vec![reason.to_owned()], ..base };
            let path = path.to_string_lossy();
            match source {
                CopyError::TooLarge(_) => base.because(source),
                CopyError::Io(error) => base.because(format!("error: {error}")),
                CopyError::Database(error) => base.because(Error::from(StoreError::from(*error))),
            }
            .hint(format!(
                "let SQLite recover it, with write access: `sqlite3 {} 'pragma wal_checkpoint'`",
                shell::quote(&path)
            ))
        }
        DatabaseError::NotATable { table, kind, .. } => base
            .because(format!("`{table}` is {kind}, not a table as in MLflow's databases"))
            .hint("only tables are read, because a view can run arbitrary SQL"),
        DatabaseError::NoTraceTables(_) => base
            .because("it lacks the table `experiments` or `trace_info`, which MLflow creates since 2.14")
            .hint("specify the database that MLflow writes to: `-u path/to/mlflow.db`"),
    }
}

/// Adds a hint to an error of SQLite.
fn sqlite_error(name: &str, error: &rusqlite::Error, base: Error) -> Error {
    use rusqlite::ErrorCode as SqliteCode;
    match error.sqlite_error_code() {
        Some(SqliteCode::DatabaseBusy | SqliteCode::DatabaseLocked) => {
            base.hint("another program has locked the database; try again in a moment")
        }
        Some(SqliteCode::DatabaseCorrupt) => {
            base.hint(format!("recover what is left with `sqlite3 {} .recover`", shell::quote(name)))
        }
        Some(SqliteCode::OutOfMemory) => base.hint("the memory limit of the process is reached; check `ulimit -a`"),
        Some(SqliteCode::TooBig) => base.hint(format!(
            "the limit is {} MiB per value, and {} MiB in trace records",
            limits::VALUE_BYTES >> 20,
            limits::RECORD_VALUE_BYTES >> 20
        )),
        Some(SqliteCode::OperationInterrupted) => {
            base.hint("one read takes more steps than 100 million rows need; the database is damaged or malicious")
        }
        Some(SqliteCode::NotADatabase) => base.hint("specify an `mlflow.db` or an `mlruns` folder"),
        Some(SqliteCode::PermissionDenied | SqliteCode::CannotOpen) => {
            base.hint("check the permissions of the file and its folder")
        }
        _ => base,
    }
}

#[cfg(test)]
mod tests;
