//! Questions over traces: model in, numbers out. Knows neither stores nor terminals.

pub mod conversation;
pub mod exceptions;
pub mod pattern;
pub mod sessions;
pub mod stack;
pub mod usage;

#[cfg(test)]
mod tests;
