//! Codes, causes and hints of the errors of PostgreSQL databases.

use crate::error::{Error, ErrorCode};
use crate::store::{PostgresError, PostgresSettingsError};
use postgres::error::SqlState;
use std::error::Error as _;
use std::io;

const ACCEPTED_URI: &str = "expected a URI such as `-u postgresql://user@host:5432/database`; in the user name and password, \
                            encode `/` as %2F, `?` as %3F and `@` as %40";

pub(super) const fn settings_code(error: &PostgresSettingsError) -> ErrorCode {
    match error {
        PostgresSettingsError::InvalidUri => ErrorCode::StoreUnsupported,
        PostgresSettingsError::InvalidValue { .. } => ErrorCode::Usage,
        PostgresSettingsError::Certificates { .. } => ErrorCode::Credentials,
    }
}

/// Adds hints, and the causes that are not sources.
pub(super) fn settings_error(error: PostgresSettingsError, base: Error) -> Error {
    match error {
        PostgresSettingsError::InvalidUri => base.hint(ACCEPTED_URI),
        PostgresSettingsError::InvalidValue { expected, .. } => base.hint(format!("expected {expected}")),
        PostgresSettingsError::Certificates { keyword, reason, .. } => {
            base.because(reason).hint(format!("set `{keyword}` to a file in PEM format"))
        }
    }
}

/// What an error is about.
enum Trouble {
    /// User, password, certificate or the server's rules of access.
    Login,
    /// The database, or the rights in it.
    Database(&'static str),
    /// TLS, with what to do.
    Tls(&'static str),
    /// The connection, with what to do.
    Connection(&'static str),
    /// Something else.
    Other,
}

/// Returns what an error is about. Codes are those of PostgreSQL 17, appendix A.
fn trouble(error: &postgres::Error) -> Trouble {
    if let Some(code) = error.code() {
        return match *code {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => Trouble::Login,
            SqlState::INVALID_CATALOG_NAME => Trouble::Database("check the name of the database in the tracking URI"),
            SqlState::INSUFFICIENT_PRIVILEGE => {
                Trouble::Database("let an administrator run `grant select on all tables in schema SCHEMA to ROLE`")
            }
            SqlState::LOCK_NOT_AVAILABLE => Trouble::Database(
                "another program has locked a table, as `mlflow db upgrade` does; try again when it has ended",
            ),
            SqlState::QUERY_CANCELED => Trouble::Database(
                "select fewer traces, or allow more time with `?options=-cstatement_timeout%3D10min` in the tracking URI",
            ),
            SqlState::TOO_MANY_CONNECTIONS | SqlState::CANNOT_CONNECT_NOW => {
                Trouble::Connection("try again in a moment")
            }
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => {
                Trouble::Connection("the server ended the connection; run the command again")
            }
            _ => Trouble::Other,
        };
    }
    // The driver has no codes for these.
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    if cause == "password missing" {
        return Trouble::Login;
    }
    if cause == "server does not support TLS" {
        return Trouble::Tls("allow a connection without TLS: `sslmode=prefer`");
    }
    if error.to_string().contains("TLS") {
        return Trouble::Tls("name the certificate of its authority with `sslrootcert=FILE`, or check `sslmode`");
    }
    match io_error(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
            Trouble::Connection("check host and port, and that the server is running")
        }
        Some(io::ErrorKind::TimedOut) => Trouble::Connection("check the host; `connect_timeout=SECONDS` waits longer"),
        Some(_) => Trouble::Connection("check the host and the network"),
        None if error.is_closed() => Trouble::Connection("the server ended the connection; run the command again"),
        None => Trouble::Other,
    }
}

fn io_error(error: &postgres::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}

pub(super) fn code(error: &PostgresError) -> ErrorCode {
    match error {
        PostgresError::NoTraceTables(_) => ErrorCode::StoreUnreadable,
        PostgresError::Failed { source, .. } => match trouble(source) {
            Trouble::Login | Trouble::Tls(_) => ErrorCode::Credentials,
            Trouble::Connection(_) => ErrorCode::Network,
            Trouble::Database(_) | Trouble::Other => ErrorCode::StoreUnreadable,
        },
    }
}

/// Adds causes and hints.
pub(super) fn error(error: PostgresError, base: Error) -> Error {
    let source = match error {
        PostgresError::NoTraceTables(_) => {
            return base
                .because("this role finds no table `experiments` or `trace_info`, which MLflow creates since 2.14")
                .hint("name the schema that MLflow uses: `?options=-csearch_path%3DSCHEMA` in the tracking URI");
        }
        PostgresError::Failed { source, .. } => source,
    };
    let base = match source.as_db_error() {
        // The driver's own text for it is only `db error`.
        Some(error) => {
            let message = format!("{}: {}", error.severity(), error.message());
            error.detail().into_iter().fold(Error { causes: vec![message], ..base }, Error::because)
        }
        None => source.source().into_iter().fold(base, Error::because),
    };
    match trouble(&source) {
        Trouble::Login => base.hint("set PGUSER and PGPASSWORD, or add a line to `~/.pgpass`"),
        Trouble::Database(hint) | Trouble::Tls(hint) | Trouble::Connection(hint) => base.hint(hint),
        Trouble::Other => base,
    }
}
