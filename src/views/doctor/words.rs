//! What was found and what it means, in plain words for somebody who does not know MLflow's insides.

use super::DoctorView;
use crate::analysis::doctor::{Fact, Finding, FindingKind, RecordedTokens};
use crate::model::{Cost, StoreKind, Timestamp, short_trace_id};
use crate::output::number;

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
        FindingKind::DatabaseTooNew => "the MLflow installed here refuses this database".to_owned(),
        FindingKind::SchemaUnnamed => "the database does not say which schema it has".to_owned(),
        FindingKind::UpgradeBroken => "the database says that it has several schemas at once".to_owned(),
        FindingKind::FileStoreRefused => "the MLflow installed here refuses this file store".to_owned(),
        FindingKind::SpansNotServed => {
            let traces = if finding.count == 1 { "trace" } else { "traces" };
            format!("the server gives no spans of {} {traces}", number::count(finding.count.cast_signed()))
        }
        FindingKind::DamagedRecords => {
            of("trace or record cannot be read in full", "traces or records cannot be read in full")
        }
        FindingKind::MissingArtifacts => {
            of("trace has lost the file of its spans", "traces have lost the file of their spans")
        }
        FindingKind::SpansMissing => {
            of("trace has fewer spans than were recorded", "traces have fewer spans than were recorded")
        }
        FindingKind::MissingRoot => of("trace ended and has no root span", "traces ended and have no root span"),
        FindingKind::DatabaseTooOld => {
            "the MLflow installed here wants a newer schema than this database has".to_owned()
        }
        FindingKind::SpansUnseen => of(
            "trace has its spans where the MLflow installed here does not look",
            "traces have their spans where the MLflow installed here does not look",
        ),
        FindingKind::RowsMissing => {
            of("trace has spans that the database has lost", "traces have spans that the database has lost")
        }
        FindingKind::StuckTraces => of("trace is stuck in progress", "traces are stuck in progress"),
        FindingKind::RecordIncomplete => of("trace has no complete record", "traces have no complete record"),
        FindingKind::TokensDiffer => of(
            "trace has another total of tokens than its spans",
            "traces have other totals of tokens than their spans",
        ),
        FindingKind::CostsDiffer => {
            of("trace has another cost than its spans", "traces have other costs than their spans")
        }
        FindingKind::UsageConflict => of("trace has two totals of tokens", "traces have two totals of tokens"),
        FindingKind::Orphans => {
            of("trace has spans whose parent is missing", "traces have spans whose parent is missing")
        }
        FindingKind::RepeatedSpans => of("trace has spans with the same id", "traces have spans with the same id"),
        FindingKind::OutsideArtifacts => of(
            "trace has its spans read from outside of this store",
            "traces have their spans read from outside of this store",
        ),
        FindingKind::MovedArtifacts => {
            of("trace has its spans elsewhere than recorded", "traces have their spans elsewhere than recorded")
        }
        FindingKind::EmptyStore => "the store holds no traces".to_owned(),
        FindingKind::PassedOver => "MLflow itself takes the other store of this folder".to_owned(),
        FindingKind::TwoStores => "a second store lies beside this one and holds traces too".to_owned(),
        FindingKind::ForeignArtifacts => {
            of("trace has its spans where mltrace does not read", "traces have their spans where mltrace does not read")
        }
        FindingKind::UnknownRevision => "the database has the schema of no known release".to_owned(),
        FindingKind::UnpricedModels => of("model has no known price", "models have no known price"),
        FindingKind::DeletedExperiments => of("deleted experiment holds traces", "deleted experiments hold traces"),
    }
}

/// What it means.
pub(super) const fn meaning(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::DatabaseTooNew
        | FindingKind::SchemaUnnamed
        | FindingKind::UpgradeBroken
        | FindingKind::DatabaseTooOld
        | FindingKind::UnknownRevision => of_schema(kind),
        FindingKind::FileStoreRefused => {
            "MLflow 3.13 and later open a file store only where MLFLOW_ALLOW_FILE_STORE is true, so an application that is \
             started here records no traces in it. mltrace reads it all the same."
        }
        FindingKind::SpansNotServed => {
            "The server itself failed to load them: a file behind it is damaged, lost or out of its reach, or the server \
             has a fault. Whether the spans are there cannot be told from here."
        }
        FindingKind::DamagedRecords => {
            "Something that was stored cannot be read: a file was cut short or overwritten, the disk or the database is \
             damaged, or this user may not read it. What is whole is shown, and totals leave out the rest."
        }
        FindingKind::MissingArtifacts => {
            "The record of the trace is there, the file with its spans is not, neither where the record says nor near the \
             store: its upload failed, it lies on the machine that wrote it, or it was deleted."
        }
        FindingKind::SpansMissing => {
            "The application recorded more steps than arrived: a batch of spans was refused or lost on its way. AG2 over \
             HTTP does this, since its ids do not fit into 64 bits; so do broken emoji in inputs. Totals are those that \
             MLflow recorded."
        }
        FindingKind::MissingRoot => {
            "The span that holds the others together never arrived, though the trace ended. MLflow shows such a trace in part \
             or not at all; mltrace shows its spans below their missing parents."
        }
        FindingKind::SpansUnseen => {
            "MLflow 3.6 and later keep spans in rows of the database, and 3.5, which has the same schema, looks for them in \
             files only. It opens this database and shows these traces without their spans, or not at all."
        }
        FindingKind::RowsMissing => {
            "The record says that the spans are rows of the database, and rows are missing. mltrace takes them from \
             `traces.json`, which still has them; MLflow does not, and shows the trace in part or not at all."
        }
        FindingKind::StuckTraces => {
            "They began more than an hour ago and their end was never recorded: the process was killed or hangs, or their \
             root span goes elsewhere. Only steps that had ended are stored, if any."
        }
        FindingKind::RecordIncomplete => {
            "Their spans were stored, but what the application sends when a trace ends was refused: name, user, session, run \
             and previews are missing, and the total of tokens is a guess of the store. MLflow 3.10 and 3.11 do this in \
             databases where calls have cached tokens; broken emoji in inputs do it in later ones."
        }
        FindingKind::TokensDiffer => {
            "The tokens that MLflow stored are not what the spans add up to. Where they are more, a step and a step within it \
             tell the same tokens, and both were counted, as MLflow up to 3.4 may do, and databases and servers up to 3.14; \
             where they are fewer, some were left out. MLflow's own lists and charts show the stored total."
        }
        FindingKind::CostsDiffer => {
            "The cost that MLflow stored for the trace is not what its spans add up to: MLflow 3.18 adds costs up while spans \
             arrive, and loses those of spans that arrive together. Lists, and MLflow's own charts, show the stored cost."
        }
        FindingKind::UsageConflict => {
            "A step has other tokens than the model calls below it, though each of these has some: it may include earlier \
             turns, or calls that were not traced."
        }
        FindingKind::Orphans => {
            "Some steps name a step above them that is not there: it was lost on its way, is not sampled, or reports to \
             another place. They are shown as if they began the trace."
        }
        FindingKind::RepeatedSpans => {
            "Two spans of a trace have the same id: a file was written twice or changed by hand. The first one is shown, \
             and totals leave out the rest."
        }
        FindingKind::OutsideArtifacts => {
            "The records name files outside of this store, which are there, though the store has these files too: a copy \
             reads the files of the store that it was copied from, in mltrace and in MLflow. What is changed or deleted \
             there changes here."
        }
        FindingKind::MovedArtifacts => {
            "The records name a folder in which the files are no longer: the store was moved or copied. mltrace finds them \
             beside the store; MLflow does not, shows these traces without spans, and writes new ones to the old place."
        }
        FindingKind::EmptyStore => {
            "Nothing was recorded here: tracing is off in the application, it writes to another store, or it cannot write."
        }
        FindingKind::PassedOver => {
            "Two stores lie in one folder. An application that is started here without a tracking URI uses the one that \
             gives no traces; the traces shown are those of the other one."
        }
        FindingKind::TwoStores => {
            "`mlflow.db` and `mlruns` in one folder are two stores. MLflow before 3.7 writes to `mlruns`, later ones to \
             `mlflow.db` unless `mlruns` holds experiments. mltrace reads the one that MLflow would take."
        }
        FindingKind::ForeignArtifacts => {
            "Their spans are files in a cloud or on another host, for which mltrace has no access."
        }
        FindingKind::UnpricedModels => {
            "These models have tokens, MLflow recorded no cost, and the price table of mltrace does not know them: their cost \
             is in no sum."
        }
        FindingKind::DeletedExperiments => {
            "MLflow hides a deleted experiment and keeps its traces. They count in no command that is not told `--deleted`."
        }
    }
}

/// What it means for the schema of a database; at the end, that it is not known.
const fn of_schema(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::DatabaseTooNew => {
            "MLflow opens a database only if it knows its schema. The one installed here does not know this one: a newer \
             release wrote or upgraded it, or a version in development."
        }
        FindingKind::SchemaUnnamed => {
            "MLflow looks up the schema in the table `alembic_version` before it opens a database, and refuses one where \
             it is not told. mltrace goes by the columns and reads it all the same."
        }
        FindingKind::UpgradeBroken => {
            "A database has one schema, and MLflow refuses one that names several: an upgrade broke off, or two ran at once. \
             mltrace goes by the columns and reads it all the same."
        }
        FindingKind::DatabaseTooOld => {
            "MLflow uses a database only if its schema is that of its own release. When it opens this one, it upgrades it at \
             once and without asking, where tables are lacking, or else refuses it. The release that wrote it cannot open it \
             afterwards."
        }
        _ => {
            "It is of a release newer than 3.18, of a version in development, or of no MLflow. mltrace goes by the columns; \
             what is new in this schema it does not show."
        }
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
        Fact::Tokens { recorded, spans } if recorded.2 == spans.2 => {
            format!("tokens recorded: {}; in the spans: {}", figures(*recorded), figures(*spans))
        }
        Fact::Tokens { recorded, spans } => {
            format!("{} tokens recorded, {} in the spans", number::known(recorded.2), number::known(spans.2))
        }
        Fact::Costs(recorded, spans) => {
            let dollars = |cost: &Cost| number::cost(cost).unwrap_or_default();
            format!("{} recorded, {} in the spans", dollars(recorded), dollars(spans))
        }
        Fact::EitherTokens { shown, calls } => {
            format!("{} tokens in the step, {} in the calls", number::known(shown.2), number::known(calls.2))
        }
        Fact::Unread(message, Some(path)) => format!("{message}: {path}"),
        Fact::Unread(message, None) => message.clone(),
        Fact::Moved(recorded, found) => format!("recorded in {recorded}, found in {found}"),
        Fact::Outside(read, own) => format!("read in {read}, though {own} has them too"),
        Fact::Model(name, 1) => format!("{name}: 1 call"),
        Fact::Model(name, calls) => format!("{name}: {} calls", count(*calls)),
        Fact::Experiment(name, 1) => format!("{name}: 1 trace"),
        Fact::Experiment(name, traces) => format!("{name}: {} traces", count(*traces)),
        Fact::Revision(id, Some(releases)) => format!("the database has revision {id}, of MLflow {releases}"),
        Fact::Revision(id, None) => format!("the database has revision {id}, of no known release"),
        Fact::Wants(release, head) => format!("MLflow {release}, installed here, wants {head}"),
        Fact::Unfit { package, mlflow, effect } => format!("{package} does not go with MLflow {mlflow}: {effect}"),
        Fact::KnowsFilesOnly(release) => format!("MLflow {release}, installed here, looks for spans in files only"),
        Fact::Store(name) => name.clone(),
        Fact::Taken(name) => format!("it takes {name}, which gives no traces"),
        Fact::Refuses(release) => format!("MLflow {release}, installed here, refuses it, since it is a file store"),
        Fact::AlsoEmpty(name) => format!("{name}, beside it, holds none either"),
    }
}

/// Tokens where their total does not tell the difference.
fn figures((input, output, total): RecordedTokens) -> String {
    let known = number::known;
    format!("{} in, {} out, {} in total", known(input), known(output), known(total))
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
