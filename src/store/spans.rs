//! Assembles a trace's spans if a store holds them twice, in part, or without content.

use super::artifact::{ArtifactFile, Artifacts, TRACES_JSON, TRACES_PB, is_recently_modified};
use crate::formats::{self, SpanDetail};
use crate::model::{
    MovedFile, OutsideFile, Problem, Span, Spans, SpansSource, Trace, TraceInfo, TraceState, arrange, keys,
};
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

/// Spans read from rows of a database.
#[derive(Debug, Default)]
pub(super) struct SpanRows {
    /// The spans. Those without content have only the values of their columns.
    pub(super) spans: Vec<Span>,
    /// How many rows have no content, as in archived traces.
    pub(super) without_content: usize,
    /// How many rows were not read because the query does not use them.
    pub(super) skipped: usize,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

/// Whether the rows of a trace hold all its spans, so that no file needs to be read.
pub(super) fn are_all_in_rows(info: &TraceInfo, rows: usize) -> bool {
    let is_in_rows = info.has_spans_in_database();
    is_in_rows && info.span_count.is_none_or(|count| rows as u64 >= count)
}

/// Assembles a trace from its record, rows and files.
///
/// If MLflow 3.6+ stored the spans in rows (tag `mlflow.trace.spansLocation`), rows take precedence and `traces.json`
/// only fills gaps. Without the tag, `traces.json` takes precedence, as in the releases of that time (3.4 and 3.5 wrote
/// both).
pub(super) fn assemble(mut info: TraceInfo, mut rows: SpanRows, artifacts: &Artifacts, detail: SpanDetail) -> Trace {
    let mut problems = std::mem::take(&mut rows.problems);
    let mut file_location = FileLocation::default();
    let is_archived = info.is_archived() || rows.without_content > 0;
    let (list, source) = if is_archived {
        archived_spans(&info, rows, artifacts, detail, &mut problems, &mut file_location)
    } else if info.has_spans_in_database() {
        let expected = usize::try_from(info.span_count.unwrap_or(1)).unwrap_or(usize::MAX);
        if rows.spans.len() + rows.skipped >= expected {
            (rows.spans, SpansSource::Database)
        } else {
            let (spans, file_problems, _) = read_spans_file(&info, artifacts, detail);
            let file = (spans, file_problems);
            let rows_read = rows.spans.len();
            let merged = merge(rows.spans, SpansSource::Database, file, SpansSource::Artifact, &mut problems);
            let more = merged.0.len().saturating_sub(rows_read);
            if more > 0 && info.state != TraceState::InProgress {
                let message = format!("{more} of {} spans are only in {TRACES_JSON}", merged.0.len());
                problems.push(Problem::new("rows_missing", message));
            }
            merged
        }
    } else {
        let (spans, file_problems, found_location) = read_spans_file(&info, artifacts, detail);
        file_location = found_location;
        let rows = (rows.spans, Vec::new());
        if spans.is_empty() && !rows.0.is_empty() {
            (rows.0, SpansSource::Database)
        } else {
            problems.extend(file_problems);
            merge(spans, SpansSource::Artifact, rows, SpansSource::Database, &mut problems)
        }
    };
    let (list, nodes, repeated) = arrange(list);
    if repeated > 0 {
        problems.push(Problem::new(
            "repeated_span",
            format!("{repeated} spans have the id of another span and were dropped"),
        ));
    }
    let is_running = info.state == TraceState::InProgress;
    if list.is_empty() && is_running {
        // The spans of a running trace may not be written yet.
        problems.retain(|problem| problem.kind != "missing_file");
    }
    let FileLocation { moved, outside } = file_location;
    fill_session_and_user(&mut info, &list);
    Trace { info, spans: Some(Spans { list, nodes, source, problems, moved, outside }), rows: None }
}

/// Fills the session and the user from the root spans if the record has none: MLflow's server reads them for a few
/// conventions only (`tracing/otel/translation`, 3.18).
pub(super) fn fill_session_and_user(info: &mut TraceInfo, spans: &[Span]) {
    let roots = || spans.iter().filter(|span| span.parent.is_none());
    if info.session_id().is_none() {
        info.session_from_spans = roots().find_map(|root| root.session_and_user.0.clone());
    }
    if info.user_id().is_none() {
        info.user_from_spans = roots().find_map(|root| root.session_and_user.1.clone());
    }
}

/// Adds the spans of the second list whose ids the first one lacks. Returns the source of the first non-empty list.
fn merge(
    mut first: Vec<Span>,
    first_source: SpansSource,
    (second, file_problems): (Vec<Span>, Vec<Problem>),
    second_source: SpansSource,
    problems: &mut Vec<Problem>,
) -> (Vec<Span>, SpansSource) {
    let source = match (first.is_empty(), second.is_empty()) {
        (false, _) => first_source,
        (true, false) => second_source,
        (true, true) => SpansSource::None,
    };
    if first.is_empty() || !second.is_empty() {
        problems.extend(file_problems);
    }
    let ids: HashSet<_> = first.iter().map(|span| span.id.clone()).collect();
    first.extend(second.into_iter().filter(|span| !ids.contains(&span.id)));
    (first, source)
}

/// Returns the bytes of `traces.json`, if it can be read.
pub(super) fn read_traces_json(info: &TraceInfo, artifacts: &Artifacts) -> Option<Vec<u8>> {
    let location = info.tags.get(keys::ARTIFACT_LOCATION);
    match artifacts.read(location, &info.experiment_id, &info.trace_id, TRACES_JSON) {
        ArtifactFile::Bytes(_, bytes) => Some(bytes),
        ArtifactFile::Missing(_) => None,
    }
}

/// Where a file was found, if not where it was recorded or not in the store.
#[derive(Default)]
struct FileLocation {
    moved: Option<MovedFile>,
    outside: Option<OutsideFile>,
}

impl FileLocation {
    fn new(info: &TraceInfo, artifacts: &Artifacts, location: Option<&str>, path: &Path) -> Self {
        let outside = artifacts.outside(location, &info.experiment_id, &info.trace_id, path);
        Self { moved: Artifacts::moved(location, path), outside }
    }
}

/// Reads the spans of `traces.json`, the problems met, and where the file was found.
fn read_spans_file(
    info: &TraceInfo,
    artifacts: &Artifacts,
    detail: SpanDetail,
) -> (Vec<Span>, Vec<Problem>, FileLocation) {
    if artifacts.bases.is_empty() {
        // The built-in sample has no files, even if a file exists where its tags point.
        return (Vec::new(), Vec::new(), FileLocation::default());
    }
    let location = info.tags.get(keys::ARTIFACT_LOCATION);
    let read = || artifacts.read(location, &info.experiment_id, &info.trace_id, TRACES_JSON);
    let (mut path, mut bytes) = match read() {
        ArtifactFile::Bytes(path, bytes) => (path, bytes),
        ArtifactFile::Missing(problem) => return (Vec::new(), vec![problem], FileLocation::default()),
    };
    let mut file = formats::trace_file(&String::from_utf8_lossy(&bytes), detail);
    if file.is_truncated && is_recently_modified(&path) {
        // The file may still be being written.
        std::thread::sleep(Duration::from_millis(150));
        if let ArtifactFile::Bytes(again, more) = read() {
            (path, bytes) = (again, more);
            file = formats::trace_file(&String::from_utf8_lossy(&bytes), detail);
        }
    }
    let mut problems = Vec::new();
    if file.is_truncated {
        let saved = file.spans.len();
        problems.push(
            Problem::new(
                "cut_file",
                format!("{TRACES_JSON} is truncated or damaged; {saved} complete spans were read"),
            )
            .at_path(&path),
        );
    }
    if file.has_trailing_text {
        let message = format!("ignored data after the end of {TRACES_JSON}");
        problems.push(Problem::new("garbage", message).at_path(&path));
    }
    if let Some(why) = file.damage.first() {
        problems.push(
            Problem::new("damaged_span", format!("{} spans cannot be read: {why}", file.damage.len())).at_path(&path),
        );
    }
    if std::str::from_utf8(&bytes).is_err() {
        problems.push(
            Problem::new("not_utf8", format!("{TRACES_JSON} contains invalid UTF-8, shown as U+FFFD")).at_path(&path),
        );
    }
    (file.spans, problems, FileLocation::new(info, artifacts, location, &path))
}

/// Returns the spans of an archived trace: those of `traces.pb`, else the columns of its rows, whose content is empty.
fn archived_spans(
    info: &TraceInfo,
    rows: SpanRows,
    artifacts: &Artifacts,
    detail: SpanDetail,
    problems: &mut Vec<Problem>,
    file_location: &mut FileLocation,
) -> (Vec<Span>, SpansSource) {
    let location = info.tags.get(keys::ARCHIVE_LOCATION).or_else(|| info.tags.get(keys::ARTIFACT_LOCATION));
    let found = artifacts.read(location, &info.experiment_id, &info.trace_id, TRACES_PB);
    let spans = match found {
        ArtifactFile::Bytes(path, bytes) => {
            *file_location = FileLocation::new(info, artifacts, location, &path);
            formats::parse_traces_pb(&bytes, detail)
                .and_then(|spans| if spans.is_empty() { Err("it contains no spans".to_owned()) } else { Ok(spans) })
                .map_err(|why| {
                    Problem::new("damaged_archive", format!("{TRACES_PB} cannot be read: {why}")).at_path(&path)
                })
        }
        ArtifactFile::Missing(problem) if info.is_archived() => Err(problem),
        // The trace is not marked as archived, so the content of its rows is lost.
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
