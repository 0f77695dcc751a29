//! Tools: how often each was called, how often in vain, how long it took.

use crate::model::{SpanStatus, Trace};
use std::collections::{HashMap, HashSet};

/// A tool in some traces.
#[derive(Clone, Debug, Default)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// How many traces called it.
    pub traces: u64,
    /// How many calls.
    pub calls: u64,
    /// Of them, those that failed.
    pub errors: u64,
    /// Those whose failure was handed back to a model as text, and left no error.
    pub handled_failures: u64,
    /// How long each took that ended, in milliseconds, least first.
    pub durations: Vec<f64>,
}

impl Tool {
    /// Calls in vain, whether they left an error or not.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.errors + self.handled_failures
    }

    /// The share of calls in vain.
    #[must_use]
    pub fn error_rate(&self) -> f64 {
        self.failures() as f64 / self.calls.max(1) as f64
    }
}

/// The tools of many traces.
#[derive(Debug, Default)]
pub struct Tools(HashMap<String, Tool>);

impl Tools {
    /// Adds the calls of a trace: its spans of type TOOL.
    pub fn add(&mut self, trace: &Trace) {
        let calls = || trace.span_list().iter().filter(|span| span.span_type.is_tool());
        let names: HashSet<&str> = calls().map(|span| span.name.as_str()).collect();
        let mut seen = HashSet::new();
        for span in calls() {
            let name = without_number(&span.name, &names);
            let tool =
                self.0.entry(name.to_owned()).or_insert_with(|| Tool { name: name.to_owned(), ..Tool::default() });
            tool.traces += u64::from(seen.insert(name));
            tool.calls += 1;
            let is_error = span.status == SpanStatus::Error;
            tool.errors += u64::from(is_error);
            tool.handled_failures += u64::from(!is_error && span.handled_failure.is_some());
            tool.durations.extend(span.duration_ns().map(|nanos| nanos as f64 / 1e6));
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

/// A name without the number that MLflow up to 3.5 puts behind names that a trace has more than once: `add_1`, `add_2`
/// (`tracing/utils/__init__.py`, `deduplicate_span_names_in_place`).
pub(super) fn without_number<'a>(name: &'a str, of_trace: &HashSet<&str>) -> &'a str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((bare, _)) = name.rsplit_once('_').filter(|(_, number)| is_number(number)) else { return name };
    let has = |number: u32| of_trace.contains(format!("{bare}_{number}").as_str());
    if has(1) && has(2) && !of_trace.contains(bare) { bare } else { name }
}

#[cfg(test)]
mod tests;
