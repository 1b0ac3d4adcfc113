//! The door: a message enters as a [`Delivery`], whether a queue, a folder or the store brought it, and leaves
//! acknowledged only against a [`Committed`](crate::store::Committed). It looks at no byte of the body.

pub mod folder;
pub mod queue;
pub mod stored;

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::domain::properties::Properties;
use crate::outcome::Code;

/// A message as it came in, before anything was understood of it.
#[derive(Debug)]
pub struct Delivery {
    /// The bytes, whole.
    pub body: Vec<u8>,
    /// AMQP properties; empty for files.
    pub properties: Properties,
    /// Where it came from.
    pub origin: Origin,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
}

/// Where a delivery came from, and what that says of it.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A system's queue.
    Queue {
        /// Name of the queue.
        queue: String,
        /// The system that the queue belongs to.
        system: String,
        /// The most bytes that a body on this queue may have.
        bytes_max: usize,
    },
    /// The broker's dead-letter queue: it is not applied, only made visible.
    DeadLetterQueue {
        /// The queue it died in, as far as the broker said.
        queue: String,
        /// Why the broker gave it up.
        code: Code,
        /// The most bytes that are looked at for an id.
        bytes_max: usize,
    },
    /// A file given to `process`.
    File {
        /// Its path.
        path: PathBuf,
        /// The most bytes that it may have.
        bytes_max: usize,
    },
    /// The store: parked work or an operator's replay of what came in earlier.
    Store(Again),
}

/// A second or later try of a stored message, or of one item of it.
#[derive(Debug, Clone)]
pub struct Again {
    /// The inbox row.
    pub message: i64,
    /// The item; `None`: the whole message.
    pub item: Option<u32>,
    /// Number of this try, from 2.
    pub attempt: u32,
    /// Who asks.
    pub why: Why,
    /// The sender under which the message is booked.
    pub sender: String,
    /// The id under which it is booked.
    pub message_id: String,
    /// Where it came from at first, in words.
    pub source: String,
    /// Whether a file brought it, and no broker vouches for its sender.
    pub source_is_file: bool,
    /// The system of the queue that it came through, where it came through one.
    pub system: Option<String>,
    /// The most bytes that it may have.
    pub bytes_max: usize,
    /// Where its bytes cannot be read any more: what is still known of them.
    pub lost: Option<Lost>,
}

/// The bytes of a stored message that cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Their SHA-256, hex.
    pub sha256: String,
    /// How many they were.
    pub bytes: usize,
    /// The store's fault, as it says it.
    pub why: String,
}

/// Why a stored message is tried again.
#[derive(Debug, Clone)]
pub enum Why {
    /// It was parked and is due.
    Parked {
        /// The parked row.
        parked: i64,
        /// When its patience ends.
        give_up_at: DateTime<Utc>,
        /// How often it was tried.
        tries: u32,
    },
    /// An operator replays a dead letter.
    Replay {
        /// The dead letter.
        dead_letter: i64,
        /// Who replays it.
        actor: String,
    },
}

impl Origin {
    /// What is known of the bytes of a stored message that cannot be read any more.
    #[must_use]
    pub fn lost(&self) -> Option<&Lost> {
        match self {
            Self::Store(again) => again.lost.as_ref(),
            _ => None,
        }
    }

    /// The form that stands in the store: `queue:NAME` or `file:PATH`.
    #[must_use]
    pub fn source(&self) -> String {
        match self {
            Self::Queue { queue, .. } | Self::DeadLetterQueue { queue, .. } => format!("queue:{queue}"),
            Self::File { path, .. } => format!("file:{}", path.display()),
            Self::Store(again) => again.source.clone(),
        }
    }
}
