//! A store without traces.

use crate::analysis::doctor::{FindingKind, InstalledMlflow, Message, Severity};
use crate::model::parse_release;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "empty_store",
    severity: Severity::Warning,
    message: Message::Fixed("the store contains no traces"),
    meaning: "Nothing was recorded here: the application has tracing disabled, writes to another store, or cannot \
              write.",
    remedy: "check that tracing is enabled (`mlflow.autolog()` or `@mlflow.trace`), and print \
             `mlflow.get_tracking_uri()` in the application",
    in_store: |store, finding| {
        // A store that looks empty may have only unreadable traces.
        if !store.facts.is_empty || store.is_damaged {
            return;
        }
        let packages = store.facts.installed.iter().flat_map(incompatible_packages);
        let other = store.facts.other_store.iter().filter(|other| !other.has_traces);
        let other = other.map(|other| format!("{}, in the same folder, has no traces either", other.name));
        finding.add_others(1, packages.chain(other));
    },
    ..FindingKind::NONE
};

/// Returns the packages with which the installed MLflow records nothing, or does not start.
fn incompatible_packages(installed: &InstalledMlflow) -> Vec<String> {
    let Some(mlflow) = parse_release(&installed.release) else { return Vec::new() };
    let mut facts = Vec::new();
    let mut add = |name: &str, release: &Option<String>, is_incompatible: fn((u32, u32)) -> bool, effect: &str| {
        if let Some(release) = release.as_ref().filter(|release| parse_release(release).is_some_and(is_incompatible)) {
            let mlflow = &installed.release;
            facts.push(format!("{name} {release} is incompatible with MLflow {mlflow}: {effect}"));
        }
    };
    // MLflow up to 3.8 imports a class that SQLAlchemy 2.1 removed (`store/db/utils.py`).
    if mlflow <= (3, 8) {
        add("sqlalchemy", &installed.sqlalchemy, |release| release >= (2, 1), "it cannot open a database");
    }
    // The span processor of MLflow up to 3.2 skips the base constructor, whose fields SDK 1.45 uses when a span ends.
    if mlflow <= (3, 2) {
        add("opentelemetry-sdk", &installed.opentelemetry, |release| release >= (1, 45), "spans never end");
    }
    facts
}
