//! Judgements attached to a trace by people, code or models (MLflow 3.2 on).

use super::{Json, Timestamp};

/// What an assessment states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssessmentKind {
    /// A judgement of what happened.
    Feedback,
    /// What should have happened.
    Expectation,
    /// A link to an issue (3.11 on).
    Issue,
}

impl AssessmentKind {
    /// MLflow's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Issue => "issue",
        }
    }
}

/// One assessment.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// `a-` and 32 hex digits.
    pub id: String,
    /// What is judged: `correctness`, `relevance` …
    pub name: String,
    /// Feedback, expectation or issue.
    pub kind: AssessmentKind,
    /// The judgement; `None` when it could not be made.
    pub value: Option<Json>,
    /// Why it could not be made: `{"error_code", "error_message", "stack_trace"}`.
    pub error: Option<Json>,
    /// The reason given.
    pub rationale: Option<String>,
    /// `HUMAN`, `LLM_JUDGE`, `CODE`.
    pub source_type: Option<String>,
    /// Who or what judged.
    pub source_id: Option<String>,
    /// The span judged, if not the whole trace.
    pub span_id: Option<String>,
    /// False once another assessment overrides this one.
    pub valid: bool,
    /// When it was made.
    pub create_time: Option<Timestamp>,
    /// Free keys.
    pub metadata: Option<Json>,
}
