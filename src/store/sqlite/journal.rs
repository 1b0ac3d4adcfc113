//! The statements behind the journal and its seals.

use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};

use super::facts::hash;
use super::search::{like, within};
use super::{Sqlite, Transaction};
use crate::apply::rows::AuditRow;
use crate::domain::journal::{Entry, Sealed};
use crate::failpoint;
use crate::store::moment::to_store;
use crate::store::{JournalFilter, JournalView, Piece, Sealer, Sealing, Span, StoreFault, Unsealed};

impl Transaction {
    /// Commits what an operator or a job did to so many rows, with its row in the journal where there were any; gives how many.
    pub(super) async fn journalled(mut self, rows: u64, audit: AuditRow) -> Result<u64, StoreFault> {
        if rows > 0 {
            self.write_audit(&[audit]).await?;
        }
        self.commit(()).await?.into_run();
        Ok(rows)
    }

    /// Writes the journal: rows that wait for their seal.
    pub async fn write_audit(&mut self, rows: &[AuditRow]) -> Result<(), StoreFault> {
        if rows.is_empty() {
            return Ok(());
        }
        failpoint::store(&self.file.path)?;
        let rows =
            rows.iter().map(|row| json!([to_store(row.at), row.actor, row.action, row.subject, row.before, row.after]));
        let written = sqlx::query(
            "INSERT INTO audit (at, actor, action, subject, before, after) SELECT value ->> 0, value ->> 1, \
             value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1) WHERE true ORDER BY key RETURNING id",
        )
        .bind(json!(rows.collect::<Vec<_>>()).to_string())
        .fetch_all(&mut *self.tx)
        .await?;
        let ids = written.iter().map(|row| Ok(json!(row.try_get::<i64, _>(0)?)));
        let ids = ids.collect::<Result<Vec<_>, StoreFault>>()?;
        self.each("INSERT INTO unsealed (audit) SELECT value FROM json_each(?1)", ids).await
    }
}

impl Sqlite {
    pub(in crate::store) async fn journal(&self, filter: &JournalFilter) -> Result<Vec<JournalView>, StoreFault> {
        let mut query = journal_query(filter);
        let rows = query.build().fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(JournalView::of(entry(row, 0)?, row.try_get(7)?))).collect()
    }

    pub(in crate::store) async fn seal(&self, piece: Piece<'_>) -> Result<Sealing, StoreFault> {
        let waiting = sqlx::query("SELECT 1 FROM unsealed LIMIT 1").fetch_optional(&self.readers).await?;
        if waiting.is_none() {
            let Sealer { seal, hash, .. } = self.sealer().await?;
            return Ok(Sealing::Done { rows: 0, seal, hash });
        }
        let mut tx = self.begin().await?;
        let now = to_store(piece.now);
        let Sealer { mut seal, hash, owner, leased_until } = sealer(&mut *tx.tx).await?;
        if let (Some(owner), Some(until)) = (owner, leased_until)
            && owner != piece.owner
            && until > now
        {
            return Ok(Sealing::Leased { owner, until });
        }
        failpoint::hit("sealer.leased");
        let rows = sqlx::query(
            "SELECT a.id, a.at, a.actor, a.action, a.subject, a.before, a.after FROM unsealed u \
             JOIN audit a ON a.id = u.audit WHERE NOT EXISTS (SELECT 1 FROM seals s WHERE s.audit = u.audit) \
             ORDER BY u.audit LIMIT ?1",
        )
        .bind(piece.rows_max)
        .fetch_all(&mut *tx.tx)
        .await?;
        let mut previous = hash;
        let mut seals = Vec::with_capacity(rows.len());
        for row in &rows {
            let entry = entry(row, 0)?;
            seal += 1;
            previous = entry.hash(seal, &previous);
            seals.push(json!([seal, entry.id, hex::encode(previous), now]));
        }
        let sealed = seals.iter().map(|one| one[1].clone()).collect();
        tx.each(
            "INSERT INTO seals (seal, audit, hash, sealed_at) SELECT value ->> 0, value ->> 1, unhex(value ->> 2), \
             value ->> 3 FROM json_each(?1)",
            seals,
        )
        .await?;
        failpoint::hit("sealer.written");
        tx.each("DELETE FROM unsealed WHERE audit IN (SELECT value FROM json_each(?1))", sealed).await?;
        failpoint::store(&self.file.path)?;
        sqlx::query("UPDATE sealer SET seal = ?1, hash = ?2, owner = ?3, leased_until = ?4 WHERE id = 1")
            .bind(seal)
            .bind(previous.as_slice())
            .bind(piece.owner)
            .bind(to_store(piece.leased_until))
            .execute(&mut *tx.tx)
            .await?;
        failpoint::hit("sealer.before-commit");
        tx.commit(()).await?.into_run();
        failpoint::hit("sealer.after-commit");
        Ok(Sealing::Done { rows: rows.len(), seal, hash: previous })
    }

    pub(in crate::store) async fn release_sealer(&self, owner: &str) -> Result<(), StoreFault> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE sealer SET owner = NULL, leased_until = NULL WHERE id = 1 AND owner = ?1")
            .bind(owner)
            .execute(&mut *tx.tx)
            .await?;
        tx.commit(()).await?.into_run();
        Ok(())
    }

    pub(in crate::store) async fn sealer(&self) -> Result<Sealer, StoreFault> {
        sealer(&self.readers).await
    }

    pub(in crate::store) async fn seals(&self, after: i64, limit: u32) -> Result<Vec<Sealed>, StoreFault> {
        let rows = sqlx::query(
            "SELECT s.seal, s.audit, s.hash, a.id, a.at, a.actor, a.action, a.subject, a.before, a.after FROM seals s \
             LEFT JOIN audit a ON a.id = s.audit WHERE s.seal > ?1 ORDER BY s.seal LIMIT ?2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let sealed = |row: &SqliteRow| {
            let there = row.try_get::<Option<i64>, _>(3)?.is_some();
            Ok(Sealed {
                seal: row.try_get(0)?,
                audit: row.try_get(1)?,
                hash: hash(row, 2)?,
                entry: if there { Some(entry(row, 3)?) } else { None },
            })
        };
        rows.iter().map(sealed).collect()
    }

    pub(in crate::store) async fn unchained(&self, after: i64, limit: u32) -> Result<Vec<i64>, StoreFault> {
        self.numbers(
            "SELECT a.id FROM audit a WHERE a.id > ?1 AND NOT EXISTS (SELECT 1 FROM seals s WHERE s.audit = a.id) \
             AND NOT EXISTS (SELECT 1 FROM unsealed u WHERE u.audit = a.id) ORDER BY a.id LIMIT ?2",
            after,
            limit,
        )
        .await
    }

    pub(in crate::store) async fn wrongly_unsealed(&self, after: i64, limit: u32) -> Result<Vec<i64>, StoreFault> {
        self.numbers(
            "SELECT u.audit FROM unsealed u WHERE u.audit > ?1 AND (EXISTS (SELECT 1 FROM seals s \
             WHERE s.audit = u.audit) OR NOT EXISTS (SELECT 1 FROM audit a WHERE a.id = u.audit)) \
             ORDER BY u.audit LIMIT ?2",
            after,
            limit,
        )
        .await
    }

    async fn numbers(&self, statement: &'static str, after: i64, limit: u32) -> Result<Vec<i64>, StoreFault> {
        let rows = sqlx::query(statement).bind(after).bind(limit).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub(in crate::store) async fn unsealed(&self) -> Result<Unsealed, StoreFault> {
        let row = sqlx::query("SELECT count(*), min(a.at) FROM unsealed u LEFT JOIN audit a ON a.id = u.audit")
            .fetch_one(&self.readers)
            .await?;
        Ok(Unsealed { rows: row.try_get(0)?, since: row.try_get(1)? })
    }
}

async fn sealer<'e>(by: impl sqlx::Executor<'e, Database = sqlx::Sqlite>) -> Result<Sealer, StoreFault> {
    let row = sqlx::query("SELECT seal, hash, owner, leased_until FROM sealer WHERE id = 1").fetch_one(by).await?;
    Ok(Sealer { seal: row.try_get(0)?, hash: hash(&row, 1)?, owner: row.try_get(2)?, leased_until: row.try_get(3)? })
}

/// A row of the journal whose columns begin at `from`.
fn entry(row: &SqliteRow, from: usize) -> Result<Entry, StoreFault> {
    Ok(Entry {
        id: row.try_get(from)?,
        at: row.try_get(from + 1)?,
        actor: row.try_get(from + 2)?,
        action: row.try_get(from + 3)?,
        subject: row.try_get(from + 4)?,
        before: row.try_get(from + 5)?,
        after: row.try_get(from + 6)?,
    })
}

fn journal_query(filter: &JournalFilter) -> QueryBuilder<sqlx::Sqlite> {
    let mut query = QueryBuilder::new(
        "SELECT a.id, a.at, a.actor, a.action, a.subject, a.before, a.after, s.seal FROM audit a \
         LEFT JOIN seals s ON s.audit = a.id WHERE ",
    );
    // Where time or subject say where to look, numbers must not be walked instead: the sign keeps their index out.
    let elsewhere = filter.span != Span::default() || filter.subject.is_some();
    query.push(if elsewhere { "+a.id > " } else { "a.id > " }).push_bind(filter.after);
    within(&mut query, "a.at", filter.span);
    for (column, sought) in [("a.actor", &filter.actor), ("a.action", &filter.action), ("a.subject", &filter.subject)] {
        if let Some(sought) = sought {
            like(&mut query, column, sought);
        }
    }
    query.push(" ORDER BY a.id LIMIT ").push_bind(filter.limit);
    query
}
