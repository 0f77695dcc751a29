//! `mltrace trace show --conversation`: the messages between user, agents and tools, turn by turn.

mod json;
mod messages;
mod steps;

use super::json::TraceJson;
use super::tree::{TreeView, problems};
use crate::analysis::conversation::Conversation;
use crate::error::Result;
use crate::model::Trace;
use crate::output::{Block, Document, Item, View};
pub(super) use json::ConversationJson;
pub(super) use json::StepJson;
use serde::Serialize;
use std::borrow::Cow;
pub(super) use steps::Steps;

/// Trace as a conversation.
#[derive(Debug)]
pub struct ConversationView {
    /// Trace, for the header.
    pub tree: TreeView,
    /// Trace with the spans of each LLM call folded into one, if any are folded.
    pub folded: Option<Trace>,
    /// Steps of the conversation.
    pub conversation: Conversation,
}

impl View for ConversationView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        let trace = &self.tree.trace;
        ConversationJson {
            schema: crate::output::json::SCHEMA,
            info: TraceJson::from_trace(trace, &self.tree.usage),
            conversation: self.steps().json().collect(),
            complete: !trace.is_incomplete(),
            problems: problems(&self.tree.trace).into_iter().map(Into::into).collect(),
        }
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        self.tree.write_header(document)?;
        if !self.conversation.steps.is_empty() {
            return self.steps().write(document);
        }
        document.add(Block::Blank)?;
        if self.tree.trace.span_list().is_empty() {
            return self.tree.write_previews(document);
        }
        document.dim("(no messages in these spans)")
    }

    fn items(&self) -> Vec<Item> {
        self.steps().rows()
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        step_csv_columns()
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

/// CSV columns of steps, as paths into the JSON of a step.
pub(in crate::views) fn step_csv_columns() -> Vec<Cow<'static, str>> {
    [
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
    ]
    .map(Cow::Borrowed)
    .to_vec()
}
