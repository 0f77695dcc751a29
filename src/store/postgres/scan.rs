//! Finds the traces of a query in order: their ids, page by page. Each page starts behind the last trace of the one
//! before, so no result is kept open.

use super::PgResult;
use super::connection::Reads;
use crate::store::sql::{Schema, Sql, SqlRow as _, SqlValue, conditions, expressions};
use crate::store::{Query, SortKey, SortValue};

/// The maximum number of ids per page of a search by time, whose index makes every page cheap.
const MAX_IDS_BY_TIME: usize = 1_000;

/// A search in progress.
pub(super) struct Scan {
    /// SQL of a page; [`Page`] completes it.
    parts: Parts,
    is_descending: bool,
    /// The sort value and the id of the last trace found.
    last: Option<(SortValue, String)>,
    size: usize,
    max_size: usize,
    is_done: bool,
}

/// The parts of the statement for a page.
struct Parts {
    /// What traces are sorted by.
    key: String,
    is_text: bool,
    /// The searched experiments, as a list.
    experiments: String,
    is_by_time: bool,
    bounds: String,
    conditions: Sql,
}

impl Scan {
    /// Begins a search with pages that start at `first_size` ids.
    pub(super) fn new(schema: &Schema, query: &Query, first_size: usize) -> Self {
        let key = &query.order.key;
        let is_by_time = *key == SortKey::Time;
        let candidates = query.candidates.iter().map(|ids| schema.dialect().is_in("t.request_id", ids, false));
        Self {
            parts: Parts {
                key: expressions::sort_key(schema, key),
                is_text: matches!(key, SortKey::State | SortKey::TraceId | SortKey::Label(_)),
                experiments: expressions::experiment_ids(&query.experiments),
                is_by_time,
                bounds: conditions::time_bounds(&query.filter),
                conditions: Sql::all(candidates.chain([conditions::from_filter(schema, &query.filter)])),
            },
            is_descending: query.order.is_descending,
            last: None,
            size: first_size,
            // In any other order, the database sorts all traces for each page, so few pages are better.
            max_size: if is_by_time { MAX_IDS_BY_TIME } else { usize::MAX / 2 },
            is_done: false,
        }
    }

    /// Returns the ids of the next traces; none at the end.
    pub(super) fn next(&mut self, reads: &mut Reads<'_>) -> PgResult<Vec<String>> {
        if self.is_done {
            return Ok(Vec::new());
        }
        let sql = self.parts.page(self.last.as_ref(), self.is_descending, self.size);
        let page = reads.all(&sql, |row| {
            let value = match (self.parts.is_text, row.float(1)) {
                (false, Some(number)) => SortValue::Number(number),
                (true, _) => row.text(1).map_or(SortValue::Unknown, SortValue::Text),
                (false, None) => SortValue::Unknown,
            };
            (value, row.text(0).unwrap_or_default())
        })?;
        self.is_done = page.len() < self.size;
        self.size = (self.size * 2).min(self.max_size);
        self.last = page.last().cloned().or(self.last.take());
        Ok(page.into_iter().map(|(_, id)| id).collect())
    }
}

impl Parts {
    /// Returns the statement for the traces behind the last one found.
    fn page(&self, last: Option<&(SortValue, String)>, is_descending: bool, size: usize) -> Sql {
        let collation = if self.is_text { " collate \"C\"" } else { "" };
        let key = format!("({}){collation}", self.key);
        let direction = if is_descending { "desc" } else { "asc" };
        let after = last.map(|(value, id)| {
            if self.is_by_time { after_time(value, id, is_descending) } else { after(&key, value, id, is_descending) }
        });
        let is_selected = Sql::all(after.into_iter().chain([self.conditions.clone()]));
        let order =
            |key: &str| format!("order by {key} {direction} nulls last, t.request_id collate \"C\" limit {size}");
        let Self { experiments, bounds, .. } = self;
        if !self.is_by_time {
            let text = format!(
                "select t.request_id, {key} from trace_info t where t.experiment_id in ({experiments}) {bounds} and {} {}",
                is_selected.text,
                order(&key)
            );
            return Sql::new(text, is_selected.values);
        }
        // One sorted list per experiment, each from the index on (experiment, time). The index has nulls at the other
        // end, but no time is null.
        let order = order("t.timestamp_ms").replace(" nulls last", "");
        let text = format!(
            "select t.request_id, t.timestamp_ms from unnest(array[{experiments}]::integer[]) as e(id) cross join lateral \
             (select t.request_id, t.timestamp_ms from trace_info t where t.experiment_id = e.id {bounds} and {} {order}) t {order}",
            is_selected.text,
        );
        Sql::new(text, is_selected.values)
    }
}

/// Returns a condition for traces behind one in the order of time, by which the index is entered at that trace.
fn after_time(time: &SortValue, id: &str, is_descending: bool) -> Sql {
    let millis = if let SortValue::Number(millis) = time { *millis as i64 } else { 0 };
    let behind = if is_descending { "<" } else { ">" };
    let text = format!("t.timestamp_ms {behind}= ? and (t.timestamp_ms {behind} ? or t.request_id collate \"C\" > ?)");
    Sql::new(text, vec![SqlValue::Integer(millis), SqlValue::Integer(millis), SqlValue::Text(id.to_owned())])
}

/// Returns a condition for traces behind one in another order. Traces without a value are last.
fn after(key: &str, value: &SortValue, id: &str, is_descending: bool) -> Sql {
    let behind = if is_descending { "<" } else { ">" };
    let is_tie_behind = "t.request_id collate \"C\" > ?";
    let id = SqlValue::Text(id.to_owned());
    let value = match value {
        SortValue::Unknown => return Sql::new(format!("{key} is null and {is_tie_behind}"), vec![id]),
        SortValue::Number(number) => SqlValue::Real(*number),
        SortValue::Text(text) => SqlValue::Text(text.clone()),
    };
    let text = format!("{key} {behind} ? or ({key} = ? and {is_tie_behind}) or {key} is null");
    Sql::new(text, vec![value.clone(), value, id])
}

/// Returns the statement for the ids that start with a prefix.
pub(super) fn with_prefix(prefix: &str, limit: usize) -> Sql {
    // Letters and digits of hexadecimal numbers are in the same order in every collation, so the primary key has them
    // together, before any `g`.
    let digits = prefix.strip_prefix("tr-").unwrap_or(prefix);
    let is_hexadecimal = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let range = if is_hexadecimal { "request_id >= ? and request_id < ? || 'g' and " } else { "" };
    let text = format!(
        "select request_id from trace_info where {range}starts_with(request_id, ?) order by request_id collate \"C\" limit {limit}"
    );
    let values = text.matches('?').map(|_| SqlValue::Text(prefix.to_owned())).collect();
    Sql::new(text, values)
}
