//! Output of `mltrace doctor`: facts about a store, and findings.

mod json;
mod words;

use crate::analysis::doctor::{DoctorCounts, Finding, Severity, StoreFacts};
use crate::error::Result;
use crate::model::short_trace_ids;
use crate::number;
use crate::output::{Block, Document, Item, Paragraph, StyledText, TextRole, View};
pub(super) use json::DoctorJson;
use serde::Serialize;
use std::borrow::Cow;

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

impl View for DoctorView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        DoctorJson::from(self)
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        self.write_facts(document)?;
        document.add(Block::Blank)?;
        if self.findings.is_empty() {
            return document.add(Block::Line(StyledText::new(TextRole::Good, "no findings")));
        }
        let counted = |severity: Severity| {
            let count = self.findings.iter().filter(|finding| finding.kind.severity == severity).count();
            let s = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {}{s}", severity.as_str()))
        };
        let counts: Vec<String> =
            [Severity::Problem, Severity::Warning, Severity::Hint].into_iter().filter_map(counted).collect();
        document.add(Block::Line(StyledText::new(TextRole::Heading, &counts.join(", "))))?;
        for finding in &self.findings {
            document.add(Block::Blank)?;
            self.write_finding(document, finding)?;
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
    fn write_facts(&self, document: &mut Document<'_>) -> Result<()> {
        let count = |count: u64| number::count(count.cast_signed());
        let counts = &self.counts;
        let mut facts = vec![
            ("store", self.store.name.clone()),
            ("reason", self.reason.clone()),
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
            let (options, zone) = (&document.options, document.options.zone);
            facts.push(("started", format!("{} to {}", oldest.date_time(zone), options.time(newest))));
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
            let label = StyledText::new(TextRole::Dim, &format!("{title:<13}"));
            document.add(Block::Text(Paragraph::new(StyledText::plain(&fact)).labeled(label)))?;
        }
        Ok(())
    }

    /// Writes a finding: message, facts, meaning, remedy and command.
    fn write_finding(&self, document: &mut Document<'_>, finding: &Finding) -> Result<()> {
        let severity = finding.kind.severity;
        let role = match severity {
            Severity::Problem => TextRole::Bad,
            Severity::Warning => TextRole::Warn,
            Severity::Hint => TextRole::Dim,
        };
        let label = StyledText::new(role, severity.as_str()).with(TextRole::Plain, " ");
        let title = StyledText::new(TextRole::Name, &format!("{} ({})", finding.message(), finding.kind.name));
        document.add(Block::Text(Paragraph::new(title).labeled(label)))?;
        let mut document = document.indented("  ");
        for detail in finding.details.iter().take(MAX_FACTS) {
            let fact = words::with_trace_id(detail.trace_id.as_deref(), &detail.fact, true);
            document.add(Block::Text(Paragraph::new(StyledText::plain(&fact))))?;
        }
        if finding.details.is_empty() {
            let ids: Vec<&str> = finding.trace_ids.iter().take(MAX_IDS).map(String::as_str).collect();
            if !ids.is_empty() {
                let text = format!("{}{}", short_trace_ids(&ids).join(", "), more(finding.count, ids.len()));
                document.add(Block::Text(Paragraph::new(StyledText::plain(&text))))?;
            }
        } else if finding.details.len() > MAX_FACTS {
            // Details are limited, so the count may be higher.
            let all = finding.count.max(finding.details.len() as u64);
            document.add(Block::Text(Paragraph::plain(more(all, MAX_FACTS).trim_start())))?;
        }
        for (title, text) in [("meaning  ", finding.kind.meaning), ("fix      ", finding.kind.remedy)] {
            document.add(Block::Text(Paragraph::plain(text).labeled(StyledText::new(TextRole::Dim, title))))?;
        }
        match finding.command(&self.store) {
            Some(command) => document.indented("         ").add(Block::Line(StyledText::new(TextRole::Kind, &command))),
            None => Ok(()),
        }
    }
}

/// Formats how many are not shown.
fn more(count: u64, shown: usize) -> String {
    match count.saturating_sub(shown as u64) {
        0 => String::new(),
        more => format!(" and {} more", number::count(more.cast_signed())),
    }
}
