//! Connections that acknowledge at once what they receive (Linux).
//!
//! MLflow's server sends a small response in two writes. On a reused connection, the second write waits for the client to
//! acknowledge the first, which the kernel delays by 40 ms (RFC 9293, 3.7.4 and 3.8.6.3). It does not on request, but
//! only for some packets, so this is requested before each read (tcp(7), `TCP_QUICKACK`).

use std::fmt;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

/// Connects to `http:` addresses. Other connections are left to the next connector.
#[derive(Debug)]
pub(super) struct QuickAckConnector;

impl<In: Transport> Connector<In> for QuickAckConnector {
    type Out = Either<In, QuickAckTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        if chained.is_some() || details.needs_tls() {
            return Ok(chained.map(Either::A));
        }
        let stream = connect(details)?;
        stream.set_nodelay(true)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(QuickAckTransport { stream, buffers })))
    }
}

/// Connects to the first address that answers. Each of them gets an equal part of the time that is left.
fn connect(details: &ConnectionDetails<'_>) -> Result<TcpStream, ureq::Error> {
    let deadline = details.timeout.not_zero().map(|limit| Instant::now() + *limit);
    let mut failure = None;
    for (at, address) in details.addrs.iter().enumerate() {
        let connected = match deadline {
            None => TcpStream::connect(address),
            Some(deadline) => {
                let untried = u32::try_from(details.addrs.len() - at).unwrap_or(u32::MAX);
                let share = deadline.saturating_duration_since(Instant::now()) / untried;
                TcpStream::connect_timeout(address, share.max(Duration::from_millis(10)))
            }
        };
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if error.kind() == ErrorKind::TimedOut => Err(ureq::Error::Timeout(details.timeout.reason)),
        failure => Err(failure.unwrap_or_else(|| ErrorKind::AddrNotAvailable.into()).into()),
    }
}

/// A connection without TLS.
pub(super) struct QuickAckTransport {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl fmt::Debug for QuickAckTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuickAckTransport").field("peer", &self.stream.peer_addr().ok()).finish_non_exhaustive()
    }
}

impl Transport for QuickAckTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let timeout = timeout.for_write();
        self.stream.set_write_timeout(timeout.not_zero().map(|limit| *limit))?;
        let written = self.stream.write_all(&self.buffers.output()[..amount]);
        written.map_err(|error| failure(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let timeout = timeout.for_read();
        let deadline = timeout.not_zero().map(|limit| Instant::now() + *limit);
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(ureq::Error::Timeout(timeout.reason));
            }
            self.stream.set_read_timeout(left)?;
            rustix::net::sockopt::set_tcp_quickack(&self.stream, true).map_err(io::Error::from)?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                // A signal does not end the waiting.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failure(error, timeout)),
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // Between requests, an open connection has nothing to read.
        let is_idle = self.stream.set_nonblocking(true).is_ok()
            && self.stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        is_idle && self.stream.set_nonblocking(false).is_ok()
    }
}

/// Wraps an error. Linux reports a timeout as `WouldBlock`.
fn failure(error: io::Error, timeout: NextTimeout) -> ureq::Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => ureq::Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}
