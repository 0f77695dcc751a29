//! `mltrace doctor`: what a store is, and what is not as it should be.

mod advice;
mod json;
mod words;

use crate::analysis::doctor::{DoctorCounts, Finding, Severity, StoreFacts};
use crate::error::Result;
use crate::model::{Timestamp, short_trace_ids};
use crate::output::paragraph::Paragraph;
use crate::output::text::{one_line, width, wrap};
use crate::output::{Item, RenderOptions, TextRole, View, number};
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;
use std::path::PathBuf;

/// A diagnosis.
#[derive(Debug)]
pub struct DoctorView {
    /// What messages call the store.
    pub name: String,
    /// Why it was chosen.
    pub why: String,
    /// What is known of it as a whole.
    pub store: StoreFacts,
    /// How many experiments there are.
    pub experiments: u64,
    /// Of them, those that were deleted.
    pub deleted_experiments: u64,
    /// How many traces are meant; none where nobody counted them.
    pub matched: Option<u64>,
    /// What was looked at.
    pub counts: DoctorCounts,
    /// Whether that is every trace that is meant, each with its spans.
    pub is_complete: bool,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// A path beside a file store where there is nothing yet.
    pub free_database: Option<PathBuf>,
    /// The time from which ages count.
    pub now: Timestamp,
    /// How commands for this store begin.
    pub program: String,
}

/// So many ids, and so many facts, of a finding are shown to people.
const MOST_IDS: usize = 4;
const MOST_FACTS: usize = 3;

/// Titles get no narrower than this.
const LEAST_ROOM: usize = 20;

impl View for DoctorView {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        json::DoctorJson::from(self)
    }

    fn text(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        self.write_facts(look, out)?;
        writeln!(out)?;
        if self.findings.is_empty() {
            return Ok(writeln!(out, "{}", look.theme.paint(TextRole::Good, "no findings"))?);
        }
        let of = |severity: Severity| {
            let count = self.findings.iter().filter(|finding| finding.kind.severity() == severity).count();
            let s = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {}{s}", severity.as_str()))
        };
        let counts: Vec<String> =
            [Severity::Problem, Severity::Warning, Severity::Hint].into_iter().filter_map(of).collect();
        writeln!(out, "{}", look.theme.paint(TextRole::Heading, &counts.join(", ")))?;
        for finding in &self.findings {
            writeln!(out)?;
            self.write_finding(look, out, finding)?;
        }
        Ok(())
    }

    fn items(&self) -> Vec<Item> {
        let item = |finding| Item::new(json::word(finding), &json::FindingJson::new(self, finding));
        self.findings.iter().map(item).collect()
    }

    fn csv(&self) -> Vec<Cow<'static, str>> {
        ["kind", "severity", "count", "message", "meaning", "remedy", "command", "trace_ids"]
            .map(Cow::Borrowed)
            .to_vec()
    }
}

impl DoctorView {
    /// What the store is, and what was looked at.
    fn write_facts(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let count = |count: u64| number::count(count.cast_signed());
        let counts = &self.counts;
        let mut facts = vec![("store", self.name.clone()), ("chosen", self.why.clone()), ("kind", words::kind(self))];
        facts.extend(self.store.checkup.bytes.map(|bytes| ("size", number::bytes(bytes))));
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
            let time = |time: Timestamp| time.date_time(look.zone);
            facts.push(("begun", format!("{} to {} {}", time(oldest), time(newest), newest.zone_name(look.zone))));
        }
        let asked = counts.traces_whole + counts.traces_unserved;
        let of = if asked < counts.traces { format!(" of the newest {} traces", count(asked)) } else { String::new() };
        let unserved = match counts.traces_unserved {
            0 => String::new(),
            1 => ", without those of 1 trace that the server does not give".to_owned(),
            unserved => format!(", without those of {} traces that the server does not give", count(unserved)),
        };
        facts.push(("spans", count(counts.spans) + &of + &unserved));
        for (title, fact) in facts {
            let (first, rest) = (format!("{title:<13}"), format!("{:13}", ""));
            Paragraph { look, first: &first, rest: &rest, lines: 0 }.text(out, &one_line(&fact))?;
        }
        Ok(())
    }

    /// What was found, by what it shows, what it means, what to do.
    fn write_finding(&self, look: &RenderOptions, out: &mut dyn Write, finding: &Finding) -> Result<()> {
        let severity = finding.kind.severity();
        let role = match severity {
            Severity::Problem => TextRole::Bad,
            Severity::Warning => TextRole::Warn,
            Severity::Hint => TextRole::Dim,
        };
        let lead = width(severity.as_str()) + 1;
        let room = look.width.map_or(usize::MAX, |all| all.saturating_sub(lead).max(LEAST_ROOM));
        write!(out, "{} ", look.theme.paint(role, severity.as_str()))?;
        let title = format!("{} ({})", words::message(finding), finding.kind.as_str());
        for (at, line) in wrap(&title, room).enumerate() {
            let indent = if at == 0 { 0 } else { lead };
            writeln!(out, "{:indent$}{}", "", look.theme.paint(TextRole::Name, line.trim_end()))?;
        }
        let indented = Paragraph::whole(look, "  ");
        for detail in finding.details.iter().take(MOST_FACTS) {
            let fact = words::fact(&detail.fact, self.now);
            indented.text(out, &one_line(&words::about(detail.trace_id.as_deref(), &fact, true)))?;
        }
        if finding.details.is_empty() {
            let ids: Vec<&str> = finding.trace_ids.iter().take(MOST_IDS).map(String::as_str).collect();
            let ids: Vec<Cow<'_, str>> = short_trace_ids(&ids).into_iter().map(one_line).collect();
            if !ids.is_empty() {
                indented.text(out, &format!("{}{}", ids.join(", "), more(finding.count, ids.len())))?;
            }
        } else if finding.details.len() > MOST_FACTS {
            // Of very many only the first were kept.
            let all = finding.count.max(finding.details.len() as u64);
            indented.text(out, more(all, MOST_FACTS).trim_start())?;
        }
        let hang = "           ";
        for (title, text) in
            [("  meaning  ", words::meaning(finding.kind)), ("  to do    ", advice::remedy(finding.kind))]
        {
            Paragraph { look, first: title, rest: hang, lines: 0 }.text(out, text)?;
        }
        if let Some(command) = advice::command(self, finding) {
            writeln!(out, "{hang}{}", look.theme.paint(TextRole::Kind, &one_line(&command)))?;
        }
        Ok(())
    }
}

/// How many there are beyond those that were named.
fn more(count: u64, shown: usize) -> String {
    match count.saturating_sub(shown as u64) {
        0 => String::new(),
        more => format!(" and {} more", number::count(more.cast_signed())),
    }
}
