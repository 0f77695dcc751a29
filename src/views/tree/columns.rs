//! Columns of a tree: their widths, and the row of a span.

use super::lines::{self, Line};
use crate::model::{Span, SpanId, Spans};
use crate::number;
use crate::output::text::{clip, one_line, width};
use crate::output::{RenderOptions, TextRole};
use crate::views::span::tokens;
use std::collections::HashMap;

/// Width of each column, in terminal columns; 0 = not shown. Defines the scale of the bars.
pub(super) struct TreeColumns {
    pub(super) name: usize,
    /// Columns of `name` available to guides.
    pub(super) guides: usize,
    /// Whether long names are truncated.
    clips_names: bool,
    kind: usize,
    bar: usize,
    duration: usize,
    tokens: usize,
    model: usize,
    /// Earliest start of the spans shown, in nanoseconds since the Unix epoch.
    start: i64,
    /// Time from `start` to the latest end, in nanoseconds.
    nanos: f64,
    /// Durations so far of open spans, in nanoseconds.
    open: HashMap<SpanId, i64>,
}

const MAX_BAR: usize = 30;
const MIN_BAR: usize = 10;
const SQUEEZED_NAME: usize = 16;
const MAX_NAME: usize = 60;

impl TreeColumns {
    pub(super) fn fit(spans: &Spans, lines: &[Line<'_>], open: HashMap<SpanId, i64>, options: &RenderOptions) -> Self {
        let shown = || lines.iter().filter_map(|line| line.span().map(|at| (line, &spans.list[at])));
        let widest = |width_of: &dyn Fn(&Line<'_>, &Span) -> usize| {
            shown().map(|(line, span)| width_of(line, span)).max().unwrap_or(0)
        };
        let natural_name =
            widest(&|line, span| line.guide.width() + width(&one_line(span.display_name())).min(MAX_NAME));
        let deepest = widest(&|line, _| line.guide.width());
        let start = shown().map(|(_, span)| span.start.0).min().unwrap_or(0);
        let end = shown().filter_map(|(_, span)| span.end).map(|end| end.0).max().unwrap_or(start);
        let mut columns = Self {
            name: natural_name.min(options.width.map_or(usize::MAX, |room| MAX_NAME.max(room / 2))),
            guides: 0,
            clips_names: options.width.is_some(),
            kind: widest(&|_, span| width(&one_line(span.span_type.as_str()))).min(14),
            bar: MAX_BAR,
            duration: widest(&|_, span| width(&duration(span, &open))),
            tokens: widest(&|_, span| span.usage().map_or(0, |usage| width(&tokens(usage, options)))),
            model: widest(&|_, span| span.model.as_deref().map_or(0, |model| width(&one_line(model)))).min(30),
            start,
            nanos: (end.saturating_sub(start)).max(1) as f64,
            open,
        };
        if let Some(room) = options.width {
            columns.shrink_to(room, (deepest + lines::MIN_NAME_WIDTH).min(room / 2));
        }
        // If all names fit, so do all guides.
        columns.guides =
            if columns.name < natural_name { columns.name.saturating_sub(lines::MIN_NAME_WIDTH) } else { deepest };
        columns
    }

    /// Formats the line of a span: guides and name, type, bar, duration, tokens, model.
    pub(super) fn row(&self, options: &RenderOptions, span: &Span, guide: &str, is_context: bool) -> String {
        let theme = options.theme;
        let pad = |text: &str, columns: usize| " ".repeat(columns.saturating_sub(width(text)));
        let room = self.name.saturating_sub(width(guide));
        let name = one_line(span.display_name());
        let name = if self.clips_names { clip(&name, room, options.ellipsis()) } else { name.into_owned() };
        let is_bad = span.has_failed();
        let role = match (is_bad, is_context) {
            (true, _) => TextRole::Bad,
            (false, true) => TextRole::Dim,
            (false, false) => TextRole::Name,
        };
        let mut cells = vec![theme.paint(TextRole::Dim, guide) + &theme.paint(role, &name) + &pad(&name, room)];
        if self.kind > 0 {
            let kind = clip(&one_line(span.span_type.as_str()), self.kind, options.ellipsis());
            cells.push(theme.paint(TextRole::Kind, &kind) + &pad(&kind, self.kind));
        }
        if self.bar > 0 {
            cells.push(
                theme.paint(if is_bad { TextRole::Bad } else { TextRole::Bar }, &self.bar_text(span, options.unicode)),
            );
        }
        let duration = duration(span, &self.open);
        cells.push(pad(&duration, self.duration) + &duration);
        if self.tokens > 0 {
            let tokens = span.usage().map(|usage| tokens(usage, options)).unwrap_or_default();
            cells.push(theme.paint(TextRole::Figure, &tokens) + &pad(&tokens, self.tokens));
        }
        if self.model > 0 {
            let model = span.model.as_deref().map(one_line).unwrap_or_default();
            cells.push(clip(&model, self.model, options.ellipsis()));
        }
        cells.join("  ").trim_end().to_owned()
    }

    fn total_width(&self) -> usize {
        let parts = [self.name, self.kind, self.bar, self.duration, self.tokens, self.model];
        parts.iter().sum::<usize>() + 2 * parts.iter().filter(|part| **part > 0).count().saturating_sub(1)
    }

    /// Shrinks columns to fit into `room`, least important first: long bars, names longer than `min_name`, the model,
    /// the bar, tokens, the type.
    fn shrink_to(&mut self, room: usize, min_name: usize) {
        let over = |columns: &Self| columns.total_width().saturating_sub(room);
        self.bar = self.bar.saturating_sub(over(self)).max(MIN_BAR);
        self.name = self.name.saturating_sub(over(self)).max(self.name.min(SQUEEZED_NAME.max(room / 4).max(min_name)));
        let parts: [fn(&mut Self) -> &mut usize; 4] = [
            |columns| &mut columns.model,
            |columns| &mut columns.bar,
            |columns| &mut columns.tokens,
            |columns| &mut columns.kind,
        ];
        for part in parts {
            if over(self) > 0 {
                *part(self) = 0;
            }
        }
        self.name = self.name.saturating_sub(over(self)).max(self.name.min(8));
        // The bar grows into the space freed.
        if self.bar > 0 {
            self.bar = (self.bar + room.saturating_sub(self.total_width())).min(MAX_BAR);
        }
    }

    /// Renders the bar of a span, padded to the width of the column.
    fn bar_text(&self, span: &Span, unicode: bool) -> String {
        let cells = self.bar as f64;
        let offset = (span.start.0.saturating_sub(self.start)) as f64 / self.nanos * cells;
        let length = span.duration_ns().map_or(self.nanos, |nanos| nanos.max(0) as f64) / self.nanos * cells;
        let from = (offset.max(0.0) as usize).min(self.bar - 1);
        let full = (length.round() as usize).clamp(usize::from(length >= 0.5), self.bar - from);
        let (block, sliver) = if unicode { ("█", "▏") } else { ("#", "|") };
        let drawn = if full == 0 { sliver.to_owned() } else { block.repeat(full) };
        let after = self.bar - from - full.max(1);
        " ".repeat(from) + &drawn + &" ".repeat(after)
    }
}

/// Formats the duration of a span, or its duration so far.
fn duration(span: &Span, open: &HashMap<SpanId, i64>) -> String {
    match (span.duration_ns(), open.get(&span.id)) {
        (Some(nanos), _) => number::duration(nanos),
        (None, Some(nanos)) => number::duration_so_far(*nanos),
        (None, None) => "open".to_owned(),
    }
}
