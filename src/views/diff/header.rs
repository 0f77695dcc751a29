//! The figures of two traces, and what lies between them.

use super::DiffView;
use super::figures::{arrow, delta, spans, with_share};
use super::json::more_cost;
use crate::analysis::diff::{IgnoredKind, NodeChange};
use crate::analysis::usage::TraceUsage;
use crate::error::Result;
use crate::model::{Cost, TokenUsage, Trace};
use crate::output::paragraph::flow;
use crate::output::table::{Cell, Column};
use crate::output::text::one_line;
use crate::output::{RenderOptions, TextRole, number, write_table};
use crate::views::trace::state_role;
use crate::views::usage::money;
use std::io::Write;

impl DiffView {
    /// Both traces in a line each, a line of what lies between them, and how many spans are not the same.
    pub(super) fn header(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let right = |title, drops| Column { title, is_right: true, shrinks_to: None, drops };
        let left = |title, shrinks_to, drops| Column { title, is_right: false, shrinks_to, drops };
        let shapes = [
            left("", None, 0),
            left("name", Some(12), 0),
            left("state", None, 0),
            right("duration", 0),
            right("LLM calls", 5),
            right("tool calls", 6),
            right("tokens", 0),
            right("input", 9),
            right("output", 8),
            right("cost", 3),
            left("trace", None, 4),
            left("time", None, 7),
        ];
        let [usage_a, usage_b] = &self.usage;
        let calls = [(usage_a, self.tool_calls[0]), (usage_b, self.tool_calls[1])];
        let [calls_a, calls_b] = calls.map(|(usage, tool_calls)| [usage.llm_calls().count(), tool_calls]);
        let rows = [
            row(look, "A", &self.a, usage_a, calls_a),
            row(look, "B", &self.b, usage_b, calls_b),
            self.between(look, [calls_a, calls_b]),
        ];
        write_table(look, out, &shapes, &rows)?;
        writeln!(out)?;
        flow(out, self.summary(look).into_iter(), ", ", look.width)?;
        if let Some(ignored) = self.ignored() {
            flow(out, ignored.split(' ').map(|word| look.theme.paint(TextRole::Dim, word)), " ", look.width)?;
        }
        Ok(())
    }

    /// `3 differences in ids and times ignored; --strict shows them`
    fn ignored(&self) -> Option<String> {
        let count = |kind: &IgnoredKind| self.diff.ignored.count(*kind);
        let kinds: Vec<&str> = IgnoredKind::ALL
            .iter()
            .filter(|kind| count(kind) > 0)
            .map(|kind| match kind {
                IgnoredKind::Ids => "ids",
                IgnoredKind::Times => "times",
                IgnoredKind::Usage => "token counts",
                IgnoredKind::Other => "bookkeeping",
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

    /// What lies between the figures of both.
    fn between(&self, look: &RenderOptions, calls: [[usize; 2]; 2]) -> Vec<Cell> {
        let [usage_a, usage_b] = [&self.usage[0].token_usage, &self.usage[1].token_usage];
        let (millis_a, millis_b) = (self.a.info.execution_duration_ms, self.b.info.execution_duration_ms);
        let tokens = |of: fn(&TokenUsage) -> Option<i64>| {
            delta(usage_a.as_ref().and_then(of), usage_b.as_ref().and_then(of), number::count)
        };
        let (cost_a, cost_b) = (self.usage[0].cost, self.usage[1].cost);
        let cost = more_cost(cost_a, cost_b).and_then(|more| {
            let text = number::cost(&Cost { total_cost: Some(more), source: "recorded", ..Cost::default() })?;
            let share = number::growth(cost_a?.total_cost?, cost_b?.total_cost?).filter(|_| more != 0.0);
            Some(with_share(&number::signed(text, more > 0.0), share))
        });
        let more_calls = |kind: usize| {
            let [a, b] = calls.map(|of_trace| i64::try_from(of_trace[kind]).ok());
            let more = b?.saturating_sub(a?);
            Some(number::signed(number::count(more), more > 0))
        };
        let figure = |text: Option<String>| text.map_or_else(Cell::none, |text| Cell::own(text, TextRole::Figure));
        vec![
            Cell::own(if look.unicode { "Δ" } else { "B-A" }, TextRole::Dim),
            Cell::own("", TextRole::Plain),
            Cell::own("", TextRole::Plain),
            figure(delta(millis_a, millis_b, number::millis)),
            figure(more_calls(0)),
            figure(more_calls(1)),
            figure(tokens(|usage| usage.total_tokens)),
            figure(tokens(|usage| usage.input_tokens)),
            figure(tokens(|usage| usage.output_tokens)),
            figure(cost),
            Cell::own("", TextRole::Plain),
            Cell::own("", TextRole::Plain),
        ]
    }

    /// The number of spans added, removed, changed and unchanged.
    fn summary(&self, look: &RenderOptions) -> Vec<String> {
        let count = |kind| self.diff.count(kind);
        let theme = look.theme;
        if self.diff.is_unchanged() {
            let (a, b) = (&self.a.info.state, &self.b.info.state);
            let states = format!("but state: {} {} {}", one_line(a.as_str()), arrow(look), one_line(b.as_str()));
            let states = (a != b).then(|| theme.paint(TextRole::Warn, &states));
            let word = if self.is_identical() { "identical" } else { "no changes" };
            let same = theme.paint(TextRole::Good, &format!("{word} in {}", spans(count(NodeChange::Same))));
            return [Some(same), states].into_iter().flatten().collect();
        }
        let told = [
            (NodeChange::Added, "added", TextRole::Good),
            (NodeChange::Removed, "removed", TextRole::Bad),
            (NodeChange::Changed, "changed", TextRole::Warn),
            (NodeChange::Same, "unchanged", TextRole::Dim),
        ];
        let told = told.into_iter().filter(|(kind, ..)| count(*kind) > 0);
        let told = told.map(|(kind, word, role)| theme.paint(role, &format!("{} {word}", spans(count(kind)))));
        told.collect()
    }
}

/// The row of a trace; `calls` = its LLM calls and tool calls.
fn row(look: &RenderOptions, sign: &str, trace: &Trace, usage: &TraceUsage, calls: [usize; 2]) -> Vec<Cell> {
    let info = &trace.info;
    let tokens = |of: fn(&TokenUsage) -> Option<i64>| {
        let count = usage.token_usage.as_ref().and_then(of);
        count.map_or_else(Cell::none, |count| Cell::own(number::count(count), TextRole::Figure))
    };
    let [llm_calls, tool_calls] = calls.map(|calls| {
        let count = i64::try_from(calls).unwrap_or(i64::MAX);
        Cell::own(number::count(count), TextRole::Figure)
    });
    let name = info.display_name().or_else(|| trace.span_list().first().map(|span| span.name.as_str()));
    vec![
        Cell::own(sign, TextRole::Dim),
        Cell::maybe(name, TextRole::Name),
        Cell::stored(info.state.as_str(), state_role(&info.state)),
        Cell::maybe(number::trace_duration(info).as_deref(), TextRole::Plain),
        llm_calls,
        tool_calls,
        tokens(|usage| usage.total_tokens),
        tokens(|usage| usage.input_tokens),
        tokens(|usage| usage.output_tokens),
        money(usage.cost.as_ref(), TextRole::Figure),
        Cell::trace_id(&info.trace_id),
        Cell::own(
            format!("{} {}", info.request_time.date_time(look.zone), info.request_time.zone_name(look.zone)),
            TextRole::Plain,
        ),
    ]
}
