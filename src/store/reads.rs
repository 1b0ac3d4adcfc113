//! What people ask of the store: cases, messages, dead letters, the outbox. Every listing pages by key.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Store, StoreFault, StoredBody};

/// A case with its history and documents.
#[derive(Debug, Serialize)]
pub struct CaseView {
    /// Code of the system.
    pub system: String,
    /// Number.
    pub number: String,
    /// Code of the service.
    pub service: String,
    /// What the service is asked for.
    pub object: Option<String>,
    /// `new`, `change`, `cancellation`, `appeal`.
    pub purpose: String,
    /// Number of the case that it belongs or refers to.
    pub parent: Option<String>,
    /// Kind of that case.
    pub parent_kind: Option<String>,
    /// Kind of the case.
    pub kind: String,
    /// Short, for people.
    pub title: Option<String>,
    /// From when it is in force, milliseconds.
    pub valid_from: Option<i64>,
    /// The first moment at which it is no longer in force, milliseconds.
    pub valid_until: Option<i64>,
    /// Kopecks due.
    pub amount: Option<i64>,
    /// The fields that its kind declares.
    pub details: Value,
    /// Whether it counts as an open application.
    pub open: bool,
    /// Code of the status.
    pub status: String,
    /// When the status happened, milliseconds since the epoch.
    pub since: i64,
    /// The responsible agency.
    pub agency: String,
    /// The responsible officer.
    pub officer: Option<String>,
    /// The responsible unit.
    pub unit: Option<String>,
    /// By when somebody must act, milliseconds.
    pub deadline: Option<i64>,
    /// When the next step is expected.
    pub expected_on: Option<String>,
    /// When it was opened here, milliseconds.
    pub opened_at: i64,
    /// When it last changed here, milliseconds.
    pub changed_at: i64,
    /// Its history, oldest first.
    pub history: Vec<HistoryView>,
    /// What its fields were before they were corrected or changed, oldest first.
    pub former: Vec<FormerView>,
    /// Its documents.
    pub documents: Vec<DocumentView>,
    /// What was asked for.
    pub requests: Vec<RequestView>,
    /// Its timers that are still to go off, the next one first.
    pub timers: Vec<TimerView>,
}

/// A former version of a case's fields.
#[derive(Debug, Serialize)]
pub struct FormerView {
    /// From 1.
    pub version: i64,
    /// The fields, as they were.
    pub details: Value,
    /// When the next version took its place, milliseconds.
    pub replaced_at: i64,
    /// Id of the message that replaced it; none: a timer did it.
    pub message_id: Option<String>,
}

/// A timer of a case that is still to go off.
#[derive(Debug, Serialize)]
pub struct TimerView {
    /// `status/timer`, or the code of a timer of the whole life.
    #[serde(rename = "timer")]
    pub code: String,
    /// When it is due, milliseconds.
    pub due_at: i64,
    /// `pending` or `stuck`.
    pub state: String,
}

/// An entry of a case's history.
#[derive(Debug, Serialize)]
pub struct HistoryView {
    /// `opened`, `moved`, `comment`, `late`, `documents`.
    pub entry: String,
    /// Status before.
    pub from: Option<String>,
    /// Status after.
    pub to: String,
    /// When it happened, milliseconds.
    pub happened_at: i64,
    /// When it was recorded, milliseconds.
    pub recorded_at: i64,
    /// Who.
    pub agency: String,
    /// Which officer.
    pub officer: Option<String>,
    /// In words.
    pub comment: Option<String>,
    /// What the status asked for, JSON.
    #[serde(serialize_with = "nested_if_any")]
    pub details: Option<String>,
    /// Id of the message; none: a timer did it.
    pub message_id: Option<String>,
    /// Item of the message; 0: a timer's.
    pub item: i64,
    /// Code of the timer; none: a message did it.
    pub timer: Option<String>,
}

/// A document of a case.
#[derive(Debug, Serialize)]
pub struct DocumentView {
    /// Code of its type.
    pub r#type: String,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: Option<String>,
    /// Its state.
    pub state: String,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The mark «Подписано», JSON.
    pub signed: Option<String>,
    /// Last day of validity.
    pub valid_until: Option<String>,
    /// Its versions, oldest first.
    pub versions: Vec<VersionView>,
}

/// A version of a document.
#[derive(Debug, Serialize)]
pub struct VersionView {
    /// From 1.
    pub version: i64,
    /// Name of the file.
    pub file_name: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of the content.
    pub sha256: String,
    /// Who brought it.
    pub uploader: String,
    /// When, milliseconds.
    pub uploaded_at: i64,
}

/// A document request.
#[derive(Debug, Serialize)]
pub struct RequestView {
    /// What is wanted, JSON list.
    #[serde(serialize_with = "nested")]
    pub wanted: String,
    /// By when, milliseconds.
    #[serde(rename = "due_at")]
    pub due: Option<i64>,
    /// `open`, `closed`, `lapsed`.
    pub state: String,
    /// Who asked.
    pub agency: String,
}

/// A message with everything that became of it.
#[derive(Debug, Serialize)]
pub struct MessageView {
    /// Order of arrival.
    #[serde(rename = "id")]
    pub seq: i64,
    /// Sender.
    pub sender: String,
    /// Id.
    pub message_id: String,
    /// SHA-256 of its bytes, hex.
    pub hash: String,
    /// System.
    pub system: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// Version of the schema family.
    pub version: Option<String>,
    /// Version of the rules.
    pub rules: Option<String>,
    /// `parked`, `applied`, `failed`.
    pub outcome: String,
    /// Why it failed.
    pub code: Option<String>,
    /// Whether it was marked as a test.
    pub test: bool,
    /// Where it came from.
    pub source: String,
    /// Where its receipt goes.
    pub reply: Option<String>,
    /// AMQP properties, JSON.
    #[serde(serialize_with = "nested")]
    pub properties: String,
    /// What was noticed, JSON list.
    #[serde(serialize_with = "nested_if_any")]
    pub notes: Option<String>,
    /// Results by item, JSON list.
    #[serde(serialize_with = "nested")]
    pub items: String,
    /// When it came, milliseconds.
    pub received_at: i64,
    /// When it was settled, milliseconds.
    pub settled_at: Option<i64>,
    /// How often it came again.
    pub repeats: i64,
    /// Later tries.
    pub attempts: Vec<AttemptView>,
    /// Its dead letters, by number.
    pub dead_letters: Vec<i64>,
    /// The last receipt, XML.
    pub receipt: Option<String>,
    /// How far the receipt is: `pending`, `sent`, `stuck`.
    pub receipt_state: Option<String>,
    /// The raw bytes.
    #[serde(skip)]
    pub raw: StoredBody,
}

/// A later try of a message or an item.
#[derive(Debug, Serialize)]
pub struct AttemptView {
    /// The item; 0: the whole message.
    pub item: i64,
    /// Number of the try.
    pub attempt: i64,
    /// `parked` or `replay`.
    pub origin: String,
    /// Who.
    pub actor: String,
    /// When, milliseconds.
    #[serde(rename = "tried_at")]
    pub at: i64,
    /// `applied`, `failed`, `parked`.
    pub result: String,
    /// Why it failed.
    pub code: Option<String>,
}

/// Which dead letters to list.
#[derive(Debug, Default, Clone)]
pub struct DeadLetterFilter {
    /// `open`, `replayed`, `discarded`; `None`: all.
    pub state: Option<String>,
    /// Only this code.
    pub code: Option<String>,
    /// Only this sender.
    pub sender: Option<String>,
    /// Only this system.
    pub system: Option<String>,
    /// Only after this number.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A dead letter.
#[derive(Debug, Serialize)]
pub struct DeadLetterView {
    /// Its number.
    pub id: i64,
    /// The item; 0: the whole message.
    pub item: i64,
    /// `open`, `replayed`, `discarded`.
    pub state: String,
    /// Why.
    pub code: String,
    /// Why, in Russian.
    pub reason: String,
    /// Violations, JSON list.
    #[serde(serialize_with = "nested")]
    pub violations: String,
    /// Sender.
    pub sender: String,
    /// Message id.
    pub message_id: String,
    /// System.
    pub system: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// Case.
    #[serde(rename = "case")]
    pub case_number: Option<String>,
    /// Where it came from.
    pub source: String,
    /// Bytes of the body.
    pub size: i64,
    /// When, milliseconds.
    pub died_at: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was closed, milliseconds.
    pub closed_at: Option<i64>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// Why it was discarded.
    pub note: Option<String>,
}

/// Which rows of the outbox to list.
#[derive(Debug, Default, Clone)]
pub struct OutboxFilter {
    /// `pending`, `sent`, `stuck`; `None`: all.
    pub state: Option<String>,
    /// Only after this number.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A row of the outbox.
#[derive(Debug, Serialize)]
pub struct OutboxView {
    /// Its number.
    pub id: i64,
    /// `receipt`, `notice`, `document`.
    pub what: String,
    /// `queue`, `notice`, `file`.
    #[serde(rename = "way")]
    pub kind: String,
    /// Where to.
    pub address: String,
    /// Its own message id.
    pub message_id: String,
    /// The case.
    #[serde(rename = "case")]
    pub case_number: Option<String>,
    /// `pending`, `sent`, `stuck`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is due, milliseconds.
    pub due_at: i64,
    /// Why it did not leave.
    pub error: Option<String>,
    /// When it was written, milliseconds.
    pub created_at: i64,
    /// When it left, milliseconds.
    pub sent_at: Option<i64>,
}

/// How many message ids ended how.
#[derive(Debug, Clone, Serialize)]
pub struct OutcomeCount {
    /// System, where it was known.
    pub system: Option<String>,
    /// `parked`, `applied`, `failed`.
    pub outcome: String,
    /// Why they failed.
    pub code: Option<String>,
    /// How many.
    pub messages: i64,
    /// Repeats counted beside them.
    pub repeats: i64,
}

/// JSON that the tables keep as text is no text for who reads JSON.
fn nested<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<Value>(text).map_err(S::Error::custom)?.serialize(to)
}

#[expect(clippy::ref_option, reason = "serde hands a field over as it is")]
pub(super) fn nested_if_any<S: Serializer>(text: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => nested(text, to),
        None => to.serialize_none(),
    }
}

impl Store {
    /// Cases of this number: one for each system that has it.
    pub async fn cases_by_number(&self, system: Option<&str>, number: &str) -> Result<Vec<CaseView>, StoreFault> {
        self.db.cases_by_number(system, number).await
    }

    /// Messages of this id: one for each sender that used it.
    pub async fn messages_by_id(&self, message_id: &str) -> Result<Vec<MessageView>, StoreFault> {
        self.db.messages_by_id(message_id).await
    }

    /// Dead letters, oldest first.
    pub async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetterView>, StoreFault> {
        self.db.dead_letters(filter).await
    }

    /// One dead letter and its body.
    pub async fn dead_letter(&self, id: i64) -> Result<Option<(DeadLetterView, StoredBody)>, StoreFault> {
        self.db.dead_letter(id).await
    }

    /// Rows of the outbox, oldest first.
    pub async fn outbox(&self, filter: &OutboxFilter) -> Result<Vec<OutboxView>, StoreFault> {
        self.db.outbox(filter).await
    }

    /// Message ids by system, outcome and code, with their repeats.
    pub async fn outcomes(&self) -> Result<Vec<OutcomeCount>, StoreFault> {
        self.db.outcomes().await
    }

    /// How many items wait, and how many rows of the outbox are pending and stuck.
    pub async fn waiting(&self) -> Result<Waiting, StoreFault> {
        self.db.waiting().await
    }
}

/// What is not done yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Items that are parked.
    pub parked: i64,
    /// Rows of the outbox still to leave.
    pub pending: i64,
    /// Rows of the outbox that need an operator.
    pub stuck: i64,
    /// Open dead letters.
    pub dead_letters: i64,
    /// Timers that need an operator.
    pub timers_stuck: i64,
    /// Notifications that have not reached their channel yet, digests and those of quiet hours among them.
    pub notifications: i64,
    /// Notifications that failed.
    pub notifications_failed: i64,
}
