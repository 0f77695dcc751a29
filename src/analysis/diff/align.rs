//! Pairs the spans of two traces.
//!
//! Works from the roots down. Siblings are paired by content, then by name and type in order, then by name and type in
//! any order, then by similar names. Spans at another depth, because a wrapper was added or removed, are paired too.

use super::content::{PieceKey, key_of};
use super::ids::mask_ids;
use super::sequence::{differing_ranges, equal_pairs};
use super::span_index::{MatchKey, SpanIndex};
use std::collections::{HashMap, HashSet, VecDeque};

/// The paired spans of two traces, by index.
#[derive(Debug)]
pub(super) struct SpanPairing {
    /// For each span of the first trace, the index of its counterpart in the second.
    pub(super) a_to_b: Vec<Option<usize>>,
    /// For each span of the second trace, the index of its counterpart in the first.
    pub(super) b_to_a: Vec<Option<usize>>,
}

/// Pairs the spans of two traces.
pub(super) fn pair_spans(a: &SpanIndex<'_>, b: &SpanIndex<'_>) -> SpanPairing {
    let pairing = SpanPairing { a_to_b: vec![None; a.spans.len()], b_to_a: vec![None; b.spans.len()] };
    let mut aligner = Aligner { a, b, pairing, queue: VecDeque::new() };
    aligner.align_children(&a.roots, &b.roots);
    if let ([root_a], [root_b]) = (&a.roots[..], &b.roots[..])
        && aligner.pairing.a_to_b[*root_a].is_none()
        && aligner.pairing.b_to_a[*root_b].is_none()
        && !aligner.pairing.a_to_b.iter().any(Option::is_some)
    {
        // Nothing matched: single roots are paired anyway, since the user chose to compare these traces.
        aligner.record_pair(*root_a, *root_b);
    }
    while let Some((at_a, at_b)) = aligner.queue.pop_front() {
        aligner.align_children(&a.children[at_a], &b.children[at_b]);
    }
    aligner.pairing
}

/// Unpaired spans of the first trace, and their candidates in the second.
type SiblingGroup = (Vec<usize>, Vec<usize>);

struct Aligner<'a> {
    a: &'a SpanIndex<'a>,
    b: &'a SpanIndex<'a>,
    pairing: SpanPairing,
    /// Pairs whose children are not aligned yet.
    queue: VecDeque<(usize, usize)>,
}

/// Maximum number of name comparisons among the unpaired children of a pair; with more, none are made.
const MAX_NAME_COMPARISONS: usize = 2_500;

/// Minimum Jaro-Winkler similarity of the names of a renamed span.
const MIN_NAME_SIMILARITY: f64 = 0.85;

impl Aligner<'_> {
    fn record_pair(&mut self, a: usize, b: usize) {
        (self.pairing.a_to_b[a], self.pairing.b_to_a[b]) = (Some(b), Some(a));
        self.queue.push_back((a, b));
    }

    /// Aligns the children of two paired spans.
    fn align_children(&mut self, a: &[usize], b: &[usize]) {
        self.align_siblings(a, b);
        let (a, b) = self.unpaired(a, b);
        self.align_inside_wrappers(&a, &b, true);
        self.align_inside_wrappers(&b, &a, false);
    }

    /// Drops the spans that are paired already.
    fn unpaired(&self, a: &[usize], b: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let SpanPairing { a_to_b, b_to_a } = &self.pairing;
        let unpaired =
            |list: &[usize], pairs: &[Option<usize>]| list.iter().copied().filter(|at| pairs[*at].is_none()).collect();
        (unpaired(a, a_to_b), unpaired(b, b_to_a))
    }

    fn align_siblings(&mut self, a: &[usize], b: &[usize]) {
        if a.is_empty() || b.is_empty() {
            return;
        }
        self.pair_newly_wrapped(a, b);
        let (a, b) = self.unpaired(a, b);
        let names = |side: &SpanIndex<'_>, list: &[usize]| {
            list.iter().map(|at| side.name_keys[*at][1]).collect::<HashSet<PieceKey>>().len()
        };
        // With unique names, contents need not be read.
        let has_unique_names = names(self.a, &a) == a.len() && names(self.b, &b) == b.len();
        let mut open: Vec<SiblingGroup> = vec![(a.clone(), b.clone())];
        if has_unique_names {
            self.pair_in_order(open, MatchKey::BareName);
        } else {
            open = self.pair_in_order(open, MatchKey::Subtree);
            // Equal subtrees match in any order.
            let (a, b) = self.unpaired(&a, &b);
            self.pair_in_any_order(&a, &b, MatchKey::Subtree);
            for match_key in [MatchKey::Output, MatchKey::ToolCalls, MatchKey::Name, MatchKey::BareName] {
                open = self.pair_in_order(open, match_key);
            }
        }
        for match_key in [MatchKey::Name, MatchKey::BareName, MatchKey::NamePattern, MatchKey::UntypedName] {
            let (a, b) = self.unpaired(&a, &b);
            self.pair_in_any_order(&a, &b, match_key);
        }
        let (a, b) = self.unpaired(&a, &b);
        self.pair_renamed(&a, &b);
    }

    /// Pairs spans with equal keys that come in the same order, in each group. Returns the unpaired spans between the
    /// pairs.
    fn pair_in_order(&mut self, open: Vec<SiblingGroup>, match_key: MatchKey) -> Vec<SiblingGroup> {
        let mut left = Vec::new();
        for (a, b) in open {
            let (a, b) = self.unpaired(&a, &b);
            // A span without a key matches no other.
            let keys = |side: &SpanIndex<'_>, list: &[usize], is_a: bool| {
                let key = |at: &usize| side.key(*at, match_key).unwrap_or_else(|| key_of((at, is_a)));
                list.iter().map(key).collect::<Vec<PieceKey>>()
            };
            let found = differing_ranges(&keys(self.a, &a, true), &keys(self.b, &b, false));
            for (at_a, at_b) in equal_pairs(&found, a.len()) {
                self.record_pair(a[at_a], b[at_b]);
            }
            let gaps = found.into_iter().filter(|(in_a, in_b)| !in_a.is_empty() && !in_b.is_empty());
            left.extend(gaps.map(|(in_a, in_b)| (a[in_a].to_vec(), b[in_b].to_vec())));
        }
        left
    }

    /// Pairs spans that are a child of a span of the same name in the other trace: a wrapper was added.
    fn pair_newly_wrapped(&mut self, a: &[usize], b: &[usize]) {
        for left_is_a in [true, false] {
            let (side, other) = if left_is_a { (self.a, self.b) } else { (self.b, self.a) };
            let (unwrapped, siblings) = if left_is_a { (a, b) } else { (b, a) };
            let wraps = |at: &&usize| other.has_child_named(**at, other.name_keys[**at][1]);
            let wrappers: Vec<usize> = siblings.iter().filter(wraps).copied().collect();
            if wrappers.is_empty() {
                continue;
            }
            let known: HashSet<PieceKey> = siblings.iter().filter_map(|at| other.key(*at, MatchKey::Subtree)).collect();
            let is_gone = |at: &&usize| side.key(**at, MatchKey::Subtree).is_some_and(|key| !known.contains(&key));
            let gone: Vec<usize> = unwrapped.iter().filter(is_gone).copied().collect();
            let wrapped: Vec<usize> = wrappers.iter().flat_map(|at| other.children[*at].iter().copied()).collect();
            let (a, b) = if left_is_a { (gone, wrapped) } else { (wrapped, gone) };
            let (a, b) = self.unpaired(&a, &b);
            self.pair_in_any_order(&a, &b, MatchKey::Subtree);
        }
    }

    /// Pairs spans with equal keys in any order.
    fn pair_in_any_order(&mut self, a: &[usize], b: &[usize], match_key: MatchKey) {
        let mut open: HashMap<PieceKey, VecDeque<usize>> = HashMap::new();
        for at in a {
            if let Some(key) = self.a.key(*at, match_key) {
                open.entry(key).or_default().push_back(*at);
            }
        }
        for at in b {
            let found = self.b.key(*at, match_key).and_then(|key| open.get_mut(&key)?.pop_front());
            if let Some(found) = found {
                self.record_pair(found, *at);
            }
        }
    }

    /// Pairs spans of the same type with the same content or the same children, whatever their names, except spans that
    /// may be a wrapper of the other; then spans with similar names.
    fn pair_renamed(&mut self, a: &[usize], b: &[usize]) {
        let names = |side: &SpanIndex<'_>, list: &[usize]| {
            list.iter().map(|at| side.name_keys[*at][1]).collect::<HashSet<PieceKey>>()
        };
        let (names_a, names_b) = (names(self.a, a), names(self.b, b));
        let wraps = |side: &SpanIndex<'_>, at: usize, names: &HashSet<PieceKey>| {
            side.children[at].iter().any(|child| names.contains(&side.name_keys[*child][1]))
        };
        let rest_a: Vec<usize> = a.iter().copied().filter(|at| !wraps(self.a, *at, &names_b)).collect();
        let rest_b: Vec<usize> = b.iter().copied().filter(|at| !wraps(self.b, *at, &names_a)).collect();
        for match_key in [MatchKey::Content, MatchKey::Children] {
            let (a, b) = self.unpaired(&rest_a, &rest_b);
            self.pair_in_any_order(&a, &b, match_key);
        }
        let (a, b) = self.unpaired(a, b);
        let (a, b) = (&a[..], &b[..]);
        if a.len() * b.len() > MAX_NAME_COMPARISONS {
            return;
        }
        for at in b {
            // `max_by` returns the last of equal elements; reversed, that is the first span.
            let candidates = a.iter().rev().filter(|other| self.pairing.a_to_b[**other].is_none());
            let best = candidates
                .filter_map(|other| Some((self.name_similarity(*other, *at)?, *other)))
                .max_by(|(left, _), (right, _)| left.total_cmp(right));
            if let Some((_, found)) = best {
                self.record_pair(found, *at);
            }
        }
    }

    /// Returns how similar the names of two spans are, from 0 to 1, or `None` if they cannot be a pair. MLflow 3.2
    /// prefixed AutoGen methods with the agent's name (`run` became `assistant.run`).
    fn name_similarity(&self, a: usize, b: usize) -> Option<f64> {
        if self.a.spans[a].span_type != self.b.spans[b].span_type {
            return None;
        }
        let (name_a, name_b) = (&self.a.names[a], &self.b.names[b]);
        let is_method = |short: &str, long: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'));
        if is_method(name_a, name_b) || is_method(name_b, name_a) {
            return Some(1.0);
        }
        let similarity = strsim::jaro_winkler(&name_a.to_lowercase(), &name_b.to_lowercase());
        (similarity >= MIN_NAME_SIMILARITY && self.has_same_content(a, b)).then_some(similarity)
    }

    /// Whether two spans have the same inputs or the same outputs.
    fn has_same_content(&self, a: usize, b: usize) -> bool {
        let inputs = |side: &SpanIndex<'_>, at| side.inputs(at).map(|inputs| mask_ids(&inputs));
        // `{}` and `[]` do not count.
        let inputs_a = inputs(self.a, a).filter(|text| text.len() > 2);
        let output_key = self.a.output_key(a);
        (inputs_a.is_some() && inputs_a == inputs(self.b, b))
            || (output_key.is_some() && output_key == self.b.output_key(b))
    }

    /// Pairs unpaired spans of one trace with descendants of spans that only the other trace has: a wrapper was added.
    fn align_inside_wrappers(&mut self, left: &[usize], wrappers: &[usize], left_is_a: bool) {
        let (side, other) = if left_is_a { (self.a, self.b) } else { (self.b, self.a) };
        if left.is_empty() {
            return;
        }
        let mut by_name: HashMap<PieceKey, Vec<usize>> = HashMap::new();
        for at in left {
            by_name.entry(side.name_keys[*at][1]).or_default().push(*at);
        }
        let mut open: VecDeque<usize> = wrappers.iter().copied().collect();
        while let Some(wrapper) = open.pop_front() {
            let (left, children) = self.unpaired_by_name(left_is_a, &by_name, &other.children[wrapper]);
            if !left.is_empty() {
                if left_is_a { self.align_siblings(&left, &children) } else { self.align_siblings(&children, &left) }
            }
            // Wrappers may be nested.
            let pairs = if left_is_a { &self.pairing.b_to_a } else { &self.pairing.a_to_b };
            open.extend(children.into_iter().filter(|at| pairs[*at].is_none()));
        }
    }

    /// Returns the unpaired spans that have the name of an unpaired child, in order, and the unpaired children. At most
    /// as many spans per name as there are children, to bound the work.
    fn unpaired_by_name(
        &self,
        left_is_a: bool,
        by_name: &HashMap<PieceKey, Vec<usize>>,
        children: &[usize],
    ) -> (Vec<usize>, Vec<usize>) {
        let SpanPairing { a_to_b, b_to_a } = &self.pairing;
        let (other, pairs, other_pairs) = if left_is_a { (self.b, a_to_b, b_to_a) } else { (self.a, b_to_a, a_to_b) };
        let children: Vec<usize> = children.iter().copied().filter(|at| other_pairs[*at].is_none()).collect();
        let names: HashSet<PieceKey> = children.iter().map(|at| other.name_keys[*at][1]).collect();
        let found = names
            .iter()
            .filter_map(|name| by_name.get(name))
            .flat_map(|found| found.iter().copied().filter(|at| pairs[*at].is_none()).take(children.len()));
        let mut found: Vec<usize> = found.collect();
        found.sort_unstable();
        (found, children)
    }
}
