//! Assessments of a trace by people, code or models (MLflow 3.2 on).

use super::Timestamp;
use crate::json::Json;

/// The kind of an assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssessmentKind {
    /// A judgment of the trace.
    Feedback,
    /// The expected result.
    Expectation,
    /// A link to an issue (3.11 on).
    Issue,
}

impl AssessmentKind {
    /// MLflow's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Issue => "issue",
        }
    }
}

/// An assessment of a trace or of one of its spans.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// `a-` and 32 hex digits.
    pub id: String,
    /// The criterion: `correctness`, `relevance` …
    pub name: String,
    /// Feedback, expectation or issue.
    pub kind: AssessmentKind,
    /// The assessed value; `None` if the assessment failed.
    pub value: Option<Json>,
    /// Why the assessment failed: `{"error_code", "error_message", "stack_trace"}`.
    pub error: Option<Json>,
    /// The reason for the value.
    pub rationale: Option<String>,
    /// `HUMAN`, `LLM_JUDGE`, `CODE`.
    pub source_type: Option<String>,
    /// The user, judge model or code that made it.
    pub source_id: Option<String>,
    /// The assessed span; `None` for the whole trace.
    pub span_id: Option<String>,
    /// False if another assessment overrides this one.
    pub valid: bool,
    /// The creation time.
    pub create_time: Option<Timestamp>,
    /// Custom keys and values, a JSON object.
    pub metadata: Option<Json>,
}
