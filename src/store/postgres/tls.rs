//! TLS to a database, by libpq's `sslmode` (PostgreSQL 17, "SSL Support").

use super::keywords::Keywords;
use crate::files;
use crate::limits;
use crate::store::error::PostgresSettingsError;
use crate::store::trust::{ServerTrust, certificates};
use postgres::config::SslMode;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Returns whether TLS is used, and which servers are trusted.
pub(super) fn mode_and_trust(
    keywords: &Keywords,
    home: Option<&Path>,
) -> Result<(SslMode, ServerTrust), PostgresSettingsError> {
    let root = root_certificates(keywords, home)?;
    // Without certificates of its own, libpq's `require` encrypts and does not check who answers.
    Ok(match keywords.get("sslmode").unwrap_or("prefer") {
        "disable" => (SslMode::Disable, ServerTrust::Any),
        "allow" | "prefer" => (SslMode::Prefer, ServerTrust::Any),
        "require" => (SslMode::Require, root.map_or(ServerTrust::Any, ServerTrust::Issuers)),
        "verify-ca" => (SslMode::Require, root.map_or(ServerTrust::System, ServerTrust::Issuers)),
        "verify-full" => (SslMode::Require, root.map_or(ServerTrust::System, ServerTrust::Certificates)),
        other => {
            return Err(PostgresSettingsError::InvalidValue {
                keyword: "sslmode",
                value: other.to_owned(),
                expected: "disable, allow, prefer, require, verify-ca or verify-full",
            });
        }
    })
}

/// Reads the trusted certificates: those of `sslrootcert`, else of libpq's default file if it exists.
fn root_certificates(
    keywords: &Keywords,
    home: Option<&Path>,
) -> Result<Option<Vec<CertificateDer<'static>>>, PostgresSettingsError> {
    const KEYWORD: &str = "sslrootcert";
    let default = || Some(home?.join(".postgresql").join("root.crt")).filter(|path| path.is_file());
    let path = match keywords.get(KEYWORD) {
        Some("system") => None,
        Some(path) => Some(path.to_owned()),
        None => default().map(|path| path.display().to_string()),
    };
    let Some(path) = path else { return Ok(None) };
    let named = certificates(&read_file(KEYWORD, &path)?).map_err(|reason| unusable(KEYWORD, &path, reason))?;
    if named.is_empty() {
        return Err(unusable(KEYWORD, &path, "it contains no certificates".to_owned()));
    }
    Ok(Some(named))
}

/// Returns the settings of TLS, with the client certificate if there is one.
pub(super) fn config(keywords: &Keywords, trust: &ServerTrust) -> Result<Arc<ClientConfig>, PostgresSettingsError> {
    let client_certificate = client_certificate(keywords)?;
    trust.config(client_certificate.as_ref()).map_err(|error| {
        let keyword = if client_certificate.is_some() { "sslcert" } else { "sslrootcert" };
        unusable(keyword, keywords.get(keyword).unwrap_or_default(), error.to_string())
    })
}

/// Reads the certificate chain and the private key of the client.
fn client_certificate(
    keywords: &Keywords,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, PostgresSettingsError> {
    let (Some(certificate), Some(key)) = (keywords.get("sslcert"), keywords.get("sslkey")) else { return Ok(None) };
    let chain =
        certificates(&read_file("sslcert", certificate)?).map_err(|reason| unusable("sslcert", certificate, reason))?;
    let key_bytes = read_file("sslkey", key)?;
    let key_error = |error: rustls::pki_types::pem::Error| unusable("sslkey", key, error.to_string());
    Ok(Some((chain, PrivateKeyDer::from_pem_slice(&key_bytes).map_err(key_error)?)))
}

fn read_file(keyword: &'static str, path: &str) -> Result<Vec<u8>, PostgresSettingsError> {
    files::read_named(Path::new(path), limits::SETTINGS_BYTES)
        .map_err(|error| unusable(keyword, path, error.to_string()))
}

fn unusable(keyword: &'static str, path: &str, reason: String) -> PostgresSettingsError {
    PostgresSettingsError::Certificates { keyword, path: PathBuf::from(path), reason }
}
