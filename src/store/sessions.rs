//! Assessments of whole sessions.

use super::error::{Result, StoreError};
use super::filtering::FilteringSink;
use super::query::Query;
use super::trace_store::{AssessedTraces, TraceStore};
use crate::model::{Problem, Trace};
use crate::query::{AssessmentTest, Filter, ValueTest};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Adds to each assessment condition the sessions with a matching session-level assessment, unless they were added
/// before. Such an assessment applies to every trace of the session if the trace that carries it is in one of the
/// experiments (MLflow 3.18 `sqlalchemy_store.py`, `_get_session_scoped_trace_ids`).
///
/// # Errors
/// When the store cannot be read.
pub fn resolve_sessions<'a>(
    store: &dyn TraceStore,
    query: &'a Query,
    problems: &mut Vec<Problem>,
) -> Result<Cow<'a, Query>> {
    let mut query = Cow::Borrowed(query);
    for at in 0..query.filter.clauses.len() {
        let Some(unresolved) = query.filter.clauses[at].assessment().filter(|test| test.sessions.is_none()).cloned()
        else {
            continue;
        };
        let is_presence = unresolved.value != ValueTest::Missing;
        let test = AssessmentTest { is_session_level: true, sessions: Some(BTreeSet::new()), ..unresolved.present() };
        let assessed = match store.aggregates() {
            Some(aggregates) => aggregates.assessed_traces(&query.experiments, &test)?,
            None => None,
        };
        let (candidates, session_scoped) = match assessed {
            Some(AssessedTraces { all, session_scoped }) => (all.filter(|_| is_presence), Some(session_scoped)),
            None => (None, None),
        };
        let filter = Filter { clauses: vec![test.into()] };
        let carriers = Query { filter, candidates: session_scoped, ..Query::newest(query.experiments.clone()) };
        let sessions = find_sessions(store, &carriers, problems)?;
        let query = query.to_mut();
        if sessions.is_empty() && query.candidates.is_none() {
            query.candidates = candidates;
        }
        query.filter.clauses[at] = AssessmentTest { sessions: Some(sessions), ..unresolved }.into();
    }
    Ok(query)
}

/// Returns the ids of the sessions of the traces that match.
fn find_sessions(store: &dyn TraceStore, query: &Query, problems: &mut Vec<Problem>) -> Result<BTreeSet<String>> {
    let mut sessions = BTreeSet::new();
    let mut on_trace = |trace: Trace| {
        sessions.extend(trace.info.session_id().map(str::to_owned));
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    };
    store.search(query, &mut FilteringSink::new(&query.filter, problems, &mut on_trace))?;
    Ok(sessions)
}
