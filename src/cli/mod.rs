//! What the commands share: options, environment, finding and reading traces, notes, suggestions, progress.

pub mod choice;
pub mod context;
pub mod environment;
mod errors;
pub mod globals;
pub(crate) mod grouping;
pub(crate) mod installed;
pub(crate) mod naming;
pub mod progress;
pub(crate) mod reader;
pub mod report;
pub(crate) mod rows;
pub(crate) mod runs;
pub(crate) mod select;
pub mod suggestions;
