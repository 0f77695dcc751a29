//! Texts that every report of `mltrace check` uses.

use super::CheckResult;
use crate::analysis::gate::{Evidence, RuleKind, RuleResult, RuleUnit, Statistic, Verdict};
use crate::model::Cost;
use crate::output::number;

/// The counts of traces, rules and verdicts: `13 traces, 2 rules: 1 passed, 1 failed`.
pub(super) fn heading(checked: &CheckResult) -> String {
    let count = |count: u64, what: &str| {
        let several = if count == 1 { "" } else { "s" };
        format!("{} {what}{several}", number::count(count.cast_signed()))
    };
    let parts = [(Verdict::Pass, "passed"), (Verdict::Fail, "failed"), (Verdict::Unknown, "unknown")]
        .map(|(verdict, word)| (checked.count(verdict), word));
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let rules = count(checked.findings.len() as u64, "rule");
    format!("{}, {rules}: {}", count(checked.traces, "trace"), parts.join(", "))
}

/// A rule as its flag names it: `max-tokens p95`, `require-tool search*`.
pub(super) fn rule(finding: &RuleResult) -> String {
    let test = &finding.rule.test;
    let over = test
        .over()
        .filter(|over| *over != Statistic::Each || matches!(test, RuleKind::Feedback(..)))
        .map(Statistic::as_str);
    let parts = [Some(test.name().to_owned()), test.subject(), over.map(str::to_owned)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A figure with its unit.
pub(super) fn number_of(unit: RuleUnit, figure: f64) -> Option<String> {
    let decimals = |figure: f64, most: usize| {
        let text = format!("{:.most$}", figure.abs());
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let rest = rest.trim_end_matches('0');
        let sign = if figure < 0.0 { "-" } else { "" };
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{}{point}{rest}", whole.parse().map_or_else(|_| whole.to_owned(), number::count))
    };
    match unit {
        // Means of counts have a fraction.
        RuleUnit::Count | RuleUnit::Tokens => Some(decimals(figure, 2)),
        RuleUnit::Dollars => number::cost(&Cost::recorded(None, None, Some(figure))?),
        RuleUnit::Millis => Some(number::duration((figure * 1e6) as i64)),
        RuleUnit::Share => Some(number::percent(figure)),
        RuleUnit::Score => Some(decimals(figure, 3)),
    }
}

/// A value with all its digits, for one that would read like its limit when rounded.
fn exactly(unit: RuleUnit, figure: f64) -> String {
    match unit {
        RuleUnit::Count | RuleUnit::Tokens | RuleUnit::Score => figure.to_string(),
        RuleUnit::Dollars => format!("${figure}"),
        RuleUnit::Millis => format!("{figure} ms"),
        RuleUnit::Share => format!("{} %", figure * 100.0),
    }
}

/// A value and the limit of its rule, with more digits where a failing value would read like its limit.
fn value_and_limit(finding: &RuleResult) -> (Option<String>, String) {
    let test = &finding.rule.test;
    let (unit, limit) = (test.unit(), test.limit());
    let short = |figure: f64| number_of(unit, figure).unwrap_or_default();
    match finding.value {
        Some(value) if finding.verdict == Verdict::Fail && short(value) == short(limit) => {
            (Some(exactly(unit, value)), exactly(unit, limit))
        }
        value => (value.map(short), short(limit)),
    }
}

/// The value that was compared, after `≥` if the rule is unknown and the value can only be greater.
pub(super) fn value(finding: &RuleResult, is_unicode: bool) -> Option<String> {
    let value = value_and_limit(finding).0?;
    let is_bound = finding.verdict == Verdict::Unknown && !finding.rule.test.is_least();
    Some(if is_bound { format!("{} {value}", sign(true, is_unicode)) } else { value })
}

const fn sign(is_least: bool, is_unicode: bool) -> &'static str {
    match (is_least, is_unicode) {
        (true, true) => "≥",
        (true, false) => ">=",
        (false, true) => "≤",
        (false, false) => "<=",
    }
}

/// The limit, with its direction.
pub(super) fn limit(finding: &RuleResult, is_unicode: bool) -> String {
    format!("{} {}", sign(finding.rule.test.is_least(), is_unicode), value_and_limit(finding).1)
}

/// Evidence on one line.
pub(super) fn evidence(finding: &RuleResult, one: &Evidence) -> String {
    let figure = one.value.and_then(|figure| number_of(finding.rule.test.unit(), figure));
    [one.trace_id.clone(), figure, one.text.clone()].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// The result of a rule on one line.
pub(super) fn message(finding: &RuleResult) -> String {
    let test = &finding.rule.test;
    let (value, limit) = value_and_limit(finding);
    let what = value.as_deref().unwrap_or("no traces");
    let traces = |count: u64| match count {
        1 => "1 trace".to_owned(),
        count => format!("{} traces", number::count(count.cast_signed())),
    };
    let of = traces(finding.count);
    let baseline = finding.rule.baseline.and_then(|figure| number_of(test.unit(), figure));
    let baseline = baseline.map(|figure| format!(" (baseline {figure})")).unwrap_or_default();
    let (bound, beyond) = if test.is_least() { ("at least", "less than") } else { ("at most", "more than") };
    let is_of_none = matches!(
        test,
        RuleKind::RequiredSpan(_)
            | RuleKind::ForbiddenSpan(_)
            | RuleKind::NoExceptions(_)
            | RuleKind::NoNewExceptions(_)
    );
    let result = match (finding.verdict, test) {
        (Verdict::Pass, RuleKind::RequiredSpan(_)) => "in every trace".to_owned(),
        (Verdict::Pass, _) if is_of_none => "none".to_owned(),
        (Verdict::Pass, _) => format!("{what}, {bound} {limit}{baseline}"),
        (Verdict::Unknown, RuleKind::Readable) => "records that could not be read may violate any rule".to_owned(),
        (Verdict::Unknown, _) if finding.count == 0 => {
            format!("no value recorded; limit: {bound} {limit}{baseline}")
        }
        (Verdict::Unknown, _) if is_of_none => format!("unknown for {of}"),
        (Verdict::Unknown, _) => format!("unknown for {of}; limit: {bound} {limit}{baseline}"),
        (Verdict::Fail, RuleKind::RequiredSpan(_)) => format!("missing in {of}"),
        (Verdict::Fail, RuleKind::NoNewExceptions(_)) => format!("{what} in {of}, not in the baseline"),
        (Verdict::Fail, _) if is_of_none => format!("{what} in {of}"),
        (Verdict::Fail, _) => format!("{what} is {beyond} {limit}{baseline}"),
    };
    match finding.unknown_count {
        count if count > 0 && finding.verdict == Verdict::Fail => format!("{result}; unknown for {}", traces(count)),
        _ => result,
    }
}
