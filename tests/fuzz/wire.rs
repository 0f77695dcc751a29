//! OTLP in protobuf: archived traces and requests of exporters.
#![no_main]

use mltrace::decode;
use mltrace_fuzz::decoded;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = decode::may_be_document(bytes);
    for batch in decode::batches_of_bytes(bytes).unwrap_or_default() {
        decoded(|keep| {
            let spans = batch.spans.iter().map(|place| place.span(bytes, keep));
            spans.filter_map(|span| Some(span.ok()?.1)).collect()
        });
    }
    decoded(|keep| decode::archived_spans(bytes, keep).unwrap_or_default());
});
