//! Changes before they are told, each with all by which it is known again at another span.

use super::said::{Key, Piece, is_of_function, key_of};
use super::volatile::{Voice, normal};
use super::words::diff;
use super::{Change, Field, Op, Words};

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

impl Fact {
    /// The same in a place that has a key: what says little is known again there only.
    pub(super) fn within(self, place: Key) -> Self {
        match self {
            Self::Replaced(a, b) => Self::Replaced(key_of((place, a)), key_of((place, b))),
            Self::Came(key) => Self::Came(key_of((place, key))),
            Self::Went(key) => Self::Went(key_of((place, key))),
            Self::Set(key) => Self::Set(key_of((place, key))),
        }
    }
}

/// Whether a text says so much that nobody says it twice by chance: a word of five letters, or three words. Words of
/// programming languages say nothing.
pub(super) fn is_telling(text: &str) -> bool {
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
pub(super) struct Scene<'a> {
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

impl Scene<'_> {
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
    /// tools at work told before.
    pub(super) fn sources(self, piece: &Piece) -> Vec<Key> {
        let is_history = self.field == Field::Input && self.tool.is_none() && !piece.is_member;
        if is_history { vec![in_messages(&piece.name), at_work(&piece.name)] } else { Vec::new() }
    }

    /// Places of which single words are known: a model calls a tool, which is at work, and tells the model.
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
    /// Where any of these was told above or below, it was told.
    pub(super) known: Vec<(Key, Fact)>,
    /// As what it is told.
    pub(super) told: Vec<(Key, Fact)>,
}

impl OnPath {
    /// Arguments have a name that has to be the same; a text without one is any of them that was passed on.
    fn new(field: Field, piece: &Piece, fact: Fact) -> Self {
        let (any, plain) = (key_of((field, "any")), key_of((field, "plain")));
        let named = key_of((field, "named", &piece.name));
        if piece.is_member {
            Self { known: vec![(named, fact), (plain, fact)], told: vec![(named, fact), (any, fact)] }
        } else {
            Self { known: vec![(any, fact)], told: vec![(plain, fact), (any, fact)] }
        }
    }
}

/// A change before it is told, with all by which it is known again.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) change: Change,
    /// Where all of one of these were told, it was told.
    pub(super) known: Vec<Vec<Fact>>,
    /// What is told with it.
    pub(super) told: Vec<Fact>,
    /// By what it is the same above and below.
    pub(super) path: Option<OnPath>,
    /// Whether it is one of several arguments, of which each is one.
    pub(super) is_member: bool,
}

impl Draft {
    /// A value that is another.
    pub(super) fn value(field: Field, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let normal = |text| normal(text, Voice::Asks);
        let fact = Fact::Set(key_of((field, name, a.map(normal), b.map(normal))));
        let (name, a, b) = (owned(name), owned(a), owned(b));
        let change = Change { field, name, a, b, words: Vec::new(), repeated: 0 };
        Self { change, known: vec![vec![fact]], told: vec![fact], path: None, is_member: false }
    }

    /// A value that is another, with what of its words is not the same where it has many.
    pub(super) fn wordy(field: Field, name: Option<&str>, a: Option<&str>, b: Option<&str>) -> Self {
        let mut draft = Self::value(field, name, a, b);
        let is_long = |text: &str| text.len() > LONG;
        draft.change.words = a
            .zip(b)
            .filter(|(a, b)| is_long(a) || is_long(b))
            .map(|(a, b)| diff(a, b, Voice::Asks))
            .unwrap_or_default();
        draft
    }

    /// A text that is another.
    pub(super) fn text(scene: Scene<'_>, a: &Piece, b: &Piece) -> Self {
        let words = diff(&a.text, &b.text, b.voice);
        let hunks = replaced(&words);
        let all: Vec<Fact> = hunks.iter().map(|(fact, _)| *fact).collect();
        let whole = Fact::Replaced(a.words, b.words);
        let mut known: Vec<Vec<Fact>> = scene.sources(b).into_iter().map(|place| vec![whole.within(place)]).collect();
        known.extend(scene.sources_of_words(b).map(|place| all.iter().map(|fact| fact.within(place)).collect()));
        let mut told: Vec<Fact> = hunks.iter().filter(|(_, is_telling)| *is_telling).map(|(fact, _)| *fact).collect();
        if told.len() == all.len() {
            known.push(all.clone());
        }
        if a.is_telling || b.is_telling {
            known.push(vec![whole]);
            told.push(whole);
        }
        for (piece, fact) in [(a, Fact::Went(a.words)), (b, Fact::Came(b.words))] {
            told.extend(piece.is_telling.then_some(fact));
            told.extend(scene.place(piece).map(|place| fact.within(place)));
        }
        if let Some(place) = scene.place(b) {
            told.extend(all.iter().chain([&whole]).map(|fact| fact.within(place)));
        }
        let path = Some(OnPath::new(scene.field, b, whole));
        let name = Some(b.name.clone()).filter(|name| !is_of_function(name));
        let (a, b_text) = (Some(a.text.clone()), Some(b.text.clone()));
        let change = Change { field: scene.field, name, a, b: b_text, words, repeated: 0 };
        Self { change, known, told, path, is_member: b.is_member }
    }

    /// Something that is said in one trace only.
    pub(super) fn single(scene: Scene<'_>, piece: &Piece, is_new: bool) -> Self {
        let text = Some(piece.text.clone());
        let (a, b) = if is_new { (None, text) } else { (text, None) };
        let name = Some(piece.name.clone()).filter(|name| !is_of_function(name));
        let fact = if is_new { Fact::Came(piece.words) } else { Fact::Went(piece.words) };
        let mut known: Vec<Vec<Fact>> =
            scene.sources(piece).into_iter().map(|place| vec![fact.within(place)]).collect();
        known.extend(piece.is_telling.then(|| vec![fact]));
        let mut told: Vec<Fact> = scene.place(piece).map(|place| fact.within(place)).into_iter().collect();
        told.extend(piece.is_telling.then_some(fact));
        let path = Some(OnPath::new(scene.field, piece, fact));
        let change = Change { field: scene.field, name, a, b, words: Vec::new(), repeated: 0 };
        Self { change, known, told, path, is_member: piece.is_member }
    }
}

/// Values that are longer are compared word by word.
const LONG: usize = 40;

/// The words that stand in place of others, and whether they say something by themselves.
fn replaced(words: &[Words]) -> Vec<(Fact, bool)> {
    let key = |words: &Words| key_of(normal(words.text.trim(), Voice::Answers));
    let mut facts = Vec::new();
    let mut at = 0;
    while let Some(first) = words.get(at) {
        let second = words.get(at + 1).filter(|second| second.op == Op::Insert && first.op == Op::Delete);
        let says = is_telling(&first.text) || second.is_some_and(|second| is_telling(&second.text));
        match (first.op, second) {
            (Op::Equal, _) => {}
            (Op::Delete, None) => facts.push((Fact::Replaced(key(first), 0), says)),
            (Op::Delete, Some(second)) => facts.push((Fact::Replaced(key(first), key(second)), says)),
            (Op::Insert, _) => facts.push((Fact::Replaced(0, key(first)), says)),
        }
        at += 1 + usize::from(second.is_some());
    }
    facts
}
