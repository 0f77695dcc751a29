//! Codes, causes and hints of the errors of tracking servers.

use crate::error::{Error, ErrorCode};
use crate::shell;
use crate::store::{ServerError, ServerErrorKind, ServerSettingsError, TlsTrouble};
use std::time::Duration;

/// For errors where a sign-in page may have responded.
const SIGN_IN: &str =
    "if that is a sign-in page, set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD";

const CHECK_LOG: &str = "check the server log, or try again later";

pub(super) const fn settings_code(error: &ServerSettingsError) -> ErrorCode {
    match error {
        ServerSettingsError::InvalidUri { .. } => ErrorCode::StoreUnsupported,
        ServerSettingsError::SocksProxy { .. } | ServerSettingsError::InvalidProxy(_) => ErrorCode::Network,
        ServerSettingsError::ConflictingTrust(_) => ErrorCode::Usage,
        ServerSettingsError::Certificates { .. } => ErrorCode::Credentials,
    }
}

/// Adds hints, and the causes that are not sources.
pub(super) fn settings_error(error: ServerSettingsError, base: Error) -> Error {
    match error {
        ServerSettingsError::InvalidUri { reason, may_need_encoding } => {
            let base =
                base.because(reason).hint("expected a URL such as `-u https://host:port` or `-u https://host/prefix`");
            let encoding = "in the user name and password, encode `#` as %23, `/` as %2F, `?` as %3F and `@` as %40";
            if may_need_encoding { base.hint(encoding) } else { base }
        }
        ServerSettingsError::SocksProxy { variable, host } => {
            base.hint(format!("set {variable} to an HTTP proxy, or exclude the host with `NO_PROXY={host}`"))
        }
        ServerSettingsError::InvalidProxy(_) => base.hint("expected a URL such as `http://host:port`"),
        ServerSettingsError::ConflictingTrust(_) => base.hint("unset one of them"),
        ServerSettingsError::Certificates { variable, reason, .. } => {
            base.because(reason).hint(format!("set {variable} to a file with X.509 v3 certificates in PEM format"))
        }
    }
}

pub(super) const fn code(error: &ServerError) -> ErrorCode {
    if error.is_network_failure() {
        ErrorCode::Network
    } else if error.is_about_credentials() {
        ErrorCode::Credentials
    } else {
        ErrorCode::Server
    }
}

/// Adds the details as causes, and hints.
pub(super) fn server_error(error: ServerError, base: Error) -> Error {
    let hints = hints(&error);
    let base = error.details.into_iter().fold(base, Error::because);
    hints.into_iter().fold(base, Error::hint)
}

fn hints(error: &ServerError) -> Vec<String> {
    use ServerErrorKind as Kind;
    let one = |hint: &str| vec![hint.to_owned()];
    match &error.kind {
        Kind::InvalidHeader => one("check MLFLOW_TRACKING_TOKEN and MLFLOW_WORKSPACE for a trailing line break"),
        Kind::InvalidRedirect => one("check the URL, and any proxy in front of the server"),
        Kind::CrossOriginRedirect { base, is_downgrade } => vec![redirect_hint(base.as_deref(), *is_downgrade)],
        Kind::ConnectTimeout => vec![with_proxy_note(error, "check the URL, the network and the firewall")],
        Kind::Timeout(time) => {
            vec![format!("set `MLFLOW_HTTP_REQUEST_TIMEOUT={}` to wait longer", (time.as_secs() * 4).max(30))]
        }
        Kind::UnknownHost(_) => vec![with_proxy_note(error, "check the spelling, the network and the VPN")],
        Kind::ConnectionRefused => {
            let hint = "check that the server is running (`mlflow server --port 5000` starts one)";
            vec![with_proxy_note(error, hint)]
        }
        Kind::ProxyFailed => vec![with_proxy_note(error, "check the URL")],
        Kind::NotHttp if is_tls(error) => one("check the host and the port"),
        Kind::NotHttp | Kind::NoTls => vec![other_scheme_hint(error)],
        Kind::Disconnected => vec![format!("try again, or {}", other_scheme_hint(error))],
        Kind::DisconnectedInResponse => one("try again"),
        Kind::ClientCertificate { is_configured: true } => {
            one("check the dates and the issuer of the certificate in MLFLOW_TRACKING_CLIENT_CERT_PATH")
        }
        Kind::ClientCertificate { is_configured: false } => {
            one("set `MLFLOW_TRACKING_CLIENT_CERT_PATH=client.pem` to a file with a certificate and its key")
        }
        Kind::Untrusted { trouble, trust_variable } => vec![trust_hint(*trouble, *trust_variable)],
        Kind::TlsFailed => {
            vec![with_proxy_note(error, "check the URL, and that the server supports TLS 1.2 or 1.3")]
        }
        Kind::ExpectsTls => vec![format!("use `{}`", shell::option("-u", &with_other_scheme(&error.url)))],
        Kind::NotMlflow { may_be_sign_in } => {
            let check = "check the URL, including a path before `/api`, if any: `-u https://host/prefix`";
            let sign_in = may_be_sign_in.then(|| SIGN_IN.to_owned());
            std::iter::once(check.to_owned()).chain(sign_in).collect()
        }
        Kind::AccessDenied { status, unsupported_variable, .. } => {
            vec![access_hint(*status, *unsupported_variable, &error.details)]
        }
        Kind::ProxyAuthentication => one("set `HTTPS_PROXY=http://name:password@host:port`"),
        Kind::Busy { retry_after, .. } => vec![retry_hint(*retry_after)],
        Kind::Unavailable(_) => one(CHECK_LOG),
        Kind::Rejected { status, .. } if *status >= 500 => one(CHECK_LOG),
        Kind::RedirectsForbidden
        | Kind::TooManyRedirects
        | Kind::Rejected { .. }
        | Kind::TooLong(_)
        | Kind::TooLongUnpacked(_)
        | Kind::OverBudget
        | Kind::IncompleteResponse
        | Kind::InvalidRecord(_) => Vec::new(),
    }
}

fn redirect_hint(base: Option<&str>, is_downgrade: bool) -> String {
    match base {
        Some(base) if is_downgrade => {
            format!("use `{}`, which is plain http and not encrypted", shell::option("-u", base))
        }
        Some(base) => format!("use `{}`", shell::option("-u", base)),
        None => SIGN_IN.to_owned(),
    }
}

fn trust_hint(trouble: TlsTrouble, trust_variable: Option<&str>) -> String {
    match (trouble, trust_variable) {
        (TlsTrouble::Validity, _) => "check the clock of this machine, or renew the server's certificate".to_owned(),
        (TlsTrouble::HostName, _) => "use the host name of the certificate in the URL".to_owned(),
        (TlsTrouble::UnknownIssuer | TlsTrouble::CaCertificate, Some(variable)) => {
            format!("add this certificate or its issuer to the file in {variable}")
        }
        (TlsTrouble::UnknownIssuer | TlsTrouble::CaCertificate, None) => {
            "set `MLFLOW_TRACKING_SERVER_CERT_PATH=ca.pem` to the certificate of the server or its issuer".to_owned()
        }
        (TlsTrouble::Signature, Some(variable)) => {
            format!("the server's certificate may have changed; if so, update the file in {variable}")
        }
        (TlsTrouble::Signature, None) => "check that this is the right server".to_owned(),
        _ => "the server needs another certificate".to_owned(),
    }
}

fn access_hint(status: u16, unsupported_variable: Option<&str>, details: &[String]) -> String {
    if let Some(variable) = unsupported_variable {
        return format!("{variable} is set, but this authentication method is not supported");
    }
    if details.first().is_some_and(|message| message.contains("Host header")) {
        return "start the server with this host in MLFLOW_SERVER_ALLOWED_HOSTS".to_owned();
    }
    if status == 401 {
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN".to_owned()
    } else {
        "ask the server's administrator for read permission".to_owned()
    }
}

fn retry_hint(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(
        || "try again later".to_owned(),
        |time| format!("try again in {} s, as the server asks", time.as_secs()),
    )
}

/// Appends a note on the proxy to a hint, if one is used.
fn with_proxy_note(error: &ServerError, hint: &str) -> String {
    let proxy = "; the request goes through the proxy from the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY)";
    format!("{hint}{}", if error.uses_proxy { proxy } else { "" })
}

fn is_tls(error: &ServerError) -> bool {
    error.url.to_ascii_lowercase().starts_with("https:")
}

/// Returns a hint to try the other one of `http` and `https`.
fn other_scheme_hint(error: &ServerError) -> String {
    let other = if is_tls(error) { "plain http" } else { "https" };
    format!("try {other}: `{}`", shell::option("-u", &with_other_scheme(&error.url)))
}

/// Switches a URL between `http` and `https`.
fn with_other_scheme(url: &str) -> String {
    match url.split_once("://") {
        Some(("http", rest)) => format!("https://{rest}"),
        Some((_, rest)) => format!("http://{rest}"),
        None => url.to_owned(),
    }
}
