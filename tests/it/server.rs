//! A tracking server of a test: it answers from a recording of a real one, or as the test says.

use crate::harness::{files_below, fixtures};
use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What stands in a recording for the server's own address.
const ADDRESS: &str = "http://mlflow.invalid";

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    /// By name in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    /// Empty where there is none.
    pub(crate) body: String,
}

impl Request {
    /// A header by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Whether the path without its query is this one.
    pub(crate) fn is_for(&self, path: &str) -> bool {
        self.path.split('?').next() == Some(path)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("the body is JSON: {error}\n{self:?}"))
    }
}

/// What a server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers as it should.
    Whole(Reply),
    /// Promises the whole body, sends its first bytes, and closes the connection.
    Cut(Reply, usize),
    /// Closes the connection.
    Close,
    /// Never answers.
    Stall,
    /// Sends these bytes, whatever they are, and closes the connection.
    Raw(Vec<u8>),
}

/// A status, headers and a body.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Without `Content-Length`, which comes of the body.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The whole of it, and how much of that is before the body.
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

impl Answer {
    fn typed(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(Reply { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body: body.into() })
    }

    /// JSON text.
    pub(crate) fn json(status: u16, text: impl Into<Vec<u8>>) -> Self {
        Self::typed(status, "application/json", text)
    }

    /// A web page.
    pub(crate) fn html(status: u16, text: impl Into<String>) -> Self {
        Self::typed(status, "text/html; charset=utf-8", text.into())
    }

    /// A redirect.
    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::html(status, "").with("location", location)
    }

    /// One more header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        match &mut self {
            Self::Whole(reply) | Self::Cut(reply, _) => reply.headers.push((name.to_owned(), value.to_owned())),
            Self::Close | Self::Stall | Self::Raw(_) => panic!("{self:?} has no headers"),
        }
        self
    }

    /// The same, with only the first bytes of its body.
    pub(crate) fn cut(self, after: usize) -> Self {
        match self {
            Self::Whole(reply) => Self::Cut(reply, after),
            other => panic!("{other:?} has no body"),
        }
    }
}

/// What all threads of a server share.
struct Shared {
    answer: Box<dyn Fn(&Request) -> Answer + Send + Sync>,
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
    /// Also after a thread of the test has failed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens on a port of its own until it is dropped.
pub(crate) struct Server {
    uri: String,
    shared: Arc<Shared>,
    unknown: Arc<Mutex<Vec<String>>>,
    listener: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers as a function says, which many threads may call at once.
    pub(crate) fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen(|_| Box::new(answer), Arc::default())
    }

    /// Answers from `fixtures/http/<name>.jsonl`, and 599 to what is not in it.
    pub(crate) fn replay(name: &str) -> Self {
        let recording = Recording::load(name);
        let unknown: Arc<Mutex<Vec<String>>> = Arc::default();
        let missed = Arc::clone(&unknown);
        let answer = |uri: String| -> Box<dyn Fn(&Request) -> Answer + Send + Sync> {
            Box::new(move |request| {
                recording.answer(request, &uri).unwrap_or_else(|| {
                    let message = format!("{} {} {}", request.method, request.path, request.body).trim_end().to_owned();
                    let answer = json!({"error_code": "NOT_RECORDED", "message": message}).to_string();
                    missed.lock().unwrap_or_else(PoisonError::into_inner).push(message);
                    Answer::json(599, answer)
                })
            })
        };
        Self::listen(answer, unknown)
    }

    /// `answer` makes the function that answers, for a server of this address.
    fn listen(
        answer: impl FnOnce(String) -> Box<dyn Fn(&Request) -> Answer + Send + Sync>,
        unknown: Arc<Mutex<Vec<String>>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { answer: answer(uri.clone()), state: Mutex::default(), stopped: Condvar::new() });
        let ours = Arc::clone(&shared);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that went away before it was let in.
                let Ok(stream) = stream else { continue };
                let mut state = ours.state();
                if state.is_stopped {
                    return;
                }
                let (kept, shared) = (stream.try_clone().unwrap(), Arc::clone(&ours));
                let thread = std::thread::spawn(move || converse(&stream, &shared));
                state.connections.push((kept, thread));
            }
        });
        Self { uri, shared, unknown, listener: Some(listener) }
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// What was asked so far, in the order in which it came.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// What was asked that is not in the recording.
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
        // The listener waits for somebody to come.
        let woken = TcpStream::connect(self.uri.trim_start_matches("http://"));
        let mut ended = Vec::new();
        if woken.is_ok() {
            ended.extend(self.listener.take().map(JoinHandle::join));
        }
        for (stream, thread) in connections {
            // An error says that it is closed.
            let _ = stream.shutdown(Shutdown::Both);
            ended.push(thread.join());
        }
        // A test whose server failed has failed, unless it has done so already.
        if let Some(panic) = ended.into_iter().find_map(Result::err)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Closes a connection when its thread ends, however it ends: the server itself keeps a handle to it.
struct Closes<'a>(&'a TcpStream);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Answers the requests of one connection, one after the other.
fn converse(stream: &TcpStream, shared: &Shared) {
    let _closes = Closes(stream);
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        shared.state().requests.push(request.clone());
        // A client that does not listen any more is its own business.
        let sent = |bytes: &[u8]| (&mut &*stream).write_all(bytes).is_ok();
        let goes_on = match (shared.answer)(&request) {
            Answer::Whole(reply) => {
                let (bytes, head) = reply.bytes();
                let is_head = request.method == "HEAD" || matches!(reply.status, 204 | 304);
                sent(if is_head { &bytes[..head] } else { &bytes }) && request.header("connection") != Some("close")
            }
            Answer::Cut(reply, after) => {
                let (bytes, head) = reply.bytes();
                assert!(after < reply.body.len(), "{after} of {} bytes are the whole", reply.body.len());
                sent(&bytes[..head + after]);
                false
            }
            Answer::Raw(bytes) => {
                sent(&bytes);
                false
            }
            Answer::Close => false,
            Answer::Stall => {
                let state = shared.state();
                drop(shared.stopped.wait_while(state, |state| !state.is_stopped));
                false
            }
        };
        if !goes_on {
            return;
        }
    }
}

/// The next request; none where the client has gone.
pub(crate) fn read_request(reader: &mut BufReader<impl Read>) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        let read = reader.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    };
    let start = line()?;
    let mut words = start.split(' ');
    let (Some(method), Some(path), Some("HTTP/1.1")) = (words.next(), words.next(), words.next()) else {
        panic!("`{start}` is no request")
    };
    let mut headers = BTreeMap::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    assert!(!headers.contains_key("transfer-encoding"), "requests have a length: {start} {headers:?}");
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).expect("requests are UTF-8");
    Some(Request { method: method.to_owned(), path: path.to_owned(), headers, body })
}

/// What a real server answered to `fixtures/record_http.py`.
struct Recording(HashMap<(String, String, String), Reply>);

impl Recording {
    fn load(name: &str) -> Self {
        let path = fixtures().join("http").join(format!("{name}.jsonl"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(text.lines().map(|line| Self::entry(&serde_json::from_str(line).unwrap())).collect())
    }

    fn entry(record: &Value) -> ((String, String, String), Reply) {
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let body = match &record["answer"] {
            Value::String(text) => text.clone().into_bytes(),
            bytes => base64::engine::general_purpose::STANDARD.decode(bytes["base64"].as_str().unwrap()).unwrap(),
        };
        let headers = record["headers"].as_object().unwrap().iter();
        let reply = Reply {
            status: record["status"].as_u64().unwrap().try_into().unwrap(),
            headers: headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
            body,
        };
        ((text("method"), text("path"), text("body")), reply)
    }

    fn answer(&self, request: &Request, uri: &str) -> Option<Answer> {
        let mut reply = self.0.get(&(request.method.clone(), request.path.clone(), request.body.clone()))?.clone();
        for (_, value) in &mut reply.headers {
            *value = value.replace(ADDRESS, uri);
        }
        // Bytes that are not text name no address.
        if let Ok(text) = str::from_utf8(&reply.body)
            && text.contains(ADDRESS)
        {
            reply.body = text.replace(ADDRESS, uri).into_bytes();
        }
        Some(Answer::Whole(reply))
    }
}

/// Sends requests over one connection and gives all that comes back until the server closes it.
fn talk(server: &Server, requests: &str) -> String {
    let mut stream = TcpStream::connect(server.uri().trim_start_matches("http://")).unwrap();
    stream.write_all(requests.as_bytes()).unwrap();
    let mut told = String::new();
    // A server that closes early may also reset the connection; what came before that counts.
    let _ = stream.read_to_string(&mut told);
    told
}

#[test]
fn one_connection_takes_several_requests() {
    let server = Server::new(|request| match request.path.as_str() {
        "/page" => Answer::html(404, "<p>"),
        "/moved?x" => Answer::redirect(308, "/there"),
        _ => Answer::json(200, request.json()["of"].to_string()).with("retry-after", "1"),
    });
    let told = talk(
        &server,
        "POST /a?b=c HTTP/1.1\r\nX-Of: y\r\nContent-Length: 8\r\n\r\n{\"of\":1}\
         GET /page HTTP/1.1\r\n\r\n\
         GET /moved?x HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    let expected = [
        "HTTP/1.1 200 -\r\ncontent-length: 1\r\ncontent-type: application/json\r\nretry-after: 1\r\n\r\n1",
        "HTTP/1.1 404 -\r\ncontent-length: 3\r\ncontent-type: text/html; charset=utf-8\r\n\r\n<p>",
    ];
    assert!(told.starts_with(&expected.concat()), "{told}");
    let requests = server.requests();
    assert_eq!(requests.iter().map(|request| request.method.as_str()).collect::<Vec<_>>(), ["POST", "GET", "GET"]);
    assert_eq!((requests[0].header("x-of"), requests[0].json()), (Some("y"), json!({"of": 1})));
    assert!(requests[0].is_for("/a") && requests[0].path == "/a?b=c" && !requests[1].is_for("/a"));
    assert!(server.unknown().is_empty());
}

#[test]
fn what_a_server_should_not_do_is_done() {
    let ends: [(Answer, &str); 4] = [
        (
            Answer::json(200, "{\"traces\":[]}").cut(5),
            "HTTP/1.1 200 -\r\ncontent-length: 13\r\ncontent-type: application/json\r\n\r\n{\"tra",
        ),
        (
            Answer::json(200, "{}").cut(0),
            "HTTP/1.1 200 -\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n",
        ),
        (Answer::Close, ""),
        (Answer::Raw(b"220 mail.example ESMTP\r\n".to_vec()), "220 mail.example ESMTP\r\n"),
    ];
    for (answer, expected) in ends {
        let server = Server::new(move |_| answer.clone());
        assert_eq!(talk(&server, "GET / HTTP/1.1\r\n\r\n"), expected);
    }
}

#[test]
fn a_server_that_stalls_is_let_go_by_its_end() {
    let server = Server::new(|_| Answer::Stall);
    let mut stream = TcpStream::connect(server.uri().trim_start_matches("http://")).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    // One that says nothing is let go too.
    let _silent = TcpStream::connect(server.uri().trim_start_matches("http://")).unwrap();
    while server.requests().is_empty() {
        std::thread::yield_now();
    }
    drop(server);
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told);
    assert!(told.is_empty());
}

#[test]
fn a_recording_answers_what_it_holds_and_says_what_it_lacks() {
    let server = Server::replay("3.18.0-http-sqlite");
    let recording = Recording::load("3.18.0-http-sqlite");
    let texts =
        recording.0.iter().filter(|((method, ..), reply)| method == "GET" && str::from_utf8(&reply.body).is_ok());
    let ((_, path, _), reply) = texts.min_by_key(|(key, _)| *key).unwrap();
    let told = talk(&server, &format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"));
    assert_eq!(told.as_bytes(), reply.bytes().0);
    assert_eq!(server.unknown(), [""; 0]);
    let told = talk(&server, "POST /version?a HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
    assert!(told.starts_with("HTTP/1.1 599 ") && told.contains("NOT_RECORDED"), "{told}");
    assert_eq!(server.unknown(), ["POST /version?a {}"]);
}

#[test]
fn recordings_are_in_order_and_name_no_server() {
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
