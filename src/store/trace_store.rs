//! What a store of traces is.

use super::error::Result;
use super::query::Query;
use super::summary::{Summaries, SummaryGrouping};
use crate::formats::SpanDetail;
use crate::model::{Experiment, Problem, StoreInfo, Totals, Trace, TraceInfo};
use crate::query::AssessmentTest;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Receives traces from a store as they are read.
pub trait Sink {
    /// Receives a trace. `Break` ends the search.
    fn trace(&mut self, trace: Trace) -> ControlFlow<()>;
    /// Receives a problem: something that could not be read.
    fn problem(&mut self, problem: Problem);
    /// Whether the receiver ended the search because it failed, so that a count of the matches has no use.
    fn has_failed(&self) -> bool {
        false
    }
}

/// Which trace to load.
#[derive(Clone, Debug)]
pub enum TraceKey {
    /// The one with this exact id.
    Id(String),
    /// The one with this record, which the store has returned. A store that requests records does not request it again.
    Record(Box<TraceInfo>),
}

impl TraceKey {
    /// Returns the trace id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Record(info) => &info.trace_id,
        }
    }
}

/// Diagnostic emitted when a store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Information, shown by default.
    Note(String),
    /// A warning, shown by default.
    Warning(String),
    /// A detail, shown with `-v`.
    Detail(String),
}

/// A source of traces.
pub trait TraceStore {
    /// Returns the store's name for messages.
    fn name(&self) -> &str;

    /// Returns diagnostics about how the store is read.
    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }

    /// Returns all experiments sorted by id, including deleted ones.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn experiments(&self, problems: &mut Vec<Problem>) -> Result<Vec<Experiment>>;

    /// Sends traces to the sink in the order of the query: all that match, possibly others too. Returns the number of
    /// matching traces if the query asks for it and counting is cheap.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>>;

    /// Returns the traces whose id starts with one of the prefixes, in all experiments, at most `limit` per prefix.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn with_id_prefix(&self, prefixes: &[String], limit: usize, problems: &mut Vec<Problem>) -> Result<Vec<TraceKey>>;

    /// Loads a trace; without spans if `detail` is `None`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn trace(&self, key: &TraceKey, detail: Option<SpanDetail>) -> Result<Option<Trace>>;

    /// Whether the store is on this machine, so that reading more of it is cheap.
    fn is_local(&self) -> bool {
        true
    }

    /// Whether it reads figures ([`RecordPart::Figures`](super::RecordPart::Figures)) from columns, many times as fast as
    /// records.
    fn has_columns(&self) -> bool {
        false
    }

    /// Loads the spans of traces whose records were returned before. Traces deleted since are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn load_spans(&self, infos: Vec<TraceInfo>, detail: SpanDetail, sink: &mut dyn Sink) -> Result<()> {
        for info in infos {
            if let Some(trace) = self.trace(&TraceKey::Id(info.trace_id), Some(detail))?
                && sink.trace(trace).is_break()
            {
                break;
            }
        }
        Ok(())
    }

    /// Returns the bytes of an attachment (MLflow 3.11+).
    ///
    /// # Errors
    /// When the attachment cannot be found or read.
    fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>>;

    /// Returns facts about the store itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn describe(&self) -> Result<StoreInfo>;

    /// Returns the aggregates that the store computes itself. Without them, searches answer the same questions.
    fn aggregates(&self) -> Option<&dyn Aggregates> {
        None
    }
}

/// Answers about many traces that a store finds faster than by returning their records. Callers use the functions of
/// [`super::aggregates`], which work with every store.
pub trait Aggregates {
    /// Returns the totals of each experiment that has traces, by experiment id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn totals(&self, experiments: &[Experiment], problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>>;

    /// Whether the store has no traces.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn is_empty(&self) -> Result<bool>;

    /// Returns summaries of the matching traces; `None` if it is faster to read their records.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn summaries(&self, _query: &Query, _grouping: SummaryGrouping) -> Result<Option<Summaries>> {
        Ok(None)
    }

    /// Returns the traces with an assessment that matches a condition; `None` if the store cannot find them so.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn assessed_traces(&self, _experiments: &[Experiment], _test: &AssessmentTest) -> Result<Option<AssessedTraces>> {
        Ok(None)
    }
}

/// The traces with an assessment that matches a condition.
#[derive(Clone, Debug)]
pub struct AssessedTraces {
    /// Their ids; `None` if they are many.
    pub all: Option<Vec<String>>,
    /// The ids of those whose assessment applies to the whole session.
    pub session_scoped: Vec<String>,
}
