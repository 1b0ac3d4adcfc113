//! What is owed to others, as messages: receipts and notices in an envelope of our own. Pure. A receipt is written in the
//! transaction of the change that caused it; of a notice that transaction holds what happened, and `notify` puts it into
//! words when it goes out.

mod document;
mod envelope;
mod export_ready;
mod notice;
mod receipt;

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

pub use export_ready::{Exported, ExportedFile, export_ready};

use crate::apply::{Lifecycles, Settlement};
use crate::config::{Partners, StateServices};
use crate::xml::WriteFault;

pub use document::Unaddressed;
pub use envelope::id;
pub use notice::{Addressee, Digest, Notice, Told, digest, notice};

/// What a row of the outbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboxWhat {
    /// The answer to a message.
    Receipt,
    /// A document or message to an agency.
    Document,
    /// The message about an export.
    Export,
}

impl OutboxWhat {
    /// The form in the tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Document => "document",
            Self::Export => "export",
        }
    }
}

/// Something owed to others.
#[derive(Debug)]
pub struct OutboxRow {
    /// What it is.
    pub what: OutboxWhat,
    /// The message that caused it.
    pub message: Option<i64>,
    /// The case that it is about.
    pub case_number: Option<String>,
    /// Where it goes: `queue` or `file`.
    pub kind: &'static str,
    /// Queue name or path.
    pub address: String,
    /// Rows of one key leave in order.
    pub order_key: Option<String>,
    /// Its own message id.
    pub message_id: String,
    /// The chain that it belongs to: what its cause says, or the message that began it.
    pub correlation: String,
    /// The system that it is about, whose queue takes answers to it.
    pub system: Option<String>,
    /// Name of the body's root element, for AMQP's `type`.
    pub r#type: &'static str,
    /// W3C trace context of the message that caused it.
    pub traceparent: Option<String>,
    /// The message, XML.
    pub body: String,
    /// When it was written, and is due.
    pub created_at: DateTime<Utc>,
}

/// What making messages needs to know.
#[derive(Debug)]
pub struct Sending<'a> {
    /// Our own code, the sender.
    pub agency: &'a str,
    /// Labels.
    pub lifecycles: &'a Lifecycles,
    /// Agencies and their queues.
    pub partners: &'a Partners,
    /// Which agency serves which state service.
    pub services: &'a StateServices,
    /// The zone in which moments are told.
    pub zone: Tz,
    /// The moment of the batch.
    pub now: DateTime<Utc>,
}

/// The answers that a settlement owes.
pub fn receipts(settlement: &Settlement, sending: &Sending<'_>) -> Result<Vec<OutboxRow>, WriteFault> {
    settlement.receipts.iter().map(|receipt| receipt::row(receipt, sending)).collect()
}

/// What a settlement sends to other agencies, and what nobody is configured to get; `content` gives the bytes of a content by its SHA-256.
pub fn documents(
    settlement: &Settlement,
    sending: &Sending<'_>,
    content: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<(Vec<OutboxRow>, Vec<Unaddressed>), WriteFault> {
    let (mut rows, mut unaddressed) = (Vec::new(), Vec::new());
    for leaving in &settlement.leaving {
        match document::row(leaving, sending, content)? {
            Some(Ok(row)) => rows.push(row),
            Some(Err(one)) => unaddressed.push(one),
            None => {}
        }
    }
    Ok((rows, unaddressed))
}

/// When a row that did not leave is tried again: the pause doubles with each try, up to the longest.
#[must_use]
pub fn retry_at(now: DateTime<Utc>, attempts: u32, delay_min: Duration, delay_max: Duration) -> DateTime<Utc> {
    let doubled = delay_min.saturating_mul(2_u32.saturating_pow(attempts.min(20)));
    now + doubled.min(delay_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_the_longest() {
        let now = DateTime::UNIX_EPOCH;
        let pause =
            |attempts| (retry_at(now, attempts, Duration::from_secs(1), Duration::from_mins(1)) - now).num_seconds();
        assert_eq!([0, 1, 2, 5, 6, 40].map(pause), [1, 2, 4, 32, 60, 60]);
    }
}
