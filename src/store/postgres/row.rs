//! Cells and parameters of PostgreSQL.

use crate::store::sql::{SqlRow, SqlValue};
use postgres::Row;
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use std::borrow::Cow;
use std::error::Error;

/// A cell of one of the types that MLflow's columns have.
enum Cell<'a> {
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(cell_type: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *cell_type {
            Type::BOOL => Self::Integer(i64::from(bool::from_sql(cell_type, raw)?)),
            Type::INT2 => Self::Integer(i64::from(i16::from_sql(cell_type, raw)?)),
            Type::INT4 => Self::Integer(i64::from(i32::from_sql(cell_type, raw)?)),
            Type::INT8 => Self::Integer(i64::from_sql(cell_type, raw)?),
            Type::FLOAT4 => Self::Float(f64::from(f32::from_sql(cell_type, raw)?)),
            Type::FLOAT8 => Self::Float(f64::from_sql(cell_type, raw)?),
            // The version number of the format comes first.
            Type::JSONB => Self::Text(String::from_utf8_lossy(raw.get(1..).unwrap_or_default())),
            // A database without an encoding (`SQL_ASCII`) may hold any bytes.
            _ => Self::Text(String::from_utf8_lossy(raw)),
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn cell(row: &Row, column: usize) -> Option<Cell<'_>> {
    row.try_get(column).ok().flatten()
}

impl SqlRow for Row {
    fn text(&self, column: usize) -> Option<String> {
        Some(match cell(self, column)? {
            Cell::Integer(value) => value.to_string(),
            Cell::Float(value) => value.to_string(),
            Cell::Text(text) => text.into_owned(),
        })
    }

    fn text_or_empty(&self, column: usize) -> Cow<'_, str> {
        match cell(self, column) {
            Some(Cell::Text(text)) => text,
            _ => Cow::Owned(self.text(column).unwrap_or_default()),
        }
    }

    fn integer(&self, column: usize) -> Option<i64> {
        match cell(self, column)? {
            Cell::Integer(value) => Some(value),
            Cell::Float(value) => Some(value as i64),
            Cell::Text(text) => text.parse().ok(),
        }
    }

    fn float(&self, column: usize) -> Option<f64> {
        match cell(self, column)? {
            Cell::Integer(value) => Some(value as f64),
            Cell::Float(value) => Some(value),
            Cell::Text(text) => text.parse().ok(),
        }
    }
}

impl ToSql for SqlValue {
    fn to_sql(&self, as_type: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Integer(number) => number.to_sql(as_type, out),
            Self::Real(number) => number.to_sql(as_type, out),
            Self::Text(text) => storable(text).to_sql(as_type, out),
            Self::TextList(list) => list.iter().map(|text| storable(text)).collect::<Vec<_>>().to_sql(as_type, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Replaces NUL, which a text in PostgreSQL cannot hold and a parameter must not.
fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}
