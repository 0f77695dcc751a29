//! Passing, failing and unknown verdicts of each rule; escaping of hostile names in reports.

#![expect(clippy::cloned_ref_to_slice_refs, reason = "keeps single traces and lists of traces uniform")]

mod traces;

use crate::commands::tests::{CommandLine, CommandOutput, items};
use serde_json::{Value, json};
use traces::{HOSTILE, HOSTILE_RULES, TestTrace, commands, hostile_traces, trace};

/// Traces in a document in memory.
struct Traces(String);

fn store(traces: &[TestTrace]) -> Traces {
    Traces(traces.iter().map(|trace| trace.json().to_string()).collect::<Vec<_>>().join("\n"))
}

impl Traces {
    fn cli(&self, words: &str) -> CommandLine {
        CommandLine::document(&self.0, words)
    }
}

/// The verdict and the JSON of the last rule of a check. Also asserts the exit code.
#[track_caller]
fn verdict(words: &str, traces: &[TestTrace]) -> (String, Value) {
    let output = store(traces).cli(&format!("check {words} --json")).run();
    let document = output.json();
    let last = items(&document, "rules").last().unwrap().clone();
    let verdict = last["verdict"].as_str().unwrap().to_owned();
    assert_eq!(output.exit, u8::from(document["passed"] == false), "{words}: {output}");
    (verdict, last)
}

/// Asserts that a rule passes, fails and is unknown for the given traces.
#[track_caller]
fn rule(words: &str, passing: &[TestTrace], failing: &[TestTrace], unknown: &[TestTrace]) {
    for (expected, traces) in [("pass", passing), ("fail", failing), ("unknown", unknown)] {
        let (verdict, last) = verdict(words, traces);
        assert_eq!(verdict, expected, "{words}: {last}");
        let is_named = last["evidence"].as_array().unwrap().iter().any(|item| item["trace_id"].is_string());
        let has_feedback = words.contains("feedback");
        assert!(
            expected == "pass" || is_named || has_feedback,
            "{words}, {expected}: no trace in the evidence: {last}"
        );
        assert_eq!(last["next"].is_string(), expected != "pass", "{words}: {last}");
    }
}

#[test]
fn messages_say_what_is_unknown_and_why() {
    insta::assert_snapshot!(CommandLine::demo("check --max-error-rate 5% --max-latency 1s").run(), @"
    13 traces, 3 rules: 1 passed, 2 failed

          rule             value     limit  affected
    pass  min-traces          13       ≥ 1         -
    FAIL  max-latency     3.07 s  ≤ 1.00 s         1
    FAIL  max-error-rate   7.7 %   ≤ 5.0 %         1

    max-latency: 3.07 s is more than 1.00 s; latency of 1 trace unknown (in progress)
      tr-f12713f2f4bd3c00c1cd617ccce089b2  3.07 s
      next: mltrace -u demo: trace show tr-f12713f2f4bd3c00c1cd617ccce089b2

    max-error-rate: 7.7 % is more than 5.0 %; outcome of 1 trace unknown (in progress)
      tr-419f926a13917b155df4228221e2858b
      next: mltrace -u demo: trace show tr-419f926a13917b155df4228221e2858b
    --- exit 1
    ");
    insta::assert_snapshot!(CommandLine::demo("check --max-error-rate 5% --max-tokens 1000").run(), @"
    13 traces, 3 rules: 1 passed, 2 failed

          rule            value    limit  affected
    pass  min-traces         13      ≥ 1         -
    FAIL  max-tokens      1,798  ≤ 1,000         1
    FAIL  max-error-rate  7.7 %  ≤ 5.0 %         1

    max-tokens: 1,798 is more than 1,000; tokens of 2 traces unknown
      tr-f12713f2f4bd3c00c1cd617ccce089b2  1,798
      next: mltrace -u demo: usage tr-f12713f2f4bd3c00c1cd617ccce089b2 --explain

    max-error-rate: 7.7 % is more than 5.0 %; outcome of 1 trace unknown (in progress)
      tr-419f926a13917b155df4228221e2858b
      next: mltrace -u demo: trace show tr-419f926a13917b155df4228221e2858b
    --- exit 1
    ");
}

#[test]
fn traces_over_the_token_limit_fail() {
    let (small, large) = (trace(1).call("gpt-4o-mini", 40, 10), trace(2).call("gpt-4o-mini", 90, 20));
    let unknown = trace(3).call_without_tokens();
    rule(
        "--max-tokens 100",
        &[small.clone(), trace(4)],
        &[small.clone(), large.clone()],
        &[small.clone(), unknown.clone()],
    );
    // A total over the limit fails even if other traces are unknown.
    assert_eq!(verdict("--max-tokens 100", &[large.clone(), unknown.clone()]).0, "fail");
    assert_eq!(verdict("--max-tokens 100", &[large.state("IN_PROGRESS"), unknown.clone()]).0, "fail");
    assert_eq!(verdict("--max-tokens 100", &[small.clone().state("IN_PROGRESS")]).0, "unknown");
    assert_eq!(verdict("--max-tokens 100", &[small.with_missing_spans()]).0, "unknown");
    // A failed call used no tokens.
    assert_eq!(verdict("--max-tokens 100", &[trace(5).call_without_tokens().failing("E", "x")]).0, "pass");
}

#[test]
fn statistics_over_the_token_limit_fail() {
    let (first, other) = (trace(1).call("gpt-4o-mini", 40, 10), trace(2).call("gpt-4o-mini", 90, 20));
    let unknown = trace(3).call_without_tokens();
    for (words, value) in [
        ("--max-tokens total=160", 160.0),
        ("--max-tokens mean=80", 80.0),
        ("--max-tokens p50=80", 80.0),
        ("--max-tokens p90=104", 104.0),
        ("--max-tokens p95=107", 107.0),
        ("--max-tokens p99=109.4", 109.4),
    ] {
        let both = [first.clone(), other.clone()];
        let (actual, last) = verdict(words, &both);
        assert_eq!((actual.as_str(), last["value"].as_f64()), ("pass", Some(value)), "{words}: {last}");
        let more = trace(4).call("gpt-4o-mini", 1_000, 0);
        rule(words, &both, &[first.clone(), other.clone(), more], &[first.clone(), unknown.clone()]);
    }
}

#[test]
fn costs_over_the_limit_fail() {
    let cheap = trace(1).call("gpt-4o-mini", 1_000, 0);
    let expensive = trace(2).call("gpt-4o", 1_000_000, 0);
    let unknown = trace(3).call("no-such-model", 10, 10);
    rule(
        "--max-cost 0.01",
        &[cheap.clone(), trace(4)],
        &[cheap.clone(), expensive.clone()],
        &[cheap.clone(), unknown.clone()],
    );
    rule(
        "--max-cost total=0.01",
        &[cheap.clone()],
        &[cheap.clone(), expensive.clone()],
        &[cheap.clone(), unknown.clone()],
    );
    rule("--max-cost mean=$0.01", &[cheap.clone()], &[expensive, unknown.clone()], &[unknown.clone()]);
    let (_, last) = verdict("--max-cost 0.01", &[unknown, trace(5).call_without_tokens()]);
    let texts: Vec<&str> = items(&last, "evidence").iter().map(|item| item["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["no known price for no-such-model", "1 model call has no recorded tokens"]);
}

#[test]
fn slow_traces_fail() {
    let (fast, slow, in_progress) =
        (trace(1), trace(2).with_duration(Some(5_000)), trace(3).with_duration(None).state("IN_PROGRESS"));
    rule("--max-latency 2s", &[fast.clone()], &[fast.clone(), slow.clone()], &[fast.clone(), in_progress.clone()]);
    rule("--max-latency p95=2s", &[fast.clone()], &[fast.clone(), slow.clone()], &[fast.clone(), in_progress.clone()]);
    rule("--max-latency mean=2s", &[fast.clone()], &[fast.clone(), slow], &[fast, in_progress]);
}

#[test]
fn too_many_calls_fail() {
    let calls = |trace: TestTrace| trace.call("gpt-4o", 1, 1).call("gpt-4o", 1, 1).tool("search").tool("fetch");
    let (two, three) = (calls(trace(1)), calls(trace(4)).call("gpt-4o", 1, 1).tool("search"));
    let in_progress = trace(2).with_missing_spans();
    rule("--max-llm-calls 2", &[two.clone()], &[three.clone()], &[in_progress.clone()]);
    rule("--max-tool-calls 2", &[two.clone()], &[three.clone()], &[in_progress.clone()]);
    rule(
        "--max-llm-calls total=4",
        &[two.clone(), trace(3)],
        &[two.clone(), three.clone()],
        &[two.clone(), in_progress.clone()],
    );
    rule("--max-tool-calls mean=2", &[two.clone(), trace(3)], &[three.clone()], &[two, in_progress]);
}

#[test]
fn error_rates_over_the_limit_fail() {
    let (good, bad, in_progress) = (trace(1), trace(2).state("ERROR"), trace(3).state("IN_PROGRESS"));
    rule("--max-error-rate 0", &[good.clone()], &[good.clone(), bad.clone()], &[good.clone(), in_progress.clone()]);
    rule("--max-error-rate 50%", &[good.clone(), bad.clone()], &[bad.clone()], &[bad.clone(), in_progress.clone()]);
    // If the open trace failed, the rate would be exactly 50%.
    assert_eq!(verdict("--max-error-rate 0.5", &[good, in_progress]).0, "pass");
}

#[test]
fn exceptions_fail() {
    let bad = trace(1).tool("search").failing("ValueError", "no such page");
    rule("--no-exceptions", &[trace(2)], &[bad.clone(), trace(2)], &[trace(3).with_missing_spans()]);
    let (_, last) = verdict("--no-exceptions", &[bad]);
    assert_eq!(last["evidence"][0]["text"], "ValueError: no such page");
}

#[test]
fn failures_returned_as_tool_output_count_only_with_all() {
    let output = json!("ValueError: no such page");
    let handled = trace(1).with("search", "TOOL", &json!({"mlflow.spanOutputs": output}));
    assert_eq!(verdict("--no-exceptions", &[handled.clone()]).0, "pass");
    let (actual, last) = verdict("--no-exceptions=all", &[handled]);
    assert_eq!((actual.as_str(), &last["evidence"][0]["text"]), ("fail", &output));
}

#[test]
fn required_and_forbidden_spans_and_tools_are_checked() {
    let with = trace(1).tool("search_web").with("plan", "CHAIN", &json!({}));
    let without = trace(2).tool("fetch");
    let in_progress = trace(3).with_missing_spans();
    rule(
        "--require-span plan",
        &[with.clone()],
        &[with.clone(), without.clone()],
        &[with.clone(), in_progress.clone()],
    );
    rule("--forbid-span plan", &[without.clone()], &[with.clone(), without.clone()], &[in_progress.clone()]);
    rule("--require-tool search*", &[with.clone()], &[with.clone(), without.clone()], &[in_progress.clone()]);
    rule("--forbid-tool search*", &[without.clone()], &[with.clone()], &[without, in_progress]);
    // Only spans of type TOOL are tools.
    assert_eq!(verdict("--require-tool plan", &[with.clone()]).0, "fail");
    assert_eq!(verdict("--forbid-tool plan", &[with]).0, "pass");
}

#[test]
fn low_feedback_fails() {
    let good = trace(1).feedback("correct", &json!("yes"));
    let bad = trace(2).feedback("correct", &json!(false));
    let failed = trace(3).feedback("correct", &Value::Null);
    let words = trace(4).feedback("correct", &json!("rather"));
    rule("--min-feedback correct=0.5", &[good.clone(), bad.clone()], &[bad.clone()], &[good.clone(), failed.clone()]);
    rule("--min-feedback correct=each=1", &[good.clone()], &[good.clone(), bad.clone()], &[good.clone(), trace(5)]);
    rule("--min-feedback correct=p50=1", &[good.clone()], &[bad.clone()], &[words.clone()]);
    // Traces without feedback are left out of the mean; without any feedback the mean is unknown.
    assert_eq!(verdict("--min-feedback correct=1", &[good, trace(5)]).0, "pass");
    assert_eq!(verdict("--min-feedback correct=1", &[trace(5)]).0, "unknown");
    // Missing feedback could still raise the mean.
    assert_eq!(verdict("--min-feedback correct=0.5", &[bad, failed]).0, "unknown");
    let (_, last) = verdict("--min-feedback correct=1", &[words]);
    assert_eq!(last["evidence"][0]["text"], "`rather` is neither a number nor yes or no");
}

#[test]
fn empty_selections_fail_unless_min_traces_is_zero() {
    let none = store(&[trace(1)]).cli("check --name nothing --max-tokens 1 --json").run();
    let first = &none.json()["rules"][0];
    assert_eq!((none.exit, &first["rule"], &first["verdict"]), (1, &json!("min-traces"), &json!("fail")), "{none}");
    assert_eq!((&first["value"], &first["limit"]), (&json!(0), &json!(1)));
    assert_eq!(verdict("--min-traces 2", &[trace(1)]).0, "fail");
    assert_eq!(verdict("--min-traces 2", &[trace(1), trace(2)]).0, "pass");
    let rules = "--name nothing --min-traces 0 --max-tokens 1 --max-cost mean=0 --max-error-rate 0 --no-exceptions \
                 --require-tool x --min-feedback x=1 --json";
    let output = store(&[trace(1)]).cli(&format!("check {rules}")).run();
    assert_eq!((output.exit, &output.json()["passed"]), (0, &json!(true)), "{output}");
}

fn hostile() -> Traces {
    store(&hostile_traces())
}

fn hostile_check(store: &Traces, more: &str) -> CommandOutput {
    let output = store.cli(&format!("{HOSTILE_RULES} {more}")).arg("--min-feedback").arg(format!("{HOSTILE}=1")).run();
    assert_eq!(output.exit, 1, "{output}");
    output
}

#[test]
fn hostile_text_adds_no_annotations() {
    let store = hostile();
    let output = hostile_check(&store, "--report github");
    let found = commands(&output.stdout);
    assert_eq!(found.len(), output.lines().len(), "every line is a command: {output}");
    assert_eq!(found[0], "::notice title=mltrace check::2 traces, 7 rules: 1 passed, 4 failed, 2 unknown");
    for line in &found[1..] {
        let (head, data) = line[2..].split_once("::").unwrap();
        assert!(head.starts_with("error title=mltrace check%3A "), "{line}");
        let title = head.strip_prefix("error title=").unwrap();
        assert!(!title.contains([':', ',', '\r', '\n']), "properties are escaped: {line}");
        assert!(!data.contains(['\r', '\u{1b}', '\u{202e}']), "{line}");
    }
    // A stored `%0A` stays text; line breaks of the message are encoded as `%0A`.
    assert!(output.stdout.contains("%250A") && output.stdout.contains("%0Anext: "), "{output}");
}

#[test]
fn hostile_text_adds_no_ci_commands() {
    let store = hostile();
    let words = [
        "traces",
        "tools",
        "trace show @error",
        "trace show @error --io",
        "exceptions --stack",
        "usage @error",
        "tools -o csv",
        "spans --json",
    ];
    for words in words {
        let output = store.cli(words).env("GITHUB_ACTIONS", "true").ok();
        assert_eq!(commands(&output.stdout), [""; 0], "{words}: {output}");
        assert_eq!(commands(&output.stderr), [""; 0], "{words}: {output}");
        let plain = store.cli(words).ok();
        if words.ends_with("--json") {
            assert_eq!(output.json(), plain.json(), "escaping does not change the JSON");
        }
    }
    for more in ["", "--report markdown", "--report junit", "--report json"] {
        let words = format!("{HOSTILE_RULES} {more}");
        let output = store.cli(&words).env("GITHUB_ACTIONS", "true").run();
        assert_eq!(commands(&output.stdout), [""; 0], "{words}: {output}");
    }
}

#[test]
fn hostile_text_is_escaped_in_junit_reports() {
    let store = hostile();
    let text = hostile_check(&store, "--report junit").stdout;
    let document = roxmltree::Document::parse(&text).unwrap();
    let suite = document.root_element().first_element_child().unwrap();
    let number = |name: &str| suite.attribute(name).unwrap().parse::<usize>().unwrap();
    let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
    let with = |tag: &str| cases.iter().filter(|case| case.children().any(|node| node.has_tag_name(tag))).count();
    assert_eq!((number("tests"), number("failures"), number("errors")), (7, 4, 2));
    assert_eq!((cases.len(), with("failure"), with("error")), (7, 4, 2));
    // Stored text adds no elements.
    let mut names: Vec<&str> =
        document.descendants().filter(roxmltree::Node::is_element).map(|node| node.tag_name().name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        names,
        [
            "error",
            "failure",
            "properties",
            "property",
            "system-err",
            "system-out",
            "testcase",
            "testsuite",
            "testsuites"
        ]
    );
    let mut texts = cases.iter().flat_map(roxmltree::Node::children).filter_map(|node| node.text());
    assert!(texts.any(|text| text.contains("]]> <script>&amp; \"q\"")), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{ffff}', '\r']), "{text}");
}

#[test]
fn hostile_text_is_escaped_in_markdown_reports() {
    let store = hostile();
    let output = hostile_check(&store, "--report markdown");
    let is_row = |line: &&&str| line.starts_with('|');
    for row in output.lines().iter().filter(is_row) {
        assert_eq!(row.matches('|').count(), 6, "{row}");
    }
    // Text in code elements is letters, digits, spaces, `-`, `,` and entities.
    for piece in output.stdout.split("<code>").skip(1) {
        // Prevents automatic links for email addresses.
        let code = piece.split_once("</code>").unwrap().0.replace("<!-- -->", "");
        let is_plain = |c: char| !c.is_ascii_punctuation() || "-,&#;".contains(c);
        assert!(code.chars().all(is_plain), "{code}");
        for entity in code.split('&').skip(1) {
            let number = entity.split_once(';').unwrap().0.strip_prefix('#').unwrap();
            assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        }
    }
    assert!(!output.stdout.contains("@someone") && !output.stdout.contains("<script>"), "{output}");
}

#[test]
fn hostile_ids_are_quoted_in_suggested_commands() {
    let mut bad = trace(1).call("m", 50, 50).json();
    bad["info"]["trace_id"] = json!("x'; touch pwned; '");
    let output = CommandLine::document(bad.to_string(), "check --max-tokens 1 --json").run();
    let next = items(&output.json(), "rules").last().unwrap()["next"].clone();
    assert_eq!(next, r#"mltrace -u=- usage "x'; touch pwned; '" --explain"#);
}

#[test]
fn evidence_lists_only_the_worst_traces() {
    let traces: Vec<TestTrace> = (1..=50).map(|id| trace(id).call("gpt-4o-mini", id * 10, 0)).collect();
    let (_, last) = verdict("--max-tokens 95", &traces);
    let evidence = items(&last, "evidence");
    assert_eq!((last["count"].as_u64(), evidence.len()), (Some(41), 20));
    let values: Vec<i64> = evidence.iter().map(|item| item["value"].as_i64().unwrap()).collect();
    assert_eq!((values[0], values[19]), (500, 310), "worst traces first");
    let table = store(&traces).cli("check --max-tokens 95").run();
    assert!(table.stdout.contains("and 36 more"), "{table}");
}

#[test]
fn values_just_over_a_fractional_limit_are_not_rounded_to_it() {
    let traces = [trace(1).with_duration(Some(50)), trace(2).with_duration(Some(51))];
    assert_eq!(verdict("--max-latency p50=50.9ms", &traces).0, "pass");
    let (_, last) = verdict("--max-latency mean=50.4999ms", &traces);
    assert_eq!(last["message"], "50.5 ms is more than 50.4999 ms");
}

#[test]
fn tokens_missing_from_all_spans_are_unknown() {
    let mut recorded = trace(1).json();
    recorded["info"]["trace_metadata"]["mlflow.trace.tokenUsage"] =
        json!(json!({"input_tokens": 4_000, "output_tokens": 1_000, "total_tokens": 5_000}).to_string());
    let cli = |words: &str| CommandLine::document(recorded.to_string(), words);
    let last = items(&cli("check --max-tokens 60").json(), "rules").last().unwrap().clone();
    assert_eq!(last["verdict"], "unknown", "{last}");
    assert_eq!(last["evidence"][0]["text"], "5000 tokens in the record, none in the spans");
    let usage = cli("usage @last").ok();
    assert_eq!(usage.stderr, "note: no span has tokens; MLflow recorded 4,000 in, 1,000 out, 5,000 in total\n");
}

#[test]
fn calls_without_tokens_have_unknown_cost() {
    let model = json!({"mlflow.llm.model": "text-embedding-3-small"});
    let embedding = trace(1).with("Embeddings", "EMBEDDING", &model);
    assert_eq!(verdict("--max-cost 1", &[embedding.clone()]).0, "unknown");
    assert_eq!(verdict("--max-tokens 1", &[embedding.clone()]).0, "unknown");
    assert_eq!(verdict("--max-llm-calls 0", &[embedding]).0, "pass", "no language model is called");
    // The parent has the tokens, but the cost is unknown.
    let mut both = trace(2).call("gpt-4o-mini", 1, 1).with("call", "LLM", &json!({"mlflow.llm.model": "gpt-4o"}));
    let usage = json!({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}).to_string();
    both.spans[0]["attributes"]["mlflow.chat.tokenUsage"] = json!(usage);
    assert_eq!(verdict("--max-tokens 2", &[both.clone()]).0, "pass");
    assert_eq!(verdict("--max-cost 1", &[both]).0, "unknown");
}

#[test]
fn conflicting_totals_must_agree_on_the_verdict() {
    let mut both = trace(1).call("gpt-4o-mini", 20, 5).call("gpt-4o-mini", 5, 5);
    let usage = json!({"input_tokens": 30, "output_tokens": 10, "total_tokens": 40}).to_string();
    both.spans[0]["attributes"]["mlflow.chat.tokenUsage"] = json!(usage);
    let both = [both];
    assert_eq!(verdict("--max-tokens 34", &both).0, "fail");
    let (word, last) = verdict("--max-tokens 39", &both);
    let why = json!("the total is either 40 or 35 tokens");
    assert_eq!((word.as_str(), &last["evidence"][0]["text"]), ("unknown", &why));
    assert_eq!(verdict("--max-tokens 40", &both).0, "pass");
    assert_eq!(verdict("--max-tokens total=40", &both).0, "unknown", "sums need exact figures");

    let store = store(&both);
    let usage = store.cli("usage @last").ok();
    let note = "note: run has different token counts than the calls below it; the total may be 40 or 35\n";
    assert!(usage.stderr.contains(note), "{usage}");
    let doctor = store.cli("doctor").ok();
    assert!(doctor.stdout.contains("40 tokens in the span, 35 in the calls"), "{doctor}");
    assert!(doctor.stdout.contains("compare both totals with the provider's bill"), "{doctor}");
}

#[test]
fn repeated_feedback_counts_a_trace_once() {
    let judged = trace(1).feedback("q", &json!(0.2)).feedback("q", &json!(0)).feedback("q", &json!(0.1));
    let (_, last) = verdict("--min-feedback q=each=0.5", &[judged, trace(2).feedback("q", &json!(1))]);
    let evidence = items(&last, "evidence");
    assert_eq!((last["count"].as_u64(), evidence.len(), &evidence[0]["value"]), (Some(1), 1, &json!(0)));
    assert_eq!(verdict("--min-feedback score=-1", &[trace(1).feedback("score", &json!(-0.5))]).0, "pass");
}

#[test]
fn invalid_rules_are_rejected() {
    let store = store(&[trace(1)]);
    for words in [
        "--max-tokens p94=3",
        "--max-tokens -1",
        "--max-tokens nan",
        "--max-error-rate 5",
        "--max-latency total=3s",
        "--max-latency soon",
        "--min-feedback correct",
        "--tolerance speed=5% --baseline b.json",
        "--tolerance 10 --baseline b.json",
        "--tolerance 1e308% --baseline b.json",
        "--tolerance 10%",
        "--report junit=a --report json=a",
        "--json --report github",
        "--report pdf",
        "--report junit=",
        "--report junit --report github",
        "--baseline none.json",
        "--rules none.toml",
        "--no-exceptions=some",
    ] {
        let output = store.cli(&format!("check {words}")).run();
        assert_eq!((output.exit, output.stdout.as_str()), (2, ""), "{words}: {output}");
    }
}

#[test]
fn failed_traces_without_exceptions_are_unknown() {
    let (actual, last) = verdict("--no-exceptions", &[trace(1).state("ERROR")]);
    let why = json!("failed, but no span records why");
    assert_eq!((actual.as_str(), &last["evidence"][0]["text"]), ("unknown", &why));
}
