//! Trace records and experiments as a tracking server sends them, in the 2.0 and the 3.0 API (`protos/service.proto`,
//! MLflow 2.14 – 3.18). The 2.0 API truncates metadata values to 250 characters (`entities/trace_info_v2.py`).

use super::object::{ResponseObject, strict_json};
use super::{assessment, lenient};
use crate::json::Json;
use crate::model::{Experiment, Timestamp, TraceInfo, TraceState};
use serde_json::value::RawValue;

/// A page of `traces/search` (3.0) or `traces` (2.0).
#[derive(Debug)]
pub struct InfoPage {
    /// The records, in the server's order; the error of a damaged one starts with its trace id, if known.
    pub infos: Vec<Result<TraceInfo, String>>,
    /// The token of the next page; `None` on the last page.
    pub next_page_token: Option<String>,
}

/// Reads a page of traces: `POST traces/search` (`SearchTracesV3`, MLflow 3.2 on) or `GET traces` (`SearchTraces`, 2.14
/// on). The API version is detected for each trace. `{}` is an empty page.
///
/// # Errors
/// If the text is not a page. A damaged trace is an error within the page.
pub fn parse_trace_page(text: &str) -> Result<InfoPage, String> {
    let strict = strict_json(text)?;
    let page = ResponseObject::parse(&strict)?;
    let read = |raw: &RawValue| {
        let record = ResponseObject::from_raw(raw)?;
        info(&record).map_err(|why| match record.trace_id() {
            Some(id) => format!("trace `{id}`: {why}"),
            None => why,
        })
    };
    page.check_page_of("traces")?;
    Ok(InfoPage {
        infos: page.list("traces")?.into_iter().map(read).collect(),
        next_page_token: page.next_page_token(),
    })
}

/// Reads one trace record: `GET traces/{id}` of API 3.0 (`GetTraceInfoV3`, MLflow 3.2 on) or `GET traces/{id}/info` of
/// 2.0 (`GetTraceInfo`, 2.14 on).
///
/// # Errors
/// If the response holds no valid trace record.
pub fn parse_trace_info(text: &str) -> Result<TraceInfo, String> {
    let strict = strict_json(text)?;
    let response = ResponseObject::parse(&strict)?;
    let record = match response.object("trace") {
        Some(trace) => trace.object("trace_info"),
        None => response.object("trace_info"),
    };
    info(&record.ok_or("no trace in the response")?)
}

/// Reads a page of `experiments/search` (`SearchExperiments`, all releases). Returns the experiments, and the token of
/// the next page.
///
/// # Errors
/// If the text is not a page of experiments.
pub fn parse_experiment_page(text: &str) -> Result<(Vec<Experiment>, Option<String>), String> {
    let strict = strict_json(text)?;
    let page = ResponseObject::parse(&strict)?;
    page.check_page_of("experiments")?;
    let experiments = page.list("experiments")?.into_iter().map(|raw| experiment(&ResponseObject::from_raw(raw)?));
    Ok((experiments.collect::<Result<_, String>>()?, page.next_page_token()))
}

/// Reads the response of `experiments/get` or `experiments/get-by-name` (`GetExperiment`, all releases).
///
/// # Errors
/// If the response holds no valid experiment.
pub fn parse_experiment(text: &str) -> Result<Experiment, String> {
    let strict = strict_json(text)?;
    experiment(&ResponseObject::parse(&strict)?.object("experiment").ok_or("no experiment in the response")?)
}

/// Reads a trace record of either API version.
pub(super) fn info(record: &ResponseObject<'_>) -> Result<TraceInfo, String> {
    let is_v2 = record.get("trace_id").is_none();
    let trace_id = record.trace_id().ok_or("missing trace id")?;
    let location = record.object("trace_location").and_then(|location| location.object("mlflow_experiment"));
    let request_time = if is_v2 {
        record.millis("timestamp_ms")
    } else {
        record.text("request_time").and_then(|time| Timestamp::parse_rfc3339(&time))
    };
    let assessments = record.list("assessments").unwrap_or_default();
    let experiment_id = location.as_ref().unwrap_or(record).text("experiment_id").unwrap_or_default();
    let state = TraceState::parse(&record.text(if is_v2 { "status" } else { "state" }).unwrap_or_default());
    let request_time = request_time.ok_or("missing start time")?;
    let mut info = TraceInfo {
        client_request_id: record.text("client_request_id"),
        execution_duration_ms: if is_v2 {
            // The 2.0 API writes 0 for an unknown duration (`TraceInfoV2.to_proto`).
            record.integer("execution_time_ms").filter(|millis| *millis != 0)
        } else {
            // `execution_duration_ms` is what `TraceInfo.to_dict` writes.
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
    info.derive_fields(complete_members);
    Ok(info)
}

/// A value without the whitespace that servers before 3.18 print.
fn compact(raw: &RawValue) -> Option<Json> {
    lenient::parse_json_prefix(raw.get()).map(|(json, _)| json)
}

/// Parses a `google.protobuf.Duration` (`"0.030s"`) to whole milliseconds, truncated toward zero like its
/// `ToMilliseconds`.
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

/// Parses JSON; of a truncated object, only the complete members.
fn complete_members(text: &str) -> Option<Json> {
    /// Servers truncate to 250 characters (1,000 bytes at most), so a longer text was not truncated by them.
    const MAX_CUT_BYTES: usize = 1_024;
    lenient::parse_json(text).or_else(|| {
        let may_be_cut = text.starts_with('{') && text.len() <= MAX_CUT_BYTES;
        let text = may_be_cut.then_some(text)?;
        text.rmatch_indices(',').find_map(|(at, _)| lenient::parse_json(&format!("{}}}", &text[..at])))
    })
}

fn experiment(record: &ResponseObject<'_>) -> Result<Experiment, String> {
    Ok(Experiment {
        experiment_id: record.text("experiment_id").ok_or("missing experiment id")?,
        name: record.text("name").unwrap_or_default(),
        lifecycle_stage: record.text("lifecycle_stage").unwrap_or_else(|| "active".to_owned()),
        workspace: record.text("workspace"),
        artifact_location: record.text("artifact_location"),
        creation_time: record.millis("creation_time"),
        last_update_time: record.millis("last_update_time"),
        tags: record.labels("tags"),
    })
}
