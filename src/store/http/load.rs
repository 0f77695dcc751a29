//! Loads the spans of traces, several at once.

use super::HttpStore;
use super::body::BudgetShare;
use super::spans::{self, SpanFetch};
use crate::limits;
use crate::model::{Trace, TraceInfo};
use crate::query::Filter;
use crate::store::error::Result;
use crate::store::parallel::in_parallel;
use crate::store::{Sink, SpanDetail, rows};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// After this many traces in a row without spans, the trace storage of the server is assumed to be broken.
const MAX_TRACES_WITHOUT_SPANS: usize = 64;

/// A trace that matches the query, or may match once its spans are read.
pub(super) struct SelectedTrace {
    pub(super) info: TraceInfo,
    /// How much of its spans to fetch, if any.
    pub(super) spans: Option<SpanDetail>,
    /// Whether the client evaluates span conditions.
    pub(super) needs_rows: bool,
}

impl HttpStore {
    /// Sends a batch of selected traces to the sink, with their spans if needed.
    pub(super) fn emit(
        &self,
        batch: &[SelectedTrace],
        filter: &Filter,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>> {
        let (client, generation) = (&self.client, self.generation());
        let span_fetch = if self.traces_without_spans.get() < MAX_TRACES_WITHOUT_SPANS {
            SpanFetch::AllRoutes
        } else {
            SpanFetch::FirstRouteOnce
        };
        // After a failure, the rest of the batch is not requested.
        let has_failed = AtomicBool::new(false);
        let is_over_budget = AtomicBool::new(false);
        // Returns the trace with its share of the memory budget; `None` if concurrent reads use up the budget.
        let read = |selected: &SelectedTrace, detail: SpanDetail, mut share: BudgetShare| {
            let trace = spans::read(client, generation, selected.info.clone(), detail, span_fetch, &mut share);
            has_failed.fetch_or(trace.is_err(), Ordering::Relaxed);
            let mut trace = trace.transpose()?;
            if let Ok(trace) = &mut trace
                && selected.needs_rows
            {
                trace.rows = Some(rows::from_spans(trace, filter));
            }
            Some((trace, Some(share)))
        };
        let load = |selected: &SelectedTrace| {
            let Some(detail) = selected.spans else {
                return Some((Ok(Trace::without_spans(selected.info.clone())), None));
            };
            if has_failed.load(Ordering::Relaxed) || is_over_budget.load(Ordering::Relaxed) {
                return None;
            }
            let loaded = read(selected, detail, BudgetShare::limited(&client.budget));
            is_over_budget.fetch_or(loaded.is_none(), Ordering::Relaxed);
            loaded
        };
        let needs_spans = batch.iter().any(|selected| selected.spans.is_some());
        let concurrency = if needs_spans { limits::CONCURRENT_REQUESTS } else { 1 };
        let mut failure = None;
        for (selected, loaded) in batch.iter().zip(in_parallel(batch, concurrency, load)) {
            if failure.is_some() {
                break;
            }
            // Traces that exceeded the budget are read one by one, without a budget.
            let loaded = match (loaded, selected.spans) {
                (None, Some(detail)) if !has_failed.load(Ordering::Relaxed) => {
                    read(selected, detail, BudgetShare::unlimited(&client.budget))
                }
                (loaded, _) => loaded,
            };
            // The share is returned to the budget after the trace was sent to the sink.
            let Some((trace, _share)) = loaded else { continue };
            match trace {
                Ok(trace) => {
                    if let Some(spans) = &trace.spans {
                        let is_lost = spans
                            .problems
                            .iter()
                            .any(|problem| matches!(&*problem.kind, "missing_spans" | spans::UNSERVED_SPANS));
                        self.traces_without_spans.set(if is_lost { self.traces_without_spans.get() + 1 } else { 0 });
                    }
                    if sink.trace(trace).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(ControlFlow::Continue(())), Err)
    }
}
