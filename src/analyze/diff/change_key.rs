//! Changes before they are shown, each with all by which it is known again at another span.

use super::content::{Key, Piece, is_of_function, key_of};
use super::ids::normal;
use super::structure::Difference;
use super::words::{MatchIds, diff};
use super::{Change, Field, Op, Words};
use crate::model::Json;

/// A difference, by what it is known again at another span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ChangeKey {
    /// Words stand in place of others.
    Replaced(Key, Key),
    /// Something was said that was not said before.
    Added(Key),
    /// Something is not said any more.
    Removed(Key),
    /// A value of a name is another.
    Changed(Key),
}

impl ChangeKey {
    /// The same in a place that has a key: what says little is known again there only.
    pub(super) fn within(self, place: Key) -> Self {
        match self {
            Self::Replaced(a, b) => Self::Replaced(key_of((place, a)), key_of((place, b))),
            Self::Added(key) => Self::Added(key_of((place, key))),
            Self::Removed(key) => Self::Removed(key_of((place, key))),
            Self::Changed(key) => Self::Changed(key_of((place, key))),
        }
    }
}

/// Whether a text says so much that nobody says it twice by chance: a word of five letters, or three words. Words of
/// programming languages say nothing.
pub(super) fn is_distinctive(text: &str) -> bool {
    const LITERALS: [&str; 8] = ["true", "false", "null", "none", "error", "undefined", "inf", "nan"];
    let is_said =
        |word: &&str| word.chars().any(char::is_alphabetic) && !LITERALS.contains(&word.to_ascii_lowercase().as_str());
    let mut words = 0;
    text.split(|c: char| !c.is_alphanumeric()).filter(is_said).any(|word| {
        words += 1;
        words >= 3 || word.chars().filter(|c| c.is_alphabetic()).count() >= 5
    })
}

/// Where something is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location<'a> {
    /// As what.
    pub(super) field: Field,
    /// By which tool at work.
    pub(super) tool: Option<&'a str>,
}

/// What messages say of some name: a role, the call of a tool, its result.
pub(super) fn in_messages(name: &str) -> Key {
    key_of(("messages", name))
}

/// What tools at work do, by the name that it has in messages.
pub(super) fn at_work(name: &str) -> Key {
    key_of(("work", name))
}

impl Location<'_> {
    /// As what messages know what a tool at work is called with or gives.
    fn work(self) -> Option<String> {
        let word = if self.field == Field::Input { "calls" } else { "result of" };
        self.tool.map(|tool| format!("{word} {tool}"))
    }

    /// The place of what is noted of a piece.
    pub(super) fn place(self, piece: &Piece) -> Option<Key> {
        let of_message = || (!piece.is_member && !is_of_function(&piece.name)).then(|| in_messages(&piece.name));
        self.work().map(|name| at_work(&name)).or_else(of_message)
    }

    /// Places of which what a piece says is known, though it says little: messages that come again in a history, and what
    /// tools at work shown before.
    pub(super) fn sources(self, piece: &Piece) -> Vec<Key> {
        let is_history = self.field == Field::Input && self.tool.is_none() && !piece.is_member;
        if is_history { vec![in_messages(&piece.name), at_work(&piece.name)] } else { Vec::new() }
    }

    /// Places of which single words are known: a model calls a tool, the tool runs, and its result goes back to the model.
    fn sources_of_words(self, piece: &Piece) -> Option<Key> {
        match (self.field, self.work()) {
            (Field::Input, Some(name)) => Some(in_messages(&name)),
            (Field::Input, None) if !piece.is_member => Some(at_work(&piece.name)),
            _ => None,
        }
    }
}

/// By what something that stands on the way from a root to a span is the same there.
#[derive(Debug)]
pub(super) struct OnPath {
    /// Where any of these was shown above or below, it was shown.
    pub(super) known: Vec<(Key, ChangeKey)>,
    /// As what it is shown.
    pub(super) reports: Vec<(Key, ChangeKey)>,
}

impl OnPath {
    /// Arguments have a name that has to be the same; a text without one is any of them that was passed on.
    fn new(field: Field, piece: &Piece, fact: ChangeKey) -> Self {
        let (any, plain) = (key_of((field, "any")), key_of((field, "plain")));
        let named = key_of((field, "named", &piece.name));
        if piece.is_member {
            Self { known: vec![(named, fact), (plain, fact)], reports: vec![(named, fact), (any, fact)] }
        } else {
            Self { known: vec![(any, fact)], reports: vec![(plain, fact), (any, fact)] }
        }
    }
}

/// A change before it is shown, with all by which it is known again.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) change: Change,
    /// Where all of one of these were shown, it was shown.
    pub(super) known: Vec<Vec<ChangeKey>>,
    /// What is shown with it.
    pub(super) reports: Vec<ChangeKey>,
    /// By what it is the same above and below.
    pub(super) path: Option<OnPath>,
    /// Whether it is one of several arguments, of which each is one.
    pub(super) is_member: bool,
}

impl Draft {
    /// A value that is another.
    pub(super) fn value(field: Field, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let fact = ChangeKey::Changed(key_of((field, name, a.map(normal), b.map(normal))));
        let (name, a, b) = (owned(name), owned(a), owned(b));
        let change = Change { field, name, a, b, words: Vec::new(), repeated: 0 };
        Self { change, known: vec![vec![fact]], reports: vec![fact], path: None, is_member: false }
    }

    /// A value that is another, with what of its words is not the same where it has many.
    pub(super) fn wordy(field: Field, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let mut draft = Self::value(field, name, a, b);
        let is_long = |text: &str| text.len() > LONG;
        draft.change.words = a
            .zip(b)
            .filter(|(a, b)| is_long(a) || is_long(b))
            .map(|(a, b)| diff(a, b, MatchIds::Yes))
            .unwrap_or_default();
        draft
    }

    /// A difference that no message and no parameter shows, by its path. It is the same wherever the same values stand.
    pub(super) fn structure(field: Field, difference: &Difference) -> Self {
        let display = |value: &Option<Json>| value.as_ref().map(Json::display);
        let (a, b) = (display(&difference.a), display(&difference.b));
        let key = ChangeKey::Changed(key_of(("structure", &a, &b)));
        let mut draft = Self::wordy(field, Some(&difference.path), a.as_deref(), b.as_deref());
        (draft.known, draft.reports) = (vec![vec![key]], vec![key]);
        draft
    }

    /// A text that is another.
    pub(super) fn text(location: Location<'_>, a: &Piece, b: &Piece) -> Self {
        let words = diff(&a.text, &b.text, MatchIds::Yes);
        let hunks = replaced(&words);
        let all: Vec<ChangeKey> = hunks.iter().map(|(fact, _)| *fact).collect();
        let whole = ChangeKey::Replaced(a.words, b.words);
        let mut known: Vec<Vec<ChangeKey>> =
            location.sources(b).into_iter().map(|place| vec![whole.within(place)]).collect();
        known.extend(location.sources_of_words(b).map(|place| all.iter().map(|fact| fact.within(place)).collect()));
        let mut reports: Vec<ChangeKey> =
            hunks.iter().filter(|(_, is_distinctive)| *is_distinctive).map(|(fact, _)| *fact).collect();
        if reports.len() == all.len() {
            known.push(all.clone());
        }
        if a.is_distinctive || b.is_distinctive {
            known.push(vec![whole]);
            reports.push(whole);
        }
        for (piece, fact) in [(a, ChangeKey::Removed(a.words)), (b, ChangeKey::Added(b.words))] {
            reports.extend(piece.is_distinctive.then_some(fact));
            reports.extend(location.place(piece).map(|place| fact.within(place)));
        }
        if let Some(place) = location.place(b) {
            reports.extend(all.iter().chain([&whole]).map(|fact| fact.within(place)));
        }
        let path = Some(OnPath::new(location.field, b, whole));
        let name = Some(b.name.clone()).filter(|name| !is_of_function(name));
        let (a, b_text) = (Some(a.text.clone()), Some(b.text.clone()));
        let change = Change { field: location.field, name, a, b: b_text, words, repeated: 0 };
        Self { change, known, reports, path, is_member: b.is_member }
    }

    /// Something that is said in one trace only.
    pub(super) fn single(location: Location<'_>, piece: &Piece, is_new: bool) -> Self {
        let text = Some(piece.text.clone());
        let (a, b) = if is_new { (None, text) } else { (text, None) };
        let name = Some(piece.name.clone()).filter(|name| !is_of_function(name));
        let fact = if is_new { ChangeKey::Added(piece.words) } else { ChangeKey::Removed(piece.words) };
        let mut known: Vec<Vec<ChangeKey>> =
            location.sources(piece).into_iter().map(|place| vec![fact.within(place)]).collect();
        known.extend(piece.is_distinctive.then(|| vec![fact]));
        let mut reports: Vec<ChangeKey> = location.place(piece).map(|place| fact.within(place)).into_iter().collect();
        reports.extend(piece.is_distinctive.then_some(fact));
        let path = Some(OnPath::new(location.field, piece, fact));
        let change = Change { field: location.field, name, a, b, words: Vec::new(), repeated: 0 };
        Self { change, known, reports, path, is_member: piece.is_member }
    }
}

/// Values that are longer are compared word by word.
const LONG: usize = 40;

/// The words that stand in place of others, and whether they say something by themselves.
fn replaced(words: &[Words]) -> Vec<(ChangeKey, bool)> {
    let key = |words: &Words| key_of(normal(words.text.trim()));
    let mut facts = Vec::new();
    let mut at = 0;
    while let Some(first) = words.get(at) {
        let second = words.get(at + 1).filter(|second| second.op == Op::Insert && first.op == Op::Delete);
        let says = is_distinctive(&first.text) || second.is_some_and(|second| is_distinctive(&second.text));
        match (first.op, second) {
            (Op::Equal, _) => {}
            (Op::Delete, None) => facts.push((ChangeKey::Replaced(key(first), 0), says)),
            (Op::Delete, Some(second)) => facts.push((ChangeKey::Replaced(key(first), key(second)), says)),
            (Op::Insert, _) => facts.push((ChangeKey::Replaced(0, key(first)), says)),
        }
        at += 1 + usize::from(second.is_some());
    }
    facts
}
