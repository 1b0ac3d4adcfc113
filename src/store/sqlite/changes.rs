//! What a batch changes of cases and documents: of each the last state, of history and versions everything.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::Row;

use super::Transaction;
use super::rows::{Bound, Insert, by_place};
use crate::apply::Change;
use crate::apply::codes::CodeRow;
use crate::apply::letters::{Letter, Reader};
use crate::apply::world::{
    Case, CaseKey, Details, Document, History, PartyRow, Request, Scope, SubscriptionRow, TimerEnd, TimerRow, Version,
    Voided,
};
use crate::failpoint;
use crate::store::StoreFault;
use crate::store::moment::to_store;

/// The last state of everything that the batch's changes touched.
#[derive(Default)]
pub(super) struct Folded<'a> {
    pub(super) cases: Vec<&'a Case>,
    history: Vec<&'a History>,
    pub(super) documents: Vec<(&'a CaseKey, &'a Document)>,
    pub(super) versions: Vec<&'a Version>,
    pub(super) requests: Vec<(&'a CaseKey, &'a Request)>,
    sequences: Vec<(&'a str, &'a CaseKey, i64)>,
    parties: Vec<(&'a CaseKey, usize, &'a PartyRow)>,
    subscriptions: Vec<&'a SubscriptionRow>,
    voided: Vec<(&'a CaseKey, &'a Voided)>,
    timers: Vec<(&'a CaseKey, &'a TimerRow)>,
    ended: Vec<(i64, &'a TimerEnd)>,
    former: Vec<(&'a CaseKey, u32, &'a str, Option<i64>)>,
    counters: Vec<(&'a str, &'a str, i32, i64)>,
    readers: Vec<(&'a CaseKey, &'a Reader)>,
    letters: Vec<&'a Letter>,
    codes: Vec<(&'a CaseKey, &'a CodeRow)>,
}

impl Transaction {
    pub(super) async fn write_changes(&mut self, folded: &Folded<'_>, now: DateTime<Utc>) -> Result<(), StoreFault> {
        let mut ids = self.write_cases(folded).await?;
        for case in folded.cases.iter().filter_map(|case| Some((&case.key, case.id?))) {
            ids.insert(case.0, case.1);
        }
        self.find_cases(folded, &mut ids).await?;
        let id = |key: &CaseKey| ids.get(key).copied();
        self.insert(&HISTORY, &folded.history, |query, row| bind_history(query, row, id(&row.case))).await?;
        self.insert(&SEQUENCES, &folded.sequences, |query, (sender, key, last)| {
            query.bind(*sender).bind(&key.system).bind(&key.kind).bind(&key.number).bind(last)
        })
        .await?;
        self.insert(&COUNTERS, &folded.counters, |query, (system, kind, year, last)| {
            query.bind(*system).bind(*kind).bind(year).bind(last)
        })
        .await?;
        self.insert(&FORMER, &folded.former, |query, (key, version, details, message)| {
            query.bind(id(key)).bind(version).bind(*details).bind(to_store(now)).bind(message)
        })
        .await?;
        self.write_parties(folded, &ids).await?;
        self.write_subscriptions(&folded.subscriptions).await?;
        self.write_codes(&folded.codes, &ids).await?;
        self.write_timers(folded, &ids, now).await?;
        self.write_letters(&folded.readers, &folded.letters, &ids).await?;
        self.write_documents(folded, &ids).await
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
             deadline = v ->> 5, expected_on = v ->> 6, open = v ->> 7, changed_at = v ->> 8, turn = v ->> 9, unit = v ->> 10 \
             FROM (SELECT value v FROM json_each(?1)) WHERE cases.id = v ->> 0",
            rows,
        )
        .await?;
        self.each(
            "UPDATE cases SET title = v ->> 1, valid_from = v ->> 2, valid_until = v ->> 3, amount = v ->> 4, \
             email = v ->> 5, phone = v ->> 6, details = v ->> 7, version = v ->> 8, applicant = unhex(v ->> 9) \
             FROM (SELECT value v FROM json_each(?1)) WHERE cases.id = v ->> 0",
            known.iter().filter(|case| case.corrected).map(|case| corrected_row(case)).collect(),
        )
        .await?;
        Ok(ids)
    }

    /// What has ended first, then what is void, then what starts.
    async fn write_timers(
        &mut self,
        folded: &Folded<'_>,
        ids: &HashMap<&CaseKey, i64>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreFault> {
        let id = |key: &CaseKey| ids.get(key).copied();
        let ended = |(timer, end): &(i64, &TimerEnd)| {
            let settled = !matches!(end, TimerEnd::Stuck(_));
            json!([timer, end.state(), settled.then(|| to_store(now)), end.text()])
        };
        self.each(
            "UPDATE timers SET state = k.state, settled_at = k.now, result = k.result FROM (SELECT value ->> 0 AS id, \
             value ->> 1 AS state, value ->> 2 AS now, value ->> 3 AS result FROM json_each(?1)) k WHERE timers.id = k.id",
            folded.ended.iter().map(ended).collect(),
        )
        .await?;
        let rows = folded.voided.iter().map(|(key, voided)| {
            let (scope, code, document) = match voided {
                Voided::Turn => ("turn", None, None),
                Voided::All => ("all", None, None),
                Voided::One(code) => ("one", Some(code), None),
                Voided::Document(kind, number) => ("document", None, Some(document(kind, number))),
                Voided::Request => ("request", None, None),
            };
            json!([id(key), scope, code, to_store(now), document])
        });
        self.each(
            "UPDATE timers SET state = 'void', settled_at = k.now FROM (SELECT value ->> 0 AS case_id, \
             value ->> 1 AS scope, value ->> 2 AS code, value ->> 3 AS now, value ->> 4 AS document FROM json_each(?1)) k \
             WHERE timers.case_id = k.case_id AND timers.state IN ('pending', 'stuck') \
             AND CASE k.scope WHEN 'all' THEN timers.scope IN ('turn', 'life') \
             WHEN 'one' THEN timers.scope IN ('turn', 'life') AND timers.code = k.code \
             ELSE timers.scope = k.scope AND timers.document IS k.document END",
            rows.collect(),
        )
        .await?;
        self.insert(&TIMERS, &folded.timers, |query, (key, row)| {
            let (scope, turn, document) = match &row.scope {
                Scope::Turn(turn) => ("turn", Some(*turn), None),
                Scope::Life => ("life", None, None),
                Scope::Document(kind, number) => ("document", None, Some(document(kind, number))),
                Scope::Request => ("request", None, None),
            };
            query
                .bind(id(key))
                .bind(&row.code)
                .bind(scope)
                .bind(turn)
                .bind(document)
                .bind(to_store(row.started_at))
                .bind(to_store(row.due_at))
        })
        .await
    }

    /// Parties take the place of those in the same roles.
    async fn write_parties(&mut self, folded: &Folded<'_>, ids: &HashMap<&CaseKey, i64>) -> Result<(), StoreFault> {
        let id = |key: &CaseKey| ids.get(key).copied();
        let new: HashSet<&CaseKey> =
            folded.cases.iter().filter(|case| case.id.is_none()).map(|case| &case.key).collect();
        let replaced = folded.parties.iter().filter(|(key, ..)| !new.contains(key));
        let roles: BTreeSet<_> = replaced.map(|(key, _, row)| (id(key), row.role.as_str())).collect();
        self.each(
            "DELETE FROM parties WHERE (case_id, role) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))",
            roles.into_iter().map(|(case, role)| json!([case, role])).collect(),
        )
        .await?;
        self.insert(&PARTIES, &folded.parties, |query, (key, place, row)| {
            query
                .bind(id(key))
                .bind(&row.role)
                .bind(i64::try_from(*place).unwrap_or(i64::MAX))
                .bind(row.identifier)
                .bind(row.hash.as_slice())
                .bind(&row.shown)
        })
        .await
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
            .chain(folded.requests.iter().map(|row| row.0))
            .chain(folded.parties.iter().map(|row| row.0))
            .chain(folded.voided.iter().map(|row| row.0))
            .chain(folded.timers.iter().map(|row| row.0))
            .chain(folded.codes.iter().map(|row| row.0))
            .chain(folded.former.iter().map(|row| row.0))
            .chain(folded.readers.iter().map(|row| row.0))
            .chain(folded.letters.iter().map(|row| &row.case));
        let mut wanted: Vec<&CaseKey> = named.filter(|key| !ids.contains_key(key)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        failpoint::store(&self.file.path)?;
        let keys: Vec<_> = wanted.iter().map(|key| [&key.system, &key.kind, &key.number]).collect();
        let rows = sqlx::query(
            "SELECT k.key, c.id FROM json_each(?1) k CROSS JOIN cases c ON c.system = k.value ->> 0 \
             AND c.kind = k.value ->> 1 AND c.number = k.value ->> 2",
        )
        .bind(json!(keys).to_string())
        .fetch_all(&mut *self.tx)
        .await?;
        ids.extend(by_place(&rows, &wanted)?);
        Ok(())
    }
}

/// Keeps the last state of each case, document, request and sequence; history and versions all.
pub(super) fn fold(changes: &[Change]) -> Folded<'_> {
    let mut folded = Folded::default();
    let mut cases: HashMap<&CaseKey, usize> = HashMap::new();
    let mut documents: HashMap<(&CaseKey, &str, &str), usize> = HashMap::new();
    let mut requests: BTreeMap<&CaseKey, &[Request]> = BTreeMap::new();
    let mut sequences: BTreeMap<(&str, &CaseKey), i64> = BTreeMap::new();
    let mut counters: BTreeMap<(&str, &str, i32), i64> = BTreeMap::new();
    let mut subscriptions: BTreeMap<_, &SubscriptionRow> = BTreeMap::new();
    let mut parties: BTreeMap<(&CaseKey, &str), Vec<&PartyRow>> = BTreeMap::new();
    let mut timers: BTreeMap<&CaseKey, Vec<&TimerRow>> = BTreeMap::new();
    let mut codes: BTreeMap<&CaseKey, &CodeRow> = BTreeMap::new();
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
            Change::Subscription(row) => {
                let of = (row.subscriber, &row.system, &row.case, &row.event, &row.channel);
                let last = subscriptions.entry(of).or_insert(row);
                if row.happened_at >= last.happened_at {
                    *last = row;
                }
            }
            Change::Sequence(sender, key, last) => {
                sequences.insert((sender, key), *last);
            }
            Change::Counter(system, kind, year, last) => {
                let known = counters.entry((system, kind, *year)).or_default();
                *known = (*known).max(*last);
            }
            Change::Former(key, version, details, message) => {
                folded.former.push((key, *version, details, *message));
            }
            Change::Voided(key, voided) => {
                if let Some(started) = timers.get_mut(key) {
                    started.retain(|timer| !voided.holds(timer));
                }
                folded.voided.push((key, voided));
            }
            Change::Readers(key, readers) => {
                folded.readers.retain(|(known, one)| {
                    *known != key || readers.iter().all(|reader| reader.participant != one.participant)
                });
                folded.readers.extend(readers.iter().map(|reader| (key, reader)));
            }
            Change::Letter(letter) => folded.letters.push(letter),
            Change::Code(key, code) => {
                codes.insert(key, code);
            }
            Change::Timer(key, timer) => timers.entry(key).or_default().push(timer),
            Change::Ended(timer, end) => folded.ended.push((*timer, end)),
            Change::Parties(key, rows) => {
                rows.iter().for_each(|row| {
                    parties.insert((key, &row.role), Vec::new());
                });
                let mut seen = HashSet::new();
                let once = rows.iter().filter(|row| seen.insert((&row.role, row.identifier, row.hash)));
                once.for_each(|row| parties.entry((key, &row.role)).or_default().push(row));
            }
        }
    }
    let placed = |((key, _), rows): ((_, _), Vec<_>)| (1..).zip(rows).map(move |(place, row)| (key, place, row));
    folded.parties.extend(parties.into_iter().flat_map(placed));
    folded.timers.extend(timers.into_iter().flat_map(|(key, rows)| rows.into_iter().map(move |row| (key, row))));
    folded.counters.extend(counters.into_iter().map(|((system, kind, year), last)| (system, kind, year, last)));
    folded.subscriptions.extend(subscriptions.into_values());
    folded.codes.extend(codes);
    for (key, list) in requests {
        folded.requests.extend(list.iter().filter(|request| request.touched).map(|request| (key, request)));
    }
    folded.sequences.extend(sequences.into_iter().map(|((sender, key), last)| (sender, key, last)));
    folded
}

static CASES: Insert = Insert::new(
    "INTO cases (id, status, since, agency, officer, deadline, expected_on, open, changed_at, turn, system, kind, \
     number, service, object, purpose, title, parent_kind, parent_number, applicant, origin, valid_from, valid_until, \
     amount, email, phone, details, version, opened_at, unit, root)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        .bind(case.turn)
        .bind(&case.key.system)
        .bind(&case.key.kind)
        .bind(&case.key.number)
        .bind(&case.service)
        .bind(&case.object)
        .bind(&case.purpose)
        .bind(&case.title)
        .bind(case.parent.as_ref().map(|parent| parent.kind.clone()))
        .bind(case.parent.as_ref().map(|parent| parent.number.clone()))
        .bind(case.applicant.as_ref().map(<[u8; 32]>::as_slice))
        .bind(&case.origin)
        .bind(case.valid_from.map(to_store))
        .bind(case.valid_until.map(to_store))
        .bind(case.amount)
        .bind(&case.email)
        .bind(&case.phone)
        .bind(details_text(&case.details))
        .bind(case.version)
        .bind(to_store(case.opened_at))
        .bind(&case.unit)
        .bind(&case.root)
}

fn details_text(details: &Details) -> String {
    serde_json::to_string(details).unwrap_or_else(|_| "{}".to_owned())
}

/// What a correction changes of a known case.
fn corrected_row(case: &Case) -> Value {
    json!([
        case.id,
        case.title,
        case.valid_from.map(to_store),
        case.valid_until.map(to_store),
        case.amount,
        case.email,
        case.phone,
        details_text(&case.details),
        case.version,
        case.applicant.map(hex::encode),
    ])
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
        case.turn,
        case.unit,
    ])
}

static HISTORY: Insert = Insert::new(
    "INTO history (case_id, entry, from_status, to_status, happened_at, recorded_at, agency, officer, comment, \
     details, message, timer, item, turn, step)",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        .bind(row.cause.message())
        .bind(row.cause.timer())
        .bind(row.item)
        .bind(row.turn)
        .bind(row.step)
}

/// A document as its timers name it.
fn document(kind: &str, number: &str) -> String {
    json!([kind, number]).to_string()
}

static PARTIES: Insert =
    Insert::new("INTO parties (case_id, role, place, identifier, hash, shown)", "(?, ?, ?, ?, ?, ?)", "");

static TIMERS: Insert = Insert::new(
    "INTO timers (case_id, code, scope, turn, document, started_at, due_at, state)",
    "(?, ?, ?, ?, ?, ?, ?, 'pending')",
    "",
);

static FORMER: Insert =
    Insert::new("INTO case_versions (case_id, version, details, replaced_at, message)", "(?, ?, ?, ?, ?)", "");

static COUNTERS: Insert = Insert::new(
    "INTO counters (system, kind, year, last)",
    "(?, ?, ?, ?)",
    "ON CONFLICT DO UPDATE SET last = max(counters.last, excluded.last)",
);

static SEQUENCES: Insert = Insert::new(
    "INTO sequences (sender, system, kind, number, last)",
    "(?, ?, ?, ?, ?)",
    "ON CONFLICT DO UPDATE SET last = max(sequences.last, excluded.last)",
);
