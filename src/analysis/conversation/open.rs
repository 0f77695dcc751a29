//! The spans whose ends the walk has not reached, innermost last. Whatever is asked of them costs the same at every depth.

use super::{StepFailure, StepKind};
use crate::message::Message;
use crate::reading::identity::PartHash;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// A span whose end the walk has not reached.
pub(super) struct OpenSpan {
    /// Its place in the list.
    pub(super) span: usize,
    /// Its depth in the tree.
    pub(super) depth: usize,
    /// Its step, and what that is; `None` for a part of the step above it.
    pub(super) step: Option<(usize, StepKind)>,
    /// Its response.
    pub(super) sent: Vec<Message>,
    /// Its request.
    pub(super) received: HashSet<PartHash>,
    /// The messages of the spans within.
    pub(super) within: HashSet<PartHash>,
    /// The failures of the spans within.
    pub(super) failures: HashSet<StepFailure>,
}

/// All of them.
#[derive(Default)]
pub(super) struct OpenSpans {
    stack: Vec<(OpenSpan, EnclosingScope)>,
    /// How many of them received each message.
    received: HashMap<PartHash, usize>,
}

/// What is around the spans within an open one, that one included.
#[derive(Clone, Copy, Default)]
struct EnclosingScope {
    step: Option<usize>,
    steps: usize,
    is_call: bool,
    is_agent: bool,
}

impl OpenSpans {
    /// Opens a span.
    pub(super) fn push(&mut self, open: OpenSpan) {
        let mut around = self.around();
        if let Some((step, kind)) = open.step {
            around.step = Some(step);
            around.steps += 1;
            around.is_call |= kind == StepKind::Call;
            around.is_agent |= kind == StepKind::Agent;
        }
        for key in &open.received {
            *self.received.entry(*key).or_default() += 1;
        }
        self.stack.push((open, around));
    }

    /// Closes the innermost span, where it is at this depth or below.
    pub(super) fn pop_from(&mut self, depth: usize) -> Option<OpenSpan> {
        let (open, _) = self.stack.pop_if(|(open, _)| open.depth >= depth)?;
        for key in &open.received {
            if let Some(count) = self.received.get_mut(key) {
                *count -= 1;
            }
        }
        Some(open)
    }

    /// The innermost.
    pub(super) fn last(&self) -> Option<&OpenSpan> {
        self.stack.last().map(|(open, _)| open)
    }

    /// Hands what a closed span holds on to the one around it.
    pub(super) fn take_over(&mut self, closed: OpenSpan, failures: Vec<StepFailure>) {
        if let Some((above, _)) = self.stack.last_mut() {
            merge(&mut above.failures, closed.failures);
            above.failures.extend(failures);
            merge(&mut above.within, closed.within);
            above.within.extend(closed.received);
        }
    }

    /// Whether any of them received a message.
    pub(super) fn received(&self, key: PartHash) -> bool {
        self.received.get(&key).is_some_and(|count| *count > 0)
    }

    /// The innermost step.
    pub(super) fn step(&self) -> Option<usize> {
        self.around().step
    }

    /// How many of them are steps.
    pub(super) fn steps(&self) -> usize {
        self.around().steps
    }

    /// Whether one of them is a call of a model.
    pub(super) fn is_within_call(&self) -> bool {
        self.around().is_call
    }

    /// Whether one of them is an agent.
    pub(super) fn is_within_agent(&self) -> bool {
        self.around().is_agent
    }

    fn around(&self) -> EnclosingScope {
        self.stack.last().map_or_else(EnclosingScope::default, |(_, around)| *around)
    }
}

/// Adds one set to another, the smaller to the larger: along a chain of spans everything else would be moved at each level.
fn merge<T: Eq + Hash>(set: &mut HashSet<T>, mut other: HashSet<T>) {
    if set.len() < other.len() {
        std::mem::swap(set, &mut other);
    }
    set.extend(other);
}
