//! What the database adds up or finds over all traces.

use super::PostgresStore;
use crate::formats;
use crate::model::{Experiment, Timestamp, TokenUsage, Totals, keys};
use crate::query::AssessmentTest;
use crate::store::AssessedTraces;
use crate::store::error::Result;
use crate::store::sql::{Sql, SqlRow as _, SqlValue, TOKENS, columns, conditions, expressions};
use std::collections::HashMap;

/// Sums the totals of all experiments that have traces.
pub(super) fn totals(store: &PostgresStore) -> Result<HashMap<String, Totals>> {
    let sum = |column: &&str| format!("sum({}::bigint)::bigint", store.schema.column("trace_info", column));
    let tokens: Vec<String> = TOKENS.iter().map(sum).collect();
    let sums = format!(
        "select t.experiment_id, count(*), count(*) filter (where t.status = 'ERROR'), max(t.timestamp_ms), {} \
         from trace_info t group by t.experiment_id",
        tokens.join(", ")
    );
    store.database.read(|reads| {
        let mut totals: HashMap<String, Totals> = HashMap::new();
        reads.each(&Sql::new(sums, Vec::new()), |row| {
            let total = totals.entry(row.text(0).unwrap_or_default()).or_default();
            total.traces += row.integer(1).unwrap_or_default().cast_unsigned();
            total.errors += row.integer(2).unwrap_or_default().cast_unsigned();
            total.last_trace_time = row.integer(3).map(Timestamp::from_millis);
            total.add_usage(&columns::usage(row, 4).unwrap_or_default());
        })?;
        // Before 3.17, token counts are texts in the metadata.
        if store.schema.has_table("trace_request_metadata") {
            reads.each(&recorded_usage(store), |row| {
                let usage = row.text(1).and_then(|value| TokenUsage::from_json(&formats::parse_json(&value)?));
                if let Some(usage) = usage {
                    totals.entry(row.text(0).unwrap_or_default()).or_default().add_usage(&usage);
                }
            })?;
        }
        Ok(totals)
    })
}

/// Returns the statement for token counts that are in no column.
fn recorded_usage(store: &PostgresStore) -> Sql {
    let in_column = if store.schema.has_column("trace_info", "total_tokens") {
        "coalesce(t.input_tokens, t.output_tokens, t.total_tokens) is null"
    } else {
        "true"
    };
    let text = format!(
        "select t.experiment_id, m.value from trace_request_metadata m join trace_info t on t.request_id = m.request_id \
         where m.key = ? and {in_column}"
    );
    Sql::new(text, vec![SqlValue::Text(keys::TOKEN_USAGE.to_owned())])
}

/// Finds the traces with an assessment. `None` if the database has no assessments.
pub(super) fn assessed_traces(
    store: &PostgresStore,
    experiments: &[Experiment],
    test: &AssessmentTest,
) -> Result<Option<AssessedTraces>> {
    if !store.schema.has_table("assessments") {
        return Ok(None);
    }
    let test = AssessmentTest { is_session_level: false, ..test.clone() };
    let condition = conditions::assessment_sql(&store.schema, &test);
    let is_of_session = conditions::is_session_scoped();
    let by_experiment = if store.schema.has_column("assessments", "experiment_id") {
        format!("a.experiment_id in ({}) and", expressions::experiment_ids(experiments))
    } else {
        String::new()
    };
    let assessed = format!(
        "select a.trace_id, {} from assessments a where {by_experiment} {}",
        is_of_session.text, condition.text
    );
    let sql = Sql::new(assessed, [is_of_session.values, condition.values].concat());
    let found = store.database.read(|reads| reads.all(&sql, |row| (row.text(0), row.integer(1) == Some(1))))?;
    let session_scoped = found.iter().filter(|(_, is_of_session)| *is_of_session).filter_map(|(id, _)| id.clone());
    // The database finds the others itself.
    Ok(Some(AssessedTraces { all: None, session_scoped: session_scoped.collect() }))
}
