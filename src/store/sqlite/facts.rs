//! What a batch reads inside its transaction: the ids that are claimed already, the facts that `apply` needs, the
//! messages that are tried again, and the next row numbers. Keys go in as one JSON list a statement.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Transaction;
use super::write::json_text;
use crate::admit::ClaimKey;
use crate::apply::CONSENT_PARENTS_MAX;
use crate::apply::results::Results;
use crate::apply::rows::{Claim, Outcome, Stored};
use crate::apply::world::{ApplicationKey, Case, CaseKey, Document, Needs, Request, WantedDocument, World};
use crate::failpoint;
use crate::intake::{Again, Why};
use crate::store::StoreFault;
use crate::store::moment::from_store;

/// Parents of parents are read so far: no chain of reactions is longer, and consents are looked for no further.
const PARENTS_DEPTH_MAX: u32 = CONSENT_PARENTS_MAX;

/// How many of those that wait for one case are looked at.
const WAITING_MAX: u32 = 2000;

impl Transaction {
    /// The inbox row number that the next new message gets.
    pub async fn next_seq(&mut self) -> Result<i64, StoreFault> {
        failpoint::store(&self.file.path)?;
        let row = sqlx::query("SELECT coalesce(max(seq), 0) + 1 FROM inbox").fetch_one(&mut *self.tx).await?;
        Ok(row.try_get(0)?)
    }

    /// Which of these ids are known, and with what content.
    pub async fn claims(&mut self, keys: &[ClaimKey]) -> Result<HashMap<ClaimKey, Claim>, StoreFault> {
        failpoint::store(&self.file.path)?;
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        // Of all senders: whoever asks looks for both. One value a key is much cheaper to take apart than two.
        let list: Vec<&str> = keys.iter().map(|key| key.message_id.as_str()).collect();
        let rows = sqlx::query(
            "SELECT i.sender, i.message_id, i.seq, i.hash FROM json_each(?1) k CROSS JOIN inbox i ON i.message_id = k.value",
        )
        .bind(json_text(&list)?)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut known = HashMap::with_capacity(rows.len());
        for row in rows {
            let key = ClaimKey { sender: row.try_get(0)?, message_id: row.try_get(1)? };
            known.insert(key, Claim { seq: row.try_get(2)?, hash: hash(&row, 3)? });
        }
        Ok(known)
    }

    /// The facts about everything that the batch touches.
    pub async fn facts(&mut self, needs: &Needs) -> Result<World, StoreFault> {
        failpoint::store(&self.file.path)?;
        let mut world = World::default();
        if !needs.cases.is_empty() {
            let keys = list(needs.cases.iter());
            self.read_cases(&keys, &mut world).await?;
            if !needs.dialogs.is_empty() {
                self.read_dialogs(&list(needs.dialogs.iter()), &mut world).await?;
                self.read_named(&mut world).await?;
            }
            self.read_parents(&mut world).await?;
            self.read_sequences(needs, &mut world).await?;
            self.read_waiting(&keys, &mut world).await?;
        }
        if let Some(keys) = there(needs, &world) {
            self.read_documents(&keys, &mut world).await?;
            self.read_requests(&keys, &mut world).await?;
        }
        if !needs.applications.is_empty() {
            self.read_applications(needs, &mut world).await?;
        }
        for (request, query) in &needs.extracts {
            self.read_extract(request, query, &mut world).await?;
        }
        if needs.loads {
            self.read_loads(&mut world).await?;
        }
        if needs.counters {
            self.read_counters(&mut world).await?;
        }
        self.read_people(needs, &mut world).await?;
        self.read_codes(needs, &mut world).await?;
        self.read_evidence(needs, &mut world).await?;
        Ok(world)
    }

    /// The cases that letters of the dialogs name: what a confirmed receipt may move.
    async fn read_named(&mut self, world: &mut World) -> Result<(), StoreFault> {
        let named = world.dialogs.values().flat_map(|dialog| &dialog.referring).flat_map(|letter| &letter.cases);
        let missing: HashSet<_> = named.filter(|key| !world.cases.contains_key(key)).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.read_cases(&list(missing.iter()), world).await
    }

    /// The parents of the cases that were read, and theirs: what a reaction may move.
    async fn read_parents(&mut self, world: &mut World) -> Result<(), StoreFault> {
        for _ in 0..PARENTS_DEPTH_MAX {
            let parents = world.cases.values().filter_map(|case| case.parent.as_ref());
            let missing: HashSet<_> = parents.filter(|key| !world.cases.contains_key(key)).cloned().collect();
            if missing.is_empty() {
                break;
            }
            self.read_cases(&list(missing.iter()), world).await?;
        }
        Ok(())
    }

    /// How many open cases each unit has.
    async fn read_loads(&mut self, world: &mut World) -> Result<(), StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query("SELECT unit, open FROM unit_loads").fetch_all(&mut *self.tx).await?;
        for row in rows {
            world.loads.insert(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(())
    }

    async fn read_counters(&mut self, world: &mut World) -> Result<(), StoreFault> {
        failpoint::store(&self.file.path)?;
        let rows = sqlx::query("SELECT system, kind, year, last FROM counters").fetch_all(&mut *self.tx).await?;
        for row in rows {
            world.counters.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?), row.try_get(3)?);
        }
        Ok(())
    }

    pub(super) async fn read_cases(&mut self, keys: &str, world: &mut World) -> Result<(), StoreFault> {
        let rows = sqlx::query(
            "SELECT c.id, c.system, c.number, coalesce(c.service, ''), c.object, c.purpose, c.title, c.applicant, c.open, \
             c.status, c.since, c.agency, c.officer, c.deadline, c.expected_on, c.opened_at, c.changed_at, c.email, \
             c.phone, c.kind, c.parent_kind, c.parent_number, c.turn, c.origin, c.valid_from, c.valid_until, c.amount, \
             c.details, c.version, c.unit, c.root FROM json_each(?1) k CROSS JOIN cases c ON c.system = k.value ->> 0 \
             AND c.kind = k.value ->> 1 AND c.number = k.value ->> 2",
        )
        .bind(keys)
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let case = case(&row)?;
            world.cases.insert(case.key.clone(), Arc::new(case));
        }
        Ok(())
    }

    async fn read_sequences(&mut self, needs: &Needs, world: &mut World) -> Result<(), StoreFault> {
        if needs.sequences.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query(
            "SELECT s.sender, s.system, s.number, s.last, s.kind FROM json_each(?1) k \
             CROSS JOIN sequences s ON s.system = k.value ->> 0 AND s.kind = k.value ->> 1 AND s.number = k.value ->> 2",
        )
        .bind(list(needs.sequences.iter()))
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let key = CaseKey { system: row.try_get(1)?, kind: row.try_get(4)?, number: row.try_get(2)? };
            world.sequences.insert((row.try_get(0)?, key), row.try_get(3)?);
        }
        Ok(())
    }

    /// Who waits for the cases, the first ones of each: more than one batch takes, so that it is seen who waits behind those.
    async fn read_waiting(&mut self, keys: &str, world: &mut World) -> Result<(), StoreFault> {
        // Mostly nobody waits at all, and hardly ever for these: to look for the first ones costs more than to see that there are none.
        let row = sqlx::query(
            "SELECT iif(EXISTS (SELECT 1 FROM parked), (SELECT json_group_array(k.value) FROM json_each(?1) k \
             WHERE EXISTS (SELECT 1 FROM parked WHERE system = k.value ->> 0 AND case_kind = k.value ->> 1 \
             AND number = k.value ->> 2 AND sequence IS NULL)), '[]')",
        )
        .bind(keys)
        .fetch_one(&mut *self.tx)
        .await?;
        let waited_for: String = row.try_get(0)?;
        if waited_for == "[]" {
            return Ok(());
        }
        let rows = sqlx::query(
            "SELECT p.system, p.number, p.id, p.case_kind FROM json_each(?1) k \
             CROSS JOIN parked p ON p.id IN (SELECT id FROM parked WHERE system = k.value ->> 0 AND case_kind = k.value ->> 1 \
             AND number = k.value ->> 2 AND sequence IS NULL ORDER BY id LIMIT ?2)",
        )
        .bind(waited_for)
        .bind(WAITING_MAX)
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let key = CaseKey { system: row.try_get(0)?, kind: row.try_get(3)?, number: row.try_get(1)? };
            world.waiting.entry(key).or_default().insert(row.try_get(2)?);
        }
        Ok(())
    }

    pub(super) async fn read_documents(&mut self, keys: &str, world: &mut World) -> Result<(), StoreFault> {
        let rows = sqlx::query(
            "SELECT c.system, c.number, d.id, d.type, d.number, d.series, d.title, d.issuer, d.issued_on, \
             d.valid_until, d.state, d.reason, d.signed, d.versions, d.changed_at, c.kind, v.media_type, v.locked \
             FROM json_each(?1) k \
             CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 AND c.number = k.value ->> 2 \
             CROSS JOIN documents d ON d.case_id = c.id \
             CROSS JOIN document_versions v ON v.document_id = d.id AND v.version = d.versions ORDER BY d.id",
        )
        .bind(keys)
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let key = CaseKey { system: row.try_get(0)?, kind: row.try_get(15)?, number: row.try_get(1)? };
            world.documents.entry(key).or_default().push(document(&row)?);
        }
        Ok(())
    }

    async fn read_requests(&mut self, keys: &str, world: &mut World) -> Result<(), StoreFault> {
        let rows = sqlx::query(
            "SELECT c.system, c.number, r.id, r.wanted, r.due, r.agency, r.opened_at, r.message, c.kind \
             FROM json_each(?1) k CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 \
             AND c.number = k.value ->> 2 \
             CROSS JOIN document_requests r ON r.case_id = c.id AND r.state = 'open' ORDER BY r.id",
        )
        .bind(keys)
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let key = CaseKey { system: row.try_get(0)?, kind: row.try_get(8)?, number: row.try_get(1)? };
            let wanted: Vec<WantedDocument> = json_column(&row, 3)?;
            world.requests.entry(key).or_default().push(Request {
                id: Some(row.try_get(2)?),
                wanted,
                due: row.try_get::<Option<i64>, _>(4)?.map(from_store),
                agency: row.try_get(5)?,
                opened_at: from_store(row.try_get(6)?),
                closed_at: None,
                lapsed: false,
                message: row.try_get(7)?,
                touched: false,
            });
        }
        Ok(())
    }

    async fn read_applications(&mut self, needs: &Needs, world: &mut World) -> Result<(), StoreFault> {
        // What the index knows of a key, as one text; the rest is compared here.
        let keys: BTreeSet<String> =
            needs.applications.iter().map(|key| hex::encode(&key.applicant[..8]) + &key.object).collect();
        let rows = sqlx::query(
            "SELECT c.system, c.service, c.applicant, coalesce(c.object, ''), c.number FROM json_each(?1) k \
             CROSS JOIN cases c INDEXED BY cases_duplicates ON c.open = 1 AND c.applicant IS NOT NULL AND c.service IS NOT NULL \
             AND substr(c.applicant, 1, 8) = unhex(substr(k.value, 1, 16)) AND coalesce(c.object, '') = substr(k.value, 17)",
        )
        .bind(json_text(&keys)?)
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let key = ApplicationKey {
                system: row.try_get(0)?,
                service: row.try_get(1)?,
                applicant: hash(&row, 2)?,
                object: row.try_get(3)?,
            };
            if needs.applications.contains(&key) {
                world.applications.entry(key).or_default().push(row.try_get(4)?);
            }
        }
        Ok(())
    }

    /// The messages that are tried again, as they stand now; `live` says whether there is still something to try.
    pub async fn stored(&mut self, tries: &[&Again]) -> Result<HashMap<i64, Stored>, StoreFault> {
        failpoint::store(&self.file.path)?;
        let mut found = HashMap::with_capacity(tries.len());
        for again in tries {
            let (parked, dead_letter) = match again.why {
                Why::Parked { parked, .. } => (Some(parked), None),
                Why::Replay { dead_letter, .. } => (None, Some(dead_letter)),
            };
            let row = sqlx::query(
                "SELECT EXISTS (SELECT 1 FROM parked WHERE id = ?1) \
                 OR EXISTS (SELECT 1 FROM dead_letters WHERE id = ?2 AND state = 'open')",
            )
            .bind(parked)
            .bind(dead_letter)
            .fetch_one(&mut *self.tx)
            .await?;
            let live: bool = row.try_get(0)?;
            let stored = match found.entry(again.message) {
                MapEntry::Occupied(known) => known.into_mut(),
                MapEntry::Vacant(vacant) => vacant.insert(self.message(again.message).await?),
            };
            if live {
                stored.live.push(again.item.unwrap_or(0));
            }
        }
        Ok(found)
    }

    /// A stored message as it stands now.
    async fn message(&mut self, seq: i64) -> Result<Stored, StoreFault> {
        let row =
            sqlx::query("SELECT items, outcome, test, reply, message_id, sender, properties FROM inbox WHERE seq = ?1")
                .bind(seq)
                .fetch_one(&mut *self.tx)
                .await?;
        Ok(Stored {
            items: Results::from_json(row.try_get(0)?),
            outcome: Outcome::parse(row.try_get(1)?),
            test: row.try_get(2)?,
            reply: row.try_get(3)?,
            message_id: row.try_get(4)?,
            sender: row.try_get(5)?,
            properties: row.try_get(6)?,
            live: Vec::new(),
        })
    }
}

/// The cases whose documents are asked for and that are there: others have none.
fn there(needs: &Needs, world: &World) -> Option<String> {
    let mut keys = needs.documents.iter().filter(|key| world.cases.contains_key(key)).peekable();
    keys.peek().is_some().then(|| list(keys))
}

pub(super) fn list<'a>(keys: impl Iterator<Item = &'a CaseKey>) -> String {
    let mut keys: Vec<_> = keys.map(|key| [&key.system, &key.kind, &key.number]).collect();
    keys.sort_unstable();
    json!(keys).to_string()
}

pub(super) fn hash(row: &SqliteRow, column: usize) -> Result<[u8; 32], StoreFault> {
    row.try_get::<&[u8], _>(column)?
        .try_into()
        .map_err(|_| StoreFault::Unusable("a stored hash has another length than 32 bytes".into()))
}

fn day(row: &SqliteRow, column: usize) -> Result<Option<NaiveDate>, StoreFault> {
    Ok(row.try_get::<Option<&str>, _>(column)?.and_then(|text| text.parse().ok()))
}

pub(super) fn json_column<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: usize) -> Result<T, StoreFault> {
    serde_json::from_str(row.try_get(column)?)
        .map_err(|fault| StoreFault::Unusable(format!("a stored list is not readable: {fault}")))
}

fn case(row: &SqliteRow) -> Result<Case, StoreFault> {
    let system: String = row.try_get(1)?;
    let parent = match (row.try_get::<Option<String>, _>(20)?, row.try_get::<Option<String>, _>(21)?) {
        (Some(kind), Some(number)) => Some(CaseKey { system: system.clone(), kind, number }),
        _ => None,
    };
    Ok(Case {
        id: Some(row.try_get(0)?),
        key: CaseKey { system, kind: row.try_get(19)?, number: row.try_get(2)? },
        service: row.try_get(3)?,
        object: row.try_get(4)?,
        purpose: row.try_get(5)?,
        title: row.try_get(6)?,
        parent,
        applicant: row.try_get::<Option<&[u8]>, _>(7)?.and_then(|bytes| bytes.try_into().ok()),
        open: row.try_get(8)?,
        status: row.try_get(9)?,
        turn: row.try_get(22)?,
        since: from_store(row.try_get(10)?),
        origin: row.try_get(23)?,
        agency: row.try_get(11)?,
        officer: row.try_get(12)?,
        deadline: row.try_get::<Option<i64>, _>(13)?.map(from_store),
        expected_on: day(row, 14)?,
        opened_at: from_store(row.try_get(15)?),
        changed_at: from_store(row.try_get(16)?),
        email: row.try_get(17)?,
        phone: row.try_get(18)?,
        valid_from: row.try_get::<Option<i64>, _>(24)?.map(from_store),
        valid_until: row.try_get::<Option<i64>, _>(25)?.map(from_store),
        amount: row.try_get(26)?,
        details: json_column(row, 27)?,
        version: row.try_get(28)?,
        unit: row.try_get(29)?,
        root: row.try_get(30)?,
        corrected: false,
    })
}

fn document(row: &SqliteRow) -> Result<Document, StoreFault> {
    Ok(Document {
        id: Some(row.try_get(2)?),
        kind: row.try_get(3)?,
        number: row.try_get(4)?,
        series: row.try_get(5)?,
        title: row.try_get(6)?,
        issuer: row.try_get(7)?,
        issued_on: day(row, 8)?,
        valid_until: day(row, 9)?,
        state: row.try_get(10)?,
        reason: row.try_get(11)?,
        signed: row.try_get(12)?,
        versions: row.try_get(13)?,
        media_type: row.try_get(16)?,
        locked: row.try_get(17)?,
        changed_at: from_store(row.try_get(14)?),
    })
}
