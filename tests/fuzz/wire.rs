//! OTLP in protobuf: archived traces and requests of exporters.
#![no_main]

use mltrace::formats;
use mltrace_fuzz::decoded;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = formats::may_be_document(bytes);
    for batch in formats::batches_from_bytes(bytes).unwrap_or_default() {
        decoded(|keep| {
            let spans = batch.spans.iter().map(|place| place.span(bytes, keep));
            spans.filter_map(|span| Some(span.ok()?.1)).collect()
        });
    }
    decoded(|keep| formats::parse_traces_pb(bytes, keep).unwrap_or_default());
});
