//! Which span of one trace is which of another: from the roots downwards, by name and type in their order, then out of it,
//! then by likeness. What stands one level deeper or higher, within a span that is new or gone, is found too.

use super::said::{Key, answered, key_of};
use super::sequence::{Gap, alike, gaps};
use super::volatile::{normal, readable};
use crate::analyze::pattern::pattern;
use crate::analyze::tools::without_number;
use crate::model::{Payload, Span, Trace};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet, VecDeque};

/// The spans of a trace with what tells them apart.
#[derive(Debug)]
pub(super) struct Side<'a> {
    /// In tree order.
    pub(super) spans: &'a [Span],
    /// The place of each span's parent.
    pub(super) parents: Vec<Option<usize>>,
    /// The places of each span's children.
    pub(super) children: Vec<Vec<usize>>,
    /// The places of spans without a parent.
    pub(super) roots: Vec<usize>,
    /// Names without the numbers that MLflow up to 3.5 puts behind repeated ones, and without the model.
    pub(super) names: Vec<String>,
    kinds: Vec<[Key; 3]>,
    answers: Vec<OnceCell<Option<Key>>>,
    wholes: OnceCell<Vec<Key>>,
}

/// By what two spans are taken for the same, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// All that they and those below them are called with and give.
    Whole,
    /// What they give.
    Answer,
    /// Which tools they call, or that they call none.
    Shape,
    /// The name as it is written.
    Name,
    /// The name without what a number behind it tells.
    Bare,
    /// The name with signs in place of numbers.
    Pattern,
    /// The name, whatever the type.
    Untyped,
}

impl<'a> Side<'a> {
    pub(super) fn new(trace: &'a Trace) -> Self {
        let spans = trace.span_list();
        let parents: Vec<Option<usize>> =
            trace.spans.iter().flat_map(|spans| &spans.nodes).map(|node| node.parent).collect();
        let mut children = vec![Vec::new(); spans.len()];
        let mut roots = Vec::new();
        for (at, parent) in parents.iter().enumerate() {
            parent.map_or(&mut roots, |parent| &mut children[parent]).push(at);
        }
        let all: HashSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        let names: Vec<String> = spans.iter().map(|span| bare(span, &all)).collect();
        let kinds = spans.iter().zip(&names).map(|(span, name)| {
            [&span.name, name, &pattern(&name.to_lowercase())].map(|name| key_of((name, span.span_type.as_str())))
        });
        let kinds = kinds.collect();
        let answers = vec![OnceCell::new(); spans.len()];
        Self { spans, parents, children, roots, names, kinds, answers, wholes: OnceCell::new() }
    }

    /// What a span shows of a sign; none where it shows nothing that tells it from others.
    fn key(&self, at: usize, sign: Sign) -> Option<Key> {
        let [name, bare, pattern] = self.kinds[at];
        match sign {
            Sign::Name => Some(name),
            Sign::Bare => Some(bare),
            Sign::Pattern => Some(pattern),
            Sign::Untyped => Some(key_of(&self.names[at])),
            Sign::Whole => self.wholes.get_or_init(|| self.wholes()).get(at).copied(),
            Sign::Answer => self.answer(at).map(|answer| key_of((bare, answer))),
            Sign::Shape if !self.spans[at].span_type.is_llm() => None,
            Sign::Shape => {
                let mut calls: Vec<String> = answered(&self.spans[at]).into_iter().map(|piece| piece.name).collect();
                calls.dedup();
                (!calls.is_empty()).then(|| key_of((bare, calls)))
            }
        }
    }

    fn answer(&self, at: usize) -> Option<Key> {
        let outputs = || self.spans[at].payload.as_ref().and_then(Payload::outputs);
        let key = || outputs().filter(|outputs| !outputs.is_null()).map(|outputs| key_of(normal(&readable(outputs))));
        *self.answers[at].get_or_init(key)
    }

    /// The keys of all spans with those below them. Children come after parents.
    fn wholes(&self) -> Vec<Key> {
        let mut keys = vec![0; self.spans.len()];
        for at in (0..self.spans.len()).rev() {
            let span = &self.spans[at];
            let inputs = span.payload.as_ref().and_then(Payload::inputs).map(|inputs| normal(&readable(inputs)));
            let below: Vec<Key> = self.children[at].iter().map(|child| keys[*child]).collect();
            keys[at] =
                key_of((&span.name, span.span_type.as_str(), span.status.as_str(), inputs, self.answer(at), below));
        }
        keys
    }
}

/// A name without what differs between runs: MLflow's number, and the model in the names of OpenTelemetry (`chat gpt-4o`).
fn bare(span: &Span, all: &HashSet<&str>) -> String {
    let name = without_number(&span.name, all);
    let model = span.model.as_deref().filter(|model| !model.is_empty());
    model.and_then(|model| name.strip_suffix(model)).map_or(name, str::trim_end).to_owned()
}

/// Which span of one trace is which of the other.
#[derive(Debug)]
pub(super) struct Pairing {
    /// For each span of the first trace, its place in the second.
    pub(super) of_a: Vec<Option<usize>>,
    /// For each span of the second trace, its place in the first.
    pub(super) of_b: Vec<Option<usize>>,
}

/// Finds the spans that are the same.
pub(super) fn pair(a: &Side<'_>, b: &Side<'_>) -> Pairing {
    let pairing = Pairing { of_a: vec![None; a.spans.len()], of_b: vec![None; b.spans.len()] };
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

struct Aligner<'a> {
    a: &'a Side<'a>,
    b: &'a Side<'a>,
    pairing: Pairing,
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
        let Pairing { of_a, of_b } = &self.pairing;
        let of =
            |list: &[usize], pairs: &[Option<usize>]| list.iter().copied().filter(|at| pairs[*at].is_none()).collect();
        (of(a, of_a), of(b, of_b))
    }

    fn siblings(&mut self, a: &[usize], b: &[usize]) {
        if a.is_empty() || b.is_empty() {
            return;
        }
        let names =
            |side: &Side<'_>, list: &[usize]| list.iter().map(|at| side.kinds[*at][1]).collect::<HashSet<Key>>().len();
        // Where each name is there once, what the spans say need not be read.
        let is_plain = names(self.a, a) == a.len() && names(self.b, b) == b.len();
        let in_order: &[Sign] =
            if is_plain { &[Sign::Bare] } else { &[Sign::Whole, Sign::Answer, Sign::Shape, Sign::Name, Sign::Bare] };
        let mut open: Vec<Gap> = vec![(0..a.len(), 0..b.len())];
        for sign in in_order {
            open = open.into_iter().flat_map(|gap| self.anchor(a, b, &gap, *sign)).collect();
        }
        let out_of_order: &[Sign] = if is_plain {
            &[Sign::Bare, Sign::Pattern, Sign::Untyped]
        } else {
            &[Sign::Whole, Sign::Name, Sign::Bare, Sign::Pattern, Sign::Untyped]
        };
        for sign in out_of_order {
            let (a, b) = self.left(a, b);
            self.anywhere(&a, &b, *sign);
        }
        let (a, b) = self.left(a, b);
        self.renamed(&a, &b);
    }

    /// Pairs what shows the same sign in the same order between two places; gives the places where nothing does.
    fn anchor(&mut self, a: &[usize], b: &[usize], (in_a, in_b): &Gap, sign: Sign) -> Vec<Gap> {
        let (of_a, of_b) = (&a[in_a.clone()], &b[in_b.clone()]);
        // What shows nothing is like nothing.
        let keys = |side: &Side<'_>, list: &[usize], is_a: bool| {
            let key = |at: &usize| side.key(*at, sign).unwrap_or_else(|| key_of((at, is_a)));
            list.iter().map(key).collect::<Vec<Key>>()
        };
        let found = gaps(&keys(self.a, of_a, true), &keys(self.b, of_b, false));
        let pairs: Vec<(usize, usize)> =
            alike(&found, of_a.len()).map(|(at_a, at_b)| (of_a[at_a], of_b[at_b])).collect();
        for (a, b) in pairs {
            self.set(a, b);
        }
        let open = found.into_iter().filter(|(in_a, in_b)| !in_a.is_empty() && !in_b.is_empty());
        let moved = |range: std::ops::Range<usize>, by: usize| range.start + by..range.end + by;
        open.map(|(gap_a, gap_b)| (moved(gap_a, in_a.start), moved(gap_b, in_b.start))).collect()
    }

    /// Pairs what shows the same sign in any order.
    fn anywhere(&mut self, a: &[usize], b: &[usize], sign: Sign) {
        let mut open: HashMap<Key, VecDeque<usize>> = HashMap::new();
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

    /// Pairs spans of the same type that are called alike and do the same.
    fn renamed(&mut self, a: &[usize], b: &[usize]) {
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
        let inputs =
            |span: &Span| span.payload.as_ref().and_then(Payload::inputs).map(|inputs| normal(&readable(inputs)));
        let of_a = inputs(&self.a.spans[a]).filter(|text| text.len() > 2);
        let answer = self.a.answer(a);
        (of_a.is_some() && of_a == inputs(&self.b.spans[b])) || (answer.is_some() && answer == self.b.answer(b))
    }

    /// Looks for what is left of one trace among the children of spans that only the other has: something was put around it.
    fn within(&mut self, left: &[usize], around: &[usize], left_is_a: bool) {
        let (side, other) = if left_is_a { (self.a, self.b) } else { (self.b, self.a) };
        let mut places: HashMap<Key, Vec<usize>> = HashMap::new();
        for at in left {
            places.entry(side.kinds[*at][1]).or_default().push(*at);
        }
        for wrapper in around {
            let (left, within) = self.left_of(left_is_a, &places, &other.children[*wrapper]);
            if left.is_empty() {
                continue;
            }
            if left_is_a { self.siblings(&left, &within) } else { self.siblings(&within, &left) }
        }
    }

    /// What is left and has the name of one of some children, in order, and these; not many more than there are children.
    fn left_of(
        &self,
        left_is_a: bool,
        places: &HashMap<Key, Vec<usize>>,
        children: &[usize],
    ) -> (Vec<usize>, Vec<usize>) {
        let Pairing { of_a, of_b } = &self.pairing;
        let (side, pairs, pairs_of_other) = if left_is_a { (self.b, of_a, of_b) } else { (self.a, of_b, of_a) };
        let children: Vec<usize> = children.iter().copied().filter(|at| pairs_of_other[*at].is_none()).collect();
        let names: HashSet<Key> = children.iter().map(|at| side.kinds[*at][1]).collect();
        let found = names
            .iter()
            .filter_map(|name| places.get(name))
            .flat_map(|found| found.iter().copied().filter(|at| pairs[*at].is_none()).take(children.len()));
        let mut found: Vec<usize> = found.collect();
        found.sort_unstable();
        (found, children)
    }
}
