//! What can go wrong with the broker, whose fault it is, and what follows. No text here carries a value of a message,
//! and none carries a password.

use lapin::ErrorKind;
use thiserror::Error;

use super::topology::Finding;

/// What follows from a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The broker or the way to it is away: the link goes on trying by itself.
    Retry,
    /// The broker is well but does not take this one message or request: trying again changes nothing.
    Refused,
    /// Somebody must change the configuration or the broker first.
    Stop,
}

/// A fault of the broker, or of the way to it.
#[derive(Debug, Clone, Error)]
pub enum BrokerFault {
    /// The settings cannot be used.
    #[error("broker.settings: {0}; change the section [broker] of the configuration")]
    Settings(String),
    /// No connection: nobody listens, no route, no answer in time, TLS failed.
    #[error(
        "broker.unreachable: no connection to {address} ({reason}); start the broker, or correct broker.url (the daemon tries again until it succeeds)"
    )]
    Unreachable {
        /// Host, port and virtual host; no credentials.
        address: String,
        /// In the words of the system.
        reason: String,
    },
    /// The broker does not let this user in, or not into this virtual host.
    #[error(
        "broker.login-refused: {address} does not let this user in ({reason}); check user, password and virtual host"
    )]
    LoginRefused {
        /// Host, port and virtual host; no credentials.
        address: String,
        /// In the words of the broker.
        reason: String,
    },
    /// The connection or the channel has ended; the link makes a new one.
    #[error("broker.gone: {0}; what was not acknowledged comes again")]
    Gone(String),
    /// The broker ended a channel because of what was asked for.
    #[error("broker.refused: {code} {text}")]
    Refused {
        /// AMQP reply code, such as 403 or 406.
        code: u16,
        /// In the words of the broker.
        text: String,
    },
    /// A name does not fit into an AMQP short string.
    #[error("broker.name-too-long: {field} has {length} bytes, AMQP allows 255")]
    NameTooLong {
        /// Which name.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// Two things of the plan bear one name.
    #[error("broker.name-twice: the queue {0} is planned twice; rename a system, an agency's queue or a channel")]
    NameTwice(String),
    /// Queues or exchanges are not what they must be.
    #[error("broker.topology: {}", Finding::lines(.0))]
    Topology(Vec<Finding>),
}

impl BrokerFault {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Settings(_) => "broker.settings",
            Self::Unreachable { .. } => "broker.unreachable",
            Self::LoginRefused { .. } => "broker.login-refused",
            Self::Gone(_) => "broker.gone",
            Self::Refused { .. } => "broker.refused",
            Self::NameTooLong { .. } => "broker.name-too-long",
            Self::NameTwice(_) => "broker.name-twice",
            Self::Topology(_) => "broker.topology",
        }
    }

    /// What follows from it.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Unreachable { .. } | Self::LoginRefused { .. } | Self::Gone(_) => Fate::Retry,
            Self::Refused { .. } | Self::NameTooLong { .. } => Fate::Refused,
            Self::Settings(_) | Self::NameTwice(_) | Self::Topology(_) => Fate::Stop,
        }
    }
}

impl From<lapin::Error> for BrokerFault {
    fn from(error: lapin::Error) -> Self {
        match error.kind() {
            ErrorKind::ProtocolError(refusal) if error.is_amqp_soft_error() => {
                Self::Refused { code: refusal.get_id(), text: refusal.get_message().as_str().to_owned() }
            }
            _ => Self::Gone(error.to_string()),
        }
    }
}
