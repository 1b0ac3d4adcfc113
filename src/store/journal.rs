//! The journal: what persons and jobs did, and the seals that make a change of it visible.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Span, Store, StoreFault};
use crate::apply::rows::AuditRow;
use crate::domain::journal::{Entry, SealHash, Sealed};

/// Which rows of the journal to list. A text that ends in `*` stands for all that begin like it.
#[derive(Debug, Default, Clone)]
pub struct JournalFilter {
    /// When.
    pub span: Span,
    /// Who.
    pub actor: Option<String>,
    /// What.
    pub action: Option<String>,
    /// On what.
    pub subject: Option<String>,
    /// Only after this number.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A row of the journal.
#[derive(Debug, Serialize)]
pub struct JournalView {
    /// Its number.
    pub id: i64,
    /// When, milliseconds.
    #[serde(rename = "recorded_at")]
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// On what.
    pub subject: String,
    /// What it was before, JSON.
    pub before: Option<serde_json::Value>,
    /// What it is now, JSON.
    pub after: Option<serde_json::Value>,
    /// Its place in the chain; none while it waits for its seal.
    pub seal: Option<i64>,
}

/// Where the chain ends, and who may go on with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealer {
    /// The last seal; 0: there is none yet.
    pub seal: i64,
    /// Its hash.
    pub hash: SealHash,
    /// Who holds the lease.
    pub owner: Option<String>,
    /// Until when, milliseconds.
    pub leased_until: Option<i64>,
}

/// One piece of sealing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sealing {
    /// So many rows were sealed; the chain ends there now.
    Done {
        /// Rows sealed.
        rows: usize,
        /// The last seal.
        seal: i64,
        /// Its hash.
        hash: SealHash,
    },
    /// Somebody else seals.
    Leased {
        /// Who.
        owner: String,
        /// Until when, milliseconds.
        until: i64,
    },
}

/// The rows that wait for their seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Unsealed {
    /// How many.
    pub rows: i64,
    /// When the eldest was written, milliseconds.
    pub since: Option<i64>,
}

/// Who seals, and with which bounds.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Who seals.
    pub owner: &'a str,
    /// When.
    pub now: DateTime<Utc>,
    /// Until when nobody else may.
    pub leased_until: DateTime<Utc>,
    /// At most so many rows.
    pub rows_max: u32,
}

impl Store {
    /// Rows of the journal, oldest first.
    pub async fn journal(&self, filter: &JournalFilter) -> Result<Vec<JournalView>, StoreFault> {
        self.db.journal(filter).await
    }

    /// Writes rows of the journal in a transaction of their own: for what changed nothing else.
    pub async fn note(&self, rows: &[AuditRow]) -> Result<(), StoreFault> {
        let mut transaction = self.begin().await?;
        transaction.write_audit(rows).await?;
        transaction.commit(()).await?.into_run();
        Ok(())
    }

    /// Seals rows that have been committed: one bounded piece, in one transaction.
    pub async fn seal(&self, piece: Piece<'_>) -> Result<Sealing, StoreFault> {
        self.db.seal(piece).await
    }

    /// Gives the lease of sealing back, where this owner holds it.
    pub async fn release_sealer(&self, owner: &str) -> Result<(), StoreFault> {
        self.db.release_sealer(owner).await
    }

    /// Where the chain ends.
    pub async fn sealer(&self) -> Result<Sealer, StoreFault> {
        self.db.sealer().await
    }

    /// Seals after a place in the chain, with their rows.
    pub async fn seals(&self, after: i64, limit: u32) -> Result<Vec<Sealed>, StoreFault> {
        self.db.seals(after, limit).await
    }

    /// Numbers of rows that have no seal and do not wait for one.
    pub async fn unchained(&self, after: i64, limit: u32) -> Result<Vec<i64>, StoreFault> {
        self.db.unchained(after, limit).await
    }

    /// Numbers of rows that are said to wait for a seal but are not there, or have one.
    pub async fn wrongly_unsealed(&self, after: i64, limit: u32) -> Result<Vec<i64>, StoreFault> {
        self.db.wrongly_unsealed(after, limit).await
    }

    /// The rows that wait for their seal.
    pub async fn unsealed(&self) -> Result<Unsealed, StoreFault> {
        self.db.unsealed().await
    }
}

impl JournalView {
    pub(super) fn of(entry: Entry, seal: Option<i64>) -> Self {
        let Entry { id, at, actor, action, subject, before, after } = entry;
        // What is no JSON was not written by this program: it is shown as the text that it is.
        let json = |text: String| serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
        Self { id, at, actor, action, subject, before: before.map(json), after: after.map(json), seal }
    }
}
