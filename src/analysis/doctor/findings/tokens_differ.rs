//! Traces whose recorded tokens differ from those of their spans.

use crate::analysis::doctor::{FindingKind, Message, Severity, explain_usage};
use crate::number;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "tokens_differ",
    severity: Severity::Warning,
    message: Message::Counted(
        "{} trace has a token total that differs from its spans",
        "{} traces have token totals that differ from their spans",
    ),
    meaning: "The token total that MLflow stored is not the sum of the spans. If it is higher, a span and a span \
              inside it have the same tokens and both were counted, as MLflow up to 3.4 may do, and databases and \
              servers up to 3.14; if it is lower, some were left out. MLflow's own lists and charts show the stored \
              total.",
    remedy: "use the tokens of `mltrace usage TRACE`, which come from the spans",
    command: explain_usage,
    in_spans: |trace, finding| {
        // Tokens that mltrace derived are not in MLflow's totals, so the totals cannot be compared.
        if let (Some(counted), Some(recorded)) = (&trace.usage.token_usage, &trace.info.recorded_usage)
            && !trace.trace.is_incomplete()
            && counted.counts() != recorded.counts()
            && !trace.usage.rows.iter().any(|row| row.is_derived)
        {
            finding.add_trace(&trace.info.trace_id, [difference(recorded.counts(), counted.counts())]);
        }
    },
    ..FindingKind::NONE
};

/// Input, output and total tokens, as far as known.
type Tokens = (Option<i64>, Option<i64>, Option<i64>);

fn difference(recorded: Tokens, spans: Tokens) -> String {
    let known = number::count_or_dash;
    if recorded.2 != spans.2 {
        return format!("{} tokens recorded, {} in the spans", known(recorded.2), known(spans.2));
    }
    let all = |(input, output, total): Tokens| {
        format!("{} in, {} out, {} in total", known(input), known(output), known(total))
    };
    format!("tokens recorded: {}; in the spans: {}", all(recorded), all(spans))
}
