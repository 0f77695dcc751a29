use super::*;
use crate::json::Json;

fn span(id: &str, parent: Option<&str>, start: i64) -> Span {
    let span = Span::new(SpanId::new(id), id.to_owned(), Timestamp(start));
    Span { parent: parent.map(SpanId::new), status: SpanStatus::Ok, ..span }
}

/// The tree as `id:depth` in order.
fn shape(spans: Vec<Span>) -> String {
    let (spans, nodes, _) = arrange(spans);
    let parts = spans
        .iter()
        .zip(&nodes)
        .map(|(span, node)| format!("{}:{}{}", span.id, node.depth, if node.is_orphan { "?" } else { "" }));
    parts.collect::<Vec<_>>().join(" ")
}

#[test]
fn parents_come_first_and_children_by_start() {
    let spans = vec![span("c", Some("a"), 30), span("b", Some("a"), 20), span("a", None, 10), span("d", Some("b"), 25)];
    assert_eq!(shape(spans), "a:0 b:1 d:2 c:1");
}

#[test]
fn damaged_trees_keep_every_span() {
    assert_eq!(shape(vec![span("a", Some("x"), 1), span("b", Some("a"), 2)]), "a:0? b:1", "missing parent");
    assert_eq!(shape(vec![span("a", Some("a"), 1)]), "a:0", "its own parent");
    assert_eq!(
        shape(vec![span("a", Some("b"), 2), span("b", Some("a"), 1), span("c", Some("a"), 3)]),
        "b:0 a:1 c:2",
        "cycle"
    );
    assert_eq!(shape(vec![span("a", None, 1), span("b", None, 2)]), "a:0 b:0", "two roots");
    let (kept, _, dropped) = arrange(vec![span("a", None, 1), span("a", None, 2)]);
    assert_eq!((kept.len(), kept[0].start, dropped), (1, Timestamp(1), 1), "the first of two spans with the same id");
    assert_eq!(shape(Vec::new()), "");
}

#[test]
fn deep_trees_do_not_overflow_the_stack() {
    let chain =
        (0..100_000).map(|at| span(&at.to_string(), (at > 0).then(|| (at - 1).to_string()).as_deref(), at)).collect();
    let (spans, nodes, _) = arrange(chain);
    assert_eq!((spans.len(), nodes.last().map(|node| node.depth)), (100_000, Some(99_999)));
}

#[test]
fn only_ids_that_mlflow_generates_are_shortened() {
    assert_eq!(short_trace_id("tr-27b4e76f0123456789abcdef01234567"), "tr-27b4e76f");
    assert_eq!(short_trace_id("27b4e76f0123456789abcdef01234567"), "27b4e76f");
    assert_eq!(short_trace_id("my-custom-id-001"), "my-custom-id-001");
}

#[test]
fn ids_that_start_with_the_time_keep_more_digits() {
    let short = |id: &str| {
        let time = Timestamp(0x01a2_270e_5200 * 1_000_000);
        TraceInfo::new(id.to_owned(), "1".to_owned(), TraceState::Ok, time).short_id().to_owned()
    };
    assert_eq!(short("tr-01a2270e52117c5d8c2e27b4e76f0123"), "tr-01a2270e52117c5d", "milliseconds");
    assert_eq!(short("tr-6b0c2e8a0123456789abcdef27b4e76f"), "tr-6b0c2e8a01234567", "seconds");
    assert_eq!(short("tr-27b4e76f0123456789abcdef01234567"), "tr-27b4e76f");
    assert_eq!(short("my-custom-id-001"), "my-custom-id-001");
}

#[test]
fn short_trace_ids_are_unique_among_each_other() {
    let check = |cases: &[(&str, &str)]| {
        let ids: Vec<&str> = cases.iter().map(|(id, _)| *id).collect();
        let expected: Vec<&str> = cases.iter().map(|(_, short)| *short).collect();
        assert_eq!(short_trace_ids(&ids), expected);
    };
    check(&[]);
    check(&[("tr-27b4e76f0123456789abcdef01234567", "tr-27b4e76f")]);
    check(&[
        ("tr-27b4e76f0123456789abcdef01234567", "tr-27b4e76f012345678"),
        ("tr-37b4e76f0123456789abcdef01234567", "tr-37b4e76f"),
        ("tr-27b4e76f0123456709abcdef01234567", "tr-27b4e76f012345670"),
        // The same trace in another row.
        ("tr-27b4e76f0123456789abcdef01234567", "tr-27b4e76f012345678"),
        // The older form, matched by the same digits.
        ("27b4e76f0aaaaaaaaaaaaaaaaaaaaaaa", "27b4e76f0a"),
    ]);
    check(&[
        ("27b4e76f-é", "27b4e76f-é"),
        ("27b4e76f", "27b4e76f"),
        ("tr-27b4e76f0123456789abcdef01234567", "tr-27b4e76f0"),
    ]);
    // Only their last digits differ.
    check(&[
        ("tr-00000000000000000000000000000001", "tr-00000000000000000000000000000001"),
        ("tr-00000000000000000000000000000002", "tr-00000000000000000000000000000002"),
    ]);
}

#[test]
fn floats_are_written_as_python_writes_them() {
    let check = |value: f64, text: &str| assert_eq!(python_float(value), text);
    check(2.1e-6, "2.1e-06");
    check(0.0001, "0.0001");
    check(0.00001, "1e-05");
    check(1.0, "1.0");
    check(0.0, "0.0");
    check(1e16, "1e+16");
    check(123_456_789.5, "123456789.5");
    check(1e-100, "1e-100");
}

#[test]
fn times_are_parsed_and_formatted() {
    let time = Timestamp::parse_rfc3339("2026-11-20T16:49:06.695+01:00").unwrap();
    assert_eq!(time.rfc3339(), "2026-11-20T15:49:06.695Z");
    assert_eq!(Timestamp(time.0 + 1).rfc3339(), "2026-11-20T15:49:06.695000001Z");
    assert_eq!(Timestamp::parse_bare("2026-11-20", Zone::Utc), Timestamp::parse_rfc3339("2026-11-20T00:00:00Z"));
    assert_eq!(Timestamp::parse_bare("2026-11-20 15:49", Zone::Utc), Timestamp::parse_rfc3339("2026-11-20T15:49:00Z"));
    assert_eq!(Timestamp::parse_bare("yesterday", Zone::Utc), None);
    assert_eq!(Timestamp::from_millis(i64::MAX).0, i64::MAX, "hostile values saturate");
    assert_eq!(Timestamp(-1).rfc3339(), "1969-12-31T23:59:59.999999999Z");
}

#[test]
fn usage_adds_up_as_in_mlflow() {
    let usage = |text: &str| TokenUsage::from_json(&Json::from_strict(text).unwrap()).unwrap();
    let mut total = usage(r#"{"input_tokens":"26","output_tokens":2.0}"#);
    assert_eq!(total.counts(), (Some(26), Some(2), None), "numbers as strings and floats, total unknown");
    total.add(&usage(r#"{"input_tokens":4,"total_tokens":5,"cache_read_input_tokens":3}"#));
    assert_eq!(total.counts(), (Some(30), Some(2), Some(5)));
    assert_eq!(
        total.python_text(),
        r#"{"input_tokens": 30, "output_tokens": 2, "total_tokens": 5, "cache_read_input_tokens": 3}"#
    );
    assert!(usage("{}").is_empty());
}

#[test]
fn labels_keep_the_first_of_a_key_and_the_order_of_keys() {
    let mut labels = Labels::default();
    for (key, value) in [("b", "1"), ("a", ""), ("b", "2"), ("", "x"), ("ab", "é")] {
        labels.add(key, value);
    }
    assert_eq!(labels.iter().collect::<Vec<_>>(), [("", "x"), ("a", ""), ("ab", "é"), ("b", "1")]);
    assert_eq!((labels.get("b"), labels.get("c")), (Some("1"), None));
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::tests::fixed_seed_config())]

        #[test]
        fn a_short_trace_id_is_not_a_prefix_of_another_trace(ids in proptest::collection::btree_set("(tr-)?(0{24}|0{8}1{16})[01]{8}|[01a-é]{0,9}", 1..20)) {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let bare = |id: &str| id.trim_start_matches("tr-").to_owned();
            for (id, short) in ids.iter().zip(short_trace_ids(&ids)) {
                prop_assert!(id.starts_with(short));
                let others = ids.iter().filter(|other| bare(other) != bare(id));
                let named = others.filter(|other| bare(other).starts_with(&bare(short))).count();
                prop_assert!(named == 0 || short == *id, "{short}");
            }
        }

        #[test]
        fn the_tree_holds_every_span_once_in_any_input_order(parents in proptest::collection::vec(0_i64..40, 1..40), seed in any::<u64>()) {
            let spans: Vec<Span> = (0_i64..).zip(&parents).map(|(at, parent)| span(&at.to_string(), Some(&parent.to_string()), at * 7 % 11)).collect();
            let mut shuffled = spans.clone();
            shuffled.sort_by_key(|span| span.id.as_str().len() as u64 ^ seed.wrapping_mul(span.start.0.cast_unsigned() + 1));
            let (kept, nodes, dropped) = arrange(spans.clone());
            prop_assert_eq!((kept.len(), dropped), (spans.len(), 0));
            for (at, node) in nodes.iter().enumerate() {
                prop_assert!(node.parent.is_none_or(|parent| parent < at && nodes[parent].depth + 1 == node.depth));
            }
            prop_assert_eq!(shape(spans), shape(shuffled));
        }
    }
}

#[test]
fn exceptions_of_mlflow_logging_are_recognized() {
    let raised_in = |files: &[&str]| {
        let frames = files.iter().map(|file| format!("  File \"{file}\", line 1, in f\n    call()\n"));
        let stacktrace = format!("Traceback (most recent call last):\n{}E: m\n", frames.collect::<String>());
        Exception { kind: None, message: None, stacktrace: Some(stacktrace) }.is_from_mlflow_logging()
    };
    let (fluent, chat) = ("/v/site-packages/mlflow/tracing/fluent.py", "/v/site-packages/mlflow/autogen/chat.py");
    assert!(raised_in(&[fluent, chat, "/v/site-packages/pydantic/main.py"]));
    assert!(raised_in(&[chat, "C:\\v\\site-packages\\mlflow\\autogen\\chat.py"]));
    assert!(!raised_in(&[fluent, "/app/agent.py"]));
    assert!(!raised_in(&[fluent]));
    assert!(!raised_in(&["/app/agent.py", "/v/site-packages/pydantic/main.py"]));
}

#[test]
fn costs_add_up_in_any_order() {
    let costs = [0.1, 0.2, 1e-7, 3.3e-9, 1e6, 0.7];
    let sum = |costs: &mut dyn Iterator<Item = f64>| {
        let mut sum = CostSum::default();
        costs.for_each(|cost| sum.add(&Cost::calculated(cost, cost)));
        sum.cost().unwrap()
    };
    let (forwards, backwards) = (sum(&mut costs.into_iter()), sum(&mut costs.into_iter().rev()));
    assert_eq!(forwards, backwards);
    assert!((forwards.total_cost.unwrap() - 2_000_002.000_000_206_6).abs() < 1e-9);
    let mut partial = CostSum::default();
    assert_eq!(partial.cost(), None);
    partial.add(&Cost::recorded(Some(f64::NAN), None, Some(0.000_043_5)).unwrap());
    assert_eq!(partial.cost().unwrap(), Cost::recorded(None, None, Some(0.000_043_5)).unwrap());
    let mut infinite = CostSum::default();
    infinite.add(&Cost::calculated(f64::INFINITY, f64::MAX));
    infinite.merge(&partial);
    assert_eq!((infinite.cost().unwrap().source, infinite.cost().unwrap().input_cost), ("calculated", None));
}
