//! `mltrace check`

mod rules;

use super::Outcome;
use crate::analysis::rules::{Baseline, RequiredData, Rule, RuleEvaluator, RuleResult, Verdict, unreadable_records};
use crate::cli::context::Context;
use crate::cli::reader::TraceReader;
use crate::cli::select::TraceSelection;
use crate::error::{Error, ErrorCode, Result};
use crate::json::Json;
use crate::output::json::SCHEMA;
use crate::store::{Order, Projection, RecordPart, SpanDetail};
use crate::views::check::{CheckResult, CheckView, CheckedRule, ReportFormat, baseline_text};
use crate::{files, limits};
use rules::RuleArgs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Fail (exit 1) if traces violate limits
///
/// Exits with 0 if every rule passes. Exits with 1 if a rule fails, or is unknown because data is missing (a model
/// without a price, a trace in progress). An empty selection fails, because --min-traces defaults to 1. Without rules,
/// the exit code is 2. For each rule that does not pass, prints traces that show why and a command to run next.
///
/// STAT is a statistic: `each` trace (default), `mean`, `total`, `p50`, `p90`, `p95` or `p99`. A rules file has lines
/// such as `max-tokens = 5000` and `max-latency = ["30s", "p95=2s"]`; flags take precedence. Tokens and cost are those
/// of `mltrace usage TRACE`; latency is the execution duration of the trace. A Markdown report is appended to its file
/// (for GitHub's job summary); other reports replace their file. See `mltrace help gates`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace check --since 1h --max-error-rate 0 --max-latency p95=5s
  mltrace check -x nightly --rules rules.toml --report github --report junit=check.xml
  mltrace check --status ok,error --save-baseline baseline.json
  mltrace check --status ok,error --baseline baseline.json --tolerance 10% --tolerance latency=50%
  mltrace check --max-cost 0.05 --json | jq '.rules[] | select(.verdict != \"pass\")'")]
pub struct CheckArgs {
    #[command(flatten)]
    flags: RuleArgs,
    /// TOML file of rules, named like the flags
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Write a baseline of these traces if all rules pass
    #[arg(long, value_name = "FILE")]
    save_baseline: Option<PathBuf>,
    /// Print or write a report: table, json, junit, github, markdown (can be repeated)
    #[arg(long, value_name = "REPORT[=FILE]", value_parser = report)]
    report: Vec<(ReportFormat, Option<PathBuf>)>,
    #[command(flatten)]
    select: TraceSelection,
}

fn report(text: &str) -> std::result::Result<(ReportFormat, Option<PathBuf>), String> {
    let (name, path) = text.split_once('=').map_or((text, None), |(name, path)| (name, Some(PathBuf::from(path))));
    let path = path.filter(|path| path.as_os_str() != "-");
    let report = ReportFormat::parse(name)?;
    if path.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
        return Err("missing file name".to_owned());
    }
    Ok((report, path))
}

pub(super) fn run(args: &CheckArgs, cx: &mut Context) -> Result<Outcome> {
    let printed = printed(&args.report, cx.output.is_for_people())?;
    let flags = match &args.rules {
        Some(path) => args.flags.clone().overriding(RuleArgs::read(path)?),
        None => args.flags.clone(),
    };
    let mut rules = flags.rules();
    if let Some(path) = flags.baseline() {
        let baseline = read_baseline(path)?;
        rules.extend(baseline.rules(&flags.tolerance()));
    }
    if flags.has_tolerance() && flags.baseline().is_none() {
        return Err(Error::new(ErrorCode::Usage, "--tolerance requires --baseline"));
    }
    if flags.is_empty() && args.save_baseline.is_none() {
        return Err(Error::new(ErrorCode::Usage, "no rules to check")
            .hint("give at least one, for example `--max-error-rate 5%` or `--rules rules.toml`")
            .hint("`mltrace check --help` lists the rules"));
    }
    let mut reader = TraceReader::open(cx)?;
    let view = CheckView { result: evaluate(args, cx, &mut reader, rules)? };
    reader.clear_progress();
    match printed {
        Some(report) => report.print(&view, &mut cx.output)?,
        None => cx.output.show(&view)?,
    }
    for (report, path) in &args.report {
        if let Some(path) = path {
            // A later CI step may print the file, so commands to the CI runner are escaped.
            let text = report.render(&view, &cx.output.options)?;
            write(path, &cx.escaper(report.is_json()).escape_commands(&text), report.appends())?;
        }
    }
    let has_passed = view.result.has_passed();
    if let Some(path) = &args.save_baseline {
        if has_passed {
            note_unknown(cx, &view.result);
            write(path, baseline_text(&view.result).as_bytes(), false)?;
        } else {
            cx.note(&format!("`{}` was not written, because not all rules pass", path.display()));
        }
    }
    reader.warn(cx);
    Ok(if has_passed { Outcome::Done } else { Outcome::CheckFailed })
}

/// Returns the report to print instead of the table, if any.
fn printed(reports: &[(ReportFormat, Option<PathBuf>)], is_text: bool) -> Result<Option<ReportFormat>> {
    let mut paths: Vec<&PathBuf> = reports.iter().filter_map(|(_, path)| path.as_ref()).collect();
    paths.sort();
    if let Some(pair) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::new(ErrorCode::Usage, format!("two reports have the same file `{}`", pair[0].display())));
    }
    let mut printed = reports.iter().filter(|(_, path)| path.is_none()).map(|(report, _)| *report);
    let first = printed.next();
    if printed.next().is_some() || (first.is_some() && !is_text) {
        return Err(Error::new(ErrorCode::Usage, "only one report can be printed")
            .hint("`--report junit=check.xml` writes one to a file"));
    }
    Ok(first)
}

/// Reads the parts of traces that the rules need, and evaluates the rules.
fn evaluate(
    args: &CheckArgs,
    cx: &Context,
    reader: &mut TraceReader,
    rules: Vec<Arc<dyn Rule>>,
) -> Result<CheckResult> {
    let mut required: Vec<RequiredData> = rules.iter().map(|rule| rule.required_data()).collect();
    if args.save_baseline.is_some() {
        required.extend([RequiredData::Assessments, RequiredData::Exceptions]);
    }
    let has_assessments = required.contains(&RequiredData::Assessments);
    let record = if has_assessments { RecordPart::All } else { RecordPart::Figures(Vec::new()) };
    let required = required.into_iter().max().unwrap_or(RequiredData::Records);
    let spans = match required {
        RequiredData::Records | RequiredData::Assessments => None,
        RequiredData::Spans => Some(SpanDetail::Calls),
        RequiredData::ToolCalls => Some(SpanDetail::Tree),
        RequiredData::Exceptions => Some(SpanDetail::Exceptions),
    };
    let projection = Projection { record, spans, ..Projection::RECORDS };
    let query = reader.query(cx, &args.select, Order::NEWEST, projection)?;
    let mut evaluator = RuleEvaluator::new(rules, required);
    reader.for_each_reading(query.clone(), &mut |trace, reading| {
        evaluator.add(&trace, &reading);
        Ok(ControlFlow::Continue(()))
    })?;
    reader.note_excluded(cx, &args.select, &query, true)?;
    let mut report = evaluator.report();
    report.results.extend(unreadable_records(&reader.problems));
    let checked = |finding: RuleResult| CheckedRule { next: next_command(cx, &finding), result: finding };
    let findings = report.results.into_iter().map(checked).collect();
    let store = reader.store.name().to_owned();
    Ok(CheckResult {
        traces: report.traces,
        in_progress: report.in_progress,
        results: findings,
        baseline: report.baseline,
        store,
        time: cx.now,
    })
}

/// Returns a command that shows why a rule does not pass.
fn next_command(cx: &Context, finding: &RuleResult) -> Option<String> {
    if finding.verdict == Verdict::Pass {
        return None;
    }
    let id = finding.evidence.iter().find_map(|evidence| evidence.trace_id.as_deref());
    Some(cx.command_line(&id.map_or_else(|| finding.rule.explain(), |id| finding.rule.explain_trace(id))))
}

/// Notes which figures the baseline of these traces lacks, and why.
fn note_unknown(cx: &Context, checked: &CheckResult) {
    let unknown = checked.baseline.unknown_values();
    if unknown.is_empty() {
        return;
    }
    let reason = if checked.in_progress > 0 {
        "some traces are in progress (use --status ok,error) or without recorded tokens"
    } else {
        "they are not recorded for some traces"
    };
    cx.note(&format!("the baseline lacks {}: {reason}", unknown.join(", ")));
}

fn read_baseline(path: &Path) -> Result<Baseline> {
    let failed = |why: String| {
        Error::new(ErrorCode::Usage, format!("cannot read a baseline from `{}`", path.display()))
            .because(why)
            .hint("`mltrace check --save-baseline FILE` writes one")
    };
    let text = files::read_text(path, limits::SETTINGS_BYTES).map_err(|error| failed(error.to_string()))?;
    let json = Json::from_strict(&text).ok_or_else(|| failed("not JSON".to_owned()))?;
    if json.member("schema").and_then(|schema| schema.as_string()).as_deref() != Some(SCHEMA) {
        return Err(failed(format!("its schema is not `{SCHEMA}`")));
    }
    Baseline::from_json(&json).map_err(failed)
}

/// Replaces a file, or appends to it: several steps append to GitHub's job summary.
fn write(path: &Path, text: &[u8], appends: bool) -> Result<()> {
    let append = || std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(text);
    let written = if appends { append() } else { files::replace(path, text) };
    written.map_err(|error| Error::new(ErrorCode::Output, format!("cannot write `{}`", path.display())).because(error))
}

#[cfg(test)]
mod tests;
