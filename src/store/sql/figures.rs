//! Records without most of their tags and metadata, for queries that count and sum many thousands of traces.

use super::columns as record_columns;
use super::row::SqlRow;
use super::schema::{COSTS, Schema, TOKENS};
use super::{conditions, expressions};
use crate::formats;
use crate::model::{TraceInfo, keys};
use crate::query::{ClauseSource, Label};
use crate::store::{Query, RecordPart};

/// Which tags and metadata entries are read beside the columns.
pub(in crate::store) struct Figures {
    labels: Vec<Label>,
}

/// The number of columns before the figures, and before the labels.
const FIGURES_AT: usize = 5;
const LABELS_AT: usize = FIGURES_AT + TOKENS.len() + COSTS.len();

impl Figures {
    /// Returns what a query and its filter use. `None` if they need more than figures.
    pub(in crate::store) fn of_query(schema: &Schema, query: &Query) -> Option<Self> {
        let mut labels = match &query.projection.record {
            RecordPart::All => return None,
            RecordPart::Figures(labels) | RecordPart::OrderedFigures(labels) => labels.clone(),
        };
        for clause in &query.filter.clauses {
            match clause.label() {
                Some((label, _)) => labels.push(label.clone()),
                None if clause.source() == ClauseSource::Columns => {}
                None => return None,
            }
        }
        conditions::are_exact(schema, &query.filter).then_some(Self { labels })
    }

    /// Adds a tag or metadata entry, whose column is the last one.
    pub(in crate::store) fn add(&mut self, label: Label) {
        self.labels.push(label);
    }

    /// Returns the columns, of a row `t` of `trace_info`.
    pub(in crate::store) fn columns(&self, schema: &Schema) -> String {
        let fixed = ["t.request_id", "t.experiment_id", "t.timestamp_ms", "t.execution_time_ms", "t.status"];
        let figures = TOKENS.iter().chain(&COSTS).map(|column| schema.column("trace_info", column));
        let labels = self.labels.iter().map(|label| {
            let value = expressions::label(schema, label);
            match label {
                Label::Metadata(key) if key == keys::TOKEN_USAGE => unless_in_columns(schema, &TOKENS[..3], &value),
                Label::Metadata(key) if key == keys::COST => unless_in_columns(schema, &COSTS, &value),
                _ => value,
            }
        });
        fixed.map(str::to_owned).into_iter().chain(figures).chain(labels).collect::<Vec<_>>().join(", ")
    }

    /// Reads a record from the columns, which start at `first`, and from `more` tags and metadata entries.
    pub(in crate::store) fn info<'a>(
        &'a self,
        row: &impl SqlRow,
        first: usize,
        more: impl IntoIterator<Item = (&'a Label, String)>,
    ) -> TraceInfo {
        let mut info = TraceInfo {
            execution_duration_ms: row.integer(first + 3),
            recorded_usage: record_columns::usage(row, first + FIGURES_AT),
            cost: record_columns::cost(row, first + FIGURES_AT + TOKENS.len()),
            ..record_columns::minimal_info(row, first)
        };
        let values = (first + LABELS_AT..).map(|column| row.text(column));
        let labels = self.labels.iter().zip(values).filter_map(|(label, value)| Some((label, value?)));
        for (label, value) in labels.chain(more) {
            match label {
                Label::Tag(key) => info.tags.add(key, &value),
                Label::Metadata(key) => info.metadata.add(key, &value),
            }
        }
        info.derive_fields(formats::parse_json);
        info
    }

    /// Whether the figures of a trace are all that is needed of its record.
    pub(in crate::store) fn are_enough(&self, info: &TraceInfo) -> bool {
        info.name.is_some() || !self.labels.iter().any(|label| matches!(label, Label::Tag(key) if key == keys::NAME))
    }
}

/// Returns SQL for a metadata row, or null if one of the columns has a value.
fn unless_in_columns(schema: &Schema, columns: &[&str], row: &str) -> String {
    let columns: Vec<String> = columns.iter().map(|column| schema.column("trace_info", column)).collect();
    format!("case when coalesce({}) is null then {row} end", columns.join(", "))
}
