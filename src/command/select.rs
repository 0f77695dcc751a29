//! The flags that choose traces, the same in every command.

use crate::context::{Context, not_found};
use crate::error::{Error, Kind, Result};
use crate::filter::{Clause, Filter, Glob, flags};
use crate::model::{Experiment, Problem, TraceState};
use crate::store::{Need, Order, Query, SortKey, TraceStore};

/// The states that `--status` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum Status {
    Ok,
    Error,
    #[value(alias = "in-progress")]
    InProgress,
}

/// Which traces.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Which traces")]
pub(super) struct Select {
    /// Experiment, by id or exact name (can be repeated)
    #[arg(short = 'x', long = "experiment", value_name = "NAME|ID")]
    experiments: Vec<String>,
    /// Add deleted experiments
    #[arg(long)]
    deleted: bool,
    /// State of the trace (can be repeated)
    #[arg(long, value_name = "STATE", value_delimiter = ',', ignore_case = true)]
    status: Vec<Status>,
    /// Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Begun before
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Name of the trace; * and ? are wildcards
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// Has a tag, or a tag of this value (can be repeated)
    #[arg(long, value_name = "KEY[=VALUE]")]
    tag: Vec<String>,
    /// Of this session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Of this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Made under, or linked to, this run
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Took at least: 250ms, 1.5s, 2m
    #[arg(long, value_name = "DURATION")]
    min_duration: Option<String>,
    /// Took at most
    #[arg(long, value_name = "DURATION")]
    max_duration: Option<String>,
    #[command(flatten)]
    types: Types,
}

/// Which span types.
#[derive(Clone, Debug, Default, clap::Args)]
struct Types {
    /// Span types, exact: LLM,TOOL (can be repeated)
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// Calls of language models: short for --type LLM,CHAT_MODEL
    #[arg(long)]
    llm: bool,
}

/// How many, in which order.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "How many")]
pub(super) struct Limits {
    /// Print at most so many rows
    #[arg(short = 'n', long, value_name = "ROWS", default_value_t = 20)]
    limit: usize,
    /// Print all rows
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Order by time, duration, tokens, cost, name or state; a leading - puts the greatest first
    #[arg(long, value_name = "KEY", default_value = "-time", allow_hyphen_values = true)]
    sort: String,
}

impl Limits {
    /// How many rows to print.
    pub(super) const fn rows(&self) -> usize {
        if self.all { usize::MAX } else { self.limit }
    }

    /// The order of traces.
    pub(super) fn order(&self) -> Result<Order> {
        let (key, is_descending) = self.sort.strip_prefix('-').map_or((self.sort.as_str(), false), |key| (key, true));
        let key = match key {
            "time" => SortKey::Time,
            "duration" => SortKey::Duration,
            "tokens" => SortKey::Tokens,
            "cost" => SortKey::Cost,
            "name" => SortKey::Name,
            "state" => SortKey::State,
            _ => {
                return Err(Error::new(Kind::Usage, format!("`{key}` is no key to sort by"))
                    .hint("time, duration, tokens, cost, name and state are; a leading - puts the greatest first"));
            }
        };
        Ok(Order { key, is_descending })
    }
}

impl Select {
    /// The span types asked for; empty = any.
    pub(super) fn span_types(&self) -> Vec<String> {
        let mut types = self.types.types.clone();
        if self.types.llm {
            types.extend(["LLM".to_owned(), "CHAT_MODEL".to_owned()]);
        }
        types
    }

    /// Whether chat models are left out by asking for LLM alone, which is seldom meant.
    pub(super) fn leaves_out_chat_models(&self) -> bool {
        let types = self.span_types();
        types.iter().any(|name| name == "LLM") && !types.iter().any(|name| name == "CHAT_MODEL")
    }

    /// The query of these flags. This is the one place where flags become conditions.
    pub(super) fn query(
        &self,
        cx: &Context,
        store: &dyn TraceStore,
        order: Order,
        need: Need,
        problems: &mut Vec<Problem>,
    ) -> Result<Query> {
        let usage = |message: String| Error::new(Kind::Usage, message);
        let mut clauses = Vec::new();
        if !self.status.is_empty() {
            let state = |status: &Status| match status {
                Status::Ok => TraceState::Ok,
                Status::Error => TraceState::Error,
                Status::InProgress => TraceState::InProgress,
            };
            clauses.push(Clause::State(self.status.iter().map(state).collect()));
        }
        if let Some(text) = &self.since {
            clauses.push(Clause::Since(flags::time(text, cx.now, cx.zone).map_err(usage)?));
        }
        if let Some(text) = &self.until {
            clauses.push(Clause::Until(flags::time(text, cx.now, cx.zone).map_err(usage)?));
        }
        if let Some(text) = &self.min_duration {
            clauses.push(Clause::MinDuration(flags::duration_ms(text).map_err(usage)?));
        }
        if let Some(text) = &self.max_duration {
            clauses.push(Clause::MaxDuration(flags::duration_ms(text).map_err(usage)?));
        }
        clauses.extend(self.name.iter().map(|name| Clause::Name(Glob::new(name))));
        clauses.extend(self.tag.iter().map(|tag| match tag.split_once('=') {
            Some((key, value)) => Clause::Tag(key.to_owned(), Some(value.to_owned())),
            None => Clause::Tag(tag.clone(), None),
        }));
        clauses.extend(self.session.clone().map(Clause::Session));
        clauses.extend(self.user.clone().map(Clause::User));
        clauses.extend(self.run.clone().map(Clause::Run));
        let types = self.span_types();
        if !types.is_empty() {
            clauses.push(Clause::SpanType(types));
        }
        let experiments = self.experiments(cx, store, problems)?;
        Ok(Query { experiments, filter: Filter { clauses }, order, expected: None, need, only_types: false })
    }

    /// The experiments meant: those named, else the one of the environment, else all that are not deleted.
    fn experiments(
        &self,
        cx: &Context,
        store: &dyn TraceStore,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<Experiment>> {
        let all = store.experiments(problems)?;
        let (names, origin): (Vec<&str>, &str) = match (&self.experiments[..], &cx.experiment_from_environment) {
            ([], Some((variable, name))) => (vec![name], variable),
            (named, _) => (named.iter().map(String::as_str).collect(), ""),
        };
        if names.is_empty() {
            return Ok(all.into_iter().filter(|experiment| self.deleted || experiment.is_active()).collect());
        }
        let mut chosen: Vec<Experiment> = Vec::new();
        for name in names {
            let found = find(cx, &all, name, self.deleted, origin)?;
            if !chosen.iter().any(|experiment| experiment.experiment_id == found.experiment_id) {
                chosen.push(found.clone());
            }
        }
        Ok(chosen)
    }
}

fn find<'a>(
    cx: &Context,
    all: &'a [Experiment],
    wanted: &str,
    with_deleted: bool,
    origin: &str,
) -> Result<&'a Experiment> {
    let by_id = all.iter().find(|experiment| experiment.experiment_id == wanted);
    let by_name = || {
        let mut named = all.iter().filter(|experiment| experiment.name == wanted);
        let first = named.clone().find(|experiment| experiment.is_active());
        first.or_else(|| named.next())
    };
    match by_id.or_else(by_name) {
        Some(found) if found.is_active() || with_deleted => Ok(found),
        Some(_) => Err(Error::new(Kind::NotFound, format!("experiment `{wanted}` is deleted")).hint("add --deleted")),
        None => {
            let active = all
                .iter()
                .filter(|experiment| experiment.is_active() || with_deleted)
                .map(|experiment| experiment.name.as_str());
            let error = not_found("experiment", wanted, active);
            let error = if origin.is_empty() { error } else { error.because(format!("{origin} names it")) };
            Err(error.hint(cx.command("experiments") + " lists them"))
        }
    }
}
