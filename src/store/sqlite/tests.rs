//! Searches in SQL and evaluation in memory select the same traces, for random conditions on random stores.

use super::scan::Scan;
use super::*;
use crate::json::Json;
use crate::model::keys;
use crate::query::{AssessmentTest, Clause, Filter, language};
use crate::store::{ReadPlan, StoreError, rows, select};
use proptest::prelude::*;
use rusqlite::types::Value;
use std::ops::ControlFlow;

/// A deterministic source of random choices.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    fn perhaps<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(3) > 0).then(|| value(self))
    }
}

const WORDS: &[&str] =
    &["a", "A", "é", "É", "a_b", "50%", "", "yes", "true", "0.5", "5", "null", "x\ny", "it's", "a\\b", "tool"];
const PATTERNS: &[&str] =
    &["a%", "%A%", "_", "%", "", "%é%", "%É", "5%", "a__b", "%\n%", "%tool%", "%\"a\"%", "%: \"%"];
const REGEXES: &[&str] = &["a", "^a$", "[", "(?i)é", "a|tool", "^$", "\\d", "a.b", ".*"];
const STATES: &[&str] = &["OK", "ERROR", "IN_PROGRESS", "STATE_UNSPECIFIED", "TRACE_STATUS_UNSPECIFIED"];
const TIMES: &[&str] = &["1000", "2000", "11000", "12000", "1795132800000", "0"];
const VALUES: &[&str] = &["\"yes\"", "true", "0.5", "5", "null", "\"\\u00e9\"", "[\"a\", 1]", "{\"a\": 0.5}", "\"5\""];
const USAGES: &[&str] =
    &["{\"input_tokens\": 5, \"output_tokens\": 1, \"total_tokens\": 6}", "{\"input_tokens\": 5}", "{}"];

/// A store in memory with the schema of a release.
fn empty(schema: &str) -> SqliteStore {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(schema).unwrap();
    let experiments = "insert into experiments (experiment_id, name, lifecycle_stage) values (1, 'one', 'active'), (2, 'two', 'active')";
    connection.execute(experiments, []).unwrap();
    let artifacts = Artifacts::new(Vec::new(), None);
    SqliteStore::new(open::Database::from_connection(connection).unwrap(), "memory".to_owned(), artifacts).unwrap()
}

/// A row: columns and values. Columns that a release does not have are ignored.
type Row<'a> = Vec<(&'a str, Value)>;

fn insert(store: &SqliteStore, table: &str, row: Row<'_>) {
    let row: Row<'_> = row.into_iter().filter(|(column, _)| store.schema.has_column(table, column)).collect();
    if row.is_empty() {
        return;
    }
    let columns: Vec<&str> = row.iter().map(|(column, _)| *column).collect();
    let marks = vec!["?"; row.len()].join(", ");
    let sql = format!("insert or ignore into {table} ({}) values ({marks})", columns.join(", "));
    let values = rusqlite::params_from_iter(row.into_iter().map(|(_, value)| value));
    store.database.connection.execute(&sql, values).unwrap();
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn maybe(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

fn number(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Integer(text.parse().unwrap()))
}

/// Empties the store and fills it with a few traces.
fn fill(store: &SqliteStore, dice: &mut Dice) {
    for table in ["trace_tags", "trace_request_metadata", "assessments", "spans", "entity_associations", "trace_info"] {
        if store.schema.has_table(table) {
            store.database.connection.execute(&format!("delete from {table}"), []).unwrap();
        }
    }
    for at in 0..6 {
        let id = format!("tr-{at}");
        let experiment = dice.pick(&["1", "1", "2"]);
        let usage = dice.roll(2) == 0;
        let row = vec![
            ("request_id", text(&id)),
            ("experiment_id", number(Some(experiment))),
            ("timestamp_ms", number(Some(dice.pick(TIMES)))),
            ("execution_time_ms", number(dice.perhaps(|dice| dice.pick(&["0", "5", "1000"])))),
            ("status", text(dice.pick(STATES))),
            ("client_request_id", maybe(dice.perhaps(|dice| dice.pick(WORDS)))),
            ("trace_name", maybe(dice.perhaps(|dice| dice.pick(WORDS)))),
            ("session_id", maybe(dice.perhaps(|dice| dice.pick(&["s1", "s2"])))),
            ("input_tokens", number(usage.then_some("5"))),
            ("total_tokens", number((usage && dice.roll(2) == 0).then_some("6"))),
        ];
        insert(store, "trace_info", row);
        fill_labels(store, dice, &id);
        for span in 0..dice.roll(4) {
            insert(store, "spans", any_span(dice, &id, experiment, span));
        }
        for assessment in 0..dice.roll(3) {
            insert(store, "assessments", any_assessment(dice, &id, experiment, assessment));
        }
        for (kind, to) in [("run", "r1"), ("prompt_version", "p/1")] {
            if dice.roll(3) == 0 {
                let row = vec![
                    ("association_id", text(&format!("{id}{kind}"))),
                    ("source_type", text("trace")),
                    ("source_id", text(&id)),
                    ("destination_type", text(kind)),
                    ("destination_id", text(to)),
                ];
                insert(store, "entity_associations", row);
            }
        }
    }
}

fn fill_labels(store: &SqliteStore, dice: &mut Dice, id: &str) {
    let labels: [(&str, &str, &[&str]); 8] = [
        ("trace_tags", "team", WORDS),
        ("trace_tags", "a b", WORDS),
        ("trace_tags", keys::NAME, WORDS),
        ("trace_tags", keys::LINKED_PROMPTS, &["[{\"name\": \"p\", \"version\": \"1\"}]", "[", "[]"]),
        ("trace_request_metadata", "k", WORDS),
        ("trace_request_metadata", keys::SESSION, &["s1", "s2"]),
        ("trace_request_metadata", keys::TOKEN_USAGE, USAGES),
        ("trace_request_metadata", keys::RUN, &["r1", "r2"]),
    ];
    let has_columns = store.schema.has_column("trace_info", "trace_name");
    for (table, key, values) in labels {
        let is_column = has_columns && [keys::NAME, keys::SESSION, keys::TOKEN_USAGE].contains(&key);
        if !is_column && dice.roll(2) == 0 {
            let row = vec![("key", text(key)), ("value", text(dice.pick(values))), ("request_id", text(id))];
            insert(store, table, row);
        }
    }
}

fn any_span<'a>(dice: &mut Dice, id: &str, experiment: &str, at: usize) -> Row<'a> {
    let (name, word) = (dice.pick(WORDS), dice.pick(WORDS));
    let start: i64 = dice.pick(TIMES).parse::<i64>().unwrap() * 1_000_000;
    let content = format!(
        "{{\"span_id\": \"{at:016x}\", \"name\": {}, \"start_time_unix_nano\": {start}, \"attributes\": {{\"a\": {}, \"b\": \"5\"}}}}",
        Json::string(name).text(),
        Json::string(Json::string(word).text()).text()
    );
    vec![
        ("trace_id", text(id)),
        ("experiment_id", number(Some(experiment))),
        ("span_id", text(&format!("{at:016x}"))),
        ("name", text(name)),
        ("type", maybe(dice.perhaps(|dice| dice.pick(&["TOOL", "LLM", "é"])))),
        ("status", text(dice.pick(&["OK", "ERROR", "UNSET"]))),
        ("start_time_unix_nano", Value::Integer(start)),
        ("content", text(if dice.roll(8) == 0 { "" } else { &content })),
    ]
}

fn any_assessment<'a>(dice: &mut Dice, id: &str, experiment: &str, at: usize) -> Row<'a> {
    let value = dice.pick(VALUES);
    let figure = value.parse::<f64>();
    vec![
        ("assessment_id", text(&format!("a-{id}-{at}"))),
        ("trace_id", text(id)),
        ("name", text(dice.pick(&["x", "é"]))),
        ("assessment_type", text(dice.pick(&["feedback", "expectation", "issue"]))),
        ("value", text(value)),
        ("created_timestamp", number(Some("1"))),
        ("last_updated_timestamp", number(Some("1"))),
        ("source_type", text("CODE")),
        ("valid", number(Some(dice.pick(&["1", "1", "0"])))),
        ("assessment_metadata", maybe(dice.perhaps(|_| "{\"mlflow.trace.session\": \"s1\"}"))),
        ("experiment_id", number(Some(experiment))),
        ("is_numeric_value", number(Some(if figure.is_ok() { "1" } else { "0" }))),
        ("aggregate_value", figure.map_or(Value::Null, Value::Real)),
    ]
}

fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

/// A random condition in MLflow's filter syntax.
fn clause(dice: &mut Dice) -> String {
    let compare = |dice: &mut Dice, key: &str, words: &[&str], with_lists: bool| match dice.roll(if with_lists {
        7
    } else {
        5
    }) {
        0 => format!("{key} = {}", quoted(dice.pick(words))),
        1 => format!("{key} != {}", quoted(dice.pick(words))),
        2 => format!("{key} LIKE {}", quoted(dice.pick(PATTERNS))),
        3 => format!("{key} ILIKE {}", quoted(dice.pick(PATTERNS))),
        4 => format!("{key} RLIKE {}", quoted(dice.pick(REGEXES))),
        5 => format!("{key} IN ('a', 'OK', \"yes\", 'TOOL')"),
        _ => format!("{key} NOT IN ('a', 'OK', 'é')"),
    };
    let null = |dice: &mut Dice, key: &str| format!("{key} {}", dice.pick(&["IS NULL", "IS NOT NULL"]));
    match dice.roll(17) {
        0 => compare(dice, "status", STATES, true),
        1 => compare(dice, "client_request_id", WORDS, true),
        2 => {
            let key = dice.pick(&["timestamp_ms", "execution_time", "end_time"]);
            let sign = dice.pick(&["=", "!=", ">", ">=", "<", "<="]);
            let value = dice.pick(&["1000", "2000.0", "0.5", "12000", "11000", "'5'", "'x'", "-1", "22000"]);
            // MLflow rejects a quoted bound together with conditions on spans.
            if key == "timestamp_ms" && value.starts_with('\'') {
                format!("{key} = {value}")
            } else {
                format!("{key} {sign} {value}")
            }
        }
        3 => compare(dice, "name", WORDS, false),
        4 => null(dice, "name"),
        5 => {
            let key =
                dice.pick(&["tags.team", "tags.`a b`", "metadata.k", "metadata.`mlflow.trace.session`", "tags.none"]);
            if dice.roll(3) == 0 { null(dice, key) } else { compare(dice, key, WORDS, false) }
        }
        6 => format!("metadata.`mlflow.trace.tokenUsage` {} {}", dice.pick(&["=", "!="]), quoted(dice.pick(USAGES))),
        7 => null(dice, "metadata.`mlflow.trace.tokenUsage`"),
        8 => format!("run_id = '{}'", dice.pick(&["r1", "r2", "r3"])),
        9 => format!("prompt = '{}'", dice.pick(&["p/1", "p/2"])),
        10 => format!("issue.id = '{}'", dice.pick(&["x", "y"])),
        11 => {
            let key = dice.pick(&["feedback.x", "expectation.x", "feedback.é"]);
            match dice.roll(3) {
                0 => null(dice, key),
                1 => format!("{key} {} {}", dice.pick(&[">", ">=", "<", "<="]), dice.pick(&["0.5", "5", "-1", "4.9"])),
                _ => compare(dice, key, WORDS, false),
            }
        }
        12 => compare(dice, "span.name", WORDS, true),
        13 => compare(dice, "span.type", &["TOOL", "LLM", "é"], true),
        14 => compare(dice, "span.status", STATES, true),
        15 => format!("span.content {} {}", dice.pick(&["LIKE", "ILIKE"]), quoted(dice.pick(PATTERNS))),
        _ => compare(dice, "span.attributes.a", WORDS, true),
    }
}

/// All traces, with everything that a condition may test.
fn everything(store: &SqliteStore, query: &Query) -> Vec<Trace> {
    let hits = Scan::begin(store, &Query::newest(query.experiments.clone())).unwrap().next(store, 1_000).unwrap();
    let infos = store.infos(&hits, true, &mut Vec::new()).unwrap();
    let whole = |info: TraceInfo| {
        let has_table = store.schema.has_table("spans");
        let in_table = if has_table { span_rows::read_searchable(store, &info.trace_id).unwrap() } else { Vec::new() };
        let mut trace = store.with_spans(info, &SpanRowSelection::all(SpanDetail::All), None).unwrap();
        trace.rows = Some(if in_table.is_empty() { rows::from_spans(&trace, &query.filter) } else { in_table });
        trace
    };
    infos.into_iter().map(whole).collect()
}

/// The ids of the traces that evaluation alone selects.
fn evaluated(traces: &[Trace], filter: &Filter) -> Vec<String> {
    let mut filter = filter.clone();
    for clause in &mut filter.clauses {
        if let Clause::Assessment(test) = clause {
            let carried = Filter {
                clauses: vec![Clause::Assessment(AssessmentTest { is_session_level: true, ..test.present() })],
            };
            let carriers = traces.iter().filter(|trace| carried.matches_info(&trace.info));
            test.sessions = Some(carriers.filter_map(|trace| trace.info.session_id().map(str::to_owned)).collect());
        }
    }
    let mut ids: Vec<String> =
        traces.iter().filter(|trace| filter.matches(trace)).map(|trace| trace.info.trace_id.clone()).collect();
    ids.sort();
    ids
}

/// The ids of the traces that a search returns.
fn selected(store: &SqliteStore, query: &Query) -> Vec<String> {
    let mut ids = Vec::new();
    select::<StoreError>(store, query, &mut Vec::new(), &mut |trace| {
        ids.push(trace.info.trace_id);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    ids.sort();
    ids
}

fn check(store: &SqliteStore, seed: u64) {
    let mut dice = Dice(seed);
    fill(store, &mut dice);
    let experiments = store.experiments(&mut Vec::new()).unwrap();
    for _ in 0..20 {
        let clauses: Vec<String> = (0..=dice.roll(3)).map(|_| clause(&mut dice)).collect();
        let text = clauses.join(" AND ");
        let filter =
            Filter { clauses: language::parse(&text).unwrap_or_else(|error| panic!("{text}: {}", error.message)) };
        let plan = [ReadPlan::ALL, ReadPlan::first(1)][dice.roll(2)];
        let query = Query { filter, plan, ..Query::newest(experiments.clone()) };
        let expected = evaluated(&everything(store, &query), &query.filter);
        assert_eq!(selected(store, &query), expected, "seed {seed}: {text}");
    }
}

macro_rules! schemas {
    ($($name:ident $file:literal)*) => {
        $(
            #[test]
            fn $name() {
                let store = empty(include_str!(concat!("../../../fixtures/schemas/schema-", $file, ".sql")));
                let config = crate::tests::fixed_seed_config();
                // Each case is one store and twenty filters.
                proptest!(ProptestConfig { cases: config.cases / 4, ..config }, |(seed: u64)| {
                    check(&store, seed);
                });
            }
        )*
    };
}

schemas! {
    searches_match_evaluation_in_3_18 "3.18.0"
    searches_match_evaluation_in_3_16 "3.16.1"
    searches_match_evaluation_in_3_6 "3.6.0"
    searches_match_evaluation_in_3_1 "3.1.4"
}

#[test]
fn exhausted_regular_expressions_are_reported_and_not_evaluated_again() {
    let store = SqliteStore::demo().unwrap();
    let mut problems = Vec::new();
    let experiments = store.experiments(&mut problems).unwrap();
    let filter = Filter { clauses: language::parse("name RLIKE '(?=run)'").unwrap() };
    let query = Query { filter, ..Query::newest(experiments) };
    let mut count = |query: &Query| {
        let mut count = 0;
        let mut take = |_| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        };
        problems.clear();
        select::<StoreError>(&store, query, &mut problems, &mut take).unwrap();
        (count, problems.iter().map(|problem| problem.kind.to_string()).collect::<Vec<_>>())
    };
    let (found, gaps) = count(&query);
    assert!(found > 0 && gaps.is_empty());
    query.filter.regexes().for_each(crate::query::Regex::exhaust);
    assert_eq!(count(&query), (0, vec!["skipped_text".to_owned()]));
}

#[test]
fn endless_statements_are_interrupted() {
    let store = SqliteStore::demo().unwrap();
    let endless = "with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r";
    let read = store.read(|connection| {
        store.database.bounds.use_up_steps();
        connection.query_row(endless, [], |row| row.get::<_, i64>(0))
    });
    let Err(StoreError::Database(error)) = read else { panic!("{read:?}") };
    let DatabaseError::Sqlite { source, .. } = *error else { panic!("{error:?}") };
    assert_eq!(source.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted));
    // The next read starts with all its steps.
    assert!(!store.is_empty().unwrap());
}

/// A copy of a fixture that a test may change, and the folder that it is deleted with.
pub(super) fn copy_of_fixture() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mlflow.db");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/stores/3.18.0-sqlite/mlflow.db"), &path).unwrap();
    (folder, path)
}

#[test]
fn unlocked_reads_do_not_block_writers_and_repeat_after_writes() {
    let (_folder, path) = copy_of_fixture();
    let store = SqliteStore::open(&path, &StoreEnvironment::default()).unwrap();
    let writer = Connection::open(&path).unwrap();
    writer.busy_timeout(std::time::Duration::ZERO).unwrap();
    let may_write = || writer.execute_batch("begin exclusive; rollback").is_ok();
    assert!(!store.read(|_| Ok(may_write())).unwrap());
    let count = |connection: &Connection| connection.query_row("select count(*) from trace_info", [], |row| row.get(0));
    let before: i64 = store.read(count).unwrap();
    let mut times = 0;
    let found = store.unlocked(|| {
        times += 1;
        let found: i64 = store.read(count)?;
        if times == 1 {
            assert!(may_write());
            writer
                .execute_batch("delete from trace_info where rowid in (select rowid from trace_info limit 1)")
                .unwrap();
        }
        Ok(found)
    });
    assert_eq!((found.unwrap(), times), (before - 1, 2));
    // Later reads take locks.
    let locked = |connection: &Connection| count(connection).map(|_| may_write());
    assert!(!store.unlocked(|| store.read(locked)).unwrap());
}
