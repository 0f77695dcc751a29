//! What goes over a limit is named, and what is within it is shown. Limits that are cheaper to go over elsewhere have their
//! tests beside the code that keeps them.

use crate::harness::{Fixture, trace_named};
use std::fs::File;

/// A file of zeros that takes no room.
fn sparse(path: &std::path::Path, bytes: u64) {
    File::create(path).unwrap().set_len(bytes).unwrap();
}

#[test]
fn a_file_of_spans_that_is_too_large_is_named_and_not_read() {
    let copy = Fixture::named("3.18.0-file").copy();
    let id = trace_named(&copy.cli("traces --all").json(), "run_tool_agent", "OK");
    sparse(&copy.trace_folder(&id).join("artifacts/traces.json"), (2 << 30) + 1);
    let shown = copy.cli("trace show").arg(&id).json();
    let problems = shown["problems"].to_string();
    assert!(problems.contains("larger than the limit of 2147483648 bytes"), "{problems}");
}

#[test]
fn a_database_that_is_too_large_to_be_copied_is_refused_with_a_way_out() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql("pragma journal_mode = wal");
    sparse(&copy.path().join("mlflow.db-wal"), 4 << 30);
    let done = copy.cli("traces list").run();
    assert_eq!(done.exit, Some(5), "{done}");
    assert!(done.stderr.contains("more than the limit of 4294967296"), "{done}");
    assert!(done.stderr.contains("pragma wal_checkpoint"), "{done}");
}
