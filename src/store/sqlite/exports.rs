//! The statements behind the runs of exports and their watermarks.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use crate::apply::rows::AuditRow;
use crate::outbox::OutboxRow;
use crate::store::moment::{from_store, to_store};
use crate::store::{BegunExport, ExportFilter, ExportRun, MadeExport, StoreFault, WatermarkView};

/// What is said of a try that never said how it ended.
const BROKEN_OFF: &str = "export.broken-off: the process ended before the run did, or another one took the slot over";

/// A run that has said nothing for so long is no more, whichever slot it was for.
const BROKEN_OFF_AFTER: Duration = Duration::days(1);

impl Sqlite {
    pub(in crate::store) async fn export_owed(
        &self,
        job: &str,
        but: DateTime<Utc>,
    ) -> Result<Vec<DateTime<Utc>>, StoreFault> {
        let rows = sqlx::query(
            "SELECT slot FROM export_runs WHERE job = ?1 AND slot <> ?2 GROUP BY slot \
             HAVING sum(sha256 IS NOT NULL) > 0 AND sum(state <> 'failed') = 0 ORDER BY slot",
        )
        .bind(job)
        .bind(to_store(but))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok(from_store(row.try_get(0)?))).collect()
    }

    pub(in crate::store) async fn export_begin(
        &self,
        job: &str,
        slot: DateTime<Utc>,
        actor: &str,
        anew: bool,
        audit: AuditRow,
    ) -> Result<BegunExport, StoreFault> {
        let now = audit.at;
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE export_runs SET state = 'failed', finished_at = ?3, error = ?4 \
             WHERE job = ?1 AND (slot = ?2 OR started_at < ?5) AND state = 'running'",
        )
        .bind(job)
        .bind(to_store(slot))
        .bind(to_store(now))
        .bind(BROKEN_OFF)
        .bind(to_store(now - BROKEN_OFF_AFTER))
        .execute(&mut *tx.tx)
        .await?;
        let row = sqlx::query(
            "INSERT INTO export_runs (job, slot, attempt, actor, state, started_at, rows, bytes, sha256, manifest) \
             SELECT ?1, ?2, coalesce(max(n.attempt), 0) + 1, ?3, 'running', ?4, m.rows, m.bytes, m.sha256, m.manifest \
             FROM (SELECT 1) LEFT JOIN export_runs n ON n.job = ?1 AND n.slot = ?2 \
             LEFT JOIN (SELECT rows, bytes, sha256, manifest FROM export_runs WHERE job = ?1 AND slot = ?2 \
             AND manifest IS NOT NULL AND NOT ?5 ORDER BY attempt DESC LIMIT 1) m ON true \
             RETURNING id, attempt, manifest",
        )
        .bind(job)
        .bind(to_store(slot))
        .bind(actor)
        .bind(to_store(now))
        .bind(anew)
        .fetch_one(&mut *tx.tx)
        .await?;
        let begun = BegunExport { run: row.try_get(0)?, attempt: row.try_get(1)?, made: row.try_get(2)? };
        tx.write_audit(&[audit]).await?;
        tx.commit(()).await?.into_run();
        Ok(begun)
    }

    pub(in crate::store) async fn export_watch(&self, job: &str, source: &str) -> Result<Option<i64>, StoreFault> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO export_watermarks (job, source) VALUES (?1, ?2) \
             ON CONFLICT (job) DO UPDATE SET source = excluded.source, position = NULL WHERE source <> excluded.source",
        )
        .bind(job)
        .bind(source)
        .execute(&mut *tx.tx)
        .await?;
        let row = sqlx::query("SELECT position FROM export_watermarks WHERE job = ?1")
            .bind(job)
            .fetch_one(&mut *tx.tx)
            .await?;
        let position = row.try_get(0)?;
        tx.commit(()).await?.into_run();
        Ok(position)
    }

    pub(in crate::store) async fn export_made(&self, run: i64, made: &MadeExport) -> Result<bool, StoreFault> {
        let mut tx = self.begin().await?;
        if let Some(watermark) = &made.watermark {
            let moved = sqlx::query("UPDATE export_watermarks SET position = ?3 WHERE job = ?1 AND position IS ?2")
                .bind(&watermark.job)
                .bind(watermark.from)
                .bind(watermark.to)
                .execute(&mut *tx.tx)
                .await?;
            if moved.rows_affected() == 0 {
                return Ok(false);
            }
        }
        let done = sqlx::query(
            "UPDATE export_runs SET rows = ?2, bytes = ?3, sha256 = ?4, manifest = ?5 WHERE id = ?1 AND state = 'running'",
        )
        .bind(run)
        .bind(i64::try_from(made.rows).unwrap_or(i64::MAX))
        .bind(i64::try_from(made.bytes).unwrap_or(i64::MAX))
        .bind(&made.sha256)
        .bind(&made.manifest)
        .execute(&mut *tx.tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        tx.commit(()).await?.into_run();
        Ok(true)
    }

    pub(in crate::store) async fn export_letter(
        &self,
        run: i64,
        letter: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreFault> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO export_letters (letter, run, taken_at) VALUES (?1, ?2, ?3)")
            .bind(letter)
            .bind(run)
            .bind(to_store(now))
            .execute(&mut *tx.tx)
            .await?;
        tx.commit(()).await?.into_run();
        Ok(())
    }

    pub(in crate::store) async fn export_letter_taken(&self, letter: &str) -> Result<bool, StoreFault> {
        let row = sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM export_letters l JOIN export_runs r ON r.id = l.run WHERE l.letter = ?1 \
             AND NOT EXISTS (SELECT 1 FROM export_runs d WHERE d.job = r.job AND d.slot = r.slot AND d.attempt >= r.attempt \
             AND d.state = 'done'))",
        )
        .bind(letter)
        .fetch_one(&self.readers)
        .await?;
        Ok(row.try_get(0)?)
    }

    pub(in crate::store) async fn export_done(
        &self,
        run: i64,
        owed: &[OutboxRow],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreFault> {
        let mut tx = self.begin().await?;
        let done =
            sqlx::query("UPDATE export_runs SET state = 'done', finished_at = ?2 WHERE id = ?1 AND state = 'running'")
                .bind(run)
                .bind(to_store(now))
                .execute(&mut *tx.tx)
                .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        tx.owe(owed).await?;
        tx.commit(()).await?.into_run();
        Ok(true)
    }

    pub(in crate::store) async fn export_failed(
        &self,
        run: i64,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreFault> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE export_runs SET state = 'failed', finished_at = ?2, error = ?3 WHERE id = ?1 AND state = 'running'",
        )
        .bind(run)
        .bind(to_store(now))
        .bind(error)
        .execute(&mut *tx.tx)
        .await?;
        tx.commit(()).await?.into_run();
        Ok(())
    }

    pub(in crate::store) async fn export_runs(&self, filter: &ExportFilter) -> Result<Vec<ExportRun>, StoreFault> {
        let rows = sqlx::query(
            "SELECT id, job, slot, attempt, actor, state, started_at, finished_at, rows, bytes, sha256, manifest, error \
             FROM export_runs WHERE (?1 IS NULL OR job = ?1) AND (?2 IS NULL OR state = ?2) AND id > ?3 \
             ORDER BY id LIMIT ?4",
        )
        .bind(&filter.job)
        .bind(&filter.state)
        .bind(filter.after)
        .bind(filter.limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(run).collect()
    }

    pub(in crate::store) async fn export_last_runs(&self) -> Result<Vec<ExportRun>, StoreFault> {
        let rows = sqlx::query(
            "SELECT id, job, slot, attempt, actor, state, started_at, finished_at, rows, bytes, sha256, manifest, error \
             FROM export_runs r WHERE id = (SELECT id FROM export_runs n WHERE n.job = r.job \
             ORDER BY n.slot DESC, n.attempt DESC LIMIT 1) ORDER BY job",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(run).collect()
    }

    pub(in crate::store) async fn export_watermarks(&self) -> Result<Vec<WatermarkView>, StoreFault> {
        let rows = sqlx::query("SELECT job, source, position FROM export_watermarks ORDER BY job")
            .fetch_all(&self.readers)
            .await?;
        let view = |row: &SqliteRow| {
            Ok(WatermarkView { job: row.try_get(0)?, source: row.try_get(1)?, position: row.try_get(2)? })
        };
        rows.iter().map(view).collect()
    }

    pub(in crate::store) async fn export_restart(&self, job: &str, audit: AuditRow) -> Result<bool, StoreFault> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("DELETE FROM export_watermarks WHERE job = ?1").bind(job).execute(&mut *tx.tx).await?;
        let known = done.rows_affected() > 0;
        if known {
            tx.write_audit(&[audit]).await?;
        }
        tx.commit(()).await?.into_run();
        Ok(known)
    }

    pub(in crate::store) async fn export_forget_changes(&self, limit: u32) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "DELETE FROM export_changes WHERE seq IN (SELECT c.seq FROM export_changes c WHERE c.seq <= \
             coalesce((SELECT min(coalesce(w.position, 0)) FROM export_watermarks w WHERE w.source = c.source), c.seq) \
             LIMIT ?1)",
        )
        .bind(limit)
        .execute(&mut *tx.tx)
        .await?;
        tx.commit(()).await?.into_run();
        Ok(done.rows_affected())
    }

    pub(in crate::store) async fn export_forget_files(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let forgotten = sqlx::query(
            "UPDATE export_runs SET manifest = NULL, sha256 = NULL WHERE id IN (SELECT id FROM export_runs \
             WHERE manifest IS NOT NULL AND finished_at < ?1 ORDER BY id LIMIT ?2)",
        )
        .bind(to_store(before))
        .bind(limit)
        .execute(&mut *tx.tx)
        .await?;
        tx.commit(()).await?.into_run();
        Ok(forgotten.rows_affected())
    }

    pub(in crate::store) async fn export_files_unnamed(&self, among: &[String]) -> Result<Vec<String>, StoreFault> {
        let rows = sqlx::query(
            "SELECT k.value FROM json_each(?1) k WHERE NOT EXISTS (SELECT 1 FROM export_runs r WHERE r.sha256 = k.value)",
        )
        .bind(json!(among).to_string())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}

fn run(row: &SqliteRow) -> Result<ExportRun, StoreFault> {
    Ok(ExportRun {
        id: row.try_get(0)?,
        job: row.try_get(1)?,
        slot: row.try_get(2)?,
        attempt: row.try_get(3)?,
        actor: row.try_get(4)?,
        state: row.try_get(5)?,
        started_at: row.try_get(6)?,
        finished_at: row.try_get(7)?,
        rows: row.try_get(8)?,
        bytes: row.try_get(9)?,
        sha256: row.try_get(10)?,
        manifest: row.try_get(11)?,
        error: row.try_get(12)?,
    })
}
