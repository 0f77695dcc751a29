//! Finds the traces that may match from an index, if they are few, so that not every trace needs to be checked.

use super::SqliteStore;
use super::span_rows::FailedRows;
use super::trace_row::CLOCK_EVERY;
use crate::limits;
use crate::model::{Problem, keys};
use crate::query::{Filter, Label, LabelTest, SpanTest, TextTest};
use crate::store::error::Result;
use crate::store::sql::{Sql, SqlRow as _, SqlValue, conditions, expressions};
use crate::store::{Query, SpanSubset};
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

/// The maximum number of candidates, or of span rows that they are read from. With more, a scan of all traces soon
/// meets enough matches.
pub(super) const MAX_CANDIDATES: usize = 5_000;
const MAX_SPAN_ROWS: i64 = 5_000;

/// The maximum number of rows listed if the query uses only failed spans. The index returns them in one short read.
const MAX_FAILED_ROWS: usize = 100_000;

/// The maximum number of spans of type `UNKNOWN` whose type is looked for in attributes of other frameworks.
const MAX_UNKNOWN_ROWS: i64 = 2_000;

/// The only traces that may match.
pub(super) struct Candidates {
    pub(super) ids: Vec<String>,
    /// The rows of failed spans, if the query uses no others and they were listed.
    pub(super) failed: Option<FailedRows>,
}

impl From<Vec<String>> for Candidates {
    fn from(ids: Vec<String>) -> Self {
        Self { ids, failed: None }
    }
}

/// Returns the only traces that may match, if one index lookup finds them.
pub(super) fn by_lookup(store: &SqliteStore, query: &Query) -> Result<Option<Candidates>> {
    for clause in &query.filter.clauses {
        let found = if let Some(ids) = clause.trace_ids() {
            Some(ids.to_vec())
        } else if let Some(linked) = conditions::linked_traces(&store.schema, clause) {
            query_ids(store, "{}", [linked])?
        } else if let Some((Label::Metadata(key), LabelTest::Text(test))) = clause.label()
            && key == keys::SESSION
        {
            with_session(store, query, test)?
        } else if clause.assessment().is_some() {
            query.candidates.clone()
        } else {
            None
        };
        if let Some(ids) = found {
            return Ok(Some(ids.into()));
        }
    }
    with_span_rows(store, query)
}

/// Returns the ids of the only traces that may match, if several reads find that they are few. `None` if any may match.
pub(super) fn by_scan(store: &SqliteStore, query: &Query, problems: &mut Vec<Problem>) -> Result<Option<Vec<String>>> {
    if let Some(ids) = with_span_type(store, query, problems)? {
        return Ok(Some(ids));
    }
    for clause in &query.filter.clauses {
        if let Some((label, test)) = clause.label()
            && let Some(ids) = with_label(store, label, test)?
        {
            return Ok(Some(ids));
        }
    }
    Ok(None)
}

/// Traces of a session, a column with an index since MLflow 3.17.
fn with_session(store: &SqliteStore, query: &Query, test: &TextTest) -> Result<Option<Vec<String>>> {
    if !matches!(test, TextTest::Is(_) | TextTest::In(_)) || !store.schema.has_column("trace_info", "session_id") {
        return Ok(None);
    }
    // An upgrade may have left sessions in the metadata, which the index does not find.
    let table = "trace_request_metadata";
    if store.schema.has_table(table) && has_key(store, table, keys::SESSION)? {
        return Ok(None);
    }
    let Some(condition) = conditions::text_sql(&store.schema, "session_id", test) else { return Ok(None) };
    let experiments = expressions::experiment_ids(&query.experiments);
    query_ids(
        store,
        &format!("select request_id from trace_info where experiment_id in ({experiments}) and {{}}"),
        [condition],
    )
}

/// Traces that have a tag or metadata entry.
fn with_label(store: &SqliteStore, label: &Label, test: &LabelTest) -> Result<Option<Vec<String>>> {
    match label_rows(store, label, test) {
        Some((table, condition)) => with_label_key(store, table, label.key(), &condition),
        None => Ok(None),
    }
}

/// Returns the table, sorted by key, whose rows with the key of a label have to be read to find the traces, and the
/// condition on its value. `None` if traces without such a row may match.
fn label_rows(store: &SqliteStore, label: &Label, test: &LabelTest) -> Option<(&'static str, Sql)> {
    let table = match label {
        Label::Tag(_) => "trace_tags",
        Label::Metadata(_) => "trace_request_metadata",
    };
    let is_column = match label.key() {
        keys::NAME => store.schema.has_column("trace_info", "trace_name"),
        keys::SESSION => store.schema.has_column("trace_info", "session_id"),
        keys::TOKEN_USAGE | keys::COST => true,
        _ => false,
    };
    if is_column || !store.schema.has_table(table) {
        return None;
    }
    let condition = match test {
        LabelTest::Exists => Sql::all([]),
        LabelTest::Text(TextTest::IsNot(_)) | LabelTest::Missing => return None,
        LabelTest::Text(test) => conditions::text_sql(&store.schema, "value", test)?,
    };
    Some((table, condition))
}

/// Counts the rows that [`by_scan`] has to read, up to `max` + 1. `None` if it would find nothing.
pub(super) fn rows_to_scan(store: &SqliteStore, query: &Query, max: usize) -> Result<Option<usize>> {
    if query.filter.span_types().is_some() && store.schema.has_table("spans") {
        // It ends soon, whether it finds few or many.
        return Ok(Some(0));
    }
    let labels = query.filter.clauses.iter().filter_map(|clause| clause.label());
    let mut scanned = labels.filter_map(|(label, test)| Some((label_rows(store, label, test)?.0, label.key())));
    let Some((table, key)) = scanned.next() else { return Ok(None) };
    let sql = format!("select count(*) from (select 1 from {table} where key = ? limit {})", max.saturating_add(1));
    let count: i64 = store.read(|connection| connection.prepare_cached(&sql)?.query_row([key], |row| row.get(0)))?;
    Ok(Some(usize::try_from(count).unwrap_or(usize::MAX)))
}

/// Whether any trace has a tag or metadata entry with this key.
pub(super) fn has_key(store: &SqliteStore, table: &str, key: &str) -> Result<bool> {
    let sql = format!("select 1 from {table} where key = ? limit 1");
    store.read(|connection| connection.prepare_cached(&sql)?.exists([key]))
}

/// Reads all rows with a key, in several reads. `None` if more than [`MAX_CANDIDATES`] match.
fn with_label_key(store: &SqliteStore, table: &str, key: &str, condition: &Sql) -> Result<Option<Vec<String>>> {
    let sql = format!(
        "select request_id, {} from {table} where key = ? and request_id > ? order by request_id",
        condition.text
    );
    let (mut ids, mut last) = (Vec::new(), String::new());
    loop {
        let is_done = store.read(|connection| {
            let (started, mut seen) = (Instant::now(), 0_usize);
            let mut values = condition.values.clone();
            values.extend([SqlValue::Text(key.to_owned()), SqlValue::Text(last.clone())]);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                seen += 1;
                let matches = row.integer(1) == Some(1);
                let is_long = seen % CLOCK_EVERY == 0 && started.elapsed() > limits::READ_TIME;
                if matches || is_long {
                    last = row.text(0).unwrap_or_default();
                }
                if matches {
                    ids.push(last.clone());
                }
                if is_long || ids.len() > MAX_CANDIDATES {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        if is_done || ids.len() > MAX_CANDIDATES {
            return Ok((ids.len() <= MAX_CANDIDATES).then_some(ids));
        }
    }
}

/// Traces that have a span of a rare type or status, according to the indexes, and traces with spans in files.
fn with_span_rows(store: &SqliteStore, query: &Query) -> Result<Option<Candidates>> {
    let is_indexed = |test: &SpanTest| {
        matches!(
            test,
            SpanTest::Type(TextTest::Is(_) | TextTest::In(_)) | SpanTest::Status(TextTest::Is(_) | TextTest::In(_))
        )
    };
    if !store.schema.has_table("spans") || !query.filter.span_tests().any(is_indexed) {
        return Ok(None);
    }
    let indexed = query.filter.clauses.iter().filter(|clause| clause.span_test().is_some_and(is_indexed));
    let condition = conditions::span_sql(&store.schema, &Filter { clauses: indexed.cloned().collect() });
    // All experiments: old clients recorded the active experiment with spans of another experiment's traces.
    // Listed one by one, they make SQLite use the index.
    let experiments: Vec<String> = store.read(|connection| {
        let mut statement = connection.prepare_cached("select cast(experiment_id as text) from experiments")?;
        statement.query_map([], |row| row.get(0))?.collect()
    })?;
    let template = format!("spans s where s.experiment_id in ({}) and {{}}", experiments.join(", "));
    // Counts up to one more than the maximum, from the index alone.
    let counted = format!("select 1 from {} limit {}", template.replacen("{}", &condition.text, 1), MAX_CANDIDATES + 1);
    let count: i64 = store.read(|connection| {
        let sql = format!("select count(*) from ({counted})");
        connection.query_row(&sql, rusqlite::params_from_iter(&condition.values), |row| row.get(0))
    })?;
    let found = if count <= MAX_SPAN_ROWS {
        query_ids(store, &format!("select s.trace_id from {template}"), [condition])?.map(Candidates::from)
    } else if query.projection.subset == SpanSubset::Failed {
        with_failed_rows(store, query, &template, &condition)?
    } else {
        None
    };
    let Some(Candidates { mut ids, failed }) = found else { return Ok(None) };
    let Some(in_files) = with_artifact_folder(store, query) else { return Ok(None) };
    ids.extend(in_files);
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(Candidates { ids, failed }))
}

/// Traces with a failed span, if the query uses only failed spans and they are not too many. The index returns the rows
/// in one read; their trace ids are read in several reads, in file order. The rows are kept for loading the traces.
fn with_failed_rows(store: &SqliteStore, query: &Query, template: &str, condition: &Sql) -> Result<Option<Candidates>> {
    let sql =
        format!("select s.rowid from {} limit {}", template.replacen("{}", &condition.text, 1), MAX_FAILED_ROWS + 1);
    let mut rows: Vec<i64> = store.read(|connection| {
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(rusqlite::params_from_iter(&condition.values), |row| row.get(0))?.collect()
    })?;
    if rows.len() > MAX_FAILED_ROWS {
        return Ok(None);
    }
    rows.sort_unstable();
    let (mut of_traces, mut left): (FailedRows, _) = (HashMap::new(), rows.as_slice());
    while !left.is_empty() {
        store.read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached("select trace_id from spans where rowid = ?")?;
            while let [row, rest @ ..] = left {
                if let Some(id) = statement.query([row])?.next()?.and_then(|row| row.text(0)) {
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
    // With another condition on spans, the rows do not include all failed spans.
    let failed = Some(of_traces).filter(|_| query.filter.span_tests().count() == 1);
    Ok(Some(Candidates { ids, failed }))
}

/// Runs a query once per condition, which replaces `{}`, and returns the ids, if they are few and found quickly.
fn query_ids(store: &SqliteStore, template: &str, parts: impl IntoIterator<Item = Sql>) -> Result<Option<Vec<String>>> {
    let mut ids = BTreeSet::new();
    let mut seen = 0;
    for part in parts {
        let sql = format!("{} limit {}", template.replacen("{}", &part.text, 1), MAX_CANDIDATES + 1 - seen);
        let is_done = store.read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(&part.values))?;
            while let Some(row) = rows.next()? {
                seen += 1;
                ids.extend(row.text(0));
                if started.elapsed() > 4 * limits::READ_TIME {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        if seen > MAX_CANDIDATES || !is_done {
            return Ok(None);
        }
    }
    Ok(Some(ids.into_iter().collect()))
}

/// Traces that may have a span of the types in the filter.
///
/// The column `spans.type` is the type recorded by the client. It is null for spans whose type is in attributes of
/// other frameworks, and spans in files have no rows; both are added as candidates.
fn with_span_type(store: &SqliteStore, query: &Query, problems: &mut Vec<Problem>) -> Result<Option<Vec<String>>> {
    let Some(types) = query.filter.span_types() else { return Ok(None) };
    if !store.schema.has_table("spans") {
        return Ok(None);
    }
    let Some(in_files) = with_artifact_folder(store, query) else { return Ok(None) };
    let mut ids: BTreeSet<String> = in_files.into_iter().collect();
    for experiment in &query.experiments {
        let key = expressions::experiment_id(&experiment.experiment_id);
        let mut type_conditions = vec![SpanTypeCondition::Any(types), SpanTypeCondition::Is(None)];
        if !types.iter().any(|name| name == "UNKNOWN") {
            if count_spans(store, &key, &SpanTypeCondition::Is(Some("UNKNOWN")), MAX_UNKNOWN_ROWS)? <= MAX_UNKNOWN_ROWS
            {
                type_conditions.push(SpanTypeCondition::Is(Some("UNKNOWN")));
            } else {
                problems.push(Problem::new(
                    "skipped_types",
                    "too many spans of type UNKNOWN; their type was not looked for in other attributes",
                ));
            }
        }
        for span_type in type_conditions {
            if count_spans(store, &key, &span_type, MAX_SPAN_ROWS)? > MAX_SPAN_ROWS {
                return Ok(None);
            }
            add_traces_with_type(store, &key, &span_type, &mut ids)?;
        }
    }
    Ok(Some(ids.into_iter().collect()))
}

/// Traces that have an artifact folder. `None` if one of the parent folders cannot be listed.
fn with_artifact_folder(store: &SqliteStore, query: &Query) -> Option<Vec<String>> {
    let folders = query.experiments.iter().flat_map(|experiment| {
        store.artifacts.trace_folders(experiment.artifact_location.as_deref(), &experiment.experiment_id)
    });
    let mut ids = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).ok()? {
            // Ids are UTF-8, so other names are not ids.
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
    /// Returns the condition in SQL and its value, parameter 2 of the statement.
    fn sql(&self) -> (&'static str, Option<String>) {
        match self {
            // One parameter for all types: there may be thousands.
            Self::Any(types) => ("type in (select value from json_each(?2))", serde_json::to_string(types).ok()),
            Self::Is(name) => ("type is ?2", name.map(str::to_owned)),
        }
    }
}

/// Counts the spans of a type, up to `max` + 1, with the index (experiment, type, status) alone.
fn count_spans(store: &SqliteStore, experiment: &SqlValue, span_type: &SpanTypeCondition<'_>, max: i64) -> Result<i64> {
    let (condition, value) = span_type.sql();
    let sql = format!("select count(*) from (select 1 from spans where experiment_id = ?1 and {condition} limit ?3)");
    store.read(|connection| connection.prepare_cached(&sql)?.query_row((experiment, value, max + 1), |row| row.get(0)))
}

/// Adds the traces that have a span of a type. They are few, so one read is enough.
fn add_traces_with_type(
    store: &SqliteStore,
    experiment: &SqlValue,
    span_type: &SpanTypeCondition<'_>,
    ids: &mut BTreeSet<String>,
) -> Result<()> {
    let (condition, value) = span_type.sql();
    let sql = format!("select distinct trace_id from spans where experiment_id = ?1 and {condition}");
    store.read(|connection| {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((experiment, value))?;
        while let Some(row) = rows.next()? {
            ids.extend(row.text(0));
        }
        Ok(())
    })
}
