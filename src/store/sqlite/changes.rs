//! What a batch changes of cases and documents: of each the last state, of history and versions everything.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use sqlx::Row;

use super::Transaction;
use super::rows::{Bound, Insert};
use crate::apply::Change;
use crate::apply::world::{Case, CaseKey, Document, History, Request, Version};
use crate::failpoint;
use crate::store::StoreFault;
use crate::store::moment::to_store;

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
    pub(super) async fn write_changes(&mut self, changes: &[Change]) -> Result<(), StoreFault> {
        let folded = fold(changes);
        let mut ids = self.write_cases(&folded).await?;
        for case in folded.cases.iter().filter_map(|case| Some((&case.key, case.id?))) {
            ids.insert(case.0, case.1);
        }
        self.find_cases(&folded, &mut ids).await?;
        let id = |key: &CaseKey| ids.get(key).copied();
        self.insert(&HISTORY, &folded.history, |query, row| bind_history(query, row, id(&row.case))).await?;
        self.insert(&SEQUENCES, &folded.sequences, |query, (sender, key, last)| {
            query.bind(*sender).bind(&key.system).bind(&key.number).bind(last)
        })
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
        self.insert(&CASES, &new, |query, case| bind_case(query, case, ids.get(&case.key).copied())).await?;
        let rows = known.iter().map(|case| case_row(case)).collect();
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
        if wanted.is_empty() {
            return Ok(());
        }
        failpoint::store(&self.file.path)?;
        let keys: Vec<_> = wanted.iter().map(|key| [&key.system, &key.number]).collect();
        let rows = sqlx::query(
            "SELECT k.key, c.id FROM json_each(?1) k CROSS JOIN cases c ON c.system = k.value ->> 0 \
             AND c.number = k.value ->> 1",
        )
        .bind(json!(keys).to_string())
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let at = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
            if let Some(key) = wanted.get(at) {
                ids.insert(key, row.try_get(1)?);
            }
        }
        Ok(())
    }

    async fn write_documents(&mut self, folded: &Folded<'_>, ids: &HashMap<&CaseKey, i64>) -> Result<(), StoreFault> {
        let id = |key: &CaseKey| ids.get(key).copied();
        self.insert(&DOCUMENTS, &folded.documents, |query, (key, row)| bind_document(query, row, id(key))).await?;
        self.insert(&VERSIONS, &folded.versions, |query, row| bind_version(query, row, id(&row.case))).await?;
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

static CASES: Insert = Insert::new(
    "INSERT INTO cases (id, status, since, agency, officer, deadline, expected_on, open, changed_at, system, number, \
     service, object, purpose, refers_to, applicant, details, opened_at)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
);

fn bind_case<'q>(query: Bound<'q>, case: &Case, id: Option<i64>) -> Bound<'q> {
    query
        .bind(id)
        .bind(&case.status)
        .bind(to_store(case.since))
        .bind(&case.agency)
        .bind(&case.officer)
        .bind(case.deadline.map(to_store))
        .bind(case.expected_on.map(|day| day.to_string()))
        .bind(case.open)
        .bind(to_store(case.changed_at))
        .bind(&case.key.system)
        .bind(&case.key.number)
        .bind(&case.service)
        .bind(&case.object)
        .bind(&case.purpose)
        .bind(&case.refers_to)
        .bind(case.applicant.as_ref().map(<[u8; 32]>::as_slice))
        .bind(&case.details)
        .bind(to_store(case.opened_at))
}

/// What moving a known case changes of it.
fn case_row(case: &Case) -> Value {
    json!([
        case.id,
        case.status,
        to_store(case.since),
        case.agency,
        case.officer,
        case.deadline.map(to_store),
        case.expected_on.map(|day| day.to_string()),
        i64::from(case.open),
        to_store(case.changed_at),
    ])
}

static HISTORY: Insert = Insert::new(
    "INSERT INTO history (case_id, entry, from_status, to_status, happened_at, recorded_at, agency, officer, comment, \
     details, message, item)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
);

fn bind_history<'q>(query: Bound<'q>, row: &History, case: Option<i64>) -> Bound<'q> {
    query
        .bind(case)
        .bind(row.entry.as_str())
        .bind(&row.from)
        .bind(&row.to)
        .bind(to_store(row.happened_at))
        .bind(to_store(row.recorded_at))
        .bind(&row.agency)
        .bind(&row.officer)
        .bind(&row.comment)
        .bind((!row.details.is_null()).then(|| row.details.to_string()))
        .bind(row.message)
        .bind(row.item)
}

static SEQUENCES: Insert = Insert::new(
    "INSERT INTO sequences (sender, system, number, last)",
    "(?, ?, ?, ?)",
    "ON CONFLICT DO UPDATE SET last = excluded.last",
);

static DOCUMENTS: Insert = Insert::new(
    "INSERT INTO documents (case_id, type, number, series, title, issuer, issued_on, valid_until, state, reason, \
     signed, versions, changed_at)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "ON CONFLICT (case_id, type, number) DO UPDATE SET series = excluded.series, title = excluded.title, \
     issuer = excluded.issuer, issued_on = excluded.issued_on, valid_until = excluded.valid_until, \
     state = excluded.state, reason = excluded.reason, signed = excluded.signed, versions = excluded.versions, \
     changed_at = excluded.changed_at",
);

fn bind_document<'q>(query: Bound<'q>, row: &Document, case: Option<i64>) -> Bound<'q> {
    query
        .bind(case)
        .bind(&row.kind)
        .bind(&row.number)
        .bind(&row.series)
        .bind(&row.title)
        .bind(&row.issuer)
        .bind(row.issued_on.map(|day| day.to_string()))
        .bind(row.valid_until.map(|day| day.to_string()))
        .bind(&row.state)
        .bind(&row.reason)
        .bind(&row.signed)
        .bind(row.versions)
        .bind(to_store(row.changed_at))
}

static VERSIONS: Insert = Insert::new(
    "INSERT INTO document_versions (document_id, version, file_name, media_type, size, sha256, uploader, uploaded_at, \
     message)",
    "((SELECT id FROM documents WHERE case_id = ? AND type = ? AND number = ?), ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
);

fn bind_version<'q>(query: Bound<'q>, row: &Version, case: Option<i64>) -> Bound<'q> {
    query
        .bind(case)
        .bind(&row.kind)
        .bind(&row.document)
        .bind(row.version)
        .bind(&row.file_name)
        .bind(&row.media_type)
        .bind(row.size)
        .bind(&row.sha256)
        .bind(&row.uploader)
        .bind(to_store(row.uploaded_at))
        .bind(row.message)
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
