//! Tracking URIs: MLflow's forms, its default rule, and what is not read.

use super::document::{holds_documents, may_be_document};
use super::file::is_file_store;
use super::http::{ServerSettings, without_credentials};
use crate::error::{Error, ErrorCode, Result};
use percent_encoding::percent_decode_str;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A SQLite database.
    Sqlite(PathBuf),
    /// A file store (`mlruns`).
    Files(PathBuf),
    /// A document of traces, or a folder of them.
    Documents(PathBuf),
    /// A document of traces on standard input.
    Stdin,
    /// A tracking server: its URI, which may hold credentials.
    Server(String),
    /// The sample compiled into the program.
    Demo,
}

/// What of the environment matters to stores.
#[derive(Clone, Debug, Default)]
pub struct StoreEnvironment {
    /// The current folder.
    pub cwd: PathBuf,
    /// `MLFLOW_TRACKING_URI`.
    pub tracking_uri: Option<String>,
    /// `MLFLOW_ARTIFACTS_DESTINATION`: where a local server keeps artifacts.
    pub artifacts_destination: Option<PathBuf>,
    /// How tracking servers are asked.
    pub server: ServerSettings,
}

/// A store's address, and why it is this one.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The store to open.
    pub address: Address,
    /// Why it was chosen, for `-v`.
    pub why: String,
    /// The store to turn to if this one holds no traces.
    pub other: Option<Address>,
}

/// Finds the store: the flag, then `MLFLOW_TRACKING_URI`, then what MLflow itself would take in the current folder.
///
/// # Errors
/// When none is found, or the one named is of a kind that is not read.
pub fn resolve(flag: Option<&str>, around: &StoreEnvironment) -> Result<Resolved> {
    let named = |text: &str, why: &str| {
        let address = parse(text, &around.cwd).map_err(|error| masked(error, text))?;
        // A folder of two stores names neither of them.
        let default = default_store(&around.cwd.join(text)).ok().filter(|default| default.address == address);
        Ok(Resolved { address, why: why.to_owned(), other: default.and_then(|default| default.other) })
    };
    match (flag, around.tracking_uri.as_deref()) {
        // As a script passes it whose variable is not set.
        (Some(""), _) => Err(Error::new(ErrorCode::Usage, "the tracking URI is empty")
            .hint("a path, `sqlite:///mlflow.db`, `file:mlruns`, `https://host`, `-` or `demo:` is one")),
        (Some(text), _) => named(text, "named by --tracking-uri"),
        (None, Some(text)) if !text.is_empty() => named(text, "named by MLFLOW_TRACKING_URI"),
        _ => default_store(&around.cwd),
    }
}

/// An error without the credentials that a URI holds which is written wrong.
fn masked(mut error: Error, text: &str) -> Error {
    let shown = without_credentials(text);
    for part in std::iter::once(&mut error.message).chain(&mut error.causes).chain(&mut error.hints) {
        *part = part.replace(text, &shown);
    }
    error
}

/// MLflow's rule since 3.7 (`tracking/_tracking_service/utils.py`): `./mlruns` if it holds an experiment, else `./mlflow.db`.
fn default_store(folder: &Path) -> Result<Resolved> {
    let (database, files) = (folder.join("mlflow.db"), folder.join("mlruns"));
    let both = (
        database.is_file().then_some(Address::Sqlite(database.clone())),
        files.is_dir().then_some(Address::Files(files.clone())),
    );
    let (address, why, other) = match both {
        (Some(database), Some(files)) if is_file_store(&folder.join("mlruns")) => {
            (files, "`mlruns` holds experiments, which MLflow prefers to `mlflow.db`", Some(database))
        }
        (Some(database), files) => (database, "`mlflow.db` is MLflow's default store", files),
        (None, Some(files)) => (files, "`mlruns` is there and `mlflow.db` is not", None),
        (None, None) => {
            return Err(Error::new(ErrorCode::StoreMissing, format!("no store in `{}`", folder.display()))
                .because(format!(
                    "looked for `{}` and `{}`, and MLFLOW_TRACKING_URI is not set",
                    database.display(),
                    files.display()
                ))
                .hint("name one: `mltrace -u path/to/mlflow.db traces list`")
                .hint("try the sample: `mltrace -u demo: traces list`"));
        }
    };
    Ok(Resolved { address, why: why.to_owned(), other })
}

/// Reads any form of a tracking URI (`store/db/db_types.py`, `utils/uri.py` of MLflow 3.18).
fn parse(text: &str, cwd: &Path) -> Result<Address> {
    if text == "-" {
        return Ok(Address::Stdin);
    }
    // Variables are often set with a space or a line break at their end.
    let text = if text.contains("://") { text.trim() } else { text };
    let bare = matches!(text, "databricks" | "databricks-uc" | "uc").then(|| (text.to_owned(), ""));
    let Some((scheme, rest)) = bare.or_else(|| split_scheme(text)) else { return local(text, &cwd.join(text)) };
    match scheme.split('+').next().unwrap_or(&scheme) {
        "demo" => Ok(Address::Demo),
        "file" => file_path(text, rest).and_then(|path| local(text, &cwd.join(path))),
        "sqlite" => sqlite_path(text, rest, cwd).map(Address::Sqlite),
        "http" | "https" => Ok(Address::Server(text.to_owned())),
        "postgresql" | "postgres" | "mysql" | "mssql" => {
            Err(unsupported(format!("`{scheme}:` databases are not read"))
                .hint("ask the MLflow server that stands before it: `-u https://host:port`"))
        }
        "databricks" | "databricks-uc" | "uc" => Err(unsupported("Databricks workspaces are not read")
            .hint("export the traces with MLflow and read a local store")),
        _ => Err(unsupported(format!("`{scheme}:` is not a kind of store that is read"))
            .hint("a path, `sqlite:///mlflow.db`, `file:mlruns`, `https://host`, `-` or `demo:` is")),
    }
}

fn unsupported(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::StoreUnsupported, message)
}

/// Schemes that are taken for one without the two slashes too.
const KNOWN_SCHEMES: [&str; 8] = ["demo", "file", "sqlite", "databricks", "postgresql", "postgres", "mysql", "mssql"];

/// `scheme` and what follows its colon; none for paths, and for Windows drives (one letter).
fn split_scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && scheme.as_bytes()[0].is_ascii_alphabetic();
    let base = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
    let is_known = rest.starts_with("//") || KNOWN_SCHEMES.contains(&base.as_str());
    (is_scheme && is_known).then(|| (scheme.to_ascii_lowercase(), rest))
}

/// `file:path`, `file:///abs`, `file://localhost/abs`; the path is URL-encoded.
fn file_path(text: &str, rest: &str) -> Result<PathBuf> {
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(after) if after.starts_with('/') => after,
        Some(after) => after.strip_prefix("localhost").filter(|path| path.starts_with('/')).ok_or_else(|| {
            unsupported(format!("`{text}` names a file on another host")).hint("use a local path: `file:///abs/mlruns`")
        })?,
    };
    let decoded = percent_decode_str(path).decode_utf8_lossy().into_owned();
    // `file:///C:/x`
    let is_drive = decoded.as_bytes().get(2) == Some(&b':') && decoded.starts_with('/') && cfg!(windows);
    Ok(PathBuf::from(if is_drive { decoded[1..].to_owned() } else { decoded }))
}

/// SQLAlchemy's forms: `sqlite:///rel.db`, `sqlite:////abs.db`, with driver options after `?`.
fn sqlite_path(text: &str, rest: &str, cwd: &Path) -> Result<PathBuf> {
    let path = rest.split('?').next().unwrap_or(rest);
    let path = path.strip_prefix("///").unwrap_or_else(|| path.trim_start_matches("//"));
    let path = path.strip_prefix("file:").unwrap_or(path);
    if path.is_empty() || path == ":memory:" {
        return Err(unsupported(format!("`{text}` is a database in another program's memory"))
            .hint("name a file: `sqlite:///mlflow.db`"));
    }
    let literal = cwd.join(path);
    if literal.exists() {
        return Ok(literal);
    }
    // SQLAlchemy decodes percent escapes only since 2.1, so both names occur.
    let decoded = cwd.join(percent_decode_str(path).decode_utf8_lossy().as_ref());
    // Driver options may hold secrets.
    let named = text.split('?').next().unwrap_or(text);
    if decoded.exists() { Ok(decoded) } else { Err(missing(named, &literal)) }
}

fn missing(text: &str, path: &Path) -> Error {
    let error = Error::new(ErrorCode::StoreMissing, format!("no store at `{text}`"));
    let error = if text == path.to_string_lossy() {
        error
    } else {
        error.because(format!("`{}` does not exist", path.display()))
    };
    error.hint("`mltrace -u demo: traces list` shows a sample")
}

/// What is read of this machine, for errors.
const ACCEPTED: &str =
    "name an `mlflow.db`, an `mlruns` folder, `trace.json` of MLflow, or OTLP in JSON, JSON lines or protobuf";

/// A path: a database, a file store, a folder that holds one of them under MLflow's default name, or documents of traces.
fn local(text: &str, path: &Path) -> Result<Address> {
    if path.is_dir() {
        let holds_default =
            !is_file_store(path) && (path.join("mlflow.db").is_file() || is_file_store(&path.join("mlruns")));
        if holds_default {
            return default_store(path).map(|found| found.address);
        }
        if is_file_store(path) || is_file_store(&path.join(".trash")) {
            return Ok(Address::Files(path.to_owned()));
        }
        let Err(stores) = holds_documents(path) else { return Ok(Address::Documents(path.to_owned())) };
        let error = Error::new(ErrorCode::StoreMissing, format!("`{text}` holds no MLflow store")).because(
            "it has no `mlflow.db`, no folder of experiments, each with a `meta.yaml`, and no files of traces",
        );
        if stores.is_empty() {
            return Err(error.hint(ACCEPTED));
        }
        return Err(stores
            .iter()
            .fold(error, |error, opening| error.hint(format!("{opening} opens a store below it"))));
    }
    if !path.exists() {
        return Err(missing(text, path));
    }
    if !path.is_file() {
        // A pipe can be read once only: what it holds is told by whoever reads it.
        return Ok(Address::Documents(path.to_owned()));
    }
    let mut magic = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut magic));
    match read {
        Err(error) => Err(Error::new(ErrorCode::StoreUnreadable, format!("cannot read `{text}`")).because(error)),
        Ok(0) => Err(Error::new(ErrorCode::StoreUnreadable, format!("`{text}` is empty"))
            .hint("name a file that MLflow has written to")),
        Ok(_) if &magic == b"SQLite format 3\0" => Ok(Address::Sqlite(path.to_owned())),
        Ok(_) if may_be_document(path) => Ok(Address::Documents(path.to_owned())),
        Ok(_) => Err(unsupported(format!("`{text}` is neither a SQLite database nor a file of traces")).hint(ACCEPTED)),
    }
}
