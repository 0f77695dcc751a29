//! `mltrace usage`: the calls of one trace, or grouped usage of many traces.

mod calls;
mod explanation;
mod groups;
mod json;
pub(super) mod tokens;

pub use calls::CallRow;
pub(super) use explanation::ExplanationJson;
pub use groups::UsageFigures;

use super::group::{self, GroupList, GroupRow, OtherGroups};
use crate::analysis::usage::{Explanation, GroupedUsage, TraceUsage};
use crate::error::Result;
use crate::model::Trace;
use crate::output::json::SCHEMA;
use crate::output::{Block, Cell, Document, RowTable, StyledText, TextRole, View};
use crate::reading::Agents;
use explanation::write_explanation;
pub(super) use json::UsageJson;
use serde::Serialize;
use std::borrow::Cow;

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

impl View for UsageView {
    type Item = CallRow;

    fn json(&self) -> impl Serialize {
        UsageJson::new(&self.trace, &self.usage, self.items(), self.explanation.as_ref())
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        let info = &self.trace.info;
        let id = StyledText::new(TextRole::Id, info.short_id()).with(TextRole::Plain, "  ");
        let name = info.display_name().unwrap_or_default();
        document.add(Block::Truncated(id.with(TextRole::Name, name)))?;
        let calls = self.items();
        let shown = calls.iter().zip(&self.usage.rows).filter(|(_, row)| !row.is_empty_remainder());
        let total = CallRow::total(&self.trace, &self.usage);
        let mut table = RowTable::of_list(&document.options, shown.map(|(call, _)| call).chain([&total]));
        table.highlight_total();
        if let Some(total) = table.rows.last_mut() {
            // In place of the texts of a call: the title.
            let texts = table.headings.iter().take_while(|heading| !heading.is_right_aligned).count();
            total[..texts].fill(Cell::blank());
            let title = if self.usage.source == Some("recorded") { "total (recorded)" } else { "total" };
            total[0] = Cell::new(title, TextRole::Name);
        }
        document.add(Block::Table(&table.headings, table.rows))?;
        self.explanation.as_ref().map_or(Ok(()), |explanation| write_explanation(explanation, document))
    }

    fn items(&self) -> Vec<CallRow> {
        CallRow::list(&self.trace, &self.usage, &self.agents)
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

/// Token usage and cost of the selected traces, in groups.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct GroupsJson<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The grouping keys.
    by: Vec<Cow<'static, str>>,
    /// The groups, as many as requested. Together with `other` they add up to the total.
    groups: Vec<GroupRow<UsageFigures>>,
    /// The groups that are not shown, together; null if all are shown.
    other: Option<OtherGroups<UsageFigures>>,
    /// All groups together.
    total: UsageFigures,
    /// What was left out of the totals, and why; only with --explain.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<ExplanationJson<'a>>,
}

impl GroupsView {
    fn list(&self) -> GroupList<UsageFigures> {
        let (groups, others) = self.grouped.sorted(self.limit);
        let hidden = self.grouped.count() - groups.len();
        GroupList::new(&self.grouped.keys, UsageFigures::from(&self.grouped.total))
            .with_groups(groups.into_iter().map(|(values, group)| (values, UsageFigures::from(group))))
            .with_others(hidden, others.as_ref().map(UsageFigures::from))
    }
}

impl View for GroupsView {
    type Item = GroupRow<UsageFigures>;

    fn json(&self) -> impl Serialize {
        let list = self.list();
        GroupsJson {
            schema: SCHEMA,
            by: list.key_names(),
            groups: list.groups,
            other: list.others,
            total: list.total,
            explanation: self.explanation.as_ref().map(ExplanationJson::from),
        }
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        self.list().write(document, None)?;
        self.explanation.as_ref().map_or(Ok(()), |explanation| write_explanation(explanation, document))
    }

    fn items(&self) -> Vec<Self::Item> {
        self.list().groups
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        group::csv_columns::<UsageFigures>(&self.grouped.keys)
    }
}
