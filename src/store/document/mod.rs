//! Documents of traces as a store: OTLP, `trace.json` and mltrace's own output in files, in folders and on standard input.
//!
//! All of it is read once, and records are made; spans stay as they are written until somebody asks for them. Exporters spread
//! a trace over several requests, its root last: spans are joined by the id of their trace over all documents. One that is
//! there twice counts once.

mod folder;
mod read;
mod record;

pub(super) use read::{holds_documents, may_be_document};

use super::file::processors;
use super::parallel::in_parallel;
use super::rows;
use super::spans::{keep, name_session};
use super::{Notice, Projection, Query, Sink, SortValue, TraceStore};
use crate::error::{Error, ErrorCode, Result};
use crate::formats::{self, Provenance, SpanBatch, SpanLocation};
use crate::model::{
    Experiment, Labels, Problem, SpanId, Spans, SpansSource, StoreInfo, StoreKind, Totals, Trace, TraceInfo,
    TraceState, arrange,
};
use folder::opening;
use read::{Documents, FileCounts};
use record::SpanFacts;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// The traces of documents.
pub(super) struct DocumentStore {
    name: String,
    documents: Vec<Vec<u8>>,
    experiments: Vec<Experiment>,
    traces: BTreeMap<String, StoredTrace>,
    problems: Vec<Problem>,
    folder: Option<FileCounts>,
}

/// Spans decoded at a time, so that memory stays near the size of the documents.
const AT_ONCE: usize = 1_024;

/// Maximum number of MLflow stores in a folder that are named without `-v`.
const MOST_STORES: usize = 3;

/// A trace: its record, and the places of its spans.
struct StoredTrace {
    info: TraceInfo,
    spans: Vec<(usize, SpanLocation)>,
    provenance: Option<Provenance>,
}

/// A trace in the making.
#[derive(Default)]
struct TraceBuilder {
    recorded: Option<TraceInfo>,
    /// Where mltrace wrote that record: how it had read the spans.
    provenance: Option<Provenance>,
    facts: SpanFacts,
    ids: HashSet<SpanId>,
    spans: Vec<(usize, SpanLocation)>,
}

impl DocumentStore {
    /// Opens a file, or a folder.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let documents = if path.is_dir() { Documents::of_folder(path) } else { Documents::of_file(path)? };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let name = path.file_name().map_or_else(|| "traces".to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self::of(documents, path.display().to_string(), &name))
    }

    /// Reads standard input to its end.
    pub(super) fn stdin() -> Result<Self> {
        Ok(Self::of(Documents::of_stdin()?, "standard input".to_owned(), "stdin"))
    }

    /// Makes records of what was read. Traces without one lie in an experiment that has the name of the file or folder.
    fn of(documents: Documents, name: String, own: &str) -> Self {
        let Documents { bytes, batches, mut problems, folder } = documents;
        let mut gathered: BTreeMap<String, TraceBuilder> = BTreeMap::new();
        let mut damage = Vec::new();
        let mut places = Vec::new();
        let mut disputed: Vec<&str> = Vec::new();
        for (number, batch) in &batches {
            if let Some(info) = &batch.info {
                // A trace without spans is one too.
                let trace = gathered.entry(info.trace_id.clone()).or_default();
                if !trace.take_record(info, batch.provenance.as_ref()) {
                    disputed.push(&info.trace_id);
                }
            }
            places.extend(batch.spans.iter().map(|place| (*number, batch, place)));
        }
        let read = |(number, batch, place): &(usize, &SpanBatch, &SpanLocation)| {
            let (trace_id, span) = place.span(&bytes[*number], formats::SpanDetail::All)?;
            let recorded = batch.info.as_ref().map(|info| info.trace_id.clone());
            Ok::<_, String>((recorded.or(trace_id).ok_or("no trace id")?, span))
        };
        for some in places.chunks(AT_ONCE) {
            for (found, (number, batch, place)) in in_parallel(some, processors(), read).into_iter().zip(some) {
                match found {
                    Ok((trace_id, span)) => {
                        let trace = gathered.entry(trace_id).or_default();
                        if trace.ids.insert(span.id.clone()) {
                            trace.facts.add(&span, &batch.resource);
                            trace.spans.push((*number, (*place).clone()));
                        }
                    }
                    Err(why) => damage.push(why),
                }
            }
        }
        if let Some(why) = damage.first() {
            let message = format!("{} spans cannot be read: {why}", damage.len());
            problems.push(Problem::new("damaged_span", message));
        }
        if let Some(id) = disputed.first() {
            let message = match disputed.len() {
                1 => format!("the record of {id} is there twice, and differs: the first one counts"),
                count => {
                    format!("{count} records are there twice and differ, that of {id} among them: the first ones count")
                }
            };
            problems.push(Problem::new("skipped_record", message));
        }
        let own = experiment(own, own);
        let held = |(id, trace): (String, TraceBuilder)| {
            let info = trace.record(&id, &own);
            (id, StoredTrace { info, spans: trace.spans, provenance: trace.provenance })
        };
        let traces: BTreeMap<String, StoredTrace> = gathered.into_iter().map(held).collect();
        let mut names: HashMap<&str, &str> = HashMap::new();
        for StoredTrace { info, .. } in traces.values() {
            let id = info.experiment_id.as_str();
            let name = names.entry(id).or_insert(id);
            if let Some(known) = info.experiment_name.as_deref().filter(|known| *known != id) {
                *name = known;
            }
        }
        let mut experiments: Vec<Experiment> = names.into_iter().map(|(id, name)| experiment(id, name)).collect();
        experiments.sort_by_key(|experiment| (experiment.experiment_id.len(), experiment.experiment_id.clone()));
        Self { name, documents: bytes, experiments, traces, problems, folder }
    }

    /// A trace with its spans, as far as they are wanted or needed to decide; none where they rule it out.
    fn filled(&self, query: &Query, held: &StoredTrace) -> Option<Trace> {
        let filter = &query.filter;
        if let Some(mut sieve) = filter.sieve() {
            for (number, place) in &held.spans {
                sieve.take(place.stored(&self.documents[*number]));
            }
            if !sieve.is_passed() {
                return None;
            }
        }
        let need = query.need.max(Projection::of_filter(filter)).max(Projection::of_rows(filter));
        let mut trace = self.loaded(held, need);
        trace.rows = filter.needs_rows().then(|| rows::of_spans(&trace, filter));
        Some(trace)
    }

    fn loaded(&self, held: &StoredTrace, need: Projection) -> Trace {
        if need == Projection::Info {
            return Trace::without_spans(held.info.clone());
        }
        // What is damaged was told when the documents were read.
        let read = |(number, place): &(usize, SpanLocation)| place.span(&self.documents[*number], keep(need)).ok();
        let (list, nodes, _) = arrange(held.spans.iter().filter_map(read).map(|(_, span)| span).collect());
        let source = match &held.provenance {
            _ if list.is_empty() => SpansSource::None,
            Some(Provenance { source: SpansSource::Skeleton, .. }) => SpansSource::Skeleton,
            _ => SpansSource::File,
        };
        let problems = held.provenance.as_ref().map_or_else(Vec::new, |provenance| provenance.problems.clone());
        let mut info = held.info.clone();
        name_session(&mut info, &list);
        Trace { info, spans: Some(Spans { list, nodes, source, problems, moved: None, outside: None }), rows: None }
    }

    fn of_experiments<'a>(&'a self, experiments: &'a [Experiment]) -> impl Iterator<Item = &'a StoredTrace> {
        let ids: HashSet<&str> = experiments.iter().map(|experiment| experiment.experiment_id.as_str()).collect();
        self.traces.values().filter(move |held| ids.contains(held.info.experiment_id.as_str()))
    }
}

impl TraceBuilder {
    /// Takes a record of the trace. False where there is one that tells another end; one that was made while the trace still
    /// ran makes room for a later one.
    fn take_record(&mut self, info: &TraceInfo, provenance: Option<&Provenance>) -> bool {
        let end = |info: &TraceInfo| (info.state.clone(), info.request_time, info.execution_duration_ms);
        match &self.recorded {
            Some(known) if known.state != TraceState::InProgress => {
                info.state == TraceState::InProgress || end(known) == end(info)
            }
            _ => {
                self.recorded = Some(info.clone());
                self.provenance = provenance.cloned();
                true
            }
        }
    }

    /// The record that the documents have of the trace, else the one that its spans make.
    fn record(&self, id: &str, own: &Experiment) -> TraceInfo {
        let derived = self.facts.info(id, own);
        let Some(mut info) = self.recorded.clone() else { return derived };
        if info.experiment_id.is_empty() {
            info.experiment_id.clone_from(&own.experiment_id);
        }
        // mltrace writes what it knows; other documents know neither names of experiments nor, some, numbers of spans.
        if self.provenance.is_none() {
            info.experiment_name = Some(info.experiment_id.clone());
            info.span_count = info.span_count.or(Some(self.spans.len() as u64));
        }
        info.root_name = if info.name.is_none() { derived.root_name } else { None };
        info
    }
}

/// An experiment of which no more is known than what it is called.
fn experiment(id: &str, name: &str) -> Experiment {
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
        let mut remarks = vec![counts];
        let skipped = folder.skipped.iter().map(|(path, why)| format!("skipped `{}`: {why}", path.display()));
        remarks.extend(skipped.map(Notice::Detail));
        let stores = folder.stores.iter();
        let stores =
            stores.map(|store| format!("not read: an MLflow store in the folder; {} opens it", opening(store)));
        let kind = |at: usize| if at < MOST_STORES { Notice::Note } else { Notice::Detail };
        remarks.extend(stores.enumerate().map(|(at, text)| kind(at)(text)));
        if let Some(more) = folder.stores.len().checked_sub(MOST_STORES + 1) {
            remarks
                .push(Notice::Note(format!("not read: {} more MLflow stores in the folder (-v lists them)", more + 1)));
        }
        remarks
    }

    fn experiments(&self, problems: &mut Vec<Problem>) -> Result<Vec<Experiment>> {
        problems.extend(self.problems.iter().cloned());
        Ok(self.experiments.clone())
    }

    fn totals(&self, experiments: &[Experiment], _: &mut Vec<Problem>) -> Result<HashMap<String, Totals>> {
        let mut totals: HashMap<String, Totals> = HashMap::new();
        for StoredTrace { info, .. } in self.of_experiments(experiments) {
            totals.entry(info.experiment_id.clone()).or_default().add_trace(info);
        }
        Ok(totals)
    }

    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
        let meant = self.of_experiments(&query.experiments).filter(|held| query.filter.matches_info(&held.info));
        let mut order: Vec<(SortValue, &StoredTrace)> =
            meant.map(|held| (SortValue::of(&held.info, &query.order.key), held)).collect();
        order.sort_by(|(a, first), (b, second)| {
            query.order.compare(a, b).then_with(|| first.info.trace_id.cmp(&second.info.trace_id))
        });
        let matched = (!query.filter.needs_more_than_records()).then_some(order.len());
        for (_, held) in order {
            if let Some(trace) = self.filled(query, held)
                && sink.trace(trace)?.is_break()
            {
                break;
            }
        }
        Ok(matched)
    }

    fn ids_with_prefix(&self, prefixes: &[String], limit: usize, problems: &mut Vec<Problem>) -> Result<Vec<String>> {
        problems.extend(self.problems.iter().cloned());
        let below = |prefix: &String| {
            let from = self.traces.range(prefix.clone()..).map(|(id, _)| id.clone());
            let prefix = prefix.clone();
            from.take_while(move |id| id.starts_with(&prefix)).take(limit)
        };
        Ok(prefixes.iter().flat_map(below).collect())
    }

    fn trace(&self, id: &str, need: Projection) -> Result<Option<Trace>> {
        Ok(self.traces.get(id).map(|held| self.loaded(held, need)))
    }

    fn attachment(&self, _: &TraceInfo, id: &str) -> Result<Vec<u8>> {
        Err(Error::new(ErrorCode::NotFound, format!("no attachment `{id}`"))
            .because("documents of traces come without the files that belong to them")
            .hint("ask the store or the server that the trace comes from"))
    }

    fn describe(&self) -> Result<StoreInfo> {
        let bytes = self.documents.iter().map(|document| document.len() as u64).sum();
        Ok(StoreInfo { bytes: Some(bytes), ..StoreInfo::new(StoreKind::Documents) })
    }

    fn is_empty(&self) -> Result<bool> {
        Ok(self.traces.is_empty())
    }
}
