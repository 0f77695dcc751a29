//! Tool calls, failures and durations, by tool.

use crate::model::Trace;
use crate::reading::{CallFailure, Reading};
use std::collections::HashMap;

/// A tool, with totals over traces.
#[derive(Clone, Debug, Default)]
pub struct Tool {
    /// The name; `None` if only results were recorded, which have no name.
    pub name: Option<String>,
    /// Number of traces that call it.
    pub traces: u64,
    /// Number of calls.
    pub calls: u64,
    /// Calls whose span has status ERROR.
    pub errors: u64,
    /// Calls whose failure was returned to the model as tool output, without an error status.
    pub handled_failures: u64,
    /// Durations in milliseconds of the calls with a finished span; ascending once [`Tools::sorted`].
    pub durations: Vec<f64>,
}

impl Tool {
    /// Returns the number of failed calls, with an error status or not.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.errors + self.handled_failures
    }

    /// Returns the share of calls that failed.
    #[must_use]
    pub fn error_rate(&self) -> f64 {
        self.failures() as f64 / self.calls.max(1) as f64
    }
}

/// The tools of many traces, by name.
#[derive(Debug, Default)]
pub struct Tools(HashMap<Option<String>, Tool>);

impl Tools {
    /// Adds the tool calls of a trace, except those that an earlier trace contains.
    pub fn add(&mut self, trace: &Trace, reading: &Reading) {
        let mut seen: Vec<Option<&str>> = Vec::new();
        for call in reading.tool_calls.iter().filter(|call| call.is_new || call.is_result_new) {
            let tool = self.0.entry(call.name.clone()).or_default();
            tool.name.clone_from(&call.name);
            if call.is_new {
                tool.calls += 1;
                if !seen.contains(&call.name.as_deref()) {
                    seen.push(call.name.as_deref());
                    tool.traces += 1;
                }
            }
            if call.is_result_new {
                tool.errors += u64::from(call.failure == Some(CallFailure::Raised));
                tool.handled_failures += u64::from(matches!(call.failure, Some(CallFailure::Handled(_))));
            }
            tool.durations.extend(call.span.and_then(|at| trace.span_list()[at].duration_ms()));
        }
    }

    /// Returns the tools, most calls first.
    #[must_use]
    pub fn sorted(self) -> Vec<Tool> {
        let mut tools: Vec<Tool> = self.0.into_values().collect();
        for tool in &mut tools {
            tool.durations.sort_unstable_by(f64::total_cmp);
        }
        tools.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.name.cmp(&b.name)));
        tools
    }
}

#[cfg(test)]
mod tests;
