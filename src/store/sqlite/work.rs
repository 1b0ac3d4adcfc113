//! The store as a source of work, and the marks that its workers leave.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::facts::json_column;
use crate::apply::rows::AuditRow;
use crate::failpoint;
use crate::store::moment::{from_store, to_store};
use crate::store::{DueItem, DueMax, DueMessage, Handover, NextTry, StoreFault, StoredBody, StoredMessage, Untold};

/// Bytes of bodies after which no further row is handed over at once; a longer one comes alone.
const HANDOVER_BYTES_MAX: i64 = 32 * 1024 * 1024;

/// Stands as the offset of a long body that retention has let go of.
const FORGOTTEN: i64 = -1;

impl Sqlite {
    pub(in crate::store) async fn due_parked(
        &self,
        now: DateTime<Utc>,
        max: DueMax,
        but_for: &[i64],
    ) -> Result<Vec<DueMessage>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let mut messages = self.due_messages(now, max, but_for).await?;
        let mut items = self.due_items(now, &messages).await?;
        let mut taken = 0;
        let mut fits = |message: &i64| {
            let count = items.get(message).map_or(0, Vec::len);
            let first = taken == 0;
            taken += count;
            first || u32::try_from(taken).is_ok_and(|taken| taken <= max.items)
        };
        let fitting = messages.iter().take_while(|message| fits(message)).count();
        messages.truncate(fitting);
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        // By block: one of them is unpacked at a time.
        let rows = sqlx::query(
            "SELECT seq, sender, message_id, source, properties, received_at, batch, raw_offset, raw_length, \
             lower(hex(hash)) FROM inbox WHERE seq IN (SELECT value FROM json_each(?1)) ORDER BY batch, seq",
        )
        .bind(json!(messages).to_string())
        .fetch_all(&self.readers)
        .await?;
        let mut blocks = HashMap::new();
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            let batch: Option<i64> = row.try_get(6)?;
            blocks.retain(|known, _| Some(*known) == batch);
            let message = message(&row, self.raw(&mut blocks, &row, 6).await?)?;
            if let Some(items) = items.remove(&message.seq) {
                let size = usize::try_from(row.try_get::<i64, _>(8)?).unwrap_or_default();
                due.push(DueMessage { message, sha256: row.try_get(9)?, size, items });
            }
        }
        Ok(due)
    }

    /// The inbox rows of one piece of parked work, in the order in which they are due: at least one, where there is one. Bounded by
    /// bytes; by items only so far that no more rows are looked at.
    async fn due_messages(&self, now: DateTime<Utc>, max: DueMax, but_for: &[i64]) -> Result<Vec<i64>, StoreFault> {
        let rows = sqlx::query(
            "SELECT p.message, i.raw_length FROM parked p INDEXED BY parked_due CROSS JOIN inbox i ON i.seq = p.message \
             WHERE p.due_at <= ?1 AND p.message NOT IN (SELECT value FROM json_each(?2)) \
             ORDER BY p.due_at, p.id LIMIT ?3",
        )
        .bind(to_store(now))
        .bind(json!(but_for).to_string())
        .bind(max.items)
        .fetch_all(&self.readers)
        .await?;
        let mut messages = Vec::with_capacity(rows.len());
        let mut bytes = 0_usize;
        for row in rows {
            let message: i64 = row.try_get(0)?;
            if messages.contains(&message) {
                continue;
            }
            bytes = bytes.saturating_add(usize::try_from(row.try_get::<i64, _>(1)?).unwrap_or_default());
            if !messages.is_empty() && bytes > max.bytes {
                break;
            }
            messages.push(message);
        }
        Ok(messages)
    }

    /// What is due of these inbox rows.
    async fn due_items(&self, now: DateTime<Utc>, messages: &[i64]) -> Result<HashMap<i64, Vec<DueItem>>, StoreFault> {
        let rows = sqlx::query(
            "SELECT p.message, p.id, p.give_up_at, p.attempts, p.item, \
             (SELECT coalesce(max(a.attempt), 1) + 1 FROM attempts a WHERE a.message = p.message AND a.item = p.item) \
             FROM parked p WHERE p.due_at <= ?1 AND p.message IN (SELECT value FROM json_each(?2)) ORDER BY p.id",
        )
        .bind(to_store(now))
        .bind(json!(messages).to_string())
        .fetch_all(&self.readers)
        .await?;
        let mut items: HashMap<i64, Vec<DueItem>> = HashMap::new();
        for row in rows {
            items.entry(row.try_get(0)?).or_default().push(DueItem {
                parked: row.try_get(1)?,
                give_up_at: from_store(row.try_get(2)?),
                tries: row.try_get(3)?,
                next: next_try(&row, 4)?,
            });
        }
        Ok(items)
    }

    /// A message's bytes out of its batch's block. Columns from `from`: batch, offset, length, hash in hex.
    pub(super) async fn raw(
        &self,
        blocks: &mut HashMap<i64, Vec<u8>>,
        row: &SqliteRow,
        from: usize,
    ) -> Result<StoredBody, StoreFault> {
        let (batch, offset, length): (Option<i64>, Option<i64>, i64) =
            (row.try_get(from)?, row.try_get(from + 1)?, row.try_get(from + 2)?);
        let (batch, offset) = match (batch, offset) {
            (_, Some(FORGOTTEN)) => return Ok(StoredBody::Gone),
            (Some(batch), Some(offset)) => (batch, offset),
            _ => return Ok(StoredBody::Content(row.try_get(from + 3)?)),
        };
        if let Entry::Vacant(vacant) = blocks.entry(batch) {
            let row = sqlx::query("SELECT block, bytes FROM batches WHERE id = ?1")
                .bind(batch)
                .fetch_optional(&self.readers)
                .await?;
            let Some(row) = row else { return Ok(StoredBody::Damaged) };
            let Some(block) = row.try_get::<Option<&[u8]>, _>(0)? else {
                return Ok(StoredBody::Gone);
            };
            let bytes = usize::try_from(row.try_get::<i64, _>(1)?).unwrap_or_default();
            let Ok(block) = unpack(block, bytes) else { return Ok(StoredBody::Damaged) };
            vacant.insert(block);
        }
        let block = blocks.get(&batch).map(Vec::as_slice).unwrap_or_default();
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let to = from.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(block.get(from..to).map_or(StoredBody::Damaged, |bytes| StoredBody::Here(bytes.to_vec())))
    }

    pub(in crate::store) async fn next_parked(&self) -> Result<Option<DateTime<Utc>>, StoreFault> {
        let row = sqlx::query("SELECT min(due_at) FROM parked").fetch_one(&self.readers).await?;
        Ok(row.try_get::<Option<i64>, _>(0)?.map(from_store))
    }

    pub(in crate::store) async fn dead_letter_message(
        &self,
        id: i64,
    ) -> Result<Option<(StoredMessage, NextTry)>, StoreFault> {
        let row = sqlx::query(
            "SELECT i.seq, i.sender, i.message_id, i.source, i.properties, i.received_at, d.item, \
             (SELECT coalesce(max(a.attempt), 1) + 1 FROM attempts a WHERE a.message = d.message AND a.item = d.item), \
             d.body, d.size, d.content FROM dead_letters d JOIN inbox i ON i.seq = d.message \
             WHERE d.id = ?1 AND d.state = 'open'",
        )
        .bind(id)
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let body = dead_body(&row, 8)?;
        Ok(Some((message(&row, body)?, next_try(&row, 6)?)))
    }

    pub(in crate::store) async fn untold(&self, limit: u32) -> Result<Vec<Untold>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query(
            "SELECT e.id, e.data, e.created_at, r.last_case FROM events e LEFT JOIN event_reach r ON r.event = e.id \
             WHERE e.state = 'pending' ORDER BY e.id LIMIT ?1",
        )
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let untold = |row: &SqliteRow| {
            Ok(Untold {
                id: row.try_get(0)?,
                noticed: json_column(row, 1)?,
                created_at: from_store(row.try_get(2)?),
                reached: row.try_get(3)?,
            })
        };
        rows.iter().map(untold).collect()
    }

    pub(in crate::store) async fn outbox_due(
        &self,
        kinds: &[&str],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Handover>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query(
            "WITH due AS (SELECT o.id, o.due_at, octet_length(o.body) AS bytes FROM outbox o \
             WHERE o.state = 'pending' AND o.due_at <= ?1 AND o.kind IN (SELECT value FROM json_each(?2)) \
             AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.order_key = o.order_key AND b.state <> 'sent' AND b.id < o.id) \
             ORDER BY o.due_at, o.id LIMIT ?3), \
             piece AS (SELECT id, due_at, sum(bytes) OVER (ORDER BY due_at, id) - bytes AS before FROM due) \
             SELECT o.id, o.what, o.kind, o.address, o.message_id, o.correlation, o.type, o.traceparent, o.body, \
             o.attempts, o.created_at, o.system FROM piece p CROSS JOIN outbox o ON o.id = p.id \
             WHERE p.before < ?4 ORDER BY p.due_at, p.id",
        )
        .bind(to_store(now))
        .bind(json!(kinds).to_string())
        .bind(limit)
        .bind(HANDOVER_BYTES_MAX)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(handover).collect()
    }

    pub(in crate::store) async fn next_outbox(&self, kinds: &[&str]) -> Result<Option<DateTime<Utc>>, StoreFault> {
        let row = sqlx::query(
            "SELECT o.due_at FROM outbox o WHERE o.state = 'pending' AND o.kind IN (SELECT value FROM json_each(?1)) \
             AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.order_key = o.order_key AND b.state <> 'sent' AND b.id < o.id) \
             ORDER BY o.due_at LIMIT 1",
        )
        .bind(json!(kinds).to_string())
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| Ok(from_store(row.try_get(0)?))).transpose()
    }

    pub(in crate::store) async fn outbox_done(
        &self,
        sent: &[i64],
        later: &[(i64, DateTime<Utc>, String)],
        stuck: &[(i64, String)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreFault> {
        failpoint::store(&self.file.path)?;
        self.file.check()?;
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        if !sent.is_empty() {
            sqlx::query(
                "UPDATE outbox SET state = 'sent', attempts = attempts + 1, error = NULL, sent_at = ?2 \
                 WHERE id IN (SELECT value FROM json_each(?1)) AND state <> 'sent'",
            )
            .bind(json!(sent).to_string())
            .bind(to_store(now))
            .execute(&mut *tx)
            .await?;
        }
        for (id, due_at, error) in later {
            sqlx::query(
                "UPDATE outbox SET attempts = attempts + 1, due_at = ?2, error = ?3 WHERE id = ?1 AND state = 'pending'",
            )
            .bind(id)
            .bind(to_store(*due_at))
            .bind(error)
            .execute(&mut *tx)
            .await?;
        }
        for (id, error) in stuck {
            sqlx::query(
                "UPDATE outbox SET attempts = attempts + 1, state = 'stuck', error = ?2 WHERE id = ?1 AND state = 'pending'",
            )
            .bind(id)
            .bind(error)
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    pub(in crate::store) async fn outbox_retry(&self, id: Option<i64>, audit: AuditRow) -> Result<u64, StoreFault> {
        let now = to_store(audit.at);
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE outbox SET state = 'pending', due_at = ?2 WHERE state = 'stuck' AND (?1 IS NULL OR id = ?1)",
        )
        .bind(id)
        .bind(now)
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        let told = if id.is_none() { tx.tell_stuck_again().await? } else { 0 };
        tx.journalled(done + told, audit).await
    }

    pub(in crate::store) async fn outbox_resend(&self, id: i64, audit: AuditRow) -> Result<bool, StoreFault> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE outbox SET state = 'pending', due_at = ?2, sent_at = NULL WHERE id = ?1 AND state = 'sent'",
        )
        .bind(id)
        .bind(to_store(audit.at))
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        Ok(tx.journalled(done, audit).await? > 0)
    }

    pub(in crate::store) async fn outbox_retry_stuck(
        &self,
        attempts_max: u32,
        audit: AuditRow,
    ) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let done =
            sqlx::query("UPDATE outbox SET state = 'pending', due_at = ?2 WHERE state = 'stuck' AND attempts < ?1")
                .bind(attempts_max)
                .bind(to_store(audit.at))
                .execute(&mut *tx.tx)
                .await?
                .rows_affected();
        tx.journalled(done, audit).await
    }

    pub(in crate::store) async fn discard(&self, id: i64, note: &str, audit: AuditRow) -> Result<bool, StoreFault> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE dead_letters SET state = 'discarded', closed_at = ?2, closed_by = ?3, note = ?4 \
             WHERE id = ?1 AND state = 'open'",
        )
        .bind(id)
        .bind(to_store(audit.at))
        .bind(&audit.actor)
        .bind(note)
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        Ok(tx.journalled(done, audit).await? > 0)
    }

    pub(in crate::store) async fn forget_raw(
        &self,
        before: DateTime<Utc>,
        limit: u32,
        audit: AuditRow,
    ) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE batches SET block = NULL WHERE id IN (SELECT b.id FROM batches b WHERE b.block IS NOT NULL \
             AND b.received_at < ?1 AND NOT EXISTS (SELECT 1 FROM inbox i JOIN parked p ON p.message = i.seq \
             WHERE i.batch = b.id) ORDER BY b.received_at LIMIT ?2)",
        )
        .bind(to_store(before))
        .bind(limit)
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        let after = Some(json!({ "batches": done, "received_before": before }).to_string());
        tx.journalled(done, AuditRow { after, ..audit }).await
    }

    pub(in crate::store) async fn forget_long(
        &self,
        before: DateTime<Utc>,
        limit: u32,
        audit: AuditRow,
    ) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE inbox SET raw_offset = ?3 WHERE seq IN (SELECT seq FROM inbox WHERE raw_offset IS NULL \
             AND received_at < ?1 AND outcome <> 'parked' LIMIT ?2)",
        )
        .bind(to_store(before))
        .bind(limit)
        .bind(FORGOTTEN)
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        let after = Some(json!({ "messages": done, "received_before": before }).to_string());
        tx.journalled(done, AuditRow { after, ..audit }).await
    }
}

/// A stored message. The first columns: seq, sender, id, source, properties, received.
fn message(row: &SqliteRow, body: StoredBody) -> Result<StoredMessage, StoreFault> {
    Ok(StoredMessage {
        seq: row.try_get(0)?,
        sender: row.try_get(1)?,
        message_id: row.try_get(2)?,
        source: row.try_get(3)?,
        properties: row.try_get(4)?,
        received_at: from_store(row.try_get(5)?),
        body,
    })
}

/// What is tried next. Columns from `from`: item, attempt.
fn next_try(row: &SqliteRow, from: usize) -> Result<NextTry, StoreFault> {
    Ok(NextTry { item: row.try_get(from)?, attempt: row.try_get(from + 1)? })
}

/// A dead letter's body. Columns from `from`: body, size, content.
pub(super) fn dead_body(row: &SqliteRow, from: usize) -> Result<StoredBody, StoreFault> {
    let size = usize::try_from(row.try_get::<i64, _>(from + 1)?).unwrap_or_default();
    match row.try_get::<Option<&[u8]>, _>(from)? {
        Some(block) => Ok(StoredBody::Here(unpack(block, size)?)),
        None => Ok(StoredBody::Content(row.try_get(from + 2)?)),
    }
}

fn unpack(block: &[u8], bytes: usize) -> Result<Vec<u8>, StoreFault> {
    zstd::bulk::decompress(block, bytes)
        .map_err(|fault| StoreFault::Unusable(format!("a compressed block is damaged: {fault}")))
}

fn handover(row: &SqliteRow) -> Result<Handover, StoreFault> {
    Ok(Handover {
        id: row.try_get(0)?,
        what: row.try_get(1)?,
        kind: row.try_get(2)?,
        address: row.try_get(3)?,
        message_id: row.try_get(4)?,
        correlation: row.try_get(5)?,
        r#type: row.try_get(6)?,
        traceparent: row.try_get(7)?,
        body: row.try_get(8)?,
        attempts: row.try_get(9)?,
        created_at: from_store(row.try_get(10)?),
        system: row.try_get(11)?,
    })
}
