//! Parsing of limits.

use super::values::Statistic;

/// Parses `5000` or `p95=5000`. `default` is the statistic if none is given, `expected` describes a valid number.
pub(super) fn parse_limit(
    text: &str,
    default: Statistic,
    number: impl Fn(&str) -> Option<f64>,
    expected: &str,
) -> Result<(Statistic, f64), String> {
    let (statistic, rest) = match text.split_once('=') {
        Some((word, rest)) => {
            let statistic = Statistic::parse(word.trim());
            (
                statistic.ok_or_else(|| {
                    format!("unknown statistic `{word}`, expected each, mean, total, p50, p90, p95 or p99")
                })?,
                rest,
            )
        }
        None => (default, text),
    };
    let limit = number(rest.trim()).filter(|limit| limit.is_finite());
    Ok((statistic, limit.ok_or_else(|| format!("expected {expected}"))?))
}

/// Parses a number that is not negative: `5000`, `5_000`, `0.5`.
pub(super) fn parse_amount(text: &str) -> Option<f64> {
    parse_number(text).filter(|number| *number >= 0.0)
}

/// Parses a number.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    text.replace('_', "").parse().ok()
}

/// Parses a share: `5%` or `0.05`. One above 1 needs a percent sign, because 5 is probably meant as 5%.
pub(super) fn parse_share(text: &str, max: f64) -> Result<f64, String> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => parse_amount(percent.trim()).map(|percent| percent / 100.0).filter(|share| *share <= max),
        None => parse_amount(text.trim()).filter(|share| *share <= 1.0),
    };
    share.filter(|share| *share >= 0.0).ok_or_else(|| "expected a percentage, such as 5% or 0.05".to_owned())
}
