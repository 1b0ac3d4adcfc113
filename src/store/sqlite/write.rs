//! What a batch writes: one statement a table, its rows as one JSON list; bodies, which are bytes, row by row.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteArguments;

use super::Transaction;
use crate::apply::Change;
use crate::apply::rows::{
    AttemptRow, AuditRow, DeadLetterBody, DeadLetterClosing, DeadLetterRow, InboxRow, ParkedAgain, ParkedRow, RawBlock,
    Resettled, WriteSet,
};
use crate::apply::world::{Case, CaseKey, Document, History, Request, Version};
use crate::failpoint;
use crate::outbox::OutboxRow;
use crate::store::StoreFault;
use crate::store::moment::to_store;

/// Dead letters are few and kept long.
const PACKING_LEVEL: i32 = 3;

/// The last state of everything that the batch's changes touched.
#[derive(Default)]
struct Folded<'a> {
    cases: Vec<&'a Case>,
    history: Vec<&'a History>,
    documents: Vec<(&'a CaseKey, &'a Document)>,
    versions: Vec<&'a Version>,
    requests: Vec<(&'a CaseKey, &'a Request)>,
    sequences: Vec<(&'a str, &'a CaseKey, i64)>,
}

impl Transaction {
    /// Writes a batch. Nothing of it is lasting before the commit.
    pub async fn write(&mut self, set: &WriteSet, owed: &[OutboxRow]) -> Result<(), StoreFault> {
        let batch = match &set.raw {
            Some(raw) => Some(self.write_raw(raw).await?),
            None => None,
        };
        self.write_inbox(&set.inbox, batch).await?;
        self.write_repeats(set).await?;
        self.write_resettled(&set.resettled).await?;
        self.write_changes(&set.changes).await?;
        self.write_parked(set).await?;
        self.write_attempts(&set.attempts).await?;
        for row in &set.dead_letters {
            self.write_dead_letter(row).await?;
        }
        for row in &set.dead_letters_closed {
            self.close_dead_letter(row).await?;
        }
        self.write_outbox(owed).await?;
        self.write_audit(&set.audit).await
    }

    /// Runs one statement over a list of rows; does nothing for none.
    async fn each(&mut self, statement: &'static str, rows: Vec<Value>) -> Result<(), StoreFault> {
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

    async fn write_raw(&mut self, raw: &RawBlock) -> Result<i64, StoreFault> {
        let query = sqlx::query("INSERT INTO batches (received_at, messages, bytes, block) VALUES (?1, ?2, ?3, ?4)")
            .bind(to_store(raw.received_at))
            .bind(i64::try_from(raw.messages).unwrap_or(i64::MAX))
            .bind(i64::try_from(raw.bytes).unwrap_or(i64::MAX))
            .bind(&raw.block);
        Ok(self.one(query).await?.last_insert_rowid())
    }

    async fn write_inbox(&mut self, rows: &[InboxRow], batch: Option<i64>) -> Result<(), StoreFault> {
        let rows = rows.iter().map(|row| {
            json!([
                row.seq,
                row.sender,
                row.message_id,
                hex::encode(row.hash),
                row.system,
                row.kind,
                row.version,
                row.rules,
                row.outcome.as_str(),
                row.code.map(crate::outcome::Code::as_str),
                i64::from(row.test),
                row.source,
                batch,
                row.raw_offset,
                row.raw_length,
                row.properties,
                row.notes,
                row.items,
                row.reply,
                to_store(row.received_at),
                row.settled_at.map(to_store),
            ])
        });
        self.each(
            "INSERT INTO inbox (seq, sender, message_id, hash, system, kind, version, rules, outcome, code, test, \
             source, batch, raw_offset, raw_length, properties, notes, items, reply, received_at, settled_at) \
             SELECT v ->> 0, v ->> 1, v ->> 2, unhex(v ->> 3), v ->> 4, v ->> 5, v ->> 6, v ->> 7, v ->> 8, v ->> 9, \
             v ->> 10, v ->> 11, v ->> 12, v ->> 13, v ->> 14, v ->> 15, v ->> 16, v ->> 17, v ->> 18, v ->> 19, \
             v ->> 20 FROM (SELECT value v FROM json_each(?1))",
            rows.collect(),
        )
        .await
    }

    /// Counts the repeats, and owes each its receipt once more.
    async fn write_repeats(&mut self, set: &WriteSet) -> Result<(), StoreFault> {
        let rows: Vec<Value> = set.repeats.iter().map(|(seq, at)| json!([seq, to_store(*at)])).collect();
        self.each(
            "UPDATE inbox SET repeats = repeats + k.times, repeated_at = k.at FROM \
             (SELECT value ->> 0 AS seq, count(*) AS times, max(value ->> 1) AS at FROM json_each(?1) GROUP BY 1) k \
             WHERE inbox.seq = k.seq",
            rows.clone(),
        )
        .await?;
        self.each(
            "INSERT INTO outbox (what, message, case_number, kind, address, order_key, message_id, correlation, type, \
             traceparent, body, state, attempts, due_at, created_at) \
             SELECT o.what, o.message, o.case_number, o.kind, o.address, o.order_key, o.message_id, o.correlation, \
             o.type, o.traceparent, o.body, 'pending', 0, k.value ->> 1, k.value ->> 1 FROM json_each(?1) k \
             CROSS JOIN outbox o ON o.id = (SELECT max(id) FROM outbox WHERE message = k.value ->> 0 AND what = 'receipt')",
            rows,
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
            ])
        });
        self.each(
            "UPDATE inbox SET outcome = v ->> 1, code = v ->> 2, items = v ->> 3, settled_at = v ->> 4, \
             system = coalesce(v ->> 5, system), kind = coalesce(v ->> 6, kind), \
             version = coalesce(v ->> 7, version), rules = coalesce(v ->> 8, rules) \
             FROM (SELECT value v FROM json_each(?1)) WHERE inbox.seq = v ->> 0",
            rows.collect(),
        )
        .await
    }

    async fn write_changes(&mut self, changes: &[Change]) -> Result<(), StoreFault> {
        let folded = fold(changes);
        let mut ids = self.write_cases(&folded).await?;
        for case in folded.cases.iter().filter_map(|case| Some((&case.key, case.id?))) {
            ids.insert(case.0, case.1);
        }
        self.find_cases(&folded, &mut ids).await?;
        let id = |key: &CaseKey| ids.get(key).copied();
        let history = folded.history.iter().map(|row| history(row, id(&row.case))).collect();
        self.each(
            "INSERT INTO history (case_id, entry, from_status, to_status, happened_at, recorded_at, agency, officer, \
             comment, details, message, item) SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5, v ->> 6, \
             v ->> 7, v ->> 8, v ->> 9, v ->> 10, v ->> 11 FROM (SELECT value v FROM json_each(?1))",
            history,
        )
        .await?;
        let sequences =
            folded.sequences.iter().map(|(sender, key, last)| json!([sender, key.system, key.number, last]));
        self.each(
            "INSERT INTO sequences (sender, system, number, last) \
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true \
             ON CONFLICT DO UPDATE SET last = excluded.last",
            sequences.collect(),
        )
        .await?;
        self.write_documents(&folded, &ids).await
    }

    /// Inserts new cases, updates known ones; gives the ids of the new.
    async fn write_cases<'a>(&mut self, folded: &Folded<'a>) -> Result<HashMap<&'a CaseKey, i64>, StoreFault> {
        let mut ids = HashMap::new();
        let (known, new): (Vec<&Case>, Vec<&Case>) = folded.cases.iter().partition(|case| case.id.is_some());
        if !new.is_empty() {
            failpoint::store(&self.file.path)?;
            let row = sqlx::query("SELECT coalesce(max(id), 0) FROM cases").fetch_one(&mut *self.tx).await?;
            let first: i64 = row.try_get(0)?;
            ids.extend(new.iter().zip(first + 1..).map(|(case, id)| (&case.key, id)));
        }
        let rows = new.iter().map(|case| case_row(case, ids.get(&case.key).copied())).collect();
        self.each(
            "INSERT INTO cases (id, status, since, agency, officer, deadline, expected_on, open, changed_at, system, \
             number, service, object, purpose, refers_to, applicant, details, opened_at) \
             SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5, v ->> 6, v ->> 7, v ->> 8, v ->> 9, \
             v ->> 10, v ->> 11, v ->> 12, v ->> 13, v ->> 14, unhex(v ->> 15), v ->> 16, v ->> 17 \
             FROM (SELECT value v FROM json_each(?1))",
            rows,
        )
        .await?;
        let rows = known.iter().map(|case| case_row(case, case.id)).collect();
        self.each(
            "UPDATE cases SET status = v ->> 1, since = v ->> 2, agency = v ->> 3, officer = v ->> 4, \
             deadline = v ->> 5, expected_on = v ->> 6, open = v ->> 7, changed_at = v ->> 8 \
             FROM (SELECT value v FROM json_each(?1)) WHERE cases.id = v ->> 0",
            rows,
        )
        .await?;
        Ok(ids)
    }

    /// Ids of cases that the batch did not change but whose history or documents it did.
    async fn find_cases<'a>(
        &mut self,
        folded: &Folded<'a>,
        ids: &mut HashMap<&'a CaseKey, i64>,
    ) -> Result<(), StoreFault> {
        let named = folded
            .history
            .iter()
            .map(|row| &row.case)
            .chain(folded.documents.iter().map(|row| row.0))
            .chain(folded.requests.iter().map(|row| row.0));
        let mut wanted: Vec<&CaseKey> = named.filter(|key| !ids.contains_key(key)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        for key in wanted {
            failpoint::store(&self.file.path)?;
            let row = sqlx::query("SELECT id FROM cases WHERE system = ?1 AND number = ?2")
                .bind(&key.system)
                .bind(&key.number)
                .fetch_one(&mut *self.tx)
                .await?;
            ids.insert(key, row.try_get(0)?);
        }
        Ok(())
    }

    async fn write_documents(&mut self, folded: &Folded<'_>, ids: &HashMap<&CaseKey, i64>) -> Result<(), StoreFault> {
        let id = |key: &CaseKey| ids.get(key).copied();
        let rows = folded.documents.iter().map(|(key, row)| document_row(row, id(key))).collect();
        self.each(
            "INSERT INTO documents (case_id, type, number, series, title, issuer, issued_on, valid_until, state, \
             reason, signed, versions, changed_at) SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5, \
             v ->> 6, v ->> 7, v ->> 8, v ->> 9, v ->> 10, v ->> 11, v ->> 12 \
             FROM (SELECT value v FROM json_each(?1)) WHERE true \
             ON CONFLICT (case_id, type, number) DO UPDATE SET series = excluded.series, title = excluded.title, \
             issuer = excluded.issuer, issued_on = excluded.issued_on, valid_until = excluded.valid_until, \
             state = excluded.state, reason = excluded.reason, signed = excluded.signed, \
             versions = excluded.versions, changed_at = excluded.changed_at",
            rows,
        )
        .await?;
        let rows = folded.versions.iter().map(|row| version_row(row, id(&row.case))).collect();
        self.each(
            "INSERT INTO document_versions (document_id, version, file_name, media_type, size, sha256, uploader, \
             uploaded_at, message) SELECT d.id, k.value ->> 3, k.value ->> 4, k.value ->> 5, k.value ->> 6, \
             k.value ->> 7, k.value ->> 8, k.value ->> 9, k.value ->> 10 FROM json_each(?1) k CROSS JOIN documents d \
             ON d.case_id = k.value ->> 0 AND d.type = k.value ->> 1 AND d.number = k.value ->> 2",
            rows,
        )
        .await?;
        let (known, new): (Vec<_>, Vec<_>) = folded.requests.iter().partition(|row| row.1.id.is_some());
        let rows = new.iter().map(|(key, row)| request_row(row, id(key))).collect();
        self.each(
            "INSERT INTO document_requests (case_id, wanted, state, closed_at, due, agency, opened_at, message) \
             SELECT v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5, v ->> 6, v ->> 7, v ->> 8 \
             FROM (SELECT value v FROM json_each(?1))",
            rows,
        )
        .await?;
        let rows = known.iter().map(|(key, row)| request_row(row, id(key))).collect();
        self.each(
            "UPDATE document_requests SET wanted = v ->> 2, state = v ->> 3, closed_at = v ->> 4 \
             FROM (SELECT value v FROM json_each(?1)) WHERE document_requests.id = v ->> 0",
            rows,
        )
        .await
    }

    async fn write_parked(&mut self, set: &WriteSet) -> Result<(), StoreFault> {
        self.each(
            "INSERT INTO parked (message, item, reason, sender, system, number, sequence, attempts, parked_at, due_at, \
             give_up_at) SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5, v ->> 6, 1, v ->> 7, v ->> 8, \
             v ->> 9 FROM (SELECT value v FROM json_each(?1))",
            set.parked.iter().map(parked_row).collect(),
        )
        .await?;
        self.each(
            "UPDATE parked SET attempts = attempts + 1, reason = v ->> 1, due_at = v ->> 2 \
             FROM (SELECT value v FROM json_each(?1)) WHERE parked.id = v ->> 0",
            set.parked_again
                .iter()
                .map(|ParkedAgain { id, reason, due_at }| json!([id, reason, to_store(*due_at)]))
                .collect(),
        )
        .await?;
        self.each(
            "DELETE FROM parked WHERE id IN (SELECT value FROM json_each(?1))",
            set.parked_gone.iter().map(|id| json!(id)).collect(),
        )
        .await?;
        let now = to_store(set.now);
        self.each(
            "UPDATE parked SET due_at = min(due_at, k.now) FROM \
             (SELECT value ->> 0 AS system, value ->> 1 AS number, value ->> 2 AS now FROM json_each(?1)) k \
             WHERE parked.system = k.system AND parked.number = k.number",
            set.woken.iter().map(|key| json!([key.system, key.number, now])).collect(),
        )
        .await
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
        .bind(i64::try_from(row.size).unwrap_or(i64::MAX))
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

    async fn write_outbox(&mut self, rows: &[OutboxRow]) -> Result<(), StoreFault> {
        let rows = rows.iter().map(|row| {
            json!([
                row.what.as_str(),
                row.message,
                row.case_number,
                row.kind,
                row.address,
                row.order_key,
                row.message_id,
                row.correlation,
                row.r#type,
                row.traceparent,
                row.body,
                to_store(row.created_at),
            ])
        });
        self.each(
            "INSERT INTO outbox (what, message, case_number, kind, address, order_key, message_id, correlation, type, \
             traceparent, body, state, attempts, due_at, created_at) \
             SELECT v ->> 0, v ->> 1, v ->> 2, v ->> 3, v ->> 4, v ->> 5, v ->> 6, v ->> 7, v ->> 8, v ->> 9, v ->> 10, \
             'pending', 0, v ->> 11, v ->> 11 FROM (SELECT value v FROM json_each(?1))",
            rows.collect(),
        )
        .await
    }

    /// Writes the journal alone: for what a person did without changing a message.
    pub async fn write_audit(&mut self, rows: &[AuditRow]) -> Result<(), StoreFault> {
        let rows =
            rows.iter().map(|row| json!([to_store(row.at), row.actor, row.action, row.subject, row.before, row.after]));
        self.each(
            "INSERT INTO audit (at, actor, action, subject, before, after) SELECT value ->> 0, value ->> 1, \
             value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1)",
            rows.collect(),
        )
        .await
    }
}

fn pack(bytes: &[u8]) -> Result<Vec<u8>, StoreFault> {
    zstd::bulk::compress(bytes, PACKING_LEVEL)
        .map_err(|fault| StoreFault::Unusable(format!("a body cannot be packed: {fault}")))
}

/// Keeps the last state of each case, document, request and sequence; history and versions all.
fn fold(changes: &[Change]) -> Folded<'_> {
    let mut folded = Folded::default();
    let mut cases: HashMap<&CaseKey, usize> = HashMap::new();
    let mut documents: HashMap<(&CaseKey, &str, &str), usize> = HashMap::new();
    let mut requests: BTreeMap<&CaseKey, &[Request]> = BTreeMap::new();
    let mut sequences: BTreeMap<(&str, &CaseKey), i64> = BTreeMap::new();
    for change in changes {
        match change {
            Change::Case(case) => match cases.get(&case.key) {
                Some(&at) => folded.cases[at] = case,
                None => {
                    cases.insert(&case.key, folded.cases.len());
                    folded.cases.push(case);
                }
            },
            Change::History(history) => folded.history.push(history),
            Change::Document(key, document) => {
                match documents.get(&(key, document.kind.as_str(), document.number.as_str())) {
                    Some(&at) => folded.documents[at] = (key, document),
                    None => {
                        documents.insert((key, &document.kind, &document.number), folded.documents.len());
                        folded.documents.push((key, document));
                    }
                }
            }
            Change::Version(version) => folded.versions.push(version),
            Change::Requests(key, list) => {
                requests.insert(key, list);
            }
            Change::Sequence(sender, key, last) => {
                sequences.insert((sender, key), *last);
            }
        }
    }
    for (key, list) in requests {
        folded.requests.extend(list.iter().filter(|request| request.touched).map(|request| (key, request)));
    }
    folded.sequences.extend(sequences.into_iter().map(|((sender, key), last)| (sender, key, last)));
    folded
}

fn case_row(case: &Case, id: Option<i64>) -> Value {
    json!([
        id,
        case.status,
        to_store(case.since),
        case.agency,
        case.officer,
        case.deadline.map(to_store),
        case.expected_on.map(|day| day.to_string()),
        i64::from(case.open),
        to_store(case.changed_at),
        case.key.system,
        case.key.number,
        case.service,
        case.object,
        case.purpose,
        case.refers_to,
        case.applicant.map(hex::encode),
        case.details,
        to_store(case.opened_at),
    ])
}

fn history(row: &History, case: Option<i64>) -> Value {
    let details = if row.details.is_null() { Value::Null } else { Value::String(row.details.to_string()) };
    json!([
        case,
        row.entry.as_str(),
        row.from,
        row.to,
        to_store(row.happened_at),
        to_store(row.recorded_at),
        row.agency,
        row.officer,
        row.comment,
        details,
        row.message,
        row.item,
    ])
}

fn document_row(row: &Document, case: Option<i64>) -> Value {
    json!([
        case,
        row.kind,
        row.number,
        row.series,
        row.title,
        row.issuer,
        row.issued_on.map(|day| day.to_string()),
        row.valid_until.map(|day| day.to_string()),
        row.state,
        row.reason,
        row.signed,
        row.versions,
        to_store(row.changed_at),
    ])
}

fn version_row(row: &Version, case: Option<i64>) -> Value {
    json!([
        case,
        row.kind,
        row.document,
        row.version,
        row.file_name,
        row.media_type,
        row.size,
        row.sha256,
        row.uploader,
        to_store(row.uploaded_at),
        row.message,
    ])
}

fn request_row(row: &Request, case: Option<i64>) -> Value {
    let state = if row.closed_at.is_some() { "closed" } else { "open" };
    json!([
        row.id,
        case,
        json!(row.wanted).to_string(),
        state,
        row.closed_at.map(to_store),
        row.due.map(to_store),
        row.agency,
        to_store(row.opened_at),
        row.message,
    ])
}

fn parked_row(row: &ParkedRow) -> Value {
    json!([
        row.message,
        row.item,
        row.reason,
        row.sender,
        row.case.system,
        row.case.number,
        row.sequence,
        to_store(row.parked_at),
        to_store(row.due_at),
        to_store(row.give_up_at),
    ])
}
