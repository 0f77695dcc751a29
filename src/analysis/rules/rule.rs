//! Rules of `mltrace check`.

use super::measure::Measure;
use super::statistic::Statistic;
use crate::query::Glob;
use std::collections::BTreeSet;

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The condition.
    pub kind: RuleKind,
    /// The value in the baseline, if the rule comes from one.
    pub baseline: Option<f64>,
}

/// The condition of a rule.
#[derive(Clone, Debug)]
pub enum RuleKind {
    /// Every record can be read.
    Readable,
    /// There are at least this many traces.
    Traces(u64),
    /// A measure is at most this value.
    Max(&'static Measure, Statistic, f64),
    /// At most this share of traces has state ERROR.
    ErrorRate(f64),
    /// There are no exceptions; `true` = no failures returned as tool output either.
    NoExceptions(bool),
    /// There are no exceptions except those with these fingerprints.
    NoNewExceptions(BTreeSet<u64>),
    /// Each trace has a matching span or tool call.
    RequiredSpan(NamePattern),
    /// No trace has a matching span or tool call.
    ForbiddenSpan(NamePattern),
    /// Feedback with this name is at least this value.
    Feedback(String, Statistic, f64),
}

/// A pattern for names of spans or tool calls.
#[derive(Clone, Debug)]
pub struct NamePattern {
    /// The name, with wildcards.
    pub name: Glob,
    /// Whether it matches tool calls, and not spans.
    pub is_tool: bool,
}

/// The data of traces that a rule needs; each level includes the previous ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequiredData {
    /// Trace records.
    Records,
    /// Spans with their LLM calls.
    Spans,
    /// Tool calls.
    ToolCalls,
    /// Exceptions.
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
    /// A fraction from 0 to 1.
    Share,
    /// A number whose meaning depends on the feedback.
    Score,
}

impl RuleKind {
    /// Returns the name of the rule, which is that of the flag.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::Traces(_) => "min-traces",
            Self::Max(measure, ..) => measure.flag.name,
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

    /// Returns the name of the span, tool or feedback that the rule is about.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::RequiredSpan(spans) | Self::ForbiddenSpan(spans) => Some(spans.name.pattern()),
            Self::Feedback(name, ..) => Some(name.clone()),
            Self::Readable
            | Self::Traces(_)
            | Self::Max(..)
            | Self::ErrorRate(_)
            | Self::NoExceptions(_)
            | Self::NoNewExceptions(_) => None,
        }
    }

    /// Returns the statistic that is compared; `None` for rules without a choice.
    #[must_use]
    pub const fn statistic(&self) -> Option<Statistic> {
        match self {
            Self::Max(_, statistic, _) | Self::Feedback(_, statistic, _) => Some(*statistic),
            _ => None,
        }
    }

    /// Returns the limit.
    #[must_use]
    pub const fn limit(&self) -> f64 {
        match self {
            Self::Traces(min) => *min as f64,
            Self::Max(_, _, limit) | Self::ErrorRate(limit) | Self::Feedback(_, _, limit) => *limit,
            Self::Readable
            | Self::NoExceptions(_)
            | Self::NoNewExceptions(_)
            | Self::RequiredSpan(_)
            | Self::ForbiddenSpan(_) => 0.0,
        }
    }

    /// Whether the limit is a minimum, and not a maximum.
    #[must_use]
    pub const fn is_minimum(&self) -> bool {
        matches!(self, Self::Traces(_) | Self::Feedback(..))
    }

    /// Returns the unit of value and limit.
    #[must_use]
    pub const fn unit(&self) -> RuleUnit {
        match self {
            Self::Max(measure, ..) => measure.unit,
            Self::ErrorRate(_) => RuleUnit::Share,
            Self::Feedback(..) => RuleUnit::Score,
            _ => RuleUnit::Count,
        }
    }

    /// Returns the data that the rule needs.
    #[must_use]
    pub const fn required_data(&self) -> RequiredData {
        match self {
            Self::Readable | Self::Traces(_) | Self::ErrorRate(_) | Self::Feedback(..) => RequiredData::Records,
            Self::Max(measure, ..) => measure.required_data,
            Self::RequiredSpan(NamePattern { is_tool: true, .. })
            | Self::ForbiddenSpan(NamePattern { is_tool: true, .. }) => RequiredData::ToolCalls,
            Self::RequiredSpan(_) | Self::ForbiddenSpan(_) => RequiredData::Spans,
            Self::NoExceptions(_) | Self::NoNewExceptions(_) => RequiredData::Exceptions,
        }
    }

    /// Whether a value violates the limit by more than the rounding error of sums.
    pub(super) fn is_violated_by(&self, value: f64) -> bool {
        let (limit, slack) = (self.limit(), self.limit().abs() * 1e-9);
        if self.is_minimum() { value < limit - slack } else { value > limit + slack }
    }
}
