//! Header of a trace: facts about the trace as a whole.

use super::TreeView;
use crate::error::Result;
use crate::json::Json;
use crate::model::{SpansSource, keys};
use crate::number;
use crate::output::{Block, Document, LineLimit, Paragraph, RenderOptions, StyledText, TextRole};
use crate::views::assessment;
use crate::views::span::tokens;
use crate::views::trace::state_role;
use std::borrow::Cow;

impl TreeView {
    /// Formats the cost and the number of calls without a price.
    fn cost(&self) -> Option<String> {
        let cost = number::cost(self.usage.cost.as_ref()?)?;
        Some(match self.usage.unpriced_rows().count() {
            0 => cost,
            unpriced => format!("{cost} ({unpriced} unpriced)"),
        })
    }

    pub(in crate::views) fn write_header(&self, document: &mut Document<'_>) -> Result<()> {
        let (info, options) = (&self.trace.info, document.options);
        let spans = self.trace.span_list();
        let name = info.display_name().or_else(|| spans.first().map(|span| span.name.as_str())).unwrap_or("(unnamed)");
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
            StyledText::new(TextRole::Figure, &text)
        });
        let facts = [
            Some(StyledText::new(TextRole::Name, name).truncated(document.room(), options.ellipsis())),
            Some(StyledText::new(state_role(&info.state), info.state.as_str())),
            self.duration().map(|duration| StyledText::plain(&duration)),
            tokens,
            self.cost().map(|cost| StyledText::new(TextRole::Figure, &cost)),
            self.incompleteness().map(|text| StyledText::new(TextRole::Warn, &text)),
            Some(StyledText::new(TextRole::Id, info.short_id())),
            Some(StyledText::plain(&options.time(info.request_time))),
        ];
        document.add(Block::Facts(facts.into_iter().flatten().collect(), "  "))?;
        self.write_context(document)?;
        let on_trace = info.assessments.iter().filter(|assessment| assessment.span_id.is_none());
        if self.io_lines.is_some() {
            return on_trace.flat_map(assessment::full).try_for_each(|block| document.add(block));
        }
        self.write_user_labels(document)?;
        let mut valid = on_trace.filter(|assessment| assessment.valid);
        valid.try_for_each(|assessment| document.add(Block::Truncated(assessment::line(assessment))))
    }

    /// Writes the context of the trace: experiment, session, user, run, models, prompts.
    fn write_context(&self, document: &mut Document<'_>) -> Result<()> {
        let (info, options) = (&self.trace.info, document.options);
        let room = document.room();
        let fact = |title: &str, values: &[&str]| {
            let plural = if values.len() > 1 { "s" } else { "" };
            let text = StyledText::new(TextRole::Dim, &format!("{title}{plural} {}", values.join(", ")));
            (!values.is_empty()).then(|| text.truncated(room, options.ellipsis()))
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
        document.add(Block::Facts(facts.into_iter().flatten().collect(), options.separator()))
    }

    /// Writes the tags and metadata set by the user on one line.
    fn write_user_labels(&self, document: &mut Document<'_>) -> Result<()> {
        let info = &self.trace.info;
        let mut facts = Vec::new();
        for (title, labels) in [("tags ", &info.tags), ("metadata ", &info.metadata)] {
            let labels = labels.iter().filter(|(key, _)| !is_mlflow_label(key));
            let labels = labels.enumerate().map(|(at, pair)| (if at == 0 { title } else { "" }, pair));
            facts.extend(labels.map(|(title, (key, value))| format!("{title}{key}={value}")));
        }
        if facts.is_empty() {
            return Ok(());
        }
        let line = facts.join(document.options.separator());
        document.add(Block::Truncated(StyledText::new(TextRole::Dim, &line)))
    }

    /// Writes all tags and metadata that are not shown elsewhere in the view.
    pub(super) fn write_labels(&self, document: &mut Document<'_>) -> Result<()> {
        let info = &self.trace.info;
        for (title, labels) in [("tags", &info.tags), ("metadata", &info.metadata)] {
            // MLflow records an empty commit for programs outside a Git repository.
            let is_empty_mlflow_label = |key: &str, value: &str| is_mlflow_label(key) && value.is_empty();
            let rest =
                labels.iter().filter(|(key, value)| !is_shown_elsewhere(key) && !is_empty_mlflow_label(key, value));
            let mut rest = rest.peekable();
            if rest.peek().is_some() {
                document.add(Block::Heading(title))?;
            }
            rest.try_for_each(|(key, value)| document.add(Block::Pair(key, Cow::Owned(Json::string(value)))))?;
        }
        Ok(())
    }

    /// Writes request and response from the trace record, in place of the tree of a trace without spans.
    pub(in crate::views) fn write_previews(&self, document: &mut Document<'_>) -> Result<()> {
        let info = &self.trace.info;
        let count = info.span_count.unwrap_or(0);
        let text = if count > 0 {
            format!("(no spans: {count} recorded, none stored)")
        } else {
            "(no spans stored)".to_owned()
        };
        document.dim(&text)?;
        let request = info.request_preview.as_deref().or_else(|| info.metadata.get(keys::INPUTS));
        let response = info.response_preview.as_deref().or_else(|| info.metadata.get(keys::OUTPUTS));
        let lines = self.io_lines.unwrap_or(PREVIEW_LINES);
        for (first, text) in [("in  ", request), ("out ", response)] {
            let Some(text) = text else { continue };
            let paragraph = Paragraph::plain(text).labeled(StyledText::new(TextRole::Dim, first));
            document.add(Block::Text(paragraph.limited(LineLimit::new(lines))))?;
        }
        Ok(())
    }

    /// Returns the line that replaces a root that is not stored, from the trace record.
    pub(super) fn record_line(&self, options: &RenderOptions) -> StyledText {
        let info = &self.trace.info;
        let facts = [
            Some(info.state.as_str().to_owned()),
            self.duration(),
            info.recorded_usage.as_ref().map(|usage| tokens(usage, options)),
            Some("(from the trace record)".to_owned()),
        ];
        let rest = StyledText::new(TextRole::Dim, &facts.into_iter().flatten().collect::<Vec<_>>().join("  "));
        let (room, ellipsis) = (options.width.unwrap_or(usize::MAX), options.ellipsis());
        let name = StyledText::new(TextRole::Dim, info.name.as_deref().unwrap_or("(root not stored)"));
        let mut line = name.truncated(room.saturating_sub(rest.width() + 2).max(8), ellipsis).with(TextRole::Dim, "  ");
        line.append(&rest);
        line.truncated(room, ellipsis)
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
