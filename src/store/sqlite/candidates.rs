//! Which traces may fit, where an index knows that they are few, so that not every trace is looked at.

use super::conditions::{self, Sql};
use super::scan::CLOCK_EVERY;
use super::span_rows::FailedRows;
use super::{SqliteStore, integer, scan, text};
use crate::error::Result;
use crate::limits;
use crate::model::{Problem, keys};
use crate::query::{AssessmentTest, Clause, Filter, Label, LabelTest, SpanTest, TextKey, TextTest, ValueTest};
use crate::store::Query;
use rusqlite::types::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// Up to so many rows, their traces are listed from the index; of more, enough are met soon enough on the way.
const FEW: usize = 5_000;
const FEW_ROWS: i64 = 5_000;

/// Up to so many rows are listed where they are what is looked at: the index gives them within one short read.
const MOST_ROWS: usize = 100_000;

/// Up to so many spans that say `UNKNOWN` are looked into for what foreign attributes tell of their type.
const FEW_UNKNOWN: i64 = 2_000;

/// The only traces that can fit, where an index names them at once; `None` where it does not.
pub(super) fn at_once(store: &SqliteStore, query: &Query) -> Result<Option<Vec<String>>> {
    for clause in &query.filter.clauses {
        let found = match clause {
            Clause::Issue(_) | Clause::Prompt(_) | Clause::Run(_) => of_links(store, clause)?,
            Clause::Text(TextKey::RequestId, TextTest::Is(id)) => Some(vec![id.clone()]),
            Clause::Text(TextKey::RequestId, TextTest::In(ids)) => Some(ids.clone()),
            Clause::Label(Label::Metadata(key), LabelTest::Text(test)) if key == keys::SESSION => {
                of_session(store, query, test)?
            }
            // Sessions are looked up all through, and then the rest is known too.
            Clause::Assessment(test) if test.of_session || store.assessed.borrow().is_some() => {
                of_assessment(store, query, test)?
            }
            _ => None,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    of_rows(store, query)
}

/// The only traces that can fit, where they are few; `None` where any may.
pub(super) fn list(store: &SqliteStore, query: &Query, problems: &mut Vec<Problem>) -> Result<Option<Vec<String>>> {
    for clause in &query.filter.clauses {
        if let Clause::Assessment(test) = clause
            && let Some(ids) = of_assessment(store, query, test)?
        {
            return Ok(Some(ids));
        }
    }
    if let Some(ids) = of_type(store, query, problems)? {
        return Ok(Some(ids));
    }
    for clause in &query.filter.clauses {
        if let Clause::Label(label, test) = clause
            && let Some(ids) = of_label(store, label, test)?
        {
            return Ok(Some(ids));
        }
    }
    Ok(None)
}

/// Traces of a session, which is a column with an index since 3.17.
fn of_session(store: &SqliteStore, query: &Query, test: &TextTest) -> Result<Option<Vec<String>>> {
    if !matches!(test, TextTest::Is(_) | TextTest::In(_)) || !store.schema.has("trace_info", "session_id") {
        return Ok(None);
    }
    // Sessions that an upgrade has left among the metadata are found on the way.
    let table = "trace_request_metadata";
    if store.schema.has_table(table) && has_key(store, table, keys::SESSION)? {
        return Ok(None);
    }
    let Some(holds) = conditions::text("session_id", test) else { return Ok(None) };
    let experiments = scan::experiment_list(query);
    few(store, &format!("select request_id from trace_info where experiment_id in ({experiments}) and {{}}"), [holds])
}

/// Traces that have a tag or an entry of the metadata, whose tables are sorted by key.
fn of_label(store: &SqliteStore, label: &Label, test: &LabelTest) -> Result<Option<Vec<String>>> {
    let (table, key) = match label {
        Label::Tag(key) => ("trace_tags", key),
        Label::Metadata(key) => ("trace_request_metadata", key),
    };
    let holds = match test {
        LabelTest::Exists => Some(Sql::all([])),
        LabelTest::Text(TextTest::IsNot(_)) | LabelTest::Missing => None,
        LabelTest::Text(test) => conditions::text("value", test),
    };
    let is_column = match key.as_str() {
        keys::NAME => store.schema.has("trace_info", "trace_name"),
        keys::SESSION => store.schema.has("trace_info", "session_id"),
        keys::TOKEN_USAGE | keys::COST => true,
        _ => false,
    };
    match holds {
        Some(holds) if !is_column && store.schema.has_table(table) => with_key(store, table, key, &holds),
        _ => Ok(None),
    }
}

pub(super) fn has_key(store: &SqliteStore, table: &str, key: &str) -> Result<bool> {
    let sql = format!("select 1 from {table} where key = ? limit 1");
    store.read(|connection| connection.prepare_cached(&sql)?.exists([key]))
}

/// Goes through all rows of a key, in several reads; gives up where more than a few fit.
fn with_key(store: &SqliteStore, table: &str, key: &str, holds: &Sql) -> Result<Option<Vec<String>>> {
    let sql =
        format!("select request_id, {} from {table} where key = ? and request_id > ? order by request_id", holds.text);
    let (mut ids, mut last) = (Vec::new(), String::new());
    loop {
        let is_done = store.read(|connection| {
            let (started, mut seen) = (Instant::now(), 0_usize);
            let mut values = holds.values.clone();
            values.extend([Value::Text(key.to_owned()), Value::Text(last.clone())]);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                seen += 1;
                let fits = integer(row, 1) == Some(1);
                let is_long = seen % CLOCK_EVERY == 0 && started.elapsed() > limits::READ_TIME;
                if fits || is_long {
                    last = text(row, 0).unwrap_or_default();
                }
                if fits {
                    ids.push(last.clone());
                }
                if is_long || ids.len() > FEW {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        if is_done || ids.len() > FEW {
            return Ok((ids.len() <= FEW).then_some(ids));
        }
    }
}

/// Traces with an assessment of some sort.
#[derive(Clone, Debug)]
pub(super) struct AssessedTraces {
    /// All of them, where they are few.
    all: Option<Vec<String>>,
    /// Those whose assessment is one of the whole session.
    of_session: Vec<String>,
}

/// Traces that have an assessment. One that is asked for by its absence, or counts for whole sessions, is no help.
fn of_assessment(store: &SqliteStore, query: &Query, test: &AssessmentTest) -> Result<Option<Vec<String>>> {
    if test.value == ValueTest::Missing || !test.sessions.is_empty() || !store.schema.has_table("assessments") {
        return Ok(None);
    }
    // The sessions are looked for before the traces themselves, in the same rows.
    let same = AssessmentTest { of_session: false, ..test.clone() };
    let known = store.assessed.borrow().as_ref().filter(|(one, _)| *one == same).map(|(_, assessed)| assessed.clone());
    let assessed = match known {
        Some(assessed) => assessed,
        None => assessed(store, query, &same)?,
    };
    *store.assessed.borrow_mut() = Some((same, assessed.clone()));
    Ok(if test.of_session { Some(assessed.of_session) } else { assessed.all })
}

/// Reads all assessments that fit, along an index of 3.17 where there is one, in several reads.
fn assessed(store: &SqliteStore, query: &Query, test: &AssessmentTest) -> Result<AssessedTraces> {
    let holds = conditions::assessment(&store.schema, test);
    let is_of_session = conditions::is_of_session();
    let experiments: Vec<Option<Value>> = if store.schema.has("assessments", "experiment_id") {
        query.experiments.iter().map(|one| Some(scan::experiment_key(&one.experiment_id))).collect()
    } else {
        vec![None]
    };
    let (mut all, mut of_session) = (Vec::new(), Vec::new());
    for experiment in experiments {
        let by_experiment = if experiment.is_some() { "a.experiment_id = ? and " } else { "" };
        let sql = format!(
            "select a.rowid, a.trace_id, {} from assessments a where {by_experiment}{} and a.rowid > ? order by a.rowid",
            is_of_session.text, holds.text
        );
        let mut last = i64::MIN;
        let mut is_done = false;
        while !is_done {
            is_done = store.read(|connection| {
                let (started, mut seen) = (Instant::now(), 0_usize);
                let values = is_of_session.values.iter().chain(&experiment).chain(&holds.values).cloned();
                let mut statement = connection.prepare_cached(&sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(values.chain([Value::Integer(last)])))?;
                while let Some(row) = rows.next()? {
                    seen += 1;
                    last = integer(row, 0).unwrap_or_default();
                    if all.len() <= FEW {
                        all.extend(text(row, 1));
                    }
                    if integer(row, 2) == Some(1) {
                        of_session.extend(text(row, 1));
                    }
                    if seen % CLOCK_EVERY == 0 && started.elapsed() > limits::READ_TIME {
                        return Ok(false);
                    }
                }
                Ok(true)
            })?;
        }
    }
    Ok(AssessedTraces { all: (all.len() <= FEW).then_some(all), of_session })
}

/// Traces that are linked to something.
fn of_links(store: &SqliteStore, clause: &Clause) -> Result<Option<Vec<String>>> {
    let (sql, id) = match clause {
        Clause::Issue(id) if store.schema.has_table("assessments") => {
            ("select trace_id from assessments where assessment_type = 'issue' and name = ?", id)
        }
        Clause::Prompt(id) if store.schema.has_table("entity_associations") => (
            "select source_id from entity_associations \
             where destination_type = 'prompt_version' and destination_id = ? and source_type = 'trace' \
             union all select request_id from trace_tags where key = 'mlflow.linkedPrompts'",
            id,
        ),
        Clause::Run(id) if store.schema.has_table("entity_associations") => (
            "select source_id from entity_associations \
             where destination_type = 'run' and destination_id = ?1 and source_type = 'trace' \
             union all select request_id from trace_request_metadata where key = 'mlflow.sourceRun' and value = ?1",
            id,
        ),
        _ => return Ok(None),
    };
    few(store, "{}", [Sql { text: sql.to_owned(), values: vec![Value::Text(id.clone())] }])
}

/// Traces that have a span which the indexes of types and states know to be rare, and those whose spans lie in files.
fn of_rows(store: &SqliteStore, query: &Query) -> Result<Option<Vec<String>>> {
    let is_indexed = |test: &SpanTest| {
        matches!(
            test,
            SpanTest::Type(TextTest::Is(_) | TextTest::In(_)) | SpanTest::Status(TextTest::Is(_) | TextTest::In(_))
        )
    };
    if !store.schema.has_table("spans") || !query.filter.span_tests().any(is_indexed) {
        return Ok(None);
    }
    let indexed = query.filter.clauses.iter().filter(|clause| matches!(clause, Clause::Span(test) if is_indexed(test)));
    let holds = conditions::span(&Filter { clauses: indexed.cloned().collect() });
    // Of all experiments: old clients wrote the one that was active beside spans of traces of another.
    // Named one by one, they make SQLite use the index.
    let experiments: Vec<String> = store.read(|connection| {
        let mut statement = connection.prepare_cached("select cast(experiment_id as text) from experiments")?;
        statement.query_map([], |row| row.get(0))?.collect()
    })?;
    let form = format!("spans s where s.experiment_id in ({}) and {{}}", experiments.join(", "));
    // The index alone counts them, up to one too many.
    let counted = format!("select 1 from {} limit {}", form.replacen("{}", &holds.text, 1), FEW + 1);
    let count: i64 = store.read(|connection| {
        let sql = format!("select count(*) from ({counted})");
        connection.query_row(&sql, rusqlite::params_from_iter(&holds.values), |row| row.get(0))
    })?;
    let ids = if count <= FEW_ROWS {
        few(store, &format!("select s.trace_id from {form}"), [holds])?
    } else if query.only_errors {
        all_of_rows(store, query, &form, &holds)?
    } else {
        None
    };
    let Some(mut ids) = ids else { return Ok(None) };
    let Some(in_files) = in_files(store, query) else { return Ok(None) };
    ids.extend(in_files);
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}

/// The traces of many rows, where these are what is looked at and not every trace has one. The index gives the rows at once,
/// and their traces are read in several reads, in the order in which they lie in the file. The rows are kept for the traces.
fn all_of_rows(store: &SqliteStore, query: &Query, form: &str, holds: &Sql) -> Result<Option<Vec<String>>> {
    let sql = format!("select s.rowid from {} limit {}", form.replacen("{}", &holds.text, 1), MOST_ROWS + 1);
    let mut rows: Vec<i64> = store.read(|connection| {
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(rusqlite::params_from_iter(&holds.values), |row| row.get(0))?.collect()
    })?;
    if rows.len() > MOST_ROWS {
        return Ok(None);
    }
    rows.sort_unstable();
    let (mut of_traces, mut left): (FailedRows, _) = (HashMap::new(), rows.as_slice());
    while !left.is_empty() {
        store.read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached("select trace_id from spans where rowid = ?")?;
            while let [row, rest @ ..] = left {
                if let Some(id) = statement.query([row])?.next()?.and_then(|row| text(row, 0)) {
                    of_traces.entry(id).or_default().push(*row);
                }
                left = rest;
                if started.elapsed() > limits::READ_TIME {
                    break;
                }
            }
            Ok(())
        })?;
    }
    let ids = of_traces.keys().cloned().collect();
    // A further condition on spans would leave out some that failed.
    if query.filter.span_tests().count() == 1 {
        *store.failed.borrow_mut() = Some(Arc::new(of_traces));
    }
    Ok(Some(ids))
}

/// The ids that some questions of one form give, if they are few.
fn few(store: &SqliteStore, form: &str, parts: impl IntoIterator<Item = Sql>) -> Result<Option<Vec<String>>> {
    let mut ids = BTreeSet::new();
    let mut seen = 0;
    for part in parts {
        let sql = format!("{} limit {}", form.replacen("{}", &part.text, 1), FEW + 1 - seen);
        let is_done = store.read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(&part.values))?;
            while let Some(row) = rows.next()? {
                seen += 1;
                ids.extend(text(row, 0));
                if started.elapsed() > 4 * limits::READ_TIME {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        if seen > FEW || !is_done {
            return Ok(None);
        }
    }
    Ok(Some(ids.into_iter().collect()))
}

/// The only traces that can have a span of the types asked for.
///
/// The column `spans.type` is what the client said. It is null for spans whose type is told by foreign attributes, and
/// there are no rows at all for spans that lie in files; both are added as candidates.
fn of_type(store: &SqliteStore, query: &Query, problems: &mut Vec<Problem>) -> Result<Option<Vec<String>>> {
    let Some(types) = query.filter.span_types() else { return Ok(None) };
    if !store.schema.has_table("spans") {
        return Ok(None);
    }
    let Some(in_files) = in_files(store, query) else { return Ok(None) };
    let mut ids: BTreeSet<String> = in_files.into_iter().collect();
    for experiment in &query.experiments {
        let key = scan::experiment_key(&experiment.experiment_id);
        let mut wanted = vec![SpanTypeCondition::Any(types), SpanTypeCondition::Is(None)];
        if !types.iter().any(|name| name == "UNKNOWN") {
            if count(store, &key, &SpanTypeCondition::Is(Some("UNKNOWN")), FEW_UNKNOWN)? <= FEW_UNKNOWN {
                wanted.push(SpanTypeCondition::Is(Some("UNKNOWN")));
            } else {
                problems.push(Problem::new(
                    "skipped_types",
                    "many spans say UNKNOWN; foreign attributes that tell more of their type were not looked for",
                ));
            }
        }
        for span_type in wanted {
            if count(store, &key, &span_type, FEW_ROWS)? > FEW_ROWS {
                return Ok(None);
            }
            add(store, &key, &span_type, &mut ids)?;
        }
    }
    Ok(Some(ids.into_iter().collect()))
}

/// Traces that have a folder of files; `None` where not all of these folders can be listed.
fn in_files(store: &SqliteStore, query: &Query) -> Option<Vec<String>> {
    let folders = query.experiments.iter().flat_map(|experiment| {
        store.artifacts.trace_folders(experiment.artifact_location.as_deref(), &experiment.experiment_id)
    });
    let mut ids = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).ok()? {
            // Ids are UTF-8, so other names are none.
            ids.extend(entry.ok()?.file_name().into_string());
        }
    }
    Some(ids)
}

/// A condition on the column `spans.type`.
enum SpanTypeCondition<'a> {
    Any(&'a [String]),
    Is(Option<&'a str>),
}

impl SpanTypeCondition<'_> {
    /// The condition in SQL and its parameter, the second one of the statement.
    fn sql(&self) -> (&'static str, Option<String>) {
        match self {
            // One statement for all of them: there may be thousands.
            Self::Any(types) => ("type in (select value from json_each(?2))", serde_json::to_string(types).ok()),
            Self::Is(name) => ("type is ?2", name.map(str::to_owned)),
        }
    }
}

/// Counts the spans of a type, up to one more than `most`. The index (experiment, type, status) answers it alone.
fn count(store: &SqliteStore, experiment: &Value, span_type: &SpanTypeCondition<'_>, most: i64) -> Result<i64> {
    let (holds, value) = span_type.sql();
    let sql = format!("select count(*) from (select 1 from spans where experiment_id = ?1 and {holds} limit ?3)");
    store.read(|connection| connection.prepare_cached(&sql)?.query_row((experiment, value, most + 1), |row| row.get(0)))
}

/// Adds the traces that have a span of a type. They are few, so one read finds them.
fn add(
    store: &SqliteStore,
    experiment: &Value,
    span_type: &SpanTypeCondition<'_>,
    ids: &mut BTreeSet<String>,
) -> Result<()> {
    let (holds, value) = span_type.sql();
    let sql = format!("select distinct trace_id from spans where experiment_id = ?1 and {holds}");
    store.read(|connection| {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((experiment, value))?;
        while let Some(row) = rows.next()? {
            ids.extend(text(row, 0));
        }
        Ok(())
    })
}
