use crate::commands::tests::{CommandLine, items, strings};
use serde_json::{Value, json};

#[test]
fn unknown_traces_are_errors() {
    insta::assert_snapshot!(CommandLine::demo("trace show nope").run(), @"
    --- stderr
    error: no trace `nope` in `demo:`
      hint: `mltrace -u demo: traces list` lists the newest
    --- exit 3
    ");
    insta::assert_snapshot!(CommandLine::demo("usage nope --json").run(), @r#"
    --- stderr
    {"error":{"code":"not_found","exit":3,"hint":"`mltrace -u demo: traces list` lists the newest","message":"no trace `nope` in `demo:`"}}
    --- exit 3
    "#);
}

#[test]
fn ambiguous_prefixes_list_candidates() {
    insta::assert_snapshot!(CommandLine::demo("trace show tr-").run(), @"
    --- stderr
    error: ambiguous trace id prefix `tr-`
      caused by: it matches tr-0243d5ac5249ff1085293320923245b7, tr-0497bd29b92aef7368dc978fae513b46, tr-13567dee770d67ed749e68f074c9fb8c, tr-419f926a13917b155df4228221e2858b, tr-58b722a7b2de40a02f6b67417e6ca4f1, tr-67cd0414cca2ee933b50c25a4bde0454, tr-6bb384c404cf0fc5691f891499bbb2db, tr-9fdfabf46554a8a254d72d287b0047f6, tr-a06f6f6fd078ef9985de4b4770297abc, tr-ac61cd19b5a1f20408bc93f48b3b475e and more
      hint: use more characters of the id
    --- exit 3
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show tr- --json").run(), @r#"
    --- stderr
    {"error":{"code":"ambiguous","exit":3,"hint":"use more characters of the id","message":"ambiguous trace id prefix `tr-`: it matches tr-0243d5ac5249ff1085293320923245b7, tr-0497bd29b92aef7368dc978fae513b46, tr-13567dee770d67ed749e68f074c9fb8c, tr-419f926a13917b155df4228221e2858b, tr-58b722a7b2de40a02f6b67417e6ca4f1, tr-67cd0414cca2ee933b50c25a4bde0454, tr-6bb384c404cf0fc5691f891499bbb2db, tr-9fdfabf46554a8a254d72d287b0047f6, tr-a06f6f6fd078ef9985de4b4770297abc, tr-ac61cd19b5a1f20408bc93f48b3b475e and more"}}
    --- exit 3
    "#);
}

#[test]
fn unknown_and_ambiguous_spans_get_suggestions() {
    insta::assert_snapshot!(CommandLine::demo("trace show @error --span get_wether").run(), @"
    --- stderr
    error: no span `get_wether`
      hint: did you mean `get_weather`?
      hint: `mltrace -u demo: trace show tr-419f926a13917b155df4228221e2858b -o ids` lists the spans
    --- exit 3
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show @last --span Completions").run(), @"
    --- stderr
    error: `Completions` matches 2 spans
      caused by: they are 9bd57e959a1e337e Completions, 9ee2df28f08b8564 Completions
      hint: use the id of a span
    --- exit 3
    ");
}

#[test]
fn unknown_agents_are_errors_that_list_known_agents() {
    insta::assert_snapshot!(CommandLine::demo("trace show @slow --agent calculator").run(), @"
    --- stderr
    error: no agent `calculator` in trace `tr-f12713f2f4bd3c00c1cd617ccce089b2`
      hint: agents in this trace: Assistant, Tool Agent
      hint: `mltrace -u demo: trace show tr-f12713f2f4bd3c00c1cd617ccce089b2` shows the whole tree
    --- exit 3
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show @last --status in_progress --agent a").run(), @"
    --- stderr
    error: no agent `a` in trace `tr-58b722a7b2de40a02f6b67417e6ca4f1`
      caused by: the trace has no named agents
      hint: `mltrace -u demo: trace show tr-58b722a7b2de40a02f6b67417e6ca4f1` shows the whole tree
    --- exit 3
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show @slow --agent assistant --type TOOL").run(), @"
    initiate_chat  OK  3.07 s  1,798 tokens (1,569 in · 229 out)  $0.00037  tr-f12713f2  2026-11-20 17:51:02 UTC
    experiment AG2 · model gpt-4o-mini

    --- stderr
    note: assistant has no span of type TOOL
    ");
}

#[test]
fn span_types_select_traces_by_place() {
    let show = CommandLine::demo("trace show @last --type TOOL --json").run();
    let types =
        show.json()["spans"].as_array().unwrap().iter().map(|span| span["span_type"].clone()).collect::<Vec<_>>();
    assert!(!types.is_empty() && types.iter().all(|name| name == "TOOL"), "{types:?}");
    insta::assert_snapshot!(CommandLine::demo("usage @last --type RETRIEVER").run(), @"
    --- stderr
    error: no trace matches `@last` and the filters in `demo:`
      hint: `mltrace -u demo: traces list` lists the newest
    --- exit 3
    ");
}

#[test]
fn agents_are_selected_by_name_and_pattern() {
    let names = |agents: &[&str]| {
        let cli = agents.iter().fold(CommandLine::demo("trace show @slow"), |cli, agent| cli.arg("--agent").arg(agent));
        let document = cli.json();
        strings(items(&document, "spans"), "name").join(" ")
    };
    let all = "Tool Agent calculator calculator Tool Agent calculator calculator Tool Agent calculator Tool Agent \
               calculator Tool Agent calculator";
    assert_eq!(names(&["Tool Agent"]), all);
    assert_eq!(names(&["TOOL AGENT"]), all);
    assert_eq!(names(&["tool*"]), all);
    let unfiltered = CommandLine::demo("trace show @slow").json();
    let without_root = items(&unfiltered, "spans").len() - 1;
    assert_eq!(names(&["Tool Agent", "ass*"]).matches("calculator").count(), 7);
    assert_eq!(items(&CommandLine::demo("trace show @slow --agent *").json(), "spans").len(), without_root);
}

#[test]
fn unmatched_shorthands_are_quoted() {
    for (word, exit) in [("@last~100", 3), ("@error~7", 3), ("@last~x", 2), ("@latest", 2), ("@", 2)] {
        let output = CommandLine::demo("trace show").arg(word).run();
        assert_eq!(output.exit, exit, "{word}\n{output}");
        assert!(output.stderr.contains(&format!("`{word}`")), "{word}\n{output}");
    }
}

#[test]
fn suggestions_are_not_repeated() {
    let output = CommandLine::demo("trace show @last --span Completion").run();
    assert_eq!(output.exit, 3);
    let hint = output.stderr.lines().find(|line| line.contains("did you mean")).unwrap_or_else(|| panic!("{output}"));
    assert_eq!(hint.matches("`Completions`").count(), 1, "{output}");
}

/// The ids of the newest traces of the sample.
fn ids(count: usize) -> Vec<String> {
    CommandLine::demo("traces list -o ids")
        .arg(format!("-n{count}"))
        .ok()
        .lines()
        .iter()
        .map(|id| (*id).to_owned())
        .collect()
}

#[test]
fn several_traces_are_shown_in_order() {
    let ids = ids(3);
    for words in ["trace show", "trace show --io", "trace show --conversation", "usage"] {
        let alone = |id: &String| CommandLine::demo(words).arg(id).ok();
        let output = ids.iter().fold(CommandLine::demo(words), CommandLine::arg).ok();
        let texts: Vec<String> = ids.iter().map(|id| alone(id).stdout).collect();
        assert_eq!(output.stdout, texts.join("\n"), "{words}");
        let notes: String = ids.iter().map(|id| alone(id).stderr).collect();
        assert_eq!(output.stderr, notes, "{words}");
        for form in ["json", "jsonl", "ids"] {
            let alone: String =
                ids.iter().map(|id| CommandLine::demo(words).arg(id).arg("-o").arg(form).ok().stdout).collect();
            let output = ids.iter().fold(CommandLine::demo(words), CommandLine::arg).arg("-o").arg(form).ok();
            assert_eq!(output.stdout, alone, "{words} {form}");
        }
        let csv = ids.iter().fold(CommandLine::demo(words), CommandLine::arg).words("-o csv").ok();
        let titles = csv.stdout.lines().next().unwrap();
        assert_eq!(csv.stdout.lines().filter(|line| *line == titles).count(), 1, "{words}");
    }
    let lines = ids.iter().fold(CommandLine::demo("trace show --json"), CommandLine::arg).ok().stdout;
    let again = CommandLine::document(lines.as_bytes(), "traces list -o ids").run();
    assert_eq!(again.lines(), ids);
}

#[test]
fn ids_are_read_from_standard_input() {
    let ids = ids(3);
    for words in ["trace show --json", "usage"] {
        let expected = ids.iter().fold(CommandLine::demo(words), CommandLine::arg).ok().to_string();
        let lines = format!("\n{}\n\n  {}\r\n{}", ids[0], ids[1], ids[2]);
        assert_eq!(CommandLine::demo(words).arg("-").stdin(lines.as_bytes()).run().to_string(), expected, "{words}");
        let mixed = CommandLine::demo(words).arg(&ids[0]).arg("-").stdin(ids[1..].join("\n").as_bytes()).run();
        assert_eq!(mixed.to_string(), expected, "{words}");
        for nothing in ["", "\n \n"] {
            let output = CommandLine::demo(words).arg("-").stdin(nothing.as_bytes()).run();
            assert_eq!(output.to_string(), "--- stderr\nnote: no trace ids on standard input\n", "{words}");
        }
    }
    insta::assert_snapshot!(CommandLine::document(b"x", "usage -").run(), @"
    --- stderr
    error: standard input cannot be both the trace store and the list of ids
      hint: read the traces from a file: `-u FILE`
    --- exit 2
    ");
}

#[test]
fn traces_that_are_found_are_shown_despite_errors() {
    let [first, second] = [&ids(2)[0], &ids(2)[1]];
    let show = |form: &str| CommandLine::demo("trace show -o").arg(form).arg(first).words("nope tr-").arg(second).run();
    let output = show("json");
    assert_eq!((output.exit, output.lines().len()), (3, 2), "{output}");
    let errors: Vec<Value> = output.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes: Vec<&str> = errors.iter().map(|error| error["error"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["ambiguous", "not_found"]);
    let text = show("table");
    let both = [first, second].map(|id| CommandLine::demo("trace show").arg(id).ok().stdout).join("\n");
    assert_eq!((text.exit, text.stdout), (3, both));
    assert!(text.stderr.contains("error: no trace `nope`") && text.stderr.contains("ambiguous trace id prefix `tr-`"));
    // A usage error stops the command.
    let wrong = CommandLine::demo("trace show @nonsense").arg(first).run();
    assert_eq!((wrong.exit, wrong.stdout.as_str()), (2, ""), "{wrong}");
}

#[test]
fn filters_apply_to_shorthands() {
    let document = CommandLine::demo("trace show @last -x AutoGen").json();
    assert_eq!(document["info"]["experiment_name"], "AutoGen");
    let document = CommandLine::demo("trace show @slow --name chat").json();
    assert_eq!(document["info"]["name"], "chat");
    let document = CommandLine::demo("usage @last --session chat-42").json();
    assert_eq!(document["name"], "chat");
}

#[test]
fn spans_are_selected_by_id_prefix_or_unique_name() {
    let document = CommandLine::demo("trace show @error").json();
    let spans = items(&document, "spans");
    let tool = spans.iter().find(|span| span["name"] == "get_weather").unwrap();
    let id = tool["span_id"].as_str().unwrap();
    for name in ["get_weather", id, &id[..12], &id.to_uppercase()] {
        let document = CommandLine::demo("trace show @error --span").arg(name).json();
        assert_eq!(document["span"]["span_id"], id, "{name}");
        assert_eq!(document["span"], *tool, "{name}");
    }
    assert_eq!(strings(spans, "span_id"), CommandLine::demo("trace show @error -o ids").ok().lines());
}

#[test]
fn shortened_ids_are_unique() {
    let ids = ["5f00000000000000", "5f00000012000000", "5f00000012300000", "9a00000000000000"];
    let ids = ids.map(|head| format!("tr-{head}{}", "7".repeat(16)));
    let span = |id: &str| {
        json!({
            "trace_id": id, "span_id": "00000000000000a1", "name": "run", "start_time_unix_nano": 1, "end_time_unix_nano": 2,
            "status": {"code": "STATUS_CODE_ERROR"}, "attributes": {"mlflow.spanType": "\"TOOL\""},
            "events": [{"name": "exception", "time_unix_nano": 2, "attributes": {"exception.type": "E", "exception.message": id}}],
        })
    };
    let trace = |id: &String| {
        let metadata = json!({"mlflow.trace_schema.version": "3", "mlflow.trace.session": "s"});
        let location = json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}});
        let info = json!({"trace_id": id, "trace_location": location, "request_time": "2026-11-20T17:50:49.894Z",
            "state": "ERROR", "trace_metadata": metadata});
        json!({"info": info, "data": {"spans": [span(id)]}}).to_string()
    };
    let document = ids.each_ref().map(trace).join("\n");
    let cli = |words: &str| CommandLine::document(&document, words);
    let expected = ["tr-5f0000000", "tr-5f000000120", "tr-5f000000123", "tr-9a000000"];
    for words in [
        "traces list",
        "spans",
        "exceptions --all",
        "session show s",
        "session show s --conversation",
        "traces list --grep tr-",
    ] {
        let output = cli(words).ok();
        let mut shown: Vec<&str> = output.stdout.split_whitespace().filter(|word| word.starts_with("tr-")).collect();
        shown.retain(|word| word.len() < 30);
        shown.sort_unstable();
        shown.dedup();
        assert_eq!(shown, expected, "{words}\n{output}");
    }
    for (short, id) in expected.iter().zip(&ids) {
        assert_eq!(cli("trace show").arg(short).json()["info"]["trace_id"], id.as_str());
    }
}
