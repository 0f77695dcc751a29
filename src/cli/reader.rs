//! Reads traces for a command: opens the store, fills in costs, shows progress, collects problems.

use super::select::TraceSelection;
use crate::analysis::prices::Prices;
use crate::cli::progress::Progress;
use crate::cli::{choice::Choice, context::Context};
use crate::error::{Error, Result};
use crate::model::{Problem, Span, Trace, TraceInfo, keys};
use crate::query::{Clause, Label};
use crate::reading::{self, History, Reading};
use crate::store::{self, Order, Projection, Query, ReadPlan, SpanDetail, SpanSubset, TraceKey, TraceStore};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Consumes traces one by one; `Break` ends the reading.
pub(crate) type TraceConsumer<'a> = dyn FnMut(Trace) -> Result<ControlFlow<()>> + 'a;

/// Consumes traces with their readings one by one; `Break` ends the reading.
pub(crate) type ReadingConsumer<'a> = dyn FnMut(Trace, Reading) -> Result<ControlFlow<()>> + 'a;

/// Reads traces from a store, with their costs.
pub(crate) struct TraceReader {
    /// The store.
    pub(crate) store: Box<dyn TraceStore>,
    /// Problems of reading records.
    pub(crate) problems: Vec<Problem>,
    /// Problems of reading spans.
    pub(crate) span_problems: Vec<Problem>,
    prices: Prices,
    progress: Progress,
    /// Whether a note has named the experiment that the environment chose: a command may have several queries.
    has_named_experiment: bool,
}

impl TraceReader {
    /// Opens the store given by the flags, the environment or MLflow's default.
    pub(crate) fn open(cx: &Context) -> Result<Self> {
        Self::open_with_choice(cx).map(|(reader, _)| reader)
    }

    /// Opens the store and returns why it was chosen.
    pub(crate) fn open_with_choice(cx: &Context) -> Result<(Self, Choice)> {
        // First, so that an invalid file of prices is reported before traces are read.
        let prices = cx.prices()?;
        let progress = cx.progress("traces read");
        let (store, choice) = cx.choose_store()?;
        let (problems, span_problems) = (Vec::new(), Vec::new());
        Ok((Self { store, problems, span_problems, prices, progress, has_named_experiment: false }, choice))
    }

    /// Builds the query of the filter flags.
    pub(crate) fn query(
        &mut self,
        cx: &Context,
        select: &TraceSelection,
        order: Order,
        projection: Projection,
    ) -> Result<Query> {
        let query = select.query(cx, &*self.store, order, projection, &mut self.problems)?;
        if let Some((variable, _)) = select.experiment_from_environment(cx)
            && !std::mem::replace(&mut self.has_named_experiment, true)
            && let [experiment] = &query.experiments[..]
        {
            cx.note_for_people(&format!("only experiment `{}`, from {variable}", experiment.name));
        }
        // Once for all searches with this query.
        Ok(store::resolve_sessions(&*self.store, &query, &mut self.problems)?.into_owned())
    }

    /// Calls `take` with each selected trace, with the cost of its spans. Returns the total number of matches if the
    /// query asks for it and the store can count cheaply.
    pub(crate) fn for_each(&mut self, query: &Query, take: &mut TraceConsumer<'_>) -> Result<Option<usize>> {
        let Self { store, problems, span_problems, prices, progress, .. } = self;
        store::select(&**store, query, problems, &mut |mut trace| {
            progress.tick();
            span_problems.extend(data_losses(&trace));
            fill_derived(&mut trace, prices);
            take(trace)
        })
    }

    /// Calls `take` with each selected trace and its reading, in the order in which the traces ended. A tool call that
    /// later traces repeat in their history is new in its first trace only, and so is its failure.
    pub(crate) fn for_each_reading(&mut self, query: Query, take: &mut ReadingConsumer<'_>) -> Result<()> {
        let mut query = Query { order: Order::FIRST_ENDED, ..query };
        // Records have no history.
        if query.projection.spans.is_some() {
            query.projection = query.projection.in_order();
        }
        let Self { store, problems, span_problems, prices, progress, .. } = self;
        let mut history = History::default();
        store::select(&**store, &query, problems, &mut |mut trace| {
            progress.tick();
            span_problems.extend(data_losses(&trace));
            prices.fill_costs(&mut trace);
            let reading = history.read_trace(&mut trace);
            take(trace, reading)
        })
        .map(drop)
    }

    /// Calls `take` with traces whose records were read before, now with their spans and costs.
    pub(crate) fn load_spans(
        &mut self,
        infos: Vec<TraceInfo>,
        detail: SpanDetail,
        take: &mut TraceConsumer<'_>,
    ) -> Result<()> {
        let Self { store, problems, span_problems, prices, progress, .. } = self;
        store::load_spans(&**store, infos, detail, problems, &mut |mut trace| {
            progress.tick();
            span_problems.extend(data_losses(&trace));
            fill_derived(&mut trace, prices);
            take(trace)
        })
    }

    /// Loads a trace with the cost of its spans. Its problems are in the trace, not in this reader.
    pub(crate) fn trace(&self, key: &TraceKey, detail: Option<SpanDetail>) -> Result<Option<Trace>> {
        let mut found = self.store.trace(key, detail)?;
        if let Some(trace) = &mut found {
            fill_derived(trace, &self.prices);
        }
        Ok(found)
    }

    /// Returns up to how many traces may have their spans read just to fill gaps in their records. On a server, each takes
    /// one or more requests.
    pub(crate) fn span_read_budget(&self) -> usize {
        if self.store.is_local() { 1_000 } else { 100 }
    }

    /// Clears the progress line, before results are printed.
    pub(crate) fn clear_progress(&mut self) {
        self.progress.clear();
    }

    /// Whether anything is missing because it could not be read.
    pub(crate) fn has_losses(&self) -> bool {
        self.problems.iter().chain(&self.span_problems).any(Problem::is_loss)
    }

    /// Prints warnings for the problems, each once.
    pub(crate) fn warn(mut self, cx: &Context) {
        self.problems.append(&mut self.span_problems);
        // A trace that was read twice reports its problems twice.
        let mut seen = HashSet::new();
        self.problems.retain(|problem| seen.insert(problem.clone()));
        cx.warn_problems(&self.problems);
    }

    /// Notes what the filters exclude, perhaps unintentionally: chat models with `--type LLM`, and traces without
    /// recorded tokens with `--min-tokens`. The latter is noted only if all traces were read (`saw_all`).
    pub(crate) fn note_excluded(
        &self,
        cx: &Context,
        select: &TraceSelection,
        query: &Query,
        saw_all: bool,
    ) -> Result<()> {
        if cx.globals().quiet {
            return Ok(());
        }
        if select.excludes_chat_models() {
            let mut chat = query.clone();
            chat.filter.set_span_types(vec!["CHAT_MODEL".to_owned()]);
            chat.plan = ReadPlan::first(1);
            chat.projection = Projection { spans: None, subset: SpanSubset::MatchingTypes, ..chat.projection };
            if self.matches_any(&chat)? {
                cx.note("spans of type CHAT_MODEL are excluded (use --llm)");
            }
        }
        if saw_all && query.filter.clauses.iter().any(Clause::is_min_tokens) {
            let projection = Projection { spans: None, ..query.projection.clone() };
            let mut without = Query { projection, plan: ReadPlan::first(1), ..query.clone() };
            without.filter.clauses.retain(|clause| !clause.is_min_tokens());
            without.filter.clauses.push(Label::metadata(keys::TOKEN_USAGE).missing());
            if self.matches_any(&without)? {
                cx.note("traces without recorded tokens are excluded by --min-tokens");
            }
        }
        Ok(())
    }

    /// Whether any trace matches a query.
    fn matches_any(&self, query: &Query) -> Result<bool> {
        let mut found = false;
        store::select(&*self.store, query, &mut Vec::new(), &mut |_| {
            found = true;
            Ok::<_, Error>(ControlFlow::Break(()))
        })?;
        Ok(found)
    }
}

/// Fills in costs, and marks tool failures that were handled.
fn fill_derived(trace: &mut Trace, prices: &Prices) {
    prices.fill_costs(trace);
    let has_failure = |span: &Span| span.tool_mentions.iter().any(|mention| mention.failure.is_some());
    if trace.span_list().iter().any(has_failure) {
        let calls = Reading::from_trace(trace).tool_calls;
        if let Some(spans) = &mut trace.spans {
            reading::mark_handled_failures(spans, &calls);
        }
    }
}

/// Returns the problems that lost data of a trace.
fn data_losses(trace: &Trace) -> impl Iterator<Item = Problem> {
    trace.spans.iter().flat_map(|spans| &spans.problems).filter(|problem| problem.is_loss()).cloned()
}
