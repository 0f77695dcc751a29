//! Reads the facts that a database file states about itself.

use super::SqliteStore;
use crate::model::Revision;
use crate::store::error::Result;
use crate::store::sql::{SqlRow as _, revision};

/// Reads the schema revisions recorded in a database.
pub(super) fn read_revisions(store: &SqliteStore) -> Result<Vec<Revision>> {
    let ids: Vec<String> = store.read(|connection| {
        if !connection.prepare("select 1 from sqlite_master where name = 'alembic_version'")?.exists([])? {
            return Ok(Vec::new());
        }
        let mut statement = connection.prepare("select version_num from alembic_version order by 1")?;
        statement.query_map([], |row| Ok(row.text(0).unwrap_or_default()))?.collect()
    })?;
    Ok(ids.into_iter().map(revision).collect())
}

/// Returns the size of the database in bytes.
pub(super) fn read_size(store: &SqliteStore) -> Result<Option<u64>> {
    let pragma = |name: &'static str| {
        store.read(|connection| connection.query_row(&format!("pragma {name}"), [], |row| row.get::<_, i64>(0)))
    };
    Ok(u64::try_from(pragma("page_count")?.saturating_mul(pragma("page_size")?)).ok())
}
