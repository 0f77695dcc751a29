//! What to do about findings, for somebody who does not know MLflow's insides.

use super::DoctorView;
use crate::analysis::doctor::{Fact, Finding, FindingKind};
use crate::model::StoreKind;
use crate::shell::{self, Suggestion};

/// What to do about it.
pub(super) const fn remedy(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::DatabaseTooNew => "install the release that it is of, or read it with mltrace",
        FindingKind::SchemaUnnamed => "restore a copy that names its schema, or read it with mltrace",
        FindingKind::UpgradeBroken => "restore the copy that was made before the upgrade, and upgrade that one again",
        FindingKind::FileStoreRefused => "set MLFLOW_ALLOW_FILE_STORE=true, or move the traces to a database",
        FindingKind::SpansNotServed => {
            "look into the server's log, and run `mltrace doctor -u sqlite:///mlflow.db` with its database on its machine"
        }
        FindingKind::DamagedRecords => "restore what is named here from a copy, or let this user read it",
        FindingKind::MissingArtifacts => "copy the folder from the machine that wrote it to where the record says",
        FindingKind::SpansMissing => "update MLflow, and look into the log of the application for failed exports",
        FindingKind::MissingRoot => "see what is there; the application's log may tell why the root was not exported",
        FindingKind::DatabaseTooOld => {
            "make a copy of the database first; then upgrade it, when every program that uses it can"
        }
        FindingKind::SpansUnseen => "use MLflow 3.6 or later for this database, or read it with mltrace",
        FindingKind::RowsMissing => {
            "keep the files; restore a copy of the database that has the rows, if MLflow is to show them"
        }
        FindingKind::StuckTraces => "see how far one came; have the process end traces when it is stopped",
        FindingKind::RecordIncomplete => "update MLflow to 3.12 or later; what is missing cannot be brought back",
        FindingKind::TokensDiffer => "take the figures of `mltrace usage TRACE`, which come from the spans",
        FindingKind::CostsDiffer => "take the cost of `mltrace usage TRACE`, which comes from the spans",
        FindingKind::UsageConflict => "compare both totals with the bill of the provider",
        FindingKind::Orphans => "see which steps are concerned; for other services, have them report to this store too",
        FindingKind::RepeatedSpans => "look at the files of these traces: what else they hold is not shown",
        FindingKind::OutsideArtifacts => {
            "change the locations in the records, or move the other store away before you change it"
        }
        FindingKind::MovedArtifacts => {
            "move the store back, or put a link where the records look, if MLflow is to use it; mltrace needs neither"
        }
        FindingKind::EmptyStore => {
            "check that tracing is on (`mlflow.autolog()` or `@mlflow.trace`), and print \
                             `mlflow.get_tracking_uri()` in the application"
        }
        FindingKind::PassedOver => "name the store to the application, or move the other one away",
        FindingKind::TwoStores => "name the other store to read it",
        FindingKind::ForeignArtifacts => {
            "ask the tracking server that stands before this store: `mltrace -u https://host`"
        }
        FindingKind::UnknownRevision => "look for a newer mltrace",
        FindingKind::UnpricedModels => {
            "write their prices into a file, for which those of a known model are the pattern, and name it with --prices"
        }
        FindingKind::DeletedExperiments => "add --deleted to see them; `mlflow gc` removes them for good",
    }
}

/// A command to paste, where there is one.
pub(super) fn command(view: &DoctorView, finding: &Finding) -> Option<String> {
    let mltrace = |suggestion: Suggestion| Some(format!("{}{suggestion}", view.program));
    let of_first = |name| Some(Suggestion::new(name).of(finding.trace_ids.first()?));
    let path = shell::word(&view.name);
    match finding.kind {
        FindingKind::StuckTraces | FindingKind::MissingRoot | FindingKind::Orphans | FindingKind::RowsMissing => {
            mltrace(of_first("trace show")?)
        }
        FindingKind::TokensDiffer | FindingKind::CostsDiffer | FindingKind::UsageConflict => {
            mltrace(of_first("usage")?.flag("--explain"))
        }
        FindingKind::DatabaseTooNew => {
            let releases = view.store.checkup.revisions.first()?.releases?;
            let last = releases.rsplit(' ').next()?;
            let every = if last.matches('.').count() == 1 { ".*" } else { "" };
            Some(format!("pip install 'mlflow=={last}{every}'"))
        }
        FindingKind::DatabaseTooOld => Some(format!("mlflow db upgrade sqlite:///{path}")),
        FindingKind::FileStoreRefused => {
            let target = view.free_database.as_ref()?.to_string_lossy();
            Some(format!("mlflow migrate-filestore --source {path} --target sqlite:///{}", shell::word(&target)))
        }
        FindingKind::TwoStores => finding.details.iter().find_map(|detail| match &detail.fact {
            Fact::Store(name) => Some(format!("mltrace {} traces list", shell::option("-u", name))),
            _ => None,
        }),
        FindingKind::PassedOver => {
            let uri = match view.store.checkup.kind {
                StoreKind::Sqlite => format!("sqlite:///{}", view.name),
                _ => view.name.clone(),
            };
            Some(format!("export MLFLOW_TRACKING_URI={}", shell::word(&uri)))
        }
        FindingKind::UnpricedModels => Some("mltrace prices gpt-4o-mini --json > prices.json".to_owned()),
        FindingKind::DeletedExperiments => mltrace(Suggestion::new("experiments").flag("--deleted")),
        FindingKind::SchemaUnnamed
        | FindingKind::UpgradeBroken
        | FindingKind::SpansNotServed
        | FindingKind::DamagedRecords
        | FindingKind::MissingArtifacts
        | FindingKind::SpansMissing
        | FindingKind::RecordIncomplete
        | FindingKind::SpansUnseen
        | FindingKind::RepeatedSpans
        | FindingKind::OutsideArtifacts
        | FindingKind::MovedArtifacts
        | FindingKind::EmptyStore
        | FindingKind::ForeignArtifacts
        | FindingKind::UnknownRevision => None,
    }
}
