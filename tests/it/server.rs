//! A tracking server for tests: it replays recorded responses of a real server, or calls a function of the test.

use crate::harness::{files_below, fixtures};
use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// The placeholder for the server's address in recordings.
const ADDRESS_PLACEHOLDER: &str = "http://mlflow.invalid";

/// A received HTTP request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// Values by lowercase name.
    pub(crate) headers: BTreeMap<String, String>,
    /// Empty if the request has no body.
    pub(crate) body: String,
}

impl Request {
    /// The header with this lowercase name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Whether the path without the query equals `path`.
    pub(crate) fn is_for(&self, path: &str) -> bool {
        self.path.split('?').next() == Some(path)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("the body is not JSON: {error}\n{self:?}"))
    }
}

/// How the server responds to a request.
#[derive(Clone, Debug)]
pub(crate) enum MockResponse {
    /// Sends the response.
    Whole(HttpResponse),
    /// Sends the response with only this many bytes of the body, and closes the connection.
    Cut(HttpResponse, usize),
    /// Closes the connection.
    Close,
    /// Never responds.
    Stall,
    /// Sends these raw bytes, and closes the connection.
    Raw(Vec<u8>),
}

/// A status, headers and a body.
#[derive(Clone, Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    /// Without `Content-Length`, which is derived from the body.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl HttpResponse {
    /// The encoded response, and the length of its head in bytes.
    pub(crate) fn bytes(&self) -> (Vec<u8>, usize) {
        let mut bytes = format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\n", self.status, self.body.len()).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        let head = bytes.len();
        bytes.extend_from_slice(&self.body);
        (bytes, head)
    }
}

impl MockResponse {
    fn typed(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(HttpResponse {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
        })
    }

    /// A JSON response.
    pub(crate) fn json(status: u16, text: impl Into<Vec<u8>>) -> Self {
        Self::typed(status, "application/json", text)
    }

    /// An HTML response.
    pub(crate) fn html(status: u16, text: impl Into<String>) -> Self {
        Self::typed(status, "text/html; charset=utf-8", text.into())
    }

    /// A redirect.
    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::html(status, "").with("location", location)
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        match &mut self {
            Self::Whole(response) | Self::Cut(response, _) => {
                response.headers.push((name.to_owned(), value.to_owned()));
            }
            Self::Close | Self::Stall | Self::Raw(_) => panic!("{self:?} has no headers"),
        }
        self
    }

    /// Truncates the body to this many bytes.
    pub(crate) fn cut(self, after: usize) -> Self {
        match self {
            Self::Whole(response) => Self::Cut(response, after),
            other => panic!("{other:?} has no body"),
        }
    }
}

/// The state shared by all threads of a server.
struct Shared {
    respond: Box<dyn Fn(&Request) -> MockResponse + Send + Sync>,
    state: Mutex<State>,
    stopped: Condvar,
}

#[derive(Default)]
struct State {
    is_stopped: bool,
    requests: Vec<Request>,
    connections: Vec<(TcpStream, JoinHandle<()>)>,
}

impl Shared {
    /// Locks the state, even if another thread has panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server on its own port, which stops when it is dropped.
pub(crate) struct Server {
    uri: String,
    shared: Arc<Shared>,
    unknown: Arc<Mutex<Vec<String>>>,
    listener: Option<JoinHandle<()>>,
}

impl Server {
    /// A server that calls a function for each request, from several threads.
    pub(crate) fn new(respond: impl Fn(&Request) -> MockResponse + Send + Sync + 'static) -> Self {
        Self::listen(|_| Box::new(respond), Arc::default())
    }

    /// A server that replays `fixtures/http/<name>.jsonl`, and responds with 599 to other requests.
    pub(crate) fn replay(name: &str) -> Self {
        let recording = Recording::load(name);
        let unknown: Arc<Mutex<Vec<String>>> = Arc::default();
        let unknown_requests = Arc::clone(&unknown);
        let respond = |uri: String| -> Box<dyn Fn(&Request) -> MockResponse + Send + Sync> {
            Box::new(move |request| {
                recording.respond(request, &uri).unwrap_or_else(|| {
                    let message = format!("{} {} {}", request.method, request.path, request.body).trim_end().to_owned();
                    let body = json!({"error_code": "NOT_RECORDED", "message": message}).to_string();
                    unknown_requests.lock().unwrap_or_else(PoisonError::into_inner).push(message);
                    MockResponse::json(599, body)
                })
            })
        };
        Self::listen(respond, unknown)
    }

    /// Starts a server. `respond` creates the response function from the server's address.
    fn listen(
        respond: impl FnOnce(String) -> Box<dyn Fn(&Request) -> MockResponse + Send + Sync>,
        unknown: Arc<Mutex<Vec<String>>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let shared =
            Arc::new(Shared { respond: respond(uri.clone()), state: Mutex::default(), stopped: Condvar::new() });
        let thread_state = Arc::clone(&shared);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming() {
                // The client disconnected before its connection was accepted.
                let Ok(stream) = stream else { continue };
                let mut state = thread_state.state();
                if state.is_stopped {
                    return;
                }
                let (handle, shared) = (stream.try_clone().unwrap(), Arc::clone(&thread_state));
                let thread = std::thread::spawn(move || handle_connection(&stream, &shared));
                state.connections.push((handle, thread));
            }
        });
        Self { uri, shared, unknown, listener: Some(listener) }
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// All requests so far, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// The number of connections so far.
    #[cfg(target_os = "linux")]
    pub(crate) fn connection_count(&self) -> usize {
        self.shared.state().connections.len()
    }

    /// The requests that are not in the recording.
    pub(crate) fn unknown(&self) -> Vec<String> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let connections = {
            let mut state = self.shared.state();
            state.is_stopped = true;
            std::mem::take(&mut state.connections)
        };
        self.shared.stopped.notify_all();
        // Wakes the listener, which waits for a connection.
        let woken = TcpStream::connect(self.uri.trim_start_matches("http://"));
        let mut results = Vec::new();
        if woken.is_ok() {
            results.extend(self.listener.take().map(JoinHandle::join));
        }
        for (stream, thread) in connections {
            // Fails if the connection is already closed.
            let _ = stream.shutdown(Shutdown::Both);
            results.push(thread.join());
        }
        // A panic in the server fails the test, unless the test is already panicking.
        if let Some(panic) = results.into_iter().find_map(Result::err)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Closes a connection when its thread ends or panics. Required because the server has another handle to it.
struct ConnectionGuard<'a>(&'a TcpStream);

impl Drop for ConnectionGuard<'_> {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Handles the requests of a connection in order.
fn handle_connection(stream: &TcpStream, shared: &Shared) {
    let _guard = ConnectionGuard(stream);
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        shared.state().requests.push(request.clone());
        // Clients may disconnect at any time.
        let sent = |bytes: &[u8]| (&mut &*stream).write_all(bytes).is_ok();
        let is_open = match (shared.respond)(&request) {
            MockResponse::Whole(response) => {
                let (bytes, head) = response.bytes();
                let is_head = request.method == "HEAD" || matches!(response.status, 204 | 304);
                sent(if is_head { &bytes[..head] } else { &bytes }) && request.header("connection") != Some("close")
            }
            MockResponse::Cut(response, after) => {
                let (bytes, head) = response.bytes();
                assert!(after < response.body.len(), "cannot cut {} bytes after {after}", response.body.len());
                sent(&bytes[..head + after]);
                false
            }
            MockResponse::Raw(bytes) => {
                sent(&bytes);
                false
            }
            MockResponse::Close => false,
            MockResponse::Stall => {
                let state = shared.state();
                drop(shared.stopped.wait_while(state, |state| !state.is_stopped));
                false
            }
        };
        if !is_open {
            return;
        }
    }
}

/// Reads the next request, or returns `None` if the client has disconnected.
pub(crate) fn read_request(reader: &mut BufReader<impl Read>) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        let read = reader.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    };
    let start = line()?;
    let mut words = start.split(' ');
    let (Some(method), Some(path), Some("HTTP/1.1")) = (words.next(), words.next(), words.next()) else {
        panic!("invalid request line `{start}`")
    };
    let mut headers = BTreeMap::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    assert!(!headers.contains_key("transfer-encoding"), "chunked requests are not supported: {start} {headers:?}");
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).expect("requests are UTF-8");
    Some(Request { method: method.to_owned(), path: path.to_owned(), headers, body })
}

/// Responses of a real server by method, path and body, recorded by `fixtures/record_http.py`.
struct Recording(HashMap<(String, String, String), HttpResponse>);

impl Recording {
    fn load(name: &str) -> Self {
        let path = fixtures().join("http").join(format!("{name}.jsonl"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(text.lines().map(|line| Self::entry(&serde_json::from_str(line).unwrap())).collect())
    }

    fn entry(record: &Value) -> ((String, String, String), HttpResponse) {
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let body = match &record["answer"] {
            Value::String(text) => text.clone().into_bytes(),
            bytes => base64::engine::general_purpose::STANDARD.decode(bytes["base64"].as_str().unwrap()).unwrap(),
        };
        let headers = record["headers"].as_object().unwrap().iter();
        let response = HttpResponse {
            status: record["status"].as_u64().unwrap().try_into().unwrap(),
            headers: headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
            body,
        };
        ((text("method"), text("path"), text("body")), response)
    }

    fn respond(&self, request: &Request, uri: &str) -> Option<MockResponse> {
        let mut response = self.0.get(&(request.method.clone(), request.path.clone(), request.body.clone()))?.clone();
        for (_, value) in &mut response.headers {
            *value = value.replace(ADDRESS_PLACEHOLDER, uri);
        }
        // Binary bodies do not contain the address.
        if let Ok(text) = str::from_utf8(&response.body)
            && text.contains(ADDRESS_PLACEHOLDER)
        {
            response.body = text.replace(ADDRESS_PLACEHOLDER, uri).into_bytes();
        }
        Some(MockResponse::Whole(response))
    }
}

/// Sends requests over one connection, and returns everything received until the server closes it.
fn send(server: &Server, requests: &str) -> String {
    let mut stream = TcpStream::connect(server.uri().trim_start_matches("http://")).unwrap();
    stream.write_all(requests.as_bytes()).unwrap();
    let mut received = String::new();
    // If the server resets the connection, everything received before is returned.
    let _ = stream.read_to_string(&mut received);
    received
}

#[test]
fn connections_are_reused() {
    let server = Server::new(|request| match request.path.as_str() {
        "/page" => MockResponse::html(404, "<p>"),
        "/moved?x" => MockResponse::redirect(308, "/there"),
        _ => MockResponse::json(200, request.json()["of"].to_string()).with("retry-after", "1"),
    });
    let received = send(
        &server,
        "POST /a?b=c HTTP/1.1\r\nX-Of: y\r\nContent-Length: 8\r\n\r\n{\"of\":1}\
         GET /page HTTP/1.1\r\n\r\n\
         GET /moved?x HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    let expected = [
        "HTTP/1.1 200 -\r\ncontent-length: 1\r\ncontent-type: application/json\r\nretry-after: 1\r\n\r\n1",
        "HTTP/1.1 404 -\r\ncontent-length: 3\r\ncontent-type: text/html; charset=utf-8\r\n\r\n<p>",
    ];
    assert!(received.starts_with(&expected.concat()), "{received}");
    let requests = server.requests();
    assert_eq!(requests.iter().map(|request| request.method.as_str()).collect::<Vec<_>>(), ["POST", "GET", "GET"]);
    assert_eq!((requests[0].header("x-of"), requests[0].json()), (Some("y"), json!({"of": 1})));
    assert!(requests[0].is_for("/a") && requests[0].path == "/a?b=c" && !requests[1].is_for("/a"));
    assert!(server.unknown().is_empty());
}

#[test]
fn faulty_responses_are_sent() {
    let ends: [(MockResponse, &str); 4] = [
        (
            MockResponse::json(200, "{\"traces\":[]}").cut(5),
            "HTTP/1.1 200 -\r\ncontent-length: 13\r\ncontent-type: application/json\r\n\r\n{\"tra",
        ),
        (
            MockResponse::json(200, "{}").cut(0),
            "HTTP/1.1 200 -\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n",
        ),
        (MockResponse::Close, ""),
        (MockResponse::Raw(b"220 mail.example ESMTP\r\n".to_vec()), "220 mail.example ESMTP\r\n"),
    ];
    for (response, expected) in ends {
        let server = Server::new(move |_| response.clone());
        assert_eq!(send(&server, "GET / HTTP/1.1\r\n\r\n"), expected);
    }
}

#[test]
fn stalled_connections_are_closed_on_drop() {
    let server = Server::new(|_| MockResponse::Stall);
    let mut stream = TcpStream::connect(server.uri().trim_start_matches("http://")).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    // An idle connection is closed too.
    let _idle = TcpStream::connect(server.uri().trim_start_matches("http://")).unwrap();
    while server.requests().is_empty() {
        std::thread::yield_now();
    }
    drop(server);
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received);
    assert!(received.is_empty());
}

#[test]
fn recordings_are_replayed_and_unknown_requests_are_listed() {
    let server = Server::replay("3.18.0-http-sqlite");
    let recording = Recording::load("3.18.0-http-sqlite");
    let texts =
        recording.0.iter().filter(|((method, ..), response)| method == "GET" && str::from_utf8(&response.body).is_ok());
    let ((_, path, _), response) = texts.min_by_key(|(key, _)| *key).unwrap();
    let received = send(&server, &format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"));
    assert_eq!(received.as_bytes(), response.bytes().0);
    assert_eq!(server.unknown(), [""; 0]);
    let received = send(&server, "POST /version?a HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
    assert!(received.starts_with("HTTP/1.1 599 ") && received.contains("NOT_RECORDED"), "{received}");
    assert_eq!(server.unknown(), ["POST /version?a {}"]);
}

#[test]
fn recordings_are_sorted_and_contain_no_address() {
    let mut checked = 0;
    for path in files_below(&fixtures().join("http")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut before = None;
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let ((method, path, body), _) = Recording::entry(&record);
            let key = Some((path, method, body));
            assert!(before < key, "{key:?} after {before:?}");
            before = key;
            assert!(!line.contains("127.0.0.1:"), "{line}");
        }
        checked += 1;
    }
    assert_eq!(checked, 5);
}
