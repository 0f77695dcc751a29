//! Reading traces for a command: the store, the prices of what they used, a sign of life, and what could not be read.

use super::select::TraceSelection;
use crate::analysis::prices::Prices;
use crate::cli::progress::Progress;
use crate::cli::{choice::Choice, context::Context};
use crate::error::Result;
use crate::model::{Problem, Span, Trace, TraceInfo, keys};
use crate::query::{Clause, Label, LabelTest};
use crate::reading::{self, History, Reading};
use crate::store::{self, Order, Projection, Query, TraceStore};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Takes traces one by one; breaking ends the reading.
pub(crate) type TraceConsumer<'a> = dyn FnMut(Trace) -> Result<ControlFlow<()>> + 'a;

/// The same with the reading of each.
pub(crate) type ReadingConsumer<'a> = dyn FnMut(Trace, Reading) -> Result<ControlFlow<()>> + 'a;

/// What a command reads with.
pub(crate) struct TraceReader {
    /// Where the traces are.
    pub(crate) store: Box<dyn TraceStore>,
    /// What could not be read of the store.
    pub(crate) problems: Vec<Problem>,
    /// What could not be read of the spans of traces.
    pub(crate) span_problems: Vec<Problem>,
    prices: Prices,
    progress: Progress,
}

impl TraceReader {
    /// Opens the store that is meant.
    pub(crate) fn open(cx: &Context) -> Result<Self> {
        Self::choose(cx).map(|(reader, _)| reader)
    }

    /// The same, and why it is this one.
    pub(crate) fn choose(cx: &Context) -> Result<(Self, Choice)> {
        // Before anything is read, so that what is wrong with it is told at once.
        let prices = cx.prices()?;
        let progress = cx.progress("traces read");
        let (store, choice) = cx.choose_store()?;
        Ok((Self { store, problems: Vec::new(), span_problems: Vec::new(), prices, progress }, choice))
    }

    /// The query of the flags that choose traces.
    pub(crate) fn query(
        &mut self,
        cx: &Context,
        select: &TraceSelection,
        order: Order,
        need: Projection,
    ) -> Result<Query> {
        select.query(cx, &*self.store, order, need, &mut self.problems)
    }

    /// Hands on each trace that a query selects, with the cost of its spans. Gives how many are meant in all, where the query
    /// asks for it and that is cheap to tell.
    pub(crate) fn each(&mut self, query: &Query, take: &mut TraceConsumer<'_>) -> Result<Option<usize>> {
        let Self { store, problems, span_problems, prices, progress } = self;
        store::select(&**store, query, problems, &mut |mut trace| {
            progress.tick();
            span_problems.extend(losses(&trace));
            prepare(&mut trace, prices);
            take(trace)
        })
    }

    /// Hands on each selected trace with its reading, in the order in which they ended: a tool call that a later trace repeats
    /// in its history is new in one trace only, and so is its failure.
    pub(crate) fn each_reading(&mut self, query: Query, take: &mut ReadingConsumer<'_>) -> Result<()> {
        let query = Query { order: Order::FIRST_ENDED, ..query };
        let Self { store, problems, span_problems, prices, progress } = self;
        let mut history = History::default();
        store::select(&**store, &query, problems, &mut |mut trace| {
            progress.tick();
            span_problems.extend(losses(&trace));
            prices.fill(&mut trace);
            let reading = history.read_trace(&mut trace);
            take(trace, reading)
        })?;
        Ok(())
    }

    /// Hands on traces whose records were read before, now with their spans and what these cost.
    pub(crate) fn complete(
        &mut self,
        infos: Vec<TraceInfo>,
        need: Projection,
        take: &mut TraceConsumer<'_>,
    ) -> Result<()> {
        let Self { store, problems, span_problems, prices, progress } = self;
        store::complete(&**store, infos, need, problems, &mut |mut trace| {
            progress.tick();
            span_problems.extend(losses(&trace));
            prepare(&mut trace, prices);
            take(trace)
        })
    }

    /// A trace by its exact id, with the cost of its spans. What could not be read of it stands with it.
    pub(crate) fn trace(&self, id: &str, need: Projection) -> Result<Option<Trace>> {
        let mut found = self.store.trace(id, need)?;
        if let Some(trace) = &mut found {
            prepare(trace, &self.prices);
        }
        Ok(found)
    }

    /// All is read: the sign of life makes room for results.
    pub(crate) fn end(&mut self) {
        self.progress.clear();
    }

    /// Whether anything was left out because it could not be read.
    pub(crate) fn has_losses(&self) -> bool {
        self.problems.iter().chain(&self.span_problems).any(Problem::is_loss)
    }

    /// Warns of what could not be read.
    pub(crate) fn warn(mut self, cx: &Context) {
        self.problems.append(&mut self.span_problems);
        // A trace that was read twice has its problems twice.
        let mut seen = HashSet::new();
        self.problems.retain(|problem| seen.insert(problem.clone()));
        cx.warn(&self.problems);
    }

    /// Says what the flags leave out that may be meant: chat models by `--type LLM`, and by `--min-tokens` traces of which no
    /// tokens were recorded. Where only the first traces were looked at, the latter would be told too early.
    pub(crate) fn tell_left_out(
        &self,
        cx: &Context,
        select: &TraceSelection,
        query: &Query,
        saw_all: bool,
    ) -> Result<()> {
        if cx.globals().quiet {
            return Ok(());
        }
        if select.leaves_out_chat_models() {
            let mut chat = query.clone();
            chat.filter.clauses.retain(|clause| !matches!(clause, Clause::SpanType(_)));
            chat.filter.clauses.push(Clause::SpanType(vec!["CHAT_MODEL".to_owned()]));
            (chat.need, chat.expected, chat.only_types) = (Projection::Info, Some(1), true);
            if self.has_any(&chat)? {
                cx.note("spans of type CHAT_MODEL are left out; --llm has them too");
            }
        }
        let asks = |clause: &Clause| matches!(clause, Clause::MinTokens(_));
        if saw_all && query.filter.clauses.iter().any(asks) {
            let mut without = Query { need: Projection::Info, expected: Some(1), counts: false, ..query.clone() };
            without.filter.clauses.retain(|clause| !asks(clause));
            let usage = Label::Metadata(keys::TOKEN_USAGE.to_owned());
            without.filter.clauses.push(Clause::Label(usage, LabelTest::Missing));
            if self.has_any(&without)? {
                cx.note("traces of which no tokens were recorded are left out by --min-tokens");
            }
        }
        Ok(())
    }

    /// Whether a query finds any trace.
    fn has_any(&self, query: &Query) -> Result<bool> {
        let mut found = false;
        store::select(&*self.store, query, &mut Vec::new(), &mut |_| {
            found = true;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }
}

/// Fills in what no span of a trace records by itself.
fn prepare(trace: &mut Trace, prices: &Prices) {
    prices.fill(trace);
    let has_failure = |span: &Span| span.tool_mentions.iter().any(|mention| mention.failure.is_some());
    if trace.span_list().iter().any(has_failure) {
        let calls = Reading::of(trace).tool_calls;
        if let Some(spans) = &mut trace.spans {
            reading::mark_handled_failures(spans, &calls);
        }
    }
}

/// What of a trace could not be read.
fn losses(trace: &Trace) -> impl Iterator<Item = Problem> {
    trace.spans.iter().flat_map(|spans| &spans.problems).filter(|problem| problem.is_loss()).cloned()
}
