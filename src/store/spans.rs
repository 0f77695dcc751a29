//! Which of a trace's spans to believe, where a store holds them twice, in part, or emptied.

use super::Projection;
use super::artifact::{ArtifactFile, Artifacts, TRACES_JSON, TRACES_PB, is_fresh};
use crate::formats::{self, SpanDetail};
use crate::model::{
    MovedFile, OutsideFile, Problem, Span, Spans, SpansSource, Trace, TraceInfo, TraceState, arrange, keys,
};
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

/// Spans found as rows of a database.
#[derive(Debug, Default)]
pub(super) struct SpanRows {
    /// All of them; those without content know only their columns.
    pub(super) spans: Vec<Span>,
    /// How many have no content, as archived traces do.
    pub(super) without_content: usize,
    /// How many were not read, since they are not looked at.
    pub(super) left_out: usize,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

pub(super) const fn keep(need: Projection) -> SpanDetail {
    match need {
        Projection::Info | Projection::Calls => SpanDetail::Calls,
        Projection::Tree => SpanDetail::Tree,
        Projection::Exceptions => SpanDetail::Exceptions,
        Projection::Full => SpanDetail::All,
    }
}

/// Whether the rows of a trace are all there is of its spans, so that no file has to be looked at.
pub(super) fn are_all_in_rows(info: &TraceInfo, rows: usize) -> bool {
    let is_in_rows = info.is_in_rows();
    is_in_rows && info.span_count.is_none_or(|count| rows as u64 >= count)
}

/// Puts a trace together from its record, its rows and its files.
///
/// Where MLflow 3.6+ keeps spans in rows (tag `mlflow.trace.spansLocation`), rows win and `traces.json` only fills gaps.
/// Without the tag `traces.json` wins: it is what the releases of that time show (3.4 and 3.5 wrote both).
pub(super) fn assemble(mut info: TraceInfo, mut rows: SpanRows, artifacts: &Artifacts, need: Projection) -> Trace {
    let mut problems = std::mem::take(&mut rows.problems);
    let mut place = FileLocation::default();
    let is_archived = info.is_archived() || rows.without_content > 0;
    let (list, source) = if is_archived {
        archived(&info, rows, artifacts, need, &mut problems, &mut place)
    } else if info.is_in_rows() {
        let expected = usize::try_from(info.span_count.unwrap_or(1)).unwrap_or(usize::MAX);
        if rows.spans.len() + rows.left_out >= expected {
            (rows.spans, SpansSource::Database)
        } else {
            let (spans, trouble, _) = artifact(&info, artifacts, need);
            let file = (spans, trouble);
            let rows_read = rows.spans.len();
            let merged = merge(rows.spans, SpansSource::Database, file, SpansSource::Artifact, &mut problems);
            let more = merged.0.len().saturating_sub(rows_read);
            if more > 0 && info.state != TraceState::InProgress {
                let message = format!("{more} of {} spans are in {TRACES_JSON} only", merged.0.len());
                problems.push(Problem::new("rows_missing", message));
            }
            merged
        }
    } else {
        let (spans, trouble, elsewhere) = artifact(&info, artifacts, need);
        place = elsewhere;
        let rows = (rows.spans, Vec::new());
        if spans.is_empty() && !rows.0.is_empty() {
            (rows.0, SpansSource::Database)
        } else {
            problems.extend(trouble);
            merge(spans, SpansSource::Artifact, rows, SpansSource::Database, &mut problems)
        }
    };
    let (list, nodes, repeated) = arrange(list);
    if repeated > 0 {
        problems.push(Problem::new(
            "repeated_span",
            format!("{repeated} spans repeat the id of another one and are left out"),
        ));
    }
    let is_running = info.state == TraceState::InProgress;
    if list.is_empty() && is_running {
        // Nothing is wrong with a trace whose spans are not written yet.
        problems.retain(|problem| problem.kind != "missing_file");
    }
    let FileLocation { moved, outside } = place;
    name_session(&mut info, &list);
    Trace { info, spans: Some(Spans { list, nodes, source, problems, moved, outside }), rows: None }
}

/// Takes the session and the user from the roots among the spans, where the record has none: MLflow's server knows those of a few conventions
/// only (`tracing/otel/translation`, 3.18).
pub(super) fn name_session(info: &mut TraceInfo, spans: &[Span]) {
    let roots = || spans.iter().filter(|span| span.parent.is_none());
    if info.session_id().is_none() {
        info.session_of_spans = roots().find_map(|root| root.named.0.clone());
    }
    if info.user_id().is_none() {
        info.user_of_spans = roots().find_map(|root| root.named.1.clone());
    }
}

/// The first list, with those of the second that it lacks.
fn merge(
    mut first: Vec<Span>,
    first_source: SpansSource,
    (second, trouble): (Vec<Span>, Vec<Problem>),
    second_source: SpansSource,
    problems: &mut Vec<Problem>,
) -> (Vec<Span>, SpansSource) {
    let source = match (first.is_empty(), second.is_empty()) {
        (false, _) => first_source,
        (true, false) => second_source,
        (true, true) => SpansSource::None,
    };
    if first.is_empty() || !second.is_empty() {
        problems.extend(trouble);
    }
    let ids: HashSet<_> = first.iter().map(|span| span.id.clone()).collect();
    first.extend(second.into_iter().filter(|span| !ids.contains(&span.id)));
    (first, source)
}

/// The bytes of `traces.json`, if they can be had.
pub(super) fn stored(info: &TraceInfo, artifacts: &Artifacts) -> Option<Vec<u8>> {
    let location = info.tags.get(keys::ARTIFACT_LOCATION);
    match artifacts.read(location, &info.experiment_id, &info.trace_id, TRACES_JSON) {
        ArtifactFile::Bytes(_, bytes) => Some(bytes),
        ArtifactFile::Missing(_) => None,
    }
}

/// Whether a file lies elsewhere than recorded, or than the store.
#[derive(Default)]
struct FileLocation {
    moved: Option<MovedFile>,
    outside: Option<OutsideFile>,
}

impl FileLocation {
    fn of(info: &TraceInfo, artifacts: &Artifacts, location: Option<&str>, path: &Path) -> Self {
        let outside = artifacts.outside(location, &info.experiment_id, &info.trace_id, path);
        Self { moved: Artifacts::moved(location, path), outside }
    }
}

/// The spans of `traces.json`, what could not be read of it, and whether it lies elsewhere.
fn artifact(info: &TraceInfo, artifacts: &Artifacts, need: Projection) -> (Vec<Span>, Vec<Problem>, FileLocation) {
    if artifacts.bases.is_empty() {
        // The sample in memory has no files, whatever lies where its tags point.
        return (Vec::new(), Vec::new(), FileLocation::default());
    }
    let location = info.tags.get(keys::ARTIFACT_LOCATION);
    let read = || artifacts.read(location, &info.experiment_id, &info.trace_id, TRACES_JSON);
    let (mut path, mut bytes) = match read() {
        ArtifactFile::Bytes(path, bytes) => (path, bytes),
        ArtifactFile::Missing(problem) => return (Vec::new(), vec![problem], FileLocation::default()),
    };
    let mut file = formats::trace_file(&String::from_utf8_lossy(&bytes), keep(need));
    if file.is_cut && is_fresh(&path) {
        // A writer may be in the middle of it.
        std::thread::sleep(Duration::from_millis(150));
        if let ArtifactFile::Bytes(again, more) = read() {
            (path, bytes) = (again, more);
            file = formats::trace_file(&String::from_utf8_lossy(&bytes), keep(need));
        }
    }
    let mut problems = Vec::new();
    if file.is_cut {
        let saved = file.spans.len();
        problems.push(
            Problem::new(
                "cut_file",
                format!("{TRACES_JSON} ends too early or is damaged; {saved} whole spans could be read"),
            )
            .at(&path),
        );
    }
    if file.has_tail {
        let message = format!("{TRACES_JSON} goes on after its end; what stands there is not read");
        problems.push(Problem::new("garbage", message).at(&path));
    }
    if let Some(why) = file.damage.first() {
        problems
            .push(Problem::new("damaged_span", format!("{} spans cannot be read: {why}", file.damage.len())).at(&path));
    }
    if std::str::from_utf8(&bytes).is_err() {
        problems.push(
            Problem::new("not_utf8", format!("{TRACES_JSON} holds bytes that are not UTF-8; they are shown as U+FFFD"))
                .at(&path),
        );
    }
    (file.spans, problems, FileLocation::of(info, artifacts, location, &path))
}

/// The spans of an archived trace: `traces.pb`, else what the emptied rows still tell.
fn archived(
    info: &TraceInfo,
    rows: SpanRows,
    artifacts: &Artifacts,
    need: Projection,
    problems: &mut Vec<Problem>,
    place: &mut FileLocation,
) -> (Vec<Span>, SpansSource) {
    let location = info.tags.get(keys::ARCHIVE_LOCATION).or_else(|| info.tags.get(keys::ARTIFACT_LOCATION));
    let found = artifacts.read(location, &info.experiment_id, &info.trace_id, TRACES_PB);
    let spans = match found {
        ArtifactFile::Bytes(path, bytes) => {
            *place = FileLocation::of(info, artifacts, location, &path);
            formats::archived_spans(&bytes, keep(need))
                .and_then(|spans| if spans.is_empty() { Err("it holds no spans".to_owned()) } else { Ok(spans) })
                .map_err(|why| Problem::new("damaged_archive", format!("{TRACES_PB} cannot be read: {why}")).at(&path))
        }
        ArtifactFile::Missing(problem) if info.is_archived() => Err(problem),
        // Nobody says that it was archived: what was in the rows is lost.
        ArtifactFile::Missing(_) => {
            let s = if rows.without_content == 1 { "" } else { "s" };
            let message = format!("the content of {} span{s} is empty", rows.without_content);
            Err(Problem::new("damaged_content", message))
        }
    };
    match spans {
        Ok(spans) => merge(spans, SpansSource::Archive, (rows.spans, Vec::new()), SpansSource::Skeleton, problems),
        Err(problem) => {
            problems.push(problem);
            let source = if rows.spans.is_empty() { SpansSource::None } else { SpansSource::Skeleton };
            (rows.spans, source)
        }
    }
}
