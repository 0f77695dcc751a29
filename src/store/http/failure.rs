//! Errors of requests without a response.

use super::server::Server;
use super::tls::tls_error;
use super::url::{is_same_origin, origin, without_credentials, without_query};
use crate::store::error::{ServerError, ServerErrorKind, TlsTrouble};
use std::io::ErrorKind;
use ureq::Timeout;

/// A request that failed without a complete response.
pub(super) struct RequestFailure {
    pub(super) reason: FailureReason,
    /// Target of the last redirect, if the server redirected the request.
    pub(super) redirect: Option<RedirectTarget>,
}

/// Target of a redirect.
#[derive(Clone, Debug)]
pub(super) struct RedirectTarget {
    pub(super) url: String,
    /// The URL for messages, with the client's credentials masked.
    pub(super) display_url: String,
}

/// Why there is no complete response.
pub(super) enum FailureReason {
    /// A value from the environment is not valid in a header.
    InvalidHeader,
    RedirectsForbidden,
    TooManyRedirects,
    /// The redirect target is not an http or https URL.
    InvalidRedirect,
    /// A redirect to another origin, where request bodies are not sent. Holds the tracking URI of that server, if the
    /// target ends in the same route.
    CrossOriginRedirect(Option<String>),
    /// Failed before the response head was received.
    Head(ureq::Error),
    /// Failed while the response body was read.
    Body(ureq::Error),
}

impl RequestFailure {
    /// Whether a retry may succeed.
    pub(super) fn is_transient(&self) -> bool {
        match &self.reason {
            FailureReason::InvalidHeader
            | FailureReason::RedirectsForbidden
            | FailureReason::TooManyRedirects
            | FailureReason::InvalidRedirect
            | FailureReason::CrossOriginRedirect(_) => false,
            FailureReason::Head(error) => {
                matches!(error, ureq::Error::Io(_) | ureq::Error::ConnectionFailed)
                    && tls_error(error).is_none()
                    && !is_unknown_host(error)
            }
            FailureReason::Body(error) => !matches!(error, ureq::Error::Timeout(_)),
        }
    }
}

/// Whether a host name could not be resolved: the standard library has no error kind for that.
fn is_unknown_host(error: &ureq::Error) -> bool {
    let is_lookup = |text: &str| text.contains("lookup address") || text.contains("No such host");
    match error {
        ureq::Error::HostNotFound => true,
        ureq::Error::Io(error) => is_lookup(&error.to_string()),
        _ => false,
    }
}

/// The host that failed to respond: the server, or the target of its redirect.
struct Peer {
    /// URL for messages.
    display_url: String,
    host: String,
}

impl Server {
    /// Returns the host that failed to respond. A redirect may lead to a sign-in page on another host.
    fn peer(&self, failure: &RequestFailure) -> Peer {
        let server = || Peer { display_url: self.display_url(), host: self.base.host.clone() };
        let is_at_target = matches!(failure.reason, FailureReason::Head(_) | FailureReason::Body(_));
        let target =
            failure.redirect.as_ref().filter(|target| is_at_target && !is_same_origin(&target.url, &self.base.origin));
        target.map_or_else(server, |target| {
            let display_url = without_credentials(&target.display_url);
            let display_url = self.mask_credentials(origin(&display_url).unwrap_or(&display_url));
            let authority = display_url.split_once("://").map_or(display_url.as_str(), |(_, authority)| authority);
            let host =
                authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_matches(['[', ']']).to_owned();
            Peer { display_url, host }
        })
    }

    /// Returns the error for a request without a complete response.
    pub(super) fn request_error(&self, failure: &RequestFailure) -> ServerError {
        let peer = self.peer(failure);
        let error = match &failure.reason {
            FailureReason::InvalidHeader => self.failed(ServerErrorKind::InvalidHeader),
            FailureReason::RedirectsForbidden => self.failed(ServerErrorKind::RedirectsForbidden),
            FailureReason::TooManyRedirects => self.failed(ServerErrorKind::TooManyRedirects),
            FailureReason::InvalidRedirect => self.failed(ServerErrorKind::InvalidRedirect),
            FailureReason::CrossOriginRedirect(base) => {
                let is_downgrade = self.base.is_tls && base.as_ref().is_some_and(|base| base.starts_with("http:"));
                self.failed(ServerErrorKind::CrossOriginRedirect { base: base.clone(), is_downgrade })
            }
            FailureReason::Head(error) => self.connection_error(peer, error),
            FailureReason::Body(ureq::Error::Timeout(_)) => self.timeout_error(peer),
            FailureReason::Body(error)
                if tls_error(error)
                    .is_some_and(|error| TlsTrouble::from_error(error) == TlsTrouble::ClientCertificate) =>
            {
                self.connection_error(peer, error)
            }
            FailureReason::Body(error) => self
                .failed_at(peer.display_url, ServerErrorKind::DisconnectedInResponse)
                .because(self.error_text(error)),
        };
        self.with_redirect(error, failure.redirect.as_ref())
    }

    /// Adds source and target of a redirect to an error. The query of the target is omitted, since it may hold secrets.
    pub(super) fn with_redirect(&self, error: ServerError, redirect: Option<&RedirectTarget>) -> ServerError {
        match redirect {
            Some(target) => {
                let target = self.mask_credentials(&without_credentials(without_query(&target.display_url)));
                error.because(format!("`{}` redirects to `{target}`", self.display_url()))
            }
            None => error,
        }
    }

    /// Returns the error for a request without a response head.
    fn connection_error(&self, peer: Peer, error: &ureq::Error) -> ServerError {
        if let Some(error) = tls_error(error) {
            return self.tls_connection_error(peer, error);
        }
        let failed = |kind| self.failed_at(peer.display_url.clone(), kind);
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => failed(ServerErrorKind::ConnectTimeout),
            ureq::Error::Timeout(_) => self.timeout_error(peer),
            error if is_unknown_host(error) => failed(ServerErrorKind::UnknownHost(peer.host.clone())),
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                failed(ServerErrorKind::ConnectionRefused)
            }
            ureq::Error::ConnectProxyFailed(reason) => {
                failed(ServerErrorKind::ProxyFailed).because(self.mask_credentials(reason))
            }
            error @ ureq::Error::Protocol(_) => failed(ServerErrorKind::NotHttp).because(self.error_text(error)),
            error => failed(ServerErrorKind::Disconnected).because(self.error_text(error)),
        }
    }

    /// Returns the error for a failed TLS connection.
    fn tls_connection_error(&self, peer: Peer, error: &rustls::Error) -> ServerError {
        let trouble = TlsTrouble::from_error(error);
        let text = || self.mask_credentials(&error.to_string());
        let (kind, detail) = match trouble {
            TlsTrouble::NoTls => (ServerErrorKind::NoTls, text()),
            TlsTrouble::ClientCertificate => {
                (ServerErrorKind::ClientCertificate { is_configured: self.has_client_certificate }, text())
            }
            TlsTrouble::Other => (ServerErrorKind::TlsFailed, text()),
            trouble => {
                let kind = ServerErrorKind::Untrusted { trouble, trust_variable: self.trust_variable };
                (kind, trouble.describe(error).unwrap_or_else(text))
            }
        };
        self.failed_at(peer.display_url, kind).because(detail)
    }

    fn timeout_error(&self, peer: Peer) -> ServerError {
        self.failed_at(peer.display_url, ServerErrorKind::Timeout(self.timeout))
    }

    /// Returns the text of an error without `io: `. It may contain text from a proxy, so credentials are masked.
    fn error_text(&self, error: &ureq::Error) -> String {
        self.mask_credentials(error.to_string().trim_start_matches("io: "))
    }
}
