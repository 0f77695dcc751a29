use super::{app_location, library_location, parse, split_error};

/// A chained exception as MLflow 3.18 records it (shortened).
const CHAIN: &str = "Traceback (most recent call last):
  File \"/app/agent.py\", line 127, in outer
    inner()
  File \"/v/lib/python3.11/site-packages/mlflow/tracing/fluent.py\", line 384, in wrapper
    return wrapping_coro.send(fn(*args, **kwargs))
                              ^^^^^^^^^^^^^^^^^^^
  File \"/app/tools.py\", line 122, in inner
    raise KeyError(\"missing_key\")
KeyError: 'missing_key'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File \"/v/lib/python3.11/site-packages/mlflow/tracing/provider.py\", line 311, in with_active_span
    yield
  File \"/app/agent.py\", line 129, in outer
    raise RuntimeError(\"outer failed\") from e
  [Previous line repeated 2 more times]
RuntimeError: outer failed
on two lines
";

#[test]
fn a_chain_is_parsed_root_cause_first() {
    let chain = parse(CHAIN).unwrap();
    let [first, last] = chain.as_slice() else { panic!("two: {chain:?}") };
    assert_eq!((first.link, first.error), (None, "KeyError: 'missing_key'"));
    let frames: Vec<_> =
        first.frames.iter().map(|frame| (frame.function, frame.library, frame.code.as_slice())).collect();
    let wrapper = ["return wrapping_coro.send(fn(*args, **kwargs))"];
    let raised = ["raise KeyError(\"missing_key\")"];
    assert_eq!(
        frames,
        [("outer", None, ["inner()"].as_slice()), ("wrapper", Some("mlflow"), &wrapper), ("inner", None, &raised)]
    );
    assert!(last.link.unwrap().contains("direct cause"));
    assert_eq!(last.error, "RuntimeError: outer failed\non two lines");
    assert_eq!(last.frames[1].code[1], "[Previous line repeated 2 more times]");
    let location = app_location(CHAIN).unwrap();
    assert_eq!(
        (location.file.as_str(), location.line, location.function.as_deref()),
        ("/app/agent.py", Some(129), Some("outer"))
    );
}

#[test]
fn quotes_around_traces_of_other_processes_are_removed() {
    let text = format!(
        "\n\"\"\"\n{}\"\"\"\n\nDuring handling of the above exception, another exception occurred:\n\n{CHAIN}",
        &CHAIN[..400]
    );
    let errors: Vec<&str> =
        parse(&text).unwrap().iter().map(|raised| raised.error.lines().next().unwrap_or("")).collect();
    assert_eq!(errors.last(), Some(&"RuntimeError: outer failed"));
    assert_eq!(
        parse("\"\"\"\nTraceback (most recent call last):\nValueError: x\n\"\"\"").unwrap()[0].error,
        "ValueError: x"
    );
}

#[test]
fn libraries_are_distinguished_from_application_code() {
    for (file, library) in [
        ("/app/agent.py", None),
        ("/home/me/openai/agent.py", None),
        ("<stdin>", None),
        ("<frozen importlib._bootstrap>", Some("python")),
        ("/v/lib/python3.11/site-packages/openai/_base_client.py", Some("openai")),
        ("/usr/lib/python3/dist-packages/six.py", Some("six")),
        ("/usr/lib/python3.11/asyncio/tasks.py", Some("asyncio")),
        ("/usr/lib64/python3.12/threading.py", Some("threading")),
        ("C:\\app\\.venv\\Lib\\site-packages\\httpx\\_client.py", Some("httpx")),
        ("C:\\Python311\\Lib\\asyncio\\tasks.py", Some("asyncio")),
        ("C:\\app\\lib\\agent.py", None),
        ("/src/mlflow/mlflow/tracing/fluent.py", Some("mlflow")),
    ] {
        let text = format!("Traceback (most recent call last):\n  File \"{file}\", line 1, in f\nE: m\n");
        assert_eq!(parse(&text).unwrap()[0].frames[0].library, library, "{file}");
    }
}

#[test]
fn without_application_code_the_innermost_library_is_the_location() {
    let frame = |package: &str| format!("  File \"/v/site-packages/{package}/x.py\", line 1, in f\n    call()\n");
    let text =
        format!("Traceback (most recent call last):\n{}{}{}E: m\n", frame("openai"), frame("httpx"), frame("mlflow"));
    assert_eq!(app_location(&text), None);
    assert_eq!(library_location(&text, false).unwrap().file, "/v/site-packages/httpx/x.py");
    assert_eq!(library_location(&text, true).unwrap().file, "/v/site-packages/mlflow/x.py");
}

#[test]
fn other_stack_traces_are_not_parsed() {
    let group = "  + Exception Group Traceback (most recent call last):\n  |   File \"/app/a.py\", line 3, in main\n  |     x()\n  \
                 | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    \
                 |   File \"/app/b.py\", line 7, in work\n    | ValueError: x\n    +------------------------------------\n";
    assert_eq!(parse(group), None);
    assert_eq!(app_location(group).unwrap().line, Some(7));
    for text in [
        "",
        "Error: boom\n    at run (/app/agent.js:10:5)\n    at node:internal/main:1:1",
        "goroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d",
        "java.lang.RuntimeException: boom\n\tat Agent.run(Agent.java:12)",
    ] {
        assert_eq!((parse(text), app_location(text)), (None, None), "{text}");
    }
}

#[test]
fn errors_are_split_into_class_and_message() {
    for (error, expected) in [
        ("ValueError: x: y", (Some("ValueError"), Some("x: y"))),
        ("openai.RateLimitError: Error code: 429", (Some("RateLimitError"), Some("Error code: 429"))),
        ("KeyboardInterrupt", (Some("KeyboardInterrupt"), None)),
        ("Error code: 429", (None, Some("Error code: 429"))),
        ("", (None, None)),
    ] {
        assert_eq!(split_error(error), expected, "{error}");
    }
}

proptest::proptest! {
    #![proptest_config(crate::tests::fixed_seed_config())]

    #[test]
    fn any_text_is_parsed(text in "(Traceback \\(most recent call last\\):|  File \"x\", line 1|[ é\"\n:a^]|The above exception was the direct cause of the following exception:){0,30}") {
        assert!(app_location(&text).is_none() || text.contains("File"));
        assert!(parse(&text).is_none() || text.contains("Traceback"));
    }
}
