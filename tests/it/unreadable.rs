//! Unreadable and special files in a store: they are reported, and they neither block the program, fill memory nor show
//! files outside the store.

#![cfg(unix)]

use crate::harness::{Cli, Copy, Fixture, copy_folder, items, trace_named};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A copy of a file store, the id of a trace, and the folder of that trace.
fn store() -> (Copy, String, PathBuf) {
    let copy = Fixture::named("3.18.0-file").copy();
    let id = trace_named(&copy.cli("traces --all").json(), "run_tool_agent", "OK");
    let folder = copy.trace_folder(&id);
    (copy, id, folder)
}

fn create_named_pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn unreadable_tags_make_lists_incomplete() {
    let (copy, id, folder) = store();
    std::fs::write(folder.join("tags/team"), "prod").unwrap();
    let listed = |copy: &Copy, words: &str| {
        let output = copy.cli(words).arg("--json").ok();
        let count = output.stderr.matches("warning: ").count();
        (items(&output.json(), "traces").len(), output.json()["page"]["complete"].clone(), count)
    };
    assert_eq!(listed(&copy, "traces --tag team=prod"), (1, json!(true), 0));
    std::fs::remove_file(folder.join("tags/team")).unwrap();
    symlink("team", folder.join("tags/team")).unwrap();
    assert_eq!(listed(&copy, "traces --tag team=prod"), (0, json!(false), 1));
    assert_eq!(
        listed(&copy, "traces --status ERROR"),
        (1, json!(true), 0),
        "tags are not needed if the record does not match"
    );
    assert_eq!(listed(&copy, "traces --all").2, 1, "the warning is shown once");
    let shown = copy.cli("trace show").arg(&id).json();
    assert_eq!(shown["complete"], json!(false));
    assert_eq!(shown["problems"][0]["kind"], "unreadable_file");
    assert!(shown["problems"][0]["path"].as_str().unwrap().ends_with("tags/team"), "{shown}");
    let report = copy.cli("doctor").ok();
    assert!(report.stdout.contains("cannot read the tag `team`"), "{report}");
    let check = copy.cli("check --no-exceptions --tag team=prod").run();
    assert_eq!(check.exit, Some(1));
    assert!(check.stdout.contains("UNKNOWN  readable"), "{check}");
}

#[test]
fn unreadable_folders_are_reported() {
    for (part, words) in [
        ("tags", "traces --tag team=prod --json"),
        ("request_metadata", "traces --session chat-42 --json"),
        ("assessments", "traces --filter feedback.x='y' --json"),
    ] {
        let (copy, id, folder) = store();
        if folder.join(part).exists() {
            std::fs::rename(folder.join(part), folder.join("aside")).unwrap();
        }
        symlink(part, folder.join(part)).unwrap();
        let output = copy.cli(words).ok();
        assert_eq!(output.json()["page"]["complete"], json!(false), "{part}: {output}");
        assert!(output.stderr.contains(part), "{output}");
        let shown = copy.cli("trace show").arg(&id).json();
        assert_eq!(shown["problems"][0]["kind"], "unreadable_folder", "{shown}");
        assert!(copy.cli("doctor").ok().stdout.contains("damaged_records"), "{part}");
    }
}

#[test]
fn links_out_of_the_store_are_not_followed() {
    let (copy, id, folder) = store();
    let secret = copy.path().join("secret");
    std::fs::write(&secret, "sesame").unwrap();
    symlink(&secret, folder.join("tags/leak")).unwrap();
    symlink("/proc/self/environ", folder.join("tags/environment")).unwrap();
    let (spans, out) = (folder.join("artifacts/traces.json"), copy.path().join("out"));
    let text = std::fs::read_to_string(&spans).unwrap().replace("Paris", "mlflow-attachment://a1?content_type=x Paris");
    std::fs::write(&spans, text).unwrap();
    std::fs::create_dir_all(folder.join("artifacts/attachments")).unwrap();
    symlink(&secret, folder.join("artifacts/attachments/a1")).unwrap();
    let commands = ["traces --all --json", "experiments --json", "doctor --json", "trace show @last --json --full"];
    for words in commands {
        let output = copy.cli(words).env("MLFLOW_TRACKING_PASSWORD", "sesame").run();
        assert!(!output.stdout.contains("sesame"), "{words}: {output}");
    }
    let shown = copy.cli("trace show").arg(&id).ok();
    assert_eq!(shown.stderr.matches("links out of the store").count(), 2, "{shown}");
    let words = "--span run_tool_agent --save-attachments";
    let saved = copy.cli("trace show").arg(&id).words(words).arg(&out).run();
    assert_eq!(saved.exit, Some(3), "{saved}");
    assert!(saved.stderr.contains("links out of the store"), "{saved}");
    std::fs::remove_file(folder.join("artifacts/attachments/a1")).unwrap();
    symlink("../traces.json", folder.join("artifacts/attachments/a1")).unwrap();
    copy.cli("trace show").arg(&id).words(words).arg(&out).ok();
    let (attachments, aside) = (folder.join("artifacts/attachments"), tempfile::tempdir().unwrap());
    std::fs::remove_dir_all(&attachments).unwrap();
    std::fs::remove_dir_all(&out).unwrap();
    std::fs::write(aside.path().join("a1"), "sesame").unwrap();
    symlink(aside.path(), &attachments).unwrap();
    let saved = copy.cli("trace show").arg(&id).words(words).arg(&out).run();
    assert!(saved.exit == Some(3) && saved.stderr.contains("links out of the store"), "{saved}");
}

#[test]
fn pipes_and_huge_files_are_not_read() {
    let (copy, id, folder) = store();
    create_named_pipe(&folder.join("tags/pipe"));
    create_named_pipe(&folder.join("request_metadata/pipe"));
    std::fs::create_dir_all(folder.join("assessments")).unwrap();
    create_named_pipe(&folder.join("assessments/a.yaml"));
    std::fs::File::create(folder.join("tags/sparse")).unwrap().set_len(1 << 30).unwrap();
    let started = Instant::now();
    for words in ["experiments", "traces --all", "usage", "doctor"] {
        copy.cli(words).ok();
    }
    assert!(started.elapsed().as_secs() < 20, "no command waits for a writer");
    let shown = copy.cli("trace show").arg(&id).ok();
    assert_eq!(shown.stderr.matches("not a regular file").count(), 3, "{shown}");
    assert!(shown.stderr.contains("cannot read the tag `sparse`: larger than the limit of 1048576 bytes"), "{shown}");
    std::fs::remove_file(folder.join("artifacts/traces.json")).unwrap();
    create_named_pipe(&folder.join("artifacts/traces.json"));
    let shown = copy.cli("trace show").arg(&id).json();
    assert!(shown["problems"].to_string().contains("cannot read traces.json: not a regular file"), "{shown}");
    std::fs::remove_file(folder.join("trace_info.yaml")).unwrap();
    create_named_pipe(&folder.join("trace_info.yaml"));
    let listed = copy.cli("traces --all").ok();
    assert!(listed.stderr.contains("cannot read the record: not a regular file"), "{listed}");
}

#[test]
fn duplicate_traces_are_listed_once() {
    let (copy, id, folder) = store();
    let count = items(&copy.cli("traces --all").json(), "traces").len();
    let duplicate = folder.with_file_name("tr-00000000000000000000000000000000");
    copy_folder(&folder, &duplicate);
    let output = copy.cli("traces --all --json").ok();
    assert_eq!(items(&output.json(), "traces").len(), count, "{output}");
    assert!(output.stderr.contains(&format!("the record in this folder belongs to trace {id}")), "{output}");
    std::fs::remove_dir_all(&duplicate).unwrap();
    let other = copy.path().join("mlruns/0/traces");
    std::fs::create_dir_all(other.join(&id)).unwrap();
    let output = copy.cli("traces --all --json").ok();
    assert_eq!((items(&output.json(), "traces").len(), &*output.stderr), (count, ""), "empty folders are ignored");
    copy_folder(&folder, &other.join(&id));
    let output = copy.cli("traces --all --json").ok();
    assert_eq!(items(&output.json(), "traces").len(), count, "{output}");
    assert!(output.stderr.contains("another experiment has a trace with the same id"), "{output}");
}

#[test]
fn endless_settings_files_are_rejected() {
    for words in ["check --rules", "check --no-exceptions --baseline", "--prices"] {
        let rest = if words == "--prices" { "usage" } else { "" };
        let output = Cli::demo(words).arg("/dev/zero").words(rest).run();
        assert_eq!(output.exit, Some(2), "{words}: {output}");
        assert!(output.stderr.contains("larger than the limit of 67108864 bytes"), "{words}: {output}");
    }
}
