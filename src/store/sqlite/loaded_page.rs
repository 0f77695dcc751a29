//! Traces that were loaded together.

use crate::model::{Problem, Trace};
use crate::store::Sink;
use std::ops::ControlFlow;

/// The traces of a page, and what could not be read of it.
#[derive(Default)]
pub(super) struct LoadedPage {
    pub(super) problems: Vec<Problem>,
    pub(super) traces: Vec<Trace>,
}

impl LoadedPage {
    /// Passes the problems and the traces on.
    pub(super) fn send_to(self, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.problems.into_iter().for_each(|problem| sink.problem(problem));
        for trace in self.traces {
            sink.trace(trace)?;
        }
        ControlFlow::Continue(())
    }
}
