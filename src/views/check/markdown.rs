//! A Markdown section for GitHub job summaries and comments.

use super::words::{heading, limit, message, value};
use super::{CheckResult, CheckedRule, CiReport, MAX_NAMED};
use crate::analysis::rules::Verdict;
use crate::output::text::one_line;
use std::fmt::Write as _;
use std::io::{self, Write};

pub(super) const REPORT: CiReport = CiReport { name: "markdown", appends: true, has_commands: false, write };

/// Writes a table of the rules, then why some do not pass.
fn write(out: &mut dyn Write, checked: &CheckResult) -> io::Result<()> {
    writeln!(out, "### mltrace check: {}\n", heading(checked))?;
    writeln!(out, "| | rule | value | limit | traces |\n|---|---|--:|--:|---|")?;
    for CheckedRule { result: finding, .. } in &checked.results {
        let word = match finding.verdict {
            Verdict::Pass => "✅ pass",
            Verdict::Fail => "❌ fail",
            Verdict::Unknown => "❓ unknown",
        };
        let ids = finding.evidence.iter().take(MAX_NAMED).filter_map(|evidence| evidence.trace_id.as_deref()).map(code);
        let mut traces = ids.collect::<Vec<_>>().join("<br>");
        let more = finding.count.saturating_sub(MAX_NAMED as u64);
        if more > 0 {
            let _ = write!(traces, "<br>and {more} more");
        }
        let value = value(finding, true).map(|text| plain(&text)).unwrap_or_default();
        writeln!(
            out,
            "| {word} | {} | {value} | {} | {traces} |",
            code(&finding.rule.label()),
            plain(&limit(finding, true))
        )?;
    }
    let mut not_passed = checked.not_passed().peekable();
    if not_passed.peek().is_some() {
        writeln!(out)?;
    }
    not_passed.try_for_each(|CheckedRule { result: finding, next }| {
        let next = next.as_deref().map(|next| format!(", see {}", code(next))).unwrap_or_default();
        writeln!(out, "- {}: {}{next}", code(&finding.rule.label()), plain(&message(finding)))
    })
}

/// Escapes text so that Markdown and HTML show it unchanged in any position.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        if c == '@' {
            // The comment keeps GitHub from linking an email address.
            out.push_str("&#64;<!-- -->");
        } else if c.is_ascii_punctuation() && !matches!(c, '-' | ',') {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Formats text as code, in which GitHub expands neither `@name` nor `:emoji:`.
fn code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}
