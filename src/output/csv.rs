//! Comma-separated values (RFC 4180). Cells that a spreadsheet would run as a formula are escaped.

use super::{Row, text};
use crate::error::Result;
use crate::model::Json;
use std::borrow::Cow;
use std::io::Write;

/// Writes the header line: the JSON paths of the columns.
pub(crate) fn write_header(out: &mut dyn Write, columns: &[Cow<'static, str>]) -> Result<()> {
    for (at, title) in columns.iter().enumerate() {
        write!(out, "{}{}", if at == 0 { "" } else { "," }, quote(&text::one_line(title)))?;
    }
    Ok(writeln!(out)?)
}

/// Writes one row with the values of its JSON form: numbers unformatted, `null` as an empty cell, objects as JSON.
pub(crate) fn write_row(out: &mut dyn Write, columns: &[Cow<'static, str>], row: &impl Row) -> Result<()> {
    let json = Json::of(&row.json());
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
