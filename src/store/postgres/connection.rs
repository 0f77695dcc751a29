//! A connection to a database, on which every statement only reads.

use super::settings::Connection;
use crate::limits;
use crate::store::error::{PostgresError, Result};
use crate::store::sql::{Sql, SqlValue};
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::Type;
use postgres::{Client, IsolationLevel, Row, Transaction};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tokio_postgres_rustls::MakeRustlsConnect;

/// An open database, with at least one connection.
pub(super) struct Database {
    name: String,
    settings: Connection,
    /// The connections that no thread uses.
    idle: Mutex<Vec<Client>>,
    returned: Condvar,
}

/// Reads that see one state of the database.
pub(super) struct Reads<'a>(Transaction<'a>);

impl Database {
    /// Connects. From then on the database refuses to write, to wait long for a lock, and to run a statement for long,
    /// unless the tracking URI says otherwise in `options`.
    pub(super) fn connect(name: String, settings: Connection) -> Result<Self> {
        let client = connect(&settings).map_err(|source| PostgresError::Failed { name: name.clone(), source })?;
        Ok(Self { name, settings, idle: Mutex::new(vec![client]), returned: Condvar::new() })
    }

    /// Opens up to `count` more connections, for reads on several threads. Returns how many were opened: the server may
    /// allow fewer. Behind one name may also be several servers, of which one has what another still lacks.
    pub(super) fn connect_more(&self, count: usize) -> usize {
        let mut idle = self.idle();
        let Some(server) = idle.first_mut().and_then(server_start) else { return 0 };
        let connect = |_| {
            let mut client = connect(&self.settings).ok()?;
            (server_start(&mut client)? == server).then_some(client)
        };
        let clients: Vec<Client> = (0..count).map_while(connect).collect();
        let count = clients.len();
        idle.extend(clients);
        count
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs reads in one short transaction.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&mut Reads<'_>) -> std::result::Result<T, postgres::Error>,
    ) -> Result<T> {
        let mut idle = self.idle();
        let mut client = loop {
            match idle.pop() {
                Some(client) => break client,
                None => idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(idle);
        let run = || {
            let start = client.build_transaction().read_only(true).isolation_level(IsolationLevel::RepeatableRead);
            let mut reads = Reads(start.start()?);
            let result = work(&mut reads)?;
            reads.0.commit()?;
            Ok(result)
        };
        let result = run();
        self.idle().push(client);
        self.returned.notify_one();
        Ok(result.map_err(|source| PostgresError::Failed { name: self.name.clone(), source })?)
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

fn connect(settings: &Connection) -> std::result::Result<Client, postgres::Error> {
    let tls = MakeRustlsConnect::new((*settings.tls).clone());
    let mut client = settings.config.connect(tls)?;
    client.batch_execute(&session_settings())?;
    Ok(client)
}

/// Returns the time at which a server was started, by which it is recognized.
fn server_start(client: &mut Client) -> Option<String> {
    client.query_one("select pg_postmaster_start_time()::text", &[]).ok()?.try_get(0).ok()
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
