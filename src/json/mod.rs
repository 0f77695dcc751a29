//! JSON text, read where it stands: borrowed views of it, and what Python writes that strict readers refuse.

pub mod canonical;
pub mod lenient;
mod view;

pub(crate) use view::{Fields, View};
