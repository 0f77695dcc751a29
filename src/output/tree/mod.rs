//! The layout of trees: guides, names, and columns that give way if the width does not suffice.

mod columns;
mod guides;

pub(super) use columns::TreeColumns;
pub(super) use guides::guides;

#[cfg(test)]
mod tests;
