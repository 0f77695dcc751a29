//! MLflow's PostgreSQL databases of every release since 3.1, distinguished by their columns.
//!
//! The database plans and aggregates. Every read is one short transaction over a page of traces, so that no snapshot is
//! held while someone reads a page in a pager.

mod aggregates;
mod connection;
mod count;
mod dialect;
mod figures;
mod keywords;
mod password_file;
mod records;
mod row;
mod scan;
mod search;
mod settings;
mod spans;
mod tls;

pub(super) use keywords::without_password;
pub use keywords::{POSTGRES_VARIABLES, PostgresSettings};

use super::artifact::Artifacts;
use super::error::{PostgresError, Result};
use super::sql::columns::ExperimentTags;
use super::sql::span_columns::SpanRowSelection;
use super::sql::{Schema, Sql, SqlRow as _, SqlValue, TABLES, columns, revision};
use super::{Aggregates, AssessedTraces, Notice, Query, Sink, SpanDetail, StoreEnvironment, TraceKey, TraceStore};
use crate::model::{Experiment, Problem, StoreInfo, StoreKind, Totals, Trace, TraceInfo};
use crate::query::AssessmentTest;
use connection::{Database, Reads};
use dialect::POSTGRES;
use settings::Connection;
use std::collections::{HashMap, HashSet};

type PgResult<T> = std::result::Result<T, postgres::Error>;

/// An open database.
pub(super) struct PostgresStore {
    name: String,
    database: Database,
    schema: Schema,
    artifacts: Artifacts,
    notices: Vec<Notice>,
}

impl PostgresStore {
    /// Connects to a database.
    pub(super) fn open(uri: &str, env: &StoreEnvironment) -> Result<Self> {
        let name = without_password(uri);
        let mut settings = Connection::new(uri, &env.postgres)?;
        let notices = std::mem::take(&mut settings.notices);
        let database = Database::connect(name.clone(), settings)?;
        let schema = Schema::new(database.read(read_columns)?, &POSTGRES);
        if !schema.has_table("trace_info") || !schema.has_table("experiments") {
            return Err(PostgresError::NoTraceTables(name).into());
        }
        // The folders of a server that runs on this machine, if it was started in the current folder.
        let artifacts = Artifacts::new(vec![env.cwd.clone()], env.artifacts_destination.clone());
        Ok(Self { name, database, schema, artifacts, notices })
    }
}

/// Reads the columns of MLflow's tables, wherever the search path finds them.
fn read_columns(reads: &mut Reads<'_>) -> PgResult<HashMap<String, HashSet<String>>> {
    let sql = "select t.name, a.attname from unnest(?) as t(name) join pg_attribute a on a.attrelid = to_regclass(t.name) \
               where a.attnum > 0 and not a.attisdropped";
    let tables = TABLES.iter().map(|table| (*table).to_owned()).collect();
    let mut columns: HashMap<String, HashSet<String>> = HashMap::new();
    reads.each(&Sql::new(sql, vec![SqlValue::TextList(tables)]), |row| {
        if let (Some(table), Some(column)) = (row.text(0), row.text(1)) {
            columns.entry(table).or_default().insert(column);
        }
    })?;
    Ok(columns)
}

impl TraceStore for PostgresStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn has_columns(&self) -> bool {
        true
    }

    fn notices(&self) -> Vec<Notice> {
        self.notices.clone()
    }

    fn experiments(&self, _problems: &mut Vec<Problem>) -> Result<Vec<Experiment>> {
        let sql = format!("select {} from experiments t order by t.experiment_id", columns::experiment(&self.schema));
        let (mut experiments, tags) = self.database.read(|reads| {
            let experiments = reads.all(&Sql::new(sql, Vec::new()), columns::experiment_of)?;
            let mut tags = ExperimentTags::default();
            if self.schema.has_table("experiment_tags") {
                reads.each(&Sql::new(ExperimentTags::SQL, Vec::new()), |row| tags.add(row))?;
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
        let keys = self.database.read(|reads| {
            let mut keys = Vec::new();
            for prefix in prefixes {
                keys.extend(reads.all(&scan::with_prefix(prefix, limit), |row| row.text(0).map(TraceKey::Id))?);
            }
            Ok(keys)
        })?;
        Ok(keys.into_iter().flatten().collect())
    }

    fn trace(&self, key: &TraceKey, detail: Option<SpanDetail>) -> Result<Option<Trace>> {
        let ids = [key.id().to_owned()];
        let found = self.database.read(|reads| {
            let Some(mut info) = records::read(reads, &self.schema, &ids, detail.is_some())?.pop() else {
                return Ok(None);
            };
            let experiment = SqlValue::Text(info.experiment_id.clone());
            let name = Sql::new("select name from experiments where experiment_id::text = ?", vec![experiment]);
            info.experiment_name = reads.all(&name, |row| row.text(0))?.pop().flatten();
            let rows = match detail {
                Some(detail) => spans::read(reads, &self.schema, &ids, &SpanRowSelection::all(detail))?.remove(&ids[0]),
                None => None,
            };
            Ok(Some((info, rows.unwrap_or_default())))
        })?;
        let trace = |(info, rows)| match detail {
            Some(detail) => super::spans::assemble(info, rows, &self.artifacts, detail),
            None => Trace::without_spans(info),
        };
        Ok(found.map(trace))
    }

    fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>> {
        self.artifacts.attachment(info, id)
    }

    fn describe(&self) -> Result<StoreInfo> {
        let revisions = self.database.read(|reads| {
            let is_readable = "select case when to_regclass('alembic_version') is not null \
                               then has_table_privilege('alembic_version', 'select') end";
            if reads.all(&Sql::new(is_readable, Vec::new()), |row| row.integer(0) == Some(1))? != [true] {
                return Ok(Vec::new());
            }
            let sql = Sql::new("select version_num from alembic_version order by 1", Vec::new());
            reads.all(&sql, |row| revision(row.text(0).unwrap_or_default()))
        })?;
        let size = Sql::new("select pg_database_size(current_database())", Vec::new());
        // A role may lack the right to connect to the database by name, which the size needs.
        let bytes = self.database.read(|reads| reads.all(&size, |row| row.integer(0))).ok();
        let bytes = bytes.and_then(|rows| u64::try_from(rows.first().copied()??).ok());
        Ok(StoreInfo { revisions, bytes, ..StoreInfo::new(StoreKind::Postgres) })
    }

    fn aggregates(&self) -> Option<&dyn Aggregates> {
        Some(self)
    }
}

impl Aggregates for PostgresStore {
    fn totals(&self, _experiments: &[Experiment], _problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>> {
        aggregates::totals(self)
    }

    fn is_empty(&self) -> Result<bool> {
        let sql = Sql::new("select 1 from trace_info limit 1", Vec::new());
        Ok(self.database.read(|reads| reads.all(&sql, |_| ()))?.is_empty())
    }

    fn assessed_traces(&self, experiments: &[Experiment], test: &AssessmentTest) -> Result<Option<AssessedTraces>> {
        aggregates::assessed_traces(self, experiments, test)
    }
}
