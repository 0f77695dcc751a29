//! `mltrace trace diff` on the stores of every release.

use crate::harness::{Fixture, items, strings};
use serde_json::{Value, json};

#[test]
fn every_trace_is_identical_to_itself() {
    for fixture in Fixture::all() {
        for id in fixture.cli("traces list -n 8 -o ids").ok().lines() {
            let document = fixture.cli("trace diff --exit-code --strict").arg(id).arg(id).json();
            assert_eq!(document["identical"], true, "{} {id}", fixture.name);
            assert_eq!(document["ignored"], json!({"ids": 0, "times": 0, "usage": 0, "other": 0}), "{id}");
        }
    }
}

#[test]
fn selection_metrics_match_other_commands() {
    for fixture in Fixture::all() {
        let document = fixture.cli("trace diff --set --deleted --set --status=ok").json();
        let (stats, deep) = (fixture.cli("stats --deleted").json(), fixture.cli("stats --deleted --deep").json());
        assert_eq!(document["a"]["traces"], stats["total"]["count"], "{}", fixture.name);
        assert_eq!(document["a"]["error_rate"], stats["total"]["error_rate"], "{}", fixture.name);
        assert_eq!(
            document["a"]["duration_p95_ms"].as_f64(),
            stats["total"]["latency_ms"]["p95"].as_f64(),
            "{}",
            fixture.name
        );
        assert_eq!(document["a"]["total_tokens"], deep["total"]["token_usage"]["total_tokens"], "{}", fixture.name);
        let failures = fixture.cli("exceptions --deleted -n 1000").json();
        let known = fixture.cli("exceptions --status ok -n 1000").json();
        let of = |document: &Value| -> Vec<String> {
            let mut prints: Vec<String> =
                strings(items(document, "exceptions"), "fingerprint").into_iter().map(str::to_owned).collect();
            prints.sort();
            prints
        };
        let mut gone: Vec<String> =
            strings(items(&document["exceptions"], "gone"), "fingerprint").into_iter().map(str::to_owned).collect();
        gone.sort();
        let mut expected = of(&failures);
        expected.retain(|print| !of(&known).contains(print));
        assert_eq!(gone, expected, "{}", fixture.name);
    }
}
