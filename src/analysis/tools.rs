//! Tools: how often each was called, how often in vain, how long it took.

use crate::model::Trace;
use crate::reading::{CallFailure, Reading};
use std::collections::HashMap;

/// A tool in some traces.
#[derive(Clone, Debug, Default)]
pub struct Tool {
    /// Its name; `None` where only results are known, which lack it.
    pub name: Option<String>,
    /// How many traces called it.
    pub traces: u64,
    /// How many calls.
    pub calls: u64,
    /// Calls whose span is in state ERROR.
    pub errors: u64,
    /// Calls whose failure was handed back to a model as text, and left no error.
    pub handled_failures: u64,
    /// How long each call took that has a span which ended, in milliseconds, least first.
    pub durations: Vec<f64>,
}

impl Tool {
    /// Calls that failed, whether they left an error or not.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.errors + self.handled_failures
    }

    /// The share of calls that failed.
    #[must_use]
    pub fn error_rate(&self) -> f64 {
        self.failures() as f64 / self.calls.max(1) as f64
    }
}

/// The tools of many traces, by name.
#[derive(Debug, Default)]
pub struct Tools(HashMap<Option<String>, Tool>);

impl Tools {
    /// Adds the tool calls of a trace that no earlier trace holds.
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
            let nanos = call.span.and_then(|at| trace.span_list()[at].duration_ns());
            tool.durations.extend(nanos.map(|nanos| nanos as f64 / 1e6));
        }
    }

    /// The one that was called most often first.
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
