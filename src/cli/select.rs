//! The flags that choose traces, the same in every command.

use crate::cli::context::Context;
use crate::cli::suggestions::{nearest, not_found};
use crate::error::{Error, ErrorCode, Result};
use crate::limits;
use crate::model::{Experiment, Problem, Timestamp, TraceState, keys};
use crate::output::text;
use crate::query::language::{self, SyntaxError};
use crate::query::{
    Clause, Comparison, Filter, Glob, Grep, Label, LabelTest, NumberKey, Operand, TextKey, TextTest, flags,
};
use crate::shell::Suggestion;
use crate::store::{Order, Projection, Query, TraceStore};

/// The states that `--status` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum StateArg {
    Ok,
    Error,
    #[value(alias = "in-progress")]
    InProgress,
}

/// Which traces.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Which traces")]
pub(crate) struct TraceSelection {
    /// Experiment, by id or exact name (can be repeated)
    #[arg(short = 'x', long = "experiment", value_name = "NAME|ID")]
    experiments: Vec<String>,
    /// Add deleted experiments
    #[arg(long)]
    deleted: bool,
    /// Conditions in MLflow's filter language: "tags.team = 'search' AND span.type = 'TOOL'" (can be repeated)
    ///
    /// Joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms, request_id, client_request_id,
    /// run_id, prompt, tags.KEY, metadata.KEY, span.name, span.type, span.status, span.attributes.KEY, trace.text,
    /// feedback.NAME, expectation.NAME, issue.id. Operators: =, !=, IN, NOT IN, LIKE, ILIKE, RLIKE, IS NULL, IS NOT NULL,
    /// and >, >=, <, <= with numbers. Texts stand in quotes, keys with other signs than letters in backticks.
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Vec<String>,
    /// State of the trace (can be repeated)
    #[arg(long, value_name = "STATE", value_delimiter = ',', ignore_case = true)]
    status: Vec<StateArg>,
    /// Begun since: 15m, 2h, 7d, 2026-11-20, RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Begun before
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Name of the trace, not of a span; * and ? are wildcards
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// Has a tag, or a tag of this value (can be repeated)
    #[arg(long, value_name = "KEY[=VALUE]")]
    tag: Vec<String>,
    /// Has an entry in its metadata, or one of this value (can be repeated)
    #[arg(long, value_name = "KEY[=VALUE]")]
    metadata: Vec<String>,
    /// Of this session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Of this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Made under, or linked to, this run
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Has a span of this model; * and ? are wildcards
    #[arg(long, value_name = "GLOB")]
    model: Option<String>,
    /// Took at least: 250ms, 1.5s, 2m
    #[arg(long, value_name = "DURATION")]
    min_duration: Option<String>,
    /// Took at most
    #[arg(long, value_name = "DURATION")]
    max_duration: Option<String>,
    /// Has at least so many tokens recorded
    #[arg(long, value_name = "TOKENS")]
    min_tokens: Option<i64>,
    /// Has a span with this text in inputs, outputs, messages or exceptions; (?i) ignores case
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    grep: Option<String>,
    #[command(flatten)]
    types: SpanTypeArgs,
}

/// Which span types.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
struct SpanTypeArgs {
    /// Has a span of one of these types, exact: LLM,TOOL (can be repeated); `spans` and trees show only these
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// Calls of language models: short for --type LLM,CHAT_MODEL
    #[arg(long)]
    llm: bool,
}

impl TraceSelection {
    /// The span types asked for; empty = any.
    pub(crate) fn span_types(&self) -> Vec<String> {
        let mut types = self.types.types.clone();
        if self.types.llm {
            types.extend(["LLM".to_owned(), "CHAT_MODEL".to_owned()]);
        }
        types
    }

    /// Whether chat models are left out by asking for LLM alone, which is seldom meant.
    pub(crate) fn leaves_out_chat_models(&self) -> bool {
        let types = self.span_types();
        types.iter().any(|name| name == "LLM") && !types.iter().any(|name| name == "CHAT_MODEL")
    }

    /// Whether any flag chooses among traces, apart from types, by which a tree chooses its spans.
    pub(crate) fn has_conditions(&self, cx: &Context) -> Result<bool> {
        let filter = self.filter(cx)?;
        let is_chosen = !self.experiments.is_empty();
        Ok(is_chosen || filter.clauses.iter().any(|clause| !matches!(clause, Clause::SpanType(_))))
    }

    /// The query of these flags. This is the one place where flags become conditions.
    pub(crate) fn query(
        &self,
        cx: &Context,
        store: &dyn TraceStore,
        order: Order,
        need: Projection,
        problems: &mut Vec<Problem>,
    ) -> Result<Query> {
        let filter = self.filter(cx)?;
        for remark in filter.remarks() {
            cx.note(&remark);
        }
        if !filter.clauses.is_empty() {
            cx.verbose(&format!("filter: {filter}"));
        }
        let experiments = self.experiments(cx, store, problems)?;
        Ok(Query { filter, order, need, ..Query::newest(experiments) })
    }

    /// Whether a text is looked for.
    pub(crate) const fn has_grep(&self) -> bool {
        self.grep.is_some()
    }

    /// The text looked for.
    fn grep(&self) -> Result<Option<Grep>> {
        let grep = |pattern: &String| {
            Grep::new(pattern).map_err(|why| {
                Error::new(ErrorCode::Usage, format!("`{pattern}` is no regular expression"))
                    .because(why)
                    .hint("the syntax is that of Rust's regex, with look-around; `\\` before a sign takes it as it is")
            })
        };
        self.grep.as_ref().map(grep).transpose()
    }

    /// The conditions of these flags.
    fn filter(&self, cx: &Context) -> Result<Filter> {
        let usage = |message: String| Error::new(ErrorCode::Usage, message);
        let mut clauses = Vec::new();
        for text in &self.filter {
            clauses.extend(language::parse(text).map_err(|error| syntax_error(text, &error))?);
        }
        if !self.status.is_empty() {
            let name = |status: &StateArg| match status {
                StateArg::Ok => TraceState::Ok.as_str().to_owned(),
                StateArg::Error => TraceState::Error.as_str().to_owned(),
                StateArg::InProgress => TraceState::InProgress.as_str().to_owned(),
            };
            clauses.push(Clause::Text(TextKey::Status, TextTest::In(self.status.iter().map(name).collect())));
        }
        let time = |text: &str, comparison| {
            // Times are stored in whole milliseconds.
            let Timestamp(nanos) = flags::time(text, cx.now, cx.zone).map_err(usage)?;
            let millis = nanos.div_euclid(1_000_000) + i64::from(nanos.rem_euclid(1_000_000) > 0);
            Ok::<_, Error>(Clause::Number(NumberKey::Timestamp, comparison, Operand::Int(millis)))
        };
        let duration = |text: &str, comparison| {
            let millis = flags::duration_ms(text).map_err(usage)?;
            Ok::<_, Error>(Clause::Number(NumberKey::ExecutionTime, comparison, Operand::Int(millis)))
        };
        let bounds = [
            self.since.as_deref().map(|text| time(text, Comparison::AtLeast)),
            self.until.as_deref().map(|text| time(text, Comparison::Less)),
            self.min_duration.as_deref().map(|text| duration(text, Comparison::AtLeast)),
            self.max_duration.as_deref().map(|text| duration(text, Comparison::AtMost)),
        ];
        for bound in bounds.into_iter().flatten() {
            clauses.push(bound?);
        }
        let is = |value: &str| LabelTest::Text(TextTest::Is(value.to_owned()));
        let pair = |text: &str, label: fn(String) -> Label| match text.split_once('=') {
            Some((key, value)) => Clause::Label(label(key.to_owned()), is(value)),
            None => Clause::Label(label(text.to_owned()), LabelTest::Exists),
        };
        clauses.extend(self.name.iter().map(|name| Clause::Name(Glob::new(name))));
        clauses.extend(self.tag.iter().map(|text| pair(text, Label::Tag)));
        clauses.extend(self.metadata.iter().map(|text| pair(text, Label::Metadata)));
        for (key, value) in [(keys::SESSION, &self.session), (keys::USER, &self.user)] {
            clauses.extend(value.iter().map(|value| Clause::Label(Label::Metadata(key.to_owned()), is(value))));
        }
        clauses.extend(self.run.clone().map(Clause::Run));
        clauses.extend(self.model.iter().map(|model| Clause::Model(Glob::new(model))));
        clauses.extend(self.min_tokens.map(Clause::MinTokens));
        clauses.extend(self.grep()?.map(Clause::Grep));
        let types = self.span_types();
        if !types.is_empty() {
            clauses.push(Clause::SpanType(types));
        }
        if clauses.len() > limits::CONDITIONS {
            let message = format!("{} conditions; at most {} are combined", clauses.len(), limits::CONDITIONS);
            let hint = "one condition covers many values: `request_id IN ('a', 'b')`, `name RLIKE '^(a|b)$'`";
            return Err(usage(message).hint(hint));
        }
        Ok(Filter { clauses })
    }

    /// The experiments meant: those named, else the one of the environment, else all that are not deleted.
    fn experiments(
        &self,
        cx: &Context,
        store: &dyn TraceStore,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<Experiment>> {
        let all = store.experiments(problems)?;
        let (names, origin): (Vec<&str>, &str) = match (&self.experiments[..], &cx.environment.experiment) {
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

/// So many columns of a filter are shown on either side of what is wrong with it.
const QUOTED: usize = 40;

/// The error for a filter: quotes it and points at the place.
fn syntax_error(text: &str, wrong: &SyntaxError) -> Error {
    let column = text[..wrong.at.start].chars().count() + 1;
    let mut error = Error::new(ErrorCode::FilterSyntax, format!("--filter, column {column}: {}", wrong.message));
    error.quote = quoted(text, wrong).into();
    if let Some((word, known)) = &wrong.unknown {
        let near = nearest(word, known.iter().copied());
        if !near.is_empty() {
            let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
            error = error.hint(format!("did you mean {}?", near.join(" or ")));
        }
    }
    wrong.hint.iter().fold(error, |error, hint| error.hint(hint.as_str()))
}

/// The filter around what is wrong with it, on one line, and a line that points there.
fn quoted(text: &str, wrong: &SyntaxError) -> [String; 2] {
    let shown = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<Vec<char>>();
    let before = shown(&text[..wrong.at.start]);
    let piece = shown(&text[wrong.at.clone()]);
    let behind = shown(&text[wrong.at.end..]);
    let ellipsis = |is_cut: bool| if is_cut { "…" } else { "" };
    let start = before.len().saturating_sub(QUOTED);
    let before = ellipsis(start > 0).chars().chain(before[start..].iter().copied()).collect::<String>();
    // A piece that is too long to be shown whole ends the line.
    let is_long = piece.len() > 2 * QUOTED;
    let piece: String = piece.into_iter().take(2 * QUOTED).collect();
    let room = if is_long { 0 } else { QUOTED };
    let end = ellipsis(is_long || behind.len() > room);
    let behind: String = behind.into_iter().take(room).collect();
    let marks = "^".repeat(text::width(&piece).max(1));
    [format!("{before}{piece}{behind}{end}"), " ".repeat(text::width(&before)) + &marks]
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
        Some(_) => {
            Err(Error::new(ErrorCode::NotFound, format!("experiment `{wanted}` is deleted")).hint("add --deleted"))
        }
        None => {
            let active = all
                .iter()
                .filter(|experiment| experiment.is_active() || with_deleted)
                .map(|experiment| experiment.name.as_str());
            let error = not_found("experiment", wanted, active);
            let error = if origin.is_empty() { error } else { error.because(format!("{origin} names it")) };
            Err(error.hint(cx.command(&Suggestion::new("experiments")) + " lists them"))
        }
    }
}
