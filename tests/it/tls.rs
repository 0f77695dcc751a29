//! Servers behind TLS: which certificates are trusted, and how the others are reported.

use crate::harness::{Cli, Done};
use crate::remote;
use crate::server::{Answer, read_request};
use base64::Engine as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConnection, StreamOwned};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A certificate and its key.
struct Certificate {
    der: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Certificate {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }

    fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// As `openssl req -x509` makes it: its own issuer, and by default allowed to issue others.
fn self_signed(mut params: CertificateParams, is_authority: bool) -> Certificate {
    if is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    Certificate { der: params.self_signed(&key).unwrap().der().clone(), key: key.serialize_der() }
}

/// An authority, and how it issues certificates.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = params(&[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    fn issue(&self, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().unwrap();
        Certificate { der: params.signed_by(&key, &self.issuer).unwrap().der().clone(), key: key.serialize_der() }
    }
}

/// Answers as a server with three traces, behind TLS, until the test ends.
struct TlsServer {
    port: u16,
    folder: TempDir,
}

impl TlsServer {
    fn new(certificate: &Certificate, clients: Option<&Authority>) -> Self {
        Self::with_key(certificate, &certificate.key(), clients)
    }

    fn with_key(certificate: &Certificate, key: &PrivateKeyDer<'static>, clients: Option<&Authority>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        let signer = rustls::crypto::ring::sign::any_supported_type(key).unwrap();
        let certified = rustls::sign::CertifiedKey::new(vec![certificate.der.clone()], signer);
        let config = Arc::new(builder.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified))));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                std::thread::spawn(move || converse(StreamOwned::new(connection, stream)));
            }
        });
        Self { port, folder: tempfile::tempdir().unwrap() }
    }

    /// A file with certificates and keys.
    fn file(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{}.pem", text.len()));
        std::fs::write(&path, text).unwrap();
        path
    }

    fn list(&self, host: &str) -> Cli {
        Cli::new("traces list").on(format!("https://{host}:{}", self.port))
    }

    /// What comes of a list where this text is trusted.
    fn trusting(&self, host: &str, text: &str) -> Done {
        let done = self.list(host).env("MLFLOW_TRACKING_SERVER_CERT_PATH", self.file(text)).run();
        let hide = |text: &str| text.replace(&self.port.to_string(), "PORT");
        Done { stdout: hide(&done.stdout), stderr: hide(&done.stderr), exit: done.exit }
    }
}

fn converse(stream: StreamOwned<ServerConnection, TcpStream>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let Answer::Whole(reply) = remote::answer(&request, 3) else { panic!("{request:?} has a whole answer") };
        if reader.get_mut().write_all(&reply.bytes().0).is_err() {
            return;
        }
    }
}

fn assert_listed(done: &Done) {
    assert_eq!((done.exit, done.lines().len()), (Some(0), 4), "{done}");
}

/// The error of a run that trusts nothing it should not.
fn assert_refused(done: &Done, words: &[&str]) {
    assert_eq!((done.exit, done.stdout.as_str()), (Some(4), ""), "{done}");
    for word in words {
        assert!(done.stderr.contains(word), "{word}: {done}");
    }
}

#[test]
fn an_authority_vouches_for_its_servers() {
    let authority = Authority::new("ours");
    let server = TlsServer::new(&authority.issue(&params(&["localhost", "127.0.0.1"])), None);
    let named = pem("CERTIFICATE", &authority.der());
    assert_listed(&server.trusting("localhost", &named));
    assert_listed(&server.trusting("127.0.0.1", &named));
    let others = pem("CERTIFICATE", &Authority::new("theirs").der());
    assert_listed(&server.trusting("localhost", &format!("{others}{named}")));
    assert_refused(
        &server.trusting("localhost", &others),
        &[
            "cannot trust the certificate",
            "add this certificate or its issuer to the file in MLFLOW_TRACKING_SERVER_CERT_PATH",
        ],
    );
    let done = server.list("localhost").run();
    assert_refused(&done, &["cannot trust the certificate", "`MLFLOW_TRACKING_SERVER_CERT_PATH=ca.pem`"]);
    assert_listed(&server.list("localhost").env("MLFLOW_TRACKING_INSECURE_TLS", "true").run());
    assert_listed(&server.list("localhost").env("REQUESTS_CA_BUNDLE", server.file(&named)).run());
}

#[test]
fn a_certificate_that_is_named_itself_is_trusted() {
    for is_authority in [true, false] {
        let certificate = self_signed(params(&["localhost"]), is_authority);
        let server = TlsServer::new(&certificate, None);
        assert_listed(&server.trusting("localhost", &certificate.pem()));
        assert_refused(&server.trusting("127.0.0.1", &certificate.pem()), &["cannot trust", "not valid for"]);
        // One of the same name and issuer that is another.
        let other = self_signed(params(&["localhost"]), is_authority);
        let why = if is_authority { "or its issuer" } else { "invalid signature" };
        assert_refused(&server.trusting("localhost", &other.pem()), &["cannot trust", why]);
        assert_refused(&server.list("localhost").run(), &["MLFLOW_TRACKING_SERVER_CERT_PATH=ca.pem"]);
    }
    // One that an authority issued which is not named.
    let issued = Authority::new("ours").issue(&params(&["localhost"]));
    let server = TlsServer::new(&issued, None);
    assert_listed(&server.trusting("localhost", &issued.pem()));
    assert_refused(&server.trusting("127.0.0.1", &issued.pem()), &["not valid for"]);
}

#[test]
fn dates_count_whoever_is_named() {
    let authority = Authority::new("ours");
    for (from, until, why) in [(2001, 2002, "it expired at 2002-01-01"), (2200, 2201, "is valid from 2200-01-01")] {
        let mut params = params(&["localhost"]);
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        let issued = authority.issue(&params);
        for (certificate, named) in [
            (self_signed(params.clone(), true), None),
            (self_signed(params.clone(), false), None),
            (issued, Some(pem("CERTIFICATE", &authority.der()))),
        ] {
            let server = TlsServer::new(&certificate, None);
            let own = server.trusting("localhost", &certificate.pem());
            assert_refused(&own, &["cannot trust the certificate", why, "clock"]);
            if let Some(named) = named {
                assert_refused(&server.trusting("localhost", &named), &[why]);
            }
        }
    }
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_not_trusted() {
    for is_authority in [true, false] {
        let certificate = self_signed(params(&["localhost"]), is_authority);
        let other = self_signed(params(&["localhost"]), is_authority);
        let server = TlsServer::with_key(&certificate, &other.key(), None);
        assert_refused(&server.trusting("localhost", &certificate.pem()), &["cannot trust", "invalid signature"]);
    }
}

#[test]
fn a_certificate_is_shown_to_a_server_that_wants_one() {
    let (authority, strangers) = (Authority::new("ours"), Authority::new("theirs"));
    let own = self_signed(params(&["localhost"]), true);
    let server = TlsServer::new(&own, Some(&authority));
    let client = |authority: &Authority| {
        let certificate = authority.issue(&params(&["client"]));
        server.file(&format!("{}{}", certificate.pem(), pem("PRIVATE KEY", &certificate.key)))
    };
    let cli = server.list("localhost").env("MLFLOW_TRACKING_SERVER_CERT_PATH", server.file(&own.pem()));
    let with = |path: PathBuf| cli.clone().env("MLFLOW_TRACKING_CLIENT_CERT_PATH", path).run();
    assert_listed(&with(client(&authority)));
    assert_refused(&cli.run(), &["requires a valid client certificate", "MLFLOW_TRACKING_CLIENT_CERT_PATH=client.pem"]);
    assert_refused(
        &with(client(&strangers)),
        &["requires a valid client certificate", "the certificate in MLFLOW_TRACKING_CLIENT_CERT_PATH"],
    );
    // A key that is not the certificate's.
    let (one, other) = (authority.issue(&params(&["client"])), authority.issue(&params(&["client"])));
    let mixed = server.file(&format!("{}{}", one.pem(), pem("PRIVATE KEY", &other.key)));
    assert_refused(&with(mixed), &["cannot use the certificates in", "MLFLOW_TRACKING_CLIENT_CERT_PATH"]);
    assert_refused(&with(server.file(&one.pem())), &["must contain a certificate and its private key"]);
}

#[test]
fn plain_http_to_a_server_of_https_is_named() {
    let server = TlsServer::new(&self_signed(params(&["localhost"]), true), None);
    let done = Cli::new("traces list").on(format!("http://localhost:{}", server.port)).run();
    assert_refused(&done, &[&format!("try https: `-u https://localhost:{}`", server.port)]);
}

#[test]
fn tls_to_a_server_of_plain_http_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
        }
    });
    let done = Cli::new("traces list").on(format!("https://{place}")).run();
    assert_refused(&done, &["does not support TLS", &format!("try plain http: `-u http://{place}`")]);
}

/// A proxy that connects its clients to whatever they name on this machine; its address.
fn connect_proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || tunnel(&client));
        }
    });
    address
}

fn tunnel(client: &TcpStream) {
    // All of it, in however many pieces it comes: what is left would be taken for the first bytes of TLS.
    let head = BufReader::new(client).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let head: Vec<String> = head.collect();
    let port = head[0].split([' ', ':']).nth(2).and_then(|port| port.parse::<u16>().ok()).unwrap();
    assert!(head.iter().any(|line| line.eq_ignore_ascii_case("proxy-authorization: Basic YWRhOmh1bnRlcjI=")));
    let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    (&mut &*client).write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = std::io::copy(&mut &*client, &mut &server);
            let _ = server.shutdown(Shutdown::Write);
        });
        let _ = std::io::copy(&mut &server, &mut &*client);
        let _ = client.shutdown(Shutdown::Write);
    });
}

#[test]
fn a_proxy_is_connected_through() {
    let own = self_signed(params(&["mlflow.example"]), true);
    let server = TlsServer::new(&own, None);
    let proxy = connect_proxy().replace("http://", "http://ada:hunter2@");
    let cli = server.list("mlflow.example").env("HTTPS_PROXY", proxy);
    assert_listed(&cli.clone().env("MLFLOW_TRACKING_SERVER_CERT_PATH", server.file(&own.pem())).run());
    let done = cli.run();
    assert_refused(&done, &["cannot trust the certificate of `https://mlflow.example:"]);
    assert!(!done.stderr.contains("hunter2"), "{done}");
}
