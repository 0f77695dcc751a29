use super::access::{ServerSettings, authorization, proxy};
use super::answer::{page_text, pause_asked_for};
use super::clauses::{FilterSupport, decides_rows, id_contains, span_hint, texts};
use super::is_whole_id;
use super::pages::PageLimit;
use super::secret::{CredentialMask, Secret};
use super::spans::served_path;
use super::url::{ServerUrl, absolute, is_same_origin, without_credentials};
use crate::limits;
use crate::query::language::parse;
use crate::query::{Clause, Filter, Glob, Grep, Label, LabelTest};
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
        let base = ServerUrl::parse(uri).unwrap();
        assert_eq!(
            (base.shown().as_str(), base.host.as_str(), base.is_loopback()),
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
fn a_password_is_never_part_of_the_host() {
    for uri in ["http://kim:secret:[::1]/x@host:5000", "http://kim:secret[::1]/x@host", "http://kim:secret/x@host"] {
        let error = ServerUrl::parse(uri).unwrap_err();
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    assert_eq!(ServerUrl::parse("http://kim:secret@[::1]:5000/x").unwrap().shown(), "http://[::1]:5000/x");
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
    // Of `bob:hunter2 s?cret>`.
    let header = "Basic Ym9iOmh1bnRlcjIgcz9jcmV0Pg==";
    let mask = CredentialMask::for_header(Some(header), &[], &["tok-SECRET123"]);
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
    // In the base64 of a longer text, wherever it begins in it.
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
    let mask = CredentialMask::for_header(None, &["al", "ada"], &["a", "pw"]);
    assert_eq!(
        mask.apply("a map: pw=pw, pwd, al, ada@host, cada"),
        "[secret] map: [secret]=[secret], pwd, al, [secret]@host, cada"
    );
    assert_eq!(mask.apply("cHc= YQ== cHcx"), "[secret] [secret] cHcx");
    // A name without a password is a token.
    let token = CredentialMask::for_header(Some("Basic dDBrZW46"), &[], &[]);
    assert_eq!(token.apply("xt0kenx dDBrZW46"), "x[secret]x [secret]");
    assert_eq!(CredentialMask::for_header(None, &[], &[]).apply("x"), "x");
}

#[test]
fn credentials_are_masked_before_a_message_is_cut() {
    let mask = CredentialMask::for_header(None, &[], &["hunter2secret"]);
    let line = mask.line(&format!("{}hunter2secret\nmore", "x".repeat(limits::MESSAGE_CHARS - 5)));
    assert!(!line.contains("hunt") && line.ends_with("[secr …"), "{line}");
}

#[test]
fn the_mask_knows_all_credentials_of_the_environment() {
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
fn conditions_are_said_where_the_release_understands_them() {
    let said = |text: &str, language| texts(&Filter { clauses: parse(text).unwrap() }, language).join(" AND ");
    let new = FilterSupport::Newest;
    for (text, language, expected) in [
        ("status IN ('OK') AND timestamp >= 5", FilterSupport::Of(2, 14), "status IN ('OK') AND timestamp_ms >= 5"),
        ("status LIKE 'O%' AND run_id = 'r'", FilterSupport::Of(3, 5), "run_id = 'r'"),
        ("status LIKE 'O%' AND run_id = 'r'", FilterSupport::Of(3, 6), "status LIKE 'O%' AND run_id = 'r'"),
        ("tags.`team x` = 'a b' AND metadata.k != \"it's\"", new, "tags.`team x` = 'a b' AND metadata.k != \"it's\""),
        ("tags.team IS NOT NULL", FilterSupport::Of(3, 11), "tags.team IS NOT NULL"),
        ("tags.team IS NULL", FilterSupport::Of(3, 10), ""),
        ("feedback.x > 0.5 AND feedback.x = 'a'", FilterSupport::Of(3, 14), "feedback.x = 'a'"),
        ("feedback.x = 'a'", FilterSupport::Of(3, 8), ""),
        (
            "feedback.x > 0.5 AND span.name = 'a' AND end_time > 5 AND name = 'n'",
            FilterSupport::Records(3, 18),
            "name = 'n'",
        ),
        ("issue.id = 'i' AND prompt = 'p/1'", FilterSupport::Of(3, 7), "prompt = 'p/1'"),
        ("span.attributes.model = 'gpt'", new, "span.content LIKE '%\"model\"%'"),
        ("span.attributes.model LIKE '%gpt%'", new, "span.attributes.model LIKE '%gpt%'"),
        // What databases understand differently is decided here.
        ("name LIKE 'a\\b'", new, ""),
        ("name RLIKE '^run_[a-z]+$'", new, ""),
        ("name RLIKE '^run_tool'", new, "name RLIKE '^run_tool'"),
        ("name ILIKE 'É%'", new, ""),
        ("timestamp_ms > '5'", new, ""),
        ("metadata.`mlflow.trace.tokenUsage` = '{}'", new, ""),
        ("status = 'OK'", FilterSupport::None, ""),
    ] {
        assert_eq!(said(text, language), expected, "{text} {language:?}");
    }
    assert!(said("tags.team IS NOT NULL", FilterSupport::Of(3, 8)).starts_with("tags.team != '"));
    // To MLflow a tag of this name is the name of the trace.
    let named = Clause::Label(Label::Tag("Name".to_owned()), LabelTest::Exists);
    assert!(texts(&Filter { clauses: vec![named] }, new).is_empty());
}

#[test]
fn conditions_of_flags_are_said_as_well_as_the_language_can() {
    let said = |clause: Clause, language| texts(&Filter { clauses: vec![clause] }, language).join(" AND ");
    for (glob, patterns, plain) in [
        ("run", "name = 'run'", "name = 'run'"),
        ("run_*", "name LIKE 'run_%'", ""),
        ("it's", "name = \"it's\"", "name = \"it's\""),
        ("both '\"", "", ""),
        ("back\\slash", "", ""),
        ("line\nbreak", "", ""),
    ] {
        assert_eq!(said(Clause::Name(Glob::new(glob)), FilterSupport::Newest), patterns);
        assert_eq!(said(Clause::Name(Glob::new(glob)), FilterSupport::Of(2, 22)), plain);
    }
    let hint = |clause: Clause| span_hint(&Filter { clauses: vec![clause] }, FilterSupport::Of(3, 10));
    let types = vec!["LLM".to_owned(), "MY 'X'".to_owned()];
    assert_eq!(hint(Clause::SpanType(types)).unwrap(), "span.type IN ('LLM', \"MY 'X'\")");
    let grep = |pattern: &str| hint(Clause::Grep(Grep::new(pattern).unwrap()));
    assert_eq!(grep("timed? out").unwrap(), "span.content ILIKE '%time%'");
    assert_eq!(grep("a.*|b"), None);
    assert_eq!(id_contains("27b4").unwrap(), "request_id ILIKE '%27b4%'");
}

#[test]
fn several_conditions_on_a_span_are_decided_by_releases_that_mean_one_span() {
    let decided = |text: &str, language| decides_rows(&Filter { clauses: parse(text).unwrap() }, language);
    let two = "span.type = 'TOOL' AND span.status = 'ERROR'";
    assert!(decided(two, FilterSupport::Newest) && decided(two, FilterSupport::Of(3, 10)));
    assert!(!decided(two, FilterSupport::Of(3, 9)) && decided("span.type = 'TOOL'", FilterSupport::Of(3, 9)));
    assert!(!decided("span.attributes.k = 'v'", FilterSupport::Newest));
    assert!(!decided("span.name = 'x'", FilterSupport::Records(3, 18)));
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
fn lists_without_end_come_to_one() {
    let pages_of = |most: usize, asked: usize, got: &dyn Fn(usize) -> usize| {
        let mut limit = PageLimit::new(most);
        (1..).find_map(|page| Some((page, limit.count(asked, got(page))?.message))).unwrap()
    };
    let (read, why) = pages_of(limits::EXPERIMENT_PAGES, 1000, &|_| 1);
    assert_eq!((read, why.contains("nearly empty")), (limits::SPARSE_PAGES, true), "{why}");
    let (read, why) = pages_of(limits::EXPERIMENT_PAGES, 1000, &|_| 1000);
    assert_eq!((read, why.contains("goes on after 200 pages")), (200, true), "{why}");
    // A page that is half full begins the count again.
    assert_eq!(pages_of(limits::TRACE_PAGES, 500, &|page| if page == 90 { 250 } else { 249 }).0, 190);
    assert_eq!(pages_of(limits::TRACE_PAGES, 1, &|_| 1).0, limits::TRACE_PAGES);
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
