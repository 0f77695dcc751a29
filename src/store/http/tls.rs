//! TLS to tracking servers: which certificates are trusted, which one is shown, and the connection itself. The client library
//! has no way to trust a certificate that is named itself, so its own TLS is not used.

mod connection;
mod trouble;

pub(super) use connection::{TlsConnector, tls_error};
pub(super) use trouble::TlsTrouble;

use super::access::ServerSettings;
use crate::error::{Error, ErrorCode, Result};
use crate::files;
use crate::limits;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

type TlsResult<T> = std::result::Result<T, rustls::Error>;

/// Which certificates a client trusts, and which one it shows.
#[derive(Clone)]
pub(super) struct TlsIdentity {
    trust: ServerTrust,
    /// A certificate, those above it, and its key.
    shown: Option<Arc<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>>,
}

/// Whom a client believes.
#[derive(Clone)]
enum ServerTrust {
    /// The authorities of the system.
    System,
    Anybody,
    Named(Vec<CertificateDer<'static>>),
}

impl TlsIdentity {
    /// Reads the files that the environment names, and tries out whether they can be used.
    pub(super) fn new(settings: &ServerSettings) -> Result<Self> {
        let trust = trust(settings)?;
        let Some(path) = &settings.client_certificate else { return Ok(Self { trust, shown: None }) };
        let bad = |why: String| bad_file("MLFLOW_TRACKING_CLIENT_CERT_PATH", path).because(why);
        let bytes = files::read_named(path, limits::SETTINGS_BYTES).map_err(|error| bad(error.to_string()))?;
        let chain = certificates(&bytes).map_err(bad)?;
        let key = PrivateKeyDer::from_pem_slice(&bytes).ok().filter(|_| !chain.is_empty());
        let key = key.ok_or_else(|| bad("it has to hold a certificate and its private key".to_owned()))?;
        let identity = Self { trust, shown: Some(Arc::new((chain, key))) };
        // Whether key and certificate are of each other is checked before anything is asked.
        let tried = Self { trust: ServerTrust::Anybody, ..identity.clone() }.config();
        tried.map(|_| identity).map_err(|error| bad(error.to_string()))
    }

    fn config(&self) -> TlsResult<Arc<ClientConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let verifier: Arc<dyn ServerCertVerifier> = match &self.trust {
            ServerTrust::System => Arc::new(rustls_platform_verifier::Verifier::new(provider)?),
            ServerTrust::Anybody => Arc::new(TrustsAnyServer(provider)),
            ServerTrust::Named(named) => Arc::new(TrustsNamed::new(named.clone(), provider)?),
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        Ok(Arc::new(match self.shown.as_deref() {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key())?,
            None => builder.with_no_client_auth(),
        }))
    }
}

fn trust(settings: &ServerSettings) -> Result<ServerTrust> {
    let Some((variable, path)) = &settings.trusted_certificates else {
        return Ok(if settings.insecure_tls { ServerTrust::Anybody } else { ServerTrust::System });
    };
    if settings.insecure_tls {
        // As MLflow does: the two contradict each other.
        if *variable == "MLFLOW_TRACKING_SERVER_CERT_PATH" {
            return Err(Error::new(
                ErrorCode::Usage,
                format!("MLFLOW_TRACKING_INSECURE_TLS and {variable} are both set"),
            )
            .hint("unset one of them"));
        }
        return Ok(ServerTrust::Anybody);
    }
    let bad = |why: String| bad_file(variable, path).because(why);
    let bytes = files::read_named(path, limits::SETTINGS_BYTES).map_err(|error| bad(error.to_string()))?;
    let named = certificates(&bytes).map_err(bad)?;
    if named.is_empty() {
        return Err(bad("there is no certificate in it".to_owned()));
    }
    // Bundles of systems may hold some that cannot be used.
    if RootCertStore::empty().add_parsable_certificates(named.iter().cloned()).0 == 0 {
        return Err(bad("no certificate in it can be used".to_owned()));
    }
    Ok(ServerTrust::Named(named))
}

fn certificates(pem: &[u8]) -> std::result::Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error: rustls::pki_types::pem::Error| error.to_string())
}

fn bad_file(variable: &str, path: &Path) -> Error {
    Error::new(ErrorCode::Credentials, format!("cannot use the certificates in `{}`", path.display()))
        .hint(format!("{variable} names that file; it has to hold X.509 certificates of version 3 in PEM form"))
}

/// Trusts certificates that were named, and those that they issued.
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

/// Whether a certificate was refused for who issued it, or for being an authority's own, and for nothing that was looked at
/// before: webpki looks at the dates first (0.103 `verify_cert.rs`, `check_issuer_independent_properties`).
fn is_of_issuer(error: &rustls::Error) -> bool {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        error => is_authority(error),
    }
}

/// Whether a server shows a certificate with which others are issued, as `openssl req -x509` makes it.
fn is_authority(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(CertificateError::Other(other)) if other.to_string().contains("CaUsedAsEndEntity"))
}

impl ServerCertVerifier for TrustsNamed {
    /// A certificate that is named itself, byte for byte, needs no issuer. It still has to be for the host, and valid today.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> TlsResult<ServerCertVerified> {
        match self.issued.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(error) if is_of_issuer(&error) && self.named.iter().any(|named| **named == **end_entity) => {
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

/// Trusts any server, as `MLFLOW_TRACKING_INSECURE_TLS` asks for.
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
        // The key is that of a certificate which was not looked at, of whatever version.
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
