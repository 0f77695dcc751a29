//! Why a tracking server does not answer.

use crate::limits;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Why the settings for a tracking server cannot be used. A `variable` is an environment variable.
#[derive(Debug)]
pub enum ServerSettingsError {
    /// The tracking URI is not a valid URL.
    InvalidUri {
        /// What is wrong.
        reason: String,
        /// Whether characters in the user name or password may need encoding.
        may_need_encoding: bool,
    },
    /// The proxy uses SOCKS.
    SocksProxy {
        /// The variable with the proxy.
        variable: &'static str,
        /// The host of the server.
        host: String,
    },
    /// The URL of the proxy is not valid. Holds the variable with it.
    InvalidProxy(&'static str),
    /// A variable names trusted certificates, and another one turns verification off. Holds the first one.
    ConflictingTrust(&'static str),
    /// A file with certificates cannot be read or used.
    Certificates {
        /// The variable with the path.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for ServerSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUri { .. } => f.write_str("invalid tracking URI"),
            Self::SocksProxy { .. } => f.write_str("SOCKS proxies are not supported"),
            Self::InvalidProxy(variable) => write!(f, "invalid proxy URL in {variable}"),
            Self::ConflictingTrust(variable) => write!(f, "MLFLOW_TRACKING_INSECURE_TLS and {variable} are both set"),
            Self::Certificates { path, .. } => write!(f, "cannot use the certificates in `{}`", path.display()),
        }
    }
}

impl std::error::Error for ServerSettingsError {}

/// Why a tracking server does not answer a request.
#[derive(Debug)]
pub struct ServerError {
    /// URL of the server, or of the target of its redirect, without credentials.
    pub url: String,
    /// What happened.
    pub kind: ServerErrorKind,
    /// Texts of the server, of a proxy or of a library, the direct cause first. Credentials in them are masked.
    pub details: Vec<String>,
    /// Whether requests go through a proxy.
    pub uses_proxy: bool,
}

/// What happened to a request.
#[derive(Debug)]
pub enum ServerErrorKind {
    /// Credentials or the workspace contain characters that are not valid in a header.
    InvalidHeader,
    /// The server redirects, and the environment forbids to follow.
    RedirectsForbidden,
    /// The server redirects more than [`limits::REDIRECTS`] times.
    TooManyRedirects,
    /// The server redirects to something that is not an http or https URL.
    InvalidRedirect,
    /// The server redirects to another server, to which request bodies are not sent.
    CrossOriginRedirect {
        /// The tracking URI of that server, if known.
        base: Option<String>,
        /// Whether that URI is not encrypted, although this one is.
        is_downgrade: bool,
    },
    /// There is no connection within [`limits::CONNECT_TIME`].
    ConnectTimeout,
    /// There is no complete response within this time.
    Timeout(Duration),
    /// The name of this host cannot be resolved.
    UnknownHost(String),
    /// The server refuses the connection.
    ConnectionRefused,
    /// The proxy cannot connect to the server.
    ProxyFailed,
    /// The server does not use HTTP.
    NotHttp,
    /// The connection was lost before a response.
    Disconnected,
    /// The connection was lost during a response.
    DisconnectedInResponse,
    /// The server does not use TLS.
    NoTls,
    /// The server requires a client certificate, or rejected the one that was sent.
    ClientCertificate {
        /// Whether one is configured.
        is_configured: bool,
    },
    /// The certificate of the server is not trusted.
    Untrusted {
        /// Why.
        trouble: TlsTrouble,
        /// The environment variable that names the trusted certificates, if set.
        trust_variable: Option<&'static str>,
    },
    /// There is no TLS connection for another reason.
    TlsFailed,
    /// The server expects https.
    ExpectsTls,
    /// The response is not one of MLflow.
    NotMlflow {
        /// Whether it may be that of a sign-in page.
        may_be_sign_in: bool,
    },
    /// The server requires authentication, or denies access.
    AccessDenied {
        /// The HTTP status: 401 or 403.
        status: u16,
        /// Whether credentials were sent.
        has_credentials: bool,
        /// An environment variable that asks for an authentication method that is not supported.
        unsupported_variable: Option<&'static str>,
    },
    /// A proxy requires authentication.
    ProxyAuthentication,
    /// The server limits the rate of requests (status 429) or timed out itself (status 408).
    Busy {
        /// The HTTP status.
        status: u16,
        /// When the server asks to try again.
        retry_after: Option<Duration>,
    },
    /// The server, or a proxy in front of it, cannot answer now. Holds the HTTP status: 502, 503 or 504.
    Unavailable(u16),
    /// The server answers with an error.
    Rejected {
        /// The HTTP status.
        status: u16,
        /// MLflow's `error_code`, if the response has one.
        code: Option<String>,
    },
    /// The response has more than this number of bytes.
    TooLong(u64),
    /// The response has more than this number of bytes when it is decompressed.
    TooLongUnpacked(u64),
    /// Concurrent responses take too much memory together.
    OverBudget,
    /// The response ends early.
    IncompleteResponse,
    /// The record of a trace cannot be decoded. Holds the trace id.
    InvalidRecord(String),
}

/// Kind of a TLS error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsTrouble {
    /// The certificate is expired or not valid yet.
    Validity,
    /// The certificate is for another host.
    HostName,
    /// It is a CA certificate, which is trusted only if configured.
    CaCertificate,
    /// The issuer is not trusted.
    UnknownIssuer,
    /// A signature was not made with the key of the certificate or its issuer.
    Signature,
    /// Another error of the certificate.
    OtherCertificate,
    /// The server requires a client certificate, or rejected the one that was sent.
    ClientCertificate,
    /// The server does not support TLS.
    NoTls,
    /// Another error.
    Other,
}

impl ServerError {
    /// Adds a detail.
    pub(in crate::store) fn because(mut self, detail: impl fmt::Display) -> Self {
        self.details.push(detail.to_string());
        self
    }

    /// Whether there was no exchange with the server, so that other requests will fail too.
    #[must_use]
    pub const fn is_network_failure(&self) -> bool {
        use ServerErrorKind as Kind;
        matches!(
            self.kind,
            Kind::RedirectsForbidden
                | Kind::TooManyRedirects
                | Kind::InvalidRedirect
                | Kind::ConnectTimeout
                | Kind::Timeout(_)
                | Kind::UnknownHost(_)
                | Kind::ConnectionRefused
                | Kind::ProxyFailed
                | Kind::NotHttp
                | Kind::Disconnected
                | Kind::DisconnectedInResponse
                | Kind::NoTls
                | Kind::Untrusted { .. }
                | Kind::TlsFailed
                | Kind::ExpectsTls
        )
    }

    /// Whether credentials are missing or were rejected.
    #[must_use]
    pub const fn is_about_credentials(&self) -> bool {
        use ServerErrorKind as Kind;
        matches!(
            self.kind,
            Kind::InvalidHeader
                | Kind::ClientCertificate { .. }
                | Kind::AccessDenied { .. }
                | Kind::ProxyAuthentication
        )
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ServerErrorKind as Kind;
        let url = &self.url;
        let mib = |bytes: u64| bytes >> 20;
        match &self.kind {
            Kind::InvalidHeader => f.write_str("invalid characters in the credentials or the workspace"),
            Kind::RedirectsForbidden => write!(f, "`{url}` redirects, but MLFLOW_ALLOW_HTTP_REDIRECTS is false"),
            Kind::TooManyRedirects => write!(f, "`{url}` redirects too many times"),
            Kind::InvalidRedirect => write!(f, "`{url}` redirects to an invalid URL (expected http or https)"),
            Kind::CrossOriginRedirect { .. } => {
                write!(f, "`{url}` redirects to another server; the redirect was not followed")
            }
            Kind::ConnectTimeout => {
                write!(f, "cannot connect to `{url}` within {} s", limits::CONNECT_TIME.as_secs())
            }
            Kind::Timeout(time) => write!(f, "no complete response from `{url}` within {} s", time.as_secs_f32()),
            Kind::UnknownHost(host) => write!(f, "could not resolve host `{host}`"),
            Kind::ConnectionRefused => write!(f, "`{url}` refused the connection"),
            Kind::ProxyFailed => write!(f, "the proxy could not connect to `{url}`"),
            Kind::NotHttp => write!(f, "`{url}` is not an HTTP server"),
            Kind::Disconnected => write!(f, "the connection to `{url}` was lost"),
            Kind::DisconnectedInResponse => write!(f, "the connection to `{url}` was lost during a response"),
            Kind::NoTls => write!(f, "`{url}` does not support TLS"),
            Kind::ClientCertificate { .. } => write!(f, "`{url}` requires a valid client certificate"),
            Kind::Untrusted { .. } => write!(f, "cannot trust the certificate of `{url}`"),
            Kind::TlsFailed => write!(f, "no TLS connection to `{url}`"),
            Kind::ExpectsTls => write!(f, "`{url}` expects https"),
            Kind::NotMlflow { .. } => write!(f, "`{url}` is not an MLflow server"),
            Kind::AccessDenied { status: 401, has_credentials: false, .. } => {
                write!(f, "`{url}` requires authentication")
            }
            Kind::AccessDenied { status: 401, .. } => write!(f, "`{url}` rejected the credentials"),
            Kind::AccessDenied { .. } => write!(f, "`{url}` denied access"),
            Kind::ProxyAuthentication => write!(f, "`{url}` is behind a proxy that requires authentication"),
            Kind::Busy { status: 429, .. } => write!(f, "`{url}` rate limited the request (429)"),
            Kind::Busy { status, .. } => write!(f, "`{url}` timed out ({status})"),
            Kind::Unavailable(status) => write!(f, "`{url}` failed with status {status}"),
            Kind::Rejected { status, code } => {
                let what = if *status >= 500 { "failed with" } else { "rejected the request:" };
                write!(f, "`{url}` {what} status {status}")?;
                code.as_ref().map_or(Ok(()), |code| write!(f, ", {code}"))
            }
            Kind::TooLong(bytes) => write!(f, "the response of `{url}` is larger than {} MiB", mib(*bytes)),
            Kind::TooLongUnpacked(bytes) => {
                write!(f, "the response of `{url}` decompresses to more than {} MiB", mib(*bytes))
            }
            Kind::OverBudget => write!(
                f,
                "the response of `{url}` was not read: concurrent responses may take at most {} MiB together",
                mib(limits::CONCURRENT_RESPONSES_BYTES)
            ),
            Kind::IncompleteResponse => write!(f, "the response of `{url}` is incomplete"),
            Kind::InvalidRecord(id) => write!(f, "cannot read the record of trace `{id}` from `{url}`"),
        }
    }
}

/// The details are texts, since those of the libraries may contain credentials.
impl std::error::Error for ServerError {}
