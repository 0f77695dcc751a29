//! URLs of servers and redirects, and removal of credentials from them.

use crate::store::Secret;
use crate::store::error::ServerSettingsError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::net::IpAddr;
use ureq::http::Uri;

/// Parsed URL of a server.
#[derive(Clone, Debug)]
pub(super) struct ServerUrl {
    /// `https://host:port`, without credentials.
    pub(super) origin: String,
    /// Path in front of every route: empty, or with a leading and no trailing slash.
    pub(super) prefix: String,
    pub(super) host: String,
    pub(super) is_tls: bool,
    pub(super) credentials: Option<(String, Secret)>,
}

impl ServerUrl {
    /// Parses `http[s]://[user:password@]host[:port][/prefix]`.
    pub(super) fn parse(text: &str) -> Result<Self, ServerSettingsError> {
        let invalid = |reason: String| ServerSettingsError::InvalidUri { reason, may_need_encoding: false };
        let uri: Uri = text.parse().map_err(|error: ureq::http::uri::InvalidUri| invalid(error.to_string()))?;
        let (Some(authority), Some(host)) = (uri.authority(), uri.host().filter(|host| !host.is_empty())) else {
            return Err(invalid("it has no host".to_owned()));
        };
        let scheme = uri.scheme_str().unwrap_or("http").to_ascii_lowercase();
        let (credentials, host_and_port) = match authority.as_str().rsplit_once('@') {
            Some((credentials, host_and_port)) => (Some(credentials), host_and_port),
            None => (None, authority.as_str()),
        };
        let badly_encoded =
            |reason: &str| ServerSettingsError::InvalidUri { reason: reason.to_owned(), may_need_encoding: true };
        // A `/` in a password ends the authority for the parser, which accepts any text before an address in brackets.
        if host_and_port.rfind('[').is_some_and(|at| at > 0) {
            return Err(badly_encoded("its host is invalid"));
        }
        let after_host = host_and_port.rsplit_once(']').map_or(host_and_port, |(_, rest)| rest);
        if after_host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_err()) {
            return Err(badly_encoded("its port is not a number up to 65535"));
        }
        // So does a `/` behind an `@` in a password, and the rest of it would be shown as a part of the path.
        if credentials.is_some() && uri.path().contains('@') {
            return Err(badly_encoded("its path contains `@`"));
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Ok(Self {
            origin: format!("{scheme}://{host_and_port}"),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            host: host.trim_matches(['[', ']']).to_ascii_lowercase(),
            is_tls: scheme == "https",
            credentials: credentials.filter(|credentials| !credentials.is_empty()).map(|credentials| {
                let (name, password) = credentials.split_once(':').unwrap_or((credentials, ""));
                (decoded(name), Secret::new(decoded(password)))
            }),
        })
    }

    /// Returns the URL for messages, without credentials.
    pub(super) fn display_url(&self) -> String {
        format!("{}{}", self.origin, self.prefix)
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Removes the credentials from a tracking URI, for messages. Also works for malformed URIs: text before the last `@`
/// is taken for credentials if it contains a colon.
#[must_use]
pub(in crate::store) fn without_credentials(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").map_or(("", uri), |(scheme, rest)| (scheme, rest));
    let is_name = |rest: &str| !rest.contains(['/', '?', '#']);
    match rest.rfind('@') {
        Some(at) if rest[..at].contains(':') || (!scheme.is_empty() && is_name(&rest[..at])) => {
            let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
            format!("{scheme}{}", &rest[at + 1..])
        }
        _ => uri.to_owned(),
    }
}

/// Returns the `scheme://host:port` of a URL.
pub(super) fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(&url[..scheme.len() + 3 + end])
}

/// Whether two URLs have the same scheme, host and port (RFC 6454). The default port may be omitted.
pub(super) fn is_same_origin(a: &str, b: &str) -> bool {
    let plain = |url| {
        let origin: Option<String> = origin(url).map(str::to_ascii_lowercase);
        origin.map(|origin| {
            let default_port = if origin.starts_with("https:") { ":443" } else { ":80" };
            origin.strip_suffix(default_port).map_or(origin.clone(), str::to_owned)
        })
    };
    plain(a).is_some() && plain(a) == plain(b)
}

/// Returns the scheme of a URL (RFC 3986, 3.1); `None` if it is relative.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some(scheme)
}

/// Whether a URL is a valid http or https URL.
pub(super) fn is_http_url(url: &str) -> bool {
    let is_web = |scheme: &str| matches!(&*scheme.to_ascii_lowercase(), "http" | "https");
    scheme(url).is_some_and(is_web) && url.contains("://") && ServerUrl::parse(without_query(url)).is_ok()
}

/// Resolves the target of a redirect against the URL of the request.
pub(super) fn resolve_redirect(url: &str, target: &str) -> String {
    if scheme(target).is_some() {
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

/// Removes query and fragment from a URL. A query may contain signatures.
pub(super) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Characters that are not percent-encoded in a path segment or query value: all unreserved ones (RFC 3986, 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Percent-encodes a text for a path segment or query value.
pub(super) fn url_encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}
