use super::lines::{LineContent, guides, lines};
use crate::model::{Exception, Span, SpanId, SpanStatus, Spans, SpansSource, Timestamp, arrange};
use crate::output::TextRole;
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
    let text = lines.iter().map(|line| {
        let subject = match line.content {
            LineContent::Span(at) => format!("{}{}", spans.list[at].name, if line.is_context { "?" } else { "" }),
            LineContent::MissingParent(parent) => format!("({parent})"),
            LineContent::Record => "(record)".to_owned(),
        };
        format!("{}{subject}\n", line.guide.render(true, 80).0)
    });
    text.collect()
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

#[test]
fn levels_that_do_not_fit_are_counted() {
    let depths: Vec<usize> = (0..9).chain([8]).collect();
    let drawn = |room: usize, unicode: bool| -> Vec<String> {
        guides(depths.iter().copied()).iter().map(|guide| guide.render(unicode, room).0).collect()
    };
    let wide = drawn(48, true);
    assert_eq!((wide[4].as_str(), wide[8].as_str()), ("         └─ ", "                     ├─ "));
    let narrow = drawn(18, true);
    assert_eq!(narrow[6], "               └─ ", "as wide as the room");
    assert_eq!(&narrow[7..], ["⋯3             └─ ", "⋯4             ├─ ", "⋯4             └─ "]);
    assert_eq!(drawn(18, false)[8], "..4            |- ");
    let chain = guides(0..10_000);
    let (deepest, below) = chain[9_999].render(true, usize::MAX);
    assert!(deepest.starts_with("⋯9921 ") && deepest.chars().count() == 80 * 3, "{deepest}");
    assert_eq!(below.chars().count(), 81 * 3);
    assert_eq!(chain[80].render(true, usize::MAX).0.chars().count(), 80 * 3);
    assert!(drawn(0, true).iter().all(|guide| guide.chars().count() <= 12), "{:?}", drawn(0, true));
}
