//! The table of the figures of both traces and their deltas.

use super::DiffView;
use super::figures::{arrow, format_delta, span_count, with_share};
use super::json::cost_delta;
use crate::analysis::diff::{IgnoredKind, NodeChange};
use crate::analysis::usage::TraceUsage;
use crate::error::Result;
use crate::model::{Cost, TokenUsage, Trace};
use crate::number;
use crate::output::{Block, Cell, Document, Heading, Paragraph, RenderOptions, StyledText, TextRole};
use crate::views::trace::state_role;

impl DiffView {
    /// Writes a row per trace, a row of deltas, and the number of spans that differ.
    pub(super) fn header(&self, document: &mut Document<'_>) -> Result<()> {
        let options = &document.options;
        let columns = [
            Heading::text(""),
            Heading::text("name").shrinks_to(12),
            Heading::text("state"),
            Heading::number("duration"),
            Heading::number("LLM calls").drops(5),
            Heading::number("tool calls").drops(6),
            Heading::number("tokens"),
            Heading::number("input").drops(9),
            Heading::number("output").drops(8),
            Heading::number("cost").drops(3),
            Heading::text("trace").drops(4),
            Heading::text("time").drops(7),
        ];
        let [usage_a, usage_b] = &self.usage;
        let calls = [(usage_a, self.tool_calls[0]), (usage_b, self.tool_calls[1])];
        let [calls_a, calls_b] = calls.map(|(usage, tool_calls)| [usage.llm_calls().count(), tool_calls]);
        let rows = vec![
            trace_row(options, "A", &self.a, usage_a, calls_a),
            trace_row(options, "B", &self.b, usage_b, calls_b),
            self.delta_row(options, [calls_a, calls_b]),
        ];
        let summary = self.summary(options);
        document.add(Block::Table(&columns, rows))?;
        document.add(Block::Blank)?;
        document.add(Block::Facts(summary, ", "))?;
        match self.ignored_note() {
            Some(note) => document.add(Block::Text(Paragraph::new(StyledText::new(TextRole::Dim, &note)))),
            None => Ok(()),
        }
    }

    /// Returns the note on ignored differences: `3 differences in ids and times ignored; --strict shows them`.
    fn ignored_note(&self) -> Option<String> {
        let count = |kind: &IgnoredKind| self.diff.ignored.count(*kind);
        let kinds: Vec<&str> = IgnoredKind::ALL
            .iter()
            .filter(|kind| count(kind) > 0)
            .map(|kind| match kind {
                IgnoredKind::Ids => "ids",
                IgnoredKind::Times => "times",
                IgnoredKind::Usage => "token counts",
                IgnoredKind::Other => "metadata",
            })
            .collect();
        let (last, first) = kinds.split_last()?;
        let kinds = if first.is_empty() { (*last).to_owned() } else { format!("{} and {last}", first.join(", ")) };
        let (count, them) = match IgnoredKind::ALL.iter().map(count).sum() {
            1 => ("1 difference".to_owned(), "it"),
            count => (format!("{} differences", number::count(i64::try_from(count).unwrap_or(i64::MAX))), "them"),
        };
        Some(format!("{count} in {kinds} ignored; --strict shows {them}"))
    }

    /// Returns the row of deltas; `calls` = LLM calls and tool calls of each trace.
    fn delta_row(&self, options: &RenderOptions, calls: [[usize; 2]; 2]) -> Vec<Cell> {
        let [usage_a, usage_b] = [&self.usage[0].token_usage, &self.usage[1].token_usage];
        let (millis_a, millis_b) = (self.a.info.final_duration_ms(), self.b.info.final_duration_ms());
        let tokens = |count: fn(&TokenUsage) -> Option<i64>| {
            format_delta(usage_a.as_ref().and_then(count), usage_b.as_ref().and_then(count), number::count)
        };
        let (cost_a, cost_b) = (self.usage[0].cost, self.usage[1].cost);
        let cost = cost_delta(cost_a, cost_b).and_then(|delta| {
            let text = number::cost(&Cost { total_cost: Some(delta), source: "recorded", ..Cost::default() })?;
            let share = number::growth(cost_a?.total_cost?, cost_b?.total_cost?).filter(|_| delta != 0.0);
            Some(with_share(&number::signed(text, delta > 0.0), share))
        });
        let call_delta = |kind: usize| {
            let [a, b] = calls.map(|counts| i64::try_from(counts[kind]).ok());
            let delta = b?.saturating_sub(a?);
            Some(number::signed(number::count(delta), delta > 0))
        };
        let figure = |text: Option<String>| text.map_or_else(Cell::none, |text| Cell::new(text, TextRole::Figure));
        vec![
            Cell::new(if options.unicode { "Δ" } else { "B-A" }, TextRole::Dim),
            Cell::new("", TextRole::Plain),
            Cell::new("", TextRole::Plain),
            figure(format_delta(millis_a, millis_b, number::millis)),
            figure(call_delta(0)),
            figure(call_delta(1)),
            figure(tokens(|usage| usage.total_tokens)),
            figure(tokens(|usage| usage.input_tokens)),
            figure(tokens(|usage| usage.output_tokens)),
            figure(cost),
            Cell::new("", TextRole::Plain),
            Cell::new("", TextRole::Plain),
        ]
    }

    /// Returns the number of spans added, removed, changed and unchanged.
    fn summary(&self, options: &RenderOptions) -> Vec<StyledText> {
        let count = |kind| self.diff.count(kind);
        if self.diff.is_unchanged() {
            let (a, b) = (&self.a.info.state, &self.b.info.state);
            let state_change = format!("but state changed: {} {} {}", a.as_str(), arrow(options), b.as_str());
            let state_change = (a != b).then(|| StyledText::new(TextRole::Warn, &state_change));
            let word = if self.is_identical() { "identical" } else { "no changes" };
            let same = StyledText::new(TextRole::Good, &format!("{word} ({})", span_count(count(NodeChange::Same))));
            return [Some(same), state_change].into_iter().flatten().collect();
        }
        let counts = [
            (NodeChange::Added, "added", TextRole::Good),
            (NodeChange::Removed, "removed", TextRole::Bad),
            (NodeChange::Changed, "changed", TextRole::Warn),
            (NodeChange::Same, "unchanged", TextRole::Dim),
        ];
        let counts = counts.into_iter().filter(|(kind, ..)| count(*kind) > 0);
        let counts =
            counts.map(|(kind, word, role)| StyledText::new(role, &format!("{} {word}", span_count(count(kind)))));
        counts.collect()
    }
}

/// Returns the row of a trace; `calls` = number of LLM calls, number of tool calls.
fn trace_row(options: &RenderOptions, label: &str, trace: &Trace, usage: &TraceUsage, calls: [usize; 2]) -> Vec<Cell> {
    let info = &trace.info;
    let tokens = |count: fn(&TokenUsage) -> Option<i64>| {
        let count = usage.token_usage.as_ref().and_then(count);
        count.map_or_else(Cell::none, |count| Cell::new(number::count(count), TextRole::Figure))
    };
    let [llm_calls, tool_calls] = calls.map(|calls| {
        let count = i64::try_from(calls).unwrap_or(i64::MAX);
        Cell::new(number::count(count), TextRole::Figure)
    });
    let name = info.display_name().or_else(|| trace.span_list().first().map(|span| span.name.as_str()));
    vec![
        Cell::new(label, TextRole::Dim),
        Cell::optional(name, TextRole::Name),
        Cell::escaped(info.state.as_str(), state_role(&info.state)),
        Cell::optional(number::format_trace_duration(info).as_deref(), TextRole::Plain),
        llm_calls,
        tool_calls,
        tokens(|usage| usage.total_tokens),
        tokens(|usage| usage.input_tokens),
        tokens(|usage| usage.output_tokens),
        Cell::cost(usage.cost.as_ref()),
        Cell::trace_id(&info.trace_id),
        Cell::new(options.time(info.request_time), TextRole::Plain),
    ]
}
