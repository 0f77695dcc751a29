//! Measures of a trace, and statistics of a measure over many traces.

use super::{RequiredData, RuleUnit};
use crate::analysis::stats::percentile;
use crate::model::{Assessment, Span, SpanStatus, TokenUsage, Trace, TraceState, UsageScope, has_ancestor_where};
use crate::reading::{Reading, RowKind, TraceUsage, UsageRow};

/// A measure of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Tokens of all calls.
    Tokens,
    /// Cost of all calls in US dollars.
    Cost,
    /// Duration in milliseconds.
    Latency,
    /// Number of LLM calls.
    LlmCalls,
    /// Number of tool calls.
    ToolCalls,
}

impl Measure {
    /// All measures.
    pub const ALL: [Self; 5] = [Self::Tokens, Self::Cost, Self::Latency, Self::LlmCalls, Self::ToolCalls];

    /// Returns the name in baselines and tolerances.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::Latency => "latency",
            Self::LlmCalls => "llm-calls",
            Self::ToolCalls => "tool-calls",
        }
    }

    /// Returns the name of the rule that limits it.
    pub(super) const fn rule_name(self) -> &'static str {
        match self {
            Self::Tokens => "max-tokens",
            Self::Cost => "max-cost",
            Self::Latency => "max-latency",
            Self::LlmCalls => "max-llm-calls",
            Self::ToolCalls => "max-tool-calls",
        }
    }

    pub(super) const fn unit(self) -> RuleUnit {
        match self {
            Self::Tokens => RuleUnit::Tokens,
            Self::Cost => RuleUnit::Dollars,
            Self::Latency => RuleUnit::Millis,
            Self::LlmCalls | Self::ToolCalls => RuleUnit::Count,
        }
    }

    pub(super) const fn required_data(self) -> RequiredData {
        match self {
            Self::Latency => RequiredData::Records,
            Self::Tokens | Self::Cost | Self::LlmCalls => RequiredData::Spans,
            Self::ToolCalls => RequiredData::ToolCalls,
        }
    }

    /// Returns the value of a trace.
    pub(super) fn evaluate(self, trace: &Trace, reading: &Reading) -> MeasuredValue {
        let usage = &reading.usage;
        let count =
            |count: usize, unknown| MeasuredValue { min: Some(count as f64), max: None, unknown_reason: unknown };
        match self {
            Self::Tokens => tokens(trace, usage),
            Self::Cost => cost(trace, usage),
            Self::Latency => {
                let (duration, is_running) =
                    (trace.info.execution_duration_ms, trace.info.state == TraceState::InProgress);
                let reason = if is_running { IN_PROGRESS } else { "no recorded duration" };
                MeasuredValue {
                    min: duration.map(|millis| millis as f64),
                    max: None,
                    unknown_reason: (is_running || duration.is_none()).then(|| reason.to_owned()),
                }
            }
            Self::LlmCalls => {
                count(usage.llm_calls().count(), unknown_reason(trace).or_else(|| unrecorded_calls(trace, usage)))
            }
            Self::ToolCalls => count(reading.made_tool_calls().count(), unrecorded_tool_calls(trace, reading)),
        }
    }
}

/// A value of a trace, possibly known only as a range.
#[derive(Clone, Debug, Default)]
pub(super) struct MeasuredValue {
    /// The lower bound, or the exact value if `unknown_reason` is `None`.
    pub(super) min: Option<f64>,
    /// The upper bound, if the value is not exact and a bound is known.
    pub(super) max: Option<f64>,
    /// Why the value is not exact.
    pub(super) unknown_reason: Option<String>,
}

impl MeasuredValue {
    /// Converts feedback to a number: yes is 1, no is 0 (MLflow 3 `genai/judges`, `CategoricalRating`).
    pub(super) fn from_feedback(feedback: &Assessment) -> Self {
        let Some(value) = feedback.value.as_ref().filter(|value| !value.is_null()) else {
            return Self { unknown_reason: Some("the judge failed".to_owned()), ..Self::default() };
        };
        let text = value.display();
        let number = match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "pass" => Some(1.0),
            "false" | "no" | "fail" => Some(0.0),
            _ => value.as_f64(),
        };
        let reason = || format!("`{text:.40}` is neither a number nor yes or no");
        Self { min: number, max: None, unknown_reason: number.is_none().then(reason) }
    }
}

pub(super) const IN_PROGRESS: &str = "in progress";

/// Returns why the spans of a trace may be incomplete, if so.
pub(super) fn unknown_reason(trace: &Trace) -> Option<String> {
    if trace.info.state == TraceState::InProgress {
        Some(IN_PROGRESS.to_owned())
    } else {
        trace.lacks_spans().then(|| "spans are missing".to_owned())
    }
}

/// Returns why the number of LLM calls is unknown, if so: agents of some frameworks record none (smolagents, CrewAI).
fn unrecorded_calls(trace: &Trace, usage: &TraceUsage) -> Option<String> {
    let has_calls = usage.rows.iter().any(|row| row.kind != RowKind::Remainder);
    let mut spans = trace.span_list().iter();
    let has_agent = spans.any(|span| span.usage_scope == UsageScope::UnrecordedCalls);
    (!has_calls && has_agent).then(|| "model calls are not recorded".to_owned())
}

/// Returns the tokens of a trace; 0 for one without calls.
fn tokens(trace: &Trace, usage: &TraceUsage) -> MeasuredValue {
    let min = usage.token_usage.as_ref().map(|usage| usage.total() as f64);
    if usage.source == Some("recorded") && trace.info.state != TraceState::InProgress {
        return MeasuredValue { min, ..MeasuredValue::default() };
    }
    if let Some(conflict) = usage.conflict.as_ref().filter(|conflict| !conflict.is_resolved) {
        let (shown, other) = (min.unwrap_or(0.0), conflict.other.total() as f64);
        let reason = format!("the total is either {shown} or {other} tokens");
        return MeasuredValue {
            min: Some(shown.min(other)),
            max: Some(shown.max(other)),
            unknown_reason: Some(reason),
        };
    }
    // A call with a response used tokens, but clients record 0 for a response without usage (the Agents SDK, streamed).
    let has_tokens = |row: &UsageRow| row.token_usage.as_ref().is_some_and(TokenUsage::has_tokens);
    let from_calls =
        || calls_without(trace, usage, &has_tokens, |span| span.usage().is_some_and(TokenUsage::has_tokens), "tokens");
    let recorded = trace.info.recorded_usage.as_ref().filter(|usage| min.is_none() && usage.has_tokens());
    let from_record = || recorded.map(|usage| format!("{} tokens in the record, none in the spans", usage.total()));
    let unknown = unknown_reason(trace).or_else(from_calls).or_else(from_record);
    let unknown = unknown.or_else(|| unrecorded_calls(trace, usage).filter(|_| min.is_none()));
    // The usage of failed calls is unknown, not 0.
    let is_none = unknown.is_none() && usage.rows.is_empty();
    MeasuredValue { min: min.or_else(|| is_none.then_some(0.0)), max: None, unknown_reason: unknown }
}

/// Returns the cost of a trace.
fn cost(trace: &Trace, usage: &TraceUsage) -> MeasuredValue {
    // Negative costs are invalid.
    let min = usage.cost.and_then(|cost| cost.total_cost).filter(|cost| *cost >= 0.0);
    let tokens = tokens(trace, usage);
    let spans = trace.span_list();
    let mut models: Vec<&str> = usage.unpriced_rows().filter_map(|row| row.model(spans)).collect();
    models.sort_unstable();
    models.dedup();
    let unpriced = || match (models.as_slice(), usage.unpriced_rows().count()) {
        (_, 0) => None,
        ([], _) => Some("a call has tokens and no model".to_owned()),
        (models, _) => Some(format!("no known price for {}", models.join(", "))),
    };
    let is_free = tokens.unknown_reason.is_none() && tokens.min.is_none_or(|count| count == 0.0);
    let no_cost = || (min.is_none() && !is_free).then(|| "no known cost".to_owned());
    let is_empty = |usage: &TokenUsage| !usage.has_tokens();
    let has_cost = |row: &UsageRow| row.cost.is_some() || row.token_usage.as_ref().is_some_and(is_empty);
    let from_calls = || calls_without(trace, usage, &has_cost, |span| span.cost.is_some(), "cost");
    let unknown = tokens.unknown_reason.or_else(unpriced).or_else(from_calls).or_else(no_cost);
    MeasuredValue {
        min: min.or_else(|| tokens.min.filter(|_| unknown.is_none()).map(|_| 0.0)),
        max: None,
        unknown_reason: unknown,
    }
}

/// Returns why a value of successful model calls is unknown, if neither they nor a span above them have it.
fn calls_without(
    trace: &Trace,
    usage: &TraceUsage,
    has: &dyn Fn(&UsageRow) -> bool,
    covers: fn(&Span) -> bool,
    name: &str,
) -> Option<String> {
    let spans = trace.spans.as_ref()?;
    let is_covered = has_ancestor_where(&spans.nodes, |at| covers(&spans.list[at]));
    let is_unknown = |row: &&UsageRow| {
        let has_succeeded = row.spans.iter().any(|at| spans.list[*at].status != SpanStatus::Error);
        has_succeeded && !has(row) && !row.spans.first().is_some_and(|at| is_covered[*at])
    };
    let calls = usage.rows.iter().filter(|row| row.kind != RowKind::Remainder);
    match calls.filter(is_unknown).count() {
        0 => None,
        1 => Some(format!("1 model call has no recorded {name}")),
        count => Some(format!("{count} model calls have no recorded {name}")),
    }
}

/// Returns why a trace may have more tool calls than are recorded, if so: for instance, responses of models are
/// missing.
pub(super) fn unrecorded_tool_calls(trace: &Trace, reading: &Reading) -> Option<String> {
    let spans = trace.span_list();
    // If tools have spans, each call has one.
    let has_tools = spans.iter().any(|span| span.span_type.is_tool());
    let is_unrecorded = |call: &&UsageRow| {
        if has_tools {
            return false;
        }
        let mut call_spans = call.spans.iter().map(|at| &spans[*at]);
        call_spans.clone().all(|span| !span.has_outputs) && call_spans.any(|span| span.status != SpanStatus::Error)
    };
    let unnamed = reading.made_tool_calls().filter(|call| call.name.is_none()).count();
    let reason = match (reading.usage.llm_calls().filter(is_unrecorded).count(), unnamed) {
        (0, 0) => return unknown_reason(trace),
        (0, 1) => "a tool call has no name".to_owned(),
        (0, count) => format!("{count} tool calls have no name"),
        (1, _) => "the response of 1 model call is not recorded".to_owned(),
        (count, _) => format!("the responses of {count} model calls are not recorded"),
    };
    unknown_reason(trace).or(Some(reason))
}

/// How the values of many traces are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The value of each trace.
    Each,
    /// The sum.
    Total,
    /// The mean.
    Mean,
    /// A percentile.
    Percentile(u8),
}

impl Statistic {
    /// Parses `each`, `total`, `mean`, `p50`, `p90`, `p95` or `p99`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "each" => Self::Each,
            "total" => Self::Total,
            "mean" => Self::Mean,
            "p50" => Self::Percentile(50),
            "p90" => Self::Percentile(90),
            "p95" => Self::Percentile(95),
            "p99" => Self::Percentile(99),
            _ => return None,
        })
    }

    /// Returns the name, as [`Statistic::parse`] accepts it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Each => "each",
            Self::Total => "total",
            Self::Mean => "mean",
            Self::Percentile(50) => "p50",
            Self::Percentile(90) => "p90",
            Self::Percentile(95) => "p95",
            Self::Percentile(_) => "p99",
        }
    }

    /// Whether it depends on the sum of all values.
    pub(super) const fn is_sum(self) -> bool {
        matches!(self, Self::Total | Self::Mean)
    }
}

/// The values of one measure over many traces.
#[derive(Debug, Default)]
pub(super) struct ValueSeries {
    values: Vec<f64>,
    /// Whether any value is known.
    is_known: bool,
    /// Whether some value is not exact.
    is_incomplete: bool,
}

impl ValueSeries {
    /// Adds a value; an unknown one counts as `lower_bound`, if given.
    pub(super) fn add(&mut self, value: &MeasuredValue, lower_bound: Option<f64>) {
        self.is_known |= value.min.is_some();
        self.is_incomplete |= value.unknown_reason.is_some();
        self.values.extend(value.min.or(lower_bound));
    }

    /// Returns a statistic of the values, and whether it is exact. If not, it is the least possible value.
    pub(super) fn statistic(&self, statistic: Statistic) -> (Option<f64>, bool) {
        let sum = || self.values.iter().sum::<f64>();
        let value = match statistic {
            // Rules on each trace track the worst value themselves.
            Statistic::Each => None,
            Statistic::Total => Some(sum()),
            Statistic::Mean => Some(sum() / self.values.len() as f64),
            Statistic::Percentile(percent) => {
                let mut sorted = self.values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                percentile(&sorted, f64::from(percent))
            }
        };
        (value.filter(|_| self.is_known), !self.is_incomplete)
    }
}
