//! What each command shows: its rows or view, its text, and its JSON.

mod assessment;
pub mod check;
pub mod conversation;
pub mod diff;
pub mod doctor;
pub mod exception;
pub mod experiment;
pub(crate) mod fold;
mod group;
pub mod json;
pub mod one_span;
pub mod price;
pub mod session;
pub mod span;
pub mod stats;
pub mod tool;
pub mod trace;
pub mod tree;
pub mod usage;
pub mod usage_conflict;
