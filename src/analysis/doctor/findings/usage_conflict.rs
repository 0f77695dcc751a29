//! Traces with a span whose tokens differ from those of the calls below it, where it is unknown which are right.

use crate::analysis::doctor::{FindingKind, Message, Severity, explain_usage};
use crate::number::count_or_dash;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "usage_conflict",
    severity: Severity::Warning,
    message: Message::Counted("{} trace has two token totals", "{} traces have two token totals"),
    meaning: "The tokens of a span differ from the sum of the model calls below it, although each call has tokens: the \
              span may include earlier turns, or calls that were not traced.",
    remedy: "compare both totals with the provider's bill",
    command: explain_usage,
    in_spans: |trace, finding| {
        if let Some(conflict) = trace.usage.conflict.as_ref().filter(|conflict| !conflict.is_resolved) {
            let shown = trace.usage.token_usage.as_ref().and_then(|usage| usage.counts().2);
            let (shown, calls) = (count_or_dash(shown), count_or_dash(conflict.other.counts().2));
            finding.add_trace(&trace.info.trace_id, [format!("{shown} tokens in the span, {calls} in the calls")]);
        }
    },
    ..FindingKind::NONE
};
