//! Analyses of traces: summaries, comparisons and checks. Independent of stores and terminals.

pub mod conversation;
pub mod diff;
pub mod doctor;
pub mod exceptions;
pub mod groups;
pub mod key;
pub mod pattern;
pub mod prices;
pub mod rules;
pub mod sessions;
pub mod stack;
pub mod stats;
pub mod tools;
pub mod usage;

#[cfg(test)]
pub(in crate::analysis) mod tests;
