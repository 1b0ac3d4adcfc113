//! Who takes part in cases, what they were allowed and when: parties found both ways, moves of cases, one-time codes, the contents
//! that were brought before. Read once a batch, and only where an item asks for it.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Transaction;
use super::facts::{hash, list};
use super::rows::{Bound, Insert};
use crate::apply::codes::CodeRow;
use crate::apply::world::{CaseKey, Kin, Needs, PartyRow, World};
use crate::failpoint;
use crate::store::StoreFault;
use crate::store::moment::{from_store, to_store};

impl Transaction {
    /// The cases that rights and guards are judged by, with their parties and moves.
    pub(super) async fn read_people(&mut self, needs: &Needs, world: &mut World) -> Result<(), StoreFault> {
        let mut held = needs.held.clone();
        let mut kin = needs.kin.clone();
        for reference in &needs.references {
            let from = |key: &&CaseKey| key.system == reference.from.system && key.kind == reference.from.kind;
            for key in world.cases.keys().filter(from) {
                let number = world.cases[key].details.get(&reference.field).and_then(serde_json::Value::as_str);
                let Some(number) = number else { continue };
                let (system, kind) = (reference.to.system.clone(), reference.to.kind.clone());
                let named = CaseKey { system: system.clone(), kind: kind.clone(), number: number.to_owned() };
                let role = reference.role.clone();
                kin.insert(Kin { case: named.clone(), role: role.clone(), system, kind: Some(kind), as_role: role });
                held.insert(named);
            }
        }
        let opens = |key: &&CaseKey| needs.openers.contains(&(key.system.clone(), key.kind.clone()));
        held.extend(world.cases.keys().filter(opens).cloned());
        if !needs.sought.is_empty() {
            held.extend(self.find_sought(needs).await?);
        }
        if !kin.is_empty() {
            held.extend(self.find_kin(&kin).await?);
        }
        if held.is_empty() {
            return Ok(());
        }
        let missing: HashSet<&CaseKey> = held.iter().filter(|key| !world.cases.contains_key(key)).collect();
        if !missing.is_empty() {
            self.read_cases(&list(missing.into_iter()), world).await?;
        }
        let keys = list(held.iter());
        self.read_parties(&keys, world).await?;
        self.read_moves(&keys, world).await
    }

    async fn find_sought(&mut self, needs: &Needs) -> Result<Vec<CaseKey>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let keys: Vec<_> = needs
            .sought
            .iter()
            .map(|one| json!([one.kind.system, one.kind.kind, one.role, hex::encode(one.hash)]))
            .collect();
        let rows = sqlx::query(
            "SELECT DISTINCT c.system, c.kind, c.number FROM json_each(?1) k \
             CROSS JOIN parties p INDEXED BY parties_hash ON substr(p.hash, 1, 8) = substr(unhex(k.value ->> 3), 1, 8) \
             AND p.role = k.value ->> 2 AND p.hash = unhex(k.value ->> 3) \
             CROSS JOIN cases c ON c.id = p.case_id AND c.system = k.value ->> 0 AND c.kind = k.value ->> 1",
        )
        .bind(json!(keys).to_string())
        .fetch_all(&mut *self.tx)
        .await?;
        rows.iter().map(key).collect()
    }

    async fn find_kin(&mut self, kin: &HashSet<Kin>) -> Result<Vec<CaseKey>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let keys: Vec<_> = kin
            .iter()
            .map(|one| {
                let case = &one.case;
                json!([case.system, case.kind, case.number, one.role, one.system, one.kind, one.as_role])
            })
            .collect();
        let rows = sqlx::query(
            "SELECT DISTINCT o.system, o.kind, o.number FROM json_each(?1) k \
             CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 AND c.number = k.value ->> 2 \
             CROSS JOIN parties p ON p.case_id = c.id AND p.role = k.value ->> 3 \
             CROSS JOIN parties q INDEXED BY parties_hash ON substr(q.hash, 1, 8) = substr(p.hash, 1, 8) \
             AND q.role = k.value ->> 6 AND q.hash = p.hash CROSS JOIN cases o ON o.id = q.case_id AND o.system = k.value ->> 4 \
             AND iif(k.value ->> 5 IS NULL, o.open = 1, o.kind = k.value ->> 5)",
        )
        .bind(json!(keys).to_string())
        .fetch_all(&mut *self.tx)
        .await?;
        rows.iter().map(key).collect()
    }

    async fn read_parties(&mut self, keys: &str, world: &mut World) -> Result<(), StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query(
            "SELECT c.system, c.kind, c.number, p.role, p.identifier, p.hash, p.shown FROM json_each(?1) k \
             CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 AND c.number = k.value ->> 2 \
             CROSS JOIN parties p ON p.case_id = c.id",
        )
        .bind(keys)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut all: HashMap<CaseKey, Vec<PartyRow>> = HashMap::new();
        for row in &rows {
            let identifier = match row.try_get(4)? {
                "snils" => "snils",
                "inn" => "inn",
                "ogrn" => "ogrn",
                _ => "ogrnip",
            };
            let party = PartyRow { role: row.try_get(3)?, identifier, hash: hash(row, 5)?, shown: row.try_get(6)? };
            all.entry(key(row)?).or_default().push(party);
        }
        all.iter().for_each(|(key, rows)| world.people.set(key, rows));
        Ok(())
    }

    async fn read_moves(&mut self, keys: &str, world: &mut World) -> Result<(), StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query(
            "SELECT c.system, c.kind, c.number, h.happened_at, h.to_status FROM json_each(?1) k \
             CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 AND c.number = k.value ->> 2 \
             CROSS JOIN history h ON h.case_id = c.id AND h.entry IN ('opened', 'moved') ORDER BY h.id",
        )
        .bind(keys)
        .fetch_all(&mut *self.tx)
        .await?;
        for row in &rows {
            let moves = world.moves.entry(key(row)?).or_default();
            moves.push((from_store(row.try_get(3)?), row.try_get(4)?));
        }
        Ok(())
    }

    /// The last one-time codes of cases.
    pub(super) async fn read_codes(&mut self, needs: &Needs, world: &mut World) -> Result<(), StoreFault> {
        if needs.codes.is_empty() {
            return Ok(());
        }
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query(
            "SELECT c.system, c.kind, c.number, o.turn, o.salt, o.hash, o.sent_at, o.expires_at, o.failures, o.used_at \
             FROM json_each(?1) k CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 \
             AND c.number = k.value ->> 2 CROSS JOIN codes o ON o.case_id = c.id",
        )
        .bind(list(needs.codes.iter()))
        .fetch_all(&mut *self.tx)
        .await?;
        for row in &rows {
            let salt: [u8; 16] = row
                .try_get::<&[u8], _>(4)?
                .try_into()
                .map_err(|_| StoreFault::Unusable("a stored salt has another length than 16 bytes".into()))?;
            let code = CodeRow {
                turn: row.try_get(3)?,
                salt,
                hash: hash(row, 5)?,
                sent_at: from_store(row.try_get(6)?),
                expires_at: from_store(row.try_get(7)?),
                failures: row.try_get(8)?,
                used_at: row.try_get::<Option<i64>, _>(9)?.map(from_store),
            };
            world.codes.insert(key(row)?, code);
        }
        Ok(())
    }

    /// The last codes of cases take the place of those before.
    pub(super) async fn write_codes(
        &mut self,
        codes: &[(&CaseKey, &CodeRow)],
        ids: &HashMap<&CaseKey, i64>,
    ) -> Result<(), StoreFault> {
        self.insert(&CODES, codes, |query, (key, row)| bind_code(query, row, ids.get(key).copied())).await
    }

    /// The cases of a kind that name a case as their parent, and the contents that they and it hold.
    pub(super) async fn read_evidence(&mut self, needs: &Needs, world: &mut World) -> Result<(), StoreFault> {
        if needs.evidence.is_empty() {
            return Ok(());
        }
        failpoint::store(&self.file.path)?;
        let keys: Vec<_> =
            needs.evidence.iter().map(|(key, kind)| json!([key.system, key.kind, key.number, kind])).collect();
        let rows = sqlx::query(
            "SELECT c.system, c.kind, c.number, k.value ->> 1, k.value ->> 2, v.sha256 FROM json_each(?1) k \
             CROSS JOIN cases c ON c.id IN ( \
               SELECT id FROM cases WHERE system = k.value ->> 0 AND kind = k.value ->> 1 AND number = k.value ->> 2 \
               UNION ALL SELECT id FROM cases WHERE system = k.value ->> 0 AND parent_kind = k.value ->> 1 \
               AND parent_number = k.value ->> 2 AND kind = k.value ->> 3) \
             LEFT JOIN documents d ON d.case_id = c.id LEFT JOIN document_versions v ON v.document_id = d.id",
        )
        .bind(json!(keys).to_string())
        .fetch_all(&mut *self.tx)
        .await?;
        for row in &rows {
            let key = key(row)?;
            let parent = CaseKey { system: key.system.clone(), kind: row.try_get(3)?, number: row.try_get(4)? };
            if key != parent {
                world.children.entry(parent).or_default().insert(key.clone());
            }
            let contents = world.evidence.entry(key).or_default();
            contents.extend(row.try_get::<Option<String>, _>(5)?);
        }
        Ok(())
    }
}

fn key(row: &SqliteRow) -> Result<CaseKey, StoreFault> {
    Ok(CaseKey { system: row.try_get(0)?, kind: row.try_get(1)?, number: row.try_get(2)? })
}

static CODES: Insert = Insert::new(
    "INTO codes (case_id, turn, salt, hash, sent_at, expires_at, failures, used_at)",
    "(?, ?, ?, ?, ?, ?, ?, ?)",
    "ON CONFLICT (case_id) DO UPDATE SET turn = excluded.turn, salt = excluded.salt, hash = excluded.hash, \
     sent_at = excluded.sent_at, expires_at = excluded.expires_at, failures = excluded.failures, \
     used_at = excluded.used_at",
);

fn bind_code<'q>(query: Bound<'q>, row: &CodeRow, case: Option<i64>) -> Bound<'q> {
    query
        .bind(case)
        .bind(row.turn)
        .bind(row.salt.to_vec())
        .bind(row.hash.to_vec())
        .bind(to_store(row.sent_at))
        .bind(to_store(row.expires_at))
        .bind(row.failures)
        .bind(row.used_at.map(to_store))
}
