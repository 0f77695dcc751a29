use super::{ExceptionGroups, FailureKind, Occurrence, occurrences};
use crate::formats::{self, SpanDetail};
use crate::model::Span;
use crate::tests::trace_of;
use serde_json::json;

/// A span: id, parent id, status, status message, and recorded exceptions as type, message and stack trace.
type Given<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [(&'a str, &'a str, &'a str)]);

fn span(at: usize, (id, parent, status, message, exceptions): &Given<'_>) -> Span {
    let event = |(kind, message, stack): &(&str, &str, &str)| {
        let attributes = json!({"exception.type": kind, "exception.message": message, "exception.stacktrace": stack});
        json!({"name": "exception", "time_unix_nano": 1_700_000_000_000_000_000_i64 + i64::try_from(at).unwrap(), "attributes": attributes})
    };
    let text = json!({"span_id": id, "parent_span_id": parent, "name": id, "start_time_unix_nano": at, "end_time_unix_nano": 100 + at,
        "status": {"code": status, "message": message}, "attributes": {}, "events": exceptions.iter().map(event).collect::<Vec<_>>()});
    formats::span(&text.to_string(), SpanDetail::Exceptions, None).unwrap()
}

fn found(spans: Vec<Span>) -> Vec<Occurrence> {
    occurrences(&trace_of(spans))
}

/// Formats an occurrence as `kind Type: message @span < CauseType: message @span`.
fn formatted(occurrence: &Occurrence) -> String {
    let text = |kind: &Option<String>, message: &Option<String>| {
        format!("{}: {}", kind.as_deref().unwrap_or("-"), message.as_deref().unwrap_or("-"))
    };
    let failure = &occurrence.failure;
    let cause = failure.cause.as_ref().map(|cause| {
        let span = occurrence.cause_span.as_ref().map(|(id, _)| format!(" @{id}")).unwrap_or_default();
        format!(" < {}{span}", text(&cause.exception_type, &cause.message))
    });
    let (error, span) = (text(&failure.exception_type, &failure.message), &occurrence.span_name);
    format!("{} {error} @{span}{}", failure.kind.as_str(), cause.unwrap_or_default())
}

#[track_caller]
fn check(spans: &[Given<'_>], expected: &[&str]) {
    let spans = spans.iter().enumerate().map(|(at, given)| span(at, given)).collect();
    assert_eq!(found(spans).iter().map(formatted).collect::<Vec<_>>(), expected);
}

const BOOM: (&str, &str, &str) = ("ValueError", "boom", "");

#[test]
fn an_exception_that_propagates_is_one_failure_at_the_deepest_span() {
    check(
        &[
            ("root", "", "ERROR", "ValueError: boom", &[BOOM]),
            ("mid", "root", "ERROR", "", &[BOOM]),
            ("tool", "mid", "ERROR", "", &[BOOM]),
        ],
        &["raised ValueError: boom @tool"],
    );
    // A span without an error between them, and class names with and without module (AutoGen over OpenTelemetry).
    let named = ("openai.ValueError", "boom", "");
    check(
        &[
            ("root", "", "ERROR", "boom", &[named, named]),
            ("mid", "root", "OK", "", &[]),
            ("tool", "mid", "ERROR", "boom", &[BOOM]),
        ],
        &["raised ValueError: boom @tool"],
    );
    // Only one of them recorded the error.
    check(
        &[("root", "", "ERROR", "", &[]), ("tool", "root", "ERROR", "boom", &[BOOM])],
        &["raised ValueError: boom @tool"],
    );
    check(
        &[("root", "", "ERROR", "", &[BOOM]), ("tool", "root", "ERROR", "", &[])],
        &["raised ValueError: boom @tool"],
    );
    check(
        &[("root", "", "ERROR", "ValueError: boom", &[]), ("tool", "root", "ERROR", "", &[])],
        &["raised ValueError: boom @tool"],
    );
}

#[test]
fn caught_exceptions_are_failures() {
    let tries = [("CustomError", "try 0", ""), ("CustomError", "try 1", "")];
    check(
        &[
            ("root", "", "OK", "", &[]),
            ("a", "root", "ERROR", "", &tries[..1]),
            ("b", "root", "ERROR", "", &tries[1..]),
        ],
        &["raised CustomError: try 0 @a", "raised CustomError: try 1 @b"],
    );
    check(&[("root", "", "OK", "", &tries)], &["raised CustomError: try 0 @root", "raised CustomError: try 1 @root"]);
    // The second of two identical ones propagated.
    check(
        &[("root", "", "ERROR", "", &[BOOM]), ("a", "root", "ERROR", "", &[BOOM]), ("b", "root", "ERROR", "", &[BOOM])],
        &["raised ValueError: boom @a", "raised ValueError: boom @b"],
    );
}

#[test]
fn an_exception_that_wraps_another_is_one_failure_with_its_cause() {
    let chained = "Traceback (most recent call last):\n  File \"/app/a.py\", line 1, in inner\n    x()\nKeyError: 'k'\n\n\
        The above exception was the direct cause of the following exception:\n\n\
        Traceback (most recent call last):\n  File \"/app/a.py\", line 9, in outer\n    y()\nRuntimeError: failed\n";
    let outer = ("RuntimeError", "failed", chained);
    check(
        &[
            ("root", "", "ERROR", "", &[outer]),
            ("outer", "root", "ERROR", "", &[outer]),
            ("inner", "outer", "ERROR", "", &[("KeyError", "'k'", "")]),
        ],
        &["raised RuntimeError: failed @inner < KeyError: 'k' @inner"],
    );
    // Only the stack trace has the cause.
    check(&[("outer", "", "ERROR", "", &[outer])], &["raised RuntimeError: failed @outer < KeyError: 'k'"]);
    // Only the message quotes the cause.
    let quoting = ("ToolError", "tool failed: no such city: Atlantis", "");
    check(
        &[
            ("outer", "", "ERROR", "", &[quoting]),
            ("inner", "outer", "ERROR", "", &[("LookupError", "no such city: Atlantis", "")]),
        ],
        &["raised ToolError: tool failed: no such city: Atlantis @inner < LookupError: no such city: Atlantis @inner"],
    );
    // A message without a class is not a separate exception.
    check(
        &[
            ("outer", "", "ERROR", "tool failed: no such city: Atlantis", &[]),
            ("inner", "outer", "ERROR", "", &[("LookupError", "no such city: Atlantis", "")]),
        ],
        &["raised LookupError: no such city: Atlantis @inner"],
    );
    // Nothing links the two.
    check(
        &[("outer", "", "ERROR", "", &[("A", "one", "")]), ("inner", "outer", "ERROR", "", &[("B", "two", "")])],
        &["raised A: one @outer", "raised B: two @inner"],
    );
}

#[test]
fn errors_of_the_agents_sdk_are_read_from_the_stack_trace_attribute() {
    let chained = "Traceback (most recent call last):\n  File \"/app/tools.py\", line 17, in refund\n    x()\nValueError: refunded already\n\n\
        The above exception was the direct cause of the following exception:\n\n\
        Traceback (most recent call last):\n  File \"/v/site-packages/agents/run.py\", line 9, in run\n    y()\n\
        UserError: Error running tool refund: refunded already\n";
    let spans = [
        ("run", "", "ERROR", "", [("UserError", "Error running tool refund: refunded already", chained)]),
        (
            "agent",
            "run",
            "ERROR",
            "",
            [("", "Error in agent run", r#"{"error": "Error running tool refund: refunded already"}"#)],
        ),
        (
            "tool",
            "agent",
            "ERROR",
            "",
            [("", "Error running tool", r#"{"tool_name": "refund", "error": "refunded already"}"#)],
        ),
    ];
    let given: Vec<Given<'_>> = spans
        .iter()
        .map(|(id, parent, status, text, exceptions)| (*id, *parent, *status, *text, exceptions.as_slice()))
        .collect();
    let found = found(given.iter().enumerate().map(|(at, given)| span(at, given)).collect());
    let expected =
        "raised UserError: Error running tool refund: refunded already @tool < ValueError: refunded already @tool";
    assert_eq!(found.iter().map(formatted).collect::<Vec<_>>(), [expected]);
    let origin = found[0].failure.cause.as_ref().unwrap().origin.as_ref().unwrap();
    assert_eq!((origin.file.as_str(), origin.line), ("/app/tools.py", Some(17)));
    // Without the spans above, the tool's own error is used.
    check(&given[2..], &["raised -: refunded already @tool"]);
}

#[test]
fn labels_of_the_agents_sdk_are_replaced_by_the_exception_above() {
    let label = ("", "Max turns exceeded", r#"{"max_turns": 3}"#);
    let raised = ("MaxTurnsExceeded", "Max turns (3) exceeded", "");
    check(
        &[("run", "", "ERROR", "", &[raised]), ("agent", "run", "ERROR", "", &[label])],
        &["raised MaxTurnsExceeded: Max turns (3) exceeded @agent"],
    );
    check(&[("agent", "", "ERROR", "", &[label])], &["raised -: Max turns exceeded @agent"]);
    let redacted =
        ("", "Error running tool (non-fatal)", r#"{"tool_name": "x", "error": "Error details are redacted."}"#);
    check(&[("tool", "", "ERROR", "", &[redacted])], &["raised -: Error running tool (non-fatal) @tool"]);
    check(
        &[("tool", "", "ERROR", "", &[redacted]), ("inner", "tool", "ERROR", "", &[BOOM])],
        &["raised ValueError: boom @inner"],
    );
}

#[test]
fn a_failure_recorded_by_siblings_is_listed_once() {
    let quoting = ("UserError", "Error running tool refund: refunded already", "");
    check(
        &[
            ("tool", "", "OK", "", &[]),
            ("run", "tool", "ERROR", "", &[quoting]),
            ("workflow", "tool", "OK", "", &[]),
            ("refund", "workflow", "ERROR", "", &[("", "refunded already", "")]),
        ],
        &["raised UserError: Error running tool refund: refunded already @refund < -: refunded already @refund"],
    );
    // An asynchronous node and the model that it called: the first span encloses the second in time.
    let within = |start: i64, end: i64, mut span: Span| {
        (span.start.0, span.end.as_mut().unwrap().0) = (start, end);
        span
    };
    let failures = |names: [&'static str; 2], inner: (i64, i64)| {
        let root = span(0, &("graph", "", "OK", "", &[]));
        let [one, other] = names.map(|name| (name, "graph", "ERROR", "", [BOOM]));
        let one = within(10, 90, span(1, &(one.0, one.1, one.2, one.3, &one.4)));
        let mut second = within(inner.0, inner.1, span(2, &("other", other.1, other.2, other.3, &other.4)));
        other.0.clone_into(&mut second.name);
        found(vec![root, one, second]).iter().map(formatted).collect::<Vec<_>>()
    };
    assert_eq!(failures(["node", "model"], (20, 80)), ["raised ValueError: boom @model"]);
    assert_eq!(failures(["node", "model"], (20, 95)).len(), 2, "they overlap");
    assert_eq!(failures(["tool", "tool"], (20, 80)).len(), 2, "two of a kind");
}

#[test]
fn langgraph_control_flow_is_not_a_failure() {
    for class in ["GraphInterrupt", "langgraph.errors.ParentCommand"] {
        check(&[("node", "", "ERROR", "(…)", &[(class, "(…)", "")])], &[]);
    }
    check(
        &[("node", "", "ERROR", "", &[("GraphRecursionError", "25", "")])],
        &["raised GraphRecursionError: 25 @node"],
    );
}

#[test]
fn without_exceptions_the_status_message_is_used() {
    for (message, expected) in [
        ("", "raised -: - @a"),
        ("ValueError: boom", "raised ValueError: boom @a"),
        ("openai.RateLimitError: Error code: 429", "raised RateLimitError: Error code: 429 @a"),
        ("KeyboardInterrupt", "raised KeyboardInterrupt: - @a"),
        ("NoSuchTool: x", "raised NoSuchTool: x @a"),
        ("Error code: 429 - {}", "raised -: Error code: 429 - {} @a"),
        ("Note: boom", "raised -: Note: boom @a"),
    ] {
        check(&[("a", "", "ERROR", message, &[])], &[expected]);
    }
    check(&[("a", "", "OK", "ValueError: boom", &[]), ("b", "a", "UNSET", "", &[])], &[]);
}

#[test]
fn failures_of_mlflow_logging_are_marked() {
    let stack = "Traceback (most recent call last):\n  File \"/v/site-packages/mlflow/autogen/chat.py\", line 1, in log\n    x()\nE: m\n";
    check(
        &[("a", "", "ERROR", "", &[("ValidationError", "2 errors", stack)])],
        &["logging ValidationError: 2 errors @a"],
    );
}

#[test]
fn failures_returned_as_output_are_listed_once_unless_raised() {
    let handled =
        |at, given: &Given<'_>, text: &str| Span { handled_failure: Some(text.to_owned()), ..span(at, given) };
    let (root, tool) = (("root", "", "OK", "", [].as_slice()), ("tool", "root", "OK", "", [].as_slice()));
    let both = vec![handled(0, &root, "Tool said: division by zero"), handled(1, &tool, "division by zero")];
    assert_eq!(found(both).iter().map(formatted).collect::<Vec<_>>(), ["handled -: division by zero @tool"]);
    let raised = ("tool", "root", "ERROR", "", [("ZeroDivisionError", "division by zero", "")].as_slice());
    let below = vec![handled(0, &root, "Error: division by zero"), span(1, &raised)];
    assert_eq!(
        found(below).iter().map(formatted).collect::<Vec<_>>(),
        ["raised ZeroDivisionError: division by zero @tool"]
    );
    let typed = found(vec![handled(0, &root, "ValueError: no such city")]);
    assert_eq!(typed.iter().map(formatted).collect::<Vec<_>>(), ["handled ValueError: no such city @root"]);
    assert_eq!(typed[0].failure.kind, FailureKind::Handled);
    assert!(typed[0].failure.exception.is_none());
}

#[test]
fn the_origin_is_the_innermost_application_code() {
    let stack = |files: &[&str]| {
        let frames: Vec<String> = files.iter().map(|file| format!("  File \"{file}\", line 1, in f\n")).collect();
        format!("Traceback (most recent call last):\n{}ValueError: boom\n", frames.concat())
    };
    let (library, app) =
        (stack(&["/v/site-packages/openai/c.py"]), stack(&["/app/a.py", "/v/site-packages/openai/c.py"]));
    let file = |spans: &[Given<'_>]| {
        let spans = spans.iter().enumerate().map(|(at, given)| span(at, given)).collect();
        found(spans)[0].failure.origin.as_ref().unwrap().file.clone()
    };
    let child = ("llm", "root", "ERROR", "", [("ValueError", "boom", library.as_str())]);
    let root = ("root", "", "ERROR", "", [("ValueError", "boom", app.as_str())]);
    assert_eq!(
        file(&[(root.0, root.1, root.2, root.3, &root.4), (child.0, child.1, child.2, child.3, &child.4)]),
        "/app/a.py"
    );
    assert_eq!(file(&[(child.0, "", child.2, child.3, &child.4)]), "/v/site-packages/openai/c.py");
}

#[test]
fn similar_failures_are_grouped_with_the_newest_as_example() {
    let one = |at, message: &str| span(at, &("a", "", "ERROR", "", &[("ValueError", message, "")]));
    let mut groups = ExceptionGroups::default();
    for (at, message) in [(2, "order 7"), (3, "order 12"), (1, "order 5"), (4, "other")] {
        groups.add(found(vec![one(at, message)]));
    }
    let twice = [("ValueError", "order 1", ""), ("ValueError", "order 2", "")];
    groups.add(found(vec![span(0, &("a", "", "ERROR", "", &twice))]));
    let sorted = groups.sorted();
    let shown: Vec<_> = sorted.iter().map(|group| (group.count, group.traces, formatted(&group.example))).collect();
    assert_eq!(
        shown,
        [(5, 4, "raised ValueError: order 12 @a".to_owned()), (1, 1, "raised ValueError: other @a".to_owned())]
    );
    assert_eq!((sorted[0].first.0 % 10, sorted[0].last.0 % 10), (0, 3));
    assert_ne!(sorted[0].fingerprint, sorted[1].fingerprint);
}

#[test]
fn failures_without_details_are_grouped_by_span_name() {
    let mut groups = ExceptionGroups::default();
    for name in ["a", "b", "a"] {
        groups.add(found(vec![span(0, &(name, "", "ERROR", "", &[]))]));
    }
    let counts: Vec<_> = groups.sorted().iter().map(|group| (group.count, group.example.span_name.clone())).collect();
    assert_eq!(counts, [(2, "a".to_owned()), (1, "b".to_owned())]);
}
