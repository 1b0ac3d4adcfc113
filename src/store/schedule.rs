//! Jobs and their slots: what is due, who runs it, what became of it. A slot is there once, whoever looks; it is run by whoever claims it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::reads::nested_if_any;
use super::{Store, StoreFault};
use crate::apply::rows::AuditRow;

/// The origin of slots that nobody asked for: the job's own schedule.
pub const SCHEDULE: &str = "schedule";

/// A job as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSeen {
    /// Slots up to this moment are in the table or are none.
    pub seen: DateTime<Utc>,
    /// Since when and by whom it is paused.
    pub paused: Option<(DateTime<Utc>, String)>,
}

/// Slots to enter.
#[derive(Debug, Clone)]
pub struct NewSlots<'a> {
    /// The job.
    pub job: &'a str,
    /// [`SCHEDULE`], or who asked.
    pub origin: &'a str,
    /// Those to run: the slot, and when it begins.
    pub run: &'a [(DateTime<Utc>, DateTime<Utc>)],
    /// Those that are skipped.
    pub skipped: &'a [DateTime<Utc>],
    /// Where the look before this one ended: when another has looked since, nothing is entered.
    pub seen_before: DateTime<Utc>,
    /// Everything up to here has been seen.
    pub seen: DateTime<Utc>,
    /// The moment.
    pub now: DateTime<Utc>,
}

/// Who runs a slot, and until when nobody else may.
#[derive(Debug, Clone, Copy)]
pub struct Lease<'a> {
    /// A name that no other runner has.
    pub owner: &'a str,
    /// The moment.
    pub now: DateTime<Utc>,
    /// Until when; it is renewed while the job runs.
    pub until: DateTime<Utc>,
}

/// A slot that has been claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its row.
    pub id: i64,
    /// The moment that it stands for.
    pub slot: DateTime<Utc>,
    /// Number of this try, from 1.
    pub attempt: u32,
    /// `schedule`, or who asked.
    pub origin: String,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It is done; what it did, JSON.
    Done(String),
    /// It failed, and is tried again then.
    Again(DateTime<Utc>, String),
    /// It failed for good.
    Failed(String),
    /// It was interrupted by a stop and counts as not tried.
    GivenBack,
}

/// Which slots to list.
#[derive(Debug, Default, Clone)]
pub struct SlotFilter {
    /// Only those of this job.
    pub job: Option<String>,
    /// Only this state.
    pub state: Option<String>,
    /// Only rows before this one; 0: from the newest.
    pub before: i64,
    /// At most so many.
    pub limit: u32,
}

/// A slot.
#[derive(Debug, Clone, Serialize)]
pub struct SlotView {
    /// Its row.
    pub id: i64,
    /// The job.
    pub job: String,
    /// The moment that it stands for, milliseconds.
    pub slot: i64,
    /// `schedule`, or who asked.
    pub origin: String,
    /// `due`, `running`, `done`, `failed`, `skipped`.
    pub state: String,
    /// How often it was tried.
    #[serde(rename = "attempts")]
    pub attempt: i64,
    /// When it begins, milliseconds.
    pub due_at: i64,
    /// When the last try began, milliseconds.
    pub started_at: Option<i64>,
    /// When it ended, milliseconds.
    pub finished_at: Option<i64>,
    /// Who runs it.
    pub owner: Option<String>,
    /// What the last try did, JSON.
    #[serde(serialize_with = "nested_if_any")]
    pub result: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
}

impl Store {
    /// A job as the store knows it; one that it meets for the first time has been seen to up to now.
    pub async fn job(&self, code: &str, now: DateTime<Utc>) -> Result<JobSeen, StoreFault> {
        self.db.job(code, now).await
    }

    /// Enters slots that are not there yet, once, whoever looks.
    pub async fn enter_slots(&self, slots: &NewSlots<'_>) -> Result<(), StoreFault> {
        self.db.enter_slots(slots).await
    }

    /// Claims the eldest slot of a job that is due, or only this one: none while another slot of it runs. One whose runner is gone is given
    /// back first.
    pub async fn claim_slot(
        &self,
        job: &str,
        only: Option<DateTime<Utc>>,
        lease: Lease<'_>,
    ) -> Result<Option<Claimed>, StoreFault> {
        self.db.claim_slot(job, only, lease).await
    }

    /// Keeps a claimed slot; `false` where it is not the owner's any more.
    pub async fn renew_slot(&self, id: i64, lease: Lease<'_>) -> Result<bool, StoreFault> {
        self.db.renew_slot(id, lease).await
    }

    /// Tells what became of a claimed slot; `false` where it is not the owner's any more.
    pub async fn finish_slot(
        &self,
        claimed: &Claimed,
        owner: &str,
        tried: &Tried,
        now: DateTime<Utc>,
        audit: Option<AuditRow>,
    ) -> Result<bool, StoreFault> {
        self.db.finish_slot(claimed, owner, tried, now, audit).await
    }

    /// Makes a slot due now, be it there or not; `false` while it runs.
    pub async fn order_slot(&self, job: &str, slot: DateTime<Utc>, audit: AuditRow) -> Result<bool, StoreFault> {
        self.db.order_slot(job, slot, audit).await
    }

    /// Pauses a job, or lets it go on from now; `false` where nothing changes.
    pub async fn pause_job(&self, code: &str, paused: bool, audit: AuditRow) -> Result<bool, StoreFault> {
        self.db.pause_job(code, paused, audit).await
    }

    /// When the next slot of a job is due that is in the table.
    pub async fn next_slot(&self, job: &str) -> Result<Option<DateTime<Utc>>, StoreFault> {
        self.db.next_slot(job).await
    }

    /// Slots, the newest first.
    pub async fn slots(&self, filter: &SlotFilter) -> Result<Vec<SlotView>, StoreFault> {
        self.db.slots(filter).await
    }

    /// Removes slots that ended before a moment, at most `limit`. Gives how many.
    pub async fn forget_slots(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreFault> {
        self.db.forget_slots(before, limit).await
    }
}
