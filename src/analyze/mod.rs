//! Questions over traces: model in, numbers out. Knows neither stores nor terminals.

pub mod conversation;
pub mod usage;

#[cfg(test)]
mod tests;
