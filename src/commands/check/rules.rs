//! Rules from flags and from a TOML file.

use crate::analysis::rules::{FLAGS, FlagValues, MinTraces, Rule, RuleFlag, Tolerance};
use crate::error::{Error, ErrorCode, Result};
use crate::{files, limits};
use clap::builder::{PossibleValuesParser, TypedValueParser as _, ValueParser};
use clap::{Args as _, FromArgMatches as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rules and what they are compared with. A TOML file has the same names.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleArgs {
    #[command(flatten)]
    rules: RuleFlags,
    /// Fail if a metric is worse than in this baseline, or if exceptions are new
    ///
    /// A file written by --save-baseline.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// How much worse than the baseline metrics may be: 10%, latency=25% [default: 10%]
    #[arg(long, value_name = "[METRIC=]PERCENT", value_parser = Tolerance::parse)]
    tolerance: Vec<(Option<String>, f64)>,
}

/// The rules given as flags, in the order of the help.
#[derive(Clone, Debug, Default)]
struct RuleFlags(Vec<Arc<dyn Rule>>);

impl clap::FromArgMatches for RuleFlags {
    fn from_arg_matches(matches: &clap::ArgMatches) -> std::result::Result<Self, clap::Error> {
        let rules = |flag: &RuleFlag| matches.get_many::<Arc<dyn Rule>>(flag.name).into_iter().flatten().cloned();
        Ok(Self(FLAGS.iter().copied().flat_map(rules).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for RuleFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.args(FLAGS.iter().copied().map(argument))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

/// Returns the argument for a flag of a rule.
fn argument(flag: &'static RuleFlag) -> clap::Arg {
    let arg = clap::Arg::new(flag.name).long(flag.name).value_name(flag.value_name).help(flag.help[0]);
    let arg = if flag.help.len() > 1 { arg.long_help(flag.help.join("\n\n")) } else { arg };
    match flag.values {
        FlagValues::One => arg.value_parser(ValueParser::new(flag.parse)),
        FlagValues::Many => arg.value_parser(ValueParser::new(flag.parse)).action(clap::ArgAction::Append),
        FlagValues::Choice(choices) => arg
            .value_parser(PossibleValuesParser::new(choices).try_map(|choice| (flag.parse)(&choice)))
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value(choices[0]),
    }
}

impl RuleArgs {
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
                    toml::Value::Boolean(false) if is_switch(key) => {}
                    toml::Value::Boolean(true) if is_switch(key) => words.push(format!("--{key}")),
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
        let Self { rules: RuleFlags(mut rules), baseline, tolerance: flags } = self;
        let key = |rule: &Arc<dyn Rule>| (rule.name(), rule.subject(), rule.limit().statistic);
        let replaced: Vec<_> = rules.iter().map(key).collect();
        rules.extend(file.rules.0.into_iter().filter(|rule| !replaced.contains(&key(rule))));
        rules.sort_by_key(|rule| FLAGS.iter().position(|flag| flag.name == rule.name()));
        // A tolerance for all figures replaces every tolerance of the file.
        let replaces_all = flags.iter().any(|(name, _)| name.is_none());
        let tolerance = if replaces_all { Vec::new() } else { file.tolerance };
        Self {
            rules: RuleFlags(rules),
            baseline: baseline.or(file.baseline),
            tolerance: tolerance.into_iter().chain(flags).collect(),
        }
    }

    /// The baseline file.
    pub(super) fn baseline(&self) -> Option<&Path> {
        self.baseline.as_deref()
    }

    /// Whether no rule is given, not even `--baseline`.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.0.is_empty() && self.baseline.is_none()
    }

    /// Whether there are tolerances, which need a baseline.
    pub(super) fn has_tolerance(&self) -> bool {
        !self.tolerance.is_empty()
    }

    /// Returns the tolerances. The last one of a figure takes precedence.
    pub(super) fn tolerance(&self) -> Tolerance {
        let mut tolerance = Tolerance::default();
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

    /// Returns the rules, `--min-traces` first, which is 1 by default.
    pub(super) fn rules(&self) -> Vec<Arc<dyn Rule>> {
        let is_min_traces = |rule: &Arc<dyn Rule>| rule.name() == MinTraces::DEFAULT.name();
        let mut rules = self.rules.0.clone();
        if !rules.iter().any(is_min_traces) {
            rules.push(Arc::new(MinTraces::DEFAULT));
        }
        rules.sort_by_key(|rule| !is_min_traces(rule));
        rules
    }
}

/// Whether a flag may be given without a value.
fn is_switch(name: &str) -> bool {
    FLAGS.iter().any(|flag| flag.name == name && matches!(flag.values, FlagValues::Choice(_)))
}

#[cfg(test)]
mod tests;
