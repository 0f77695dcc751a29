//! What has to hold.

use super::measure::{Measure, Statistic};
use crate::query::Glob;
use std::collections::BTreeSet;

/// What has to hold.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What is looked at.
    pub test: RuleKind,
    /// The figure that it had in the baseline, where the rule comes from one.
    pub baseline: Option<f64>,
}

/// What a rule looks at.
#[derive(Clone, Debug)]
pub enum RuleKind {
    /// Every record can be read.
    Readable,
    /// So many traces at least.
    Traces(u64),
    /// A measure is at most so much.
    Most(Measure, Statistic, f64),
    /// At most this share of traces is in state ERROR.
    ErrorRate(f64),
    /// Nothing failed; `true` = nothing that was handed back to a model as text either.
    NoExceptions(bool),
    /// Nothing failed but what is known, by fingerprint.
    NoNewExceptions(BTreeSet<u64>),
    /// Each trace has a span, or a tool call, of this name.
    RequiredSpan(NamePattern),
    /// No trace has one.
    ForbiddenSpan(NamePattern),
    /// Feedback of this name is at least so much.
    Feedback(String, Statistic, f64),
}

/// Spans, or tool calls, by their name.
#[derive(Clone, Debug)]
pub struct NamePattern {
    /// The name, with wildcards.
    pub name: Glob,
    /// Whether tool calls are meant.
    pub is_tool: bool,
}

/// What has to be read of traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequiredData {
    /// Their records.
    Records,
    /// Their LLM calls.
    Spans,
    /// And their tool calls.
    ToolCalls,
    /// And the exceptions of these.
    Exceptions,
}

/// The unit of a value and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleUnit {
    /// Traces, calls, exceptions.
    Count,
    /// Tokens.
    Tokens,
    /// US dollars.
    Dollars,
    /// Milliseconds.
    Millis,
    /// Of 1.
    Share,
    /// A number of which only who gave it knows what it means.
    Score,
}

impl RuleKind {
    /// Its name: that of the flag.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::Traces(_) => "min-traces",
            Self::Most(measure, ..) => measure.rule(),
            Self::ErrorRate(_) => "max-error-rate",
            Self::NoExceptions(_) => "no-exceptions",
            Self::NoNewExceptions(_) => "no-new-exceptions",
            Self::RequiredSpan(NamePattern { is_tool: false, .. }) => "require-span",
            Self::RequiredSpan(NamePattern { is_tool: true, .. }) => "require-tool",
            Self::ForbiddenSpan(NamePattern { is_tool: false, .. }) => "forbid-span",
            Self::ForbiddenSpan(NamePattern { is_tool: true, .. }) => "forbid-tool",
            Self::Feedback(..) => "min-feedback",
        }
    }

    /// What it is about: the name of a span, tool or feedback.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::RequiredSpan(spans) | Self::ForbiddenSpan(spans) => Some(spans.name.text()),
            Self::Feedback(name, ..) => Some(name.clone()),
            Self::Readable
            | Self::Traces(_)
            | Self::Most(..)
            | Self::ErrorRate(_)
            | Self::NoExceptions(_)
            | Self::NoNewExceptions(_) => None,
        }
    }

    /// Which figure of many traces is compared; none where there is but one.
    #[must_use]
    pub const fn over(&self) -> Option<Statistic> {
        match self {
            Self::Most(_, over, _) | Self::Feedback(_, over, _) => Some(*over),
            _ => None,
        }
    }

    /// What the value must not be beyond.
    #[must_use]
    pub const fn limit(&self) -> f64 {
        match self {
            Self::Traces(least) => *least as f64,
            Self::Most(_, _, limit) | Self::ErrorRate(limit) | Self::Feedback(_, _, limit) => *limit,
            Self::Readable
            | Self::NoExceptions(_)
            | Self::NoNewExceptions(_)
            | Self::RequiredSpan(_)
            | Self::ForbiddenSpan(_) => 0.0,
        }
    }

    /// Whether the limit is the least and not the most.
    #[must_use]
    pub const fn is_least(&self) -> bool {
        matches!(self, Self::Traces(_) | Self::Feedback(..))
    }

    /// The unit of its values.
    #[must_use]
    pub const fn unit(&self) -> RuleUnit {
        match self {
            Self::Most(measure, ..) => measure.unit(),
            Self::ErrorRate(_) => RuleUnit::Share,
            Self::Feedback(..) => RuleUnit::Score,
            _ => RuleUnit::Count,
        }
    }

    /// What has to be read to answer it.
    #[must_use]
    pub const fn need(&self) -> RequiredData {
        match self {
            Self::Readable
            | Self::Traces(_)
            | Self::ErrorRate(_)
            | Self::Feedback(..)
            | Self::Most(Measure::Latency, ..) => RequiredData::Records,
            Self::Most(Measure::ToolCalls, ..)
            | Self::RequiredSpan(NamePattern { is_tool: true, .. })
            | Self::ForbiddenSpan(NamePattern { is_tool: true, .. }) => RequiredData::ToolCalls,
            Self::Most(..) | Self::RequiredSpan(_) | Self::ForbiddenSpan(_) => RequiredData::Spans,
            Self::NoExceptions(_) | Self::NoNewExceptions(_) => RequiredData::Exceptions,
        }
    }

    /// Whether a value is beyond the limit, by more than sums of floats differ.
    pub(super) fn is_broken_by(&self, value: f64) -> bool {
        let (limit, slack) = (self.limit(), self.limit().abs() * 1e-9);
        if self.is_least() { value < limit - slack } else { value > limit + slack }
    }
}
