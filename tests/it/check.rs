//! `mltrace check` with files: rules, baselines and reports. Verdicts are tested next to the command.

#[path = "../../src/commands/check/tests/traces.rs"]
#[expect(dead_code, reason = "shared with the tests of the command")]
mod traces;

use crate::harness::{Cli, Fixture, items};
use crate::server::{MockResponse, Server};
use serde_json::{Value, json};
use std::path::PathBuf;
use tempfile::TempDir;
use traces::{HOSTILE_RULES, TestTrace, commands, hostile_traces, trace};

/// A folder with a document of traces, for reports and baselines.
struct Store {
    folder: TempDir,
}

fn store(traces: &[TestTrace]) -> Store {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = traces.iter().map(|trace| trace.json().to_string()).collect();
    std::fs::write(folder.path().join("traces.jsonl"), lines.join("\n")).unwrap();
    Store { folder }
}

impl Store {
    fn cli(&self, words: &str) -> Cli {
        Cli::new(words).on("traces.jsonl").cwd(self.folder.path())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }
}

#[test]
fn checks_without_rules_are_rejected() {
    let store = store(&[trace(1)]);
    insta::assert_snapshot!(store.cli("check").run(), @r"
    --- stderr
    error: no rules to check
      hint: give at least one, for example `--max-error-rate 5%` or `--rules rules.toml`
      hint: `mltrace check --help` lists the rules
    --- exit 2
    ");
    let refused = |words: &str, message: &str| {
        let output = store.cli(&format!("check {words} --json")).run();
        let error = output.error();
        assert_eq!(
            (output.exit, output.stdout.as_str(), &error["code"]),
            (Some(2), "", &json!("usage")),
            "{words}: {output}"
        );
        assert!(error["message"].as_str().unwrap().contains(message), "{words}: {output}");
    };
    // Flags for selection, reports and output are not rules.
    refused("--since 1h --report junit=check.xml", "no rules to check");
    assert!(!store.file("check.xml").exists());
    for text in ["", "# max-tokens = 5\n", "no-exceptions = false\n"] {
        std::fs::write(store.file("rules.toml"), text).unwrap();
        refused("--rules rules.toml", "no rules in `rules.toml`");
        refused("--rules rules.toml --max-tokens 5", "no rules in `rules.toml`");
    }
    // `--min-traces` alone is a rule, and baselines need no rules.
    store.cli("check --min-traces 1").ok();
    store.cli("check --save-baseline b.json").ok();
    store.cli("check --baseline b.json").ok();
    std::fs::write(store.file("rules.toml"), "tolerance = \"5%\"\n").unwrap();
    store.cli("check --rules rules.toml --baseline b.json").ok();
    std::fs::write(store.file("rules.toml"), "baseline = \"b.json\"\n").unwrap();
    store.cli("check --rules rules.toml").ok();
}

#[test]
fn unreadable_records_fail_the_check() {
    let copy = Fixture::named("3.2.0-file").copy();
    let traces = copy.fixture.cli("traces -o ids --all").ok();
    let id = traces.lines()[0].to_owned();
    std::fs::write(copy.trace_folder(&id).join("trace_info.yaml"), "trace_id: [").unwrap();
    let output = copy.fixture.cli("check --min-traces 1 --json").run();
    let last = items(&output.json(), "rules").last().unwrap().clone();
    assert_eq!(
        (output.exit, &last["rule"], &last["verdict"]),
        (Some(1), &json!("readable"), &json!("unknown")),
        "{output}"
    );
    assert_eq!(last["next"].as_str().unwrap().split_whitespace().last(), Some("doctor"));
}

#[test]
fn baselines_are_saved_and_compared() {
    let before = store(&[trace(1).call("gpt-4o-mini", 90, 10).tool("a"), trace(2).call("gpt-4o-mini", 90, 10)]);
    before.cli("check --save-baseline b.json").ok();
    insta::assert_snapshot!(before.read("b.json"), @r#"
    {
      "schema": "mltrace/1",
      "time": "2026-11-21T00:00:00.000Z",
      "baseline": {
        "traces": 2,
        "error_rate": 0.0,
        "measures": {
          "cost": {
            "mean": 0.0000195
          },
          "latency": {
            "p50": 1000.0,
            "p95": 1000.0
          },
          "llm-calls": {
            "mean": 1.0
          },
          "tokens": {
            "mean": 100.0,
            "p95": 100.0
          },
          "tool-calls": {
            "mean": 0.5
          }
        },
        "feedback": {},
        "exceptions": []
      }
    }
    "#);
    let same = before.cli("check --baseline b.json --tolerance 0").run();
    insta::assert_snapshot!(same, @"
    2 traces, 10 rules: 10 passed

          rule                      value         limit    baseline
    pass  min-traces                    2           ≥ 1           -
    pass  max-error-rate              0 %         ≤ 0 %         0 %
    pass  max-tokens mean             100         ≤ 100         100
    pass  max-tokens p95              100         ≤ 100         100
    pass  max-cost mean        $0.0000195  ≤ $0.0000195  $0.0000195
    pass  max-latency p50          1.00 s      ≤ 1.00 s      1.00 s
    pass  max-latency p95          1.00 s      ≤ 1.00 s      1.00 s
    pass  max-llm-calls mean            1           ≤ 1           1
    pass  max-tool-calls mean         0.5         ≤ 0.5         0.5
    pass  no-new-exceptions             0           ≤ 0           -
    ");
    let worse = store(&[
        trace(1).call("gpt-4o-mini", 130, 20).with_duration(Some(1_050)),
        trace(2).tool("b").failing("ValueError", "new").state("ERROR").feedback("x", &json!(1)),
    ]);
    std::fs::copy(before.file("b.json"), worse.file("b.json")).unwrap();
    insta::assert_snapshot!(worse.cli("check --baseline b.json").run(), @"
    2 traces, 10 rules: 7 passed, 3 failed

          rule                      value         limit    baseline  affected
    pass  min-traces                    2           ≥ 1           -         -
    FAIL  max-error-rate           50.0 %         ≤ 0 %         0 %         1
    pass  max-tokens mean              75         ≤ 110         100         -
    FAIL  max-tokens p95            142.5         ≤ 110         100         1
    pass  max-cost mean        $0.0000158  ≤ $0.0000215  $0.0000195         -
    pass  max-latency p50          1.02 s      ≤ 1.10 s      1.00 s         -
    pass  max-latency p95          1.05 s      ≤ 1.10 s      1.00 s         -
    pass  max-llm-calls mean          0.5         ≤ 1.1           1         -
    pass  max-tool-calls mean         0.5        ≤ 0.55         0.5         -
    FAIL  no-new-exceptions             1           ≤ 0           -         1

    max-error-rate: 50.0 % is more than 0 % (baseline 0 %)
      tr-00000000000000000000000000000002
      next: mltrace -u traces.jsonl trace show tr-00000000000000000000000000000002

    max-tokens p95: 142.5 is more than 110 (baseline 100)
      tr-00000000000000000000000000000001  150
      next: mltrace -u traces.jsonl usage tr-00000000000000000000000000000001 --explain

    no-new-exceptions: 1 in 1 trace, not in the baseline
      tr-00000000000000000000000000000002  1  ValueError: new
      next: mltrace -u traces.jsonl trace show tr-00000000000000000000000000000002
    --- exit 1
    ");
    let tolerant = "check --baseline b.json --tolerance 60% --tolerance error-rate=0 --tolerance latency=1% --json";
    let document = worse.cli(tolerant).run().json();
    let of = |verdict: &str| {
        let rules = items(&document, "rules").iter().filter(|rule| rule["verdict"] == verdict);
        rules
            .map(|rule| format!("{} {}", rule["rule"].as_str().unwrap(), rule["over"].as_str().unwrap_or("-")))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("fail"), ["max-error-rate -", "max-latency p50", "max-latency p95", "no-new-exceptions -"]);
}

#[test]
fn failed_checks_save_no_baseline() {
    let store = store(&[trace(1).call("gpt-4o-mini", 90, 10)]);
    std::fs::write(store.file("b.json"), "as it was").unwrap();
    let output = store.cli("check --max-tokens 1 --save-baseline b.json -o ids").run();
    assert_eq!((output.exit, store.read("b.json").as_str()), (Some(1), "as it was"), "{output}");
    assert!(output.stderr.contains("`b.json` was not written"), "{output}");
}

#[test]
fn unknown_baseline_figures_are_reported_and_not_compared() {
    let store = store(&[trace(1).call_without_tokens()]);
    let saved = store.cli("check --save-baseline b.json").ok();
    let note = "note: the baseline lacks tokens mean, tokens p95, cost mean: they are not recorded for some traces\n";
    assert_eq!(saved.stderr, note, "{saved}");
    let compared = store.cli("check --baseline b.json").ok();
    assert_eq!(compared.stderr, "", "{compared}");
    assert!(!compared.stdout.contains("max-cost"), "{compared}");
    // A baseline does not include the unknown failure.
    let store = self::store(&[trace(1).state("ERROR")]);
    let saved = store.cli("check --save-baseline b.json").ok();
    assert!(saved.stderr.contains("the baseline lacks exceptions: they"), "{saved}");
    assert_eq!(store.cli("check --baseline b.json --tolerance 0").run().exit, Some(0));
    let store = self::store(&[trace(1).state("IN_PROGRESS")]);
    let saved = store.cli("check --save-baseline b.json").ok();
    assert!(saved.stderr.contains("some traces are in progress (use --status ok,error)"), "{saved}");
}

#[test]
fn rules_are_read_from_a_file() {
    let store = store(&[trace(1).call("gpt-4o-mini", 90, 10).tool("search")]);
    std::fs::write(
        store.file("rules.toml"),
        "# of the nightly runs\nmax-tokens = [50, \"p95=500\"]\nmax-cost = 0.01\nmax-error-rate = \"5%\"\n\
         no-exceptions = true\nforbid-span = [\"delete_*\", \"drop_*\"]\nmin-traces = 1\n",
    )
    .unwrap();
    insta::assert_snapshot!(store.cli("check --rules rules.toml").run(), @"
    1 trace, 8 rules: 7 passed, 1 failed

          rule                       value      limit  affected
    pass  min-traces                     1        ≥ 1         -
    FAIL  max-tokens                   100       ≤ 50         1
    pass  max-tokens p95               100      ≤ 500         -
    pass  max-cost              $0.0000195  ≤ $0.0100         -
    pass  max-error-rate               0 %    ≤ 5.0 %         -
    pass  no-exceptions                  0        ≤ 0         -
    pass  forbid-span delete_*           0        ≤ 0         -
    pass  forbid-span drop_*             0        ≤ 0         -

    max-tokens: 100 is more than 50
      tr-00000000000000000000000000000001  100
      next: mltrace -u traces.jsonl usage tr-00000000000000000000000000000001 --explain
    --- exit 1
    ");
    // A flag replaces the limit for the same statistic.
    let output = store.cli("check --rules rules.toml --max-tokens 200").ok();
    assert!(
        output.stdout.contains("≤ 200") && output.stdout.contains("≤ 500") && !output.stdout.contains("≤ 50\n"),
        "{output}"
    );
    for (text, message) in [
        ("max-tokns = 5", "unexpected argument '--max-tokns' found"),
        ("max-tokens = \"many\"", "expected a number of tokens"),
        ("max-tokens = {p95 = 5}", "`max-tokens` has a value of type table"),
        ("max-tokens = false", "`max-tokens` has a value of type boolean"),
        ("max-tokens = []", "`max-tokens` is not a rule with a value"),
        ("\"max-tokens=5\" = 1", "`max-tokens=5` is not a rule"),
        ("max-tokens = 2026-11-20", "`max-tokens` has a value of type datetime"),
        ("max-tokens = ", "TOML parse error"),
    ] {
        std::fs::write(store.file("rules.toml"), text).unwrap();
        let output = store.cli("check --rules rules.toml --json").run();
        let error = output.error();
        assert_eq!((output.exit, &error["code"]), (Some(2), &json!("usage")), "{text}: {output}");
        assert!(error["message"].as_str().unwrap().contains(message), "{text}: {output}");
    }
}

#[test]
fn errors_do_not_count_as_failed_checks() {
    assert_eq!(Cli::new("check --max-error-rate 0").on("sqlite:///none.db").run().exit, Some(5));
    let server = Server::new(|_| MockResponse::json(500, "{}"));
    let cli = Cli::new("check --max-error-rate 0").on(server.uri()).env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
    assert_eq!(cli.run().exit, Some(4));
    assert_eq!(store(&[trace(1)]).cli("check --max-error-rate 0 -x nowhere").run().exit, Some(3));
    assert_eq!(store(&[trace(1)]).cli("check --max-error-rate 0 --filter x").run().exit, Some(2));
}

#[test]
fn reports_are_written_to_files_besides_the_output() {
    let store = store(&[trace(1)]);
    let output = store
        .cli("check --min-traces 1 --report table=t.txt --report json=j.json --report markdown=m.md --report github=g.txt -o csv")
        .ok();
    assert!(output.stdout.starts_with("rule,subject,over,verdict,"), "{output}");
    assert!(store.read("t.txt").contains("pass  min-traces"));
    let json: Value = serde_json::from_str(&store.read("j.json")).unwrap();
    assert_eq!(json["passed"], true);
    assert!(store.read("m.md").starts_with("### mltrace check: 1 trace, 1 rule: 1 passed\n"));
    assert_eq!(store.cli("check --min-traces 1 --report junit=no/such/folder/x.xml").run().exit, Some(5));
    assert_eq!(store.read("g.txt"), "::notice title=mltrace check::1 trace, 1 rule: 1 passed\n");
}

#[test]
fn edited_baselines_are_validated() {
    let store = store(&[trace(1).call("gpt-4o-mini", 90, 10)]);
    store.cli("check --save-baseline b.json").ok();
    let good = store.read("b.json");
    let unknown = r#""exceptions": [{"fingerprint": "zz", "type": null, "message": null}]"#;
    for (from, to, message) in [
        ("mltrace/1", "mltrace/2", "its schema is not `mltrace/1`"),
        ("\"tokens\"", "\"tokenz\"", "unknown value `tokenz mean`"),
        ("\"p50\": 1000.0", "\"p50\": -1.0", "negative value of `latency p50`"),
        ("\"error_rate\": 0.0", "\"error_rate\": 5", "`error_rate` must be between 0 and 1"),
        ("\"exceptions\": []", unknown, "invalid fingerprint `zz`"),
        ("\"feedback\"", "\"feedbacks\"", "unknown field `feedbacks`"),
        ("\"baseline\"", "\"base\"", "missing key `baseline`"),
        (good.as_str(), "", "not JSON"),
    ] {
        assert!(good.contains(from), "{from}");
        std::fs::write(store.file("b.json"), good.replace(from, to)).unwrap();
        let output = store.cli("check --baseline b.json --json").run();
        assert_eq!(output.exit, Some(2), "{message}: {output}");
        assert!(output.error()["message"].as_str().unwrap().contains(message), "{message}: {output}");
    }
}

#[test]
fn reports_in_files_contain_no_ci_commands_and_markdown_is_appended() {
    let store = store(&hostile_traces());
    for _ in 0..2 {
        let words = format!("{HOSTILE_RULES} --report markdown=m.md --report table=t.txt --report junit=j.xml");
        let output = store.cli(&words).env("GITHUB_ACTIONS", "true").run();
        assert!(output.stdout.contains("FAIL"), "the table is printed too: {output}");
        assert_eq!(commands(&output.stdout), [""; 0], "{output}");
    }
    assert_eq!(store.read("m.md").matches("### mltrace check").count(), 2);
    for name in ["m.md", "t.txt", "j.xml"] {
        assert_eq!(commands(&store.read(name)), [""; 0], "{name}");
    }
    roxmltree::Document::parse(&store.read("j.xml")).unwrap();
}

#[test]
fn suggested_commands_keep_the_price_file() {
    let store = store(&[trace(1).call("gpt-4o-mini", 1_000, 1_000)]);
    let prices = store.cli("prices gpt-4o --json").ok().stdout.replace("gpt-4o", "gpt-4o-mini");
    std::fs::write(store.file("p.json"), prices).unwrap();
    let document = store.cli("check --prices p.json --max-cost 0.001").json();
    let next = items(&document, "rules").last().unwrap()["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with("mltrace -u traces.jsonl --prices p.json usage tr-"), "{next}");
}
