//! The output formats. To add one: a file here, and a line in [`FORMATS`].

mod csv;
mod ids;
mod json;
mod jsonl;
mod table;

use super::json::Page;
use super::options::RenderOptions;
use super::row::AnyRow;
use super::table::Heading;
use super::theme::Theme;
use crate::error::Result;
use crate::terminal::Paged;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::borrow::Cow;
use std::fmt::Debug;

/// The formats, in the order of the help. The first one is the default.
const FORMATS: &[&FormatInfo] = &[&table::FORMAT, &json::FORMAT, &jsonl::FORMAT, &csv::FORMAT, &ids::FORMAT];

/// An output format.
#[derive(Clone, Copy, Debug)]
pub struct Format(&'static FormatInfo);

/// What a format is, and how it writes.
#[derive(Debug)]
pub(super) struct FormatInfo {
    /// The value of `--output`.
    name: &'static str,
    /// The help of this value.
    help: &'static str,
    /// How a view is written.
    pub(super) view: ViewForm,
    /// Whether it is JSON, so that errors are JSON too.
    is_json: bool,
    /// Whether it prints the JSON of rows, with inputs and outputs of spans.
    prints_content: bool,
    /// Starts a list.
    pub(super) start_list: fn(ListSpec) -> Box<dyn RowWriter>,
}

/// How a format writes a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ViewForm {
    /// As text.
    Text,
    /// As one JSON document.
    Document,
    /// As a list of its items.
    Items,
}

/// What a format knows of a list.
#[derive(Clone, Debug)]
pub(super) struct ListSpec {
    /// Key of the list in the JSON document.
    pub(super) key: &'static str,
    /// Whether rows are texts rather than lines of a table.
    pub(super) is_text: bool,
    /// Columns of a table, as places in the list of the row type.
    pub(super) columns: Vec<usize>,
    /// Headings of these columns.
    pub(super) headings: Vec<Heading<'static>>,
    /// CSV columns, as paths into the JSON of a row.
    pub(super) csv_columns: Vec<Cow<'static, str>>,
    /// Whether an earlier list of this run has written the header.
    pub(super) has_header: bool,
    /// Layout of text.
    pub(super) options: RenderOptions,
    /// Colors of text, or none.
    pub(super) theme: Theme,
}

/// Writes the rows of a list in one format.
pub(super) trait RowWriter: Debug {
    /// Adds a row.
    fn push(&mut self, out: &mut Paged, row: &dyn AnyRow) -> Result<()>;
    /// Ends the list.
    fn finish(&mut self, out: &mut Paged, page: Option<Page>) -> Result<()>;
}

impl Format {
    /// The format with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        FORMATS.iter().find(|format| format.name == name).map(|format| Self(format))
    }

    /// Parses the value of `--output`.
    #[must_use]
    pub fn value_parser() -> impl TypedValueParser<Value = Self> {
        let values = FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.help));
        PossibleValuesParser::new(values).map(|name| Self::find(&name).unwrap_or_default())
    }

    /// The name, as in `--output`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// Whether it is text for people, with tables, colors and a pager.
    #[must_use]
    pub fn is_text(self) -> bool {
        self.0.view == ViewForm::Text
    }

    /// Whether it prints a view as a list of items.
    #[must_use]
    pub fn is_list(self) -> bool {
        self.0.view == ViewForm::Items
    }

    /// Whether it prints a view as one document.
    #[must_use]
    pub fn is_document(self) -> bool {
        self.0.view == ViewForm::Document
    }

    /// Whether it is JSON: a document or lines.
    #[must_use]
    pub const fn is_json(self) -> bool {
        self.0.is_json
    }

    /// Whether it prints the JSON of rows, with inputs and outputs of spans.
    #[must_use]
    pub const fn prints_content(self) -> bool {
        self.0.prints_content
    }

    pub(super) const fn info(self) -> &'static FormatInfo {
        self.0
    }
}

impl Default for Format {
    fn default() -> Self {
        Self(&table::FORMAT)
    }
}
