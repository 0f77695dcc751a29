//! Rules from flags and from a TOML file.

use crate::analysis::rules::{MEASURES, NamePattern, Rule, RuleKind, Statistic, Tolerance};
use crate::error::{Error, ErrorCode, Result};
use crate::query::{Glob, flags};
use crate::{files, limits};
use clap::{Args as _, FromArgMatches as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A limit of a statistic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RuleLimit {
    statistic: Statistic,
    limit: f64,
}

/// A limit of a feedback.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FeedbackLimit {
    name: String,
    bound: RuleLimit,
}

/// The rule flags. A TOML file has the same names.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleFlags {
    /// Maximum tokens: 5000, p95=4000, mean=2000, total=100000 (can be repeated)
    #[arg(long, value_name = "[OF=]TOKENS", value_parser = parse_token_limit)]
    max_tokens: Vec<RuleLimit>,
    /// Maximum cost in US dollars: 0.05, mean=0.01, total=1
    #[arg(long, value_name = "[OF=]DOLLARS", value_parser = parse_cost_limit)]
    max_cost: Vec<RuleLimit>,
    /// Maximum latency: 30s, p95=2s
    #[arg(long, value_name = "[OF=]DURATION", value_parser = parse_latency_limit)]
    max_latency: Vec<RuleLimit>,
    /// Maximum number of LLM calls: 10, mean=4
    #[arg(long, value_name = "[OF=]CALLS", value_parser = parse_call_limit)]
    max_llm_calls: Vec<RuleLimit>,
    /// Maximum number of tool calls: 10, mean=4
    #[arg(long, value_name = "[OF=]CALLS", value_parser = parse_call_limit)]
    max_tool_calls: Vec<RuleLimit>,
    /// Maximum error rate (5% or 0.05)
    ///
    /// The error rate is the share of traces in state ERROR.
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    max_error_rate: Option<f64>,
    /// No exceptions and no failed spans
    ///
    /// With =all, also no tool failures that were returned to the model as text.
    #[arg(long, value_name = "WHICH", num_args = 0..=1, default_missing_value = "raised", require_equals = true, value_parser = ["raised", "all"])]
    no_exceptions: Option<String>,
    /// Every trace has a span with this name; * and ? are wildcards (can be repeated)
    #[arg(long, value_name = "NAME")]
    require_span: Vec<String>,
    /// No trace has a span with this name
    #[arg(long, value_name = "NAME")]
    forbid_span: Vec<String>,
    /// Every trace calls this tool
    #[arg(long, value_name = "NAME")]
    require_tool: Vec<String>,
    /// No trace calls this tool
    #[arg(long, value_name = "NAME")]
    forbid_tool: Vec<String>,
    /// Minimum feedback, as a mean by default: correctness=0.8, safety=each=1
    ///
    /// yes and true are 1, no and false are 0.
    #[arg(long, value_name = "NAME=[OF=]VALUE", value_parser = parse_feedback_limit)]
    min_feedback: Vec<FeedbackLimit>,
    /// Minimum number of traces [default: 1]
    #[arg(long, value_name = "TRACES")]
    min_traces: Option<u64>,
    /// No worse figures and no new exceptions than in this baseline
    ///
    /// A file written by --save-baseline.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// How much worse than the baseline figures may be: 10%, latency=25% [default: 10%]
    #[arg(long, value_name = "[FIGURE=]SHARE", value_parser = tolerance)]
    tolerance: Vec<(Option<String>, f64)>,
}

impl RuleFlags {
    /// Reads rules from a TOML file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let failed = |why: String| {
            Error::new(ErrorCode::Usage, format!("cannot read rules from `{}`", path.display())).because(why).hint(
                "expected TOML with the names of the flags: `max-tokens = 5000`, `max-latency = [\"30s\", \"p95=2s\"]`",
            )
        };
        let text = files::read_text(path, limits::SETTINGS_BYTES).map_err(|error| failed(error.to_string()))?;
        let mut rules = Self::parse(&text).map_err(failed)?;
        // An empty file must not pass everything. A file with only a tolerance is used with `--baseline`.
        if rules.is_empty() && !rules.has_tolerance() {
            return Err(Error::new(ErrorCode::Usage, format!("no rules in `{}`", path.display()))
                .hint("rules have the names of the flags, for example `max-tokens = 5000`"));
        }
        // The path of the baseline is relative to the rules file.
        rules.baseline = rules.baseline.map(|baseline| path.parent().unwrap_or(Path::new("")).join(baseline));
        Ok(rules)
    }

    /// Parses TOML whose keys are the names of flags. An array repeats a flag.
    fn parse(text: &str) -> std::result::Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string().trim().to_owned())?;
        let mut words = Vec::new();
        for (key, value) in &table {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            if values.is_empty() || !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
                return Err(format!("`{key}` is not a rule with a value"));
            }
            for value in values {
                match value {
                    toml::Value::Boolean(false) if key == SWITCH => {}
                    toml::Value::Boolean(true) if key == SWITCH => words.push(format!("--{key}")),
                    toml::Value::String(text) => words.push(format!("--{key}={text}")),
                    toml::Value::Integer(number) => words.push(format!("--{key}={number}")),
                    toml::Value::Float(number) => words.push(format!("--{key}={number}")),
                    toml::Value::Boolean(_)
                    | toml::Value::Datetime(_)
                    | toml::Value::Array(_)
                    | toml::Value::Table(_) => {
                        let kind = value.type_str();
                        return Err(format!(
                            "`{key}` has a value of type {kind}; expected a string, a number or an array of them"
                        ));
                    }
                }
            }
        }
        let command = Self::augment_args(clap::Command::new("rules").no_binary_name(true).disable_help_flag(true));
        let first_lines = |error: &clap::Error| {
            let text = error.render().to_string();
            let lines = text.lines().take_while(|line| !line.starts_with("Usage"));
            let text = lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
            text.trim_start_matches("error: ").to_owned()
        };
        let matches = command.try_get_matches_from(words).map_err(|error| first_lines(&error))?;
        Self::from_arg_matches(&matches).map_err(|error| first_lines(&error))
    }

    /// Combines these flags with those of a file; a flag replaces the same rule of the file.
    pub(super) fn overriding(self, file: Self) -> Self {
        let bounds = |mut flags: Vec<RuleLimit>, file: Vec<RuleLimit>| {
            let is_set = |bound: &RuleLimit| flags.iter().any(|flag: &RuleLimit| flag.statistic == bound.statistic);
            let more: Vec<RuleLimit> = file.into_iter().filter(|bound| !is_set(bound)).collect();
            flags.extend(more);
            flags
        };
        let names = |mut flags: Vec<String>, file: Vec<String>| {
            let more: Vec<String> = file.into_iter().filter(|name| !flags.contains(name)).collect();
            flags.extend(more);
            flags
        };
        let feedback = |mut flags: Vec<FeedbackLimit>, file: Vec<FeedbackLimit>| {
            let is_same =
                |a: &FeedbackLimit, b: &FeedbackLimit| (&a.name, a.bound.statistic) == (&b.name, b.bound.statistic);
            let more: Vec<FeedbackLimit> =
                file.into_iter().filter(|limit| !flags.iter().any(|flag| is_same(flag, limit))).collect();
            flags.extend(more);
            flags
        };
        // A tolerance for all figures replaces every tolerance of the file.
        let replaces_all = self.tolerance.iter().any(|(name, _)| name.is_none());
        let tolerance = if replaces_all { Vec::new() } else { file.tolerance };
        Self {
            max_tokens: bounds(self.max_tokens, file.max_tokens),
            max_cost: bounds(self.max_cost, file.max_cost),
            max_latency: bounds(self.max_latency, file.max_latency),
            max_llm_calls: bounds(self.max_llm_calls, file.max_llm_calls),
            max_tool_calls: bounds(self.max_tool_calls, file.max_tool_calls),
            max_error_rate: self.max_error_rate.or(file.max_error_rate),
            no_exceptions: self.no_exceptions.or(file.no_exceptions),
            require_span: names(self.require_span, file.require_span),
            forbid_span: names(self.forbid_span, file.forbid_span),
            require_tool: names(self.require_tool, file.require_tool),
            forbid_tool: names(self.forbid_tool, file.forbid_tool),
            min_feedback: feedback(self.min_feedback, file.min_feedback),
            min_traces: self.min_traces.or(file.min_traces),
            baseline: self.baseline.or(file.baseline),
            tolerance: tolerance.into_iter().chain(self.tolerance).collect(),
        }
    }

    /// The baseline file.
    pub(super) fn baseline(&self) -> Option<&Path> {
        self.baseline.as_deref()
    }

    /// Whether no rule is given, not even `--min-traces` or `--baseline`.
    pub(super) fn is_empty(&self) -> bool {
        self.min_traces.is_none() && self.rules().len() == 1 && self.baseline.is_none()
    }

    /// Whether there are tolerances, which need a baseline.
    pub(super) fn has_tolerance(&self) -> bool {
        !self.tolerance.is_empty()
    }

    /// Returns the tolerances. The last one of a figure takes precedence.
    pub(super) fn parse_tolerance(&self) -> Tolerance {
        let mut tolerance = Tolerance { default: 0.1, named: BTreeMap::new() };
        for (name, share) in &self.tolerance {
            match name {
                Some(name) => {
                    tolerance.named.insert(name.clone(), *share);
                }
                None => tolerance.default = *share,
            }
        }
        tolerance
    }

    /// Returns the rules, in the order of the help.
    pub(super) fn rules(&self) -> Vec<Rule> {
        let mut tests = vec![RuleKind::Traces(self.min_traces.unwrap_or(1))];
        let bounds = [&self.max_tokens, &self.max_cost, &self.max_latency, &self.max_llm_calls, &self.max_tool_calls];
        for (measure, bounds) in MEASURES.into_iter().zip(bounds) {
            tests.extend(bounds.iter().map(|bound| RuleKind::Max(measure, bound.statistic, bound.limit)));
        }
        tests.extend(self.max_error_rate.map(RuleKind::ErrorRate));
        tests.extend(self.no_exceptions.as_ref().map(|which| RuleKind::NoExceptions(which == "all")));
        let spans = |name: &String, is_tool| NamePattern { name: Glob::new(name), is_tool };
        tests.extend(self.require_span.iter().map(|name| RuleKind::RequiredSpan(spans(name, false))));
        tests.extend(self.forbid_span.iter().map(|name| RuleKind::ForbiddenSpan(spans(name, false))));
        tests.extend(self.require_tool.iter().map(|name| RuleKind::RequiredSpan(spans(name, true))));
        tests.extend(self.forbid_tool.iter().map(|name| RuleKind::ForbiddenSpan(spans(name, true))));
        let feedback =
            |limit: &FeedbackLimit| RuleKind::Feedback(limit.name.clone(), limit.bound.statistic, limit.bound.limit);
        tests.extend(self.min_feedback.iter().map(feedback));
        tests.into_iter().map(|test| Rule { kind: test, baseline: None }).collect()
    }
}

/// The one flag whose value is optional.
const SWITCH: &str = "no-exceptions";

/// Parses `5000` or `p95=5000`. `default` is the statistic if none is given, `expected` describes a valid number.
fn bound(
    text: &str,
    default: Statistic,
    number: impl Fn(&str) -> Option<f64>,
    expected: &str,
) -> std::result::Result<RuleLimit, String> {
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
    Ok(RuleLimit { statistic, limit: limit.ok_or_else(|| format!("expected {expected}"))? })
}

fn plain_number(text: &str) -> Option<f64> {
    any_number(text).filter(|number| *number >= 0.0)
}

fn any_number(text: &str) -> Option<f64> {
    text.replace('_', "").parse().ok()
}

fn parse_token_limit(text: &str) -> std::result::Result<RuleLimit, String> {
    bound(text, Statistic::Each, plain_number, "a number of tokens")
}

fn parse_call_limit(text: &str) -> std::result::Result<RuleLimit, String> {
    bound(text, Statistic::Each, plain_number, "a number of calls")
}

fn parse_cost_limit(text: &str) -> std::result::Result<RuleLimit, String> {
    bound(
        text,
        Statistic::Each,
        |text| plain_number(text.trim_start_matches('$')),
        "an amount of US dollars, such as 0.05",
    )
}

fn parse_latency_limit(text: &str) -> std::result::Result<RuleLimit, String> {
    let millis = |text: &str| flags::duration_ns(text).ok().map(|nanos| nanos as f64 / 1e6);
    let bound = bound(text, Statistic::Each, millis, "a duration, such as 250ms, 1.5s or 2m")?;
    if bound.statistic == Statistic::Total { Err("latency has no total".to_owned()) } else { Ok(bound) }
}

fn parse_share(text: &str) -> std::result::Result<f64, String> {
    share_up_to(text, 1.0)
}

/// Parses a share. A share above 1 needs a percent sign, because 5 is probably meant as 5%.
fn share_up_to(text: &str, max: f64) -> std::result::Result<f64, String> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => plain_number(percent.trim()).map(|percent| percent / 100.0).filter(|share| *share <= max),
        None => plain_number(text.trim()).filter(|share| *share <= 1.0),
    };
    share.filter(|share| *share >= 0.0).ok_or_else(|| "expected a share, such as 5% or 0.05".to_owned())
}

fn parse_feedback_limit(text: &str) -> std::result::Result<FeedbackLimit, String> {
    let (name, rest) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("expected NAME=VALUE")?;
    let number = |text: &str| match text {
        "true" | "yes" => Some(1.0),
        "false" | "no" => Some(0.0),
        _ => any_number(text),
    };
    Ok(FeedbackLimit { name: name.to_owned(), bound: bound(rest, Statistic::Mean, number, "a number")? })
}

/// Maximum tolerance; a larger one is rejected as a typing error.
const MAX_TOLERANCE: f64 = 1_000.0;

fn tolerance(text: &str) -> std::result::Result<(Option<String>, f64), String> {
    let (name, share) = text.split_once('=').map_or((None, text), |(name, share)| (Some(name.trim()), share));
    if let Some(name) = name.filter(|name| !Tolerance::names().any(|known| known == *name)) {
        let known = Tolerance::names().collect::<Vec<_>>().join(", ");
        return Err(format!("unknown figure `{name}`, expected one of {known}"));
    }
    Ok((name.map(str::to_owned), share_up_to(share, MAX_TOLERANCE)?))
}

#[cfg(test)]
mod tests;
