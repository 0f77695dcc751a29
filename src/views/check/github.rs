//! Annotations: commands to GitHub's runner on lines of their own (actions/runner, `ActionCommand.cs`).

use super::words::{evidence, heading, message, rule};
use super::{CheckResult, CheckedRule, MOST_NAMED};
use crate::output::text::one_line;
use std::io::{self, Write};

/// One annotation for each rule that does not pass, and one for all.
pub(super) fn write(out: &mut dyn Write, checked: &CheckResult) -> io::Result<()> {
    // First, since the runner shows only the first ones of a step.
    command(out, "notice", "mltrace check", &[heading(checked)])?;
    for CheckedRule { finding, next } in checked.not_passed() {
        let mut lines = vec![message(finding)];
        for one in finding.evidence.iter().take(MOST_NAMED) {
            lines.push(evidence(finding, one));
        }
        let more = finding.count.saturating_sub(MOST_NAMED as u64);
        lines.extend((more > 0).then(|| format!("and {more} more")));
        lines.extend(next.as_ref().map(|next| format!("next: {next}")));
        command(out, "error", &format!("mltrace check: {}", rule(finding)), &lines)?;
    }
    Ok(())
}

/// Text is data to the runner once its own signs are escaped: `%`, line ends, and in properties `:` and `,`.
fn command(out: &mut dyn Write, level: &str, title: &str, lines: &[String]) -> io::Result<()> {
    let data = |text: &str| one_line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = data(title).replace(':', "%3A").replace(',', "%2C");
    let lines: Vec<String> = lines.iter().map(|line| data(line)).collect();
    writeln!(out, "::{level} title={title}::{}", lines.join("%0A"))
}
