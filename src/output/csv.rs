//! Comma-separated values (RFC 4180), whose cells no spreadsheet takes for a formula.

use super::{Row, text};
use crate::error::Result;
use crate::model::Json;
use std::borrow::Cow;
use std::io::Write;

/// The first line: the paths of the columns.
pub(crate) fn titles(out: &mut dyn Write, columns: &[Cow<'static, str>]) -> Result<()> {
    for (at, title) in columns.iter().enumerate() {
        write!(out, "{}{}", if at == 0 { "" } else { "," }, quoted(&text::one_line(title)))?;
    }
    Ok(writeln!(out)?)
}

/// One line. Values are those of the JSON form: numbers as they are, unknown ones empty, objects as JSON.
pub(crate) fn row(out: &mut dyn Write, columns: &[Cow<'static, str>], row: &impl Row) -> Result<()> {
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
                value.as_string().map_or_else(|| value.text().to_owned(), |text| disarmed(&text).into_owned())
            }
        };
        write!(out, "{}{}", if at == 0 { "" } else { "," }, quoted(&text::data(&cell)))?;
    }
    Ok(writeln!(out)?)
}

/// Text that begins as a formula does gets an apostrophe, which spreadsheets take for "this is text".
fn disarmed(text: &str) -> Cow<'_, str> {
    // Also behind space and control characters, which some spreadsheets skip.
    let first = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control()).chars().next();
    let is_formula = matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'))
        || text.starts_with(['\t', '\r', '\n']);
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains(['"', ',', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}
