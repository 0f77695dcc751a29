//! Which TLS servers are trusted.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;

pub(super) type TlsResult<T> = Result<T, rustls::Error>;

/// Which server certificates are trusted.
#[derive(Clone)]
pub(super) enum ServerTrust {
    /// Those issued by the certificate authorities of the operating system.
    System,
    /// All of them.
    Any,
    /// These, and those that they issued.
    Certificates(Vec<CertificateDer<'static>>),
    /// Those that these issued, whatever their host name.
    Issuers(Vec<CertificateDer<'static>>),
}

impl ServerTrust {
    /// Returns the settings of a client, which may send a certificate: its chain, leaf first, and its private key.
    pub(super) fn config(
        &self,
        client_certificate: Option<&(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    ) -> TlsResult<Arc<ClientConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let verifier: Arc<dyn ServerCertVerifier> = match self {
            Self::System => Arc::new(rustls_platform_verifier::Verifier::new(provider)?),
            Self::Any => Arc::new(TrustsAnyServer(provider)),
            Self::Certificates(named) => Arc::new(TrustsNamed::new(named.clone(), true, provider)?),
            Self::Issuers(named) => Arc::new(TrustsNamed::new(named.clone(), false, provider)?),
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        Ok(Arc::new(match client_certificate {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key())?,
            None => builder.with_no_client_auth(),
        }))
    }
}

/// Reads the certificates of a PEM file.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error: rustls::pki_types::pem::Error| error.to_string())
}

/// Trusts configured certificates, and those that they issued.
#[derive(Debug)]
struct TrustsNamed {
    named: Vec<CertificateDer<'static>>,
    issued: Arc<WebPkiServerVerifier>,
    /// Whether the certificate must be of the host.
    checks_host: bool,
}

impl TrustsNamed {
    fn new(named: Vec<CertificateDer<'static>>, checks_host: bool, provider: Arc<CryptoProvider>) -> TlsResult<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(named.iter().cloned());
        let issued = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self { named, issued: issued.map_err(|error| rustls::Error::General(error.to_string()))?, checks_host })
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

/// Whether a certificate was rejected only because it is of another host.
fn is_name_error(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// Whether the server presented a CA certificate, such as `openssl req -x509` generates.
pub(super) fn is_ca_error(error: &rustls::Error) -> bool {
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
                if self.checks_host {
                    rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            // The name is checked last, after the issuer and the dates.
            Err(error) if !self.checks_host && is_name_error(&error) => Ok(ServerCertVerified::assertion()),
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

/// Trusts any server (`MLFLOW_TRACKING_INSECURE_TLS`, `sslmode=require` of libpq).
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
