//! Questions that get no answer, and what may be done about it.

use super::answer::SIGN_IN;
use super::client::Client;
use super::tls::{TlsTrouble, tls_error};
use super::url::{bare, is_same_origin, origin, with_other_scheme, without_credentials};
use crate::error::{Error, ErrorCode};
use crate::limits;
use crate::shell;
use std::io::ErrorKind;
use ureq::Timeout;

/// A question without an answer.
pub(super) struct RequestFailure {
    pub(super) why: FailureReason,
    /// Where the server sent the question to.
    pub(super) moved_to: Option<RedirectTarget>,
}

/// Where a redirect leads.
#[derive(Clone, Debug)]
pub(super) struct RedirectTarget {
    pub(super) url: String,
    /// The same for messages, without the client's credentials in it.
    pub(super) shown: String,
}

/// Why there is no answer.
pub(super) enum FailureReason {
    /// A header cannot be made of what the environment holds.
    Unsendable,
    NoRedirects,
    EndlessRedirects,
    /// A redirect to what is no address on the web.
    OddTarget,
    /// A redirect to another origin, where the body of a question is not sent; with the tracking URI that would ask there,
    /// if the target is the same question.
    Elsewhere(Option<String>),
    /// Before the answer began.
    Head(ureq::Error),
    /// In the middle of the answer.
    Body(ureq::Error),
}

impl RequestFailure {
    /// Whether asking again may help.
    pub(super) fn may_pass(&self) -> bool {
        match &self.why {
            FailureReason::Unsendable
            | FailureReason::NoRedirects
            | FailureReason::EndlessRedirects
            | FailureReason::OddTarget
            | FailureReason::Elsewhere(_) => false,
            FailureReason::Head(error) => {
                matches!(error, ureq::Error::Io(_) | ureq::Error::ConnectionFailed)
                    && tls_error(error).is_none()
                    && !is_unknown_host(error)
            }
            FailureReason::Body(error) => !matches!(error, ureq::Error::Timeout(_)),
        }
    }
}

/// The standard library has no kind of its own for a name that cannot be resolved.
fn is_unknown_host(error: &ureq::Error) -> bool {
    let is_lookup = |text: &str| text.contains("lookup address") || text.contains("No such host");
    match error {
        ureq::Error::HostNotFound => true,
        ureq::Error::Io(error) => is_lookup(&error.to_string()),
        _ => false,
    }
}

/// Who did not answer: the server that was asked, or the one that it redirects to.
struct Peer {
    /// What messages call it.
    shown: String,
    host: String,
    is_tls: bool,
}

impl Client {
    /// Who failed. A redirect may lead to a sign-in page on another host, and then that is the host to look at.
    fn peer(&self, failure: &RequestFailure) -> Peer {
        let asked = || Peer { shown: self.shown(), host: self.base.host.clone(), is_tls: self.base.is_tls };
        let is_of_target = matches!(failure.why, FailureReason::Head(_) | FailureReason::Body(_));
        let target =
            failure.moved_to.as_ref().filter(|target| is_of_target && !is_same_origin(&target.url, &self.base.origin));
        target.map_or_else(asked, |target| {
            let shown = without_credentials(&target.shown);
            let shown = self.heard(origin(&shown).unwrap_or(&shown));
            let place = shown.split_once("://").map_or(shown.as_str(), |(_, place)| place);
            let host = place.rsplit_once(':').map_or(place, |(host, _)| host).trim_matches(['[', ']']).to_owned();
            Peer { host, is_tls: target.url.to_ascii_lowercase().starts_with("https:"), shown }
        })
    }

    /// An error for a question that nobody answered.
    pub(super) fn failure(&self, failure: &RequestFailure) -> Error {
        let shown = self.shown();
        let peer = self.peer(failure);
        let network = |message: String| Error::new(ErrorCode::Network, message);
        let error = match &failure.why {
            FailureReason::Unsendable => Error::new(
                ErrorCode::Credentials,
                "the credentials or the workspace hold characters that a header cannot carry",
            )
            .hint("look at MLFLOW_TRACKING_TOKEN and MLFLOW_WORKSPACE: is there a line break at the end?"),
            FailureReason::NoRedirects => {
                network(format!("`{shown}` redirects, and MLFLOW_ALLOW_HTTP_REDIRECTS forbids to follow"))
            }
            FailureReason::EndlessRedirects => network(format!("`{shown}` redirects without end")),
            FailureReason::OddTarget => network(format!("`{shown}` redirects to what is no http or https address"))
                .hint("check the address, and any proxy before the server"),
            FailureReason::Elsewhere(base) => self.elsewhere(base.as_deref()),
            FailureReason::Head(error) => self.no_answer(&peer, error),
            FailureReason::Body(ureq::Error::Timeout(_)) => self.too_slow(&peer),
            FailureReason::Body(error)
                if tls_error(error).is_some_and(|error| TlsTrouble::of(error) == TlsTrouble::Client) =>
            {
                self.no_answer(&peer, error)
            }
            FailureReason::Body(error) => {
                network(format!("the connection to `{}` broke in the middle of an answer", peer.shown))
                    .because(self.text_of(error))
                    .hint("try again")
            }
        };
        self.with_target(error, failure.moved_to.as_ref())
    }

    /// An error for a redirect to another origin.
    fn elsewhere(&self, base: Option<&str>) -> Error {
        let error = Error::new(
            ErrorCode::Server,
            format!("`{}` redirects to another address, where requests are not repeated", self.shown()),
        );
        error.hint(match base {
            Some(base) if self.base.is_tls && base.starts_with("http:") => {
                format!(
                    "`{}` asks there, over plain http, which anybody on the way can read",
                    shell::option("-u", base)
                )
            }
            Some(base) => format!("`{}` asks there", shell::option("-u", base)),
            None => SIGN_IN.to_owned(),
        })
    }

    /// Names where a redirect led, and from where, without what may be secret in it.
    pub(super) fn with_target(&self, error: Error, moved_to: Option<&RedirectTarget>) -> Error {
        match moved_to {
            Some(target) => {
                let target = self.heard(&without_credentials(bare(&target.shown)));
                error.because(format!("`{}` redirects to `{target}`", self.shown()))
            }
            None => error,
        }
    }

    /// An error for an answer that did not even begin.
    fn no_answer(&self, peer: &Peer, error: &ureq::Error) -> Error {
        let shown = &peer.shown;
        let network = |message: String| Error::new(ErrorCode::Network, message);
        if let Some(error) = tls_error(error) {
            return self.no_tls(peer, error);
        }
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                network(format!("cannot connect to `{shown}` within {} s", limits::CONNECT_TIME.as_secs()))
                    .hint(self.way("check the address, the network and the firewall"))
            }
            ureq::Error::Timeout(_) => self.too_slow(peer),
            error if is_unknown_host(error) => network(format!("no host `{}` is known here", peer.host))
                .hint(self.way("check the spelling, the network and the VPN")),
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                network(format!("`{shown}` refuses connections"))
                    .hint(self.way("is the server running there? `mlflow server --port 5000` starts one"))
            }
            ureq::Error::ConnectProxyFailed(why) => network(format!("the proxy does not reach `{shown}`"))
                .because(self.heard(why))
                .hint(self.way("check the address")),
            error @ ureq::Error::Protocol(_) => network(format!("`{shown}` does not answer as a web server does"))
                .because(self.text_of(error))
                .hint(if peer.is_tls { "check the address, and the port".to_owned() } else { speaks_other(peer) }),
            error => network(format!("the connection to `{shown}` broke"))
                .because(self.text_of(error))
                .hint(format!("try again; or {}", speaks_other(peer))),
        }
    }

    /// An error for a server with which no connection over TLS comes about.
    fn no_tls(&self, peer: &Peer, error: &rustls::Error) -> Error {
        let shown = &peer.shown;
        let trouble = TlsTrouble::of(error);
        let of_certificate = || {
            let why = trouble.words(error).unwrap_or_else(|| self.heard(&error.to_string()));
            Error::new(ErrorCode::Network, format!("cannot trust the certificate of `{shown}`")).because(why)
        };
        match trouble {
            TlsTrouble::NoTls => Error::new(ErrorCode::Network, format!("`{shown}` does not speak TLS"))
                .because(self.heard(&error.to_string()))
                .hint(speaks_other(peer)),
            TlsTrouble::Client => {
                let error = Error::new(ErrorCode::Credentials, format!("`{shown}` wants a certificate of the client"))
                    .because(self.heard(&error.to_string()));
                error.hint(if self.has_certificate {
                    "it does not take the one that MLFLOW_TRACKING_CLIENT_CERT_PATH names: look at its dates and its issuer"
                } else {
                    "`MLFLOW_TRACKING_CLIENT_CERT_PATH=client.pem` names a certificate and its key"
                })
            }
            TlsTrouble::Dates => of_certificate().hint("the server needs a new certificate; or is the clock of this machine wrong?"),
            TlsTrouble::Host => of_certificate().hint("name the server in the address as its certificate does"),
            TlsTrouble::Issuer | TlsTrouble::Authority => of_certificate().hint(match self.trusted_by {
                Some(variable) => format!(
                    "the file that {variable} names holds neither this certificate nor one that issued it; add one of them"
                ),
                None => "`MLFLOW_TRACKING_SERVER_CERT_PATH=ca.pem` names a certificate to trust: the server's own, or that \
                         of its issuer"
                    .to_owned(),
            }),
            TlsTrouble::Signature => of_certificate().hint(match self.trusted_by {
                Some(variable) => format!("has the server a new certificate? {variable} names a file with others"),
                None => "make sure that this is the server you mean".to_owned(),
            }),
            TlsTrouble::Certificate => of_certificate().hint("the server needs another certificate"),
            TlsTrouble::Other => Error::new(ErrorCode::Network, format!("no TLS connection to `{shown}` comes about"))
                .because(self.heard(&error.to_string()))
                .hint(self.way("check the address, and which versions of TLS the server speaks: 1.2 or 1.3 is needed")),
        }
    }

    fn too_slow(&self, peer: &Peer) -> Error {
        let seconds = self.total.as_secs_f32();
        Error::new(ErrorCode::Network, format!("no whole answer from `{}` within {seconds} s", peer.shown))
            .hint(format!("`MLFLOW_HTTP_REQUEST_TIMEOUT={}` waits longer", (self.total.as_secs() * 4).max(30)))
    }

    /// An error without the prefix of errors of input and output. A proxy may have worded it.
    fn text_of(&self, error: &ureq::Error) -> String {
        self.heard(error.to_string().trim_start_matches("io: "))
    }

    /// A hint, and where a proxy stands between, that it does.
    fn way(&self, hint: &str) -> String {
        let proxy = "; the way goes through the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY)";
        format!("{hint}{}", if self.via_proxy { proxy } else { "" })
    }
}

/// The protocol that a server may speak instead of the one that was tried.
fn speaks_other(peer: &Peer) -> String {
    let other = if peer.is_tls { "plain http" } else { "https" };
    format!("does it speak {other}: `{}`?", shell::option("-u", &with_other_scheme(&peer.shown)))
}
