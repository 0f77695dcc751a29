//! Header of a trace: facts about the trace as a whole.

use super::TreeView;
use crate::error::Result;
use crate::model::{Json, SpansSource, keys};
use crate::number;
use crate::output::paragraph::{Paragraph, write_facts, write_pair};
use crate::output::text::{clip, one_line, width};
use crate::output::{RenderOptions, TextRole};
use crate::views::assessment;
use crate::views::span::tokens;
use crate::views::trace::state_role;
use std::io::Write;

impl TreeView {
    /// Formats the cost and the number of calls without a price.
    fn cost(&self) -> Option<String> {
        let cost = number::cost(self.usage.cost.as_ref()?)?;
        Some(match self.usage.unpriced_rows().count() {
            0 => cost,
            unpriced => format!("{cost} ({unpriced} unpriced)"),
        })
    }

    pub(in crate::views) fn write_header(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let (info, theme) = (&self.trace.info, options.theme);
        let spans = self.trace.span_list();
        let name = info.display_name().or_else(|| spans.first().map(|span| span.name.as_str())).unwrap_or("(unnamed)");
        let room = options.width.unwrap_or(usize::MAX);
        let dot = if options.unicode { "·" } else { "-" };
        let tokens = self.usage.token_usage.as_ref().map(|usage| {
            let recorded = match self.usage.source {
                Some("recorded") => ", recorded",
                _ if self.usage.rows.iter().any(|row| row.is_derived) => ", derived",
                _ => "",
            };
            let text = format!(
                "{} tokens ({} in {dot} {} out{recorded})",
                number::count_or_dash(usage.total_tokens),
                number::count_or_dash(usage.input_tokens),
                number::count_or_dash(usage.output_tokens)
            );
            theme.paint(TextRole::Figure, &text)
        });
        let facts = [
            Some(theme.paint(TextRole::Name, &clip(&one_line(name), room, options.ellipsis()))),
            Some(theme.paint(state_role(&info.state), &one_line(info.state.as_str()))),
            self.duration(),
            tokens,
            self.cost().map(|cost| theme.paint(TextRole::Figure, &cost)),
            self.incompleteness().map(|text| theme.paint(TextRole::Warn, &text)),
            Some(theme.paint(TextRole::Id, &one_line(info.short_id()))),
            Some(format!(
                "{} {}",
                info.request_time.date_time(options.zone),
                info.request_time.zone_name(options.zone)
            )),
        ];
        write_facts(out, facts.into_iter().flatten(), "  ", options.width)?;
        self.write_context(options, out)?;
        let mut on_trace = info.assessments.iter().filter(|assessment| assessment.span_id.is_none());
        if self.io_lines.is_some() {
            return on_trace.try_for_each(|assessment| assessment::write_full(options, out, "", assessment));
        }
        self.write_user_labels(options, out)?;
        let mut valid = on_trace.filter(|assessment| assessment.valid);
        valid.try_for_each(|assessment| Ok(writeln!(out, "{}", assessment::line(options, assessment))?))
    }

    /// Writes the context of the trace: experiment, session, user, run, models, prompts.
    fn write_context(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let info = &self.trace.info;
        let room = options.width.unwrap_or(usize::MAX);
        let fact = |title: &str, values: &[&str]| {
            let plural = if values.len() > 1 { "s" } else { "" };
            let text = format!("{title}{plural} {}", one_line(&values.join(", ")));
            let text = clip(&text, room, options.ellipsis());
            (!values.is_empty()).then(|| options.theme.paint(TextRole::Dim, &text))
        };
        let by_root = |name: &Option<String>| name.as_ref().map(|name| format!("{name} (from the root span)"));
        let models = self.trace.span_list().iter().filter_map(|span| span.model.as_deref());
        let runs = info.run_id().into_iter().chain(info.linked_runs.iter().map(String::as_str));
        let facts = [
            fact("experiment", &[info.experiment_name.as_deref().unwrap_or(&info.experiment_id)]),
            fact("session", info.session_id().or(by_root(&info.session_from_spans).as_deref()).as_slice()),
            fact("user", info.user_id().or(by_root(&info.user_from_spans).as_deref()).as_slice()),
            fact("run", &distinct(runs)),
            fact("model", &distinct(models)),
            fact("logged model", info.model_id().as_slice()),
            fact("prompt", &distinct(info.linked_prompts.iter().map(String::as_str))),
            fact("request", info.client_request_id.as_deref().as_slice()),
        ];
        write_facts(out, facts.into_iter().flatten(), options.separator(), options.width)
    }

    /// Writes the tags and metadata set by the user on one line.
    fn write_user_labels(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let info = &self.trace.info;
        let mut facts = Vec::new();
        for (title, labels) in [("tags ", &info.tags), ("metadata ", &info.metadata)] {
            let labels = labels.iter().filter(|(key, _)| !is_mlflow_label(key));
            let labels = labels.enumerate().map(|(at, pair)| (if at == 0 { title } else { "" }, pair));
            facts.extend(labels.map(|(title, (key, value))| format!("{title}{}={}", one_line(key), one_line(value))));
        }
        if !facts.is_empty() {
            let line = clip(&facts.join(options.separator()), options.width.unwrap_or(usize::MAX), options.ellipsis());
            writeln!(out, "{}", options.theme.paint(TextRole::Dim, &line))?;
        }
        Ok(())
    }

    /// Writes all tags and metadata that are not shown elsewhere in the view.
    pub(super) fn write_labels(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let info = &self.trace.info;
        for (title, labels) in [("tags", &info.tags), ("metadata", &info.metadata)] {
            // MLflow records an empty commit for programs outside a Git repository.
            let is_empty_mlflow_label = |key: &str, value: &str| is_mlflow_label(key) && value.is_empty();
            let rest =
                labels.iter().filter(|(key, value)| !is_shown_elsewhere(key) && !is_empty_mlflow_label(key, value));
            let mut rest = rest.peekable();
            if rest.peek().is_some() {
                writeln!(out, "\n{}", options.theme.paint(TextRole::Heading, title))?;
            }
            rest.try_for_each(|(key, value)| write_pair(options, out, "", key, &Json::string(value)))?;
        }
        Ok(())
    }

    /// Writes request and response from the trace record, in place of the tree of a trace without spans.
    pub(in crate::views) fn write_previews(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let info = &self.trace.info;
        let count = info.span_count.unwrap_or(0);
        let text = if count > 0 {
            format!("(no spans: {count} recorded, none stored)")
        } else {
            "(no spans stored)".to_owned()
        };
        writeln!(out, "{}", options.theme.paint(TextRole::Dim, &text))?;
        let request = info.request_preview.as_deref().or_else(|| info.metadata.get(keys::INPUTS));
        let response = info.response_preview.as_deref().or_else(|| info.metadata.get(keys::OUTPUTS));
        let lines = self.io_lines.unwrap_or(PREVIEW_LINES);
        for (first, text) in [("in  ", request), ("out ", response)] {
            let paragraph = Paragraph { options, first_indent: first, rest_indent: "    ", max_lines: lines };
            text.map_or(Ok(()), |text| paragraph.write_text(out, text))?;
        }
        Ok(())
    }

    /// Formats the line that replaces a root that is not stored, from the trace record.
    pub(super) fn record_line(&self, options: &RenderOptions) -> String {
        let info = &self.trace.info;
        let facts = [
            Some(one_line(info.state.as_str()).into_owned()),
            self.duration(),
            info.recorded_usage.as_ref().map(|usage| tokens(usage, options)),
            Some("(from the trace record)".to_owned()),
        ];
        let rest = facts.into_iter().flatten().collect::<Vec<_>>().join("  ");
        let room = options.width.unwrap_or(usize::MAX);
        let name = one_line(info.name.as_deref().unwrap_or("(root not stored)"));
        let name = clip(&name, room.saturating_sub(width(&rest) + 2).max(8), options.ellipsis());
        clip(&format!("{name}  {rest}"), room, options.ellipsis())
    }

    /// Returns why the spans are incomplete: `partial 7/12 spans`, or archived without content.
    fn incompleteness(&self) -> Option<String> {
        let have = self.trace.span_list().len() as u64;
        match self.trace.info.span_count {
            Some(count) if have < count => Some(format!("partial {have}/{count} spans")),
            _ if self.trace.spans.as_ref().is_some_and(|spans| spans.source == SpansSource::Skeleton) => {
                Some("archived: names and times only".to_owned())
            }
            _ => None,
        }
    }
}

/// Maximum lines of each preview without `--io`.
const PREVIEW_LINES: usize = 8;

/// Returns the distinct values, sorted.
fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut values: Vec<&str> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Whether a label was set by MLflow, not by the user (`eval.requestId` up to MLflow 3.2).
fn is_mlflow_label(key: &str) -> bool {
    key.starts_with("mlflow.") || key == "eval.requestId"
}

/// Whether a label repeats what is shown elsewhere in the view of a trace.
fn is_shown_elsewhere(key: &str) -> bool {
    let in_header = [
        keys::NAME,
        keys::SESSION,
        keys::USER,
        keys::RUN,
        keys::MODEL,
        keys::TOKEN_USAGE,
        keys::COST,
        keys::LINKED_PROMPTS,
    ];
    // Truncated inputs and outputs: the spans have them in full; without spans, they are shown in place of the tree.
    in_header.contains(&key) || [keys::INPUTS, keys::OUTPUTS].contains(&key)
}
