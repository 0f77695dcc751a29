//! JSON text, parsed in place: borrowed views, and a lenient parser for JSON that Python writes and strict parsers
//! reject.

pub mod canonical;
pub mod lenient;
mod view;

pub(crate) use view::{JsonFields, JsonView};
