//! What databases share: MLflow's tables, conditions on them, and how rows are read. What differs between databases is a [`Dialect`].

pub(in crate::store) mod columns;
pub(in crate::store) mod conditions;
mod dialect;
pub(in crate::store) mod expressions;
mod figures;
mod revision;
mod row;
mod schema;
pub(in crate::store) mod span_columns;
mod statement;

pub(in crate::store) use dialect::Dialect;
pub(in crate::store) use figures::Figures;
pub(in crate::store) use revision::revision;
pub(in crate::store) use row::SqlRow;
pub(in crate::store) use schema::{Schema, TABLES, TOKENS};
pub(in crate::store) use statement::{Sql, SqlValue};
