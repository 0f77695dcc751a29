//! Output of `mltrace doctor`: facts about a store, and findings.

mod json;
mod words;

use crate::analysis::doctor::{DoctorCounts, Finding, Severity, StoreFacts};
use crate::error::Result;
use crate::model::{Timestamp, short_trace_ids};
use crate::number;
use crate::output::paragraph::Paragraph;
use crate::output::text::{one_line, width, wrap};
use crate::output::{Item, RenderOptions, TextRole, View};
pub(super) use json::DoctorJson;
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// A diagnosis.
#[derive(Debug)]
pub struct DoctorView {
    /// Why this store was chosen.
    pub reason: String,
    /// Facts about the store as a whole.
    pub store: StoreFacts,
    /// Number of experiments, deleted ones included.
    pub experiments: u64,
    /// Number of deleted experiments.
    pub deleted_experiments: u64,
    /// Number of selected traces; `None` if not counted.
    pub matched: Option<u64>,
    /// Counts of what was read.
    pub counts: DoctorCounts,
    /// Whether every selected trace was read with its spans.
    pub is_complete: bool,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
}

/// Maximum number of trace ids, and of facts, that the text output shows for a finding.
const MAX_IDS: usize = 4;
const MAX_FACTS: usize = 3;

/// Minimum width of a title, in columns.
const MIN_TITLE_WIDTH: usize = 20;

impl View for DoctorView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        DoctorJson::from(self)
    }

    fn text(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        self.write_facts(options, out)?;
        writeln!(out)?;
        if self.findings.is_empty() {
            return Ok(writeln!(out, "{}", options.theme.paint(TextRole::Good, "no findings"))?);
        }
        let counted = |severity: Severity| {
            let count = self.findings.iter().filter(|finding| finding.kind.severity == severity).count();
            let s = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {}{s}", severity.as_str()))
        };
        let counts: Vec<String> =
            [Severity::Problem, Severity::Warning, Severity::Hint].into_iter().filter_map(counted).collect();
        writeln!(out, "{}", options.theme.paint(TextRole::Heading, &counts.join(", ")))?;
        for finding in &self.findings {
            writeln!(out)?;
            self.write_finding(options, out, finding)?;
        }
        Ok(())
    }

    fn items(&self) -> Vec<Item> {
        let item = |finding: &Finding| Item::new(finding.kind.name, &json::FindingJson::new(self, finding));
        self.findings.iter().map(item).collect()
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        ["kind", "severity", "count", "message", "meaning", "remedy", "command", "trace_ids"]
            .map(Cow::Borrowed)
            .to_vec()
    }
}

impl DoctorView {
    /// Writes facts about the store, and counts of what was read.
    fn write_facts(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let count = |count: u64| number::count(count.cast_signed());
        let counts = &self.counts;
        let mut facts = vec![
            ("store", self.store.name.clone()),
            ("chosen", self.reason.clone()),
            ("kind", words::store_kind(self)),
        ];
        facts.extend(self.store.info.bytes.map(|bytes| ("size", number::bytes(bytes))));
        if let Some(installed) = &self.store.installed {
            facts.push(("installed", format!("MLflow {} in {}", installed.release, installed.folder)));
        }
        let deleted = match self.deleted_experiments {
            0 => String::new(),
            deleted => format!(", {} of them deleted", count(deleted)),
        };
        facts.push(("experiments", count(self.experiments) + &deleted));
        let states =
            [(counts.ok, "OK"), (counts.errors, "ERROR"), (counts.in_progress, "IN_PROGRESS"), (counts.other, "other")];
        let states = states.iter().filter(|(traces, _)| *traces > 0);
        let states: Vec<String> = states.map(|(traces, state)| format!("{} {state}", count(*traces))).collect();
        let all = match self.matched {
            Some(all) if all > counts.traces => format!(" read of {}", count(all)),
            _ => String::new(),
        };
        let states = if states.is_empty() { String::new() } else { format!(": {}", states.join(", ")) };
        facts.push(("traces", format!("{}{all}{states}", count(counts.traces))));
        if let (Some(oldest), Some(newest)) = (counts.oldest, counts.newest) {
            let time = |time: Timestamp| time.date_time(options.zone);
            facts.push(("started", format!("{} to {} {}", time(oldest), time(newest), newest.zone_name(options.zone))));
        }
        let requested = counts.traces_with_spans + counts.traces_unserved;
        let scope = if requested < counts.traces {
            format!(" of the newest {} traces", count(requested))
        } else {
            String::new()
        };
        let unserved = match counts.traces_unserved {
            0 => String::new(),
            1 => ", without those of 1 trace that the server failed to return".to_owned(),
            unserved => format!(", without those of {} traces that the server failed to return", count(unserved)),
        };
        facts.push(("spans", count(counts.spans) + &scope + &unserved));
        for (title, fact) in facts {
            let (first, rest) = (format!("{title:<13}"), format!("{:13}", ""));
            Paragraph { options, first_indent: &first, rest_indent: &rest, max_lines: 0 }
                .write_text(out, &one_line(&fact))?;
        }
        Ok(())
    }

    /// Writes a finding: message, facts, meaning, remedy and command.
    fn write_finding(&self, options: &RenderOptions, out: &mut dyn Write, finding: &Finding) -> Result<()> {
        let severity = finding.kind.severity;
        let role = match severity {
            Severity::Problem => TextRole::Bad,
            Severity::Warning => TextRole::Warn,
            Severity::Hint => TextRole::Dim,
        };
        let lead = width(severity.as_str()) + 1;
        let room = options.width.map_or(usize::MAX, |all| all.saturating_sub(lead).max(MIN_TITLE_WIDTH));
        write!(out, "{} ", options.theme.paint(role, severity.as_str()))?;
        let title = format!("{} ({})", finding.message(), finding.kind.name);
        for (at, line) in wrap(&title, room).enumerate() {
            let indent = if at == 0 { 0 } else { lead };
            writeln!(out, "{:indent$}{}", "", options.theme.paint(TextRole::Name, line.trim_end()))?;
        }
        let indented = Paragraph::with_indent(options, "  ");
        for detail in finding.details.iter().take(MAX_FACTS) {
            let fact = words::with_trace_id(detail.trace_id.as_deref(), &detail.fact, true);
            indented.write_text(out, &one_line(&fact))?;
        }
        if finding.details.is_empty() {
            let ids: Vec<&str> = finding.trace_ids.iter().take(MAX_IDS).map(String::as_str).collect();
            let ids: Vec<Cow<'_, str>> = short_trace_ids(&ids).into_iter().map(one_line).collect();
            if !ids.is_empty() {
                indented.write_text(out, &format!("{}{}", ids.join(", "), more(finding.count, ids.len())))?;
            }
        } else if finding.details.len() > MAX_FACTS {
            // Details are limited, so the count may be higher.
            let all = finding.count.max(finding.details.len() as u64);
            indented.write_text(out, more(all, MAX_FACTS).trim_start())?;
        }
        let indent = "           ";
        for (title, text) in [("  meaning  ", finding.kind.meaning), ("  fix      ", finding.kind.remedy)] {
            Paragraph { options, first_indent: title, rest_indent: indent, max_lines: 0 }.write_text(out, text)?;
        }
        if let Some(command) = finding.command(&self.store) {
            writeln!(out, "{indent}{}", options.theme.paint(TextRole::Kind, &one_line(&command)))?;
        }
        Ok(())
    }
}

/// Formats how many are not shown.
fn more(count: u64, shown: usize) -> String {
    match count.saturating_sub(shown as u64) {
        0 => String::new(),
        more => format!(" and {} more", number::count(more.cast_signed())),
    }
}
