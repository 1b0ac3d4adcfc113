//! Search: cases, documents and messages by number, party, place, agency, period and words. Every list pages by key, and every way to
//! look is by an index; what identifies a person goes in as a hash and comes out masked.

use serde::Serialize;

use super::{Store, StoreFault};

/// A stretch of time, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub since: Option<i64>,
    /// The first moment after it.
    pub before: Option<i64>,
}

/// A person or an organization, as it is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// The hash of the identifier.
    pub hash: [u8; 32],
    /// In which role; none: in any.
    pub role: Option<&'static str>,
}

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The system.
    pub system: String,
    /// The kind.
    pub kind: String,
    /// The status.
    pub status: String,
}

/// Which cases. What is `None` or empty does not matter.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Their number; one that ends in `*` stands for all that begin like it.
    pub number: Option<String>,
    /// Who takes part.
    pub party: Option<Sought>,
    /// Where they stand: one of these. `Some` of none: nowhere.
    pub places: Option<Vec<Place>>,
    /// The responsible agency.
    pub agency: Option<String>,
    /// The service.
    pub service: Option<String>,
    /// What they were opened for: a purpose of their kind.
    pub purpose: Option<String>,
    /// When they were opened here.
    pub opened: Span,
    /// Words that all begin a word of the case.
    pub text: Option<String>,
    /// Not where these are: what the applicant is not shown.
    pub hidden: Vec<Place>,
    /// Only after this row.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A case in a list.
#[derive(Debug, Serialize)]
pub struct CaseRow {
    /// The row; `after` goes on behind it.
    pub id: i64,
    /// System.
    pub system: String,
    /// Kind.
    pub kind: String,
    /// Number.
    pub number: String,
    /// Service.
    pub service: Option<String>,
    /// What it was opened for: a purpose of its kind.
    pub purpose: Option<String>,
    /// Short, for people.
    pub title: Option<String>,
    /// Status.
    pub status: String,
    /// When the status happened, milliseconds.
    pub since: i64,
    /// The responsible agency.
    pub agency: String,
    /// The responsible officer.
    pub officer: Option<String>,
    /// By when somebody must act, milliseconds.
    pub deadline: Option<i64>,
    /// When it was opened here, milliseconds.
    pub opened_at: i64,
    /// When it last changed here, milliseconds.
    pub changed_at: i64,
    /// Who takes part, masked.
    pub parties: Vec<PartyView>,
    /// The fields that its kind declares: for choosing what to show, never shown whole.
    #[serde(skip)]
    pub details: serde_json::Map<String, serde_json::Value>,
}

/// Who takes part in a case.
#[derive(Debug, Clone, Serialize)]
pub struct PartyView {
    /// In which role.
    pub role: String,
    /// `snils`, `inn`, `ogrn` or `ogrnip`.
    pub identifier: String,
    /// Masked.
    pub shown: String,
}

/// Which documents. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct DocumentFilter {
    /// The cases that they belong to; `after` and `limit` of it do not count.
    pub cases: CaseFilter,
    /// Their type.
    pub r#type: Option<String>,
    /// Their own number.
    pub number: Option<String>,
    /// Their state.
    pub state: Option<String>,
    /// When they last changed here.
    pub changed: Span,
    /// Words that all begin a word of title, issuer, number or a file name.
    pub text: Option<String>,
    /// Not these: what the reader may not see.
    pub unseen: Vec<DocumentPlace>,
    /// Only after this row.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A type of document of a kind of case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentPlace {
    /// The system.
    pub system: String,
    /// The kind of case.
    pub kind: String,
    /// The type.
    pub r#type: String,
}

/// A document in a list.
#[derive(Debug, Serialize)]
pub struct DocumentRow {
    /// The row.
    pub id: i64,
    /// System of its case.
    pub system: String,
    /// Kind of its case.
    pub kind: String,
    /// Number of its case.
    pub case: String,
    /// Type.
    pub r#type: String,
    /// Its own number.
    pub number: String,
    /// Title.
    pub title: Option<String>,
    /// State.
    pub state: String,
    /// Whether it bears the mark «Подписано».
    pub signed: bool,
    /// Last day of validity.
    pub valid_until: Option<String>,
    /// Versions.
    #[serde(rename = "version")]
    pub versions: i64,
    /// Name of the newest file.
    pub file_name: String,
    /// Media type of the newest file.
    pub media_type: String,
    /// Bytes of the newest file.
    pub size: i64,
    /// SHA-256 of the newest file.
    pub sha256: String,
    /// When it last changed here, milliseconds.
    pub changed_at: i64,
}

/// Which messages. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// Their id.
    pub message_id: Option<String>,
    /// The number of a case that they are about.
    pub case: Option<String>,
    /// Who takes part in a case that they changed.
    pub party: Option<Sought>,
    /// Words that all begin a word of a case that they changed.
    pub text: Option<String>,
    /// Who sent them.
    pub sender: Option<String>,
    /// System.
    pub system: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// `parked`, `applied`, `failed`.
    pub outcome: Option<String>,
    /// Why they failed.
    pub code: Option<String>,
    /// When they came.
    pub received: Span,
    /// Only after this row.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A message in a list.
#[derive(Debug, Serialize)]
pub struct MessageRow {
    /// Order of arrival.
    #[serde(rename = "id")]
    pub seq: i64,
    /// Sender.
    pub sender: String,
    /// Id.
    pub message_id: String,
    /// System.
    pub system: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// `parked`, `applied`, `failed`.
    pub outcome: String,
    /// Why it failed.
    pub code: Option<String>,
    /// Whether it was a test.
    pub test: bool,
    /// When it came, milliseconds.
    pub received_at: i64,
    /// How often it came again.
    pub repeats: i64,
}

impl Store {
    /// Cases, by row.
    pub async fn find_cases(&self, filter: &CaseFilter) -> Result<Vec<CaseRow>, StoreFault> {
        self.db.list_cases(filter).await
    }

    /// Documents, by row.
    pub async fn find_documents(&self, filter: &DocumentFilter) -> Result<Vec<DocumentRow>, StoreFault> {
        self.db.list_documents(filter).await
    }

    /// Messages, in the order of their arrival.
    pub async fn find_messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRow>, StoreFault> {
        self.db.list_messages(filter).await
    }

    /// The party in a role of the case of a system, kind and number: the hashes of its identifiers.
    pub async fn party_hashes(&self, case: (&str, &str, &str), role: &str) -> Result<Vec<[u8; 32]>, StoreFault> {
        self.db.party_hashes(case, role).await
    }

    /// Takes the words of new and changed cases and documents in: one bounded piece. Gives how many there were.
    pub async fn take_words(&self, limit: u32) -> Result<u64, StoreFault> {
        self.db.take_words(limit).await
    }
}
