//! Output of each command: its rows or view, as text and as JSON.

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
pub mod manual;
pub mod price;
pub mod session;
pub mod span;
pub mod span_detail;
pub mod stats;
pub mod tool;
pub mod trace;
pub mod tree;
pub mod usage;
pub mod usage_conflict;

#[cfg(test)]
mod tests;
