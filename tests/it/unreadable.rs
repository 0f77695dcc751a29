//! Files of a store that cannot be read, or are none: each is named, and none hangs the program, fills memory or shows what
//! lies outside.

#![cfg(unix)]

use crate::harness::{Cli, Copy, Fixture, copy_folder, items, trace_named};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A store of files, one of its traces, and the folder of that trace.
fn store() -> (Copy, String, PathBuf) {
    let copy = Fixture::named("3.18.0-file").copy();
    let id = trace_named(&copy.cli("traces --all").json(), "run_tool_agent", "OK");
    let folder = copy.trace_folder(&id);
    (copy, id, folder)
}

fn named_pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_tag_that_cannot_be_read_makes_an_answer_about_tags_incomplete() {
    let (copy, id, folder) = store();
    std::fs::write(folder.join("tags/team"), "prod").unwrap();
    let listed = |copy: &Copy, words: &str| {
        let done = copy.cli(words).arg("--json").ok();
        let count = done.stderr.matches("warning: ").count();
        (items(&done.json(), "traces").len(), done.json()["page"]["complete"].clone(), count)
    };
    assert_eq!(listed(&copy, "traces --tag team=prod"), (1, json!(true), 0));
    std::fs::remove_file(folder.join("tags/team")).unwrap();
    symlink("team", folder.join("tags/team")).unwrap();
    assert_eq!(listed(&copy, "traces --tag team=prod"), (0, json!(false), 1));
    assert_eq!(listed(&copy, "traces --status ERROR"), (1, json!(true), 0), "the record alone rules it out");
    assert_eq!(listed(&copy, "traces --all").2, 1, "one warning, however often it is read");
    let shown = copy.cli("trace show").arg(&id).json();
    assert_eq!(shown["complete"], json!(false));
    assert_eq!(shown["problems"][0]["kind"], "unreadable_file");
    assert!(shown["problems"][0]["path"].as_str().unwrap().ends_with("tags/team"), "{shown}");
    let report = copy.cli("doctor").ok();
    assert!(report.stdout.contains("cannot read the tag `team`"), "{report}");
    let gate = copy.cli("check --no-exceptions --tag team=prod").run();
    assert_eq!(gate.exit, Some(1));
    assert!(gate.stdout.contains("UNKNOWN  readable"), "{gate}");
}

#[test]
fn a_folder_of_a_trace_that_cannot_be_read_is_named() {
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
        let done = copy.cli(words).ok();
        assert_eq!(done.json()["page"]["complete"], json!(false), "{part}: {done}");
        assert!(done.stderr.contains(part), "{done}");
        let shown = copy.cli("trace show").arg(&id).json();
        assert_eq!(shown["problems"][0]["kind"], "unreadable_folder", "{shown}");
        assert!(copy.cli("doctor").ok().stdout.contains("damaged_records"), "{part}");
    }
}

#[test]
fn nothing_outside_of_a_store_is_shown() {
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
        let done = copy.cli(words).env("MLFLOW_TRACKING_PASSWORD", "sesame").run();
        assert!(!done.stdout.contains("sesame"), "{words}: {done}");
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
fn pipes_devices_and_huge_files_are_named_and_not_read() {
    let (copy, id, folder) = store();
    named_pipe(&folder.join("tags/pipe"));
    named_pipe(&folder.join("request_metadata/pipe"));
    std::fs::create_dir_all(folder.join("assessments")).unwrap();
    named_pipe(&folder.join("assessments/a.yaml"));
    std::fs::File::create(folder.join("tags/sparse")).unwrap().set_len(1 << 30).unwrap();
    let began = Instant::now();
    for words in ["experiments", "traces --all", "usage", "doctor"] {
        copy.cli(words).ok();
    }
    assert!(began.elapsed().as_secs() < 20, "none of them waits for a writer");
    let shown = copy.cli("trace show").arg(&id).ok();
    assert_eq!(shown.stderr.matches("not a regular file").count(), 3, "{shown}");
    assert!(shown.stderr.contains("cannot read the tag `sparse`: larger than the limit of 1048576 bytes"), "{shown}");
    std::fs::remove_file(folder.join("artifacts/traces.json")).unwrap();
    named_pipe(&folder.join("artifacts/traces.json"));
    let shown = copy.cli("trace show").arg(&id).json();
    assert!(shown["problems"].to_string().contains("cannot read traces.json: not a regular file"), "{shown}");
    std::fs::remove_file(folder.join("trace_info.yaml")).unwrap();
    named_pipe(&folder.join("trace_info.yaml"));
    let listed = copy.cli("traces --all").ok();
    assert!(listed.stderr.contains("cannot read the record: not a regular file"), "{listed}");
}

#[test]
fn a_trace_that_is_there_twice_is_listed_once() {
    let (copy, id, folder) = store();
    let count = items(&copy.cli("traces --all").json(), "traces").len();
    let twin = folder.with_file_name("tr-00000000000000000000000000000000");
    copy_folder(&folder, &twin);
    let done = copy.cli("traces --all --json").ok();
    assert_eq!(items(&done.json(), "traces").len(), count, "{done}");
    assert!(done.stderr.contains(&format!("the record in this folder belongs to trace {id}")), "{done}");
    std::fs::remove_dir_all(&twin).unwrap();
    let other = copy.path().join("mlruns/0/traces");
    std::fs::create_dir_all(other.join(&id)).unwrap();
    let done = copy.cli("traces --all --json").ok();
    assert_eq!((items(&done.json(), "traces").len(), &*done.stderr), (count, ""), "an empty folder is no trace");
    copy_folder(&folder, &other.join(&id));
    let done = copy.cli("traces --all --json").ok();
    assert_eq!(items(&done.json(), "traces").len(), count, "{done}");
    assert!(done.stderr.contains("another experiment has a trace with the same id"), "{done}");
}

#[test]
fn settings_without_an_end_are_refused() {
    for words in ["check --rules", "check --no-exceptions --baseline", "--prices"] {
        let rest = if words == "--prices" { "usage" } else { "" };
        let done = Cli::demo(words).arg("/dev/zero").words(rest).run();
        assert_eq!(done.exit, Some(2), "{words}: {done}");
        assert!(done.stderr.contains("larger than the limit of 67108864 bytes"), "{words}: {done}");
    }
}
