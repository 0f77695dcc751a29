//! Rows of `mltrace tools`.

use crate::analysis::stats::percentile;
use crate::analysis::tools::Tool;
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, number};
use serde::Serialize;

/// Total duration in milliseconds of all calls with a span; `None` if there are none.
fn total(tool: &Tool) -> Option<f64> {
    (!tool.durations.is_empty()).then(|| tool.durations.iter().sum())
}

/// Row of the tool list.
#[derive(Clone, Debug)]
pub struct ToolRow(pub Tool);

#[derive(Serialize)]
struct ToolJson<'a> {
    name: Option<&'a str>,
    traces: u64,
    calls: u64,
    errors: u64,
    handled_failures: u64,
    error_rate: f64,
    duration_ms: DurationJson,
}

#[derive(Serialize)]
struct DurationJson {
    p50: Option<f64>,
    p95: Option<f64>,
    total: Option<f64>,
}

impl Row for ToolRow {
    const KEY: &'static str = "tools";
    const CSV_COLUMNS: &'static [&'static str] = &[
        "name",
        "traces",
        "calls",
        "errors",
        "handled_failures",
        "error_rate",
        "duration_ms.p50",
        "duration_ms.p95",
        "duration_ms.total",
    ];

    fn columns() -> &'static [Column<'static>] {
        &[
            Column { title: "tool", is_right_aligned: false, min_width: Some(15), drop_priority: 0 },
            Column { title: "traces", is_right_aligned: true, min_width: None, drop_priority: 4 },
            Column { title: "calls", is_right_aligned: true, min_width: None, drop_priority: 0 },
            Column { title: "errors", is_right_aligned: true, min_width: None, drop_priority: 0 },
            Column { title: "handled", is_right_aligned: true, min_width: None, drop_priority: 2 },
            Column { title: "error rate", is_right_aligned: true, min_width: None, drop_priority: 3 },
            Column { title: "p50", is_right_aligned: true, min_width: None, drop_priority: 0 },
            Column { title: "p95", is_right_aligned: true, min_width: None, drop_priority: 0 },
            Column { title: "total", is_right_aligned: true, min_width: None, drop_priority: 5 },
        ]
    }

    fn cells(&self, _options: &RenderOptions) -> Vec<Cell> {
        let Self(tool) = self;
        let count = |count: u64| Cell::new(number::count(count.cast_signed()), TextRole::Plain);
        let bad = |count: u64, text: String| Cell::new(text, if count > 0 { TextRole::Bad } else { TextRole::Plain });
        let time = |millis: Option<f64>| {
            millis.map_or_else(Cell::none, |millis| Cell::new(number::duration((millis * 1e6) as i64), TextRole::Plain))
        };
        vec![
            tool.name
                .as_deref()
                .map_or_else(|| Cell::new("(unknown)", TextRole::Dim), |name| Cell::escaped(name, TextRole::Name)),
            count(tool.traces),
            count(tool.calls),
            bad(tool.errors, number::count(tool.errors.cast_signed())),
            if tool.handled_failures > 0 { count(tool.handled_failures) } else { Cell::none() },
            bad(tool.failures(), number::percent(tool.error_rate())),
            time(percentile(&tool.durations, 50.0)),
            time(percentile(&tool.durations, 95.0)),
            time(total(tool)),
        ]
    }

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
