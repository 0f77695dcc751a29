//! Selecting traces and spans by id, prefix, name and shorthand such as `@last`.

use crate::harness::{Fixture, trace_named};
use serde_json::Value;

/// The id of the trace that an argument selects.
fn select_trace(fixture: &Fixture, name: &str) -> String {
    let document = fixture.cli("trace show").arg(name).json();
    document["info"]["trace_id"].as_str().unwrap().to_owned()
}

fn list(fixture: &Fixture, flags: &str) -> Vec<String> {
    let output = fixture.cli(&format!("traces list --all -o ids {flags}")).ok();
    output.lines().into_iter().map(str::to_owned).collect()
}

const STORES: [&str; 4] = ["2.22.5-sqlite", "2.22.5-file", "3.18.0-sqlite", "3.18.0-file"];

#[test]
fn shorthands_select_the_newest_matching_traces() {
    for name in STORES {
        let fixture = Fixture::named(name);
        let ids = list(&fixture, "");
        assert!(ids.len() > 5);
        assert_eq!(select_trace(&fixture, "@last"), ids[0], "{name}");
        assert_eq!(select_trace(&fixture, "@last~0"), ids[0], "{name}");
        assert_eq!(select_trace(&fixture, "@last~1"), ids[1], "{name}");
        assert_eq!(select_trace(&fixture, "@last~3"), ids[3], "{name}");
        assert_eq!(select_trace(&fixture, "@error"), list(&fixture, "--status error")[0], "{name}");
        assert_eq!(select_trace(&fixture, "@slow"), list(&fixture, "--sort -duration")[0], "{name}");
        assert_eq!(select_trace(&fixture, "@slow~1"), list(&fixture, "--sort -duration")[1], "{name}");
        let output = fixture.cli("trace show").arg(format!("@last~{}", ids.len())).run();
        assert_eq!(output.exit, Some(3), "{name}\n{output}");
    }
}

#[test]
fn shorthands_exclude_deleted_experiments_by_default() {
    for name in STORES {
        let fixture = Fixture::named(name);
        let output = fixture.cli("trace show @last --name abandoned").run();
        assert_eq!(output.exit, Some(3), "{name}\n{output}");
        let document = fixture.cli("trace show @last --name abandoned --deleted").json();
        assert_eq!(document["info"]["name"], "abandoned", "{name}");
    }
}

#[test]
fn ids_and_prefixes_ignore_case_and_the_tr_prefix() {
    for name in STORES {
        let fixture = Fixture::named(name);
        let traces = fixture.cli("traces list --all --deleted").json();
        let id = trace_named(&traces, "run_tool_agent", "OK");
        let bare = id.strip_prefix("tr-").unwrap_or(&id);
        for spelling in [
            id.clone(),
            bare.to_owned(),
            format!("tr-{bare}"),
            bare.to_uppercase(),
            format!("tr-{}", &bare[..10]),
            bare[..10].to_owned(),
            bare[..10].to_uppercase(),
            format!("TR-{}", &bare[..10]),
        ] {
            assert_eq!(select_trace(&fixture, &spelling), id, "{name} {spelling}");
        }
        // Traces of deleted experiments are found by id too.
        let deleted = trace_named(&traces, "abandoned", "OK");
        let short = &deleted[..deleted.len() - 8];
        assert_eq!(select_trace(&fixture, short), deleted, "{name}");
    }
}

#[test]
fn opentelemetry_ids_select_traces() {
    let fixture = Fixture::named("3.6.0-http-sqlite");
    let document = fixture.cli("trace show @last -x OTLP").json();
    let id = document["info"]["trace_id"].as_str().unwrap();
    assert!(document["info"]["name"].is_null());
    assert_eq!(select_trace(&fixture, id.strip_prefix("tr-").unwrap()), id);
}

#[test]
fn ambiguous_prefixes_list_candidates() {
    for name in ["3.18.0-sqlite", "3.18.0-file"] {
        let fixture = Fixture::named(name);
        let mut ids = list(&fixture, "--deleted");
        ids.sort();
        let output = fixture.cli("trace show tr- --json").run();
        assert_eq!(output.exit, Some(3), "{output}");
        let error = output.error();
        assert_eq!((&error["code"], &error["exit"]), (&Value::from("ambiguous"), &Value::from(3)));
        let expected = format!("ambiguous trace id prefix `tr-`: it matches {} and more", ids[..10].join(", "));
        assert_eq!(error["message"], expected, "{name}");
    }
}

#[test]
fn sql_patterns_and_paths_match_no_trace() {
    for name in STORES {
        for wrong in [
            "%",
            "_",
            "tr-%",
            "*",
            "../..",
            "..",
            ".",
            "/",
            "'",
            "\"",
            "tr-'--",
            "\u{0}x".trim_matches('\0'),
            "ä",
            "zzz",
        ] {
            let output = Fixture::named(name).cli("trace show").arg(wrong).run();
            assert_eq!(output.exit, Some(3), "{name} {wrong}\n{output}");
        }
        let output = Fixture::named(name).cli("trace show").arg("").run();
        assert_eq!(output.exit, Some(2), "{name}\n{output}");
    }
}
