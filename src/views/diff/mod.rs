//! `mltrace trace diff A B`: the figures of both traces, and a tree of added, removed and changed spans.

mod figures;
mod header;
mod json;
mod lines;
pub mod sets;
mod words;

use crate::analysis::diff::{Diff, DiffNode, NodeChange};
use crate::analysis::usage::TraceUsage;
use crate::error::Result;
use crate::model::{Span, Trace};
use crate::output::{Document, Item, View};
pub(super) use json::DiffJson;
use json::NodeJson;
use serde::Serialize;
#[cfg(test)]
pub(super) use sets::SetsJson;
use std::borrow::Cow;

/// The comparison of two traces.
#[derive(Debug)]
pub struct DiffView {
    /// The first trace.
    pub a: Trace,
    /// The second trace.
    pub b: Trace,
    /// Token usage and cost of each trace.
    pub usage: [TraceUsage; 2],
    /// Number of tool calls of each trace.
    pub tool_calls: [usize; 2],
    /// The differences.
    pub diff: Diff,
    /// Whether unchanged spans are left out.
    pub only_changes: bool,
    /// Whether everything is shown, without folding or truncation.
    pub is_full: bool,
}

impl DiffView {
    /// Whether all spans of both traces are stored, so that none is missing from the comparison, or both are the same
    /// trace.
    #[must_use]
    pub fn is_comparable(&self) -> bool {
        !self.a.is_incomplete() && !self.b.is_incomplete() || self.a.info.trace_id == self.b.info.trace_id
    }

    /// Whether the stored spans and the state have no changes, apart from ignored differences.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.a.info.state == self.b.info.state && self.diff.is_unchanged()
    }

    /// Whether inputs, outputs and attributes of all spans are equal.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.is_comparable() && self.a.info.state == self.b.info.state && self.diff.is_identical()
    }

    /// Returns the spans of a node.
    fn spans(&self, node: &DiffNode) -> (Option<&Span>, Option<&Span>) {
        (node.a.map(|at| &self.a.span_list()[at]), node.b.map(|at| &self.b.span_list()[at]))
    }

    /// Returns the span that represents a node: that of the second trace, if it has one.
    fn span(&self, node: &DiffNode) -> Option<&Span> {
        let (a, b) = self.spans(node);
        b.or(a)
    }

    /// Returns the indices of the nodes in JSON and CSV output.
    fn output_nodes(&self) -> impl Iterator<Item = usize> {
        (0..self.diff.nodes.len()).filter(|at| !self.only_changes || self.diff.nodes[*at].kind() != NodeChange::Same)
    }

    /// Returns the span names from the root to a node; of a very deep node, only the last [`MAX_PATH_SPANS`].
    fn path(&self, at: usize) -> Vec<&str> {
        let nodes = &self.diff.nodes;
        let ancestors = std::iter::successors(Some(at), |at| nodes[*at].parent).take(MAX_PATH_SPANS);
        let mut names: Vec<&str> =
            ancestors.filter_map(|at| self.span(&nodes[at])).map(|span| span.name.as_str()).collect();
        names.reverse();
        names
    }
}

/// Maximum number of spans in a path. Without a limit, paths grow with the square of the depth of a trace.
const MAX_PATH_SPANS: usize = 100;

impl View for DiffView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        DiffJson::new(self)
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        self.header(document)?;
        self.tree(document)
    }

    fn items(&self) -> Vec<Item> {
        let id = |at: usize| self.span(&self.diff.nodes[at]).map(|span| span.id.as_str()).unwrap_or_default();
        self.output_nodes().map(|at| Item::new(id(at), &NodeJson::new(self, at))).collect()
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        const COLUMNS: [&str; 13] = [
            "change",
            "path",
            "a.span_id",
            "b.span_id",
            "a.status",
            "b.status",
            "a.model",
            "b.model",
            "delta.duration_ms",
            "delta.token_usage.total_tokens",
            "delta.total_cost",
            "changes",
            "ignored",
        ];
        COLUMNS.map(Cow::Borrowed).to_vec()
    }
}
