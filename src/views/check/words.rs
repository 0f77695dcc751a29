//! Texts shared by all reports of `mltrace check`.

use super::CheckResult;
use crate::analysis::rules::{Evidence, Limit, RuleResult, RuleUnit, Verdict};
use crate::model::Cost;
use crate::number;

/// Formats the counts of traces, rules and verdicts: `13 traces, 2 rules: 1 passed, 1 failed`.
pub(super) fn heading(checked: &CheckResult) -> String {
    let count = |count: u64, noun: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{} {noun}{plural}", number::count(count.cast_signed()))
    };
    let parts = [(Verdict::Pass, "passed"), (Verdict::Fail, "failed"), (Verdict::Unknown, "unknown")]
        .map(|(verdict, word)| (checked.count(verdict), word));
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let rules = count(checked.results.len() as u64, "rule");
    format!("{}, {rules}: {}", count(checked.traces, "trace"), parts.join(", "))
}

/// Formats a value with its unit.
pub(super) fn format_value(unit: RuleUnit, value: f64) -> Option<String> {
    let decimals = |value: f64, max_decimals: usize| {
        let text = format!("{:.max_decimals$}", value.abs());
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let rest = rest.trim_end_matches('0');
        let sign = if value < 0.0 { "-" } else { "" };
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{}{point}{rest}", whole.parse().map_or_else(|_| whole.to_owned(), number::count))
    };
    match unit {
        // The mean of counts may have a fraction.
        RuleUnit::Count | RuleUnit::Tokens => Some(decimals(value, 2)),
        RuleUnit::Dollars => number::cost(&Cost::recorded(None, None, Some(value))?),
        RuleUnit::Millis => Some(number::duration((value * 1e6) as i64)),
        RuleUnit::Share => Some(number::percent(value)),
        RuleUnit::Score => Some(decimals(value, 3)),
    }
}

/// Formats a value with all digits, for one that rounds to its limit.
fn format_exact(unit: RuleUnit, value: f64) -> String {
    match unit {
        RuleUnit::Count | RuleUnit::Tokens | RuleUnit::Score => value.to_string(),
        RuleUnit::Dollars => format!("${value}"),
        RuleUnit::Millis => format!("{value} ms"),
        RuleUnit::Share => format!("{} %", value * 100.0),
    }
}

/// Formats the value and limit of a rule, with all digits if a failing value rounds to its limit.
fn value_and_limit(finding: &RuleResult) -> (Option<String>, String) {
    let Limit { unit, value: limit, .. } = finding.rule.limit();
    let short = |value: f64| format_value(unit, value).unwrap_or_default();
    match finding.value {
        Some(value) if finding.verdict == Verdict::Fail && short(value) == short(limit) => {
            (Some(format_exact(unit, value)), format_exact(unit, limit))
        }
        value => (value.map(short), short(limit)),
    }
}

/// Formats the value, after `≥` if the rule is unknown and the value can only be greater.
pub(super) fn value(finding: &RuleResult, is_unicode: bool) -> Option<String> {
    let value = value_and_limit(finding).0?;
    let is_bound = finding.verdict == Verdict::Unknown && !finding.rule.limit().is_minimum;
    Some(if is_bound { format!("{} {value}", sign(true, is_unicode)) } else { value })
}

const fn sign(is_minimum: bool, is_unicode: bool) -> &'static str {
    match (is_minimum, is_unicode) {
        (true, true) => "≥",
        (true, false) => ">=",
        (false, true) => "≤",
        (false, false) => "<=",
    }
}

/// Formats the limit after `≥` or `≤`.
pub(super) fn limit(finding: &RuleResult, is_unicode: bool) -> String {
    format!("{} {}", sign(finding.rule.limit().is_minimum, is_unicode), value_and_limit(finding).1)
}

/// Formats evidence on one line.
pub(super) fn evidence(finding: &RuleResult, evidence: &Evidence) -> String {
    let value = evidence.value.and_then(|value| format_value(finding.rule.limit().unit, value));
    [evidence.trace_id.clone(), value, evidence.text.clone()].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// Formats the result of a rule on one line.
pub(super) fn message(finding: &RuleResult) -> String {
    let rule_limit = finding.rule.limit();
    let (value, limit) = value_and_limit(finding);
    let traces = |count: u64| match count {
        1 => "1 trace".to_owned(),
        count => format!("{} traces", number::count(count.cast_signed())),
    };
    let baseline = rule_limit.baseline.and_then(|value| format_value(rule_limit.unit, value));
    let baseline = baseline.map(|value| format!(" (baseline {value})")).unwrap_or_default();
    let (bound, excess) = if rule_limit.is_minimum { ("at least", "less than") } else { ("at most", "more than") };
    let result = finding
        .phrase()
        .replace("{value}", value.as_deref().unwrap_or("no traces"))
        .replace("{observed}", finding.rule.observed())
        .replace("{traces}", &traces(finding.count))
        .replace("{bound}", &format!("{bound} {limit}{baseline}"))
        .replace("{excess}", &format!("{excess} {limit}{baseline}"));
    match finding.unknown_count {
        count if count > 0 && finding.verdict == Verdict::Fail => {
            let reason = finding.unknown_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            format!("{result}; {} of {} unknown{reason}", finding.rule.observed(), traces(count))
        }
        _ => result,
    }
}
