//! GitHub Actions annotations, as workflow commands (actions/runner, `ActionCommand.cs`).

use super::words::{evidence, heading, message};
use super::{CheckResult, CheckedRule, CiReport, MAX_NAMED};
use crate::output::text::one_line;
use std::io::{self, Write};

pub(super) const REPORT: CiReport = CiReport { name: "github", appends: false, has_commands: true, write };

/// Writes an annotation with the totals, and one for each rule that does not pass.
fn write(out: &mut dyn Write, checked: &CheckResult) -> io::Result<()> {
    // The totals go first, since the runner shows only the first annotations of a step.
    command(out, "notice", "mltrace check", &[heading(checked)])?;
    for CheckedRule { result: finding, next } in checked.not_passed() {
        let mut lines = vec![message(finding)];
        lines.extend(finding.evidence.iter().take(MAX_NAMED).map(|item| evidence(finding, item)));
        let more = finding.count.saturating_sub(MAX_NAMED as u64);
        lines.extend((more > 0).then(|| format!("and {more} more")));
        lines.extend(next.as_ref().map(|next| format!("next: {next}")));
        command(out, "error", &format!("mltrace check: {}", finding.rule.label()), &lines)?;
    }
    Ok(())
}

/// Writes a workflow command. The runner needs `%` and line ends escaped, and `:` and `,` in properties.
fn command(out: &mut dyn Write, level: &str, title: &str, lines: &[String]) -> io::Result<()> {
    let data = |text: &str| one_line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = data(title).replace(':', "%3A").replace(',', "%2C");
    let lines: Vec<String> = lines.iter().map(|line| data(line)).collect();
    writeln!(out, "::{level} title={title}::{}", lines.join("%0A"))
}
