use super::lines::{LineContent, lines};
use crate::model::{Exception, Span, SpanId, SpanStatus, Spans, SpansSource, Timestamp, Zone, arrange};
use crate::output::{Block, Document, RenderOptions, StyledText, TextRole, Theme, TreeRow, TreeRows};
use crate::views::span::failures;

fn span(id: &str, parent: &str, start: i64) -> Span {
    let span = Span::new(SpanId::new(id), id.to_owned(), Timestamp(start));
    Span { parent: (!parent.is_empty()).then(|| SpanId::new(parent)), status: SpanStatus::Ok, ..span }
}

/// Renders a tree of spans, given as `id<parent`, showing those whose ids pass.
fn tree(spans: &str, passes: impl Fn(&str) -> bool) -> String {
    let spans = spans.split_whitespace().enumerate().map(|(at, word)| {
        let (id, parent) = word.split_once('<').unwrap_or((word, ""));
        span(id, parent, i64::try_from(at).unwrap())
    });
    let (list, nodes, _) = arrange(spans.collect());
    let spans = Spans { list, nodes, source: SpansSource::Database, problems: Vec::new(), moved: None, outside: None };
    let shown: Vec<bool> = spans.list.iter().map(|span| passes(span.id.as_str())).collect();
    let lines = lines(&spans, &shown);
    let rows = lines.iter().map(|line| {
        let subject = match line.content {
            LineContent::Span(at) => format!("{}{}", spans.list[at].name, if line.is_context { "?" } else { "" }),
            LineContent::MissingParent(parent) => format!("({parent})"),
            LineContent::Record => "(record)".to_owned(),
        };
        (line.depth, subject)
    });
    let rows = Notes(rows.collect());
    let options = RenderOptions { width: None, unicode: true, zone: Zone::Utc, now: Timestamp(0) };
    let mut text = Vec::new();
    Document::new(options, Theme::default(), &mut text).add(Block::Tree(&rows)).unwrap();
    String::from_utf8(text).unwrap()
}

/// The rows of a tree as depths and texts.
#[derive(Debug)]
struct Notes(Vec<(usize, String)>);

impl TreeRows for Notes {
    fn depths(&self) -> Vec<usize> {
        self.0.iter().map(|(depth, _)| *depth).collect()
    }

    fn row(&self, at: usize) -> TreeRow {
        TreeRow::Note(StyledText::plain(&self.0[at].1))
    }

    fn below(&self, _at: usize, _room: Option<usize>) -> Vec<Block<'_>> {
        Vec::new()
    }
}

#[test]
fn the_record_replaces_a_root_only_if_none_is_stored() {
    insta::assert_snapshot!(tree("a b<a c<a d<b e", |_| true), @"
    a
    ├─ b
    │  └─ d
    └─ c
    e
    ");
    insta::assert_snapshot!(tree("a<x b<a c<x", |_| true), @"
    (record)
    ├─ a
    │  └─ b
    └─ c
    ");
    insta::assert_snapshot!(tree("a<x b<y c<x d<c", |_| true), @"
    (record)
    ├─ (x)
    │  ├─ a
    │  └─ c
    │     └─ d
    └─ (y)
       └─ b
    ");
    insta::assert_snapshot!(tree("a b<x c<a", |_| true), @"
    a
    └─ c
    (x)
    └─ b
    ");
    // A cycle is broken at one of its spans.
    insta::assert_snapshot!(tree("a<b b<a c<x", |_| true), @"
    (x)
    └─ c
    a
    └─ b
    ");
    assert_eq!(tree("", |_| true), "");
}

#[test]
fn a_heading_is_shown_if_a_descendant_is() {
    insta::assert_snapshot!(tree("a b<x c<x d<c e<y", |id| id == "d"), @"
    (x)
    └─ c?
       └─ d
    ");
    insta::assert_snapshot!(tree("a<x b<y c<x", |id| id == "c"), @"
    (record)
    └─ (x)
       └─ c
    ");
    assert_eq!(tree("a<x b<y", |_| false), "");
}

#[test]
fn failures_name_their_origin() {
    let check = |span: &Span, expected: &[(TextRole, &str)]| {
        let found: Vec<(TextRole, String)> = failures(span).collect();
        let found: Vec<(TextRole, &str)> = found.iter().map(|(role, text)| (*role, text.as_str())).collect();
        assert_eq!(found, expected);
    };
    let mut span = span("a", "", 0);
    check(&span, &[]);
    span.handled_failure = Some("division by zero".to_owned());
    check(&span, &[(TextRole::Warn, "handled: division by zero")]);
    let stacktrace = |file: &str| Some(format!("Traceback:\n  File \"{file}\", line 1, in f\nTypeError: no"));
    let exception =
        |file| Exception { kind: Some("TypeError".to_owned()), message: None, stacktrace: stacktrace(file) };
    span.exception = Some(exception("/app/agent.py"));
    check(&span, &[(TextRole::Bad, "TypeError"), (TextRole::Warn, "handled: division by zero")]);
    span.handled_failure = None;
    span.exception = Some(exception("/lib/site-packages/mlflow/autogen/chat.py"));
    check(&span, &[(TextRole::Bad, "MLflow's own logging failed, not the call: TypeError")]);
}
