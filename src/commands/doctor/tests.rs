use crate::commands::tests::{CommandLine, CommandOutput};
use serde_json::Value;

#[test]
fn hostile_text_is_escaped() {
    let hostile = r"evil\u001b[31m\u202e\u0007";
    let span = |id: usize, parent: &str, usage: &str| {
        format!(
            r#"{{"traceId":"{:032x}","spanId":"{id:016x}","parentSpanId":"{parent}","name":"{hostile}","startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000001000000000","attributes":[{{"key":"gen_ai.request.model","value":{{"stringValue":"{hostile}"}}}},{{"key":"gen_ai.usage.input_tokens","value":{{"intValue":"{usage}"}}}},{{"key":"gen_ai.usage.output_tokens","value":{{"intValue":"{usage}"}}}}]}}"#,
            1
        )
    };
    let document = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{},{}]}}]}}]}}"#,
        span(1, "00000000000000ff", "5"),
        span(2, "0000000000000001", "7")
    );
    let output = CommandLine::document(&document, "doctor --color never").ok();
    assert!(output.stdout.contains(r"evil\x1b[31m\u{202e}\x07"), "{output}");
    for format in ["table", "json", "jsonl", "csv", "ids"] {
        let output = CommandLine::document(&document, "doctor -o").arg(format).ok();
        let is_hostile =
            |c: char| (c.is_control() && c != '\n') || (c == '\u{202e}' && format != "json" && format != "jsonl");
        assert!(!output.stdout.contains(is_hostile), "{format}: {output}");
    }
}

#[test]
fn line_formats_have_one_line_per_finding() {
    let cli = |format: &str| -> CommandOutput { CommandLine::demo("doctor -o").arg(format).ok() };
    assert_eq!(cli("ids").stdout, "stuck_traces\ndeleted_experiments\n");
    let lines = cli("jsonl").stdout;
    let kinds: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].clone()).collect();
    assert_eq!(kinds, ["stuck_traces", "deleted_experiments"]);
    let csv = cli("csv").stdout;
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.starts_with("kind,severity,count,message,"), "{csv}");
}
