//! What the commands that group figures (`usage`, `stats`) share.

use crate::analysis::key::GroupKey;
use crate::cli::context::Context;
use crate::model::Cost;
use crate::number;
use crate::query::Label;
use crate::store::SpanDetail;
use std::collections::HashMap;

/// Returns the tags and metadata that the keys group by.
pub(crate) fn labels(keys: &[GroupKey]) -> Vec<Label> {
    let label = |(is_tag, key): (bool, &str)| {
        if is_tag { Label::Tag(key.to_owned()) } else { Label::Metadata(key.to_owned()) }
    };
    keys.iter().filter_map(GroupKey::label).map(label).collect()
}

/// Returns how much of each span to load to group calls by these keys. Agents may be named in messages only.
pub(crate) fn span_detail(keys: &[GroupKey]) -> SpanDetail {
    if keys.contains(&GroupKey::Agent) { SpanDetail::All } else { SpanDetail::Calls }
}

/// Notes how many groups are not shown, in formats without a row for the others.
pub(crate) fn note_hidden_groups(cx: &Context, shown: usize, others: usize) {
    if others > 0 && cx.output.has_items_only() {
        cx.note(&format!("showing {shown} of {} groups (use -n or --all)", shown + others));
    }
}

/// Maximum number of models without a price that are named.
const MAX_MODELS: usize = 3;

/// Notes which models have no price, and whether costs are calculated. `unpriced` holds model and number of calls.
pub(crate) fn note_cost<'a>(cx: &Context, cost: Option<&Cost>, unpriced: impl Iterator<Item = (Option<&'a str>, u64)>) {
    let mut by_model: HashMap<&str, u64> = HashMap::new();
    let mut without_model = 0;
    for (model, count) in unpriced {
        match model {
            Some(model) => *by_model.entry(model).or_default() += count,
            None => without_model += count,
        }
    }
    let mut models: Vec<(&str, u64)> = by_model.into_iter().collect();
    models.sort_by_key(|(model, count)| (std::cmp::Reverse(*count), *model));
    let named: Vec<String> = models.iter().take(MAX_MODELS).map(|(model, _)| format!("`{model}`")).collect();
    let more =
        if models.len() > MAX_MODELS { format!(" and {} more", models.len() - MAX_MODELS) } else { String::new() };
    let calls = |count: u64| {
        if count == 1 { "1 call".to_owned() } else { format!("{} calls", number::count(count.cast_signed())) }
    };
    if !models.is_empty() {
        let all = models.iter().map(|(_, count)| count).sum();
        cx.note(&format!(
            "no price for {}{more}; the cost of {} is unknown and excluded",
            named.join(", "),
            calls(all)
        ));
    }
    if without_model > 0 {
        let (have, their) = if without_model == 1 { ("has", "its") } else { ("have", "their") };
        let calls = calls(without_model);
        cx.note(&format!("{calls} with tokens {have} no model; {their} cost is unknown and excluded"));
    }
    if cost.is_some_and(|cost| cost.source == "calculated") {
        cx.note_for_people(
            "costs with ~ are calculated, in whole or in part, from the prices of `mltrace prices MODEL`",
        );
    }
}
