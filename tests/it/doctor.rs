//! `mltrace doctor`: problems are found, and healthy stores have no findings.

use crate::harness::{Cli, Copy, Fixture, files_below, fixtures, items, strings, trace_named, write_old};
use crate::remote;
use crate::server::{MockResponse, Server};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The kinds of findings in a document.
pub(crate) fn kinds(document: &Value) -> Vec<&str> {
    strings(items(document, "findings"), "kind")
}

/// The first finding of a kind.
#[track_caller]
pub(crate) fn finding<'a>(document: &'a Value, kind: &str) -> &'a Value {
    let found = items(document, "findings").iter().find(|finding| finding["kind"] == kind);
    found.unwrap_or_else(|| panic!("no finding `{kind}` in {document}"))
}

/// A copy of a database without in-progress traces and without traces of deleted experiments.
pub(crate) fn clean(name: &str) -> Copy {
    let copy = Fixture::named(name).copy();
    copy.sql(
        "pragma foreign_keys = on;
         delete from trace_info where status = 'IN_PROGRESS' or experiment_id in
             (select experiment_id from experiments where lifecycle_stage = 'deleted');",
    );
    assert_eq!(kinds(&copy.cli("doctor").json()), [""; 0], "{name}");
    copy
}

/// A copy of a file store whose artifact locations are those of the copy.
pub(crate) fn relocated(name: &str) -> Copy {
    let copy = Fixture::named(name).copy();
    let old = format!("/srv/mltrace/{name}");
    for path in files_below(copy.path()) {
        if path.ends_with("tags/mlflow.artifactLocation") {
            let location = std::fs::read_to_string(&path).unwrap().replace(&old, copy.path().to_str().unwrap());
            std::fs::write(&path, location).unwrap();
        }
    }
    copy
}

/// Creates a virtual environment with an MLflow release, its schema revisions (oldest first) and other packages, and
/// returns its `bin` folder.
pub(crate) fn install_mlflow(folder: &Path, release: &str, revisions: &[&str], packages: &[&str]) -> PathBuf {
    let site = folder.join("venv/lib/python3.11/site-packages");
    let versions = site.join("mlflow/store/db_migrations/versions");
    std::fs::create_dir_all(&versions).unwrap();
    for package in packages.iter().copied().chain([&*format!("mlflow-{release}")]) {
        std::fs::create_dir_all(site.join(format!("{package}.dist-info"))).unwrap();
    }
    let mut before = "None".to_owned();
    for revision in revisions {
        let script = format!(
            "\"\"\"a step\n\nCreate Date: 2026-01-01\n\"\"\"\n\nrevision = \"{revision}\"\ndown_revision = {before}\n"
        );
        std::fs::write(versions.join(format!("{revision}_step.py")), script).unwrap();
        before = format!("\"{revision}\"");
    }
    let bin = folder.join("venv/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("mlflow"), "#!/bin/sh\n").unwrap();
    bin
}

#[test]
fn stores_are_shown_with_their_problems() {
    let copy = Fixture::named("3.6.0-http-sqlite").copy();
    let output = copy.cli("doctor --width 90 --utc").ok().with_placeholder(copy.path());
    insta::assert_snapshot!(output, @"
    store        [FOLDER]/mlflow.db
    reason       set by --tracking-uri
    kind         SQLite database, schema of MLflow 3.5 to 3.7 (bf29a5ff90ea)
    size         246.3 kB
    experiments  7, 1 of them deleted
    traces       14: 12 OK, 1 ERROR, 1 IN_PROGRESS
    started      2026-11-20 17:53:52 to 2026-11-20 17:54:14 UTC
    spans        53

    2 problems, 1 warning, 1 hint

    problem 2 traces have fewer spans than were recorded (spans_missing)
      tr-6056acc2: 24 of 25 spans stored
      tr-3464f836: 0 of 1 spans stored
      meaning  The application recorded more spans than were stored: a batch was rejected or
               lost. Known causes are AG2 over HTTP, whose ids do not fit into 64 bits, and
               broken emoji in inputs. Totals are those that MLflow recorded.
      fix      update MLflow, and check the application's log for failed exports

    problem 1 trace ended and has no root span (missing_root)
      tr-6056acc2: 11 spans have a missing parent
      meaning  The root span was never stored, although the trace ended. MLflow shows only
               part of such a trace, or none of it; mltrace shows its spans below their
               missing parents.
      fix      inspect the stored spans, and check the application's log for why the root was
               not exported
               mltrace -u [FOLDER]/mlflow.db trace show tr-6056acc2b034c5e2d39a88b64ca36531

    warning 1 trace is stuck in progress (stuck_traces)
      tr-ce8372e6: started 6 h ago
      meaning  More than an hour after the start, no end was recorded: the process was killed
               or hangs, or the root span is sent elsewhere. Only spans that had ended are
               stored, if any.
      fix      inspect the stored spans, and make the process end its traces when it stops
               mltrace -u [FOLDER]/mlflow.db trace show tr-ce8372e69fb0be9ead38b7fe43327794

    hint 1 deleted experiment contains traces (deleted_experiments)
      Abandoned: 1 trace
      meaning  MLflow hides a deleted experiment but keeps its traces. Commands leave them
               out without `--deleted`.
      fix      use --deleted to see them; `mlflow gc` removes them permanently
               mltrace -u [FOLDER]/mlflow.db experiments --deleted
    ");
}

#[test]
fn clean_stores_have_no_findings() {
    let copy = clean("3.18.0-sqlite");
    insta::assert_snapshot!(copy.cli("doctor --utc").ok().with_placeholder(copy.path()), @"
    store        [FOLDER]/mlflow.db
    reason       set by --tracking-uri
    kind         SQLite database, schema of MLflow 3.18 (f4a9b2c7d1e6)
    size         368.1 kB
    experiments  6, 1 of them deleted
    traces       12: 11 OK, 1 ERROR
    started      2026-11-20 17:50:49 to 2026-11-20 17:51:17 UTC
    spans        50

    no findings
    ");
    for name in ["3.6.0-sqlite", "3.16.1-sqlite"] {
        clean(name);
    }
    let files = relocated("3.18.0-file");
    let document = files.cli("doctor").json();
    assert_eq!(kinds(&document), ["deleted_experiments"], "{document}");
    assert_eq!(document["complete"], true);
}

#[test]
fn killed_runs_are_found_in_every_store() {
    for fixture in Fixture::all() {
        let document = fixture.cli("doctor").json();
        let traces = fixture.cli("traces --all --status in_progress").json();
        let mut ids = strings(items(&traces, "traces"), "trace_id");
        ids.sort_unstable();
        let found = items(&document, "findings").iter().find(|finding| finding["kind"] == "stuck_traces");
        let mut stuck: Vec<&str> = found
            .map_or(Vec::new(), |finding| items(finding, "trace_ids").iter().map(|id| id.as_str().unwrap()).collect());
        stuck.sort_unstable();
        assert_eq!(stuck, ids, "{}", fixture.name);
        // A recent trace may still be running.
        let young = fixture.cli("doctor").env("MLTRACE_NOW", "2026-11-20T18:00:00Z").json();
        assert!(!kinds(&young).contains(&"stuck_traces"), "{}: {young}", fixture.name);
        assert_eq!(young["counts"]["states"]["in_progress"], ids.len(), "{}", fixture.name);
    }
}

#[test]
fn missing_roots_are_found() {
    for fixture in Fixture::all() {
        let document = fixture.cli("doctor --deleted").json();
        let lost = fixture.name.contains("http");
        for kind in ["spans_missing", "missing_root"] {
            assert_eq!(kinds(&document).contains(&kind), lost, "{} {kind}", fixture.name);
        }
        if lost {
            let traces = fixture.cli("traces --all").json();
            let id = trace_named(&traces, "initiate_chat", "OK");
            assert!(finding(&document, "missing_root")["trace_ids"].as_array().unwrap().contains(&json!(id)));
            assert!(finding(&document, "spans_missing")["trace_ids"].as_array().unwrap().contains(&json!(id)));
        }
    }
}

#[test]
fn lost_rows_are_found() {
    let copy = clean("3.18.0-sqlite");
    let id = trace_named(&copy.cli("traces --all").json(), "run_tool_agent", "OK");
    let delete = |which: &str| {
        let copy = clean("3.18.0-sqlite");
        std::fs::remove_dir_all(copy.path().join("mlruns")).unwrap();
        copy.sql(&format!("delete from spans where trace_id = '{id}' and {which}"));
        copy.cli("doctor").json()
    };
    let document = delete("type = 'TOOL'");
    assert_eq!(kinds(&document), ["spans_missing"]);
    assert_eq!(finding(&document, "spans_missing")["details"], json!([format!("{id}: 3 of 4 spans stored")]));
    let document = delete("parent_span_id is null");
    assert_eq!(kinds(&document), ["spans_missing", "missing_root"]);
    let command = finding(&document, "missing_root")["command"].as_str().unwrap();
    assert!(command.starts_with("mltrace -u ") && command.ends_with(&format!(" trace show {id}")), "{command}");
    let document = delete("1");
    assert_eq!(finding(&document, "spans_missing")["details"], json!([format!("{id}: 0 of 4 spans stored")]));
    copy.sql(&format!(
        "update spans set parent_span_id = 'ffffffffffffffff',
             content = json_set(content, '$.parent_span_id', '//////////8=') where trace_id = '{id}' and type = 'TOOL'"
    ));
    assert_eq!(kinds(&copy.cli("doctor").json()), ["orphans"]);
}

/// How MLflow 3.10.1 stores a trace with cached tokens in a database (`start_trace` fails after `log_spans`).
#[test]
fn incomplete_records_and_doubled_totals_are_found() {
    let copy = clean("3.6.0-sqlite");
    let id = trace_named(&copy.cli("traces --all").json(), "run_tool_agent", "OK");
    copy.sql(&format!(
        "delete from trace_tags where request_id = '{id}' and key = 'mlflow.traceName';
         delete from trace_request_metadata where request_id = '{id}';
         insert into trace_request_metadata (request_id, key, value)
             values ('{id}', 'mlflow.trace.tokenUsage', '{{\"input_tokens\": 168, \"output_tokens\": 44, \"total_tokens\": 212}}');"
    ));
    let document = copy.cli("doctor").json();
    assert_eq!(kinds(&document), ["record_incomplete", "tokens_differ"], "{document}");
    assert_eq!(finding(&document, "record_incomplete")["trace_ids"], json!([id]));
    let differ = finding(&document, "tokens_differ");
    assert_eq!(differ["details"], json!([format!("{id}: 212 tokens recorded, 106 in the spans")]));
    // OpenTelemetry traces have no such record and are complete without it.
    for name in ["3.6.0-http-sqlite", "3.18.0-http-sqlite"] {
        let document = Fixture::named(name).cli("doctor -x OTLP").json();
        assert_eq!(kinds(&document), ["deleted_experiments"], "{name}");
        assert_eq!(document["counts"]["traces_read"], 1, "{name}");
    }
}

#[test]
fn moved_artifacts_are_found() {
    for name in ["2.22.5-file", "3.1.4-file", "3.2.0-file", "3.18.0-file"] {
        let (moved, relocated) = (Fixture::named(name).copy(), relocated(name));
        let document = moved.cli("doctor").json();
        let finding = finding(&document, "moved_artifacts");
        let to = moved.path().to_str().unwrap();
        assert_eq!(finding["details"], json!([format!("recorded in /srv/mltrace/{name}, found in {to}")]));
        let with_spans = document["counts"]["traces_read"].as_u64().unwrap()
            - document["counts"]["states"]["in_progress"].as_u64().unwrap();
        assert_eq!(finding["count"], with_spans, "{name}");
        assert!(!kinds(&relocated.cli("doctor").json()).contains(&"moved_artifacts"), "{name}");
        // Other commands do not report it.
        let quiet = moved.cli("trace show").json();
        assert_eq!(quiet["problems"], json!([]), "{name}");
    }
    let document = Fixture::named("3.2.0-sqlite").cli("doctor").json();
    finding(&document, "moved_artifacts");
    let document = Fixture::named("3.18.0-sqlite").cli("doctor").json();
    assert!(!kinds(&document).contains(&"moved_artifacts"), "spans are in the database: {document}");
}

#[test]
fn missing_truncated_and_foreign_files_are_distinguished() {
    let of = |change: &dyn Fn(&Copy, &str)| {
        let copy = relocated("3.2.0-file");
        let id = trace_named(&copy.cli("traces --all").json(), "run_tool_agent", "OK");
        let before = kinds(&copy.cli("doctor").json()).len();
        assert_eq!(before, 1, "a deleted experiment");
        change(&copy, &id);
        let document = copy.cli("doctor").json();
        let first = items(&document, "findings")[0].clone();
        assert_eq!(first["count"], 1, "{first}");
        assert_eq!(copy.cli("doctor").ok().stderr, "", "findings are not repeated as warnings");
        (first["kind"].as_str().unwrap().to_owned(), first["trace_ids"] == json!([id]))
    };
    let file = |copy: &Copy, id: &str| copy.trace_folder(id).join("artifacts/traces.json");
    let gone = of(&|copy, id| std::fs::remove_file(file(copy, id)).unwrap());
    assert_eq!(gone, ("missing_artifacts".to_owned(), true));
    let cut = of(&|copy, id| {
        let bytes = std::fs::read(file(copy, id)).unwrap();
        write_old(&file(copy, id), &bytes[..bytes.len() / 2]);
    });
    assert_eq!(cut, ("damaged_records".to_owned(), true));
    let record = of(&|copy, id| write_old(&copy.trace_folder(id).join("trace_info.yaml"), "trace_id: [\n"));
    assert_eq!(record, ("damaged_records".to_owned(), true), "the trace id is taken from the folder name");
    let foreign = of(&|copy, id| {
        std::fs::remove_file(file(copy, id)).unwrap();
        let tag = copy.trace_folder(id).join("tags/mlflow.artifactLocation");
        std::fs::write(tag, format!("s3://bucket/1/traces/{id}/artifacts")).unwrap();
    });
    assert_eq!(foreign, ("foreign_artifacts".to_owned(), true));
    let archived = Fixture::named("3.18.0-archived").copy();
    std::fs::remove_dir_all(archived.path().join("archive")).unwrap();
    let document = archived.cli("doctor").json();
    let missing = &finding(&document, "missing_artifacts")["count"];
    assert_eq!(missing, archived.cli("traces --all -x OpenAI").ok().lines().len() - 1, "all archived traces");
}

#[test]
fn models_without_a_price_are_found() {
    let copy = clean("3.18.0-sqlite");
    copy.sql(
        "update spans set model_name = 'house-model', input_cost = null, output_cost = null, total_cost = null,
             content = replace(replace(content, 'gpt-4o-mini', 'house-model'), 'mlflow.llm.cost', 'cost');
         update trace_info set input_cost = null, output_cost = null, total_cost = null;",
    );
    let document = copy.cli("doctor").json();
    assert_eq!(kinds(&document), ["unpriced_models"]);
    let details = finding(&document, "unpriced_models")["details"].clone();
    assert!(details[0].as_str().unwrap().starts_with("house-model: "), "{details}");
    let prices = copy.path().join("prices.json");
    std::fs::write(
        &prices,
        r#"{"models":{"house-model":{"pricing":{"input_per_million_tokens":1,"output_per_million_tokens":2}}}}"#,
    )
    .unwrap();
    let document = copy.cli("doctor").arg("--prices").arg(&prices).json();
    assert_eq!(kinds(&document), [""; 0], "{document}");
}

#[test]
fn schema_mismatches_with_the_installed_mlflow_are_found() {
    let copy = clean("3.6.0-sqlite");
    let with = |release: &str, revisions: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let bin = install_mlflow(folder.path(), release, revisions, &[]);
        copy.cli("doctor").env("PATH", bin).json()
    };
    let document = with("3.6.0", &["71994744cf8e", "bf29a5ff90ea"]);
    assert_eq!(kinds(&document), [""; 0]);
    let (store, expected) =
        (&document["store"], json!([{"revision": "bf29a5ff90ea", "mlflow_releases": "3.5 to 3.7"}]));
    assert_eq!(store["revisions"], expected);
    assert_eq!(store["installed_mlflow"]["release"], "3.6.0");
    assert_eq!(store["installed_mlflow"]["revision"], "bf29a5ff90ea");
    let document = with("3.8.0", &["bf29a5ff90ea", "1bd49d398cd23"]);
    let older = finding(&document, "schema_mismatch");
    assert_eq!(older["severity"], "warning");
    assert_eq!(older["command"], format!("mlflow db upgrade sqlite:///{}", copy.fixture.store.display()));
    let document = with("3.4.0", &["1a0cddfcaa16", "71994744cf8e"]);
    let newer = finding(&document, "schema_mismatch");
    assert_eq!((&newer["severity"], &newer["command"]), (&json!("problem"), &json!("pip install 'mlflow==3.7.*'")));
    let folder = tempfile::tempdir().unwrap();
    install_mlflow(folder.path(), "3.4.0", &["71994744cf8e"], &[]);
    let active = copy.cli("doctor").env("VIRTUAL_ENV", folder.path().join("venv")).json();
    assert_eq!(kinds(&active), ["schema_mismatch"], "the active environment");
    assert_eq!(kinds(&copy.cli("doctor").env("PATH", "/nowhere").json()), [""; 0], "MLflow is not installed");
}

#[test]
fn unknown_schemas_are_found() {
    let copy = clean("3.18.0-sqlite");
    copy.sql("update alembic_version set version_num = 'ffffffffffff'");
    let document = copy.cli("doctor").json();
    assert_eq!(kinds(&document), ["schema_unknown"]);
    assert_eq!(document["store"]["revisions"], json!([{"revision": "ffffffffffff", "mlflow_releases": null}]));
    copy.sql("insert into alembic_version values ('f4a9b2c7d1e6')");
    assert_eq!(kinds(&copy.cli("doctor").json()), ["schema_broken"]);
}

#[test]
fn schemas_of_all_releases_are_known() {
    for fixture in Fixture::all().into_iter().filter(|fixture| fixture.store.is_file()) {
        let (major, minor) = fixture.release();
        let document = fixture.cli("doctor").json();
        let releases = document["store"]["revisions"][0]["mlflow_releases"].as_str().unwrap();
        let number = |text: &str| text.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
        let ends: Vec<u32> = releases.split(' ').filter_map(number).collect();
        assert!(releases.starts_with(&major.to_string()), "{}: {releases}", fixture.name);
        assert!(ends[0] <= minor && minor <= *ends.last().unwrap(), "{}: {releases}", fixture.name);
    }
}

#[test]
fn file_stores_refused_by_the_installed_mlflow_are_found() {
    let (copy, folder) = (relocated("3.18.0-file"), tempfile::tempdir().unwrap());
    let bin = install_mlflow(folder.path(), "3.18.0", &["f4a9b2c7d1e6"], &[]);
    let cli = copy.cli("doctor").env("PATH", &bin);
    assert_eq!(kinds(&cli.json()), ["file_store_refused", "deleted_experiments"]);
    let allowed = cli.env("MLFLOW_ALLOW_FILE_STORE", "true").json();
    assert_eq!(kinds(&allowed), ["deleted_experiments"]);
    let old = tempfile::tempdir().unwrap();
    let bin = install_mlflow(old.path(), "3.12.0", &["7d34483879f0"], &[]);
    assert_eq!(kinds(&copy.cli("doctor").env("PATH", bin).json()), ["deleted_experiments"]);
}

#[test]
fn empty_stores_and_incompatible_packages_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mlflow.db");
    let schema = std::fs::read_to_string(fixtures().join("schemas/schema-3.2.0.sql")).unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch(&schema).unwrap();
    database
        .execute_batch(
            "create table if not exists alembic_version (version_num varchar(32) not null);
             insert into alembic_version values ('770bee3ae1dd');",
        )
        .unwrap();
    let packages = ["sqlalchemy-2.1.9", "opentelemetry_sdk-1.45.2"];
    let bin = install_mlflow(folder.path(), "3.2.0", &["770bee3ae1dd"], &packages);
    let output = Cli::new("doctor --width 80").cwd(folder.path()).env("PATH", bin).ok().with_placeholder(folder.path());
    insta::assert_snapshot!(output, @"
    store        [FOLDER]/mlflow.db
    reason       `mlflow.db` is MLflow's default store
    kind         SQLite database, schema of MLflow 3.2 (770bee3ae1dd)
    size         282.6 kB
    installed    MLflow 3.2.0 in [FOLDER]/venv/lib/python3.11/site-packages
    experiments  0
    traces       0
    spans        0

    1 warning

    warning the store contains no traces (empty_store)
      sqlalchemy 2.1.9 is incompatible with MLflow 3.2.0: it cannot open a database
      opentelemetry-sdk 1.45.2 is incompatible with MLflow 3.2.0: spans never end
      meaning  Nothing was recorded here: the application has tracing disabled,
               writes to another store, or cannot write.
      fix      check that tracing is enabled (`mlflow.autolog()` or
               `@mlflow.trace`), and print `mlflow.get_tracking_uri()` in the
               application
    ");
    let document = Cli::new("doctor --name nothing").on(&Fixture::named("3.18.0-sqlite").store);
    let output = document.arg("--json").ok();
    assert!(!kinds(&output.json()).contains(&"empty_store"), "the store has traces, but none match");
    assert!(output.stderr.contains("no traces match"), "{output}");
}

#[test]
fn second_stores_in_the_folder_are_found() {
    let copy = clean("3.18.0-sqlite");
    assert_eq!(kinds(&Cli::new("doctor").cwd(copy.path()).json()), [""; 0], "`mlruns` contains only artifacts");
    copy.sql("pragma foreign_keys = on; delete from trace_info");
    let document = Cli::new("doctor").cwd(copy.path()).json();
    let beside = format!("{}/mlruns, in the same folder, has no traces either", copy.path().display());
    assert_eq!(finding(&document, "empty_store")["details"], json!([beside]));
    let files = relocated("3.2.0-file");
    std::fs::copy(Fixture::named("3.18.0-sqlite").store, files.path().join("mlflow.db")).unwrap();
    let document = Cli::new("doctor").cwd(files.path()).json();
    assert!(document["store"]["why"].as_str().unwrap().contains("MLflow prefers"), "{document}");
    let second = finding(&document, "two_stores");
    let command = format!("mltrace -u {}/mlflow.db traces list", files.path().display());
    assert_eq!(second["command"], command);
}

#[test]
fn deleted_experiments_are_found_if_they_have_traces() {
    let copy = clean("3.18.0-sqlite");
    copy.sql("insert into experiments (experiment_id, name, lifecycle_stage, workspace) values (77, 'empty', 'deleted', 'default')");
    assert_eq!(kinds(&copy.cli("doctor").json()), [""; 0]);
    let document = Fixture::named("3.18.0-sqlite").cli("doctor").json();
    assert_eq!(finding(&document, "deleted_experiments")["details"], json!(["Abandoned: 1 trace"]));
    let document = Fixture::named("3.18.0-sqlite").cli("doctor --deleted").json();
    assert!(!kinds(&document).contains(&"deleted_experiments"), "they are included: {document}");
}

#[test]
fn only_the_newest_traces_are_examined_unless_deep() {
    let copy = clean("3.18.0-sqlite");
    copy.sql(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
         insert into trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, trace_name)
         select printf('tr-%032x', i), 5, 1700000000000 + i, i, 'OK', 'made' from n;",
    );
    let output = copy.cli("doctor --json").ok();
    let document = output.json();
    let all = items(&copy.cli("traces --all").json(), "traces").len();
    assert_eq!(document["counts"]["traces_read"], 10_000);
    assert_eq!(document["counts"]["traces"], all);
    assert_eq!(document["complete"], false);
    insta::assert_snapshot!(output.stderr, @"note: only the newest 10,000 traces were examined (use --deep)");
    let deep = copy.cli("doctor --deep").json();
    assert_eq!((&deep["counts"]["traces_read"], &deep["complete"]), (&json!(all), &json!(true)));
}

#[test]
fn only_the_newest_spans_of_servers_are_examined_unless_deep() {
    let server = Server::new(|request| match request.path.as_str() {
        "/version" => MockResponse::html(200, "3.18.0"),
        _ => remote::respond(request, 260),
    });
    let output = Cli::new("doctor --json").on(server.uri()).ok();
    let document = output.json();
    assert_eq!(kinds(&document), [""; 0], "{document}");
    assert_eq!(document["store"]["kind"], "server");
    assert_eq!(document["store"]["server_release"], "3.18.0");
    let counts = &document["counts"];
    assert_eq!((&counts["traces_read"], &counts["traces_read_with_spans"]), (&json!(260), &json!(200)));
    assert_eq!((&counts["traces"], &document["complete"]), (&json!(260), &json!(false)));
    insta::assert_snapshot!(output.stderr, @"note: only the spans of the newest 200 traces were examined (use --deep)");
    let request_count = server.requests().len();
    assert!(request_count < 210, "at most one request per trace: {request_count}");
    let document = Cli::new("doctor --deep").on(server.uri()).json();
    assert_eq!((&document["counts"]["spans_read"], &document["complete"]), (&json!(260), &json!(true)));
}

#[test]
fn servers_without_spans_are_found() {
    let server = Server::new(|request| match request.path.as_str() {
        path if path.contains("get-trace-artifact") => MockResponse::json(500, r#"{"error_code":"INTERNAL_ERROR"}"#),
        _ => remote::respond(request, 2),
    });
    let document = Cli::new("doctor").on(server.uri()).json();
    assert_eq!(kinds(&document), ["spans_not_served"], "{document}");
    assert_eq!(finding(&document, "spans_not_served")["count"], 2);
    assert_eq!(document["store"]["server_release"], Value::Null);
}

#[test]
fn output_fits_the_width_and_ascii() {
    for width in [40, 60, 80, 160] {
        let output = Fixture::named("3.6.0-http-sqlite").cli("doctor --ascii").arg(format!("--width={width}")).ok();
        for line in output.stdout.lines() {
            // Commands are not wrapped.
            assert!(line.len() <= width || line.trim_start().starts_with("mltrace "), "{width}: {line}");
            assert!(line.is_ascii(), "{line}");
        }
    }
}

#[test]
fn missing_stores_and_refused_requests_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let output = Cli::new("doctor").cwd(folder.path()).run();
    assert_eq!(output.exit, Some(5), "{output}");
    assert!(output.stderr.contains("no store in"), "{output}");
    let refused = Server::new(|_| MockResponse::json(401, "no"));
    assert_eq!(Cli::new("doctor").on(refused.uri()).run().exit, Some(4));
}
