//! Tracking URIs: MLflow's forms and its default. Rejects stores that mltrace does not support.

use super::document::{holds_documents, may_be_document};
use super::error::AddressError;
use super::file::is_file_store;
use super::http::{self, ServerSettings};
use super::postgres::{self, PostgresSettings};
use percent_encoding::percent_decode_str;
use std::io::Read;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, AddressError>;

/// The address of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A SQLite database.
    Sqlite(PathBuf),
    /// A file store (`mlruns`).
    Files(PathBuf),
    /// A trace document, or a folder of them.
    Documents(PathBuf),
    /// A trace document on standard input.
    Stdin,
    /// The URI of a PostgreSQL database, which may contain credentials.
    Postgres(String),
    /// A tracking server's URI, which may contain credentials.
    Server(String),
    /// The built-in sample.
    Demo,
}

impl Address {
    /// Returns the name of the store in messages: its path, or its URI without credentials.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Sqlite(path) | Self::Files(path) | Self::Documents(path) => path.display().to_string(),
            Self::Postgres(uri) | Self::Server(uri) => without_credentials(uri),
            Self::Stdin => "-".to_owned(),
            Self::Demo => "demo:".to_owned(),
        }
    }
}

/// Removes what is secret from a tracking URI, for messages and commands to run.
#[must_use]
pub fn without_credentials(uri: &str) -> String {
    let is_postgres = split_scheme(uri).is_some_and(|(scheme, _)| scheme.starts_with("postgres"));
    if is_postgres { postgres::without_password(uri) } else { http::without_credentials(uri) }
}

/// Environment settings that stores use.
#[derive(Clone, Debug, Default)]
pub struct StoreEnvironment {
    /// The current folder.
    pub cwd: PathBuf,
    /// `MLFLOW_TRACKING_URI`.
    pub tracking_uri: Option<String>,
    /// `MLFLOW_ARTIFACTS_DESTINATION`: the artifact folder of a local server.
    pub artifacts_destination: Option<PathBuf>,
    /// Settings for connections to PostgreSQL.
    pub postgres: PostgresSettings,
    /// Settings for requests to tracking servers.
    pub server: ServerSettings,
    /// What to read instead of standard input.
    pub stdin: Option<Vec<u8>>,
}

impl StoreEnvironment {
    /// Standard input, or what is read instead.
    #[must_use]
    pub fn stdin(&self) -> Box<dyn Read + '_> {
        match &self.stdin {
            Some(given) => Box::new(given.as_slice()),
            None => Box::new(std::io::stdin().lock()),
        }
    }
}

/// A store's address, and why it was chosen.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The store to open.
    pub address: Address,
    /// Why the store was chosen, shown with `-v`.
    pub reason: String,
    /// The store to use if this one has no traces.
    pub fallback: Option<Address>,
}

/// Finds the store: the flag, then `MLFLOW_TRACKING_URI`, then MLflow's own default in the current folder.
///
/// # Errors
/// When no store is found, or the kind of store is not supported.
pub fn resolve(flag: Option<&str>, env: &StoreEnvironment) -> Result<Resolved> {
    let explicit = |text: &str, reason: &str| {
        let address = parse(text, &env.cwd).map_err(|error| error.masked(text, &without_credentials(text)))?;
        // A folder may hold two stores; the other one is the fallback.
        let default = default_store(&env.cwd.join(text)).ok().filter(|default| default.address == address);
        Ok(Resolved { address, reason: reason.to_owned(), fallback: default.and_then(|default| default.fallback) })
    };
    match (flag, env.tracking_uri.as_deref()) {
        // A script passes an empty value if its variable is not set.
        (Some(""), _) => Err(AddressError::Empty),
        (Some(text), _) => explicit(text, "set by --tracking-uri"),
        (None, Some(text)) if !text.is_empty() => explicit(text, "set by MLFLOW_TRACKING_URI"),
        _ => default_store(&env.cwd),
    }
}

/// Returns MLflow's default store since 3.7 (`tracking/_tracking_service/utils.py`): `./mlruns` if it contains an
/// experiment, else `./mlflow.db`.
fn default_store(folder: &Path) -> Result<Resolved> {
    let (database, files) = (folder.join("mlflow.db"), folder.join("mlruns"));
    let existing = (
        database.is_file().then_some(Address::Sqlite(database.clone())),
        files.is_dir().then_some(Address::Files(files.clone())),
    );
    let (address, reason, fallback) = match existing {
        (Some(database), Some(files)) if is_file_store(&folder.join("mlruns")) => {
            (files, "`mlruns` contains experiments, so MLflow prefers it to `mlflow.db`", Some(database))
        }
        (Some(database), files) => (database, "`mlflow.db` is MLflow's default store", files),
        (None, Some(files)) => (files, "`mlruns` exists and `mlflow.db` does not", None),
        (None, None) => return Err(AddressError::NoDefaultStore(folder.to_owned())),
    };
    Ok(Resolved { address, reason: reason.to_owned(), fallback })
}

/// Parses any form of a tracking URI (`store/db/db_types.py`, `utils/uri.py` of MLflow 3.18).
fn parse(text: &str, cwd: &Path) -> Result<Address> {
    if text == "-" {
        return Ok(Address::Stdin);
    }
    // Environment variables often have trailing white space.
    let text = if text.contains("://") { text.trim() } else { text };
    let bare = matches!(text, "databricks" | "databricks-uc" | "uc").then(|| (text.to_owned(), ""));
    let Some((scheme, rest)) = bare.or_else(|| split_scheme(text)) else { return local(text, &cwd.join(text)) };
    match scheme.split('+').next().unwrap_or(&scheme) {
        "demo" => Ok(Address::Demo),
        "file" => file_path(text, rest).and_then(|path| local(text, &cwd.join(path))),
        "sqlite" => sqlite_path(text, rest, cwd).map(Address::Sqlite),
        "http" | "https" => Ok(Address::Server(text.to_owned())),
        "postgresql" | "postgres" => Ok(Address::Postgres(text.to_owned())),
        "mysql" | "mssql" => Err(AddressError::UnsupportedDatabase(scheme)),
        "databricks" | "databricks-uc" | "uc" => Err(AddressError::Databricks),
        _ => Err(AddressError::UnknownScheme(scheme)),
    }
}

/// Schemes that are recognized even without `//`.
const KNOWN_SCHEMES: [&str; 8] = ["demo", "file", "sqlite", "databricks", "postgresql", "postgres", "mysql", "mssql"];

/// Splits `scheme:rest`. `None` for paths, and for Windows drives (one letter).
fn split_scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && scheme.as_bytes()[0].is_ascii_alphabetic();
    let base = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
    let is_known = rest.starts_with("//") || KNOWN_SCHEMES.contains(&base.as_str());
    (is_scheme && is_known).then(|| (scheme.to_ascii_lowercase(), rest))
}

/// Returns the path of `file:path`, `file:///abs` or `file://localhost/abs`, which is percent-encoded.
fn file_path(text: &str, rest: &str) -> Result<PathBuf> {
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(after) if after.starts_with('/') => after,
        Some(after) => after
            .strip_prefix("localhost")
            .filter(|path| path.starts_with('/'))
            .ok_or_else(|| AddressError::OtherHost(text.to_owned()))?,
    };
    let decoded = percent_decode_str(path).decode_utf8_lossy().into_owned();
    // `file:///C:/x`
    let is_drive = decoded.as_bytes().get(2) == Some(&b':') && decoded.starts_with('/') && cfg!(windows);
    Ok(PathBuf::from(if is_drive { decoded[1..].to_owned() } else { decoded }))
}

/// Returns the path of SQLAlchemy's forms `sqlite:///rel.db` and `sqlite:////abs.db`, with driver options after `?`.
fn sqlite_path(text: &str, rest: &str, cwd: &Path) -> Result<PathBuf> {
    let path = rest.split('?').next().unwrap_or(rest);
    let path = path.strip_prefix("///").unwrap_or_else(|| path.trim_start_matches("//"));
    let path = path.strip_prefix("file:").unwrap_or(path);
    if path.is_empty() || path == ":memory:" {
        return Err(AddressError::InMemory(text.to_owned()));
    }
    let literal = cwd.join(path);
    if literal.exists() {
        return Ok(literal);
    }
    // SQLAlchemy decodes percent escapes only since 2.1, so both file names are possible.
    let decoded = cwd.join(percent_decode_str(path).decode_utf8_lossy().as_ref());
    // Driver options may contain secrets.
    let shown = text.split('?').next().unwrap_or(text);
    if decoded.exists() { Ok(decoded) } else { Err(missing(shown, &literal)) }
}

fn missing(text: &str, path: &Path) -> AddressError {
    AddressError::Missing { uri: text.to_owned(), path: path.to_owned() }
}

/// Resolves a path: a database, a file store, a folder that contains either under MLflow's default name, or trace
/// documents.
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
        return match holds_documents(path) {
            Ok(()) => Ok(Address::Documents(path.to_owned())),
            Err(stores) => Err(AddressError::NoStoreInFolder { uri: text.to_owned(), stores }),
        };
    }
    if !path.exists() {
        return Err(missing(text, path));
    }
    if !path.is_file() {
        // A pipe can be read only once, so its content is checked when it is read.
        return Ok(Address::Documents(path.to_owned()));
    }
    let mut magic = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut magic));
    let uri = text.to_owned();
    match read {
        Err(source) => Err(AddressError::Unreadable { uri, source }),
        Ok(0) => Err(AddressError::EmptyFile(uri)),
        Ok(_) if &magic == b"SQLite format 3\0" => Ok(Address::Sqlite(path.to_owned())),
        Ok(_) if may_be_document(path) => Ok(Address::Documents(path.to_owned())),
        Ok(_) => Err(AddressError::UnknownFile(uri)),
    }
}
