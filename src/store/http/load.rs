//! Loads the spans of traces, several at once.

use super::HttpStore;
use super::batch::{self, BatchOutcome};
use super::body::BudgetShare;
use super::client::Client;
use super::pages::ApiGeneration;
use super::selection::SelectedTrace;
use super::spans::{self, SpanFetch};
use crate::formats::TraceFile;
use crate::limits;
use crate::model::Trace;
use crate::query::Filter;
use crate::store::error::Result;
use crate::store::parallel::in_parallel;
use crate::store::{Sink, SpanDetail, rows};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// After this many traces in a row without spans, the trace storage of the server is assumed to be broken.
const MAX_TRACES_WITHOUT_SPANS: usize = 64;

/// After this many batches in a row that returned no trace, the rest is requested one by one: each trace of AG2, for
/// example, has an integer that the server cannot encode.
const MAX_EMPTY_BATCHES: usize = 3;

/// A trace with its share of the memory budget; `None` if concurrent reads use up the budget, or after a failure.
type LoadedTrace = Option<(Result<Trace>, BudgetShare)>;

/// A part of a group, as loaded by one thread.
pub(super) struct LoadedPart {
    traces: Vec<LoadedTrace>,
    /// What became of the request for all of them at once, if there was one.
    outcome: Option<BatchOutcome>,
    /// The memory of the response to that request.
    _share: BudgetShare,
}

/// Loads the spans of a group of traces, on any thread.
pub(super) struct Loader<'a> {
    client: &'a Client,
    generation: ApiGeneration,
    filter: &'a Filter,
    span_fetch: SpanFetch,
    uses_batches: bool,
    /// After a failure, the rest is not requested.
    has_failed: AtomicBool,
    is_over_budget: AtomicBool,
}

impl Loader<'_> {
    /// Loads the spans of the traces that need them.
    pub(super) fn load(&self, traces: &[SelectedTrace]) -> Vec<LoadedPart> {
        let parts = if self.uses_batches { batch::split(traces) } else { traces.chunks(1).collect() };
        let needs_spans = traces.iter().any(|selected| selected.spans.is_some());
        let concurrency = match needs_spans {
            false => 1,
            true if parts.len() < traces.len() => batch::CONCURRENT_REQUESTS,
            true => limits::CONCURRENT_REQUESTS,
        };
        in_parallel(&parts, concurrency, |part| self.load_part(part))
    }

    fn must_stop(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed) || self.is_over_budget.load(Ordering::Relaxed)
    }

    fn load_part(&self, part: &[SelectedTrace]) -> LoadedPart {
        let mut share = BudgetShare::limited(&self.client.budget);
        let detail = part[0].spans.filter(|_| part.len() > 1 && !self.must_stop());
        let (mut batch, outcome) = match detail.map(|detail| batch::read(self.client, part, detail, &mut share)) {
            Some((batch, outcome)) => (batch, Some(outcome)),
            None => Default::default(),
        };
        let traces = part.iter().map(|selected| self.load_one(selected, &mut batch)).collect();
        LoadedPart { traces, outcome, _share: share }
    }

    fn load_one(&self, selected: &SelectedTrace, batch: &mut HashMap<String, TraceFile>) -> LoadedTrace {
        let share = BudgetShare::limited(&self.client.budget);
        let Some(detail) = selected.spans else {
            return Some((Ok(Trace::without_spans(selected.info.clone())), share));
        };
        if let Some(file) = batch.remove(&selected.info.trace_id) {
            return Some((Ok(self.with_rows(selected, spans::from_batch(selected.info.clone(), file))), share));
        }
        if self.must_stop() {
            return None;
        }
        let loaded = self.read_one(selected, detail, share);
        self.is_over_budget.fetch_or(loaded.is_none(), Ordering::Relaxed);
        loaded
    }

    fn read_one(&self, selected: &SelectedTrace, detail: SpanDetail, mut share: BudgetShare) -> LoadedTrace {
        let info = selected.info.clone();
        let trace = spans::read(self.client, self.generation, info, detail, self.span_fetch, &mut share);
        self.has_failed.fetch_or(trace.is_err(), Ordering::Relaxed);
        Some((trace.transpose()?.map(|trace| self.with_rows(selected, trace)), share))
    }

    fn with_rows(&self, selected: &SelectedTrace, mut trace: Trace) -> Trace {
        if selected.needs_rows {
            trace.rows = Some(rows::from_spans(&trace, self.filter));
        }
        trace
    }
}

impl HttpStore {
    /// Maximum number of traces whose spans are loaded together.
    pub(super) fn max_group(&self, detail: Option<SpanDetail>) -> usize {
        let uses_batches = self.uses_batches() && detail.is_some_and(batch::is_possible);
        4 * if uses_batches { batch::CONCURRENT_REQUESTS * batch::MAX_TRACES } else { limits::CONCURRENT_REQUESTS }
    }

    /// Whether the spans of several traces are requested at once.
    fn uses_batches(&self) -> bool {
        self.generation() == ApiGeneration::V3 && self.empty_batches.get() < MAX_EMPTY_BATCHES
    }

    /// Returns the loader for the next group of traces of a query.
    pub(super) fn loader<'a>(&'a self, filter: &'a Filter) -> Loader<'a> {
        let span_fetch = if self.traces_without_spans.get() < MAX_TRACES_WITHOUT_SPANS {
            SpanFetch::AllRoutes
        } else {
            SpanFetch::FirstRouteOnce
        };
        Loader {
            client: &self.client,
            generation: self.generation(),
            filter,
            span_fetch,
            uses_batches: self.uses_batches(),
            has_failed: AtomicBool::new(false),
            is_over_budget: AtomicBool::new(false),
        }
    }

    /// Sends the traces of a group to the sink, with what was loaded of them.
    pub(super) fn send(
        &self,
        traces: &[SelectedTrace],
        loader: &Loader<'_>,
        parts: Vec<LoadedPart>,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>> {
        let mut rest = traces.iter();
        for part in parts {
            match part.outcome {
                Some(BatchOutcome::Found) => self.empty_batches.set(0),
                Some(BatchOutcome::Empty) => self.empty_batches.set(self.empty_batches.get() + 1),
                Some(BatchOutcome::NoRoute) => self.empty_batches.set(MAX_EMPTY_BATCHES),
                None => {}
            }
            for (read, selected) in part.traces.into_iter().zip(rest.by_ref()) {
                // Traces that exceeded the budget are read one by one, without a budget.
                let read = match (read, selected.spans) {
                    (None, Some(detail)) if !loader.has_failed.load(Ordering::Relaxed) => {
                        loader.read_one(selected, detail, BudgetShare::unlimited(&self.client.budget))
                    }
                    (read, _) => read,
                };
                // The share is returned to the budget after the trace was sent to the sink.
                let Some((trace, _share)) = read else { continue };
                let trace = trace?;
                self.count_without_spans(&trace);
                if sink.trace(trace).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn count_without_spans(&self, trace: &Trace) {
        let Some(spans) = &trace.spans else { return };
        let is_lost =
            spans.problems.iter().any(|problem| matches!(&*problem.kind, "missing_spans" | spans::UNSERVED_SPANS));
        self.traces_without_spans.set(if is_lost { self.traces_without_spans.get() + 1 } else { 0 });
    }
}
