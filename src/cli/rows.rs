//! The options that limit and order rows, and the note on what was held back.

use super::context::Context;
use crate::error::{Error, ErrorCode, Result};
use crate::model::keys;
use crate::output::{Page, number};
use crate::query::{Label, language};
use crate::store::{Order, SortKey};

/// How many.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RowLimit {
    /// Print at most so many rows
    #[arg(short = 'n', long, value_name = "ROWS", default_value_t = 20)]
    limit: usize,
    /// Print all rows
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl RowLimit {
    /// How many rows to print.
    pub(crate) const fn count(&self) -> usize {
        if self.all { usize::MAX } else { self.limit }
    }
}

/// How many, in which order.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "How many")]
pub(crate) struct RowOptions {
    #[command(flatten)]
    rows: RowLimit,
    /// Order by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading - puts the greatest first
    #[arg(long, value_name = "KEY", default_value = "-time", allow_hyphen_values = true)]
    sort: String,
}

impl RowOptions {
    /// How many rows to print.
    pub(crate) const fn rows(&self) -> usize {
        self.rows.count()
    }

    /// The order of traces.
    pub(crate) fn order(&self) -> Result<Order> {
        let (key, is_descending) = match self.sort.strip_prefix('-') {
            Some(key) => (key, true),
            None => direction(&self.sort),
        };
        let key = match key {
            "time" | "timestamp" | "timestamp_ms" => SortKey::Time,
            "duration" | "execution_time" | "execution_time_ms" => SortKey::Duration,
            "end_time" | "end_time_ms" => SortKey::End,
            "tokens" => SortKey::Tokens,
            "cost" => SortKey::Cost,
            "name" => SortKey::name(),
            "state" | "status" => SortKey::State,
            "request_id" => SortKey::TraceId,
            "experiment_id" => SortKey::Experiment,
            "run_id" => SortKey::Label(Label::Metadata(keys::RUN.to_owned())),
            _ => SortKey::Label(language::label(key).ok_or_else(|| {
                Error::new(ErrorCode::Usage, format!("`{key}` is no key to sort by")).hint(
                    "time, duration, tokens, cost, name, state, tags.KEY and metadata.KEY are, and those of MLflow's \
                     order_by; a leading - puts the greatest first",
                )
            })?),
        };
        Ok(Order { key, is_descending })
    }
}

/// A key without the direction that MLflow's `order_by` puts behind it, and whether that is downwards.
fn direction(text: &str) -> (&str, bool) {
    match text.trim_end().rsplit_once(char::is_whitespace) {
        Some((key, word)) if word.eq_ignore_ascii_case("desc") => (key.trim_end(), true),
        Some((key, word)) if word.eq_ignore_ascii_case("asc") => (key.trim_end(), false),
        _ => (text, false),
    }
}

/// Says on stderr what a list held back, or that it is empty. `is_cut` = there were more than were asked for.
pub(crate) fn note_page(cx: &Context, page: &Page, is_cut: bool, what: &str) {
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
