//! Compares two JSON values member by member, to find differences that the parsed messages do not show.

use super::content::{PieceKey, key_of};
use super::ids::mask_ids;
use super::readable::{nested_json, readable};
use super::sequence::{DifferingRange, differing_ranges, equal_pairs};
use crate::json::Json;
use std::collections::{HashMap, HashSet, VecDeque};

/// A difference at one path.
#[derive(Debug)]
pub(super) struct Difference {
    /// `messages[0].tool_calls[1].id`; empty for the value itself.
    pub(super) path: String,
    /// Value in the first trace; `None` if missing there.
    pub(super) a: Option<Json>,
    /// Value in the second trace.
    pub(super) b: Option<Json>,
    /// How the values were paired.
    pub(super) pairing: ValuePairing,
}

/// How two values were paired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ValuePairing {
    /// Same path, with matching parents.
    #[default]
    Same,
    /// Inside list items that are only similar, so their ids need not correspond.
    Similar,
    /// Lists with the same items in another order.
    Moved,
}

/// Values nested deeper than this are compared as a whole.
const MAX_DEPTH: usize = 64;

/// Returns all differences of two values, except the order of members, whitespace and escapes.
pub(super) fn differences(a: Option<&Json>, b: Option<&Json>) -> Vec<Difference> {
    let mut comparison = StructureComparison::default();
    comparison.compare_values(a, b);
    comparison.differences
}

/// Returns all differences of the members of two objects.
pub(super) fn member_differences(a: &[(&str, &Json)], b: &[(&str, &Json)]) -> Vec<Difference> {
    let mut comparison = StructureComparison::default();
    comparison.compare_members(a, b);
    comparison.differences
}

pub(super) fn borrowed(members: &[(String, Json)]) -> Vec<(&str, &Json)> {
    members.iter().map(|(key, value)| (&**key, value)).collect()
}

#[derive(Default)]
struct StructureComparison {
    differences: Vec<Difference>,
    path: Vec<String>,
    pairing: ValuePairing,
}

impl StructureComparison {
    fn compare_values(&mut self, a: Option<&Json>, b: Option<&Json>) {
        if a == b {
            return;
        }
        let both = a.zip(b).filter(|_| self.path.len() < MAX_DEPTH);
        if !both
            .is_some_and(|(a, b)| self.compare_objects(a, b) || self.compare_items(a, b) || self.compare_texts(a, b))
        {
            self.add(a, b, self.pairing);
        }
    }

    fn add(&mut self, a: Option<&Json>, b: Option<&Json>, pairing: ValuePairing) {
        let path = self.path.concat().trim_start_matches('.').to_owned();
        self.differences.push(Difference { path, a: a.cloned(), b: b.cloned(), pairing });
    }

    /// Compares two values one step deeper.
    fn compare_at(&mut self, step: String, a: Option<&Json>, b: Option<&Json>) {
        self.path.push(step);
        self.compare_values(a, b);
        self.path.pop();
    }

    fn compare_objects(&mut self, a: &Json, b: &Json) -> bool {
        let Some((a, b)) = a.members().zip(b.members()) else { return false };
        self.compare_members(&borrowed(&a), &borrowed(&b));
        true
    }

    /// Of duplicate keys, the last one counts.
    fn compare_members(&mut self, a: &[(&str, &Json)], b: &[(&str, &Json)]) {
        let values_a: HashMap<&str, &Json> = a.iter().copied().collect();
        let values_b: HashMap<&str, &Json> = b.iter().copied().collect();
        let mut seen = HashSet::new();
        for key in a.iter().chain(b).map(|(key, _)| *key).filter(|key| seen.insert(*key)) {
            self.compare_at(format!(".{key}"), values_a.get(key).copied(), values_b.get(key).copied());
        }
    }

    /// Compares two lists. Matching items are paired in order, then in any order; the others by their label. A list of
    /// numbers is compared as a whole.
    fn compare_items(&mut self, a: &Json, b: &Json) -> bool {
        let Some((items_a, items_b)) = a.items().zip(b.items()) else { return false };
        let is_number = |item: &Json| item.text().starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if items_a.iter().chain(&items_b).all(is_number) {
            return false;
        }
        let start = items_a.iter().zip(&items_b).take_while(|(a, b)| a == b).count();
        let end = items_a[start..].iter().rev().zip(items_b[start..].iter().rev()).take_while(|(a, b)| a == b).count();
        let (items_a, items_b) = (&items_a[start..items_a.len() - end], &items_b[start..items_b.len() - end]);
        let step = |at: usize| format!("[{}]", start + at);
        let keys =
            |items: &[Json]| items.iter().map(|item| key_of(mask_ids(&readable(item)))).collect::<Vec<PieceKey>>();
        let (keys_a, keys_b) = (keys(items_a), keys(items_b));
        let differing = differing_ranges(&keys_a, &keys_b);
        let mut pairs: Vec<(usize, usize)> = equal_pairs(&differing, items_a.len()).collect();
        let moved = moved_pairs(&differing, &keys_a, &keys_b);
        if !moved.is_empty() {
            self.add(Some(a), Some(b), ValuePairing::Moved);
        }
        pairs.extend(&moved);
        for (at_a, at_b) in &pairs {
            self.compare_at(step(*at_b), Some(&items_a[*at_a]), Some(&items_b[*at_b]));
        }
        let pairing = std::mem::replace(&mut self.pairing, ValuePairing::Similar);
        let (moved_a, moved_b): (HashSet<usize>, HashSet<usize>) = moved.into_iter().unzip();
        for (in_a, in_b) in differing {
            let mut left: VecDeque<usize> = in_a.filter(|at| !moved_a.contains(at)).collect();
            for at_b in in_b.filter(|at| !moved_b.contains(at)) {
                let place = left.iter().position(|at_a| item_label(&items_a[*at_a]) == item_label(&items_b[at_b]));
                let other = place.and_then(|place| left.remove(place)).map(|at_a| &items_a[at_a]);
                self.compare_at(step(at_b), other, Some(&items_b[at_b]));
            }
            for at_a in left {
                self.compare_at(step(at_a), Some(&items_a[at_a]), None);
            }
        }
        self.pairing = pairing;
        true
    }

    /// Compares two texts; escapes do not matter, and JSON inside texts is compared as JSON.
    fn compare_texts(&mut self, a: &Json, b: &Json) -> bool {
        let Some((a, b)) = a.as_string().zip(b.as_string()) else { return false };
        let before = self.differences.len();
        if let Some((a, b)) = nested_json(&a).zip(nested_json(&b)) {
            self.compare_at(String::new(), Some(&a), Some(&b));
        }
        a == b || self.differences.len() > before
    }
}

/// Returns the index pairs of items that match in another order.
fn moved_pairs(differing: &[DifferingRange], keys_a: &[PieceKey], keys_b: &[PieceKey]) -> Vec<(usize, usize)> {
    let mut open: HashMap<PieceKey, VecDeque<usize>> = HashMap::new();
    for at in differing.iter().flat_map(|(in_a, _)| in_a.clone()) {
        open.entry(keys_a[at]).or_default().push_back(at);
    }
    let in_b = differing.iter().flat_map(|(_, in_b)| in_b.clone());
    in_b.filter_map(|at| Some((open.get_mut(&keys_b[at])?.pop_front()?, at))).collect()
}

/// Returns the kind of a list item: the role of a message, the name of a tool.
fn item_label(item: &Json) -> Vec<Option<Json>> {
    let function = item.member("function");
    let members = ["type", "role", "source", "name"].iter().map(|key| item.member(key));
    members.chain([function.and_then(|function| function.member("name"))]).collect()
}
