use super::{library_place, own_place, read, split_error};

/// What MLflow 3.18 records of an exception that another one caused (shortened).
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
fn a_chain_is_read_from_its_first_cause_on() {
    let chain = read(CHAIN).unwrap();
    let [first, last] = chain.as_slice() else { panic!("two: {chain:?}") };
    assert_eq!((first.link, first.error), (None, "KeyError: 'missing_key'"));
    let of: Vec<_> = first.frames.iter().map(|frame| (frame.function, frame.library, frame.code.as_slice())).collect();
    let wrapper = ["return wrapping_coro.send(fn(*args, **kwargs))"];
    let raised = ["raise KeyError(\"missing_key\")"];
    assert_eq!(
        of,
        [("outer", None, ["inner()"].as_slice()), ("wrapper", Some("mlflow"), &wrapper), ("inner", None, &raised)]
    );
    assert!(last.link.unwrap().contains("direct cause"));
    assert_eq!(last.error, "RuntimeError: outer failed\non two lines");
    assert_eq!(last.frames[1].code[1], "[Previous line repeated 2 more times]");
    let place = own_place(CHAIN).unwrap();
    assert_eq!(
        (place.file.as_str(), place.line, place.function.as_deref()),
        ("/app/agent.py", Some(129), Some("outer"))
    );
}

#[test]
fn traces_of_other_processes_are_quoted() {
    let text = format!(
        "\n\"\"\"\n{}\"\"\"\n\nDuring handling of the above exception, another exception occurred:\n\n{CHAIN}",
        &CHAIN[..400]
    );
    let errors: Vec<&str> =
        read(&text).unwrap().iter().map(|raised| raised.error.lines().next().unwrap_or("")).collect();
    assert_eq!(errors.last(), Some(&"RuntimeError: outer failed"));
    assert_eq!(
        read("\"\"\"\nTraceback (most recent call last):\nValueError: x\n\"\"\"").unwrap()[0].error,
        "ValueError: x"
    );
}

#[test]
fn code_that_was_installed_is_told_from_own() {
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
        assert_eq!(read(&text).unwrap()[0].frames[0].library, library, "{file}");
    }
}

#[test]
fn without_own_code_the_innermost_library_is_a_place() {
    let frame = |package: &str| format!("  File \"/v/site-packages/{package}/x.py\", line 1, in f\n    call()\n");
    let text =
        format!("Traceback (most recent call last):\n{}{}{}E: m\n", frame("openai"), frame("httpx"), frame("mlflow"));
    assert_eq!(own_place(&text), None);
    assert_eq!(library_place(&text, false).unwrap().file, "/v/site-packages/httpx/x.py");
    assert_eq!(library_place(&text, true).unwrap().file, "/v/site-packages/mlflow/x.py");
}

#[test]
fn what_is_no_plain_trace_of_python_is_left_as_it_is() {
    let group = "  + Exception Group Traceback (most recent call last):\n  |   File \"/app/a.py\", line 3, in main\n  |     x()\n  \
                 | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    \
                 |   File \"/app/b.py\", line 7, in work\n    | ValueError: x\n    +------------------------------------\n";
    assert_eq!(read(group), None);
    assert_eq!(own_place(group).unwrap().line, Some(7));
    for text in [
        "",
        "Error: boom\n    at run (/app/agent.js:10:5)\n    at node:internal/main:1:1",
        "goroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d",
        "java.lang.RuntimeException: boom\n\tat Agent.run(Agent.java:12)",
    ] {
        assert_eq!((read(text), own_place(text)), (None, None), "{text}");
    }
}

#[test]
fn an_error_is_its_class_and_its_text() {
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
    #![proptest_config(crate::tests::fixed_seed())]

    #[test]
    fn any_text_is_read(text in "(Traceback \\(most recent call last\\):|  File \"x\", line 1|[ é\"\n:a^]|The above exception was the direct cause of the following exception:){0,30}") {
        assert!(own_place(&text).is_none() || text.contains("File"));
        assert!(read(&text).is_none() || text.contains("Traceback"));
    }
}
