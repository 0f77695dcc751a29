//! Folds away what tells only how messages travelled: the spans of AutoGen's runtime. Only for people: nothing of it is in
//! JSON, where all is as stored.

use crate::model::{Node, Span, Spans, Timestamp, TraceInfo, TraceState, is_runtime_message};

/// Spans without those that are folded.
pub(super) struct Folded {
    /// Each below its nearest ancestor that is left.
    pub(super) spans: Spans,
    /// Which of them are shown.
    pub(super) shown: Vec<bool>,
    /// How many are folded.
    pub(super) hidden: usize,
}

/// Folds messages. `None` where there are none, or nothing would be left.
pub(super) fn without_messages(spans: &Spans, shown: &[bool]) -> Option<Folded> {
    let is_hidden: Vec<bool> = spans.list.iter().map(is_message).collect();
    let hidden = is_hidden.iter().filter(|is_hidden| **is_hidden).count();
    if hidden == 0 || hidden == spans.list.len() {
        return None;
    }
    let left = Spans {
        list: Vec::new(),
        nodes: Vec::new(),
        source: spans.source,
        problems: Vec::new(),
        moved: None,
        outside: None,
    };
    let mut folded = Folded { spans: left, shown: Vec::new(), hidden };
    // Where each span stands among those left; of one that is folded, its nearest ancestor.
    let mut places: Vec<Option<usize>> = Vec::with_capacity(is_hidden.len());
    for (at, node) in spans.nodes.iter().enumerate() {
        let parent = node.parent.and_then(|parent| places[parent]);
        places.push(if is_hidden[at] { parent } else { Some(folded.spans.list.len()) });
        if !is_hidden[at] {
            let depth = parent.map_or(0, |parent| folded.spans.nodes[parent].depth + 1);
            folded.spans.nodes.push(Node { depth, parent, is_orphan: node.is_orphan });
            folded.spans.list.push(spans.list[at].clone());
            folded.shown.push(shown[at]);
        }
    }
    Some(folded)
}

/// Whether a span is a message of the runtime, and nothing went wrong with it.
fn is_message(span: &Span) -> bool {
    is_runtime_message(&span.name) && span.span_type.as_str() == "UNKNOWN" && span.failure().is_none()
}

/// Messages of one run are no further apart than this; between them models may have answered.
const GAP_NANOS: i64 = 60_000_000_000;

/// Traces that go into one row.
struct Group {
    at: usize,
    count: u64,
    last: Timestamp,
    key: Option<String>,
}

/// Rows in which the traces of single messages of a run are one.
pub(super) fn grouped(traces: Vec<TraceInfo>) -> Vec<TraceInfo> {
    let mut rows: Vec<TraceInfo> = Vec::with_capacity(traces.len());
    let mut groups: Vec<Group> = Vec::new();
    for trace in traces {
        if !is_lone_message(&trace) {
            rows.push(trace);
            continue;
        }
        let (last, key) = (trace.request_time, key_of(&trace));
        let fits = |group: &&mut Group| {
            rows[group.at].experiment_id == trace.experiment_id
                && group.last.0.abs_diff(last.0) <= GAP_NANOS.unsigned_abs()
                && (group.key.is_none() || key.is_none() || group.key == key)
        };
        if let Some(group) = groups.iter_mut().find(fits) {
            group.count += 1;
            group.last = last;
            group.key = group.key.take().or(key);
            continue;
        }
        groups.push(Group { at: rows.len(), count: 1, last, key });
        rows.push(trace);
    }
    for group in groups.iter().filter(|group| group.count > 1) {
        let row = &mut rows[group.at];
        row.name = Some(format!("{} messages of AutoGen's runtime, a trace each", group.count));
        row.span_count = Some(group.count);
        row.execution_duration_ms = None;
    }
    rows
}

/// Whether a trace is nothing but one message.
fn is_lone_message(trace: &TraceInfo) -> bool {
    trace.span_count == Some(1) && trace.state == TraceState::Ok && trace.display_name().is_some_and(is_runtime_message)
}

/// What the messages of a run share: the key of agent and topic, `autogen publish output_topic_1.(KEY)-T`.
fn key_of(trace: &TraceInfo) -> Option<String> {
    let (_, behind) = trace.display_name()?.rsplit_once(".(")?;
    behind.split_once(')').map(|(key, _)| key.to_owned())
}
