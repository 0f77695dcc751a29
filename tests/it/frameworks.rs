//! Stores of programs that use agent frameworks. What is read from them is tested next to the commands.

use crate::harness::fixtures;
use std::path::PathBuf;

pub(crate) fn store(name: &str) -> PathBuf {
    fixtures().join("frameworks").join(format!("{name}.jsonl.gz"))
}

pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures().join("frameworks"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".oracle.json").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() >= 31, "{names:?}");
    names
}

#[test]
fn every_program_is_tested() {
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands/tests/frameworks.rs");
    let tests = std::fs::read_to_string(tests).unwrap();
    let missing: Vec<String> =
        names().into_iter().filter(|name| !tests.contains(&format!("    \"{name}\"\n"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
