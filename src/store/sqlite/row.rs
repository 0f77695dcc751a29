//! Cells of SQLite, which may have any type whatever the column says.

use crate::store::sql::SqlRow;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use std::borrow::Cow;

impl SqlRow for Row<'_> {
    fn text(&self, column: usize) -> Option<String> {
        match self.get_ref(column).ok()? {
            ValueRef::Null => None,
            ValueRef::Integer(value) => Some(value.to_string()),
            ValueRef::Real(value) => Some(value.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => String::from_utf8_lossy(bytes).into_owned(),
            }),
        }
    }

    fn text_or_empty(&self, column: usize) -> Cow<'_, str> {
        match self.get_ref(column) {
            Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => {
                std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
            }
            _ => Cow::Owned(self.text(column).unwrap_or_default()),
        }
    }

    fn integer(&self, column: usize) -> Option<i64> {
        match self.get_ref(column).ok()? {
            ValueRef::Integer(value) => Some(value),
            ValueRef::Real(value) => Some(value as i64),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            ValueRef::Null | ValueRef::Blob(_) => None,
        }
    }

    fn float(&self, column: usize) -> Option<f64> {
        match self.get_ref(column).ok()? {
            ValueRef::Integer(value) => Some(value as f64),
            ValueRef::Real(value) => Some(value),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            ValueRef::Null | ValueRef::Blob(_) => None,
        }
    }
}
