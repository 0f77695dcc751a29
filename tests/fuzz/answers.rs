//! What tracking servers answer, of any release.
#![no_main]

use mltrace::formats;
use mltrace_fuzz::{decoded, use_json};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = &*String::from_utf8_lossy(bytes);
    let infos = formats::parse_trace_page(text).map(|page| page.infos).unwrap_or_default();
    let infos = infos.into_iter().filter_map(Result::ok).chain(formats::parse_trace_info(text));
    for info in infos {
        info.assessments.iter().filter_map(|assessment| assessment.value.as_ref()).for_each(use_json);
        let _ = (info.display_name(), info.short_id(), info.session_id(), info.user_id(), info.is_archived());
    }
    let _ = (formats::parse_experiment_page(text), formats::parse_experiment(text));
    decoded(|keep| formats::parse_wire_spans(text, keep).unwrap_or_default().spans);
    let batch = |keep| formats::parse_wire_traces(text, keep).unwrap_or_default();
    decoded(|keep| batch(keep).into_iter().flat_map(|(_, file)| file.spans).collect());
    decoded(|keep| formats::trace_file(text, keep).spans);
});
