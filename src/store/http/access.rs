//! Credentials and proxy for a tracking server.

use super::mask::CredentialMask;
use super::url::ServerUrl;
use crate::files;
use crate::limits;
use crate::store::Secret;
use crate::store::error::ServerSettingsError;
use base64::Engine as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Settings for tracking servers from the environment (MLflow 3.18 `environment_variables.py`, `utils/credentials.py`).
#[derive(Clone, Debug, Default)]
pub struct ServerSettings {
    /// `MLFLOW_TRACKING_USERNAME`.
    pub username: Option<String>,
    /// `MLFLOW_TRACKING_PASSWORD`.
    pub password: Option<Secret>,
    /// `MLFLOW_TRACKING_TOKEN`.
    pub token: Option<Secret>,
    /// `~/.mlflow/credentials`, the fallback for a user name or password missing from the environment.
    pub credentials_file: Option<PathBuf>,
    /// `MLFLOW_WORKSPACE` (since MLflow 3.10).
    pub workspace: Option<String>,
    /// `MLFLOW_TRACKING_INSECURE_TLS`.
    pub insecure_tls: bool,
    /// `MLFLOW_TRACKING_SERVER_CERT_PATH`, else `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE`: the
    /// variable, and a PEM file of trusted certificates.
    pub trusted_certificates: Option<(&'static str, PathBuf)>,
    /// `MLFLOW_TRACKING_CLIENT_CERT_PATH`: a PEM file with the client certificate and its private key.
    pub client_certificate: Option<PathBuf>,
    /// `MLFLOW_HTTP_REQUEST_TIMEOUT`: total time limit of a request, retries included.
    pub timeout: Option<Duration>,
    /// `MLFLOW_HTTP_REQUEST_MAX_RETRIES`.
    pub retries: Option<u32>,
    /// Whether `MLFLOW_ALLOW_HTTP_REDIRECTS` is set to false.
    pub refuses_redirects: bool,
    /// `HTTP_PROXY`, else `ALL_PROXY`.
    pub http_proxy: Option<Secret>,
    /// `HTTPS_PROXY`, else `ALL_PROXY`.
    pub https_proxy: Option<Secret>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// Number of requests sent, for `-v`.
    pub requests: Arc<AtomicU64>,
    /// Name of a variable that selects an unsupported authentication method.
    pub unsupported: Option<&'static str>,
}

/// Returns the value of the `Authorization` header. Credentials in the URI come first (as in Python's `requests`), then
/// user name and password from the environment and the file, then the token (MLflow 3.18 `utils/rest_utils.py`).
pub(super) fn authorization(base: &ServerUrl, settings: &ServerSettings) -> Option<Secret> {
    let basic = |name: &str, password: &str| {
        Secret::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"))))
    };
    if let Some((name, password)) = &base.credentials {
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
        name = name.or_else(|| read_credential(&file, "mlflow_tracking_username"));
        password = password.or_else(|| read_credential(&file, "mlflow_tracking_password").map(Secret::new));
    }
    match (name, password, &settings.token) {
        (Some(name), Some(password), _) => Some(basic(&name, password.reveal())),
        (_, _, Some(token)) => Some(Secret::new(format!("Bearer {}", token.reveal()))),
        _ => None,
    }
}

/// Returns a mask for the credentials that a client sends and for all others in the environment.
pub(super) fn mask(base: &ServerUrl, settings: &ServerSettings, authorization: Option<&Secret>) -> CredentialMask {
    let proxies = [&settings.http_proxy, &settings.https_proxy].into_iter().flatten();
    let users: Vec<(String, Secret)> = proxies
        .filter_map(|proxy| ServerUrl::parse(proxy.reveal()).ok()?.credentials)
        .chain(base.credentials.clone())
        .collect();
    let names = users.iter().map(|(name, _)| name.as_str()).chain(settings.username.as_deref());
    let secrets = users.iter().map(|(_, password)| password).chain(&settings.password).chain(&settings.token);
    let pairs: Vec<String> = users.iter().map(|(name, password)| format!("{name}:{}", password.reveal())).collect();
    let secrets = secrets.map(Secret::reveal).chain(pairs.iter().map(String::as_str));
    CredentialMask::from_header(
        authorization.map(Secret::reveal),
        &names.collect::<Vec<_>>(),
        &secrets.collect::<Vec<_>>(),
    )
}

/// Reads a value from the `[mlflow]` section of an INI file.
fn read_credential(text: &str, name: &str) -> Option<String> {
    let mut is_mlflow_section = false;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(section) = line.strip_prefix('[') {
            is_mlflow_section = section.trim_end_matches(']').trim() == "mlflow";
        } else if is_mlflow_section
            && let Some((key, value)) = line.split_once(['=', ':'])
            && key.trim().eq_ignore_ascii_case(name)
        {
            return Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
    }
    None
}

/// Returns the proxy for a server; `None` if `NO_PROXY` excludes the server.
pub(super) fn proxy(base: &ServerUrl, settings: &ServerSettings) -> Result<Option<ureq::Proxy>, ServerSettingsError> {
    let (variable, proxy) =
        if base.is_tls { ("HTTPS_PROXY", &settings.https_proxy) } else { ("HTTP_PROXY", &settings.http_proxy) };
    let Some(proxy) = proxy else { return Ok(None) };
    if settings.no_proxy.as_deref().is_some_and(|list| is_proxy_bypassed(&base.host, list)) {
        return Ok(None);
    }
    if proxy.reveal().trim_start().to_ascii_lowercase().starts_with("socks") {
        return Err(ServerSettingsError::SocksProxy { variable, host: base.host.clone() });
    }
    let parsed = ureq::Proxy::new(proxy.reveal());
    parsed.map(Some).map_err(|_| ServerSettingsError::InvalidProxy(variable))
}

/// Whether a `NO_PROXY` list such as `localhost,.corp.example,10.0.0.0/8` contains a host. A domain includes its
/// subdomains.
fn is_proxy_bypassed(host: &str, list: &str) -> bool {
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
