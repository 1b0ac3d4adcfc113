//! Notifications: what is planned, taken, settled; the readers of cases and their choices.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::facts::json_column;
use super::rows::Insert;
use super::{Sqlite, Transaction};
use crate::apply::rows::AuditRow;
use crate::apply::world::{CaseKey, SubscriptionRow};
use crate::apply::{CONSENT, CONSENT_PARENTS_MAX};
use crate::failpoint;
use crate::store::moment::{from_store, to_store};
use crate::store::{Becomes, ChoiceRow, ConsentKind, DueNotification, NotificationRow, Reader, StoreFault, Told};

/// Rows of one round, digests counted whole.
const DUE_ROWS_MAX: u32 = 5000;
/// Rows that are looked at for a delivery, on the average: however much is due, a look costs the same. Of a digest with more
/// rows all are taken; fewer deliveries then come with it.
const ROWS_A_DELIVERY: u32 = 2;
/// Identifiers, the strongest first.
const STRENGTH: [&str; 4] = ["ogrn", "ogrnip", "snils", "inn"];

static NOTIFICATIONS: Insert = Insert::new(
    "INTO notifications (event, audience, reader, agency, channel, address, recipient, required, digest, delivery, \
     order_key, state, reason, due_at, created_at, give_up_at, settled_at)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "ON CONFLICT DO NOTHING",
);

static SUBSCRIPTIONS: Insert = Insert::new(
    "INTO subscriptions (subscriber, system, case_kind, case_number, event, channel, frequency, shown, \
     happened_at, recorded_at, message)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "ON CONFLICT (subscriber, system, case_kind, case_number, event, channel) DO UPDATE SET \
     frequency = excluded.frequency, happened_at = excluded.happened_at, recorded_at = excluded.recorded_at, \
     message = excluded.message WHERE excluded.happened_at >= subscriptions.happened_at",
);

impl Transaction {
    pub(super) async fn write_subscriptions(&mut self, rows: &[&SubscriptionRow]) -> Result<(), StoreFault> {
        self.insert(&SUBSCRIPTIONS, rows, |query, row| {
            let case = row.case.as_ref();
            query
                .bind(row.subscriber.as_slice())
                .bind(&row.system)
                .bind(case.map_or("", |case| &case.0).to_owned())
                .bind(case.map_or("", |case| &case.1).to_owned())
                .bind(row.event.as_deref().unwrap_or_default().to_owned())
                .bind(&row.channel)
                .bind(row.frequency.as_str())
                .bind(&row.shown)
                .bind(to_store(row.happened_at))
                .bind(to_store(row.recorded_at))
                .bind(row.message)
        })
        .await
    }

    /// A one-time code is kept as long as it has yet to be told, and no longer.
    async fn forget_codes(&mut self, events: &[i64]) -> Result<(), StoreFault> {
        self.each(
            "UPDATE events SET data = json_remove(data, '$.event.secret') \
             WHERE id IN (SELECT value FROM json_each(?1)) AND json_extract(data, '$.event.secret') IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM notifications n WHERE n.event = events.id AND n.state IN ('pending', 'sent'))",
            events.iter().map(|id| json!(id)).collect(),
        )
        .await
    }

    /// Events that could not be told of become pending again; gives how many.
    pub(super) async fn tell_stuck_again(&mut self) -> Result<u64, StoreFault> {
        let again = sqlx::query("UPDATE events SET state = 'pending', error = NULL WHERE state = 'stuck'");
        Ok(again.execute(&mut *self.tx).await?.rows_affected())
    }

    async fn write_notifications(&mut self, rows: &[NotificationRow]) -> Result<(), StoreFault> {
        self.insert(&NOTIFICATIONS, rows, |query, row| {
            query
                .bind(row.event)
                .bind(row.audience)
                .bind(row.reader)
                .bind(&row.agency)
                .bind(&row.channel)
                .bind(&row.address)
                .bind(&row.recipient)
                .bind(row.required)
                .bind(row.digest)
                .bind(&row.delivery)
                .bind(&row.order_key)
                .bind(if row.suppressed.is_some() { "suppressed" } else { "pending" })
                .bind(row.suppressed)
                .bind(to_store(row.due_at))
                .bind(to_store(row.created_at))
                .bind(to_store(row.give_up_at))
                .bind(row.suppressed.map(|_| to_store(row.created_at)))
        })
        .await
    }
}

impl Sqlite {
    pub(in crate::store) async fn tell(&self, told: &Told) -> Result<(), StoreFault> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE events SET state = 'told' WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'pending'",
        )
        .bind(json!(told.told).to_string())
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        if done != told.told.len() as u64 {
            return Ok(());
        }
        tx.each(
            "UPDATE events SET state = 'stuck', error = v ->> 1 FROM (SELECT value v FROM json_each(?1)) \
             WHERE events.id = v ->> 0 AND events.state = 'pending'",
            told.stuck.iter().map(|(id, error)| json!([id, error])).collect(),
        )
        .await?;
        tx.each(
            "INSERT INTO event_reach (event, last_case) SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true \
             ON CONFLICT (event) DO UPDATE SET last_case = excluded.last_case",
            told.reached.iter().map(|(event, case)| json!([event, case])).collect(),
        )
        .await?;
        tx.write_notifications(&told.notifications).await?;
        tx.forget_codes(&told.told).await?;
        tx.commit(()).await?.into_run();
        Ok(())
    }

    pub(in crate::store) async fn readers(
        &self,
        cases: &[CaseKey],
        consents: &[ConsentKind],
    ) -> Result<Vec<Reader>, StoreFault> {
        let keys: Vec<_> = cases.iter().map(|key| [&key.system, &key.kind, &key.number]).collect();
        let rows = sqlx::query(
            "SELECT c.id, c.system, c.kind, c.number, c.origin, c.email, c.phone FROM json_each(?1) k \
             CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 AND c.number = k.value ->> 2",
        )
        .bind(json!(keys).to_string())
        .fetch_all(&self.readers)
        .await?;
        self.whole_readers(&rows, consents).await
    }

    pub(in crate::store) async fn readers_by_id(
        &self,
        cases: &[i64],
        consents: &[ConsentKind],
    ) -> Result<Vec<Reader>, StoreFault> {
        if cases.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(
            "SELECT c.id, c.system, c.kind, c.number, c.origin, c.email, c.phone FROM json_each(?1) k \
             CROSS JOIN cases c ON c.id = k.value",
        )
        .bind(json!(cases).to_string())
        .fetch_all(&self.readers)
        .await?;
        self.whole_readers(&rows, consents).await
    }

    pub(in crate::store) async fn readers_of(
        &self,
        system: &str,
        after: i64,
        limit: u32,
        consents: &[ConsentKind],
    ) -> Result<Vec<Reader>, StoreFault> {
        let rows = sqlx::query(
            "SELECT c.id, c.system, c.kind, c.number, c.origin, c.email, c.phone FROM cases c WHERE c.id > ?2 \
             AND c.system = ?1 AND (c.email IS NOT NULL OR c.phone IS NOT NULL) ORDER BY c.id LIMIT ?3",
        )
        .bind(system)
        .bind(after)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        self.whole_readers(&rows, consents).await
    }

    /// Readers with their identifiers, choices and consents. Columns: id, system, kind, number, origin, email, phone.
    async fn whole_readers(&self, rows: &[SqliteRow], consents: &[ConsentKind]) -> Result<Vec<Reader>, StoreFault> {
        let mut readers = rows.iter().map(reader).collect::<Result<Vec<_>, _>>()?;
        let cases: Vec<i64> = readers.iter().map(|reader| reader.case).collect();
        let kinds: Vec<_> = consents.iter().map(|one| [&one.asked_by, &one.system, &one.kind]).collect();
        let kinds = json!(kinds).to_string();
        if !consents.is_empty() {
            let mut named = self.named_consents(&cases, &kinds).await?;
            for reader in &mut readers {
                reader.consents.extend(named.remove(&reader.case).unwrap_or_default());
            }
        }
        let identifiers = self.identifiers(&cases).await?;
        let mut hashes: Vec<String> = identifiers.values().flatten().map(hex::encode).collect();
        hashes.sort_unstable();
        hashes.dedup();
        if hashes.is_empty() {
            return Ok(readers);
        }
        let hashes = json!(hashes).to_string();
        let choices = self.choices(&hashes).await?;
        let consents = if consents.is_empty() { HashMap::new() } else { self.consents(&hashes, &kinds).await? };
        for reader in &mut readers {
            reader.identifiers = identifiers.get(&reader.case).cloned().unwrap_or_default();
            let system = reader.key.as_ref().map(|key| key.system.as_str()).unwrap_or_default();
            for hash in &reader.identifiers {
                let chosen = choices.get(hash).into_iter().flatten().filter(|(of, _)| of == system);
                reader.choices.extend(chosen.map(|(_, choice)| choice.clone()));
                reader.consents.extend(consents.get(hash).into_iter().flatten().cloned());
            }
        }
        Ok(readers)
    }

    /// Identifiers of the applicants, the strongest first.
    async fn identifiers(&self, cases: &[i64]) -> Result<HashMap<i64, Vec<[u8; 32]>>, StoreFault> {
        let rows = sqlx::query(
            "SELECT p.case_id, p.identifier, p.hash FROM json_each(?1) k CROSS JOIN parties p ON p.case_id = k.value \
             WHERE p.role = 'applicant'",
        )
        .bind(json!(cases).to_string())
        .fetch_all(&self.readers)
        .await?;
        let mut found: HashMap<i64, Vec<(usize, [u8; 32])>> = HashMap::new();
        for row in rows {
            let identifier: &str = row.try_get(1)?;
            let strength = STRENGTH.iter().position(|one| *one == identifier).unwrap_or(STRENGTH.len());
            found.entry(row.try_get(0)?).or_default().push((strength, hash(&row, 2)?));
        }
        let sorted = found.into_iter().map(|(case, mut hashes)| {
            hashes.sort_unstable();
            (case, hashes.into_iter().map(|(_, hash)| hash).collect())
        });
        Ok(sorted.collect())
    }

    async fn choices(&self, hashes: &str) -> Result<HashMap<[u8; 32], Vec<(String, ChoiceRow)>>, StoreFault> {
        let rows = sqlx::query(
            "SELECT s.subscriber, s.system, s.case_kind, s.case_number, s.event, s.channel, s.frequency, s.happened_at \
             FROM json_each(?1) k CROSS JOIN subscriptions s ON s.subscriber = unhex(k.value)",
        )
        .bind(hashes)
        .fetch_all(&self.readers)
        .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            let (kind, number, event): (String, String, String) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
            let choice = ChoiceRow {
                case: (!number.is_empty()).then_some((kind, number)),
                event: Some(event).filter(|event| !event.is_empty()),
                channel: row.try_get(5)?,
                frequency: row.try_get(6)?,
                happened_at: from_store(row.try_get(7)?),
            };
            found.entry(hash(&row, 0)?).or_default().push((row.try_get(1)?, choice));
        }
        Ok(found)
    }

    async fn consents(
        &self,
        hashes: &str,
        kinds: &str,
    ) -> Result<HashMap<[u8; 32], Vec<(String, String, String)>>, StoreFault> {
        let rows = sqlx::query(
            "SELECT p.hash, c.system, c.kind, c.status FROM json_each(?1) k \
             CROSS JOIN parties p INDEXED BY parties_hash ON substr(p.hash, 1, 8) = substr(unhex(k.value), 1, 8) \
             AND p.hash = unhex(k.value) CROSS JOIN cases c ON c.id = p.case_id \
             WHERE (c.system, c.kind) IN (SELECT value ->> 1, value ->> 2 FROM json_each(?2))",
        )
        .bind(hashes)
        .bind(kinds)
        .fetch_all(&self.readers)
        .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(hash(&row, 0)?).or_default().push((row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
        }
        Ok(found)
    }

    /// Consents that cases, or cases above them, name.
    async fn named_consents(
        &self,
        cases: &[i64],
        kinds: &str,
    ) -> Result<HashMap<i64, Vec<(String, String, String)>>, StoreFault> {
        let rows = sqlx::query(
            "WITH RECURSIVE above (reader, id, height) AS (SELECT value, value, 0 FROM json_each(?1) UNION ALL \
             SELECT a.reader, p.id, a.height + 1 FROM above a JOIN cases c ON c.id = a.id JOIN cases p ON p.system = c.system \
             AND p.kind = c.parent_kind AND p.number = c.parent_number WHERE a.height < ?3) \
             SELECT a.reader, s.system, s.kind, s.status FROM above a CROSS JOIN cases n ON n.id = a.id \
             CROSS JOIN json_each(?2) k CROSS JOIN cases s ON s.system = k.value ->> 1 AND s.kind = k.value ->> 2 \
             AND s.number = n.details ->> ?4 WHERE k.value ->> 0 = n.system",
        )
        .bind(json!(cases).to_string())
        .bind(kinds)
        .bind(CONSENT_PARENTS_MAX)
        .bind(CONSENT)
        .fetch_all(&self.readers)
        .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
        }
        Ok(found)
    }

    pub(in crate::store) async fn notifications_due(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        deliveries_max: u32,
    ) -> Result<Vec<DueNotification>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query(
            "SELECT n.id, e.data, n.audience, n.reader, n.agency, n.address, n.recipient, n.required, n.digest IS NOT NULL, \
             n.delivery, n.order_key, n.attempts, n.created_at, n.give_up_at FROM notifications n JOIN events e ON e.id = n.event \
             WHERE n.delivery IN (SELECT delivery FROM (\
             SELECT d.id, d.delivery, d.due_at FROM notifications d WHERE d.channel = ?1 AND d.state IN ('pending', 'sent') \
             AND d.due_at <= ?2 AND NOT EXISTS (SELECT 1 FROM notifications b WHERE b.order_key = d.order_key \
             AND b.state IN ('pending', 'sent') AND b.id < d.id AND (NOT d.required OR b.due_at <= ?2)) \
             ORDER BY d.due_at, d.id LIMIT ?5) \
             GROUP BY delivery ORDER BY min(due_at), min(id) LIMIT ?3) \
             AND +n.channel = ?1 AND +n.state IN ('pending', 'sent') AND +n.due_at <= ?2 ORDER BY n.id LIMIT ?4",
        )
        .bind(channel)
        .bind(to_store(now))
        .bind(deliveries_max)
        .bind(DUE_ROWS_MAX)
        .bind(deliveries_max.saturating_mul(ROWS_A_DELIVERY))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(due).collect()
    }

    pub(in crate::store) async fn next_notification(&self, channel: &str) -> Result<Option<DateTime<Utc>>, StoreFault> {
        let row =
            sqlx::query("SELECT min(due_at) FROM notifications WHERE channel = ?1 AND state IN ('pending', 'sent')")
                .bind(channel)
                .fetch_one(&self.readers)
                .await?;
        Ok(row.try_get::<Option<i64>, _>(0)?.map(from_store))
    }

    pub(in crate::store) async fn claim_notifications(
        &self,
        ids: &[i64],
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreFault> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "UPDATE notifications SET state = 'sent', attempts = attempts + 1, sent_at = ?2, due_at = ?3 \
             WHERE id IN (SELECT value FROM json_each(?1)) AND state IN ('pending', 'sent') AND due_at <= ?2 RETURNING id",
        )
        .bind(json!(ids).to_string())
        .bind(to_store(now))
        .bind(to_store(lease))
        .fetch_all(&mut *tx.tx)
        .await?;
        tx.commit(()).await?.into_run();
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub(in crate::store) async fn settle_notifications(
        &self,
        fates: &[(i64, Becomes)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreFault> {
        let mut tx = self.begin().await?;
        tx.each(
            "UPDATE notifications SET state = v ->> 1, reason = v ->> 2, error = v ->> 3, \
             due_at = coalesce(v ->> 4, due_at), settled_at = v ->> 5 FROM (SELECT value v FROM json_each(?1)) \
             WHERE notifications.id = v ->> 0 AND notifications.state IN ('pending', 'sent')",
            fates.iter().map(|(id, becomes)| settled_row(*id, becomes, to_store(now))).collect(),
        )
        .await?;
        let ids: Vec<i64> = fates.iter().map(|(id, _)| *id).collect();
        let events =
            sqlx::query("SELECT DISTINCT event FROM notifications WHERE id IN (SELECT value FROM json_each(?1))")
                .bind(json!(ids).to_string())
                .fetch_all(&mut *tx.tx)
                .await?;
        let events = events.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
        tx.forget_codes(&events).await?;
        tx.commit(()).await?.into_run();
        Ok(())
    }

    pub(in crate::store) async fn recent_deliveries(
        &self,
        channel: &str,
        recipients: &[&str],
        since: DateTime<Utc>,
    ) -> Result<Vec<(String, u32, DateTime<Utc>)>, StoreFault> {
        let rows = sqlx::query(
            "SELECT n.recipient, count(DISTINCT n.delivery), min(n.sent_at) FROM json_each(?1) k \
             CROSS JOIN notifications n ON n.channel = ?2 AND n.recipient = k.value AND n.sent_at > ?3 GROUP BY 1",
        )
        .bind(json!(recipients).to_string())
        .bind(channel)
        .bind(to_store(since))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, from_store(row.try_get(2)?)))).collect()
    }

    pub(in crate::store) async fn notifications_retry(
        &self,
        id: Option<i64>,
        give_up_at: DateTime<Utc>,
        audit: AuditRow,
    ) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE notifications SET state = 'pending', reason = NULL, settled_at = NULL, due_at = ?2, give_up_at = ?3 \
             WHERE (?1 IS NULL AND state = 'failed') OR (id = ?1 AND state IN ('failed', 'suppressed'))",
        )
        .bind(id)
        .bind(to_store(audit.at))
        .bind(to_store(give_up_at))
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        let told = if id.is_none() { tx.tell_stuck_again().await? } else { 0 };
        tx.journalled(done + told, audit).await
    }

    pub(in crate::store) async fn forget_notifications(
        &self,
        before: DateTime<Utc>,
        limit: u32,
        audit: AuditRow,
    ) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        // Jobs of exports that give changes get each row before it goes.
        let done = sqlx::query(
            "DELETE FROM notifications WHERE id IN (SELECT n.id FROM notifications n WHERE n.settled_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM export_changes x WHERE x.source = 'notifications' AND x.row = n.id) \
             ORDER BY n.settled_at LIMIT ?2)",
        )
        .bind(to_store(before))
        .bind(limit)
        .execute(&mut *tx.tx)
        .await?
        .rows_affected();
        let after = Some(json!({ "notifications": done, "settled_before": to_store(before) }).to_string());
        tx.journalled(done, AuditRow { after, ..audit }).await
    }

    pub(in crate::store) async fn forget_events(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreFault> {
        let mut tx = self.begin().await?;
        let over = sqlx::query(
            "SELECT e.id FROM events e WHERE e.state = 'told' AND e.created_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM notifications n WHERE n.event = e.id) ORDER BY e.id LIMIT ?2",
        )
        .bind(to_store(before))
        .bind(limit)
        .fetch_all(&mut *tx.tx)
        .await?;
        let over =
            over.iter().map(|row| Ok(json!(row.try_get::<i64, _>(0)?))).collect::<Result<Vec<_>, StoreFault>>()?;
        let events = over.len() as u64;
        tx.each("DELETE FROM event_reach WHERE event IN (SELECT value FROM json_each(?1))", over.clone()).await?;
        tx.each("DELETE FROM events WHERE id IN (SELECT value FROM json_each(?1))", over).await?;
        tx.commit(()).await?.into_run();
        Ok(events)
    }

    pub(in crate::store) async fn opt_out(&self, choice: &SubscriptionRow, audit: AuditRow) -> Result<(), StoreFault> {
        let mut tx = self.begin().await?;
        tx.write_subscriptions(&[choice]).await?;
        tx.write_audit(&[audit]).await?;
        tx.commit(()).await?.into_run();
        Ok(())
    }
}

fn settled_row(id: i64, becomes: &Becomes, now: i64) -> Value {
    match becomes {
        Becomes::Confirmed => json!([id, "confirmed", null, null, null, now]),
        Becomes::Later(due_at, error) => json!([id, "pending", null, error, to_store(*due_at), null]),
        Becomes::Failed(reason, error) => json!([id, "failed", reason, error, null, now]),
        Becomes::Suppressed(reason) => json!([id, "suppressed", reason, null, null, now]),
    }
}

fn hash(row: &SqliteRow, column: usize) -> Result<[u8; 32], StoreFault> {
    row.try_get::<&[u8], _>(column)?
        .try_into()
        .map_err(|_| StoreFault::Unusable("a stored hash has another length than 32 bytes".into()))
}

fn reader(row: &SqliteRow) -> Result<Reader, StoreFault> {
    Ok(Reader {
        case: row.try_get(0)?,
        key: Some(CaseKey { system: row.try_get(1)?, kind: row.try_get(2)?, number: row.try_get(3)? }),
        origin: row.try_get(4)?,
        email: row.try_get(5)?,
        phone: row.try_get(6)?,
        ..Reader::default()
    })
}

fn due(row: &SqliteRow) -> Result<DueNotification, StoreFault> {
    Ok(DueNotification {
        id: row.try_get(0)?,
        noticed: json_column(row, 1)?,
        audience: row.try_get(2)?,
        reader: row.try_get(3)?,
        agency: row.try_get(4)?,
        address: row.try_get(5)?,
        recipient: row.try_get(6)?,
        required: row.try_get(7)?,
        digest: row.try_get(8)?,
        delivery: row.try_get(9)?,
        order_key: row.try_get(10)?,
        attempts: row.try_get(11)?,
        created_at: from_store(row.try_get(12)?),
        give_up_at: from_store(row.try_get(13)?),
    })
}
