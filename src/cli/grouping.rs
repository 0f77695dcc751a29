//! What the commands that tell figures in groups share.

use crate::analysis::key::GroupKey;
use crate::cli::context::Context;
use crate::model::Cost;
use crate::output::{Format, number};
use crate::query::Label;
use crate::store::Projection;
use std::collections::HashMap;

/// The tags and entries of the metadata that keys look at.
pub(crate) fn labels(keys: &[GroupKey]) -> Vec<Label> {
    let label = |(is_tag, key): (bool, &str)| {
        if is_tag { Label::Tag(key.to_owned()) } else { Label::Metadata(key.to_owned()) }
    };
    keys.iter().filter_map(GroupKey::label).map(label).collect()
}

/// What to load of traces whose calls are grouped: agents may be known from messages only.
pub(crate) fn need(keys: &[GroupKey]) -> Projection {
    if keys.contains(&GroupKey::Agent) { Projection::Full } else { Projection::Calls }
}

/// Says how many groups are left out, where no row stands for them.
pub(crate) fn tell_others(cx: &Context, shown: usize, others: usize) {
    if others > 0 && matches!(cx.output.format, Format::Jsonl | Format::Csv | Format::Ids) {
        cx.note(&format!("{shown} of {} groups shown; -n or --all shows more", shown + others));
    }
}

/// So many models without a price are named.
const MOST_MODELS: usize = 3;

/// Says of which models no price is known, and whether the costs of some calls are calculated.
pub(crate) fn tell_cost<'a>(cx: &Context, cost: Option<&Cost>, unpriced: impl Iterator<Item = (Option<&'a str>, u64)>) {
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
    let named: Vec<String> = models.iter().take(MOST_MODELS).map(|(model, _)| format!("`{model}`")).collect();
    let more =
        if models.len() > MOST_MODELS { format!(" and {} more", models.len() - MOST_MODELS) } else { String::new() };
    let calls = |count: u64| {
        if count == 1 { "1 call".to_owned() } else { format!("{} calls", number::count(count.cast_signed())) }
    };
    if !models.is_empty() {
        let all = models.iter().map(|(_, count)| count).sum();
        cx.note(&format!(
            "no price is known of {}{more}: the cost of {} is unknown and in no sum",
            named.join(", "),
            calls(all)
        ));
    }
    if without_model > 0 {
        let calls = calls(without_model);
        cx.note(&format!("no model is recorded for {calls} with tokens: their cost is unknown and in no sum"));
    }
    if cost.is_some_and(|cost| cost.source == "calculated") && cx.output.format == Format::Table {
        cx.note("costs with ~ are calculated, all or in part; `mltrace prices MODEL` shows from what");
    }
}
