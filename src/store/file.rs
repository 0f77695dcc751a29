//! MLflow's file store (`mlruns`), v2 and v3, and stores in which both are mixed.

mod parts;

use super::artifact::{ArtifactFile, Artifacts};
use super::parallel::in_parallel;
use super::rows;
use super::spans::{self, SpanRows};
use super::{Projection, Query, Sink, SortKey, SortValue, StoreEnvironment, TraceStore};
use crate::error::{Error, ErrorCode, Result};
use crate::files::AllowedFolders;
use crate::formats;
use crate::model::{Experiment, Problem, StoreInfo, StoreKind, Totals, Trace, TraceInfo, keys};
use parts::{RecordParts, record};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A folder of experiments.
pub(super) struct FileStore {
    name: String,
    root: PathBuf,
    fence: AllowedFolders,
    artifacts: Artifacts,
}

/// Whether a folder holds an experiment: a folder named by digits with a `meta.yaml` in it.
pub(super) fn is_file_store(folder: &Path) -> bool {
    let is_experiment = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.bytes().all(|b| b.is_ascii_digit()))
            && entry.path().join("meta.yaml").symlink_metadata().is_ok()
    };
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_experiment(&entry)))
}

/// A trace's folder and the experiment that it lies in.
#[derive(Clone)]
struct TraceFolder<'a> {
    folder: PathBuf,
    experiment: &'a Experiment,
    may_be_link: bool,
}

/// A trace's record, and what of it could not be read.
struct ReadRecord {
    info: TraceInfo,
    problems: Vec<Problem>,
}

impl TraceFolder<'_> {
    /// The id of the trace: its folder is what MLflow goes by.
    fn id(&self) -> String {
        file_name(&self.folder)
    }

    fn record(&self) -> PathBuf {
        self.folder.join("trace_info.yaml")
    }

    fn has_record(&self) -> bool {
        self.record().exists()
    }
}

impl FileStore {
    pub(super) fn open(path: &Path, around: &StoreEnvironment) -> Result<Self> {
        let root = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        std::fs::read_dir(&root).map_err(|error| {
            Error::new(ErrorCode::StoreUnreadable, format!("cannot read `{}`", root.display())).because(error)
        })?;
        let bases = std::iter::once(root.clone()).chain(root.parent().map(Path::to_owned)).collect();
        let artifacts = Artifacts::new(bases, around.artifacts_destination.clone());
        Ok(Self { name: root.display().to_string(), fence: AllowedFolders::around([&*root]), root, artifacts })
    }

    /// The folder of an experiment: among the active ones or in the trash.
    fn experiment_folder(&self, experiment: &Experiment) -> PathBuf {
        let active = self.root.join(&experiment.experiment_id);
        if active.join("meta.yaml").exists() {
            active
        } else {
            self.root.join(".trash").join(&experiment.experiment_id)
        }
    }

    /// The folders of all traces of some experiments. Only those that hold a record are traces; MLflow passes over the others.
    fn places<'a>(&self, experiments: &'a [Experiment], problems: &mut Vec<Problem>) -> Vec<TraceFolder<'a>> {
        let mut places = Vec::new();
        let mut by_id: HashMap<OsString, usize> = HashMap::new();
        for experiment in experiments {
            let folder = self.experiment_folder(experiment).join("traces");
            match self.fence.entries(&folder) {
                Ok(entries) => {
                    for (entry, kind) in entries {
                        let place = TraceFolder { folder: entry.path(), experiment, may_be_link: kind.is_symlink() };
                        let first = *by_id.entry(entry.file_name()).or_insert(places.len());
                        match places.get(first).map(TraceFolder::has_record) {
                            None => places.push(place),
                            // What only looks like a trace takes no trace's place.
                            Some(false) => places[first] = place,
                            Some(true) if place.has_record() => {
                                let message = "another experiment has a trace of this id, which is read in its place";
                                let problem = Problem::new("damaged_trace", message).of(place.id());
                                problems.push(problem.at(&place.folder));
                            }
                            Some(true) => {}
                        }
                    }
                }
                // An experiment without traces has no such folder.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    let message = format!("the traces of experiment {} cannot be read: {error}", experiment.name);
                    problems.push(Problem::new("unreadable_folder", message).at(&folder));
                }
            }
        }
        places
    }

    /// Reads a trace's record with its tags, metadata and assessments. An assessment that cannot be read costs itself alone.
    fn read(&self, place: &TraceFolder<'_>) -> std::result::Result<Option<ReadRecord>, Problem> {
        let (id, path) = (place.id(), place.record());
        let Some(yaml) = self.record(place)? else {
            // A database may keep its artifacts in folders like these, and tags never.
            let was_trace = ["tags", "request_metadata"].iter().any(|part| place.folder.join(part).is_dir());
            let lost = || Problem::new("damaged_trace", "a trace's record is gone").of(&id).at(&path);
            return if was_trace { Err(lost()) } else { Ok(None) };
        };
        let damaged = |message: String| Problem::new("damaged_trace", message).of(&id).at(&path);
        let mut info =
            formats::trace_info(&yaml).map_err(|why| damaged(format!("a trace's record cannot be read: {why}")))?;
        if info.trace_id != id {
            return Err(damaged(format!("a trace's record is that of another trace, {}", info.trace_id)));
        }
        info.experiment_id.clone_from(&place.experiment.experiment_id);
        info.experiment_name = Some(place.experiment.name.clone());
        let mut parts = RecordParts::new(&self.fence);
        info.tags = parts.labels(&place.folder.join("tags"), "tag");
        info.metadata = parts.labels(&place.folder.join("request_metadata"), "entry of the metadata");
        info.derive(formats::json);
        info.assessments.extend(parts.assessments(&place.folder.join("assessments")));
        info.assessments.sort_by(|a, b| (a.create_time, &a.id).cmp(&(b.create_time, &b.id)));
        let problems = parts.problems.into_iter().map(|problem| problem.of(&id)).collect();
        Ok(Some(ReadRecord { info, problems }))
    }

    /// The text of a trace's record.
    fn record(&self, place: &TraceFolder<'_>) -> std::result::Result<Option<String>, Problem> {
        let checked = if place.may_be_link { self.fence.resolve(&place.folder).map(drop) } else { Ok(()) };
        let checked = match checked {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let message = format!("a trace cannot be read: {error}");
                Err(Problem::new("unreadable_folder", message).at(&place.folder))
            }
            _ => record(&self.fence, &place.record()),
        };
        checked.map_err(|problem| problem.of(place.id()))
    }

    /// A trace with its spans, as far as they are wanted or needed to decide; none where they rule it out.
    fn filled(&self, query: &Query, info: TraceInfo) -> Option<Trace> {
        let filter = &query.filter;
        if let Some(mut sieve) = filter.sieve()
            && let Some(stored) = spans::stored(&info, &self.artifacts)
        {
            sieve.take(&stored);
            if !sieve.is_passed() {
                return None;
            }
        }
        let by_root = if filter.asks_for_root(&info) { Projection::Tree } else { Projection::Info };
        let need = query.need.max(Projection::of_filter(filter)).max(Projection::of_rows(filter)).max(by_root);
        if need == Projection::Info {
            return Some(Trace::without_spans(info));
        }
        let mut trace = self.with_spans(info, need);
        trace.rows = filter.needs_rows().then(|| rows::of_spans(&trace, filter));
        Some(trace)
    }

    fn with_spans(&self, info: TraceInfo, need: Projection) -> Trace {
        let mut trace = spans::assemble(info, SpanRows::default(), &self.artifacts, need);
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
            let entries = match self.fence.entries(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    let message = format!("a folder of experiments cannot be read: {error}");
                    problems.push(Problem::new("unreadable_folder", message).at(&folder));
                    continue;
                }
            };
            for (entry, _) in entries.into_iter().filter(|(_, kind)| kind.is_dir() || kind.is_symlink()) {
                let mut parts = RecordParts::new(&self.fence);
                if let Some(experiment) = parts.experiment(&entry.path(), is_trash) {
                    experiments.push(experiment);
                }
                problems.append(&mut parts.problems);
            }
        }
        experiments.sort_by_key(|experiment| (experiment.experiment_id.len(), experiment.experiment_id.clone()));
        Ok(experiments)
    }

    fn totals(&self, experiments: &[Experiment], problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>> {
        let mut totals: HashMap<String, Totals> = HashMap::new();
        for found in in_parallel(&self.places(experiments, problems), processors(), |place| self.read(place)) {
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

    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
        let mut problems = Vec::new();
        let places = self.places(&query.experiments, &mut problems);
        for problem in problems {
            sink.problem(problem);
        }
        // By time alone, one line of each record is enough to know which ones to read.
        let is_by_time = query.order.key == SortKey::Time && query.filter.clauses.is_empty();
        let keyed = |place: &TraceFolder<'_>| -> std::result::Result<Option<SortEntry>, Vec<Problem>> {
            if is_by_time
                && let Some(time) =
                    self.record(place).map_err(|problem| vec![problem])?.as_deref().and_then(formats::request_time)
            {
                return Ok(Some((SortValue::Number(time.millis() as f64), place.id())));
            }
            let Some(ReadRecord { info, problems }) = self.read(place).map_err(|problem| vec![problem])? else {
                return Ok(None);
            };
            if may_match(query, &info) {
                // What could not be read of it is reported when it is loaded.
                return Ok(Some((SortValue::of(&info, &query.order.key), info.trace_id)));
            }
            // It might match, had all of it been read.
            if query.filter.is_ruled_out_by_record(&info) { Ok(None) } else { Err(problems) }
        };
        let mut order: Vec<(SortEntry, &TraceFolder<'_>)> = Vec::with_capacity(places.len());
        for (place, key) in places.iter().zip(in_parallel(&places, processors(), keyed)) {
            match key {
                Ok(Some(key)) => order.push((key, place)),
                Ok(None) => {}
                Err(problems) => problems.into_iter().for_each(|problem| sink.problem(problem)),
            }
        }
        order.sort_by(|((a, a_id), _), ((b, b_id), _)| query.order.compare(a, b).then_with(|| a_id.cmp(b_id)));
        // Every record was looked at, so they are counted, unless more than a record decides.
        let matched = (!query.filter.needs_more_than_records()).then_some(order.len());
        let mut page = query.expected.unwrap_or(100).clamp(1, 1_000);
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(page.min(rest.len()));
            rest = later;
            let places: Vec<TraceFolder<'_>> = now.iter().map(|(_, place)| (*place).clone()).collect();
            let load = |place: &TraceFolder<'_>| {
                let Some(read) = self.read(place)? else { return Ok((None, Vec::new())) };
                let trace = Some(read.info).filter(|info| may_match(query, info));
                Ok::<_, Problem>((trace.and_then(|info| self.filled(query, info)), read.problems))
            };
            for trace in in_parallel(&places, processors(), load) {
                match trace {
                    Ok((trace, problems)) => {
                        for problem in problems {
                            sink.problem(problem);
                        }
                        if let Some(trace) = trace
                            && sink.trace(trace)?.is_break()
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

    fn ids_with_prefix(&self, prefixes: &[String], limit: usize, problems: &mut Vec<Problem>) -> Result<Vec<String>> {
        let experiments = self.experiments(problems)?;
        let places = self.places(&experiments, problems);
        let mut ids = Vec::new();
        for prefix in prefixes {
            let mut fit: Vec<String> = places
                .iter()
                .map(|place| (place.id(), place))
                .filter(|(id, place)| id.starts_with(prefix) && place.has_record())
                .map(|(id, _)| id)
                .collect();
            fit.sort();
            fit.truncate(limit);
            ids.extend(fit);
        }
        Ok(ids)
    }

    fn trace(&self, id: &str, need: Projection) -> Result<Option<Trace>> {
        // Ids become folder names here: one that is a path is no id.
        if id.is_empty() || id.contains(['/', '\\']) || id == ".." || id == "." {
            return Ok(None);
        }
        let experiments = self.experiments(&mut Vec::new())?;
        for experiment in &experiments {
            let folder = self.experiment_folder(experiment).join("traces").join(id);
            let place = TraceFolder { folder, experiment, may_be_link: true };
            match self.read(&place) {
                Ok(None) => {}
                Ok(Some(ReadRecord { info, .. })) if need == Projection::Info => {
                    return Ok(Some(Trace::without_spans(info)));
                }
                Ok(Some(ReadRecord { info, problems })) => {
                    let mut trace = self.with_spans(info, need);
                    if let Some(spans) = &mut trace.spans {
                        spans.problems.extend(problems);
                    }
                    return Ok(Some(trace));
                }
                Err(problem) => {
                    let error = Error::new(ErrorCode::StoreUnreadable, format!("cannot read trace `{id}`"))
                        .because(&problem.message);
                    return Err(match &problem.path {
                        Some(path) => error.hint(format!("look at `{path}`")),
                        None => error,
                    });
                }
            }
        }
        Ok(None)
    }

    fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>> {
        let location = info.tags.get(keys::ARTIFACT_LOCATION);
        match self.artifacts.read(location, &info.experiment_id, &info.trace_id, &format!("attachments/{id}")) {
            ArtifactFile::Bytes(_, bytes) => Ok(bytes),
            ArtifactFile::Missing(problem) => Err(super::attachment_missing(id, &problem)),
        }
    }

    fn describe(&self) -> Result<StoreInfo> {
        Ok(StoreInfo::new(StoreKind::Files))
    }

    fn is_empty(&self) -> Result<bool> {
        let experiments = self.experiments(&mut Vec::new())?;
        Ok(!self.places(&experiments, &mut Vec::new()).iter().any(TraceFolder::has_record))
    }
}

/// What a trace is sorted by, and its id.
type SortEntry = (SortValue, String);

/// Whether a record alone does not rule the trace out.
fn may_match(query: &Query, info: &TraceInfo) -> bool {
    query.filter.matches_info(info) || query.filter.asks_for_root(info)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
