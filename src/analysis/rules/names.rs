//! Rules about spans or tool calls with a name.

use super::gaps::{unknown_reason, unrecorded_tool_calls};
use super::{FlagValues, MeasuredTrace, Observations, Phrases, RequiredData, Rule, RuleFlag};
use crate::query::Glob;
use crate::reading::ToolCall;
use std::sync::Arc;

/// What has the name that a rule is about.
#[derive(Debug)]
pub(super) struct Named {
    noun: &'static str,
    required_data: RequiredData,
    /// Returns the number of matches in a trace.
    count: fn(&MeasuredTrace<'_>, &Glob) -> usize,
    /// Returns why a trace may have more matches, if so.
    unknown_reason: fn(&MeasuredTrace<'_>) -> Option<String>,
}

/// Spans.
pub(super) static SPANS: Named = Named {
    noun: "spans",
    required_data: RequiredData::Spans,
    count: |trace, name| trace.trace.span_list().iter().filter(|span| name.matches(&span.name)).count(),
    unknown_reason: |trace| unknown_reason(trace.trace),
};

/// Tool calls, by the name of the tool or of the span.
pub(super) static TOOL_CALLS: Named = Named {
    noun: "tool calls",
    required_data: RequiredData::ToolCalls,
    count: |trace, name| {
        let spans = trace.trace.span_list();
        let is_match = |call: &&ToolCall| {
            let names = call.name.as_deref().into_iter().chain(call.span.map(|at| spans[at].name.as_str()));
            names.into_iter().any(|found| name.matches(found))
        };
        trace.reading.made_tool_calls().filter(is_match).count()
    },
    unknown_reason: |trace| unrecorded_tool_calls(trace.trace, trace.reading),
};

/// Which traces violate a rule about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Traces without a match.
    Required,
    /// Traces with a match.
    Forbidden,
}

/// Returns the flag of a rule about names.
pub(super) const fn name_flag(
    name: &'static str,
    help: &'static [&'static str],
    parse: fn(&str) -> Result<Arc<dyn Rule>, String>,
) -> RuleFlag {
    RuleFlag { name, value_name: "NAME", help, values: FlagValues::Many, parse, measure: None }
}

/// Creates a rule about names that match a pattern.
pub(super) fn name_rule(
    flag: &'static RuleFlag,
    presence: Presence,
    named: &'static Named,
    pattern: &str,
) -> Arc<dyn Rule> {
    Arc::new(NameRule { flag, presence, named, name: Glob::new(pattern) })
}

/// A rule about spans or tool calls with a name.
#[derive(Debug)]
struct NameRule {
    flag: &'static RuleFlag,
    presence: Presence,
    named: &'static Named,
    name: Glob,
}

impl Rule for NameRule {
    fn name(&self) -> &'static str {
        self.flag.name
    }

    fn subject(&self) -> Option<String> {
        Some(self.name.pattern())
    }

    fn observed(&self) -> &'static str {
        self.named.noun
    }

    fn required_data(&self) -> RequiredData {
        self.named.required_data
    }

    fn observe(&self, trace: &MeasuredTrace<'_>, seen: &mut Observations) {
        let count = (self.named.count)(trace, &self.name);
        if self.presence == Presence::Forbidden {
            seen.add_occurrences(trace, count, None, (self.named.unknown_reason)(trace));
        } else if count == 0 {
            match (self.named.unknown_reason)(trace) {
                Some(reason) => seen.add_unknown(trace, reason),
                None => seen.add_violation(trace),
            }
        }
    }

    fn phrases(&self) -> Phrases {
        match self.presence {
            Presence::Required => {
                Phrases { pass: "in every trace", fail: "missing in {traces}", ..Phrases::NO_OCCURRENCE }
            }
            Presence::Forbidden => Phrases::NO_OCCURRENCE,
        }
    }
}
