//! What to do about findings, for somebody who does not know MLflow's insides.

use super::DoctorView;
use crate::analysis::doctor::{Fact, Finding, Kind};
use crate::model::StoreKind;
use crate::shell::{self, Suggestion};

/// What to do about it.
pub(super) const fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::DatabaseTooNew => "install the release that it is of, or read it with mltrace",
        Kind::SchemaUnnamed => "restore a copy that names its schema, or read it with mltrace",
        Kind::UpgradeBroken => "restore the copy that was made before the upgrade, and upgrade that one again",
        Kind::FileStoreRefused => "set MLFLOW_ALLOW_FILE_STORE=true, or move the traces to a database",
        Kind::SpansNotServed => {
            "look into the server's log, and run `mltrace doctor -u sqlite:///mlflow.db` with its database on its machine"
        }
        Kind::DamagedRecords => "restore what is named here from a copy, or let this user read it",
        Kind::MissingArtifacts => "copy the folder from the machine that wrote it to where the record says",
        Kind::SpansMissing => "update MLflow, and look into the log of the application for failed exports",
        Kind::MissingRoot => "see what is there; the application's log may tell why the root was not exported",
        Kind::DatabaseTooOld => {
            "make a copy of the database first; then upgrade it, when every program that uses it can"
        }
        Kind::SpansUnseen => "use MLflow 3.6 or later for this database, or read it with mltrace",
        Kind::RowsMissing => {
            "keep the files; restore a copy of the database that has the rows, if MLflow is to show them"
        }
        Kind::StuckTraces => "see how far one came; have the process end traces when it is stopped",
        Kind::RecordIncomplete => "update MLflow to 3.12 or later; what is missing cannot be brought back",
        Kind::TokensDiffer => "take the figures of `mltrace usage TRACE`, which come from the spans",
        Kind::CostsDiffer => "take the cost of `mltrace usage TRACE`, which comes from the spans",
        Kind::UsageConflict => "compare both totals with the bill of the provider",
        Kind::Orphans => "see which steps are concerned; for other services, have them report to this store too",
        Kind::RepeatedSpans => "look at the files of these traces: what else they hold is not shown",
        Kind::OutsideArtifacts => {
            "change the locations in the records, or move the other store away before you change it"
        }
        Kind::MovedArtifacts => {
            "move the store back, or put a link where the records look, if MLflow is to use it; mltrace needs neither"
        }
        Kind::EmptyStore => {
            "check that tracing is on (`mlflow.autolog()` or `@mlflow.trace`), and print \
                             `mlflow.get_tracking_uri()` in the application"
        }
        Kind::PassedOver => "name the store to the application, or move the other one away",
        Kind::TwoStores => "name the other store to read it",
        Kind::ForeignArtifacts => "ask the tracking server that stands before this store: `mltrace -u https://host`",
        Kind::UnknownRevision => "look for a newer mltrace",
        Kind::UnpricedModels => {
            "write their prices into a file, for which those of a known model are the pattern, and name it with --prices"
        }
        Kind::DeletedExperiments => "add --deleted to see them; `mlflow gc` removes them for good",
    }
}

/// A command to paste, where there is one.
pub(super) fn command(view: &DoctorView, finding: &Finding) -> Option<String> {
    let mltrace = |suggestion: Suggestion| Some(format!("{}{suggestion}", view.program));
    let of_first = |name| Some(Suggestion::new(name).of(finding.trace_ids.first()?));
    let path = shell::word(&view.name);
    match finding.kind {
        Kind::StuckTraces | Kind::MissingRoot | Kind::Orphans | Kind::RowsMissing => mltrace(of_first("trace show")?),
        Kind::TokensDiffer | Kind::CostsDiffer | Kind::UsageConflict => mltrace(of_first("usage")?.flag("--explain")),
        Kind::DatabaseTooNew => {
            let releases = view.store.checkup.revisions.first()?.releases?;
            let last = releases.rsplit(' ').next()?;
            let every = if last.matches('.').count() == 1 { ".*" } else { "" };
            Some(format!("pip install 'mlflow=={last}{every}'"))
        }
        Kind::DatabaseTooOld => Some(format!("mlflow db upgrade sqlite:///{path}")),
        Kind::FileStoreRefused => {
            let target = view.free_database.as_ref()?.to_string_lossy();
            Some(format!("mlflow migrate-filestore --source {path} --target sqlite:///{}", shell::word(&target)))
        }
        Kind::TwoStores => finding.details.iter().find_map(|detail| match &detail.fact {
            Fact::Store(name) => Some(format!("mltrace {} traces list", shell::option("-u", name))),
            _ => None,
        }),
        Kind::PassedOver => {
            let uri = match view.store.checkup.kind {
                StoreKind::Sqlite => format!("sqlite:///{}", view.name),
                _ => view.name.clone(),
            };
            Some(format!("export MLFLOW_TRACKING_URI={}", shell::word(&uri)))
        }
        Kind::UnpricedModels => Some("mltrace prices gpt-4o-mini --json > prices.json".to_owned()),
        Kind::DeletedExperiments => mltrace(Suggestion::new("experiments").flag("--deleted")),
        Kind::SchemaUnnamed
        | Kind::UpgradeBroken
        | Kind::SpansNotServed
        | Kind::DamagedRecords
        | Kind::MissingArtifacts
        | Kind::SpansMissing
        | Kind::RecordIncomplete
        | Kind::SpansUnseen
        | Kind::RepeatedSpans
        | Kind::OutsideArtifacts
        | Kind::MovedArtifacts
        | Kind::EmptyStore
        | Kind::ForeignArtifacts
        | Kind::UnknownRevision => None,
    }
}
