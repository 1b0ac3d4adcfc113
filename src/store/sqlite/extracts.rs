//! What an extract is made of: the parties of the request, and the cases of the one that it is about.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use sqlx::Row;

use super::Transaction;
use super::facts::{hash, list};
use crate::apply::extracts::{CASES_MAX, ExtractFacts, ExtractQuery, FoundCase};
use crate::apply::world::{CaseKey, PartyRow, World};
use crate::failpoint;
use crate::store::StoreFault;
use crate::store::moment::from_store;

/// The kinds of identifiers, as the tables name them.
const IDENTIFIERS: [&str; 4] = ["snils", "inn", "ogrn", "ogrnip"];

impl Transaction {
    /// Everything that the extract for a request may tell of.
    pub(super) async fn read_extract(
        &mut self,
        request: &CaseKey,
        query: &ExtractQuery,
        world: &mut World,
    ) -> Result<(), StoreFault> {
        failpoint::store(&self.file.path)?;
        let mut facts = ExtractFacts { parties: self.parties_of(request).await?, ..ExtractFacts::default() };
        let mut keys = self.cases_about(request, query).await?;
        facts.cut = keys.len() > CASES_MAX as usize;
        keys.truncate(CASES_MAX as usize);
        keys.reverse();
        let wanted = list(keys.iter());
        let mut found = World::default();
        self.read_cases(&wanted, &mut found).await?;
        self.read_documents(&wanted, &mut found).await?;
        let mut moves = self.moves(&wanted).await?;
        facts.cases = keys
            .into_iter()
            .filter_map(|key| {
                let documents = found.documents.remove(&key).unwrap_or_default();
                let moves = moves.remove(&key).unwrap_or_default();
                Some(FoundCase { case: Arc::unwrap_or_clone(found.cases.remove(&key)?), moves, documents })
            })
            .collect();
        world.extracts.insert(request.clone(), facts);
        Ok(())
    }

    async fn parties_of(&mut self, request: &CaseKey) -> Result<Vec<PartyRow>, StoreFault> {
        let rows = sqlx::query(
            "SELECT p.role, p.identifier, p.hash, p.shown FROM cases c JOIN parties p ON p.case_id = c.id \
             WHERE c.system = ?1 AND c.kind = ?2 AND c.number = ?3 ORDER BY p.role, p.identifier",
        )
        .bind(&request.system)
        .bind(&request.kind)
        .bind(&request.number)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut parties = Vec::with_capacity(rows.len());
        for row in rows {
            let written: &str = row.try_get(1)?;
            let known = IDENTIFIERS.into_iter().find(|one| *one == written);
            let identifier = known
                .ok_or_else(|| StoreFault::Unusable(format!("a stored party has the unknown identifier {written}")))?;
            let (role, hash, shown) = (row.try_get(0)?, hash(&row, 2)?, row.try_get(3)?);
            parties.push(PartyRow { role, identifier, hash, shown });
        }
        Ok(parties)
    }

    /// The cases of the request's applicant, the latest first; one more than an extract holds, if there are so many.
    async fn cases_about(&mut self, request: &CaseKey, query: &ExtractQuery) -> Result<Vec<CaseKey>, StoreFault> {
        let rows = sqlx::query(
            "SELECT DISTINCT c.id, c.kind, c.number FROM cases r JOIN parties w ON w.case_id = r.id \
             AND w.role = 'applicant' \
             JOIN parties p INDEXED BY parties_hash ON substr(p.hash, 1, 8) = substr(w.hash, 1, 8) \
             AND p.hash = w.hash AND p.role = ?4 \
             JOIN cases c ON c.id = p.case_id AND c.system = r.system AND c.id <> r.id \
             WHERE r.system = ?1 AND r.kind = ?2 AND r.number = ?3 \
             AND c.kind IN (SELECT value FROM json_each(?5)) ORDER BY c.id DESC LIMIT ?6",
        )
        .bind(&request.system)
        .bind(&request.kind)
        .bind(&request.number)
        .bind(&query.role)
        .bind(json!(query.kinds).to_string())
        .bind(CASES_MAX + 1)
        .fetch_all(&mut *self.tx)
        .await?;
        rows.iter()
            .map(|row| Ok(CaseKey { system: request.system.clone(), kind: row.try_get(1)?, number: row.try_get(2)? }))
            .collect()
    }

    async fn moves(
        &mut self,
        keys: &str,
    ) -> Result<HashMap<CaseKey, Vec<(chrono::DateTime<chrono::Utc>, String)>>, StoreFault> {
        let rows = sqlx::query(
            "SELECT c.system, c.kind, c.number, h.happened_at, h.to_status FROM json_each(?1) k \
             CROSS JOIN cases c ON c.system = k.value ->> 0 AND c.kind = k.value ->> 1 AND c.number = k.value ->> 2 \
             CROSS JOIN history h ON h.case_id = c.id AND h.entry IN ('opened', 'moved') ORDER BY h.id",
        )
        .bind(keys)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut moves: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            let key = CaseKey { system: row.try_get(0)?, kind: row.try_get(1)?, number: row.try_get(2)? };
            moves.entry(key).or_default().push((from_store(row.try_get(3)?), row.try_get(4)?));
        }
        Ok(moves)
    }
}
