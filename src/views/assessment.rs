//! Assessments as text: on one line, or in full.

use crate::json::Json;
use crate::model::Assessment;
use crate::output::{Block, Paragraph, StyledText, TextRole};
use std::borrow::Cow;

/// `correctness  true  feedback by alice (HUMAN): because …`
#[must_use]
pub(super) fn line(assessment: &Assessment) -> StyledText {
    let (role, value) = match (&assessment.value, &assessment.error) {
        (Some(value), _) => (TextRole::Figure, value.display()),
        (None, Some(error)) => (TextRole::Bad, format!("error: {}", error.display())),
        (None, None) => (TextRole::Plain, "-".to_owned()),
    };
    let why = assessment.rationale.as_deref().filter(|why| !why.is_empty());
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let line = StyledText::new(TextRole::Name, &assessment.name).with(TextRole::Plain, "  ").with(role, &value);
    line.with(TextRole::Plain, "  ").with(TextRole::Plain, &(origin(assessment) + &why))
}

/// `feedback by alice (HUMAN)`
fn origin(assessment: &Assessment) -> String {
    let by = assessment.source_id.as_deref().map(|id| format!(" by {id}")).unwrap_or_default();
    let kind = assessment.source_type.as_deref().map(|kind| format!(" ({kind})")).unwrap_or_default();
    let void = if assessment.valid { "" } else { " [overridden]" };
    format!("{}{by}{kind}{void}", assessment.kind.as_str())
}

/// Returns all fields of an assessment.
pub(super) fn full(assessment: &Assessment) -> [Block<'_>; 2] {
    let name = StyledText::new(TextRole::Dim, &assessment.name).with(TextRole::Dim, "  ");
    let origin = Paragraph::new(StyledText::plain(&origin(assessment)));
    let values = [("value", &assessment.value), ("error", &assessment.error), ("metadata", &assessment.metadata)];
    let pairs = values.into_iter().filter_map(|(title, value)| Some((title, Cow::Borrowed(value.as_ref()?))));
    let rationale = assessment.rationale.as_deref().filter(|why| !why.is_empty());
    let pairs = pairs.chain(rationale.map(|why| ("rationale", Cow::Owned(Json::string(why)))));
    let pairs = pairs.map(|(title, value)| Block::Pair(title, value)).collect();
    [Block::Text(origin.with_prefixes(name, StyledText::default())), Block::Indented("  ", pairs)]
}
