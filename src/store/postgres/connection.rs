//! A connection to a database, on which every statement only reads.

use super::settings::Connection;
use crate::limits;
use crate::store::error::{PostgresError, Result};
use crate::store::sql::{Sql, SqlValue};
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::Type;
use postgres::{Client, IsolationLevel, Row, Transaction};
use std::sync::{Mutex, PoisonError};
use tokio_postgres_rustls::MakeRustlsConnect;

/// An open database.
pub(super) struct Database {
    name: String,
    client: Mutex<Client>,
}

/// Reads that see one state of the database.
pub(super) struct Reads<'a>(Transaction<'a>);

impl Database {
    /// Connects. From then on the database refuses to write, to wait long for a lock, and to run a statement for long,
    /// unless the tracking URI says otherwise in `options`.
    pub(super) fn connect(name: String, settings: &Connection) -> Result<Self> {
        let failed = |source| PostgresError::Failed { name: name.clone(), source };
        let tls = MakeRustlsConnect::new((*settings.tls).clone());
        let mut client = settings.config.connect(tls).map_err(failed)?;
        client.batch_execute(&session_settings()).map_err(failed)?;
        Ok(Self { client: Mutex::new(client), name })
    }

    /// Runs reads in one short transaction.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&mut Reads<'_>) -> std::result::Result<T, postgres::Error>,
    ) -> Result<T> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let run = || {
            let start = client.build_transaction().read_only(true).isolation_level(IsolationLevel::RepeatableRead);
            let mut reads = Reads(start.start()?);
            let result = work(&mut reads)?;
            reads.0.commit()?;
            Ok(result)
        };
        Ok(run().map_err(|source| PostgresError::Failed { name: self.name.clone(), source })?)
    }
}

impl Reads<'_> {
    /// Runs a statement and calls a function with each row.
    pub(super) fn each(&mut self, sql: &Sql, mut take: impl FnMut(&Row)) -> std::result::Result<(), postgres::Error> {
        let parameters = sql.values.iter().map(|value| (value, type_of(value)));
        let mut rows = self.0.query_typed_raw(&with_numbers(&sql.text), parameters)?;
        while let Some(row) = rows.next()? {
            take(&row);
        }
        Ok(())
    }

    /// Runs a statement and returns what a function makes of each row.
    pub(super) fn all<T>(
        &mut self,
        sql: &Sql,
        mut read: impl FnMut(&Row) -> T,
    ) -> std::result::Result<Vec<T>, postgres::Error> {
        let mut all = Vec::new();
        self.each(sql, |row| all.push(read(row)))?;
        Ok(all)
    }
}

/// Returns statements for the start of a session.
fn session_settings() -> String {
    let settings = [
        ("default_transaction_read_only", "on".to_owned()),
        // Backslashes in texts stand for themselves.
        ("standard_conforming_strings", "on".to_owned()),
        ("lock_timeout", limits::DATABASE_LOCK_TIME.as_millis().to_string()),
        ("statement_timeout", limits::DATABASE_STATEMENT_TIME.as_millis().to_string()),
        // The server notices that this program has ended while a statement runs (PostgreSQL 14+).
        ("client_connection_check_interval", "1000".to_owned()),
    ];
    // What the server lacks, or what `options` of the tracking URI or of the role set, stays.
    let set = |(name, value): &(&str, String)| {
        format!(
            "select set_config(name, '{value}', false) from pg_settings \
             where name = '{name}' and (source = 'default' or name like 'default%' or name like 'standard%')"
        )
    };
    settings.iter().map(set).collect::<Vec<_>>().join("; ")
}

/// Returns the type that a parameter is sent as. The database converts between kinds of numbers and of texts.
const fn type_of(value: &SqlValue) -> Type {
    match value {
        SqlValue::Integer(_) => Type::INT8,
        SqlValue::Real(_) => Type::FLOAT8,
        SqlValue::Text(_) => Type::TEXT,
        SqlValue::TextList(_) => Type::TEXT_ARRAY,
    }
}

/// Replaces each `?` outside of quotes by `$1`, `$2` and so on.
fn with_numbers(sql: &str) -> String {
    let (mut numbered, mut is_quoted, mut count) = (String::with_capacity(sql.len() + 16), false, 0);
    for c in sql.chars() {
        is_quoted ^= c == '\'';
        if c == '?' && !is_quoted {
            count += 1;
            numbered.push('$');
            numbered.push_str(&count.to_string());
        } else {
            numbered.push(c);
        }
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_outside_of_quotes() {
        assert_eq!(with_numbers("a = ? and b = '?''?' and c = ?"), "a = $1 and b = '?''?' and c = $2");
    }
}
