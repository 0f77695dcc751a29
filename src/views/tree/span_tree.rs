//! The spans of a trace as rows of a tree.

use super::TreeView;
use super::lines::{Line, LineContent, lines};
use crate::model::{Span, SpanId, Spans};
use crate::number;
use crate::output::{Block, LineLimit, RenderOptions, StyledText, TextRole, TreeBar, TreeRow, TreeRows, TreeSpan};
use crate::views::assessment;
use crate::views::span::{failures, tokens};
use std::collections::HashMap;

/// The tree of a trace.
#[derive(Debug)]
pub(super) struct SpanTree<'a> {
    view: &'a TreeView,
    spans: &'a Spans,
    lines: Vec<Line<'a>>,
    options: RenderOptions,
    /// Earliest start of the spans shown, in nanoseconds since the Unix epoch.
    start: i64,
    /// Time from `start` to the latest end, in nanoseconds.
    nanos: f64,
    /// Durations so far of open spans, in nanoseconds.
    open: HashMap<SpanId, i64>,
}

impl<'a> SpanTree<'a> {
    /// Creates the tree of the spans to show, with their ancestors.
    pub(super) fn new(
        view: &'a TreeView,
        spans: &'a Spans,
        shown: &[bool],
        open: HashMap<SpanId, i64>,
        options: RenderOptions,
    ) -> Self {
        let lines = lines(spans, shown);
        let listed = || lines.iter().filter_map(|line| line.span().map(|at| &spans.list[at]));
        let start = listed().map(|span| span.start.0).min().unwrap_or(0);
        let end = listed().filter_map(|span| span.end).map(|end| end.0).max().unwrap_or(start);
        let nanos = (end.saturating_sub(start)).max(1) as f64;
        Self { view, spans, lines, options, start, nanos, open }
    }

    fn span_row(&self, span: &Span, is_context: bool) -> TreeRow {
        let is_bad = span.has_failed();
        let role = match (is_bad, is_context) {
            (true, _) => TextRole::Bad,
            (false, true) => TextRole::Dim,
            (false, false) => TextRole::Name,
        };
        let usage = span.usage().map(|usage| tokens(usage, &self.options));
        TreeRow::Span(Box::new(TreeSpan {
            sign: StyledText::default(),
            name: StyledText::new(role, span.display_name()),
            span_type: StyledText::new(TextRole::Kind, span.span_type.known().unwrap_or_default()),
            bar: Some(TreeBar {
                start: span.start.0.saturating_sub(self.start) as f64 / self.nanos,
                length: span.duration_ns().map_or(1.0, |nanos| nanos.max(0) as f64 / self.nanos),
                role: if is_bad { TextRole::Bad } else { TextRole::Bar },
            }),
            duration: StyledText::plain(&self.duration(span)),
            tokens: StyledText::new(TextRole::Figure, &usage.unwrap_or_default()),
            model: StyledText::plain(span.model.as_deref().unwrap_or_default()),
        }))
    }

    /// Returns the line that tells how a span failed.
    fn failure(&self, role: TextRole, text: &str) -> Block<'static> {
        let sign = match (role, self.options.unicode) {
            (TextRole::Bad, true) => "✗ ",
            (TextRole::Bad, false) => "x ",
            (TextRole::Dim, true) => "↪ ",
            (TextRole::Dim, false) => "> ",
            (_, true) => "↩ ",
            (_, false) => "~ ",
        };
        Block::Truncated(StyledText::new(role, &format!("{sign}{text}")))
    }

    /// Formats the duration of a span, or its duration so far.
    fn duration(&self, span: &Span) -> String {
        match (span.duration_ns(), self.open.get(&span.id)) {
            (Some(nanos), _) => number::duration(nanos),
            (None, Some(nanos)) => number::duration_so_far(*nanos),
            (None, None) => "open".to_owned(),
        }
    }
}

impl TreeRows for SpanTree<'_> {
    fn depths(&self) -> Vec<usize> {
        self.lines.iter().map(|line| line.depth).collect()
    }

    fn row(&self, at: usize) -> TreeRow {
        let line = &self.lines[at];
        match line.content {
            LineContent::Span(at) => self.span_row(&self.spans.list[at], line.is_context),
            LineContent::MissingParent(parent) => {
                TreeRow::Note(StyledText::new(TextRole::Warn, &format!("(missing parent {})", parent.as_str())))
            }
            LineContent::Record => TreeRow::Note(self.view.record_line(&self.options)),
        }
    }

    fn below(&self, at: usize, _room: Option<usize>) -> Vec<Block<'_>> {
        let Some(at) = self.lines[at].span() else { return Vec::new() };
        let span = &self.spans.list[at];
        let mut blocks: Vec<Block<'_>> = failures(span).map(|(role, text)| self.failure(role, &text)).collect();
        let (Some(lines), Some(payload)) = (self.view.io_lines, &span.payload) else { return blocks };
        let values = [("in  ", payload.inputs()), ("out ", payload.outputs())];
        blocks.extend(
            values.into_iter().filter_map(|(title, value)| Some(Block::Value(title, value?, LineLimit::new(lines)))),
        );
        let id = Some(span.id.as_str());
        let assessments = self.view.trace.info.assessments.iter();
        let of_span = assessments.filter(|assessment| assessment.span_id.as_deref() == id);
        blocks.extend(of_span.flat_map(assessment::full));
        blocks
    }
}
