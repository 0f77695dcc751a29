//! Loads the spans of traces, several at once.

use super::HttpStore;
use super::batch::{self, BatchOutcome};
use super::body::BudgetShare;
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

/// A part of the traces, as loaded by one thread.
struct LoadedPart {
    /// Each trace with its share of the memory budget; `None` if concurrent reads use up the budget, or after a failure.
    traces: Vec<Option<(Result<Trace>, BudgetShare)>>,
    /// What became of the request for all of them at once, if there was one.
    outcome: Option<BatchOutcome>,
    /// The memory of the response to that request.
    _share: BudgetShare,
}

impl HttpStore {
    /// Maximum number of traces whose spans are loaded together.
    pub(super) fn max_group(&self, detail: Option<SpanDetail>) -> usize {
        let per_thread = if self.uses_batches(detail) { batch::MAX_TRACES } else { 4 };
        per_thread * limits::CONCURRENT_REQUESTS
    }

    /// Whether the spans of several traces are requested at once.
    fn uses_batches(&self, detail: Option<SpanDetail>) -> bool {
        self.generation() == ApiGeneration::V3
            && self.empty_batches.get() < MAX_EMPTY_BATCHES
            && detail.is_some_and(batch::is_possible)
    }

    /// Sends selected traces to the sink, with their spans if needed.
    pub(super) fn emit(
        &self,
        traces: &[SelectedTrace],
        filter: &Filter,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>> {
        let (client, generation) = (&self.client, self.generation());
        let span_fetch = if self.traces_without_spans.get() < MAX_TRACES_WITHOUT_SPANS {
            SpanFetch::AllRoutes
        } else {
            SpanFetch::FirstRouteOnce
        };
        // After a failure, the rest is not requested.
        let has_failed = AtomicBool::new(false);
        let is_over_budget = AtomicBool::new(false);
        let must_stop = || has_failed.load(Ordering::Relaxed) || is_over_budget.load(Ordering::Relaxed);
        let with_rows = |selected: &SelectedTrace, mut trace: Trace| {
            if selected.needs_rows {
                trace.rows = Some(rows::from_spans(&trace, filter));
            }
            trace
        };
        // Returns the trace with its share of the memory budget; `None` if concurrent reads use up the budget.
        let read_one = |selected: &SelectedTrace, detail: SpanDetail, mut share: BudgetShare| {
            let trace = spans::read(client, generation, selected.info.clone(), detail, span_fetch, &mut share);
            has_failed.fetch_or(trace.is_err(), Ordering::Relaxed);
            Some((trace.transpose()?.map(|trace| with_rows(selected, trace)), share))
        };
        let load_one = |selected: &SelectedTrace, batch: &mut HashMap<String, TraceFile>| {
            let share = BudgetShare::limited(&client.budget);
            let Some(detail) = selected.spans else {
                return Some((Ok(Trace::without_spans(selected.info.clone())), share));
            };
            if let Some(file) = batch.remove(&selected.info.trace_id) {
                return Some((Ok(with_rows(selected, spans::from_batch(selected.info.clone(), file))), share));
            }
            if must_stop() {
                return None;
            }
            let loaded = read_one(selected, detail, share);
            is_over_budget.fetch_or(loaded.is_none(), Ordering::Relaxed);
            loaded
        };
        let load = |part: &&[SelectedTrace]| {
            let mut share = BudgetShare::limited(&client.budget);
            let detail = part[0].spans.filter(|_| part.len() > 1 && !must_stop());
            let (mut batch, outcome) = match detail.map(|detail| batch::read(client, part, detail, &mut share)) {
                Some((batch, outcome)) => (batch, Some(outcome)),
                None => Default::default(),
            };
            let traces = part.iter().map(|selected| load_one(selected, &mut batch)).collect();
            LoadedPart { traces, outcome, _share: share }
        };
        let detail = traces.iter().filter_map(|selected| selected.spans).max();
        let parts = if self.uses_batches(detail) { batch::split(traces) } else { traces.chunks(1).collect() };
        let concurrency = if detail.is_some() { limits::CONCURRENT_REQUESTS } else { 1 };
        for (part, mut loaded) in parts.iter().zip(in_parallel(&parts, concurrency, load)) {
            match loaded.outcome {
                Some(BatchOutcome::Found) => self.empty_batches.set(0),
                Some(BatchOutcome::Empty) => self.empty_batches.set(self.empty_batches.get() + 1),
                Some(BatchOutcome::NoRoute) => self.empty_batches.set(MAX_EMPTY_BATCHES),
                None => {}
            }
            for (selected, loaded) in part.iter().zip(loaded.traces.drain(..)) {
                // Traces that exceeded the budget are read one by one, without a budget.
                let loaded = match (loaded, selected.spans) {
                    (None, Some(detail)) if !has_failed.load(Ordering::Relaxed) => {
                        read_one(selected, detail, BudgetShare::unlimited(&client.budget))
                    }
                    (loaded, _) => loaded,
                };
                // The share is returned to the budget after the trace was sent to the sink.
                let Some((trace, _share)) = loaded else { continue };
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
