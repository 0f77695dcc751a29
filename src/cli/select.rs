//! The filter flags, the same in every command.

use crate::cli::context::Context;
use crate::cli::suggestions::{not_found, suggest};
use crate::error::{Error, ErrorCode, Result};
use crate::limits;
use crate::model::{Experiment, Problem, Timestamp, TraceState, keys};
use crate::output::text;
use crate::query::language::{self, SyntaxError};
use crate::query::{
    Clause, ClauseSource, Comparison, Filter, Glob, Grep, Label, NumberKey, Operand, TextKey, TextTest, flags,
};
use crate::shell::Suggestion;
use crate::store::{Order, Projection, Query, TraceStore};

/// The values of `--status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum StateArg {
    Ok,
    Error,
    #[value(alias = "in-progress")]
    InProgress,
}

/// The filter flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct TraceSelection {
    /// Experiment id or exact name (can be repeated)
    #[arg(short = 'x', long = "experiment", value_name = "NAME|ID")]
    experiments: Vec<String>,
    /// Include deleted experiments
    #[arg(long)]
    deleted: bool,
    /// MLflow filter: "tags.team = 'search' AND span.type = 'TOOL'" (can be repeated)
    ///
    /// Repeated filters are joined by AND. Keys: status, name, timestamp_ms, execution_time_ms, end_time_ms,
    /// request_id, client_request_id, run_id, prompt, tags.KEY, metadata.KEY, span.name, span.type, span.status,
    /// span.attributes.KEY, trace.text, feedback.NAME, expectation.NAME, issue.id. Operators: =, !=, IN, NOT IN, LIKE,
    /// ILIKE, RLIKE, IS NULL, IS NOT NULL, and >, >=, <, <= with numbers. Text is quoted; keys with special characters
    /// are in backticks. See `mltrace help filters`.
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Vec<String>,
    /// Trace state, not span status (can be repeated)
    #[arg(long, value_name = "STATE", value_delimiter = ',', ignore_case = true)]
    status: Vec<StateArg>,
    /// Started at or after: 15m, 2h, 7d, 2026-11-20, RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Started before
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Trace name (not span name); * and ? are wildcards
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// Has this tag, with this value if given (can be repeated)
    #[arg(long, value_name = "KEY[=VALUE]")]
    tag: Vec<String>,
    /// Has this metadata key, with this value if given (can be repeated)
    #[arg(long, value_name = "KEY[=VALUE]")]
    metadata: Vec<String>,
    /// Session id
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// User id
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Id of the MLflow run of the trace, or of a linked run
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Has a span with this model; * and ? are wildcards
    #[arg(long, value_name = "GLOB")]
    model: Option<String>,
    /// Minimum duration of the trace: 250ms, 1.5s, 2m
    #[arg(long, value_name = "DURATION")]
    min_duration: Option<String>,
    /// Maximum duration of the trace
    #[arg(long, value_name = "DURATION")]
    max_duration: Option<String>,
    /// Minimum number of recorded tokens
    #[arg(long, value_name = "TOKENS", value_parser = whole_number)]
    min_tokens: Option<i64>,
    /// Has a match in inputs, outputs, messages or exceptions; (?i) ignores case
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    grep: Option<String>,
    #[command(flatten)]
    types: SpanTypeArgs,
}

/// Parses a whole number.
fn whole_number(text: &str) -> std::result::Result<i64, String> {
    text.parse().map_err(|_| "expected a whole number, such as 1000".to_owned())
}

/// The flags that filter by span type.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
struct SpanTypeArgs {
    /// Has a span of one of these exact types: LLM,TOOL (can be repeated)
    ///
    /// `mltrace spans` and `mltrace trace show` print only spans of these types.
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// LLM calls: same as --type LLM,CHAT_MODEL
    #[arg(long)]
    llm: bool,
}

impl TraceSelection {
    /// Returns the span types to match; empty means any.
    pub(crate) fn span_types(&self) -> Vec<String> {
        let mut types = self.types.types.clone();
        if self.types.llm {
            types.extend(["LLM".to_owned(), "CHAT_MODEL".to_owned()]);
        }
        types
    }

    /// Whether `--type LLM` excludes chat models, which is rarely intended.
    pub(crate) fn excludes_chat_models(&self) -> bool {
        let types = self.span_types();
        types.iter().any(|name| name == "LLM") && !types.iter().any(|name| name == "CHAT_MODEL")
    }

    /// Whether any flag filters traces. Span types do not count: of a trace given by its id, they select spans.
    pub(crate) fn has_conditions(&self, cx: &Context) -> Result<bool> {
        let filter = self.filter(cx)?;
        let has_experiment = !self.experiments.is_empty();
        Ok(has_experiment || filter.clauses.iter().any(|clause| clause.source() != ClauseSource::SpanTypes))
    }

    /// Builds the query of these flags. The only place that turns flags into conditions.
    pub(crate) fn query(
        &self,
        cx: &Context,
        store: &dyn TraceStore,
        order: Order,
        projection: Projection,
        problems: &mut Vec<Problem>,
    ) -> Result<Query> {
        let filter = self.filter(cx)?;
        for warning in filter.warnings() {
            cx.note(&warning);
        }
        if !filter.clauses.is_empty() {
            cx.verbose(&format!("filter: {filter}"));
        }
        let experiments = self.experiments(cx, store, problems)?;
        Ok(Query { filter, order, projection, ..Query::newest(experiments) })
    }

    /// Whether `--grep` is given.
    pub(crate) const fn has_grep(&self) -> bool {
        self.grep.is_some()
    }

    /// Compiles the pattern of `--grep`.
    fn grep(&self) -> Result<Option<Grep>> {
        let grep = |pattern: &String| {
            Grep::new(pattern).map_err(|why| {
                Error::new(ErrorCode::Usage, format!("invalid regular expression `{pattern}`"))
                    .because(why)
                    .hint("the syntax is that of Rust's regex, with look-around; `\\` escapes a special character")
            })
        };
        self.grep.as_ref().map(grep).transpose()
    }

    /// Parses the flags into conditions.
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
        let time = |text: &String| {
            // Times are stored in whole milliseconds, so bounds are rounded up.
            let Timestamp(nanos) = flags::time(text, cx.now, cx.zone).map_err(usage)?;
            Ok::<_, Error>(nanos.div_euclid(1_000_000) + i64::from(nanos.rem_euclid(1_000_000) > 0))
        };
        let duration = |text: &String| flags::duration_ms(text).map_err(usage);
        let [since, until] = [self.since.as_ref(), self.until.as_ref()].map(|text| text.map(time).transpose());
        let [min, max] = [&self.min_duration, &self.max_duration].map(|text| text.as_ref().map(duration).transpose());
        let (since, until, min, max) = (since?, until?, min?, max?);
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err(usage("`--since` is after `--until`, so that no trace can match".to_owned())
                .hint("`--since 2h --until 1h` selects the hour before the last one"));
        }
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err(usage("`--min-duration` is more than `--max-duration`, so that no trace can match".to_owned()));
        }
        for (key, comparison, bound) in [
            (NumberKey::Timestamp, Comparison::AtLeast, since),
            (NumberKey::Timestamp, Comparison::Less, until),
            (NumberKey::ExecutionTime, Comparison::AtLeast, min),
            (NumberKey::ExecutionTime, Comparison::AtMost, max),
        ] {
            clauses.extend(bound.map(|bound| Clause::Number(key, comparison, Operand::Int(bound))));
        }
        let pair = |text: &str, label: fn(String) -> Label| match text.split_once('=') {
            Some((key, value)) => label(key.to_owned()).is(value),
            None => label(text.to_owned()).exists(),
        };
        clauses.extend(self.name.iter().map(|name| Clause::Name(Glob::new(name))));
        clauses.extend(self.tag.iter().map(|text| pair(text, Label::Tag)));
        clauses.extend(self.metadata.iter().map(|text| pair(text, Label::Metadata)));
        for (key, value) in [(keys::SESSION, &self.session), (keys::USER, &self.user)] {
            clauses.extend(value.iter().map(|value| Label::metadata(key).is(value)));
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
            let message = format!("{} conditions, more than the limit of {}", clauses.len(), limits::CONDITIONS);
            let hint = "match several values in one condition: `request_id IN ('a', 'b')`, `name RLIKE '^(a|b)$'`";
            return Err(usage(message).hint(hint));
        }
        Ok(Filter { clauses })
    }

    /// Returns the variable that chooses the experiment, and its value, if no flag does.
    pub(crate) fn experiment_from_environment<'a>(&self, cx: &'a Context) -> Option<&'a (&'static str, String)> {
        cx.environment.experiment.as_ref().filter(|_| self.experiments.is_empty())
    }

    /// Returns the selected experiments: those of `-x`, else the one of the environment, else all that are not deleted
    /// (with `--deleted` all).
    fn experiments(
        &self,
        cx: &Context,
        store: &dyn TraceStore,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<Experiment>> {
        let all = store.experiments(problems)?;
        let (names, origin): (Vec<&str>, &str) = match self.experiment_from_environment(cx) {
            Some((variable, name)) => (vec![name], variable),
            None => (self.experiments.iter().map(String::as_str).collect(), ""),
        };
        if names.is_empty() {
            return Ok(all.into_iter().filter(|experiment| self.deleted || experiment.is_active()).collect());
        }
        let mut chosen: Vec<Experiment> = Vec::new();
        for name in names {
            let found = find_experiment(cx, &all, name, self.deleted, origin)?;
            if !chosen.iter().any(|experiment| experiment.experiment_id == found.experiment_id) {
                chosen.push(found.clone());
            }
        }
        let names: Vec<String> = chosen.iter().map(|experiment| format!("`{}`", experiment.name)).collect();
        cx.verbose(&format!("experiments: {}", names.join(", ")));
        Ok(chosen)
    }
}

/// Number of characters of a filter that are shown on either side of a syntax error.
const QUOTED_COLUMNS: usize = 40;

/// Converts a syntax error of a filter, with the filter quoted and the place marked.
fn syntax_error(text: &str, syntax: &SyntaxError) -> Error {
    let column = text[..syntax.at.start].chars().count() + 1;
    let mut error = Error::new(ErrorCode::FilterSyntax, format!("--filter, column {column}: {}", syntax.message));
    error.quote = quoted(text, syntax).into();
    if let Some((word, known)) = &syntax.unknown {
        error = suggest(error, word, known.iter().copied());
    }
    syntax.hint.iter().fold(error, |error, hint| error.hint(hint.as_str()))
}

/// Returns the part of a filter around a syntax error on one line, and a line of `^` that marks it.
fn quoted(text: &str, syntax: &SyntaxError) -> [String; 2] {
    let shown = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<Vec<char>>();
    let before = shown(&text[..syntax.at.start]);
    let marked = shown(&text[syntax.at.clone()]);
    let after = shown(&text[syntax.at.end..]);
    let ellipsis = |is_cut: bool| if is_cut { "…" } else { "" };
    let start = before.len().saturating_sub(QUOTED_COLUMNS);
    let before = ellipsis(start > 0).chars().chain(before[start..].iter().copied()).collect::<String>();
    // If the marked text is cut off, nothing after it is shown.
    let is_long = marked.len() > 2 * QUOTED_COLUMNS;
    let marked: String = marked.into_iter().take(2 * QUOTED_COLUMNS).collect();
    let room = if is_long { 0 } else { QUOTED_COLUMNS };
    let end = ellipsis(is_long || after.len() > room);
    let after: String = after.into_iter().take(room).collect();
    let marks = "^".repeat(text::width(&marked).max(1));
    [format!("{before}{marked}{after}{end}"), " ".repeat(text::width(&before)) + &marks]
}

/// Finds an experiment by id, or by name: an active one first. `origin` is the environment variable that names it, or
/// empty.
fn find_experiment<'a>(
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
        Some(_) => Err(Error::new(ErrorCode::NotFound, format!("experiment `{wanted}` is deleted"))
            .hint("use `--deleted` to include it")),
        None => {
            let active = all
                .iter()
                .filter(|experiment| experiment.is_active() || with_deleted)
                .map(|experiment| experiment.name.as_str());
            let error = not_found("experiment", wanted, active);
            let error = if origin.is_empty() { error } else { error.because(format!("it is from {origin}")) };
            Err(error.hint(cx.quoted_command(&Suggestion::new("experiments")) + " lists them"))
        }
    }
}

#[cfg(test)]
mod tests;
