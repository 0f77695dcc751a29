//! Rendering of rows and views as text, JSON, JSON lines, CSV or ids. Commands pass rows or a view; only `formats` knows
//! how each format is written.

mod column;
mod formats;
pub mod json;
mod options;
pub(crate) mod outline;
pub(crate) mod paragraph;
pub(crate) mod pretty;
mod row;
mod row_table;
pub mod table;
pub mod text;
mod theme;
pub(crate) mod wrapped_table;
mod writer;

pub use column::Column;
pub use formats::Format;
pub use json::Page;
pub use options::RenderOptions;
pub use row::{Item, Row, View};
pub use row_table::RowTable;
pub use table::{Cell, Heading, write_table};
pub use theme::{TextRole, Theme};
pub use writer::{ListWriter, Output, ignore_closed_pipe};

#[cfg(test)]
mod tests;
