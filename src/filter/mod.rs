//! Which traces are meant: conditions over the model. Flags build them here; a textual language would build the same ones.
//!
//! A store may use a [`Filter`] to read less. Whether a trace is meant is decided by [`Filter::matches`] alone.

pub mod flags;
mod glob;

pub use glob::Glob;

use crate::model::{SpanType, Timestamp, Trace, TraceInfo, TraceState};

/// Conditions that all have to hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The conditions.
    pub clauses: Vec<Clause>,
}

/// One condition.
#[derive(Clone, Debug)]
pub enum Clause {
    /// The trace is in one of these states.
    State(Vec<TraceState>),
    /// It began at or after a time.
    Since(Timestamp),
    /// It began before a time.
    Until(Timestamp),
    /// It took at least so many milliseconds.
    MinDuration(i64),
    /// It took at most so many milliseconds.
    MaxDuration(i64),
    /// Its name, or where none was recorded its root span's, fits a pattern.
    Name(Glob),
    /// It has a tag, of this value if one is given.
    Tag(String, Option<String>),
    /// It belongs to a session.
    Session(String),
    /// It was made for a user.
    User(String),
    /// It was made under a run, or linked to it.
    Run(String),
    /// It has a span of one of these types.
    SpanType(Vec<String>),
}

impl Filter {
    /// Whether a trace is meant. Conditions on spans are left open where the trace's spans were not loaded.
    #[must_use]
    pub fn matches(&self, trace: &Trace) -> bool {
        self.clauses.iter().all(|clause| clause.holds_for(&trace.info) && clause.holds_for_spans(trace))
    }

    /// Whether a trace's own record meets every condition on it.
    #[must_use]
    pub fn matches_info(&self, info: &TraceInfo) -> bool {
        self.clauses.iter().all(|clause| clause.holds_for(info))
    }

    /// Whether spans have to be loaded to decide.
    #[must_use]
    pub fn needs_spans(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::SpanType(_)))
    }

    /// Whether the runs that traces were linked to have to be looked up to decide.
    #[must_use]
    pub fn needs_linked_runs(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::Run(_)))
    }

    /// The span types of which a trace must have one, where there is such a condition.
    #[must_use]
    pub fn span_types(&self) -> Option<&[String]> {
        self.clauses
            .iter()
            .find_map(|clause| if let Clause::SpanType(types) = clause { Some(types.as_slice()) } else { None })
    }
}

impl Clause {
    fn holds_for(&self, info: &TraceInfo) -> bool {
        match self {
            Self::State(states) => states.contains(&info.state),
            Self::Since(time) => info.request_time >= *time,
            Self::Until(time) => info.request_time < *time,
            Self::MinDuration(millis) => info.execution_duration_ms.is_some_and(|duration| duration >= *millis),
            Self::MaxDuration(millis) => info.execution_duration_ms.is_some_and(|duration| duration <= *millis),
            Self::Name(glob) => info.display_name().is_some_and(|name| glob.matches(name)),
            Self::Tag(key, value) => {
                info.tags.get(key).is_some_and(|found| value.as_ref().is_none_or(|value| found == value))
            }
            Self::Session(id) => info.session_id() == Some(id.as_str()),
            Self::User(id) => info.user_id() == Some(id.as_str()),
            Self::Run(id) => info.run_id() == Some(id.as_str()) || info.linked_runs.contains(id),
            Self::SpanType(_) => true,
        }
    }

    fn holds_for_spans(&self, trace: &Trace) -> bool {
        match self {
            Self::SpanType(types) => {
                trace.spans.as_ref().is_none_or(|spans| spans.list.iter().any(|span| is_one_of(&span.span_type, types)))
            }
            _ => true,
        }
    }
}

/// Whether a span's type is one of those asked for.
#[must_use]
pub fn is_one_of(span_type: &SpanType, types: &[String]) -> bool {
    types.iter().any(|wanted| wanted == span_type.as_str())
}

#[cfg(test)]
mod tests;
