//! Timers of cases as people look at them, and the verb for those that are stuck.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Store, StoreFault};
use crate::apply::rows::AuditRow;

/// Which timers to list.
#[derive(Debug, Default, Clone)]
pub struct TimerFilter {
    /// `pending`, `fired`, `void`, `stuck`; `None`: all.
    pub state: Option<String>,
    /// Only those of cases with this number.
    pub number: Option<String>,
    /// Only those of this system.
    pub system: Option<String>,
    /// Only those due at this moment or before.
    pub due_by: Option<DateTime<Utc>>,
    /// Only after this row.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A timer.
#[derive(Debug, Serialize)]
pub struct TimerListed {
    /// Its row.
    pub id: i64,
    /// System of its case.
    pub system: String,
    /// Kind of its case.
    pub kind: String,
    /// Number of its case.
    #[serde(rename = "case")]
    pub number: String,
    /// `status/timer`, the code of a timer of the whole life, `document/timer`, `request/due`.
    #[serde(rename = "timer")]
    pub code: String,
    /// Type of the document that it is bound to.
    pub document: Option<String>,
    /// When it started, milliseconds.
    pub started_at: i64,
    /// When it is due, milliseconds.
    pub due_at: i64,
    /// `pending`, `fired`, `void`, `stuck`.
    pub state: String,
    /// When it ended, milliseconds.
    pub settled_at: Option<i64>,
    /// What firing did, or why it is void or stuck.
    pub result: Option<String>,
}

/// Open cases that are past their deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overdue {
    /// Their system.
    pub system: String,
    /// Their kind.
    pub kind: String,
    /// Who deals with them.
    pub agency: String,
    /// How many.
    pub cases: i64,
}

impl Store {
    /// Open cases that are past their deadline, by system, kind and agency.
    pub async fn overdue(&self, now: DateTime<Utc>) -> Result<Vec<Overdue>, StoreFault> {
        self.db.overdue(now).await
    }

    /// Starts a timer, due now, for each case in one of these statuses (system, kind, status) that is past its deadline while no timer of its
    /// turn was due then or later; at most `limit`. Gives how many.
    pub async fn sweep_overdue(
        &self,
        now: DateTime<Utc>,
        statuses: &[[String; 3]],
        limit: u32,
    ) -> Result<u64, StoreFault> {
        self.db.sweep_overdue(now, statuses, limit).await
    }

    /// When the next timer is due.
    pub async fn next_timer(&self) -> Result<Option<DateTime<Utc>>, StoreFault> {
        self.db.next_timer().await
    }

    /// Timers, in the order in which they were started.
    pub async fn timers(&self, filter: &TimerFilter) -> Result<Vec<TimerListed>, StoreFault> {
        self.db.timers_listed(filter).await
    }

    /// Makes stuck timers pending again: one, or all where `id` is `None`. Gives how many.
    pub async fn retry_timers(&self, id: Option<i64>, audit: AuditRow) -> Result<u64, StoreFault> {
        self.db.retry_timers(id, audit).await
    }
}
