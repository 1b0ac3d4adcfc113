//! Dialogs: what a batch reads and writes of them, and how people find letters.

use std::collections::HashMap;

use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::facts::json_column;
use super::{Sqlite, Transaction};
use crate::apply::letters::{Attached, Letter, Reader, Referring, cases};
use crate::apply::world::{CaseKey, World};
use crate::domain::dialog::DialogRole;
use crate::store::moment::{from_store, to_store};
use crate::store::{DialogFilter, DialogRow, DialogView, LetterView, ReaderView, StoreFault};

impl Transaction {
    /// The dialogs of these keys: who takes part, the last letter, and the letters that name cases and that some receiver has not read.
    pub(super) async fn read_dialogs(&mut self, keys: &str, world: &mut World) -> Result<(), StoreFault> {
        let rows = sqlx::query(
            "SELECT c.system, c.kind, c.number, r.participant, r.role, r.read, r.read_at, \
             (SELECT coalesce(max(number), 0) FROM letters WHERE case_id = c.id) \
             FROM json_each(?1) k CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 \
             AND c.number = k.value ->> 2 CROSS JOIN readers r ON r.case_id = c.id",
        )
        .bind(keys)
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let dialog = world.dialogs.entry(key(&row)?).or_default();
            dialog.letters = row.try_get(7)?;
            dialog.readers.push(Reader {
                participant: row.try_get(3)?,
                role: role(row.try_get(4)?)?,
                read: row.try_get(5)?,
                read_at: row.try_get::<Option<i64>, _>(6)?.map(from_store),
            });
        }
        let rows = sqlx::query(
            "SELECT c.system, c.kind, c.number, l.number, l.author, l.attached FROM json_each(?1) k \
             CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 AND c.number = k.value ->> 2 \
             CROSS JOIN letters l ON l.case_id = c.id AND l.attached <> '[]' \
             AND l.number > (SELECT min(read) FROM readers WHERE case_id = c.id AND role = 'receiver') ORDER BY l.id",
        )
        .bind(keys)
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let key = key(&row)?;
            let attached: Vec<Attached> = json_column(&row, 5)?;
            let cases = cases(&key.system, &attached);
            let referring = Referring { number: row.try_get(3)?, author: row.try_get(4)?, cases };
            world.dialogs.entry(key).or_default().referring.push(referring);
        }
        Ok(())
    }

    /// Who takes part now, and the letters that came.
    pub(super) async fn write_letters(
        &mut self,
        readers: &[(&CaseKey, &Reader)],
        letters: &[&Letter],
        ids: &HashMap<&CaseKey, i64>,
    ) -> Result<(), StoreFault> {
        let id = |key: &CaseKey| ids.get(key).copied();
        let row = |(key, reader): &(&CaseKey, &Reader)| {
            json!([id(key), reader.participant, reader.role.as_str(), reader.read, reader.read_at.map(to_store)])
        };
        self.each(
            "INSERT INTO readers (case_id, participant, role, read, read_at) \
             SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3, v ->> 4 FROM (SELECT value v FROM json_each(?1)) WHERE true \
             ON CONFLICT (case_id, participant) DO UPDATE SET role = excluded.role, read = excluded.read, \
             read_at = excluded.read_at",
            readers.iter().map(row).collect(),
        )
        .await?;
        let rows = letters.iter().map(|letter| {
            json!([
                id(&letter.case),
                letter.number,
                letter.author,
                letter.text,
                json!(letter.attached).to_string(),
                json!(letter.files).to_string(),
                to_store(letter.posted_at),
                to_store(letter.recorded_at),
                letter.message,
                letter.item,
            ])
        });
        self.each(
            "INSERT INTO letters (case_id, number, author, text, attached, files, posted_at, recorded_at, message, item) \
             SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5, v ->> 6, v ->> 7, v ->> 8, v ->> 9 \
             FROM (SELECT value v FROM json_each(?1))",
            rows.collect(),
        )
        .await?;
        let words: Vec<Value> = letters
            .iter()
            .flat_map(|letter| letter.words.iter().map(move |word| json!([word, id(&letter.case), letter.number])))
            .collect();
        self.each(
            "INSERT INTO letter_words (word, letter) SELECT k.value ->> 0, l.id FROM json_each(?1) k \
             CROSS JOIN letters l ON l.case_id = k.value ->> 1 AND l.number = k.value ->> 2",
            words,
        )
        .await
    }
}

impl Sqlite {
    pub(in crate::store) async fn dialogs(&self, filter: &DialogFilter) -> Result<Vec<DialogRow>, StoreFault> {
        let rows = sqlx::query(
            "SELECT c.id, c.system, c.kind, c.number, coalesce(c.title, ''), c.status, c.opened_at, \
             (SELECT count(*) FROM letters WHERE case_id = c.id), \
             (SELECT max(posted_at) FROM letters WHERE case_id = c.id), \
             (SELECT group_concat(participant, ' ') FROM (SELECT participant FROM readers WHERE case_id = c.id ORDER BY participant)), \
             coalesce((SELECT max((SELECT count(*) FROM letters l WHERE l.case_id = r.case_id AND l.number > r.read \
             AND l.author <> r.participant)) FROM readers r WHERE r.case_id = c.id AND (?3 IS NULL OR r.participant = ?3)), 0) \
             FROM cases c WHERE c.id > ?1 AND (?2 IS NULL OR c.system = ?2) \
             AND EXISTS (SELECT 1 FROM readers WHERE case_id = c.id AND (?3 IS NULL OR participant = ?3)) \
             AND (?4 = '[]' OR EXISTS (SELECT 1 FROM letters l WHERE l.case_id = c.id AND NOT EXISTS \
             (SELECT 1 FROM json_each(?4) w WHERE NOT EXISTS \
             (SELECT 1 FROM letter_words WHERE word = w.value AND letter = l.id)))) \
             AND ((?5 IS NULL AND ?6 IS NULL) OR EXISTS (SELECT 1 FROM letters l WHERE l.case_id = c.id \
             AND l.posted_at >= coalesce(?5, l.posted_at) AND l.posted_at < coalesce(?6, l.posted_at + 1))) \
             AND (?7 = 0 OR EXISTS (SELECT 1 FROM readers r CROSS JOIN letters l ON l.case_id = r.case_id \
             AND l.number > r.read AND l.author <> r.participant \
             WHERE r.case_id = c.id AND (?3 IS NULL OR r.participant = ?3))) \
             ORDER BY c.id LIMIT ?8",
        )
        .bind(filter.after)
        .bind(&filter.system)
        .bind(&filter.participant)
        .bind(json!(filter.words).to_string())
        .bind(filter.written.since)
        .bind(filter.written.before)
        .bind(filter.unread)
        .bind(filter.limit)
        .fetch_all(&self.readers)
        .await?;
        let row = |row: SqliteRow| {
            Ok(DialogRow {
                id: row.try_get(0)?,
                system: row.try_get(1)?,
                kind: row.try_get(2)?,
                number: row.try_get(3)?,
                title: row.try_get(4)?,
                status: row.try_get(5)?,
                opened_at: row.try_get(6)?,
                letters: row.try_get(7)?,
                last_at: row.try_get(8)?,
                participants: row
                    .try_get::<Option<String>, _>(9)?
                    .map(|list| list.split(' ').map(str::to_owned).collect())
                    .unwrap_or_default(),
                unread: row.try_get(10)?,
            })
        };
        rows.into_iter().map(row).collect()
    }

    pub(in crate::store) async fn dialog(
        &self,
        system: Option<&str>,
        number: &str,
    ) -> Result<Option<DialogView>, StoreFault> {
        let case = sqlx::query(
            "SELECT c.id, c.system, c.kind, c.number, coalesce(c.title, ''), c.status, c.opened_at FROM cases c \
             WHERE c.number = ?2 AND (?1 IS NULL OR c.system = ?1) \
             AND EXISTS (SELECT 1 FROM readers WHERE case_id = c.id) ORDER BY c.id LIMIT 1",
        )
        .bind(system)
        .bind(number)
        .fetch_optional(&self.readers)
        .await?;
        let Some(case) = case else { return Ok(None) };
        let id: i64 = case.try_get(0)?;
        let letters = sqlx::query(
            "SELECT number, author, text, attached, files, posted_at, recorded_at FROM letters WHERE case_id = ?1 \
             ORDER BY number",
        )
        .bind(id)
        .fetch_all(&self.readers)
        .await?;
        let letters: Vec<LetterView> = letters.into_iter().map(letter).collect::<Result<_, StoreFault>>()?;
        let readers = sqlx::query(
            "SELECT participant, role, read, read_at FROM readers WHERE case_id = ?1 ORDER BY role DESC, participant",
        )
        .bind(id)
        .fetch_all(&self.readers)
        .await?;
        let reader = |row: SqliteRow| {
            let (participant, read): (String, i64) = (row.try_get(0)?, row.try_get(2)?);
            // One's own letters are never unread.
            let unread = letters.iter().filter(|letter| letter.number > read && letter.author != participant).count();
            Ok(ReaderView {
                participant,
                role: row.try_get(1)?,
                read,
                unread: i64::try_from(unread).unwrap_or(i64::MAX),
                read_at: row.try_get(3)?,
            })
        };
        let readers = readers.into_iter().map(reader).collect::<Result<_, StoreFault>>()?;
        Ok(Some(DialogView {
            system: case.try_get(1)?,
            kind: case.try_get(2)?,
            number: case.try_get(3)?,
            title: case.try_get(4)?,
            status: case.try_get(5)?,
            opened_at: case.try_get(6)?,
            readers,
            letters,
        }))
    }
}

fn letter(row: SqliteRow) -> Result<LetterView, StoreFault> {
    Ok(LetterView {
        number: row.try_get(0)?,
        author: row.try_get(1)?,
        text: row.try_get(2)?,
        attached: json_column(&row, 3)?,
        files: json_column(&row, 4)?,
        posted_at: row.try_get(5)?,
        recorded_at: row.try_get(6)?,
    })
}

fn key(row: &SqliteRow) -> Result<CaseKey, StoreFault> {
    Ok(CaseKey { system: row.try_get(0)?, kind: row.try_get(1)?, number: row.try_get(2)? })
}

fn role(text: &str) -> Result<DialogRole, StoreFault> {
    DialogRole::parse(text)
        .ok_or_else(|| StoreFault::Unusable(format!("a stored participant has the unknown role {text}")))
}
