//! The statements of the timers: what is due, read inside the transaction that lets it fire; lists; the verb for what is stuck.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Sqlite, Transaction};
use serde_json::json;

use crate::apply::rows::AuditRow;
use crate::apply::world::{CaseKey, Scope, TimerRow};
use crate::apply::{DueTimer, SWEPT, Unwatched, Watched};
use crate::failpoint;
use crate::store::moment::{from_store, to_store};
use crate::store::{Overdue, StoreFault, TimerFilter, TimerListed};

impl Transaction {
    /// Timers that are due at a moment, the eldest first; at most `limit`.
    pub async fn due_timers(&mut self, at: DateTime<Utc>, limit: u32) -> Result<Vec<DueTimer>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query(
            "SELECT t.id, c.system, c.kind, c.number, t.code, t.turn, t.document, t.started_at, t.due_at, t.scope \
             FROM timers t JOIN cases c ON c.id = t.case_id WHERE t.state = 'pending' AND t.due_at <= ?1 \
             ORDER BY t.due_at, t.id LIMIT ?2",
        )
        .bind(to_store(at))
        .bind(limit)
        .fetch_all(&mut *self.tx)
        .await?;
        rows.iter().map(due_timer).collect()
    }

    /// Documents and cases with a validity that no timer watches, of cases after this row, at most `limit`; and the last case that was looked at.
    pub async fn unwatched(
        &mut self,
        watched: &Watched,
        after: i64,
        limit: u32,
    ) -> Result<(Vec<Unwatched>, Option<i64>), StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query(
            "SELECT c.id, c.system, c.kind, c.number, d.type, d.number FROM cases c JOIN documents d ON d.case_id = c.id \
             WHERE c.id > ?1 AND d.valid_until IS NOT NULL AND d.state IN (SELECT value FROM json_each(?2)) \
             AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.case_id = c.id AND t.scope = 'document' AND t.state <> 'void' \
             AND t.document ->> 0 = d.type AND t.document ->> 1 = d.number) \
             UNION ALL SELECT c.id, c.system, c.kind, c.number, NULL, NULL FROM cases c \
             WHERE c.id > ?1 AND c.valid_until IS NOT NULL AND (c.system, c.kind, c.status) IN \
             (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?3)) \
             AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.case_id = c.id AND t.turn = c.turn AND t.state <> 'void') \
             ORDER BY 1 LIMIT ?4",
        )
        .bind(after)
        .bind(json!(watched.states).to_string())
        .bind(json!(watched.statuses).to_string())
        .bind(limit)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut unwatched = Vec::with_capacity(rows.len());
        let mut last = None;
        for row in rows {
            last = Some(row.try_get(0)?);
            let document = row.try_get::<Option<String>, _>(4)?.zip(row.try_get(5)?);
            let case = CaseKey { system: row.try_get(1)?, kind: row.try_get(2)?, number: row.try_get(3)? };
            unwatched.push(Unwatched { case, document });
        }
        Ok((unwatched, last))
    }

    /// Which of these contents nothing refers to.
    pub async fn unreferred(&mut self, names: &[String]) -> Result<Vec<String>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query(
            "SELECT k.value FROM json_each(?1) k WHERE NOT EXISTS (SELECT 1 FROM document_versions WHERE sha256 = k.value) \
             AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE content = k.value) \
             AND NOT EXISTS (SELECT 1 FROM inbox WHERE raw_offset IS NULL AND hash = unhex(k.value))",
        )
        .bind(json!(names).to_string())
        .fetch_all(&mut *self.tx)
        .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}

impl Sqlite {
    pub(in crate::store) async fn next_timer(&self) -> Result<Option<DateTime<Utc>>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let row =
            sqlx::query("SELECT min(due_at) FROM timers WHERE state = 'pending'").fetch_one(&self.readers).await?;
        Ok(row.try_get::<Option<i64>, _>(0)?.map(from_store))
    }

    pub(in crate::store) async fn overdue(&self, now: DateTime<Utc>) -> Result<Vec<Overdue>, StoreFault> {
        let rows = sqlx::query(
            "SELECT system, kind, agency, count(*) FROM cases WHERE open = 1 AND deadline <= ?1 \
             GROUP BY system, kind, agency ORDER BY system, kind, agency",
        )
        .bind(to_store(now))
        .fetch_all(&self.readers)
        .await?;
        let overdue = |row: &SqliteRow| {
            Ok(Overdue {
                system: row.try_get(0)?,
                kind: row.try_get(1)?,
                agency: row.try_get(2)?,
                cases: row.try_get(3)?,
            })
        };
        rows.iter().map(overdue).collect()
    }

    pub(in crate::store) async fn sweep_overdue(
        &self,
        now: DateTime<Utc>,
        statuses: &[[String; 3]],
        limit: u32,
    ) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let swept = sqlx::query(
            "INSERT INTO timers (case_id, code, scope, turn, started_at, due_at, state) \
             SELECT c.id, c.status || '/' || ?4, 'turn', c.turn, ?1, c.deadline, 'pending' FROM json_each(?2) k \
             CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 AND c.status = k.value ->> 2 \
             WHERE c.deadline <= ?1 AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.case_id = c.id AND t.turn = c.turn \
             AND (t.due_at >= c.deadline OR t.code = c.status || '/' || ?4 AND t.state IN ('pending', 'stuck'))) LIMIT ?3",
        )
        .bind(to_store(now))
        .bind(json!(statuses).to_string())
        .bind(limit)
        .bind(SWEPT)
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        tx.commit(()).await?.into_run();
        Ok(swept)
    }

    pub(in crate::store) async fn timers_listed(&self, filter: &TimerFilter) -> Result<Vec<TimerListed>, StoreFault> {
        let rows = sqlx::query(
            "SELECT t.id, c.system, c.kind, c.number, t.code, t.document ->> 0, t.started_at, t.due_at, t.state, \
             t.settled_at, t.result FROM timers t JOIN cases c ON c.id = t.case_id WHERE t.id > ?1 \
             AND (?2 IS NULL OR t.state = ?2) AND (?3 IS NULL OR c.number = ?3) AND (?4 IS NULL OR t.due_at <= ?4) \
             AND (?5 IS NULL OR c.system = ?5) ORDER BY t.id LIMIT ?6",
        )
        .bind(filter.after)
        .bind(&filter.state)
        .bind(&filter.number)
        .bind(filter.due_by.map(to_store))
        .bind(&filter.system)
        .bind(filter.limit)
        .fetch_all(&self.readers)
        .await?;
        let listed = |row: SqliteRow| {
            Ok(TimerListed {
                id: row.try_get(0)?,
                system: row.try_get(1)?,
                kind: row.try_get(2)?,
                number: row.try_get(3)?,
                code: row.try_get(4)?,
                document: row.try_get(5)?,
                started_at: row.try_get(6)?,
                due_at: row.try_get(7)?,
                state: row.try_get(8)?,
                settled_at: row.try_get(9)?,
                result: row.try_get(10)?,
            })
        };
        rows.into_iter().map(listed).collect()
    }

    pub(in crate::store) async fn retry_timers(&self, id: Option<i64>, audit: AuditRow) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE timers SET state = 'pending', result = NULL WHERE state = 'stuck' AND (?1 IS NULL OR id = ?1)",
        )
        .bind(id)
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        tx.journalled(done, audit).await
    }
}

fn due_timer(row: &SqliteRow) -> Result<DueTimer, StoreFault> {
    let scope = match row.try_get(9)? {
        "turn" => Scope::Turn(row.try_get(5)?),
        "document" => {
            let (kind, number) = super::facts::json_column(row, 6)?;
            Scope::Document(kind, number)
        }
        "request" => Scope::Request,
        _ => Scope::Life,
    };
    Ok(DueTimer {
        id: row.try_get(0)?,
        case: CaseKey { system: row.try_get(1)?, kind: row.try_get(2)?, number: row.try_get(3)? },
        row: TimerRow {
            code: row.try_get(4)?,
            scope,
            started_at: from_store(row.try_get(7)?),
            due_at: from_store(row.try_get(8)?),
        },
    })
}
