//! `-o csv`: comma-separated values (RFC 4180). Cells that a spreadsheet would run as a formula are escaped.

use super::{FormatInfo, ListSpec, RowWriter, ViewForm};
use crate::error::Result;
use crate::json::Json;
use crate::output::json::Page;
use crate::output::row::AnyRow;
use crate::output::text;
use crate::terminal::Paged;
use std::borrow::Cow;
use std::io::Write;

pub(super) const FORMAT: FormatInfo = FormatInfo {
    name: "csv",
    help: "Comma-separated values",
    view: ViewForm::Items,
    is_json: false,
    prints_content: true,
    start_list: |spec| Box::new(CsvWriter { has_header: spec.has_header, spec, line: Vec::new() }),
};

#[derive(Debug)]
struct CsvWriter {
    spec: ListSpec,
    has_header: bool,
    /// Buffer for one row, which is written at once.
    line: Vec<u8>,
}

impl CsvWriter {
    fn add_header(&mut self) -> Result<()> {
        if self.has_header {
            return Ok(());
        }
        self.has_header = true;
        write_header(&mut self.line, &self.spec.csv_columns)
    }
}

impl RowWriter for CsvWriter {
    fn push(&mut self, out: &mut Paged, row: &dyn AnyRow) -> Result<()> {
        self.line.clear();
        self.add_header()?;
        write_row(&mut self.line, &self.spec.csv_columns, &row.to_json())?;
        Ok(out.write_all(&self.line)?)
    }

    fn finish(&mut self, out: &mut Paged, _page: Option<Page>) -> Result<()> {
        self.line.clear();
        self.add_header()?;
        Ok(out.write_all(&self.line)?)
    }
}

/// Writes the header line: the JSON paths of the columns.
fn write_header(out: &mut dyn Write, columns: &[Cow<'static, str>]) -> Result<()> {
    for (at, title) in columns.iter().enumerate() {
        write!(out, "{}{}", if at == 0 { "" } else { "," }, quote(&text::one_line(title)))?;
    }
    Ok(writeln!(out)?)
}

/// Writes one row with the values of its JSON: numbers unformatted, `null` as an empty cell, objects as JSON.
fn write_row(out: &mut dyn Write, columns: &[Cow<'static, str>], json: &Json) -> Result<()> {
    let members = json.members().unwrap_or_default();
    for (at, path) in columns.iter().enumerate() {
        let (key, inner) = path.split_once('.').map_or((&**path, None), |(key, inner)| (key, Some(inner)));
        let value = members.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        let value = match inner {
            Some(inner) => value.and_then(|value| value.member(inner)),
            None => value,
        };
        let cell = match value.filter(|value| !value.is_null()) {
            None => String::new(),
            Some(value) => {
                value.as_string().map_or_else(|| value.text().to_owned(), |text| escape_formula(&text).into_owned())
            }
        };
        write!(out, "{}{}", if at == 0 { "" } else { "," }, quote(&text::data_text(&cell)))?;
    }
    Ok(writeln!(out)?)
}

/// Prefixes text that a spreadsheet would read as a formula with an apostrophe, which marks a cell as text.
fn escape_formula(text: &str) -> Cow<'_, str> {
    // Some spreadsheets skip leading whitespace and control characters.
    let first = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control()).chars().next();
    let is_formula = matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'))
        || text.starts_with(['\t', '\r', '\n']);
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn quote(text: &str) -> Cow<'_, str> {
    if text.contains(['"', ',', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}
