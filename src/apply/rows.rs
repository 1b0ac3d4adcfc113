//! What a batch comes to, row by row, as `apply` decided it and the store writes it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Change;
use super::results::Results;
use super::settle::Noticed;
use super::world::CaseKey;
use crate::admit::ClaimKey;
use crate::outcome::Code;

/// What became of a message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// At least one item waits; not settled yet.
    Parked,
    /// At least one item was applied, or it was a test.
    Applied,
    /// Nothing was applied; a dead letter says why.
    Failed,
}

impl Outcome {
    /// The form in the tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Applied => "applied",
            Self::Failed => "failed",
        }
    }

    /// The outcome of this form in the tables.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "applied" => Self::Applied,
            "failed" => Self::Failed,
            _ => Self::Parked,
        }
    }
}

/// What the inbox holds for a key already.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The row.
    pub seq: i64,
    /// SHA-256 of the bytes that came under this id.
    pub hash: [u8; 32],
}

/// The raw bytes of a batch; they are packed beside the writing of all else.
#[derive(Debug)]
pub struct RawBlock {
    /// When the batch was received.
    pub received_at: DateTime<Utc>,
    /// How many messages it holds.
    pub messages: usize,
    /// Their bytes, not compressed.
    pub bytes: usize,
}

/// A new message id with its outcome.
#[derive(Debug)]
pub struct InboxRow {
    /// Order of arrival; given by the transaction.
    pub seq: i64,
    /// Agency, or `?user` where it could not be verified.
    pub sender: String,
    /// The id, or `sha256:…`.
    pub message_id: String,
    /// SHA-256 of the bytes.
    pub hash: [u8; 32],
    /// The system it is for.
    pub system: Option<String>,
    /// Its kind.
    pub kind: Option<String>,
    /// Version of the schema family.
    pub version: Option<String>,
    /// Version of the rules that judged it.
    pub rules: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it failed.
    pub code: Option<Code>,
    /// Whether it was marked as a test.
    pub test: bool,
    /// `queue:NAME` or `file:PATH`.
    pub source: String,
    /// Where its raw bytes begin in the batch's block; `None`: they lie in the content store under their hash.
    pub raw_offset: Option<usize>,
    /// How many they are.
    pub raw_length: usize,
    /// AMQP properties, JSON.
    pub properties: String,
    /// What was noticed, JSON list.
    pub notes: Option<String>,
    /// Results by item, JSON list.
    pub items: String,
    /// Where the receipt goes.
    pub reply: Option<String>,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// When it was settled.
    pub settled_at: Option<DateTime<Utc>>,
}

/// A repeat of a known message.
#[derive(Debug)]
pub struct Repeat {
    /// The inbox row that holds its id.
    pub seq: i64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Where its receipt goes, `queue:NAME` or `file:PATH`; none: where the first one went.
    pub reply: Option<String>,
}

/// A known message whose outcome is told anew after a later try.
#[derive(Debug)]
pub struct Resettled {
    /// The inbox row.
    pub seq: i64,
    /// Whether it waited until now, so that this outcome is its first.
    pub waited: bool,
    /// Its outcome now.
    pub outcome: Outcome,
    /// Why it failed.
    pub code: Option<Code>,
    /// What it was found to be: set where the first try could not tell.
    pub kind: Option<(String, String, String)>,
    /// Version of the rules that judged it now.
    pub rules: Option<String>,
    /// Results by item, JSON list.
    pub items: String,
    /// When it was settled.
    pub settled_at: Option<DateTime<Utc>>,
    /// Whether its bytes lie among the contents from now on, under their SHA-256.
    pub kept: bool,
}

/// What the inbox holds of a message that is tried again, read inside the transaction.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Results by item so far.
    pub items: Results,
    /// Its outcome so far.
    pub outcome: Outcome,
    /// Whether it was marked as a test.
    pub test: bool,
    /// Where its receipt goes.
    pub reply: Option<String>,
    /// The id of the first message, for the receipt.
    pub message_id: String,
    /// Who sent it.
    pub sender: String,
    /// Its AMQP properties, JSON.
    pub properties: String,
    /// The items (0: the whole message) whose parked row or open dead letter is still there to be tried.
    pub live: Vec<u32>,
}

/// An item that waits.
#[derive(Debug)]
pub struct ParkedRow {
    /// The inbox row.
    pub message: i64,
    /// The item, from 1.
    pub item: u32,
    /// Why: `unknown-case`, `sequence-gap`, `in-order`.
    pub reason: &'static str,
    /// Whose sequence.
    pub sender: String,
    /// The case it waits for.
    pub case: CaseKey,
    /// Its number in the sender's sequence.
    pub sequence: Option<i64>,
    /// When it was parked.
    pub parked_at: DateTime<Utc>,
    /// When it is tried next without being woken.
    pub due_at: DateTime<Utc>,
    /// When its patience ends.
    pub give_up_at: DateTime<Utc>,
}

/// A parked item that keeps waiting.
#[derive(Debug)]
pub struct ParkedAgain {
    /// The parked row.
    pub id: i64,
    /// Why it waits now.
    pub reason: &'static str,
    /// The case that it waits for now.
    pub case: CaseKey,
    /// When it is tried next.
    pub due_at: DateTime<Utc>,
}

/// A later try.
#[derive(Debug)]
pub struct AttemptRow {
    /// The inbox row.
    pub message: i64,
    /// The item; 0: the whole message.
    pub item: u32,
    /// Its number, from 2.
    pub attempt: u32,
    /// `parked` or `replay`.
    pub origin: &'static str,
    /// Who asked.
    pub actor: String,
    /// The dead letter that was replayed.
    pub dead_letter: Option<i64>,
    /// When.
    pub at: DateTime<Utc>,
    /// What came of it.
    pub result: Outcome,
    /// Why it failed.
    pub code: Option<Code>,
}

/// Where the whole body of a dead letter is kept.
#[derive(Debug, Clone)]
pub enum DeadLetterBody {
    /// Here.
    Inline(Arc<Vec<u8>>),
    /// In the content store, under its SHA-256.
    Content(String),
}

/// A message or an item that failed.
#[derive(Debug)]
pub struct DeadLetterRow {
    /// The inbox row.
    pub message: i64,
    /// The item; 0: the whole message.
    pub item: u32,
    /// Why.
    pub code: Code,
    /// Why, in Russian, for people.
    pub reason: String,
    /// Violations, JSON list.
    pub violations: String,
    /// The sender.
    pub sender: String,
    /// The message id.
    pub message_id: String,
    /// The system.
    pub system: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// The case.
    pub case_number: Option<String>,
    /// Where it came from.
    pub source: String,
    /// AMQP properties, JSON.
    pub properties: String,
    /// Size of the body.
    pub size: usize,
    /// The body.
    pub body: DeadLetterBody,
    /// When.
    pub died_at: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: u32,
}

/// What a replay did to a dead letter.
#[derive(Debug)]
pub struct DeadLetterClosing {
    /// The dead letter.
    pub id: i64,
    /// `true`: it is replayed; `false`: it failed again and stays open.
    pub replayed: bool,
    /// Why it failed this time.
    pub code: Option<Code>,
    /// In words.
    pub reason: Option<String>,
    /// Violations, JSON list.
    pub violations: Option<String>,
    /// Who replayed it.
    pub actor: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// An entry of the journal.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What.
    pub action: &'static str,
    /// On what.
    pub subject: String,
    /// What it was before, JSON.
    pub before: Option<String>,
    /// What it is now, JSON.
    pub after: Option<String>,
}

impl AuditRow {
    /// What a job of the daemon did to something.
    #[must_use]
    pub fn by_job(at: DateTime<Utc>, job: &str, action: &'static str, subject: &str) -> Self {
        Self { at, actor: format!("job:{job}"), action, subject: subject.to_owned(), before: None, after: None }
    }
}

/// Everything that a batch writes.
#[derive(Debug, Default)]
pub struct WriteSet {
    /// The block of the new messages' raw bytes.
    pub raw: Option<RawBlock>,
    /// New message ids.
    pub inbox: Vec<InboxRow>,
    /// Repeats of known ids; each asks for its receipt again.
    pub repeats: Vec<Repeat>,
    /// Known messages (inbox row) that are booked under their own key from now on.
    pub rebooked: Vec<(i64, ClaimKey)>,
    /// Known messages with a new outcome.
    pub resettled: Vec<Resettled>,
    /// What the items did, in order.
    pub changes: Vec<Change>,
    /// What people are to be told of.
    pub noticed: Vec<Noticed>,
    /// Items that wait from now on.
    pub parked: Vec<ParkedRow>,
    /// Parked rows that keep waiting.
    pub parked_again: Vec<ParkedAgain>,
    /// Parked rows whose waiting is over.
    pub parked_gone: Vec<i64>,
    /// Cases whose parked items are due now.
    pub woken: Vec<CaseKey>,
    /// Later tries.
    pub attempts: Vec<AttemptRow>,
    /// What failed.
    pub dead_letters: Vec<DeadLetterRow>,
    /// What replays did.
    pub dead_letters_closed: Vec<DeadLetterClosing>,
    /// The journal.
    pub audit: Vec<AuditRow>,
    /// The moment of the batch.
    pub now: DateTime<Utc>,
}
