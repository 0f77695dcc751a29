//! Errors of requests without a response, with hints.

use super::server::{SIGN_IN_HINT, Server};
use super::tls::{TlsTrouble, tls_error};
use super::url::{is_same_origin, origin, with_other_scheme, without_credentials, without_query};
use crate::error::{Error, ErrorCode};
use crate::limits;
use crate::shell;
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
    is_tls: bool,
}

impl Server {
    /// Returns the host that failed to respond. A redirect may lead to a sign-in page on another host.
    fn peer(&self, failure: &RequestFailure) -> Peer {
        let server =
            || Peer { display_url: self.display_url(), host: self.base.host.clone(), is_tls: self.base.is_tls };
        let is_at_target = matches!(failure.reason, FailureReason::Head(_) | FailureReason::Body(_));
        let target =
            failure.redirect.as_ref().filter(|target| is_at_target && !is_same_origin(&target.url, &self.base.origin));
        target.map_or_else(server, |target| {
            let display_url = without_credentials(&target.display_url);
            let display_url = self.mask_credentials(origin(&display_url).unwrap_or(&display_url));
            let authority = display_url.split_once("://").map_or(display_url.as_str(), |(_, authority)| authority);
            let host =
                authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_matches(['[', ']']).to_owned();
            Peer { host, is_tls: target.url.to_ascii_lowercase().starts_with("https:"), display_url }
        })
    }

    /// Returns the error for a request without a complete response.
    pub(super) fn request_error(&self, failure: &RequestFailure) -> Error {
        let display_url = self.display_url();
        let peer = self.peer(failure);
        let network = |message: String| Error::new(ErrorCode::Network, message);
        let error = match &failure.reason {
            FailureReason::InvalidHeader => {
                Error::new(ErrorCode::Credentials, "invalid characters in the credentials or the workspace")
                    .hint("check MLFLOW_TRACKING_TOKEN and MLFLOW_WORKSPACE for a trailing line break")
            }
            FailureReason::RedirectsForbidden => {
                network(format!("`{display_url}` redirects, but MLFLOW_ALLOW_HTTP_REDIRECTS is false"))
            }
            FailureReason::TooManyRedirects => network(format!("`{display_url}` redirects too many times")),
            FailureReason::InvalidRedirect => {
                network(format!("`{display_url}` redirects to an invalid URL (expected http or https)"))
                    .hint("check the URL, and any proxy in front of the server")
            }
            FailureReason::CrossOriginRedirect(base) => self.cross_origin_error(base.as_deref()),
            FailureReason::Head(error) => self.connection_error(&peer, error),
            FailureReason::Body(ureq::Error::Timeout(_)) => self.timeout_error(&peer),
            FailureReason::Body(error)
                if tls_error(error)
                    .is_some_and(|error| TlsTrouble::from_error(error) == TlsTrouble::ClientCertificate) =>
            {
                self.connection_error(&peer, error)
            }
            FailureReason::Body(error) => {
                network(format!("the connection to `{}` was lost during a response", peer.display_url))
                    .because(self.error_text(error))
                    .hint("try again")
            }
        };
        self.with_redirect(error, failure.redirect.as_ref())
    }

    /// Returns the error for a redirect to another origin.
    fn cross_origin_error(&self, base: Option<&str>) -> Error {
        let error = Error::new(
            ErrorCode::Server,
            format!("`{}` redirects to another server; the redirect was not followed", self.display_url()),
        );
        error.hint(match base {
            Some(base) if self.base.is_tls && base.starts_with("http:") => {
                format!("use `{}`, which is plain http and not encrypted", shell::option("-u", base))
            }
            Some(base) => format!("use `{}`", shell::option("-u", base)),
            None => SIGN_IN_HINT.to_owned(),
        })
    }

    /// Adds source and target of a redirect to an error. The query of the target is omitted, since it may hold secrets.
    pub(super) fn with_redirect(&self, error: Error, redirect: Option<&RedirectTarget>) -> Error {
        match redirect {
            Some(target) => {
                let target = self.mask_credentials(&without_credentials(without_query(&target.display_url)));
                error.because(format!("`{}` redirects to `{target}`", self.display_url()))
            }
            None => error,
        }
    }

    /// Returns the error for a request without a response head.
    fn connection_error(&self, peer: &Peer, error: &ureq::Error) -> Error {
        let display_url = &peer.display_url;
        let network = |message: String| Error::new(ErrorCode::Network, message);
        if let Some(error) = tls_error(error) {
            return self.tls_connection_error(peer, error);
        }
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                network(format!("cannot connect to `{display_url}` within {} s", limits::CONNECT_TIME.as_secs()))
                    .hint(self.with_proxy_note("check the URL, the network and the firewall"))
            }
            ureq::Error::Timeout(_) => self.timeout_error(peer),
            error if is_unknown_host(error) => network(format!("could not resolve host `{}`", peer.host))
                .hint(self.with_proxy_note("check the spelling, the network and the VPN")),
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => network(format!(
                "`{display_url}` refused the connection"
            ))
            .hint(self.with_proxy_note("check that the server is running (`mlflow server --port 5000` starts one)")),
            ureq::Error::ConnectProxyFailed(reason) => {
                network(format!("the proxy could not connect to `{display_url}`"))
                    .because(self.mask_credentials(reason))
                    .hint(self.with_proxy_note("check the URL"))
            }
            error @ ureq::Error::Protocol(_) => network(format!("`{display_url}` is not an HTTP server"))
                .because(self.error_text(error))
                .hint(if peer.is_tls { "check the host and the port".to_owned() } else { other_scheme_hint(peer) }),
            error => network(format!("the connection to `{display_url}` was lost"))
                .because(self.error_text(error))
                .hint(format!("try again, or {}", other_scheme_hint(peer))),
        }
    }

    /// Returns the error for a failed TLS connection.
    fn tls_connection_error(&self, peer: &Peer, error: &rustls::Error) -> Error {
        let display_url = &peer.display_url;
        let trouble = TlsTrouble::from_error(error);
        let untrusted = || {
            let reason = trouble.describe(error).unwrap_or_else(|| self.mask_credentials(&error.to_string()));
            Error::new(ErrorCode::Network, format!("cannot trust the certificate of `{display_url}`")).because(reason)
        };
        match trouble {
            TlsTrouble::NoTls => Error::new(ErrorCode::Network, format!("`{display_url}` does not support TLS"))
                .because(self.mask_credentials(&error.to_string()))
                .hint(other_scheme_hint(peer)),
            TlsTrouble::ClientCertificate => {
                let message = format!("`{display_url}` requires a valid client certificate");
                let error =
                    Error::new(ErrorCode::Credentials, message).because(self.mask_credentials(&error.to_string()));
                error.hint(if self.has_client_certificate {
                    "check the dates and the issuer of the certificate in MLFLOW_TRACKING_CLIENT_CERT_PATH"
                } else {
                    "set `MLFLOW_TRACKING_CLIENT_CERT_PATH=client.pem` to a file with a certificate and its key"
                })
            }
            TlsTrouble::Validity => {
                untrusted().hint("check the clock of this machine, or renew the server's certificate")
            }
            TlsTrouble::HostName => untrusted().hint("use the host name of the certificate in the URL"),
            TlsTrouble::UnknownIssuer | TlsTrouble::CaCertificate => untrusted().hint(match self.trust_variable {
                Some(variable) => format!("add this certificate or its issuer to the file in {variable}"),
                None => "set `MLFLOW_TRACKING_SERVER_CERT_PATH=ca.pem` to the certificate of the server or its issuer"
                    .to_owned(),
            }),
            TlsTrouble::Signature => untrusted().hint(match self.trust_variable {
                Some(variable) => {
                    format!("the server's certificate may have changed; if so, update the file in {variable}")
                }
                None => "check that this is the right server".to_owned(),
            }),
            TlsTrouble::OtherCertificate => untrusted().hint("the server needs another certificate"),
            TlsTrouble::Other => Error::new(ErrorCode::Network, format!("no TLS connection to `{display_url}`"))
                .because(self.mask_credentials(&error.to_string()))
                .hint(self.with_proxy_note("check the URL, and that the server supports TLS 1.2 or 1.3")),
        }
    }

    fn timeout_error(&self, peer: &Peer) -> Error {
        let seconds = self.timeout.as_secs_f32();
        Error::new(ErrorCode::Network, format!("no complete response from `{}` within {seconds} s", peer.display_url))
            .hint(format!("set `MLFLOW_HTTP_REQUEST_TIMEOUT={}` to wait longer", (self.timeout.as_secs() * 4).max(30)))
    }

    /// Returns the text of an error without `io: `. It may contain text from a proxy, so credentials are masked.
    fn error_text(&self, error: &ureq::Error) -> String {
        self.mask_credentials(error.to_string().trim_start_matches("io: "))
    }

    /// Appends a note on the proxy to a hint, if one is used.
    fn with_proxy_note(&self, hint: &str) -> String {
        let proxy = "; the request goes through the proxy from the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY)";
        format!("{hint}{}", if self.uses_proxy { proxy } else { "" })
    }
}

/// Returns a hint to try the other one of `http` and `https`.
fn other_scheme_hint(peer: &Peer) -> String {
    let other = if peer.is_tls { "plain http" } else { "https" };
    format!("try {other}: `{}`", shell::option("-u", &with_other_scheme(&peer.display_url)))
}
