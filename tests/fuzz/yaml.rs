//! Records of traces, experiments and assessments of a file store.
#![no_main]

use mltrace::formats;
use mltrace_fuzz::use_json;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = &*String::from_utf8_lossy(bytes);
    let _ = formats::request_time(text);
    if let Ok(info) = formats::trace_info(text) {
        info.assessments.iter().filter_map(|assessment| assessment.value.as_ref()).for_each(use_json);
    }
    let _ = formats::experiment(text);
    if let Ok(assessment) = formats::assessment(text) {
        assessment.value.iter().for_each(use_json);
    }
});
