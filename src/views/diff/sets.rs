//! `mltrace trace diff --set FLAGS --set FLAGS`: the figures of two selections, and failures that only one of them has.

use super::figures::with_share;
use crate::analysis::diff::sets::{Metric, MetricUnit, SetsDiff};
use crate::analysis::exceptions::ExceptionGroup;
use crate::error::Result;
use crate::json::Json;
use crate::model::Cost;
use crate::number;
use crate::output::json::SCHEMA;
use crate::output::{Block, Cell, Document, Heading, Item, StyledText, TextRole, View};
use crate::views::exception::FailureGroupJson;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The comparison of two selections.
#[derive(Debug)]
pub struct SetsView {
    /// The figures of both.
    pub diff: SetsDiff,
    /// The flags of each selection.
    pub flags: [String; 2],
    /// Whether all traces were read.
    pub complete: bool,
}

/// The figures of two selections of traces, and the failures that only one of them has.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct SetsJson<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The figures of the first selection.
    a: SelectionJson<'a>,
    /// The figures of the second selection.
    b: SelectionJson<'a>,
    /// The second selection minus the first; null if one of the values is unknown.
    delta: FiguresJson,
    /// Whether the second selection has failures that the first does not have or a higher error rate, or one of them is
    /// empty.
    worse: bool,
    /// Failures that only one of the selections has, in groups of similar ones.
    exceptions: ExceptionsJson<'a>,
    /// Whether all selected traces were read.
    complete: bool,
}

/// Failures that only one of two selections has.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ExceptionsJson<'a> {
    /// Those of the second selection.
    new: Vec<FailureGroupJson<'a>>,
    /// Those of the first selection.
    gone: Vec<FailureGroupJson<'a>>,
}

/// The figures of a selection.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SelectionJson<'a> {
    /// The flags that select the traces.
    flags: &'a str,
    #[serde(flatten)]
    figures: FiguresJson,
}

/// Values of metrics by key.
struct FiguresJson(Vec<(&'static str, Json)>);

impl Serialize for FiguresJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[cfg(test)]
impl schemars::JsonSchema for FiguresJson {
    fn schema_name() -> Cow<'static, str> {
        "Figures".into()
    }

    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let property = |(key, title, unit): (&'static str, &str, MetricUnit)| {
            let unit = match unit {
                MetricUnit::Count | MetricUnit::Mean => "",
                MetricUnit::Share => ", from 0 to 1",
                MetricUnit::Millis => ", in milliseconds",
                MetricUnit::Dollars => ", in US dollars",
            };
            let description = format!("{title}{unit}; null if unknown");
            (key.to_owned(), serde_json::json!({"type": ["number", "null"], "description": description}))
        };
        let properties: serde_json::Map<_, _> = SetsDiff::metric_kinds().map(property).collect();
        let required: Vec<&String> = properties.keys().collect();
        schemars::json_schema!({"type": "object", "required": required, "properties": properties})
    }
}

#[derive(Serialize)]
struct MetricJson {
    metric: &'static str,
    a: Json,
    b: Json,
    delta: Json,
}

/// Returns the JSON value of a metric; counts are integers.
fn metric_json(unit: MetricUnit, value: Option<f64>) -> Json {
    let whole = value.filter(|value| unit == MetricUnit::Count && value.fract() == 0.0);
    whole.map_or_else(|| Json::of(&value), |whole| Json::of(&(whole as i64)))
}

fn metric_delta(metric: &Metric) -> Option<f64> {
    metric.a.zip(metric.b).map(|(a, b)| b - a)
}

fn failures_json(groups: Vec<&ExceptionGroup>) -> Vec<FailureGroupJson<'_>> {
    groups.into_iter().map(FailureGroupJson::from).collect()
}

impl View for SetsView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        let metrics = self.diff.metrics();
        let figures = |of: fn(&Metric) -> Option<f64>| {
            FiguresJson(metrics.iter().map(|metric| (metric.key, metric_json(metric.unit, of(metric)))).collect())
        };
        SetsJson {
            schema: SCHEMA,
            a: SelectionJson { flags: &self.flags[0], figures: figures(|metric| metric.a) },
            b: SelectionJson { flags: &self.flags[1], figures: figures(|metric| metric.b) },
            delta: figures(metric_delta),
            worse: self.diff.is_worse(),
            exceptions: ExceptionsJson {
                new: failures_json(self.diff.new_failures()),
                gone: failures_json(self.diff.gone_failures()),
            },
            complete: self.complete,
        }
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        for (name, flags) in ["A", "B"].into_iter().zip(&self.flags) {
            let flags = if flags.trim().is_empty() { "(all traces)" } else { flags };
            document.add(Block::Truncated(StyledText::new(TextRole::Dim, &format!("{name}  {flags}"))))?;
        }
        document.add(Block::Blank)?;
        self.write_figures(document)?;
        write_exceptions(document, "new in B", &self.diff.new_failures(), TextRole::Bad)?;
        write_exceptions(document, "gone in B", &self.diff.gone_failures(), TextRole::Good)
    }

    fn items(&self) -> Vec<Item> {
        let item = |metric: &Metric| {
            let of = |value| metric_json(metric.unit, value);
            let json =
                MetricJson { metric: metric.key, a: of(metric.a), b: of(metric.b), delta: of(metric_delta(metric)) };
            Item::new(metric.key, &json)
        };
        self.diff.metrics().iter().map(item).collect()
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        ["metric", "a", "b", "delta"].map(Cow::Borrowed).to_vec()
    }
}

impl SetsView {
    fn write_figures(&self, document: &mut Document<'_>) -> Result<()> {
        let sign = if document.options.unicode { "Δ" } else { "B-A" };
        let name = Heading::text("").shrinks_to(12);
        let columns = [name, Heading::number("A"), Heading::number("B"), Heading::number(sign)];
        let is_calculated =
            [&self.diff.a, &self.diff.b].map(|set| set.cost().is_some_and(|cost| cost.source == "calculated"));
        let row = |metric: &Metric| {
            let cell = |value: Option<f64>, is_calculated| {
                value.map_or_else(Cell::none, |value| {
                    Cell::new(format_value(metric.unit, value, is_calculated), TextRole::Plain)
                })
            };
            let delta = metric_delta(metric).map(|delta| {
                let text = number::signed(format_delta(metric.unit, delta), delta > 0.0);
                let share = metric.a.zip(metric.b).and_then(|(a, b)| number::growth(a, b));
                with_share(&text, share.filter(|_| delta != 0.0 && metric.unit != MetricUnit::Share))
            });
            vec![
                Cell::new(metric.title, TextRole::Name),
                cell(metric.a, is_calculated[0]),
                cell(metric.b, is_calculated[1]),
                delta.map_or_else(Cell::none, |text| Cell::new(text, TextRole::Figure)),
            ]
        };
        document.add(Block::Table(&columns, self.diff.metrics().iter().map(row).collect()))
    }
}

/// Writes the failures that only one selection has.
fn write_exceptions(
    document: &mut Document<'_>,
    title: &str,
    groups: &[&ExceptionGroup],
    role: TextRole,
) -> Result<()> {
    let text = match groups.len() {
        0 => return Ok(()),
        1 => format!("{title}: 1 kind of failure"),
        count => format!("{title}: {} kinds of failures", number::count(i64::try_from(count).unwrap_or(i64::MAX))),
    };
    document.add(Block::Blank)?;
    document.add(Block::Line(StyledText::new(role, &text)))?;
    let columns = [
        Heading::number("count"),
        Heading::text("type").shrinks_to(12),
        Heading::text("message").shrinks_to(16),
        Heading::text("span").shrinks_to(8).drops(1),
        Heading::text("trace"),
    ];
    let row = |group: &&ExceptionGroup| {
        let example = &group.example;
        vec![
            Cell::new(number::count(group.count.cast_signed()), TextRole::Figure),
            Cell::optional(example.failure.exception_type.as_deref(), TextRole::Bad),
            Cell::optional(example.failure.message.as_deref(), TextRole::Plain),
            Cell::optional(Some(&example.span_name), TextRole::Name),
            Cell::trace_id(&example.trace_id),
        ]
    };
    document.add(Block::Table(&columns, groups.iter().map(row).collect()))
}

/// Formats a value in its unit.
fn format_value(unit: MetricUnit, value: f64, is_calculated: bool) -> String {
    match unit {
        MetricUnit::Count => number::count(value.round() as i64),
        MetricUnit::Mean => format!("{value:.1}"),
        MetricUnit::Share => number::percent(value),
        MetricUnit::Millis => number::duration((value * 1e6) as i64),
        MetricUnit::Dollars => {
            let source = if is_calculated { "calculated" } else { "recorded" };
            number::cost(&Cost { total_cost: Some(value), source, ..Cost::default() }).unwrap_or_default()
        }
    }
}

/// Formats a delta. Deltas of shares are in percentage points.
fn format_delta(unit: MetricUnit, delta: f64) -> String {
    match unit {
        MetricUnit::Share => format!("{:.1} points", delta * 100.0),
        unit => format_value(unit, delta, false),
    }
}
