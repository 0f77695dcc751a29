use super::*;
use crate::formats::{self, SpanDetail};
use crate::model::SpanStatus;
use crate::reading::Reading;
use crate::tests::trace_of;

fn tool(id: usize, name: &str, kind: &str) -> crate::model::Span {
    tool_with_output(id, name, kind, "fine")
}

fn tool_with_output(id: usize, name: &str, kind: &str, outputs: &str) -> crate::model::Span {
    let text = format!(
        r#"{{"span_id":"{id}","name":"{name}","start_time_unix_nano":1,"end_time_unix_nano":1000001,"attributes":{{"mlflow.spanType":"\"{kind}\"","mlflow.spanOutputs":"\"{outputs}\""}}}}"#
    );
    formats::span(&text, SpanDetail::Tree, None).unwrap()
}

fn names(traces: &[&[&str]]) -> Vec<(String, u64, u64)> {
    let mut tools = Tools::default();
    for names in traces {
        let trace = trace_of(names.iter().enumerate().map(|(at, name)| tool(at, name, "TOOL")).collect());
        tools.add(&trace, &Reading::from_trace(&trace));
    }
    tools.sorted().into_iter().map(|tool| (tool.name.unwrap(), tool.traces, tool.calls)).collect()
}

#[test]
fn number_suffixes_that_mlflow_adds_to_repeated_names_are_removed() {
    let of = |name: &str, traces, calls| (name.to_owned(), traces, calls);
    assert_eq!(names(&[&["add_1", "add_2", "sub"], &["add"]]), [of("add", 2, 3), of("sub", 1, 1)]);
    assert_eq!(names(&[&["step_1"], &["step_2"]]), [of("step_1", 1, 1), of("step_2", 1, 1)], "each alone in its trace");
    assert_eq!(names(&[&["add", "add_1", "add_2"]]).len(), 3, "tools of these names");
    assert_eq!(names(&[&["a_", "_1", ""]]).len(), 3);
}

#[test]
fn only_tools_are_counted() {
    let mut tools = Tools::default();
    let mut failed = tool(1, "a", "TOOL");
    failed.status = SpanStatus::Error;
    let handled = tool_with_output(2, "a", "TOOL", "Error: it did not work");
    let trace = trace_of(vec![failed, handled, tool(3, "a", "TOOL"), tool(4, "b", "AGENT")]);
    tools.add(&trace, &Reading::from_trace(&trace));
    let tools = tools.sorted();
    assert_eq!(tools.len(), 1);
    let tool = &tools[0];
    assert_eq!((tool.calls, tool.errors, tool.handled_failures, tool.failures()), (3, 1, 1, 2));
    assert!((tool.error_rate() - 2.0 / 3.0).abs() < 1e-9);
    assert_eq!(tool.durations, [1.0, 1.0, 1.0]);
}
