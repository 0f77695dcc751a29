use crate::commands::tests::CommandLine;
use serde_json::Value;

#[test]
fn failures_are_written_as_json() {
    insta::assert_snapshot!(pretty(&CommandLine::demo("exceptions --grep Atlantis").json()), @r#"
    {
      "exceptions": [
        {
          "cause": null,
          "count": 1,
          "example": {
            "experiment_id": "5",
            "span_id": "9b94309c8c7d396e",
            "span_name": "get_weather",
            "span_type": "TOOL",
            "time": "2026-11-20T17:51:17.897163008Z",
            "trace_id": "tr-419f926a13917b155df4228221e2858b",
            "trace_name": "run_tool_agent"
          },
          "exception": {
            "message": "No weather station in Atlantis",
            "stacktrace": "Traceback (most recent call last):\n  File \"/srv/mltrace/venvs/3.18.0/lib/python3.11/site-packages/mlflow/tracing/provider.py\", line 311, in with_active_span\n    yield\n  File \"/srv/mltrace/venvs/3.18.0/lib/python3.11/site-packages/mlflow/tracing/fluent.py\", line 696, in start_span\n    yield mlflow_span\n  File \"/srv/mltrace/venvs/3.18.0/lib/python3.11/site-packages/mlflow/tracing/fluent.py\", line 336, in _wrapping_logic\n    result = yield  # sync/async function output to be sent here\n             ^^^^^\n  File \"/srv/mltrace/venvs/3.18.0/lib/python3.11/site-packages/mlflow/tracing/fluent.py\", line 384, in wrapper\n    return wrapping_coro.send(fn(*args, **kwargs))\n                              ^^^^^^^^^^^^^^^^^^^\n  File \"/srv/mltrace/programs/openai_agent.py\", line 67, in get_weather\n    raise ValueError(f\"No weather station in {city}\")\nValueError: No weather station in Atlantis",
            "type": "ValueError"
          },
          "fingerprint": "f141553b",
          "first_time": "2026-11-20T17:51:17.897163008Z",
          "handled_failure": null,
          "kind": "raised",
          "last_time": "2026-11-20T17:51:17.897163008Z",
          "message": "No weather station in Atlantis",
          "origin": {
            "file": "/srv/mltrace/programs/openai_agent.py",
            "function": "get_weather",
            "line": 67
          },
          "pattern": "No weather station in Atlantis",
          "traces": 1,
          "type": "ValueError"
        }
      ],
      "page": {
        "complete": true,
        "matched": 1,
        "returned": 1
      },
      "schema": "mltrace/1"
    }
    "#);
    insta::assert_snapshot!(CommandLine::demo("exceptions -o csv -n 1").ok(), @"
    fingerprint,kind,type,message,origin.file,origin.line,origin.function,cause.type,cause.message,count,traces,first_time,last_time,example.trace_id,example.span_id,example.span_name
    f141553b,raised,ValueError,No weather station in Atlantis,/srv/mltrace/programs/openai_agent.py,67,get_weather,,,1,1,2026-11-20T17:51:17.897163008Z,2026-11-20T17:51:17.897163008Z,tr-419f926a13917b155df4228221e2858b,9b94309c8c7d396e,get_weather
    --- stderr
    note: showing 1 of 2 failures (use -n or --all)
    ");
    let ids = CommandLine::demo("exceptions -o ids").ok();
    let lines = CommandLine::demo("exceptions -o jsonl").ok();
    let of_line = |line: &&str| serde_json::from_str::<Value>(line).unwrap()["example"]["trace_id"].clone();
    assert_eq!(lines.lines().iter().map(of_line).collect::<Vec<_>>(), ids.lines());
}

fn pretty(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap()
}
