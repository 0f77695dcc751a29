use super::access::{ServerSettings, authorization, proxy};
use super::clauses::{FilterSupport, evaluates_span_tests, id_contains, server_conditions, span_prefilter};
use super::is_full_id;
use super::mask::CredentialMask;
use super::pages::PageLimit;
use super::response::{page_text, parse_retry_after};
use super::spans::served_path;
use super::url::{ServerUrl, is_same_origin, resolve_redirect, without_credentials};
use crate::limits;
use crate::query::language::parse;
use crate::query::{Clause, Filter, Glob, Grep, Label, LabelTest};
use crate::store::Secret;
use base64::Engine as _;
use std::time::Duration;
use ureq::http::StatusCode;

fn settings() -> ServerSettings {
    ServerSettings::default()
}

fn header(uri: &str, settings: &ServerSettings) -> Option<String> {
    authorization(&ServerUrl::parse(uri).unwrap(), settings).map(|secret| secret.reveal().to_owned())
}

#[test]
fn server_urls_are_parsed() {
    for (uri, shown, host, is_loopback) in [
        ("http://localhost:5000", "http://localhost:5000", "localhost", true),
        ("http://localhost:5000/", "http://localhost:5000", "localhost", true),
        ("https://ada:pw@mlflow.example/team/a/", "https://mlflow.example/team/a", "mlflow.example", false),
        ("http://[::1]:8080", "http://[::1]:8080", "::1", true),
        ("http://127.8.0.1", "http://127.8.0.1", "127.8.0.1", true),
        ("HTTPS://Host.Example", "https://Host.Example", "host.example", false),
        ("http://localhost.example", "http://localhost.example", "localhost.example", false),
    ] {
        let base = ServerUrl::parse(uri).unwrap();
        assert_eq!(
            (base.display_url().as_str(), base.host.as_str(), base.is_loopback()),
            (shown, host, is_loopback),
            "{uri}"
        );
    }
    for uri in ["http://", "https:///path", "http://ho st/", "http://host:99999", "https://ada:pa#ss@host", "http://h:"]
    {
        assert!(ServerUrl::parse(uri).is_err(), "{uri}");
    }
}

#[test]
fn a_password_is_never_part_of_the_host_or_path() {
    for uri in [
        "http://kim:secret:[::1]/x@host:5000",
        "http://kim:secret[::1]/x@host",
        "http://kim:secret/x@host",
        "http://kim:p@secret/x@host:5000",
    ] {
        let error = ServerUrl::parse(uri).unwrap_err();
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    assert_eq!(ServerUrl::parse("http://kim:secret@[::1]:5000/x").unwrap().display_url(), "http://[::1]:5000/x");
}

#[test]
fn credentials_are_taken_in_the_order_of_mlflow() {
    let full = ServerSettings {
        username: Some("ada".to_owned()),
        password: Some(Secret::new("pw".to_owned())),
        token: Some(Secret::new("t0ken".to_owned())),
        ..settings()
    };
    let half = ServerSettings { password: None, ..full.clone() };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "[other]\nmlflow_tracking_password = no\n[mlflow]\n# x\nmlflow_tracking_username = eve\nmlflow_tracking_password = fi:le\n",
    )
    .unwrap();
    let with_file =
        |settings: ServerSettings| ServerSettings { credentials_file: Some(file.path().to_owned()), ..settings };
    for (uri, settings, expected) in [
        ("https://h", settings(), None),
        ("https://h", full.clone(), Some("Basic YWRhOnB3")),
        ("https://h", half.clone(), Some("Bearer t0ken")),
        ("https://h", with_file(half), Some("Basic YWRhOmZpOmxl")),
        ("https://h", with_file(settings()), Some("Basic ZXZlOmZpOmxl")),
        ("https://u%40x:p%3Aw@h", full, Some("Basic dUB4OnA6dw==")),
    ] {
        assert_eq!(header(uri, &settings).as_deref(), expected, "{uri}");
    }
    assert_eq!(format!("{:?}", Secret::new("x".to_owned())), "[secret]");
}

#[test]
fn credentials_are_masked_in_every_form() {
    // The base64 of `bob:hunter2 s?cret>`.
    let header = "Basic Ym9iOmh1bnRlcjIgcz9jcmV0Pg==";
    let mask = CredentialMask::from_header(Some(header), &[], &["tok-SECRET123"]);
    for (text, masked) in [
        ("user bob has password hunter2 s?cret>.", "user [secret] has password [secret]."),
        ("HUNTER2 S?CRET> and bobby", "[secret] and bobby"),
        ("header Basic Ym9iOmh1bnRlcjIgcz9jcmV0Pg== is bad", "header Basic [secret] is bad"),
        ("unpadded Ym9iOmh1bnRlcjIgcz9jcmV0Pg, cut", "unpadded [secret], cut"),
        ("/hunter2%20s%3fcret%3E/", "/[secret]/"),
        ("/hunter2%20s%3Fcret%3e/", "/[secret]/"),
        ("/%68unter2%2520s%253Fcret%253E/", "/[secret]/"),
        ("?password=hunter2+s%3Fcret%3E&x", "?password=[secret]&x"),
        ("/Ym9iOmh1bnRlcjIgcz9jcmV0Pg%3D%3D/", "/[secret]/"),
        (r#"{"p": "hunter2 s?cret>"}"#, r#"{"p": "[secret]"}"#),
        ("<p>hunter2 s?cret&gt;</p>", "<p>[secret]</p>"),
        ("a Bearer tok-SECRET123", "a Bearer [secret]"),
        ("nothing of it: rob, tok-SECRET12", "nothing of it: rob, tok-SECRET12"),
        ("", ""),
    ] {
        assert_eq!(mask.apply(text), masked);
    }
    // In the base64 of a longer text, at any offset.
    for before in ["", "x", "xy", "xyz", "{\"authorization\": \"Basic "] {
        for after in ["", "x", "xy", "\"}"] {
            for secret in ["hunter2 s?cret>", "tok-SECRET123", "Ym9iOmh1bnRlcjIgcz9jcmV0Pg=="] {
                let encoded = base64::engine::general_purpose::URL_SAFE.encode(format!("{before}{secret}{after}"));
                let left = mask.apply(&encoded);
                let (a, b) = (&encoded[..left.find('[').unwrap_or(0)], &left[left.rfind(']').map_or(0, |at| at + 1)..]);
                assert!(
                    left.contains("[secret]") && a.len() <= 2 + before.len() * 4 / 3,
                    "{before}{secret}{after}: {left}"
                );
                assert!(b.len() <= after.len() * 4 / 3 + 4, "{before}{secret}{after}: {left}");
            }
        }
    }
}

#[test]
fn short_credentials_are_masked_as_words() {
    let mask = CredentialMask::from_header(None, &["al", "ada"], &["a", "pw"]);
    assert_eq!(
        mask.apply("a map: pw=pw, pwd, al, ada@host, cada"),
        "[secret] map: [secret]=[secret], pwd, al, [secret]@host, cada"
    );
    assert_eq!(mask.apply("cHc= YQ== cHcx"), "[secret] [secret] cHcx");
    // A name without a password is a token.
    let token = CredentialMask::from_header(Some("Basic dDBrZW46"), &[], &[]);
    assert_eq!(token.apply("xt0kenx dDBrZW46"), "x[secret]x [secret]");
    assert_eq!(CredentialMask::from_header(None, &[], &[]).apply("x"), "x");
}

#[test]
fn credentials_are_masked_before_a_message_is_cut() {
    let mask = CredentialMask::from_header(None, &[], &["hunter2secret"]);
    let line = mask.apply_to_message(&format!("{}hunter2secret\nmore", "x".repeat(limits::MESSAGE_CHARS - 5)));
    assert!(!line.contains("hunt") && line.ends_with("[secr …"), "{line}");
}

#[test]
fn all_credentials_of_the_environment_are_masked() {
    let settings = ServerSettings {
        username: Some("adalove".to_owned()),
        password: Some(Secret::new("pass:word".to_owned())),
        token: Some(Secret::new("t0ken".to_owned())),
        https_proxy: Some(Secret::new("http://carol:pr%3Axy@proxy:3128".to_owned())),
        ..settings()
    };
    let base = ServerUrl::parse("https://bobby:uri%40pw@h").unwrap();
    let mask = super::access::mask(&base, &settings, authorization(&base, &settings).as_ref());
    for secret in ["adalove", "pass:word", "t0ken", "carol", "pr:xy", "Y2Fyb2w6cHI6eHk", "bobby", "uri@pw", "uri%40pw"]
    {
        assert_eq!(mask.apply(&format!("<{secret}>")), "<[secret]>", "{secret}");
    }
}

#[test]
fn credentials_are_removed_from_uris() {
    for (uri, shown) in [
        ("https://ada:pw@host/x", "https://host/x"),
        ("https://ada:p@w@host", "https://host"),
        ("http://host/a@b", "http://host/a@b"),
        ("https://ada@host", "https://host"),
        ("http:/ada:pw@host", "host"),
        ("http://localhost:S3C/RET@host:5000", "http://host:5000"),
        ("ada:pw@host", "host"),
        ("stores/a@b/mlflow.db", "stores/a@b/mlflow.db"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("mlruns", "mlruns"),
    ] {
        assert_eq!(without_credentials(uri), shown);
    }
}

#[test]
fn no_proxy_excludes_hosts() {
    let uses = |uri: &str, list: Option<&str>| {
        let settings = ServerSettings {
            http_proxy: Some(Secret::new("http://proxy:3128".to_owned())),
            no_proxy: list.map(str::to_owned),
            ..settings()
        };
        proxy(&ServerUrl::parse(uri).unwrap(), &settings).unwrap().is_some()
    };
    assert!(uses("http://mlflow.corp.example", None));
    assert!(!uses("https://mlflow.corp.example", None), "the other variable is for https");
    for (list, expected) in [
        ("localhost", true),
        ("localhost, .corp.example", false),
        ("corp.example", false),
        ("*.corp.example", false),
        ("orp.example", true),
        ("mlflow.corp.example:5000", false),
        ("*", false),
        ("", true),
    ] {
        assert_eq!(uses("http://mlflow.corp.example", Some(list)), expected, "{list}");
    }
    assert!(!uses("http://10.1.2.3:5000", Some("10.0.0.0/8")));
    assert!(uses("http://11.1.2.3:5000", Some("10.0.0.0/8")));
    assert!(uses("http://11.1.2.3:5000", Some("3")));
    assert!(!uses("http://11.1.2.3:5000", Some("0.0.0.0/0")));
}

#[test]
fn conditions_are_sent_if_the_release_supports_them() {
    let conditions =
        |text: &str, language| server_conditions(&Filter { clauses: parse(text).unwrap() }, language).join(" AND ");
    let new = FilterSupport::Newest;
    for (text, language, expected) in [
        (
            "status IN ('OK') AND timestamp >= 5",
            FilterSupport::Release(2, 14),
            "status IN ('OK') AND timestamp_ms >= 5",
        ),
        ("status LIKE 'O%' AND run_id = 'r'", FilterSupport::Release(3, 5), "run_id = 'r'"),
        ("status LIKE 'O%' AND run_id = 'r'", FilterSupport::Release(3, 6), "status LIKE 'O%' AND run_id = 'r'"),
        ("tags.`team x` = 'a b' AND metadata.k != \"it's\"", new, "tags.`team x` = 'a b' AND metadata.k != \"it's\""),
        ("tags.team IS NOT NULL", FilterSupport::Release(3, 11), "tags.team IS NOT NULL"),
        ("tags.team IS NULL", FilterSupport::Release(3, 10), ""),
        ("feedback.x > 0.5 AND feedback.x = 'a'", FilterSupport::Release(3, 14), "feedback.x = 'a'"),
        ("feedback.x = 'a'", FilterSupport::Release(3, 8), ""),
        (
            "feedback.x > 0.5 AND span.name = 'a' AND end_time > 5 AND name = 'n'",
            FilterSupport::RecordsOnly(3, 18),
            "name = 'n'",
        ),
        ("issue.id = 'i' AND prompt = 'p/1'", FilterSupport::Release(3, 7), "prompt = 'p/1'"),
        ("span.attributes.model = 'gpt'", new, "span.content LIKE '%\"model\"%'"),
        ("span.attributes.model LIKE '%gpt%'", new, "span.attributes.model LIKE '%gpt%'"),
        // Conditions that differ between databases are evaluated by the client.
        ("name LIKE 'a\\b'", new, ""),
        ("name RLIKE '^run_[a-z]+$'", new, ""),
        ("name RLIKE '^run_tool'", new, "name RLIKE '^run_tool'"),
        ("name ILIKE 'É%'", new, ""),
        ("timestamp_ms > '5'", new, ""),
        ("metadata.`mlflow.trace.tokenUsage` = '{}'", new, ""),
        ("status = 'OK'", FilterSupport::None, ""),
    ] {
        assert_eq!(conditions(text, language), expected, "{text} {language:?}");
    }
    assert!(conditions("tags.team IS NOT NULL", FilterSupport::Release(3, 8)).starts_with("tags.team != '"));
    // MLflow takes a tag with this name for the name of the trace.
    let named = Clause::Label(Label::Tag("Name".to_owned()), LabelTest::Exists);
    assert!(server_conditions(&Filter { clauses: vec![named] }, new).is_empty());
}

#[test]
fn conditions_of_flags_are_sent_if_the_language_has_them() {
    let conditions =
        |clause: Clause, language| server_conditions(&Filter { clauses: vec![clause] }, language).join(" AND ");
    for (glob, patterns, plain) in [
        ("run", "name = 'run'", "name = 'run'"),
        ("run_*", "name LIKE 'run_%'", ""),
        ("it's", "name = \"it's\"", "name = \"it's\""),
        ("both '\"", "", ""),
        ("back\\slash", "", ""),
        ("line\nbreak", "", ""),
    ] {
        assert_eq!(conditions(Clause::Name(Glob::new(glob)), FilterSupport::Newest), patterns);
        assert_eq!(conditions(Clause::Name(Glob::new(glob)), FilterSupport::Release(2, 22)), plain);
    }
    let hint = |clause: Clause| span_prefilter(&Filter { clauses: vec![clause] }, FilterSupport::Release(3, 10));
    let types = vec!["LLM".to_owned(), "MY 'X'".to_owned()];
    assert_eq!(hint(Clause::SpanType(types)).unwrap(), "span.type IN ('LLM', \"MY 'X'\")");
    let grep = |pattern: &str| hint(Clause::Grep(Grep::new(pattern).unwrap()));
    assert_eq!(grep("timed? out").unwrap(), "span.content ILIKE '%time%'");
    assert_eq!(grep("a.*|b"), None);
    assert_eq!(id_contains("27b4").unwrap(), "request_id ILIKE '%27b4%'");
}

#[test]
fn several_span_conditions_are_decided_if_the_release_applies_them_to_one_span() {
    let is_decided = |text: &str, language| evaluates_span_tests(&Filter { clauses: parse(text).unwrap() }, language);
    let two = "span.type = 'TOOL' AND span.status = 'ERROR'";
    assert!(is_decided(two, FilterSupport::Newest) && is_decided(two, FilterSupport::Release(3, 10)));
    assert!(
        !is_decided(two, FilterSupport::Release(3, 9))
            && is_decided("span.type = 'TOOL'", FilterSupport::Release(3, 9))
    );
    assert!(!is_decided("span.attributes.k = 'v'", FilterSupport::Newest));
    assert!(!is_decided("span.name = 'x'", FilterSupport::RecordsOnly(3, 18)));
}

#[test]
fn origins_are_scheme_host_and_port() {
    for (a, b, expected) in [
        ("https://h/x", "https://h", true),
        ("https://H:443/x", "https://h", true),
        ("http://h:80", "http://h/", true),
        ("http://h:443", "https://h", false),
        ("https://h:8443", "https://h", false),
        ("https://h.evil.example", "https://h", false),
        ("https://h@evil.example", "https://h", false),
        ("/x", "/x", false),
    ] {
        assert_eq!(is_same_origin(a, b), expected, "{a} {b}");
    }
    for (from, to, expected) in [
        ("https://h/a/b?q", "/c", "https://h/c"),
        ("https://h/a/b?q", "c", "https://h/a/c"),
        ("https://h", "c", "https://h/c"),
        ("https://h/a", "//other/c", "https://other/c"),
        ("https://h/a", "http://other/c", "http://other/c"),
    ] {
        assert_eq!(resolve_redirect(from, to), expected);
    }
}

#[test]
fn endless_lists_are_limited() {
    let pages_of = |max_pages: usize, requested: usize, received: &dyn Fn(usize) -> usize| {
        let mut limit = PageLimit::new(max_pages);
        (1..).find_map(|page| Some((page, limit.count_page(requested, received(page))?.message))).unwrap()
    };
    let (read, why) = pages_of(limits::EXPERIMENT_PAGES, 1000, &|_| 1);
    assert_eq!((read, why.contains("nearly empty")), (limits::SPARSE_PAGES, true), "{why}");
    let (read, why) = pages_of(limits::EXPERIMENT_PAGES, 1000, &|_| 1000);
    assert_eq!((read, why.contains("returned 200 pages")), (200, true), "{why}");
    // A half-full page resets the count.
    assert_eq!(pages_of(limits::TRACE_PAGES, 500, &|page| if page == 90 { 250 } else { 249 }).0, 190);
    assert_eq!(pages_of(limits::TRACE_PAGES, 1, &|_| 1).0, limits::TRACE_PAGES);
}

#[test]
fn pauses_are_seconds_or_dates() {
    assert_eq!(parse_retry_after("3"), Some(Duration::from_secs(3)));
    assert_eq!(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    assert_eq!(parse_retry_after("soon"), None);
    assert!(parse_retry_after("Wed, 21 Oct 2099 07:28:00 GMT").unwrap() > Duration::from_secs(3600));
}

#[test]
fn pages_are_summarized_in_one_line() {
    let summary = |text: &str| page_text(text, StatusCode::BAD_GATEWAY);
    assert_eq!(summary("<!doctype html>\n<html><head><title> 502 Bad Gateway </title>"), "502 Bad Gateway");
    assert_eq!(summary("upstream is down\nmore"), "upstream is down");
    assert_eq!(summary("<html>"), "status 502 Bad Gateway");
    assert_eq!(summary(""), "status 502 Bad Gateway");
}

#[test]
fn full_ids_have_the_form_of_mlflow() {
    assert!(is_full_id("tr-0123456789abcdef0123456789abcdef"));
    assert!(is_full_id("0123456789abcdef0123456789abcdef"));
    for id in
        ["tr-0123", "", "my-custom-id-001", "0123456789ABCDEF0123456789ABCDEF", "tr-0123456789abcdef0123456789abcdeg"]
    {
        assert!(!is_full_id(id), "{id}");
    }
}

#[test]
fn artifacts_are_requested_from_this_server_only() {
    let is_here = |authority: &str| authority == "h:5000";
    for (location, expected) in [
        ("mlflow-artifacts:/1/traces/tr-1/artifacts", Some("1/traces/tr-1/artifacts")),
        ("mlflow-artifacts:///1/a b", Some("1/a%20b")),
        ("mlflow-artifacts://h:5000/1/x", Some("1/x")),
        ("mlflow-artifacts://evil.example/1/x", None),
        ("mlflow-artifacts:/1/../../secret", None),
        ("mlflow-artifacts:/", None),
        ("s3://bucket/1", None),
        ("/abs/1", None),
    ] {
        assert_eq!(served_path(location, &is_here).as_deref(), expected, "{location}");
    }
}
