//! `mltrace prices`

use crate::analysis::prices;
use crate::cli::context::Context;
use crate::cli::rows::{self, RowLimit};
use crate::cli::suggestions::suggest;
use crate::error::{Error, ErrorCode, Result};
use crate::output::Page;
use crate::query::Glob;
use crate::views::price::PriceRow;

/// Show prices per million tokens (USD)
///
/// The prices are built in. Costs that MLflow did not record are calculated from them. If a call names no provider, the
/// first provider by name that has a price is used, as in MLflow; `used` marks it. Requests with more tokens than
/// `above` have separate prices.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace prices gpt-4o-mini
  mltrace prices 'claude-*' --json
  mltrace prices gpt-4o --json > own.json     change it, then:
  mltrace usage --since 7d --prices own.json")]
pub struct PricesArgs {
    /// Model name as in traces; * and ? are wildcards
    #[arg(value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    rows: RowLimit,
}

pub(super) fn run(args: &PricesArgs, cx: &mut Context) -> Result<()> {
    let prices = cx.prices()?;
    let wanted = args.model.as_deref().unwrap_or("*");
    let bare = wanted.split_once('/').map_or(wanted, |(_, bare)| bare);
    // Traces may prefix a model with its provider; most names in the table have no prefix.
    let (glob, bare_glob) = (Glob::new(wanted), Glob::new(bare));
    let found: Vec<_> = prices.list(&|model| glob.matches(model) || bare_glob.matches(model)).collect();
    if found.is_empty() {
        let names: Vec<String> = prices.list(&|_| true).map(|price| price.model).collect();
        let error = Error::new(ErrorCode::NotFound, format!("no price for `{wanted}`"));
        let error = suggest(error, bare, names.iter().map(String::as_str));
        return Err(error.hint("use `--prices FILE` to add your own prices"));
    }
    let limit = args.rows.count();
    let page = Page { returned: found.len().min(limit), matched: Some(found.len()), complete: found.len() <= limit };
    let mut rows = cx.output.list();
    let is_pattern = wanted.contains(['*', '?']);
    for price in found.into_iter().take(limit) {
        let name = if is_pattern { &price.model } else { wanted };
        let is_default = prices.find(name, None).is_some_and(|default| default == price);
        rows.push(PriceRow { price, is_default })?;
    }
    rows.finish(Some(page))?;
    rows::note_page(cx, &page, !page.complete, "prices");
    cx.note(&format!("prices are derived from {}", prices::table_source()));
    Ok(())
}

#[cfg(test)]
mod tests;
