//! The statements behind what people ask of the store.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::facts::json_column;
use super::work::dead_body;
use crate::store::reads::Waiting;
use crate::store::{
    AttemptView, CaseView, DeadLetterFilter, DeadLetterView, DocumentView, FormerView, HistoryView, MessageView,
    OutboxFilter, OutboxView, OutcomeCount, RequestView, StoreFault, StoredBody, TimerView, VersionView,
};

impl Sqlite {
    pub(in crate::store) async fn cases_by_number(
        &self,
        system: Option<&str>,
        number: &str,
    ) -> Result<Vec<CaseView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT id, system, number, coalesce(service, ''), object, coalesce(purpose, ''), parent_number, open, status, \
             since, agency, officer, deadline, expected_on, opened_at, changed_at, kind, parent_kind, title, valid_from, \
             valid_until, amount, details, unit FROM cases \
             WHERE number = ?2 AND (?1 IS NULL OR system = ?1) ORDER BY system, kind",
        )
        .bind(system)
        .bind(number)
        .fetch_all(&self.readers)
        .await?;
        let mut cases = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.try_get(0)?;
            cases.push(CaseView {
                system: row.try_get(1)?,
                number: row.try_get(2)?,
                service: row.try_get(3)?,
                object: row.try_get(4)?,
                purpose: row.try_get(5)?,
                parent: row.try_get(6)?,
                open: row.try_get(7)?,
                status: row.try_get(8)?,
                since: row.try_get(9)?,
                agency: row.try_get(10)?,
                officer: row.try_get(11)?,
                deadline: row.try_get(12)?,
                expected_on: row.try_get(13)?,
                opened_at: row.try_get(14)?,
                changed_at: row.try_get(15)?,
                kind: row.try_get(16)?,
                parent_kind: row.try_get(17)?,
                title: row.try_get(18)?,
                valid_from: row.try_get(19)?,
                valid_until: row.try_get(20)?,
                amount: row.try_get(21)?,
                details: json_column(&row, 22)?,
                unit: row.try_get(23)?,
                history: self.history(id).await?,
                former: self.former(id).await?,
                documents: self.documents(id).await?,
                requests: self.requests(id).await?,
                timers: self.timers(id).await?,
            });
        }
        Ok(cases)
    }

    async fn history(&self, case: i64) -> Result<Vec<HistoryView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT h.entry, h.from_status, h.to_status, h.happened_at, h.recorded_at, h.agency, h.officer, h.comment, \
             h.details, i.message_id, h.item, t.code FROM history h LEFT JOIN inbox i ON i.seq = h.message \
             LEFT JOIN timers t ON t.id = h.timer \
             WHERE h.case_id = ?1 ORDER BY h.id",
        )
        .bind(case)
        .fetch_all(&self.readers)
        .await?;
        let view = |row: SqliteRow| {
            Ok(HistoryView {
                entry: row.try_get(0)?,
                from: row.try_get(1)?,
                to: row.try_get(2)?,
                happened_at: row.try_get(3)?,
                recorded_at: row.try_get(4)?,
                agency: row.try_get(5)?,
                officer: row.try_get(6)?,
                comment: row.try_get(7)?,
                details: row.try_get(8)?,
                message_id: row.try_get(9)?,
                item: row.try_get(10)?,
                timer: row.try_get(11)?,
            })
        };
        rows.into_iter().map(view).collect()
    }

    async fn former(&self, case: i64) -> Result<Vec<FormerView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT v.version, v.details, v.replaced_at, i.message_id FROM case_versions v \
             LEFT JOIN inbox i ON i.seq = v.message WHERE v.case_id = ?1 ORDER BY v.version",
        )
        .bind(case)
        .fetch_all(&self.readers)
        .await?;
        let view = |row: SqliteRow| {
            Ok(FormerView {
                version: row.try_get(0)?,
                details: json_column(&row, 1)?,
                replaced_at: row.try_get(2)?,
                message_id: row.try_get(3)?,
            })
        };
        rows.into_iter().map(view).collect()
    }

    async fn documents(&self, case: i64) -> Result<Vec<DocumentView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT d.id, d.type, d.number, d.title, d.state, d.reason, d.signed, d.valid_until, v.version, \
             v.file_name, v.media_type, v.size, v.sha256, v.uploader, v.uploaded_at FROM documents d \
             JOIN document_versions v ON v.document_id = d.id WHERE d.case_id = ?1 ORDER BY d.id, v.version",
        )
        .bind(case)
        .fetch_all(&self.readers)
        .await?;
        let mut documents: Vec<(i64, DocumentView)> = Vec::new();
        for row in rows {
            let id: i64 = row.try_get(0)?;
            if documents.last().is_none_or(|(last, _)| *last != id) {
                let document = DocumentView {
                    r#type: row.try_get(1)?,
                    number: row.try_get(2)?,
                    title: row.try_get(3)?,
                    state: row.try_get(4)?,
                    reason: row.try_get(5)?,
                    signed: row.try_get(6)?,
                    valid_until: row.try_get(7)?,
                    versions: Vec::new(),
                };
                documents.push((id, document));
            }
            let version = VersionView {
                version: row.try_get(8)?,
                file_name: row.try_get(9)?,
                media_type: row.try_get(10)?,
                size: row.try_get(11)?,
                sha256: row.try_get(12)?,
                uploader: row.try_get(13)?,
                uploaded_at: row.try_get(14)?,
            };
            if let Some((_, document)) = documents.last_mut() {
                document.versions.push(version);
            }
        }
        Ok(documents.into_iter().map(|(_, document)| document).collect())
    }

    async fn timers(&self, case: i64) -> Result<Vec<TimerView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT code, due_at, state FROM timers WHERE case_id = ?1 AND state IN ('pending', 'stuck') \
             ORDER BY due_at, id",
        )
        .bind(case)
        .fetch_all(&self.readers)
        .await?;
        let view =
            |row: SqliteRow| Ok(TimerView { code: row.try_get(0)?, due_at: row.try_get(1)?, state: row.try_get(2)? });
        rows.into_iter().map(view).collect()
    }

    async fn requests(&self, case: i64) -> Result<Vec<RequestView>, StoreFault> {
        let rows =
            sqlx::query("SELECT wanted, due, state, agency FROM document_requests WHERE case_id = ?1 ORDER BY id")
                .bind(case)
                .fetch_all(&self.readers)
                .await?;
        let view = |row: SqliteRow| {
            Ok(RequestView {
                wanted: row.try_get(0)?,
                due: row.try_get(1)?,
                state: row.try_get(2)?,
                agency: row.try_get(3)?,
            })
        };
        rows.into_iter().map(view).collect()
    }

    pub(in crate::store) async fn messages_by_id(&self, message_id: &str) -> Result<Vec<MessageView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT seq, sender, message_id, lower(hex(hash)), system, kind, version, rules, outcome, code, test, \
             source, reply, properties, notes, items, received_at, settled_at, repeats, batch, raw_offset, raw_length, \
             lower(hex(hash)) FROM inbox WHERE message_id = ?1 ORDER BY seq",
        )
        .bind(message_id)
        .fetch_all(&self.readers)
        .await?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in rows {
            messages.push(self.message(&row).await?);
        }
        Ok(messages)
    }

    async fn message(&self, row: &SqliteRow) -> Result<MessageView, StoreFault> {
        let seq: i64 = row.try_get(0)?;
        let raw = self.raw(&mut HashMap::new(), row, 19).await?;
        let receipt = sqlx::query(
            "SELECT body, state FROM outbox WHERE message = ?1 AND what = 'receipt' ORDER BY id DESC LIMIT 1",
        )
        .bind(seq)
        .fetch_optional(&self.readers)
        .await?;
        let (receipt, receipt_state) = match receipt {
            Some(row) => (Some(row.try_get(0)?), Some(row.try_get(1)?)),
            None => (None, None),
        };
        Ok(MessageView {
            seq,
            sender: row.try_get(1)?,
            message_id: row.try_get(2)?,
            hash: row.try_get(3)?,
            system: row.try_get(4)?,
            kind: row.try_get(5)?,
            version: row.try_get(6)?,
            rules: row.try_get(7)?,
            outcome: row.try_get(8)?,
            code: row.try_get(9)?,
            test: row.try_get(10)?,
            source: row.try_get(11)?,
            reply: row.try_get(12)?,
            properties: row.try_get(13)?,
            notes: row.try_get(14)?,
            items: row.try_get(15)?,
            received_at: row.try_get(16)?,
            settled_at: row.try_get(17)?,
            repeats: row.try_get(18)?,
            attempts: self.attempts(seq).await?,
            dead_letters: self.dead_letters_of(seq).await?,
            receipt,
            receipt_state,
            raw,
        })
    }

    async fn attempts(&self, seq: i64) -> Result<Vec<AttemptView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT item, attempt, origin, actor, at, result, code FROM attempts WHERE message = ?1 ORDER BY id",
        )
        .bind(seq)
        .fetch_all(&self.readers)
        .await?;
        let view = |row: SqliteRow| {
            Ok(AttemptView {
                item: row.try_get(0)?,
                attempt: row.try_get(1)?,
                origin: row.try_get(2)?,
                actor: row.try_get(3)?,
                at: row.try_get(4)?,
                result: row.try_get(5)?,
                code: row.try_get(6)?,
            })
        };
        rows.into_iter().map(view).collect()
    }

    async fn dead_letters_of(&self, seq: i64) -> Result<Vec<i64>, StoreFault> {
        let rows = sqlx::query("SELECT id FROM dead_letters WHERE message = ?1 ORDER BY id")
            .bind(seq)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub(in crate::store) async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT id, item, state, code, reason, violations, sender, message_id, system, kind, case_number, source, \
             size, died_at, attempts, closed_at, closed_by, note FROM dead_letters WHERE id > ?1 \
             AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR code = ?3) AND (?4 IS NULL OR sender = ?4) \
             AND (?5 IS NULL OR system = ?5) ORDER BY id LIMIT ?6",
        )
        .bind(filter.after)
        .bind(&filter.state)
        .bind(&filter.code)
        .bind(&filter.sender)
        .bind(&filter.system)
        .bind(filter.limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(dead_letter).collect()
    }

    pub(in crate::store) async fn dead_letter(
        &self,
        id: i64,
    ) -> Result<Option<(DeadLetterView, StoredBody)>, StoreFault> {
        let row = sqlx::query(
            "SELECT id, item, state, code, reason, violations, sender, message_id, system, kind, case_number, source, \
             size, died_at, attempts, closed_at, closed_by, note, body, size, content FROM dead_letters WHERE id = ?1",
        )
        .bind(id)
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some((dead_letter(&row)?, dead_body(&row, 18)?)))
    }

    pub(in crate::store) async fn outbox(&self, filter: &OutboxFilter) -> Result<Vec<OutboxView>, StoreFault> {
        let rows = sqlx::query(
            "SELECT id, what, kind, address, message_id, case_number, state, attempts, due_at, error, created_at, \
             sent_at FROM outbox WHERE id > ?1 AND (?2 IS NULL OR state = ?2) ORDER BY id LIMIT ?3",
        )
        .bind(filter.after)
        .bind(&filter.state)
        .bind(filter.limit)
        .fetch_all(&self.readers)
        .await?;
        let view = |row: SqliteRow| {
            Ok(OutboxView {
                id: row.try_get(0)?,
                what: row.try_get(1)?,
                kind: row.try_get(2)?,
                address: row.try_get(3)?,
                message_id: row.try_get(4)?,
                case_number: row.try_get(5)?,
                state: row.try_get(6)?,
                attempts: row.try_get(7)?,
                due_at: row.try_get(8)?,
                error: row.try_get(9)?,
                created_at: row.try_get(10)?,
                sent_at: row.try_get(11)?,
            })
        };
        rows.into_iter().map(view).collect()
    }

    pub(in crate::store) async fn outcomes(&self) -> Result<Vec<OutcomeCount>, StoreFault> {
        let rows = sqlx::query(
            "SELECT system, outcome, code, count(*), sum(repeats) FROM inbox GROUP BY system, outcome, code \
             ORDER BY system, outcome, code",
        )
        .fetch_all(&self.readers)
        .await?;
        let count = |row: SqliteRow| {
            Ok(OutcomeCount {
                system: row.try_get(0)?,
                outcome: row.try_get(1)?,
                code: row.try_get(2)?,
                messages: row.try_get(3)?,
                repeats: row.try_get(4)?,
            })
        };
        rows.into_iter().map(count).collect()
    }

    pub(in crate::store) async fn waiting(&self) -> Result<Waiting, StoreFault> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM parked), (SELECT count(*) FROM outbox WHERE state = 'pending') \
             + (SELECT count(*) FROM events WHERE state = 'pending'), \
             (SELECT count(*) FROM outbox WHERE state = 'stuck') \
             + (SELECT count(*) FROM events WHERE state = 'stuck'), \
             (SELECT count(*) FROM dead_letters WHERE state = 'open'), \
             (SELECT count(*) FROM timers WHERE state = 'stuck'), \
             (SELECT count(*) FROM notifications WHERE state IN ('pending', 'sent')), \
             (SELECT count(*) FROM notifications WHERE state = 'failed')",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(Waiting {
            parked: row.try_get(0)?,
            pending: row.try_get(1)?,
            stuck: row.try_get(2)?,
            dead_letters: row.try_get(3)?,
            timers_stuck: row.try_get(4)?,
            notifications: row.try_get(5)?,
            notifications_failed: row.try_get(6)?,
        })
    }
}

fn dead_letter(row: &SqliteRow) -> Result<DeadLetterView, StoreFault> {
    Ok(DeadLetterView {
        id: row.try_get(0)?,
        item: row.try_get(1)?,
        state: row.try_get(2)?,
        code: row.try_get(3)?,
        reason: row.try_get(4)?,
        violations: row.try_get(5)?,
        sender: row.try_get(6)?,
        message_id: row.try_get(7)?,
        system: row.try_get(8)?,
        kind: row.try_get(9)?,
        case_number: row.try_get(10)?,
        source: row.try_get(11)?,
        size: row.try_get(12)?,
        died_at: row.try_get(13)?,
        attempts: row.try_get(14)?,
        closed_at: row.try_get(15)?,
        closed_by: row.try_get(16)?,
        note: row.try_get(17)?,
    })
}
