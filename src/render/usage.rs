//! `mltrace usage`: the calls of one trace, or many traces by model.

use super::json::{self, GroupJson, GroupsJson, SCHEMA, UsageJson};
use super::table::{Cell, Shape};
use super::{Look, Role, Row, View, number, write_table};
use crate::analyze::usage::{ByModel, Group, TraceUsage};
use crate::error::Result;
use crate::model::{Cost, Json, TokenUsage, Trace};
use serde::Serialize;
use std::io::Write;

/// The tokens of a trace, call by call.
#[derive(Debug)]
pub struct UsageView {
    /// The trace with its spans.
    pub trace: Trace,
    /// Its figures.
    pub usage: TraceUsage,
}

/// A row that exists only in its JSON form: for JSON lines, CSV and ids.
#[derive(Debug)]
pub struct Item<const IS_CALL: bool> {
    id: String,
    json: Json,
}

impl<const IS_CALL: bool> Row for Item<IS_CALL> {
    const KEY: &'static str = if IS_CALL { "calls" } else { "groups" };
    const CSV: &'static [&'static str] = if IS_CALL {
        &[
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
        ]
    } else {
        &[
            "key.model",
            "traces",
            "calls",
            "token_usage.input_tokens",
            "token_usage.output_tokens",
            "token_usage.total_tokens",
            "cost.total_cost",
        ]
    };

    fn shapes() -> &'static [Shape] {
        &[]
    }

    fn cells(&self, _look: &Look) -> Vec<Cell> {
        Vec::new()
    }

    fn json(&self) -> impl Serialize {
        &self.json
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// The cells of tokens and cost, which end every row here.
fn figures(usage: Option<&TokenUsage>, cost: Option<&Cost>, role: Role) -> Vec<Cell> {
    let cell = |figure: Option<i64>| figure.map_or_else(Cell::none, |figure| Cell::own(number::count(figure), role));
    let other = |key: &str| {
        usage.and_then(|usage| usage.other.iter().find(|(name, _)| name == key)).and_then(|(_, value)| value.as_i64())
    };
    vec![
        cell(usage.and_then(|usage| usage.input_tokens)),
        cell(other("cache_read_input_tokens").filter(|tokens| *tokens != 0)),
        cell(other("cache_creation_input_tokens").filter(|tokens| *tokens != 0)),
        cell(usage.and_then(|usage| usage.output_tokens)),
        cell(usage.and_then(|usage| usage.total_tokens)),
        cost.and_then(number::cost).map_or_else(Cell::none, |cost| Cell::own(cost, role)),
    ]
}

const FIGURES: [Shape; 6] = [
    Shape { title: "input", is_right: true, shrinks_to: None, drops: 0 },
    Shape { title: "cache read", is_right: true, shrinks_to: None, drops: 6 },
    Shape { title: "cache write", is_right: true, shrinks_to: None, drops: 7 },
    Shape { title: "output", is_right: true, shrinks_to: None, drops: 0 },
    Shape { title: "total", is_right: true, shrinks_to: None, drops: 0 },
    Shape { title: "cost", is_right: true, shrinks_to: None, drops: 3 },
];

impl View for UsageView {
    type Item = Item<true>;

    fn json(&self) -> impl Serialize {
        UsageJson::new(&self.trace, &self.usage)
    }

    fn text(&self, look: &Look, out: &mut dyn Write) -> Result<()> {
        let mut shapes = vec![
            Shape { title: "call", is_right: false, shrinks_to: Some(15), drops: 0 },
            Shape { title: "agent", is_right: false, shrinks_to: Some(12), drops: 5 },
            Shape { title: "type", is_right: false, shrinks_to: Some(10), drops: 4 },
            Shape { title: "model", is_right: false, shrinks_to: Some(11), drops: 2 },
        ];
        shapes.extend(FIGURES);
        shapes.push(Shape { title: "counted", is_right: false, shrinks_to: Some(7), drops: 1 });
        let spans = self.trace.span_list();
        let mut rows: Vec<Vec<Cell>> = Vec::with_capacity(self.usage.calls.len() + 1);
        for call in &self.usage.calls {
            let span = &spans[call.span];
            let mut row = vec![
                Cell::stored(&span.name, Role::Name),
                Cell::maybe(call.agent.as_deref(), Role::Plain),
                Cell::stored(span.span_type.as_str(), Role::Kind),
                Cell::maybe(span.model.as_deref(), Role::Plain),
            ];
            row.extend(figures(span.usage(), span.cost.as_ref(), Role::Plain));
            row.push(match call.counted_in {
                Some(top) => Cell::stored(&format!("in {}", spans[top].name), Role::Dim),
                None if call.is_counted && span.usage_source() == Some("derived") => Cell::own("derived", Role::Dim),
                None if !call.is_counted && span.usage().is_some() => Cell::own("below", Role::Dim),
                None => Cell::none(),
            });
            rows.push(row);
        }
        let title = if self.usage.source == Some("recorded") { "total (recorded)" } else { "total" };
        let mut total = vec![Cell::own(title, Role::Name), Cell::none(), Cell::none(), Cell::none()];
        total[1..].fill(Cell::own("", Role::Plain));
        total.extend(figures(self.usage.token_usage.as_ref(), self.usage.cost.as_ref(), Role::Figure));
        total.push(Cell::none());
        rows.push(total);
        write_table(look, out, &shapes, &rows)
    }

    fn items(&self) -> Vec<Item<true>> {
        let calls = json::calls(&self.trace, &self.usage);
        let ids = self.usage.calls.iter().map(|call| self.trace.span_list()[call.span].id.to_string());
        calls.iter().zip(ids).map(|(call, id)| Item { id, json: Json::of(call) }).collect()
    }
}

/// The tokens of many traces, by model.
#[derive(Debug)]
pub struct GroupsView(pub ByModel);

impl View for GroupsView {
    type Item = Item<false>;

    fn json(&self) -> impl Serialize {
        GroupsJson {
            schema: SCHEMA,
            by: ["model"],
            groups: self.groups().map(|(model, group)| GroupJson::of_model(model, group)).collect(),
            total: GroupJson::total(&self.0.total),
        }
    }

    fn text(&self, look: &Look, out: &mut dyn Write) -> Result<()> {
        let mut shapes = vec![
            Shape { title: "model", is_right: false, shrinks_to: Some(10), drops: 0 },
            Shape { title: "traces", is_right: true, shrinks_to: None, drops: 5 },
            Shape { title: "calls", is_right: true, shrinks_to: None, drops: 4 },
        ];
        shapes.extend(FIGURES);
        let row = |title: Cell, group: &Group, role: Role| {
            let count = |count: u64| Cell::own(number::count(count.cast_signed()), role);
            let mut row = vec![title, count(group.traces), count(group.calls)];
            row.extend(figures(group.token_usage.as_ref(), group.cost.as_ref(), role));
            row
        };
        let title = |model: Option<&str>| {
            model.map_or_else(|| Cell::own("(model not recorded)", Role::Dim), |model| Cell::stored(model, Role::Name))
        };
        let mut rows: Vec<_> = self.groups().map(|(model, group)| row(title(model), group, Role::Plain)).collect();
        rows.push(row(Cell::own("total", Role::Name), &self.0.total, Role::Figure));
        write_table(look, out, &shapes, &rows)
    }

    fn items(&self) -> Vec<Item<false>> {
        let item = |(model, group): (Option<&str>, &Group)| Item {
            id: model.unwrap_or_default().to_owned(),
            json: Json::of(&GroupJson::of_model(model, group)),
        };
        self.groups().map(item).collect()
    }
}

impl GroupsView {
    /// The groups with the most tokens first.
    fn groups(&self) -> impl Iterator<Item = (Option<&str>, &Group)> {
        let total = |group: &Group| group.token_usage.as_ref().and_then(|usage| usage.total_tokens).unwrap_or(0);
        let mut groups: Vec<_> = self.0.groups.iter().map(|(model, group)| (model.as_deref(), group)).collect();
        groups.sort_by_key(|(model, group)| (std::cmp::Reverse(total(group)), *model));
        groups.into_iter()
    }
}
