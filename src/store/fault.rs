//! What can go wrong with a store, and what follows: wait and try again, give the message up, or stop.

use thiserror::Error;

use crate::outcome::Code;

/// What follows from a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The store is away, busy or full: the same batch may succeed later.
    Retry,
    /// The store is well but these rows cannot be had or stored: trying again changes nothing.
    Refused,
    /// The store is not one that this program can work with.
    Stop,
}

/// A fault of the store.
#[derive(Debug, Error)]
pub enum StoreFault {
    /// Busy, full, unreadable or gone; worth trying again.
    #[error("store.away: {0}")]
    Away(String),
    /// A constraint of the tables.
    #[error("store.refused: {0}")]
    Refused(String),
    /// The program failed over these rows before they were written.
    #[error("program-fault: {0}")]
    Program(&'static str),
    /// Another version of the tables, a damaged file, a statement that does not fit.
    #[error("store.unusable: {0}")]
    Unusable(String),
}

impl StoreFault {
    /// What follows from it.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Away(_) => Fate::Retry,
            Self::Refused(_) | Self::Program(_) => Fate::Refused,
            Self::Unusable(_) => Fate::Stop,
        }
    }

    /// Under which code a message ends whose rows cannot be had or stored.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Program(_) => Code::ProgramFault,
            Self::Away(_) | Self::Refused(_) | Self::Unusable(_) => Code::StoreRefused,
        }
    }
}

/// Primary result codes of SQLite that pass: busy, locked, out of memory, read-only, interrupted, I/O, full, cannot open, a race for the
/// log's locks.
const SQLITE_PASSING: [i32; 9] = [5, 6, 7, 8, 9, 10, 13, 14, 15];
/// Primary result codes of SQLite for rows that cannot be stored: too big, constraint, mismatch, range.
const SQLITE_REFUSING: [i32; 4] = [18, 19, 20, 25];

impl From<sqlx::Error> for StoreFault {
    fn from(fault: sqlx::Error) -> Self {
        match &fault {
            sqlx::Error::Database(database) => {
                let primary = database.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
                match primary {
                    Some(code) if SQLITE_PASSING.contains(&code) => Self::Away(database.message().to_owned()),
                    Some(code) if SQLITE_REFUSING.contains(&code) => Self::Refused(database.message().to_owned()),
                    _ => Self::Unusable(database.message().to_owned()),
                }
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => {
                Self::Away(fault.to_string())
            }
            // We closed it ourselves: it never opens again.
            sqlx::Error::PoolClosed => Self::Unusable("the store was closed".to_owned()),
            _ => Self::Unusable(fault.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreFault {
    fn from(fault: sqlx::migrate::MigrateError) -> Self {
        match fault {
            sqlx::migrate::MigrateError::Execute(fault) => fault.into(),
            other => Self::Unusable(format!("the tables cannot be brought to this version: {other}")),
        }
    }
}
