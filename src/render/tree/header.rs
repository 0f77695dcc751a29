//! The header of a trace: what is known of it as a whole.

use super::TreeView;
use crate::error::Result;
use crate::model::{SpansSource, short_trace_id};
use crate::render::span::{assessment_line, tokens};
use crate::render::text::{clip, one_line, width};
use crate::render::trace::state_role;
use crate::render::{Look, Role, number};
use std::io::Write;

impl TreeView {
    pub(in crate::render) fn header(&self, look: &Look, out: &mut dyn Write) -> Result<()> {
        let (info, theme) = (&self.trace.info, look.theme);
        let spans = self.trace.span_list();
        let name = info.display_name().or_else(|| spans.first().map(|span| span.name.as_str())).unwrap_or("(unnamed)");
        let room = look.width.unwrap_or(usize::MAX);
        let dot = if look.unicode { "·" } else { "-" };
        let tokens = self.usage.token_usage.as_ref().map(|usage| {
            let recorded = if self.usage.source == Some("recorded") { ", recorded" } else { "" };
            let text = format!(
                "{} tokens ({} in {dot} {} out{recorded})",
                number::known(usage.total_tokens),
                number::known(usage.input_tokens),
                number::known(usage.output_tokens)
            );
            theme.paint(Role::Figure, &text)
        });
        let facts = [
            Some(theme.paint(Role::Name, &clip(&one_line(name), room, look.ellipsis()))),
            Some(theme.paint(state_role(&info.state), &one_line(info.state.as_str()))),
            info.execution_duration_ms.map(number::millis),
            tokens,
            self.usage.cost.as_ref().and_then(number::cost).map(|cost| theme.paint(Role::Figure, &cost)),
            self.partial().map(|text| theme.paint(Role::Warn, &text)),
            Some(theme.paint(Role::Id, &one_line(short_trace_id(&info.trace_id)))),
            Some(format!("{} {}", info.request_time.date_time(look.zone), info.request_time.zone_name(look.zone))),
        ];
        flow(out, facts.into_iter().flatten(), "  ", look.width)?;
        let mut models: Vec<&str> = spans.iter().filter_map(|span| span.model.as_deref()).collect();
        models.sort_unstable();
        models.dedup();
        let fact = |title: &str, value: Option<&str>| {
            let text = value.map(|value| clip(&format!("{title} {}", one_line(value)), room, look.ellipsis()));
            text.map(|text| theme.paint(Role::Dim, &text))
        };
        let more = [
            fact("experiment", Some(info.experiment_name.as_deref().unwrap_or(&info.experiment_id))),
            fact("session", info.session_id()),
            fact("user", info.user_id()),
            fact("run", info.run_id()),
            fact(
                if models.len() == 1 { "model" } else { "models" },
                (!models.is_empty()).then(|| models.join(", ")).as_deref(),
            ),
        ];
        flow(out, more.into_iter().flatten(), look.dot(), look.width)?;
        for assessment in info.assessments.iter().filter(|assessment| assessment.valid && assessment.span_id.is_none())
        {
            writeln!(out, "{}", assessment_line(look, assessment))?;
        }
        Ok(())
    }

    /// The line in place of a root that is not stored, from what the trace's own record tells.
    pub(super) fn record_line(&self, look: &Look) -> String {
        let info = &self.trace.info;
        let facts = [
            Some(one_line(info.state.as_str()).into_owned()),
            info.execution_duration_ms.map(number::millis),
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

/// Facts one after another, on as many lines as they need.
fn flow(out: &mut dyn Write, facts: impl Iterator<Item = String>, gap: &str, room: Option<usize>) -> Result<()> {
    let mut line = String::new();
    let mut used = 0;
    for fact in facts {
        let length = visible_width(&fact);
        if used > 0 && room.is_some_and(|room| used + width(gap) + length > room) {
            writeln!(out, "{line}")?;
            line.clear();
            used = 0;
        }
        if used > 0 {
            line += gap;
            used += width(gap);
        }
        line += &fact;
        used += length;
    }
    Ok(writeln!(out, "{line}")?)
}

/// Columns that a text takes, without the colours that this program put around it.
fn visible_width(text: &str) -> usize {
    let mut total = 0;
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        total += width(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, rest)| rest);
    }
    total + width(rest)
}
