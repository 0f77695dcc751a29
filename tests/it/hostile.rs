//! Hostile text in traces: it must not move the cursor, set colors, hide text or become a formula.

use crate::harness::{Cli, Copy, Fixture, RunOutput, files_below, items, write_old};
use rusqlite::params;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A text with terminal control sequences and invisible characters of every kind.
const HOSTILE: &str = "a\u{1b}[31mb\u{1b}]0;t\u{7}c\u{9b}2Jd\u{9d}0;x\u{9c}e\u{7f}f\u{8}g\rh\u{202e}i\u{2066}j\u{2069}k\u{200b}l\u{200e}m\u{200f}n\u{2028}o\u{2029}p\u{feff}q\u{e0041}r\u{e007f}s\u{61c}t\u{ad}u\u{180e}v\u{2060}w\u{fff9}x\u{85}y\u{c}z\u{b}end";

/// Whether a character controls the terminal or is invisible. Written independently of the program's list.
fn is_dangerous(c: char) -> bool {
    let invisible = [
        '\u{ad}', '\u{61c}', '\u{180e}', '\u{200b}', '\u{200c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}',
        '\u{feff}', '\u{fff9}', '\u{fffa}', '\u{fffb}',
    ];
    (c.is_control() && c != '\n')
        || invisible.contains(&c)
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e0fff}')
}

#[track_caller]
fn assert_harmless(output: &RunOutput, what: &str) {
    for (stream, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let found: Vec<_> = text.chars().filter(|c| is_dangerous(*c)).collect();
        assert!(found.is_empty(), "{what}: {found:?} on {stream}\n{text:?}");
    }
}

#[test]
fn hostile_text_has_all_kinds_of_dangerous_characters() {
    assert!(HOSTILE.chars().filter(|c| is_dangerous(*c)).count() >= 28);
    assert!(!"plain ünïcödé 🎉 → …\n".chars().any(is_dangerous));
}

/// A database whose newest trace has hostile text in every field, and the id of that trace.
fn hostile_database() -> (Copy, String) {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let id = copy.cli("traces list -n 1 -o ids").ok().lines()[0].to_owned();
    let database = copy.database();
    database.execute("update experiments set name = ?, artifact_location = ?", params![HOSTILE, HOSTILE]).unwrap_err();
    database.execute("update experiments set name = ? where name = 'OpenAI'", [HOSTILE]).unwrap();
    let sql = "update trace_info set trace_name = ?1, session_id = ?1, request_preview = ?1, response_preview = ?1, client_request_id = substr(?1, 1, 40) where request_id = ?2";
    database.execute(sql, params![HOSTILE, id]).unwrap();
    database
        .execute("insert into trace_tags (key, value, request_id) values (?1, ?1, ?2)", params![HOSTILE, id])
        .unwrap();
    for key in ["mlflow.trace.user", "mlflow.sourceRun", HOSTILE] {
        database
            .execute(
                "insert into trace_request_metadata (key, value, request_id) values (?1, ?2, ?3)",
                params![key, HOSTILE, id],
            )
            .unwrap();
    }
    let assessment = "insert into assessments (assessment_id, trace_id, name, assessment_type, value, created_timestamp, last_updated_timestamp, source_type, source_id, rationale, valid) values ('a-1', ?2, ?1, 'feedback', ?3, 1, 1, 'HUMAN', ?1, ?1, 1)";
    database.execute(assessment, params![HOSTILE, id, json!(HOSTILE).to_string()]).unwrap();
    let mut statement = database.prepare("select span_id, content from spans where trace_id = ?").unwrap();
    let spans: Vec<(String, String)> =
        statement.query_map([&id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert!(spans.len() > 2);
    for (span, content) in spans {
        let content = hostile_span(&content);
        database
            .execute(
                "update spans set content = ?, name = ?, type = ? where span_id = ?",
                params![content, HOSTILE, HOSTILE, span],
            )
            .unwrap();
    }
    drop(statement);
    drop(database);
    (copy, id)
}

/// A span with hostile text in every field.
fn hostile_span(content: &str) -> String {
    let mut span: Value = serde_json::from_str(content).unwrap();
    span["name"] = json!(HOSTILE);
    span["status"] = json!({"code": "STATUS_CODE_ERROR", "message": HOSTILE});
    let text = json!(HOSTILE).to_string();
    let inner = json!({"messages": [{"role": HOSTILE, "content": HOSTILE}], HOSTILE: HOSTILE}).to_string();
    for (key, value) in [
        ("mlflow.spanInputs", &inner),
        ("mlflow.spanOutputs", &text),
        ("mlflow.llm.model", &text),
        ("mlflow.llm.provider", &text),
        ("mlflow.spanType", &text),
        (HOSTILE, &text),
    ] {
        span["attributes"][key] = json!(value);
    }
    let exception = json!({"exception.type": HOSTILE, "exception.message": HOSTILE, "exception.stacktrace": format!("{HOSTILE}\n{HOSTILE}")});
    span["events"] = json!([{"name": HOSTILE, "time_unix_nano": 1, "attributes": {HOSTILE: HOSTILE}}, {"name": "exception", "time_unix_nano": 2, "attributes": exception}]);
    span.to_string()
}

const COMMANDS: [&str; 14] = [
    "experiments",
    "traces list",
    "traces list --width 60",
    "traces list --ascii --width 200",
    "trace show",
    "trace show --tree --width 70",
    "trace show --io",
    "trace show --io=0 --ascii",
    "usage @last",
    "usage",
    "spans",
    "spans --width 90",
    "trace show @error",
    "traces list -v",
];

#[test]
fn hostile_text_of_databases_is_escaped() {
    let (copy, id) = hostile_database();
    for words in COMMANDS {
        assert_harmless(&copy.cli(words).ok(), words);
    }
    let document = copy.cli("trace show").arg(&id).json();
    let span = document["spans"][0]["span_id"].as_str().unwrap();
    let output = copy.cli("trace show").arg(&id).arg("--span").arg(span).ok();
    assert_harmless(&output, "--span");
    for part in ["exception", "attributes", "events (2)", "inputs", "outputs"] {
        assert!(output.lines().contains(&part), "{part}\n{output}");
    }
    assert!(copy.cli("trace show").ok().stdout.contains("\\x1b[31m"), "control characters are shown escaped");
}

#[test]
fn json_preserves_hostile_text() {
    let (copy, id) = hostile_database();
    let traces = copy.cli("traces list -n 1").json();
    let trace = &traces["traces"][0];
    assert_eq!(trace["trace_id"], id);
    for key in ["name", "session_id", "user_id", "run_id", "request_preview", "response_preview", "experiment_name"] {
        assert_eq!(trace[key], HOSTILE, "{key}");
    }
    assert_eq!(trace["tags"][HOSTILE], HOSTILE);
    assert_eq!(trace["metadata"][HOSTILE], HOSTILE);
    let assessment =
        items(trace, "assessments").iter().find(|assessment| assessment["assessment_id"] == "a-1").unwrap();
    for key in ["name", "value", "rationale", "source_id"] {
        assert_eq!(assessment[key], HOSTILE, "{key}");
    }
    let document = copy.cli("trace show").json();
    for span in items(&document, "spans") {
        for key in ["name", "span_type", "status_message", "model", "outputs"] {
            assert_eq!(span[key], HOSTILE, "{key}");
        }
        assert_eq!(span["inputs"]["messages"][0]["content"], HOSTILE);
        assert_eq!(span["inputs"][HOSTILE], HOSTILE);
        assert_eq!(span["attributes"][HOSTILE], HOSTILE);
        assert_eq!(
            span["exception"],
            json!({"type": HOSTILE, "message": HOSTILE, "stacktrace": format!("{HOSTILE}\n{HOSTILE}")})
        );
        assert_eq!(span["events"][0]["attributes"][HOSTILE], HOSTILE);
    }
    let experiments = copy.cli("experiments").json();
    assert!(items(&experiments, "experiments").iter().any(|experiment| experiment["name"] == HOSTILE));
}

#[test]
fn machine_readable_output_is_safe_to_display() {
    let (copy, _) = hostile_database();
    for words in ["traces list --all", "trace show", "spans --all", "usage", "exceptions", "experiments", "doctor"] {
        for form in ["json", "jsonl", "csv", "ids"] {
            let output = copy.cli(words).words("-o").arg(form).run();
            assert!(matches!(output.exit, Some(0 | 2)), "not every command supports every format: {output}");
            assert_harmless(&output, &format!("{words} -o {form}"));
        }
    }
    assert!(
        copy.cli("traces list -n 1 -o csv").ok().stdout.contains("\\x1b[31m"),
        "control characters are shown escaped"
    );
}

/// A later build step may print the file.
#[test]
fn ci_commands_are_escaped_in_files() {
    let (copy, _) = hostile_database();
    copy.sql("update trace_info set request_preview = '::error::pwned ##[add-mask]x'");
    let path = copy.path().join("out.txt");
    let cli = copy.cli("traces list --all --width 200").env("GITHUB_ACTIONS", "true");
    let status = cli.command().stdout(std::fs::File::create(&path).unwrap()).status().unwrap();
    assert!(status.success());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("add-mask") && !text.contains("##["), "{text}");
}

#[test]
fn hostile_text_can_be_filtered() {
    let (copy, id) = hostile_database();
    for flag in ["--name", "--session", "--user", "--run", "-x", "--type"] {
        let output = copy.cli("traces list -o ids").arg(flag).arg(HOSTILE).ok();
        assert!(output.lines().contains(&id.as_str()), "{flag}\n{output}");
    }
    assert_eq!(copy.cli("traces list -o ids --tag").arg(format!("{HOSTILE}={HOSTILE}")).ok().lines(), [id]);
}

/// A file store whose newest trace has hostile text in its record, tags, metadata, file names and spans.
fn hostile_file_store(name: &str) -> Copy {
    let copy = Fixture::named(name).copy();
    let id = copy.cli("traces list -n 1 -o ids").ok().lines()[0].to_owned();
    let folder = copy.trace_folder(&id);
    for labels in ["tags", "request_metadata"] {
        write_old(&folder.join(labels).join(HOSTILE), HOSTILE);
    }
    write_old(&folder.join("tags/mlflow.traceName"), HOSTILE);
    for key in ["mlflow.trace.session", "mlflow.trace.user", "mlflow.sourceRun"] {
        write_old(&folder.join("request_metadata").join(key), HOSTILE);
    }
    let info = folder.join("trace_info.yaml");
    let yaml = std::fs::read_to_string(&info).unwrap();
    // YAML is a superset of JSON, so a JSON string of ASCII is a YAML string.
    let mut ascii = String::new();
    for c in json!(HOSTILE).to_string().chars() {
        if c.is_ascii() && c != '\u{7f}' {
            ascii.push(c);
        } else {
            write!(ascii, "\\U{:08x}", u32::from(c)).unwrap();
        }
    }
    let mut lines: Vec<&str> = yaml
        .lines()
        .filter(|line| {
            !line.starts_with("request_preview") && !line.starts_with("  ")
                || line.starts_with("  mlflow")
                || line.starts_with("    experiment_id")
                || line.starts_with("  type")
        })
        .collect();
    let preview = format!("request_preview: {ascii}");
    lines.push(&preview);
    write_old(&info, lines.join("\n") + "\n");
    let spans = folder.join("artifacts/traces.json");
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(&spans).unwrap()).unwrap();
    for span in file["spans"].as_array_mut().unwrap() {
        *span = serde_json::from_str(&hostile_span(&span.to_string())).unwrap();
    }
    write_old(&spans, file.to_string());
    let meta = folder.parent().unwrap().parent().unwrap().join("meta.yaml");
    let text = std::fs::read_to_string(&meta).unwrap();
    let text: Vec<String> = text
        .lines()
        .map(|line| if line.starts_with("name:") { format!("name: {ascii}") } else { line.to_owned() })
        .collect();
    write_old(&meta, text.join("\n") + "\n");
    copy
}

#[test]
fn hostile_text_of_file_stores_is_escaped() {
    let copy = hostile_file_store("3.18.0-file");
    let traces = copy.cli("traces list -n 1").json();
    let trace = &traces["traces"][0];
    for key in ["name", "session_id", "user_id", "run_id", "request_preview", "experiment_name"] {
        assert_eq!(trace[key], HOSTILE, "{key}");
    }
    assert_eq!(trace["tags"][HOSTILE], HOSTILE);
    assert_eq!(trace["metadata"][HOSTILE], HOSTILE);
    for words in COMMANDS {
        assert_harmless(&copy.cli(words).ok(), words);
    }
    let document = copy.cli("trace show").json();
    for span in items(&document, "spans") {
        assert_eq!(
            (&span["name"], &span["outputs"], &span["exception"]["message"]),
            (&json!(HOSTILE), &json!(HOSTILE), &json!(HOSTILE))
        );
    }
}

#[test]
fn hostile_file_names_are_escaped_in_warnings() {
    let copy = Fixture::named("3.18.0-file").copy();
    let folder = files_below(copy.path()).into_iter().find(|path| path.ends_with("trace_info.yaml")).unwrap();
    let traces = folder.parent().unwrap().parent().unwrap();
    let hostile = traces.join(HOSTILE.chars().take(40).collect::<String>());
    std::fs::create_dir(&hostile).unwrap();
    write_old(&hostile.join("trace_info.yaml"), format!("{HOSTILE}: ["));
    let experiment = traces.parent().unwrap().parent().unwrap().join(HOSTILE.chars().take(40).collect::<String>());
    std::fs::create_dir(&experiment).unwrap();
    write_old(&experiment.join("meta.yaml"), format!("- {HOSTILE}"));
    for words in ["traces list --all", "experiments", "traces list --all --sort name", "spans --all --width 100"] {
        let output = copy.cli(words).ok();
        assert!(output.stderr.contains("warning:"), "{words}\n{output}");
        assert_harmless(&output, words);
    }
}

#[test]
fn hostile_arguments_are_escaped_in_errors() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = HOSTILE;
    for json in [false, true] {
        let run = |cli: Cli| if json { cli.arg("--json").run() } else { cli.run() };
        for cli in [
            Cli::demo("trace show").arg(HOSTILE),
            Cli::demo("usage").arg(HOSTILE),
            Cli::demo("trace show").arg(format!("@{HOSTILE}")),
            Cli::demo("trace show @last --span").arg(HOSTILE),
            Cli::demo("traces list -x").arg(HOSTILE),
            Cli::demo("traces list --sort").arg(HOSTILE),
            Cli::demo("traces list --since").arg(HOSTILE),
            Cli::demo("traces list --min-duration").arg(HOSTILE),
            Cli::demo("traces list --status").arg(HOSTILE),
            Cli::demo("traces list").arg(format!("--{HOSTILE}")),
            Cli::demo("").arg(HOSTILE),
            Cli::new("traces list").on(hostile).cwd(folder.path()),
            Cli::new("traces list").on(format!("sqlite:///{hostile}")).cwd(folder.path()),
            Cli::new("traces list").on(format!("{hostile}://host")).cwd(folder.path()),
            Cli::new("traces list").on(format!("mysql://{hostile}")).cwd(folder.path()),
            Cli::demo("traces list").env("MLFLOW_EXPERIMENT_NAME", HOSTILE),
        ] {
            let output = run(cli.clone());
            assert!(matches!(output.exit, Some(2 | 3 | 5)), "{cli:?}\n{output}");
            assert!(!output.stderr.is_empty());
            assert_harmless(&output, &format!("{cli:?}"));
        }
    }
}
