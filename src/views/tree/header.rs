//! The header of a trace: what is known of it as a whole.

use super::TreeView;
use crate::error::Result;
use crate::model::{Json, SpansSource, keys};
use crate::output::paragraph::{Paragraph, flow, pair};
use crate::output::text::{clip, one_line, width};
use crate::output::{RenderOptions, TextRole, number};
use crate::views::assessment;
use crate::views::span::tokens;
use crate::views::trace::state_role;
use std::io::Write;

impl TreeView {
    /// The cost, and of how many calls it is not known.
    fn cost(&self) -> Option<String> {
        let cost = number::cost(self.usage.cost.as_ref()?)?;
        Some(match self.usage.unpriced().count() {
            0 => cost,
            unpriced => format!("{cost} ({unpriced} unpriced)"),
        })
    }

    pub(in crate::views) fn header(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let (info, theme) = (&self.trace.info, look.theme);
        let spans = self.trace.span_list();
        let name = info.display_name().or_else(|| spans.first().map(|span| span.name.as_str())).unwrap_or("(unnamed)");
        let room = look.width.unwrap_or(usize::MAX);
        let dot = if look.unicode { "·" } else { "-" };
        let tokens = self.usage.token_usage.as_ref().map(|usage| {
            let recorded = match self.usage.source {
                Some("recorded") => ", recorded",
                _ if self.usage.rows.iter().any(|row| row.is_derived) => ", derived",
                _ => "",
            };
            let text = format!(
                "{} tokens ({} in {dot} {} out{recorded})",
                number::known(usage.total_tokens),
                number::known(usage.input_tokens),
                number::known(usage.output_tokens)
            );
            theme.paint(TextRole::Figure, &text)
        });
        let facts = [
            Some(theme.paint(TextRole::Name, &clip(&one_line(name), room, look.ellipsis()))),
            Some(theme.paint(state_role(&info.state), &one_line(info.state.as_str()))),
            self.duration(),
            tokens,
            self.cost().map(|cost| theme.paint(TextRole::Figure, &cost)),
            self.partial().map(|text| theme.paint(TextRole::Warn, &text)),
            Some(theme.paint(TextRole::Id, &one_line(info.short_id()))),
            Some(format!("{} {}", info.request_time.date_time(look.zone), info.request_time.zone_name(look.zone))),
        ];
        flow(out, facts.into_iter().flatten(), "  ", look.width)?;
        self.context(look, out)?;
        let mut own = info.assessments.iter().filter(|assessment| assessment.span_id.is_none());
        if self.io_lines.is_some() {
            return own.try_for_each(|assessment| assessment::whole(look, out, "", assessment));
        }
        self.own_labels(look, out)?;
        let mut valid = own.filter(|assessment| assessment.valid);
        valid.try_for_each(|assessment| Ok(writeln!(out, "{}", assessment::line(look, assessment))?))
    }

    /// Where it belongs: experiment, session, user, run, models, prompts.
    fn context(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let info = &self.trace.info;
        let room = look.width.unwrap_or(usize::MAX);
        let fact = |title: &str, values: &[&str]| {
            let several = if values.len() > 1 { "s" } else { "" };
            let text = format!("{title}{several} {}", one_line(&values.join(", ")));
            let text = clip(&text, room, look.ellipsis());
            (!values.is_empty()).then(|| look.theme.paint(TextRole::Dim, &text))
        };
        let by_root = |name: &Option<String>| name.as_ref().map(|name| format!("{name} (named by its root)"));
        let models = self.trace.span_list().iter().filter_map(|span| span.model.as_deref());
        let runs = info.run_id().into_iter().chain(info.linked_runs.iter().map(String::as_str));
        let facts = [
            fact("experiment", &[info.experiment_name.as_deref().unwrap_or(&info.experiment_id)]),
            fact("session", info.session_id().or(by_root(&info.session_of_spans).as_deref()).as_slice()),
            fact("user", info.user_id().or(by_root(&info.user_of_spans).as_deref()).as_slice()),
            fact("run", &distinct(runs)),
            fact("model", &distinct(models)),
            fact("logged model", info.model_id().as_slice()),
            fact("prompt", &distinct(info.linked_prompts.iter().map(String::as_str))),
            fact("request", info.client_request_id.as_deref().as_slice()),
        ];
        flow(out, facts.into_iter().flatten(), look.dot(), look.width)
    }

    /// The user's own tags and metadata on one line.
    fn own_labels(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let info = &self.trace.info;
        let mut facts = Vec::new();
        for (title, labels) in [("tags ", &info.tags), ("metadata ", &info.metadata)] {
            let own = labels.iter().filter(|(key, _)| !is_of_mlflow(key));
            let own = own.enumerate().map(|(at, pair)| (if at == 0 { title } else { "" }, pair));
            facts.extend(own.map(|(title, (key, value))| format!("{title}{}={}", one_line(key), one_line(value))));
        }
        if !facts.is_empty() {
            let line = clip(&facts.join(look.dot()), look.width.unwrap_or(usize::MAX), look.ellipsis());
            writeln!(out, "{}", look.theme.paint(TextRole::Dim, &line))?;
        }
        Ok(())
    }

    /// All tags and metadata, but what stands elsewhere in the same view.
    pub(super) fn labels(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let info = &self.trace.info;
        for (title, labels) in [("tags", &info.tags), ("metadata", &info.metadata)] {
            // Of a program outside of Git, MLflow records a commit that is empty.
            let is_void = |key: &str, value: &str| is_of_mlflow(key) && value.is_empty();
            let rest = labels.iter().filter(|(key, value)| !is_shown(key) && !is_void(key, value));
            let mut rest = rest.peekable();
            if rest.peek().is_some() {
                writeln!(out, "\n{}", look.theme.paint(TextRole::Heading, title))?;
            }
            rest.try_for_each(|(key, value)| pair(look, out, "", key, &Json::string(value)))?;
        }
        Ok(())
    }

    /// In place of the tree of a trace without spans: what went in and came out as the trace's record has it.
    pub(in crate::views) fn previews(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let info = &self.trace.info;
        let count = info.span_count.unwrap_or(0);
        let text = if count > 0 {
            format!("(no spans: {count} recorded, none stored)")
        } else {
            "(no spans stored)".to_owned()
        };
        writeln!(out, "{}", look.theme.paint(TextRole::Dim, &text))?;
        let request = info.request_preview.as_deref().or_else(|| info.metadata.get(keys::INPUTS));
        let response = info.response_preview.as_deref().or_else(|| info.metadata.get(keys::OUTPUTS));
        let lines = self.io_lines.unwrap_or(LEAST_IO);
        for (first, text) in [("in  ", request), ("out ", response)] {
            let paragraph = Paragraph { look, first, rest: "    ", lines };
            text.map_or(Ok(()), |text| paragraph.text(out, text))?;
        }
        Ok(())
    }

    /// The line in place of a root that is not stored, from what the trace's own record tells.
    pub(super) fn record_line(&self, look: &RenderOptions) -> String {
        let info = &self.trace.info;
        let facts = [
            Some(one_line(info.state.as_str()).into_owned()),
            self.duration(),
            info.recorded_usage.as_ref().map(|usage| tokens(usage, look)),
            Some("(from the trace's record)".to_owned()),
        ];
        let rest = facts.into_iter().flatten().collect::<Vec<_>>().join("  ");
        let room = look.width.unwrap_or(usize::MAX);
        let name = one_line(info.name.as_deref().unwrap_or("(root not stored)"));
        let name = clip(&name, room.saturating_sub(width(&rest) + 2).max(8), look.ellipsis());
        clip(&format!("{name}  {rest}"), room, look.ellipsis())
    }

    /// `partial 7/12 spans`, or that the trace still runs.
    fn partial(&self) -> Option<String> {
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

/// So many lines of the previews are shown without `--io`.
const LEAST_IO: usize = 8;

/// Each value once, in order.
fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut values: Vec<&str> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Whether MLflow made the label, and no user (`eval.requestId` up to 3.2).
fn is_of_mlflow(key: &str) -> bool {
    key.starts_with("mlflow.") || key == "eval.requestId"
}

/// Whether a label only repeats what stands elsewhere in the view of a trace.
fn is_shown(key: &str) -> bool {
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
    // Cut inputs and outputs: the spans have them whole, and without spans they stand in their place.
    in_header.contains(&key) || [keys::INPUTS, keys::OUTPUTS].contains(&key)
}
