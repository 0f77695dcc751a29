//! Assessments in the JSON form that files and servers share (`entities/assessment.py`, MLflow 3.2 – 3.18).

use crate::model::{Assessment, AssessmentKind, Json, Timestamp};

/// Reads an assessment; `None` if the record states nothing.
pub(super) fn assessment(record: &Json) -> Option<Assessment> {
    let (kind, body) = [
        ("feedback", AssessmentKind::Feedback),
        ("expectation", AssessmentKind::Expectation),
        ("issue", AssessmentKind::Issue),
    ]
    .into_iter()
    .find_map(|(key, kind)| Some((kind, known(record, key)?)))?;
    let source = record.member("source");
    let of_source = |key| source.as_ref().and_then(|source| text(source, key));
    Some(Assessment {
        id: text(record, "assessment_id").unwrap_or_default(),
        name: text(record, "assessment_name").unwrap_or_default(),
        kind,
        value: match known(&body, "serialized_value") {
            // Expectations that are not scalars are JSON within the record.
            Some(serialized) => text(&serialized, "value").and_then(|text| super::json(&text)),
            None => known(&body, if kind == AssessmentKind::Issue { "issue_name" } else { "value" }),
        },
        error: known(&body, "error"),
        rationale: text(record, "rationale"),
        source_type: of_source("source_type"),
        source_id: of_source("source_id"),
        span_id: text(record, "span_id"),
        valid: record.member("valid").is_none_or(|valid| valid.text() != "false"),
        create_time: text(record, "create_time").and_then(|time| Timestamp::parse_rfc3339(&time)),
        metadata: known(record, "metadata"),
    })
}

/// A member that is not `null`.
fn known(record: &Json, key: &str) -> Option<Json> {
    record.member(key).filter(|value| !value.is_null())
}

/// A scalar as text; very old stores wrote ids as numbers.
fn text(record: &Json, key: &str) -> Option<String> {
    known(record, key).filter(|value| !value.text().starts_with(['{', '['])).map(|value| value.display())
}
