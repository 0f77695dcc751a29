//! Which traces may fit, where an index knows that they are few, so that not every trace is looked at.

use super::conditions::{self, Sql};
use super::{LONGEST_READ, SqliteStore, scan, text};
use crate::error::Result;
use crate::filter::{AssessmentTest, Clause, Filter, SpanTest, TextTest, ValueTest};
use crate::model::Problem;
use crate::store::Query;
use rusqlite::types::Value;
use std::collections::BTreeSet;
use std::time::Instant;

/// Up to so many rows, their traces are listed from the index; of more, enough are met soon enough on the way.
const FEW: usize = 5_000;
const FEW_ROWS: i64 = 5_000;

/// Up to so many spans that say `UNKNOWN` are looked into for what foreign attributes tell of their type.
const FEW_UNKNOWN: i64 = 2_000;

/// The only traces that can fit; `None` where any may.
pub(super) fn list(store: &SqliteStore, query: &Query, problems: &mut Vec<Problem>) -> Result<Option<Vec<String>>> {
    for clause in &query.filter.clauses {
        let found = match clause {
            Clause::Assessment(test) => of_assessment(store, query, test)?,
            Clause::Issue(_) | Clause::Prompt(_) | Clause::Run(_) => of_links(store, clause)?,
            _ => None,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    if let Some(ids) = of_type(store, query, problems)? {
        return Ok(Some(ids));
    }
    of_rows(store, query)
}

/// Traces that have an assessment. One that is asked for by its absence, or counts for whole sessions, is no help.
fn of_assessment(store: &SqliteStore, query: &Query, test: &AssessmentTest) -> Result<Option<Vec<String>>> {
    if test.value == ValueTest::Missing || !test.sessions.is_empty() || !store.schema.has_table("assessments") {
        return Ok(None);
    }
    let holds = conditions::assessment(&store.schema, test);
    if !store.schema.has("assessments", "experiment_id") {
        return few(store, "select a.trace_id from assessments a where {}", [holds]);
    }
    let by_experiment = query.experiments.iter().map(|experiment| {
        let mut holds = holds.clone();
        holds.text = format!("a.experiment_id = ? and {}", holds.text);
        holds.values.insert(0, scan::experiment_key(&experiment.experiment_id));
        holds
    });
    few(store, "select a.trace_id from assessments a where {}", by_experiment)
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
    let form = "select s.trace_id from spans s where s.experiment_id in (select experiment_id from experiments) and {}";
    let Some(mut ids) = few(store, form, [holds])? else { return Ok(None) };
    ids.extend(in_files(store, query));
    ids.sort_unstable();
    ids.dedup();
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
                if started.elapsed() > 3 * LONGEST_READ {
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
    let mut ids: BTreeSet<String> = in_files(store, query).into_iter().collect();
    for experiment in &query.experiments {
        let key = scan::experiment_key(&experiment.experiment_id);
        let mut wanted: Vec<Option<&str>> = types.iter().map(|name| Some(name.as_str())).collect();
        wanted.push(None);
        if !types.iter().any(|name| name == "UNKNOWN") {
            if count(store, &key, Some("UNKNOWN"), FEW_UNKNOWN)? <= FEW_UNKNOWN {
                wanted.push(Some("UNKNOWN"));
            } else {
                problems.push(Problem::new(
                    "skipped_types",
                    "many spans say UNKNOWN; foreign attributes that tell more of their type were not looked for",
                ));
            }
        }
        for span_type in wanted {
            if count(store, &key, span_type, FEW_ROWS)? > FEW_ROWS {
                return Ok(None);
            }
            add(store, &key, span_type, &mut ids)?;
        }
    }
    Ok(Some(ids.into_iter().collect()))
}

/// Traces that have a folder of files.
fn in_files(store: &SqliteStore, query: &Query) -> Vec<String> {
    let folders = query.experiments.iter().flat_map(|experiment| {
        store.artifacts.trace_folders(experiment.artifact_location.as_deref(), &experiment.experiment_id)
    });
    let entries = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Counts the spans of a type, up to one more than `most`. The index (experiment, type, status) answers it alone.
fn count(store: &SqliteStore, experiment: &Value, span_type: Option<&str>, most: i64) -> Result<i64> {
    let sql = "select count(*) from (select 1 from spans where experiment_id = ? and type is ? limit ?)";
    store.read(|connection| {
        connection.prepare_cached(sql)?.query_row((experiment, span_type, most + 1), |row| row.get(0))
    })
}

/// Adds the traces that have a span of a type. They are few, so one read finds them.
fn add(store: &SqliteStore, experiment: &Value, span_type: Option<&str>, ids: &mut BTreeSet<String>) -> Result<()> {
    let sql = "select distinct trace_id from spans where experiment_id = ? and type is ?";
    store.read(|connection| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query((experiment, span_type))?;
        while let Some(row) = rows.next()? {
            ids.extend(text(row, 0));
        }
        Ok(())
    })
}
