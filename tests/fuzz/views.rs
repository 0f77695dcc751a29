//! Documents opened as a store, and their traces shown in every form: as people, programs and diffs see them.
#![no_main]

use mltrace::analysis::diff::{self, Strictness};
use mltrace::analysis::exceptions::{ExceptionGroups, occurrences};
use mltrace::analysis::key::GroupKey;
use mltrace::analysis::tools::Tools;
use mltrace::analysis::usage::{self, Explanation, GroupedUsage};
use mltrace::analysis::{conversation, stack};
use mltrace::formats::{self, SpanDetail};
use mltrace::json::Json;
use mltrace::model::{Timestamp, Trace, Zone};
use mltrace::output::{Block, Document, RenderOptions, Row, RowTable, Theme, View};
use mltrace::reading::{Agents, History, Reading, answer, question};
use mltrace::store::{self, Address, StoreEnvironment};
use mltrace::views::conversation::ConversationView;
use mltrace::views::diff::DiffView;
use mltrace::views::exception::ExceptionRow;
use mltrace::views::span::SpanRow;
use mltrace::views::span_detail::SpanView;
use mltrace::views::tool::ToolRow;
use mltrace::views::tree::TreeView;
use mltrace::views::usage::{GroupsView, UsageView};
use mltrace_fuzz::is_harmless;
use std::path::PathBuf;
use std::sync::LazyLock;

/// Traces of a document that are shown, and spans of each that are shown one by one.
const MOST: usize = 3;

/// In memory, where there is such a folder: the document is written once for each input.
static DOCUMENT: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from("/dev/shm");
    let folder = if folder.is_dir() { folder } else { std::env::temp_dir() };
    folder.join(format!("mltrace-fuzz-{}", std::process::id()))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // A document that begins so is taken for one that was packed, and unpacks to any size.
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    std::fs::write(&*DOCUMENT, bytes).expect("the document can be written");
    let opened = store::open(&Address::Documents(DOCUMENT.clone()), &StoreEnvironment::default());
    let _ = std::fs::remove_file(&*DOCUMENT);
    let Ok(store) = opened else { return };
    let mut problems = Vec::new();
    let keys = store.with_id_prefix(&[String::new()], MOST, &mut problems).unwrap_or_default();
    let traces: Vec<Trace> = keys.iter().filter_map(|key| store.trace(key, Some(SpanDetail::All)).ok()?).collect();
    let mut history = History::default();
    for trace in &traces {
        let _ = history.read_trace(&mut trace.clone());
        show(trace);
    }
    for pair in traces.windows(2) {
        compare(&pair[0], &pair[1]);
    }
});

fn show(trace: &Trace) {
    let reading = Reading::from_trace(trace);
    let _ = (question(trace), answer(trace));
    let agents = || trace.spans.as_ref().map(|spans| Agents::new(spans, &reading.usage)).unwrap_or_default();
    for is_full in [false, true] {
        let shown = vec![true; trace.span_list().len()];
        let conversation = conversation::read(trace, is_full, &shown);
        let (usage, agents) = (usage::trace_usage(trace), agents());
        let tree = TreeView { trace: trace.clone(), usage, agents, shown, io_lines: Some(3), is_full };
        check_view(&tree);
        reads_back(&tree);
        check_view(&ConversationView { tree, folded: None, conversation });
    }
    let of_trace = agents();
    for (at, span) in trace.span_list().iter().enumerate().take(MOST) {
        let node = trace.spans.as_ref().map(|spans| spans.nodes[at].clone()).expect("the trace has spans");
        let (trace_id, agent) = (trace.info.trace_id.clone(), of_trace.name(at).map(str::to_owned));
        check_view(&SpanView {
            info: trace.info.clone(),
            row: SpanRow { trace_id, span: span.clone(), node, is_full: true, agent },
        });
    }
    let mut explanation = Explanation::new(usize::MAX);
    explanation.add(trace, &reading.usage);
    check_view(&UsageView {
        trace: trace.clone(),
        usage: usage::trace_usage(trace),
        agents: of_trace,
        explanation: Some(explanation),
    });
    let mut grouped = GroupedUsage::new(vec![GroupKey::Model, GroupKey::Agent, GroupKey::Hour], Zone::Utc);
    grouped.add(trace, &reading.usage);
    check_view(&GroupsView { grouped, explanation: None, limit: 2 });
    let mut tools = Tools::default();
    tools.add(trace, &reading);
    check_rows(tools.sorted().into_iter().map(ToolRow).collect());
    let found = occurrences(trace);
    for text in found.iter().filter_map(|one| one.failure.exception.as_ref()?.stacktrace.as_deref()) {
        let _ = (stack::parse(text), stack::app_location(text), stack::library_location(text, true));
    }
    let mut groups = ExceptionGroups::default();
    groups.add(found);
    check_rows(groups.sorted().into_iter().map(ExceptionRow).collect());
    let view = compare(trace, trace);
    assert!(view.is_unchanged() && view.is_identical());
}

/// What mltrace writes of a whole trace is a document again, of the same spans.
fn reads_back(tree: &TreeView) {
    let json = serde_json::to_string(&tree.json()).expect("views are JSON");
    let batches = formats::batches_from_json(&json).unwrap_or_else(|why| panic!("{why}: {json}"));
    let places: Vec<_> = batches.iter().flat_map(|batch| &batch.spans).collect();
    let spans = tree.trace.span_list();
    assert_eq!(places.len(), spans.len());
    for (place, span) in places.into_iter().zip(spans) {
        let (_, read) = place.span(json.as_bytes(), SpanDetail::All).unwrap_or_else(|why| panic!("{why}: {json}"));
        assert_eq!(read.id, span.id);
    }
}

fn compare(a: &Trace, b: &Trace) -> DiffView {
    let readings = [Reading::from_trace(a), Reading::from_trace(b)];
    let view = |strictness, is_full: bool| {
        let diff = diff::compare_traces((a, &readings[0]), (b, &readings[1]), strictness);
        let tool_calls = readings.each_ref().map(|reading| reading.new_tool_calls().count());
        let usage = [usage::trace_usage(a), usage::trace_usage(b)];
        DiffView { a: a.clone(), b: b.clone(), usage, tool_calls, diff, only_changes: !is_full, is_full }
    };
    check_view(&view(Strictness::Content, false));
    let strict = view(Strictness::Everything, true);
    check_view(&strict);
    strict
}

fn looks() -> impl Iterator<Item = (RenderOptions, Theme)> {
    let now = Timestamp(1_795_132_800_000_000_000);
    let look = move |(width, unicode, color)| (RenderOptions { width, unicode, zone: Zone::Utc, now }, Theme { color });
    [(None, true, false), (Some(100), true, false), (Some(40), false, false), (Some(7), true, true)]
        .into_iter()
        .map(look)
}

fn check_view<V: View>(view: &V) {
    for (options, theme) in looks() {
        let mut out = Vec::new();
        view.text(&mut Document::new(options, theme, &mut out)).expect("a vector takes everything");
        check_text(theme, &out);
    }
    check_json(&serde_json::to_string(&view.json()).expect("views are JSON"));
    let _ = view.csv_columns();
    view.items().iter().for_each(|row| check_json(&serde_json::to_string(&row.json()).expect("rows are JSON")));
}

fn check_rows<R: Row>(rows: Vec<R>) {
    rows.iter().for_each(|row| check_json(&serde_json::to_string(&row.json()).expect("rows are JSON")));
    for (options, theme) in looks() {
        let table = RowTable::of_list(&options, &rows);
        let mut out = Vec::new();
        let mut document = Document::new(options, theme, &mut out);
        document.add(Block::Table(&table.headings, table.rows)).expect("a vector takes everything");
        check_text(theme, &out);
    }
}

fn check_text(theme: Theme, out: &[u8]) {
    let text = std::str::from_utf8(out).expect("text is UTF-8");
    assert!(theme.color || is_harmless(text), "{text:?}");
}

fn check_json(text: &str) {
    assert!(Json::from_strict(text).is_some(), "{text}");
}
