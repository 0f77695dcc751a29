//! Rendering of rows and views as text, JSON, JSON lines, CSV or ids. Commands pass rows or a view; only `formats` knows
//! how each format is written. As text, a view is a document of blocks, which only `document` lays out and paints.

mod block;
mod column;
mod document;
mod formats;
pub mod json;
mod options;
pub(crate) mod outline;
mod paragraph;
pub(crate) mod pretty;
mod row;
mod row_table;
mod styled;
pub mod table;
pub mod text;
mod theme;
mod tree;
pub(crate) mod wrapped_table;
mod writer;

pub use block::{Block, TreeBar, TreeRow, TreeRows, TreeSpan};
pub use column::Column;
pub use document::Document;
pub use formats::Format;
pub use json::Page;
pub use options::RenderOptions;
pub use paragraph::{LineLimit, Paragraph};
pub use row::{Item, Row, RowText, View};
pub use row_table::RowTable;
pub use styled::StyledText;
pub use table::{Cell, Heading};
pub use theme::{TextRole, Theme};
pub use writer::{ListWriter, Output, ignore_closed_pipe};

#[cfg(test)]
mod tests;
