//! The JSON Schemas in `fixtures/json/`, derived from the serialized types.

use super::check::CheckJson;
use super::conversation::ConversationJson;
use super::diff::{DiffJson, SetsJson};
use super::doctor::DoctorJson;
use super::exception::{ExceptionRow, FailureGroupJson};
use super::experiment::ExperimentRow;
use super::group::Figures;
use super::json::{ExperimentJson, SpanJson, TraceJson};
use super::price::{PriceJson, PriceRow};
use super::session::{SessionDocument, SessionJson, SessionRow};
use super::span::{FoundSpan, SpanRow};
use super::span_detail::SpanDocument;
use super::stats::{Stats, StatsJson};
use super::tool::{ToolJson, ToolRow};
use super::trace::FoundTrace;
use super::tree::ShowJson;
use super::usage::{CallRow, GroupsJson, UsageFigures, UsageJson};
use crate::commands::tests::CommandLine;
use crate::model::TraceInfo;
use crate::output::json::SCHEMA;
use crate::output::{Column, Page, Row};
use jsonschema::Validator;
use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_serialize().into_generator()
}

/// Returns the schema of a document.
fn document<T: JsonSchema>(command: &str) -> Value {
    let mut schema = generator().into_root_schema_for::<T>().to_value();
    schema["title"] = json!(format!("mltrace {command} --json"));
    finished(schema)
}

/// Returns the schema of a list of rows, which ends with a page.
fn list<R: JsonSchema>(command: &str, key: &str, description: &str) -> Value {
    let mut generator = generator();
    let mut schema = whole_list::<R>(&mut generator, command, key, description);
    schema["properties"]["page"] = generator.subschema_for::<Page>().to_value();
    schema["required"] = json!(["schema", key, "page"]);
    with_definitions(schema, generator)
}

/// Returns the schema of experiments, of which none is left out.
fn experiments() -> Value {
    let mut generator = generator();
    let schema = whole_list::<ExperimentJson<'_>>(&mut generator, "experiments", "experiments", "Experiments, by id.");
    with_definitions(schema, generator)
}

fn whole_list<R: JsonSchema>(generator: &mut SchemaGenerator, command: &str, key: &str, description: &str) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("mltrace {command} --json"),
        "description": description,
        "type": "object",
        "properties": {
            "schema": {
                "const": SCHEMA,
                "description": "Version of the format. Later releases add keys; they never change or remove one.",
            },
            key: {"type": "array", "items": generator.subschema_for::<R>(), "description": "The rows."},
        },
        "required": ["schema", key],
    })
}

fn with_definitions(mut schema: Value, mut generator: SchemaGenerator) -> Value {
    schema["$defs"] = Value::Object(generator.take_definitions(true));
    finished(schema)
}

/// The schema of an error, which is written to stderr.
fn error() -> Value {
    let codes: Vec<&str> = crate::error::ErrorCode::PRINTED.iter().map(|code| code.as_str()).collect();
    finished(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An error of any command with --json, on stderr",
        "description": "What went wrong.",
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "description": "The error.",
                "properties": {
                    "code": {"enum": codes, "description": "Kind of error."},
                    "message": {"type": "string", "description": "What went wrong, and why."},
                    "hint": {"type": ["string", "null"], "description": "What to do about it; null if unknown."},
                    "exit": {"type": "integer", "minimum": 1, "maximum": 130, "description": "Exit code."},
                },
                "required": ["code", "message", "hint", "exit"],
            },
        },
        "required": ["error"],
    }))
}

/// Makes keys of a type required that every object of a document has.
fn always(mut schema: Value, definition: &str, keys: &[&str]) -> Value {
    if let Some(required) = schema["$defs"][definition]["required"].as_array_mut() {
        required.extend(keys.iter().map(|key| json!(key)));
    }
    schema
}

/// Closes objects, and removes what says nothing about JSON.
fn finished(mut schema: Value) -> Value {
    tidy(&mut schema);
    if let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        *definitions = std::mem::take(definitions).into_iter().map(|(name, it)| (definition(&name), it)).collect();
    }
    schema
}

/// Returns the name of a definition: `TraceJson` is a type of this program, `Trace` what it describes.
fn definition(name: &str) -> String {
    name.strip_suffix("Json").unwrap_or(name).to_owned()
}

fn tidy(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("properties").is_some_and(Value::is_object) {
                object.entry("additionalProperties").or_insert(Value::Bool(false));
                remove_null_of_absent(object);
                // The tag of an enum.
                if let Some(Value::Object(tag)) = object["properties"].get_mut("type")
                    && tag.contains_key("const")
                {
                    tag.insert("description".to_owned(), json!("Kind of part."));
                }
            }
            if object.get("type").is_some_and(|kind| kind != "string") {
                object.remove("format");
            }
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                *reference = definition(reference);
            }
            // A doc comment is wrapped.
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(list) => list.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// A key that is absent if there is no value is never null.
fn remove_null_of_absent(object: &mut Map<String, Value>) {
    let required = object.get("required").cloned().unwrap_or_default();
    let is_required = |key: &str| required.as_array().is_some_and(|list| list.iter().any(|name| name == key));
    let Some(Value::Object(properties)) = object.get_mut("properties") else { return };
    for (_, property) in properties.iter_mut().filter(|(key, _)| !is_required(key)) {
        let Some(property) = property.as_object_mut() else { continue };
        if let Some(Value::Array(kinds)) = property.get("type") {
            let kind = kinds.iter().find(|kind| *kind != "null").cloned();
            property.insert("type".to_owned(), kind.unwrap_or_default());
        }
        if let Some(Value::Array(choices)) = property.remove("anyOf") {
            let choice = choices.into_iter().find(|choice| choice["type"] != "null");
            property.extend(choice.unwrap_or_default().as_object().cloned().unwrap_or_default());
        }
    }
}

/// The schemas by file name.
fn schemas() -> Vec<(&'static str, Value)> {
    let whole_span: &[&str] = &["attributes", "events"];
    vec![
        ("experiments", experiments()),
        ("traces", list::<TraceJson<'_>>("traces list", "traces", "Traces, newest first unless sorted otherwise.")),
        ("trace-show", always(document::<ShowJson<'_>>("trace show"), "Span", whole_span)),
        ("trace-diff", document::<DiffJson<'_>>("trace diff")),
        ("trace-diff-sets", document::<SetsJson<'_>>("trace diff --set FLAGS --set FLAGS")),
        ("conversation", document::<ConversationJson<'_>>("trace show --conversation")),
        ("span", always(document::<SpanDocument<'_>>("trace show --span"), "Span", whole_span)),
        ("usage", document::<UsageJson<'_>>("usage TRACE")),
        ("usage-groups", document::<GroupsJson<'_>>("usage")),
        ("stats", document::<StatsJson>("stats")),
        ("tools", list::<ToolJson<'_>>("tools", "tools", "Tools, most calls first.")),
        ("prices", list::<PriceJson<'_>>("prices", "prices", "Prices of models; usable with --prices.")),
        ("spans", list::<SpanJson<'_>>("spans", "spans", "Spans in tree order, those of the newest trace first.")),
        (
            "exceptions",
            list::<FailureGroupJson<'_>>(
                "exceptions",
                "exceptions",
                "Similar failures together, most frequent first; with --all, each failure, newest trace first.",
            ),
        ),
        ("sessions", list::<SessionJson<'_>>("sessions", "sessions", "Sessions, the one with the newest trace first.")),
        ("session", document::<SessionDocument<'_>>("session show")),
        ("check", document::<CheckJson<'_>>("check")),
        ("doctor", document::<DoctorJson<'_>>("doctor")),
        ("error", error()),
    ]
}

/// Compares the schemas with the files. `MLTRACE_WRITE_SCHEMAS=1 cargo test schemas` writes them.
#[test]
fn schemas_are_those_of_the_types() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/json");
    for (name, schema) in schemas() {
        let path = folder.join(format!("{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("MLTRACE_WRITE_SCHEMAS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == text, "{} is out of date; MLTRACE_WRITE_SCHEMAS=1 cargo test schemas", path.display());
    }
}

/// Whether a path, such as `token_usage.total_tokens`, leads to a value of this schema.
fn has_value(root: &Value, schema: &Value, path: &str) -> bool {
    if let Some(Value::String(reference)) = schema.get("$ref") {
        return has_value(root, &root["$defs"][reference.trim_start_matches("#/$defs/")], path);
    }
    if let Some(Value::Array(choices)) = schema.get("anyOf") {
        return choices.iter().any(|choice| has_value(root, choice, path));
    }
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    schema["properties"].get(key).is_some_and(|value| rest.is_none_or(|rest| has_value(root, value, rest)))
}

#[track_caller]
fn assert_columns_are_values<R>(columns: &[Column<R>], file: &str, definition: &str) {
    let (_, root) = schemas().into_iter().find(|(name, _)| *name == file).unwrap();
    let row = &root["$defs"][definition];
    assert!(row.is_object(), "no {definition}");
    let keys: Vec<&str> = columns.iter().filter_map(|column| column.key).collect();
    assert!(!keys.is_empty());
    for key in keys {
        assert!(has_value(&root, row, key), "{definition} has no {key}");
    }
}

#[test]
fn columns_are_values_of_the_json() {
    assert_columns_are_values(ExperimentRow::COLUMNS, "experiments", "Experiment");
    assert_columns_are_values(TraceInfo::COLUMNS, "traces", "Trace");
    assert_columns_are_values(FoundTrace::COLUMNS, "traces", "Trace");
    assert_columns_are_values(SpanRow::COLUMNS, "spans", "Span");
    assert_columns_are_values(FoundSpan::COLUMNS, "spans", "Span");
    assert_columns_are_values(ToolRow::COLUMNS, "tools", "Tool");
    assert_columns_are_values(PriceRow::COLUMNS, "prices", "Price");
    assert_columns_are_values(ExceptionRow::COLUMNS, "exceptions", "FailureGroup");
    assert_columns_are_values(SessionRow::COLUMNS, "sessions", "Session");
    assert_columns_are_values(CallRow::COLUMNS, "usage", "CallRow");
    assert_columns_are_values(UsageFigures::COLUMNS, "usage-groups", "UsageFigures");
    assert_columns_are_values(Stats::COLUMNS, "stats", "Stats");
}

/// The validator of the schema in a file.
fn validator(file: &str) -> Validator {
    let (_, schema) = schemas().into_iter().find(|(name, _)| *name == file).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn full_spans_require_attributes_and_events() {
    let document = CommandLine::demo("spans -n 1").json();
    let whole = json!({"schema": "mltrace/1", "span": document["spans"][0]});
    assert!(!validator("span").is_valid(&whole));
    let document = CommandLine::demo("spans -n 1 --full").json();
    assert_valid(&validator("span"), &json!({"schema": "mltrace/1", "span": document["spans"][0]}), "whole");
}

/// Collects the JSON pointers of all objects in a document.
fn objects(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(path.to_owned());
            for (key, value) in members {
                objects(value, &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                objects(value, &format!("{path}/{at}"), found);
            }
        }
        _ => {}
    }
}

/// Whether a pointer leads into stored data with arbitrary keys.
fn is_stored(path: &str) -> bool {
    ["/tags", "/metadata", "/attributes", "/inputs", "/outputs", "/parameters", "/arguments", "/value"]
        .iter()
        .any(|part| path.contains(part))
}

#[test]
fn added_and_missing_keys_violate_the_schema() {
    for (words, name) in [
        ("experiments", "experiments"),
        ("traces list", "traces"),
        ("trace show @error", "trace-show"),
        ("trace show @last --name answer", "trace-show"),
        ("trace show @error --span get_weather", "span"),
        ("trace show --conversation", "conversation"),
        ("trace diff @error @last --name run_tool_agent", "trace-diff"),
        ("trace diff --set --status=ok --set --status=error", "trace-diff-sets"),
        ("usage @last", "usage"),
        ("usage", "usage-groups"),
        ("usage --by name -n 1", "usage-groups"),
        ("stats --by name -n 1 --deep", "stats"),
        ("tools", "tools"),
        ("prices gemini-2.5-pro", "prices"),
        ("spans --full -n 4", "spans"),
        ("exceptions", "exceptions"),
        ("sessions", "sessions"),
        ("session show chat-42", "session"),
        ("check --max-tokens 100 --min-feedback correct=1", "check"),
        ("doctor", "doctor"),
    ] {
        let validator = validator(name);
        let document = CommandLine::demo(words).json();
        assert_valid(&validator, &document, words);
        let mut paths = Vec::new();
        objects(&document, "", &mut paths);
        paths.retain(|path| !is_stored(path));
        assert!(!paths.is_empty());
        for path in paths {
            let mut more = document.clone();
            // Token usage may have additional counts, but only numbers.
            more.pointer_mut(&path).unwrap()["surprise"] = json!("!");
            assert!(!validator.is_valid(&more), "{words}: additional key in `{path}` is accepted");
            let keys: Vec<String> = document.pointer(&path).unwrap().as_object().unwrap().keys().cloned().collect();
            for key in keys {
                // Optional: present only with `--full`.
                if name == "spans" && (key == "attributes" || key == "events") && !path.contains("events") {
                    continue;
                }
                let mut less = document.clone();
                less.pointer_mut(&path).unwrap().as_object_mut().unwrap().remove(&key);
                assert!(!validator.is_valid(&less), "{words}: missing `{key}` in `{path}` is accepted");
            }
        }
    }
}

#[test]
fn properties_are_described_and_objects_are_closed() {
    for (name, schema) in schemas() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::meta::validate(&schema).unwrap();
        check_described(&schema, name);
    }
}

fn check_described(schema: &Value, path: &str) {
    if let Some(properties) = schema["properties"].as_object() {
        assert!(!schema["additionalProperties"].is_null(), "{path}: missing `additionalProperties`");
        for (key, property) in properties {
            let described = property["description"].is_string() || property["$ref"].is_string();
            assert!(described, "{path}/{key} has no description");
            // Descriptions must have the unit.
            if key.ends_with("_ms") || key.ends_with("_ns") || key.ends_with("_cost") {
                let text = property["description"].as_str().unwrap();
                assert!(
                    ["milliseconds", "nanoseconds", "US dollars"].iter().any(|unit| text.contains(unit)),
                    "{path}/{key}: {text}"
                );
            }
        }
    }
    match schema {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| check_described(value, &format!("{path}/{key}")));
        }
        Value::Array(list) => list.iter().for_each(|value| check_described(value, path)),
        _ => {}
    }
}

#[track_caller]
fn assert_valid(validator: &Validator, document: &Value, what: &str) {
    let errors: Vec<String> = validator
        .iter_errors(document)
        .take(5)
        .map(|error| format!("{}: {error:.300}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {}", errors.join("\n"));
}
