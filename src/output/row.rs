//! What a command returns: rows of a list, or a view.

use super::look::RenderOptions;
use super::table::{Cell, Column};
use crate::error::Result;
use crate::model::Json;
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

/// One line of a list.
pub trait Row {
    /// The key of the list in the JSON document.
    const KEY: &'static str;
    /// The columns of CSV, as paths into the JSON of a row.
    const CSV: &'static [&'static str];
    /// The columns for people.
    fn shapes() -> &'static [Column<'static>];
    /// The cells for people, one for each column.
    fn cells(&self, look: &RenderOptions) -> Vec<Cell>;
    /// The JSON of a row.
    fn json(&self) -> impl Serialize;
    /// What `-o ids` prints.
    fn id(&self) -> &str;
    /// The rows for people, where several are better told as one.
    #[must_use]
    fn grouped(rows: Vec<Self>) -> Vec<Self>
    where
        Self: Sized,
    {
        rows
    }
}

/// Something shown as a whole.
pub trait View {
    /// The parts that JSON lines, CSV and ids print.
    type Item: Row;
    /// The JSON document.
    fn json(&self) -> impl Serialize;
    /// The form for people.
    ///
    /// # Errors
    /// When it cannot be written.
    fn text(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()>;
    /// The parts.
    fn items(&self) -> Vec<Self::Item>;
    /// The columns of CSV, as paths into the JSON of a part.
    fn csv(&self) -> Vec<Cow<'static, str>> {
        columns::<Self::Item>()
    }
}

pub(crate) fn columns<R: Row>() -> Vec<Cow<'static, str>> {
    R::CSV.iter().map(|column| Cow::Borrowed(*column)).collect()
}

/// A part that exists only in its JSON form: for JSON lines, CSV and ids. Its view tells the columns.
#[derive(Debug)]
pub struct Item {
    id: String,
    json: Json,
}

impl Item {
    pub(crate) fn new(id: impl Into<String>, json: &impl Serialize) -> Self {
        Self { id: id.into(), json: Json::of(json) }
    }
}

impl Row for Item {
    const KEY: &'static str = "items";
    const CSV: &'static [&'static str] = &[];

    fn shapes() -> &'static [Column<'static>] {
        &[]
    }

    fn cells(&self, _look: &RenderOptions) -> Vec<Cell> {
        Vec::new()
    }

    fn json(&self) -> impl Serialize {
        &self.json
    }

    fn id(&self) -> &str {
        &self.id
    }
}
