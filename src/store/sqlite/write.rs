//! What a batch writes: few statements a table. The usual rows are bound in chunks; the rarer ones go in as one JSON list
//! a statement; dead letters, which are few, row by row.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteArguments;

use super::Transaction;
use super::changes::fold;
use super::rows::Insert;
use crate::apply::Noticed;
use crate::apply::rows::{
    AttemptRow, DeadLetterBody, DeadLetterClosing, DeadLetterRow, InboxRow, ParkedRow, RawBlock, Repeat, Resettled,
    WriteSet,
};
use crate::apply::world::CaseKey;
use crate::failpoint;
use crate::outbox::OutboxRow;
use crate::store::StoreFault;
use crate::store::moment::to_store;

/// Dead letters are few and kept long.
const PACKING_LEVEL: i32 = 3;

impl Transaction {
    /// Writes a batch; gives the number of the block that its raw bytes are still to be put in, where it has one. Nothing of it is
    /// lasting before the commit.
    pub async fn write(&mut self, set: &WriteSet) -> Result<Option<i64>, StoreFault> {
        // The rows of the inbox refer to it: behind them it would make the data base look for whatever refers to nothing, at each row.
        let batch = match &set.raw {
            Some(raw) => Some(self.write_batch(raw).await?),
            None => None,
        };
        let folded = self.write_inbox(&set.inbox, batch, || fold(&set.changes)).await?;
        self.write_rebooked(set).await?;
        self.write_repeats(set).await?;
        self.write_resettled(&set.resettled).await?;
        self.write_changes(&folded, set.now).await?;
        self.write_events(&set.noticed, set.now).await?;
        self.write_parked(set).await?;
        self.write_attempts(&set.attempts).await?;
        for row in &set.dead_letters {
            self.write_dead_letter(row).await?;
        }
        for row in &set.dead_letters_closed {
            self.close_dead_letter(row).await?;
        }
        self.write_audit(&set.audit).await?;
        Ok(batch)
    }

    /// Runs one statement over a list of rows; does nothing for none.
    pub(super) async fn each(&mut self, statement: &'static str, rows: Vec<Value>) -> Result<(), StoreFault> {
        if rows.is_empty() {
            return Ok(());
        }
        failpoint::store(&self.file.path)?;
        sqlx::query(statement).bind(Value::Array(rows).to_string()).execute(&mut *self.tx).await?;
        Ok(())
    }

    async fn one(
        &mut self,
        query: sqlx::query::Query<'_, sqlx::Sqlite, SqliteArguments>,
    ) -> Result<sqlx::sqlite::SqliteQueryResult, StoreFault> {
        failpoint::store(&self.file.path)?;
        Ok(query.execute(&mut *self.tx).await?)
    }

    async fn write_batch(&mut self, raw: &RawBlock) -> Result<i64, StoreFault> {
        let query = sqlx::query("INSERT INTO batches (received_at, messages, bytes) VALUES (?1, ?2, ?3)")
            .bind(to_store(raw.received_at))
            .bind(integer(raw.messages))
            .bind(integer(raw.bytes));
        Ok(self.one(query).await?.last_insert_rowid())
    }

    /// Puts the packed raw bytes in their block.
    pub async fn write_raw(&mut self, batch: i64, block: &[u8]) -> Result<(), StoreFault> {
        self.one(sqlx::query("UPDATE batches SET block = ?2 WHERE id = ?1").bind(batch).bind(block)).await?;
        Ok(())
    }

    async fn write_inbox<R>(
        &mut self,
        rows: &[InboxRow],
        batch: Option<i64>,
        meanwhile: impl FnOnce() -> R,
    ) -> Result<R, StoreFault> {
        static INBOX: Insert = Insert::new(
            "INTO inbox (seq, sender, message_id, hash, system, kind, version, rules, outcome, code, test, \
             source, batch, raw_offset, raw_length, properties, notes, items, reply, received_at, settled_at)",
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            "",
        );
        self.insert_while(
            &INBOX,
            rows,
            |query, row| {
                query
                    .bind(row.seq)
                    .bind(&row.sender)
                    .bind(&row.message_id)
                    .bind(row.hash.as_slice())
                    .bind(&row.system)
                    .bind(&row.kind)
                    .bind(&row.version)
                    .bind(&row.rules)
                    .bind(row.outcome.as_str())
                    .bind(row.code.map(crate::outcome::Code::as_str))
                    .bind(row.test)
                    .bind(&row.source)
                    .bind(batch)
                    .bind(row.raw_offset.map(integer))
                    .bind(integer(row.raw_length))
                    .bind(&row.properties)
                    .bind(&row.notes)
                    .bind(&row.items)
                    .bind(&row.reply)
                    .bind(to_store(row.received_at))
                    .bind(row.settled_at.map(to_store))
            },
            meanwhile,
        )
        .await
    }

    async fn write_rebooked(&mut self, set: &WriteSet) -> Result<(), StoreFault> {
        self.each(
            "UPDATE inbox SET sender = k.sender, message_id = k.id FROM \
             (SELECT value ->> 0 AS seq, value ->> 1 AS sender, value ->> 2 AS id FROM json_each(?1)) k \
             WHERE inbox.seq = k.seq",
            set.rebooked.iter().map(|(seq, key)| json!([seq, key.sender, key.message_id])).collect(),
        )
        .await
    }

    async fn write_repeats(&mut self, set: &WriteSet) -> Result<(), StoreFault> {
        let rows = set.repeats.iter().map(|repeat| {
            let queue = repeat.reply.as_deref().filter(|reply| reply.starts_with("queue:"));
            json!([repeat.seq, to_store(repeat.at), queue])
        });
        // What still waits and came as a file, or without an address, is answered in the queue that it was repeated from.
        self.each(
            "UPDATE inbox SET repeats = repeats + k.times, repeated_at = k.at, \
             reply = iif(outcome = 'parked' AND coalesce(reply, '') NOT LIKE 'queue:%', coalesce(k.queue, reply), reply) \
             FROM (SELECT value ->> 0 AS seq, count(*) AS times, max(value ->> 1) AS at, max(value ->> 2) AS queue \
             FROM json_each(?1) GROUP BY 1) k WHERE inbox.seq = k.seq",
            rows.collect(),
        )
        .await
    }

    /// Owes each repeat the receipt of its message once more; also where that was written in this transaction.
    pub async fn owe_again(&mut self, repeats: &[Repeat]) -> Result<(), StoreFault> {
        let rows = repeats.iter().map(|repeat| {
            let (kind, address) = repeat.reply.as_deref().and_then(|reply| reply.split_once(':')).unzip();
            json!([repeat.seq, to_store(repeat.at), kind, address])
        });
        self.each(
            "INSERT INTO outbox (what, message, case_number, kind, address, order_key, message_id, correlation, system, type, \
             traceparent, body, state, attempts, due_at, created_at) \
             SELECT o.what, o.message, o.case_number, coalesce(k.value ->> 2, o.kind), \
             coalesce(k.value ->> 3, o.address), o.order_key, o.message_id, o.correlation, \
             o.system, o.type, o.traceparent, o.body, 'pending', 0, k.value ->> 1, k.value ->> 1 FROM json_each(?1) k \
             CROSS JOIN outbox o ON o.id = (SELECT max(id) FROM outbox WHERE message = k.value ->> 0 AND what = 'receipt')",
            rows.collect(),
        )
        .await
    }

    async fn write_resettled(&mut self, rows: &[Resettled]) -> Result<(), StoreFault> {
        let rows = rows.iter().map(|row| {
            let kind = row.kind.as_ref();
            json!([
                row.seq,
                row.outcome.as_str(),
                row.code.map(crate::outcome::Code::as_str),
                row.items,
                row.settled_at.map(to_store),
                kind.map(|kind| &kind.0),
                kind.map(|kind| &kind.1),
                kind.map(|kind| &kind.2),
                row.rules,
                row.kept,
            ])
        });
        self.each(
            "UPDATE inbox SET outcome = v ->> 1, code = v ->> 2, items = v ->> 3, settled_at = v ->> 4, \
             system = coalesce(v ->> 5, system), kind = coalesce(v ->> 6, kind), \
             version = coalesce(v ->> 7, version), rules = coalesce(v ->> 8, rules), \
             raw_offset = iif(v ->> 9, NULL, raw_offset) \
             FROM (SELECT value v FROM json_each(?1)) WHERE inbox.seq = v ->> 0",
            rows.collect(),
        )
        .await
    }

    async fn write_events(&mut self, rows: &[Noticed], now: DateTime<Utc>) -> Result<(), StoreFault> {
        static EVENTS: Insert = Insert::new(
            "INTO events (message, timer, item, system, case_number, code, data, created_at, state)",
            "(?, ?, ?, ?, ?, ?, ?, ?, 'pending')",
            "",
        );
        let written = rows.iter().map(|row| Ok((row, json_text(row)?)));
        let rows = written.collect::<Result<Vec<(&Noticed, String)>, StoreFault>>()?;
        self.insert(&EVENTS, &rows, |query, (row, data)| {
            let Noticed { cause, item, event, .. } = row;
            query
                .bind(cause.message())
                .bind(cause.timer())
                .bind(item)
                .bind(&event.case.system)
                .bind(&event.case.number)
                .bind(&event.code)
                .bind(data)
                .bind(to_store(now))
        })
        .await
    }

    async fn write_parked(&mut self, set: &WriteSet) -> Result<(), StoreFault> {
        self.each(
            "INSERT INTO parked (message, item, reason, sender, system, case_kind, number, sequence, attempts, parked_at, \
             due_at, give_up_at) SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5, v ->> 6, v ->> 7, 1, \
             v ->> 8, v ->> 9, v ->> 10 FROM (SELECT value v FROM json_each(?1))",
            set.parked.iter().map(parked_row).collect(),
        )
        .await?;
        self.each(
            "UPDATE parked SET attempts = attempts + 1, reason = v ->> 1, due_at = v ->> 2, system = v ->> 3, \
             case_kind = v ->> 4, number = v ->> 5 FROM (SELECT value v FROM json_each(?1)) WHERE parked.id = v ->> 0",
            set.parked_again
                .iter()
                .map(|row| {
                    let key = &row.case;
                    json!([row.id, row.reason, to_store(row.due_at), key.system, key.kind, key.number])
                })
                .collect(),
        )
        .await?;
        self.each(
            "DELETE FROM parked WHERE id IN (SELECT value FROM json_each(?1))",
            set.parked_gone.iter().map(|id| json!(id)).collect(),
        )
        .await?;
        if set.woken.is_empty() || !self.anybody_waits().await? {
            return Ok(());
        }
        let now = to_store(set.now);
        // Many items of a batch may wake the same case. Whoever is woken wakes those behind, so the first ones are enough.
        let woken: HashSet<&CaseKey> = set.woken.iter().collect();
        self.each(
            "UPDATE parked SET due_at = w.now FROM \
             (SELECT p.id, k.value ->> 3 AS now FROM json_each(?1) k CROSS JOIN parked p ON p.id IN \
             (SELECT id FROM (SELECT id FROM parked WHERE system = k.value ->> 0 AND case_kind = k.value ->> 1 \
             AND number = k.value ->> 2 AND sequence IS NULL ORDER BY id LIMIT 2000) \
             UNION ALL SELECT id FROM (SELECT id FROM parked WHERE system = k.value ->> 0 AND case_kind = k.value ->> 1 \
             AND number = k.value ->> 2 AND sequence IS NOT NULL ORDER BY sequence LIMIT 2000))) w \
             WHERE parked.id = w.id AND parked.due_at > w.now",
            woken.into_iter().map(|key| json!([key.system, key.kind, key.number, now])).collect(),
        )
        .await
    }

    async fn anybody_waits(&mut self) -> Result<bool, StoreFault> {
        failpoint::store(&self.file.path)?;
        let row = sqlx::query("SELECT EXISTS (SELECT 1 FROM parked)").fetch_one(&mut *self.tx).await?;
        Ok(row.try_get(0)?)
    }

    async fn write_attempts(&mut self, rows: &[AttemptRow]) -> Result<(), StoreFault> {
        let rows = rows.iter().map(|row| {
            json!([
                row.message,
                row.item,
                row.attempt,
                row.origin,
                row.actor,
                row.dead_letter,
                to_store(row.at),
                row.result.as_str(),
                row.code.map(crate::outcome::Code::as_str),
            ])
        });
        self.each(
            "INSERT INTO attempts (message, item, attempt, origin, actor, dead_letter, at, result, code) \
             SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5, v ->> 6, v ->> 7, v ->> 8 \
             FROM (SELECT value v FROM json_each(?1))",
            rows.collect(),
        )
        .await
    }

    async fn write_dead_letter(&mut self, row: &DeadLetterRow) -> Result<(), StoreFault> {
        let (body, content) = match &row.body {
            DeadLetterBody::Inline(bytes) => (Some(pack(bytes)?), None),
            DeadLetterBody::Content(sha256) => (None, Some(sha256)),
        };
        let query = sqlx::query(
            "INSERT INTO dead_letters (message, item, state, code, reason, violations, sender, message_id, system, \
             kind, case_number, source, properties, size, body, content, died_at, attempts) \
             VALUES (?1, ?2, 'open', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )
        .bind(row.message)
        .bind(row.item)
        .bind(row.code.as_str())
        .bind(&row.reason)
        .bind(&row.violations)
        .bind(&row.sender)
        .bind(&row.message_id)
        .bind(&row.system)
        .bind(&row.kind)
        .bind(&row.case_number)
        .bind(&row.source)
        .bind(&row.properties)
        .bind(integer(row.size))
        .bind(body)
        .bind(content)
        .bind(to_store(row.died_at))
        .bind(row.attempts);
        self.one(query).await?;
        Ok(())
    }

    async fn close_dead_letter(&mut self, row: &DeadLetterClosing) -> Result<(), StoreFault> {
        let query = sqlx::query(
            "UPDATE dead_letters SET attempts = attempts + 1, state = iif(?2, 'replayed', state), \
             closed_at = iif(?2, ?3, NULL), closed_by = iif(?2, ?4, NULL), code = coalesce(?5, code), \
             reason = coalesce(?6, reason), violations = coalesce(?7, violations) WHERE id = ?1 AND state = 'open'",
        )
        .bind(row.id)
        .bind(row.replayed)
        .bind(to_store(row.at))
        .bind(&row.actor)
        .bind(row.code.map(crate::outcome::Code::as_str))
        .bind(&row.reason)
        .bind(&row.violations);
        self.one(query).await?;
        Ok(())
    }

    /// Writes what is owed to others because of the batch.
    pub async fn owe(&mut self, rows: &[OutboxRow]) -> Result<(), StoreFault> {
        static OUTBOX: Insert = Insert::new(
            "INTO outbox (what, message, case_number, kind, address, order_key, message_id, correlation, system, type, \
             traceparent, body, due_at, created_at, state, attempts)",
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0)",
            "",
        );
        self.insert(&OUTBOX, rows, |query, row| {
            query
                .bind(row.what.as_str())
                .bind(row.message)
                .bind(&row.case_number)
                .bind(row.kind)
                .bind(&row.address)
                .bind(&row.order_key)
                .bind(&row.message_id)
                .bind(&row.correlation)
                .bind(&row.system)
                .bind(row.r#type)
                .bind(&row.traceparent)
                .bind(&row.body)
                .bind(to_store(row.created_at))
                .bind(to_store(row.created_at))
        })
        .await
    }
}

/// A size as SQLite keeps it.
fn integer(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// JSON as the tables keep it.
pub(super) fn json_text(value: &impl Serialize) -> Result<String, StoreFault> {
    serde_json::to_string(value).map_err(|fault| StoreFault::Unusable(format!("a value is no JSON: {fault}")))
}

fn pack(bytes: &[u8]) -> Result<Vec<u8>, StoreFault> {
    zstd::bulk::compress(bytes, PACKING_LEVEL)
        .map_err(|fault| StoreFault::Unusable(format!("a body cannot be packed: {fault}")))
}

fn parked_row(row: &ParkedRow) -> Value {
    json!([
        row.message,
        row.item,
        row.reason,
        row.sender,
        row.case.system,
        row.case.kind,
        row.case.number,
        row.sequence,
        to_store(row.parked_at),
        to_store(row.due_at),
        to_store(row.give_up_at),
    ])
}
