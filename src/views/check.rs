//! What came of rules: as a table, as JSON, and as reports for programs that run builds.

mod github;
mod junit;
mod markdown;
mod words;

use crate::analysis::gate::{Baseline, RuleResult, RuleUnit, Statistic, Verdict};
use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::output::json::SCHEMA;
use crate::output::paragraph::Paragraph;
use crate::output::table::{Cell, Column};
use crate::output::text::{one_line, width};
use crate::output::{Format, Item, Output, RenderOptions, TextRole, View, number, unless_closed, write_table};
use serde::{Serialize, Serializer};
use std::io::Write;
use words::{heading, limit, message, number_of, rule, value};

/// Rules and what came of them.
#[derive(Debug)]
pub struct CheckResult {
    /// How many traces were looked at.
    pub traces: u64,
    /// Each rule, and what came of it.
    pub findings: Vec<CheckedRule>,
    /// What the traces are like.
    pub baseline: Baseline,
    /// The name of the store.
    pub store: String,
    /// When this was looked at.
    pub time: Timestamp,
}

/// A rule, and what came of it.
#[derive(Debug)]
pub struct CheckedRule {
    /// What was found.
    pub finding: RuleResult,
    /// The command that shows more, where it does not pass.
    pub next: Option<String>,
}

impl CheckResult {
    /// Whether every rule passes.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.count(Verdict::Pass) == self.findings.len()
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|one| one.finding.verdict == verdict).count()
    }

    /// The rules that fail or are unknown.
    fn not_passed(&self) -> impl Iterator<Item = &CheckedRule> {
        self.findings.iter().filter(|one| one.finding.verdict != Verdict::Pass)
    }
}

/// A form in which programs that run builds take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// For people.
    Table,
    /// The JSON document.
    Json,
    /// XML as the JUnit task of Ant writes it.
    Junit,
    /// Commands for GitHub's runner, which makes annotations of them.
    Github,
    /// A section for GitHub's job summary, or a comment.
    Markdown,
}

impl ReportFormat {
    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "table" => Self::Table,
            "json" => Self::Json,
            "junit" => Self::Junit,
            "github" => Self::Github,
            "markdown" => Self::Markdown,
            _ => return None,
        })
    }

    /// The report as a file holds it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn text(self, view: &CheckView, look: &RenderOptions) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        match self {
            Self::Table => {
                let theme = crate::output::Theme { color: false };
                view.text(&RenderOptions { theme, width: None, ..*look }, &mut out)?;
            }
            Self::Json => {
                serde_json::to_writer(&mut out, &view.json())?;
                out.push(b'\n');
            }
            Self::Junit => junit::write(&mut out, &view.checked)?,
            Self::Github => github::write(&mut out, &view.checked)?,
            Self::Markdown => markdown::write(&mut out, &view.checked)?,
        }
        Ok(out)
    }

    /// Prints the report.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print(self, view: &CheckView, output: &mut Output) -> Result<()> {
        match self {
            Self::Table => output.show_as(Format::Table, view),
            Self::Json => {
                output.out.takes_json();
                output.show_as(Format::Json, view)
            }
            Self::Junit | Self::Github | Self::Markdown => {
                let text = self.text(view, &output.look)?;
                if self == Self::Github {
                    output.out.commands();
                }
                let written = output.out.write_all(&text).and_then(|()| output.out.finish());
                written.map_err(Error::from).or_else(unless_closed)
            }
        }
    }
}

/// What a file of a baseline holds.
#[must_use]
pub fn baseline_text(checked: &CheckResult) -> String {
    #[derive(Serialize)]
    struct BaselineJson<'a> {
        schema: &'static str,
        time: Timestamp,
        baseline: &'a Baseline,
    }
    let json = BaselineJson { schema: SCHEMA, time: checked.time, baseline: &checked.baseline };
    // On several lines, since it is kept with code and compared by people.
    serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct CheckJson<'a> {
    schema: &'static str,
    passed: bool,
    traces: u64,
    rules: Vec<RuleJson<'a>>,
}

#[derive(Serialize)]
struct RuleJson<'a> {
    rule: &'static str,
    subject: Option<String>,
    over: Option<&'static str>,
    verdict: &'static str,
    value: Option<JsonNumber>,
    limit: JsonNumber,
    bound: &'static str,
    unit: &'static str,
    baseline: Option<JsonNumber>,
    message: String,
    count: u64,
    unknown_count: u64,
    evidence: Vec<EvidenceJson<'a>>,
    next: Option<&'a str>,
}

#[derive(Serialize)]
struct EvidenceJson<'a> {
    trace_id: Option<&'a str>,
    value: Option<JsonNumber>,
    text: Option<&'a str>,
}

/// A number, written without a fraction where it has none.
struct JsonNumber(f64);

impl Serialize for JsonNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        // Beyond 2^53 not every integer is a float.
        let is_whole = self.0.fract() == 0.0 && self.0.abs() < 9e15;
        if is_whole { serializer.serialize_i64(self.0 as i64) } else { serializer.serialize_f64(self.0) }
    }
}

impl<'a> From<&'a CheckedRule> for RuleJson<'a> {
    fn from(CheckedRule { finding, next }: &'a CheckedRule) -> Self {
        let test = &finding.rule.test;
        let evidence = finding.evidence.iter().map(|one| EvidenceJson {
            trace_id: one.trace_id.as_deref(),
            value: one.value.map(JsonNumber),
            text: one.text.as_deref(),
        });
        Self {
            rule: test.name(),
            subject: test.subject(),
            over: test.over().map(Statistic::as_str),
            verdict: finding.verdict.as_str(),
            value: finding.value.map(JsonNumber),
            limit: JsonNumber(test.limit()),
            bound: if test.is_least() { "min" } else { "max" },
            unit: unit_word(test.unit()),
            baseline: finding.rule.baseline.map(JsonNumber),
            message: message(finding),
            count: finding.count,
            unknown_count: finding.unknown_count,
            evidence: evidence.collect(),
            next: next.as_deref(),
        }
    }
}

const fn unit_word(unit: RuleUnit) -> &'static str {
    match unit {
        RuleUnit::Count => "count",
        RuleUnit::Tokens => "tokens",
        RuleUnit::Dollars => "USD",
        RuleUnit::Millis => "ms",
        RuleUnit::Share => "share",
        RuleUnit::Score => "score",
    }
}

/// Rules and what came of them, to be shown.
#[derive(Debug)]
pub struct CheckView {
    /// What is shown.
    pub checked: CheckResult,
}

impl View for CheckView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        let checked = &self.checked;
        let rules = checked.findings.iter().map(RuleJson::from).collect();
        CheckJson { schema: SCHEMA, passed: checked.has_passed(), traces: checked.traces, rules }
    }

    fn text(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "{}\n", look.theme.paint(TextRole::Name, &heading(&self.checked)))?;
        let rows: Vec<Vec<Cell>> = self.checked.findings.iter().map(|one| cells(&one.finding, look)).collect();
        write_table(look, out, SHAPES, &rows)?;
        self.checked.not_passed().try_for_each(|one| explain(look, out, one))
    }

    fn items(&self) -> Vec<Item> {
        let item = |one: &CheckedRule| Item::new(rule(&one.finding), &RuleJson::from(one));
        self.checked.findings.iter().map(item).collect()
    }

    fn csv(&self) -> Vec<std::borrow::Cow<'static, str>> {
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

const SHAPES: &[Column<'static>] = &[
    Column { title: "", is_right: false, shrinks_to: None, drops: 0 },
    Column { title: "rule", is_right: false, shrinks_to: Some(16), drops: 0 },
    Column { title: "value", is_right: true, shrinks_to: None, drops: 0 },
    Column { title: "limit", is_right: true, shrinks_to: None, drops: 0 },
    Column { title: "baseline", is_right: true, shrinks_to: None, drops: 2 },
    Column { title: "traces", is_right: true, shrinks_to: None, drops: 1 },
];

/// The word of a verdict, and how it looks.
const fn mark(verdict: Verdict) -> (&'static str, TextRole) {
    match verdict {
        Verdict::Pass => ("pass", TextRole::Good),
        Verdict::Fail => ("FAIL", TextRole::Bad),
        Verdict::Unknown => ("UNKNOWN", TextRole::Bad),
    }
}

fn cells(finding: &RuleResult, look: &RenderOptions) -> Vec<Cell> {
    let (word, role) = mark(finding.verdict);
    let baseline = finding.rule.baseline.and_then(|figure| number_of(finding.rule.test.unit(), figure));
    vec![
        Cell::own(word, role),
        Cell::stored(&rule(finding), TextRole::Name),
        value(finding, look.unicode).map_or_else(Cell::none, |text| Cell::own(text, TextRole::Plain)),
        Cell::own(limit(finding, look.unicode), TextRole::Plain),
        baseline.map_or_else(Cell::none, |text| Cell::own(text, TextRole::Plain)),
        if finding.count == 0 { Cell::none() } else { Cell::own(number::count(finding.count.cast_signed()), role) },
    ]
}

/// So many traces are named for people.
const MOST_NAMED: usize = 5;

/// Why a rule does not pass: the message, traces that show it, and a command for more.
fn explain(look: &RenderOptions, out: &mut dyn Write, CheckedRule { finding, next }: &CheckedRule) -> Result<()> {
    let (_, role) = mark(finding.verdict);
    writeln!(out)?;
    let text = format!("{}: {}", rule(finding), message(finding));
    for line in crate::output::text::wrap(&one_line(&text), look.width.unwrap_or(usize::MAX)) {
        writeln!(out, "{}", look.theme.paint(role, line.trim_end()))?;
    }
    let named = &finding.evidence[..finding.evidence.len().min(MOST_NAMED)];
    let ids = named.iter().filter_map(|one| one.trace_id.as_deref()).map(|id| width(&one_line(id))).max().unwrap_or(0);
    for one in named {
        let id = one_line(one.trace_id.as_deref().unwrap_or_default());
        let figure = one.value.and_then(|figure| number_of(finding.rule.test.unit(), figure));
        let facts: Vec<String> = figure.into_iter().chain(one.text.clone()).collect();
        let first = if ids == 0 { "  ".to_owned() } else { format!("  {id}{}  ", " ".repeat(ids - width(&id))) };
        if facts.is_empty() {
            writeln!(out, "{}", first.trim_end())?;
        } else {
            let rest = " ".repeat(width(&first));
            Paragraph { look, first: &first, rest: &rest, lines: 2 }.text(out, &one_line(&facts.join("  ")))?;
        }
    }
    let more = finding.count.saturating_sub(named.len() as u64);
    if more > 0 && !named.is_empty() {
        writeln!(
            out,
            "  {}",
            look.theme.paint(TextRole::Dim, &format!("and {} more", number::count(more.cast_signed())))
        )?;
    }
    next.as_ref()
        .map_or(Ok(()), |next| Ok(writeln!(out, "  {} {}", look.theme.paint(TextRole::Dim, "next:"), one_line(next))?))
}
