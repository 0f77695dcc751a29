//! Assessments in the JSON format that files and servers share (`entities/assessment.py`, MLflow 3.2 – 3.18).

use crate::json::Json;
use crate::model::{Assessment, AssessmentKind, Timestamp};

/// Reads an assessment; `None` if the record has no feedback, expectation or issue.
pub(super) fn assessment(record: &Json) -> Option<Assessment> {
    let (kind, body) = [
        ("feedback", AssessmentKind::Feedback),
        ("expectation", AssessmentKind::Expectation),
        ("issue", AssessmentKind::Issue),
    ]
    .into_iter()
    .find_map(|(key, kind)| Some((kind, non_null(record, key)?)))?;
    let source = record.member("source");
    let source_text = |key| source.as_ref().and_then(|source| text(source, key));
    Some(Assessment {
        id: text(record, "assessment_id").unwrap_or_default(),
        name: text(record, "assessment_name").unwrap_or_default(),
        kind,
        value: match non_null(&body, "serialized_value") {
            // Expectations that are not scalars are JSON inside a string.
            Some(serialized) => text(&serialized, "value").and_then(|text| super::parse_json(&text)),
            None => non_null(&body, if kind == AssessmentKind::Issue { "issue_name" } else { "value" }),
        },
        error: non_null(&body, "error"),
        rationale: text(record, "rationale"),
        source_type: source_text("source_type"),
        source_id: source_text("source_id"),
        span_id: text(record, "span_id"),
        valid: record.member("valid").is_none_or(|valid| valid.text() != "false"),
        create_time: text(record, "create_time").and_then(|time| Timestamp::parse_rfc3339(&time)),
        metadata: non_null(record, "metadata"),
    })
}

/// A member that is not `null`.
fn non_null(record: &Json, key: &str) -> Option<Json> {
    record.member(key).filter(|value| !value.is_null())
}

/// A scalar as text. Very old stores wrote ids as numbers.
fn text(record: &Json, key: &str) -> Option<String> {
    non_null(record, key).filter(|value| !value.text().starts_with(['{', '['])).map(|value| value.display())
}
