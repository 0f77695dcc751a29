//! MLflow's filter language. What a filter is printed as must read back as the same filter.
#![no_main]

use mltrace::formats;
use mltrace::model::{Trace, TraceInfo};
use mltrace::query::{Filter, language};
use std::sync::LazyLock;

const RECORD: &str = "trace_id: tr-1\nrequest_time: '2026-11-20T15:49:06.695Z'\nstate: OK\nexecution_duration_ms: 30\n";

static INFO: LazyLock<TraceInfo> = LazyLock::new(|| {
    let mut info = formats::trace_info(RECORD).expect("the record is whole");
    info.tags.add("env", "prod");
    info.metadata.add("mlflow.user", "kim");
    info
});

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = language::parse_label(text);
    match language::parse(text) {
        Err(error) => assert!(text.get(error.at.clone()).is_some(), "{error:?}"),
        Ok(clauses) => {
            for clause in &clauses {
                let Some(printed) = language::clause_text(clause) else { continue };
                let read = language::parse(&printed).unwrap_or_else(|error| panic!("{printed}: {}", error.message));
                assert_eq!(read, std::slice::from_ref(clause), "{printed}");
            }
            let filter = Filter { clauses };
            let printed = filter.to_string();
            if filter.clauses.iter().all(|clause| language::clause_text(clause).is_some()) {
                let read = language::parse(&printed).unwrap_or_else(|error| panic!("{printed}: {}", error.message));
                assert_eq!(read, filter.clauses, "{printed}");
            }
            let _ = (filter.warnings(), filter.earliest_span_start(), filter.prefilter(), filter.matches_info(&INFO));
            let _ = filter.matches(&Trace::without_spans(INFO.clone()));
        }
    }
});
