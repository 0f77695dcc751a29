//! Sessions: traces that belong to one conversation, from their records alone.

use crate::model::{CostSum, Timestamp, TokenUsage, TraceInfo, TraceState};
use std::cmp::Reverse;
use std::collections::HashMap;

/// What the traces of a session come to.
#[derive(Clone, Debug)]
pub struct Session {
    /// The id that the client chose.
    pub id: String,
    /// Whether no record names it: its spans do, or its traces are one run, as their messages prove, and the id is that of the
    /// first trace.
    pub is_derived: bool,
    /// The users of its traces.
    pub users: Vec<String>,
    /// The experiments that its traces are in.
    pub experiments: Vec<String>,
    /// How many traces it has.
    pub traces: u64,
    /// Of them, in state ERROR.
    pub errors: u64,
    /// Of them, still running, or killed.
    pub in_progress: u64,
    /// When its first trace began.
    pub first: Timestamp,
    /// When its last trace began.
    pub last: Timestamp,
    /// When the last of its traces ended, as far as durations are known.
    pub end: Timestamp,
    /// The durations of its traces added up; none where none is known.
    pub execution_duration_ms: Option<i64>,
    /// The tokens that MLflow recorded.
    pub token_usage: Option<TokenUsage>,
    /// The cost that MLflow recorded.
    pub cost: CostSum,
}

impl Session {
    fn new(id: &str, time: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            is_derived: false,
            users: Vec::new(),
            experiments: Vec::new(),
            traces: 0,
            errors: 0,
            in_progress: 0,
            first: time,
            last: time,
            end: time,
            execution_duration_ms: None,
            token_usage: None,
            cost: CostSum::default(),
        }
    }

    /// The session of some traces; none where there are none.
    #[must_use]
    pub fn of(id: &str, traces: &[TraceInfo]) -> Option<Self> {
        let mut session = Self::new(id, traces.first()?.request_time);
        for trace in traces {
            session.add(trace);
        }
        Some(session)
    }

    /// The run of some traces that no record puts into a session; none where there are none.
    #[must_use]
    pub fn derived(traces: &[TraceInfo]) -> Option<Self> {
        let first = traces.first()?;
        let session = Self::of(first.session_of_spans.as_deref().unwrap_or(&first.trace_id), traces)?;
        Some(Self { is_derived: true, ..session })
    }

    fn add(&mut self, trace: &TraceInfo) {
        self.traces += 1;
        self.errors += u64::from(trace.state == TraceState::Error);
        self.in_progress += u64::from(trace.state == TraceState::InProgress);
        self.first = self.first.min(trace.request_time);
        self.last = self.last.max(trace.request_time);
        let millis = trace.execution_duration_ms.unwrap_or(0);
        self.end = self.end.max(Timestamp(trace.request_time.0.saturating_add(millis.saturating_mul(1_000_000))));
        if let Some(millis) = trace.execution_duration_ms {
            *self.execution_duration_ms.get_or_insert(0) += millis;
        }
        if let Some(usage) = &trace.recorded_usage {
            self.token_usage.get_or_insert_default().add(usage);
        }
        if let Some(cost) = &trace.cost {
            self.cost.add(cost);
        }
        let named = trace.experiment_name.as_deref().unwrap_or(&trace.experiment_id);
        for (list, name) in [
            (&mut self.users, trace.user_id().or(trace.user_of_spans.as_deref())),
            (&mut self.experiments, Some(named)),
        ] {
            if let Some(name) = name
                && !list.iter().any(|known| known == name)
            {
                list.push(name.to_owned());
            }
        }
    }

    /// Nanoseconds from the first begin to the last end; none where no duration is known.
    #[must_use]
    pub fn duration_ns(&self) -> Option<i64> {
        let is_known = self.execution_duration_ms.is_some() || self.end > self.first;
        is_known.then(|| self.end.0.saturating_sub(self.first.0))
    }
}

/// The sessions of many traces.
#[derive(Debug, Default)]
pub struct Sessions(HashMap<String, Session>);

impl Sessions {
    /// Adds a trace, if it belongs to a session.
    pub fn add(&mut self, trace: &TraceInfo) {
        let Some(id) = trace.session_id().or(trace.session_of_spans.as_deref()) else { return };
        if !self.0.contains_key(id) {
            self.0.insert(id.to_owned(), Session { is_derived: true, ..Session::new(id, trace.request_time) });
        }
        if let Some(session) = self.0.get_mut(id) {
            session.is_derived &= trace.session_id().is_none();
            session.add(trace);
        }
    }

    /// Adds a session that was derived.
    pub fn add_derived(&mut self, session: Session) {
        self.0.insert(session.id.clone(), session);
    }

    /// The one whose last trace began last comes first.
    #[must_use]
    pub fn sorted(self) -> Vec<Session> {
        let mut sessions: Vec<Session> = self.0.into_values().collect();
        sessions.sort_by(|a, b| (Reverse(a.last), &a.id).cmp(&(Reverse(b.last), &b.id)));
        sessions
    }
}
