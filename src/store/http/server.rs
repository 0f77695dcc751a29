//! Facts about a tracking server, for messages and decisions.

use super::mask::CredentialMask;
use super::url::ServerUrl;
use crate::store::Secret;
use crate::store::error::{ServerError, ServerErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// A tracking server and how it is reached.
pub(super) struct Server {
    pub(super) base: ServerUrl,
    pub(super) authorization: Option<Secret>,
    pub(super) mask: Arc<CredentialMask>,
    /// Environment variable that asks for an authentication method that is not supported.
    pub(super) unsupported: Option<&'static str>,
    /// Time for a request with its retries.
    pub(super) timeout: Duration,
    /// Environment variable that names the trusted certificates.
    pub(super) trust_variable: Option<&'static str>,
    /// Whether a client certificate is configured.
    pub(super) has_client_certificate: bool,
    pub(super) uses_proxy: bool,
}

impl Server {
    /// Returns the URL of the server for messages, without credentials.
    pub(super) fn display_url(&self) -> String {
        self.base.display_url()
    }

    /// Returns an error of this server.
    pub(super) fn failed(&self, kind: ServerErrorKind) -> ServerError {
        self.failed_at(self.display_url(), kind)
    }

    /// Returns an error of this server, or of the target of its redirect.
    pub(super) fn failed_at(&self, url: String, kind: ServerErrorKind) -> ServerError {
        ServerError { url, kind, details: Vec::new(), uses_proxy: self.uses_proxy }
    }

    /// Masks credentials in text from a server or proxy, and limits it to one line of [`limits::MESSAGE_CHARS`]. All
    /// such text in messages must pass through this or [`body::Body::decode`].
    pub(super) fn mask_credentials(&self, text: &str) -> String {
        self.mask.apply_to_message(text)
    }

    /// Whether credentials are sent unencrypted over a network.
    pub(super) fn exposes_credentials(&self) -> bool {
        self.authorization.is_some() && !self.base.is_tls && !self.base.is_loopback()
    }

    /// Whether the authority of a `mlflow-artifacts://` URI is this server.
    pub(super) fn is_same_authority(&self, authority: &str) -> bool {
        self.base.origin.split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(authority))
    }
}
