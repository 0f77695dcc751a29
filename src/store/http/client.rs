//! Questions to a tracking server and their answers: time limits, repetitions, redirects, and what every failure means.

use super::access::{self, Base, Secret, ServerSettings};
use crate::error::{Error, Kind, Result};
use crate::model::Timestamp;
use serde::Deserialize;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use ureq::http::{Method, Request, Response, StatusCode, Uri};
use ureq::{Agent, AsSendBody, Body, Timeout};

/// How long it may take to reach a server.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one question may take in all, repetitions included, unless the environment says otherwise.
const TOTAL: Duration = Duration::from_secs(30);
/// How often a question is repeated, unless the environment says otherwise.
const RETRIES: u32 = 2;
/// The pause before the first repetition; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
const MOST_REDIRECTS: usize = 5;
/// Longer answers than this are not read: no trace comes near, and memory is bounded.
const MAX_BYTES: u64 = 2 << 30;
/// So many questions are asked at once.
pub(super) const AT_ONCE: usize = 8;

/// A question: a route below the server's prefix.
#[derive(Clone, Debug)]
pub(super) struct Question {
    route: String,
    body: Option<String>,
    /// Whether the answer may be a file of any kind.
    is_file: bool,
    /// Whether it is asked again after a failure.
    is_repeated: bool,
}

impl Question {
    pub(super) fn get(route: impl Into<String>) -> Self {
        Self { route: route.into(), body: None, is_file: false, is_repeated: true }
    }

    pub(super) fn post(route: impl Into<String>, body: &serde_json::Value) -> Self {
        Self { body: Some(body.to_string()), ..Self::get(route) }
    }

    /// Not asked again, since there is another way to the same.
    pub(super) fn once(mut self) -> Self {
        self.is_repeated = false;
        self
    }

    /// The answer is somebody's file, which may even be a web page.
    pub(super) fn file(mut self) -> Self {
        self.is_file = true;
        self
    }
}

/// What a server that could be asked has to say.
#[derive(Debug)]
pub(super) enum Reply {
    Body(Vec<u8>),
    /// It does not have this route: its release is older, or newer.
    NoRoute,
    Refusal(Refusal),
}

/// A server's no to one question.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// MLflow's `error_code`; none where something else answered.
    pub(super) code: Option<String>,
    pub(super) message: String,
}

impl Refusal {
    /// Whether the thing asked for is not there.
    pub(super) fn is_absence(&self) -> bool {
        self.status == 404
    }

    /// Whether the server did not understand the question, so that a simpler one may do.
    pub(super) fn is_of_question(&self) -> bool {
        matches!(self.status, 400 | 501)
    }
}

/// MLflow's form of errors (`exceptions.py` of 3.18).
#[derive(Deserialize)]
struct Trouble {
    error_code: Option<String>,
    message: Option<String>,
}

/// A connection to a server, or several.
pub(super) struct Client {
    base: Base,
    agent: Agent,
    authorization: Option<Secret>,
    workspace: Option<String>,
    unsupported: Option<&'static str>,
    total: Duration,
    retries: u32,
    follows_redirects: bool,
    via_proxy: bool,
    requests: Arc<AtomicU64>,
}

impl Client {
    pub(super) fn new(uri: &str, settings: &ServerSettings) -> Result<Self> {
        let base = Base::parse(uri)?;
        let proxy = access::proxy(&base, settings)?;
        let via_proxy = proxy.is_some();
        // MLflow's server sends small answers in two writes. On a connection that was used before, the second waits until
        // the client has acknowledged the first, which a kernel puts off for 40 ms (RFC 9293, 3.7.4 and 3.8.6.3). Behind
        // TLS a new connection costs more than that, and mostly something else sends the answer there.
        let kept = if base.is_tls { AT_ONCE } else { 0 };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("mltrace/", env!("CARGO_PKG_VERSION")))
            .tls_config(access::tls(settings)?)
            .proxy(proxy)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(settings.timeout.unwrap_or(TOTAL)))
            .max_idle_connections(kept)
            .max_idle_connections_per_host(kept)
            .build();
        Ok(Self {
            agent: config.new_agent(),
            authorization: access::authorization(&base, settings),
            base,
            workspace: settings.workspace.clone(),
            unsupported: settings.unsupported,
            total: settings.timeout.unwrap_or(TOTAL),
            retries: settings.retries.unwrap_or(RETRIES),
            follows_redirects: !settings.refuses_redirects,
            via_proxy,
            requests: Arc::clone(&settings.requests),
        })
    }

    /// What messages call the server.
    pub(super) fn shown(&self) -> String {
        self.base.shown()
    }

    /// Whether credentials would cross a network that anybody on the way can read.
    pub(super) fn exposes_credentials(&self) -> bool {
        self.authorization.is_some() && !self.base.is_tls && !self.base.is_loopback()
    }

    /// Whether `mlflow-artifacts://host/…` names this server.
    pub(super) fn is_at(&self, authority: &str) -> bool {
        self.base.origin.split_once("://").is_some_and(|(_, place)| place.eq_ignore_ascii_case(authority))
    }

    /// Asks, again if need be.
    ///
    /// # Errors
    /// Where no answer comes, the server refuses the credentials, or what answers is not MLflow.
    pub(super) fn ask(&self, question: &Question) -> Result<Reply> {
        let deadline = Instant::now() + self.total;
        let mut pause = PAUSE;
        let mut retries_left = if question.is_repeated { self.retries } else { 0 };
        loop {
            let (outcome, wait) = match self.ask_once(question, deadline) {
                Ok(Once::Final(outcome)) => return outcome,
                Ok(Once::Passing(outcome, wait)) => (outcome, wait.unwrap_or(pause)),
                Err(failure) if failure.may_pass() => (Err(self.failure(&failure)), pause),
                Err(failure) => return Err(self.failure(&failure)),
            };
            if retries_left == 0 || Instant::now() + wait >= deadline {
                return outcome;
            }
            std::thread::sleep(wait);
            pause *= 2;
            retries_left -= 1;
        }
    }

    fn ask_once(&self, question: &Question, deadline: Instant) -> std::result::Result<Once, Failure> {
        let (mut response, moved_to) = self.send(question, deadline)?;
        let status = response.status();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (is_page, retry_after) =
            (header("content-type").is_some_and(|kind| kind.starts_with("text/html")), header("retry-after"));
        let bytes = response.body_mut().with_config().limit(MAX_BYTES).read_to_vec();
        let bytes = bytes.map_err(|error| Failure { why: Why::Body(error), moved_to: moved_to.clone() })?;
        let wait = retry_after.as_deref().and_then(pause_asked_for);
        Ok(self.judge(question, status, is_page, bytes, wait, moved_to.as_deref()))
    }

    /// Sends a question and follows redirects. Credentials never leave the origin of the tracking URI.
    fn send(
        &self,
        question: &Question,
        deadline: Instant,
    ) -> std::result::Result<(Response<Body>, Option<String>), Failure> {
        let mut url = format!("{}{}{}", self.base.origin, self.base.prefix, question.route);
        let mut moved_to: Option<String> = None;
        for _ in 0..=MOST_REDIRECTS {
            let left = deadline.saturating_duration_since(Instant::now());
            let response =
                self.send_to(&url, question, left).map_err(|why| Failure { why, moved_to: moved_to.clone() })?;
            let location = response.headers().get("location").and_then(|value| value.to_str().ok());
            let Some(target) = location.filter(|_| is_redirect(response.status())).map(|to| absolute(&url, to)) else {
                return Ok((response, moved_to));
            };
            if !self.follows_redirects {
                return Err(Failure { why: Why::NoRedirects, moved_to: Some(target) });
            }
            moved_to = Some(target.clone());
            url = target;
        }
        Err(Failure { why: Why::EndlessRedirects, moved_to })
    }

    fn send_to(&self, url: &str, question: &Question, left: Duration) -> std::result::Result<Response<Body>, Why> {
        let method = if question.body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(url).header("accept", "*/*");
        if is_same_origin(url, &self.base.origin) {
            if let Some(authorization) = &self.authorization {
                request = request.header("authorization", authorization.reveal());
            }
            if let Some(workspace) = &self.workspace {
                request = request.header("x-mlflow-workspace", workspace);
            }
        }
        let sent = if let Some(body) = &question.body {
            let request = request.header("content-type", "application/json").body(body.as_str());
            self.run(request.map_err(|_| Why::Unsendable)?, left)
        } else {
            self.run(request.body(()).map_err(|_| Why::Unsendable)?, left)
        };
        sent.map_err(Why::Head)
    }

    /// Sends a request. One of its own time limit costs the client a TLS configuration of its own with every connection,
    /// so only repetitions have one.
    fn run(
        &self,
        request: Request<impl AsSendBody>,
        left: Duration,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if left + PAUSE > self.total {
            return self.agent.run(request);
        }
        self.agent.run(self.agent.configure_request(request).timeout_global(Some(left)).build())
    }

    /// What an answer means.
    fn judge(
        &self,
        question: &Question,
        status: StatusCode,
        is_page: bool,
        bytes: Vec<u8>,
        wait: Option<Duration>,
        moved_to: Option<&str>,
    ) -> Once {
        let trouble: Option<Trouble> = if status.is_success() {
            None
        } else {
            serde_json::from_slice(&bytes).ok().filter(|_| bytes.starts_with(b"{"))
        };
        let is_json = trouble.is_some();
        let code = trouble.as_ref().and_then(|trouble| trouble.error_code.clone());
        let message = trouble
            .and_then(|trouble| trouble.message)
            .unwrap_or_else(|| page_text(&String::from_utf8_lossy(&bytes), status));
        let moved = |error| with_target(error, moved_to);
        let fail = |kind, what: &str| Error::new(kind, format!("`{}` {what}", self.shown()));
        let refusal = |status, message| Reply::Refusal(Refusal { status, code: code.clone(), message });
        Once::Final(match status.as_u16() {
            200..=299 if is_page && !question.is_file => {
                Err(moved(self.not_mlflow(format!("it sends a web page: {message}"))))
            }
            200..=299 => Ok(Reply::Body(bytes)),
            300..=399 => Err(moved(self.not_mlflow(format!("it answers with status {status}")))),
            401 | 403 => Err(moved(self.no_access(status, &message))),
            407 => Err(fail(Kind::Credentials, "is behind a proxy that wants credentials")
                .hint("`HTTPS_PROXY=http://name:password@host:port` carries them")),
            404 if !is_json || code.as_deref() == Some("ENDPOINT_NOT_FOUND") => Ok(Reply::NoRoute),
            405 => Ok(Reply::NoRoute),
            408 | 429 => {
                let error = fail(Kind::Server, &format!("takes no requests for now: status {status}")).because(message);
                let hint = wait.map_or_else(
                    || "try again later".to_owned(),
                    |wait| format!("it asks to come back in {} s", wait.as_secs()),
                );
                return Once::Passing(Err(error.hint(hint)), wait);
            }
            // An error that MLflow itself words will be the same the next time.
            500 if is_json => Ok(refusal(500, message)),
            500 => return Once::Passing(Ok(refusal(500, message)), wait),
            502..=504 => {
                let error = moved(fail(Kind::Server, &format!("failed with status {}", status.as_u16())));
                return Once::Passing(Err(error.because(message).hint(LOOK_AT_THE_LOG)), wait);
            }
            status => Ok(refusal(status, message)),
        })
    }

    /// An error for something that answers but is not MLflow.
    pub(super) fn not_mlflow(&self, why: impl std::fmt::Display) -> Error {
        Error::new(Kind::Server, format!("`{}` does not answer as an MLflow server does", self.shown()))
            .because(why)
            .hint("check the address, and the path before `/api` if there is one: `-u https://host/prefix`")
    }

    /// An error for a question that the server refused for good.
    pub(super) fn refused(&self, refusal: &Refusal) -> Error {
        let code = refusal.code.as_deref().map(|code| format!(", {code}")).unwrap_or_default();
        let what = if refusal.status >= 500 { "failed with" } else { "refused a request:" };
        let error = Error::new(Kind::Server, format!("`{}` {what} status {}{code}", self.shown(), refusal.status));
        let error = error.because(&refusal.message);
        if refusal.status >= 500 { error.hint(LOOK_AT_THE_LOG) } else { error }
    }

    fn no_access(&self, status: StatusCode, message: &str) -> Error {
        let what = match (status, &self.authorization) {
            (StatusCode::UNAUTHORIZED, None) => "wants credentials",
            (StatusCode::UNAUTHORIZED, Some(_)) => "does not take these credentials",
            _ => "denies access",
        };
        let error = Error::new(Kind::Credentials, format!("`{}` {what}", self.shown())).because(message);
        if let Some(variable) = self.unsupported {
            return error.hint(format!("{variable} is set, but that way to sign in is not built in"));
        }
        if message.contains("Host header") {
            return error.hint("the server has to be started with this host in MLFLOW_SERVER_ALLOWED_HOSTS");
        }
        match status {
            StatusCode::UNAUTHORIZED => {
                error.hint("set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN")
            }
            _ => error.hint("whoever runs the server can give you permission to read"),
        }
    }

    /// An error for a question that nobody answered.
    fn failure(&self, failure: &Failure) -> Error {
        let shown = self.shown();
        let network = |message: String| Error::new(Kind::Network, message);
        let error = match &failure.why {
            Why::Unsendable => Error::new(
                Kind::Credentials,
                "the credentials or the workspace hold characters that a header cannot carry",
            )
            .hint("look at MLFLOW_TRACKING_TOKEN and MLFLOW_WORKSPACE: is there a line break at the end?"),
            Why::NoRedirects => {
                network(format!("`{shown}` redirects, and MLFLOW_ALLOW_HTTP_REDIRECTS forbids to follow"))
            }
            Why::EndlessRedirects => network(format!("`{shown}` redirects without end")),
            Why::Head(error) => self.no_answer(error),
            Why::Body(ureq::Error::Timeout(_)) => self.too_slow(),
            Why::Body(ureq::Error::BodyExceedsLimit(most)) => {
                network(format!("an answer of `{shown}` is longer than {most} bytes"))
            }
            Why::Body(error) => network(format!("the connection to `{shown}` broke in the middle of an answer"))
                .because(text_of(error))
                .hint("try again"),
        };
        with_target(error, failure.moved_to.as_deref())
    }

    /// An error for an answer that did not even begin.
    fn no_answer(&self, error: &ureq::Error) -> Error {
        let shown = self.shown();
        let network = |message: String| Error::new(Kind::Network, message);
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                network(format!("cannot connect to `{shown}` within {} s", CONNECT.as_secs()))
                    .hint(self.way("check the address, the network and the firewall"))
            }
            ureq::Error::Timeout(_) => self.too_slow(),
            error if is_unknown_host(error) => network(format!("no host `{}` is known here", self.base.host))
                .hint(self.way("check the spelling, the network and the VPN")),
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                network(format!("`{shown}` refuses connections"))
                    .hint(self.way("is the server running there? `mlflow server --port 5000` starts one"))
            }
            error if is_about_certificates(error) => self.bad_certificate(&text_of(error)),
            ureq::Error::ConnectProxyFailed(why) => {
                network(format!("the proxy does not reach `{shown}`")).because(why).hint(self.way("check the address"))
            }
            error if is_babble(error) => network(format!("`{shown}` does not answer as a web server does"))
                .because(text_of(error))
                .hint(if self.base.is_tls {
                    "does it speak plain http: `-u http://…`?"
                } else {
                    "does it speak https: `-u https://…`?"
                }),
            error => network(format!("the connection to `{shown}` broke")).because(text_of(error)).hint(
                if self.base.is_tls { "try again; or does it speak plain http: `-u http://…`?" } else { "try again" },
            ),
        }
    }

    fn too_slow(&self) -> Error {
        let seconds = self.total.as_secs_f32();
        Error::new(Kind::Network, format!("no whole answer from `{}` within {seconds} s", self.shown()))
            .hint(format!("`MLFLOW_HTTP_REQUEST_TIMEOUT={}` waits longer", (self.total.as_secs() * 4).max(30)))
    }

    /// A hint, and where a proxy stands between, that it does.
    fn way(&self, hint: &str) -> String {
        let proxy = "; the way goes through the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY)";
        format!("{hint}{}", if self.via_proxy { proxy } else { "" })
    }

    fn bad_certificate(&self, why: &str) -> Error {
        Error::new(Kind::Network, format!("cannot trust the certificate of `{}`", self.base.origin))
            .because(why)
            .hint("`MLFLOW_TRACKING_SERVER_CERT_PATH=ca.pem` names a certificate authority to trust")
    }
}

const LOOK_AT_THE_LOG: &str = "look at the server's log, or try again later";

/// One attempt.
enum Once {
    /// Asking again is of no use.
    Final(Result<Reply>),
    /// It may be different later; after a pause if the server named one.
    Passing(Result<Reply>, Option<Duration>),
}

/// A question without an answer.
struct Failure {
    why: Why,
    /// Where the server sent the question to.
    moved_to: Option<String>,
}

/// Why there is no answer.
enum Why {
    /// A header cannot be made of what the environment holds.
    Unsendable,
    NoRedirects,
    EndlessRedirects,
    /// Before the answer began.
    Head(ureq::Error),
    /// In the middle of the answer.
    Body(ureq::Error),
}

impl Failure {
    /// Whether asking again may help.
    fn may_pass(&self) -> bool {
        match &self.why {
            Why::Unsendable | Why::NoRedirects | Why::EndlessRedirects => false,
            Why::Head(error) => {
                matches!(error, ureq::Error::Io(_) | ureq::Error::ConnectionFailed)
                    && !is_about_certificates(error)
                    && !is_unknown_host(error)
                    && !is_babble(error)
            }
            Why::Body(error) => !matches!(error, ureq::Error::Timeout(_) | ureq::Error::BodyExceedsLimit(_)),
        }
    }
}

/// Names where a redirect led, without what may be secret in it.
fn with_target(error: Error, moved_to: Option<&str>) -> Error {
    match moved_to {
        Some(target) => error.because(format!("it redirects to `{}`", access::without_credentials(bare(target)))),
        None => error,
    }
}

/// The standard library has no kind of its own for a name that cannot be resolved.
fn is_unknown_host(error: &ureq::Error) -> bool {
    let is_lookup = |text: &str| text.contains("lookup address") || text.contains("No such host");
    match error {
        ureq::Error::HostNotFound => true,
        ureq::Error::Io(error) => is_lookup(&error.to_string()),
        _ => false,
    }
}

/// Whether what came is not the protocol that was spoken.
fn is_babble(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Protocol(_) => true,
        ureq::Error::Io(error) => error.to_string().contains("corrupt message"),
        _ => false,
    }
}

fn is_about_certificates(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => true,
        ureq::Error::Io(error) => {
            let text = error.to_string();
            ["certificate", "UnknownIssuer", "CaUsedAsEndEntity"].iter().any(|word| text.contains(word))
        }
        _ => false,
    }
}

/// An error without the word that says it is one of input or output.
fn text_of(error: &ureq::Error) -> String {
    error.to_string().trim_start_matches("io: ").to_owned()
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// `scheme://host:port` of a URL.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(&url[..scheme.len() + 3 + end])
}

/// Whether two URLs are of one scheme, host and port (RFC 6454); a scheme's usual port may be left out.
pub(super) fn is_same_origin(a: &str, b: &str) -> bool {
    let plain = |url| {
        let origin: Option<String> = origin(url).map(str::to_ascii_lowercase);
        origin.map(|origin| {
            let usual = if origin.starts_with("https:") { ":443" } else { ":80" };
            origin.strip_suffix(usual).map_or(origin.clone(), str::to_owned)
        })
    };
    plain(a).is_some() && plain(a) == plain(b)
}

/// A redirect's target as a URL; most are whole ones or begin with a slash.
pub(super) fn absolute(url: &str, target: &str) -> String {
    if target.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some()) {
        return target.to_owned();
    }
    let origin = origin(url).unwrap_or(url);
    if let Some(rest) = target.strip_prefix("//") {
        return format!("{}://{rest}", origin.split("://").next().unwrap_or("https"));
    }
    if target.starts_with('/') {
        return format!("{origin}{target}");
    }
    let path = url[origin.len()..].split('?').next().unwrap_or_default();
    format!("{origin}{}/{target}", path.rsplit_once('/').map_or("", |(folder, _)| folder))
}

/// A URL without its query, which may hold signatures.
fn bare(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
pub(super) fn pause_asked_for(text: &str) -> Option<Duration> {
    let text = text.trim();
    text.parse().ok().map(Duration::from_secs).or_else(|| {
        let left = Timestamp::parse_http_date(text)?.millis() - Timestamp::now().millis();
        u64::try_from(left).ok().map(Duration::from_millis)
    })
}

/// What a web page or a plain text says, in one line.
pub(super) fn page_text(text: &str, status: StatusCode) -> String {
    let title =
        text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title.trim());
    let plain = || text.trim().lines().next().filter(|line| !line.starts_with('<')).map(str::trim);
    let said = title.or_else(plain).filter(|said| !said.is_empty()).map(|said| said.chars().take(300).collect());
    said.unwrap_or_else(|| format!("status {status}"))
}
