use super::access::{Secret, ServerSettings, authorization, proxy};
use super::answer::{page_text, pause_asked_for};
use super::clauses::{Language, id_contains, span_type, texts};
use super::is_whole_id;
use super::spans::served_path;
use super::url::{Base, absolute, is_same_origin, without_credentials};
use crate::filter::{Clause, Filter, Glob};
use crate::model::{Timestamp, TraceState};
use std::time::Duration;
use ureq::http::StatusCode;

fn settings() -> ServerSettings {
    ServerSettings::default()
}

fn header(uri: &str, settings: &ServerSettings) -> Option<String> {
    authorization(&Base::parse(uri).unwrap(), settings).map(|secret| secret.reveal().to_owned())
}

#[test]
fn addresses_are_taken_apart() {
    for (uri, shown, host, is_loopback) in [
        ("http://localhost:5000", "http://localhost:5000", "localhost", true),
        ("http://localhost:5000/", "http://localhost:5000", "localhost", true),
        ("https://ada:pw@mlflow.example/team/a/", "https://mlflow.example/team/a", "mlflow.example", false),
        ("http://[::1]:8080", "http://[::1]:8080", "::1", true),
        ("http://127.8.0.1", "http://127.8.0.1", "127.8.0.1", true),
        ("HTTPS://Host.Example", "https://Host.Example", "host.example", false),
        ("http://localhost.example", "http://localhost.example", "localhost.example", false),
    ] {
        let base = Base::parse(uri).unwrap();
        assert_eq!(
            (base.shown().as_str(), base.host.as_str(), base.is_loopback()),
            (shown, host, is_loopback),
            "{uri}"
        );
    }
    for uri in ["http://", "https:///path", "http://ho st/", "http://host:99999", "https://ada:pa#ss@host", "http://h:"]
    {
        assert!(Base::parse(uri).is_err(), "{uri}");
    }
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
fn credentials_are_cut_out_of_what_is_shown() {
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
fn proxies_are_used_except_for() {
    let uses = |uri: &str, list: Option<&str>| {
        let settings = ServerSettings {
            http_proxy: Some(Secret::new("http://proxy:3128".to_owned())),
            no_proxy: list.map(str::to_owned),
            ..settings()
        };
        proxy(&Base::parse(uri).unwrap(), &settings).unwrap().is_some()
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
fn conditions_are_said_where_the_server_understands_them() {
    let patterns = |clause: Clause| texts(&Filter { clauses: vec![clause] }, Language::Patterns).join(" AND ");
    let plain = |clause: Clause| texts(&Filter { clauses: vec![clause] }, Language::Plain).join(" AND ");
    assert_eq!(patterns(Clause::State(vec![TraceState::Ok, TraceState::Error])), "status IN ('OK', 'ERROR')");
    assert_eq!(patterns(Clause::Since(Timestamp(1_500_999))), "timestamp_ms >= 1");
    assert_eq!(patterns(Clause::Until(Timestamp(1_500_999))), "timestamp_ms <= 1");
    assert_eq!(patterns(Clause::MinDuration(250)), "execution_time_ms >= 250");
    for (glob, in_patterns, in_plain) in [
        ("run", "name = 'run'", "name = 'run'"),
        ("run_*", "name LIKE 'run_%'", ""),
        ("it's", "name = \"it's\"", "name = \"it's\""),
        ("both '\"", "", ""),
        ("back\\slash", "", ""),
        ("line\nbreak", "", ""),
    ] {
        assert_eq!(patterns(Clause::Name(Glob::new(glob))), in_patterns);
        assert_eq!(plain(Clause::Name(Glob::new(glob))), in_plain);
    }
    let tag = |key: &str, value: Option<&str>| patterns(Clause::Tag(key.to_owned(), value.map(str::to_owned)));
    assert_eq!(tag("team x", Some("a b")), "tags.`team x` = 'a b'");
    assert!(tag("team", None).starts_with("tags.`team` != '"));
    assert_eq!(tag("a`b", Some("x")), "");
    assert_eq!(patterns(Clause::Session("s".to_owned())), "metadata.`mlflow.trace.session` = 's'");
    assert_eq!(patterns(Clause::Run("r".to_owned())), "run_id = 'r'");
    assert_eq!(patterns(Clause::SpanType(vec!["LLM".to_owned()])), "");
    assert_eq!(span_type(&["LLM".to_owned(), "MY 'X'".to_owned()]).unwrap(), "span.type IN ('LLM', \"MY 'X'\")");
    assert_eq!(id_contains("27b4").unwrap(), "request_id ILIKE '%27b4%'");
    assert!(texts(&Filter { clauses: vec![Clause::MinDuration(1)] }, Language::None).is_empty());
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
        assert_eq!(absolute(from, to), expected);
    }
}

#[test]
fn pauses_are_seconds_or_dates() {
    assert_eq!(pause_asked_for("3"), Some(Duration::from_secs(3)));
    assert_eq!(pause_asked_for("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    assert_eq!(pause_asked_for("soon"), None);
    assert!(pause_asked_for("Wed, 21 Oct 2099 07:28:00 GMT").unwrap() > Duration::from_secs(3600));
}

#[test]
fn pages_are_told_in_one_line() {
    let said = |text: &str| page_text(text, StatusCode::BAD_GATEWAY);
    assert_eq!(said("<!doctype html>\n<html><head><title> 502 Bad Gateway </title>"), "502 Bad Gateway");
    assert_eq!(said("upstream is down\nmore"), "upstream is down");
    assert_eq!(said("<html>"), "status 502 Bad Gateway");
    assert_eq!(said(""), "status 502 Bad Gateway");
}

#[test]
fn whole_ids_are_those_that_mlflow_makes() {
    assert!(is_whole_id("tr-0123456789abcdef0123456789abcdef"));
    assert!(is_whole_id("0123456789abcdef0123456789abcdef"));
    for id in
        ["tr-0123", "", "my-custom-id-001", "0123456789ABCDEF0123456789ABCDEF", "tr-0123456789abcdef0123456789abcdeg"]
    {
        assert!(!is_whole_id(id), "{id}");
    }
}

#[test]
fn artifacts_are_asked_of_this_server_only() {
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
