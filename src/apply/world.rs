//! What `apply` knows: the facts of a batch, read once, plus the changes of the items before it. A change is made
//! here first and written later, so that the n-th item of a batch sees what the others did.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::codes::CodeRow;
use super::extracts::{ExtractFacts, ExtractQuery};
use super::letters::{Dialog, Letter, Reader};
use super::people::People;
pub use super::people::{Kin, PartyRow, Reference, Sought};
pub use super::subscribe::SubscriptionRow;
pub use super::timers::{Scope, TimerEnd, TimerRow, Voided};

/// Stands in [`World::waiting`] for the rows that this batch has parked.
pub const NEW_WAITING: i64 = i64::MAX;

/// What names a case: its system, its kind and its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseKey {
    /// Code of the system.
    pub system: String,
    /// Kind of the case.
    pub kind: String,
    /// Number of the case.
    pub number: String,
}

// Keys are looked up for every row of a batch, and hardly ever do cases of several kinds have one number.
impl Hash for CaseKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

/// What makes two applications the same (rule 4 of the domain).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApplicationKey {
    /// Code of the system.
    pub system: String,
    /// Code of the service.
    pub service: String,
    /// SHA-256 of the applicant's identifiers.
    pub applicant: [u8; 32],
    /// The object asked for; empty where the service has none.
    pub object: String,
}

/// A case as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The store's row; `None` until it is written.
    pub id: Option<i64>,
    /// Its system, kind and number.
    pub key: CaseKey,
    /// Code of the service; empty where its kind has none.
    pub service: String,
    /// What the service is asked for.
    pub object: Option<String>,
    /// Which of the kind's purposes it serves.
    pub purpose: Option<String>,
    /// Short, for people.
    pub title: Option<String>,
    /// The case that it belongs or refers to.
    pub parent: Option<CaseKey>,
    /// SHA-256 of the applicant's identifiers, where there are any.
    pub applicant: Option<[u8; 32]>,
    /// Whether it counts as an open application.
    pub open: bool,
    /// Code of the current status.
    pub status: String,
    /// How many moves it has made.
    pub turn: u32,
    /// The moment the current status happened.
    pub since: DateTime<Utc>,
    /// The agency that opened it.
    pub origin: String,
    /// Id of the message that opened it, or what it belongs to: the root of the chain that answers refer to.
    pub root: Option<String>,
    /// The responsible agency.
    pub agency: String,
    /// The responsible officer.
    pub officer: Option<String>,
    /// The responsible unit, where one was chosen.
    pub unit: Option<String>,
    /// By when somebody must act.
    pub deadline: Option<DateTime<Utc>>,
    /// When the next step is expected.
    pub expected_on: Option<NaiveDate>,
    /// Where e-mail about it may go.
    pub email: Option<String>,
    /// Where SMS about it may go.
    pub phone: Option<String>,
    /// From when it is in force.
    pub valid_from: Option<DateTime<Utc>>,
    /// The first moment at which it is no longer in force.
    pub valid_until: Option<DateTime<Utc>>,
    /// Kopecks due.
    pub amount: Option<i64>,
    /// The fields that its kind declares.
    pub details: Details,
    /// Version of its details.
    pub version: u32,
    /// Whether more than its status has changed in this batch.
    pub corrected: bool,
    /// When it was opened here.
    pub opened_at: DateTime<Utc>,
    /// When it last changed here.
    pub changed_at: DateTime<Utc>,
}

/// What a history row records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// The case was opened.
    Opened,
    /// It moved to another status.
    Moved,
    /// Its status was repeated with a comment.
    Comment,
    /// An update that happened before the current status; it moved nothing.
    Late,
    /// Documents came, were judged or asked for.
    Documents,
    /// Somebody did something to it.
    Acted,
    /// What it was told of itself was corrected.
    Corrected,
    /// A timer reminded somebody, or told that a term has passed.
    Timed,
}

impl Entry {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Opened,
        Self::Moved,
        Self::Comment,
        Self::Late,
        Self::Documents,
        Self::Acted,
        Self::Corrected,
        Self::Timed,
    ];

    /// The form in the tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Moved => "moved",
            Self::Comment => "comment",
            Self::Late => "late",
            Self::Documents => "documents",
            Self::Acted => "acted",
            Self::Corrected => "corrected",
            Self::Timed => "timed",
        }
    }

    /// By the form in the tables.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Opened => "Открыто",
            Self::Moved => "Новый статус",
            Self::Comment => "Комментарий",
            Self::Late => "С опозданием",
            Self::Documents => "Документы",
            Self::Acted => "Действие",
            Self::Corrected => "Исправлено",
            Self::Timed => "Срок",
        }
    }
}

/// What made a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A message, by its inbox row.
    Message(i64),
    /// A timer, by its row.
    Timer(i64),
}

impl Cause {
    /// The inbox row of the message, where it was one.
    #[must_use]
    pub fn message(self) -> Option<i64> {
        match self {
            Self::Message(seq) => Some(seq),
            Self::Timer(_) => None,
        }
    }

    /// The row of the timer, where it was one.
    #[must_use]
    pub fn timer(self) -> Option<i64> {
        match self {
            Self::Message(_) => None,
            Self::Timer(id) => Some(id),
        }
    }
}

/// One accepted change of a case. Append-only.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The case.
    pub case: CaseKey,
    /// What happened.
    pub entry: Entry,
    /// Moves of the case so far.
    pub turn: u32,
    /// Its order within the item.
    pub step: u32,
    /// The status before.
    pub from: Option<String>,
    /// The status after; for a late update the one that it told of.
    pub to: String,
    /// When it happened.
    pub happened_at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who did it.
    pub agency: String,
    /// Which officer.
    pub officer: Option<String>,
    /// In words.
    pub comment: Option<String>,
    /// Reasons, missing things, deadline, amount, result: what the status asked for.
    pub details: serde_json::Value,
    /// What made it.
    pub cause: Cause,
    /// The item of the message, from 1; 0: a timer's.
    pub item: u32,
}

/// A document of a case: its requisites and state.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The store's row; `None` until it is written.
    pub id: Option<i64>,
    /// Code of its type.
    pub kind: String,
    /// Its number, empty where the type has none; with the type it names the document within the case.
    pub number: String,
    /// Its series.
    pub series: Option<String>,
    /// Title for people.
    pub title: Option<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// Day of issue.
    pub issued_on: Option<NaiveDate>,
    /// Last day of validity.
    pub valid_until: Option<NaiveDate>,
    /// Its state in the documents' lifecycle.
    pub state: String,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The mark «Подписано», JSON.
    pub signed: Option<String>,
    /// How many versions it has.
    pub versions: u32,
    /// Media type of the newest one.
    pub media_type: String,
    /// Whether it takes a password to read the newest one.
    pub locked: bool,
    /// When it last changed here.
    pub changed_at: DateTime<Utc>,
}

/// One version of a document. Append-only.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The case.
    pub case: CaseKey,
    /// Type of the document.
    pub kind: String,
    /// Number of the document.
    pub document: String,
    /// The version, from 1.
    pub version: u32,
    /// Name of the file.
    pub file_name: String,
    /// Media type, checked against the content.
    pub media_type: String,
    /// Size in bytes.
    pub size: i64,
    /// SHA-256 of the content, hex.
    pub sha256: String,
    /// Whether it takes a password to read it.
    pub locked: bool,
    /// Who brought it.
    pub uploader: String,
    /// When it happened.
    pub uploaded_at: DateTime<Utc>,
    /// The message that brought it, by its inbox row; none: it was made here.
    pub message: Option<i64>,
}

/// One thing that a document request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedDocument {
    /// Code of the document type.
    pub kind: String,
    /// Text for people.
    pub text: Option<String>,
    /// Whether it has come.
    pub delivered: bool,
}

/// What an agency asked for, open until all of it has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The store's row; `None` until it is written.
    pub id: Option<i64>,
    /// What is wanted.
    pub wanted: Vec<WantedDocument>,
    /// By when.
    pub due: Option<DateTime<Utc>>,
    /// Who asked.
    pub agency: String,
    /// When.
    pub opened_at: DateTime<Utc>,
    /// When all had come, or its time had run out.
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether its time ran out before all had come.
    pub lapsed: bool,
    /// The message that asked, by its inbox row; none: a timer did.
    pub message: Option<i64>,
    /// Whether it was changed in this batch.
    pub touched: bool,
}

/// Something that an item did.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A case was opened or has a new state.
    Case(Arc<Case>),
    /// An entry of its history.
    History(Box<History>),
    /// A document is new or has a new state.
    Document(CaseKey, Box<Document>),
    /// A document has a new version.
    Version(Box<Version>),
    /// The requests of a case that are open, or were closed just now.
    Requests(CaseKey, Vec<Request>),
    /// Who takes part in a case now, in these roles.
    Parties(CaseKey, Vec<PartyRow>),
    /// Former details of a case, with their version and the message that replaced them.
    Former(CaseKey, u32, String, Option<i64>),
    /// Pending timers of a case are void.
    Voided(CaseKey, Voided),
    /// A timer of a case starts.
    Timer(CaseKey, TimerRow),
    /// Who takes part in a dialog, and how far each has read.
    Readers(CaseKey, Vec<Reader>),
    /// A letter came.
    Letter(Box<Letter>),
    /// A timer, by its row, has come to this end.
    Ended(i64, TimerEnd),
    /// A kind has numbered so many cases of a year.
    Counter(String, String, i32, i64),
    /// A sender's sequence for a case moved on.
    Sequence(String, CaseKey, i64),
    /// Somebody chose what to be told of.
    Subscription(Box<SubscriptionRow>),
    /// The one-time code of a case is new, was tried, or is used.
    Code(CaseKey, Box<CodeRow>),
}

/// Fields that a kind declares, by code.
pub type Details = serde_json::Map<String, serde_json::Value>;

/// Which facts a batch needs.
#[derive(Debug, Default)]
pub struct Needs {
    /// Cases with their waiting items.
    pub cases: HashSet<CaseKey>,
    /// Cases whose sequences are needed.
    pub sequences: HashSet<CaseKey>,
    /// Cases whose documents and requests are needed too.
    pub documents: HashSet<CaseKey>,
    /// Applications that must not be open already.
    pub applications: HashSet<ApplicationKey>,
    /// Dialogs that letters go to, or that are read.
    pub dialogs: HashSet<CaseKey>,
    /// Requests that are answered with an extract.
    pub extracts: HashMap<CaseKey, ExtractQuery>,
    /// Whether cases may have to be numbered.
    pub counters: bool,
    /// Whether a responsible unit may have to be chosen.
    pub loads: bool,
    /// Cases whose parties and moves are needed too.
    pub held: HashSet<CaseKey>,
    /// Parties whose cases are needed, with their parties and moves.
    pub sought: HashSet<Sought>,
    /// Cases that have a party in common with a known one are needed, with their parties and moves.
    pub kin: HashSet<Kin>,
    /// Cases that a field of known ones names are needed, with their parties and moves.
    pub references: HashSet<Reference>,
    /// Kinds (system, kind) whose parties are needed wherever one of their cases is read.
    pub openers: HashSet<(String, String)>,
    /// Cases whose one-time codes are needed.
    pub codes: HashSet<CaseKey>,
    /// Cases whose cases of this kind are needed, with the contents that all of them hold.
    pub evidence: HashSet<(CaseKey, String)>,
}

/// The facts of a batch and what its items have changed so far.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Cases that exist.
    pub cases: HashMap<CaseKey, Arc<Case>>,
    /// Documents by case.
    pub documents: HashMap<CaseKey, Vec<Document>>,
    /// Open requests by case.
    pub requests: HashMap<CaseKey, Vec<Request>>,
    /// Dialogs by case.
    pub dialogs: HashMap<CaseKey, Dialog>,
    /// Last used sequence number by sender and case.
    pub sequences: HashMap<(String, CaseKey), i64>,
    /// Numbers of the open applications.
    pub applications: HashMap<ApplicationKey, Vec<String>>,
    /// What the store says for extracts, by request.
    pub extracts: HashMap<CaseKey, ExtractFacts>,
    /// Open cases by unit.
    pub loads: HashMap<String, i64>,
    /// The last number that a kind of a system gave in a year.
    pub counters: HashMap<(String, String, i32), i64>,
    /// Parked rows without a sequence number, by case: what comes later queues behind them. One that was parked in
    /// this very batch stands as [`NEW_WAITING`].
    pub waiting: HashMap<CaseKey, BTreeSet<i64>>,
    /// Who takes part in cases.
    pub people: People,
    /// The statuses that cases entered and when, in order.
    pub moves: HashMap<CaseKey, Vec<(DateTime<Utc>, String)>>,
    /// The last one-time code of a case.
    pub codes: HashMap<CaseKey, CodeRow>,
    /// The cases that name a case as their parent, as far as they were asked for.
    pub children: HashMap<CaseKey, BTreeSet<CaseKey>>,
    /// SHA-256 of the contents that a case holds, as far as they were asked for.
    pub evidence: BTreeMap<CaseKey, BTreeSet<String>>,
}

impl Case {
    /// What makes it the same as another application, where it can be.
    #[must_use]
    pub fn application(&self) -> Option<ApplicationKey> {
        Some(ApplicationKey {
            system: self.key.system.clone(),
            service: Some(self.service.clone()).filter(|service| !service.is_empty())?,
            applicant: self.applicant?,
            object: self.object.clone().unwrap_or_default(),
        })
    }
}

impl Case {
    /// The unit whose load it counts to.
    #[must_use]
    pub fn burdens(&self) -> Option<&str> {
        self.unit.as_deref().filter(|_| self.open)
    }
}

impl World {
    /// A case as it stands.
    #[must_use]
    pub fn case(&self, key: &CaseKey) -> Option<&Case> {
        self.cases.get(key).map(Arc::as_ref)
    }

    /// Takes a change in, so that the next item sees it.
    pub fn absorb(&mut self, change: &Change) {
        match change {
            Change::Case(case) => self.absorb_case(case),
            Change::Document(key, document) => {
                let documents = self.documents.entry(key.clone()).or_default();
                match documents.iter_mut().find(|one| one.kind == document.kind && one.number == document.number) {
                    Some(known) => known.clone_from(document),
                    None => documents.push((**document).clone()),
                }
            }
            Change::Requests(key, requests) => {
                self.requests.insert(key.clone(), requests.clone());
            }
            Change::Sequence(sender, key, last) => {
                // A replay of an earlier number does not set the sequence back.
                let known = self.sequences.entry((sender.clone(), key.clone())).or_insert(*last);
                *known = (*known).max(*last);
            }
            Change::Readers(key, readers) => self.dialogs.entry(key.clone()).or_default().seat(readers),
            Change::Letter(letter) => self.dialogs.entry(letter.case.clone()).or_default().post(letter),
            Change::Counter(system, kind, year, last) => {
                let known = self.counters.entry((system.clone(), kind.clone(), *year)).or_default();
                *known = (*known).max(*last);
            }
            Change::History(history) => {
                if matches!(history.entry, Entry::Opened | Entry::Moved) {
                    let moves = self.moves.entry(history.case.clone()).or_default();
                    moves.push((history.happened_at, history.to.clone()));
                }
            }
            Change::Version(version) => {
                self.evidence.entry(version.case.clone()).or_default().insert(version.sha256.clone());
            }
            Change::Parties(key, rows) => self.people.set(key, rows),
            Change::Code(key, code) => {
                self.codes.insert(key.clone(), (**code).clone());
            }
            Change::Former(..)
            | Change::Voided(..)
            | Change::Timer(..)
            | Change::Ended(..)
            | Change::Subscription(_) => {}
        }
    }

    fn absorb_case(&mut self, case: &Arc<Case>) {
        if let Some(application) = case.application() {
            let numbers = self.applications.entry(application).or_default();
            numbers.retain(|number| *number != case.key.number);
            if case.open {
                numbers.push(case.key.number.clone());
            }
        }
        let before = self.cases.insert(case.key.clone(), Arc::clone(case));
        if let Some(unit) = before.as_ref().and_then(|case| case.burdens()) {
            *self.loads.entry(unit.to_owned()).or_default() -= 1;
        }
        if let Some(unit) = case.burdens() {
            *self.loads.entry(unit.to_owned()).or_default() += 1;
        }
        if let Some(parent) = case.parent.as_ref().filter(|_| case.id.is_none()) {
            self.children.entry(parent.clone()).or_default().insert(case.key.clone());
        }
    }

    /// The status in which a case stood at a moment; none: it was not there yet, or nobody asked for its moves.
    #[must_use]
    pub fn status_at(&self, key: &CaseKey, at: DateTime<Utc>) -> Option<&str> {
        let moves = self.moves.get(key)?;
        moves.iter().rev().find(|(moment, _)| *moment <= at).map(|(_, status)| status.as_str())
    }
}
