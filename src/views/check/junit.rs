//! XML as the JUnit task of Ant writes it. There are two schemas that consumers validate with, Windy Road's for Ant and that
//! of Jenkins' xUnit plugin (`junit-10.xsd`): the first wants attributes on the suite that nothing here has a use for, and
//! allows none on `testsuites`. What is written satisfies both.

use super::words::{evidence, heading, message, rule};
use super::{CheckResult, CheckedRule};
use crate::analysis::gate::{RuleResult, Verdict};
use crate::output::text::one_line;
use std::io::{self, Write};

/// A test suite with a case for each rule: fail is a failure, unknown an error.
pub(super) fn write(out: &mut dyn Write, checked: &CheckResult) -> io::Result<()> {
    let (failures, errors) = (checked.count(Verdict::Fail), checked.count(Verdict::Unknown));
    // The schema wants a time without a zone.
    let time = checked.time.rfc3339();
    let time = time.get(..19).unwrap_or(&time);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>")?;
    writeln!(
        out,
        "  <testsuite name=\"mltrace check\" package=\"mltrace\" id=\"0\" timestamp=\"{time}\" hostname=\"localhost\" \
         tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" time=\"0\">",
        checked.findings.len()
    )?;
    writeln!(out, "    <properties>")?;
    for (name, value) in [("store", checked.store.clone()), ("traces", checked.traces.to_string())] {
        writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", escaped(&value))?;
    }
    writeln!(out, "    </properties>")?;
    checked.findings.iter().try_for_each(|CheckedRule { finding, next }| case(out, finding, next.as_deref()))?;
    writeln!(out, "    <system-out>{}</system-out>\n    <system-err/>", escaped(&heading(checked)))?;
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn case(out: &mut dyn Write, finding: &RuleResult, next: Option<&str>) -> io::Result<()> {
    let element = match finding.verdict {
        Verdict::Pass => None,
        Verdict::Fail => Some("failure"),
        Verdict::Unknown => Some("error"),
    };
    let name = escaped(&rule(finding));
    write!(out, "    <testcase name=\"{name}\" classname=\"mltrace.check\" time=\"0\"")?;
    let Some(element) = element else { return writeln!(out, "/>") };
    let kind = finding.verdict.as_str();
    writeln!(out, ">\n      <{element} type=\"{kind}\" message=\"{}\">", escaped(&message(finding)))?;
    for one in &finding.evidence {
        writeln!(out, "{}", escaped(&evidence(finding, one)))?;
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

/// Text of one line without what has a meaning in XML, or is no character in it (XML 1.0, 2.2).
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
