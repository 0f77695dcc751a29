//! Text in a trace is hostile: nothing of it may move the cursor, set a color, hide text or become a formula.

use crate::harness::{Cli, Copy, Done, Fixture, files_below, items, write_old};
use rusqlite::params;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Text of every kind that a terminal obeys or a reader does not see.
const EVIL: &str = "a\u{1b}[31mb\u{1b}]0;t\u{7}c\u{9b}2Jd\u{9d}0;x\u{9c}e\u{7f}f\u{8}g\rh\u{202e}i\u{2066}j\u{2069}k\u{200b}l\u{200e}m\u{200f}n\u{2028}o\u{2029}p\u{feff}q\u{e0041}r\u{e007f}s\u{61c}t\u{ad}u\u{180e}v\u{2060}w\u{fff9}x\u{85}y\u{c}z\u{b}end";

/// Whether a terminal would obey, or a reader would not see, a character. Written without looking at the program's own list.
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
fn assert_harmless(done: &Done, what: &str) {
    for (stream, text) in [("stdout", &done.stdout), ("stderr", &done.stderr)] {
        let found: Vec<_> = text.chars().filter(|c| is_dangerous(*c)).collect();
        assert!(found.is_empty(), "{what}: {found:?} on {stream}\n{text:?}");
    }
}

#[test]
fn the_list_of_dangerous_characters_covers_the_text() {
    assert!(EVIL.chars().filter(|c| is_dangerous(*c)).count() >= 28);
    assert!(!"plain ünïcödé 🎉 → …\n".chars().any(is_dangerous));
}

/// A database whose newest trace is hostile in all that it carries.
fn hostile_database() -> (Copy, String) {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let id = copy.cli("traces list -n 1 -o ids").ok().lines()[0].to_owned();
    let database = copy.database();
    database.execute("update experiments set name = ?, artifact_location = ?", params![EVIL, EVIL]).unwrap_err();
    database.execute("update experiments set name = ? where name = 'OpenAI'", [EVIL]).unwrap();
    let sql = "update trace_info set trace_name = ?1, session_id = ?1, request_preview = ?1, response_preview = ?1, client_request_id = substr(?1, 1, 40) where request_id = ?2";
    database.execute(sql, params![EVIL, id]).unwrap();
    database.execute("insert into trace_tags (key, value, request_id) values (?1, ?1, ?2)", params![EVIL, id]).unwrap();
    for key in ["mlflow.trace.user", "mlflow.sourceRun", EVIL] {
        database
            .execute(
                "insert into trace_request_metadata (key, value, request_id) values (?1, ?2, ?3)",
                params![key, EVIL, id],
            )
            .unwrap();
    }
    let assessment = "insert into assessments (assessment_id, trace_id, name, assessment_type, value, created_timestamp, last_updated_timestamp, source_type, source_id, rationale, valid) values ('a-1', ?2, ?1, 'feedback', ?3, 1, 1, 'HUMAN', ?1, ?1, 1)";
    database.execute(assessment, params![EVIL, id, json!(EVIL).to_string()]).unwrap();
    let mut statement = database.prepare("select span_id, content from spans where trace_id = ?").unwrap();
    let spans: Vec<(String, String)> =
        statement.query_map([&id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert!(spans.len() > 2);
    for (span, content) in spans {
        let content = hostile_span(&content);
        database
            .execute(
                "update spans set content = ?, name = ?, type = ? where span_id = ?",
                params![content, EVIL, EVIL, span],
            )
            .unwrap();
    }
    drop(statement);
    drop(database);
    (copy, id)
}

/// A span with the hostile text in every place that takes text.
fn hostile_span(content: &str) -> String {
    let mut span: Value = serde_json::from_str(content).unwrap();
    span["name"] = json!(EVIL);
    span["status"] = json!({"code": "STATUS_CODE_ERROR", "message": EVIL});
    let text = json!(EVIL).to_string();
    let inner = json!({"messages": [{"role": EVIL, "content": EVIL}], EVIL: EVIL}).to_string();
    for (key, value) in [
        ("mlflow.spanInputs", &inner),
        ("mlflow.spanOutputs", &text),
        ("mlflow.llm.model", &text),
        ("mlflow.llm.provider", &text),
        ("mlflow.spanType", &text),
        (EVIL, &text),
    ] {
        span["attributes"][key] = json!(value);
    }
    let exception =
        json!({"exception.type": EVIL, "exception.message": EVIL, "exception.stacktrace": format!("{EVIL}\n{EVIL}")});
    span["events"] = json!([{"name": EVIL, "time_unix_nano": 1, "attributes": {EVIL: EVIL}}, {"name": "exception", "time_unix_nano": 2, "attributes": exception}]);
    span.to_string()
}

const VIEWS: [&str; 14] = [
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
fn no_control_character_of_a_database_reaches_the_screen() {
    let (copy, id) = hostile_database();
    for words in VIEWS {
        assert_harmless(&copy.cli(words).ok(), words);
    }
    let document = copy.cli("trace show").arg(&id).json();
    let span = document["spans"][0]["span_id"].as_str().unwrap();
    let done = copy.cli("trace show").arg(&id).arg("--span").arg(span).ok();
    assert_harmless(&done, "--span");
    for part in ["exception", "attributes", "events (2)", "inputs", "outputs"] {
        assert!(done.lines().contains(&part), "{part}\n{done}");
    }
    assert!(copy.cli("trace show").ok().stdout.contains("\\x1b[31m"), "escapes are shown");
}

#[test]
fn json_of_a_hostile_database_is_the_text_as_stored() {
    let (copy, id) = hostile_database();
    let traces = copy.cli("traces list -n 1").json();
    let trace = &traces["traces"][0];
    assert_eq!(trace["trace_id"], id);
    for key in ["name", "session_id", "user_id", "run_id", "request_preview", "response_preview", "experiment_name"] {
        assert_eq!(trace[key], EVIL, "{key}");
    }
    assert_eq!(trace["tags"][EVIL], EVIL);
    assert_eq!(trace["metadata"][EVIL], EVIL);
    let assessment =
        items(trace, "assessments").iter().find(|assessment| assessment["assessment_id"] == "a-1").unwrap();
    for key in ["name", "value", "rationale", "source_id"] {
        assert_eq!(assessment[key], EVIL, "{key}");
    }
    let document = copy.cli("trace show").json();
    for span in items(&document, "spans") {
        for key in ["name", "span_type", "status_message", "model", "outputs"] {
            assert_eq!(span[key], EVIL, "{key}");
        }
        assert_eq!(span["inputs"]["messages"][0]["content"], EVIL);
        assert_eq!(span["inputs"][EVIL], EVIL);
        assert_eq!(span["attributes"][EVIL], EVIL);
        assert_eq!(span["exception"], json!({"type": EVIL, "message": EVIL, "stacktrace": format!("{EVIL}\n{EVIL}")}));
        assert_eq!(span["events"][0]["attributes"][EVIL], EVIL);
    }
    let experiments = copy.cli("experiments").json();
    assert!(items(&experiments, "experiments").iter().any(|experiment| experiment["name"] == EVIL));
}

#[test]
fn data_for_programs_is_harmless_where_somebody_looks_at_it_later() {
    let (copy, _) = hostile_database();
    for words in ["traces list --all", "trace show", "spans --all", "usage", "exceptions", "experiments", "doctor"] {
        for form in ["json", "jsonl", "csv", "ids"] {
            let done = copy.cli(words).words("-o").arg(form).run();
            assert!(matches!(done.exit, Some(0 | 2)), "not every command has every form: {done}");
            assert_harmless(&done, &format!("{words} -o {form}"));
        }
    }
    assert!(copy.cli("traces list -n 1 -o csv").ok().stdout.contains("\\x1b[31m"), "escapes are shown");
}

/// What a build prints may come out of a file.
#[test]
fn no_command_for_a_runner_gets_into_a_file() {
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
fn hostile_text_can_be_selected_by() {
    let (copy, id) = hostile_database();
    for flag in ["--name", "--session", "--user", "--run", "-x", "--type"] {
        let done = copy.cli("traces list -o ids").arg(flag).arg(EVIL).ok();
        assert!(done.lines().contains(&id.as_str()), "{flag}\n{done}");
    }
    assert_eq!(copy.cli("traces list -o ids --tag").arg(format!("{EVIL}={EVIL}")).ok().lines(), [id]);
}

/// A file store whose newest trace is hostile in its record, its labels and their names, and its spans.
fn hostile_files(name: &str) -> Copy {
    let copy = Fixture::named(name).copy();
    let id = copy.cli("traces list -n 1 -o ids").ok().lines()[0].to_owned();
    let folder = copy.trace_folder(&id);
    for labels in ["tags", "request_metadata"] {
        write_old(&folder.join(labels).join(EVIL), EVIL);
    }
    write_old(&folder.join("tags/mlflow.traceName"), EVIL);
    for key in ["mlflow.trace.session", "mlflow.trace.user", "mlflow.sourceRun"] {
        write_old(&folder.join("request_metadata").join(key), EVIL);
    }
    let info = folder.join("trace_info.yaml");
    let yaml = std::fs::read_to_string(&info).unwrap();
    // YAML is a superset of JSON, so a JSON string of ASCII is a YAML string.
    let mut ascii = String::new();
    for c in json!(EVIL).to_string().chars() {
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
fn no_control_character_of_a_file_store_reaches_the_screen() {
    let copy = hostile_files("3.18.0-file");
    let traces = copy.cli("traces list -n 1").json();
    let trace = &traces["traces"][0];
    for key in ["name", "session_id", "user_id", "run_id", "request_preview", "experiment_name"] {
        assert_eq!(trace[key], EVIL, "{key}");
    }
    assert_eq!(trace["tags"][EVIL], EVIL);
    assert_eq!(trace["metadata"][EVIL], EVIL);
    for words in VIEWS {
        assert_harmless(&copy.cli(words).ok(), words);
    }
    let document = copy.cli("trace show").json();
    for span in items(&document, "spans") {
        assert_eq!(
            (&span["name"], &span["outputs"], &span["exception"]["message"]),
            (&json!(EVIL), &json!(EVIL), &json!(EVIL))
        );
    }
}

#[test]
fn damage_with_a_hostile_name_is_told_harmlessly() {
    let copy = Fixture::named("3.18.0-file").copy();
    let folder = files_below(copy.path()).into_iter().find(|path| path.ends_with("trace_info.yaml")).unwrap();
    let traces = folder.parent().unwrap().parent().unwrap();
    let evil = traces.join(EVIL.chars().take(40).collect::<String>());
    std::fs::create_dir(&evil).unwrap();
    write_old(&evil.join("trace_info.yaml"), format!("{EVIL}: ["));
    let experiment = traces.parent().unwrap().parent().unwrap().join(EVIL.chars().take(40).collect::<String>());
    std::fs::create_dir(&experiment).unwrap();
    write_old(&experiment.join("meta.yaml"), format!("- {EVIL}"));
    for words in ["traces list --all", "experiments", "traces list --all --sort name", "spans --all --width 100"] {
        let done = copy.cli(words).ok();
        assert!(done.stderr.contains("warning:"), "{words}\n{done}");
        assert_harmless(&done, words);
    }
}

#[test]
fn what_a_user_types_wrong_is_repeated_harmlessly() {
    let folder = tempfile::tempdir().unwrap();
    let evil = EVIL;
    for json in [false, true] {
        let run = |cli: Cli| if json { cli.arg("--json").run() } else { cli.run() };
        for cli in [
            Cli::demo("trace show").arg(EVIL),
            Cli::demo("usage").arg(EVIL),
            Cli::demo("trace show").arg(format!("@{EVIL}")),
            Cli::demo("trace show @last --span").arg(EVIL),
            Cli::demo("traces list -x").arg(EVIL),
            Cli::demo("traces list --sort").arg(EVIL),
            Cli::demo("traces list --since").arg(EVIL),
            Cli::demo("traces list --min-duration").arg(EVIL),
            Cli::demo("traces list --status").arg(EVIL),
            Cli::demo("traces list").arg(format!("--{EVIL}")),
            Cli::demo("").arg(EVIL),
            Cli::new("traces list").on(evil).cwd(folder.path()),
            Cli::new("traces list").on(format!("sqlite:///{evil}")).cwd(folder.path()),
            Cli::new("traces list").on(format!("{evil}://host")).cwd(folder.path()),
            Cli::new("traces list").on(format!("postgresql://{evil}")).cwd(folder.path()),
            Cli::demo("traces list").env("MLFLOW_EXPERIMENT_NAME", EVIL),
        ] {
            let done = run(cli.clone());
            assert!(matches!(done.exit, Some(2 | 3 | 5)), "{cli:?}\n{done}");
            assert!(!done.stderr.is_empty());
            assert_harmless(&done, &format!("{cli:?}"));
        }
    }
}

#[test]
fn cells_that_begin_as_formulas_get_an_apostrophe() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let ids = copy.cli("traces list --all -o ids").ok();
    let formulas = [
        "=1+1",
        "+1",
        "-1",
        "@sum(a1)",
        "\t=1",
        "\r=1",
        " =1",
        "\n=1",
        "\u{ff1d}1",
        "=cmd|'/c calc'!A1",
        "\"=1\"",
        "=\"a\",\"b\"",
    ];
    let database = copy.database();
    for (id, formula) in ids.lines().iter().zip(formulas) {
        database
            .execute(
                "update trace_info set trace_name = ?1, session_id = ?1, request_preview = ?1 where request_id = ?2",
                params![formula, id],
            )
            .unwrap();
    }
    database.execute("update experiments set name = '=HYPERLINK(\"http://x\")' where name = 'OpenAI'", []).unwrap();
    drop(database);
    let table = parse_csv(&copy.cli("traces list --all -o csv").ok().stdout);
    let column = |name: &str| table[0].iter().position(|title| title == name).unwrap();
    for (row, formula) in table[1..].iter().zip(formulas) {
        let expected = if formula.starts_with('"') { formula.to_owned() } else { format!("'{formula}") };
        let expected = expected.replace('\r', "\\x0d");
        for name in ["name", "session_id", "request_preview"] {
            assert_eq!(row[column(name)], expected, "{formula:?}");
        }
    }
    assert!(table[1..].iter().any(|row| row[column("experiment_name")].starts_with("'=HYPERLINK")));
    for words in ["experiments -o csv", "spans --all -o csv", "usage -o csv"] {
        for row in &parse_csv(&copy.cli(words).ok().stdout)[1..] {
            for cell in row {
                let is_number = cell.parse::<f64>().is_ok();
                assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{words}: {cell}");
            }
        }
    }
}

/// Rows of cells (RFC 4180); every row has to have as many as the first.
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut is_quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let row = rows.last_mut().unwrap();
        let cell = row.last_mut().unwrap();
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(String::new()),
            '\n' if !is_quoted => rows.push(vec![String::new()]),
            '\r' if !is_quoted => {}
            c => cell.push(c),
        }
    }
    assert_eq!(rows.pop(), Some(vec![String::new()]), "the last line ends");
    assert!(!is_quoted && rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    rows
}
