//! HTTP client for a tracking server: timeouts, retries, redirects.

use super::access::{self, ServerSettings};
use super::body::{self, BodyReadError, BudgetShare, MemoryBudget};
use super::failure::{FailureReason, RedirectTarget, RequestFailure};
#[cfg(target_os = "linux")]
use super::quick_ack::QuickAckConnector;
use super::request::ApiRequest;
use super::response::{self, ApiResponse, Attempt, BodyError};
use super::server::Server;
use super::tls::{TlsConnector, TlsIdentity};
use super::url::{ServerUrl, is_http_url, is_same_origin, resolve_redirect, without_credentials, without_query};
use crate::limits;
use crate::store::error::{ServerError, ServerSettingsError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use ureq::http::{Method, Request, Response, StatusCode};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _, TcpConnector};
use ureq::{Agent, AsSendBody, Body};

/// Number of retries, unless the environment sets one.
const DEFAULT_RETRIES: u32 = 2;
/// Delay before the first retry; doubled for each further one.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(250);
/// Upper bound of the configured timeout.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Client for one server.
pub(super) struct Client {
    pub(super) server: Server,
    agent: Agent,
    workspace: Option<String>,
    retries: u32,
    follows_redirects: bool,
    request_count: Arc<AtomicU64>,
    pub(super) budget: Arc<MemoryBudget>,
}

impl Client {
    pub(super) fn new(uri: &str, settings: &ServerSettings) -> Result<Self, ServerSettingsError> {
        let base = ServerUrl::parse(uri)?;
        let proxy = access::proxy(&base, settings)?;
        let uses_proxy = proxy.is_some();
        // On a reused connection, small responses of MLflow's server take 40 ms more where these are not acknowledged at
        // once. With TLS, a new connection costs more than that, and the sender is usually not MLflow's own server.
        let is_reused = base.is_tls || cfg!(target_os = "linux");
        let max_idle = if is_reused { limits::CONCURRENT_REQUESTS } else { 0 };
        let timeout = settings.timeout.unwrap_or(limits::REQUEST_TIME).min(MAX_TIMEOUT);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("mltrace/", env!("CARGO_PKG_VERSION")))
            .proxy(proxy)
            .timeout_resolve(Some(limits::CONNECT_TIME))
            .timeout_connect(Some(limits::CONNECT_TIME))
            .timeout_global(Some(timeout))
            .max_idle_connections(max_idle)
            .max_idle_connections_per_host(max_idle)
            .build();
        let authorization = access::authorization(&base, settings);
        // With a proxy, the same chain connects to the proxy, then through it.
        let connector = ().chain(ConnectProxyConnector::default());
        #[cfg(target_os = "linux")]
        let connector = connector.chain(QuickAckConnector);
        let connector = connector.chain(TcpConnector::default()).chain(TlsConnector::new(TlsIdentity::new(settings)?));
        Ok(Self {
            agent: Agent::with_parts(config, connector, DefaultResolver::default()),
            server: Server {
                mask: Arc::new(access::mask(&base, settings, authorization.as_ref())),
                authorization,
                base,
                unsupported: settings.unsupported,
                timeout,
                trust_variable: settings.trusted_certificates.as_ref().map(|(variable, _)| *variable),
                has_client_certificate: settings.client_certificate.is_some(),
                uses_proxy,
            },
            workspace: settings.workspace.clone(),
            retries: settings.retries.unwrap_or(DEFAULT_RETRIES),
            follows_redirects: !settings.refuses_redirects,
            request_count: Arc::clone(&settings.requests),
            budget: Arc::default(),
        })
    }

    /// Sends a request and retries it if necessary.
    ///
    /// # Errors
    /// The request fails, access is denied, or the server is not MLflow.
    pub(super) fn execute(&self, request: &ApiRequest) -> Result<ApiResponse, ServerError> {
        self.execute_owned(request, BudgetShare::unlimited(&self.budget))
    }

    /// Like [`Self::execute`], for concurrent requests: their responses share a memory budget.
    pub(super) fn execute_limited(&self, request: &ApiRequest) -> Result<ApiResponse, ServerError> {
        self.execute_owned(request, BudgetShare::limited(&self.budget))
    }

    fn execute_owned(&self, request: &ApiRequest, mut share: BudgetShare) -> Result<ApiResponse, ServerError> {
        let mut response = self.execute_charged(request, &mut share)?;
        if let ApiResponse::Body(body) = &mut response {
            body.hold_share(share);
        }
        Ok(response)
    }

    /// Like [`Self::execute`], but charges the response to a share that outlives it.
    pub(super) fn execute_charged(
        &self,
        request: &ApiRequest,
        share: &mut BudgetShare,
    ) -> Result<ApiResponse, ServerError> {
        let deadline = Instant::now() + self.server.timeout;
        let mut delay = FIRST_RETRY_DELAY;
        let mut retries_left = if request.is_retried { self.retries } else { 0 };
        loop {
            let (outcome, wait) = match self.execute_once(request, deadline, share) {
                Ok(Attempt::Final(outcome)) => return outcome,
                Ok(Attempt::Retryable(outcome, wait)) => (outcome, wait.unwrap_or(delay)),
                Err(failure) if failure.is_transient() => (Err(self.server.request_error(&failure)), delay),
                Err(failure) => return Err(self.server.request_error(&failure)),
            };
            let is_past_deadline = Instant::now().checked_add(wait).is_none_or(|then| then >= deadline);
            if retries_left == 0 || is_past_deadline {
                return outcome;
            }
            std::thread::sleep(wait);
            delay *= 2;
            retries_left -= 1;
        }
    }

    /// Makes one attempt. If the response decompresses to too much, requests it again uncompressed.
    fn execute_once(
        &self,
        request: &ApiRequest,
        deadline: Instant,
        share: &mut BudgetShare,
    ) -> Result<Attempt, RequestFailure> {
        match self.exchange(request, "gzip", deadline, share)? {
            Attempt::Final(Ok(ApiResponse::Incomplete(BodyError {
                reason: BodyReadError::TooLongUnpacked(_),
                ..
            }))) if request.is_retried => self.exchange(request, "identity", deadline, share),
            attempt => Ok(attempt),
        }
    }

    fn exchange(
        &self,
        request: &ApiRequest,
        encoding: &str,
        deadline: Instant,
        share: &mut BudgetShare,
    ) -> Result<Attempt, RequestFailure> {
        let (received, redirect) = self.send(request, encoding, deadline)?;
        let status = received.status();
        let header = |name: &str| received.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (is_page, retry_after) =
            (header("content-type").is_some_and(|kind| kind.starts_with("text/html")), header("retry-after"));
        let is_gzip = header("content-encoding").is_some_and(|encoding| encoding.trim().eq_ignore_ascii_case("gzip"));
        let length = header("content-length").and_then(|length| length.parse::<u64>().ok());
        let body = received.into_body().into_with_config().limit(u64::MAX).reader();
        let bytes = if status.is_success() && length.is_some_and(|length| length > request.max_bytes) {
            Err(BodyReadError::TooLong(request.max_bytes))
        } else if status.is_success() {
            body::read(body, is_gzip, request.max_bytes, share)
        } else {
            body::read_prefix(body, is_gzip)
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(BodyReadError::Failed(error)) => {
                return Err(RequestFailure { reason: FailureReason::Body(error), redirect });
            }
            Err(reason) => return Ok(Attempt::Final(Ok(ApiResponse::Incomplete(self.server.body_error(reason))))),
        };
        let wait = retry_after.as_deref().and_then(response::parse_retry_after);
        Ok(self.server.interpret(request, status, is_page, bytes, wait, redirect.as_ref()))
    }

    /// Sends a request and follows redirects. Credentials and request bodies are never sent to another origin than that
    /// of the tracking URI.
    fn send(
        &self,
        request: &ApiRequest,
        encoding: &str,
        deadline: Instant,
    ) -> Result<(Response<Body>, Option<RedirectTarget>), RequestFailure> {
        let request_url = format!("{}{}{}", self.server.base.origin, self.server.base.prefix, request.route);
        let mut redirect: Option<RedirectTarget> = None;
        let mut body = request.body.as_deref();
        for _ in 0..=limits::REDIRECTS {
            let time_left = deadline.saturating_duration_since(Instant::now());
            let url = redirect.as_ref().map_or(&request_url, |target| &target.url);
            let response = self
                .send_to(url, body, encoding, time_left)
                .map_err(|reason| RequestFailure { reason, redirect: redirect.clone() })?;
            let location = response.headers().get("location").and_then(|value| value.to_str().ok());
            let Some(location) = location.filter(|_| is_redirect(response.status())) else {
                return Ok((response, redirect));
            };
            // Masked before it is split: a part of a password would not be recognized.
            let display_url = redirect.as_ref().map_or(&request_url, |target| &target.display_url);
            let target = RedirectTarget {
                url: resolve_redirect(url, location),
                display_url: resolve_redirect(display_url, &self.server.mask.apply(location)),
            };
            if response.status() == StatusCode::SEE_OTHER {
                // The target of a 303 is fetched with GET (RFC 9110, 15.4.4).
                body = None;
            }
            if let Some(reason) = self.redirect_refusal(&target, &request.route, body.is_some()) {
                return Err(RequestFailure { reason, redirect: Some(target) });
            }
            redirect = Some(target);
        }
        Err(RequestFailure { reason: FailureReason::TooManyRedirects, redirect })
    }

    /// Returns why a redirect is not followed, if so.
    fn redirect_refusal(&self, target: &RedirectTarget, route: &str, has_body: bool) -> Option<FailureReason> {
        if !self.follows_redirects {
            return Some(FailureReason::RedirectsForbidden);
        }
        if !is_http_url(&target.url) {
            return Some(FailureReason::InvalidRedirect);
        }
        if !has_body || is_same_origin(&target.url, &self.server.base.origin) {
            return None;
        }
        let display_url = without_credentials(without_query(&target.display_url));
        Some(FailureReason::CrossOriginRedirect(
            display_url.strip_suffix(without_query(route)).map(|base| self.server.mask_credentials(base)),
        ))
    }

    fn send_to(
        &self,
        url: &str,
        body: Option<&str>,
        encoding: &str,
        time_left: Duration,
    ) -> Result<Response<Body>, FailureReason> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request =
            Request::builder().method(method).uri(url).header("accept", "*/*").header("accept-encoding", encoding);
        if is_same_origin(url, &self.server.base.origin) {
            if let Some(authorization) = &self.server.authorization {
                request = request.header("authorization", authorization.reveal());
            }
            if let Some(workspace) = &self.workspace {
                request = request.header("x-mlflow-workspace", workspace);
            }
        }
        let sent = if let Some(body) = body {
            let request = request.header("content-type", "application/json").body(body);
            self.run(request.map_err(|_| FailureReason::InvalidHeader)?, time_left)
        } else {
            self.run(request.body(()).map_err(|_| FailureReason::InvalidHeader)?, time_left)
        };
        sent.map_err(FailureReason::Head)
    }

    /// Sends a request. Retries get a timeout of their own: the time left until the deadline.
    fn run(&self, request: Request<impl AsSendBody>, time_left: Duration) -> Result<Response<Body>, ureq::Error> {
        self.request_count.fetch_add(1, Ordering::Relaxed);
        if time_left + FIRST_RETRY_DELAY > self.server.timeout {
            return self.agent.run(request);
        }
        self.agent.run(self.agent.configure_request(request).timeout_global(Some(time_left)).build())
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
