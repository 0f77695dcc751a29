//! MLflow's SQLite databases, of every release from 2.14 on, told apart by the columns they have.
//!
//! MLflow uses SQLite's rollback journal, where an open read blocks a writer's commit. So long reads take no lock, and run
//! again if another program wrote meanwhile. Every other read is one short transaction over a page of rows, and Ctrl-Z stops
//! the program between two of them.

mod bounds;
mod candidates;
mod conditions;
mod count;
mod figures;
mod fill;
mod open;
mod pause;
mod ranked;
mod recovery;
mod revision;
mod scan;
mod schema;
mod span_rows;
mod totals;
mod unlocked;

use super::artifact::{self, Artifacts};
use super::room;
use super::rows;
use super::spans::{self, SpanRows};
use super::{Notice, Projection, Query, Sink, StoreEnvironment, TraceStore};
use crate::error::{Error, ErrorCode, Result};
use crate::limits;
use crate::model::{Experiment, Labels, Problem, StoreInfo, StoreKind, Timestamp, Totals, Trace, TraceInfo, keys};
use crate::query::AssessmentTest;
use crate::shell;
use candidates::AssessedTraces;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row};
use scan::{Scan, TraceRow};
use schema::Schema;
use span_rows::{FailedRows, SpanColumns};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// How many records one read takes: a few milliseconds' worth.
const RECORDS_PER_READ: usize = 50;

/// How many traces are read at once: many records, or the spans of a few.
const fn largest_page(need: Projection) -> usize {
    match need {
        Projection::Info => 250,
        Projection::Calls | Projection::Tree | Projection::Exceptions | Projection::Full => 32,
    }
}

/// So many traces are looked into by one thread before others help, which have to open the database first.
const ENOUGH_ALONE: usize = 100;

/// Reading fewer rows takes less time than checking for a writer.
const FEWEST_UNLOCKED: usize = 8;

/// How many pages may wait for each helper.
const PAGES_AHEAD: usize = 2;

/// Takes a page; breaking ends the search.
type PageSink<'a> = &'a mut dyn FnMut(Vec<PageResult>) -> Result<ControlFlow<()>>;

/// What a search came upon.
enum PageResult {
    Trace(Box<Trace>),
    Problem(Problem),
}

/// A database.
pub(super) struct SqliteStore {
    name: String,
    /// The file, from which further connections can be made.
    path: Option<PathBuf>,
    database: open::Database,
    schema: Schema,
    artifacts: Artifacts,
    experiment_names: RefCell<HashMap<String, Option<String>>>,
    /// What was last asked of assessments, and the answer.
    assessed: RefCell<Option<(AssessmentTest, AssessedTraces)>>,
    /// The spans that failed, where the running search looks at no others.
    failed: RefCell<Option<Arc<FailedRows>>>,
}

impl SqliteStore {
    /// Opens a database file for reading.
    pub(super) fn open(path: &Path, around: &StoreEnvironment) -> Result<Self> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let bases = path.parent().map(Path::to_owned).into_iter().collect();
        let artifacts = Artifacts::new(bases, around.artifacts_destination.clone());
        let database = open::Database::file(&path)?;
        let name = path.display().to_string();
        Ok(Self {
            path: Some(path).filter(|_| database.copied_because().is_none()),
            ..Self::with(database, name, artifacts)?
        })
    }

    /// Opens the sample compiled into the program.
    pub(super) fn demo() -> Result<Self> {
        Self::with(open::Database::demo()?, "demo:".to_owned(), Artifacts::new(Vec::new(), None))
    }

    fn with(database: open::Database, name: String, artifacts: Artifacts) -> Result<Self> {
        let schema = database.schema().map_err(|error| database_error(&name, &error))?;
        if let Some((table, kind)) = schema.impostor() {
            return Err(Error::new(ErrorCode::StoreUnreadable, format!("cannot read `{name}`"))
                .because(format!("`{table}` is {kind} there, and a table in MLflow's databases"))
                .hint("only tables are read, since a view runs what its author wrote"));
        }
        if !schema.has_table("trace_info") || !schema.has_table("experiments") {
            return Err(Error::new(ErrorCode::StoreUnreadable, format!("`{name}` holds no MLflow traces"))
                .because("it lacks the tables `experiments` and `trace_info`, which MLflow makes since 2.14")
                .hint("name the database that MLflow writes to: `-u path/to/mlflow.db`"));
        }
        Ok(Self {
            name,
            path: None,
            database,
            schema,
            artifacts,
            experiment_names: RefCell::default(),
            assessed: RefCell::default(),
            failed: RefCell::default(),
        })
    }

    /// Runs a read in a transaction of its own.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        self.try_read(work).map_err(|error| database_error(&self.name, &error))
    }

    fn try_read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.database.read(work)
    }

    /// Runs reads without a lock. If another program wrote meanwhile, or a read fails, runs them again with locks: the second
    /// run has to discard what the first one changed.
    fn unlocked<T>(&self, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        self.database.unlocked(|| work().ok()).map_or_else(work, Ok)
    }

    /// The same for reads of at least a few rows; others take a lock.
    fn unlocked_if_many<T>(&self, rows: usize, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        if rows < FEWEST_UNLOCKED { work() } else { self.unlocked(work) }
    }

    /// The records of a page of traces, in its order. A damaged page is read one by one, so that one unreadable record
    /// costs one problem.
    fn infos(&self, hits: &[TraceRow], with_links: bool, problems: &mut Vec<Problem>) -> Result<Vec<TraceInfo>> {
        let read =
            |hits: &[TraceRow]| self.try_read(|connection| fill::infos(connection, &self.schema, hits, with_links));
        let mut infos = Vec::with_capacity(hits.len());
        for few in hits.chunks(RECORDS_PER_READ) {
            match read(few) {
                Ok(more) => infos.extend(more),
                Err(error) if is_damage(&error) => {
                    for hit in few {
                        match read(std::slice::from_ref(hit)) {
                            Ok(one) => infos.extend(one),
                            Err(error) => {
                                let most = limits::RECORD_VALUE_BYTES >> 20;
                                let too_big = || format!("a value in it has more than {most} MiB");
                                let why = if is_too_big(&error) { too_big() } else { error.to_string() };
                                let message = format!("the record of {} cannot be read: {why}", hit.id);
                                problems.push(Problem::new("damaged_trace", message).of(&hit.id));
                            }
                        }
                    }
                }
                Err(error) => return Err(database_error(&self.name, &error)),
            }
        }
        for info in &mut infos {
            info.experiment_name = self.experiment_name(&info.experiment_id)?;
        }
        Ok(infos)
    }

    fn experiment_name(&self, id: &str) -> Result<Option<String>> {
        if let Some(name) = self.experiment_names.borrow().get(id) {
            return Ok(name.clone());
        }
        let sql = "select name from experiments where experiment_id = ?";
        let name = self.read(|connection| {
            let mut rows = connection.prepare_cached(sql)?;
            let mut rows = rows.query([id])?;
            Ok(rows.next()?.and_then(|row| text(row, 0)))
        })?;
        self.experiment_names.borrow_mut().insert(id.to_owned(), name.clone());
        Ok(name)
    }

    /// Goes through the traces of a query, page by page. `None` where help is called for: spans decide, and a number of
    /// traces did not have what is looked for.
    fn walk(
        &self,
        query: &Query,
        scan: &mut Scan,
        give: PageSink<'_>,
        may_call: bool,
    ) -> Result<Option<ControlFlow<()>>> {
        let most = largest_page(query.need);
        let mut size = query.expected.unwrap_or(most).clamp(1, most);
        let mut looked_at = 0;
        loop {
            let hits = scan.next(self, size)?;
            if hits.is_empty() {
                return Ok(Some(ControlFlow::Continue(())));
            }
            if give(self.unlocked_page(query, &hits)?)?.is_break() {
                return Ok(Some(ControlFlow::Break(())));
            }
            looked_at += hits.len();
            if may_call && looked_at > ENOUGH_ALONE && query.filter.needs_spans() {
                return Ok(None);
            }
            size = (size * 2).min(most);
        }
    }

    /// The same with the pages read by others, each on a connection of its own. They take turns, so the order stays.
    fn walk_with(
        &self,
        helpers: Vec<Self>,
        query: &Query,
        scan: &mut Scan,
        give: PageSink<'_>,
    ) -> Result<ControlFlow<()>> {
        std::thread::scope(|scope| {
            let start = |helper: Self| {
                let (give_hits, take_hits) = sync_channel::<Vec<TraceRow>>(PAGES_AHEAD);
                let (give_page, take_page) = sync_channel(PAGES_AHEAD);
                let read = move || {
                    // Either end is gone once the taker has had enough.
                    for hits in take_hits {
                        if give_page.send(helper.unlocked_page(query, &hits)).is_err() {
                            break;
                        }
                    }
                };
                // The system may allow fewer threads, or none.
                std::thread::Builder::new().spawn_scoped(scope, read).ok().map(|_| (give_hits, take_page))
            };
            let helpers: Vec<_> = helpers.into_iter().map_while(start).collect();
            if helpers.is_empty() {
                let ended = self.walk(query, scan, give, false)?;
                return Ok(ended.unwrap_or(ControlFlow::Continue(())));
            }
            let (mut asked, mut taken, mut is_done) = (0, 0, false);
            loop {
                while !is_done && asked - taken < helpers.len() * PAGES_AHEAD {
                    let hits = scan.next(self, largest_page(query.need))?;
                    is_done = hits.is_empty() || helpers[asked % helpers.len()].0.send(hits).is_err();
                    asked += usize::from(!is_done);
                }
                if taken == asked {
                    return Ok(ControlFlow::Continue(()));
                }
                let Ok(page) = helpers[taken % helpers.len()].1.recv() else {
                    return Err(Error::new(ErrorCode::Bug, "a reading thread ended early"));
                };
                taken += 1;
                if give(page?)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        })
    }

    /// Further connections to the same file, one for each processor that a thread may use; without any it goes on alone.
    fn helpers(&self, query: &Query) -> Vec<Self> {
        let Some(path) = &self.path else { return Vec::new() };
        let another = |_| {
            let database = open::Database::file(path).ok().filter(|database| database.copied_because().is_none())?;
            database.bounds.use_regexes_of(&query.filter);
            Some(Self {
                name: self.name.clone(),
                path: None,
                database,
                schema: self.schema.clone(),
                artifacts: self.artifacts.clone(),
                experiment_names: self.experiment_names.clone(),
                assessed: RefCell::default(),
                failed: self.failed.clone(),
            })
        };
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let most = processors.min(limits::CONNECTIONS_AT_ONCE).min(room::for_threads());
        (0..most).map_while(another).collect()
    }

    fn unlocked_page(&self, query: &Query, hits: &[TraceRow]) -> Result<Vec<PageResult>> {
        let rows = if query.need == Projection::Info { hits.len() } else { usize::MAX };
        self.unlocked_if_many(rows, || self.page(query, hits))
    }

    /// Reads a page: the records, and where they are wanted the spans.
    fn page(&self, query: &Query, hits: &[TraceRow]) -> Result<Vec<PageResult>> {
        let mut problems = Vec::new();
        let infos = self.infos(hits, query.filter.needs_links(), &mut problems)?;
        let mut found: Vec<PageResult> = problems.into_iter().map(PageResult::Problem).collect();
        // What a trace's own record rules out need not have its spans read.
        let infos: Vec<TraceInfo> = infos.into_iter().filter(|info| query.filter.matches_info(info)).collect();
        let in_rows = if query.filter.needs_rows() && self.schema.has_table("spans") {
            span_rows::with_any(self, infos.iter().map(|info| info.trace_id.as_str()))?
        } else {
            HashSet::new()
        };
        for info in infos {
            let is_in_rows = in_rows.contains(&info.trace_id);
            if let Some(trace) = self.filled(query, info, is_in_rows)? {
                found.push(PageResult::Trace(Box::new(trace)));
            }
        }
        Ok(found)
    }

    /// A trace with its spans, as far as they are wanted or needed to decide; none where they rule it out.
    fn filled(&self, query: &Query, info: TraceInfo, is_in_rows: bool) -> Result<Option<Trace>> {
        let filter = &query.filter;
        if let Some(mut sieve) = filter.sieve()
            && self.schema.has_table("spans")
        {
            let rows = span_rows::sift(self, &info.trace_id, &mut sieve)?;
            if !sieve.is_passed() && rows.is_some_and(|rows| spans::are_all_in_rows(&info, rows)) {
                return Ok(None);
            }
        }
        // Conditions on rows were decided by the database, but for attributes.
        let is_decided = !filter.needs_rows() || is_in_rows;
        let need = Projection::of_filter(filter).max(query.need).max(if is_decided {
            Projection::Info
        } else {
            Projection::of_rows(filter)
        });
        let types = filter.span_types().filter(|_| query.only_types);
        let only_errors = query.only_errors && !filter.needs_spans();
        let failed = self.failed.borrow();
        let failed = failed.as_deref().filter(|_| only_errors);
        let wanted = SpanColumns { types, only_errors, failed, ..SpanColumns::all(need) };
        let mut trace =
            if need == Projection::Info { Trace::without_spans(info) } else { self.with_spans(info, need, &wanted)? };
        if !is_decided {
            trace.rows = Some(rows::of_spans(&trace, filter));
        } else if filter.needs_attributes() {
            trace.rows = Some(span_rows::searched(self, &trace.info.trace_id)?);
        }
        Ok(Some(trace))
    }

    /// The spans of a trace added to its record. Those that are not wanted are read from their columns.
    fn with_spans(&self, info: TraceInfo, need: Projection, wanted: &SpanColumns<'_>) -> Result<Trace> {
        let rows = if self.schema.has_table("spans") {
            span_rows::read(self, &info.trace_id, wanted)?
        } else {
            SpanRows::default()
        };
        Ok(spans::assemble(info, rows, &self.artifacts, need))
    }
}

impl TraceStore for SqliteStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn notices(&self) -> Vec<Notice> {
        let why = self.database.copied_because();
        why.map(|why| Notice::Note(format!("reading a temporary copy of `{}`: {why}", self.name))).into_iter().collect()
    }

    fn experiments(&self, _problems: &mut Vec<Problem>) -> Result<Vec<Experiment>> {
        let sql = format!(
            "select t.experiment_id, t.name, t.lifecycle_stage, {}, t.artifact_location, {}, {} from experiments t order by t.experiment_id",
            self.schema.column("experiments", "workspace"),
            self.schema.column("experiments", "creation_time"),
            self.schema.column("experiments", "last_update_time"),
        );
        let (mut experiments, tags) = self.read(|connection| {
            let experiments = connection
                .prepare_cached(&sql)?
                .query_map([], |row| Ok(experiment(row)))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let mut tags: HashMap<String, Labels> = HashMap::new();
            if self.schema.has_table("experiment_tags") {
                let mut statement =
                    connection.prepare_cached("select experiment_id, key, value from experiment_tags")?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let (Some(id), Some(key)) = (text(row, 0), text(row, 1)) else { continue };
                    tags.entry(id).or_default().add(&key, &text(row, 2).unwrap_or_default());
                }
            }
            Ok((experiments, tags))
        })?;
        for experiment in &mut experiments {
            experiment.tags = tags.get(&experiment.experiment_id).cloned().unwrap_or_default();
        }
        Ok(experiments)
    }

    fn totals(&self, _experiments: &[Experiment], _problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>> {
        self.unlocked(|| totals::read(self))
    }

    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
        let names = query.experiments.iter().map(|one| (one.experiment_id.clone(), Some(one.name.clone())));
        self.experiment_names.borrow_mut().extend(names);
        self.database.bounds.use_regexes_of(&query.filter);
        if query.filter.needs_content() && candidates::has_key(self, "trace_tags", keys::ARCHIVE_LOCATION)? {
            let message = "the text of archived traces is not in the database, and conditions on it do not find them, as in \
                           MLflow; --grep reads their archives";
            sink.problem(Problem::new("skipped_archived", message));
        }
        if let Some(labels) = figures::labels(self, query)? {
            figures::read(self, query, &labels, sink)?;
            return Ok(None);
        }
        self.failed.take();
        let mut scan = Scan::begin(self, query)?;
        let mut give = |page: Vec<PageResult>| {
            for found in page {
                match found {
                    PageResult::Trace(trace) => {
                        if sink.trace(*trace)?.is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                    PageResult::Problem(problem) => sink.problem(problem),
                }
            }
            Ok(ControlFlow::Continue(()))
        };
        // Where everything is wanted, others read pages while this thread hands them on.
        let may_call = self.path.is_some();
        let alone =
            if may_call && query.expected.is_none() { None } else { self.walk(query, &mut scan, &mut give, may_call)? };
        let ended = match alone {
            Some(ended) => ended,
            None => self.walk_with(self.helpers(query), query, &mut scan, &mut give)?,
        };
        if ended.is_break() {
            return if query.counts { count::matched(self, query) } else { Ok(None) };
        }
        scan.problems().into_iter().for_each(|problem| sink.problem(problem));
        Ok(None)
    }

    fn ids_with_prefix(&self, prefixes: &[String], limit: usize, _problems: &mut Vec<Problem>) -> Result<Vec<String>> {
        // `x'f48fbfbf'` sorts after every text that goes on from the prefix, and the range uses the primary key.
        let sql = "select request_id from trace_info where request_id >= ?1 and request_id < ?1 || cast(x'f48fbfbf' as text) order by request_id limit ?2";
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let mut ids = Vec::new();
            for prefix in prefixes {
                let mut rows = statement.query((prefix, i64::try_from(limit).unwrap_or(i64::MAX)))?;
                while let Some(row) = rows.next()? {
                    ids.extend(text(row, 0));
                }
            }
            Ok(ids)
        })
    }

    fn trace(&self, id: &str, need: Projection) -> Result<Option<Trace>> {
        let infos = self.read(|connection| {
            let mut statement = connection.prepare_cached("select rowid from trace_info where request_id = ?")?;
            let Some(rowid) = statement.query_row([id], |row| row.get(0)).optional()? else { return Ok(Vec::new()) };
            fill::infos(connection, &self.schema, &[TraceRow { rowid, id: id.to_owned() }], need != Projection::Info)
        })?;
        let Some(mut info) = infos.into_iter().next() else { return Ok(None) };
        info.experiment_name = self.experiment_name(&info.experiment_id)?;
        if need == Projection::Info {
            return Ok(Some(Trace::without_spans(info)));
        }
        self.unlocked(|| self.with_spans(info.clone(), need, &SpanColumns::all(need))).map(Some)
    }

    fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>> {
        let location = info.tags.get(keys::ARTIFACT_LOCATION);
        match self.artifacts.read(location, &info.experiment_id, &info.trace_id, &format!("attachments/{id}")) {
            artifact::ArtifactFile::Bytes(_, bytes) => Ok(bytes),
            artifact::ArtifactFile::Missing(problem) => Err(super::attachment_missing(id, &problem)),
        }
    }

    fn describe(&self) -> Result<StoreInfo> {
        // The sample has no files that artifacts could lie beside.
        let kind = if self.artifacts.bases.is_empty() { StoreKind::Sample } else { StoreKind::Sqlite };
        Ok(StoreInfo { revisions: revision::read(self)?, bytes: revision::bytes(self)?, ..StoreInfo::new(kind) })
    }

    fn is_empty(&self) -> Result<bool> {
        self.read(|connection| connection.prepare("select 1 from trace_info limit 1")?.exists([]).map(|found| !found))
    }
}

fn experiment(row: &Row<'_>) -> Experiment {
    Experiment {
        experiment_id: text(row, 0).unwrap_or_default(),
        name: text(row, 1).unwrap_or_default(),
        lifecycle_stage: text(row, 2).unwrap_or_else(|| "active".to_owned()),
        workspace: text(row, 3),
        artifact_location: text(row, 4),
        creation_time: integer(row, 5).map(Timestamp::from_millis),
        last_update_time: integer(row, 6).map(Timestamp::from_millis),
        tags: Labels::default(),
    }
}

/// A cell as text, whatever type SQLite gave it; bytes that are not UTF-8 become U+FFFD.
fn text(row: &Row<'_>, column: usize) -> Option<String> {
    match row.get_ref(column).ok()? {
        ValueRef::Null => None,
        ValueRef::Integer(value) => Some(value.to_string()),
        ValueRef::Real(value) => Some(value.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        }),
    }
}

/// A cell as an integer.
fn integer(row: &Row<'_>, column: usize) -> Option<i64> {
    match row.get_ref(column).ok()? {
        ValueRef::Integer(value) => Some(value),
        ValueRef::Real(value) => Some(value as i64),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

/// A cell as a float.
fn float(row: &Row<'_>, column: usize) -> Option<f64> {
    match row.get_ref(column).ok()? {
        ValueRef::Integer(value) => Some(value as f64),
        ValueRef::Real(value) => Some(value),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

/// A cell as text, borrowed from the row.
fn str_of<'a>(row: &'a Row<'_>, column: usize) -> Cow<'a, str> {
    match row.get_ref(column) {
        Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => {
            std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
        }
        _ => Cow::Owned(text(row, column).unwrap_or_default()),
    }
}

/// Whether an error is about some rows, so that others may still be read.
fn is_damage(error: &rusqlite::Error) -> bool {
    is_too_big(error) || matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt))
}

/// Whether a value is longer than [`limits::VALUE_BYTES`].
fn is_too_big(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::TooBig))
}

/// What SQLite said, for people.
fn database_error(name: &str, error: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as SqliteCode;
    let base = Error::new(ErrorCode::StoreUnreadable, format!("cannot read `{name}`")).because(error);
    match error.sqlite_error_code() {
        Some(SqliteCode::DatabaseBusy | SqliteCode::DatabaseLocked) => {
            base.hint("another program holds it locked; try again in a moment")
        }
        Some(SqliteCode::DatabaseCorrupt) => {
            base.hint(format!("what is left can be copied out with `sqlite3 {} .recover`", shell::word(name)))
        }
        Some(SqliteCode::OutOfMemory) => base.hint("the process may not have more memory: look at `ulimit -a`"),
        Some(SqliteCode::TooBig) => base.hint(format!(
            "values of up to {} MiB are read, in records of up to {} MiB",
            limits::VALUE_BYTES >> 20,
            limits::RECORD_VALUE_BYTES >> 20
        )),
        Some(SqliteCode::OperationInterrupted) => base.hint(
            "one read of it takes more steps than 100 million rows do: it is damaged, or made to keep readers busy",
        ),
        Some(SqliteCode::NotADatabase) => base.hint("name an `mlflow.db` or an `mlruns` folder"),
        Some(SqliteCode::PermissionDenied | SqliteCode::CannotOpen) => {
            base.hint("check who may read the file and its folder")
        }
        _ => base,
    }
}

#[cfg(test)]
mod tests;
