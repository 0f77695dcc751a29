//! URLs: the address of a server, what of it may be shown, where redirects lead.

use super::secret::Secret;
use crate::error::{Error, ErrorCode, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::net::IpAddr;
use ureq::http::Uri;

/// The address of a server, taken apart.
#[derive(Clone, Debug)]
pub(super) struct ServerUrl {
    /// `https://host:port`, without credentials.
    pub(super) origin: String,
    /// The path before every route; empty, or with a leading and no trailing slash.
    pub(super) prefix: String,
    pub(super) host: String,
    pub(super) is_tls: bool,
    pub(super) user: Option<(String, Secret)>,
}

impl ServerUrl {
    /// Reads `http[s]://[user:password@]host[:port][/prefix]`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let bad = |why: String| {
            Error::new(ErrorCode::StoreUnsupported, "the tracking URI is not the address of a server")
                .because(why)
                .hint("`-u https://host:port` is one, `-u https://host/prefix` too")
        };
        let uri: Uri = text.parse().map_err(|error: ureq::http::uri::InvalidUri| bad(error.to_string()))?;
        let (Some(authority), Some(host)) = (uri.authority(), uri.host().filter(|host| !host.is_empty())) else {
            return Err(bad("it names no host".to_owned()));
        };
        let scheme = uri.scheme_str().unwrap_or("http").to_ascii_lowercase();
        let (user, place) = match authority.as_str().rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority.as_str()),
        };
        let badly_escaped = |why: &str| {
            bad(why.to_owned()).hint("in a name or password, write `#` as %23, `/` as %2F, `?` as %3F and `@` as %40")
        };
        // A password with a slash in it ends the host for a parser, which accepts anything before an address in brackets.
        if place.rfind('[').is_some_and(|at| at > 0) {
            return Err(badly_escaped("its host is neither a name nor an address"));
        }
        let behind_host = place.rsplit_once(']').map_or(place, |(_, rest)| rest);
        if behind_host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_err()) {
            return Err(badly_escaped("its port is no number up to 65535"));
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Ok(Self {
            origin: format!("{scheme}://{place}"),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            host: host.trim_matches(['[', ']']).to_ascii_lowercase(),
            is_tls: scheme == "https",
            user: user.filter(|user| !user.is_empty()).map(|user| {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                (decoded(name), Secret::new(decoded(password)))
            }),
        })
    }

    /// What messages call the server.
    pub(super) fn shown(&self) -> String {
        format!("{}{}", self.origin, self.prefix)
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// A tracking URI without the credentials in it, for messages; also one that is written wrong. What stands before the last
/// `@` counts as credentials where there is a colon in it.
#[must_use]
pub fn without_credentials(uri: &str) -> String {
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

/// `scheme://host:port` of a URL.
pub(super) fn origin(url: &str) -> Option<&str> {
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

/// The scheme of a URL (RFC 3986, 3.1); none of a relative one.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some(scheme)
}

/// Whether a URL names something on the web.
pub(super) fn is_web_address(url: &str) -> bool {
    let is_web = |scheme: &str| matches!(&*scheme.to_ascii_lowercase(), "http" | "https");
    scheme(url).is_some_and(is_web) && url.contains("://") && ServerUrl::parse(bare(url)).is_ok()
}

/// The same address with the other one of `http` and `https`.
pub(super) fn with_other_scheme(url: &str) -> String {
    match url.split_once("://") {
        Some(("http", rest)) => format!("https://{rest}"),
        Some((_, rest)) => format!("http://{rest}"),
        None => url.to_owned(),
    }
}

/// A redirect's target as a URL; most are whole ones or begin with a slash.
pub(super) fn absolute(url: &str, target: &str) -> String {
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

/// A URL without its query, which may hold signatures.
pub(super) fn bare(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// What stands for itself in one part of a path or of a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text within a URL.
pub(super) fn in_url(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}
