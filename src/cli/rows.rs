//! The options that limit and sort rows, and the note on rows that are not shown.

use super::context::Context;
use super::suggestions::suggest;
use crate::error::{Error, ErrorCode, Result};
use crate::model::keys;
use crate::number;
use crate::output::Page;
use crate::query::{Label, language};
use crate::store::{Order, SortKey};

/// The options that limit rows.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RowLimit {
    /// Maximum number of rows
    #[arg(short = 'n', long, value_name = "ROWS", default_value_t = 20)]
    limit: usize,
    /// Print all rows
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl RowLimit {
    /// The maximum number of rows.
    pub(crate) const fn count(&self) -> usize {
        if self.all { usize::MAX } else { self.limit }
    }
}

/// The sort keys of the help; those of MLflow's `order_by` are accepted too.
const SORT_KEYS: [&str; 6] = ["time", "duration", "tokens", "cost", "name", "state"];

/// The options that limit and sort rows.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Output limits")]
pub(crate) struct RowOptions {
    #[command(flatten)]
    rows: RowLimit,
    /// Sort the traces by time, duration, tokens, cost, name, state, tags.KEY or metadata.KEY; a leading - sorts in
    /// descending order
    #[arg(long, value_name = "KEY", default_value = "-time", allow_hyphen_values = true)]
    sort: String,
}

impl RowOptions {
    /// The maximum number of rows.
    pub(crate) const fn rows(&self) -> usize {
        self.rows.count()
    }

    /// Parses the sort key.
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
            _ => SortKey::Label(language::parse_label(key).ok_or_else(|| {
                let error = Error::new(ErrorCode::Usage, format!("unknown sort key `{key}`"));
                suggest(error, key, SORT_KEYS.into_iter()).hint(
                    "use time, duration, tokens, cost, name, state, tags.KEY, metadata.KEY or a key of MLflow's \
                     order_by; a leading - sorts in descending order",
                )
            })?),
        };
        Ok(Order { key, is_descending })
    }
}

/// Splits off the direction that follows a key in MLflow's `order_by`. Returns the key and whether the order is
/// descending.
fn direction(text: &str) -> (&str, bool) {
    match text.trim_end().rsplit_once(char::is_whitespace) {
        Some((key, word)) if word.eq_ignore_ascii_case("desc") => (key.trim_end(), true),
        Some((key, word)) if word.eq_ignore_ascii_case("asc") => (key.trim_end(), false),
        _ => (text, false),
    }
}

/// Notes that a list was cut off at its limit (`is_cut`), or that it is empty. `noun` is a plural: `traces`.
pub(crate) fn note_page(cx: &Context, page: &Page, is_cut: bool, noun: &str) {
    if is_cut {
        let is_one = page.returned == 1 && page.matched.is_none();
        let noun = if is_one { noun.trim_end_matches('s') } else { noun };
        let count = |count: usize| number::count(i64::try_from(count).unwrap_or(i64::MAX));
        let shown = count(page.returned);
        cx.note(&match page.matched {
            Some(all) => format!("showing {shown} of {} {noun} (use -n or --all)", count(all)),
            None => format!("showing {shown} {noun}; there are more (use -n or --all)"),
        });
    } else if page.returned == 0 {
        cx.note(&format!("no {noun} match"));
    }
}
