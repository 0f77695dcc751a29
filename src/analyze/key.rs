//! What figures are grouped by.

use super::conversation::bare_name;
use crate::model::{Span, Spans, Timestamp, TraceInfo, Zone, keys};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

/// What traces, or calls within them, have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The model called.
    Model,
    /// Who runs the model.
    Provider,
    /// The agent at work: the nearest span of type AGENT, the call's own or one above it, by the name that a conversation
    /// tells.
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

/// The words of [`Key::parse`].
const WORDS: [(&str, Key); 13] = [
    ("model", Key::Model),
    ("provider", Key::Provider),
    ("agent", Key::Agent),
    ("span", Key::Span),
    ("trace", Key::Trace),
    ("name", Key::Name),
    ("state", Key::State),
    ("experiment", Key::Experiment),
    ("session", Key::Session),
    ("user", Key::User),
    ("hour", Key::Hour),
    ("day", Key::Day),
    ("week", Key::Week),
];

/// What a trace or a call has for each key; none where nothing is known.
pub type Values = Vec<Option<String>>;

/// Groups by the values of some keys.
#[derive(Debug)]
pub(super) struct Groups<T> {
    keys: Vec<Key>,
    zone: Zone,
    /// Whether a call is of the time at which it began itself, and not of that of its trace.
    has_call_times: bool,
    places: HashMap<Values, usize>,
    list: Vec<(Values, T)>,
    /// The values looked for last, so that nothing is allocated for a group that is known.
    values: Values,
}

impl<T: Default> Groups<T> {
    /// No groups yet.
    pub(super) fn new(keys: Vec<Key>, zone: Zone, has_call_times: bool) -> Self {
        let values = vec![None; keys.len()];
        Self { keys, zone, has_call_times, places: HashMap::new(), list: Vec::new(), values }
    }

    /// The group of a trace; of a call, where one is named.
    pub(super) fn of(&mut self, info: &TraceInfo, call: Option<(&Spans, usize)>) -> &mut T {
        let place = self.place(info, call);
        self.at(place)
    }

    /// The group at a place.
    pub(super) fn at(&mut self, place: usize) -> &mut T {
        &mut self.list[place].1
    }

    /// The place of the group of a trace or a call, which stays.
    pub(super) fn place(&mut self, info: &TraceInfo, call: Option<(&Spans, usize)>) -> usize {
        let began = call.filter(|_| self.has_call_times).map(|(spans, at)| spans.list[at].start);
        let time = began.unwrap_or(info.request_time);
        for (key, slot) in self.keys.iter().zip(&mut self.values) {
            let of_call = call.and_then(|(spans, at)| key.of_call(spans, at)).map(Cow::Borrowed);
            match (of_call.or_else(|| key.of_trace(info, time, self.zone)), slot) {
                (Some(value), Some(slot)) => {
                    slot.clear();
                    slot.push_str(&value);
                }
                (value, slot) => *slot = value.map(Cow::into_owned),
            }
        }
        if let Some(place) = self.places.get(&self.values) {
            return *place;
        }
        self.places.insert(self.values.clone(), self.list.len());
        self.list.push((self.values.clone(), T::default()));
        self.list.len() - 1
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn list(&self) -> &[(Values, T)] {
        &self.list
    }

    pub(super) fn into_list(self) -> Vec<(Values, T)> {
        self.list
    }
}

impl Key {
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

    /// Whether its values are points in time, in RFC 3339.
    #[must_use]
    pub const fn is_instant(&self) -> bool {
        matches!(self, Self::Hour | Self::Time(_))
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

    /// What a call has for it that its trace does not have.
    fn of_call<'a>(&self, spans: &'a Spans, at: usize) -> Option<&'a str> {
        let span = &spans.list[at];
        match self {
            Self::Model => span.model.as_deref(),
            Self::Provider => span.provider.as_deref(),
            Self::Agent => agent(spans, at).map(|agent| bare_name(&agent.name)),
            Self::Span => Some(&span.name),
            _ => None,
        }
    }

    /// The value as a point in time.
    #[must_use]
    pub fn instant(&self, value: &str) -> Option<Timestamp> {
        if self.is_instant() { Timestamp::parse_rfc3339(value) } else { None }
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

/// The order of two groups, which are of some size each: by the times among their keys, else the larger first.
#[must_use]
pub fn order(keys: &[Key], (a, one): (&Values, i64), (b, other): (&Values, i64)) -> Ordering {
    by_time(keys, a, b).then(other.cmp(&one)).then_with(|| a.cmp(b))
}

fn by_time(keys: &[Key], a: &Values, b: &Values) -> Ordering {
    let times = keys.iter().enumerate().filter(|(_, key)| key.is_time());
    times.map(|(at, _)| a[at].cmp(&b[at])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The groups that are shown, at most so many, and the others: the last times are shown, and of one time, or without
/// times, the largest. They come in order.
pub fn split<T>(keys: &[Key], groups: Vec<T>, limit: usize, values: impl Fn(&T) -> &Values) -> (Vec<T>, Vec<T>) {
    let mut last_first: Vec<usize> = (0..groups.len()).collect();
    // Stable: of one time the order stays.
    last_first.sort_by(|a, b| by_time(keys, values(&groups[*b]), values(&groups[*a])));
    let mut is_shown = vec![false; groups.len()];
    last_first.into_iter().take(limit).for_each(|at| is_shown[at] = true);
    let (shown, others): (Vec<_>, Vec<_>) = groups.into_iter().zip(is_shown).partition(|(_, is_shown)| *is_shown);
    let groups = |list: Vec<(T, bool)>| list.into_iter().map(|(group, _)| group).collect();
    (groups(shown), groups(others))
}

/// Takes out keys that are there already.
pub fn distinct(keys: &mut Vec<Key>) {
    let mut known: Vec<Key> = Vec::new();
    keys.retain(|key| {
        !known.contains(key) && {
            known.push(key.clone());
            true
        }
    });
}

/// The nearest agent: the span itself, or one above it.
#[must_use]
pub fn agent(spans: &Spans, at: usize) -> Option<&Span> {
    let way = std::iter::successors(Some(at), |at| spans.nodes[*at].parent);
    way.map(|at| &spans.list[at]).find(|span| span.span_type.is_agent())
}
