//! Messages out of inputs and outputs of spans, of every framework.
#![no_main]

use mltrace::formats;
use mltrace::frameworks::{self, PossibleMentions, SpanRequest};
use mltrace::json::Json;
use mltrace::model::{SpanEvent, Timestamp};
use mltrace_fuzz::{use_json, use_messages};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = &*String::from_utf8_lossy(bytes);
    let _ = PossibleMentions::scan(text);
    // Python's printed objects are strings.
    for value in formats::parse_json(text).into_iter().chain([Json::string(text)]) {
        use_json(&value);
        use_messages(Some(&value), Some(&value));
        let _ = frameworks::instructions(&value);
        SpanRequest::from_inputs(&value).parameters.iter().for_each(|(_, value)| use_json(value));
        let chunk = |(number, value): (usize, Json)| SpanEvent {
            name: format!("mlflow.chunk.item.{number}"),
            time: Timestamp(1),
            attributes: vec![("mlflow.chunk.value".to_owned(), value)],
        };
        let chunks = value.items().unwrap_or_else(|| vec![value]);
        let events: Vec<SpanEvent> = chunks.into_iter().enumerate().map(chunk).collect();
        let stream = frameworks::streamed_response(&events);
        assert_eq!(
            stream.map_or(0, |stream| {
                let _ = stream.text();
                stream.chunks
            }),
            events.len()
        );
    }
});
