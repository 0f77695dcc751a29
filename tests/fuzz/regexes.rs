//! MLflow's RLIKE, `--grep` and shell patterns: the first line is the pattern, the rest the text it is searched in.
//!
//! Spans are searched before they are decoded. That must never rule out a span in which the text is found later.
#![no_main]

use mltrace::formats::{self, SpanDetail};
use mltrace::json::Json;
use mltrace::query::{Glob, Grep, Regex};

libfuzzer_sys::fuzz_target!(|input: &str| {
    let (pattern, text) = input.split_once('\n').unwrap_or((input, input));
    // Steps are limited for each text, so that hard patterns cost the same in a short one.
    let text: String = text.chars().take(1_000).collect();
    let regex = Regex::new(pattern);
    assert_eq!(regex.is_valid(), regex.error().is_none());
    let _ = regex.is_match(&text);
    let grep = Grep::new(pattern);
    let glob = Glob::new(pattern);
    assert_eq!(glob.pattern(), pattern);
    let _ = glob.to_sqlite();
    // MLflow writes JSON in ASCII, exporters as it is; values of attributes are JSON within JSON.
    let inputs = Json::string(Json::string(&text).text());
    let ascii = mltrace::json::python::escape_non_ascii(inputs.text());
    for inputs in [inputs.text(), &ascii] {
        let stored = format!(
            r#"{{"span_id":"a1b2c3d4e5f60718","start_time_unix_nano":1,"name":"n","attributes":{{"mlflow.spanInputs":{inputs}}}}}"#
        );
        let span = formats::span(&stored, SpanDetail::All, None).expect("the JSON above is a span");
        if let Ok(grep) = &grep
            && let Some(found) = grep.find(&span)
        {
            assert!(found.excerpt.get(found.at.clone()).is_some(), "{found:?}");
            assert!(grep.may_be_in(stored.as_bytes()), "{pattern:?} in {stored}");
        }
        assert!(!glob.matches(&text) || stored.contains(&glob.longest_literal()), "{pattern:?} in {stored}");
    }
});
