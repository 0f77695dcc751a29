//! Chooses the traces of a query from the pages of a server, and what to load of them.

use super::pages::{ListedTrace, TracePages};
use crate::formats::SpanDetail;
use crate::model::{Problem, TraceInfo, keys};
use crate::query::ClauseSource;
use crate::store::error::{Result, StoreError};
use crate::store::projection::{detail_for_displayed_spans, detail_for_span_rows};
use crate::store::{Query, Sink};
use std::collections::{HashMap, VecDeque};

/// A trace that matches the query, or may match once its spans are read.
pub(super) struct SelectedTrace {
    pub(super) info: TraceInfo,
    /// How much of its spans to fetch, if any.
    pub(super) spans: Option<SpanDetail>,
    /// Whether the client evaluates span conditions.
    pub(super) needs_rows: bool,
}

/// The traces of a query, in its order.
pub(super) struct Selection<'a> {
    query: &'a Query,
    experiment_names: HashMap<&'a str, &'a str>,
    pages: TracePages<'a>,
    /// All traces, if the server does not sort them as requested.
    sorted: Option<VecDeque<ListedTrace>>,
    problems: Vec<Problem>,
    /// Why there are no more traces, to be returned after those that were listed before.
    failure: Option<StoreError>,
}

impl<'a> Selection<'a> {
    /// # Errors
    /// The server fails.
    pub(super) fn new(mut pages: TracePages<'a>, query: &'a Query, mut problems: Vec<Problem>) -> Result<Self> {
        let sorted = if pages.is_in_order() { None } else { Some(pages.drain_sorted(&mut problems)?) };
        Ok(Self { query, experiment_names: query.experiment_names(), pages, sorted, problems, failure: None })
    }

    /// Returns the next traces: up to `size`, but not beyond one whose spans are not needed, which can be shown at once.
    /// Problems of the pages are sent to the sink.
    ///
    /// # Errors
    /// The server fails.
    pub(super) fn next_group(&mut self, size: usize, sink: &mut dyn Sink) -> Result<Vec<SelectedTrace>> {
        let mut group = Vec::new();
        while group.len() < size && self.failure.is_none() {
            let next = self.next();
            self.problems.drain(..).for_each(|problem| sink.problem(problem));
            match next {
                Ok(Some(selected)) => {
                    let is_ready = selected.spans.is_none();
                    group.push(selected);
                    if is_ready {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => self.failure = Some(error),
            }
        }
        match self.failure.take() {
            Some(error) if group.is_empty() => Err(error),
            failure => {
                self.failure = failure;
                Ok(group)
            }
        }
    }

    /// Returns the next trace that matches, or may match once its spans are read.
    fn next(&mut self) -> Result<Option<SelectedTrace>> {
        loop {
            let listed = match &mut self.sorted {
                Some(sorted) => sorted.pop_front(),
                None => self.pages.next(&mut self.problems)?,
            };
            let Some(listed) = listed else { return Ok(None) };
            if let Some(selected) = self.select(listed)? {
                return Ok(Some(selected));
            }
        }
    }

    /// Returns `None` if the trace does not match.
    fn select(&mut self, listed: ListedTrace) -> Result<Option<SelectedTrace>> {
        let filter = &self.query.filter;
        let ListedTrace { mut info, has_decided_spans } = listed;
        info.experiment_name = self.experiment_names.get(info.experiment_id.as_str()).map(|name| (*name).to_owned());
        let needs_root = filter.needs_root_name(&info);
        if !needs_root && !filter.matches_info(&info) {
            return Ok(None);
        }
        let has_span_match = self.pages.has_span_match(&info, &mut self.problems)?;
        if has_span_match == Some(false) && !may_have_untyped_spans(&info) {
            return Ok(None);
        }
        // A span type found by the server need not be checked again. A text must be read, since it is shown.
        let is_type_match = has_span_match == Some(true) && !filter.needs(ClauseSource::Spans);
        let for_spans = detail_for_displayed_spans(filter).filter(|_| !is_type_match);
        let for_span_tests = detail_for_span_rows(filter).filter(|_| !has_decided_spans);
        let for_root = needs_root.then_some(SpanDetail::Tree);
        let spans = self.query.projection.spans.max(for_spans).max(for_span_tests).max(for_root);
        Ok(Some(SelectedTrace { info, spans, needs_rows: for_span_tests.is_some() }))
    }
}

/// Whether a trace may have spans whose type is not in the server's table: spans in files, and spans received over
/// OTLP, whose type is in attributes of other conventions (MLflow 3.18 `store/tracking/sqlalchemy_store.py`,
/// `log_spans`).
fn may_have_untyped_spans(info: &TraceInfo) -> bool {
    !info.has_spans_in_database() || info.metadata.get(keys::SIZE_STATS).is_none()
}
