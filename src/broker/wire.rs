//! One TCP or TLS connection to the broker, and the power to cut it: lapin itself neither limits the time that a
//! silent peer may take to answer nor lets go of a connection that hangs.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};
use std::{fmt, io};

use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, ErrorKind};
use tokio::time::timeout;

use super::fault::BrokerFault;
use super::held::Held;
use super::settings::{Endpoint, Settings};
use super::stream::{self, Bare, Sieved, SievedRuntime};

/// AMQP reply codes with which a broker refuses a login: access refused, not allowed.
const LOGIN_REFUSED: [u16; 2] = [403, 530];

/// The second grip on the socket that lapin works on.
#[derive(Clone, Default)]
pub(super) struct Wire(Arc<OnceLock<TcpStream>>);

impl Wire {
    /// Ends the connection at once, in both directions, whatever state it is in.
    pub(super) fn cut(&self) {
        if let Some(socket) = self.0.get() {
            // Fails only where the connection has ended already.
            let _ended = socket.shutdown(Shutdown::Both);
        }
    }

    fn keep(&self, socket: &impl AsFd) -> io::Result<()> {
        let second = TcpStream::from(socket.as_fd().try_clone_to_owned()?);
        // A wire carries one connection; there is no second socket to keep.
        let _kept = self.0.set(second);
        Ok(())
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wire").field(&self.0.get()).finish()
    }
}

/// Connects and logs in, within the time that the settings give.
pub(super) async fn connect(
    settings: &Settings,
    endpoint: &Endpoint,
    held: &Held,
) -> Result<(Connection, Wire), BrokerFault> {
    let unreachable = |reason: String| BrokerFault::Unreachable { address: endpoint.to_string(), reason };
    let (runtime, bare) = stream::runtimes(held.clone());
    let properties =
        ConnectionProperties::default().with_connection_name(settings.connection_name.clone().into_bytes().into());
    let wire = Wire::default();
    let patience = settings.connect_timeout;
    let open = {
        let (wire, tls, held) = (wire.clone(), endpoint.tls(), held.clone());
        async move |uri: AMQPUri, _: SievedRuntime| {
            let opening = async {
                let host = uri.authority.host.as_str();
                let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, uri.authority.port)).await?.collect();
                let stream: Bare = AsyncTcpStream::connect(&bare, addresses).await?;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    wire.keep(plain.get_ref())?;
                }
                let stream = match uri.scheme {
                    AMQPScheme::AMQP => stream,
                    AMQPScheme::AMQPS => stream.into_tls(host, tls.as_ref()).await?,
                };
                Ok(AsyncTcpStream::Plain(Sieved::new(stream, held.clone())))
            };
            let late = || io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
            timeout(patience, opening).await.unwrap_or_else(|_| Err(late())).map_err(lapin::Error::from)
        }
    };
    match timeout(patience, Connection::connector(endpoint.uri.clone(), runtime, open, properties)).await {
        Ok(Ok(connection)) => Ok((connection, wire)),
        Ok(Err(error)) => {
            wire.cut();
            Err(login_fault(&error, endpoint))
        }
        Err(_) => {
            wire.cut();
            Err(unreachable("no answer in time".to_owned()))
        }
    }
}

fn login_fault(error: &lapin::Error, endpoint: &Endpoint) -> BrokerFault {
    let address = endpoint.to_string();
    match error.kind() {
        ErrorKind::ProtocolError(refusal) if LOGIN_REFUSED.contains(&refusal.get_id()) => {
            BrokerFault::LoginRefused { address, reason: refusal.get_message().as_str().to_owned() }
        }
        _ => BrokerFault::Unreachable { address, reason: error.to_string() },
    }
}
