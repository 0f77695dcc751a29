//! `mltrace trace show --conversation`: who said what to whom, at which turn, and the work between.

mod json;
mod messages;
mod steps;

use super::json::TraceJson;
use super::tree::{TreeView, problems};
use crate::analysis::conversation::Conversation;
use crate::error::Result;
use crate::model::{Json, Trace};
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, View};
use json::ConversationJson;
pub(super) use json::StepJson;
use serde::Serialize;
use std::io::Write;
pub(super) use steps::Steps;

/// A trace as a conversation.
#[derive(Debug)]
pub struct ConversationView {
    /// The trace, whose header stands above.
    pub tree: TreeView,
    /// The trace with the spans of each LLM call folded into one, where there are such.
    pub folded: Option<Trace>,
    /// Its steps.
    pub conversation: Conversation,
}

impl View for ConversationView {
    type Item = StepRow;

    fn json(&self) -> impl Serialize {
        let trace = &self.tree.trace;
        ConversationJson {
            schema: crate::output::json::SCHEMA,
            info: TraceJson::of_shown(trace, &self.tree.usage),
            conversation: self.steps().json().collect(),
            complete: !trace.is_incomplete(),
            problems: problems(&self.tree.trace).into_iter().map(Into::into).collect(),
        }
    }

    fn text(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        self.tree.header(look, out)?;
        if self.conversation.steps.is_empty() {
            writeln!(out)?;
            if self.tree.trace.span_list().is_empty() {
                return self.tree.previews(look, out);
            }
            return Ok(writeln!(out, "{}", look.theme.paint(TextRole::Dim, "(no messages in these spans)"))?);
        }
        self.steps().write(look, out)
    }

    fn items(&self) -> Vec<StepRow> {
        self.steps().rows()
    }
}

impl ConversationView {
    const fn steps(&self) -> Steps<'_> {
        Steps {
            trace: match &self.folded {
                Some(folded) => folded,
                None => &self.tree.trace,
            },
            conversation: &self.conversation,
            is_full: self.tree.is_full,
        }
    }
}

/// A step for JSON lines, CSV and ids.
#[derive(Debug)]
pub struct StepRow {
    span_id: String,
    json: Json,
}

impl Row for StepRow {
    const KEY: &'static str = "conversation";
    const CSV: &'static [&'static str] = &[
        "turn",
        "depth",
        "kind",
        "span_id",
        "name",
        "speaker",
        "addressee",
        "model",
        "status",
        "start_time",
        "duration_ms",
        "token_usage.total_tokens",
        "received",
        "sent",
    ];

    fn shapes() -> &'static [Column<'static>] {
        &[]
    }

    fn cells(&self, _look: &RenderOptions) -> Vec<Cell> {
        Vec::new()
    }

    fn json(&self) -> impl Serialize {
        &self.json
    }

    fn id(&self) -> &str {
        &self.span_id
    }
}
