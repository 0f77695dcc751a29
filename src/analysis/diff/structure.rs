//! Two values compared member by member, whatever they mean: what a reading of messages leaves out is found here.

use super::content::{PieceKey, key_of};
use super::ids::normal;
use super::readable::{nested, readable};
use super::sequence::{DifferingRange, alike, gaps};
use crate::model::Json;
use std::collections::{HashMap, HashSet, VecDeque};

/// A place where two values differ.
#[derive(Debug)]
pub(super) struct Difference {
    /// `messages[0].tool_calls[1].id`; empty for the value itself.
    pub(super) path: String,
    /// The first trace's value; `None` where it has none.
    pub(super) a: Option<Json>,
    /// The second trace's value.
    pub(super) b: Option<Json>,
    /// How the values were paired.
    pub(super) pairing: ValuePairing,
}

/// How two values were paired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ValuePairing {
    /// They stand at the same place, among values that match.
    #[default]
    Same,
    /// They are in items of two lists that only look alike, so that one id need not stand for the other.
    Alike,
    /// They are lists of the same items in another order.
    Moved,
}

/// Values nested deeper are compared as a whole.
const DEEPEST: usize = 64;

/// All places where two values differ, but for the order of members and the way texts and spaces are written.
pub(super) fn differences(a: Option<&Json>, b: Option<&Json>) -> Vec<Difference> {
    let mut walk = StructureComparison::default();
    walk.values(a, b);
    walk.found
}

/// All places where the members of two objects differ.
pub(super) fn of_members(a: &[(&str, &Json)], b: &[(&str, &Json)]) -> Vec<Difference> {
    let mut walk = StructureComparison::default();
    walk.members(a, b);
    walk.found
}

pub(super) fn borrowed(members: &[(String, Json)]) -> Vec<(&str, &Json)> {
    members.iter().map(|(key, value)| (&**key, value)).collect()
}

#[derive(Default)]
struct StructureComparison {
    found: Vec<Difference>,
    path: Vec<String>,
    pairing: ValuePairing,
}

impl StructureComparison {
    fn values(&mut self, a: Option<&Json>, b: Option<&Json>) {
        if a == b {
            return;
        }
        let both = a.zip(b).filter(|_| self.path.len() < DEEPEST);
        if !both.is_some_and(|(a, b)| self.objects(a, b) || self.items(a, b) || self.texts(a, b)) {
            self.add(a, b, self.pairing);
        }
    }

    fn add(&mut self, a: Option<&Json>, b: Option<&Json>, pairing: ValuePairing) {
        let path = self.path.concat().trim_start_matches('.').to_owned();
        self.found.push(Difference { path, a: a.cloned(), b: b.cloned(), pairing });
    }

    /// Compares two values one step deeper.
    fn below(&mut self, step: String, a: Option<&Json>, b: Option<&Json>) {
        self.path.push(step);
        self.values(a, b);
        self.path.pop();
    }

    fn objects(&mut self, a: &Json, b: &Json) -> bool {
        let Some((a, b)) = a.members().zip(b.members()) else { return false };
        self.members(&borrowed(&a), &borrowed(&b));
        true
    }

    /// Of a key that is repeated the last one counts.
    fn members(&mut self, a: &[(&str, &Json)], b: &[(&str, &Json)]) {
        let values_a: HashMap<&str, &Json> = a.iter().copied().collect();
        let values_b: HashMap<&str, &Json> = b.iter().copied().collect();
        let mut seen = HashSet::new();
        for key in a.iter().chain(b).map(|(key, _)| *key).filter(|key| seen.insert(*key)) {
            self.below(format!(".{key}"), values_a.get(key).copied(), values_b.get(key).copied());
        }
    }

    /// Items are paired where they match, in order, then out of it; what is left, by what kind it is. A list of numbers is
    /// one value.
    fn items(&mut self, a: &Json, b: &Json) -> bool {
        let Some((of_a, of_b)) = a.items().zip(b.items()) else { return false };
        let is_number = |item: &Json| item.text().starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if of_a.iter().chain(&of_b).all(is_number) {
            return false;
        }
        let start = of_a.iter().zip(&of_b).take_while(|(a, b)| a == b).count();
        let end = of_a[start..].iter().rev().zip(of_b[start..].iter().rev()).take_while(|(a, b)| a == b).count();
        let (of_a, of_b) = (&of_a[start..of_a.len() - end], &of_b[start..of_b.len() - end]);
        let step = |at: usize| format!("[{}]", start + at);
        let keys = |items: &[Json]| items.iter().map(|item| key_of(normal(&readable(item)))).collect::<Vec<PieceKey>>();
        let (keys_a, keys_b) = (keys(of_a), keys(of_b));
        let gaps = gaps(&keys_a, &keys_b);
        let mut pairs: Vec<(usize, usize)> = alike(&gaps, of_a.len()).collect();
        let moved = moved(&gaps, &keys_a, &keys_b);
        if !moved.is_empty() {
            self.add(Some(a), Some(b), ValuePairing::Moved);
        }
        pairs.extend(&moved);
        for (at_a, at_b) in &pairs {
            self.below(step(*at_b), Some(&of_a[*at_a]), Some(&of_b[*at_b]));
        }
        let pairing = std::mem::replace(&mut self.pairing, ValuePairing::Alike);
        let (moved_a, moved_b): (HashSet<usize>, HashSet<usize>) = moved.into_iter().unzip();
        for (in_a, in_b) in gaps {
            let mut left: VecDeque<usize> = in_a.filter(|at| !moved_a.contains(at)).collect();
            for at_b in in_b.filter(|at| !moved_b.contains(at)) {
                let place = left.iter().position(|at_a| label(&of_a[*at_a]) == label(&of_b[at_b]));
                let other = place.and_then(|place| left.remove(place)).map(|at_a| &of_a[at_a]);
                self.below(step(at_b), other, Some(&of_b[at_b]));
            }
            for at_a in left {
                self.below(step(at_a), Some(&of_a[at_a]), None);
            }
        }
        self.pairing = pairing;
        true
    }

    /// Texts that are written otherwise are the same; in texts that hold JSON it is compared.
    fn texts(&mut self, a: &Json, b: &Json) -> bool {
        let Some((a, b)) = a.as_string().zip(b.as_string()) else { return false };
        let before = self.found.len();
        if let Some((a, b)) = nested(&a).zip(nested(&b)) {
            self.below(String::new(), Some(&a), Some(&b));
        }
        a == b || self.found.len() > before
    }
}

/// The items in the gaps of two lists that match out of order.
fn moved(gaps: &[DifferingRange], keys_a: &[PieceKey], keys_b: &[PieceKey]) -> Vec<(usize, usize)> {
    let mut open: HashMap<PieceKey, VecDeque<usize>> = HashMap::new();
    for at in gaps.iter().flat_map(|(in_a, _)| in_a.clone()) {
        open.entry(keys_a[at]).or_default().push_back(at);
    }
    let in_b = gaps.iter().flat_map(|(_, in_b)| in_b.clone());
    in_b.filter_map(|at| Some((open.get_mut(&keys_b[at])?.pop_front()?, at))).collect()
}

/// What kind of item of a list it is: a message by its role, a tool by its name.
fn label(item: &Json) -> Vec<Option<Json>> {
    let function = item.member("function");
    let of_item = ["type", "role", "source", "name"].iter().map(|key| item.member(key));
    of_item.chain([function.and_then(|function| function.member("name"))]).collect()
}
