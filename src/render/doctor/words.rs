//! What findings mean and what to do about them, in plain words for somebody who does not know MLflow's insides.

use super::DoctorView;
use crate::analyze::doctor::{Fact, Finding, Kind};
use crate::model::{StoreKind, Timestamp, short_trace_id};
use crate::render::number;
use crate::render::text::shell_word;

/// What was found, with how many.
pub(super) fn message(finding: &Finding) -> String {
    let of = |one: &str, many: &str| {
        if finding.count == 1 {
            format!("1 {one}")
        } else {
            format!("{} {many}", number::count(finding.count.cast_signed()))
        }
    };
    match finding.kind {
        Kind::DatabaseTooNew => "the MLflow installed here refuses this database".to_owned(),
        Kind::UpgradeBroken => "the database says that it has several schemas at once".to_owned(),
        Kind::FileStoreRefused => "the MLflow installed here refuses this file store".to_owned(),
        Kind::DamagedRecords => of("trace or record is damaged", "traces or records are damaged"),
        Kind::MissingArtifacts => {
            of("trace has lost the file of its spans", "traces have lost the file of their spans")
        }
        Kind::SpansMissing => {
            of("trace has fewer spans than were recorded", "traces have fewer spans than were recorded")
        }
        Kind::MissingRoot => of("trace ended and has no root span", "traces ended and have no root span"),
        Kind::DatabaseTooOld => "the MLflow installed here wants a newer schema than this database has".to_owned(),
        Kind::StuckTraces => of("trace is stuck in progress", "traces are stuck in progress"),
        Kind::RecordIncomplete => of("trace has no complete record", "traces have no complete record"),
        Kind::TokensDiffer => of(
            "trace has another total of tokens than its spans",
            "traces have other totals of tokens than their spans",
        ),
        Kind::Orphans => of("trace has spans whose parent is missing", "traces have spans whose parent is missing"),
        Kind::MovedArtifacts => {
            of("trace has its spans elsewhere than recorded", "traces have their spans elsewhere than recorded")
        }
        Kind::EmptyStore => "the store holds no traces".to_owned(),
        Kind::TwoStores => "a second store lies beside this one and holds traces too".to_owned(),
        Kind::ForeignArtifacts => {
            of("trace has its spans where mltrace does not read", "traces have their spans where mltrace does not read")
        }
        Kind::UnknownRevision => "the database has the schema of no known release".to_owned(),
        Kind::UnpricedModels => of("model has no known price", "models have no known price"),
        Kind::DeletedExperiments => of("deleted experiment holds traces", "deleted experiments hold traces"),
    }
}

/// What it means.
pub(super) const fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::DatabaseTooNew => {
            "MLflow opens a database only if it knows its schema. This one was written or upgraded by a newer release than \
             the one installed here."
        }
        Kind::UpgradeBroken => {
            "A database has one schema, and MLflow refuses one that names several: an upgrade broke off, or two ran at once. \
             mltrace goes by the columns and reads it all the same."
        }
        Kind::FileStoreRefused => {
            "MLflow 3.13 and later open a file store only where MLFLOW_ALLOW_FILE_STORE is true, so an application that is \
             started here records no traces in it. mltrace reads it all the same."
        }
        Kind::DamagedRecords => {
            "Something that was stored cannot be read: a file was cut short or overwritten, or the disk or the database is \
             damaged. What is whole is shown, and totals leave out the rest."
        }
        Kind::MissingArtifacts => {
            "The record of the trace is there, the file with its spans is not, neither where the record says nor near the \
             store: its upload failed, it lies on the machine that wrote it, or it was deleted."
        }
        Kind::SpansMissing => {
            "The application recorded more steps than arrived: a batch of spans was refused or lost on its way. AG2 over \
             HTTP does this, since its ids do not fit into 64 bits; so do broken emoji in inputs. Totals are those that \
             MLflow recorded."
        }
        Kind::MissingRoot => {
            "The span that holds the others together never arrived, though the trace ended. MLflow shows such a trace in part \
             or not at all; mltrace shows its spans below their missing parents."
        }
        Kind::DatabaseTooOld => {
            "MLflow uses a database only if its schema is that of its own release. When it opens this one, it upgrades it at \
             once and without asking, where tables are lacking, or else refuses it. The release that wrote it cannot open it \
             afterwards."
        }
        Kind::StuckTraces => {
            "They began more than an hour ago and their end was never recorded: the process was killed or hangs, or their \
             root span goes elsewhere. Only steps that had ended are stored, if any."
        }
        Kind::RecordIncomplete => {
            "Their spans were stored, but what the application sends when a trace ends was refused: name, user, session, run \
             and previews are missing, and the total of tokens is a guess of the store. MLflow 3.10 and 3.11 do this in \
             databases where calls have cached tokens; broken emoji in inputs do it in later ones."
        }
        Kind::TokensDiffer => {
            "The total that MLflow stored is not what the spans add up to. Where it is higher, a step and a step within it \
             tell the same tokens, and both were counted, as MLflow up to 3.4 may do, and databases and servers up to 3.14; \
             where it is lower, some were left out. MLflow's own lists and charts show the stored total."
        }
        Kind::Orphans => {
            "Some steps name a step above them that is not there: it was lost on its way, is not sampled, or reports to \
             another place. They are shown as if they began the trace."
        }
        Kind::MovedArtifacts => {
            "The records name a folder in which the files are no longer: the store was moved or copied. mltrace finds them \
             beside the store; MLflow does not, shows these traces without spans, and writes new ones to the old place."
        }
        Kind::EmptyStore => {
            "Nothing was recorded here: tracing is off in the application, it writes to another store, or it cannot write."
        }
        Kind::TwoStores => {
            "`mlflow.db` and `mlruns` in one folder are two stores. MLflow before 3.7 writes to `mlruns`, later ones to \
             `mlflow.db` unless `mlruns` holds experiments. mltrace reads the one that MLflow would take."
        }
        Kind::ForeignArtifacts => {
            "Their spans are files in a cloud or on another host, for which mltrace has no access."
        }
        Kind::UnknownRevision => {
            "It is newer than MLflow 3.18, of a version in development, or an upgrade broke off. mltrace goes by the columns; \
             what is new in this schema it does not show."
        }
        Kind::UnpricedModels => {
            "These models have tokens, MLflow recorded no cost, and the price table of mltrace does not know them: their cost \
             is in no sum."
        }
        Kind::DeletedExperiments => {
            "MLflow hides a deleted experiment and keeps its traces. They count in no command that is not told `--deleted`."
        }
    }
}

/// What to do about it.
pub(super) const fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::DatabaseTooNew => "install the release that it is of, or read it with mltrace",
        Kind::UpgradeBroken => "restore the copy that was made before the upgrade, and upgrade that one again",
        Kind::FileStoreRefused => "set MLFLOW_ALLOW_FILE_STORE=true, or move the traces to a database",
        Kind::DamagedRecords => "restore the files named here from a copy, if there is one",
        Kind::MissingArtifacts => "copy the folder from the machine that wrote it to where the record says",
        Kind::SpansMissing => "update MLflow, and look into the log of the application for failed exports",
        Kind::MissingRoot => "see what is there; the application's log may tell why the root was not exported",
        Kind::DatabaseTooOld => {
            "make a copy of the database first; then upgrade it, when every program that uses it can"
        }
        Kind::StuckTraces => "see how far one came; have the process end traces when it is stopped",
        Kind::RecordIncomplete => "update MLflow to 3.12 or later; what is missing cannot be brought back",
        Kind::TokensDiffer => "take the figures of `mltrace usage TRACE`, which come from the spans",
        Kind::Orphans => "see which steps are concerned; for other services, have them report to this store too",
        Kind::MovedArtifacts => {
            "move the store back, or put a link where the records look, if MLflow is to use it; mltrace needs neither"
        }
        Kind::EmptyStore => {
            "check that tracing is on (`mlflow.autolog()` or `@mlflow.trace`), and print \
                             `mlflow.get_tracking_uri()` in the application"
        }
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
    let mltrace = |rest: &str| Some(format!("{}{rest}", view.program));
    let first = finding.trace_ids.first().map(|id| shell_word(id));
    let show = || mltrace(&format!("trace show {}", first.as_ref()?));
    let path = shell_word(&view.name);
    match finding.kind {
        Kind::StuckTraces | Kind::MissingRoot | Kind::Orphans => show(),
        Kind::TokensDiffer => mltrace(&format!("usage {} --explain", first.as_ref()?)),
        Kind::DatabaseTooNew => {
            let releases = view.store.checkup.revisions.first()?.releases?;
            let last = releases.rsplit(' ').next()?;
            let every = if last.matches('.').count() == 1 { ".*" } else { "" };
            Some(format!("pip install 'mlflow=={last}{every}'"))
        }
        Kind::DatabaseTooOld => Some(format!("mlflow db upgrade sqlite:///{path}")),
        Kind::FileStoreRefused => {
            Some(format!("mlflow migrate-filestore --source {path} --target sqlite:///mlflow.db"))
        }
        Kind::TwoStores => finding.details.iter().find_map(|detail| match &detail.fact {
            Fact::Store(name) => Some(format!("mltrace -u {} traces list", shell_word(name))),
            _ => None,
        }),
        Kind::UnpricedModels => Some("mltrace prices gpt-4o-mini --json > prices.json".to_owned()),
        Kind::DeletedExperiments => mltrace("experiments --deleted"),
        Kind::UpgradeBroken
        | Kind::DamagedRecords
        | Kind::MissingArtifacts
        | Kind::SpansMissing
        | Kind::RecordIncomplete
        | Kind::MovedArtifacts
        | Kind::EmptyStore
        | Kind::ForeignArtifacts
        | Kind::UnknownRevision => None,
    }
}

/// A fact in words; `now` is the time from which ages count.
pub(super) fn fact(fact: &Fact, now: Timestamp) -> String {
    let count = |count: u64| number::count(count.cast_signed());
    match fact {
        Fact::Begun(time) => format!("begun {} ago", number::age(*time, now)),
        Fact::Spans { stored, recorded: Some(recorded) } => {
            format!("{} of {} spans stored", count(*stored), count(*recorded))
        }
        Fact::Spans { stored: 0, recorded: None } => "no spans are to be had".to_owned(),
        Fact::Spans { stored, recorded: None } => format!("{} spans stored", count(*stored)),
        Fact::Orphans(1) => "1 span names a parent that is missing".to_owned(),
        Fact::Orphans(spans) => format!("{} spans name a parent that is missing", count(*spans)),
        Fact::Tokens { recorded, spans } => {
            format!("{} tokens recorded, {} in the spans", number::known(*recorded), number::known(*spans))
        }
        Fact::Unread(message, Some(path)) => format!("{message}: {path}"),
        Fact::Unread(message, None) => message.clone(),
        Fact::Moved(recorded, found) => format!("recorded in {recorded}, found in {found}"),
        Fact::Model(name, 1) => format!("{name}: 1 call"),
        Fact::Model(name, calls) => format!("{name}: {} calls", count(*calls)),
        Fact::Experiment(name, 1) => format!("{name}: 1 trace"),
        Fact::Experiment(name, traces) => format!("{name}: {} traces", count(*traces)),
        Fact::Revision(id, Some(releases)) => format!("the database has revision {id}, of MLflow {releases}"),
        Fact::Revision(id, None) => format!("the database has revision {id}, of no known release"),
        Fact::Wants(release, head) => format!("MLflow {release}, installed here, wants {head}"),
        Fact::Unfit { package, mlflow, effect } => format!("{package} does not go with MLflow {mlflow}: {effect}"),
        Fact::Store(name) => name.clone(),
        Fact::AlsoEmpty(name) => format!("{name}, beside it, holds none either"),
    }
}

/// What a store is.
pub(super) fn kind(view: &DoctorView) -> String {
    let checkup = &view.store.checkup;
    let ids = || checkup.revisions.iter().map(|revision| revision.id.as_str()).collect::<Vec<_>>().join(", ");
    match (checkup.kind, checkup.revisions.as_slice(), &checkup.server_release) {
        (StoreKind::Sqlite | StoreKind::Sample, revisions, _) => {
            let what = if checkup.kind == StoreKind::Sample { "sample built in, a " } else { "" };
            match revisions {
                [] => format!("{what}SQLite database that names no schema"),
                [revision] => match revision.releases {
                    Some(releases) => format!("{what}SQLite database, schema of MLflow {releases} ({})", revision.id),
                    None => format!("{what}SQLite database, schema of no known release ({})", revision.id),
                },
                _ => format!("{what}SQLite database that names several schemas ({})", ids()),
            }
        }
        (StoreKind::Files, ..) => "file store".to_owned(),
        (StoreKind::Server, _, Some(release)) => format!("tracking server of MLflow {release}"),
        (StoreKind::Server, _, None) => "tracking server of an unknown release".to_owned(),
        (StoreKind::Documents, ..) => "documents of traces".to_owned(),
    }
}

/// A trace's id before a fact about it.
pub(super) fn about(trace_id: Option<&str>, fact: &str, is_short: bool) -> String {
    match trace_id {
        Some(id) if is_short => format!("{}: {fact}", short_trace_id(id)),
        Some(id) => format!("{id}: {fact}"),
        None => fact.to_owned(),
    }
}
