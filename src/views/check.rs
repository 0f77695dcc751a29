//! Output of `mltrace check`: table, JSON, and reports for CI systems.

mod github;
mod junit;
mod markdown;
mod words;

use crate::analysis::rules::{Baseline, Evidence, RuleResult, RuleUnit, Statistic, Verdict};
use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::number;
use crate::output::json::SCHEMA;
use crate::output::{
    Block, Cell, Document, Format, Heading, Item, LineLimit, Output, Paragraph, RenderOptions, StyledText, TextRole,
    Theme, View, ignore_closed_pipe,
};
use serde::{Serialize, Serializer};
use std::io::{self, Write};
use words::{format_value, heading, limit, message, value};

/// The result of all rules.
#[derive(Debug)]
pub struct CheckResult {
    /// Number of traces checked.
    pub traces: u64,
    /// Number of them in progress.
    pub in_progress: u64,
    /// The result of each rule.
    pub results: Vec<CheckedRule>,
    /// Values of the traces, for later comparison.
    pub baseline: Baseline,
    /// The name of the store.
    pub store: String,
    /// The time of the check.
    pub time: Timestamp,
}

/// The result of a rule.
#[derive(Debug)]
pub struct CheckedRule {
    /// The result.
    pub result: RuleResult,
    /// A command that shows more, if the rule does not pass.
    pub next: Option<String>,
}

impl CheckResult {
    /// Whether every rule passes.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.count(Verdict::Pass) == self.results.len()
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.results.iter().filter(|rule| rule.result.verdict == verdict).count()
    }

    /// Returns the rules that fail or are unknown.
    fn not_passed(&self) -> impl Iterator<Item = &CheckedRule> {
        self.results.iter().filter(|rule| rule.result.verdict != Verdict::Pass)
    }
}

/// The format of a report: an output format, or one that CI systems read.
#[derive(Clone, Copy, Debug)]
pub enum ReportFormat {
    /// An output format that prints a view as a whole.
    Output(Format),
    /// A format that CI systems read.
    Ci(&'static CiReport),
}

/// A report format that CI systems read. To add one: a file in `check/`, and a line in `CI_REPORTS`.
#[derive(Debug)]
pub struct CiReport {
    name: &'static str,
    /// Whether it is appended to a file that several steps share.
    appends: bool,
    /// Whether its lines are commands to the CI runner.
    has_commands: bool,
    write: fn(&mut dyn Write, &CheckResult) -> io::Result<()>,
}

const CI_REPORTS: &[&CiReport] = &[&junit::REPORT, &github::REPORT, &markdown::REPORT];

impl ReportFormat {
    /// Parses the name of a format.
    ///
    /// # Errors
    /// Lists the formats if there is none with this name.
    pub fn parse(name: &str) -> std::result::Result<Self, String> {
        let output = Format::find(name).filter(|format| !format.is_list()).map(Self::Output);
        let ci = || CI_REPORTS.iter().find(|report| report.name == name).map(|report| Self::Ci(report));
        let names = || CI_REPORTS.iter().map(|report| report.name).collect::<Vec<_>>().join(", ");
        output.or_else(ci).ok_or_else(|| format!("expected one of table, json, {}", names()))
    }

    /// Whether it is JSON.
    #[must_use]
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Output(format) if format.is_json())
    }

    /// Whether it is appended to its file instead of replacing it.
    #[must_use]
    pub const fn appends(self) -> bool {
        matches!(self, Self::Ci(report) if report.appends)
    }

    /// Renders the report for a file.
    ///
    /// # Errors
    /// If it cannot be serialized.
    pub fn render(self, view: &CheckView, options: &RenderOptions) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        match self {
            Self::Output(format) if format.is_text() => {
                let options = RenderOptions { width: None, ..*options };
                view.text(&mut Document::new(options, Theme { color: false }, &mut out))?;
            }
            Self::Output(_) => {
                serde_json::to_writer(&mut out, &view.json())?;
                out.push(b'\n');
            }
            Self::Ci(report) => (report.write)(&mut out, &view.result)?,
        }
        Ok(out)
    }

    /// Prints the report.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn print(self, view: &CheckView, output: &mut Output) -> Result<()> {
        match self {
            Self::Output(format) => {
                if format.is_json() {
                    output.out.set_json();
                }
                output.show_as(format, view)
            }
            Self::Ci(report) => {
                let text = self.render(view, &output.options)?;
                if report.has_commands {
                    output.out.allow_ci_commands();
                }
                let written = output.out.write_all(&text).and_then(|()| output.out.finish());
                written.map_err(Error::from).or_else(ignore_closed_pipe)
            }
        }
    }
}

/// Returns the contents of a baseline file.
#[must_use]
pub fn baseline_text(checked: &CheckResult) -> String {
    #[derive(Serialize)]
    struct BaselineJson<'a> {
        schema: &'static str,
        time: Timestamp,
        baseline: &'a Baseline,
    }
    let json = BaselineJson { schema: SCHEMA, time: checked.time, baseline: &checked.baseline };
    // Pretty-printed, since it is committed with code and reviewed in diffs.
    serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
}

/// Rules and their results. The exit code is 0 if `passed` is true, otherwise 1.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CheckJson<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// Whether every rule passed.
    passed: bool,
    /// Number of traces read.
    traces: u64,
    /// The rules, those of a baseline last.
    rules: Vec<RuleJson<'a>>,
}

/// A rule and its result.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RuleJson<'a> {
    /// Name of the rule, which is that of its flag. `no-new-exceptions` comes from a baseline; `readable` means that
    /// some records could not be read.
    rule: &'static str,
    /// The span, tool or feedback that the rule is about; null if none.
    subject: Option<String>,
    /// The statistic compared: the value of each trace, or one over all traces; null if the rule has only one.
    #[cfg_attr(test, schemars(extend("enum" = ["each", "total", "mean", "p50", "p90", "p95", "p99", null])))]
    over: Option<&'static str>,
    /// `unknown`: the recorded data does not decide the rule. That is not a pass.
    #[cfg_attr(test, schemars(extend("enum" = ["pass", "fail", "unknown"])))]
    verdict: &'static str,
    /// The value that was compared; for an unknown verdict, the least possible value. Null if nothing is known.
    value: Option<JsonNumber>,
    /// The limit.
    limit: JsonNumber,
    /// Whether the limit is a minimum or a maximum.
    #[cfg_attr(test, schemars(extend("enum" = ["max", "min"])))]
    bound: &'static str,
    /// Unit of the value, the limit and the baseline.
    #[cfg_attr(test, schemars(extend("enum" = ["count", "tokens", "USD", "ms", "share", "score"])))]
    unit: &'static str,
    /// The value in the baseline, if the rule comes from one; otherwise null.
    baseline: Option<JsonNumber>,
    /// The result in words.
    message: String,
    /// Number of traces that violate the rule, or whose data does not decide it if the verdict is unknown.
    count: u64,
    /// Number of traces whose data does not decide the rule, for any verdict.
    unknown_count: u64,
    /// The worst of these traces, at most 20.
    evidence: Vec<EvidenceJson<'a>>,
    /// A command that shows more; null if the rule passed.
    next: Option<&'a str>,
}

/// A trace that violates a rule, or whose data does not decide it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EvidenceJson<'a> {
    /// Id of the trace; null for a record that could not be read.
    trace_id: Option<&'a str>,
    /// The value of the trace in the unit of the rule; null if there is none.
    value: Option<JsonNumber>,
    /// A message, such as that of an exception; null if there is none.
    text: Option<&'a str>,
}

/// A number that is serialized as an integer if it is whole.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
struct JsonNumber(f64);

impl Serialize for JsonNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        // Above 2^53, floats no longer represent every integer.
        let is_whole = self.0.fract() == 0.0 && self.0.abs() < 9e15;
        if is_whole { serializer.serialize_i64(self.0 as i64) } else { serializer.serialize_f64(self.0) }
    }
}

impl<'a> From<&'a CheckedRule> for RuleJson<'a> {
    fn from(CheckedRule { result: finding, next }: &'a CheckedRule) -> Self {
        let (rule, limit) = (&finding.rule, finding.rule.limit());
        let evidence = finding.evidence.iter().map(|evidence| EvidenceJson {
            trace_id: evidence.trace_id.as_deref(),
            value: evidence.value.map(JsonNumber),
            text: evidence.text.as_deref(),
        });
        Self {
            rule: rule.name(),
            subject: rule.subject(),
            over: limit.statistic.map(Statistic::as_str),
            verdict: finding.verdict.as_str(),
            value: finding.value.map(JsonNumber),
            limit: JsonNumber(limit.value),
            bound: if limit.is_minimum { "min" } else { "max" },
            unit: unit_name(limit.unit),
            baseline: limit.baseline.map(JsonNumber),
            message: message(finding),
            count: finding.count,
            unknown_count: finding.unknown_count,
            evidence: evidence.collect(),
            next: next.as_deref(),
        }
    }
}

const fn unit_name(unit: RuleUnit) -> &'static str {
    match unit {
        RuleUnit::Count => "count",
        RuleUnit::Tokens => "tokens",
        RuleUnit::Dollars => "USD",
        RuleUnit::Millis => "ms",
        RuleUnit::Share => "share",
        RuleUnit::Score => "score",
    }
}

/// The view of a check.
#[derive(Debug)]
pub struct CheckView {
    /// The result to show.
    pub result: CheckResult,
}

impl View for CheckView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        let checked = &self.result;
        let rules = checked.results.iter().map(RuleJson::from).collect();
        CheckJson { schema: SCHEMA, passed: checked.has_passed(), traces: checked.traces, rules }
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        document.add(Block::Line(StyledText::new(TextRole::Name, &heading(&self.result))))?;
        document.add(Block::Blank)?;
        let options = document.options;
        let rows = self.result.results.iter().map(|rule| cells(&rule.result, &options)).collect();
        document.add(Block::Table(COLUMNS, rows))?;
        self.result.not_passed().try_for_each(|rule| explain(document, rule))
    }

    fn items(&self) -> Vec<Item> {
        let item = |checked: &CheckedRule| Item::new(checked.result.rule.label(), &RuleJson::from(checked));
        self.result.results.iter().map(item).collect()
    }

    fn csv_columns(&self) -> Vec<std::borrow::Cow<'static, str>> {
        [
            "rule",
            "subject",
            "over",
            "verdict",
            "value",
            "limit",
            "bound",
            "unit",
            "baseline",
            "message",
            "count",
            "unknown_count",
            "evidence",
            "next",
        ]
        .map(std::borrow::Cow::Borrowed)
        .to_vec()
    }
}

const COLUMNS: &[Heading<'static>] = &[
    Heading::text(""),
    Heading::text("rule").shrinks_to(16),
    Heading::number("value"),
    Heading::number("limit"),
    Heading::number("baseline").drops(2),
    Heading::number("affected").drops(1),
];

/// The label and style of a verdict.
const fn verdict_style(verdict: Verdict) -> (&'static str, TextRole) {
    match verdict {
        Verdict::Pass => ("pass", TextRole::Good),
        Verdict::Fail => ("FAIL", TextRole::Bad),
        Verdict::Unknown => ("UNKNOWN", TextRole::Bad),
    }
}

fn cells(finding: &RuleResult, options: &RenderOptions) -> Vec<Cell> {
    let (word, role) = verdict_style(finding.verdict);
    let rule_limit = finding.rule.limit();
    let baseline = rule_limit.baseline.and_then(|value| format_value(rule_limit.unit, value));
    vec![
        Cell::new(word, role),
        Cell::escaped(&finding.rule.label(), TextRole::Name),
        value(finding, options.unicode).map_or_else(Cell::none, |text| Cell::new(text, TextRole::Plain)),
        Cell::new(limit(finding, options.unicode), TextRole::Plain),
        baseline.map_or_else(Cell::none, |text| Cell::new(text, TextRole::Plain)),
        if finding.count == 0 { Cell::none() } else { Cell::new(number::count(finding.count.cast_signed()), role) },
    ]
}

/// Maximum number of traces listed for a rule.
const MAX_NAMED: usize = 5;

/// Writes why a rule does not pass: message, traces, and a command that shows more.
fn explain(document: &mut Document<'_>, CheckedRule { result: finding, next }: &CheckedRule) -> Result<()> {
    let (_, role) = verdict_style(finding.verdict);
    document.add(Block::Blank)?;
    let text = format!("{}: {}", finding.rule.label(), message(finding));
    document.add(Block::Text(Paragraph::new(StyledText::new(role, &text))))?;
    let mut document = document.indented("  ");
    let named = &finding.evidence[..finding.evidence.len().min(MAX_NAMED)];
    let id = |evidence: &Evidence| StyledText::new(TextRole::Dim, evidence.trace_id.as_deref().unwrap_or_default());
    let id_width = named.iter().map(|evidence| id(evidence).width()).max().unwrap_or(0);
    for evidence in named {
        let value = evidence.value.and_then(|value| format_value(finding.rule.limit().unit, value));
        let facts: Vec<String> = value.into_iter().chain(evidence.text.clone()).collect();
        let label = if id_width == 0 { StyledText::default() } else { id(evidence).padded(id_width + 2) };
        if facts.is_empty() {
            document.add(Block::Line(label))?;
        } else {
            let facts = Paragraph::new(StyledText::plain(&facts.join("  ")));
            document.add(Block::Text(facts.labeled(label).limited(LineLimit::new(2))))?;
        }
    }
    let more = finding.count.saturating_sub(named.len() as u64);
    if more > 0 && !named.is_empty() {
        document.dim(&format!("and {} more", number::count(more.cast_signed())))?;
    }
    match next {
        Some(next) => document.add(Block::Line(
            StyledText::new(TextRole::Dim, "next:").with(TextRole::Plain, " ").with(TextRole::Plain, next),
        )),
        None => Ok(()),
    }
}
