use super::findings::record_incomplete::SERVICE;
use super::findings::*;
use super::signs::differing_roots;
use super::*;
use crate::formats::SpanDetail;
use crate::model::{Cost, MovedFile, Revision, Span, Spans, StoreInfo, StoreKind, TokenUsage, keys};
use crate::tests::{SpanSpec, trace_of};

/// No findings.
const NONE: [&FindingKind; 0] = [];

const HOUR: i64 = 3_600_000_000_000;

/// Builds a span; `attributes` are members of a JSON object.
fn span(id: &str, parent: &str, attributes: &str) -> Span {
    SpanSpec { attributes, ..SpanSpec::new(id, parent, "") }.build(SpanDetail::All)
}

/// Builds a finished trace of a root and a model call, as MLflow records it.
fn good() -> Trace {
    let call = r#""mlflow.traceRequestId":"\"tr-1\"","mlflow.spanType":"\"LLM\"","model":"gpt-4o-mini","mlflow.chat.tokenUsage":{"input_tokens":5,"output_tokens":2,"total_tokens":7}"#;
    let mut trace = trace_of(vec![span("a", "", r#""mlflow.spanType":"\"AGENT\"""#), span("b", "a", call)]);
    trace.info.name = Some("good".to_owned());
    trace.info.span_count = Some(2);
    trace.info.metadata.add(keys::SCHEMA_VERSION, "3");
    trace.info.metadata.add(keys::INPUTS, "{}");
    trace.info.tags.add(keys::SPANS_LOCATION, keys::IN_TRACKING_STORE);
    trace.info.recorded_usage = Some(TokenUsage {
        input_tokens: Some(5),
        output_tokens: Some(2),
        total_tokens: Some(7),
        ..TokenUsage::default()
    });
    trace
}

fn spans(trace: &mut Trace) -> &mut Spans {
    trace.spans.as_mut().unwrap()
}

fn healthy() -> StoreFacts {
    StoreFacts {
        name: "store".to_owned(),
        command_prefix: "mltrace ".to_owned(),
        migration_target: None,
        info: StoreInfo::new(StoreKind::Sqlite),
        installed: None,
        allows_file_stores: false,
        is_empty: false,
        other_store: None,
        deleted_experiments: Vec::new(),
    }
    .with_revision("f4a9b2c7d1e6", Some("3.18"))
}

impl PartialEq for FindingKind {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl StoreFacts {
    fn with_revision(mut self, id: &str, releases: Option<&'static str>) -> Self {
        self.info.revisions = vec![Revision { id: id.to_owned(), releases }];
        self
    }

    fn with_installed(mut self, release: &str, head: &str, revisions: &[&str]) -> Self {
        self.installed = Some(InstalledMlflow {
            release: release.to_owned(),
            head: Some(head.to_owned()),
            revisions: revisions.iter().map(|id| (*id).to_owned()).collect(),
            ..InstalledMlflow::default()
        });
        self
    }

    fn kinds(&self) -> Vec<&'static FindingKind> {
        Doctor::new(Timestamp(0)).findings(self).into_iter().map(|finding| finding.kind).collect()
    }
}

/// Returns the findings of a modified trace, a little more than an hour after its start.
fn found(change: impl FnOnce(&mut Trace)) -> Vec<&'static FindingKind> {
    let mut trace = good();
    change(&mut trace);
    let mut doctor = Doctor::new(Timestamp(HOUR + 2_000_000_000));
    doctor.add_record(&trace.info);
    doctor.add_spans(&trace);
    for info in doctor.take_suspects() {
        doctor.add_suspect(&Trace { info, ..trace.clone() });
    }
    // Prices are not set here.
    let kinds = doctor.findings(&healthy()).into_iter().map(|finding| finding.kind);
    kinds.filter(|kind| *kind != &unpriced_models::KIND).collect()
}

#[test]
fn kinds_are_listed_worst_first_and_have_texts() {
    assert!(ALL.is_sorted_by_key(|kind| kind.severity));
    for kind in ALL {
        assert!(![kind.name, kind.meaning, kind.remedy].contains(&""), "{kind:?}");
        let is_complete = match kind.message {
            Message::Fixed(text) => !text.is_empty() && !text.contains("{}"),
            Message::Counted(one, several) => one.contains("{}") && several.contains("{}"),
        };
        assert!(is_complete, "{kind:?}");
    }
}

#[test]
fn a_good_trace_has_no_findings() {
    assert_eq!(found(|_| {}), NONE);
}

#[test]
fn a_trace_in_progress_is_stuck_after_an_hour_and_its_gaps_are_explained() {
    let in_progress = |trace: &mut Trace| {
        trace.info.state = TraceState::InProgress;
        spans(trace).list.remove(0);
        spans(trace).nodes = vec![crate::model::Node { depth: 0, parent: None, is_orphan: true }];
    };
    assert_eq!(found(in_progress), [&stuck_traces::KIND]);
    let younger = |trace: &mut Trace| {
        in_progress(trace);
        trace.info.request_time = Timestamp(3_000_000_000);
    };
    assert_eq!(found(younger), NONE);
}

#[test]
fn missing_spans_roots_and_parents_are_distinguished() {
    assert_eq!(found(|trace| trace.info.span_count = Some(3)), [&spans_missing::KIND]);
    let rootless = |trace: &mut Trace| *spans(trace) = trace_of(vec![span("b", "a", "")]).spans.unwrap();
    assert_eq!(found(rootless), [&spans_missing::KIND, &missing_root::KIND]);
    let orphan =
        |trace: &mut Trace| *spans(trace) = trace_of(vec![span("a", "", ""), span("b", "x", "")]).spans.unwrap();
    assert_eq!(found(orphan), [&orphans::KIND]);
}

#[test]
fn damage_and_files_elsewhere_explain_missing_spans() {
    let with = |kind: &'static str| {
        move |trace: &mut Trace| {
            trace.info.span_count = Some(3);
            spans(trace).problems.push(Problem::new(kind, "bad"));
        }
    };
    assert_eq!(found(with("cut_file")), [&damaged_records::KIND]);
    assert_eq!(found(with("damaged_span")), [&damaged_records::KIND]);
    assert_eq!(found(with("foreign_location")), [&foreign_artifacts::KIND]);
    assert_eq!(
        found(with("garbage")),
        [&damaged_records::KIND, &spans_missing::KIND],
        "trailing data does not explain missing spans"
    );
    assert_eq!(found(with("unserved_spans")), [&spans_not_served::KIND]);
    let repeated = |trace: &mut Trace| spans(trace).problems.push(Problem::new("repeated_span", "again"));
    assert_eq!(found(repeated), [&repeated_spans::KIND]);
    assert_eq!(
        found(with("repeated_span")),
        [&spans_missing::KIND, &repeated_spans::KIND],
        "a repeated span does not replace the missing one"
    );
    assert_eq!(found(with("missing_file")), [&spans_missing::KIND], "spans in rows");
    let missing_file = |trace: &mut Trace| {
        trace.info.tags = crate::model::Labels::default();
        with("missing_file")(trace);
    };
    assert_eq!(found(missing_file), [&missing_artifacts::KIND]);
    let made_by_hand = |trace: &mut Trace| {
        missing_file(trace);
        trace.info.metadata = crate::model::Labels::default();
        trace.info.span_count = None;
    };
    assert_eq!(found(made_by_hand), [&without_spans::KIND], "it may never have had spans");
}

#[test]
fn costs_are_compared_where_both_are_recorded() {
    let with = |recorded: f64, span_cost: Cost| {
        move |trace: &mut Trace| {
            trace.info.cost = Cost::recorded(None, None, Some(recorded));
            spans(trace).list[1].cost = Some(span_cost);
        }
    };
    let span_cost = Cost::recorded(None, None, Some(0.3)).unwrap();
    assert_eq!(found(with(0.2, span_cost)), [&costs_differ::KIND]);
    assert_eq!(found(with(0.3 + 1e-12, span_cost)), NONE, "rounding");
    assert_eq!(found(with(0.2, Cost::calculated(0.1, 0.2))), NONE, "at other prices");
}

#[test]
fn totals_are_compared_if_all_spans_are_stored_with_tokens() {
    let doubled = |trace: &mut Trace| trace.info.recorded_usage.as_mut().unwrap().total_tokens = Some(14);
    assert_eq!(found(doubled), [&tokens_differ::KIND]);
    let incomplete = |trace: &mut Trace| {
        doubled(trace);
        trace.info.span_count = Some(3);
    };
    assert_eq!(found(incomplete), [&spans_missing::KIND]);
    let absent = |trace: &mut Trace| spans(trace).list[1].token_usage = None;
    assert_eq!(found(absent), NONE);
    let derived = |trace: &mut Trace| {
        doubled(trace);
        let call = &mut spans(trace).list[1];
        call.derived_usage = call.token_usage.take();
    };
    assert_eq!(found(derived), NONE);
}

#[test]
fn incomplete_records_are_distinguished_from_opentelemetry() {
    let bare = |trace: &mut Trace| {
        trace.info.name = None;
        trace.info.metadata = crate::model::Labels::default();
    };
    assert_eq!(found(bare), [&record_incomplete::KIND]);
    let opentelemetry = |attributes: &'static str| {
        move |trace: &mut Trace| {
            bare(trace);
            *spans(trace) = trace_of(vec![span("a", "", attributes), span("b", "a", attributes)]).spans.unwrap();
            trace.info.recorded_usage = None;
        }
    };
    // As servers of 3.6 and 3.18 store OpenTelemetry spans.
    assert_eq!(
        found(opentelemetry(r#""mlflow.traceRequestId":"x","gen_ai.system":"y","mlflow.spanType":"\"LLM\"""#)),
        NONE
    );
    assert_eq!(
        found(opentelemetry(r#""gen_ai.system":"y","mlflow.traceRequestId":"x","mlflow.spanType":"\"LLM\"""#)),
        NONE
    );
    assert_eq!(found(opentelemetry(r#""mlflow.traceRequestId":"x""#)), NONE);
    let service = |trace: &mut Trace| {
        bare(trace);
        trace.info.tags.add(SERVICE, "app");
    };
    assert_eq!(found(service), NONE);
}

#[test]
fn files_that_moved_together_are_one_finding_detail() {
    assert_eq!(
        differing_roots("/old/mlruns/1/t", "/new/place/mlruns/1/t"),
        ("/old".to_owned(), "/new/place".to_owned())
    );
    assert_eq!(differing_roots("/mlruns/1/t", "/x/mlruns/1/t"), ("/".to_owned(), "/x".to_owned()));
    assert_eq!(differing_roots("/a", "/b"), ("/a".to_owned(), "/b".to_owned()));
    let mut doctor = Doctor::new(Timestamp(0));
    for name in ["x", "y"] {
        let mut trace = good();
        trace.info.trace_id = name.to_owned();
        spans(&mut trace).moved = Some(MovedFile { recorded: format!("/old/{name}"), found: format!("/new/{name}") });
        assert_eq!(doctor.add_spans(&trace), []);
    }
    let findings = doctor.findings(&healthy());
    let moved = findings.iter().find(|finding| finding.kind == &moved_artifacts::KIND).unwrap();
    assert_eq!((moved.count, moved.trace_ids.len(), moved.details.len()), (2, 2, 1));
}

#[test]
fn revisions_are_compared_with_the_installed_mlflow() {
    assert_eq!(healthy().kinds(), NONE);
    assert_eq!(healthy().with_installed("3.18.0", "f4a9b2c7d1e6", &["f4a9b2c7d1e6"]).kinds(), NONE);
    assert_eq!(healthy().with_installed("3.19.0", "new", &["f4a9b2c7d1e6", "new"]).kinds(), [&database_too_old::KIND]);
    assert_eq!(healthy().with_installed("3.6.0", "old", &["old"]).kinds(), [&database_too_new::KIND]);
    assert_eq!(healthy().with_revision("x", None).kinds(), [&unknown_revision::KIND]);
    assert_eq!(
        healthy().with_revision("x", None).with_installed("3.19.0", "x", &["x"]).kinds(),
        NONE,
        "the installed MLflow knows it"
    );
    let mut store = healthy();
    store.info.revisions.push(Revision { id: "x".to_owned(), releases: None });
    assert_eq!(store.kinds(), [&upgrade_broken::KIND]);
    store.info.revisions.clear();
    assert_eq!(store.kinds(), [&schema_unnamed::KIND]);
    store.info.kind = StoreKind::Server;
    assert_eq!(store.kinds(), NONE, "servers manage their own databases");
}

#[test]
fn file_stores_are_refused_since_3_13_unless_they_are_allowed() {
    let store = |release: &str| {
        let mut store = healthy().with_installed(release, "x", &[]);
        store.info = StoreInfo::new(StoreKind::Files);
        store
    };
    assert_eq!(store("3.12.0").kinds(), NONE);
    assert_eq!(store("3.13.0").kinds(), [&file_store_refused::KIND]);
    assert_eq!(StoreFacts { allows_file_stores: true, ..store("3.13.0") }.kinds(), NONE);
}

#[test]
fn incompatible_packages_are_listed() {
    let incompatible = |mlflow: &str, sqlalchemy: &str, sdk: &str| {
        let (sqlalchemy, opentelemetry) = (Some(sqlalchemy.to_owned()), Some(sdk.to_owned()));
        let installed =
            InstalledMlflow { release: mlflow.to_owned(), sqlalchemy, opentelemetry, ..InstalledMlflow::default() };
        let store = StoreFacts { is_empty: true, installed: Some(installed), ..healthy() };
        let empty = Doctor::new(Timestamp(0))
            .findings(&store)
            .into_iter()
            .find(|finding| finding.kind == &empty_store::KIND)
            .unwrap();
        empty.details.len()
    };
    assert_eq!(incompatible("3.2.0", "2.0.43", "1.36.0"), 0);
    assert_eq!(incompatible("3.2.0", "2.1.0", "1.45.2"), 2);
    assert_eq!(incompatible("3.8.1", "2.1.0", "1.45.2"), 1);
    assert_eq!(incompatible("3.18.0", "2.1.9", "1.45.2"), 0);
}

#[test]
fn damage_of_the_store_is_counted_and_other_problems_are_returned() {
    let mut doctor = Doctor::new(Timestamp(0));
    let problems = ["damaged_trace", "unreadable_folder", "skipped_pages"].map(|kind| Problem::new(kind, "bad"));
    let rest = doctor.add_problems(problems.to_vec());
    assert_eq!(rest.iter().map(|problem| &*problem.kind).collect::<Vec<_>>(), ["skipped_pages"]);
    let findings = doctor.findings(&healthy());
    assert_eq!(
        findings.iter().map(|finding| (finding.kind, finding.count)).collect::<Vec<_>>(),
        [(&damaged_records::KIND, 2)]
    );
}
