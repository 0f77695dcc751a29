//! Which span of one trace is which of the other: from the roots downwards, by all that they say, then by name and type in
//! their order, then out of it, then by likeness. What stands deeper or higher, within spans that are new or gone, is found
//! too.

use super::content::{PieceKey, key_of};
use super::ids::normal;
use super::sequence::{alike, gaps};
use super::span_index::{MatchKey, SpanIndex};
use std::collections::{HashMap, HashSet, VecDeque};

/// Which span of one trace is which of the other.
#[derive(Debug)]
pub(super) struct SpanPairing {
    /// For each span of the first trace, its place in the second.
    pub(super) of_a: Vec<Option<usize>>,
    /// For each span of the second trace, its place in the first.
    pub(super) of_b: Vec<Option<usize>>,
}

/// Finds the spans that are the same.
pub(super) fn pair(a: &SpanIndex<'_>, b: &SpanIndex<'_>) -> SpanPairing {
    let pairing = SpanPairing { of_a: vec![None; a.spans.len()], of_b: vec![None; b.spans.len()] };
    let mut aligner = Aligner { a, b, pairing, open: VecDeque::new() };
    aligner.family(&a.roots, &b.roots);
    if let ([root_a], [root_b]) = (&a.roots[..], &b.roots[..])
        && aligner.pairing.of_a[*root_a].is_none()
        && aligner.pairing.of_b[*root_b].is_none()
        && !aligner.pairing.of_a.iter().any(Option::is_some)
    {
        // Two traces that are compared have that in common.
        aligner.set(*root_a, *root_b);
    }
    while let Some((of_a, of_b)) = aligner.open.pop_front() {
        aligner.family(&a.children[of_a], &b.children[of_b]);
    }
    aligner.pairing
}

/// Spans of the first trace, and those of the second among which they may be.
type SiblingGroup = (Vec<usize>, Vec<usize>);

struct Aligner<'a> {
    a: &'a SpanIndex<'a>,
    b: &'a SpanIndex<'a>,
    pairing: SpanPairing,
    /// Pairs whose children are to be aligned.
    open: VecDeque<(usize, usize)>,
}

/// So many spans are compared each with each for likeness; of more there is no telling.
const MOST_COMPARED: usize = 2_500;

/// How like names of the same span are that was called otherwise.
const LIKE: f64 = 0.85;

impl Aligner<'_> {
    fn set(&mut self, a: usize, b: usize) {
        (self.pairing.of_a[a], self.pairing.of_b[b]) = (Some(b), Some(a));
        self.open.push_back((a, b));
    }

    /// Aligns the children of two spans that are the same.
    fn family(&mut self, a: &[usize], b: &[usize]) {
        self.siblings(a, b);
        let (a, b) = self.left(a, b);
        self.within(&a, &b, true);
        self.within(&b, &a, false);
    }

    fn left(&self, a: &[usize], b: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let SpanPairing { of_a, of_b } = &self.pairing;
        let of =
            |list: &[usize], pairs: &[Option<usize>]| list.iter().copied().filter(|at| pairs[*at].is_none()).collect();
        (of(a, of_a), of(b, of_b))
    }

    fn siblings(&mut self, a: &[usize], b: &[usize]) {
        if a.is_empty() || b.is_empty() {
            return;
        }
        self.wrapped(a, b);
        let (a, b) = self.left(a, b);
        let names = |side: &SpanIndex<'_>, list: &[usize]| {
            list.iter().map(|at| side.kinds[*at][1]).collect::<HashSet<PieceKey>>().len()
        };
        // Where each name is there once, what the spans say need not be read.
        let is_plain = names(self.a, &a) == a.len() && names(self.b, &b) == b.len();
        let mut open: Vec<SiblingGroup> = vec![(a.clone(), b.clone())];
        if is_plain {
            self.anchor(open, MatchKey::Bare);
        } else {
            open = self.anchor(open, MatchKey::Whole);
            // What is the same as a whole is the same, wherever it stands.
            let (a, b) = self.left(&a, &b);
            self.anywhere(&a, &b, MatchKey::Whole);
            for sign in [MatchKey::Answer, MatchKey::Shape, MatchKey::Name, MatchKey::Bare] {
                open = self.anchor(open, sign);
            }
        }
        for sign in [MatchKey::Name, MatchKey::Bare, MatchKey::Pattern, MatchKey::Untyped] {
            let (a, b) = self.left(&a, &b);
            self.anywhere(&a, &b, sign);
        }
        let (a, b) = self.left(&a, &b);
        self.renamed(&a, &b);
    }

    /// Pairs what shows the same sign in the same order, in each of some families; gives what is left between the pairs.
    fn anchor(&mut self, open: Vec<SiblingGroup>, sign: MatchKey) -> Vec<SiblingGroup> {
        let mut left = Vec::new();
        for (a, b) in open {
            let (a, b) = self.left(&a, &b);
            // What shows nothing is like nothing.
            let keys = |side: &SpanIndex<'_>, list: &[usize], is_a: bool| {
                let key = |at: &usize| side.key(*at, sign).unwrap_or_else(|| key_of((at, is_a)));
                list.iter().map(key).collect::<Vec<PieceKey>>()
            };
            let found = gaps(&keys(self.a, &a, true), &keys(self.b, &b, false));
            for (at_a, at_b) in alike(&found, a.len()) {
                self.set(a[at_a], b[at_b]);
            }
            let gaps = found.into_iter().filter(|(in_a, in_b)| !in_a.is_empty() && !in_b.is_empty());
            left.extend(gaps.map(|(in_a, in_b)| (a[in_a].to_vec(), b[in_b].to_vec())));
        }
        left
    }

    /// Pairs what the other trace has right below a span of the same name: one was put around it.
    fn wrapped(&mut self, a: &[usize], b: &[usize]) {
        for left_is_a in [true, false] {
            let (side, other) = if left_is_a { (self.a, self.b) } else { (self.b, self.a) };
            let (left, around) = if left_is_a { (a, b) } else { (b, a) };
            let wraps = |at: &&usize| other.holds(**at, other.kinds[**at][1]);
            let wrappers: Vec<usize> = around.iter().filter(wraps).copied().collect();
            if wrappers.is_empty() {
                continue;
            }
            let known: HashSet<PieceKey> = around.iter().filter_map(|at| other.key(*at, MatchKey::Whole)).collect();
            let is_gone = |at: &&usize| side.key(**at, MatchKey::Whole).is_some_and(|key| !known.contains(&key));
            let gone: Vec<usize> = left.iter().filter(is_gone).copied().collect();
            let within: Vec<usize> = wrappers.iter().flat_map(|at| other.children[*at].iter().copied()).collect();
            let (a, b) = if left_is_a { (gone, within) } else { (within, gone) };
            let (a, b) = self.left(&a, &b);
            self.anywhere(&a, &b, MatchKey::Whole);
        }
    }

    /// Pairs what shows the same sign in any order.
    fn anywhere(&mut self, a: &[usize], b: &[usize], sign: MatchKey) {
        let mut open: HashMap<PieceKey, VecDeque<usize>> = HashMap::new();
        for at in a {
            if let Some(key) = self.a.key(*at, sign) {
                open.entry(key).or_default().push_back(*at);
            }
        }
        for at in b {
            let found = self.b.key(*at, sign).and_then(|key| open.get_mut(&key)?.pop_front());
            if let Some(found) = found {
                self.set(found, *at);
            }
        }
    }

    /// Pairs spans of the same type that do the same, whatever they are called, unless what holds the other was put around
    /// it; then those that are called alike.
    fn renamed(&mut self, a: &[usize], b: &[usize]) {
        let kinds = |side: &SpanIndex<'_>, list: &[usize]| {
            list.iter().map(|at| side.kinds[*at][1]).collect::<HashSet<PieceKey>>()
        };
        let (kinds_a, kinds_b) = (kinds(self.a, a), kinds(self.b, b));
        let wraps = |side: &SpanIndex<'_>, at: usize, kinds: &HashSet<PieceKey>| {
            side.children[at].iter().any(|child| kinds.contains(&side.kinds[*child][1]))
        };
        let of_a: Vec<usize> = a.iter().copied().filter(|at| !wraps(self.a, *at, &kinds_b)).collect();
        let of_b: Vec<usize> = b.iter().copied().filter(|at| !wraps(self.b, *at, &kinds_a)).collect();
        for sign in [MatchKey::Content, MatchKey::Children] {
            let (a, b) = self.left(&of_a, &of_b);
            self.anywhere(&a, &b, sign);
        }
        let (a, b) = self.left(a, b);
        let (a, b) = (&a[..], &b[..]);
        if a.len() * b.len() > MOST_COMPARED {
            return;
        }
        for at in b {
            // Of equal ones the last is taken, which is the first one here.
            let open = a.iter().rev().filter(|other| self.pairing.of_a[**other].is_none());
            let best = open
                .filter_map(|other| Some((self.likeness(*other, *at)?, *other)))
                .max_by(|(one, _), (other, _)| one.total_cmp(other));
            if let Some((_, found)) = best {
                self.set(found, *at);
            }
        }
    }

    /// How like two spans are, if they may be the same. MLflow 3.2 put the agent before the methods of AutoGen (`run`,
    /// `assistant.run`).
    fn likeness(&self, a: usize, b: usize) -> Option<f64> {
        if self.a.spans[a].span_type != self.b.spans[b].span_type {
            return None;
        }
        let (name_a, name_b) = (&self.a.names[a], &self.b.names[b]);
        let is_method = |short: &str, long: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'));
        if is_method(name_a, name_b) || is_method(name_b, name_a) {
            return Some(1.0);
        }
        let like = strsim::jaro_winkler(&name_a.to_lowercase(), &name_b.to_lowercase());
        (like >= LIKE && self.does_same(a, b)).then_some(like)
    }

    /// Whether two spans are called with the same, or give the same.
    fn does_same(&self, a: usize, b: usize) -> bool {
        let inputs = |side: &SpanIndex<'_>, at| side.inputs(at).map(|inputs| normal(&inputs));
        let of_a = inputs(self.a, a).filter(|text| text.len() > 2);
        let answer = self.a.answer(a);
        (of_a.is_some() && of_a == inputs(self.b, b)) || (answer.is_some() && answer == self.b.answer(b))
    }

    /// Looks for what is left of one trace among the children of spans that only the other has: something was put around it.
    fn within(&mut self, left: &[usize], around: &[usize], left_is_a: bool) {
        let (side, other) = if left_is_a { (self.a, self.b) } else { (self.b, self.a) };
        if left.is_empty() {
            return;
        }
        let mut places: HashMap<PieceKey, Vec<usize>> = HashMap::new();
        for at in left {
            places.entry(side.kinds[*at][1]).or_default().push(*at);
        }
        let mut open: VecDeque<usize> = around.iter().copied().collect();
        while let Some(wrapper) = open.pop_front() {
            let (left, within) = self.left_of(left_is_a, &places, &other.children[wrapper]);
            if !left.is_empty() {
                if left_is_a { self.siblings(&left, &within) } else { self.siblings(&within, &left) }
            }
            // One may have been put around another.
            let pairs = if left_is_a { &self.pairing.of_b } else { &self.pairing.of_a };
            open.extend(within.into_iter().filter(|at| pairs[*at].is_none()));
        }
    }

    /// What is left and has the name of one of some children, in order, and these; not many more than there are children.
    fn left_of(
        &self,
        left_is_a: bool,
        places: &HashMap<PieceKey, Vec<usize>>,
        children: &[usize],
    ) -> (Vec<usize>, Vec<usize>) {
        let SpanPairing { of_a, of_b } = &self.pairing;
        let (side, pairs, pairs_of_other) = if left_is_a { (self.b, of_a, of_b) } else { (self.a, of_b, of_a) };
        let children: Vec<usize> = children.iter().copied().filter(|at| pairs_of_other[*at].is_none()).collect();
        let names: HashSet<PieceKey> = children.iter().map(|at| side.kinds[*at][1]).collect();
        let found = names
            .iter()
            .filter_map(|name| places.get(name))
            .flat_map(|found| found.iter().copied().filter(|at| pairs[*at].is_none()).take(children.len()));
        let mut found: Vec<usize> = found.collect();
        found.sort_unstable();
        (found, children)
    }
}
