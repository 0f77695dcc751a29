//! What every command spends its time on, without process and terminal: decoding, arranging, listing, showing.
//!
//! `cargo bench` runs all of it, `cargo bench -- decode` a part. The store comes from `make_store.py`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mltrace::formats::{self, SpanDetail};
use mltrace::model::{self, Span};
use mltrace::store::{self, Address, Projection, Query, ReadPlan, StoreEnvironment, StoreError, TraceStore};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

/// The JSON of a model call as MLflow 3 writes it, with a prompt of so many bytes.
fn span_json(at: usize, parent: Option<usize>, prompt: usize) -> String {
    let parent = parent.map_or_else(|| "null".to_owned(), |parent| format!("\"{}\"", span_id(parent)));
    let (start, end) = (1_795_132_800_000_000_000 + at * 1000, 1_795_132_801_000_000_000 + at * 1000);
    let text = "the status of my order ".repeat(prompt / 23 + 1);
    let text = &text[..prompt];
    format!(
        r#"{{"trace_id": "6HeR2bYdR0mXk2o5N0xPXA==", "span_id": "{}", "parent_span_id": {parent}, "name": "Completions",
        "start_time_unix_nano": {start}, "end_time_unix_nano": {end}, "events": [],
        "status": {{"code": "STATUS_CODE_OK", "message": ""}}, "attributes": {{
        "mlflow.traceRequestId": "\"tr-e87791d9b61d4749979\"", "mlflow.spanType": "\"CHAT_MODEL\"", "model": "\"gpt-4o-mini\"",
        "mlflow.spanInputs": "{{\"messages\": [{{\"role\": \"user\", \"content\": \"{text}\"}}]}}",
        "mlflow.chat.tokenUsage": "{{\"input_tokens\": 45, \"output_tokens\": 14, \"total_tokens\": 59}}",
        "mlflow.spanOutputs": "\"shipped\""}}, "links": []}}"#,
        span_id(at)
    )
}

/// Eight bytes in base64, different for each number.
fn span_id(at: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = (0..10).map(|place| char::from(DIGITS[(at >> (6 * place)) & 63]));
    digits.chain("A=".chars()).collect()
}

/// A tree of spans, each with up to three children, in a shuffled order.
fn spans(count: usize) -> Vec<Span> {
    // 7,919 is prime, so every place comes once.
    let places = (0..count).map(|at| at * 7919 % count);
    let json = places.map(|at| span_json(at, at.checked_sub(1).map(|before| before / 3), 40));
    json.map(|json| formats::span(&json, SpanDetail::Tree, None).expect("the JSON above is a span")).collect()
}

fn decoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for size in [100, 10_000, 1_000_000] {
        let json = span_json(1, Some(0), size);
        group.throughput(Throughput::Bytes(json.len() as u64));
        for (what, keep) in [("span for a tree", SpanDetail::Tree), ("span whole", SpanDetail::All)] {
            group.bench_with_input(BenchmarkId::new(what, size), &json, |b, json| {
                b.iter(|| formats::span(black_box(json), keep, None));
            });
        }
    }
    for count in [10, 1000] {
        let list: Vec<_> = (0..count).map(|at| span_json(at, at.checked_sub(1), 2000)).collect();
        let json = format!("{{\"spans\": [{}]}}", list.join(", "));
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_with_input(BenchmarkId::new("traces.json", count), &json, |b, json| {
            b.iter(|| formats::trace_file(black_box(json), SpanDetail::Tree));
        });
    }
    group.finish();
}

fn arranging(c: &mut Criterion) {
    let spans = spans(30_000);
    c.bench_function("arrange/30000", |b| {
        b.iter_batched(|| spans.clone(), model::arrange, criterion::BatchSize::LargeInput);
    });
}

/// A store of so many traces.
fn store(folder: &Path, traces: usize) -> Box<dyn TraceStore> {
    let database = folder.join("mlflow.db");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("make_store.py");
    let mut make = Command::new("python3");
    make.arg(script).arg(traces.to_string()).arg(&database).stdout(Stdio::null());
    assert!(make.status().expect("python3 runs").success(), "make_store.py failed");
    store::open(&Address::Sqlite(database), &StoreEnvironment::default()).expect("a whole store")
}

/// Takes so many traces, newest first.
fn take(store: &dyn TraceStore, spans: Option<SpanDetail>, count: usize) -> usize {
    let mut problems = Vec::new();
    let experiments = store.experiments(&mut problems).expect("a whole store");
    let query = Query {
        plan: ReadPlan::first(count),
        projection: Projection { spans, ..Projection::RECORDS },
        ..Query::newest(experiments)
    };
    let mut taken = 0;
    store::select::<StoreError>(store, &query, &mut problems, &mut |trace| {
        black_box(trace);
        taken += 1;
        Ok(if taken == count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .expect("a whole store");
    taken
}

fn reading(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = store(folder.path(), 1000);
    let store = &*store;
    let key = store.with_id_prefix(&["tr-".to_owned()], 1, &mut Vec::new()).expect("a whole store").remove(0);

    let mut group = c.benchmark_group("list");
    for (what, need, count) in [("records", None, 100), ("records", None, 1000), ("trees", Some(SpanDetail::Tree), 100)]
    {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new(what, count), |b| b.iter(|| take(store, need, count)));
    }
    group.finish();

    let mut group = c.benchmark_group("show");
    for (what, need) in [("tree", SpanDetail::Tree), ("full", SpanDetail::All)] {
        group.bench_function(what, |b| b.iter(|| store.trace(black_box(&key), Some(need))));
    }
    group.finish();
}

criterion_group!(kernels, decoding, arranging, reading);
criterion_main!(kernels);
