//! Diffs of two traces and of two selections.

use crate::commands::tests::{CommandLine, CommandOutput, items, strings};
use serde_json::{Value, json};

/// A trace under construction, whose spans run one after another.
#[derive(Debug)]
struct OtlpTrace {
    trace_id: String,
    spans: Vec<Value>,
}

impl OtlpTrace {
    /// An empty trace whose ids contain a number.
    fn new(number: u64) -> Self {
        Self { trace_id: trace_id(number), spans: Vec::new() }
    }

    fn span_id(&self, at: usize) -> String {
        format!("{}{at:04x}", &self.trace_id[20..])
    }

    /// Adds a span and returns its index.
    fn add(&mut self, parent: Option<usize>, kind: &str, name: &str, inputs: &Value, outputs: &Value) -> usize {
        let at = self.spans.len();
        let attribute = |key: &str, value: &Value| json!({"key": key, "value": {"stringValue": value.to_string()}});
        let mut attributes = vec![attribute("mlflow.spanType", &json!(kind)), attribute("mlflow.spanInputs", inputs)];
        if !outputs.is_null() {
            attributes.push(attribute("mlflow.spanOutputs", outputs));
        }
        self.spans.push(json!({
            "traceId": self.trace_id,
            "spanId": self.span_id(at),
            "parentSpanId": parent.map(|parent| self.span_id(parent)).unwrap_or_default(),
            "name": name,
            "startTimeUnixNano": (1_795_000_000_000_000_000 + at as u64 * 10_000_000).to_string(),
            "endTimeUnixNano": (1_795_000_000_000_000_000 + at as u64 * 10_000_000 + 5_000_000).to_string(),
            "attributes": attributes,
            "status": {"code": 1},
        }));
        at
    }

    /// Marks a span as failed.
    fn fail(&mut self, at: usize, kind: &str, message: &str) {
        let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        self.spans[at]["status"] = json!({"code": 2, "message": format!("{kind}: {message}")});
        let attributes = [attribute("exception.type", kind), attribute("exception.message", message)];
        self.spans[at]["events"] =
            json!([{"name": "exception", "timeUnixNano": "1795000000000000000", "attributes": attributes}]);
    }

    fn document(&self) -> String {
        json!({"resourceSpans": [{"scopeSpans": [{"spans": self.spans}]}]}).to_string()
    }
}

/// An id with a number at its start (which tables show) and its end.
fn trace_id(number: u64) -> String {
    format!("{number:08x}{number:024x}")
}

/// A document with two traces.
fn store(a: &OtlpTrace, b: &OtlpTrace) -> String {
    [a.document(), b.document()].join("\n")
}

/// A diff of the traces 1 and 2.
fn diff(document: &str, words: &str) -> CommandLine {
    CommandLine::document(document, "trace diff").arg(trace_id(1)).arg(trace_id(2)).words(words)
}

fn call(id: &str, tool: &str, arguments: &Value) -> Value {
    json!({"id": id, "type": "function", "function": {"name": tool, "arguments": arguments.to_string()}})
}

fn response(number: u64, message: &Value) -> Value {
    json!({
        "id": format!("chatcmpl-{number:024x}"),
        "created": 1_795_000_000 + number,
        "system_fingerprint": format!("fp_{number}"),
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 40 + number, "completion_tokens": 9, "total_tokens": 49 + number},
    })
}

/// Differences between runs of the same agent.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    tone: &'static str,
    asks_for_time: bool,
    fails: bool,
}

/// A run of an agent: model call, tool calls, model call with the results, and a final model call.
fn run(number: u64, scenario: Scenario) -> OtlpTrace {
    let mut trace = OtlpTrace::new(number);
    let question = "What is the weather like in Paris?";
    let system = format!(
        "You are a helpful assistant that knows about the weather. Be {}, and never make anything up.",
        scenario.tone
    );
    let mut messages = vec![json!({"role": "system", "content": system}), json!({"role": "user", "content": question})];
    let root = trace.add(None, "AGENT", "run_agent", &json!({"question": question}), &json!("It is fine."));
    let ask = |trace: &mut OtlpTrace, messages: &[Value], reply: &Value| {
        let inputs = json!({"model": "gpt-4o-mini", "temperature": 0, "messages": messages});
        trace.add(Some(root), "CHAT_MODEL", "Completions", &inputs, &response(number, reply));
    };
    let (weather, time) = (format!("call_w{number:08}"), format!("call_t{number:08}"));
    let city = json!({"city": "Paris"});
    let mut calls = vec![call(&weather, "get_weather", &city)];
    if scenario.asks_for_time {
        calls.insert(0, call(&time, "get_time", &city));
    }
    let reply = json!({"role": "assistant", "content": null, "tool_calls": calls});
    ask(&mut trace, &messages, &reply);
    messages.push(reply);
    if scenario.asks_for_time {
        trace.add(Some(root), "TOOL", "get_time", &city, &json!("12:30"));
        messages.push(json!({"role": "tool", "tool_call_id": time, "content": "12:30"}));
    }
    let fine = json!({"city": "Paris", "temperature": 21});
    let at =
        trace.add(Some(root), "TOOL", "get_weather", &city, &if scenario.fails { json!(null) } else { fine.clone() });
    let result = if scenario.fails {
        trace.fail(at, "ValueError", "No weather station in Paris");
        "Error: No weather station in Paris".to_owned()
    } else {
        fine.to_string()
    };
    messages.push(json!({"role": "tool", "tool_call_id": weather, "content": result}));
    let reply = json!({"role": "assistant", "content": "It is fine."});
    ask(&mut trace, &messages, &reply);
    messages.extend([reply, json!({"role": "user", "content": "Thanks. Anything else?"})]);
    ask(&mut trace, &messages, &json!({"role": "assistant", "content": "No."}));
    trace
}

const PLAIN: Scenario = Scenario { tone: "polite", asks_for_time: false, fails: false };
const ALL: Scenario = Scenario { tone: "brief", asks_for_time: true, fails: true };

#[test]
fn only_the_actual_differences_are_shown() {
    let traces = store(&run(1, PLAIN), &run(2, ALL));
    insta::assert_snapshot!(diff(&traces, "--width 100 --utc --exit-code").run(), @r#"
       name       state          duration  LLM calls       tokens                  cost  trace
    A  run_agent  OK                45 ms          3          150           ~$0.0000347  tr-00000001
    B  run_agent  OK                55 ms          3          153           ~$0.0000351  tr-00000002
    Δ                    +10 ms (+22.2 %)          0  +3 (+2.0 %)  +$0.0000005 (+1.3 %)

    1 span added, 2 spans changed, 3 spans unchanged
    7 differences in ids, times and token counts ignored; --strict shows them

      run_agent       AGENT       5 ms
    ~ ├─ Completions  CHAT_MODEL  5 ms  50 → 51 tokens  gpt-4o-mini
      │     in system  … that knows about the weather. Be [-polite-]{+brief+}, and never make anything
      │                up.  (and in 2 more spans)
    + ├─ get_time     TOOL        5 ms
      │     in   {"city":"Paris"}
      │     out  "12:30"
    ~ ├─ get_weather  TOOL        5 ms
      │     failed  {+ValueError: No weather station in Paris+}
      └─ … 2 spans unchanged
    --- exit 1
    "#);
    insta::assert_snapshot!(diff(&traces, "--width 60 --only-changes --ascii").ok(), @r#"
         name       state          duration       tokens
    A    run_agent  OK                45 ms          150
    B    run_agent  OK                55 ms          153
    B-A                    +10 ms (+22.2 %)  +3 (+2.0 %)

    1 span added, 2 spans changed, 3 spans unchanged
    7 differences in ids, times and token counts ignored;
    --strict shows them

      run_agent       AGENT       5 ms
    ~ |- Completions  CHAT_MODEL  5 ms  50 -> 51 tokens
      |     in system  ... that knows about the weather. Be
      |                [-polite-]{+brief+}, and never make
      |                anything up.  (and in 2 more spans)
    + |- get_time     TOOL        5 ms
      |     in   {"city":"Paris"}
      |     out  "12:30"
    ~ `- get_weather  TOOL        5 ms
            failed  {+ValueError: No weather station in Paris+}
    "#);
    let document = diff(&traces, "").json();
    let changed: Vec<Value> = items(&document, "spans")
        .iter()
        .filter(|span| span["change"] != "same")
        .map(|span| {
            json!([
                span["change"],
                span["path"][1],
                span["changes"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|change| [&change["field"], &change["name"], &change["repeated"]])
                    .collect::<Vec<_>>()
            ])
        })
        .collect();
    assert_eq!(
        Value::from(changed),
        json!([
            ["changed", "Completions", [["input", "system", 2]]],
            ["added", "get_time", []],
            ["changed", "get_weather", [["exception", null, 0]]],
        ])
    );
}

#[test]
fn diffs_are_symmetric() {
    let traces = store(&run(1, ALL), &run(2, PLAIN));
    insta::assert_snapshot!(diff(&traces, "--width 100 --utc --only-changes").ok(), @r#"
       name       state          duration  LLM calls       tokens                  cost  trace
    A  run_agent  OK                55 ms          3          150           ~$0.0000347  tr-00000001
    B  run_agent  OK                45 ms          3          153           ~$0.0000351  tr-00000002
    Δ                    -10 ms (-18.2 %)          0  +3 (+2.0 %)  +$0.0000005 (+1.3 %)

    1 span removed, 2 spans changed, 3 spans unchanged
    7 differences in ids, times and token counts ignored; --strict shows them

      run_agent       AGENT       5 ms
    ~ ├─ Completions  CHAT_MODEL  5 ms  50 → 51 tokens  gpt-4o-mini
      │     in system  … that knows about the weather. Be [-brief-]{+polite+}, and never make anything
      │                up.  (and in 2 more spans)
    - ├─ get_time     TOOL        5 ms
      │     in   {"city":"Paris"}
      │     out  "12:30"
    ~ └─ get_weather  TOOL        5 ms
            failed  [-ValueError: No weather station in Paris-]
    "#);
}

#[test]
fn ignored_differences_are_counted() {
    let traces = store(&run(1, ALL), &run(2, ALL));
    insta::assert_snapshot!(diff(&traces, "--width 100 --utc --exit-code").ok(), @"
       name       state  duration  LLM calls  tool calls       tokens                  cost  trace
    A  run_agent  OK        55 ms          3           2          150           ~$0.0000347  tr-00000001
    B  run_agent  OK        55 ms          3           2          153           ~$0.0000351  tr-00000002
    Δ                        0 ms          0           0  +3 (+2.0 %)  +$0.0000005 (+1.3 %)

    no changes (6 spans)
    7 differences in ids, times and token counts ignored; --strict shows them
    ");
    let document = diff(&traces, "--exit-code").json();
    assert_eq!((&document["identical"], &document["counts"]["same"]), (&json!(false), &json!(6)));
    assert_eq!(document["ignored"], json!({"ids": 4, "times": 1, "usage": 2, "other": 0}));
    assert_eq!(document["delta"]["execution_duration_ms"], 0);
}

#[test]
fn strict_shows_ignored_differences() {
    let traces = store(&run(1, ALL), &run(2, ALL));
    let output = diff(&traces, "--width 100 --utc --only-changes --exit-code --strict").run();
    insta::assert_snapshot!(output, @"
       name       state  duration  LLM calls  tool calls       tokens                  cost  trace
    A  run_agent  OK        55 ms          3           2          150           ~$0.0000347  tr-00000001
    B  run_agent  OK        55 ms          3           2          153           ~$0.0000351  tr-00000002
    Δ                        0 ms          0           0  +3 (+2.0 %)  +$0.0000005 (+1.3 %)

    1 span changed, 5 spans unchanged

      run_agent       AGENT       5 ms
    ~ └─ Completions  CHAT_MODEL  5 ms  50 → 51 tokens  gpt-4o-mini
            out choices[0].message.tool_cal…  call_t00000001 → call_t00000002  (and in 4 more spans)
            out choices[0].message.tool_cal…  call_w00000001 → call_w00000002  (and in 4 more spans)
            out created                       1795000001 → 1795000002  (and in 2 more spans)
            out id                            chatcmpl-000000000000000000000001 →
                                              chatcmpl-000000000000000000000002  (and in 2 more spans)
            out system_fingerprint            fp_1 → fp_2  (and in 2 more spans)
            out usage.prompt_tokens           41 → 42  (and in 2 more spans)
            out usage.total_tokens            50 → 51  (and in 2 more spans)
    --- exit 1
    ");
    let document = diff(&traces, "--strict").json();
    assert_eq!(document["ignored"], json!({"ids": 0, "times": 0, "usage": 0, "other": 0}));
    assert_eq!(document["identical"], false);
}

#[test]
fn dates_and_numbers_in_responses_are_differences() {
    let book = |number: u64, text: &str| {
        let mut trace = OtlpTrace::new(number);
        trace.add(None, "AGENT", "book", &json!({"question": "Book it"}), &json!(format!("booked {text}")));
        trace
    };
    let traces = store(
        &book(1, "2026-12-01T09:00:00, card 4111111111111111"),
        &book(2, "2027-03-15T17:30:00, card 5500000000000004"),
    );
    let output = diff(&traces, "--exit-code --json").run();
    assert_eq!(output.exit, 1, "{output}");
    assert_eq!(diff(&traces, "").json()["identical"], false);
    insta::assert_snapshot!(diff(&traces, "--width 100 --utc").ok(), @"
       name  state  duration  LLM calls  tool calls  tokens  trace        time
    A  book  OK         5 ms          0           0       -  tr-00000001  2026-11-18 11:06:40 UTC
    B  book  OK         5 ms          0           0       -  tr-00000002  2026-11-18 11:06:40 UTC
    Δ                   0 ms          0           0       -

    1 span changed

    ~ book  AGENT  5 ms
         out  booked [-2026-12-01T09:00-]{+2027-03-15T17:30+}:00, card
              [-4111111111111111-]{+5500000000000004+}
    ");
}

/// A trace of one span with an additional attribute.
fn with_attribute(number: u64, key: &str, value: &Value) -> OtlpTrace {
    let mut trace = OtlpTrace::new(number);
    trace.add(None, "CHAIN", "step", &json!({"x": 1}), &json!("done"));
    let attribute = json!({"key": key, "value": {"stringValue": value.to_string()}});
    trace.spans[0]["attributes"].as_array_mut().unwrap().push(attribute);
    trace
}

#[test]
fn traces_are_identical_if_all_attributes_are_equal() {
    let strict = |a: &OtlpTrace, b: &OtlpTrace| diff(&store(a, b), "--exit-code --strict --json").run();
    let id = |number: u64| with_attribute(number, "mlflow.traceRequestId", &json!(format!("tr-{}", trace_id(number))));
    let output = strict(&id(1), &id(2));
    assert_eq!((output.exit, &output.json()["identical"]), (0, &json!(true)), "{output}");
    for key in ["session.id", "code.line.number", "mlflow.chat.tokenUsage", "mlflow.message.format"] {
        let (a, b) = (with_attribute(1, key, &json!("1")), with_attribute(2, key, &json!("2")));
        let output = strict(&a, &b);
        assert_eq!((output.exit, &output.json()["identical"]), (1, &json!(false)), "{output}");
        assert_eq!(output.json()["spans"][0]["changes"][0]["name"], key);
        let output = diff(&store(&a, &b), "--exit-code --utc").ok();
        assert!(
            output.stdout.contains("1 difference in ") && output.stdout.contains(" ignored; --strict shows it"),
            "{output}"
        );
    }
}

#[test]
fn references_to_another_call_are_differences() {
    let ask = |number: u64, answered: [u64; 2]| {
        let id = |n: u64| format!("call_{number}{n}abcdef");
        let calls = json!([call(&id(1), "f", &json!({"x": 1})), call(&id(2), "f", &json!({"x": 2}))]);
        let result = |n: u64| json!({"role": "tool", "tool_call_id": id(n), "content": "fine"});
        let reply = json!({"role": "assistant", "content": null, "tool_calls": calls});
        let messages = json!([{"role": "user", "content": "go"}, reply, result(answered[0]), result(answered[1])]);
        let mut trace = OtlpTrace::new(number);
        trace.add(None, "CHAT_MODEL", "ask", &json!({"messages": messages}), &json!("x"));
        trace
    };
    let exit = |answered: [u64; 2]| diff(&store(&ask(1, [1, 2]), &ask(2, answered)), "--exit-code --json").run().exit;
    assert_eq!((exit([1, 2]), exit([2, 1])), (0, 1));
}

#[test]
fn runs_recorded_by_different_releases_are_equal() {
    let documents = [
        include_bytes!("../../../../fixtures/documents/2.22.5.jsonl").as_slice(),
        include_bytes!("../../../../fixtures/documents/3.1.4.jsonl"),
        include_bytes!("../../../../fixtures/documents/3.18.0.jsonl"),
    ];
    let cli = |words: &str| CommandLine::document(documents.join(&b'\n'), words);
    let list = cli("traces list --all --name run_tool_agent --status ok").json();
    let ids = strings(items(&list, "traces"), "trace_id");
    assert!(ids.len() >= 3, "{ids:?}");
    for id in &ids[1..] {
        let output = cli("trace diff --width 100 --exit-code").arg(ids[0]).arg(id).run();
        assert_eq!(output.exit, 0, "{output}");
    }
}

/// Runs a command and returns the exit code and stderr.
fn exit(cli: &CommandLine) -> (u8, String) {
    let CommandOutput { exit, stderr, .. } = cli.run();
    (exit, stderr)
}

#[test]
fn differences_change_the_exit_code_only_on_request() {
    let traces = store(&run(1, PLAIN), &run(2, ALL));
    for form in ["", "--json", "-o jsonl", "-o csv", "-o ids"] {
        assert_eq!(exit(&diff(&traces, form)), (0, String::new()), "{form}");
        assert_eq!(exit(&diff(&traces, &format!("--exit-code {form}"))), (1, String::new()), "{form}");
    }
}

#[test]
fn metrics_alone_are_not_differences() {
    let (a, mut b) = (run(1, PLAIN), run(2, PLAIN));
    b.spans[0]["endTimeUnixNano"] = json!("1795000009000000000");
    let traces = store(&a, &b);
    let output = diff(&traces, "--exit-code --width 100 --utc").ok();
    insta::assert_snapshot!(output, @"
       name       state            duration  LLM calls       tokens                  cost  trace
    A  run_agent  OK                  45 ms          3          150           ~$0.0000347  tr-00000001
    B  run_agent  OK                 9.00 s          3          153           ~$0.0000351  tr-00000002
    Δ                    +8.96 s (+19900 %)          0  +3 (+2.0 %)  +$0.0000005 (+1.3 %)

    no changes (5 spans)
    6 differences in ids, times and token counts ignored; --strict shows them
    ");
}

#[test]
fn machine_readable_formats_have_the_same_spans() {
    let traces = store(&run(1, PLAIN), &run(2, ALL));
    let document = diff(&traces, "--only-changes").json();
    let lines = diff(&traces, "--only-changes -o jsonl").ok();
    let spans: Vec<Value> = lines.lines().into_iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(spans), document["spans"]);
    insta::assert_snapshot!(diff(&traces, "--only-changes -o ids").ok(), @"
    0000000000020001
    0000000000020002
    0000000000020003
    ");
    insta::assert_snapshot!(diff(&traces, "--only-changes -o csv").ok(), @r#"
    change,path,a.span_id,b.span_id,a.status,b.status,a.model,b.model,delta.duration_ms,delta.token_usage.total_tokens,delta.total_cost,changes,ignored
    changed,"[""run_agent"",""Completions""]",0000000000010001,0000000000020001,OK,OK,gpt-4o-mini,gpt-4o-mini,0.0,,1.5000000000000026e-7,"[{""field"":""input"",""name"":""system"",""a"":""You are a helpful assistant that knows about the weather. Be polite, and never make anything up."",""b"":""You are a helpful assistant that knows about the weather. Be brief, and never make anything up."",""words"":[{""op"":""equal"",""text"":""You are a helpful assistant that knows about the weather. Be ""},{""op"":""delete"",""text"":""polite""},{""op"":""insert"",""text"":""brief""},{""op"":""equal"",""text"":"", and never make anything up.""}],""repeated"":2}]",6
    added,"[""run_agent"",""get_time""]",,0000000000020002,,OK,,,,,,[],0
    changed,"[""run_agent"",""get_weather""]",0000000000010002,0000000000020003,OK,ERROR,,,0.0,,,"[{""field"":""exception"",""name"":null,""a"":null,""b"":""ValueError: No weather station in Paris"",""words"":[],""repeated"":0}]",0
    "#);
}

#[test]
fn repeated_model_and_parameter_changes_are_shown_once() {
    let (a, mut b) = (run(1, PLAIN), run(2, PLAIN));
    for span in &mut b.spans {
        let text = span
            .to_string()
            .replace("gpt-4o-mini", "gpt-4.1")
            .replace(r#"\"temperature\":0"#, r#"\"temperature\":0.7"#);
        *span = serde_json::from_str(&text).unwrap();
    }
    let traces = store(&a, &b);
    insta::assert_snapshot!(diff(&traces, "--width 100 --utc --only-changes").ok(), @"
       name       state  duration  LLM calls  tool calls       tokens                 cost  trace
    A  run_agent  OK        45 ms          3           1          150          ~$0.0000347  tr-00000001
    B  run_agent  OK        45 ms          3           1          153            ~$0.00047  tr-00000002
    Δ                        0 ms          0           0  +3 (+2.0 %)  +$0.00043 (+1251 %)

    1 span changed, 4 spans unchanged
    6 differences in ids, times and token counts ignored; --strict shows them

      run_agent       AGENT       5 ms
    ~ └─ Completions  CHAT_MODEL  5 ms  50 → 51 tokens  gpt-4.1
            model        gpt-4o-mini → gpt-4.1  (and in 2 more spans)
            temperature  0 → 0.7  (and in 2 more spans)
    ");
}

#[test]
fn propagated_failures_are_shown_at_the_deepest_span() {
    let (a, mut b) = (run(1, PLAIN), run(2, PLAIN));
    b.spans.truncate(3);
    for at in [2, 0] {
        b.fail(at, "ValueError", "No weather station in Paris");
        b.spans[at]["attributes"].as_array_mut().unwrap().truncate(2);
    }
    let traces = store(&a, &b);
    insta::assert_snapshot!(diff(&traces, "--width 100 --utc").ok(), @"
       name       state          duration  LLM calls         tokens                   cost  trace
    A  run_agent  OK                45 ms          3            150            ~$0.0000347  tr-00000001
    B  run_agent  ERROR             25 ms          1             51            ~$0.0000117  tr-00000002
    Δ                    -20 ms (-44.4 %)         -2  -99 (-66.0 %)  -$0.0000230 (-66.2 %)

    2 spans removed, 1 span changed, 2 spans unchanged
    6 differences in ids, times and token counts ignored; --strict shows them

      run_agent       AGENT       5 ms
      ├─ Completions  CHAT_MODEL  5 ms  50 → 51 tokens  gpt-4o-mini
    ~ ├─ get_weather  TOOL        5 ms
      │     failed  {+ValueError: No weather station in Paris+}
    - ├─ Completions  CHAT_MODEL  5 ms  50 tokens       gpt-4o-mini
    - └─ Completions  CHAT_MODEL  5 ms  50 tokens       gpt-4o-mini
    ");
}

#[test]
fn hostile_text_is_escaped() {
    let hostile = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}evil {+ok+} [-no-]\r\nnext\u{200b}";
    let (mut a, mut b) = (OtlpTrace::new(1), OtlpTrace::new(2));
    let name = format!("run {}", hostile.replace(['+', '-'], "_"));
    a.add(None, hostile, &name, &json!({"x": "plain"}), &json!("out"));
    let root = b.add(None, hostile, &name, &json!({"x": hostile, name.as_str(): 1}), &json!(hostile));
    b.add(Some(root), hostile, &name, &json!({}), &json!({}));
    b.fail(1, "\u{1b}[2J", "\u{202e}text\r\nmore");
    let traces = store(&a, &b);
    for words in ["--width 100", "--width 60 --full", "--width 30 --ascii", "--only-changes"] {
        let output = diff(&traces, words).ok();
        for (at, bad) in ['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}', '\r'].into_iter().enumerate() {
            assert!(!output.stdout.contains(bad), "{words} {at}: {output}");
        }
        assert!(!output.stdout.contains("{+ok+}") && !output.stdout.contains("[-no-]"), "{output}");
    }
    insta::assert_snapshot!(diff(&traces, "--width 100 --utc").ok(), @r"
       name                           state         duration  LLM calls  tool calls  tokens  trace
    A  run \x1b[31mred\x1b]0;title\…  OK                5 ms          0           0       -  tr-00000001
    B  run \x1b[31mred\x1b]0;title\…  OK               15 ms          0           0       -  tr-00000002
    Δ                                        +10 ms (+200 %)          0           0       -

    1 span added, 1 span changed

    ~ run \x1b[31mred\x1b]0;title\x07\u{202e}evil {_ok_} [_no_]⏎n…  \x1b[31mred\x…  5 ms
      │  in run \x1b[31mred\x1b]0;title\…  {+1+}
      │  in x                              [-plain-]{+\x1b[31mred\x1b]0;title\x07\u{202e}evil {\+ok+\}
      │                                    [\-no-\]⏎
      │                                    next\u{200b}+}
      │  out                               [-out-]{+\x1b[31mred\x1b]0;title\x07\u{202e}evil {\+ok+\}
      │                                    [\-no-\]⏎
      │                                    next\u{200b}+}
    + └─ run \x1b[31mred\x1b]0;title\x07\u{202e}evil {_ok_} [_no_…  \x1b[31mred\x…  5 ms
            \x1b[2J: \u{202e}text⏎more
            in   {}
            out  {}
    ");
}

#[test]
fn lines_fit_the_width() {
    let traces = store(&run(1, PLAIN), &run(2, ALL));
    for width in [40, 60, 80, 100, 160] {
        for words in ["", "--full", "--only-changes", "--ascii"] {
            let output = diff(&traces, &format!("--width {width} {words}")).ok();
            for line in output.stdout.lines() {
                assert!(line.chars().count() <= width, "{width} {words}: {line}");
            }
            assert!(!words.contains("ascii") || output.stdout.is_ascii(), "{output}");
        }
    }
}

#[test]
fn durations_so_far_are_not_compared() {
    let output = CommandLine::demo("trace diff @last tr-58b722a7");
    assert_eq!(output.json()["delta"]["execution_duration_ms"], Value::Null);
    let text = output.ok();
    let deltas = text.lines().into_iter().find(|line| line.starts_with('Δ')).unwrap().to_owned();
    assert!(!deltas.contains(" ms"), "{text}");
}

#[test]
fn incomplete_traces_are_reported() {
    let (a, mut b) = (run(1, PLAIN), run(2, PLAIN));
    b.spans.remove(0);
    let traces = store(&a, &b);
    let output = diff(&traces, "--json").ok();
    assert_eq!(output.json()["complete"], false);
    assert_eq!(output.json()["problems"][0]["of"], "b");
    insta::assert_snapshot!(output.stderr, @"note: B is incomplete: it is in progress or was killed; its missing spans may not be differences");
}

#[test]
fn traces_are_selected_as_in_other_commands() {
    let compared_ids = |words: &str| {
        let document = CommandLine::demo(words).json();
        [document["a"]["trace_id"].clone(), document["b"]["trace_id"].clone()]
    };
    assert_eq!(compared_ids("trace diff @last~1 @last"), compared_ids("trace diff tr-419f926a e1856059"));
    assert_eq!(compared_ids("trace diff @error @last -x OpenAI")[0], "tr-419f926a13917b155df4228221e2858b");
    insta::assert_snapshot!(CommandLine::demo("trace diff @last nope").run(), @"
    --- stderr
    error: no trace `nope` in `demo:`
      hint: `mltrace -u demo: traces list` lists the newest
    --- exit 3
    ");
    insta::assert_snapshot!(CommandLine::demo("trace diff @last").run(), @"
    --- stderr
    error: the following required arguments were not provided:
      <B>

    Usage: mltrace trace diff [OPTIONS] <A> <B>
           mltrace trace diff [OPTIONS] --set <FLAGS> --set <FLAGS>

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("trace diff @error @last --width 100 --utc").ok(), @"
       name            state          duration         tokens                   cost  trace
    A  run_tool_agent  ERROR            152 ms             59             $0.0000152  tr-419f926a
    B  run_tool_agent  OK               241 ms            106             $0.0000258  tr-e1856059
    Δ                         +89 ms (+58.6 %)  +47 (+79.7 %)  +$0.0000107 (+70.3 %)

    1 span added, 2 spans changed, 1 span unchanged
    3 differences in ids and metadata ignored; --strict shows them

    ~ run_tool_agent  AGENT       152 ms → 242 ms
      │  in question  What's the weather like in [-Atlantis-]{+Paris+} today?  (and in 3 more spans)
      ├─ Completions  CHAT_MODEL           146 ms  59 tokens  gpt-4o-mini
    ~ ├─ get_weather  TOOL                 0.6 ms
      │     failed  [-ValueError: No weather station in Atlantis-]
    + └─ Completions  CHAT_MODEL          92.2 ms  47 tokens  gpt-4o-mini
    ");
}

#[test]
fn selections_are_compared() {
    let sets = |words: &str| CommandLine::demo("trace diff --utc --width 100").words(words);
    let both = |a: &str, b: &str| sets("").arg("--set").arg(a).arg("--set").arg(b);
    insta::assert_snapshot!(both("--status ok", "--status error").run(), @"
    A  --status ok
    B  --status error

                                         A           B                      Δ
    traces                              11           1          -10 (-90.9 %)
    errors                               0           1                     +1
    error rate                         0 %       100 %          +100.0 points
    in progress                          0           0                      0
    duration p50                    154 ms      152 ms         -2 ms (-1.3 %)
    duration p95                    1.87 s      152 ms      -1.72 s (-91.9 %)
    input tokens                     1,853          45       -1,808 (-97.6 %)
    output tokens                      313          14         -299 (-95.5 %)
    total tokens                     2,166          59       -2,107 (-97.3 %)
    tokens per trace, median            82          59          -23 (-28.0 %)
    cost                          $0.00042  $0.0000152    -$0.00040 (-96.4 %)
    cost per trace, mean        $0.0000840  $0.0000152  -$0.0000688 (-82.0 %)
    calls without a price                3           0            -3 (-100 %)
    LLM calls per trace, mean          1.4         1.0         -0.4 (-26.7 %)
    tool calls per trace, mean         1.1         1.0          -0.1 (-8.3 %)

    new in B: 1 kind of failure
    count  type        message                         span         trace
        1  ValueError  No weather station in Atlantis  get_weather  tr-419f926a

    gone in B: 1 kind of failure
    count  type          message                              span        trace
        1  TimeoutError  upstream did not answer⏎within 30 s  unreliable  tr-ac61cd19
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: tokens and costs are computed from spans, as in `mltrace usage`
    note: `mltrace -u demo: trace show tr-419f926a13917b155df4228221e2858b --span 9b94309c8c7d396e` shows the newest example of the first new exception
    ");
    let document = both("-x OpenAI --name '*chat*'", "-x 'OpenAI'").json();
    assert_eq!(document["a"]["traces"], 2);
    assert_eq!(document["b"]["traces"], 6);
    assert_eq!(document["delta"]["traces"], 4);
    assert_eq!(strings(items(&document["exceptions"], "new"), "type"), ["ValueError"]);
    assert_eq!(document["exceptions"]["gone"], json!([]));
    insta::assert_snapshot!(both("-x OpenAI", "-x AutoGen").arg("-o").arg("csv").ok(), @"
    metric,a,b,delta
    traces,6,2,-4
    errors,1,0,-1
    error_rate,0.16666666666666666,0.0,-0.16666666666666666
    in_progress,0,0,0
    duration_p50_ms,153.0,427.5,274.5
    duration_p95_ms,350.5,643.05,292.54999999999995
    input_tokens,175,154,-21
    output_tokens,60,38,-22
    total_tokens,235,192,-43
    median_total_tokens,34,96,62
    total_cost,0.00006225,,
    mean_cost,0.00001245,,
    unpriced_calls,0,3,3
    mean_llm_calls,1.1666666666666667,1.5,0.33333333333333326
    mean_tool_calls,0.3333333333333333,1.0,0.6666666666666667
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: tokens and costs are computed from spans, as in `mltrace usage`
    ");
}

#[test]
fn worse_selections_fail() {
    let both = |a: &str, b: &str| {
        CommandLine::demo("trace diff --exit-code").arg("--set").arg(a).arg("--set").arg(b).run().exit
    };
    assert_eq!(both("--status ok", "--status ok"), 0);
    assert_eq!(both("", "--status ok"), 0, "fewer errors");
    assert_eq!(both("--status ok", ""), 1, "more errors");
    assert_eq!(both("--name chat", "--name retry"), 1, "the trace is OK, but has a new failure");
    assert_eq!(both("--name nothing", "--status ok"), 1, "unknown counts as worse");
    assert_eq!(CommandLine::demo("trace diff --set --status=ok --set --status=error").run().exit, 0, "no --exit-code");
}

#[test]
fn invalid_selections_are_reported() {
    let set = |a: &str, b: &str| CommandLine::demo("trace diff").arg("--set").arg(a).arg("--set").arg(b).run();
    insta::assert_snapshot!(set("--status ok", "-u other.db"), @"
    --- stderr
    error: invalid --set B `-u other.db`: unexpected argument '-u' found
      hint: both selections are read from the same store: `mltrace -u URI trace diff …`
    --- exit 2
    ");
    insta::assert_snapshot!(set("--bogus", ""), @"
    --- stderr
    error: invalid --set A `--bogus`: unexpected argument '--bogus' found
      hint: `mltrace traces list --help` lists the filter flags
    --- exit 2
    ");
    insta::assert_snapshot!(set("--name 'open", ""), @"
    --- stderr
    error: invalid --set A `--name 'open`: unclosed quote
    --- exit 2
    ");
    insta::assert_snapshot!(set("", "--filter 'nonsense ='"), @"
    --- stderr
    error: --filter, column 1: unknown key `nonsense`
        nonsense =
        ^^^^^^^^
      caused by: in --set B: `--filter 'nonsense ='`
      hint: valid keys: status, name, timestamp, timestamp_ms, execution_time, execution_time_ms, end_time, end_time_ms, request_id, client_request_id, run_id, prompt, trace.text, tags.KEY, metadata.KEY, span.name, feedback.NAME … (`mltrace help filters`)
    --- exit 2
    ");
    insta::assert_snapshot!(set("--name nothing", "").stderr, @"
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: tokens and costs are computed from spans, as in `mltrace usage`
    note: A is empty: no traces match its filters
    note: `mltrace -u demo: trace show tr-419f926a13917b155df4228221e2858b --span 9b94309c8c7d396e` shows the newest example of the first new exception
    ");
    insta::assert_snapshot!(CommandLine::demo("trace diff --set --llm").run(), @"
    --- stderr
    error: expected --set twice, but it was given once
      hint: for example `--set '--until 1d' --set '--since 1d'` compares the last day with the time before
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("trace diff --set --llm --set --llm --deleted").run(), @"
    --- stderr
    error: with --set, filter flags have to be inside --set
      hint: repeat common filters: `--set '-x prod --until 1d' --set '-x prod --since 1d'`
    --- exit 2
    ");
    assert_eq!(CommandLine::demo("trace diff @last @last --set --llm --set --llm").run().exit, 2);
}

#[test]
fn word_diffs_contain_both_texts_and_expand_tabs() {
    let ask = |number: u64, id: &str, words: &str| {
        let mut trace = OtlpTrace::new(number);
        let text = format!("Session 3f2b8c1e-1111-4222-8333-{id}:\t{words}{}", "\tone\ttwo\tthree".repeat(9));
        trace.add(None, "LLM", "ask", &json!({"messages": [{"role": "user", "content": text}]}), &json!("x"));
        trace
    };
    let traces = store(&ask(1, "aaaaaaaaaaaa", "be kind"), &ask(2, "bbbbbbbbbbbb", "be\tbrief"));
    let document = diff(&traces, "").json();
    let change = &document["spans"][0]["changes"][0];
    let text = |without: &str, key: &str| {
        let words = change["words"].as_array().unwrap().iter().filter(|words| words["op"] != without);
        words.map(|words| words.get(key).unwrap_or(&words["text"]).as_str().unwrap()).collect::<String>()
    };
    assert_eq!((text("insert", "a"), text("delete", "text")), (string(&change["a"]), string(&change["b"])));
    for line in diff(&traces, "--width 60 --full").ok().stdout.lines() {
        assert!(!line.contains('\t') && line.chars().count() <= 60, "{line}");
    }
}

fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn unknown_prices_and_state_changes_are_reported() {
    let (a, mut b) = (run(1, PLAIN), run(2, PLAIN));
    for span in &mut b.spans {
        *span = serde_json::from_str(&span.to_string().replace("gpt-4o-mini", "my-local")).unwrap();
    }
    b.fail(0, "ValueError", "No answer");
    let traces = store(&a, &b);
    let output = diff(&traces, "--json").ok();
    assert_eq!(output.json()["delta"]["unpriced_calls"], json!({"a": 0, "b": 3}));
    assert_eq!(output.json()["delta"]["state_changed"], true);
    insta::assert_snapshot!(output.stderr, @"note: no price for `my-local`; the cost of 3 calls is unknown and excluded");
}

#[test]
fn added_spans_have_inputs_and_outputs() {
    let document = CommandLine::demo("trace diff @last~1 @last").json();
    let spans = items(&document, "spans");
    let added = spans.iter().find(|span| span["change"] == "added").unwrap();
    assert!(added["b"]["inputs"]["messages"].is_array() && !added["b"]["outputs"].is_null(), "{added}");
    let paired = spans.iter().filter(|span| !span["a"].is_null() && !span["b"].is_null());
    assert!(paired.clone().count() > 0);
    assert!(paired.flat_map(|span| [&span["a"], &span["b"]]).all(|side| side["inputs"].is_null()));
    // Inputs of an added model call are shown only with --full.
    assert!(!CommandLine::demo("trace diff @last~1 @last").ok().stdout.contains("messages"));
    assert!(CommandLine::demo("trace diff @last~1 @last --full").ok().stdout.contains("messages"));
}

#[test]
fn traces_with_missing_roots_are_never_identical() {
    let spans = |number: u64| {
        let mut trace = OtlpTrace::new(number);
        trace.add(None, "CHAIN", "run", &json!({"x": 1}), &json!("done"));
        trace.add(Some(0), "CHAIN", "step", &json!({"x": 1}), &json!("done"));
        trace
    };
    let without_root = |number: u64| {
        let mut trace = spans(number);
        trace.spans.remove(0);
        trace
    };
    let exit = |a: &OtlpTrace, b: &OtlpTrace| diff(&store(a, b), "--exit-code").run().exit;
    assert_eq!(exit(&spans(1), &spans(2)), 0);
    assert_eq!(exit(&without_root(1), &without_root(2)), 1);
}
