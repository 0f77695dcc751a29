//! What is measured of a trace, and the figures that many traces have together.

use super::{RequiredData, RuleUnit};
use crate::analysis::stats::percentile;
use crate::model::{Assessment, Span, SpanStatus, TokenUsage, Trace, TraceState, UsageScope, have_above};
use crate::reading::{Reading, RowKind, TraceUsage, UsageRow};

/// What is measured of each trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Tokens of all its calls.
    Tokens,
    /// Their cost in US dollars.
    Cost,
    /// How long it took, in milliseconds.
    Latency,
    /// Calls of language models.
    LlmCalls,
    /// Tool calls.
    ToolCalls,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Tokens, Self::Cost, Self::Latency, Self::LlmCalls, Self::ToolCalls];

    /// Its name in baselines and tolerances.
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

    /// The name of the rule that bounds it.
    pub(super) const fn rule(self) -> &'static str {
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

    pub(super) const fn need(self) -> RequiredData {
        match self {
            Self::Latency => RequiredData::Records,
            Self::Tokens | Self::Cost | Self::LlmCalls => RequiredData::Spans,
            Self::ToolCalls => RequiredData::ToolCalls,
        }
    }

    /// The figure of a trace.
    pub(super) fn of(self, trace: &Trace, reading: &Reading) -> MeasuredValue {
        let usage = &reading.usage;
        let count = |count: usize, unknown| MeasuredValue { least: Some(count as f64), most: None, unknown };
        match self {
            Self::Tokens => tokens(trace, usage),
            Self::Cost => cost(trace, usage),
            Self::Latency => {
                let (took, is_open) = (trace.info.execution_duration_ms, trace.info.state == TraceState::InProgress);
                let why = if is_open { IN_PROGRESS } else { "its duration is not recorded" };
                MeasuredValue {
                    least: took.map(|millis| millis as f64),
                    most: None,
                    unknown: (is_open || took.is_none()).then(|| why.to_owned()),
                }
            }
            Self::LlmCalls => count(usage.llm_calls().count(), unknown(trace).or_else(|| unseen_calls(trace, usage))),
            Self::ToolCalls => count(reading.own_tool_calls().count(), unrecorded_tool_calls(trace, reading)),
        }
    }
}

/// A figure of a trace.
#[derive(Clone, Debug, Default)]
pub(super) struct MeasuredValue {
    /// What it is at least, where anything is known of it; exactly that, where nothing is unknown.
    pub(super) least: Option<f64>,
    /// What it is at most, where it is not known exactly and that is.
    pub(super) most: Option<f64>,
    /// Why it is not known exactly.
    pub(super) unknown: Option<String>,
}

impl MeasuredValue {
    /// A judgement as a number: yes is 1, no is 0 (MLflow 3 `genai/judges`, `CategoricalRating`).
    pub(super) fn of_feedback(feedback: &Assessment) -> Self {
        let Some(value) = feedback.value.as_ref().filter(|value| !value.is_null()) else {
            return Self { unknown: Some("the judge failed".to_owned()), ..Self::default() };
        };
        let text = value.display();
        let number = match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "pass" => Some(1.0),
            "false" | "no" | "fail" => Some(0.0),
            _ => value.as_f64(),
        };
        let why = || format!("`{text:.40}` is no number, and neither yes nor no");
        Self { least: number, most: None, unknown: number.is_none().then(why) }
    }
}

pub(super) const IN_PROGRESS: &str = "it is in progress";

/// Why more may have happened in a trace than its spans tell.
pub(super) fn unknown(trace: &Trace) -> Option<String> {
    if trace.info.state == TraceState::InProgress {
        Some(IN_PROGRESS.to_owned())
    } else {
        trace.lacks_spans().then(|| "spans of it are missing".to_owned())
    }
}

/// Why the number of LLM calls is unknown: agents of frameworks that record none (smolagents, CrewAI).
fn unseen_calls(trace: &Trace, usage: &TraceUsage) -> Option<String> {
    let has_calls = usage.rows.iter().any(|row| row.kind != RowKind::Remainder);
    let mut spans = trace.span_list().iter();
    let has_agent = spans.any(|span| span.usage_scope == UsageScope::UnseenCalls);
    (!has_calls && has_agent).then(|| "its calls of models are not recorded".to_owned())
}

/// All tokens of a trace. One without calls has used none.
fn tokens(trace: &Trace, usage: &TraceUsage) -> MeasuredValue {
    let least = usage.token_usage.as_ref().map(|usage| usage.weight() as f64);
    if usage.source == Some("recorded") && trace.info.state != TraceState::InProgress {
        return MeasuredValue { least, ..MeasuredValue::default() };
    }
    if let Some(conflict) = usage.conflict.as_ref().filter(|conflict| !conflict.is_decided) {
        let (one, other) = (least.unwrap_or(0.0), conflict.other.weight() as f64);
        let unknown = format!("its total may be {one} or {other} tokens");
        return MeasuredValue { least: Some(one.min(other)), most: Some(one.max(other)), unknown: Some(unknown) };
    }
    // An answered call used tokens: clients record 0 for a response without usage (the Agents SDK, streamed).
    let has_tokens = |row: &UsageRow| row.token_usage.as_ref().is_some_and(TokenUsage::has_tokens);
    let of_calls =
        || calls_without(trace, usage, &has_tokens, |span| span.usage().is_some_and(TokenUsage::has_tokens), "tokens");
    let recorded = trace.info.recorded_usage.as_ref().filter(|usage| least.is_none() && usage.has_tokens());
    let of_record = || recorded.map(|usage| format!("its record has {} tokens, its spans none", usage.weight()));
    let unknown = unknown(trace).or_else(of_calls).or_else(of_record);
    let unknown = unknown.or_else(|| unseen_calls(trace, usage).filter(|_| least.is_none()));
    // Of calls that failed nothing is known, which is not nothing.
    let is_none = unknown.is_none() && usage.rows.is_empty();
    MeasuredValue { least: least.or_else(|| is_none.then_some(0.0)), most: None, unknown }
}

/// The cost of all its tokens.
fn cost(trace: &Trace, usage: &TraceUsage) -> MeasuredValue {
    // Nobody is paid for asking; a cost below 0 is none.
    let least = usage.cost.and_then(|cost| cost.total_cost).filter(|cost| *cost >= 0.0);
    let tokens = tokens(trace, usage);
    let spans = trace.span_list();
    let mut models: Vec<&str> = usage.unpriced().filter_map(|row| row.model(spans)).collect();
    models.sort_unstable();
    models.dedup();
    let unpriced = || match (models.as_slice(), usage.unpriced().count()) {
        (_, 0) => None,
        ([], _) => Some("a call tells tokens and no model".to_owned()),
        (models, _) => Some(format!("no price is known of {}", models.join(", "))),
    };
    let is_free = tokens.unknown.is_none() && tokens.least.is_none_or(|count| count == 0.0);
    let no_cost = || (least.is_none() && !is_free).then(|| "no cost is known of its tokens".to_owned());
    let is_free_of_charge = |usage: &TokenUsage| !usage.has_tokens();
    let has_cost = |row: &UsageRow| row.cost.is_some() || row.token_usage.as_ref().is_some_and(is_free_of_charge);
    let of_calls = || calls_without(trace, usage, &has_cost, |span| span.cost.is_some(), "cost");
    let unknown = tokens.unknown.or_else(unpriced).or_else(of_calls).or_else(no_cost);
    MeasuredValue {
        least: least.or_else(|| tokens.least.filter(|_| unknown.is_none()).map(|_| 0.0)),
        most: None,
        unknown,
    }
}

/// Why a figure of successful model calls is unknown: neither they nor a span above them has it.
fn calls_without(
    trace: &Trace,
    usage: &TraceUsage,
    has: &dyn Fn(&UsageRow) -> bool,
    covers: fn(&Span) -> bool,
    what: &str,
) -> Option<String> {
    let spans = trace.spans.as_ref()?;
    let is_covered = have_above(&spans.nodes, |at| covers(&spans.list[at]));
    let is_unknown = |row: &&UsageRow| {
        let has_worked = row.spans.iter().any(|at| spans.list[*at].status != SpanStatus::Error);
        has_worked && !has(row) && !row.spans.first().is_some_and(|at| is_covered[*at])
    };
    let calls = usage.rows.iter().filter(|row| row.kind != RowKind::Remainder);
    match calls.filter(is_unknown).count() {
        0 => None,
        1 => Some(format!("1 model call has no recorded {what}")),
        count => Some(format!("{count} model calls have no recorded {what}")),
    }
}

/// Why a trace may have more tool calls than are recorded: models answered, and their answers were not recorded.
pub(super) fn unrecorded_tool_calls(trace: &Trace, reading: &Reading) -> Option<String> {
    let spans = trace.span_list();
    // Where tools have spans, each call has one.
    let has_tools = spans.iter().any(|span| span.span_type.is_tool());
    let is_unrecorded = |call: &&UsageRow| {
        if has_tools {
            return false;
        }
        let mut own = call.spans.iter().map(|at| &spans[*at]);
        own.clone().all(|span| !span.has_outputs) && own.any(|span| span.status != SpanStatus::Error)
    };
    let unnamed = reading.own_tool_calls().filter(|call| call.name.is_none()).count();
    let what = match (reading.usage.llm_calls().filter(is_unrecorded).count(), unnamed) {
        (0, 0) => return unknown(trace),
        (0, 1) => "a tool call has no name".to_owned(),
        (0, count) => format!("{count} tool calls have no name"),
        (1, _) => "the answer of 1 model call is not recorded".to_owned(),
        (count, _) => format!("the answers of {count} model calls are not recorded"),
    };
    unknown(trace).or(Some(what))
}

/// Which figure of many traces is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// That of each trace.
    Each,
    /// The sum.
    Total,
    /// The mean.
    Mean,
    /// A percentile.
    Percentile(u8),
}

impl Statistic {
    /// Reads `each`, `total`, `mean`, `p50`, `p90`, `p95`, `p99`.
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

    /// Its word.
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

    /// Whether every trace adds to it.
    pub(super) const fn is_sum(self) -> bool {
        matches!(self, Self::Total | Self::Mean)
    }
}

/// The figures of many traces.
#[derive(Debug, Default)]
pub(super) struct ValueSeries {
    all: Vec<f64>,
    /// Whether anything is known of any.
    is_known: bool,
    /// Whether something is unknown of some.
    is_open: bool,
}

impl ValueSeries {
    /// Adds a figure; one of which nothing is known counts as what it is at least, where there is such a bound.
    pub(super) fn add(&mut self, figure: &MeasuredValue, bound: Option<f64>) {
        self.is_known |= figure.least.is_some();
        self.is_open |= figure.unknown.is_some();
        self.all.extend(figure.least.or(bound));
    }

    /// A figure of them all, and whether nothing is missing of it. Where something is, it is the least that it can be.
    pub(super) fn over(&self, over: Statistic) -> (Option<f64>, bool) {
        let sum = || self.all.iter().sum::<f64>();
        let value = match over {
            // Of the one furthest beyond the limit a rule keeps track itself.
            Statistic::Each => None,
            Statistic::Total => Some(sum()),
            Statistic::Mean => Some(sum() / self.all.len() as f64),
            Statistic::Percentile(percent) => {
                let mut sorted = self.all.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                percentile(&sorted, f64::from(percent))
            }
        };
        (value.filter(|_| self.is_known), !self.is_open)
    }
}
