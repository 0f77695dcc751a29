//! Grouping keys of `--by`.

use crate::model::{Span, Timestamp, Trace, TraceInfo, Zone, keys};
use crate::reading::{Agents, TraceUsage, UsageRow};
use std::borrow::Cow;

/// A property that traces, or calls within them, are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKey {
    /// The model called.
    Model,
    /// The provider of the model.
    Provider,
    /// The active agent, from its span or the messages.
    Agent,
    /// The name of the span.
    Span,
    /// The trace itself.
    Trace,
    /// The recorded name of the trace.
    Name,
    /// The state of the trace.
    State,
    /// The experiment's name.
    Experiment,
    /// The session.
    Session,
    /// The user.
    User,
    /// The hour of the start.
    Hour,
    /// The day of the start.
    Day,
    /// The week of the start, named by its Monday.
    Week,
    /// The interval of this many seconds, counted from midnight.
    Time(i64),
    /// A tag.
    Tag(String),
    /// A metadata entry.
    Metadata(String),
}

/// The names that [`GroupKey::parse`] accepts.
const NAMES: [(&str, GroupKey); 13] = [
    ("model", GroupKey::Model),
    ("provider", GroupKey::Provider),
    ("agent", GroupKey::Agent),
    ("span", GroupKey::Span),
    ("trace", GroupKey::Trace),
    ("name", GroupKey::Name),
    ("state", GroupKey::State),
    ("experiment", GroupKey::Experiment),
    ("session", GroupKey::Session),
    ("user", GroupKey::User),
    ("hour", GroupKey::Hour),
    ("day", GroupKey::Day),
    ("week", GroupKey::Week),
];

/// The value of each key for a trace or call, in the order of the keys; `None` if unknown.
pub type GroupValues = Vec<Option<String>>;

impl GroupKey {
    /// Parses a value of `--by`.
    ///
    /// # Errors
    /// A list of the valid values.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, key)) = NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(key.clone());
        }
        match text.split_once(':') {
            Some(("tag", key)) if !key.is_empty() => Ok(Self::Tag(key.to_owned())),
            Some(("metadata", key)) if !key.is_empty() => Ok(Self::Metadata(key.to_owned())),
            _ => {
                let names: Vec<&str> = Self::names().collect();
                Err(format!("expected one of {}, tag:KEY, metadata:KEY", names.join(", ")))
            }
        }
    }

    /// Returns the names of the keys that have no parameter.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Returns the name, also used as column title and JSON key.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Time(_) => "time".into(),
            Self::Tag(key) => format!("tag:{key}").into(),
            Self::Metadata(key) => format!("metadata:{key}").into(),
            key => NAMES.iter().find(|(_, known)| known == key).map_or("", |(name, _)| name).into(),
        }
    }

    /// Whether the calls of one trace may have different values, so that spans must be read.
    #[must_use]
    pub const fn is_per_call(&self) -> bool {
        matches!(self, Self::Model | Self::Provider | Self::Agent | Self::Span)
    }

    /// Whether the key is a time; groups are then sorted by it.
    #[must_use]
    pub const fn is_time(&self) -> bool {
        matches!(self, Self::Hour | Self::Day | Self::Week | Self::Time(_))
    }

    /// Returns the value of a trace; `time` = the start to use for time keys.
    #[must_use]
    pub fn trace_value<'a>(&self, info: &'a TraceInfo, time: Timestamp, zone: Zone) -> Option<Cow<'a, str>> {
        let text = |value: Option<&'a str>| value.map(Cow::Borrowed);
        match self {
            Self::Trace => text(Some(&info.trace_id)),
            Self::Name => text(info.name.as_deref()),
            Self::State => text(Some(info.state.as_str())),
            Self::Experiment => text(info.experiment_name.as_deref().or(Some(&info.experiment_id))),
            Self::Session => text(info.session_id()),
            Self::User => text(info.user_id()),
            Self::Hour => Some(time.floor_to_hour(zone).rfc3339().into()),
            Self::Day => Some(time.date(zone).into()),
            Self::Week => Some(time.monday(zone).into()),
            Self::Time(seconds) => Some(time.floor(*seconds, zone).rfc3339().into()),
            Self::Tag(key) => text(info.tags.get(key)),
            Self::Metadata(key) => text(info.metadata.get(key)),
            Self::Model | Self::Provider | Self::Agent | Self::Span => None,
        }
    }

    /// Returns the value of a call or span, for keys that are per call.
    pub(super) const fn field_value<'a>(&self, fields: &KeyFields<'a>) -> Option<&'a str> {
        match self {
            Self::Model => fields.model,
            Self::Provider => fields.provider,
            Self::Agent => fields.agent,
            Self::Span => fields.name,
            _ => None,
        }
    }

    /// Parses a value of [`GroupKey::Hour`] or [`GroupKey::Time`].
    #[must_use]
    pub fn instant(&self, value: &str) -> Option<Timestamp> {
        let is_instant = matches!(self, Self::Hour | Self::Time(_));
        if is_instant { Timestamp::parse_rfc3339(value) } else { None }
    }

    /// Returns whether the key is a tag (or else a metadata entry), and the name of that entry, as in a filter.
    #[must_use]
    pub fn label(&self) -> Option<(bool, &str)> {
        match self {
            Self::Tag(key) => Some((true, key)),
            Self::Metadata(key) => Some((false, key)),
            Self::Name => Some((true, keys::NAME)),
            Self::User => Some((false, keys::USER)),
            Self::Session => Some((false, keys::SESSION)),
            _ => None,
        }
    }
}

/// Removes repeated keys.
pub fn dedup(keys: &mut Vec<GroupKey>) {
    let mut known: Vec<GroupKey> = Vec::new();
    keys.retain(|key| {
        !known.contains(key) && {
            known.push(key.clone());
            true
        }
    });
}

/// The values of one span or call by which it can be grouped.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyFields<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) provider: Option<&'a str>,
    pub(super) agent: Option<&'a str>,
    pub(super) start: Option<Timestamp>,
}

impl<'a> KeyFields<'a> {
    /// Returns the values of a usage row.
    pub(super) fn from_row(row: &UsageRow, spans: &'a [Span], agents: &'a Agents) -> Self {
        let span = row.span.map(|at| &spans[at]);
        Self {
            name: span.map(|span| span.name.as_str()),
            model: row.model(spans),
            provider: row.provider(spans),
            agent: row.span.and_then(|at| agents.name(at)),
            start: row.spans.first().map(|at| spans[*at].start),
        }
    }

    /// Returns the values of a span.
    pub(super) fn from_span(at: usize, spans: &'a [Span], agents: &'a Agents) -> Self {
        let span = &spans[at];
        Self {
            name: Some(&span.name),
            model: span.model.as_deref(),
            provider: span.provider.as_deref(),
            agent: agents.name(at),
            start: Some(span.start),
        }
    }
}

/// Returns the agents of a trace if a key needs them.
pub(super) fn agents(keys: &[GroupKey], trace: &Trace, usage: &TraceUsage) -> Agents {
    let spans = trace.spans.as_ref().filter(|_| keys.contains(&GroupKey::Agent));
    spans.map(|spans| Agents::new(spans, usage)).unwrap_or_default()
}
