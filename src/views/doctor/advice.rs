//! What to do about findings, for users who do not know MLflow's internals.

use super::DoctorView;
use crate::analysis::doctor::{Fact, Finding, FindingKind};
use crate::model::StoreKind;
use crate::shell::{self, Suggestion};

/// Returns what to do about a finding.
pub(super) const fn remedy(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::DatabaseTooNew => "install the matching release, or read it with mltrace",
        FindingKind::SchemaUnnamed => "restore a backup that names its schema, or read it with mltrace",
        FindingKind::UpgradeBroken => "restore the backup from before the upgrade, and upgrade that one again",
        FindingKind::FileStoreRefused => "set MLFLOW_ALLOW_FILE_STORE=true, or move the traces to a database",
        FindingKind::SpansNotServed => {
            "check the server's log, and run `mltrace doctor -u sqlite:///mlflow.db` on the server's machine with its \
             database"
        }
        FindingKind::DamagedRecords => "restore the data from a backup, or give this user permission to read it",
        FindingKind::MissingArtifacts => "copy the folder from the machine that wrote it to the recorded location",
        FindingKind::SpansMissing => "update MLflow, and check the application's log for failed exports",
        FindingKind::MissingRoot => {
            "inspect the stored spans, and check the application's log for why the root was not exported"
        }
        FindingKind::DatabaseTooOld => {
            "back up the database, then upgrade it once every program that uses it supports the newer release"
        }
        FindingKind::SpansNotRead => "use MLflow 3.6 or later for this database, or read it with mltrace",
        FindingKind::RowsMissing => {
            "keep the files; to see the spans in MLflow, restore a backup of the database that has the rows"
        }
        FindingKind::StuckTraces => "inspect one of them, and make the process end its traces when it stops",
        FindingKind::RecordIncomplete => "update MLflow to 3.12 or later; the missing data cannot be recovered",
        FindingKind::TokensDiffer => "use the tokens of `mltrace usage TRACE`, which come from the spans",
        FindingKind::CostsDiffer => "use the cost of `mltrace usage TRACE`, which comes from the spans",
        FindingKind::UsageConflict => "compare both totals with the provider's bill",
        FindingKind::Orphans => {
            "check which spans are affected; if the parents belong to another service, send its spans to this store too"
        }
        FindingKind::RepeatedSpans => "inspect the files of these traces for the spans that are not shown",
        FindingKind::OutsideArtifacts => {
            "correct the locations in the records, or move the other store away before you change it"
        }
        FindingKind::MovedArtifacts => {
            "to use it in MLflow, move the store back, or create a symlink at the recorded folder; mltrace needs \
             neither"
        }
        FindingKind::EmptyStore => {
            "check that tracing is enabled (`mlflow.autolog()` or `@mlflow.trace`), and print \
             `mlflow.get_tracking_uri()` in the application"
        }
        FindingKind::OtherStorePreferred => "set the tracking URI of the application, or move the other store away",
        FindingKind::TwoStores => "use -u to read the other store",
        FindingKind::ForeignArtifacts => {
            "read the traces from the tracking server of this store: `mltrace -u https://host`"
        }
        FindingKind::UnknownRevision => "check for a newer release of mltrace",
        FindingKind::UnpricedModels => {
            "write their prices to a file, using those of a known model as a template, and pass it with --prices"
        }
        FindingKind::DeletedExperiments => "use --deleted to see them; `mlflow gc` removes them permanently",
    }
}

/// Returns a command to run for a finding, if there is one.
pub(super) fn command(view: &DoctorView, finding: &Finding) -> Option<String> {
    let mltrace = |suggestion: Suggestion| Some(format!("{}{suggestion}", view.command_prefix));
    let for_first_trace = |name| Some(Suggestion::new(name).operand(finding.trace_ids.first()?));
    let quoted_path = shell::quote(&view.name);
    match finding.kind {
        FindingKind::StuckTraces | FindingKind::MissingRoot | FindingKind::Orphans | FindingKind::RowsMissing => {
            mltrace(for_first_trace("trace show")?)
        }
        FindingKind::TokensDiffer | FindingKind::CostsDiffer | FindingKind::UsageConflict => {
            mltrace(for_first_trace("usage")?.flag("--explain"))
        }
        FindingKind::DatabaseTooNew => {
            let releases = view.store.info.revisions.first()?.releases?;
            let last = releases.rsplit(' ').next()?;
            let patch = if last.matches('.').count() == 1 { ".*" } else { "" };
            Some(format!("pip install 'mlflow=={last}{patch}'"))
        }
        FindingKind::DatabaseTooOld => Some(format!("mlflow db upgrade sqlite:///{quoted_path}")),
        FindingKind::FileStoreRefused => {
            let target = view.migration_target.as_ref()?.to_string_lossy();
            Some(format!(
                "mlflow migrate-filestore --source {quoted_path} --target sqlite:///{}",
                shell::quote(&target)
            ))
        }
        FindingKind::TwoStores => finding.details.iter().find_map(|detail| match &detail.fact {
            Fact::OtherStore(name) => Some(format!("mltrace {} traces list", shell::option("-u", name))),
            _ => None,
        }),
        FindingKind::OtherStorePreferred => {
            let uri = match view.store.info.kind {
                StoreKind::Sqlite => format!("sqlite:///{}", view.name),
                _ => view.name.clone(),
            };
            Some(format!("export MLFLOW_TRACKING_URI={}", shell::quote(&uri)))
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
        | FindingKind::SpansNotRead
        | FindingKind::RepeatedSpans
        | FindingKind::OutsideArtifacts
        | FindingKind::MovedArtifacts
        | FindingKind::EmptyStore
        | FindingKind::ForeignArtifacts
        | FindingKind::UnknownRevision => None,
    }
}
