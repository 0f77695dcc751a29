//! Finds the traces that have an assessment.

use super::SqliteStore;
use super::candidates::MAX_CANDIDATES;
use super::trace_row::CLOCK_EVERY;
use crate::limits;
use crate::model::Experiment;
use crate::query::AssessmentTest;
use crate::store::AssessedTraces;
use crate::store::error::Result;
use crate::store::sql::{SqlRow as _, SqlValue, conditions, expressions};
use std::time::Instant;

/// Reads all assessments that match, in several reads, with the index of MLflow 3.17 if there is one. `None` if the
/// database has no assessments.
pub(super) fn read(
    store: &SqliteStore,
    experiments: &[Experiment],
    test: &AssessmentTest,
) -> Result<Option<AssessedTraces>> {
    if !store.schema.has_table("assessments") {
        return Ok(None);
    }
    let condition =
        conditions::assessment_sql(&store.schema, &AssessmentTest { is_session_level: false, ..test.clone() });
    let is_of_session = conditions::is_session_scoped();
    let experiments: Vec<Option<SqlValue>> = if store.schema.has_column("assessments", "experiment_id") {
        experiments.iter().map(|experiment| Some(expressions::experiment_id(&experiment.experiment_id))).collect()
    } else {
        vec![None]
    };
    let (mut all, mut of_session) = (Vec::new(), Vec::new());
    for experiment in experiments {
        let by_experiment = if experiment.is_some() { "a.experiment_id = ? and " } else { "" };
        let sql = format!(
            "select a.rowid, a.trace_id, {} from assessments a where {by_experiment}{} and a.rowid > ? order by a.rowid",
            is_of_session.text, condition.text
        );
        let mut last = i64::MIN;
        let mut is_done = false;
        while !is_done {
            is_done = store.read(|connection| {
                let (started, mut seen) = (Instant::now(), 0_usize);
                let values = is_of_session.values.iter().chain(&experiment).chain(&condition.values).cloned();
                let mut statement = connection.prepare_cached(&sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(values.chain([SqlValue::Integer(last)])))?;
                while let Some(row) = rows.next()? {
                    seen += 1;
                    last = row.integer(0).unwrap_or_default();
                    if all.len() <= MAX_CANDIDATES {
                        all.extend(row.text(1));
                    }
                    if row.integer(2) == Some(1) {
                        of_session.extend(row.text(1));
                    }
                    if seen % CLOCK_EVERY == 0 && started.elapsed() > limits::READ_TIME {
                        return Ok(false);
                    }
                }
                Ok(true)
            })?;
        }
    }
    Ok(Some(AssessedTraces { all: (all.len() <= MAX_CANDIDATES).then_some(all), session_scoped: of_session }))
}
