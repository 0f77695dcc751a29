//! `mltrace trace diff A B`: both traces in figures, and one tree of what was added, removed and changed.

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
use crate::output::{Item, RenderOptions, View};
use json::{DiffJson, NodeJson};
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// Two traces side by side.
#[derive(Debug)]
pub struct DiffView {
    /// The first trace.
    pub a: Trace,
    /// The second trace.
    pub b: Trace,
    /// The figures of both.
    pub usage: [TraceUsage; 2],
    /// How many tool calls each has.
    pub tool_calls: [usize; 2],
    /// What is not the same in them.
    pub diff: Diff,
    /// Whether what is alike is left out.
    pub only_changes: bool,
    /// Whether nothing is folded or cut.
    pub is_full: bool,
}

impl DiffView {
    /// Whether all spans of both are stored, or both are the same trace: of spans that are missing nothing is known.
    #[must_use]
    pub fn is_comparable(&self) -> bool {
        !self.a.is_incomplete() && !self.b.is_incomplete() || self.a.info.trace_id == self.b.info.trace_id
    }

    /// Whether nothing changed in the spans that are stored, but for what is ignored.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.a.info.state == self.b.info.state && self.diff.is_unchanged()
    }

    /// Whether inputs, outputs and attributes of all spans are equal.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.is_comparable() && self.a.info.state == self.b.info.state && self.diff.is_identical()
    }

    /// The spans of a node.
    fn spans(&self, node: &DiffNode) -> (Option<&Span>, Option<&Span>) {
        (node.a.map(|at| &self.a.span_list()[at]), node.b.map(|at| &self.b.span_list()[at]))
    }

    /// The span that stands for a node: that of the second trace, where it has one.
    fn span(&self, node: &DiffNode) -> Option<&Span> {
        let (a, b) = self.spans(node);
        b.or(a)
    }

    /// The places of the nodes that programs are told.
    fn shown(&self) -> impl Iterator<Item = usize> {
        (0..self.diff.nodes.len()).filter(|at| !self.only_changes || self.diff.nodes[*at].kind() != NodeChange::Same)
    }

    /// The names of the spans from the root to a node; of one that lies very deep, of the nearest.
    fn path(&self, at: usize) -> Vec<&str> {
        let nodes = &self.diff.nodes;
        let above = std::iter::successors(Some(at), |at| nodes[*at].parent).take(LONGEST_PATH);
        let mut names: Vec<&str> =
            above.filter_map(|at| self.span(&nodes[at])).map(|span| span.name.as_str()).collect();
        names.reverse();
        names
    }
}

/// Paths name no more spans: of a trace thousands of spans deep they would be as many as its spans squared.
const LONGEST_PATH: usize = 100;

impl View for DiffView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        DiffJson::new(self)
    }

    fn text(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        self.header(look, out)?;
        self.tree(look, out)
    }

    fn items(&self) -> Vec<Item> {
        let id = |at: usize| self.span(&self.diff.nodes[at]).map(|span| span.id.as_str()).unwrap_or_default();
        self.shown().map(|at| Item::new(id(at), &NodeJson::new(self, at))).collect()
    }

    fn csv(&self) -> Vec<Cow<'static, str>> {
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
