//! Sessions, the traces of one conversation, built from trace records alone.

use crate::model::{CostSum, Timestamp, TokenUsage, TraceInfo, TraceState};
use std::cmp::Reverse;
use std::collections::HashMap;

/// A session, with totals over its traces.
#[derive(Clone, Debug)]
pub struct Session {
    /// The id that the client chose.
    pub id: String,
    /// Whether no trace record has this session id. The spans have it, or the traces were found to be one run by their
    /// messages and the id is that of the first trace.
    pub is_derived: bool,
    /// Users of the traces.
    pub users: Vec<String>,
    /// Experiments of the traces: the name, or else the id.
    pub experiments: Vec<String>,
    /// Number of traces.
    pub traces: u64,
    /// Traces whose state is ERROR.
    pub errors: u64,
    /// Traces whose state is `IN_PROGRESS`: still running, or killed.
    pub in_progress: u64,
    /// Start of the first trace.
    pub first: Timestamp,
    /// Start of the last trace.
    pub last: Timestamp,
    /// Latest end of a trace, as far as durations are known.
    pub end: Timestamp,
    /// Sum of the known durations in milliseconds; `None` if none is known.
    pub execution_duration_ms: Option<i64>,
    /// Tokens that MLflow recorded.
    pub token_usage: Option<TokenUsage>,
    /// Cost that MLflow recorded.
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

    /// Builds the session with this id; `None` without traces.
    #[must_use]
    pub fn from_traces(id: &str, traces: &[TraceInfo]) -> Option<Self> {
        let mut session = Self::new(id, traces.first()?.request_time);
        for trace in traces {
            session.add(trace);
        }
        Some(session)
    }

    /// Builds a session from one run of traces whose records name none; `None` without traces.
    #[must_use]
    pub fn derived(traces: &[TraceInfo]) -> Option<Self> {
        let first = traces.first()?;
        let session = Self::from_traces(first.session_from_spans.as_deref().unwrap_or(&first.trace_id), traces)?;
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
        let experiment = trace.experiment_name.as_deref().unwrap_or(&trace.experiment_id);
        for (list, name) in [
            (&mut self.users, trace.user_id().or(trace.user_from_spans.as_deref())),
            (&mut self.experiments, Some(experiment)),
        ] {
            if let Some(name) = name
                && !list.iter().any(|known| known == name)
            {
                // Nearly all sessions have one of each. A first push would reserve room for four.
                if list.is_empty() {
                    list.reserve_exact(1);
                }
                list.push(name.to_owned());
            }
        }
    }

    /// Returns the nanoseconds from the first start to the last end; `None` if no duration is known.
    #[must_use]
    pub fn duration_ns(&self) -> Option<i64> {
        let is_known = self.execution_duration_ms.is_some() || self.end > self.first;
        is_known.then(|| self.end.0.saturating_sub(self.first.0))
    }
}

/// When each session was last active, which is all that is needed to find the latest ones.
#[derive(Debug, Default)]
pub struct SessionTimes(HashMap<String, Timestamp>);

impl SessionTimes {
    /// Adds a trace, if it belongs to a session.
    pub fn add(&mut self, trace: &TraceInfo) {
        if let Some(id) = session_id(trace) {
            self.add_time(id, trace.request_time);
        }
    }

    /// Adds a session.
    pub fn add_session(&mut self, session: &Session) {
        self.add_time(&session.id, session.last);
    }

    fn add_time(&mut self, id: &str, time: Timestamp) {
        match self.0.get_mut(id) {
            Some(last) => *last = time.max(*last),
            None => {
                self.0.insert(id.to_owned(), time);
            }
        }
    }

    /// Returns the number of sessions.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the ids of up to `count` sessions, latest first.
    #[must_use]
    pub fn latest(&self, count: usize) -> Vec<String> {
        let mut sessions: Vec<_> = self.0.iter().map(|(id, last)| (Reverse(*last), id)).collect();
        sessions.sort_unstable();
        sessions.into_iter().take(count).map(|(_, id)| id.clone()).collect()
    }
}

/// Returns the session of a trace, as its record or its spans name it.
fn session_id(trace: &TraceInfo) -> Option<&str> {
    trace.session_id().or(trace.session_from_spans.as_deref())
}

/// The sessions of many traces.
#[derive(Debug, Default)]
pub struct Sessions {
    list: Vec<Session>,
    /// The index of each session in the list. A map of the sessions themselves would take twice the memory.
    by_id: HashMap<String, usize>,
}

impl Sessions {
    /// Adds a trace, if it belongs to a session.
    pub fn add(&mut self, trace: &TraceInfo) {
        let Some(id) = session_id(trace) else { return };
        let at = self.by_id.get(id).copied().unwrap_or_else(|| {
            self.add_derived(Session { is_derived: true, ..Session::new(id, trace.request_time) });
            self.list.len() - 1
        });
        let session = &mut self.list[at];
        session.is_derived &= trace.session_id().is_none();
        session.add(trace);
    }

    /// Adds a derived session. It replaces one with the same id.
    pub fn add_derived(&mut self, session: Session) {
        if let Some(at) = self.by_id.get(&session.id) {
            self.list[*at] = session;
        } else {
            self.by_id.insert(session.id.clone(), self.list.len());
            self.list.push(session);
        }
    }

    /// Returns the sessions, latest start of a trace first.
    #[must_use]
    pub fn sorted(self) -> Vec<Session> {
        let mut sessions = self.list;
        // Ids are unique, and a stable sort would take half as much memory again.
        sessions.sort_unstable_by(|a, b| (Reverse(a.last), &a.id).cmp(&(Reverse(b.last), &b.id)));
        sessions
    }
}
