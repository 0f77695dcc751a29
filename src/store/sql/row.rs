//! Rows of a result.

use std::borrow::Cow;

/// A row of a result. Cells are converted to the type asked for, since the types of columns differ between databases
/// and MLflow releases.
pub(in crate::store) trait SqlRow {
    /// Returns a cell of any type as text. Invalid UTF-8 becomes U+FFFD.
    fn text(&self, column: usize) -> Option<String>;

    /// Returns a cell as text, borrowed from the row if possible. Null is empty.
    fn text_or_empty(&self, column: usize) -> Cow<'_, str>;

    /// Returns a cell as an integer.
    fn integer(&self, column: usize) -> Option<i64>;

    /// Returns a cell as a float.
    fn float(&self, column: usize) -> Option<f64>;
}
