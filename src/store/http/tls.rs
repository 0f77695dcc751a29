//! TLS for tracking servers: trusted certificates, the client certificate, and connections. ureq's own TLS is not used,
//! since it cannot trust a server certificate directly, without its issuer.

mod connection;
mod error;

pub(super) use connection::{TlsConnector, tls_error};

use super::access::ServerSettings;
use crate::files;
use crate::limits;
use crate::store::error::ServerSettingsError;
use crate::store::trust::{ServerTrust, TlsResult, certificates};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// Trusted certificates and the client certificate.
#[derive(Clone)]
pub(super) struct TlsIdentity {
    trust: ServerTrust,
    /// Certificate chain, leaf first, and private key.
    client_certificate: Option<Arc<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>>,
}

impl TlsIdentity {
    /// Reads and validates the files configured in the environment.
    pub(super) fn new(settings: &ServerSettings) -> Result<Self, ServerSettingsError> {
        let trust = server_trust(settings)?;
        let Some(path) = &settings.client_certificate else { return Ok(Self { trust, client_certificate: None }) };
        let variable = "MLFLOW_TRACKING_CLIENT_CERT_PATH";
        let file_error = |reason| ServerSettingsError::Certificates { variable, path: path.clone(), reason };
        let bytes = files::read_named(path, limits::SETTINGS_BYTES).map_err(|error| file_error(error.to_string()))?;
        let chain = certificates(&bytes).map_err(file_error)?;
        let key = PrivateKeyDer::from_pem_slice(&bytes).ok().filter(|_| !chain.is_empty());
        let key = key.ok_or_else(|| file_error("it must contain a certificate and its private key".to_owned()))?;
        let identity = Self { trust, client_certificate: Some(Arc::new((chain, key))) };
        // Checks that key and certificate match before any request is sent.
        let config = Self { trust: ServerTrust::Any, ..identity.clone() }.config();
        config.map(|_| identity).map_err(|error| file_error(error.to_string()))
    }

    fn config(&self) -> TlsResult<Arc<ClientConfig>> {
        self.trust.config(self.client_certificate.as_deref())
    }
}

fn server_trust(settings: &ServerSettings) -> Result<ServerTrust, ServerSettingsError> {
    let Some((variable, path)) = &settings.trusted_certificates else {
        return Ok(if settings.insecure_tls { ServerTrust::Any } else { ServerTrust::System });
    };
    if settings.insecure_tls {
        // As in MLflow, the two are mutually exclusive.
        if *variable == "MLFLOW_TRACKING_SERVER_CERT_PATH" {
            return Err(ServerSettingsError::ConflictingTrust(variable));
        }
        return Ok(ServerTrust::Any);
    }
    let file_error = |reason| ServerSettingsError::Certificates { variable, path: path.clone(), reason };
    let bytes = files::read_named(path, limits::SETTINGS_BYTES).map_err(|error| file_error(error.to_string()))?;
    let named = certificates(&bytes).map_err(file_error)?;
    if named.is_empty() {
        return Err(file_error("it contains no certificates".to_owned()));
    }
    // System bundles may contain some unusable certificates.
    if RootCertStore::empty().add_parsable_certificates(named.iter().cloned()).0 == 0 {
        return Err(file_error("none of its certificates can be used".to_owned()));
    }
    Ok(ServerTrust::Certificates(named))
}
