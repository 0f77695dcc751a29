//! Messages and explanations of findings, for users who do not know MLflow's internals.

use super::DoctorView;
use crate::analysis::doctor::{Fact, Finding, FindingKind, RecordedTokens};
use crate::model::{Cost, StoreKind, Timestamp, short_trace_id};
use crate::output::number;

/// Returns the message of a finding, with its count.
pub(super) fn message(finding: &Finding) -> String {
    let counted = |singular: &str, plural: &str| {
        if finding.count == 1 {
            format!("1 {singular}")
        } else {
            format!("{} {plural}", number::count(finding.count.cast_signed()))
        }
    };
    match finding.kind {
        FindingKind::DatabaseTooNew => "the MLflow installed here refuses this database".to_owned(),
        FindingKind::SchemaUnnamed => "the database does not name its schema".to_owned(),
        FindingKind::UpgradeBroken => "the database names several schemas".to_owned(),
        FindingKind::FileStoreRefused => "the MLflow installed here refuses this file store".to_owned(),
        FindingKind::SpansNotServed => {
            let traces = if finding.count == 1 { "trace" } else { "traces" };
            format!("the server returns no spans for {} {traces}", number::count(finding.count.cast_signed()))
        }
        FindingKind::DamagedRecords => {
            counted("trace or record cannot be read in full", "traces or records cannot be read in full")
        }
        FindingKind::MissingArtifacts => counted("trace has lost its span file", "traces have lost their span file"),
        FindingKind::SpansMissing => {
            counted("trace has fewer spans than were recorded", "traces have fewer spans than were recorded")
        }
        FindingKind::MissingRoot => counted("trace ended and has no root span", "traces ended and have no root span"),
        FindingKind::DatabaseTooOld => {
            "the MLflow installed here needs a newer schema than this database has".to_owned()
        }
        FindingKind::SpansNotRead => counted(
            "trace has spans where the MLflow installed here does not look",
            "traces have spans where the MLflow installed here does not look",
        ),
        FindingKind::RowsMissing => counted(
            "trace has spans that are missing in the database",
            "traces have spans that are missing in the database",
        ),
        FindingKind::StuckTraces => counted("trace is stuck in progress", "traces are stuck in progress"),
        FindingKind::RecordIncomplete => counted("trace has an incomplete record", "traces have an incomplete record"),
        FindingKind::TokensDiffer => counted(
            "trace has a token total that differs from its spans",
            "traces have token totals that differ from their spans",
        ),
        FindingKind::CostsDiffer => {
            counted("trace has a cost that differs from its spans", "traces have costs that differ from their spans")
        }
        FindingKind::UsageConflict => counted("trace has two token totals", "traces have two token totals"),
        FindingKind::Orphans => {
            counted("trace has spans whose parent is missing", "traces have spans whose parent is missing")
        }
        FindingKind::RepeatedSpans => counted("trace has spans with the same id", "traces have spans with the same id"),
        FindingKind::OutsideArtifacts => counted(
            "trace has spans that are read from another store",
            "traces have spans that are read from another store",
        ),
        FindingKind::MovedArtifacts => counted(
            "trace has spans that are not at the recorded location",
            "traces have spans that are not at the recorded location",
        ),
        FindingKind::EmptyStore => "the store contains no traces".to_owned(),
        FindingKind::OtherStorePreferred => "MLflow uses the other store in this folder".to_owned(),
        FindingKind::TwoStores => "another store in the same folder also contains traces".to_owned(),
        FindingKind::ForeignArtifacts => {
            counted("trace has spans that mltrace cannot access", "traces have spans that mltrace cannot access")
        }
        FindingKind::UnknownRevision => "the database schema belongs to no known release".to_owned(),
        FindingKind::UnpricedModels => counted("model has no known price", "models have no known price"),
        FindingKind::DeletedExperiments => {
            counted("deleted experiment contains traces", "deleted experiments contain traces")
        }
    }
}

/// Returns what a finding means.
#[expect(clippy::too_many_lines, reason = "a text per kind")]
pub(super) const fn meaning(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::DatabaseTooNew
        | FindingKind::SchemaUnnamed
        | FindingKind::UpgradeBroken
        | FindingKind::DatabaseTooOld
        | FindingKind::UnknownRevision => schema_meaning(kind),
        FindingKind::FileStoreRefused => {
            "MLflow 3.13 and later open a file store only if MLFLOW_ALLOW_FILE_STORE is true, so an application that \
             starts here records no traces in it. mltrace still reads it."
        }
        FindingKind::SpansNotServed => {
            "The server failed to load them: one of its files is damaged, lost or out of reach, or the server has a \
             bug. mltrace cannot see whether the spans still exist."
        }
        FindingKind::DamagedRecords => {
            "Some stored data cannot be read: a file was truncated or overwritten, the disk or the database is \
             damaged, or this user lacks permission. Intact data is shown, and totals leave out the rest."
        }
        FindingKind::MissingArtifacts => {
            "The trace record exists, but its span file is neither at the recorded location nor near the store: the \
             upload failed, the file is still on the machine that wrote it, or it was deleted."
        }
        FindingKind::SpansMissing => {
            "The application recorded more spans than were stored: a batch was rejected or lost. Known causes are AG2 \
             over HTTP, whose ids do not fit into 64 bits, and broken emoji in inputs. Totals are those that MLflow \
             recorded."
        }
        FindingKind::MissingRoot => {
            "The root span was never stored, although the trace ended. MLflow shows only part of such a trace, or none \
             of it; mltrace shows its spans below their missing parents."
        }
        FindingKind::SpansNotRead => {
            "MLflow 3.6 and later store spans in rows of the database, but 3.5, which has the same schema, looks for \
             them in files only. It opens this database and shows these traces without spans, or not at all."
        }
        FindingKind::RowsMissing => {
            "According to the record, the spans are rows of the database, but rows are missing. mltrace reads them \
             from `traces.json`, which still has them; MLflow does not, and shows only part of the trace, or none of \
             it."
        }
        FindingKind::StuckTraces => {
            "They started more than an hour ago and their end was never recorded: the process was killed or hangs, or \
             the root span is sent elsewhere. Only spans that had ended are stored, if any."
        }
        FindingKind::RecordIncomplete => {
            "Their spans were stored, but the record that the application sends at the end of a trace was rejected: \
             name, user, session, run and previews are missing, and the token total is an estimate of the store. \
             MLflow 3.10 and 3.11 do this with a database if calls have cached tokens; later releases do it for broken \
             emoji in inputs."
        }
        FindingKind::TokensDiffer => {
            "The token total that MLflow stored is not the sum of the spans. If it is higher, a span and a span inside \
             it have the same tokens and both were counted, as MLflow up to 3.4 may do, and databases and servers up \
             to 3.14; if it is lower, some were left out. MLflow's own lists and charts show the stored total."
        }
        FindingKind::CostsDiffer => {
            "The cost that MLflow stored for the trace is not the sum of its spans: MLflow 3.18 adds up costs as spans \
             arrive, and loses those of spans that arrive together. Lists, and MLflow's own charts, show the stored \
             cost."
        }
        FindingKind::UsageConflict => {
            "The tokens of a span differ from the sum of the model calls below it, although each call has tokens: the \
             span may include earlier turns, or calls that were not traced."
        }
        FindingKind::Orphans => {
            "The parent of some spans is not stored: it was lost, was not sampled, or is sent elsewhere. These spans \
             are shown as roots."
        }
        FindingKind::RepeatedSpans => {
            "Several spans of a trace have the same id: a file was written twice or edited by hand. The first one is \
             shown, and totals leave out the others."
        }
        FindingKind::OutsideArtifacts => {
            "The records name files outside of this store, although the store has these files too: a copy of a store \
             still reads the files of the original, in mltrace and in MLflow. Changes and deletions there also apply \
             here."
        }
        FindingKind::MovedArtifacts => {
            "The files are no longer in the recorded folder: the store was moved or copied. mltrace finds them next to \
             the store; MLflow does not, shows these traces without spans, and writes new ones to the old folder."
        }
        FindingKind::EmptyStore => {
            "Nothing was recorded here: the application has tracing disabled, writes to another store, or cannot write."
        }
        FindingKind::OtherStorePreferred => {
            "The folder contains two stores. An application that starts here without a tracking URI uses the one \
             without traces; mltrace shows the traces of the other one."
        }
        FindingKind::TwoStores => {
            "`mlflow.db` and `mlruns` in one folder are two stores. MLflow before 3.7 writes to `mlruns`, later \
             releases to `mlflow.db` unless `mlruns` contains experiments. mltrace reads the one that MLflow would \
             use."
        }
        FindingKind::ForeignArtifacts => {
            "Their spans are files in cloud storage or on another host, which mltrace cannot access."
        }
        FindingKind::UnpricedModels => {
            "These models have tokens, but MLflow recorded no cost, and they are not in mltrace's price table. Their \
             cost is excluded from totals."
        }
        FindingKind::DeletedExperiments => {
            "MLflow hides a deleted experiment but keeps its traces. Commands leave them out without `--deleted`."
        }
    }
}

/// Returns what a finding about the database schema means.
const fn schema_meaning(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::DatabaseTooNew => {
            "MLflow opens a database only if it knows its schema. The MLflow installed here does not know this one: a \
             newer release or a development version created or upgraded the database."
        }
        FindingKind::SchemaUnnamed => {
            "MLflow looks up the schema in the table `alembic_version` before it opens a database, and refuses one \
             without an entry. mltrace goes by the columns and can still read it."
        }
        FindingKind::UpgradeBroken => {
            "A database has one schema, and MLflow refuses one that names several: an upgrade was interrupted, or two \
             ran at once. mltrace goes by the columns and can still read it."
        }
        FindingKind::DatabaseTooOld => {
            "MLflow uses a database only if its schema is that of its own release. It upgrades this database without \
             asking if tables are missing, and otherwise refuses it. After an upgrade, the release that created the \
             database cannot open it."
        }
        _ => {
            "It belongs to a release newer than 3.18, to a development version, or not to MLflow. mltrace goes by the \
             columns and does not show what is new in this schema."
        }
    }
}

/// Formats a fact. `now` = the time from which ages count.
pub(super) fn fact(fact: &Fact, now: Timestamp) -> String {
    let count = |count: u64| number::count(count.cast_signed());
    match fact {
        Fact::Started(time) => format!("started {} ago", number::age(*time, now)),
        Fact::Spans { stored, recorded: Some(recorded) } => {
            format!("{} of {} spans stored", count(*stored), count(*recorded))
        }
        Fact::Spans { stored: 0, recorded: None } => "no spans stored".to_owned(),
        Fact::Spans { stored, recorded: None } => format!("{} spans stored", count(*stored)),
        Fact::Orphans(1) => "1 span has a missing parent".to_owned(),
        Fact::Orphans(spans) => format!("{} spans have a missing parent", count(*spans)),
        Fact::Tokens { recorded, spans } if recorded.2 == spans.2 => {
            format!("tokens recorded: {}; in the spans: {}", token_counts(*recorded), token_counts(*spans))
        }
        Fact::Tokens { recorded, spans } => {
            format!(
                "{} tokens recorded, {} in the spans",
                number::count_or_dash(recorded.2),
                number::count_or_dash(spans.2)
            )
        }
        Fact::Costs(recorded, spans) => {
            let dollars = |cost: &Cost| number::cost(cost).unwrap_or_default();
            format!("{} recorded, {} in the spans", dollars(recorded), dollars(spans))
        }
        Fact::EitherTokens { shown, calls } => {
            format!(
                "{} tokens in the span, {} in the calls",
                number::count_or_dash(shown.2),
                number::count_or_dash(calls.2)
            )
        }
        Fact::Unreadable(message, Some(path)) => format!("{message}: {path}"),
        Fact::Unreadable(message, None) => message.clone(),
        Fact::Moved(recorded, found) => format!("recorded in {recorded}, found in {found}"),
        Fact::Outside(read, in_store) => format!("read from {read}, although {in_store} has them too"),
        Fact::Model(name, 1) => format!("{name}: 1 call"),
        Fact::Model(name, calls) => format!("{name}: {} calls", count(*calls)),
        Fact::Experiment(name, 1) => format!("{name}: 1 trace"),
        Fact::Experiment(name, traces) => format!("{name}: {} traces", count(*traces)),
        Fact::Revision(id, Some(releases)) => format!("the database has revision {id} of MLflow {releases}"),
        Fact::Revision(id, None) => format!("the database has revision {id}, which belongs to no known release"),
        Fact::RequiredRevision(release, head) => format!("MLflow {release}, installed here, needs {head}"),
        Fact::IncompatiblePackage { package, mlflow, effect } => {
            format!("{package} is incompatible with MLflow {mlflow}: {effect}")
        }
        Fact::ReadsFilesOnly(release) => format!("MLflow {release}, installed here, looks for spans in files only"),
        Fact::OtherStore(name) => name.clone(),
        Fact::PreferredStore(name) => format!("MLflow uses {name}, which has no traces"),
        Fact::RefusesFileStore(release) => {
            format!("MLflow {release}, installed here, refuses it because it is a file store")
        }
        Fact::OtherStoreEmpty(name) => format!("{name}, in the same folder, has no traces either"),
    }
}

/// Formats input, output and total tokens, for differences that the total does not show.
fn token_counts((input, output, total): RecordedTokens) -> String {
    let known = number::count_or_dash;
    format!("{} in, {} out, {} in total", known(input), known(output), known(total))
}

/// Returns the kind of a store, with its release.
pub(super) fn store_kind(view: &DoctorView) -> String {
    let info = &view.store.info;
    let ids = || info.revisions.iter().map(|revision| revision.id.as_str()).collect::<Vec<_>>().join(", ");
    match (info.kind, info.revisions.as_slice(), &info.server_release) {
        (StoreKind::Sqlite | StoreKind::Sample, revisions, _) => {
            let prefix = if info.kind == StoreKind::Sample { "built-in sample, a " } else { "" };
            match revisions {
                [] => format!("{prefix}SQLite database that names no schema"),
                [revision] => match revision.releases {
                    Some(releases) => format!("{prefix}SQLite database, schema of MLflow {releases} ({})", revision.id),
                    None => format!("{prefix}SQLite database, schema of no known release ({})", revision.id),
                },
                _ => format!("{prefix}SQLite database that names several schemas ({})", ids()),
            }
        }
        (StoreKind::Files, ..) => "file store".to_owned(),
        (StoreKind::Server, _, Some(release)) => format!("tracking server of MLflow {release}"),
        (StoreKind::Server, _, None) => "tracking server of unknown release".to_owned(),
        (StoreKind::Documents, ..) => "trace documents".to_owned(),
    }
}

/// Prefixes a fact with the id of its trace, if any.
pub(super) fn with_trace_id(trace_id: Option<&str>, fact: &str, is_short: bool) -> String {
    match trace_id {
        Some(id) if is_short => format!("{}: {fact}", short_trace_id(id)),
        Some(id) => format!("{id}: {fact}"),
        None => fact.to_owned(),
    }
}
