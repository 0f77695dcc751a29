//! JSON of `mltrace doctor`.

use super::{DoctorView, words};
use crate::analysis::doctor::Finding;
use crate::model::Timestamp;
use crate::output::json::SCHEMA;
use serde::Serialize;

/// Facts about a store, and findings about it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct DoctorJson<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The store.
    store: StoreJson<'a>,
    /// What the store contains, and how much of it was read.
    counts: CountsJson,
    /// The findings, worst first; empty if there are none.
    findings: Vec<FindingJson<'a>>,
    /// Whether every selected trace was read with its spans.
    complete: bool,
}

/// The store.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StoreJson<'a> {
    /// Its name in messages: a path, or a URI without credentials.
    name: &'a str,
    /// Kind of store.
    #[cfg_attr(test, schemars(extend("enum" = ["sqlite", "files", "server", "documents", "sample"])))]
    kind: &'static str,
    /// Why this store was chosen.
    why: &'a str,
    /// The schema revisions that the database names: usually one; none for other stores.
    revisions: Vec<RevisionJson<'a>>,
    /// The MLflow release of a server; null for other stores.
    server_release: Option<&'a str>,
    /// Size in bytes; null for file stores and servers.
    bytes: Option<u64>,
    /// The MLflow in the active virtual environment, otherwise on PATH; null if there is none.
    installed_mlflow: Option<InstalledJson<'a>>,
}

/// A revision of a database schema.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RevisionJson<'a> {
    /// Alembic's id of the revision.
    revision: &'a str,
    /// The MLflow releases with this schema, such as 3.5 to 3.7; null if unknown.
    mlflow_releases: Option<&'static str>,
}

/// An installed MLflow.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct InstalledJson<'a> {
    /// Its release.
    release: &'a str,
    /// The folder of packages that contains it.
    folder: &'a str,
    /// The schema revision that it needs; null if its files do not name one.
    revision: Option<&'a str>,
}

/// What the store contains, and how much of it was read.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CountsJson {
    /// Number of experiments, including deleted ones.
    experiments: u64,
    /// Number of deleted experiments.
    deleted_experiments: u64,
    /// Number of selected traces; null if not counted.
    traces: Option<u64>,
    /// Number of traces whose record was read.
    traces_read: u64,
    /// Number of traces whose spans were read; without those that a server failed to return.
    traces_read_with_spans: u64,
    /// Number of spans read.
    spans_read: u64,
    /// Numbers of traces read, by state.
    states: StatesJson,
    /// Start of the oldest trace read; null if none.
    oldest: Option<Timestamp>,
    /// Start of the newest trace read; null if none.
    newest: Option<Timestamp>,
}

/// Numbers of traces read, by state.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StatesJson {
    /// In state OK.
    ok: u64,
    /// In state ERROR.
    error: u64,
    /// In state IN_PROGRESS, including those that began within the last hour.
    in_progress: u64,
    /// In another or no state.
    other: u64,
}

/// A finding about the store.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FindingJson<'a> {
    /// Kind of finding.
    #[cfg_attr(test, schemars(extend("enum" = crate::analysis::doctor::finding_names())))]
    kind: &'static str,
    /// problem: data is lost or MLflow cannot use the store; warning: something is misleading or at risk; hint: good to
    /// know.
    #[cfg_attr(test, schemars(extend("enum" = ["problem", "warning", "hint"])))]
    severity: &'static str,
    /// Number of traces, records, models or experiments concerned; 1 if it concerns the store.
    count: u64,
    /// The finding in words.
    message: String,
    /// What it means.
    meaning: &'static str,
    /// What to do about it.
    remedy: &'static str,
    /// A command to run; null if there is none.
    command: Option<String>,
    /// The traces concerned, at most 100.
    trace_ids: &'a [String],
    /// Facts that support the finding, at most 100.
    details: Vec<String>,
}

impl<'a> FindingJson<'a> {
    pub(super) fn new(view: &DoctorView, finding: &'a Finding) -> Self {
        let details =
            finding.details.iter().map(|detail| words::with_trace_id(detail.trace_id.as_deref(), &detail.fact, false));
        Self {
            kind: finding.kind.name,
            severity: finding.kind.severity.as_str(),
            count: finding.count,
            message: finding.message(),
            meaning: finding.kind.meaning,
            remedy: finding.kind.remedy,
            command: finding.command(&view.store),
            trace_ids: &finding.trace_ids,
            details: details.collect(),
        }
    }
}

impl<'a> From<&'a DoctorView> for DoctorJson<'a> {
    fn from(view: &'a DoctorView) -> Self {
        let (info, counts) = (&view.store.info, &view.counts);
        let revisions = info.revisions.iter();
        Self {
            schema: SCHEMA,
            store: StoreJson {
                name: &view.store.name,
                kind: info.kind.as_str(),
                why: &view.reason,
                revisions: revisions
                    .map(|revision| RevisionJson { revision: &revision.id, mlflow_releases: revision.releases })
                    .collect(),
                server_release: info.server_release.as_deref(),
                bytes: info.bytes,
                installed_mlflow: view.store.installed.as_ref().map(|installed| InstalledJson {
                    release: &installed.release,
                    folder: &installed.folder,
                    revision: installed.head.as_deref(),
                }),
            },
            counts: CountsJson {
                experiments: view.experiments,
                deleted_experiments: view.deleted_experiments,
                traces: view.matched,
                traces_read: counts.traces,
                traces_read_with_spans: counts.traces_with_spans,
                spans_read: counts.spans,
                states: StatesJson {
                    ok: counts.ok,
                    error: counts.errors,
                    in_progress: counts.in_progress,
                    other: counts.other,
                },
                oldest: counts.oldest,
                newest: counts.newest,
            },
            findings: view.findings.iter().map(|finding| FindingJson::new(view, finding)).collect(),
            complete: view.is_complete,
        }
    }
}
