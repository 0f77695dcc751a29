//! Assessments as text: on one line, or in full.

use crate::error::Result;
use crate::model::{Assessment, Json};
use crate::output::paragraph::{Paragraph, write_pair};
use crate::output::text::{clip, one_line, width};
use crate::output::{RenderOptions, TextRole};
use std::io::Write;

/// `correctness  true  feedback by alice (HUMAN): because …`
#[must_use]
pub(super) fn line(options: &RenderOptions, assessment: &Assessment) -> String {
    let (role, value) = match (&assessment.value, &assessment.error) {
        (Some(value), _) => (TextRole::Figure, one_line(&value.display()).into_owned()),
        (None, Some(error)) => (TextRole::Bad, format!("error: {}", one_line(&error.display()))),
        (None, None) => (TextRole::Plain, "-".to_owned()),
    };
    let why = assessment.rationale.as_deref().filter(|why| !why.is_empty());
    let why = why.map(|why| format!(": {}", one_line(why))).unwrap_or_default();
    let rest = origin(assessment) + &why;
    // Name and value take precedence; the rest is truncated.
    let room = options.width.unwrap_or(usize::MAX);
    let name = clip(&one_line(&assessment.name), room, options.ellipsis());
    let room = room.saturating_sub(width(&name) + 2);
    let value = clip(&value, room, options.ellipsis());
    let room = room.saturating_sub(width(&value) + 2);
    let line = format!(
        "{}  {}  {}",
        options.theme.paint(TextRole::Name, &name),
        options.theme.paint(role, &value),
        clip(&rest, room, options.ellipsis())
    );
    line.trim_end().to_owned()
}

/// `feedback by alice (HUMAN)`
fn origin(assessment: &Assessment) -> String {
    let by = assessment.source_id.as_deref().map(|id| format!(" by {}", one_line(id))).unwrap_or_default();
    let kind = assessment.source_type.as_deref().map(|kind| format!(" ({})", one_line(kind))).unwrap_or_default();
    let void = if assessment.valid { "" } else { " [overridden]" };
    format!("{}{by}{kind}{void}", assessment.kind.as_str())
}

/// Writes all fields of an assessment; each line starts with the tree guides of its span.
pub(super) fn write_full(
    options: &RenderOptions,
    out: &mut dyn Write,
    guide: &str,
    assessment: &Assessment,
) -> Result<()> {
    let first = format!("{guide}{}  ", one_line(&assessment.name));
    let head = Paragraph { first_indent: &first, ..Paragraph::with_indent(options, guide) };
    head.write_text(out, &origin(assessment))?;
    let indent = format!("{guide}  ");
    let parts = [("value", &assessment.value), ("error", &assessment.error), ("metadata", &assessment.metadata)];
    for (title, value) in parts {
        if let Some(value) = value {
            write_pair(options, out, &indent, title, value)?;
        }
    }
    match assessment.rationale.as_deref().filter(|why| !why.is_empty()) {
        Some(why) => write_pair(options, out, &indent, "rationale", &Json::string(why)),
        None => Ok(()),
    }
}
