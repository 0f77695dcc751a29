//! Questions to a tracking server: time limits, repetitions, redirects.

use super::access::{self, ServerSettings};
use super::answer::{ApiResponse, Attempt, BodyError};
use super::body::{self, BodyReadError, BudgetShare, MemoryBudget};
use super::failure::{FailureReason, RedirectTarget, RequestFailure};
use super::secret::{CredentialMask, Secret};
use super::tls::{TlsConnector, TlsIdentity};
use super::url::{ServerUrl, absolute, bare, is_same_origin, is_web_address, without_credentials};
use crate::error::Result;
use crate::limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use ureq::http::{Method, Request, Response, StatusCode};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _, TcpConnector};
use ureq::{Agent, AsSendBody, Body};

/// How often a question is repeated, unless the environment says otherwise.
const RETRIES: u32 = 2;
/// The pause before the first repetition; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// Longer waits than a day are none.
const LONGEST_TOTAL: Duration = Duration::from_secs(24 * 60 * 60);

/// A question: a route below the server's prefix.
#[derive(Clone, Debug)]
pub(super) struct ApiRequest {
    route: String,
    body: Option<String>,
    /// How many bytes the answer may have.
    most: u64,
    /// Whether the answer may be a file of any kind.
    pub(super) is_file: bool,
    /// Whether it is asked again after a failure.
    is_repeated: bool,
}

impl ApiRequest {
    pub(super) fn get(route: impl Into<String>) -> Self {
        Self { route: route.into(), body: None, most: limits::ANSWER_BYTES, is_file: false, is_repeated: true }
    }

    pub(super) fn post(route: impl Into<String>, body: &serde_json::Value) -> Self {
        Self { body: Some(body.to_string()), ..Self::get(route) }.page()
    }

    /// The answer is one page of a list.
    pub(super) fn page(mut self) -> Self {
        self.most = limits::PAGE_BYTES;
        self
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

/// A connection to a server, or several.
pub(super) struct Client {
    pub(super) base: ServerUrl,
    agent: Agent,
    pub(super) authorization: Option<Secret>,
    pub(super) mask: Arc<CredentialMask>,
    workspace: Option<String>,
    pub(super) unsupported: Option<&'static str>,
    pub(super) total: Duration,
    retries: u32,
    follows_redirects: bool,
    /// The variable that names the certificates to trust.
    pub(super) trusted_by: Option<&'static str>,
    /// Whether there is a certificate to show.
    pub(super) has_certificate: bool,
    pub(super) via_proxy: bool,
    requests: Arc<AtomicU64>,
    pub(super) budget: Arc<MemoryBudget>,
}

impl Client {
    pub(super) fn new(uri: &str, settings: &ServerSettings) -> Result<Self> {
        let base = ServerUrl::parse(uri)?;
        let proxy = access::proxy(&base, settings)?;
        let via_proxy = proxy.is_some();
        // MLflow's server sends small answers in two writes. On a connection that was used before, the second waits until
        // the client has acknowledged the first, which a kernel puts off for 40 ms (RFC 9293, 3.7.4 and 3.8.6.3). Behind
        // TLS a new connection costs more than that, and mostly something else sends the answer there.
        let kept = if base.is_tls { limits::QUESTIONS_AT_ONCE } else { 0 };
        let total = settings.timeout.unwrap_or(limits::QUESTION_TIME).min(LONGEST_TOTAL);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("mltrace/", env!("CARGO_PKG_VERSION")))
            .proxy(proxy)
            .timeout_resolve(Some(limits::CONNECT_TIME))
            .timeout_connect(Some(limits::CONNECT_TIME))
            .timeout_global(Some(total))
            .max_idle_connections(kept)
            .max_idle_connections_per_host(kept)
            .build();
        let authorization = access::authorization(&base, settings);
        // Over a proxy, the same chain connects to it, and then through it.
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(TlsConnector::new(TlsIdentity::new(settings)?));
        Ok(Self {
            agent: Agent::with_parts(config, connector, DefaultResolver::default()),
            mask: Arc::new(access::mask(&base, settings, authorization.as_ref())),
            authorization,
            base,
            workspace: settings.workspace.clone(),
            unsupported: settings.unsupported,
            total,
            retries: settings.retries.unwrap_or(RETRIES),
            trusted_by: settings.trusted_certificates.as_ref().map(|(variable, _)| *variable),
            has_certificate: settings.client_certificate.is_some(),
            follows_redirects: !settings.refuses_redirects,
            via_proxy,
            requests: Arc::clone(&settings.requests),
            budget: Arc::default(),
        })
    }

    /// What messages call the server.
    pub(super) fn shown(&self) -> String {
        self.base.shown()
    }

    /// What a server or proxy sent, for messages: one line of a bearable length, without credentials that it repeats. All
    /// text from outside goes through this, or through [`body::Body::decode`].
    pub(super) fn heard(&self, text: &str) -> String {
        self.mask.line(text)
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
    pub(super) fn ask(&self, question: &ApiRequest) -> Result<ApiResponse> {
        self.ask_alone(question, BudgetShare::unlimited(&self.budget))
    }

    /// The same for one of several questions at once, whose answers together are limited.
    pub(super) fn ask_beside(&self, question: &ApiRequest) -> Result<ApiResponse> {
        self.ask_alone(question, BudgetShare::limited(&self.budget))
    }

    fn ask_alone(&self, question: &ApiRequest, mut share: BudgetShare) -> Result<ApiResponse> {
        let mut reply = self.ask_within(question, &mut share)?;
        if let ApiResponse::Body(body) = &mut reply {
            body.keep(share);
        }
        Ok(reply)
    }

    /// The same, with an answer that is charged to a share which outlives it.
    pub(super) fn ask_within(&self, question: &ApiRequest, share: &mut BudgetShare) -> Result<ApiResponse> {
        let deadline = Instant::now() + self.total;
        let mut pause = PAUSE;
        let mut retries_left = if question.is_repeated { self.retries } else { 0 };
        loop {
            let (outcome, wait) = match self.ask_once(question, deadline, share) {
                Ok(Attempt::Final(outcome)) => return outcome,
                Ok(Attempt::Passing(outcome, wait)) => (outcome, wait.unwrap_or(pause)),
                Err(failure) if failure.may_pass() => (Err(self.failure(&failure)), pause),
                Err(failure) => return Err(self.failure(&failure)),
            };
            let is_too_late = Instant::now().checked_add(wait).is_none_or(|then| then >= deadline);
            if retries_left == 0 || is_too_late {
                return outcome;
            }
            std::thread::sleep(wait);
            pause *= 2;
            retries_left -= 1;
        }
    }

    /// One attempt; where the answer unpacks to too much, a second one for an answer that is not packed.
    fn ask_once(
        &self,
        question: &ApiRequest,
        deadline: Instant,
        share: &mut BudgetShare,
    ) -> std::result::Result<Attempt, RequestFailure> {
        match self.exchange(question, "gzip", deadline, share)? {
            Attempt::Final(Ok(ApiResponse::Unread(BodyError { stop: BodyReadError::Packed(_), .. })))
                if question.is_repeated =>
            {
                self.exchange(question, "identity", deadline, share)
            }
            once => Ok(once),
        }
    }

    fn exchange(
        &self,
        question: &ApiRequest,
        encoding: &str,
        deadline: Instant,
        share: &mut BudgetShare,
    ) -> std::result::Result<Attempt, RequestFailure> {
        let (response, moved_to) = self.send(question, encoding, deadline)?;
        let status = response.status();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (is_page, retry_after) =
            (header("content-type").is_some_and(|kind| kind.starts_with("text/html")), header("retry-after"));
        let is_packed = header("content-encoding").is_some_and(|encoding| encoding.trim().eq_ignore_ascii_case("gzip"));
        let length = header("content-length").and_then(|length| length.parse::<u64>().ok());
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let bytes = if status.is_success() && length.is_some_and(|length| length > question.most) {
            Err(BodyReadError::Long(question.most))
        } else if status.is_success() {
            body::read(body, is_packed, question.most, share)
        } else {
            body::read_beginning(body, is_packed)
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(BodyReadError::Broken(error)) => {
                return Err(RequestFailure { why: FailureReason::Body(error), moved_to });
            }
            Err(stop) => return Ok(Attempt::Final(Ok(ApiResponse::Unread(self.unread(stop))))),
        };
        let wait = retry_after.as_deref().and_then(super::answer::pause_asked_for);
        Ok(self.judge(question, status, is_page, bytes, wait, moved_to.as_ref()))
    }

    /// Sends a question and follows redirects. Credentials and the bodies of questions never leave the origin of the tracking
    /// URI.
    fn send(
        &self,
        question: &ApiRequest,
        encoding: &str,
        deadline: Instant,
    ) -> std::result::Result<(Response<Body>, Option<RedirectTarget>), RequestFailure> {
        let asked = format!("{}{}{}", self.base.origin, self.base.prefix, question.route);
        let mut moved_to: Option<RedirectTarget> = None;
        let mut body = question.body.as_deref();
        for _ in 0..=limits::REDIRECTS {
            let left = deadline.saturating_duration_since(Instant::now());
            let url = moved_to.as_ref().map_or(&asked, |target| &target.url);
            let response = self
                .send_to(url, body, encoding, left)
                .map_err(|why| RequestFailure { why, moved_to: moved_to.clone() })?;
            let location = response.headers().get("location").and_then(|value| value.to_str().ok());
            let Some(location) = location.filter(|_| is_redirect(response.status())) else {
                return Ok((response, moved_to));
            };
            // What is shown is masked as it came: taken apart, a part of a password is none.
            let shown = moved_to.as_ref().map_or(&asked, |target| &target.shown);
            let target =
                RedirectTarget { url: absolute(url, location), shown: absolute(shown, &self.mask.apply(location)) };
            if response.status() == StatusCode::SEE_OTHER {
                // What is there is to be got, whatever was sent here (RFC 9110, 15.4.4).
                body = None;
            }
            if let Some(why) = self.why_not_to(&target, &question.route, body.is_some()) {
                return Err(RequestFailure { why, moved_to: Some(target) });
            }
            moved_to = Some(target);
        }
        Err(RequestFailure { why: FailureReason::EndlessRedirects, moved_to })
    }

    /// Why a redirect is not followed.
    fn why_not_to(&self, target: &RedirectTarget, route: &str, has_body: bool) -> Option<FailureReason> {
        if !self.follows_redirects {
            return Some(FailureReason::NoRedirects);
        }
        if !is_web_address(&target.url) {
            return Some(FailureReason::OddTarget);
        }
        if !has_body || is_same_origin(&target.url, &self.base.origin) {
            return None;
        }
        let shown = without_credentials(bare(&target.shown));
        Some(FailureReason::Elsewhere(shown.strip_suffix(bare(route)).map(|base| self.heard(base))))
    }

    fn send_to(
        &self,
        url: &str,
        body: Option<&str>,
        encoding: &str,
        left: Duration,
    ) -> std::result::Result<Response<Body>, FailureReason> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request =
            Request::builder().method(method).uri(url).header("accept", "*/*").header("accept-encoding", encoding);
        if is_same_origin(url, &self.base.origin) {
            if let Some(authorization) = &self.authorization {
                request = request.header("authorization", authorization.reveal());
            }
            if let Some(workspace) = &self.workspace {
                request = request.header("x-mlflow-workspace", workspace);
            }
        }
        let sent = if let Some(body) = body {
            let request = request.header("content-type", "application/json").body(body);
            self.run(request.map_err(|_| FailureReason::Unsendable)?, left)
        } else {
            self.run(request.body(()).map_err(|_| FailureReason::Unsendable)?, left)
        };
        sent.map_err(FailureReason::Head)
    }

    /// Sends a request. Only repetitions have a time limit of their own.
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
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
