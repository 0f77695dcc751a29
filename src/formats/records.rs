//! Records of traces and experiments as a tracking server sends them, in the 2.0 and the 3.0 form
//! (`protos/service.proto`, MLflow 2.14 – 3.18). Metadata is cut at 250 characters in the 2.0 form
//! (`entities/trace_info_v2.py`).

use super::object::{ResponseObject, strict};
use super::{assessment, lenient};
use crate::model::{Experiment, Json, Timestamp, TraceInfo, TraceState};
use serde_json::value::RawValue;

/// A page of `traces/search` (3.0) or `traces` (2.0).
#[derive(Debug)]
pub struct InfoPage {
    /// The records, in the server's order; a damaged one is told with its id.
    pub infos: Vec<Result<TraceInfo, String>>,
    /// What to ask the next page with; `None` at the end.
    pub next_page_token: Option<String>,
}

/// Reads a page of traces: `POST traces/search` (`SearchTracesV3`, MLflow 3.2 on) or `GET traces` (`SearchTraces`, 2.14
/// on), told apart trace by trace. `{}` is an empty page.
///
/// # Errors
/// Why the text is not a page; a damaged trace is an error in the page.
pub fn info_page(text: &str) -> Result<InfoPage, String> {
    let strict = strict(text)?;
    let page = ResponseObject::parse(&strict)?;
    let read = |raw: &RawValue| {
        let record = ResponseObject::of(raw)?;
        info(&record).map_err(|why| match record.trace_id() {
            Some(id) => format!("trace `{id}`: {why}"),
            None => why,
        })
    };
    page.is_page_of("traces")?;
    Ok(InfoPage { infos: page.list("traces")?.into_iter().map(read).collect(), next_page_token: page.token() })
}

/// Reads one trace's record: `GET traces/{id}` of 3.0 (`GetTraceInfoV3`, MLflow 3.2 on) or `GET traces/{id}/info` of 2.0
/// (`GetTraceInfo`, 2.14 on).
///
/// # Errors
/// Why there is no record in the text.
pub fn info_answer(text: &str) -> Result<TraceInfo, String> {
    let strict = strict(text)?;
    let answer = ResponseObject::parse(&strict)?;
    let record = match answer.object("trace") {
        Some(trace) => trace.object("trace_info"),
        None => answer.object("trace_info"),
    };
    info(&record.ok_or("no trace in the answer")?)
}

/// Reads a page of `experiments/search` (`SearchExperiments`, all releases) and the token of the next one.
///
/// # Errors
/// Why the text is not a page of experiments.
pub fn experiment_page(text: &str) -> Result<(Vec<Experiment>, Option<String>), String> {
    let strict = strict(text)?;
    let page = ResponseObject::parse(&strict)?;
    page.is_page_of("experiments")?;
    let experiments = page.list("experiments")?.into_iter().map(|raw| experiment(&ResponseObject::of(raw)?));
    Ok((experiments.collect::<Result<_, String>>()?, page.token()))
}

/// Reads the answer of `experiments/get` or `experiments/get-by-name` (`GetExperiment`, all releases).
///
/// # Errors
/// Why there is no experiment in the text.
pub fn experiment_answer(text: &str) -> Result<Experiment, String> {
    let strict = strict(text)?;
    experiment(&ResponseObject::parse(&strict)?.object("experiment").ok_or("no experiment in the answer")?)
}

/// A record in either form.
pub(super) fn info(record: &ResponseObject<'_>) -> Result<TraceInfo, String> {
    let is_v2 = record.get("trace_id").is_none();
    let trace_id = record.trace_id().ok_or("no trace id in it")?;
    let place = record.object("trace_location").and_then(|place| place.object("mlflow_experiment"));
    let request_time = if is_v2 {
        record.millis("timestamp_ms")
    } else {
        record.text("request_time").and_then(|time| Timestamp::parse_rfc3339(&time))
    };
    let assessments = record.list("assessments").unwrap_or_default();
    let experiment_id = place.as_ref().unwrap_or(record).text("experiment_id").unwrap_or_default();
    let state = TraceState::parse(&record.text(if is_v2 { "status" } else { "state" }).unwrap_or_default());
    let request_time = request_time.ok_or("no start time in it")?;
    let mut info = TraceInfo {
        client_request_id: record.text("client_request_id"),
        execution_duration_ms: if is_v2 {
            // The 2.0 form has no word for a duration that is not known (`TraceInfoV2.to_proto`).
            record.integer("execution_time_ms").filter(|millis| *millis != 0)
        } else {
            // The second is what `TraceInfo.to_dict` writes.
            let text = record.text("execution_duration");
            text.and_then(|text| duration_ms(&text)).or_else(|| record.integer("execution_duration_ms"))
        },
        request_preview: record.text("request_preview"),
        response_preview: record.text("response_preview"),
        tags: record.labels("tags"),
        metadata: record.labels(if is_v2 { "request_metadata" } else { "trace_metadata" }),
        assessments: assessments.iter().filter_map(|raw| assessment::assessment(&compact(raw)?)).collect(),
        ..TraceInfo::new(trace_id, experiment_id, state, request_time)
    };
    info.assessments.sort_by(|a, b| (a.create_time, &a.id).cmp(&(b.create_time, &b.id)));
    info.derive(whole_members);
    Ok(info)
}

/// A value without the space that servers before 3.18 print between its parts.
fn compact(raw: &RawValue) -> Option<Json> {
    lenient::json_prefix(raw.get()).map(|(json, _)| json)
}

/// A `google.protobuf.Duration` (`"0.030s"`) in whole milliseconds, cut towards zero as its `ToMilliseconds` does.
fn duration_ms(text: &str) -> Option<i64> {
    let text = text.trim().strip_suffix('s')?;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(seconds) || !is_number(fraction) {
        return None;
    }
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(millis).map(|millis| sign * millis)
}

/// Reads JSON, and of an object that is cut in the middle the members that are whole.
fn whole_members(text: &str) -> Option<Json> {
    /// The servers cut at 250 characters; what is longer was not cut by them.
    const MAX_CUT_BYTES: usize = 1_024;
    lenient::json(text).or_else(|| {
        let may_be_cut = text.starts_with('{') && text.len() <= MAX_CUT_BYTES;
        let text = may_be_cut.then_some(text)?;
        text.rmatch_indices(',').find_map(|(at, _)| lenient::json(&format!("{}}}", &text[..at])))
    })
}

fn experiment(record: &ResponseObject<'_>) -> Result<Experiment, String> {
    Ok(Experiment {
        experiment_id: record.text("experiment_id").ok_or("an experiment without experiment_id")?,
        name: record.text("name").unwrap_or_default(),
        lifecycle_stage: record.text("lifecycle_stage").unwrap_or_else(|| "active".to_owned()),
        workspace: record.text("workspace"),
        artifact_location: record.text("artifact_location"),
        creation_time: record.millis("creation_time"),
        last_update_time: record.millis("last_update_time"),
        tags: record.labels("tags"),
    })
}
