//! Requests to a tracking server.

use crate::limits;

/// A request for a route below the server's prefix.
#[derive(Clone, Debug)]
pub(super) struct ApiRequest {
    pub(super) route: String,
    pub(super) body: Option<String>,
    /// Maximum size of the response body.
    pub(super) max_bytes: u64,
    /// Whether the response may be a file of any type.
    pub(super) is_file: bool,
    /// Whether it is retried after a failure.
    pub(super) is_retried: bool,
}

impl ApiRequest {
    pub(super) fn get(route: impl Into<String>) -> Self {
        Self { route: route.into(), body: None, max_bytes: limits::RESPONSE_BYTES, is_file: false, is_retried: true }
    }

    pub(super) fn post(route: impl Into<String>, body: &serde_json::Value) -> Self {
        Self { body: Some(body.to_string()), ..Self::get(route) }.with_page_limit()
    }

    /// Limits the response to the size of one page of a list.
    pub(super) fn with_page_limit(mut self) -> Self {
        self.max_bytes = limits::PAGE_BYTES;
        self
    }

    /// Disables retries, for requests with an alternative.
    pub(super) fn without_retries(mut self) -> Self {
        self.is_retried = false;
        self
    }

    /// Accepts any type of file, even a web page.
    pub(super) fn accepting_files(mut self) -> Self {
        self.is_file = true;
        self
    }
}
