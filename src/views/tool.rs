//! Rows of `mltrace tools`.

use crate::analysis::stats::percentile;
use crate::analysis::tools::Tool;
use crate::number;
use crate::output::{Cell, Column, Heading, Row, TextRole};
use serde::Serialize;

/// Total duration in milliseconds of all calls with a span; `None` if there are none.
fn total(tool: &Tool) -> Option<f64> {
    (!tool.durations.is_empty()).then(|| tool.durations.iter().sum())
}

/// Row of the tool list.
#[derive(Clone, Debug)]
pub struct ToolRow(pub Tool);

/// A tool and its calls.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct ToolJson<'a> {
    /// Name of the tool, without the number that MLflow up to 3.5 appends to repeated names; null for calls of which
    /// only the result was recorded.
    name: Option<&'a str>,
    /// Number of traces that called it.
    traces: u64,
    /// Number of calls. A call that several spans or messages record counts once.
    calls: u64,
    /// Number of calls whose span has status ERROR.
    errors: u64,
    /// Number of calls whose failure was returned to the model as text.
    handled_failures: u64,
    /// Share of calls that failed in either way, from 0 to 1.
    error_rate: f64,
    /// Durations in milliseconds of the calls that have a span.
    duration_ms: DurationJson,
}

/// Durations of tool calls in milliseconds.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DurationJson {
    /// The median; null if no call has a known duration.
    p50: Option<f64>,
    /// The 95th percentile, interpolated linearly between the two nearest values; null if no call has a known duration.
    p95: Option<f64>,
    /// The sum; null if no call has a known duration.
    total: Option<f64>,
}

const fn failure_role(count: u64) -> TextRole {
    if count > 0 { TextRole::Bad } else { TextRole::Plain }
}

impl Row for ToolRow {
    const KEY: &'static str = "tools";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("name", Heading::text("tool").shrinks_to(15), |Self(tool), _| match &tool.name {
            Some(name) => Cell::escaped(name, TextRole::Name),
            None => Cell::new("(unknown)", TextRole::Dim),
        }),
        Column::new("traces", Heading::number("traces").drops(4), |Self(tool), _| Cell::count(tool.traces)),
        Column::new("calls", Heading::number("calls"), |Self(tool), _| Cell::count(tool.calls)),
        Column::new("errors", Heading::number("errors"), |Self(tool), _| {
            Cell::new(number::count(tool.errors.cast_signed()), failure_role(tool.errors))
        }),
        Column::new("handled_failures", Heading::number("handled").drops(2), |Self(tool), _| {
            if tool.handled_failures > 0 { Cell::count(tool.handled_failures) } else { Cell::none() }
        }),
        Column::new("error_rate", Heading::number("error rate").drops(3), |Self(tool), _| {
            Cell::new(number::percent(tool.error_rate()), failure_role(tool.failures()))
        }),
        Column::new("duration_ms.p50", Heading::number("p50"), |Self(tool), _| {
            Cell::millis(percentile(&tool.durations, 50.0))
        }),
        Column::new("duration_ms.p95", Heading::number("p95"), |Self(tool), _| {
            Cell::millis(percentile(&tool.durations, 95.0))
        }),
        Column::new("duration_ms.total", Heading::number("total").drops(5), |Self(tool), _| Cell::millis(total(tool))),
    ];

    fn json(&self) -> impl Serialize {
        let Self(tool) = self;
        ToolJson {
            name: tool.name.as_deref(),
            traces: tool.traces,
            calls: tool.calls,
            errors: tool.errors,
            handled_failures: tool.handled_failures,
            error_rate: tool.error_rate(),
            duration_ms: DurationJson {
                p50: percentile(&tool.durations, 50.0),
                p95: percentile(&tool.durations, 95.0),
                total: total(tool),
            },
        }
    }

    fn id(&self) -> &str {
        self.0.name.as_deref().unwrap_or_default()
    }
}
