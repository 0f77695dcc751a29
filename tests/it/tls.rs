//! TLS servers: which certificates are trusted, and how others are reported.

use crate::harness::{Cli, RunOutput};
use crate::remote;
use crate::server::{MockResponse, read_request};
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

/// A self-signed certificate like that of `openssl req -x509`, which is a CA by default.
fn self_signed(mut params: CertificateParams, is_authority: bool) -> Certificate {
    if is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    Certificate { der: params.self_signed(&key).unwrap().der().clone(), key: key.serialize_der() }
}

/// A certificate authority.
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

/// A TLS server with three traces, which runs until the test ends.
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
                std::thread::spawn(move || handle_connection(StreamOwned::new(connection, stream)));
            }
        });
        Self { port, folder: tempfile::tempdir().unwrap() }
    }

    /// Writes a PEM file.
    fn file(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{}.pem", text.len()));
        std::fs::write(&path, text).unwrap();
        path
    }

    fn list(&self, host: &str) -> Cli {
        Cli::new("traces list").on(format!("https://{host}:{}", self.port))
    }

    /// The output of a list that trusts this PEM text.
    fn list_trusting(&self, host: &str, text: &str) -> RunOutput {
        let output = self.list(host).env("MLFLOW_TRACKING_SERVER_CERT_PATH", self.file(text)).run();
        let hide = |text: &str| text.replace(&self.port.to_string(), "PORT");
        RunOutput { stdout: hide(&output.stdout), stderr: hide(&output.stderr), exit: output.exit }
    }
}

fn handle_connection(stream: StreamOwned<ServerConnection, TcpStream>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let MockResponse::Whole(response) = remote::respond(&request, 3) else {
            panic!("no complete response to {request:?}")
        };
        if reader.get_mut().write_all(&response.bytes().0).is_err() {
            return;
        }
    }
}

fn assert_listed(output: &RunOutput) {
    assert_eq!((output.exit, output.lines().len()), (Some(0), 4), "{output}");
}

/// Asserts that the server was rejected with an error that contains these words.
fn assert_rejected(output: &RunOutput, words: &[&str]) {
    assert_eq!((output.exit, output.stdout.as_str()), (Some(4), ""), "{output}");
    for word in words {
        assert!(output.stderr.contains(word), "{word}: {output}");
    }
}

#[test]
fn certificates_of_a_trusted_authority_are_accepted() {
    let authority = Authority::new("ours");
    let server = TlsServer::new(&authority.issue(&params(&["localhost", "127.0.0.1"])), None);
    let ca = pem("CERTIFICATE", &authority.der());
    assert_listed(&server.list_trusting("localhost", &ca));
    assert_listed(&server.list_trusting("127.0.0.1", &ca));
    let other_ca = pem("CERTIFICATE", &Authority::new("theirs").der());
    assert_listed(&server.list_trusting("localhost", &format!("{other_ca}{ca}")));
    assert_rejected(
        &server.list_trusting("localhost", &other_ca),
        &[
            "cannot trust the certificate",
            "add this certificate or its issuer to the file in MLFLOW_TRACKING_SERVER_CERT_PATH",
        ],
    );
    let output = server.list("localhost").run();
    assert_rejected(&output, &["cannot trust the certificate", "`MLFLOW_TRACKING_SERVER_CERT_PATH=ca.pem`"]);
    assert_listed(&server.list("localhost").env("MLFLOW_TRACKING_INSECURE_TLS", "true").run());
    assert_listed(&server.list("localhost").env("REQUESTS_CA_BUNDLE", server.file(&ca)).run());
}

#[test]
fn self_signed_certificates_can_be_trusted() {
    for is_authority in [true, false] {
        let certificate = self_signed(params(&["localhost"]), is_authority);
        let server = TlsServer::new(&certificate, None);
        assert_listed(&server.list_trusting("localhost", &certificate.pem()));
        assert_rejected(&server.list_trusting("127.0.0.1", &certificate.pem()), &["cannot trust", "not valid for"]);
        // Another certificate with the same name and issuer.
        let other = self_signed(params(&["localhost"]), is_authority);
        let why = if is_authority { "or its issuer" } else { "invalid signature" };
        assert_rejected(&server.list_trusting("localhost", &other.pem()), &["cannot trust", why]);
        assert_rejected(&server.list("localhost").run(), &["MLFLOW_TRACKING_SERVER_CERT_PATH=ca.pem"]);
    }
    // A trusted certificate whose issuer is not trusted.
    let issued = Authority::new("ours").issue(&params(&["localhost"]));
    let server = TlsServer::new(&issued, None);
    assert_listed(&server.list_trusting("localhost", &issued.pem()));
    assert_rejected(&server.list_trusting("127.0.0.1", &issued.pem()), &["not valid for"]);
}

#[test]
fn expired_certificates_are_rejected_even_if_configured() {
    let authority = Authority::new("ours");
    for (from, until, why) in [(2001, 2002, "it expired at 2002-01-01"), (2200, 2201, "is valid from 2200-01-01")] {
        let mut params = params(&["localhost"]);
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        let issued = authority.issue(&params);
        for (certificate, ca) in [
            (self_signed(params.clone(), true), None),
            (self_signed(params.clone(), false), None),
            (issued, Some(pem("CERTIFICATE", &authority.der()))),
        ] {
            let server = TlsServer::new(&certificate, None);
            let own = server.list_trusting("localhost", &certificate.pem());
            assert_rejected(&own, &["cannot trust the certificate", why, "clock"]);
            if let Some(ca) = ca {
                assert_rejected(&server.list_trusting("localhost", &ca), &[why]);
            }
        }
    }
}

#[test]
fn certificates_with_another_key_are_rejected() {
    for is_authority in [true, false] {
        let certificate = self_signed(params(&["localhost"]), is_authority);
        let other = self_signed(params(&["localhost"]), is_authority);
        let server = TlsServer::with_key(&certificate, &other.key(), None);
        assert_rejected(&server.list_trusting("localhost", &certificate.pem()), &["cannot trust", "invalid signature"]);
    }
}

#[test]
fn client_certificates_are_sent() {
    let (authority, other_authority) = (Authority::new("ours"), Authority::new("theirs"));
    let own = self_signed(params(&["localhost"]), true);
    let server = TlsServer::new(&own, Some(&authority));
    let client = |authority: &Authority| {
        let certificate = authority.issue(&params(&["client"]));
        server.file(&format!("{}{}", certificate.pem(), pem("PRIVATE KEY", &certificate.key)))
    };
    let cli = server.list("localhost").env("MLFLOW_TRACKING_SERVER_CERT_PATH", server.file(&own.pem()));
    let with = |path: PathBuf| cli.clone().env("MLFLOW_TRACKING_CLIENT_CERT_PATH", path).run();
    assert_listed(&with(client(&authority)));
    assert_rejected(
        &cli.run(),
        &["requires a valid client certificate", "MLFLOW_TRACKING_CLIENT_CERT_PATH=client.pem"],
    );
    assert_rejected(
        &with(client(&other_authority)),
        &["requires a valid client certificate", "the certificate in MLFLOW_TRACKING_CLIENT_CERT_PATH"],
    );
    // The key of another certificate.
    let (certificate, other) = (authority.issue(&params(&["client"])), authority.issue(&params(&["client"])));
    let mixed = server.file(&format!("{}{}", certificate.pem(), pem("PRIVATE KEY", &other.key)));
    assert_rejected(&with(mixed), &["cannot use the certificates in", "MLFLOW_TRACKING_CLIENT_CERT_PATH"]);
    assert_rejected(&with(server.file(&certificate.pem())), &["must contain a certificate and its private key"]);
}

#[test]
fn plain_http_to_https_servers_is_reported() {
    let server = TlsServer::new(&self_signed(params(&["localhost"]), true), None);
    let output = Cli::new("traces list").on(format!("http://localhost:{}", server.port)).run();
    assert_rejected(&output, &[&format!("try https: `-u https://localhost:{}`", server.port)]);
}

#[test]
fn tls_to_http_servers_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
        }
    });
    let output = Cli::new("traces list").on(format!("https://{address}")).run();
    assert_rejected(&output, &["does not support TLS", &format!("try plain http: `-u http://{address}`")]);
}

/// Starts a proxy that connects to any requested port on this machine, and returns its address.
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
    // Reads the entire head, because the rest would be passed on as TLS data.
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
fn https_proxies_are_used() {
    let own = self_signed(params(&["mlflow.example"]), true);
    let server = TlsServer::new(&own, None);
    let proxy = connect_proxy().replace("http://", "http://ada:hunter2@");
    let cli = server.list("mlflow.example").env("HTTPS_PROXY", proxy);
    assert_listed(&cli.clone().env("MLFLOW_TRACKING_SERVER_CERT_PATH", server.file(&own.pem())).run());
    let output = cli.run();
    assert_rejected(&output, &["cannot trust the certificate of `https://mlflow.example:"]);
    assert!(!output.stderr.contains("hunter2"), "{output}");
}
