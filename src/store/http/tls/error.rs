//! Classifies and describes TLS errors.

use crate::model::Timestamp;
use crate::store::error::TlsTrouble;
use crate::store::trust::is_ca_error;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError};

impl TlsTrouble {
    pub(in crate::store::http) fn from_error(error: &rustls::Error) -> Self {
        use AlertDescription as Alert;
        match error {
            error if is_ca_error(error) => Self::CaCertificate,
            rustls::Error::InvalidCertificate(reason) => match reason {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::Validity,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::HostName,
                CertificateError::UnknownIssuer => Self::UnknownIssuer,
                CertificateError::BadSignature => Self::Signature,
                _ => Self::OtherCertificate,
            },
            rustls::Error::NoCertificatesPresented => Self::OtherCertificate,
            rustls::Error::AlertReceived(
                Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied,
            ) => Self::ClientCertificate,
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            _ => Self::Other,
        }
    }

    /// Describes the error; `None` if the library's text is good enough.
    pub(in crate::store::http) fn describe(self, error: &rustls::Error) -> Option<String> {
        let date = |time: UnixTime| {
            Timestamp::from_millis(i64::try_from(time.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000)).rfc3339()
        };
        Some(match error {
            rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
                format!("it expired at {}", date(*not_after))
            }
            rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
                format!("it is valid from {}", date(*not_before))
            }
            _ if self == Self::CaCertificate => "it is a CA certificate".to_owned(),
            _ if self == Self::Signature => {
                "invalid signature: only the name of the certificate is trusted, or the server does not have its key"
                    .to_owned()
            }
            _ if self == Self::UnknownIssuer => "its issuer is not trusted".to_owned(),
            _ => return None,
        })
    }
}
