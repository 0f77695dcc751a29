//! What is measured of a trace, and the figures that many traces have together.

use super::{Need, Unit};
use crate::analyze::stats::percentile;
use crate::analyze::usage::TraceUsage;
use crate::model::{Assessment, Span, SpanStatus, Trace, TraceState, have_above, have_below};

/// What is measured of each trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Tokens of all its calls.
    Tokens,
    /// Their cost in US dollars.
    Cost,
    /// How long it took, in milliseconds.
    Latency,
    /// Calls of language models; one within another is none of its own.
    LlmCalls,
    /// Spans of type TOOL.
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

    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::Tokens => Unit::Tokens,
            Self::Cost => Unit::Dollars,
            Self::Latency => Unit::Millis,
            Self::LlmCalls | Self::ToolCalls => Unit::Count,
        }
    }

    pub(super) const fn need(self) -> Need {
        match self {
            Self::Latency => Need::Records,
            Self::Tokens | Self::Cost | Self::LlmCalls | Self::ToolCalls => Need::Spans,
        }
    }

    /// The figure of a trace.
    pub(super) fn of(self, trace: &Trace, usage: &TraceUsage) -> Figure {
        let count = |count: usize| Figure { least: Some(count as f64), unknown: unknown(trace) };
        match self {
            Self::Tokens => tokens(trace, usage),
            Self::Cost => cost(trace, usage),
            Self::Latency => {
                let (took, is_open) = (trace.info.execution_duration_ms, trace.info.state == TraceState::InProgress);
                let why = if is_open { IN_PROGRESS } else { "its duration is not recorded" };
                Figure {
                    least: took.map(|millis| millis as f64),
                    unknown: (is_open || took.is_none()).then(|| why.to_owned()),
                }
            }
            Self::LlmCalls => count(llm_calls(trace)),
            Self::ToolCalls => count(trace.span_list().iter().filter(|span| span.span_type.is_tool()).count()),
        }
    }
}

/// A figure of a trace.
#[derive(Clone, Debug, Default)]
pub(super) struct Figure {
    /// What it is at least, where anything is known of it; exactly that, where nothing is unknown.
    pub(super) least: Option<f64>,
    /// Why it is not known exactly.
    pub(super) unknown: Option<String>,
}

impl Figure {
    /// A judgement as a number: yes is 1, no is 0 (MLflow 3 `genai/judges`, `CategoricalRating`).
    pub(super) fn of_feedback(feedback: &Assessment) -> Self {
        let Some(value) = feedback.value.as_ref().filter(|value| !value.is_null()) else {
            return Self { least: None, unknown: Some("the judge failed".to_owned()) };
        };
        let text = value.display();
        let number = match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "pass" => Some(1.0),
            "false" | "no" | "fail" => Some(0.0),
            _ => value.as_f64(),
        };
        let why = || format!("`{text:.40}` is no number, and neither yes nor no");
        Self { least: number, unknown: number.is_none().then(why) }
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

/// All tokens of a trace. One without calls has used none.
fn tokens(trace: &Trace, usage: &TraceUsage) -> Figure {
    let least = usage.token_usage.as_ref().map(|usage| usage.weight() as f64);
    if usage.source == Some("recorded") && trace.info.state != TraceState::InProgress {
        return Figure { least, unknown: None };
    }
    let of_calls = || silent_calls(trace, &|span| span.usage().is_some(), "tokens");
    let recorded = trace.info.recorded_usage.as_ref().filter(|usage| least.is_none() && usage.has_tokens());
    let of_record = || recorded.map(|usage| format!("its record tells {} tokens, its spans none", usage.weight()));
    let unknown = unknown(trace).or_else(of_calls).or_else(of_record);
    Figure { least: least.or_else(|| unknown.is_none().then_some(0.0)), unknown }
}

/// The cost of all its tokens.
fn cost(trace: &Trace, usage: &TraceUsage) -> Figure {
    // Nobody is paid for asking; a cost below 0 is none.
    let least = usage.cost.and_then(|cost| cost.total_cost).filter(|cost| *cost >= 0.0);
    let tokens = tokens(trace, usage);
    let spans = trace.span_list();
    let mut models: Vec<&str> = usage.unpriced.iter().filter_map(|at| spans[*at].model.as_deref()).collect();
    models.sort_unstable();
    models.dedup();
    let unpriced = || match (models.as_slice(), usage.unpriced.len()) {
        (_, 0) => None,
        ([], _) => Some("a call tells tokens and no model".to_owned()),
        (models, _) => Some(format!("no price is known of {}", models.join(", "))),
    };
    let is_free = tokens.least == Some(0.0);
    let no_cost = || (least.is_none() && !is_free).then(|| "no cost is known of its tokens".to_owned());
    let has_cost = |span: &Span| span.cost.is_some() || span.usage().is_some_and(|usage| !usage.has_tokens());
    let of_calls = || silent_calls(trace, &has_cost, "cost");
    let unknown = tokens.unknown.or_else(unpriced).or_else(of_calls).or_else(no_cost);
    Figure { least: least.or_else(|| unknown.is_none().then_some(0.0)), unknown }
}

/// Calls of models with none above them.
fn llm_calls(trace: &Trace) -> usize {
    let Some(spans) = &trace.spans else { return 0 };
    let is_call = |at: usize| spans.list[at].span_type.is_llm();
    let called_above = have_above(&spans.nodes, is_call);
    (0..spans.list.len()).filter(|at| is_call(*at) && !called_above[*at]).count()
}

/// Why something is not known of calls of models that worked: neither they nor spans above or below them tell it.
fn silent_calls(trace: &Trace, tells: &dyn Fn(&Span) -> bool, what: &str) -> Option<String> {
    let spans = trace.spans.as_ref()?;
    let tells = |at: usize| tells(&spans.list[at]);
    let is_call = |at: usize| spans.list[at].span_type.is_llm() || spans.list[at].model.is_some();
    let (told_above, told_below) = (have_above(&spans.nodes, tells), have_below(&spans.nodes, tells));
    let called_above = have_above(&spans.nodes, is_call);
    let is_told = |at: usize| tells(at) || told_above[at] || told_below[at];
    let has_worked = |at: usize| spans.list[at].status != SpanStatus::Error;
    let silent =
        (0..spans.list.len()).filter(|at| is_call(*at) && !called_above[*at] && has_worked(*at) && !is_told(*at));
    match silent.count() {
        0 => None,
        1 => Some(format!("a call of a model tells no {what}")),
        count => Some(format!("{count} calls of models tell no {what}")),
    }
}

/// Which figure of many traces is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// That of each trace.
    Each,
    /// The sum.
    Total,
    /// The mean.
    Mean,
    /// A percentile.
    Percentile(u8),
}

impl Over {
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
pub(super) struct Values {
    all: Vec<f64>,
    /// Whether anything is known of any.
    is_known: bool,
    /// Whether something is unknown of some.
    is_open: bool,
}

impl Values {
    /// Adds a figure; one of which nothing is known counts as what it is at least, where there is such a bound.
    pub(super) fn add(&mut self, figure: &Figure, bound: Option<f64>) {
        self.is_known |= figure.least.is_some();
        self.is_open |= figure.unknown.is_some();
        self.all.extend(figure.least.or(bound));
    }

    /// A figure of them all, and whether nothing is missing of it. Where something is, it is the least that it can be.
    pub(super) fn over(&self, over: Over) -> (Option<f64>, bool) {
        let sum = || self.all.iter().sum::<f64>();
        let value = match over {
            // Of the one furthest beyond the limit a rule keeps track itself.
            Over::Each => None,
            Over::Total => Some(sum()),
            Over::Mean => Some(sum() / self.all.len() as f64),
            Over::Percentile(percent) => {
                let mut sorted = self.all.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                percentile(&sorted, f64::from(percent))
            }
        };
        (value.filter(|_| self.is_known), !self.is_open)
    }
}
