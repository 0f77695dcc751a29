//! Deleted experiments that contain traces.

use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::number;
use crate::shell::Suggestion;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "deleted_experiments",
    severity: Severity::Hint,
    message: Message::Counted("{} deleted experiment contains traces", "{} deleted experiments contain traces"),
    meaning: "MLflow hides a deleted experiment but keeps its traces. Commands leave them out without `--deleted`.",
    remedy: "use --deleted to see them; `mlflow gc` removes them permanently",
    command: |_, store| Some(store.command(&Suggestion::new("experiments").flag("--deleted"))),
    in_store: |store, finding| {
        let deleted = &store.facts.deleted_experiments;
        finding.add_others(deleted.len() as u64, deleted.iter().map(|(name, traces)| fact(name, *traces)));
    },
    ..FindingKind::NONE
};

fn fact(experiment: &str, traces: u64) -> String {
    let s = if traces == 1 { "" } else { "s" };
    format!("{experiment}: {} trace{s}", number::count(traces.cast_signed()))
}
