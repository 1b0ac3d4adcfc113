//! Notifications as rows: who reads of a case and what they chose, what is due by a channel, what became of it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Store, StoreFault};
use crate::apply::Noticed;
use crate::apply::rows::AuditRow;
use crate::apply::world::{CaseKey, SubscriptionRow};

/// A notification to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRow {
    /// The event that it tells of.
    pub event: i64,
    /// `applicant`, `agency`, `origin` or `all`.
    pub audience: &'static str,
    /// The case whose applicant reads it.
    pub reader: Option<i64>,
    /// The agency that reads it.
    pub agency: Option<String>,
    /// The channel.
    pub channel: String,
    /// Where to, where the channel needs it.
    pub address: Option<String>,
    /// Whom limits and digests are counted by.
    pub recipient: String,
    /// Whether it goes out whatever the reader chose.
    pub required: bool,
    /// `hourly` or `daily`.
    pub digest: Option<&'static str>,
    /// The id under which it leaves.
    pub delivery: String,
    /// Rows of one key leave in order.
    pub order_key: Option<String>,
    /// Why it does not go out at all.
    pub suppressed: Option<&'static str>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it is no longer tried.
    pub give_up_at: DateTime<Utc>,
}

/// A kind that holds consents, for the cases of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentKind {
    /// The system whose cases need them.
    pub asked_by: String,
    /// The system of the consents.
    pub system: String,
    /// Their kind.
    pub kind: String,
}

/// Who reads of a case: its applicant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reader {
    /// The case.
    pub case: i64,
    /// Its system, kind and number.
    pub key: Option<CaseKey>,
    /// The agency that opened it.
    pub origin: String,
    /// Where e-mail may go.
    pub email: Option<String>,
    /// Where SMS may go.
    pub phone: Option<String>,
    /// SHA-256 of the identifiers, the strongest first.
    pub identifiers: Vec<[u8; 32]>,
    /// What was chosen in the system of the case.
    pub choices: Vec<ChoiceRow>,
    /// Consents: system, kind and status of each.
    pub consents: Vec<(String, String, String)>,
}

/// A row of the subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceRow {
    /// Kind and number of the one case that it is for.
    pub case: Option<(String, String)>,
    /// The one event that it is for.
    pub event: Option<String>,
    /// The channel.
    pub channel: String,
    /// `never`, `at-once`, `hourly` or `daily`.
    pub frequency: String,
    /// When it was chosen.
    pub happened_at: DateTime<Utc>,
}

/// A notification that is due.
#[derive(Debug, Clone)]
pub struct DueNotification {
    /// The row.
    pub id: i64,
    /// What happened.
    pub noticed: Noticed,
    /// `applicant`, `agency`, `origin` or `all`.
    pub audience: String,
    /// The case whose applicant reads it.
    pub reader: Option<i64>,
    /// The agency that reads it.
    pub agency: Option<String>,
    /// Where to.
    pub address: Option<String>,
    /// Whom limits and digests are counted by.
    pub recipient: String,
    /// Whether it goes out whatever the reader chose.
    pub required: bool,
    /// Whether it is of a digest.
    pub digest: bool,
    /// The id under which it leaves.
    pub delivery: String,
    /// Rows of one key leave in order.
    pub order_key: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it is no longer tried.
    pub give_up_at: DateTime<Utc>,
}

/// A document of a case that a letter brings: its newest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterFile {
    /// Name of the file.
    pub file_name: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// The content's name.
    pub sha256: String,
}

/// What becomes of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Becomes {
    /// The channel has taken it.
    Confirmed,
    /// It waits until then; why.
    Later(DateTime<Utc>, Option<String>),
    /// It failed: reason and particulars.
    Failed(&'static str, String),
    /// It does not go out: reason.
    Suppressed(&'static str),
}

/// Which notifications.
#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    /// Only this state.
    pub state: Option<String>,
    /// Only this channel.
    pub channel: Option<String>,
    /// Only of this case.
    pub case_number: Option<String>,
    /// Only of this event.
    pub event: Option<String>,
    /// Only after this number.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A notification.
#[derive(Debug, Clone, Serialize)]
pub struct NotificationView {
    /// Its number.
    pub id: i64,
    /// Code of the event.
    pub event: String,
    /// Code of the system.
    pub system: String,
    /// Number of the case.
    pub case: String,
    /// Who reads it.
    pub audience: String,
    /// The agency that reads it.
    pub agency: Option<String>,
    /// The channel.
    pub channel: String,
    /// Where to.
    pub address: Option<String>,
    /// Whether it goes out whatever the reader chose.
    pub required: bool,
    /// `hourly` or `daily`.
    pub digest: Option<String>,
    /// The id under which it leaves.
    pub delivery: String,
    /// `pending`, `sent`, `confirmed`, `failed`, `suppressed`.
    pub state: String,
    /// Why it failed or was suppressed.
    pub reason: Option<String>,
    /// What the last try met.
    pub error: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is due, milliseconds since the epoch.
    pub due_at: i64,
    /// When it was written.
    pub created_at: i64,
    /// When it was last handed over.
    pub sent_at: Option<i64>,
    /// When it was settled.
    pub settled_at: Option<i64>,
}

/// How many notifications of a channel stand in a state.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct NotificationCount {
    /// The channel.
    pub channel: String,
    /// The state.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// How many.
    pub count: i64,
}

/// What a run of telling writes.
#[derive(Debug, Default)]
pub struct Told {
    /// Events that are told.
    pub told: Vec<i64>,
    /// Their notifications.
    pub notifications: Vec<NotificationRow>,
    /// Events that cannot be told, and why.
    pub stuck: Vec<(i64, String)>,
    /// Events for everybody that are told up to the applicant of this case.
    pub reached: Vec<(i64, i64)>,
}

impl Store {
    /// Marks events as told and writes their notifications, or marks them as stuck, which says why. Does nothing where
    /// somebody else has told one of them meanwhile.
    pub async fn tell(&self, told: &Told) -> Result<(), StoreFault> {
        self.db.tell(told).await
    }

    /// The applicants of these cases; `consents` are the kinds that hold consents.
    pub async fn readers(&self, cases: &[CaseKey], consents: &[ConsentKind]) -> Result<Vec<Reader>, StoreFault> {
        self.db.readers(cases, consents).await
    }

    /// The same, by the cases' rows.
    pub async fn readers_by_id(&self, cases: &[i64], consents: &[ConsentKind]) -> Result<Vec<Reader>, StoreFault> {
        self.db.readers_by_id(cases, consents).await
    }

    /// The applicants of a system's cases that have an address, in the order of the cases, after one of them.
    pub async fn readers_of(
        &self,
        system: &str,
        after: i64,
        limit: u32,
        consents: &[ConsentKind],
    ) -> Result<Vec<Reader>, StoreFault> {
        self.db.readers_of(system, after, limit, consents).await
    }

    /// Notifications of a channel that are due, whole digests, in the order in which they must leave.
    pub async fn notifications_due(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        deliveries_max: u32,
    ) -> Result<Vec<DueNotification>, StoreFault> {
        self.db.notifications_due(channel, now, deliveries_max).await
    }

    /// When the next notification of a channel is due.
    pub async fn next_notification(&self, channel: &str) -> Result<Option<DateTime<Utc>>, StoreFault> {
        self.db.next_notification(channel).await
    }

    /// Takes due notifications for handing over until `lease`: gives those that nobody else has taken.
    pub async fn claim_notifications(
        &self,
        ids: &[i64],
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreFault> {
        self.db.claim_notifications(ids, now, lease).await
    }

    /// Records what became of notifications. What is confirmed, failed or suppressed stays so.
    pub async fn settle_notifications(&self, fates: &[(i64, Becomes)], now: DateTime<Utc>) -> Result<(), StoreFault> {
        self.db.settle_notifications(fates, now).await
    }

    /// How many messages went to these recipients by a channel since a moment, and when the first of them did.
    pub async fn recent_deliveries(
        &self,
        channel: &str,
        recipients: &[&str],
        since: DateTime<Utc>,
    ) -> Result<Vec<(String, u32, DateTime<Utc>)>, StoreFault> {
        self.db.recent_deliveries(channel, recipients, since).await
    }

    /// The newest versions of a case's documents of these types; none where the case has another purpose than this one.
    pub async fn letter_files(
        &self,
        case: &CaseKey,
        purpose: Option<&str>,
        types: &[String],
    ) -> Result<Vec<LetterFile>, StoreFault> {
        self.db.letter_files(case, purpose, types).await
    }

    /// Notifications, oldest first.
    pub async fn notifications(&self, filter: &NotificationFilter) -> Result<Vec<NotificationView>, StoreFault> {
        self.db.notifications(filter).await
    }

    /// One notification.
    pub async fn notification(&self, id: i64) -> Result<Option<NotificationView>, StoreFault> {
        self.db.notification(id).await
    }

    /// Everything that the texts of a notification are made from.
    pub async fn noticed(&self, id: i64) -> Result<Option<Noticed>, StoreFault> {
        self.db.noticed(id).await
    }

    /// How many notifications of each channel stand in which state.
    pub async fn notification_counts(&self) -> Result<Vec<NotificationCount>, StoreFault> {
        self.db.notification_counts().await
    }

    /// Makes notifications pending again, to be tried until `give_up_at`: a failed or suppressed one, or all failed ones
    /// and all stuck events where `id` is `None`. Gives how many.
    pub async fn notifications_retry(
        &self,
        id: Option<i64>,
        give_up_at: DateTime<Utc>,
        audit: AuditRow,
    ) -> Result<u64, StoreFault> {
        self.db.notifications_retry(id, give_up_at, audit).await
    }

    /// Removes notifications that were settled before a moment, at most `limit`; what an export has yet to give stays. Gives how many.
    pub async fn forget_notifications(
        &self,
        before: DateTime<Utc>,
        limit: u32,
        audit: AuditRow,
    ) -> Result<u64, StoreFault> {
        self.db.forget_notifications(before, limit, audit).await
    }

    /// Removes events of before a moment that were told and of which no notification is left, at most `limit`. Gives how many.
    pub async fn forget_events(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreFault> {
        self.db.forget_events(before, limit).await
    }

    /// Writes a choice that came by an opt-out link.
    pub async fn opt_out(&self, choice: &SubscriptionRow, audit: AuditRow) -> Result<(), StoreFault> {
        self.db.opt_out(choice, audit).await
    }
}
