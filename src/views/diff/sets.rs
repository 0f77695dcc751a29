//! `mltrace trace diff --set FLAGS --set FLAGS`: the figures of two selections, and what failed in one of them only.

use super::figures::with_share;
use crate::analysis::diff::sets::{Metric, MetricUnit, SetsDiff};
use crate::analysis::exceptions::ExceptionGroup;
use crate::error::Result;
use crate::model::{Cost, Json};
use crate::output::json::SCHEMA;
use crate::output::table::{Cell, Column};
use crate::output::text::clip;
use crate::output::{Item, RenderOptions, Row, TextRole, View, number, write_table};
use crate::views::exception::ExceptionRow;
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// Two selections side by side.
#[derive(Debug)]
pub struct SetsView {
    /// Their figures.
    pub diff: SetsDiff,
    /// The flags that chose them.
    pub flags: [String; 2],
    /// Whether all was read.
    pub complete: bool,
}

#[derive(Serialize)]
struct SetsJson {
    schema: &'static str,
    a: Json,
    b: Json,
    delta: Json,
    worse: bool,
    exceptions: ExceptionsJson,
    complete: bool,
}

#[derive(Serialize)]
struct ExceptionsJson {
    new: Vec<Json>,
    gone: Vec<Json>,
}

#[derive(Serialize)]
struct MetricJson {
    metric: &'static str,
    a: Json,
    b: Json,
    delta: Json,
}

/// A figure, whole where it counts things.
fn figure(unit: MetricUnit, figure: Option<f64>) -> Json {
    let whole = figure.filter(|figure| unit == MetricUnit::Count && figure.fract() == 0.0);
    whole.map_or_else(|| Json::of(&figure), |whole| Json::of(&(whole as i64)))
}

fn delta(metric: &Metric) -> Option<f64> {
    metric.a.zip(metric.b).map(|(a, b)| b - a)
}

fn failures(groups: &[&ExceptionGroup]) -> Vec<Json> {
    groups.iter().map(|group| Json::of(&ExceptionRow((*group).clone()).json())).collect()
}

impl View for SetsView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        let metrics = self.diff.metrics();
        let object = |start: Vec<(String, Json)>, of: &dyn Fn(&Metric) -> Option<f64>| {
            let figures = metrics.iter().map(|metric| (metric.key.to_owned(), figure(metric.unit, of(metric))));
            Json::object(&start.into_iter().chain(figures).collect::<Vec<_>>())
        };
        let flags = |at: usize| vec![("flags".to_owned(), Json::string(&self.flags[at]))];
        SetsJson {
            schema: SCHEMA,
            a: object(flags(0), &|metric| metric.a),
            b: object(flags(1), &|metric| metric.b),
            delta: object(Vec::new(), &delta),
            worse: self.diff.is_worse(),
            exceptions: ExceptionsJson {
                new: failures(&self.diff.new_failures()),
                gone: failures(&self.diff.gone_failures()),
            },
            complete: self.complete,
        }
    }

    fn text(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let room = look.width.unwrap_or(usize::MAX);
        for (name, flags) in ["A", "B"].into_iter().zip(&self.flags) {
            let flags = if flags.trim().is_empty() { "(all traces)" } else { flags };
            let line = format!("{name}  {}", crate::output::text::one_line(flags));
            writeln!(out, "{}", look.theme.paint(TextRole::Dim, &clip(&line, room, look.ellipsis())))?;
        }
        writeln!(out)?;
        self.figures(look, out)?;
        exceptions(look, out, "new in B", &self.diff.new_failures(), TextRole::Bad)?;
        exceptions(look, out, "gone in B", &self.diff.gone_failures(), TextRole::Good)
    }

    fn items(&self) -> Vec<Item> {
        let item = |metric: &Metric| {
            let of = |value| figure(metric.unit, value);
            let json = MetricJson { metric: metric.key, a: of(metric.a), b: of(metric.b), delta: of(delta(metric)) };
            Item::new(metric.key, &json)
        };
        self.diff.metrics().iter().map(item).collect()
    }

    fn csv(&self) -> Vec<Cow<'static, str>> {
        ["metric", "a", "b", "delta"].map(Cow::Borrowed).to_vec()
    }
}

impl SetsView {
    fn figures(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let right = |title| Column { title, is_right: true, shrinks_to: None, drops: 0 };
        let sign = if look.unicode { "Δ" } else { "B-A" };
        let name = Column { title: "", is_right: false, shrinks_to: Some(12), drops: 0 };
        let shapes = [name, right("A"), right("B"), right(sign)];
        let is_calculated =
            [&self.diff.a, &self.diff.b].map(|of| of.cost().is_some_and(|cost| cost.source == "calculated"));
        let row = |metric: &Metric| {
            let cell = |value: Option<f64>, is_calculated| {
                value.map_or_else(Cell::none, |value| {
                    Cell::own(told(metric.unit, value, is_calculated), TextRole::Plain)
                })
            };
            let more = delta(metric).map(|more| {
                let text = number::signed(told_delta(metric.unit, more), more > 0.0);
                let share = metric.a.zip(metric.b).and_then(|(a, b)| number::growth(a, b));
                with_share(&text, share.filter(|_| more != 0.0 && metric.unit != MetricUnit::Share))
            });
            vec![
                Cell::own(metric.title, TextRole::Name),
                cell(metric.a, is_calculated[0]),
                cell(metric.b, is_calculated[1]),
                more.map_or_else(Cell::none, |text| Cell::own(text, TextRole::Figure)),
            ]
        };
        write_table(look, out, &shapes, &self.diff.metrics().iter().map(row).collect::<Vec<_>>())
    }
}

/// What failed in one of the selections only.
fn exceptions(
    look: &RenderOptions,
    out: &mut dyn Write,
    title: &str,
    groups: &[&ExceptionGroup],
    role: TextRole,
) -> Result<()> {
    let text = match groups.len() {
        0 => return Ok(()),
        1 => format!("{title}: 1 kind of failure"),
        count => format!("{title}: {} kinds of failures", number::count(i64::try_from(count).unwrap_or(i64::MAX))),
    };
    writeln!(out, "\n{}", look.theme.paint(role, &text))?;
    let shapes = [
        Column { title: "count", is_right: true, shrinks_to: None, drops: 0 },
        Column { title: "type", is_right: false, shrinks_to: Some(12), drops: 0 },
        Column { title: "message", is_right: false, shrinks_to: Some(16), drops: 0 },
        Column { title: "span", is_right: false, shrinks_to: Some(8), drops: 1 },
        Column { title: "trace", is_right: false, shrinks_to: None, drops: 0 },
    ];
    let row = |group: &&ExceptionGroup| {
        let example = &group.example;
        vec![
            Cell::own(number::count(group.count.cast_signed()), TextRole::Figure),
            Cell::maybe(example.failure.exception_type.as_deref(), TextRole::Bad),
            Cell::maybe(example.failure.message.as_deref(), TextRole::Plain),
            Cell::maybe(Some(&example.span_name), TextRole::Name),
            Cell::trace_id(&example.trace_id),
        ]
    };
    write_table(look, out, &shapes, &groups.iter().map(row).collect::<Vec<_>>())
}

/// A figure in its unit.
fn told(unit: MetricUnit, value: f64, is_calculated: bool) -> String {
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

/// What lies between two figures. That of shares is in points, since a part of a part tells nobody anything.
fn told_delta(unit: MetricUnit, more: f64) -> String {
    match unit {
        MetricUnit::Share => format!("{:.1} points", more * 100.0),
        unit => told(unit, more, false),
    }
}
