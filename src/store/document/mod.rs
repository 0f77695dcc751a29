//! Trace documents as a store: OTLP, `trace.json` and mltrace's own output in files, folders and standard input.
//!
//! All documents are read once to build trace records; spans stay encoded until they are requested. Exporters spread a
//! trace over several requests, its root last, so spans are joined by trace id across all documents. Duplicate spans
//! count once.

mod folder;
mod read;
mod record;

pub(super) use read::{holds_documents, may_be_document};

use super::file::processors;
use super::parallel::in_parallel;
use super::projection::{detail_for_displayed_spans, detail_for_span_rows};
use super::rows;
use super::spans::fill_session_and_user;
use super::{Notice, Query, Sink, SortValue, SpanDetail, TraceKey, TraceStore};
use crate::formats::{Provenance, SpanBatch, SpanLocation};
use crate::model::{
    Experiment, Labels, Problem, SpanId, Spans, SpansSource, StoreInfo, StoreKind, Trace, TraceInfo, TraceState,
    arrange,
};
use crate::store::error::{Result, StoreError};
use folder::open_command;
use read::{Documents, FileCounts};
use record::SpanFacts;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::path::Path;

/// Store of trace documents.
pub(super) struct DocumentStore {
    name: String,
    documents: Vec<Vec<u8>>,
    experiments: Vec<Experiment>,
    traces: BTreeMap<String, StoredTrace>,
    problems: Vec<Problem>,
    folder: Option<FileCounts>,
}

/// Spans decoded at a time, so that memory stays near the size of the documents.
const SPANS_PER_BATCH: usize = 1_024;

/// Maximum number of MLflow stores in a folder that are listed without `-v`.
const MAX_STORES: usize = 3;

/// A trace: its record, and the locations of its spans (document index, location in it).
struct StoredTrace {
    info: TraceInfo,
    spans: Vec<(usize, SpanLocation)>,
    provenance: Option<Provenance>,
}

/// Collects the parts of a trace from documents.
#[derive(Default)]
struct TraceBuilder {
    recorded: Option<TraceInfo>,
    /// How mltrace had read the spans, if it wrote the record.
    provenance: Option<Provenance>,
    facts: SpanFacts,
    ids: HashSet<SpanId>,
    spans: Vec<(usize, SpanLocation)>,
}

impl DocumentStore {
    /// Opens a file or folder.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let documents = if path.is_dir() { Documents::from_folder(path) } else { Documents::from_file(path)? };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let name = path.file_name().map_or_else(|| "traces".to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self::from_documents(documents, path.display().to_string(), &name))
    }

    /// Reads standard input to its end.
    pub(super) fn stdin(input: impl Read) -> Result<Self> {
        Ok(Self::from_documents(Documents::from_reader(input)?, "standard input".to_owned(), "stdin"))
    }

    /// Builds trace records from documents. Traces without an experiment are assigned to one named `fallback`.
    fn from_documents(documents: Documents, name: String, fallback: &str) -> Self {
        let Documents { bytes, batches, mut problems, folder } = documents;
        let mut builders: BTreeMap<String, TraceBuilder> = BTreeMap::new();
        let mut errors = Vec::new();
        let mut locations = Vec::new();
        let mut conflicting: Vec<&str> = Vec::new();
        for (document, batch) in &batches {
            if let Some(info) = &batch.info {
                // Also if it has no spans.
                let trace = builders.entry(info.trace_id.clone()).or_default();
                if !trace.add_record(info, batch.provenance.as_ref()) {
                    conflicting.push(&info.trace_id);
                }
            }
            locations.extend(batch.spans.iter().map(|location| (*document, batch, location)));
        }
        let read = |(document, batch, location): &(usize, &SpanBatch, &SpanLocation)| {
            let (trace_id, span) = location.span(&bytes[*document], SpanDetail::All)?;
            let recorded = batch.info.as_ref().map(|info| info.trace_id.clone());
            Ok::<_, String>((recorded.or(trace_id).ok_or("missing trace id")?, span))
        };
        for chunk in locations.chunks(SPANS_PER_BATCH) {
            for (result, (document, batch, location)) in in_parallel(chunk, processors(), read).into_iter().zip(chunk) {
                match result {
                    Ok((trace_id, span)) => {
                        let trace = builders.entry(trace_id).or_default();
                        if trace.ids.insert(span.id.clone()) {
                            trace.facts.add(&span, &batch.resource);
                            trace.spans.push((*document, (*location).clone()));
                        }
                    }
                    Err(reason) => errors.push(reason),
                }
            }
        }
        if let Some(reason) = errors.first() {
            let message = format!("{} spans cannot be read: {reason}", errors.len());
            problems.push(Problem::new("damaged_span", message));
        }
        if let Some(id) = conflicting.first() {
            let message = match conflicting.len() {
                1 => format!("{id} has two conflicting records; the first one is used"),
                count => {
                    format!(
                        "{count} conflicting records were skipped, such as one of {id}; the first of each trace is used"
                    )
                }
            };
            problems.push(Problem::new("skipped_record", message));
        }
        let fallback = named_experiment(fallback, fallback);
        let stored = |(id, trace): (String, TraceBuilder)| {
            let info = trace.build_info(&id, &fallback);
            (id, StoredTrace { info, spans: trace.spans, provenance: trace.provenance })
        };
        let traces: BTreeMap<String, StoredTrace> = builders.into_iter().map(stored).collect();
        let mut names: HashMap<&str, &str> = HashMap::new();
        for StoredTrace { info, .. } in traces.values() {
            let id = info.experiment_id.as_str();
            let name = names.entry(id).or_insert(id);
            if let Some(recorded_name) = info.experiment_name.as_deref().filter(|recorded_name| *recorded_name != id) {
                *name = recorded_name;
            }
        }
        let mut experiments: Vec<Experiment> = names.into_iter().map(|(id, name)| named_experiment(id, name)).collect();
        experiments.sort_by_key(|experiment| (experiment.experiment_id.len(), experiment.experiment_id.clone()));
        Self { name, documents: bytes, experiments, traces, problems, folder }
    }

    /// Loads a trace with the parts needed for the query and its filter; `None` if the prefilter rules it out.
    fn load_matching(&self, query: &Query, stored: &StoredTrace) -> Option<Trace> {
        let filter = &query.filter;
        if let Some(mut prefilter) = filter.prefilter() {
            for (document, location) in &stored.spans {
                prefilter.scan(location.stored_bytes(&self.documents[*document]));
            }
            if !prefilter.has_passed() {
                return None;
            }
        }
        let for_filter = detail_for_displayed_spans(filter).max(detail_for_span_rows(filter));
        let mut trace = self.load(stored, query.projection.spans.max(for_filter));
        trace.rows = filter.needs_rows().then(|| rows::from_spans(&trace, filter));
        Some(trace)
    }

    fn load(&self, stored: &StoredTrace, detail: Option<SpanDetail>) -> Trace {
        let Some(detail) = detail else { return Trace::without_spans(stored.info.clone()) };
        // Damaged spans were reported when the documents were read.
        let read =
            |(document, location): &(usize, SpanLocation)| location.span(&self.documents[*document], detail).ok();
        let (list, nodes, _) = arrange(stored.spans.iter().filter_map(read).map(|(_, span)| span).collect());
        let source = match &stored.provenance {
            _ if list.is_empty() => SpansSource::None,
            Some(Provenance { source: SpansSource::Skeleton, .. }) => SpansSource::Skeleton,
            _ => SpansSource::File,
        };
        let problems = stored.provenance.as_ref().map_or_else(Vec::new, |provenance| provenance.problems.clone());
        let mut info = stored.info.clone();
        fill_session_and_user(&mut info, &list);
        Trace { info, spans: Some(Spans { list, nodes, source, problems, moved: None, outside: None }), rows: None }
    }

    fn traces_in<'a>(&'a self, experiments: &'a [Experiment]) -> impl Iterator<Item = &'a StoredTrace> {
        let ids: HashSet<&str> = experiments.iter().map(|experiment| experiment.experiment_id.as_str()).collect();
        self.traces.values().filter(move |stored| ids.contains(stored.info.experiment_id.as_str()))
    }
}

impl TraceBuilder {
    /// Adds a record of the trace, which replaces one in progress. Returns false if it conflicts with a completed
    /// record: in state, time or duration.
    fn add_record(&mut self, info: &TraceInfo, provenance: Option<&Provenance>) -> bool {
        let end = |info: &TraceInfo| (info.state.clone(), info.request_time, info.execution_duration_ms);
        match &self.recorded {
            Some(recorded) if recorded.state != TraceState::InProgress => {
                info.state == TraceState::InProgress || end(recorded) == end(info)
            }
            _ => {
                self.recorded = Some(info.clone());
                self.provenance = provenance.cloned();
                true
            }
        }
    }

    /// Returns the recorded trace info, else one derived from the spans.
    fn build_info(&self, id: &str, fallback: &Experiment) -> TraceInfo {
        let from_spans = self.facts.info(id, fallback);
        let Some(mut info) = self.recorded.clone() else { return from_spans };
        if info.experiment_id.is_empty() {
            info.experiment_id.clone_from(&fallback.experiment_id);
        }
        // mltrace's own output is complete. Other documents lack experiment names, and some lack span counts.
        if self.provenance.is_none() {
            info.experiment_name = Some(info.experiment_id.clone());
            info.span_count = info.span_count.or(Some(self.spans.len() as u64));
        }
        info.root_name = if info.name.is_none() { from_spans.root_name } else { None };
        info
    }
}

/// Returns an experiment of which only id and name are known.
fn named_experiment(id: &str, name: &str) -> Experiment {
    Experiment {
        experiment_id: id.to_owned(),
        name: name.to_owned(),
        lifecycle_stage: "active".to_owned(),
        workspace: None,
        artifact_location: None,
        creation_time: None,
        last_update_time: None,
        tags: Labels::default(),
    }
}

impl TraceStore for DocumentStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn notices(&self) -> Vec<Notice> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let (read, skipped) = (folder.read, folder.skipped.len());
        let counts = format!("{read} {} read, {skipped} skipped", if read == 1 { "file" } else { "files" });
        let counts = match skipped {
            0 => Notice::Detail(counts),
            _ => Notice::Note(counts + " (-v lists them)"),
        };
        let mut notices = vec![counts];
        let skipped = folder.skipped.iter().map(|(path, reason)| format!("skipped `{}`: {reason}", path.display()));
        notices.extend(skipped.map(Notice::Detail));
        let stores = folder.stores.iter();
        let stores = stores
            .map(|store| format!("an MLflow store in the folder was not read; use {} to open it", open_command(store)));
        let level = |at: usize| if at < MAX_STORES { Notice::Note } else { Notice::Detail };
        notices.extend(stores.enumerate().map(|(at, text)| level(at)(text)));
        if let Some(more) = folder.stores.len().checked_sub(MAX_STORES + 1) {
            notices.push(Notice::Note(format!(
                "{} more MLflow stores in the folder were not read (-v lists them)",
                more + 1
            )));
        }
        notices
    }

    fn experiments(&self, problems: &mut Vec<Problem>) -> Result<Vec<Experiment>> {
        problems.extend(self.problems.iter().cloned());
        Ok(self.experiments.clone())
    }

    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
        let matching = self.traces_in(&query.experiments).filter(|stored| query.filter.matches_info(&stored.info));
        let mut order: Vec<(SortValue, &StoredTrace)> =
            matching.map(|stored| (SortValue::from_info(&stored.info, &query.order.key), stored)).collect();
        order.sort_by(|(a, first), (b, second)| {
            query.order.compare(a, b).then_with(|| first.info.trace_id.cmp(&second.info.trace_id))
        });
        let matched = (!query.filter.needs_more_than_records()).then_some(order.len());
        for (_, stored) in order {
            if let Some(trace) = self.load_matching(query, stored)
                && sink.trace(trace).is_break()
            {
                break;
            }
        }
        Ok(matched)
    }

    fn with_id_prefix(&self, prefixes: &[String], limit: usize, problems: &mut Vec<Problem>) -> Result<Vec<TraceKey>> {
        problems.extend(self.problems.iter().cloned());
        let with_prefix = |prefix: &String| {
            let from = self.traces.range(prefix.clone()..).map(|(id, _)| id.clone());
            let prefix = prefix.clone();
            from.take_while(move |id| id.starts_with(&prefix)).take(limit)
        };
        Ok(prefixes.iter().flat_map(with_prefix).map(TraceKey::Id).collect())
    }

    fn trace(&self, key: &TraceKey, detail: Option<SpanDetail>) -> Result<Option<Trace>> {
        Ok(self.traces.get(key.id()).map(|stored| self.load(stored, detail)))
    }

    fn attachment(&self, _: &TraceInfo, id: &str) -> Result<Vec<u8>> {
        Err(StoreError::AttachmentInDocument(id.to_owned()))
    }

    fn describe(&self) -> Result<StoreInfo> {
        let bytes = self.documents.iter().map(|document| document.len() as u64).sum();
        Ok(StoreInfo { bytes: Some(bytes), ..StoreInfo::new(StoreKind::Documents) })
    }
}

#[cfg(test)]
mod tests;
