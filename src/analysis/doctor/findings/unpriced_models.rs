//! Models without a known price.

use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::number;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "unpriced_models",
    severity: Severity::Hint,
    message: Message::Counted("{} model has no known price", "{} models have no known price"),
    meaning: "MLflow recorded tokens but no cost, and mltrace's price table has no price. The cost is excluded from \
              totals.",
    remedy: "write the prices to a file, using those of a known model as a template, and pass it with --prices",
    command: |_, _| Some("mltrace prices gpt-4o-mini --json > prices.json".to_owned()),
    in_spans: |trace, finding| {
        for model in trace.usage.unpriced_rows().filter_map(|row| row.model(&trace.spans.list)) {
            *finding.tally.entry(model.to_owned()).or_default() += 1;
        }
    },
    in_store: |_, finding| {
        let mut models: Vec<(String, u64)> = std::mem::take(&mut finding.tally).into_iter().collect();
        models.sort_by(|(a, a_calls), (b, b_calls)| b_calls.cmp(a_calls).then_with(|| a.cmp(b)));
        finding.add_others(models.len() as u64, models.iter().map(|(model, calls)| fact(model, *calls)));
    },
    ..FindingKind::NONE
};

fn fact(model: &str, calls: u64) -> String {
    let s = if calls == 1 { "" } else { "s" };
    format!("{model}: {} call{s}", number::count(calls.cast_signed()))
}
