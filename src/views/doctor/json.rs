//! JSON of `mltrace doctor`.

use super::{DoctorView, words};
use crate::analysis::doctor::Finding;
use crate::model::Timestamp;
use crate::output::json::SCHEMA;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct DoctorJson<'a> {
    schema: &'static str,
    store: StoreJson<'a>,
    counts: CountsJson,
    findings: Vec<FindingJson<'a>>,
    complete: bool,
}

#[derive(Debug, Serialize)]
struct StoreJson<'a> {
    name: &'a str,
    kind: &'static str,
    why: &'a str,
    revisions: Vec<RevisionJson<'a>>,
    server_release: Option<&'a str>,
    bytes: Option<u64>,
    installed_mlflow: Option<InstalledJson<'a>>,
}

#[derive(Debug, Serialize)]
struct RevisionJson<'a> {
    revision: &'a str,
    mlflow_releases: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct InstalledJson<'a> {
    release: &'a str,
    folder: &'a str,
    revision: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct CountsJson {
    experiments: u64,
    deleted_experiments: u64,
    traces: Option<u64>,
    traces_read: u64,
    traces_read_with_spans: u64,
    spans_read: u64,
    states: StatesJson,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct StatesJson {
    ok: u64,
    error: u64,
    in_progress: u64,
    other: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct FindingJson<'a> {
    kind: &'static str,
    severity: &'static str,
    count: u64,
    message: String,
    meaning: &'static str,
    remedy: &'static str,
    command: Option<String>,
    trace_ids: &'a [String],
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
