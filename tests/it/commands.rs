//! Complete output of commands on the built-in sample.

use crate::harness::{Cli, Fixture, files_below, items};
use serde_json::{Value, json};

#[test]
fn usage_groups_add_up_to_the_total_in_every_store() {
    for fixture in Fixture::all() {
        let document = fixture.cli("usage").json();
        for path in ["/token_usage/input_tokens", "/token_usage/output_tokens", "/token_usage/total_tokens", "/calls"] {
            let sum: i64 = items(&document, "groups").iter().filter_map(|group| group.pointer(path)?.as_i64()).sum();
            let total = document["total"].pointer(path).and_then(Value::as_i64).unwrap_or(0);
            assert_eq!(sum, total, "{} {path}\n{document}", fixture.name);
        }
        // Equals the sum recorded by MLflow if it recorded usage for every trace.
        let traces = fixture.cli("traces list --all").json();
        let recorded: i64 = items(&traces, "traces")
            .iter()
            .filter_map(|trace| trace.pointer("/recorded_token_usage/total_tokens")?.as_i64())
            .sum();
        if fixture.name.contains("http") {
            // Spans are missing there: either the recorded total counts, or a note mentions them.
            let has_note = fixture.cli("usage").ok().stderr.contains("missing");
            let total = document.pointer("/total/token_usage/total_tokens").and_then(Value::as_i64);
            assert!(has_note || total == Some(recorded), "{}\n{document}", fixture.name);
        } else if fixture.release() >= (3, 2) {
            assert_eq!(
                document.pointer("/total/token_usage/total_tokens").and_then(Value::as_i64),
                Some(recorded),
                "{}",
                fixture.name
            );
        }
    }
}

#[test]
fn times_are_local_unless_utc() {
    let header = |flags: &str| {
        let output = Cli::demo(&format!("trace show @last {flags}")).env("TZ", "EST5").ok();
        output.lines()[0].rsplit("  ").next().unwrap().to_owned()
    };
    let document = Cli::demo("trace show @last").json();
    let time = chrono::DateTime::parse_from_rfc3339(document["info"]["request_time"].as_str().unwrap()).unwrap();
    assert_eq!(header("--utc"), format!("{} UTC", time.format("%Y-%m-%d %H:%M:%S")));
    let local = time.naive_utc() - chrono::TimeDelta::hours(5);
    assert!(header("").starts_with(&local.format("%Y-%m-%d %H:%M:%S").to_string()), "{}", header(""));
    assert!(!header("").ends_with("UTC"), "{}", header(""));
}

/// The ids of the trace and the span that have an image attachment.
fn find_image(fixture: &Fixture) -> (String, String) {
    let spans = fixture.cli("spans --all --full").json();
    let span = items(&spans, "spans")
        .iter()
        .find(|span| span.to_string().contains("mlflow-attachment://"))
        .expect("an attachment");
    (span["trace_id"].as_str().unwrap().to_owned(), span["span_id"].as_str().unwrap().to_owned())
}

#[test]
fn attachments_are_saved_without_overwriting_files() {
    for name in
        ["3.18.0-sqlite", "3.18.0-file", "3.18.0-http-sqlite", "3.18.0-archived", "3.16.1-sqlite", "3.16.1-file"]
    {
        let fixture = Fixture::named(name);
        let (trace, span) = find_image(&fixture);
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new/folder");
        let cli = fixture.cli("trace show").arg(&trace).arg("--span").arg(&span).arg("--save-attachments").arg(&target);
        let output = cli.ok();
        let files = files_below(&target);
        let [file] = files.as_slice() else { panic!("{name}: expected one file, found {files:?}\n{output}") };
        let bytes = std::fs::read(file).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{name}: expected a PNG");
        assert_eq!(file.extension().unwrap(), "png", "{name}");
        assert!(output.stderr.contains(&format!("wrote {} bytes", bytes.len())), "{name}\n{output}");
        std::fs::write(file, "mine").unwrap();
        let again = cli.run();
        assert_eq!(again.exit, Some(5), "{name}\n{again}");
        assert!(again.stderr.contains("cannot write") && again.stderr.contains("exists"), "{name}\n{again}");
        assert_eq!(std::fs::read(file).unwrap(), b"mine");
    }
}

#[test]
fn spans_without_attachments_save_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = Cli::demo("trace show @error --span get_weather --save-attachments").arg(folder.path()).ok();
    assert!(output.stderr.contains("no attachments"), "{output}");
    assert_eq!(files_below(folder.path()).len(), 0);
    assert_eq!(Cli::demo("trace show @error --save-attachments x").run().exit, Some(2));
}

#[test]
fn missing_attachments_are_reported_by_id() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let (trace, span) = find_image(&copy.fixture);
    copy.sql(
        "update trace_tags set value = replace(value, '/srv/', '/nowhere/') where key = 'mlflow.artifactLocation'",
    );
    let attachments = files_below(&copy.trace_folder(&trace))
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("attachments"));
    let id = attachments
        .map(|path| {
            std::fs::remove_file(&path).unwrap();
            path.file_name().unwrap().to_str().unwrap().to_owned()
        })
        .next()
        .unwrap();
    let output = copy
        .cli("trace show --json")
        .arg(&trace)
        .arg("--span")
        .arg(&span)
        .arg("--save-attachments")
        .arg(copy.path().join("out"))
        .run();
    assert_eq!(output.exit, Some(3), "{output}");
    assert_eq!(output.error()["code"], json!("not_found"));
    assert!(output.error()["message"].as_str().unwrap().contains(&id), "{output}");
}

#[test]
fn attachment_ids_cannot_be_paths() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let (trace, span) = find_image(&copy.fixture);
    let folder = copy.path().join("out");
    for id in ["../../../../mlflow.db", "..", "/etc/hostname", "a/b", "%2e%2e"] {
        copy.database()
            .execute(
                "update spans set content = json_set(content, '$.attributes', json_object('x', ?)) where span_id = ?",
                [&format!("\"mlflow-attachment://{id}?content_type=image%2Fpng\""), &span],
            )
            .unwrap();
        let output =
            copy.cli("trace show").arg(&trace).arg("--span").arg(&span).arg("--save-attachments").arg(&folder).ok();
        assert!(output.stderr.contains("no attachments"), "{id}\n{output}");
        assert!(!folder.exists(), "{id}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn limited_address_space_does_not_change_the_output() {
    let fixture = Fixture::named("3.18.0-sqlite");
    for words in ["usage --json", "exceptions --json", "tools --json", "traces list --all --json"] {
        let cli = fixture.cli(words);
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", "ulimit -v 150000 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_mltrace")]);
        limited
            .args(cli.command().get_args())
            .env_clear()
            .envs(cli.command().get_envs().filter_map(|(k, v)| Some((k, v?))));
        let output = limited.output().unwrap();
        assert!(output.status.success(), "{words}: {output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), cli.ok().stdout, "{words}");
    }
}
