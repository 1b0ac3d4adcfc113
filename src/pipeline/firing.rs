//! Due timers through the same transaction as messages: read what is due, read the facts, fold, write, commit; one bounded piece. What is
//! due is read inside the transaction, so daemons that compete for it see each other's work.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Pipeline;
use crate::apply::world::{CaseKey, Needs, TimerEnd};
use crate::apply::{self, Change, DueTimer, Refusal, Settlement};
use crate::chance;
use crate::clock;
use crate::failpoint;
use crate::store::{Fate, StoreFault};
use crate::unwind::caught;

/// Timers of one transaction.
const TIMERS_MAX: u32 = 200;

/// A timer that has ended.
#[derive(Debug, Clone)]
pub struct FiredTimer {
    /// Its row.
    pub id: i64,
    /// The case.
    pub case: CaseKey,
    /// Its code.
    pub code: String,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// How it ended.
    pub end: TimerEnd,
}

impl Pipeline {
    /// Lets timers fire that are due at a moment, one bounded piece: gives how each of them ended. None are due any more where it gives
    /// nothing.
    ///
    /// # Errors
    /// The store is away, or cannot be worked with. Nothing has been done then.
    pub async fn fire(self: &Arc<Self>, at: DateTime<Utc>) -> Result<Vec<FiredTimer>, StoreFault> {
        if self.store.next_timer().await?.is_none_or(|due| due > at) {
            return Ok(Vec::new());
        }
        match self.fire_some(at, TIMERS_MAX).await {
            Err(fault) if fault.fate() == Fate::Refused => {
                tracing::warn!(%fault, "the store refused what due timers do; they fire one by one");
                match self.fire_some(at, 1).await {
                    Err(fault) if fault.fate() == Fate::Refused => self.stick_first(at, &fault).await,
                    fired => fired,
                }
            }
            fired => fired,
        }
    }

    async fn fire_some(self: &Arc<Self>, at: DateTime<Utc>, limit: u32) -> Result<Vec<FiredTimer>, StoreFault> {
        let mut transaction = self.store.begin().await?;
        let due = transaction.due_timers(at, limit).await?;
        let mut needs = Needs::default();
        due.iter().for_each(|timer| apply::timer_needs(timer, &self.lifecycles, &mut needs));
        let world = transaction.facts(&needs).await?;
        let held = |sha256: &str| self.contents.held(sha256);
        let seed = chance::seed().map_err(|fault| StoreFault::Away(fault.to_string()))?;
        let now = clock::now();
        let fired = caught(|| apply::fire(&due, world, &self.context(now, seed, &held)));
        let (settlement, folded) = fired.ok_or(StoreFault::Program("it cannot be decided what the timers do"))?;
        failpoint::hit("timers.before-write");
        transaction.write(&settlement.writes).await?;
        self.keep(settlement.contents.clone()).await?;
        let owed = caught(|| self.owed(&settlement, now));
        let owed = owed.unwrap_or(Err(StoreFault::Program("what is owed cannot be written")))?;
        transaction.owe(&owed).await?;
        failpoint::hit("timers.before-commit");
        transaction.commit(()).await?.into_run();
        failpoint::hit("timers.after-commit");
        self.counted(&settlement, owed.is_empty());
        Ok(told(&due[..folded], &settlement))
    }

    /// The eldest due timer does what the tables refuse: it is stuck, and the others are free.
    async fn stick_first(
        self: &Arc<Self>,
        at: DateTime<Utc>,
        fault: &StoreFault,
    ) -> Result<Vec<FiredTimer>, StoreFault> {
        let mut transaction = self.store.begin().await?;
        let due = transaction.due_timers(at, 1).await?;
        let Some(timer) = due.first() else { return Ok(Vec::new()) };
        let why = Refusal::with(fault.code(), fault.to_string());
        let settlement = apply::stick(timer, &why, &self.context(clock::now(), [0; 32], &|_| None));
        transaction.write(&settlement.writes).await?;
        transaction.commit(()).await?.into_run();
        Ok(told(&due, &settlement))
    }
}

/// How each timer ended; those that others made void in the same piece say so.
fn told(due: &[DueTimer], settlement: &Settlement) -> Vec<FiredTimer> {
    let end = |id: i64| {
        settlement.writes.changes.iter().find_map(|change| match change {
            Change::Ended(timer, end) if *timer == id => Some(end.clone()),
            _ => None,
        })
    };
    let fired = |timer: &DueTimer| FiredTimer {
        id: timer.id,
        case: timer.case.clone(),
        code: timer.row.code.clone(),
        due_at: timer.row.due_at,
        end: end(timer.id).unwrap_or_else(|| TimerEnd::Void("an earlier timer moved the case on".to_owned())),
    };
    due.iter().map(fired).collect()
}
