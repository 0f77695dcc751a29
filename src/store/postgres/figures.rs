//! Reads only the values of each trace that are counted and summed, for queries over many thousands of traces.

use super::connection::Reads;
use super::{PgResult, PostgresStore};
use crate::model::{Trace, TraceInfo, keys};
use crate::query::Label;
use crate::store::error::Result;
use crate::store::sql::{Figures, Schema, Sql, SqlRow as _, SqlValue, conditions, expressions};
use crate::store::{Query, Sink};
use std::collections::HashMap;

/// The number of traces per statement.
const TRACES_PER_PAGE: usize = 5_000;

/// Returns what a query uses. `None` if it needs more than figures.
pub(super) fn of_query(schema: &Schema, query: &Query) -> Option<Figures> {
    let mut figures = Figures::of_query(schema, query)?;
    // Before 3.17, these are metadata rows.
    figures.add(Label::metadata(keys::TOKEN_USAGE));
    figures.add(Label::metadata(keys::COST));
    if query.projection.spans.is_some() {
        // These tell whether all spans of a trace are in the database.
        figures.add(Label::Tag(keys::SPANS_LOCATION.to_owned()));
        figures.add(Label::metadata(keys::SIZE_STATS));
    }
    Some(figures)
}

/// Reads the traces in the order of their ids, by the primary key.
pub(super) fn read(store: &PostgresStore, query: &Query, figures: &Figures, sink: &mut dyn Sink) -> Result<()> {
    let names = query.experiment_names();
    let selected = conditions::from_filter(&store.schema, &query.filter);
    let sql = format!(
        "select {} from trace_info t where t.experiment_id in ({}) {} and {} and t.request_id > ? \
         order by t.request_id limit {TRACES_PER_PAGE}",
        figures.columns(&store.schema),
        expressions::experiment_ids(&query.experiments),
        conditions::time_bounds(&query.filter),
        selected.text,
    );
    let mut last = String::new();
    loop {
        let after = SqlValue::Text(last.clone());
        let page = Sql::new(&sql, selected.values.iter().cloned().chain([after]).collect());
        let infos = store.database.read(|reads| reads.all(&page, |row| figures.info(row, 0, [])))?;
        let is_last = infos.len() < TRACES_PER_PAGE;
        if let Some(info) = infos.last() {
            last.clone_from(&info.trace_id);
        }
        for mut info in infos {
            info.experiment_name = names.get(info.experiment_id.as_str()).map(|name| (*name).to_owned());
            if sink.trace(Trace::without_spans(info)).is_break() {
                return Ok(());
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Reads the figures of traces, in the order of `ids`. Traces deleted since are left out.
pub(super) fn of_traces(
    reads: &mut Reads<'_>,
    schema: &Schema,
    figures: &Figures,
    ids: &[String],
) -> PgResult<Vec<TraceInfo>> {
    let sql = format!("select {} from trace_info t where t.request_id = any(?)", figures.columns(schema));
    let mut infos = HashMap::with_capacity(ids.len());
    reads.each(&Sql::new(sql, vec![SqlValue::TextList(ids.to_vec())]), |row| {
        infos.insert(row.text(0).unwrap_or_default(), figures.info(row, 0, []));
    })?;
    Ok(ids.iter().filter_map(|id| infos.remove(id)).collect())
}
