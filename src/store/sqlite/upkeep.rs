//! The statements that hold the store's own order against what it must be.

use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use crate::store::StoreFault;
use crate::store::upkeep::{Misfit, Tally};

/// Rows told of one content.
const NAMED_BY_MAX: u32 = 5;

/// What must hold, by the code of the rule: each statement gives what breaks it.
const RULES: [(&str, &str); 13] = [
    (
        "parked-without-waiting",
        "SELECT 'message ' || i.message_id || ' of ' || i.sender FROM inbox i WHERE i.outcome = 'parked' \
         AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.message = i.seq) LIMIT ?1",
    ),
    (
        "waiting-though-settled",
        "SELECT 'message ' || i.message_id || ' of ' || i.sender || ', item ' || p.item FROM parked p \
         JOIN inbox i ON i.seq = p.message WHERE i.outcome <> 'parked' LIMIT ?1",
    ),
    (
        "failed-without-dead-letter",
        "SELECT 'message ' || i.message_id || ' of ' || i.sender FROM inbox i WHERE i.outcome = 'failed' \
         AND i.seq NOT IN (SELECT message FROM dead_letters) LIMIT ?1",
    ),
    (
        "refused-without-dead-letter",
        "SELECT 'message ' || i.message_id || ' of ' || i.sender || ', item ' || (t.value ->> 'number') FROM inbox i, \
         json_each(i.items) t WHERE t.value ->> 'result' = 'refused' AND i.test = 0 \
         AND (i.seq, t.value ->> 'number') NOT IN (SELECT message, item FROM dead_letters) \
         AND (i.seq, 0) NOT IN (SELECT message, item FROM dead_letters) LIMIT ?1",
    ),
    (
        "item-waits-though-settled",
        "SELECT 'message ' || i.message_id || ' of ' || i.sender || ', item ' || (t.value ->> 'number') FROM inbox i, \
         json_each(i.items) t WHERE t.value ->> 'result' = 'parked' AND i.outcome <> 'parked' LIMIT ?1",
    ),
    (
        "history-with-gaps",
        "SELECT 'case ' || c.system || '/' || c.kind || '/' || c.number FROM (SELECT case_id, count(*) AS steps, \
         min(turn) AS first, max(turn) AS last FROM history WHERE entry IN ('opened', 'moved') GROUP BY case_id) h \
         JOIN cases c ON c.id = h.case_id WHERE h.first <> 0 OR h.last <> h.steps - 1 LIMIT ?1",
    ),
    (
        "history-without-path",
        "SELECT 'case ' || c.system || '/' || c.kind || '/' || c.number || ', turn ' || h.turn FROM (SELECT case_id, turn, \
         from_status, lag(to_status) OVER (PARTITION BY case_id ORDER BY turn) AS before FROM history \
         WHERE entry IN ('opened', 'moved')) h JOIN cases c ON c.id = h.case_id \
         WHERE h.turn > 0 AND h.before IS NOT NULL AND h.from_status IS NOT h.before LIMIT ?1",
    ),
    (
        "status-without-history",
        "SELECT 'case ' || c.system || '/' || c.kind || '/' || c.number FROM cases c WHERE NOT EXISTS (SELECT 1 \
         FROM history h WHERE h.case_id = c.id AND h.turn = c.turn AND h.entry IN ('opened', 'moved') \
         AND h.to_status = c.status) LIMIT ?1",
    ),
    (
        "timer-of-a-past-status",
        "SELECT 'case ' || c.system || '/' || c.kind || '/' || c.number || ', timer ' || t.code FROM timers t \
         JOIN cases c ON c.id = t.case_id WHERE t.state IN ('pending', 'stuck') AND t.turn IS NOT NULL \
         AND t.turn <> c.turn LIMIT ?1",
    ),
    (
        "versions-with-gaps",
        "SELECT 'document ' || d.type || ' of case ' || c.system || '/' || c.kind || '/' || c.number FROM documents d \
         JOIN cases c ON c.id = d.case_id LEFT JOIN (SELECT document_id, count(*) AS versions, max(version) AS last \
         FROM document_versions GROUP BY document_id) v ON v.document_id = d.id \
         WHERE v.versions IS NOT d.versions OR v.last IS NOT d.versions LIMIT ?1",
    ),
    (
        "unit-load-differs",
        "SELECT 'unit ' || coalesce(l.unit, c.unit) FROM (SELECT unit, open FROM unit_loads WHERE open > 0) l FULL JOIN \
         (SELECT unit, count(*) AS open FROM cases WHERE open = 1 AND unit IS NOT NULL GROUP BY unit) c ON c.unit = l.unit \
         WHERE l.open IS NOT c.open LIMIT ?1",
    ),
    (
        "closed-with-something-wanted",
        "SELECT 'document request ' || r.id FROM document_requests r WHERE r.state = 'closed' AND EXISTS (SELECT 1 \
         FROM json_each(r.wanted) w WHERE NOT w.value ->> 'delivered') LIMIT ?1",
    ),
    (
        "reference-to-nothing",
        "SELECT 'row ' || coalesce(rowid, 'without a number') || ' of ' || \"table\" || ' names a row of ' || parent \
         FROM pragma_foreign_key_check LIMIT ?1",
    ),
];

impl Sqlite {
    pub(in crate::store) async fn contents_named(&self, after: &str, limit: u32) -> Result<Vec<String>, StoreFault> {
        let rows = sqlx::query(
            "SELECT * FROM (SELECT DISTINCT sha256 AS named FROM document_versions WHERE sha256 > ?1 \
             ORDER BY sha256 LIMIT ?2) \
             UNION SELECT * FROM (SELECT DISTINCT content FROM dead_letters WHERE content > ?1 ORDER BY content LIMIT ?2) \
             UNION SELECT * FROM (SELECT DISTINCT lower(hex(hash)) FROM inbox WHERE raw_offset IS NULL \
             AND hash > unhex(?1) ORDER BY hash LIMIT ?2) ORDER BY 1 LIMIT ?2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        texts(&rows)
    }

    pub(in crate::store) async fn contents_unnamed(&self, among: &[String]) -> Result<Vec<String>, StoreFault> {
        let rows = sqlx::query(
            "SELECT k.value FROM json_each(?1) k WHERE NOT EXISTS (SELECT 1 FROM document_versions v \
             WHERE v.sha256 = k.value) AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.content = k.value) \
             AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.raw_offset IS NULL AND i.hash = unhex(k.value))",
        )
        .bind(json!(among).to_string())
        .fetch_all(&self.readers)
        .await?;
        texts(&rows)
    }

    pub(in crate::store) async fn content_named_by(&self, sha256: &str) -> Result<Vec<String>, StoreFault> {
        let rows = sqlx::query(
            "SELECT 'document ' || d.type || ', version ' || v.version || ', case ' || c.system || '/' || c.kind || '/' || \
             c.number FROM document_versions v JOIN documents d ON d.id = v.document_id JOIN cases c ON c.id = d.case_id \
             WHERE v.sha256 = ?1 \
             UNION ALL SELECT 'dead letter ' || id FROM dead_letters WHERE content = ?1 \
             UNION ALL SELECT 'message ' || message_id || ' of ' || sender FROM inbox \
             WHERE raw_offset IS NULL AND hash = unhex(?1) LIMIT ?2",
        )
        .bind(sha256)
        .bind(NAMED_BY_MAX)
        .fetch_all(&self.readers)
        .await?;
        texts(&rows)
    }

    pub(in crate::store) async fn misfits(&self, limit: u32) -> Result<Vec<Misfit>, StoreFault> {
        let mut misfits = Vec::new();
        for (rule, statement) in RULES {
            let rows = sqlx::query(statement).bind(limit).fetch_all(&self.readers).await?;
            misfits.extend(texts(&rows)?.into_iter().map(|subject| Misfit { rule, subject }));
        }
        Ok(misfits)
    }

    pub(in crate::store) async fn standing(&self) -> Result<Vec<Tally>, StoreFault> {
        self.tallies(
            "SELECT system, kind, NULL, status, open, count(*), min(number) FROM cases GROUP BY system, kind, status, open \
             ORDER BY system, kind, status, open",
        )
        .await
    }

    pub(in crate::store) async fn moves(&self) -> Result<Vec<Tally>, StoreFault> {
        self.tallies(
            "SELECT c.system, c.kind, h.from_status, h.to_status, false, count(*), min(c.number) FROM history h \
             JOIN cases c ON c.id = h.case_id WHERE h.entry IN ('opened', 'moved') \
             GROUP BY c.system, c.kind, h.from_status, h.to_status ORDER BY c.system, c.kind, h.from_status, h.to_status",
        )
        .await
    }

    pub(in crate::store) async fn timed(&self) -> Result<Vec<Tally>, StoreFault> {
        self.tallies(
            "SELECT c.system, c.kind, NULL, c.status, false, count(*), min(c.number) FROM timers t \
             JOIN cases c ON c.id = t.case_id WHERE t.state IN ('pending', 'stuck') \
             AND t.scope IN ('turn', 'life') GROUP BY c.system, c.kind, c.status ORDER BY c.system, c.kind, c.status",
        )
        .await
    }

    async fn tallies(&self, statement: &'static str) -> Result<Vec<Tally>, StoreFault> {
        let rows = sqlx::query(statement).fetch_all(&self.readers).await?;
        let tally = |row: &SqliteRow| {
            Ok(Tally {
                system: row.try_get(0)?,
                kind: row.try_get(1)?,
                from: row.try_get(2)?,
                to: row.try_get(3)?,
                open: row.try_get(4)?,
                rows: row.try_get(5)?,
                example: row.try_get(6)?,
            })
        };
        rows.iter().map(tally).collect()
    }
}

fn texts(rows: &[SqliteRow]) -> Result<Vec<String>, StoreFault> {
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
