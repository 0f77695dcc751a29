//! Who asks a tracking server, and by which way: credentials and proxy.

use super::secret::{CredentialMask, Secret};
use super::url::ServerUrl;
use crate::error::{Error, ErrorCode, Result};
use crate::files;
use crate::limits;
use base64::Engine as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// What the environment says of tracking servers (MLflow 3.18 `environment_variables.py`, `utils/credentials.py`).
#[derive(Clone, Debug, Default)]
pub struct ServerSettings {
    /// `MLFLOW_TRACKING_USERNAME`.
    pub username: Option<String>,
    /// `MLFLOW_TRACKING_PASSWORD`.
    pub password: Option<Secret>,
    /// `MLFLOW_TRACKING_TOKEN`.
    pub token: Option<Secret>,
    /// `~/.mlflow/credentials`, for a name or password that the environment lacks.
    pub credentials_file: Option<PathBuf>,
    /// `MLFLOW_WORKSPACE` (3.10 on).
    pub workspace: Option<String>,
    /// `MLFLOW_TRACKING_INSECURE_TLS`.
    pub insecure_tls: bool,
    /// `MLFLOW_TRACKING_SERVER_CERT_PATH`, else `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE`: certificates to trust.
    pub trusted_certificates: Option<(&'static str, PathBuf)>,
    /// `MLFLOW_TRACKING_CLIENT_CERT_PATH`: a certificate and its key to show.
    pub client_certificate: Option<PathBuf>,
    /// `MLFLOW_HTTP_REQUEST_TIMEOUT`: how long one question may take, repetitions included.
    pub timeout: Option<Duration>,
    /// `MLFLOW_HTTP_REQUEST_MAX_RETRIES`.
    pub retries: Option<u32>,
    /// `MLFLOW_ALLOW_HTTP_REDIRECTS`, true unless it says no.
    pub refuses_redirects: bool,
    /// `HTTP_PROXY`, and `ALL_PROXY` where it is not set.
    pub http_proxy: Option<Secret>,
    /// `HTTPS_PROXY`, and `ALL_PROXY` where it is not set.
    pub https_proxy: Option<Secret>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// Counts the requests that are sent, for `-v`.
    pub requests: Arc<AtomicU64>,
    /// A variable that asks for a way to sign in which is not built in.
    pub unsupported: Option<&'static str>,
}

/// The value of the `Authorization` header: the URI's own credentials as `requests` takes them, then name and password
/// from environment and file, then the token (`utils/rest_utils.py` of MLflow 3.18).
pub(super) fn authorization(base: &ServerUrl, settings: &ServerSettings) -> Option<Secret> {
    let basic = |name: &str, password: &str| {
        Secret::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"))))
    };
    if let Some((name, password)) = &base.user {
        return Some(basic(name, password.reveal()));
    }
    let file = || {
        settings
            .credentials_file
            .as_deref()
            .filter(|path| path.is_file())
            .and_then(|path| files::read_text(path, limits::SETTINGS_BYTES).ok())
    };
    let (mut name, mut password) = (settings.username.clone(), settings.password.clone());
    if (name.is_none() || password.is_none())
        && let Some(file) = file()
    {
        name = name.or_else(|| in_credentials(&file, "mlflow_tracking_username"));
        password = password.or_else(|| in_credentials(&file, "mlflow_tracking_password").map(Secret::new));
    }
    match (name, password, &settings.token) {
        (Some(name), Some(password), _) => Some(basic(&name, password.reveal())),
        (_, _, Some(token)) => Some(Secret::new(format!("Bearer {}", token.reveal()))),
        _ => None,
    }
}

/// The mask for all credentials that a client sends, and for those that the environment names besides.
pub(super) fn mask(base: &ServerUrl, settings: &ServerSettings, authorization: Option<&Secret>) -> CredentialMask {
    let proxies = [&settings.http_proxy, &settings.https_proxy].into_iter().flatten();
    let users: Vec<(String, Secret)> =
        proxies.filter_map(|proxy| ServerUrl::parse(proxy.reveal()).ok()?.user).chain(base.user.clone()).collect();
    let names = users.iter().map(|(name, _)| name.as_str()).chain(settings.username.as_deref());
    let secrets = users.iter().map(|(_, password)| password).chain(&settings.password).chain(&settings.token);
    let pairs: Vec<String> = users.iter().map(|(name, password)| format!("{name}:{}", password.reveal())).collect();
    let secrets = secrets.map(Secret::reveal).chain(pairs.iter().map(String::as_str));
    CredentialMask::for_header(
        authorization.map(Secret::reveal),
        &names.collect::<Vec<_>>(),
        &secrets.collect::<Vec<_>>(),
    )
}

/// A value of the section `[mlflow]` of an INI file.
fn in_credentials(text: &str, wanted: &str) -> Option<String> {
    let mut is_ours = false;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(section) = line.strip_prefix('[') {
            is_ours = section.trim_end_matches(']').trim() == "mlflow";
        } else if is_ours
            && let Some((key, value)) = line.split_once(['=', ':'])
            && key.trim().eq_ignore_ascii_case(wanted)
        {
            return Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
    }
    None
}

/// The proxy for a server, unless `NO_PROXY` excepts it.
pub(super) fn proxy(base: &ServerUrl, settings: &ServerSettings) -> Result<Option<ureq::Proxy>> {
    let (variable, proxy) =
        if base.is_tls { ("HTTPS_PROXY", &settings.https_proxy) } else { ("HTTP_PROXY", &settings.http_proxy) };
    let Some(proxy) = proxy else { return Ok(None) };
    if settings.no_proxy.as_deref().is_some_and(|list| is_excepted(&base.host, list)) {
        return Ok(None);
    }
    if proxy.reveal().trim_start().to_ascii_lowercase().starts_with("socks") {
        return Err(Error::new(ErrorCode::Network, "proxies of the kind SOCKS are not built in")
            .hint(format!("set {variable} to an http proxy, or except the host: `NO_PROXY={}`", base.host)));
    }
    let parsed = ureq::Proxy::new(proxy.reveal());
    parsed.map(Some).map_err(|_| {
        Error::new(ErrorCode::Network, format!("{variable} is not the address of a proxy"))
            .hint("`http://host:port` is one")
    })
}

/// Whether a list such as `localhost,.corp.example,10.0.0.0/8` names a host; a name covers the names below it.
fn is_excepted(host: &str, list: &str) -> bool {
    let address = host.parse::<IpAddr>().ok();
    list.split(',').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).any(|entry| {
        if let (Some(IpAddr::V4(address)), Some((net, bits))) = (address, entry.split_once('/')) {
            let (Ok(net), Ok(bits)) = (net.parse::<std::net::Ipv4Addr>(), bits.parse::<u32>()) else { return false };
            let shift = 32_u32.saturating_sub(bits);
            return net.to_bits().checked_shr(shift).unwrap_or(0) == address.to_bits().checked_shr(shift).unwrap_or(0);
        }
        let name = entry.trim_start_matches(['*', '.']);
        let name = name.split(':').next().unwrap_or(name);
        entry == "*" || host == name || (address.is_none() && !name.is_empty() && host.ends_with(&format!(".{name}")))
    })
}
