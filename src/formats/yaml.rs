//! YAML records of the file store (`store/tracking/file_store.py`).

use crate::json::Json;
use crate::limits;
use crate::model::{Assessment, Experiment, Labels, Timestamp, TraceInfo, TraceState};
use granit_parser::{Event, Parser};
use yaml_serde::Value;

/// Returns the start time of a trace from its `trace_info.yaml` without parsing the YAML: v2 and v3 both write it as a
/// plain top-level line, and multi-line values continue on indented lines only. `None` if there is no such line.
#[must_use]
pub fn request_time(yaml: &str) -> Option<Timestamp> {
    yaml.lines().find_map(|line| {
        if let Some(millis) = line.strip_prefix("timestamp_ms: ") {
            return millis.trim().parse().ok().map(Timestamp::from_millis);
        }
        let quoted = line.strip_prefix("request_time: ")?.trim();
        Timestamp::parse_rfc3339(quoted.trim_matches('\''))
    })
}

/// Reads a `trace_info.yaml`, v2 (2.14 – 3.1, key `request_id`) or v3. Tags and metadata are in separate files.
///
/// # Errors
/// If it is not a valid trace record.
pub fn trace_info(yaml: &str) -> Result<TraceInfo, String> {
    let record = parse(yaml)?;
    let is_v2 = record.get("request_id").is_some();
    let trace_id = text(&record, if is_v2 { "request_id" } else { "trace_id" }).ok_or("missing trace id")?;
    let experiment_id = if is_v2 {
        text(&record, "experiment_id")
    } else {
        let location = record.get("trace_location").and_then(|location| location.get("mlflow_experiment"));
        location.and_then(|experiment| text(experiment, "experiment_id"))
    };
    let request_time = if is_v2 {
        integer(&record, "timestamp_ms").map(Timestamp::from_millis)
    } else {
        text(&record, "request_time").and_then(|time| Timestamp::parse_rfc3339(&time))
    };
    let inline = record.get("assessments").and_then(Value::as_sequence);
    let state = TraceState::parse(&text(&record, if is_v2 { "status" } else { "state" }).unwrap_or_default());
    let request_time = request_time.ok_or("missing start time")?;
    Ok(TraceInfo {
        client_request_id: text(&record, "client_request_id"),
        execution_duration_ms: integer(&record, if is_v2 { "execution_time_ms" } else { "execution_duration_ms" }),
        request_preview: text(&record, "request_preview"),
        response_preview: text(&record, "response_preview"),
        assessments: inline
            .into_iter()
            .flatten()
            .filter_map(|record| super::assessment::assessment(&json(record)))
            .collect(),
        ..TraceInfo::new(trace_id, experiment_id.unwrap_or_default(), state, request_time)
    })
}

/// Reads an experiment's `meta.yaml`.
///
/// # Errors
/// If it is not a valid experiment.
pub fn experiment(yaml: &str) -> Result<Experiment, String> {
    let record = parse(yaml)?;
    Ok(Experiment {
        experiment_id: text(&record, "experiment_id").ok_or("missing experiment id")?,
        name: text(&record, "name").unwrap_or_default(),
        lifecycle_stage: text(&record, "lifecycle_stage").unwrap_or_else(|| "active".to_owned()),
        workspace: None,
        artifact_location: text(&record, "artifact_location"),
        creation_time: integer(&record, "creation_time").map(Timestamp::from_millis),
        last_update_time: integer(&record, "last_update_time").map(Timestamp::from_millis),
        tags: Labels::default(),
    })
}

/// Reads an assessment file.
///
/// # Errors
/// If it is not a valid assessment.
pub fn assessment(yaml: &str) -> Result<Assessment, String> {
    let record = parse(yaml)?;
    super::assessment::assessment(&json(&record)).ok_or_else(|| "no feedback, expectation or issue".to_owned())
}

/// Parses a record in time linear in its length.
fn parse(yaml: &str) -> Result<Value, String> {
    // libyaml is quadratic in the nesting depth and in the number of directives. MLflow writes neither deep lists nor
    // directives. Lists are not nested deeper than there are opening brackets; closing ones may be part of a string.
    if yaml.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > limits::RECORD_LEVELS {
        check_depth(yaml)?;
    }
    if yaml.split(LINE_BREAKS).filter(|line| line.starts_with('%')).count() > limits::RECORD_DIRECTIVES {
        return Err(format!("more than {} directives (the limit)", limits::RECORD_DIRECTIVES));
    }
    yaml_serde::from_str(yaml).map_err(|error| error.to_string())
}

/// Line breaks (YAML 1.1, section 4.1.4).
const LINE_BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Checks the exact depth with a slower parser, whose time does not depend on the depth.
fn check_depth(yaml: &str) -> Result<(), String> {
    let mut depth = 0;
    for event in Parser::new_from_str(yaml) {
        match event.map_err(|error| error.to_string())?.0 {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth -= 1,
            _ => {}
        }
        if depth > limits::RECORD_LEVELS {
            return Err(format!("nested deeper than {} levels (the limit)", limits::RECORD_LEVELS));
        }
    }
    Ok(())
}

/// A scalar as text. Very old stores wrote ids as numbers.
fn text(record: &Value, key: &str) -> Option<String> {
    match record.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => None,
    }
}

fn integer(record: &Value, key: &str) -> Option<i64> {
    record.get(key)?.as_i64()
}

/// Converts a YAML value to JSON. The parser limits the depth, so recursion is bounded.
fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::of(&()),
        Value::Bool(flag) => Json::of(flag),
        Value::Number(number) => number
            .as_i64()
            .map(|number| Json::of(&number))
            .or_else(|| number.as_u64().map(|number| Json::of(&number)))
            .or_else(|| number.as_f64().filter(|number| number.is_finite()).map(|number| Json::of(&number)))
            .unwrap_or_else(|| Json::string(&number.to_string())),
        Value::String(text) => Json::string(text),
        Value::Sequence(items) => Json::of(&items.iter().map(json).collect::<Vec<_>>()),
        Value::Mapping(members) => {
            let key = |key: &Value| json(key).display();
            Json::object(&members.iter().map(|(name, value)| (key(name), json(value))).collect::<Vec<_>>())
        }
        Value::Tagged(tagged) => json(&tagged.value),
    }
}

#[cfg(test)]
mod tests;
