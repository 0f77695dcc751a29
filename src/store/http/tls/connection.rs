//! TLS connections, modeled on ureq's own connector.

use super::{TlsIdentity, TlsResult};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::fmt;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::sync::{Arc, OnceLock};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

/// Wraps connections to `https:` addresses in TLS, as ureq's own connector does.
pub(in crate::store::http) struct TlsConnector {
    identity: TlsIdentity,
    /// Built for the first TLS connection: reading the system certificates takes a while.
    config: OnceLock<Arc<ClientConfig>>,
}

impl TlsConnector {
    pub(in crate::store::http) const fn new(identity: TlsIdentity) -> Self {
        Self { identity, config: OnceLock::new() }
    }

    fn config(&self) -> TlsResult<Arc<ClientConfig>> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = self.identity.config()?;
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").finish_non_exhaustive()
    }
}

/// Wraps an error as rustls itself does.
fn io_error(error: rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

/// Returns the TLS error inside an error of ureq.
pub(in crate::store::http) fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    let ureq::Error::Io(error) = error else { return None };
    error.get_ref()?.downcast_ref()
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let config = self.config().map_err(io_error)?;
        let mut connection = ClientConnection::new(config, name).map_err(io_error)?;
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

/// A TLS connection.
pub(in crate::store::http) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").field("inner", &self.stream.sock.inner()).finish_non_exhaustive()
    }
}

impl TlsTransport {
    /// Replaces the error of a closed connection by the TLS alert that preceded it, if any. A server that rejects the
    /// client certificate sends an alert and closes the connection; a client that is still writing sees the closing
    /// first.
    fn read_alert(&mut self, error: io::Error) -> ureq::Error {
        if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) {
            while self.stream.conn.read_tls(&mut self.stream.sock).is_ok_and(|read| read > 0) {
                if let Err(alert) = self.stream.conn.process_new_packets() {
                    return io_error(alert).into();
                }
            }
        }
        error.into()
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount]).map_err(|error| self.read_alert(error))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf());
        let amount = read.map_err(|error| self.read_alert(error))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
