//! What figures are grouped by.

use crate::model::{Span, Timestamp, Trace, TraceInfo, Zone, keys};
use crate::reading::{Agents, TraceUsage, UsageRow};
use std::borrow::Cow;

/// What traces, or calls within them, have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKey {
    /// The model called.
    Model,
    /// Who runs the model.
    Provider,
    /// The agent at work, by its span or by the messages.
    Agent,
    /// The name of the span.
    Span,
    /// The trace itself.
    Trace,
    /// The recorded name of the trace.
    Name,
    /// How the trace ended.
    State,
    /// The experiment's name.
    Experiment,
    /// The session.
    Session,
    /// The user.
    User,
    /// The hour in which it began.
    Hour,
    /// The day, likewise.
    Day,
    /// The week, told by its Monday.
    Week,
    /// The interval of so many seconds, counted from midnight.
    Time(i64),
    /// A tag.
    Tag(String),
    /// An entry of the metadata.
    Metadata(String),
}

/// The words of [`GroupKey::parse`].
const WORDS: [(&str, GroupKey); 13] = [
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

/// What a trace or a call has for each key; none where nothing is known.
pub type GroupValues = Vec<Option<String>>;

impl GroupKey {
    /// Reads a word of `--by`.
    ///
    /// # Errors
    /// What would be understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, key)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(key.clone());
        }
        match text.split_once(':') {
            Some(("tag", key)) if !key.is_empty() => Ok(Self::Tag(key.to_owned())),
            Some(("metadata", key)) if !key.is_empty() => Ok(Self::Metadata(key.to_owned())),
            _ => {
                let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
                Err(format!("one of {}, tag:KEY, metadata:KEY", words.join(", ")))
            }
        }
    }

    /// Its word, which is its title and its name in JSON too.
    #[must_use]
    pub fn word(&self) -> Cow<'static, str> {
        match self {
            Self::Time(_) => "time".into(),
            Self::Tag(key) => format!("tag:{key}").into(),
            Self::Metadata(key) => format!("metadata:{key}").into(),
            key => WORDS.iter().find(|(_, known)| known == key).map_or("", |(word, _)| word).into(),
        }
    }

    /// Whether calls within a trace differ in it, so that spans have to be read.
    #[must_use]
    pub const fn is_of_calls(&self) -> bool {
        matches!(self, Self::Model | Self::Provider | Self::Agent | Self::Span)
    }

    /// Whether it is a time, by which rows are sorted.
    #[must_use]
    pub const fn is_time(&self) -> bool {
        matches!(self, Self::Hour | Self::Day | Self::Week | Self::Time(_))
    }

    /// What a trace has for it, which began at some time.
    #[must_use]
    pub fn of_trace<'a>(&self, info: &'a TraceInfo, time: Timestamp, zone: Zone) -> Option<Cow<'a, str>> {
        let text = |value: Option<&'a str>| value.map(Cow::Borrowed);
        match self {
            Self::Trace => text(Some(&info.trace_id)),
            Self::Name => text(info.name.as_deref()),
            Self::State => text(Some(info.state.as_str())),
            Self::Experiment => text(info.experiment_name.as_deref().or(Some(&info.experiment_id))),
            Self::Session => text(info.session_id()),
            Self::User => text(info.user_id()),
            Self::Hour => Some(time.hour(zone).rfc3339().into()),
            Self::Day => Some(time.date(zone).into()),
            Self::Week => Some(time.monday(zone).into()),
            Self::Time(seconds) => Some(time.floor(*seconds, zone).rfc3339().into()),
            Self::Tag(key) => text(info.tags.get(key)),
            Self::Metadata(key) => text(info.metadata.get(key)),
            Self::Model | Self::Provider | Self::Agent | Self::Span => None,
        }
    }

    /// What a call or a span has for it that its trace does not have.
    pub(super) const fn of_subject<'a>(&self, subject: &GroupedPart<'a>) -> Option<&'a str> {
        match self {
            Self::Model => subject.model,
            Self::Provider => subject.provider,
            Self::Agent => subject.agent,
            Self::Span => subject.name,
            _ => None,
        }
    }

    /// The value as a point in time, where it is one.
    #[must_use]
    pub fn instant(&self, value: &str) -> Option<Timestamp> {
        let is_instant = matches!(self, Self::Hour | Self::Time(_));
        if is_instant { Timestamp::parse_rfc3339(value) } else { None }
    }

    /// The entry of the tags or the metadata that it looks at, as in a filter: whether it is a tag, and its key.
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

/// Takes out keys that are there already.
pub fn distinct(keys: &mut Vec<GroupKey>) {
    let mut known: Vec<GroupKey> = Vec::new();
    keys.retain(|key| {
        !known.contains(key) && {
            known.push(key.clone());
            true
        }
    });
}

/// A part of a trace that is counted by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GroupedPart<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) provider: Option<&'a str>,
    pub(super) agent: Option<&'a str>,
    pub(super) start: Option<Timestamp>,
}

impl<'a> GroupedPart<'a> {
    /// A row of usage.
    pub(super) fn of_row(row: &UsageRow, spans: &'a [Span], agents: &'a Agents) -> Self {
        let span = row.span.map(|at| &spans[at]);
        Self {
            name: span.map(|span| span.name.as_str()),
            model: row.model(spans),
            provider: row.provider(spans),
            agent: row.span.and_then(|at| agents.name(at)),
            start: row.spans.first().map(|at| spans[*at].start),
        }
    }

    /// A span.
    pub(super) fn of_span(at: usize, spans: &'a [Span], agents: &'a Agents) -> Self {
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

/// The agents of a trace, where any of the keys asks for them.
pub(super) fn agents(keys: &[GroupKey], trace: &Trace, usage: &TraceUsage) -> Agents {
    let spans = trace.spans.as_ref().filter(|_| keys.contains(&GroupKey::Agent));
    spans.map(|spans| Agents::of(spans, usage)).unwrap_or_default()
}
