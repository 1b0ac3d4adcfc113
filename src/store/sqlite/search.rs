//! The statements behind search, put together from what is asked for. One condition drives: it alone may use an index, so that
//! none is walked for nothing; the others only test the rows that it finds (a `+` before a column keeps its index out).

use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};

use super::Sqlite;
use super::facts::{hash, json_column};
use crate::store::StoreFault;
use crate::store::search::{
    CaseFilter, CaseRow, DocumentFilter, DocumentRow, MessageFilter, MessageRow, PartyView, Place,
};
use crate::store::search::{Sought, Span};

type Builder = QueryBuilder<sqlx::Sqlite>;

/// What follows every text that begins like another one.
pub(super) const BEYOND: char = '\u{10FFFF}';

impl Sqlite {
    pub(in crate::store) async fn list_cases(&self, filter: &CaseFilter) -> Result<Vec<CaseRow>, StoreFault> {
        let rows = cases(filter).build().fetch_all(&self.readers).await?;
        let mut found = rows.iter().map(case_row).collect::<Result<Vec<_>, StoreFault>>()?;
        let ids: Vec<i64> = found.iter().map(|one| one.id).collect();
        let parties = sqlx::query(
            "SELECT p.case_id, p.role, p.identifier, p.shown FROM json_each(?1) k \
             CROSS JOIN parties p ON p.case_id = k.value ORDER BY p.case_id, p.role, p.identifier",
        )
        .bind(json!(ids).to_string())
        .fetch_all(&self.readers)
        .await?;
        for row in parties {
            let case: i64 = row.try_get(0)?;
            let view = PartyView { role: row.try_get(1)?, identifier: row.try_get(2)?, shown: row.try_get(3)? };
            if let Some(one) = found.iter_mut().find(|one| one.id == case) {
                one.parties.push(view);
            }
        }
        Ok(found)
    }

    pub(in crate::store) async fn party_hashes(
        &self,
        (system, kind, number): (&str, &str, &str),
        role: &str,
    ) -> Result<Vec<[u8; 32]>, StoreFault> {
        let rows = sqlx::query(
            "SELECT p.hash FROM cases c JOIN parties p ON p.case_id = c.id \
             WHERE c.system = ?1 AND c.kind = ?2 AND c.number = ?3 AND p.role = ?4",
        )
        .bind(system)
        .bind(kind)
        .bind(number)
        .bind(role)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| hash(row, 0)).collect()
    }

    pub(in crate::store) async fn list_documents(
        &self,
        filter: &DocumentFilter,
    ) -> Result<Vec<DocumentRow>, StoreFault> {
        let rows = documents(filter).build().fetch_all(&self.readers).await?;
        rows.iter().map(document_row).collect()
    }

    pub(in crate::store) async fn list_messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRow>, StoreFault> {
        let rows = messages(filter).build().fetch_all(&self.readers).await?;
        rows.iter().map(message_row).collect()
    }

    pub(in crate::store) async fn take_words(&self, limit: u32) -> Result<u64, StoreFault> {
        let waiting = sqlx::query(
            "SELECT 1 FROM case_text_stale UNION ALL SELECT 1 FROM document_text_stale UNION ALL SELECT 1 FROM text_taken \
             WHERE last < iif(source = 'cases', (SELECT max(id) FROM cases), (SELECT max(id) FROM documents)) LIMIT 1",
        )
            .fetch_optional(&self.readers)
            .await?;
        if waiting.is_none() {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        let mut taken = 0;
        for Words { waiting, take, done, reached } in WORDS {
            let rows = sqlx::query(waiting).bind(limit).fetch_all(&mut *tx.tx).await?;
            let ids = rows.iter().map(|row| Ok(json!(row.try_get::<i64, _>(0)?)));
            let ids = ids.collect::<Result<Vec<_>, StoreFault>>()?;
            taken += ids.len() as u64;
            tx.each(take, ids.clone()).await?;
            tx.each(done, ids.clone()).await?;
            tx.each(reached, ids).await?;
        }
        tx.commit(()).await?.into_run();
        Ok(taken)
    }
}

/// The texts that words are taken in from: what waits, the first first; how its words are taken in; what is done then.
/// Texts without a letter are numbers, which are looked for by their hashes.
struct Words {
    waiting: &'static str,
    take: &'static str,
    done: &'static str,
    reached: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        waiting: "SELECT case_id FROM case_text_stale UNION SELECT id FROM cases \
             WHERE id > (SELECT last FROM text_taken WHERE source = 'cases') ORDER BY 1 LIMIT ?1",
        take: "INSERT OR REPLACE INTO case_text (rowid, words) SELECT c.id, replace(replace(coalesce(c.title, '') || ' ' || \
         coalesce(c.object, '') || ' ' || c.number || ' ' || coalesce((SELECT group_concat(t.atom, ' ') \
         FROM json_tree(c.details) t WHERE t.type = 'text' AND t.atom GLOB '*[^0-9 +()-]*'), ''), 'ё', 'е'), 'Ё', 'Е') \
         FROM json_each(?1) k CROSS JOIN cases c ON c.id = k.value",
        done: "DELETE FROM case_text_stale WHERE case_id IN (SELECT value FROM json_each(?1))",
        reached: "UPDATE text_taken SET last = max(last, (SELECT max(value) FROM json_each(?1))) WHERE source = 'cases'",
    },
    Words {
        waiting: "SELECT document_id FROM document_text_stale UNION SELECT id FROM documents \
             WHERE id > (SELECT last FROM text_taken WHERE source = 'documents') ORDER BY 1 LIMIT ?1",
        take: "INSERT OR REPLACE INTO document_text (rowid, words) SELECT d.id, replace(replace(coalesce(d.title, '') || ' ' || \
         coalesce(d.issuer, '') || ' ' || d.type || ' ' || d.number || ' ' || coalesce((SELECT \
         group_concat(v.file_name, ' ') FROM document_versions v WHERE v.document_id = d.id), ''), 'ё', 'е'), 'Ё', 'Е') \
         FROM json_each(?1) k \
         CROSS JOIN documents d ON d.id = k.value",
        done: "DELETE FROM document_text_stale WHERE document_id IN (SELECT value FROM json_each(?1))",
        reached: "UPDATE text_taken SET last = max(last, (SELECT max(value) FROM json_each(?1))) WHERE source = 'documents'",
    },
];

/// What drives the looking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Drive {
    Number,
    Party,
    Text,
    Places,
    Agency,
    Opened,
    Key,
}

fn drive(filter: &CaseFilter) -> Drive {
    [
        (Drive::Number, filter.number.is_some()),
        (Drive::Party, filter.party.is_some()),
        (Drive::Text, filter.text.is_some()),
        (Drive::Places, filter.places.is_some()),
        (Drive::Agency, filter.agency.is_some()),
        (Drive::Opened, filter.opened != Span::default()),
    ]
    .into_iter()
    .find_map(|(drive, is)| is.then_some(drive))
    .unwrap_or(Drive::Key)
}

fn cases(filter: &CaseFilter) -> Builder {
    let mut query = Builder::new(
        "SELECT c.id, c.system, c.kind, c.number, c.service, c.title, c.status, c.since, c.agency, c.officer, c.deadline, \
         c.opened_at, c.changed_at, c.details, c.purpose FROM cases c WHERE ",
    );
    let drive = drive(filter);
    let ordered = matches!(drive, Drive::Agency | Drive::Key);
    let key = if ordered { "c.id" } else { "+c.id" };
    query.push(format!("{key} > ")).push_bind(filter.after);
    conditions(&mut query, filter, drive);
    query.push(format!(" ORDER BY {key} LIMIT ")).push_bind(filter.limit);
    query
}

/// What is asked of a case, but for where its page begins.
fn conditions(query: &mut Builder, filter: &CaseFilter, drive: Drive) {
    let sign = |one: Drive| if drive == one { "" } else { "+" };
    if let Some(number) = &filter.number {
        like(query, &format!("{}c.number", sign(Drive::Number)), number);
    }
    if let Some(party) = &filter.party {
        query.push(format!(" AND {}c.id IN (", sign(Drive::Party)));
        parties(query, party);
        query.push(")");
    }
    if let Some(text) = &filter.text {
        query.push(format!(" AND {}c.id IN (SELECT rowid FROM case_text WHERE case_text MATCH ", sign(Drive::Text)));
        query.push_bind(matching(text)).push(")");
    }
    if let Some(places) = &filter.places {
        standing(query, sign(Drive::Places), "IN", places);
    }
    if let Some(agency) = &filter.agency {
        query.push(format!(" AND {}c.agency = ", sign(Drive::Agency))).push_bind(agency.clone());
    }
    if let Some(service) = &filter.service {
        query.push(" AND +c.service = ").push_bind(service.clone());
    }
    if let Some(purpose) = &filter.purpose {
        query.push(" AND +c.purpose = ").push_bind(purpose.clone());
    }
    within(query, &format!("{}c.opened_at", sign(Drive::Opened)), filter.opened);
    if !filter.hidden.is_empty() {
        standing(query, "+", "NOT IN", &filter.hidden);
    }
}

fn parties(query: &mut Builder, party: &Sought) {
    query.push("SELECT p.case_id FROM parties p WHERE substr(p.hash, 1, 8) = ").push_bind(party.hash[..8].to_vec());
    query.push(" AND p.hash = ").push_bind(party.hash.to_vec());
    if let Some(role) = party.role {
        query.push(" AND p.role = ").push_bind(role);
    }
}

fn standing(query: &mut Builder, sign: &str, is: &str, places: &[Place]) {
    let list: Vec<_> = places.iter().map(|one| [&one.system, &one.kind, &one.status]).collect();
    query.push(format!(
        " AND ({sign}c.system, {sign}c.kind, {sign}c.status) {is} (SELECT value ->> 0, value ->> 1, value ->> 2 \
         FROM json_each("
    ));
    query.push_bind(json!(list).to_string()).push("))");
}

/// A column that equals a text, or begins like one that ends in `*`.
pub(super) fn like(query: &mut Builder, column: &str, sought: &str) {
    match sought.strip_suffix('*') {
        Some(beginning) => {
            query.push(format!(" AND {column} >= ")).push_bind(beginning.to_owned());
            query.push(format!(" AND {column} < ")).push_bind(format!("{beginning}{BEYOND}"));
        }
        None => {
            query.push(format!(" AND {column} = ")).push_bind(sought.to_owned());
        }
    }
}

pub(super) fn within(query: &mut Builder, column: &str, span: Span) {
    if let Some(since) = span.since {
        query.push(format!(" AND {column} >= ")).push_bind(since);
    }
    if let Some(before) = span.before {
        query.push(format!(" AND {column} < ")).push_bind(before);
    }
}

/// A text as the word index is asked: every word begins a word of what is found. Quotes make a word a word, whatever it is.
fn matching(text: &str) -> String {
    let text = text.replace('ё', "е").replace('Ё', "Е");
    let words = text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(|word| format!("\"{word}\"*")).collect();
    if words.is_empty() { "\"\"".to_owned() } else { words.join(" AND ") }
}

fn documents(filter: &DocumentFilter) -> Builder {
    let mut query = Builder::new(
        "SELECT d.id, c.system, c.kind, c.number, d.type, d.number, d.title, d.state, d.signed IS NOT NULL, \
         d.valid_until, d.versions, v.file_name, v.media_type, v.size, v.sha256, d.changed_at FROM documents d \
         CROSS JOIN cases c ON c.id = d.case_id \
         CROSS JOIN document_versions v ON v.document_id = d.id AND v.version = d.versions WHERE ",
    );
    let of_cases = drive(&filter.cases);
    let words = filter.text.is_some() || filter.number.is_some();
    // By the words of the document, else by its case, else along the rows.
    let along = !words && of_cases == Drive::Key;
    let key = if along { "d.id" } else { "+d.id" };
    query.push(format!("{key} > ")).push_bind(filter.after);
    for text in [&filter.text, &filter.number].into_iter().flatten() {
        query.push(" AND d.id IN (SELECT rowid FROM document_text WHERE document_text MATCH ");
        query.push_bind(matching(text)).push(")");
    }
    if words || of_cases == Drive::Key {
        conditions(&mut query, &filter.cases, Drive::Key);
    } else {
        query.push(" AND d.case_id IN (SELECT c.id FROM cases c WHERE true");
        conditions(&mut query, &filter.cases, of_cases);
        query.push(")");
    }
    if !filter.unseen.is_empty() {
        let list: Vec<_> = filter.unseen.iter().map(|one| [&one.system, &one.kind, &one.r#type]).collect();
        query.push(
            " AND (+c.system, +c.kind, +d.type) NOT IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(",
        );
        query.push_bind(json!(list).to_string()).push("))");
    }
    for (column, sought) in [("+d.type", &filter.r#type), ("+d.number", &filter.number), ("+d.state", &filter.state)] {
        if let Some(sought) = sought {
            query.push(format!(" AND {column} = ")).push_bind(sought.clone());
        }
    }
    within(&mut query, "+d.changed_at", filter.changed);
    query.push(format!(" ORDER BY {key} LIMIT ")).push_bind(filter.limit);
    query
}

fn messages(filter: &MessageFilter) -> Builder {
    let mut query = Builder::new(
        "SELECT i.seq, i.sender, i.message_id, i.system, i.kind, i.outcome, i.code, i.test, i.received_at, i.repeats \
         FROM inbox i WHERE ",
    );
    let of_cases = filter.case.is_some() || filter.party.is_some() || filter.text.is_some();
    let by_outcome = !of_cases && filter.message_id.is_none();
    let timed = by_outcome && (filter.outcome.is_some() || filter.code.is_some() || filter.received != Span::default());
    let along = by_outcome && !timed;
    let key = if along { "i.seq" } else { "+i.seq" };
    query.push(format!("{key} > ")).push_bind(filter.after);
    if let Some(id) = &filter.message_id {
        query.push(" AND i.message_id = ").push_bind(id.clone());
    }
    if of_cases {
        about(&mut query, filter, if filter.message_id.is_some() { "+" } else { "" });
    }
    if timed {
        // Only what failed has a code; a period alone is one of every outcome.
        let outcomes = match (&filter.outcome, &filter.code) {
            (Some(outcome), _) => json!([outcome]),
            (None, Some(_)) => json!(["failed"]),
            (None, None) => json!(["parked", "applied", "failed"]),
        };
        query.push(" AND i.outcome IN (SELECT value FROM json_each(").push_bind(outcomes.to_string()).push("))");
    } else if let Some(outcome) = &filter.outcome {
        query.push(" AND +i.outcome = ").push_bind(outcome.clone());
    }
    within(&mut query, if timed { "i.received_at" } else { "+i.received_at" }, filter.received);
    for (column, sought) in [
        ("+i.sender", &filter.sender),
        ("+i.system", &filter.system),
        ("+i.kind", &filter.kind),
        ("+i.code", &filter.code),
    ] {
        if let Some(sought) = sought {
            query.push(format!(" AND {column} = ")).push_bind(sought.clone());
        }
    }
    query.push(format!(" ORDER BY {key} LIMIT ")).push_bind(filter.limit);
    query
}

/// Messages about cases: those that changed them, and by number alone those that failed or wait too.
fn about(query: &mut Builder, filter: &MessageFilter, sign: &str) {
    let cases = CaseFilter {
        number: filter.case.clone(),
        party: filter.party.clone(),
        text: filter.text.clone(),
        ..CaseFilter::default()
    };
    query.push(format!(
        " AND {sign}i.seq IN (SELECT h.message FROM history h WHERE h.case_id IN (SELECT c.id FROM cases c WHERE true"
    ));
    conditions(query, &cases, drive(&cases));
    query.push(")");
    if let (Some(number), None, None) = (&filter.case, &filter.party, &filter.text) {
        query.push(" UNION SELECT message FROM dead_letters WHERE case_number IS NOT NULL");
        like(query, "case_number", number);
        query.push(" UNION SELECT message FROM parked WHERE true");
        like(query, "number", number);
    }
    query.push(")");
}

fn case_row(row: &SqliteRow) -> Result<CaseRow, StoreFault> {
    Ok(CaseRow {
        id: row.try_get(0)?,
        system: row.try_get(1)?,
        kind: row.try_get(2)?,
        number: row.try_get(3)?,
        service: row.try_get(4)?,
        title: row.try_get(5)?,
        status: row.try_get(6)?,
        since: row.try_get(7)?,
        agency: row.try_get(8)?,
        officer: row.try_get(9)?,
        deadline: row.try_get(10)?,
        opened_at: row.try_get(11)?,
        changed_at: row.try_get(12)?,
        parties: Vec::new(),
        details: json_column(row, 13)?,
        purpose: row.try_get(14)?,
    })
}

fn document_row(row: &SqliteRow) -> Result<DocumentRow, StoreFault> {
    Ok(DocumentRow {
        id: row.try_get(0)?,
        system: row.try_get(1)?,
        kind: row.try_get(2)?,
        case: row.try_get(3)?,
        r#type: row.try_get(4)?,
        number: row.try_get(5)?,
        title: row.try_get(6)?,
        state: row.try_get(7)?,
        signed: row.try_get(8)?,
        valid_until: row.try_get(9)?,
        versions: row.try_get(10)?,
        file_name: row.try_get(11)?,
        media_type: row.try_get(12)?,
        size: row.try_get(13)?,
        sha256: row.try_get(14)?,
        changed_at: row.try_get(15)?,
    })
}

fn message_row(row: &SqliteRow) -> Result<MessageRow, StoreFault> {
    Ok(MessageRow {
        seq: row.try_get(0)?,
        sender: row.try_get(1)?,
        message_id: row.try_get(2)?,
        system: row.try_get(3)?,
        kind: row.try_get(4)?,
        outcome: row.try_get(5)?,
        code: row.try_get(6)?,
        test: row.try_get(7)?,
        received_at: row.try_get(8)?,
        repeats: row.try_get(9)?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::Settings;

    async fn db() -> (Sqlite, std::path::PathBuf) {
        let folder = std::env::temp_dir().join(format!("mezhved-search-{}", uuid::Uuid::now_v7()));
        let settings = Settings {
            path: folder.join("store.sqlite"),
            bytes_max: None,
            busy_timeout: Duration::from_secs(5),
            readers: 1,
        };
        (Sqlite::open(&settings).await.unwrap(), folder)
    }

    async fn plan(db: &Sqlite, query: &Builder) -> Vec<String> {
        let explained =
            Builder::new(format!("EXPLAIN QUERY PLAN {}", query.sql().as_str())).build().fetch_all(&db.readers).await;
        explained.unwrap().iter().map(|row| row.get(3)).collect()
    }

    /// No step may walk a table: only the lists that were handed over and what the word index finds are walked.
    fn walks(step: &str) -> bool {
        step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE INDEX")
    }

    /// Nor may the rows be walked along their keys, where anything says where to look.
    fn along(step: &str) -> bool {
        step.contains("USING INTEGER PRIMARY KEY (rowid>?)")
    }

    fn places() -> Vec<Place> {
        vec![Place { system: "epgu".into(), kind: "application".into(), status: "received".into() }]
    }

    /// The filter that asks for what the bits say.
    fn case_filter(bits: u32) -> CaseFilter {
        let is = |bit: u32| bits & (1 << bit) != 0;
        CaseFilter {
            number: is(0).then(|| if is(7) { "77*".into() } else { "77-1".into() }),
            party: is(1).then(|| Sought { hash: [7; 32], role: is(7).then_some("applicant") }),
            text: is(2).then(|| "дом".into()),
            places: is(3).then(places),
            agency: is(4).then(|| "MFC-77".into()),
            opened: if is(5) { Span { since: Some(1), before: Some(2) } } else { Span::default() },
            service: is(6).then(|| "permit".into()),
            purpose: is(6).then(|| "change".into()),
            hidden: if is(7) { places() } else { Vec::new() },
            after: 5,
            limit: 10,
        }
    }

    #[tokio::test]
    async fn whatever_is_asked_of_cases_an_index_finds_it() {
        let (db, folder) = db().await;
        let by = [
            (0, "sqlite_autoindex_cases"),
            (1, "parties_hash"),
            (2, "case_text"),
            (3, "cases_status"),
            (4, "cases_agency"),
            (5, "cases_opened"),
        ];
        for bits in 0..256 {
            let plan = plan(&db, &cases(&case_filter(bits))).await;
            assert!(!plan.iter().any(|step| walks(step)), "{bits:b}: {plan:?}");
            match by.iter().find(|(bit, _)| bits & (1 << bit) != 0) {
                Some((_, index)) => {
                    assert!(plan.iter().any(|step| step.contains(index)), "{bits:b}: {plan:?}");
                    assert!(!plan.iter().any(|step| along(step)), "{bits:b}: {plan:?}");
                }
                None => assert!(plan.iter().any(|step| along(step)), "{bits:b}: {plan:?}"),
            }
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn whatever_is_asked_of_documents_and_messages_an_index_finds_it() {
        let (db, folder) = db().await;
        for bits in 0..1024_u32 {
            let is = |bit: u32| bits & (1 << bit) != 0;
            let filter = DocumentFilter {
                cases: case_filter(bits & 0b1011_1111),
                text: is(8).then(|| "паспорт".into()),
                number: is(9).then(|| "4509".into()),
                state: is(6).then(|| "approved".into()),
                limit: 10,
                ..DocumentFilter::default()
            };
            let driven = bits & 0b11_0011_1111 != 0;
            let plan = plan(&db, &documents(&filter)).await;
            assert!(!plan.iter().any(|step| walks(step)), "{bits:b}: {plan:?}");
            assert_eq!(plan.iter().any(|step| along(step)), !driven, "{bits:b}: {plan:?}");
        }
        for bits in 0..1024_u32 {
            let is = |bit: u32| bits & (1 << bit) != 0;
            let filter = MessageFilter {
                message_id: is(0).then(|| "id".into()),
                case: is(1).then(|| "77-1".into()),
                party: is(2).then_some(Sought { hash: [7; 32], role: None }),
                text: is(3).then(|| "дом".into()),
                outcome: is(4).then(|| "failed".into()),
                received: if is(5) { Span { since: Some(1), before: None } } else { Span::default() },
                code: is(6).then(|| "unknown-case".into()),
                sender: is(7).then(|| "EPGU".into()),
                system: is(8).then(|| "epgu".into()),
                kind: is(9).then(|| "StatusUpdate".into()),
                after: 0,
                limit: 10,
            };
            let driven = bits & 0b111_1111 != 0;
            let plan = plan(&db, &messages(&filter)).await;
            assert!(!plan.iter().any(|step| walks(step)), "{bits:b}: {plan:?}");
            assert_eq!(plan.iter().any(|step| along(step)), !driven, "{bits:b}: {plan:?}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn words_are_asked_for_as_words_whatever_stands_in_them() {
        for (text, asked) in [
            ("Дом Ёлкина", "\"Дом\"* AND \"Елкина\"*"),
            ("77-2026/1", "\"77\"* AND \"2026\"* AND \"1\"*"),
            ("a\" OR \"b", "\"a\"* AND \"OR\"* AND \"b\"*"),
            ("*", "\"\""),
        ] {
            assert_eq!(matching(text), asked);
        }
    }
}
