//! The statements of the schedule.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Sqlite, Transaction};
use crate::apply::rows::AuditRow;
use crate::failpoint;
use crate::store::moment::{from_store, to_store};
use crate::store::{Claimed, JobSeen, Lease, NewSlots, SlotFilter, SlotView, StoreFault, Tried};

impl Sqlite {
    pub(in crate::store) async fn job(&self, code: &str, now: DateTime<Utc>) -> Result<JobSeen, StoreFault> {
        failpoint::store(&self.file.path)?;
        let read = || {
            sqlx::query("SELECT seen, paused_at, paused_by FROM jobs WHERE code = ?1")
                .bind(code)
                .fetch_optional(&self.readers)
        };
        let Some(row) = read().await? else {
            let mut tx = self.begin().await?;
            tx.meet(code, now).await?;
            tx.commit(()).await?.into_run();
            return Ok(JobSeen { seen: now, paused: None });
        };
        let paused = match (row.try_get::<Option<i64>, _>(1)?, row.try_get::<Option<String>, _>(2)?) {
            (Some(at), Some(by)) => Some((from_store(at), by)),
            _ => None,
        };
        Ok(JobSeen { seen: from_store(row.try_get(0)?), paused })
    }

    pub(in crate::store) async fn enter_slots(&self, slots: &NewSlots<'_>) -> Result<(), StoreFault> {
        let mut tx = self.begin().await?;
        let moved = sqlx::query("UPDATE jobs SET seen = ?3 WHERE code = ?1 AND seen = ?2 AND paused_at IS NULL")
            .bind(slots.job)
            .bind(to_store(slots.seen_before))
            .bind(to_store(slots.seen))
            .execute(&mut *tx.tx)
            .await?
            .rows_affected();
        if moved == 0 {
            return Ok(());
        }
        let now = to_store(slots.now);
        let run = slots.run.iter().map(|(slot, begins)| (slot, begins, "due", None));
        let skipped = slots.skipped.iter().map(|slot| (slot, slot, "skipped", Some(now)));
        let rows: Vec<Value> = run
            .chain(skipped)
            .map(|(slot, begins, state, finished)| {
                json!([slots.job, to_store(*slot), slots.origin, state, to_store(*begins), finished])
            })
            .collect();
        tx.each(
            "INSERT INTO slots (job, slot, origin, state, attempt, due_at, finished_at) SELECT v ->> 0, v ->> 1, v ->> 2, \
             v ->> 3, 0, v ->> 4, v ->> 5 FROM (SELECT value v FROM json_each(?1)) WHERE true ON CONFLICT (job, slot) DO NOTHING",
            rows,
        )
        .await?;
        tx.commit(()).await?.into_run();
        Ok(())
    }

    pub(in crate::store) async fn claim_slot(
        &self,
        job: &str,
        only: Option<DateTime<Utc>>,
        lease: Lease<'_>,
    ) -> Result<Option<Claimed>, StoreFault> {
        if self.next_slot(job).await?.is_none_or(|due| due > lease.now) {
            return Ok(None);
        }
        let mut tx = self.begin().await?;
        // A runner that is gone has tried.
        sqlx::query(
            "UPDATE slots SET state = 'due', owner = NULL, lease_until = NULL, due_at = ?2, error = 'its runner was lost' \
             WHERE job = ?1 AND state = 'running' AND lease_until <= ?2",
        )
        .bind(job)
        .bind(to_store(lease.now))
        .execute(&mut *tx.tx)
        .await?;
        let row = sqlx::query(
            "UPDATE slots SET state = 'running', attempt = attempt + 1, started_at = ?2, owner = ?3, lease_until = ?4 \
             WHERE id = (SELECT id FROM slots WHERE job = ?1 AND state = 'due' AND due_at <= ?2 AND (?5 IS NULL OR slot = ?5) \
             ORDER BY slot LIMIT 1) \
             AND NOT EXISTS (SELECT 1 FROM slots WHERE job = ?1 AND state = 'running') RETURNING id, slot, attempt, origin",
        )
        .bind(job)
        .bind(to_store(lease.now))
        .bind(lease.owner)
        .bind(to_store(lease.until))
        .bind(only.map(to_store))
        .fetch_optional(&mut *tx.tx)
        .await?;
        tx.commit(()).await?.into_run();
        let claimed = |row: SqliteRow| {
            let slot = from_store(row.try_get(1)?);
            Ok(Claimed { id: row.try_get(0)?, slot, attempt: row.try_get(2)?, origin: row.try_get(3)? })
        };
        row.map(claimed).transpose()
    }

    pub(in crate::store) async fn renew_slot(&self, id: i64, lease: Lease<'_>) -> Result<bool, StoreFault> {
        let mut tx = self.begin().await?;
        let kept = sqlx::query("UPDATE slots SET lease_until = ?3 WHERE id = ?1 AND state = 'running' AND owner = ?2")
            .bind(id)
            .bind(lease.owner)
            .bind(to_store(lease.until))
            .execute(&mut *tx.tx)
            .await?
            .rows_affected();
        tx.commit(()).await?.into_run();
        Ok(kept > 0)
    }

    pub(in crate::store) async fn finish_slot(
        &self,
        claimed: &Claimed,
        owner: &str,
        tried: &Tried,
        now: DateTime<Utc>,
        audit: Option<AuditRow>,
    ) -> Result<bool, StoreFault> {
        let (state, due_at, result, error) = match tried {
            Tried::Done(result) => ("done", None, Some(result), None),
            Tried::Again(at, error) => ("due", Some(to_store(*at)), None, Some(error)),
            Tried::Failed(error) => ("failed", None, None, Some(error)),
            Tried::GivenBack => ("due", Some(to_store(now)), None, None),
        };
        let ended = matches!(tried, Tried::Done(_) | Tried::Failed(_));
        let mut tx = self.begin().await?;
        let kept = sqlx::query(
            "UPDATE slots SET state = ?4, due_at = coalesce(?5, due_at), result = ?6, error = ?7, finished_at = ?8, \
             attempt = attempt - ?9, owner = NULL, lease_until = NULL \
             WHERE id = ?1 AND state = 'running' AND owner = ?2 AND attempt = ?3",
        )
        .bind(claimed.id)
        .bind(owner)
        .bind(claimed.attempt)
        .bind(state)
        .bind(due_at)
        .bind(result)
        .bind(error)
        .bind(ended.then(|| to_store(now)))
        .bind(i64::from(*tried == Tried::GivenBack))
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        if kept > 0 {
            tx.write_audit(audit.as_slice()).await?;
        }
        tx.commit(()).await?.into_run();
        Ok(kept > 0)
    }

    pub(in crate::store) async fn order_slot(
        &self,
        job: &str,
        slot: DateTime<Utc>,
        audit: AuditRow,
    ) -> Result<bool, StoreFault> {
        let now = to_store(audit.at);
        let mut tx = self.begin().await?;
        tx.meet(job, audit.at).await?;
        let ordered = sqlx::query(
            "INSERT INTO slots (job, slot, origin, state, attempt, due_at) VALUES (?1, ?2, ?3, 'due', 0, ?4) \
             ON CONFLICT (job, slot) DO UPDATE SET state = 'due', attempt = 0, due_at = ?4, origin = ?3, finished_at = NULL, \
             error = NULL, owner = NULL, lease_until = NULL WHERE slots.state <> 'running' OR slots.lease_until <= ?4",
        )
        .bind(job)
        .bind(to_store(slot))
        .bind(&audit.actor)
        .bind(now)
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        if ordered > 0 {
            tx.write_audit(&[audit]).await?;
        }
        tx.commit(()).await?.into_run();
        Ok(ordered > 0)
    }

    pub(in crate::store) async fn pause_job(
        &self,
        code: &str,
        paused: bool,
        audit: AuditRow,
    ) -> Result<bool, StoreFault> {
        let mut tx = self.begin().await?;
        tx.meet(code, audit.at).await?;
        // Slots of the pause are none: what goes on goes on from now.
        let statement = if paused {
            "UPDATE jobs SET paused_at = ?2, paused_by = ?3 WHERE code = ?1 AND paused_at IS NULL"
        } else {
            "UPDATE jobs SET paused_at = NULL, paused_by = NULL, seen = max(seen, ?2) WHERE code = ?1 AND ?3 <> '' \
             AND paused_at IS NOT NULL"
        };
        let changed = sqlx::query(statement)
            .bind(code)
            .bind(to_store(audit.at))
            .bind(&audit.actor)
            .execute(&mut *tx.tx)
            .await?
            .rows_affected();
        if changed > 0 {
            tx.write_audit(&[audit]).await?;
        }
        tx.commit(()).await?.into_run();
        Ok(changed > 0)
    }

    pub(in crate::store) async fn next_slot(&self, job: &str) -> Result<Option<DateTime<Utc>>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let row = sqlx::query(
            "SELECT min(at) FROM (SELECT min(due_at) AS at FROM slots WHERE job = ?1 AND state = 'due' \
             UNION ALL SELECT lease_until FROM slots WHERE job = ?1 AND state = 'running')",
        )
        .bind(job)
        .fetch_one(&self.readers)
        .await?;
        Ok(row.try_get::<Option<i64>, _>(0)?.map(from_store))
    }

    pub(in crate::store) async fn slots(&self, filter: &SlotFilter) -> Result<Vec<SlotView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT id, job, slot, origin, state, attempt, due_at, started_at, finished_at, owner, result, error FROM slots \
             WHERE (?1 = 0 OR id < ?1) AND (?2 IS NULL OR job = ?2) AND (?3 IS NULL OR state = ?3) ORDER BY id DESC LIMIT ?4",
        )
        .bind(filter.before)
        .bind(&filter.job)
        .bind(&filter.state)
        .bind(filter.limit)
        .fetch_all(&self.readers)
        .await?;
        let view = |row: SqliteRow| {
            Ok(SlotView {
                id: row.try_get(0)?,
                job: row.try_get(1)?,
                slot: row.try_get(2)?,
                origin: row.try_get(3)?,
                state: row.try_get(4)?,
                attempt: row.try_get(5)?,
                due_at: row.try_get(6)?,
                started_at: row.try_get(7)?,
                finished_at: row.try_get(8)?,
                owner: row.try_get(9)?,
                result: row.try_get(10)?,
                error: row.try_get(11)?,
            })
        };
        rows.into_iter().map(view).collect()
    }

    pub(in crate::store) async fn forget_slots(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreFault> {
        self.file.check()?;
        let done = sqlx::query(
            "DELETE FROM slots WHERE id IN (SELECT id FROM slots WHERE finished_at < ?1 ORDER BY finished_at LIMIT ?2)",
        )
        .bind(to_store(before))
        .bind(limit)
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected())
    }
}

impl Transaction {
    /// Notes a job that is met for the first time.
    async fn meet(&mut self, code: &str, now: DateTime<Utc>) -> Result<(), StoreFault> {
        failpoint::store(&self.file.path)?;
        sqlx::query("INSERT INTO jobs (code, seen) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
            .bind(code)
            .bind(to_store(now))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}
