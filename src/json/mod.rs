//! JSON text, read in place: borrowed views, and a lenient parser for what Python writes and strict parsers refuse.

pub mod canonical;
pub mod lenient;
mod view;

pub(crate) use view::{JsonFields, JsonView};
