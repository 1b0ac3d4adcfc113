//! The store as a source of work: parked items that are due, dead letters to replay, rows of the outbox to hand over.

use chrono::{DateTime, Utc};

use super::{Store, StoreFault};
use crate::apply::Noticed;
use crate::apply::rows::AuditRow;

/// Where a message's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredBody {
    /// Here.
    Here(Vec<u8>),
    /// In the content store, under this SHA-256.
    Content(String),
    /// Removed by the retention setting.
    Gone,
    /// In a packed block that cannot be unpacked any more.
    Damaged,
}

/// A message as it was stored, ready to enter the pipeline again.
#[derive(Debug)]
pub struct StoredMessage {
    /// The inbox row.
    pub seq: i64,
    /// The sender under which it is booked.
    pub sender: String,
    /// The id under which it is booked.
    pub message_id: String,
    /// Where it came from.
    pub source: String,
    /// AMQP properties, JSON.
    pub properties: String,
    /// The bytes.
    pub body: StoredBody,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
}

/// What of a stored message is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextTry {
    /// The item; 0: the whole message.
    pub item: u32,
    /// Number of the try.
    pub attempt: u32,
}

/// A message of which parked items are due.
#[derive(Debug)]
pub struct DueMessage {
    /// The message.
    pub message: StoredMessage,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// How many bytes it has.
    pub size: usize,
    /// Its items that are due, in the order in which they were parked.
    pub items: Vec<DueItem>,
}

/// A parked item that is due.
#[derive(Debug, Clone, Copy)]
pub struct DueItem {
    /// The parked row.
    pub parked: i64,
    /// When its patience ends.
    pub give_up_at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: u32,
    /// The item, and the number of the try.
    pub next: NextTry,
}

/// How much parked work is taken at a time: a message with all its items that are due, then more while neither is passed.
#[derive(Debug, Clone, Copy)]
pub struct DueMax {
    /// Items.
    pub items: u32,
    /// Bytes of their messages.
    pub bytes: usize,
}

/// A row of the outbox to hand over.
#[derive(Debug, Clone)]
pub struct Handover {
    /// The row.
    pub id: i64,
    /// `receipt` or `document`.
    pub what: String,
    /// `queue` or `file`.
    pub kind: String,
    /// Queue name or path.
    pub address: String,
    /// Its own message id.
    pub message_id: String,
    /// The chain that it belongs to.
    pub correlation: String,
    /// The system that it is about.
    pub system: Option<String>,
    /// Name of the body's root element.
    pub r#type: String,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// The message, XML.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// What people are to be told of and nobody has planned yet.
#[derive(Debug, Clone)]
pub struct Untold {
    /// The row.
    pub id: i64,
    /// What happened.
    pub noticed: Noticed,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Of an event for everybody: the last case whose applicant was reached.
    pub reached: Option<i64>,
}

impl Store {
    /// The eldest events that are not told yet; at most `limit`.
    pub async fn untold(&self, limit: u32) -> Result<Vec<Untold>, StoreFault> {
        self.db.untold(limit).await
    }

    /// Messages of which parked items are due, but for some inbox rows: what is due longest comes first.
    pub async fn due_parked(
        &self,
        now: DateTime<Utc>,
        max: DueMax,
        but_for: &[i64],
    ) -> Result<Vec<DueMessage>, StoreFault> {
        self.db.due_parked(now, max, but_for).await
    }

    /// When the next parked item is due.
    pub async fn next_parked(&self) -> Result<Option<DateTime<Utc>>, StoreFault> {
        self.db.next_parked().await
    }

    /// The message of an open dead letter, and the item that it stands for; `None` where there is no open one.
    pub async fn dead_letter_message(&self, dead_letter: i64) -> Result<Option<(StoredMessage, NextTry)>, StoreFault> {
        self.db.dead_letter_message(dead_letter).await
    }

    /// Rows of the outbox that are due, in the order in which they must leave; at most `limit`, and no more than memory should hold
    /// at once. Of a key with an earlier row that cannot leave yet, none comes. `kinds` says which ways are open.
    pub async fn outbox_due(
        &self,
        kinds: &[&str],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Handover>, StoreFault> {
        self.db.outbox_due(kinds, now, limit).await
    }

    /// When the next row of the outbox is due.
    pub async fn next_outbox(&self, kinds: &[&str]) -> Result<Option<DateTime<Utc>>, StoreFault> {
        self.db.next_outbox(kinds).await
    }

    /// Records what became of rows that were handed over.
    pub async fn outbox_done(
        &self,
        sent: &[i64],
        later: &[(i64, DateTime<Utc>, String)],
        stuck: &[(i64, String)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreFault> {
        self.db.outbox_done(sent, later, stuck, now).await
    }

    /// Makes stuck rows pending again: one, or all and all stuck events where `id` is `None`. Gives how many.
    pub async fn outbox_retry(&self, id: Option<i64>, audit: AuditRow) -> Result<u64, StoreFault> {
        self.db.outbox_retry(id, audit).await
    }

    /// Makes a row that was sent pending once more. Gives whether there was one.
    pub async fn outbox_resend(&self, id: i64, audit: AuditRow) -> Result<bool, StoreFault> {
        self.db.outbox_resend(id, audit).await
    }

    /// Makes stuck rows pending again that have been tried less than so often. Gives how many.
    pub async fn outbox_retry_stuck(&self, attempts_max: u32, audit: AuditRow) -> Result<u64, StoreFault> {
        self.db.outbox_retry_stuck(attempts_max, audit).await
    }

    /// Closes an open dead letter without replaying it. `false` where there is no open one.
    pub async fn discard(&self, id: i64, note: &str, audit: AuditRow) -> Result<bool, StoreFault> {
        self.db.discard(id, note, audit).await
    }

    /// Removes the raw bytes of batches received before `before`, but for those with parked items. Gives how many; the
    /// journal's row says so too.
    pub async fn forget_raw(&self, before: DateTime<Utc>, limit: u32, audit: AuditRow) -> Result<u64, StoreFault> {
        self.db.forget_raw(before, limit, audit).await
    }

    /// Lets go of the contents that hold the raw bytes of long messages received before `before`, but for those that still wait: nothing
    /// refers to them any more. Gives how many messages; the journal's row says so too.
    pub async fn forget_long(&self, before: DateTime<Utc>, limit: u32, audit: AuditRow) -> Result<u64, StoreFault> {
        self.db.forget_long(before, limit, audit).await
    }
}
