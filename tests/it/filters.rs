//! MLflow's filter language: for each store in `fixtures/filters`, every filter in `cases.jsonl` must give the result
//! of MLflow 3.18.0. [`EXCEPTIONS`] lists the differences with their reasons.

use crate::harness::{Cli, Fixture, fixtures, items, strings};
use mltrace::query::{Clause, Filter, language};
use mltrace::store::{self, Address, Query, StoreEnvironment, TraceStore};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

const DATABASE: &str = "3.18.0-sqlite";
const FILES: &str = "3.18.0-file";
const OLDER: &str = "3.6.0-sqlite";
const ALL: &[&str] = &[DATABASE, FILES, OLDER];

/// The sorted `case` tags of the traces that match a filter, or the error of an invalid filter.
type FilterResult = Result<Vec<String>, String>;

/// A filter, and MLflow's result for the database of 3.18.0.
struct Case {
    filter: String,
    result: FilterResult,
}

impl Case {
    fn has(&self, case: &str) -> bool {
        self.result.as_ref().is_ok_and(|cases| cases.iter().any(|other| other == case))
    }

    fn has_any(&self) -> bool {
        self.result.as_ref().is_ok_and(|cases| !cases.is_empty())
    }
}

/// A difference from MLflow's result, with the reason.
struct Exception {
    stores: &'static [&'static str],
    filters: Filters,
    why: &'static str,
    instead: Instead,
}

enum Filters {
    Exact(&'static [&'static str]),
    /// All cases for which the function returns true.
    Matching(fn(&Case) -> bool),
}

/// The expected result. Several exceptions are applied in order.
enum Instead {
    Refused,
    Selects(&'static [&'static str]),
    With(&'static [&'static str]),
    Without(&'static [&'static str]),
}

use Filters::{Exact, Matching};
use Instead::{Refused, Selects, With, Without};

const EXCEPTIONS: &[Exception] = &[
    Exception {
        stores: ALL,
        filters: Exact(&["span.attributes.model IN ('gpt-4')"]),
        why: "IN on attributes is supported; MLflow fails",
        instead: Selects(&["e06", "e09"]),
    },
    Exception {
        stores: ALL,
        filters: Exact(&["span.`attributes.dotted.key` IN ('x')"]),
        why: "IN on attributes is supported; MLflow fails",
        instead: Selects(&["e07"]),
    },
    Exception {
        stores: ALL,
        filters: Exact(&["span.attributes.dotted.key = 'x'"]),
        why: "= on keys with dots is supported; in MLflow it never matches",
        instead: Selects(&["e07"]),
    },
    Exception {
        stores: ALL,
        filters: Exact(&[r"status IN ('\N{LATIN CAPITAL LETTER O}K')", r"name RLIKE '\N{BULLET}'"]),
        why: "character names are not supported",
        instead: Refused,
    },
    Exception {
        stores: ALL,
        filters: Matching(|case| case.result.as_ref().is_err_and(|why| why.contains("at most 64 tables in a join"))),
        why: "SQLite cannot join more tables; here conditions are not joins",
        instead: Selects(&["a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "f04"]),
    },
    Exception {
        stores: &[FILES],
        filters: Matching(|case| case.has("f01")),
        why: "file stores have no unfinished traces",
        instead: Without(&["f01"]),
    },
    Exception {
        stores: &[FILES],
        filters: Exact(&[
            "trace.run_id = '00000000000f42408000000000005eed'",
            "metadata.run_id = '00000000000f42408000000000005eed'",
            "tags.run_id = '00000000000f42408000000000005eed'",
            "feedback.run_id = '00000000000f42408000000000005eed'",
            "metadata.`mlflow.sourceRun` = '00000000000f42408000000000005eed'",
            "run_id = '00000000000f42408000000000005eed'",
            "run_id = '00000000000f42408000000000005eed' AND name LIKE 'linked'",
            "run_id = '' AND run_id = '00000000000f42408000000000005eed'",
            "run_id = '00000000000f42418000000000005eed' AND run_id = '00000000000f42408000000000005eed'",
        ]),
        why: "file stores cannot link traces to runs later",
        instead: Without(&["d03"]),
    },
    Exception {
        stores: &[FILES],
        filters: Exact(&[
            "run_id = '00000000000f42418000000000005eed'",
            "run_id = '00000000000f42408000000000005eed' AND run_id = '00000000000f42418000000000005eed'",
            "run_id = \"00000000000f42408000000000005eed\" AND metadata.`mlflow.sourceRun` = '00000000000f42418000000000005eed'",
        ]),
        why: "file stores cannot link traces to runs later",
        instead: Without(&["d04"]),
    },
    Exception {
        stores: &[FILES],
        filters: Exact(&["metadata.clé IS NULL"]),
        why: "file stores use keys as file names, and the fixture must be valid on every file system",
        instead: With(&["b06"]),
    },
    Exception {
        stores: &[FILES],
        filters: Exact(&["feedback.score = '1.0'"]),
        why: "file stores convert numbers to floats",
        instead: With(&["g06"]),
    },
    Exception {
        stores: &[FILES],
        filters: Exact(&["feedback.score = 'NaN'"]),
        why: "file stores fail to write such feedback",
        instead: Without(&["g21"]),
    },
    Exception {
        stores: &[FILES],
        filters: Exact(&["feedback.score = 'Infinity'"]),
        why: "file stores fail to write such feedback",
        instead: Without(&["g22"]),
    },
    Exception {
        stores: &[FILES],
        filters: Exact(&["feedback.score is null"]),
        why: "file stores fail to write feedback of NaN and Infinity",
        instead: With(&["g21", "g22"]),
    },
    Exception {
        stores: &[FILES, OLDER],
        filters: Matching(|case| {
            case.filter.starts_with("issue.") && case.has_any() && !case.filter.contains("issue.name")
        }),
        why: "only databases of 3.18 have issues",
        instead: Selects(&[]),
    },
    Exception {
        stores: &[FILES, OLDER],
        filters: Exact(&["metadata.`mlflow.trace.cost` IS NULL"]),
        why: "only databases of 3.18 have costs",
        instead: With(&["e01", "e10", "e11"]),
    },
    Exception {
        stores: &[FILES, OLDER],
        filters: Matching(|case| {
            case.filter.contains("mlflow.trace.cost`") && !case.filter.ends_with("IS NULL") && case.has_any()
        }),
        why: "only databases of 3.18 have costs",
        instead: Selects(&[]),
    },
    Exception {
        stores: &[OLDER],
        filters: Exact(&[
            r#"metadata.`mlflow.trace.tokenUsage` = '{"input_tokens": 100, "output_tokens": 7, "total_tokens": 107, "cache_read_input_tokens": 50}'"#,
        ]),
        why: "3.6.0 does not count cached tokens",
        instead: Selects(&[]),
    },
    Exception {
        stores: &[OLDER],
        filters: Exact(&[
            r#"metadata.`mlflow.trace.tokenUsage` = '{"input_tokens": 100, "output_tokens": 7, "total_tokens": 107}'"#,
        ]),
        why: "3.6.0 does not count cached tokens",
        instead: With(&["e11"]),
    },
    Exception {
        stores: &[OLDER],
        filters: Exact(&["span.attributes.count LIKE '%10%'"]),
        why: "MLflow searches from the attribute to the end of the span's JSON, which has no log level in 3.6.0",
        instead: Without(&["e07"]),
    },
    Exception {
        stores: &[OLDER],
        filters: Exact(&["span.attributes.clé RLIKE 'été'"]),
        why: "3.6.0 escapes non-ASCII characters in the JSON of spans, which regular expressions do not decode",
        instead: Without(&["e08"]),
    },
];

impl Exception {
    fn applies_to(&self, store: &str, case: &Case) -> bool {
        self.stores.contains(&store)
            && match self.filters {
                Exact(filters) => filters.contains(&case.filter.as_str()),
                Matching(matches) => matches(case),
            }
    }

    fn change(&self, result: FilterResult) -> FilterResult {
        let owned = |cases: &[&str]| cases.iter().map(|case| (*case).to_owned()).collect::<Vec<_>>();
        match self.instead {
            Refused => Err("refused".to_owned()),
            Selects(cases) => Ok(owned(cases)),
            With(more) => {
                let mut cases = result.unwrap_or_default();
                cases.extend(owned(more));
                cases.sort();
                Ok(cases)
            }
            Without(less) => {
                result.map(|cases| cases.into_iter().filter(|case| !less.contains(&case.as_str())).collect())
            }
        }
    }
}

/// Whether two results are equal. Error messages are not compared.
fn is_same(a: &FilterResult, b: &FilterResult) -> bool {
    a.as_ref().ok() == b.as_ref().ok()
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(fixtures().join("filters/cases.jsonl")).unwrap();
    let read = |line| {
        let case: Value = serde_json::from_str(line).unwrap();
        let result = match case["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => {
                Ok(case["selects"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect())
            }
        };
        Case { filter: case["filter"].as_str().unwrap().to_owned(), result }
    };
    text.lines().map(read).collect()
}

fn path(name: &str) -> PathBuf {
    let folder = fixtures().join("filters").join(name);
    folder.join(if name == FILES { "mlruns" } else { "mlflow.db" })
}

/// The result of the library, called directly because a process per filter would be slow.
fn select(store: &dyn TraceStore, newest: &Query, filter: &str) -> FilterResult {
    let clauses = language::parse(filter).map_err(|error| error.message)?;
    let query = Query { filter: Filter { clauses }, ..newest.clone() };
    let mut cases = Vec::new();
    store::select(store, &query, &mut Vec::new(), &mut |trace| {
        cases.push(trace.info.tags.get("case").unwrap_or("a trace without a case").to_owned());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap_or_else(|error: store::StoreError| panic!("{filter}: {error}"));
    cases.sort();
    Ok(cases)
}

/// Compares the results of all cases in a store.
fn compare(name: &str) {
    let cases = cases();
    assert!(cases.len() > 900, "{}", cases.len());
    let path = path(name);
    let address = if name == FILES { Address::Files(path) } else { Address::Sqlite(path) };
    let store = store::open(&address, &StoreEnvironment::default()).unwrap();
    let mut experiments = store.experiments(&mut Vec::new()).unwrap();
    experiments.retain(|experiment| ["Alpha", "Beta"].contains(&experiment.name.as_str()));
    assert_eq!(experiments.len(), 2);
    let newest = Query::newest(experiments);
    let mut wrong = Vec::new();
    for exception in EXCEPTIONS.iter().filter(|exception| exception.stores.contains(&name)) {
        if let Exact(filters) = exception.filters {
            let unknown = filters.iter().filter(|filter| !cases.iter().any(|case| case.filter == **filter));
            wrong.extend(unknown.map(|filter| format!("exception without a case: {filter:?}")));
        } else if !cases.iter().any(|case| exception.applies_to(name, case)) {
            wrong.push(format!("exception that concerns no case: {}", exception.why));
        }
    }
    for case in &cases {
        let mut expected = case.result.clone();
        let mut whys = Vec::new();
        for exception in EXCEPTIONS.iter().filter(|exception| exception.applies_to(name, case)) {
            let changed = exception.change(expected.clone());
            if is_same(&changed, &expected) {
                wrong.push(format!("exception without effect for {:?}: {}", case.filter, exception.why));
            }
            whys.push(exception.why);
            expected = changed;
        }
        let actual = select(&*store, &newest, &case.filter);
        if !is_same(&actual, &expected) {
            wrong.push(format!("{:?}\n    {actual:?}, not\n    {expected:?} {whys:?}", case.filter));
        }
    }
    assert!(wrong.is_empty(), "{name}: {} differences\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn databases_match_mlflow() {
    compare(DATABASE);
}

#[test]
fn file_stores_match_mlflow() {
    compare(FILES);
}

#[test]
fn databases_of_older_releases_match_mlflow() {
    compare(OLDER);
}

/// A command on one of the stores with the cases.
fn on(name: &str, words: &str) -> Cli {
    Cli::new(words).on(path(name))
}

/// A list with a filter, which is passed as one argument.
fn filtered(name: &str, filter: &str) -> Cli {
    on(name, "traces list --all -x Alpha -x Beta").arg(format!("--filter={filter}"))
}

/// The sorted `case` tags of the traces that a command lists.
fn listed(cli: &Cli) -> Vec<String> {
    let document = cli.json();
    let tags = items(&document, "traces").iter().map(|trace| trace["tags"]["case"].as_str().unwrap().to_owned());
    let mut cases: Vec<String> = tags.collect();
    cases.sort();
    cases
}

/// Flags with the equivalent filter.
const SAME: &[(&[&str], &str)] = &[
    (&["--status", "ok"], "status = 'OK'"),
    (&["--status", "error,in_progress"], "status IN ('ERROR', 'IN_PROGRESS')"),
    (&["--tag", "env"], "tags.env IS NOT NULL"),
    (&["--tag", "env=prod"], "tags.env = 'prod'"),
    (&["--tag", "env="], "tags.env = ''"),
    (&["--tag", "a b=two"], "tags.`a b` = 'two'"),
    (&["--tag", "quote=it's"], "tags.quote = \"it's\""),
    (&["--tag", "env=prod", "--tag", "case=a01"], "tags.env = 'prod' AND tags.`case` = 'a01'"),
    (&["--metadata", "env"], "metadata.env IS NOT NULL"),
    (&["--metadata", "env=prod"], "metadata.env = 'prod'"),
    (&["--metadata", "dotted.key=one"], "metadata.`dotted.key` = 'one'"),
    (&["--session", "chat-1"], "metadata.`mlflow.trace.session` = 'chat-1'"),
    (&["--user", "ada"], "metadata.`mlflow.trace.user` = 'ada'"),
    (&["--run", "00000000000f42408000000000005eed"], "run_id = '00000000000f42408000000000005eed'"),
    (&["--name", "answer"], "name = 'answer'"),
    (&["--name", "*an*"], "name LIKE '%an%'"),
    (&["--name", "?nswer"], "name LIKE '_nswer'"),
    (&["--since", "2026-01-05T12:01:00Z"], "timestamp_ms >= 1767614460000"),
    (&["--until", "2026-01-05T12:01:00Z"], "timestamp_ms < 1767614460000"),
    (&["--min-duration", "1s"], "execution_time_ms >= 1000"),
    (&["--max-duration", "5ms"], "execution_time_ms <= 5"),
    (&["--type", "RETRIEVER"], "span.type = 'RETRIEVER'"),
    (&["--type", "LLM", "--type", "AGENT"], "span.type IN ('LLM', 'AGENT')"),
    (&["--llm"], "span.type IN ('LLM', 'CHAT_MODEL')"),
    (&["--model", "gpt-3"], "span.attributes.model = 'gpt-3'"),
    (&["--min-tokens", "0"], "metadata.`mlflow.trace.tokenUsage` IS NOT NULL"),
    (&["--grep", "50% off"], "span.content LIKE '%50_ off%'"),
    (&["--grep", "gpt-[34]"], "span.attributes.model RLIKE 'gpt-[34]'"),
    (
        &["--status", "ok", "--session", "chat-1", "--user", "ada", "--name", "c*"],
        "status = 'OK' AND metadata.`mlflow.trace.session` = 'chat-1' AND metadata.`mlflow.trace.user` = 'ada' AND \
         name LIKE 'c%'",
    ),
    (
        &["--filter", "span.type = 'TOOL'", "--filter", "span.status = 'ERROR'", "--llm"],
        "span.type = 'TOOL' AND span.status = 'ERROR'",
    ),
];

#[test]
fn equivalent_flags_and_filters_match_the_same_traces() {
    for (flags, filter) in SAME {
        for name in ALL {
            let by_flags = flags.iter().fold(on(name, "traces list --all -x Alpha -x Beta"), Cli::arg);
            let cases = listed(&by_flags);
            assert_eq!(cases, listed(&filtered(name, filter)), "{name} {flags:?}");
            assert!(!cases.is_empty() && cases.len() < 79, "{name} {flags:?}: {cases:?}");
        }
    }
    // Flags and filters are combined with AND.
    let both = filtered(DATABASE, "tags.env LIKE 'p%'").arg("--status").arg("ok").arg("--max-duration").arg("2ms");
    assert_eq!(
        listed(&both),
        listed(&filtered(DATABASE, "tags.env LIKE 'p%' AND status = 'OK' AND execution_time <= 2"))
    );
    assert_eq!(listed(&both), ["a05"]);
    // Span conditions of filters must hold for the same span; the condition of a flag may hold for another.
    let same_span = filtered(DATABASE, "span.type = 'TOOL' AND span.status = 'ERROR'");
    assert_eq!(listed(&same_span), ["e01"]);
    let any = filtered(DATABASE, "span.status = 'ERROR'").arg("--type").arg("TOOL");
    assert_eq!(listed(&any), ["e01", "e02", "e09"]);
}

#[test]
fn flags_match_keys_that_the_language_reserves() {
    for (flags, cases) in [
        (["--tag", "name=a tag"], &["b02"][..]),
        (["--tag", "prompt"], &["b02"]),
        (["--metadata", "run_id=metadata"], &["b03"]),
        (["--metadata", "text"], &["b03"]),
        (["--tag", "back`tick=`"], &["a12"]),
        (["--min-tokens", "17"], &["e10", "e11"]),
        (["--min-tokens", "18"], &["e11"]),
    ] {
        assert_eq!(listed(&on(DATABASE, "traces list --all").arg(flags[0]).arg(flags[1])), cases, "{flags:?}");
    }
}

#[test]
fn model_flag_matches_the_recorded_attribute() {
    let fixture = Fixture::named("3.18.0-sqlite");
    let ids = |flag: &str, value: &str| {
        let document = fixture.cli("traces list --all").arg(flag).arg(value).json();
        strings(items(&document, "traces"), "trace_id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let by_model = ids("--model", "gpt-*");
    assert!(!by_model.is_empty());
    assert_eq!(by_model, ids("--filter", "span.attributes.mlflow.llm.model LIKE '%gpt-%'"));
    assert_eq!(by_model, ids("--filter", "span.attributes.`mlflow.llm.model` != 'other'"));
}

/// The searchable strings of a span: inputs, outputs, status message, exception, and attributes not set by MLflow.
fn searchable_texts(span: &Value) -> Vec<String> {
    fn add(value: &Value, texts: &mut Vec<String>) {
        match value {
            Value::String(text) => texts.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|item| add(item, texts)),
            Value::Object(object) => object.iter().for_each(|(key, member)| {
                texts.push(key.clone());
                add(member, texts);
            }),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    for key in ["inputs", "outputs", "status_message"] {
        add(&span[key], &mut texts);
    }
    if let Some(exception) = span["exception"].as_object() {
        exception.values().for_each(|value| add(value, &mut texts));
    }
    let attributes = span["attributes"].as_object().unwrap().iter();
    for (_, value) in attributes.filter(|(key, _)| !key.starts_with("mlflow.") || *key == "mlflow.chat.messages") {
        add(value, &mut texts);
    }
    texts
}

/// A pattern with an equivalent predicate.
type Search = (&'static str, fn(&str) -> bool);

#[test]
fn grep_matches_exactly_the_spans_with_the_text() {
    let patterns: [Search; 6] = [
        ("50% off", |text| text.contains("50% off")),
        ("No weather station", |text| text.contains("No weather station")),
        ("gpt-[34]", |text| text.contains("gpt-3") || text.contains("gpt-4")),
        ("(?i)say \"HI\"", |text| text.to_lowercase().contains("say \"hi\"")),
        ("first\\nsecond", |text| text.contains("first\nsecond")),
        ("été", |text| text.contains("été")),
    ];
    let stores = ALL.iter().map(|name| path(name));
    for store in stores.chain([Fixture::named("3.18.0-sqlite").store, Fixture::named("3.18.0-file").store]) {
        let spans = Cli::new("spans --all --full").on(&store).json();
        for (pattern, is_there) in patterns {
            let about = format!("{} {pattern}", store.display());
            let has = |span: &&Value| searchable_texts(span).iter().any(|text| is_there(text));
            let expected: Vec<&Value> = items(&spans, "spans").iter().filter(has).collect();
            let ids: Vec<&str> = expected.iter().map(|span| span["span_id"].as_str().unwrap()).collect();

            let found = Cli::new("spans --all --full --grep").arg(pattern).on(&store).json();
            assert_eq!(strings(items(&found, "spans"), "span_id"), ids, "{about}");
            for (row, span) in items(&found, "spans").iter().zip(&expected) {
                let text = row["match"]["text"].as_str().unwrap();
                assert!(is_there(text), "{about}: {row}");
                let field = row["match"]["field"].as_str().unwrap();
                let value = match field {
                    "status" => &span["status_message"],
                    "inputs" | "outputs" | "exception" => &span[field],
                    attribute => &span["attributes"][attribute],
                };
                let texts = searchable_texts(&serde_json::json!({"inputs": value, "attributes": {}}));
                assert!(texts.iter().any(|whole| whole.contains(text)), "{about}: {field} of {row}");
            }

            let traces = Cli::new("traces list --all --grep").arg(pattern).on(&store).json();
            let mut seen = BTreeSet::new();
            let first = expected.iter().filter(|span| seen.insert(span["trace_id"].as_str().unwrap()));
            let first: Vec<_> = first.map(|span| (&span["trace_id"], &span["span_id"], &span["name"])).collect();
            let rows = items(&traces, "traces").iter();
            let shown = rows.map(|row| (&row["trace_id"], &row["match"]["span_id"], &row["match"]["span_name"]));
            assert_eq!(shown.collect::<Vec<_>>(), first, "{about}");
            assert!(
                items(&traces, "traces").iter().all(|row| is_there(row["match"]["text"].as_str().unwrap())),
                "{about}"
            );
        }
    }
}

#[test]
fn up_to_100_conditions_are_supported() {
    let joined = |form: &str, count: usize| {
        (0..count).map(|at| form.replace("{}", &at.to_string())).collect::<Vec<_>>().join(" AND ")
    };
    for form in [
        "tags.a{} IS NULL",
        "metadata.a{} IS NULL",
        "feedback.a{} IS NULL",
        "status != '{}'",
        "timestamp_ms != {}",
        "span.name != '{}'",
        "trace.text LIKE '%é%' AND trace.text LIKE '%{}%'",
    ] {
        let count = if form.contains("AND") { 50 } else { 100 };
        let filter = joined(form, count);
        Cli::demo("traces list --filter").arg(&filter).ok();
        Fixture::named(FILES).cli("traces list --filter").arg(&filter).ok();
    }
    let output = Cli::demo("traces list --filter").arg(joined("tags.a{} IS NULL", 101)).run();
    assert_eq!(output.exit, Some(2), "{output}");
    insta::assert_snapshot!(output.stderr, @"
    error: 101 conditions, more than the limit of 100
      hint: match several values in one condition: `request_id IN ('a', 'b')`, `name RLIKE '^(a|b)$'`
    ");
    // Flags count as conditions; values in lists do not.
    let output = Cli::demo("traces list --since 1d --filter").arg(joined("tags.a{} IS NULL", 100)).run();
    assert_eq!(output.exit, Some(2), "{output}");
    let types: Vec<String> = (0..15_000).map(|at| format!("T{at}")).collect();
    let output = Cli::demo("traces list --json --type").arg(format!("{},TOOL", types.join(","))).ok();
    assert_eq!(output.json()["traces"], Cli::demo("traces list --type TOOL").json()["traces"]);
}

#[test]
fn verbose_prints_the_filter() {
    let cli =
        Cli::demo("traces list -v --status ok,error --min-duration 1ms --min-tokens 5 --type LLM,TOOL --model gpt-*");
    let output = cli.arg("--filter").arg("name='it' tags.`a b`!=\"it's\" AND span.name in ('x','y')").run();
    assert_eq!(output.exit, Some(2), "{output}");
    let cli =
        Cli::demo("traces list -v --status ok,error --min-duration 1ms --min-tokens 5 --type LLM,TOOL --model gpt-*");
    let output = cli.arg("--filter").arg("name='it' tags.`a b`!=\"it's\" AND span.name IN ('x','y')").ok();
    let expected = "note: filter: name = 'it' AND tags.`a b` != \"it's\" AND span.name IN ('x', 'y') AND \
                    status IN ('OK', 'ERROR') AND execution_time_ms >= 1 --model 'gpt-*' --min-tokens 5 \
                    --type 'LLM,TOOL'\n";
    assert!(output.stderr.contains(expected), "{output}");
    // The printed filter can be parsed.
    for case in cases().iter().filter(|case| case.result.is_ok()).step_by(97) {
        let Ok(clauses) = language::parse(&case.filter) else { continue };
        if clauses.is_empty() || clauses.iter().any(|clause: &Clause| language::clause_text(clause).is_none()) {
            continue;
        }
        let output = filtered(DATABASE, &case.filter).arg("-v").arg("-o").arg("ids").ok();
        let note = output.stderr.lines().find_map(|line| line.strip_prefix("note: filter: ")).unwrap_or_default();
        assert_eq!(language::parse(note).as_ref(), Ok(&clauses), "{}\n{output}", case.filter);
        assert_eq!(filtered(DATABASE, note).arg("-o").arg("ids").ok().stdout, output.stdout, "{}", case.filter);
    }
}

#[test]
fn excluded_traces_without_tokens_are_reported() {
    let is_reported = |name: &str, words: &str| {
        let output = Fixture::named(name).cli(&format!("{words} --min-tokens 1")).ok();
        output.stderr.contains("traces without recorded tokens are excluded")
    };
    assert!(
        is_reported("2.22.5-sqlite", "traces list")
            && is_reported("3.18.0-file", "spans --all")
            && is_reported("3.18.0-sqlite", "usage")
    );
    assert!(!is_reported("3.18.0-sqlite", "traces list -x AG2"));
}
