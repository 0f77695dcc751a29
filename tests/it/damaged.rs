//! Damaged stores: each problem is reported in one warning, and everything readable is shown.

use crate::harness::{Cli, Copy, Fixture, RunOutput, files_below, items, strings, trace_named, write_old};
use rusqlite::params;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A copy of a file store, the id of a trace with four spans, and the path and content of its `traces.json`.
fn file_store(name: &str) -> (Copy, String, PathBuf, Vec<u8>) {
    let copy = Fixture::named(name).copy();
    let id = trace_named(&copy.cli("traces list --all").json(), "run_tool_agent", "OK");
    let path = copy.trace_folder(&id).join("artifacts/traces.json");
    let bytes = std::fs::read(&path).unwrap();
    (copy, id, path, bytes)
}

const FILES: [&str; 4] = ["2.22.5-file", "3.1.4-file", "3.2.0-file", "3.18.0-file"];

/// The kinds of problems in a document.
fn kinds(document: &Value) -> Vec<&str> {
    strings(items(document, "problems"), "kind")
}

/// Shows a trace with its one problem, and asserts that every output format warns about it and names the file.
#[track_caller]
fn show(copy: &Copy, id: &str, kind: &str, file: &str) -> Value {
    let document = copy.cli("trace show").arg(id).json();
    assert_eq!(kinds(&document), [kind], "{document}");
    assert_warns(copy, id, file);
    document
}

#[track_caller]
fn assert_warns(copy: &Copy, id: &str, file: &str) {
    for words in ["trace show", "trace show --io", "trace show -o csv", "trace show --json", "usage"] {
        let output = copy.cli(words).arg(id).ok();
        let warnings = warnings(&output);
        assert_eq!(warnings.len(), 1, "{words}\n{output}");
        assert!(warnings[0].contains(file), "{words}\n{output}");
    }
}

fn warnings(output: &RunOutput) -> Vec<&str> {
    output.stderr.lines().filter(|line| line.starts_with("warning:")).collect()
}

/// Asserts that the spans of all other traces are unchanged.
fn assert_others_are_fine(copy: &Copy, id: &str) {
    let output = copy.cli("spans --all --deleted --full --json").ok();
    let others: Vec<Value> =
        items(&output.json(), "spans").iter().filter(|span| span["trace_id"] != id).cloned().collect();
    let fixture = Fixture::named(&copy.fixture.name);
    let before = fixture.cli("spans --all --deleted --full").json();
    let before: Vec<Value> = items(&before, "spans").iter().filter(|span| span["trace_id"] != id).cloned().collect();
    assert_eq!(others, before);
}

#[test]
fn truncated_files_show_their_complete_spans() {
    for name in FILES {
        let (copy, id, path, bytes) = file_store(name);
        let whole = copy.cli("trace show").arg(&id).json();
        let names = strings(items(&whole, "spans"), "span_id").into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(names.len(), 4, "{name}");
        let mut last = 0;
        for part in [0, 10, 40, 60, 80, 95, 99] {
            write_old(&path, &bytes[..bytes.len() * part / 100]);
            if part == 0 {
                continue;
            }
            let document = show(&copy, &id, "cut_file", "traces.json");
            let spans = items(&document, "spans");
            assert!(spans.len() >= last && spans.len() <= 4, "{name} {part} %: {}", spans.len());
            for span in spans {
                let original = items(&whole, "spans").iter().find(|other| other["span_id"] == span["span_id"]).unwrap();
                for key in ["name", "start_time_ns", "inputs", "outputs", "attributes"] {
                    assert_eq!(span[key], original[key], "{name} {part} % {key}");
                }
            }
            assert_eq!(document["complete"], json!(false), "{name} {part} %: spans are known to be missing");
            last = spans.len();
        }
        assert!(last >= 3, "{name}: spans before the truncation are shown");
        assert_others_are_fine(&copy, &id);
    }
}

#[test]
fn empty_and_missing_files_are_reported() {
    for name in FILES {
        let (copy, id, path, _) = file_store(name);
        write_old(&path, "");
        let document = show(&copy, &id, "cut_file", "traces.json");
        assert_eq!(items(&document, "spans").len(), 0);
        assert_eq!(document["spans_source"], "none");
        std::fs::remove_file(&path).unwrap();
        let document = show(&copy, &id, "missing_file", "traces.json");
        assert_eq!((&document["spans_source"], &document["complete"]), (&json!("none"), &json!(false)));
        let tree = copy.cli("trace show").arg(&id).ok();
        assert!(tree.stdout.contains("run_tool_agent"), "{name}\n{tree}");
        // Recorded usage is still counted.
        if name >= "3.1" {
            let usage = copy.cli("usage").arg(&id).json();
            assert_eq!(
                (&usage["token_usage"]["total_tokens"], &usage["token_usage_source"]),
                (&json!(106), &json!("recorded")),
                "{name}"
            );
        }
    }
}

#[test]
fn trailing_garbage_is_reported_and_spans_are_shown() {
    for name in FILES {
        let (copy, id, path, bytes) = file_store(name);
        let whole = copy.cli("trace show").arg(&id).json();
        for tail in [&b"}garbage"[..], b"\0\0\0\0", b"{\"spans\": []}"] {
            write_old(&path, [&bytes, tail].concat());
            assert_warns(&copy, &id, "traces.json");
            let document = copy.cli("trace show").arg(&id).json();
            assert_eq!(document["spans"], whole["spans"], "{name} {tail:?}");
        }
        write_old(&path, [&bytes, &b" \r\n\n"[..]].concat());
        assert_eq!(copy.cli("trace show").arg(&id).json(), whole, "trailing whitespace is not damage");
    }
}

#[test]
fn invalid_utf8_is_replaced() {
    for name in FILES {
        let (copy, id, path, mut bytes) = file_store(name);
        let at = String::from_utf8(bytes.clone()).unwrap().find("get_weather\"").unwrap();
        bytes[at] = 0xff;
        write_old(&path, &bytes);
        let document = show(&copy, &id, "not_utf8", "traces.json");
        assert_eq!(items(&document, "spans").len(), 4, "{name}");
        assert!(document["spans"].to_string().contains("\u{fffd}et_weather"), "{name}");
    }
}

#[test]
fn damaged_records_hide_one_trace_with_one_warning() {
    for name in ["2.22.5-file", "3.18.0-file"] {
        let (copy, id, _, _) = file_store(name);
        let path = copy.trace_folder(&id).join("trace_info.yaml");
        let total = items(&copy.cli("traces list --all").json(), "traces").len();
        for bytes in [&b""[..], b"}{", b"- a\n- b\n", b"\xff\xfe\x00", b"trace_id: [", b"state: OK\n"] {
            write_old(&path, bytes);
            for words in [
                "traces list --all --json",
                "traces list --all --json --sort name",
                "traces list --all --json --name *",
                "spans --all --json",
                "usage --json",
                "experiments --json",
            ] {
                let output = copy.cli(words).ok();
                assert_eq!(warnings(&output).len(), 1, "{name} {words} {bytes:?}\n{output}");
                assert!(warnings(&output)[0].contains("trace_info.yaml"), "{name} {words}\n{output}");
            }
            let traces = copy.cli("traces list --all").json();
            assert_eq!(items(&traces, "traces").len(), total - 1, "{name}");
            let output = copy.cli("trace show").arg(&id).run();
            assert_eq!(output.exit, Some(5), "{name}\n{output}");
            assert!(output.stderr.contains(&id) && output.stderr.contains("trace_info.yaml"), "{name}\n{output}");
        }
        // MLflow skips folders without a record; here a warning is shown unless the folder is empty.
        std::fs::remove_file(&path).unwrap();
        let output = copy.cli("traces list --all --json").ok();
        assert_eq!(
            (items(&output.json(), "traces").len(), warnings(&output).len()),
            (total - 1, 1),
            "{name}\n{output}"
        );
        assert_eq!(copy.cli("trace show").arg(&id).run().exit, Some(3));
        std::fs::remove_dir_all(copy.trace_folder(&id)).unwrap();
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        assert_eq!(copy.cli("traces list --all --json").ok().stderr, "", "empty folders are ignored");
    }
}

#[test]
fn damaged_experiments_hide_only_their_own_traces() {
    let copy = Fixture::named("3.18.0-file").copy();
    let id = trace_named(&copy.cli("traces list --all").json(), "run_tool_agent", "OK");
    let meta = copy.trace_folder(&id).parent().unwrap().parent().unwrap().join("meta.yaml");
    write_old(&meta, "}{");
    let output = copy.cli("traces list --all --json").ok();
    assert!(warnings(&output).len() == 1 && warnings(&output)[0].contains("meta.yaml"), "{output}");
    assert_eq!(items(&output.json(), "traces").iter().filter(|trace| trace["experiment_name"] == "OpenAI").count(), 0);
    assert!(items(&output.json(), "traces").len() > 4);
    std::fs::remove_file(&meta).unwrap();
    let output = copy.cli("experiments --json").ok();
    assert!(!strings(items(&output.json(), "experiments"), "name").contains(&"OpenAI"), "{output}");
}

/// A copy of a database, and the id of a trace with four spans whose artifacts are missing.
fn database_store(name: &str) -> (Copy, String) {
    let copy = Fixture::named(name).copy();
    let id = trace_named(&copy.cli("traces list --all").json(), "run_tool_agent", "OK");
    copy.database()
        .execute("update trace_tags set value = '/nowhere' where key = 'mlflow.artifactLocation'", [])
        .unwrap();
    (copy, id)
}

/// Sets the encoded inputs of the span `get_weather`.
fn set_inputs(copy: &Copy, id: &str, encoded: &str) {
    let database = copy.database();
    let sql = "select content from spans where trace_id = ? and name = 'get_weather'";
    let content: String = database.query_row(sql, [id], |row| row.get(0)).unwrap();
    let mut span: Value = serde_json::from_str(&content).unwrap();
    span["attributes"]["mlflow.spanInputs"] = json!(encoded);
    database
        .execute(
            "update spans set content = ? where trace_id = ? and name = 'get_weather'",
            params![span.to_string(), id],
        )
        .unwrap();
}

fn inputs(copy: &Copy, id: &str) -> (Value, String) {
    let output = copy.cli("trace show --json --span get_weather").arg(id).ok();
    (output.json()["span"]["inputs"].clone(), output.stdout)
}

#[test]
fn json_of_python_is_read() {
    let (copy, id) = database_store("3.18.0-sqlite");
    set_inputs(&copy, &id, r#"{"a": NaN, "b": [Infinity, -Infinity], "c": "NaN"}"#);
    assert_eq!(inputs(&copy, &id).0, json!({"a": "NaN", "b": ["Infinity", "-Infinity"], "c": "NaN"}));
    set_inputs(&copy, &id, r#"{"lone": "x\ud800y", "low": "\udc00", "pair": "\ud83c\udf89", "escaped": "\\ud800"}"#);
    assert_eq!(
        inputs(&copy, &id).0,
        json!({"lone": "x\u{fffd}y", "low": "\u{fffd}", "pair": "🎉", "escaped": "\\ud800"})
    );
    let digits = "9".repeat(200);
    set_inputs(&copy, &id, &format!("{{\"n\": {digits}, \"m\": -{digits}}}"));
    let text = inputs(&copy, &id).1;
    assert!(text.contains(&digits) && text.contains(&format!("-{digits}")), "{text}");
    for words in
        ["trace show --io=0", "trace show -o csv", "spans --full --all -o jsonl", "trace show --span get_weather"]
    {
        let cli = if words.starts_with("spans") { copy.cli(words) } else { copy.cli(words).arg(&id) };
        let output = cli.ok();
        assert!(output.stdout.contains(&digits), "{words}\n{output}");
    }
    // Invalid JSON is shown as text, as in MLflow.
    set_inputs(&copy, &id, "{not json");
    assert_eq!(inputs(&copy, &id).0, json!("{not json"));
}

#[test]
fn deep_nesting_is_supported_by_every_command() {
    let (copy, id) = database_store("3.18.0-sqlite");
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    set_inputs(&copy, &id, &deep);
    for words in [
        "trace show",
        "trace show --io",
        "trace show --io=0",
        "trace show --json",
        "trace show -o jsonl",
        "trace show -o csv",
        "trace show --span get_weather",
        "usage",
        "trace show --span get_weather --json",
    ] {
        let output = copy.cli(words).arg(&id).ok();
        assert_eq!(warnings(&output), Vec::<&str>::new(), "{words}");
        if words.contains("json") || words.contains("csv") {
            assert!(output.stdout.contains(&"[".repeat(5_000)), "{words}");
        }
    }
    for words in ["spans --all --full --json", "spans --all -o csv", "spans --all", "traces list --type TOOL"] {
        copy.cli(words).ok();
    }
}

#[test]
fn spans_with_invalid_content_are_read_from_columns() {
    for name in ["3.6.0-sqlite", "3.18.0-sqlite"] {
        for content in ["{", "[]", "null", "\"x\"", "{\"name\": ", "\u{0}", "nonsense"] {
            let (copy, id) = database_store(name);
            copy.database()
                .execute(
                    "update spans set content = ? where trace_id = ? and name = 'get_weather'",
                    params![content, id],
                )
                .unwrap();
            let document = copy.cli("trace show").arg(&id).json();
            let span = items(&document, "spans")
                .iter()
                .find(|span| span["name"] == "get_weather")
                .unwrap_or_else(|| panic!("{name} {content}: {document}"));
            assert_eq!((&span["span_type"], &span["status"]), (&json!("TOOL"), &json!("OK")), "{name} {content}");
            let output = copy.cli("trace show").arg(&id).ok();
            assert!(
                warnings(&output).len() == 1 && warnings(&output)[0].contains(span["span_id"].as_str().unwrap()),
                "{name} {content}\n{output}"
            );
        }
    }
}

/// A copy of a database in which the parents of a trace's spans are damaged, with the trace id and its document.
fn damage_parents(sql: &str) -> (Copy, String, Value) {
    let (copy, id) = database_store("3.18.0-sqlite");
    let database = copy.database();
    let mut statement = database
        .prepare("select span_id, parent_span_id, content from spans where trace_id = ? order by start_time_unix_nano")
        .unwrap();
    let rows: Vec<(String, Option<String>, String)> = statement
        .query_map([&id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let base64 = |at: usize| serde_json::from_str::<Value>(&rows[at].2).unwrap()["span_id"].clone();
    let parents: Vec<Value> = match sql {
        "cycle" => vec![base64(3), base64(0), base64(1), base64(2)],
        "self" => vec![Value::Null, base64(1), base64(1), base64(0)],
        "orphan" => vec![Value::Null, json!("3q2+796tvu8="), base64(1), base64(0)],
        _ => unreachable!(),
    };
    for ((span, _, content), parent) in rows.iter().zip(parents) {
        let mut content: Value = serde_json::from_str(content).unwrap();
        content["parent_span_id"] = parent;
        database.execute("update spans set content = ? where span_id = ?", params![content.to_string(), span]).unwrap();
    }
    drop(statement);
    drop(database);
    let document = copy.cli("trace show").arg(&id).json();
    (copy, id, document)
}

#[test]
fn cycles_and_orphans_keep_every_span() {
    for damage in ["cycle", "self", "orphan"] {
        let (copy, id, document) = damage_parents(damage);
        let spans = items(&document, "spans");
        assert_eq!(spans.len(), 4, "{damage}");
        let mut ids = strings(spans, "span_id");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4, "{damage}");
        let tree = copy.cli("trace show").arg(&id).ok();
        assert_eq!(tree.stdout.matches("Completions").count(), 2, "{damage}\n{tree}");
        assert_eq!(tree.stdout.matches("get_weather").count(), 1, "{damage}\n{tree}");
        let usage = copy.cli("usage").arg(&id).json();
        // In the cycle the second call is a descendant of the first, whose tokens include its own.
        assert_eq!(usage["token_usage"]["total_tokens"], if damage == "cycle" { 59 } else { 106 }, "{damage}");
        if damage == "orphan" {
            assert!(tree.stdout.contains("(missing parent deadbeefdeadbeef)"), "{tree}");
            assert!(spans.iter().any(|span| span["parent_id"] == "deadbeefdeadbeef"), "JSON has the stored parent");
        }
    }
}

#[test]
fn repeated_span_ids_are_reported() {
    let (copy, id, path, bytes) = file_store("3.18.0-file");
    let mut file: Value = serde_json::from_slice(&bytes).unwrap();
    let first = file["spans"][1].clone();
    file["spans"].as_array_mut().unwrap().push(first);
    write_old(&path, file.to_string());
    let document = show(&copy, &id, "repeated_span", "have the id of another span");
    assert_eq!(items(&document, "spans").len(), 4);
    assert_eq!(document["info"]["token_usage"]["total_tokens"], 106, "no span is counted twice");
}

#[test]
fn chains_of_thousands_of_spans_are_shown() {
    let (copy, id, path, bytes) = file_store("2.22.5-file");
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    let mut span = file["spans"][0].clone();
    let mut spans = Vec::new();
    for depth in 0..5_000_u64 {
        span["context"]["span_id"] = json!(format!("{:016x}", depth + 1));
        span["parent_id"] = if depth == 0 { Value::Null } else { json!(format!("{depth:016x}")) };
        spans.push(span.clone());
    }
    write_old(&path, json!({"spans": spans}).to_string());
    for words in ["trace show", "trace show --width 80", "trace show --json", "trace show -o csv", "usage"] {
        copy.cli(words).arg(&id).ok();
    }
    let document = copy.cli("trace show").arg(&id).json();
    assert_eq!(items(&document, "spans").last().unwrap()["depth"], 4_999);
}

#[test]
fn truncated_databases_are_reported_by_name() {
    let fixture = Fixture::named("3.18.0-sqlite");
    let bytes = std::fs::read(&fixture.store).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mlflow.db");
    for part in [1, 10, 50, 90, 99] {
        std::fs::write(&path, &bytes[..bytes.len() * part / 100]).unwrap();
        for words in ["experiments", "traces list --all", "trace show", "usage", "spans --all"] {
            let output = Cli::new(words).on(&path).run();
            match output.exit {
                Some(0) => {}
                Some(3 | 5) => assert!(output.stderr.contains("mlflow.db"), "{part} % {words}\n{output}"),
                _ => panic!("{part} % {words}\n{output}"),
            }
            // Missing pages are always reported.
            let is_reported = output.stderr.contains("malformed")
                || output.stderr.contains("damaged")
                || output.stderr.contains("not a database");
            let is_whole = output.stdout == fixture.cli(words).ok().stdout;
            assert!(is_reported || is_whole, "{part} % {words}\n{output}");
        }
    }
    for (what, bytes) in [("header only", &bytes[..100]), ("half a header", &bytes[..50])] {
        std::fs::write(&path, bytes).unwrap();
        let output = Cli::new("experiments").on(&path).run();
        assert_eq!(output.exit, Some(5), "{what}\n{output}");
        assert!(output.stderr.contains("mlflow.db"), "{what}\n{output}");
    }
}

/// The paths and contents of the files below a folder.
fn listing(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    files_below(folder).into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Runs a command, and asserts that it changes no file of the store and leaves no temporary files.
fn run_without_changes(copy: &Copy, words: &str) -> RunOutput {
    let temporary = tempfile::tempdir().unwrap();
    let before = listing(copy.path());
    let output = copy.cli(words).env("TMPDIR", temporary.path()).run();
    let names = |listing: &[(PathBuf, Vec<u8>)]| {
        listing.iter().map(|(path, bytes)| (path.clone(), bytes.len())).collect::<Vec<_>>()
    };
    let after = listing(copy.path());
    assert_eq!(names(&before), names(&after), "{words}\n{output}");
    assert!(before == after, "{words} changed a file\n{output}");
    assert_eq!(files_below(temporary.path()), Vec::<PathBuf>::new(), "{words} leaves temporary files");
    output
}

#[test]
fn wal_databases_are_read_without_creating_files() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql("pragma journal_mode = wal");
    for suffix in ["-wal", "-shm"] {
        assert!(!copy.path().join(format!("mlflow.db{suffix}")).exists());
    }
    let fixture = Fixture::named("3.18.0-sqlite");
    for words in ["experiments", "traces list --all", "trace show", "usage", "usage --by day", "stats", "spans --all"] {
        let (output, expected) = (run_without_changes(&copy, words), fixture.cli(words).ok());
        assert_eq!((&output.stdout, &output.stderr), (&expected.stdout, &expected.stderr), "{words}");
    }
}

#[test]
fn wal_databases_show_committed_changes_only() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let writer = copy.database();
    writer.execute_batch("pragma journal_mode = wal; pragma wal_autocheckpoint = 0; update trace_info set trace_name = 'from the wal' where trace_name = 'chat'").unwrap();
    assert!(copy.path().join("mlflow.db-wal").exists() && copy.path().join("mlflow.db-shm").exists());
    let names = |output: &RunOutput| {
        items(&output.json(), "traces").iter().filter(|trace| trace["name"] == "from the wal").count()
    };
    assert_eq!(names(&copy.cli("traces list --all --json").ok()), 2);
    writer.execute_batch("begin; update trace_info set trace_name = 'uncommitted'").unwrap();
    assert_eq!(names(&copy.cli("traces list --all --json").ok()), 2);
    writer.execute_batch("commit").unwrap();
    assert_eq!(names(&copy.cli("traces list --all --json").ok()), 0);
}

/// A killed writer leaves a `-wal`; the `-shm` is missing if the database was copied.
#[test]
fn a_wal_without_an_index_is_read_from_a_temporary_copy() {
    let live = Fixture::named("3.18.0-sqlite").copy();
    let writer = live.database();
    writer.execute_batch("pragma journal_mode = wal; pragma wal_autocheckpoint = 0; update trace_info set trace_name = 'from the wal' where trace_name = 'chat'").unwrap();
    let copy = Fixture::named("3.18.0-sqlite").copy();
    for suffix in ["", "-wal"] {
        std::fs::copy(live.path().join(format!("mlflow.db{suffix}")), copy.path().join(format!("mlflow.db{suffix}")))
            .unwrap();
    }
    let output = run_without_changes(&copy, "traces list --all --json");
    assert_eq!(output.exit, Some(0), "{output}");
    assert_eq!(
        items(&output.json(), "traces").iter().filter(|trace| trace["name"] == "from the wal").count(),
        2,
        "{output}"
    );
}

#[test]
fn hot_journals_are_rolled_back_in_a_temporary_copy() {
    let live = Fixture::named("3.18.0-sqlite").copy();
    let writer = live.database();
    // With a small cache, pages are written to the database before the commit, which never happens.
    writer.execute_batch("pragma cache_size = 2; pragma cache_spill = 1; begin; update trace_info set trace_name = 'never committed'; update spans set content = 'never committed'").unwrap();
    let copy = Fixture::named("3.18.0-sqlite").copy();
    for suffix in ["", "-journal"] {
        std::fs::copy(live.path().join(format!("mlflow.db{suffix}")), copy.path().join(format!("mlflow.db{suffix}")))
            .unwrap();
    }
    let spilled = std::fs::read(copy.path().join("mlflow.db")).unwrap();
    assert!(spilled.windows(15).any(|bytes| bytes == b"never committed"), "the transaction is partly in the database");
    let fixture = Fixture::named("3.18.0-sqlite");
    for words in ["traces list --all --json", "spans --all --full --json", "experiments"] {
        let output = run_without_changes(&copy, words);
        assert_eq!(output.exit, Some(0), "{words}\n{output}");
        assert_eq!(output.stdout, fixture.cli(words).ok().stdout, "{words}");
    }
}

#[test]
#[cfg(unix)]
fn read_only_folders_are_supported_in_every_journal_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    for mode in ["delete", "wal"] {
        let copy = Fixture::named("3.18.0-sqlite").copy();
        copy.sql(&format!("pragma journal_mode = {mode}"));
        let set = |mode: u32| std::fs::set_permissions(copy.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        set(0o555);
        let output = copy.cli("traces list --all --json").run();
        set(0o755);
        assert_eq!((output.exit, output.stderr.as_str()), (Some(0), ""), "{mode}\n{output}");
        assert_eq!(output.stdout, Fixture::named("3.18.0-sqlite").cli("traces list --all --json").ok().stdout);
    }
}

#[test]
fn empty_columns_of_a_partial_upgrade_fall_back_to_rows() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let before = copy.cli("traces list --all --deleted").json();
    let database = copy.database();
    for trace in items(&before, "traces") {
        let id = trace["trace_id"].as_str().unwrap();
        let row = |table: &str, key: &str, value: &Value| {
            if let Some(value) = value.as_str() {
                database
                    .execute(
                        &format!("insert or replace into {table} (key, value, request_id) values (?, ?, ?)"),
                        params![key, value, id],
                    )
                    .unwrap();
            }
        };
        row("trace_tags", "mlflow.traceName", &trace["name"]);
        for key in ["mlflow.trace.session", "mlflow.trace.tokenUsage", "mlflow.trace.cost"] {
            row("trace_request_metadata", key, &trace["metadata"][key]);
        }
    }
    database.execute_batch("update trace_info set trace_name = null, session_id = null, input_tokens = null, output_tokens = null, total_tokens = null, input_cost = null, output_cost = null, total_cost = null").unwrap();
    drop(database);
    let after = copy.cli("traces list --all --deleted").json();
    for (before, after) in items(&before, "traces").iter().zip(items(&after, "traces")) {
        assert_eq!(after, before);
    }
    for flags in ["--name run_tool_agent", "--session chat-42", "--sort -tokens", "--sort cost", "--sort name"] {
        let words = format!("traces list --all -o ids {flags}");
        assert_eq!(copy.cli(&words).ok().stdout, Fixture::named("3.18.0-sqlite").cli(&words).ok().stdout, "{flags}");
    }
    assert_eq!(
        copy.cli("experiments --json").ok().stdout,
        Fixture::named("3.18.0-sqlite").cli("experiments --json").ok().stdout
    );
}

#[test]
fn columns_take_precedence_over_stale_rows() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql(
        "insert or replace into trace_tags (key, value, request_id) select 'mlflow.traceName', 'stale', request_id from trace_info where trace_name is not null;
         insert or replace into trace_request_metadata (key, value, request_id) select 'mlflow.trace.session', 'stale', request_id from trace_info where session_id is not null;
         insert or replace into trace_request_metadata (key, value, request_id) select 'mlflow.trace.tokenUsage', '{\"input_tokens\": 1, \"output_tokens\": 1, \"total_tokens\": 2}', request_id from trace_info where total_tokens is not null;",
    );
    let fixture = Fixture::named("3.18.0-sqlite");
    for words in [
        "traces list --all --json",
        "traces list --name stale --json",
        "traces list --session stale --json",
        "traces list --all --sort -tokens -o ids",
        "experiments --json",
        "usage --json",
    ] {
        assert_eq!(copy.cli(words).ok().stdout, fixture.cli(words).ok().stdout, "{words}");
    }
}

#[test]
fn null_span_types_are_derived_from_attributes() {
    let copy = Fixture::named("3.18.0-http-sqlite").copy();
    let types = |copy: &Copy| {
        let document = copy.cli("spans --all -x OTLP").json();
        items(&document, "spans")
            .iter()
            .map(|span| {
                (span["name"].clone(), span["span_type"].clone(), span["model"].clone(), span["token_usage"].clone())
            })
            .collect::<Vec<_>>()
    };
    let before = types(&copy);
    assert!(before.iter().any(|(_, kind, ..)| kind == "CHAT_MODEL" || kind == "LLM"), "{before:?}");
    let changed = copy.database().execute("update spans set type = null", []).unwrap();
    assert!(changed > 3);
    assert_eq!(types(&copy), before);
    for kind in ["CHAT_MODEL", "TOOL", "AGENT"] {
        let words = format!("traces list --all -o ids --type {kind}");
        assert_eq!(
            copy.cli(&words).ok().stdout,
            Fixture::named("3.18.0-http-sqlite").cli(&words).ok().stdout,
            "{kind}"
        );
    }
}

#[test]
fn traces_without_their_archive_are_skeletons() {
    let copy = Fixture::named("3.18.0-archived").copy();
    let id = trace_named(&copy.cli("traces list --all").json(), "run_tool_agent", "OK");
    copy.sql("update trace_tags set value = replace(value, '/srv/', '/nowhere/')");
    let before = copy.cli("trace show").arg(&id).json();
    assert_eq!((&before["spans_source"], &before["complete"]), (&json!("archive"), &json!(true)));
    let archive =
        files_below(copy.path()).into_iter().find(|path| path.ends_with(format!("{id}/artifacts/traces.pb"))).unwrap();
    let bytes = std::fs::read(&archive).unwrap();
    std::fs::remove_file(&archive).unwrap();
    let document = show(&copy, &id, "missing_file", "traces.pb");
    assert_eq!((&document["spans_source"], &document["complete"]), (&json!("skeleton"), &json!(false)));
    for (bare, whole) in items(&document, "spans").iter().zip(items(&before, "spans")) {
        for key in ["span_id", "parent_id", "name", "span_type", "status", "start_time_ns", "end_time_ns"] {
            assert_eq!(bare[key], whole[key], "{key}");
        }
    }
    let usage = copy.cli("usage").arg(&id).json();
    assert_eq!(
        (&usage["token_usage"]["total_tokens"], &usage["token_usage_source"]),
        (&json!(106), &json!("recorded"))
    );
    // The same with a damaged archive.
    for part in [0, 30, 70] {
        write_old(&archive, &bytes[..bytes.len() * part / 100]);
        let document = copy.cli("trace show").arg(&id).json();
        assert_eq!(items(&document, "spans").len(), 4, "{part} %: {document}");
        assert_eq!(document["complete"], false, "{part} %");
        assert_eq!(items(&document, "problems").len(), 1, "{part} %: {document}");
    }
}

#[test]
fn warnings_beyond_the_limit_are_counted() {
    let copy = Fixture::named("3.18.0-file").copy();
    let records: Vec<PathBuf> =
        files_below(copy.path()).into_iter().filter(|path| path.ends_with("trace_info.yaml")).collect();
    for path in &records {
        write_old(path, "}{");
    }
    let output = copy.cli("traces list --all --deleted").ok();
    assert!(records.len() > 11);
    assert_eq!(warnings(&output).len(), 11, "{output}");
    assert!(warnings(&output)[10].contains(&format!("{} more", records.len() - 10)), "{output}");
}

#[test]
fn views_and_virtual_tables_are_rejected() {
    for (statements, what) in [
        (
            "alter table trace_info rename to x; create view trace_info as with recursive r(n) as \
             (select 1 union all select n + 1 from r) select n as rowid, 'tr-' || n as request_id, 1 as experiment_id, \
             n as timestamp_ms, 1 as execution_time_ms, 'OK' as status from r",
            "`trace_info` is a view",
        ),
        (
            "alter table trace_tags rename to x; create view TRACE_TAGS as select key, hex(zeroblob(300000000)) as value, \
             request_id from x",
            "`TRACE_TAGS` is a view",
        ),
        (
            "drop table spans; pragma writable_schema = on; insert into sqlite_schema values \
             ('table', 'spans', 'spans', 0, 'CREATE VIRTUAL TABLE spans USING fts5(trace_id, content)')",
            "`spans` is a virtual table",
        ),
        ("alter table alembic_version rename to x; create view alembic_version as select * from x", "is a view"),
    ] {
        let copy = Fixture::named("3.18.0-sqlite").copy();
        copy.sql(statements);
        for words in ["traces list", "experiments", "usage", "trace show @last"] {
            let output = copy.cli(words).run();
            assert_eq!(output.exit, Some(5), "{words}: {output}");
            assert!(output.stderr.contains(what), "{words}: {output}");
        }
    }
    // Other views are ignored.
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql("create view mine as select * from trace_info");
    copy.cli("traces list").ok();
}

#[test]
fn oversized_values_hide_one_record_or_span() {
    let newest = "(select request_id from trace_info order by timestamp_ms desc limit 1)";
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let all = copy.cli("traces list --all -o ids").ok().lines().len();
    copy.sql(&format!("update trace_info set request_preview = zeroblob(17 << 20) where request_id = {newest}"));
    let output = copy.cli("traces list --all -o ids").ok();
    assert_eq!(output.lines().len(), all - 1, "{output}");
    assert!(output.stderr.contains("a value is larger than 16 MiB"), "{output}");
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let span = format!("(select min(rowid) from spans where trace_id = {newest})");
    copy.sql(&format!("update spans set content = zeroblob(257 << 20) where rowid = {span}"));
    let output = copy.cli("trace show @last --json").ok();
    assert!(output.stderr.contains("skipped 1 of "), "{output}");
    assert!(output.stderr.contains("spans, which are larger than 256 MiB"), "{output}");
    assert_eq!(output.json()["complete"], false);
    let output = copy.cli("traces list --grep nowhere-at-all").ok();
    assert!(output.stderr.contains("the filter needs spans that cannot be read"), "{output}");
    // Generated columns are limited too.
    copy.sql(
        "alter table trace_tags rename to x; create table trace_tags (key, stored, request_id, \
         value generated always as (hex(zeroblob(300000000)))); insert into trace_tags select key, value, request_id from x",
    );
    let output = copy.cli("traces list").ok();
    assert!(output.stderr.contains("a value is larger than"), "{output}");
}

/// A copy of a database with 1,200 more traces, two of them in each session, and a damaged page of `trace_info` between
/// them; and the number of traces that it still has.
fn database_with_a_damaged_page() -> (Copy, usize) {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql(
        "with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 1200) \
         insert into trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, request_preview, session_id, total_tokens) \
         select printf('tr-%032x', n), 2, 1800000000000 + n * 1000, n, 'OK', printf('question %d', n), printf('session %d', n / 2), 1 \
         from numbers; \
         insert into spans (trace_id, experiment_id, span_id, name, type, status, start_time_unix_nano, end_time_unix_nano, content) \
         select t.request_id, t.experiment_id, s.span_id, s.name, s.type, s.status, s.start_time_unix_nano, s.end_time_unix_nano, s.content \
         from trace_info t join (select * from spans where name = 'answer' limit 1) s where t.request_preview like 'question %'",
    );
    let path = &copy.fixture.store;
    let mut bytes = std::fs::read(path).unwrap();
    let page_size = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let marker = b"question 300";
    let at = bytes.windows(marker.len()).position(|window| window == marker).unwrap();
    let page = &mut bytes[at / page_size * page_size..][..page_size];
    assert_eq!(page[0], 13, "a leaf of a table");
    let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
    page.fill(0xaa);
    std::fs::write(path, bytes).unwrap();
    let total = items(&Fixture::named("3.18.0-sqlite").cli("traces list --all").json(), "traces").len() + 1200;
    (copy, total - cells)
}

#[test]
fn a_damaged_page_hides_only_its_own_traces() {
    let (copy, readable) = database_with_a_damaged_page();
    let json = |words: &str| {
        let output = copy.cli(words).arg("--json").run();
        assert!(matches!(output.exit, Some(0 | 1)), "{words}\n{output}");
        let warnings = warnings(&output);
        assert!(warnings.len() == 1 && warnings[0].contains("some traces cannot be read"), "{words}\n{output}");
        output.json()
    };
    for words in ["traces list --all", "traces list --all --sort duration", "traces list --all --sort name"] {
        assert_eq!(items(&json(words), "traces").len(), readable, "{words}");
    }
    assert_eq!(json("stats")["total"]["count"], readable);
    let totals = json("experiments");
    let totals = items(&totals, "experiments").iter().map(|experiment| experiment["trace_count"].as_u64().unwrap());
    assert_eq!(totals.sum::<u64>(), readable as u64);
    assert!(items(&json("sessions --all"), "sessions").len() > 550);
    let traces = json("traces list --all");
    let count_of = |path: &str| items(&traces, "traces").iter().filter(|trace| !trace[path].is_null()).count();
    assert_eq!(json("usage --by experiment")["total"]["traces"], count_of("token_usage"));
    let spans = json("spans --all");
    let with_spans: HashSet<&str> = strings(items(&spans, "spans"), "trace_id").into_iter().collect();
    assert_eq!(with_spans.len(), count_of("span_count"));
    for words in ["usage --by model", "tools", "exceptions", "check --max-error-rate 50%", "trace show @slow"] {
        json(words);
    }
    // The newest traces do not need the damaged page.
    copy.cli("traces list -n 100").ok();
    copy.cli("trace show @last").ok();
}
