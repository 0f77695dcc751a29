//! The environment variables, read once.

use crate::store::{POSTGRES_VARIABLES, PostgresSettings, Secret, ServerSettings, StoreEnvironment};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The settings from environment variables, except those of the terminal.
#[derive(Debug)]
pub struct Environment {
    /// Locations of stores and settings for servers.
    pub store: StoreEnvironment,
    /// The default experiment: the variable (`MLFLOW_EXPERIMENT_NAME` or `MLFLOW_EXPERIMENT_ID`) and its value.
    pub experiment: Option<(&'static str, String)>,
    /// Where MLflow may be installed.
    pub installation: MlflowLocations,
    /// `MLTRACE_NOW`, an RFC 3339 time with which tests replace the clock.
    pub now: Option<String>,
}

impl Environment {
    /// Reads the variables.
    #[must_use]
    pub fn read(env: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let text = |key: &str| env(key).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty());
        let variable = |key: &'static str| text(key).map(|value| (key, value));
        Self {
            store: StoreEnvironment {
                cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
                tracking_uri: text("MLFLOW_TRACKING_URI"),
                artifacts_destination: text("MLFLOW_ARTIFACTS_DESTINATION").map(PathBuf::from),
                postgres: postgres_settings(&text),
                server: server_settings(&text),
                stdin: None,
            },
            experiment: variable("MLFLOW_EXPERIMENT_NAME").or_else(|| variable("MLFLOW_EXPERIMENT_ID")),
            installation: installation(&text),
            now: text("MLTRACE_NOW"),
        }
    }
}

/// Where MLflow may be installed, and how it is configured.
#[derive(Clone, Debug)]
pub struct MlflowLocations {
    /// Folders that may hold its program: the active virtual environment first, then those on `PATH`.
    pub programs: Vec<PathBuf>,
    /// `MLFLOW_ALLOW_FILE_STORE`, without which MLflow refuses file stores since 3.13.
    pub allows_file_stores: bool,
}

/// Reads where MLflow may be installed.
fn installation(text: &dyn Fn(&str) -> Option<String>) -> MlflowLocations {
    let active = text("VIRTUAL_ENV").map(PathBuf::from);
    let active = active.into_iter().flat_map(|folder| [folder.join("bin"), folder.join("Scripts")]);
    let on_path = text("PATH").unwrap_or_default();
    MlflowLocations {
        programs: active.chain(std::env::split_paths(&on_path)).collect(),
        // What MLflow parses as true (`environment_variables.py`, `_BooleanEnvironmentVariable`).
        allows_file_stores: text("MLFLOW_ALLOW_FILE_STORE")
            .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1")),
    }
}

/// Reads the settings for PostgreSQL.
fn postgres_settings(text: &dyn Fn(&str) -> Option<String>) -> PostgresSettings {
    let value = |(keyword, variable): &(&'static str, &str)| Some((*keyword, Secret::new(text(variable)?)));
    PostgresSettings { keywords: POSTGRES_VARIABLES.iter().filter_map(value).collect(), home: home(text) }
}

/// Returns the home folder.
fn home(text: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    text("HOME").or_else(|| text("USERPROFILE")).map(PathBuf::from)
}

/// Reads the settings for tracking servers. Proxy variables, which other programs share, may be upper or lower case.
fn server_settings(text: &dyn Fn(&str) -> Option<String>) -> ServerSettings {
    let is = |key: &str, words: &[&str]| {
        text(key).is_some_and(|value| words.contains(&value.trim().to_ascii_lowercase().as_str()))
    };
    let secret = |key: &str| text(key).map(Secret::new);
    let either = |key: &str| text(&key.to_ascii_lowercase()).or_else(|| text(key));
    let proxy = |key: &str| either(key).or_else(|| either("ALL_PROXY")).map(Secret::new);
    let trusted = ["MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
    ServerSettings {
        username: text("MLFLOW_TRACKING_USERNAME"),
        password: secret("MLFLOW_TRACKING_PASSWORD"),
        token: secret("MLFLOW_TRACKING_TOKEN"),
        credentials_file: home(text).map(|home| home.join(".mlflow").join("credentials")),
        workspace: text("MLFLOW_WORKSPACE"),
        insecure_tls: is("MLFLOW_TRACKING_INSECURE_TLS", &["true", "1"]),
        trusted_certificates: trusted.into_iter().find_map(|key| Some((key, PathBuf::from(text(key)?)))),
        client_certificate: text("MLFLOW_TRACKING_CLIENT_CERT_PATH").map(PathBuf::from),
        timeout: text("MLFLOW_HTTP_REQUEST_TIMEOUT")
            .and_then(|value| value.trim().parse().ok())
            .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
            .filter(|timeout| !timeout.is_zero()),
        retries: text("MLFLOW_HTTP_REQUEST_MAX_RETRIES").and_then(|value| value.trim().parse().ok()),
        refuses_redirects: is("MLFLOW_ALLOW_HTTP_REDIRECTS", &["false", "0", "no", "off"]),
        http_proxy: proxy("HTTP_PROXY"),
        https_proxy: proxy("HTTPS_PROXY"),
        no_proxy: either("NO_PROXY"),
        requests: Arc::default(),
        unsupported: ["MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_TRACKING_AUTH"]
            .into_iter()
            .find(|key| text(key).is_some_and(|value| !value.trim().eq_ignore_ascii_case("false"))),
    }
}
