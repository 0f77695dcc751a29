//! What databases share: MLflow's tables, and conditions on them. What differs between databases is a [`Dialect`].

pub(in crate::store) mod conditions;
mod dialect;
mod schema;
mod statement;

pub(in crate::store) use dialect::Dialect;
pub(in crate::store) use schema::{COSTS, Schema, TABLES, TOKENS};
pub(in crate::store) use statement::{Sql, SqlValue};
