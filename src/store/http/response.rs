//! Interprets the responses of a server.

use super::body::{Body, BodyReadError};
use super::failure::RedirectTarget;
use super::request::ApiRequest;
use super::server::Server;
use crate::model::Timestamp;
use crate::store::error::{ServerError, ServerErrorKind};
use serde::Deserialize;
use std::time::Duration;
use ureq::http::StatusCode;

/// Response to an [`ApiRequest`].
pub(super) enum ApiResponse {
    Body(Body),
    /// The server does not have this route: its release is older or newer.
    NoRoute,
    Error(ApiError),
    Incomplete(BodyError),
}

/// Why a response body was not read to its end.
pub(super) struct BodyError {
    pub(super) reason: BodyReadError,
    /// The error to report if the response is required.
    pub(super) error: ServerError,
}

/// Error response of a server. Credentials in its text are masked.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: u16,
    /// MLflow's `error_code`; `None` if the response is not from MLflow.
    pub(super) code: Option<String>,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn is_not_found(&self) -> bool {
        self.status == 404
    }

    /// Whether the server may not support the request, so that a simpler one may succeed.
    pub(super) fn is_unsupported_request(&self) -> bool {
        matches!(self.status, 400 | 500 | 501)
    }
}

/// JSON body of MLflow's errors (MLflow 3.18 `exceptions.py`).
#[derive(Deserialize)]
struct MlflowError {
    error_code: Option<String>,
    message: Option<String>,
}

/// Responses of HTTPS servers to plain HTTP: nginx, Go and Apache.
const HTTPS_REQUIRED_MESSAGES: [&str; 3] =
    ["plain HTTP request was sent to HTTPS port", "HTTP request to an HTTPS server", "speaking plain HTTP to an SSL"];

/// Result of one attempt to send a request.
pub(super) enum Attempt {
    /// A retry would not change the result.
    Final(Result<ApiResponse, ServerError>),
    /// A retry may succeed; with the delay that the server asked for, if any.
    Retryable(Result<ApiResponse, ServerError>, Option<Duration>),
}

impl Server {
    /// Interprets the status and body of a response.
    pub(super) fn interpret(
        &self,
        request: &ApiRequest,
        status: StatusCode,
        is_page: bool,
        bytes: Vec<u8>,
        retry_after: Option<Duration>,
        redirect: Option<&RedirectTarget>,
    ) -> Attempt {
        let mlflow_error: Option<MlflowError> = if status.is_success() {
            None
        } else {
            serde_json::from_slice(&bytes).ok().filter(|_| bytes.starts_with(b"{"))
        };
        let is_json = mlflow_error.is_some();
        let code =
            mlflow_error.as_ref().and_then(|error| error.error_code.as_deref()).map(|code| self.mask_credentials(code));
        // Text is extracted from errors and unexpected web pages only: files and traces are long.
        let message = if status.is_success() && (!is_page || request.is_file) {
            String::new()
        } else {
            let text = mlflow_error.and_then(|error| error.message);
            self.mask_credentials(&text.unwrap_or_else(|| page_text(&String::from_utf8_lossy(&bytes), status)))
        };
        let note_redirect = |error| self.with_redirect(error, redirect);
        let error_response = |status, message| ApiResponse::Error(ApiError { status, code: code.clone(), message });
        Attempt::Final(match status.as_u16() {
            200..=299 if is_page && !request.is_file => {
                let kind = ServerErrorKind::NotMlflow { may_be_sign_in: redirect.is_some() };
                Err(note_redirect(self.failed(kind).because(format!("got a web page: {message}"))))
            }
            200..=299 => Ok(ApiResponse::Body(Body::new(bytes, &self.mask))),
            400 if !self.base.is_tls && is_https_required(&bytes) => {
                Err(self.failed(ServerErrorKind::ExpectsTls).because(message))
            }
            300..=399 => Err(note_redirect(self.not_mlflow(format!("got status {status}")))),
            401 | 403 => Err(note_redirect(self.access_error(status, &message))),
            407 => Err(self.failed(ServerErrorKind::ProxyAuthentication)),
            404 if !is_json || code.as_deref() == Some("ENDPOINT_NOT_FOUND") => Ok(ApiResponse::NoRoute),
            405 => Ok(ApiResponse::NoRoute),
            // A server of files, for example; MLflow's own 501 is JSON.
            501 if !is_json => Ok(ApiResponse::NoRoute),
            408 | 429 => {
                let error = self.failed(ServerErrorKind::Busy { status: status.as_u16(), retry_after });
                return Attempt::Retryable(Err(error.because(message)), retry_after);
            }
            // MLflow's own errors do not go away with a retry.
            500 if is_json => Ok(error_response(500, message)),
            500 => return Attempt::Retryable(Ok(error_response(500, message)), retry_after),
            502..=504 => {
                let error = note_redirect(self.failed(ServerErrorKind::Unavailable(status.as_u16())));
                return Attempt::Retryable(Err(error.because(message)), retry_after);
            }
            status => Ok(error_response(status, message)),
        })
    }

    /// Returns the error for a response body that was not read to its end.
    pub(super) fn body_error(&self, reason: BodyReadError) -> BodyError {
        let kind = match &reason {
            BodyReadError::TooLong(max_bytes) => ServerErrorKind::TooLong(*max_bytes),
            BodyReadError::TooLongUnpacked(max_bytes) => ServerErrorKind::TooLongUnpacked(*max_bytes),
            BodyReadError::OverBudget => ServerErrorKind::OverBudget,
            BodyReadError::Failed(_) => ServerErrorKind::IncompleteResponse,
        };
        BodyError { reason, error: self.failed(kind) }
    }

    /// Returns the error for a server that responds but is not MLflow.
    pub(super) fn not_mlflow(&self, why: impl std::fmt::Display) -> ServerError {
        self.failed(ServerErrorKind::NotMlflow { may_be_sign_in: false }).because(why)
    }

    /// Returns the error for a request that the server rejected.
    pub(super) fn api_error(&self, response: &ApiError) -> ServerError {
        let kind = ServerErrorKind::Rejected { status: response.status, code: response.code.clone() };
        self.failed(kind).because(&response.message)
    }

    fn access_error(&self, status: StatusCode, message: &str) -> ServerError {
        let kind = ServerErrorKind::AccessDenied {
            status: status.as_u16(),
            has_credentials: self.authorization.is_some(),
            unsupported_variable: self.unsupported,
        };
        self.failed(kind).because(message)
    }
}

/// Whether a response body says that the server expects HTTPS.
fn is_https_required(bytes: &[u8]) -> bool {
    HTTPS_REQUIRED_MESSAGES.iter().any(|message| memchr::memmem::find(bytes, message.as_bytes()).is_some())
}

/// Parses `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
pub(super) fn parse_retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    text.parse().ok().map(Duration::from_secs).or_else(|| {
        let left = Timestamp::parse_http_date(text)?.millis() - Timestamp::now().millis();
        u64::try_from(left).ok().map(Duration::from_millis)
    })
}

/// Summarizes a web page or plain text in one line: its title or first line, else the status.
pub(super) fn page_text(text: &str, status: StatusCode) -> String {
    let title =
        text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title.trim());
    let plain = || text.trim().lines().next().filter(|line| !line.starts_with('<')).map(str::trim);
    let line = title.or_else(plain).filter(|line| !line.is_empty());
    line.map_or_else(|| format!("status {status}"), str::to_owned)
}
