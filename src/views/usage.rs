//! `mltrace usage`: the calls of one trace, or grouped usage of many traces.

mod explanation;
mod json;

pub(super) use explanation::ExplanationJson;

use super::group::{self, KeyJson};
use crate::analysis::usage::{Explanation, GroupedUsage, TraceUsage, UsageGroup, UsageRow};
use crate::error::Result;
use crate::model::{Cost, Span, TokenUsage, Trace};
use crate::output::json::SCHEMA;
use crate::output::table::{Cell, Heading};
use crate::output::text::{clip, one_line, width};
use crate::output::{Item, RenderOptions, TextRole, View, number, write_table};
use crate::reading::Agents;
use explanation::write_explanation;
use json::UsageJson;
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// Token usage of a trace per call.
#[derive(Debug)]
pub struct UsageView {
    /// Trace with its spans.
    pub trace: Trace,
    /// Token usage and cost.
    pub usage: TraceUsage,
    /// Agents of the spans.
    pub agents: Agents,
    /// Explanation of the figures, if requested.
    pub explanation: Option<Explanation>,
}

/// Returns the cells for [`USAGE_COLUMNS`].
pub(super) fn usage_cells(usage: Option<&TokenUsage>, cost: Option<&Cost>, role: TextRole) -> Vec<Cell> {
    let cell = |figure: Option<i64>| figure.map_or_else(Cell::none, |figure| Cell::new(number::count(figure), role));
    let [read, written, _, reasoning] = usage.map_or([None; 4], |usage| usage.details);
    vec![
        cell(usage.and_then(|usage| usage.input_tokens)),
        cell(read.filter(|tokens| *tokens != 0)),
        cell(written.filter(|tokens| *tokens != 0)),
        cell(usage.and_then(|usage| usage.output_tokens)),
        cell(reasoning.filter(|tokens| *tokens != 0)),
        cell(usage.and_then(|usage| usage.total_tokens)),
        cost_cell(cost, role),
    ]
}

/// Returns the cell for a cost.
pub(super) fn cost_cell(cost: Option<&Cost>, role: TextRole) -> Cell {
    cost.and_then(number::cost).map_or_else(Cell::none, |cost| Cell::new(cost, role))
}

/// Columns for tokens and cost, the last ones of each usage table.
pub(super) const USAGE_COLUMNS: [Heading<'static>; 7] = [
    Heading::number("input").drops(2),
    Heading::number("cache read").drops(7),
    Heading::number("cache write").drops(8),
    Heading::number("output").drops(2),
    Heading::number("reasoning").drops(9),
    Heading::number("total"),
    Heading::number("cost").drops(3),
];

impl View for UsageView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        UsageJson::new(&self.trace, &self.usage, &self.agents, self.explanation.as_ref())
    }

    fn text(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let info = &self.trace.info;
        let id = one_line(info.short_id());
        let name = info.display_name().map(one_line).unwrap_or_default();
        let room = options.width.map_or(usize::MAX, |width_limit| width_limit.saturating_sub(width(&id) + 2));
        let name = options.theme.paint(TextRole::Name, &clip(&name, room, options.ellipsis()));
        writeln!(out, "{}  {name}", options.theme.paint(TextRole::Id, &id))?;
        let mut columns = vec![
            Heading::text("call").shrinks_to(15),
            Heading::text("agent").shrinks_to(12).drops(5),
            Heading::text("type").shrinks_to(10).drops(4),
            Heading::text("model").shrinks_to(11).drops(2),
        ];
        columns.extend(USAGE_COLUMNS);
        columns.push(Heading::text("source").shrinks_to(7).drops(1));
        let spans = self.trace.span_list();
        let shown = self.usage.rows.iter().filter(|row| !row.is_empty_remainder());
        let mut rows: Vec<Vec<Cell>> = shown.map(|row| self.cells(row, spans)).collect();
        let title = if self.usage.source == Some("recorded") { "total (recorded)" } else { "total" };
        let mut total = vec![Cell::new(title, TextRole::Name), Cell::none(), Cell::none(), Cell::none()];
        total[1..].fill(Cell::new("", TextRole::Plain));
        total.extend(usage_cells(self.usage.token_usage.as_ref(), self.usage.cost.as_ref(), TextRole::Figure));
        total.push(Cell::none());
        rows.push(total);
        write_table(options, out, &columns, &rows)?;
        self.explanation.as_ref().map_or(Ok(()), |explanation| write_explanation(explanation, options, out))
    }

    fn items(&self) -> Vec<Item> {
        let calls = json::calls(&self.trace, &self.usage, &self.agents);
        let spans = self.trace.span_list();
        let ids = self.usage.rows.iter().map(|row| row.span.map(|at| spans[at].id.to_string()).unwrap_or_default());
        calls.iter().zip(ids).map(|(call, id)| Item::new(id, call)).collect()
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        [
            "kind",
            "span_id",
            "name",
            "span_type",
            "agent",
            "model",
            "provider",
            "token_usage.input_tokens",
            "token_usage.output_tokens",
            "token_usage.total_tokens",
            "cost.total_cost",
            "counted",
            "token_usage.cache_read_input_tokens",
            "token_usage.cache_creation_input_tokens",
            "cost.source",
            "trace_id",
        ]
        .map(Cow::Borrowed)
        .to_vec()
    }
}

impl UsageView {
    fn cells(&self, row: &UsageRow, spans: &[Span]) -> Vec<Cell> {
        let span = row.span.map(|at| &spans[at]);
        let name = match span {
            None => Cell::new("(recorded on the trace only)", TextRole::Dim),
            Some(span) if row.calls_below == 0 => Cell::escaped(&span.name, TextRole::Name),
            Some(span) => {
                let is_less =
                    row.token_usage.as_ref().and_then(|usage| usage.total_tokens).is_some_and(|total| total < 0);
                let difference = if is_less { "less than its calls" } else { "more than its calls" };
                Cell::escaped(&format!("{} ({difference})", span.name), TextRole::Dim)
            }
        };
        let mut cells = vec![
            name,
            Cell::optional(row.span.and_then(|at| self.agents.name(at)), TextRole::Plain),
            Cell::optional(span.map(|span| span.span_type.as_str()), TextRole::Kind),
            Cell::optional(row.model(spans), TextRole::Plain),
        ];
        cells.extend(usage_cells(row.token_usage.as_ref(), row.cost.as_ref(), TextRole::Plain));
        cells.push(if row.is_derived { Cell::new("derived", TextRole::Dim) } else { Cell::none() });
        cells
    }
}

/// Token usage of traces, grouped.
#[derive(Debug)]
pub struct GroupsView {
    /// Usage per group.
    pub grouped: GroupedUsage,
    /// Explanation of the figures, if requested.
    pub explanation: Option<Explanation>,
    /// Maximum number of groups shown; the others are summed in one row.
    pub limit: usize,
}

#[derive(Serialize)]
struct GroupsJson<'a> {
    schema: &'static str,
    by: Vec<Cow<'static, str>>,
    groups: Vec<GroupJson<'a>>,
    other: Option<GroupJson<'a>>,
    total: GroupJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<ExplanationJson<'a>>,
}

#[derive(Serialize)]
struct GroupJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<KeyJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<usize>,
    /// `None` for the sum of several groups of calls, which may share traces.
    traces: Option<u64>,
    calls: Option<u64>,
    token_usage: Option<&'a TokenUsage>,
    cost: Option<Cost>,
    unpriced: u64,
}

impl<'a> GroupJson<'a> {
    fn new(key: Option<KeyJson<'a>>, group: &'a UsageGroup) -> Self {
        Self {
            key,
            groups: None,
            traces: Some(group.traces),
            calls: group.calls,
            token_usage: group.token_usage.as_ref(),
            cost: group.cost(),
            unpriced: group.unpriced,
        }
    }
}

impl View for GroupsView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        let (groups, other) = self.grouped.sorted(self.limit);
        let all = self.grouped.count();
        // Serialized here, since the document borrows from the local groups.
        let keys = &self.grouped.keys;
        let document = GroupsJson {
            schema: SCHEMA,
            by: group::words(keys),
            other: other.as_ref().map(|other| GroupJson {
                groups: Some(all - groups.len()),
                traces: (!self.grouped.is_per_call()).then_some(other.traces),
                ..GroupJson::new(None, other)
            }),
            groups: groups.iter().map(|(values, group)| GroupJson::new(Some(KeyJson(keys, values)), group)).collect(),
            total: GroupJson::new(None, &self.grouped.total),
            explanation: self.explanation.as_ref().map(ExplanationJson::from),
        };
        crate::model::Json::of(&document)
    }

    fn text(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let keys = &self.grouped.keys;
        let titles = group::titles(keys);
        let mut columns = group::columns(keys, &titles);
        columns.push(Heading::number("traces").drops(6));
        columns.push(Heading::number("calls").drops(5));
        columns.extend(USAGE_COLUMNS);
        columns.push(Heading::number("unpriced").drops(4));
        let row = |mut row: Vec<Cell>, group: &UsageGroup, traces: Option<u64>, role: TextRole| {
            let count = |count: Option<u64>| {
                count.map_or_else(Cell::none, |count| Cell::new(number::count(count.cast_signed()), role))
            };
            row.extend([count(traces), count(group.calls)]);
            row.extend(usage_cells(group.token_usage.as_ref(), group.cost().as_ref(), role));
            row.push(count(Some(group.unpriced).filter(|count| *count > 0)));
            row
        };
        let (groups, other) = self.grouped.sorted(self.limit);
        let mut rows: Vec<Vec<Cell>> = groups
            .iter()
            .map(|(values, group)| row(group::cells(options, keys, values), group, Some(group.traces), TextRole::Plain))
            .collect();
        if let Some(other) = &other {
            let title = group::others_title(self.grouped.count() - groups.len());
            let traces = (!self.grouped.is_per_call()).then_some(other.traces);
            let other = row(group::title_cells(title, keys), other, traces, TextRole::Plain);
            rows.insert(group::index_of_others(keys, rows.len()), other);
        }
        let total = &self.grouped.total;
        rows.push(row(group::title_cells("total".to_owned(), keys), total, Some(total.traces), TextRole::Figure));
        write_table(options, out, &columns, &rows)?;
        self.explanation.as_ref().map_or(Ok(()), |explanation| write_explanation(explanation, options, out))
    }

    fn items(&self) -> Vec<Item> {
        let keys = &self.grouped.keys;
        let (groups, _) = self.grouped.sorted(self.limit);
        let item = |(values, group): &(&Vec<Option<String>>, &UsageGroup)| {
            let id = values.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
            Item::new(id, &GroupJson::new(Some(KeyJson(keys, values)), group))
        };
        groups.iter().map(item).collect()
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        let figures = [
            "traces",
            "calls",
            "token_usage.input_tokens",
            "token_usage.output_tokens",
            "token_usage.total_tokens",
            "cost.total_cost",
            "token_usage.cache_read_input_tokens",
            "token_usage.cache_creation_input_tokens",
            "cost.source",
            "unpriced",
        ];
        group::csv_columns(&self.grouped.keys, &figures)
    }
}
