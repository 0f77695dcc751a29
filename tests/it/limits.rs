//! Size limits. Limits that are cheap to exceed in unit tests are tested next to their code.

use crate::harness::{Fixture, trace_named};
use std::fs::File;

/// Creates a sparse file of zeros.
fn create_sparse_file(path: &std::path::Path, bytes: u64) {
    File::create(path).unwrap().set_len(bytes).unwrap();
}

#[test]
fn oversized_span_files_are_reported() {
    let copy = Fixture::named("3.18.0-file").copy();
    let id = trace_named(&copy.cli("traces --all").json(), "run_tool_agent", "OK");
    create_sparse_file(&copy.trace_folder(&id).join("artifacts/traces.json"), (2 << 30) + 1);
    let shown = copy.cli("trace show").arg(&id).json();
    let problems = shown["problems"].to_string();
    assert!(problems.contains("larger than the limit of 2147483648 bytes"), "{problems}");
}

#[test]
fn oversized_databases_are_not_copied() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql("pragma journal_mode = wal");
    create_sparse_file(&copy.path().join("mlflow.db-wal"), 4 << 30);
    let output = copy.cli("traces list").run();
    assert_eq!(output.exit, Some(5), "{output}");
    assert!(output.stderr.contains("more than the limit of 4294967296"), "{output}");
    assert!(output.stderr.contains("pragma wal_checkpoint"), "{output}");
}
