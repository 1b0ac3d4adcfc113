//! Documents, their versions and the requests for them: of a batch the last state of each, of versions everything.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use sqlx::Row;

use super::Transaction;
use super::changes::Folded;
use super::rows::{Bound, Insert, by_place};
use crate::apply::world::{CaseKey, Document, Request, Version};
use crate::failpoint;
use crate::store::StoreFault;
use crate::store::moment::to_store;

/// A document as its case knows it: type and number.
type DocumentKey<'a> = (&'a CaseKey, &'a str, &'a str);

impl Transaction {
    /// The ids of the batch's documents, and the first that no document had before: new ones come behind all others.
    async fn document_ids<'a>(
        &mut self,
        folded: &Folded<'a>,
        ids: &HashMap<&CaseKey, i64>,
    ) -> Result<(HashMap<DocumentKey<'a>, i64>, i64), StoreFault> {
        let documents = folded.documents.iter().map(|(key, row)| (*key, row.kind.as_str(), row.number.as_str()));
        let versions = folded.versions.iter().map(|row| (&row.case, row.kind.as_str(), row.document.as_str()));
        // New ones are numbered in the order in which they came.
        let mut seen = HashSet::new();
        let named: Vec<DocumentKey> = documents.chain(versions).filter(|key| seen.insert(*key)).collect();
        if named.is_empty() {
            return Ok((HashMap::new(), 0));
        }
        let new: HashSet<&CaseKey> =
            folded.cases.iter().filter(|case| case.id.is_none()).map(|case| &case.key).collect();
        let perhaps: Vec<DocumentKey> = named.iter().filter(|(key, ..)| !new.contains(key)).copied().collect();
        let mut found = HashMap::with_capacity(named.len());
        if !perhaps.is_empty() {
            failpoint::store(&self.file.path)?;
            let keys: Vec<_> = perhaps.iter().map(|(key, kind, number)| json!([ids.get(key), kind, number])).collect();
            let rows = sqlx::query(
                "SELECT k.key, d.id FROM json_each(?1) k CROSS JOIN documents d ON d.case_id = k.value ->> 0 \
                 AND d.type = k.value ->> 1 AND d.number = k.value ->> 2",
            )
            .bind(json!(keys).to_string())
            .fetch_all(&mut *self.tx)
            .await?;
            found.extend(by_place(&rows, &perhaps)?);
        }
        let row = sqlx::query("SELECT coalesce(max(id), 0) + 1 FROM documents").fetch_one(&mut *self.tx).await?;
        let first: i64 = row.try_get(0)?;
        let missing: Vec<DocumentKey> = named.into_iter().filter(|key| !found.contains_key(key)).collect();
        found.extend(missing.into_iter().zip(first..));
        Ok((found, first))
    }

    pub(super) async fn write_documents(
        &mut self,
        folded: &Folded<'_>,
        ids: &HashMap<&CaseKey, i64>,
    ) -> Result<(), StoreFault> {
        let id = |key: &CaseKey| ids.get(key).copied();
        let (documents, first_new) = self.document_ids(folded, ids).await?;
        let document = |key, kind, number| documents.get(&(key, kind, number)).copied();
        let rows = folded.documents.iter().map(|(key, row)| (document(key, &row.kind, &row.number), id(key), *row));
        let (new, known): (Vec<_>, Vec<_>) = rows.partition(|(document, ..)| *document >= Some(first_new));
        self.insert(&DOCUMENTS, &new, bind_document).await?;
        self.each(
            "UPDATE documents SET series = v ->> 1, title = v ->> 2, issuer = v ->> 3, issued_on = v ->> 4, \
             valid_until = v ->> 5, state = v ->> 6, reason = v ->> 7, signed = v ->> 8, versions = v ->> 9, \
             changed_at = v ->> 10 FROM (SELECT value v FROM json_each(?1)) WHERE documents.id = v ->> 0",
            known.iter().map(document_row).collect(),
        )
        .await?;
        self.insert(&VERSIONS, &folded.versions, |query, row| {
            bind_version(query, row, document(&row.case, &row.kind, &row.document))
        })
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
}

static DOCUMENTS: Insert = Insert::new(
    "INTO documents (id, case_id, type, number, series, title, issuer, issued_on, valid_until, state, reason, \
     signed, versions, changed_at)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
);

/// A document with its own id and that of its case.
type Numbered<'a> = (Option<i64>, Option<i64>, &'a Document);

fn bind_document<'q>(query: Bound<'q>, (document, case, row): &Numbered<'_>) -> Bound<'q> {
    query
        .bind(*document)
        .bind(*case)
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

/// What a batch changes of a known document.
fn document_row((document, _, row): &Numbered<'_>) -> Value {
    json!([
        document,
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

static VERSIONS: Insert = Insert::new(
    "INTO document_versions (document_id, version, file_name, media_type, size, sha256, locked, uploader, \
     uploaded_at, message)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
);

fn bind_version<'q>(query: Bound<'q>, row: &Version, document: Option<i64>) -> Bound<'q> {
    query
        .bind(document)
        .bind(row.version)
        .bind(&row.file_name)
        .bind(&row.media_type)
        .bind(row.size)
        .bind(&row.sha256)
        .bind(row.locked)
        .bind(&row.uploader)
        .bind(to_store(row.uploaded_at))
        .bind(row.message)
}

fn request_row(row: &Request, case: Option<i64>) -> Value {
    let state = match (row.closed_at, row.lapsed) {
        (None, _) => "open",
        (Some(_), false) => "closed",
        (Some(_), true) => "lapsed",
    };
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
