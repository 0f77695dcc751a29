//! JSON text. A value is its text, which most commands only pass through; views borrow from it; lenient parsing accepts
//! what Python writes and strict parsers reject.

pub mod canonical;
pub mod lenient;
pub mod python;
mod value;
mod view;

pub use value::{Json, Members};
pub(crate) use value::{integer, number};
pub(crate) use view::{JsonFields, JsonView};
