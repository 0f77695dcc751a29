//! The words in which all reports tell the same.

use super::Checked;
use crate::analyze::gate::{Finding, Over, Test, Unit, Verdict};
use crate::model::Cost;
use crate::render::number;

/// How many rules came out how.
pub(super) fn heading(checked: &Checked) -> String {
    let count = |count: u64, what: &str| {
        let several = if count == 1 { "" } else { "s" };
        format!("{} {what}{several}", number::count(count.cast_signed()))
    };
    let parts =
        [(Verdict::Kept, "kept"), (Verdict::Broken, "broken"), (Verdict::Unanswered, "that cannot be answered")]
            .map(|(verdict, word)| (checked.count(verdict), word));
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let rules = count(checked.findings.len() as u64, "rule");
    format!("{}, {rules}: {}", count(checked.traces, "trace"), parts.join(", "))
}

/// A rule as its flag names it: `max-tokens p95`, `require-tool search*`.
pub(super) fn rule(finding: &Finding) -> String {
    let test = &finding.rule.test;
    let over = test.over().filter(|over| *over != Over::Each || matches!(test, Test::Feedback(..))).map(Over::as_str);
    let parts = [Some(test.name().to_owned()), test.subject(), over.map(str::to_owned)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A figure with its unit.
pub(super) fn number_of(unit: Unit, figure: f64) -> Option<String> {
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
        Unit::Count | Unit::Tokens => Some(decimals(figure, 2)),
        Unit::Dollars => number::cost(&Cost::recorded(None, None, Some(figure))?),
        Unit::Millis => Some(number::duration((figure * 1e6) as i64)),
        Unit::Share => Some(number::percent(figure)),
        Unit::Score => Some(decimals(figure, 3)),
    }
}

/// What was compared; of a rule that was not answered, what it is at least.
pub(super) fn value(finding: &Finding) -> Option<String> {
    number_of(finding.rule.test.unit(), finding.value?)
}

/// The limit, with its direction.
pub(super) fn limit(finding: &Finding, is_unicode: bool) -> String {
    let test = &finding.rule.test;
    let sign = match (test.is_least(), is_unicode) {
        (true, true) => "≥",
        (true, false) => ">=",
        (false, true) => "≤",
        (false, false) => "<=",
    };
    format!("{sign} {}", number_of(test.unit(), test.limit()).unwrap_or_default())
}

/// What came of a rule, in a line.
pub(super) fn message(finding: &Finding) -> String {
    let test = &finding.rule.test;
    let number = |figure: f64| number_of(test.unit(), figure).unwrap_or_default();
    let (bound, beyond) = if test.is_least() { ("at least", "less than") } else { ("at most", "more than") };
    let limit = number(test.limit());
    let baseline = finding.rule.baseline.map(|figure| format!(" (baseline {})", number(figure))).unwrap_or_default();
    let value = value(finding);
    let what = value.as_deref().unwrap_or("no traces");
    let traces = |count: u64| {
        if count == 1 { "1 trace".to_owned() } else { format!("{} traces", number::count(count.cast_signed())) }
    };
    let of = traces(finding.count);
    let said = match (finding.verdict, test) {
        (Verdict::Kept, _) => format!("{what}, {bound} {limit}{baseline}"),
        (Verdict::Unanswered, Test::Readable) => format!("{what} could not be read, and may break any rule"),
        (Verdict::Unanswered, _) if finding.count == 0 => {
            format!("nothing was recorded of it, {bound} {limit}{baseline}")
        }
        (Verdict::Unanswered, _) => format!("{of} cannot tell, {bound} {limit}{baseline}"),
        (Verdict::Broken, Test::RequiredSpan(_)) => format!("{of} without it"),
        (Verdict::Broken, Test::ForbiddenSpan(_) | Test::NoExceptions(_)) => format!("{what} in {of}"),
        (Verdict::Broken, Test::NoNewExceptions(_)) => format!("{what} in {of} that the baseline has not"),
        (Verdict::Broken, _) => format!("{what} is {beyond} {limit}{baseline}"),
    };
    match finding.silent {
        silent if silent > 0 && finding.verdict == Verdict::Broken => format!("{said}; {} cannot tell", traces(silent)),
        _ => said,
    }
}
