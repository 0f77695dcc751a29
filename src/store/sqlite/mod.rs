//! MLflow's SQLite databases of every release since 2.14, distinguished by their columns.
//!
//! MLflow uses SQLite's rollback journal, where an open read blocks a writer's commit. Long reads therefore take no
//! lock, and run again if another program wrote in the meantime. Every other read is one short transaction over a page
//! of rows, and Ctrl-Z stops the program only between reads.

mod assessed;
mod bounds;
mod candidates;
mod count;
mod damage;
mod dialect;
mod facts;
mod figures;
mod first_ended;
mod functions;
mod index_cursor;
mod loaded_page;
mod open;
mod page_labels;
mod parts;
mod pause;
mod ranked;
mod records;
mod recovery;
mod row;
mod row_range;
mod scan;
mod schema;
mod search;
mod span_rows;
mod totals;
mod trace_row;
mod unlocked;

use super::artifact::Artifacts;
use super::spans::{self, SpanRows};
use super::sql::columns::ExperimentTags;
use super::sql::span_columns::SpanRowSelection;
use super::sql::{Schema, SqlRow as _, columns};
use super::thread_limit;
use super::{Aggregates, AssessedTraces, Notice, Query, Sink, SpanDetail, StoreEnvironment, TraceKey, TraceStore};
use crate::limits;
use crate::model::{Experiment, Problem, StoreInfo, StoreKind, Totals, Trace, TraceInfo};
use crate::query::AssessmentTest;
use crate::store::error::{DatabaseError, Result};
use rusqlite::{Connection, OptionalExtension as _};
use schema::FoundTables;
use span_rows::FailedRows;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use trace_row::TraceRow;

/// The minimum number of rows for an unlocked read. Reading fewer takes less time than checking for a writer.
const MIN_UNLOCKED_ROWS: usize = 8;

/// An open database.
pub(super) struct SqliteStore {
    name: String,
    /// The file, if more connections to it can be opened.
    path: Option<PathBuf>,
    database: open::Database,
    schema: Schema,
    artifacts: Artifacts,
}

impl SqliteStore {
    /// Opens a database file for reading.
    pub(super) fn open(path: &Path, env: &StoreEnvironment) -> Result<Self> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let bases = path.parent().map(Path::to_owned).into_iter().collect();
        let artifacts = Artifacts::new(bases, env.artifacts_destination.clone());
        let database = open::Database::open(&path)?;
        let name = path.display().to_string();
        Ok(Self {
            path: Some(path).filter(|_| database.copy_reason().is_none()),
            ..Self::new(database, name, artifacts)?
        })
    }

    /// Opens the built-in sample.
    pub(super) fn demo() -> Result<Self> {
        Self::new(open::Database::demo()?, "demo:".to_owned(), Artifacts::new(Vec::new(), None))
    }

    fn new(database: open::Database, name: String, artifacts: Artifacts) -> Result<Self> {
        let schema = match database.tables().map_err(|error| database_error(&name, error))? {
            FoundTables::Ordinary(schema) => schema,
            FoundTables::Foreign(table, kind) => return Err(DatabaseError::NotATable { name, table, kind }.into()),
        };
        if !schema.has_table("trace_info") || !schema.has_table("experiments") {
            return Err(DatabaseError::NoTraceTables(name).into());
        }
        Ok(Self { name, path: None, database, schema, artifacts })
    }

    /// Runs a read in its own transaction.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        Ok(self.try_read(work).map_err(|error| database_error(&self.name, error))?)
    }

    fn try_read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.database.read(work)
    }

    /// Runs reads without a lock. If another program wrote in the meantime, or a read fails, runs them again with
    /// locks: `work` must then discard the results of its first run.
    fn unlocked<T>(&self, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        self.database.unlocked(|| work().ok()).map_or_else(work, Ok)
    }

    /// Runs reads without a lock if they read at least [`MIN_UNLOCKED_ROWS`] rows.
    fn unlocked_if_many<T>(&self, rows: usize, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        if rows < MIN_UNLOCKED_ROWS { work() } else { self.unlocked(work) }
    }

    /// Opens more connections to the same file, one per processor, within the limits on threads and connections.
    fn worker_stores(&self, query: &Query) -> Vec<Self> {
        let Some(path) = &self.path else { return Vec::new() };
        let open_worker = |_| {
            let database = open::Database::open(path).ok().filter(|database| database.copy_reason().is_none())?;
            database.bounds.use_regexes(&query.filter);
            Some(Self {
                name: self.name.clone(),
                path: None,
                database,
                schema: self.schema.clone(),
                artifacts: self.artifacts.clone(),
            })
        };
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let max = processors.min(limits::CONCURRENT_CONNECTIONS).min(thread_limit::spare_threads());
        (0..max).map_while(open_worker).collect()
    }

    /// Adds the spans of a trace to its record. Spans that `selection` excludes have only the values of their columns.
    /// With `failed`, the rows of failed spans, only these and their ancestors are read.
    fn with_spans(
        &self,
        info: TraceInfo,
        selection: &SpanRowSelection<'_>,
        failed: Option<&FailedRows>,
    ) -> Result<Trace> {
        let rows = if self.schema.has_table("spans") {
            span_rows::read(self, &info.trace_id, selection, failed)?
        } else {
            SpanRows::default()
        };
        Ok(spans::assemble(info, rows, &self.artifacts, selection.detail))
    }
}

impl TraceStore for SqliteStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn has_columns(&self) -> bool {
        true
    }

    fn notices(&self) -> Vec<Notice> {
        let why = self.database.copy_reason();
        why.map(|why| Notice::Note(format!("reading a temporary copy of `{}`: {why}", self.name))).into_iter().collect()
    }

    fn experiments(&self, _problems: &mut Vec<Problem>) -> Result<Vec<Experiment>> {
        let sql = format!("select {} from experiments t order by t.experiment_id", columns::experiment(&self.schema));
        let (mut experiments, tags) = self.read(|connection| {
            let experiments = connection
                .prepare_cached(&sql)?
                .query_map([], |row| Ok(columns::experiment_of(row)))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let mut tags = ExperimentTags::default();
            if self.schema.has_table("experiment_tags") {
                let mut statement = connection.prepare_cached(ExperimentTags::SQL)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    tags.add(row);
                }
            }
            Ok((experiments, tags))
        })?;
        tags.move_to(&mut experiments);
        Ok(experiments)
    }

    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
        search::run(self, query, sink)
    }

    fn with_id_prefix(&self, prefixes: &[String], limit: usize, _problems: &mut Vec<Problem>) -> Result<Vec<TraceKey>> {
        // `x'f48fbfbf'` sorts after every continuation of the prefix, and the range uses the primary key.
        let sql = "select request_id from trace_info where request_id >= ?1 and request_id < ?1 || cast(x'f48fbfbf' as text) order by request_id limit ?2";
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let mut keys = Vec::new();
            for prefix in prefixes {
                let mut rows = statement.query((prefix, i64::try_from(limit).unwrap_or(i64::MAX)))?;
                while let Some(row) = rows.next()? {
                    keys.extend(row.text(0).map(TraceKey::Id));
                }
            }
            Ok(keys)
        })
    }

    fn trace(&self, key: &TraceKey, detail: Option<SpanDetail>) -> Result<Option<Trace>> {
        let id = key.id();
        let info = self.read(|connection| {
            let mut statement = connection.prepare_cached("select rowid from trace_info where request_id = ?")?;
            let Some(rowid) = statement.query_row([id], |row| row.get(0)).optional()? else { return Ok(None) };
            let hit = TraceRow { rowid, id: id.to_owned() };
            let mut infos = records::infos(connection, &self.schema, &[hit], detail.is_some())?;
            let Some(mut info) = infos.pop() else { return Ok(None) };
            info.experiment_name = experiment_name(connection, &info.experiment_id)?;
            Ok(Some(info))
        })?;
        let Some(info) = info else { return Ok(None) };
        let Some(detail) = detail else { return Ok(Some(Trace::without_spans(info))) };
        self.unlocked(|| self.with_spans(info.clone(), &SpanRowSelection::all(detail), None)).map(Some)
    }

    fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>> {
        self.artifacts.attachment(info, id)
    }

    fn describe(&self) -> Result<StoreInfo> {
        // Only the sample has no folder for artifacts.
        let kind = if self.artifacts.bases.is_empty() { StoreKind::Sample } else { StoreKind::Sqlite };
        Ok(StoreInfo {
            revisions: facts::read_revisions(self)?,
            bytes: facts::read_size(self)?,
            ..StoreInfo::new(kind)
        })
    }

    fn aggregates(&self) -> Option<&dyn Aggregates> {
        Some(self)
    }
}

impl Aggregates for SqliteStore {
    fn totals(&self, _experiments: &[Experiment], problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>> {
        let (totals, lost) = self.unlocked(|| {
            let mut lost = Vec::new();
            totals::read(self, &mut lost).map(|totals| (totals, lost))
        })?;
        problems.extend(lost);
        Ok(totals)
    }

    fn is_empty(&self) -> Result<bool> {
        self.read(|connection| connection.prepare("select 1 from trace_info limit 1")?.exists([]).map(|found| !found))
    }

    fn assessed_traces(&self, experiments: &[Experiment], test: &AssessmentTest) -> Result<Option<AssessedTraces>> {
        assessed::read(self, experiments, test)
    }
}

/// Reads the name of an experiment.
fn experiment_name(connection: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare_cached("select name from experiments where experiment_id = ?")?;
    let mut rows = statement.query([id])?;
    Ok(rows.next()?.and_then(|row| row.text(0)))
}

fn database_error(name: &str, source: rusqlite::Error) -> DatabaseError {
    DatabaseError::Sqlite { name: name.to_owned(), source }
}

#[cfg(test)]
mod tests;
