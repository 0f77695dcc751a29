//! Trace stores. A store may return more traces than the query selects, never fewer; [`select`] drops the rest. A new
//! store needs one folder that implements [`TraceStore`], an [`Address`], and one line in [`open`].

pub mod aggregates;
mod artifact;
mod document;
mod error;
mod file;
mod filtering;
mod http;
mod order;
mod parallel;
mod postgres;
mod projection;
mod query;
mod rows;
mod secret;
mod select;
mod sessions;
mod spans;
mod sql;
mod sqlite;
mod summary;
mod thread_limit;
mod trace_store;
mod trust;
mod uri;

pub use crate::formats::{DocumentError, SpanDetail};
pub use error::{
    AddressError, CopyError, DatabaseError, PostgresError, PostgresSettingsError, ServerError, ServerErrorKind,
    ServerSettingsError, StoreError, TlsTrouble,
};
pub use http::ServerSettings;
pub use order::{Order, SortKey, SortValue};
pub use postgres::{POSTGRES_VARIABLES, PostgresSettings};
pub use projection::{Projection, RecordPart, SpanSubset};
pub use query::{Query, ReadPlan};
pub use secret::Secret;
pub use select::{load_spans, select};
pub use sessions::resolve_sessions;
pub use summary::{PERCENTILES, Summaries, Summary, SummaryGrouping};
pub use trace_store::{Aggregates, AssessedTraces, Notice, Sink, TraceKey, TraceStore};
pub use uri::{Address, StoreEnvironment, resolve, without_credentials};

use error::Result;

/// Opens the store at an address.
///
/// # Errors
/// When the store does not exist or cannot be read.
pub fn open(address: &Address, env: &StoreEnvironment) -> Result<Box<dyn TraceStore>> {
    Ok(match address {
        Address::Sqlite(path) => Box::new(sqlite::SqliteStore::open(path, env)?),
        Address::Files(path) => Box::new(file::FileStore::open(path, env)?),
        Address::Postgres(uri) => Box::new(postgres::PostgresStore::open(uri, env)?),
        Address::Server(uri) => Box::new(http::HttpStore::open(uri, &env.server)?),
        Address::Documents(path) => Box::new(document::DocumentStore::open(path)?),
        Address::Stdin => Box::new(document::DocumentStore::stdin(env.stdin())?),
        Address::Demo => Box::new(sqlite::SqliteStore::demo()?),
    })
}

#[cfg(test)]
mod tests;
