//! What goes wrong over TLS, in words for people.

use super::is_authority;
use crate::model::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError};

/// What is wrong between a client and a server over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::http) enum TlsTrouble {
    /// The certificate's dates do not fit today.
    Dates,
    /// It is for another host.
    Host,
    /// It is an authority's own, which is trusted only where it is named.
    Authority,
    /// No trusted authority issued it.
    Issuer,
    /// A signature is by another key than that of the certificate, or of its issuer.
    Signature,
    /// Another one of the certificate.
    Certificate,
    /// The server wants a certificate, or does not take the one that was shown.
    Client,
    /// What answers does not speak TLS.
    NoTls,
    Other,
}

impl TlsTrouble {
    pub(in crate::store::http) fn of(error: &rustls::Error) -> Self {
        use AlertDescription as Alert;
        match error {
            error if is_authority(error) => Self::Authority,
            rustls::Error::InvalidCertificate(why) => match why {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::Dates,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::Host,
                CertificateError::UnknownIssuer => Self::Issuer,
                CertificateError::BadSignature => Self::Signature,
                _ => Self::Certificate,
            },
            rustls::Error::NoCertificatesPresented => Self::Certificate,
            rustls::Error::AlertReceived(
                Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied,
            ) => Self::Client,
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            _ => Self::Other,
        }
    }

    /// The reason in words, where those of the libraries are for programmers.
    pub(in crate::store::http) fn words(self, error: &rustls::Error) -> Option<String> {
        let date = |time: UnixTime| {
            Timestamp::from_millis(i64::try_from(time.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000)).rfc3339()
        };
        Some(match error {
            rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
                format!("it was valid until {}", date(*not_after))
            }
            rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
                format!("it is valid from {}", date(*not_before))
            }
            _ if self == Self::Authority => "it is that of a certificate authority".to_owned(),
            _ if self == Self::Signature => {
                "a signature does not fit: the certificate only has the name of one that is \
                                             trusted, or the server does not have its key"
                    .to_owned()
            }
            _ if self == Self::Issuer => "its issuer is not trusted".to_owned(),
            _ => return None,
        })
    }
}
