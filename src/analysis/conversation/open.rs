//! The open spans of the walk, innermost last. Every query takes constant time at any depth.

use super::{StepFailure, StepKind};
use crate::message::Message;
use crate::reading::identity::PartHash;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// A span that the walk has entered and not left.
pub(super) struct OpenSpan {
    /// Index in the list of spans.
    pub(super) span: usize,
    /// Depth in the tree.
    pub(super) depth: usize,
    /// Index and kind of its step; `None` if the span is part of the enclosing step.
    pub(super) step: Option<(usize, StepKind)>,
    /// The response.
    pub(super) sent: Vec<Message>,
    /// Parts of the request.
    pub(super) received: HashSet<PartHash>,
    /// Message parts of nested spans.
    pub(super) within: HashSet<PartHash>,
    /// Failures of nested spans.
    pub(super) failures: HashSet<StepFailure>,
}

/// The open spans.
#[derive(Default)]
pub(super) struct OpenSpans {
    stack: Vec<(OpenSpan, EnclosingScope)>,
    /// Number of open spans that received each message part.
    received: HashMap<PartHash, usize>,
}

/// What encloses the children of an open span, that span included.
#[derive(Clone, Copy, Default)]
struct EnclosingScope {
    step: Option<usize>,
    step_count: usize,
    is_call: bool,
    is_agent: bool,
}

impl OpenSpans {
    /// Pushes a span.
    pub(super) fn push(&mut self, open: OpenSpan) {
        let mut scope = self.scope();
        if let Some((step, kind)) = open.step {
            scope.step = Some(step);
            scope.step_count += 1;
            scope.is_call |= kind == StepKind::Call;
            scope.is_agent |= kind == StepKind::Agent;
        }
        for key in &open.received {
            *self.received.entry(*key).or_default() += 1;
        }
        self.stack.push((open, scope));
    }

    /// Pops the innermost span if it is at this depth or deeper.
    pub(super) fn pop_from(&mut self, depth: usize) -> Option<OpenSpan> {
        let (open, _) = self.stack.pop_if(|(open, _)| open.depth >= depth)?;
        for key in &open.received {
            if let Some(count) = self.received.get_mut(key) {
                *count -= 1;
            }
        }
        Some(open)
    }

    /// Returns the innermost open span.
    pub(super) fn last(&self) -> Option<&OpenSpan> {
        self.stack.last().map(|(open, _)| open)
    }

    /// Merges messages and failures of a closed span into the enclosing one.
    pub(super) fn merge_into_parent(&mut self, closed: OpenSpan, failures: Vec<StepFailure>) {
        if let Some((above, _)) = self.stack.last_mut() {
            merge(&mut above.failures, closed.failures);
            above.failures.extend(failures);
            merge(&mut above.within, closed.within);
            above.within.extend(closed.received);
        }
    }

    /// Whether any open span received this message part.
    pub(super) fn was_received(&self, key: PartHash) -> bool {
        self.received.get(&key).is_some_and(|count| *count > 0)
    }

    /// Returns the index of the innermost step.
    pub(super) fn innermost_step(&self) -> Option<usize> {
        self.scope().step
    }

    /// Returns the number of open spans that are steps.
    pub(super) fn step_count(&self) -> usize {
        self.scope().step_count
    }

    /// Whether an open span is a model call.
    pub(super) fn is_within_call(&self) -> bool {
        self.scope().is_call
    }

    /// Whether an open span is an agent.
    pub(super) fn is_within_agent(&self) -> bool {
        self.scope().is_agent
    }

    fn scope(&self) -> EnclosingScope {
        self.stack.last().map_or_else(EnclosingScope::default, |(_, scope)| *scope)
    }
}

/// Merges the smaller set into the larger. The other way, a deep chain of spans would move everything at each level.
fn merge<T: Eq + Hash>(set: &mut HashSet<T>, mut other: HashSet<T>) {
    if set.len() < other.len() {
        std::mem::swap(set, &mut other);
    }
    set.extend(other);
}
