//! TLS for tracking servers: trusted certificates, the client certificate, and connections. ureq's own TLS is not used,
//! since it cannot trust a server certificate directly, without its issuer.

mod connection;
mod error;

pub(super) use connection::{TlsConnector, tls_error};

use super::access::ServerSettings;
use crate::files;
use crate::limits;
use crate::store::error::ServerSettingsError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;

type TlsResult<T> = Result<T, rustls::Error>;

/// Trusted certificates and the client certificate.
#[derive(Clone)]
pub(super) struct TlsIdentity {
    trust: ServerTrust,
    /// Certificate chain, leaf first, and private key.
    client_certificate: Option<Arc<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>>,
}

/// Which server certificates are trusted.
#[derive(Clone)]
enum ServerTrust {
    /// Those issued by the certificate authorities of the operating system.
    System,
    Any,
    Certificates(Vec<CertificateDer<'static>>),
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
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let verifier: Arc<dyn ServerCertVerifier> = match &self.trust {
            ServerTrust::System => Arc::new(rustls_platform_verifier::Verifier::new(provider)?),
            ServerTrust::Any => Arc::new(TrustsAnyServer(provider)),
            ServerTrust::Certificates(named) => Arc::new(TrustsNamed::new(named.clone(), provider)?),
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        Ok(Arc::new(match self.client_certificate.as_deref() {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key())?,
            None => builder.with_no_client_auth(),
        }))
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

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error: rustls::pki_types::pem::Error| error.to_string())
}

/// Trusts configured certificates, and those that they issued.
#[derive(Debug)]
pub(super) struct TrustsNamed {
    named: Vec<CertificateDer<'static>>,
    issued: Arc<WebPkiServerVerifier>,
}

impl TrustsNamed {
    pub(super) fn new(named: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> TlsResult<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(named.iter().cloned());
        let issued = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self { named, issued: issued.map_err(|error| rustls::Error::General(error.to_string()))? })
    }
}

/// Whether a certificate was rejected only for its issuer, or for being a CA certificate. Its dates are then valid:
/// webpki checks them first (0.103 `verify_cert.rs`, `check_issuer_independent_properties`).
fn is_issuer_error(error: &rustls::Error) -> bool {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        error => is_ca_error(error),
    }
}

/// Whether the server presented a CA certificate, such as `openssl req -x509` generates.
fn is_ca_error(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(CertificateError::Other(other)) if other.to_string().contains("CaUsedAsEndEntity"))
}

impl ServerCertVerifier for TrustsNamed {
    /// Accepts a configured certificate, byte for byte, without an issuer. Its host name and dates must still be valid.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> TlsResult<ServerCertVerified> {
        match self.issued.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(error) if is_issuer_error(&error) && self.named.iter().any(|named| **named == **end_entity) => {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> TlsResult<HandshakeSignatureValid> {
        self.issued.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> TlsResult<HandshakeSignatureValid> {
        self.issued.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.issued.supported_verify_schemes()
    }
}

/// Trusts any server (`MLFLOW_TRACKING_INSECURE_TLS`).
#[derive(Debug)]
struct TrustsAnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustsAnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> TlsResult<ServerCertVerified> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> TlsResult<HandshakeSignatureValid> {
        // The certificate was not verified, so its key proves nothing; it may not even be X.509 v3.
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> TlsResult<HandshakeSignatureValid> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
