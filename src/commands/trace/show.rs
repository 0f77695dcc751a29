//! `mltrace trace show`

use crate::analysis::{conversation, usage};
use crate::cli::context::Context;
use crate::cli::naming;
use crate::cli::reader::TraceReader;
use crate::cli::select::TraceSelection;
use crate::error::{Error, ErrorCode, Result};
use crate::files;
use crate::model::{Span, Trace};
use crate::reading::Agents;
use crate::store::{SpanDetail, TraceStore};
use crate::views::conversation::ConversationView;
use crate::views::fold::{self, FoldMode};
use crate::views::span::SpanRow;
use crate::views::span_detail::SpanView;
use crate::views::tree::TreeView;
use crate::views::usage_conflict::{conflict_note, cost_note};
use std::path::{Path, PathBuf};

/// Show the spans of a trace as a tree, or one span
///
/// TRACE is an id, a unique prefix, an OpenTelemetry trace id, @last, @last~2, @error (the newest failed trace) or
/// @slow (the longest trace). Filters apply to @last, @error and @slow. - reads ids from stdin, one per line.
///
/// --json prints one document per trace, one per line. A file of them can be read as a store: `mltrace -u FILE`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace trace show
  mltrace trace show tr-e1856059 --io
  mltrace trace show @error --span get_weather
  mltrace traces list --status error -o ids | mltrace trace show - --json > failed.jsonl
  mltrace trace show @last --json | jq '.spans[] | select(.exception).exception.message'")]
pub(super) struct TraceShowArgs {
    /// Traces to show; - reads ids from stdin
    #[arg(default_value = "@last", value_name = "TRACE")]
    traces: Vec<String>,
    /// Show the spans as a tree (default)
    #[arg(long)]
    tree: bool,
    /// Show inputs and outputs of spans, up to LINES lines each (8 if not given, 0 for all)
    #[arg(long, value_name = "LINES", num_args = 0..=1, default_missing_value = "8", require_equals = true)]
    io: Option<usize>,
    /// Show the messages and calls in order, turn by turn
    #[arg(long, conflicts_with_all = ["tree", "io", "span"])]
    conversation: bool,
    /// Show folded spans, or full conversations
    ///
    /// In a tree, shows spans that are folded because they record the same LLM call or only deliver messages. In a
    /// conversation, shows long and repeated messages in full, and values as the stored JSON.
    #[arg(long)]
    full: bool,
    /// Show all of one span, by id, unique prefix or unique name
    #[arg(long, value_name = "SPAN", conflicts_with_all = ["tree", "io"])]
    span: Option<String>,
    /// Save the span's attachments to this folder
    #[arg(long, value_name = "DIR", requires = "span")]
    save_attachments: Option<PathBuf>,
    /// Show only spans of this agent; * and ? are wildcards (can be repeated)
    #[arg(long, value_name = "NAME", conflicts_with = "span")]
    agent: Vec<String>,
    #[command(flatten)]
    select: TraceSelection,
}

pub(super) fn run(show: &TraceShowArgs, cx: &mut Context) -> Result<()> {
    naming::for_each_name(cx, &show.traces, &mut |cx, reader, name| show_trace(show, cx, reader, name))
}

fn show_trace(show: &TraceShowArgs, cx: &mut Context, reader: &mut TraceReader, name: &str) -> Result<()> {
    let is_light = !cx.output.has_content() && show.io.is_none() && show.span.is_none() && !show.conversation;
    let mut trace = if is_light {
        naming::read_tree(cx, reader, name, &show.select)?
    } else {
        naming::find_trace(cx, reader, name, &show.select, Some(SpanDetail::All))?
    };
    reader.clear_progress();
    if let Some(name) = &show.span {
        show_span(cx, &*reader.store, &mut trace, name, show.save_attachments.as_deref())?;
    } else {
        let types = show.select.span_types();
        let usage = usage::trace_usage(&trace);
        let agents = trace.spans.as_ref().map(|spans| Agents::new(spans, &usage)).unwrap_or_default();
        let notes = [conflict_note(&trace, &usage), cost_note(&trace, &usage)];
        let mut shown = naming::spans_of_agents(cx, &trace, &agents, &show.agent)?;
        for (shown, span) in shown.iter_mut().zip(trace.span_list()) {
            *shown &= types.is_empty() || span.span_type.is_one_of(&types);
        }
        let is_empty = !shown.contains(&true);
        let view = TreeView { usage, agents, shown, io_lines: show.io, is_full: show.full, trace };
        trace = if show.conversation {
            show_conversation(cx, view)?
        } else {
            cx.output.show(&view)?;
            view.trace
        };
        notes.iter().flatten().for_each(|note| cx.note(note));
        if !types.is_empty() && is_empty {
            let subject = if show.agent.is_empty() { "the trace".to_owned() } else { show.agent.join(" and ") };
            cx.note(&format!("{subject} has no span of type {}", types.join(" or ")));
        }
    }
    reader.span_problems.extend(trace.spans.into_iter().flat_map(|spans| spans.problems));
    Ok(())
}

fn show_conversation(cx: &mut Context, tree: TreeView) -> Result<Trace> {
    let spans = tree.trace.spans.as_ref().filter(|_| !tree.is_full);
    let folded = spans.and_then(|spans| fold::fold(FoldMode::Calls, spans, &tree.shown, &tree.usage));
    let folded = folded.map(|folded| {
        (Trace { spans: Some(folded.spans), ..Trace::without_spans(tree.trace.info.clone()) }, folded.shown)
    });
    let (trace, shown) = folded.as_ref().map_or((&tree.trace, &tree.shown), |(trace, shown)| (trace, shown));
    let conversation = conversation::read(trace, tree.is_full, shown);
    let view = ConversationView { tree, folded: folded.map(|(trace, _)| trace), conversation };
    cx.output.show(&view)?;
    Ok(view.tree.trace)
}

fn show_span(
    cx: &mut Context,
    store: &dyn TraceStore,
    trace: &mut Trace,
    name: &str,
    folder: Option<&Path>,
) -> Result<()> {
    let at = naming::find_span(cx, trace, name)?;
    let usage = usage::trace_usage(trace);
    let Some(spans) = &mut trace.spans else { return Ok(()) };
    let agent = Agents::new(spans, &usage).name(at).map(str::to_owned);
    let row = SpanRow {
        trace_id: trace.info.trace_id.clone(),
        span: spans.list.swap_remove(at),
        node: spans.nodes.swap_remove(at),
        is_full: true,
        agent,
    };
    if let Some(folder) = folder {
        save_attachments(cx, store, trace, &row.span, folder)?;
    }
    cx.output.show(&SpanView { info: trace.info.clone(), row })
}

/// URI scheme by which MLflow 3.11 and later replaces binary content (`tracing/attachments.py`).
const ATTACHMENT: &str = "mlflow-attachment://";

/// A reference to an attachment in a span.
#[derive(Debug, PartialEq, Eq)]
struct Attachment {
    id: String,
    content_type: String,
}

fn save_attachments(cx: &Context, store: &dyn TraceStore, trace: &Trace, span: &Span, folder: &Path) -> Result<()> {
    let attachments = attachments_of(span);
    if attachments.is_empty() {
        cx.note("the span has no attachments");
        return Ok(());
    }
    let failed = |path: &Path, error: std::io::Error| {
        Error::new(ErrorCode::Output, format!("cannot write `{}`", path.display())).because(error)
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for attachment in attachments {
        let bytes = store.attachment(&trace.info, &attachment.id)?;
        let path = folder.join(format!("{}.{}", attachment.id, extension(&attachment.content_type)));
        // Existing files are not overwritten.
        files::create(&path, &bytes).map_err(|error| failed(&path, error))?;
        cx.note(&format!("wrote {} bytes to `{}`", bytes.len(), path.display()));
    }
    Ok(())
}

/// Returns the attachments that a span's attributes reference, each once.
fn attachments_of(span: &Span) -> Vec<Attachment> {
    let mut found: Vec<Attachment> = Vec::new();
    for (_, value) in span.payload.iter().flat_map(|payload| &payload.attributes) {
        for reference in value.text().split(ATTACHMENT).skip(1) {
            let end = reference.find(|c: char| matches!(c, '"' | '\\') || c.is_whitespace()).unwrap_or(reference.len());
            let (id, options) = reference[..end].split_once('?').unwrap_or((&reference[..end], ""));
            // The id becomes a file name, so only ids as MLflow generates them are accepted.
            let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
            let option = |key: &str| options.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
            let content_type = option("content_type").unwrap_or_default().replace("%2F", "/").replace("%2f", "/");
            let attachment = Attachment { id: id.to_owned(), content_type };
            if is_id && !found.contains(&attachment) {
                found.push(attachment);
            }
        }
    }
    found
}

/// Returns the file extension of a content type; `bin` if unknown.
fn extension(content_type: &str) -> String {
    let kind = content_type.rsplit('/').next().unwrap_or_default().split(['+', ';']).next().unwrap_or_default();
    match kind {
        "jpeg" => "jpg".to_owned(),
        "plain" => "txt".to_owned(),
        "mpeg" => "mp3".to_owned(),
        "" | "octet-stream" => "bin".to_owned(),
        other if other.len() <= 8 && other.bytes().all(|b| b.is_ascii_alphanumeric()) => other.to_ascii_lowercase(),
        _ => "bin".to_owned(),
    }
}

#[cfg(test)]
mod tests;
