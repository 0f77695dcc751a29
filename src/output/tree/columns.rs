//! Columns of a tree: their widths, and the line of a span.

use super::guides::{Guide, MIN_NAME_WIDTH};
use crate::output::block::{TreeBar, TreeRow, TreeRows, TreeSpan};
use crate::output::options::RenderOptions;
use crate::output::styled::StyledText;
use crate::output::text::width;
use crate::output::theme::TextRole;

/// Width of each column, in terminal columns; 0 = not shown.
pub(in crate::output) struct TreeColumns {
    /// Width of the signs before the guides.
    pub(in crate::output) sign: usize,
    /// The name, with the guides.
    name: usize,
    /// Columns of `name` available to guides.
    pub(in crate::output) guides: usize,
    /// Whether long names are truncated.
    clips_names: bool,
    span_type: usize,
    bar: usize,
    duration: usize,
    tokens: usize,
    model: usize,
}

const MAX_BAR: usize = 30;
const MIN_BAR: usize = 10;
const SQUEEZED_NAME: usize = 16;
const MAX_NAME: usize = 60;
const MAX_TYPE: usize = 14;
const MAX_MODEL: usize = 30;
/// Number of spaces between two columns.
const GAP: usize = 2;

impl TreeColumns {
    pub(in crate::output) fn fit(rows: &dyn TreeRows, guides: &[Guide], room: Option<usize>) -> Self {
        let mut columns = Self {
            sign: 0,
            name: 0,
            guides: 0,
            clips_names: room.is_some(),
            span_type: 0,
            bar: 0,
            duration: 0,
            tokens: 0,
            model: 0,
        };
        let mut deepest = 0;
        for (at, guide) in guides.iter().enumerate() {
            let TreeRow::Span(span) = rows.row(at) else { continue };
            deepest = deepest.max(guide.width());
            columns.include(&span, guide.width());
        }
        let natural_name = columns.name;
        if let Some(room) = room {
            columns.name = columns.name.min(MAX_NAME.max(room / 2));
            columns.shrink_to(room, (deepest + MIN_NAME_WIDTH).min(room / 2));
        }
        // If all names fit, so do all guides.
        columns.guides =
            if columns.name < natural_name { columns.name.saturating_sub(MIN_NAME_WIDTH) } else { deepest };
        columns
    }

    /// Makes the columns wide enough for a span.
    fn include(&mut self, span: &TreeSpan, guide: usize) {
        let widen = |column: &mut usize, width: usize| *column = (*column).max(width);
        widen(&mut self.sign, span.sign.width());
        widen(&mut self.name, guide + span.name.width().min(MAX_NAME));
        widen(&mut self.span_type, span.span_type.width().min(MAX_TYPE));
        widen(&mut self.bar, if span.bar.is_some() { MAX_BAR } else { 0 });
        widen(&mut self.duration, span.duration.width());
        widen(&mut self.tokens, span.tokens.width());
        widen(&mut self.model, span.model.width().min(MAX_MODEL));
    }

    /// Returns the line of a span: sign, guides and name, type, bar, duration, tokens, model.
    pub(in crate::output) fn line(&self, span: TreeSpan, guide: &str, options: &RenderOptions) -> StyledText {
        let ellipsis = options.ellipsis();
        let fitted = |text: StyledText, columns: usize| text.truncated(columns, ellipsis);
        let lead = span.sign.width() + width(guide);
        let room = (self.sign + self.name).saturating_sub(lead);
        let name = if self.clips_names { fitted(span.name, room) } else { span.name };
        // Widths are added up, since measuring a line of guides and bars again for each column would be slow.
        let mut used = lead + name.width();
        let mut line = span.sign.with(TextRole::Dim, guide);
        line.append(&name);
        let mut end = (self.sign + self.name).max(used);
        let mut add = |columns: usize, cell: &StyledText, cell_width: usize, is_right_aligned: bool| {
            if columns > 0 {
                let start = end + GAP + if is_right_aligned { columns.saturating_sub(cell_width) } else { 0 };
                end += GAP + columns;
                line.push_spaces(start.saturating_sub(used));
                line.append(cell);
                used = start + cell_width;
            }
        };
        let span_type = fitted(span.span_type, self.span_type);
        add(self.span_type, &span_type, span_type.width(), false);
        if let Some(bar) = span.bar.filter(|_| self.bar > 0) {
            let (text, bar_width) = self.bar(bar, options.unicode);
            add(self.bar, &text, bar_width, false);
        }
        add(self.duration, &span.duration, span.duration.width(), true);
        let tokens = fitted(span.tokens, self.tokens);
        add(self.tokens, &tokens, tokens.width(), false);
        add(self.model, &fitted(span.model, self.model), 0, false);
        line
    }

    fn total_width(&self) -> usize {
        let parts = [self.name, self.span_type, self.bar, self.duration, self.tokens, self.model];
        let gaps = parts.iter().filter(|part| **part > 0).count().saturating_sub(1);
        self.sign + parts.iter().sum::<usize>() + GAP * gaps
    }

    /// Shrinks columns to fit into `room`, least important first: long bars, names longer than `min_name`, the model,
    /// the bar, tokens, the type.
    fn shrink_to(&mut self, room: usize, min_name: usize) {
        let has_bar = self.bar > 0;
        let over = |columns: &Self| columns.total_width().saturating_sub(room);
        if has_bar {
            self.bar = self.bar.saturating_sub(over(self)).max(MIN_BAR);
        }
        self.name = self.name.saturating_sub(over(self)).max(self.name.min(SQUEEZED_NAME.max(room / 4).max(min_name)));
        let parts: [fn(&mut Self) -> &mut usize; 4] = [
            |columns| &mut columns.model,
            |columns| &mut columns.bar,
            |columns| &mut columns.tokens,
            |columns| &mut columns.span_type,
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

    /// Returns a bar and its width in columns.
    fn bar(&self, bar: TreeBar, unicode: bool) -> (StyledText, usize) {
        let cells = self.bar as f64;
        let (offset, length) = (bar.start * cells, bar.length * cells);
        let from = (offset.max(0.0) as usize).min(self.bar - 1);
        let full = (length.round() as usize).clamp(usize::from(length >= 0.5), self.bar - from);
        let (block, sliver) = if unicode { ("█", "▏") } else { ("#", "|") };
        let drawn = if full == 0 { sliver.to_owned() } else { block.repeat(full) };
        (StyledText::new(bar.role, &(" ".repeat(from) + &drawn)), from + full.max(1))
    }
}
