//! JUnit XML, in the format of Ant's JUnit task. Consumers validate with one of two schemas, Windy Road's for Ant or
//! that of Jenkins' xUnit plugin (`junit-10.xsd`). The first requires attributes on the suite that are meaningless
//! here, and allows none on `testsuites`. The output satisfies both.

use super::words::{evidence, heading, message};
use super::{CheckResult, CheckedRule, CiReport};
use crate::analysis::rules::{RuleResult, Verdict};
use crate::output::text::one_line;
use std::io::{self, Write};

pub(super) const REPORT: CiReport = CiReport { name: "junit", appends: false, has_commands: false, write };

/// Writes a test suite with a case for each rule: fail is a failure, unknown an error.
fn write(out: &mut dyn Write, checked: &CheckResult) -> io::Result<()> {
    let (failures, errors) = (checked.count(Verdict::Fail), checked.count(Verdict::Unknown));
    // The schema requires a time without zone.
    let time = checked.time.rfc3339();
    let time = time.get(..19).unwrap_or(&time);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>")?;
    writeln!(
        out,
        "  <testsuite name=\"mltrace check\" package=\"mltrace\" id=\"0\" timestamp=\"{time}\" hostname=\"localhost\" \
         tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" time=\"0\">",
        checked.results.len()
    )?;
    writeln!(out, "    <properties>")?;
    for (name, value) in [("store", checked.store.clone()), ("traces", checked.traces.to_string())] {
        writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", escaped(&value))?;
    }
    writeln!(out, "    </properties>")?;
    checked.results.iter().try_for_each(|CheckedRule { result: finding, next }| case(out, finding, next.as_deref()))?;
    writeln!(out, "    <system-out>{}</system-out>\n    <system-err/>", escaped(&heading(checked)))?;
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn case(out: &mut dyn Write, finding: &RuleResult, next: Option<&str>) -> io::Result<()> {
    let element = match finding.verdict {
        Verdict::Pass => None,
        Verdict::Fail => Some("failure"),
        Verdict::Unknown => Some("error"),
    };
    let name = escaped(&finding.rule.label());
    write!(out, "    <testcase name=\"{name}\" classname=\"mltrace.check\" time=\"0\"")?;
    let Some(element) = element else { return writeln!(out, "/>") };
    let kind = finding.verdict.as_str();
    writeln!(out, ">\n      <{element} type=\"{kind}\" message=\"{}\">", escaped(&message(finding)))?;
    for item in &finding.evidence {
        writeln!(out, "{}", escaped(&evidence(finding, item)))?;
    }
    let more = finding.count.saturating_sub(finding.evidence.len() as u64);
    if more > 0 {
        writeln!(out, "and {more} more")?;
    }
    if let Some(next) = next {
        writeln!(out, "next: {}", escaped(next))?;
    }
    writeln!(out, "      </{element}>\n    </testcase>")
}

/// Makes text a single line, escapes it for XML, and replaces characters that XML does not allow (XML 1.0, 2.2).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
