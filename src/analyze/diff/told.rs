//! What was told of the differences between two traces, so that none is told twice.

use super::said::{Key, Piece, is_of_function, key_of};
use super::volatile::normal;
use super::words::diff;
use super::{Change, Field, Op, Words};
use std::collections::HashMap;

/// A difference, by what it is known again at another span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fact {
    /// Words stand in place of others.
    Replaced(Key, Key),
    /// Something was said that was not said before.
    Came(Key),
    /// Something is not said any more.
    Went(Key),
    /// A value of a name is another.
    Set(Key),
}

/// A change before it is told, with all by which it is known again.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) change: Change,
    /// Where all of these were told, it was told.
    facts: Vec<Fact>,
    /// Where this was told, it was told too.
    whole: Option<Fact>,
    /// What is told with it.
    with: Vec<Fact>,
}

impl Draft {
    fn of_fact(change: Change, fact: Fact) -> Self {
        Self { change, facts: vec![fact], whole: None, with: Vec::new() }
    }

    /// A value that is another.
    pub(super) fn value(field: Field, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let fact = Fact::Set(key_of((field, name, a.map(normal), b.map(normal))));
        let (name, a, b) = (owned(name), owned(a), owned(b));
        Self::of_fact(Change { field, name, a, b, words: Vec::new(), repeated: 0 }, fact)
    }

    /// A value that is another, with what of its words is not the same where it has many.
    pub(super) fn wordy(field: Field, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let mut draft = Self::value(field, name, a, b);
        let is_long = |text: &str| text.len() > LONG;
        draft.change.words =
            a.zip(b).filter(|(a, b)| is_long(a) || is_long(b)).map(|(a, b)| diff(a, b)).unwrap_or_default();
        draft
    }

    /// A text that is another.
    pub(super) fn text(field: Field, a: &Piece, b: &Piece) -> Self {
        let words = diff(&a.text, &b.text);
        let facts = replaced(&words);
        let whole = Some(Fact::Replaced(a.words, b.words));
        let with = vec![Fact::Went(a.words), Fact::Came(b.words)];
        let name = Some(b.name.clone()).filter(|name| !is_of_function(name));
        let (a, b) = (Some(a.text.clone()), Some(b.text.clone()));
        Self { change: Change { field, name, a, b, words, repeated: 0 }, facts, whole, with }
    }

    /// Something that is said in one trace only.
    pub(super) fn single(field: Field, piece: &Piece, is_new: bool) -> Self {
        let text = Some(piece.text.clone());
        let (a, b) = if is_new { (None, text) } else { (text, None) };
        let name = Some(piece.name.clone()).filter(|name| !is_of_function(name));
        let fact = if is_new { Fact::Came(piece.words) } else { Fact::Went(piece.words) };
        Self::of_fact(Change { field, name, a, b, words: Vec::new(), repeated: 0 }, fact)
    }
}

/// Values that are longer are compared word by word.
const LONG: usize = 40;

/// The words that stand in place of others.
fn replaced(words: &[Words]) -> Vec<Fact> {
    let key = |words: &Words| key_of(normal(words.text.trim()));
    let mut facts = Vec::new();
    let mut at = 0;
    while let Some(first) = words.get(at) {
        let second = words.get(at + 1).filter(|second| second.op == Op::Insert && first.op == Op::Delete);
        match (first.op, second) {
            (Op::Equal, _) => {}
            (Op::Delete, None) => facts.push(Fact::Replaced(key(first), 0)),
            (Op::Delete, Some(second)) => facts.push(Fact::Replaced(key(first), key(second))),
            (Op::Insert, _) => facts.push(Fact::Replaced(0, key(first))),
        }
        at += 1 + usize::from(second.is_some());
    }
    facts
}

/// Where a change was told: a node, and the place among its changes.
pub(super) type Place = (usize, usize);

/// Whether a change was told before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// It was not.
    New,
    /// It was, at a place.
    At(Place),
    /// A span that is new or gone tells it, or a failure.
    WithSpan,
}

/// What was told, and where; nowhere where a span that is new or gone tells it.
#[derive(Debug, Default)]
pub(super) struct Told {
    facts: HashMap<Fact, Option<Place>>,
    /// The messages of failures that were told.
    failures: Vec<String>,
}

/// So many failures are looked for in what tools handed on.
const MOST_FAILURES: usize = 200;

/// Shorter messages stand in others by chance.
const SAYS_SOMETHING: usize = 8;

/// Whether a text tells the message of a failure.
pub(super) fn quotes(text: &str, message: &str) -> bool {
    text == message || (message.len() >= SAYS_SOMETHING && text.contains(message))
}

impl Told {
    /// A span that is new or gone, or failed, tells it.
    pub(super) fn note(&mut self, fact: Fact) {
        self.facts.entry(fact).or_insert(None);
    }

    /// A span tells that it failed.
    pub(super) fn note_failure(&mut self, message: &str) {
        if self.failures.len() < MOST_FAILURES && !self.failures.iter().any(|known| known == message) {
            self.failures.push(message.to_owned());
        }
    }

    /// Whether a piece is what a tool handed on of a failure that was told.
    pub(super) fn is_failure(&self, piece: &Piece) -> bool {
        piece.is_result() && self.failures.iter().any(|message| quotes(&piece.text, message))
    }

    /// Whether a span that is new or gone tells something.
    pub(super) fn is_noted(&self, fact: Fact) -> bool {
        self.facts.get(&fact).is_some_and(Option::is_none)
    }

    fn told(&self, fact: Option<&Fact>) -> Option<&Option<Place>> {
        self.facts.get(fact?)
    }

    /// Looks where a change was told that is to be told; if nowhere, it is told now, at a place.
    pub(super) fn tell(&mut self, draft: &Draft, place: Place) -> Telling {
        let is_told = |fact: &Fact| self.facts.contains_key(fact);
        let by_parts = draft.facts.first().filter(|_| draft.facts.iter().all(is_told));
        if let Some(told) = self.told(draft.whole.as_ref()).or_else(|| self.told(by_parts)) {
            return told.map_or(Telling::WithSpan, Telling::At);
        }
        for fact in draft.facts.iter().chain(&draft.whole).chain(&draft.with) {
            self.facts.entry(*fact).or_insert(Some(place));
        }
        Telling::New
    }
}
