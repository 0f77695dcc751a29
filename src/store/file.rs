//! MLflow's file store (`mlruns`): trace records in v2 and v3 format, also mixed in one store.

mod parts;

use super::artifact::Artifacts;
use super::error::{Result, StoreError};
use super::parallel::in_parallel;
use super::projection::{detail_for_displayed_spans, detail_for_span_rows};
use super::rows;
use super::spans::{self, SpanRows};
use super::{Aggregates, Query, Sink, SortKey, SortValue, SpanDetail, StoreEnvironment, TraceKey, TraceStore};
use crate::files::AllowedFolders;
use crate::formats;
use crate::model::{Experiment, Problem, StoreInfo, StoreKind, Totals, Trace, TraceInfo};
use parts::{RecordParts, read_record_file};
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// An open file store.
pub(super) struct FileStore {
    name: String,
    root: PathBuf,
    allowed: AllowedFolders,
    artifacts: Artifacts,
}

/// Whether a folder contains an experiment: a folder with a numeric name and a `meta.yaml`.
pub(super) fn is_file_store(folder: &Path) -> bool {
    let is_experiment = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.bytes().all(|b| b.is_ascii_digit()))
            && entry.path().join("meta.yaml").symlink_metadata().is_ok()
    };
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_experiment(&entry)))
}

/// A trace's folder and its experiment.
#[derive(Clone)]
struct TraceFolder<'a> {
    path: PathBuf,
    experiment: &'a Experiment,
    may_be_link: bool,
}

/// A trace's record, and the parts of it that could not be read.
struct ReadRecord {
    info: TraceInfo,
    problems: Vec<Problem>,
}

impl TraceFolder<'_> {
    /// Returns the trace id. Like MLflow, it uses the name of the folder, not the record.
    fn id(&self) -> String {
        file_name(&self.path)
    }

    fn record_path(&self) -> PathBuf {
        self.path.join("trace_info.yaml")
    }

    fn has_record(&self) -> bool {
        self.record_path().exists()
    }
}

impl FileStore {
    pub(super) fn open(path: &Path, env: &StoreEnvironment) -> Result<Self> {
        let root = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if let Err(error) = std::fs::read_dir(&root) {
            return Err(StoreError::Unreadable { path: root, source: error.into() });
        }
        let bases = std::iter::once(root.clone()).chain(root.parent().map(Path::to_owned)).collect();
        let artifacts = Artifacts::new(bases, env.artifacts_destination.clone());
        Ok(Self { name: root.display().to_string(), allowed: AllowedFolders::new([&*root]), root, artifacts })
    }

    /// Returns an experiment's folder, which may be in the trash.
    fn experiment_folder(&self, experiment: &Experiment) -> PathBuf {
        let active = self.root.join(&experiment.experiment_id);
        if active.join("meta.yaml").exists() {
            active
        } else {
            self.root.join(".trash").join(&experiment.experiment_id)
        }
    }

    /// Returns the folders of all traces of some experiments, one per trace id. A folder without a record is not a
    /// trace, and MLflow ignores it.
    fn trace_folders<'a>(&self, experiments: &'a [Experiment], problems: &mut Vec<Problem>) -> Vec<TraceFolder<'a>> {
        let mut folders = Vec::new();
        let mut by_id: HashMap<OsString, usize> = HashMap::new();
        for experiment in experiments {
            let traces = self.experiment_folder(experiment).join("traces");
            match self.allowed.entries(&traces) {
                Ok(entries) => {
                    for (entry, kind) in entries {
                        let folder = TraceFolder { path: entry.path(), experiment, may_be_link: kind.is_symlink() };
                        let first = *by_id.entry(entry.file_name()).or_insert(folders.len());
                        match folders.get(first).map(TraceFolder::has_record) {
                            None => folders.push(folder),
                            // The first folder has no record, so this one may be the trace.
                            Some(false) => folders[first] = folder,
                            Some(true) if folder.has_record() => {
                                let message = "ignored: another experiment has a trace with the same id";
                                let problem = Problem::new("damaged_trace", message).for_trace(folder.id());
                                problems.push(problem.at_path(&folder.path));
                            }
                            Some(true) => {}
                        }
                    }
                }
                // An experiment without traces has no such folder.
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    let message = format!("cannot read the traces of experiment {}: {error}", experiment.name);
                    problems.push(Problem::new("unreadable_folder", message).at_path(&traces));
                }
            }
        }
        folders
    }

    /// Reads a trace's record with its tags, metadata and assessments. An unreadable assessment is a problem, and the
    /// rest is still read.
    fn read_record(&self, folder: &TraceFolder<'_>) -> std::result::Result<Option<ReadRecord>, Problem> {
        let (id, path) = (folder.id(), folder.record_path());
        let Some(yaml) = self.read_record_text(folder)? else {
            // Artifacts of a database may have the same folders, but not these two.
            let was_trace = ["tags", "request_metadata"].iter().any(|part| folder.path.join(part).is_dir());
            let lost = || Problem::new("damaged_trace", "the trace's record is missing").for_trace(&id).at_path(&path);
            return if was_trace { Err(lost()) } else { Ok(None) };
        };
        let damaged = |message: String| Problem::new("damaged_trace", message).for_trace(&id).at_path(&path);
        let mut info =
            formats::trace_info(&yaml).map_err(|why| damaged(format!("cannot read the trace's record: {why}")))?;
        if info.trace_id != id {
            return Err(damaged(format!("the record in this folder belongs to trace {}", info.trace_id)));
        }
        info.experiment_id.clone_from(&folder.experiment.experiment_id);
        info.experiment_name = Some(folder.experiment.name.clone());
        let mut parts = RecordParts::new(&self.allowed);
        info.tags = parts.labels(&folder.path.join("tags"), "tag");
        info.metadata = parts.labels(&folder.path.join("request_metadata"), "metadata entry");
        info.derive_fields(formats::parse_json);
        info.assessments.extend(parts.assessments(&folder.path.join("assessments")));
        info.assessments.sort_by(|a, b| (a.create_time, &a.id).cmp(&(b.create_time, &b.id)));
        let problems = parts.problems.into_iter().map(|problem| problem.for_trace(&id)).collect();
        Ok(Some(ReadRecord { info, problems }))
    }

    /// Reads the text of a trace's record. `None` if there is no record.
    fn read_record_text(&self, folder: &TraceFolder<'_>) -> std::result::Result<Option<String>, Problem> {
        let checked = if folder.may_be_link { self.allowed.resolve(&folder.path).map(drop) } else { Ok(()) };
        let checked = match checked {
            Err(error) if !error.is_not_found() => {
                let message = format!("cannot read the trace: {error}");
                Err(Problem::new("unreadable_folder", message).at_path(&folder.path))
            }
            _ => read_record_file(&self.allowed, &folder.record_path()),
        };
        checked.map_err(|problem| problem.for_trace(folder.id()))
    }

    /// Loads the spans that the projection and the filter need. `None` if the prefilter rules the trace out.
    fn load_trace(&self, query: &Query, info: TraceInfo) -> Option<Trace> {
        let filter = &query.filter;
        if let Some(mut prefilter) = filter.prefilter()
            && let Some(bytes) = spans::read_traces_json(&info, &self.artifacts)
        {
            prefilter.scan(&bytes);
            if !prefilter.has_passed() {
                return None;
            }
        }
        let for_filter = detail_for_displayed_spans(filter).max(detail_for_span_rows(filter));
        let for_root = filter.needs_root_name(&info).then_some(SpanDetail::Tree);
        let Some(detail) = query.projection.spans.max(for_filter).max(for_root) else {
            return Some(Trace::without_spans(info));
        };
        let mut trace = self.with_spans(info, detail);
        trace.rows = filter.needs_rows().then(|| rows::from_spans(&trace, filter));
        Some(trace)
    }

    fn with_spans(&self, info: TraceInfo, detail: SpanDetail) -> Trace {
        let mut trace = spans::assemble(info, SpanRows::default(), &self.artifacts, detail);
        if trace.info.name.is_none() {
            trace.info.root_name = trace.span_list().first().map(|span| span.name.clone());
        }
        trace
    }
}

impl TraceStore for FileStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn experiments(&self, problems: &mut Vec<Problem>) -> Result<Vec<Experiment>> {
        let mut experiments = Vec::new();
        for (folder, is_trash) in [(self.root.clone(), false), (self.root.join(".trash"), true)] {
            let entries = match self.allowed.entries(&folder) {
                Ok(entries) => entries,
                Err(error) if error.is_not_found() => continue,
                Err(error) => {
                    let message = format!("cannot read the experiments: {error}");
                    problems.push(Problem::new("unreadable_folder", message).at_path(&folder));
                    continue;
                }
            };
            for (entry, _) in entries.into_iter().filter(|(_, kind)| kind.is_dir() || kind.is_symlink()) {
                let mut parts = RecordParts::new(&self.allowed);
                if let Some(experiment) = parts.experiment(&entry.path(), is_trash) {
                    experiments.push(experiment);
                }
                problems.append(&mut parts.problems);
            }
        }
        experiments.sort_by_key(|experiment| (experiment.experiment_id.len(), experiment.experiment_id.clone()));
        Ok(experiments)
    }

    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
        let mut problems = Vec::new();
        let folders = self.trace_folders(&query.experiments, &mut problems);
        for problem in problems {
            sink.problem(problem);
        }
        // To sort by time without a filter, one line of each record is enough.
        let is_by_time = query.order.key == SortKey::Time && query.filter.clauses.is_empty();
        let sort_entry = |folder: &TraceFolder<'_>| -> std::result::Result<Option<SortEntry>, Vec<Problem>> {
            if is_by_time
                && let Some(time) = self
                    .read_record_text(folder)
                    .map_err(|problem| vec![problem])?
                    .as_deref()
                    .and_then(formats::request_time)
            {
                return Ok(Some((SortValue::Number(time.millis() as f64), folder.id())));
            }
            let Some(ReadRecord { info, problems }) = self.read_record(folder).map_err(|problem| vec![problem])? else {
                return Ok(None);
            };
            if may_match(query, &info) {
                // Its problems are reported when it is loaded.
                return Ok(Some((SortValue::from_info(&info, &query.order.key), info.trace_id)));
            }
            // It might match if all of it could be read.
            if query.filter.is_ruled_out_by_record(&info) { Ok(None) } else { Err(problems) }
        };
        let mut order: Vec<(SortEntry, &TraceFolder<'_>)> = Vec::with_capacity(folders.len());
        for (folder, key) in folders.iter().zip(in_parallel(&folders, processors(), sort_entry)) {
            match key {
                Ok(Some(key)) => order.push((key, folder)),
                Ok(None) => {}
                Err(problems) => problems.into_iter().for_each(|problem| sink.problem(problem)),
            }
        }
        order.sort_by(|((a, a_id), _), ((b, b_id), _)| query.order.compare(a, b).then_with(|| a_id.cmp(b_id)));
        // Every record was checked, so the count is exact if the filter needs no more than records.
        let matched = (!query.filter.needs_more_than_records()).then_some(order.len());
        let mut page = query.plan.expected.unwrap_or(100).clamp(1, 1_000);
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(page.min(rest.len()));
            rest = later;
            let folders: Vec<TraceFolder<'_>> = now.iter().map(|(_, folder)| (*folder).clone()).collect();
            let load = |folder: &TraceFolder<'_>| {
                let Some(read) = self.read_record(folder)? else { return Ok((None, Vec::new())) };
                let trace = Some(read.info).filter(|info| may_match(query, info));
                Ok::<_, Problem>((trace.and_then(|info| self.load_trace(query, info)), read.problems))
            };
            for trace in in_parallel(&folders, processors(), load) {
                match trace {
                    Ok((trace, problems)) => {
                        for problem in problems {
                            sink.problem(problem);
                        }
                        if let Some(trace) = trace
                            && sink.trace(trace).is_break()
                        {
                            return Ok(matched);
                        }
                    }
                    Err(problem) => sink.problem(problem),
                }
            }
            page = (page * 2).min(1_000);
        }
        Ok(matched)
    }

    fn with_id_prefix(&self, prefixes: &[String], limit: usize, problems: &mut Vec<Problem>) -> Result<Vec<TraceKey>> {
        let experiments = self.experiments(problems)?;
        let folders = self.trace_folders(&experiments, problems);
        let mut keys = Vec::new();
        for prefix in prefixes {
            let mut ids_of_prefix: Vec<String> = folders
                .iter()
                .map(|folder| (folder.id(), folder))
                .filter(|(id, folder)| id.starts_with(prefix) && folder.has_record())
                .map(|(id, _)| id)
                .collect();
            ids_of_prefix.sort();
            ids_of_prefix.truncate(limit);
            keys.extend(ids_of_prefix.into_iter().map(TraceKey::Id));
        }
        Ok(keys)
    }

    fn trace(&self, key: &TraceKey, detail: Option<SpanDetail>) -> Result<Option<Trace>> {
        let id = key.id();
        // The id becomes a folder name here, so reject paths.
        if id.is_empty() || id.contains(['/', '\\']) || id == ".." || id == "." {
            return Ok(None);
        }
        let experiments = self.experiments(&mut Vec::new())?;
        for experiment in &experiments {
            let path = self.experiment_folder(experiment).join("traces").join(id);
            let folder = TraceFolder { path, experiment, may_be_link: true };
            match self.read_record(&folder) {
                Ok(None) => {}
                Ok(Some(ReadRecord { info, problems })) => {
                    let Some(detail) = detail else { return Ok(Some(Trace::without_spans(info))) };
                    let mut trace = self.with_spans(info, detail);
                    if let Some(spans) = &mut trace.spans {
                        spans.problems.extend(problems);
                    }
                    return Ok(Some(trace));
                }
                Err(problem) => {
                    return Err(StoreError::UnreadableTrace { id: id.to_owned(), problem: Box::new(problem) });
                }
            }
        }
        Ok(None)
    }

    fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>> {
        self.artifacts.attachment(info, id)
    }

    fn describe(&self) -> Result<StoreInfo> {
        Ok(StoreInfo::new(StoreKind::Files))
    }

    fn aggregates(&self) -> Option<&dyn Aggregates> {
        Some(self)
    }
}

impl Aggregates for FileStore {
    fn totals(&self, experiments: &[Experiment], problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>> {
        let mut totals: HashMap<String, Totals> = HashMap::new();
        for found in
            in_parallel(&self.trace_folders(experiments, problems), processors(), |folder| self.read_record(folder))
        {
            match found {
                Ok(Some(read)) => {
                    totals.entry(read.info.experiment_id.clone()).or_default().add_trace(&read.info);
                    problems.extend(read.problems);
                }
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        Ok(totals)
    }

    fn is_empty(&self) -> Result<bool> {
        let experiments = self.experiments(&mut Vec::new())?;
        Ok(!self.trace_folders(&experiments, &mut Vec::new()).iter().any(TraceFolder::has_record))
    }
}

/// A trace's sort value and its id, which breaks ties.
type SortEntry = (SortValue, String);

/// Whether a trace may match, as far as its record shows.
fn may_match(query: &Query, info: &TraceInfo) -> bool {
    query.filter.matches_info(info) || query.filter.needs_root_name(info)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
