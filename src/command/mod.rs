//! The commands. One is added by a file with `Args` and `run`, and a line in the list below.

mod naming;
mod select;

use crate::analyze::prices::Prices;
use crate::context::Context;
use crate::error::Result;
use crate::filter::{Clause, Label, LabelTest};
use crate::model::{Problem, Trace, keys};
use crate::render::{Page, number};
use crate::store::{self, Need, Query, TraceStore};
use std::ops::ControlFlow;

/// Makes the modules, the variants that clap sees, and the match that runs them.
macro_rules! commands {
    ($($variant:ident $module:ident)*) => {
        $(mod $module;)*

        /// What to do.
        #[derive(Debug, clap::Subcommand)]
        #[expect(clippy::large_enum_variant, reason = "there is one, for the life of the process")]
        pub enum Command {
            $(
                #[allow(missing_docs, reason = "the help of a command is the doc comment of its `Args`")]
                $variant($module::Args),
            )*
        }

        impl Command {
            /// Does it.
            ///
            /// # Errors
            /// What a command could not do.
            pub fn run(&self, cx: &mut Context) -> Result<()> {
                match self {
                    $(Self::$variant(args) => $module::run(args, cx),)*
                }
            }
        }
    };
}

commands! {
    Experiments experiments
    Traces traces
    Trace trace
    Usage usage
    Stats stats
    Spans spans
    Tools tools
    Exceptions exceptions
    Sessions sessions
    Session session
    Prices prices
    Completions completions
    Man man
}

/// Hands on each trace that a query selects, with the cost of its spans.
fn each(
    store: &dyn TraceStore,
    prices: &Prices,
    query: &Query,
    problems: &mut Vec<Problem>,
    take: &mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
) -> Result<Option<usize>> {
    store::select(store, query, problems, &mut |mut trace| {
        prices.fill(&mut trace);
        take(trace)
    })
}

/// What of a trace could not be read.
fn losses(trace: &Trace) -> Vec<Problem> {
    trace.spans.iter().flat_map(|spans| &spans.problems).filter(|problem| problem.is_loss()).cloned().collect()
}

/// Says on stderr what a list held back, or that it is empty. `is_cut` = there were more than were asked for.
fn tell_page(cx: &Context, page: &Page, is_cut: bool, what: &str) {
    if is_cut {
        let is_one = page.returned == 1 && page.matched.is_none();
        let what = if is_one { what.trim_end_matches('s') } else { what };
        let count = |count: usize| number::count(i64::try_from(count).unwrap_or(i64::MAX));
        let shown = count(page.returned);
        cx.note(&match page.matched {
            Some(all) => format!("{shown} of {} {what} shown; -n or --all shows more", count(all)),
            None => format!("{shown} {what} shown; there are more, which -n or --all shows"),
        });
    } else if page.returned == 0 {
        cx.note(&format!("no {what} fit"));
    }
}

/// Says that chat models are left out by `--type LLM`, where the selected traces have any.
fn tell_left_out(cx: &Context, store: &dyn TraceStore, select: &select::Select, query: &Query) -> Result<()> {
    if !select.leaves_out_chat_models() || cx.globals().quiet {
        return Ok(());
    }
    let mut chat = query.clone();
    chat.filter.clauses.retain(|clause| !matches!(clause, Clause::SpanType(_)));
    chat.filter.clauses.push(Clause::SpanType(vec!["CHAT_MODEL".to_owned()]));
    (chat.need, chat.expected, chat.only_types) = (Need::Info, Some(1), true);
    if has_any(store, &chat)? {
        cx.note("spans of type CHAT_MODEL are left out; --llm has them too");
    }
    Ok(())
}

/// Says that `--min-tokens` leaves out traces of which no tokens were recorded, where all were looked at and some are such.
fn tell_without_tokens(cx: &Context, store: &dyn TraceStore, query: &Query) -> Result<()> {
    let asks = |clause: &Clause| matches!(clause, Clause::MinTokens(_));
    if cx.globals().quiet || !query.filter.clauses.iter().any(asks) {
        return Ok(());
    }
    let mut without = Query { need: Need::Info, expected: Some(1), counts: false, ..query.clone() };
    without.filter.clauses.retain(|clause| !asks(clause));
    let usage = Label::Metadata(keys::TOKEN_USAGE.to_owned());
    without.filter.clauses.push(Clause::Label(usage, LabelTest::Missing));
    if has_any(store, &without)? {
        cx.note("traces of which no tokens were recorded are left out by --min-tokens");
    }
    Ok(())
}

/// Whether a query finds any trace.
fn has_any(store: &dyn TraceStore, query: &Query) -> Result<bool> {
    let mut found = false;
    store::select(store, query, &mut Vec::new(), &mut |_| {
        found = true;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}
