//! `mltrace trace diff --set FLAGS --set FLAGS`

use crate::analysis::diff::sets::{SetCollector, SetsDiff};
use crate::cli::context::Context;
use crate::cli::grouping::note_cost;
use crate::cli::reader::TraceReader;
use crate::cli::select::TraceSelection;
use crate::error::{Error, ErrorCode, Result};
use crate::model::keys;
use crate::query::Label;
use crate::shell::Suggestion;
use crate::store::{Order, Projection, RecordPart, SpanDetail};
use crate::views::diff::sets::SetsView;
use clap::Parser as _;
use std::ops::ControlFlow;

/// The filter flags in the value of `--set`.
#[derive(Debug, clap::Parser)]
#[command(no_binary_name = true, disable_help_flag = true, disable_version_flag = true)]
struct SelectionFlags {
    #[command(flatten)]
    select: TraceSelection,
}

/// The names of both selections.
const NAMES: [&str; 2] = ["A", "B"];

/// Compares two selections. Returns whether the second one is not worse.
pub(super) fn run(sets: &[String], cx: &mut Context) -> Result<bool> {
    let [text_a, text_b] = sets else {
        let message = format!("expected --set twice, but it was given {}", format_repetitions(sets.len()));
        return Err(Error::new(ErrorCode::Usage, message)
            .hint("for example `--set '--until 1d' --set '--since 1d'` compares the last day with the time before"));
    };
    let (select_a, select_b) = (parse(NAMES[0], text_a)?, parse(NAMES[1], text_b)?);
    let mut reader = TraceReader::open(cx)?;
    let mut gather = |name, text: &str, select: &TraceSelection| {
        let in_set = |error: Error| error.because(format!("in --set {name}: `{text}`"));
        let mut gathered = SetCollector::default();
        let record = RecordPart::Figures(vec![Label::Tag(keys::NAME.to_owned())]);
        let projection = Projection { record, ..Projection::spans(SpanDetail::Exceptions) };
        let query = reader.query(cx, select, Order::NEWEST, projection).map_err(in_set)?;
        reader.for_each_reading(query, &mut |trace, reading| {
            gathered.add(&trace, &reading);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok::<_, Error>(gathered.into_figures())
    };
    let diff = SetsDiff { a: gather(NAMES[0], text_a, &select_a)?, b: gather(NAMES[1], text_b, &select_b)? };
    reader.clear_progress();
    let view = SetsView { diff, flags: [text_a.clone(), text_b.clone()], complete: !reader.has_losses() };
    cx.output.show(&view)?;
    let unpriced = [&view.diff.a, &view.diff.b].into_iter().flat_map(|figures| &figures.unpriced);
    note_cost(cx, None, unpriced.map(|(model, count)| (model.as_deref(), *count)));
    if [&view.diff.a, &view.diff.b].iter().any(|figures| figures.stats.usage.token_usage.is_some()) {
        cx.note("tokens and costs are computed from spans, as in `mltrace usage`");
    }
    for (name, figures) in NAMES.into_iter().zip([&view.diff.a, &view.diff.b]) {
        if figures.stats.count == 0 {
            cx.note(&format!("{name} is empty: no traces match its filters"));
        }
    }
    if let Some(group) = view.diff.new_failures().first() {
        let example = &group.example;
        let command = cx.quoted_command(
            &Suggestion::new("trace show").operand(&example.trace_id).option("--span", &example.span_id),
        );
        cx.note_for_people(&format!("{command} shows the newest example of the first new exception"));
    }
    reader.warn(cx);
    Ok(!view.diff.is_worse())
}

fn format_repetitions(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Parses the flags of a selection, split as a shell splits words.
fn parse(name: &str, text: &str) -> Result<TraceSelection> {
    let invalid = |why: String| Error::new(ErrorCode::Usage, format!("invalid --set {name} `{text}`: {why}"));
    let words = shlex::split(text).ok_or_else(|| invalid("unclosed quote".to_owned()))?;
    match SelectionFlags::try_parse_from(&words) {
        Ok(flags) => Ok(flags.select),
        Err(error) => {
            let text = error.render().to_string();
            let why = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let is_store = |word: &String| word.starts_with("-u") || word.starts_with("--tracking-uri");
            Err(invalid(why).hint(if words.iter().any(is_store) {
                "both selections are read from the same store: `mltrace -u URI trace diff …`"
            } else {
                "`mltrace traces list --help` lists the filter flags"
            }))
        }
    }
}
