//! What an answer of a server means.

use super::body::{Body, BodyReadError};
use super::client::{ApiRequest, Client};
use super::failure::RedirectTarget;
use super::url::with_other_scheme;
use crate::error::{Error, ErrorCode, Result};
use crate::limits;
use crate::model::Timestamp;
use crate::shell;
use serde::Deserialize;
use std::time::Duration;
use ureq::http::StatusCode;

/// What a server that could be asked has to say.
pub(super) enum ApiResponse {
    Body(Body),
    /// It does not have this route: its release is older, or newer.
    NoRoute,
    Refusal(ApiError),
    Unread(BodyError),
}

/// An answer that was not read to its end.
pub(super) struct BodyError {
    pub(super) stop: BodyReadError,
    /// For those who cannot do without it.
    pub(super) error: Error,
}

/// A server's no to one question, in texts without credentials.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: u16,
    /// MLflow's `error_code`; none where something else answered.
    pub(super) code: Option<String>,
    pub(super) message: String,
}

impl ApiError {
    /// Whether the thing asked for is not there.
    pub(super) fn is_absence(&self) -> bool {
        self.status == 404
    }

    /// Whether the server did not understand the question, so that a simpler one may do.
    pub(super) fn is_of_question(&self) -> bool {
        matches!(self.status, 400 | 500 | 501)
    }
}

/// MLflow's form of errors (`exceptions.py` of 3.18).
#[derive(Deserialize)]
struct MlflowError {
    error_code: Option<String>,
    message: Option<String>,
}

const LOOK_AT_THE_LOG: &str = "look at the server's log, or try again later";

pub(super) const SIGN_IN: &str =
    "if that is a sign-in page: set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD";

/// How servers of https answer to plain http: nginx, Go and Apache.
const HTTPS_ONLY: [&str; 3] =
    ["plain HTTP request was sent to HTTPS port", "HTTP request to an HTTPS server", "speaking plain HTTP to an SSL"];

/// One attempt.
pub(super) enum Attempt {
    /// Asking again is of no use.
    Final(Result<ApiResponse>),
    /// It may be different later; after a pause if the server named one.
    Passing(Result<ApiResponse>, Option<Duration>),
}

impl Client {
    /// What an answer means.
    pub(super) fn judge(
        &self,
        question: &ApiRequest,
        status: StatusCode,
        is_page: bool,
        bytes: Vec<u8>,
        wait: Option<Duration>,
        moved_to: Option<&RedirectTarget>,
    ) -> Attempt {
        let trouble: Option<MlflowError> = if status.is_success() {
            None
        } else {
            serde_json::from_slice(&bytes).ok().filter(|_| bytes.starts_with(b"{"))
        };
        let is_json = trouble.is_some();
        let code = trouble.as_ref().and_then(|trouble| trouble.error_code.as_deref()).map(|code| self.heard(code));
        // Pages and traces are long; only what refuses or is no answer at all is read for words.
        let message = if status.is_success() && (!is_page || question.is_file) {
            String::new()
        } else {
            let worded = trouble.and_then(|trouble| trouble.message);
            self.heard(&worded.unwrap_or_else(|| page_text(&String::from_utf8_lossy(&bytes), status)))
        };
        let moved = |error| self.with_target(error, moved_to);
        let fail = |kind, what: &str| Error::new(kind, format!("`{}` {what}", self.shown()));
        let refusal = |status, message| ApiResponse::Refusal(ApiError { status, code: code.clone(), message });
        Attempt::Final(match status.as_u16() {
            200..=299 if is_page && !question.is_file => {
                let error = self.not_mlflow(format!("it sends a web page: {message}"));
                Err(moved(if moved_to.is_some() { error.hint(SIGN_IN) } else { error }))
            }
            200..=299 => Ok(ApiResponse::Body(Body::new(bytes, &self.mask))),
            400 if !self.base.is_tls && is_for_https(&bytes) => {
                let error = Error::new(ErrorCode::Network, format!("`{}` speaks https", self.shown()));
                Err(error
                    .because(message)
                    .hint(format!("`{}` speaks it too", shell::option("-u", &with_other_scheme(&self.shown())))))
            }
            300..=399 => Err(moved(self.not_mlflow(format!("it answers with status {status}")))),
            401 | 403 => Err(moved(self.no_access(status, &message))),
            407 => Err(fail(ErrorCode::Credentials, "is behind a proxy that wants credentials")
                .hint("`HTTPS_PROXY=http://name:password@host:port` carries them")),
            404 if !is_json || code.as_deref() == Some("ENDPOINT_NOT_FOUND") => Ok(ApiResponse::NoRoute),
            405 => Ok(ApiResponse::NoRoute),
            408 | 429 => {
                let error =
                    fail(ErrorCode::Server, &format!("takes no requests for now: status {status}")).because(message);
                let hint = wait.map_or_else(
                    || "try again later".to_owned(),
                    |wait| format!("it asks to come back in {} s", wait.as_secs()),
                );
                return Attempt::Passing(Err(error.hint(hint)), wait);
            }
            // An error that MLflow itself words will be the same the next time.
            500 if is_json => Ok(refusal(500, message)),
            500 => return Attempt::Passing(Ok(refusal(500, message)), wait),
            502..=504 => {
                let error = moved(fail(ErrorCode::Server, &format!("failed with status {}", status.as_u16())));
                return Attempt::Passing(Err(error.because(message).hint(LOOK_AT_THE_LOG)), wait);
            }
            status => Ok(refusal(status, message)),
        })
    }

    /// An answer that was not read to its end.
    pub(super) fn unread(&self, stop: BodyReadError) -> BodyError {
        let answer = format!("an answer of `{}`", self.shown());
        let mib = |bytes: u64| bytes >> 20;
        let message = match &stop {
            BodyReadError::Long(most) => format!("{answer} is longer than {} MiB", mib(*most)),
            BodyReadError::Packed(most) => format!("{answer} unpacks to more than {} MiB", mib(*most)),
            BodyReadError::Crowded => {
                format!(
                    "{answer} was not read: answers that are read at once take at most {} MiB",
                    mib(limits::ANSWERS_BYTES)
                )
            }
            BodyReadError::Broken(_) => format!("{answer} broke off"),
        };
        BodyError { stop, error: Error::new(ErrorCode::Server, message) }
    }

    /// An error for something that answers but is not MLflow.
    pub(super) fn not_mlflow(&self, why: impl std::fmt::Display) -> Error {
        Error::new(ErrorCode::Server, format!("`{}` does not answer as an MLflow server does", self.shown()))
            .because(why)
            .hint("check the address, and the path before `/api` if there is one: `-u https://host/prefix`")
    }

    /// An error for a question that the server refused for good.
    pub(super) fn refused(&self, refusal: &ApiError) -> Error {
        let code = refusal.code.as_deref().map(|code| format!(", {code}")).unwrap_or_default();
        let what = if refusal.status >= 500 { "failed with" } else { "refused a request:" };
        let error = Error::new(ErrorCode::Server, format!("`{}` {what} status {}{code}", self.shown(), refusal.status));
        let error = error.because(&refusal.message);
        if refusal.status >= 500 { error.hint(LOOK_AT_THE_LOG) } else { error }
    }

    fn no_access(&self, status: StatusCode, message: &str) -> Error {
        let what = match (status, &self.authorization) {
            (StatusCode::UNAUTHORIZED, None) => "wants credentials",
            (StatusCode::UNAUTHORIZED, Some(_)) => "does not take these credentials",
            _ => "denies access",
        };
        let error = Error::new(ErrorCode::Credentials, format!("`{}` {what}", self.shown())).because(message);
        if let Some(variable) = self.unsupported {
            return error.hint(format!("{variable} is set, but that way to sign in is not built in"));
        }
        if message.contains("Host header") {
            return error.hint("the server has to be started with this host in MLFLOW_SERVER_ALLOWED_HOSTS");
        }
        match status {
            StatusCode::UNAUTHORIZED => {
                error.hint("set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN")
            }
            _ => error.hint("whoever runs the server can give you permission to read"),
        }
    }
}

/// Whether a server of https was spoken to in plain http.
fn is_for_https(bytes: &[u8]) -> bool {
    HTTPS_ONLY.iter().any(|words| memchr::memmem::find(bytes, words.as_bytes()).is_some())
}

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
pub(super) fn pause_asked_for(text: &str) -> Option<Duration> {
    let text = text.trim();
    text.parse().ok().map(Duration::from_secs).or_else(|| {
        let left = Timestamp::parse_http_date(text)?.millis() - Timestamp::now().millis();
        u64::try_from(left).ok().map(Duration::from_millis)
    })
}

/// What a web page or a plain text says, in one line.
pub(super) fn page_text(text: &str, status: StatusCode) -> String {
    let title =
        text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title.trim());
    let plain = || text.trim().lines().next().filter(|line| !line.starts_with('<')).map(str::trim);
    let line = title.or_else(plain).filter(|line| !line.is_empty());
    line.map_or_else(|| format!("status {status}"), str::to_owned)
}
