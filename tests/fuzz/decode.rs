//! Documents of traces, trace files and spans in JSON, of any release and dialect.
#![no_main]

use mltrace::formats;
use mltrace::json::Json;
use mltrace_fuzz::{arranged, decoded, use_json, use_span};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = &*String::from_utf8_lossy(bytes);
    let _ = formats::may_be_document(bytes);
    if let Ok(strict) = formats::strict_json(text)
        && let Ok(batches) = formats::batches_from_json(&strict)
    {
        for batch in batches {
            decoded(|keep| {
                let spans = batch.spans.iter().map(|place| place.span(strict.as_bytes(), keep));
                spans.filter_map(|span| Some(span.ok()?.1)).collect()
            });
            let info = batch.info.iter().flat_map(|info| &info.assessments);
            info.filter_map(|assessment| assessment.value.as_ref()).for_each(use_json);
        }
    }
    let file = formats::trace_file(text, formats::SpanDetail::All);
    file.spans.iter().for_each(use_span);
    arranged(file.spans);
    decoded(|keep| formats::span(text, keep, Some("LLM")).into_iter().collect());
    if let Some(json) = formats::parse_json(text) {
        use_json(&json);
    }
    if let Some((json, end)) = formats::parse_json_prefix(text) {
        assert!(text.is_char_boundary(end));
        use_json(&json);
    }
    assert_eq!(Json::string(text).as_string().as_deref(), Some(text));
    assert_eq!(formats::unescape(Json::string(text).text()), text);
    let _ = formats::unescape(text);
});
