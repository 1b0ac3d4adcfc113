//! The commands that messages may mean, as typed records: the one list of fields that bindings fill and
//! `apply` reads. A command here knows nothing of XML; a binding file says where its fields stand.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::parts::{
    Author, DocumentCard, DocumentRequest, ListedValue, Named, Party, Reader, Reason, SignatureMark, Verdict,
};
use super::shape::{Begin, Details, End, FieldSpec, ListSpec, Missing, Record, Shape, Shaped, Typed, shape};

shape! {
    /// Opens a case: an application, an appeal, a registration, a power of attorney, a request, a ticket.
    OpenCase = "open-case" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// Kind of the case; absent: the main one of the system.
        case_kind: Option<String>,
        /// Number of the case to be; absent where the kind numbers its cases.
        number: Option<String>,
        /// When the applicant asked for it.
        happened_at: DateTime<Utc>,
        /// Code of the service.
        service: Option<String>,
        /// Name of the service.
        service_name: Option<String>,
        /// What the service is asked for: a plot, a building, a licence.
        object: Option<String>,
        /// One of the purposes that the kind knows; absent: the first.
        purpose: Option<String>,
        /// Number of the case that it belongs or refers to.
        parent: Option<String>,
        /// Kind of that case, where the purpose does not tell.
        parent_kind: Option<String>,
        /// The status that it has already, one move from the start.
        status: Option<String>,
        /// Short, for people and for search.
        title: Option<String>,
        /// From when it is in force.
        valid_from: Option<Begin>,
        /// Until when it is in force.
        valid_until: Option<End>,
        /// Amount due, roubles and kopecks as written.
        amount: Option<String>,
        /// The last day on which somebody may act.
        deadline: Option<NaiveDate>,
        /// Code of the territory (ОКТМО).
        territory: Option<String>,
        /// Where e-mail may be sent.
        email: Option<String>,
        /// Where SMS may be sent.
        phone: Option<String>,
        /// The responsible officer.
        officer: Option<String>,
        /// Free text.
        comment: Option<String>,
        /// Fields that the kind declares.
        details: Details,
        ;
        /// Who takes part, in which role.
        parties: [Party],
        /// Values of declared lists.
        values: [ListedValue],
        /// What is attached.
        documents: [DocumentCard],
        /// Who takes part in a dialog.
        readers: [Reader],
        /// Who does it; at most one.
        author: [Author],
    }
}

shape! {
    /// A status update of one case.
    UpdateStatus = "update-status" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// Kind of the case; absent: the main one of the system.
        case_kind: Option<String>,
        /// The case.
        case_number: String,
        /// Code of the new status, after the binding's value map.
        status: String,
        /// When it happened.
        happened_at: DateTime<Utc>,
        /// The responsible agency; absent: the sender.
        agency: Option<String>,
        /// The responsible officer.
        officer: Option<String>,
        /// Free text.
        comment: Option<String>,
        /// The last day on which somebody may act.
        deadline: Option<NaiveDate>,
        /// When the next step is expected.
        expected_on: Option<NaiveDate>,
        /// From when the case is in force.
        valid_from: Option<Begin>,
        /// Until when the case is in force.
        valid_until: Option<End>,
        /// Amount due, roubles and kopecks as written.
        amount: Option<String>,
        /// Link to the electronic result.
        result_link: Option<String>,
        /// Where to collect a result on paper.
        result_place: Option<String>,
        /// Fields that the kind declares.
        details: Details,
        ;
        /// Reasons of a refusal or an annulment.
        reasons: [Reason],
        /// What is missing.
        missing: [Reason],
        /// Values of declared lists.
        values: [ListedValue],
        /// Documents that come with it: the decision, the report, the answer.
        documents: [DocumentCard],
        /// Who does it; at most one.
        author: [Author],
    }
}

shape! {
    /// Corrects what a case was told of itself.
    CorrectCase = "correct-case" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// Kind of the case; absent: the main one of the system.
        case_kind: Option<String>,
        /// The case.
        case_number: String,
        /// When it happened.
        happened_at: DateTime<Utc>,
        /// Short, for people and for search.
        title: Option<String>,
        /// From when it is in force.
        valid_from: Option<Begin>,
        /// Until when it is in force.
        valid_until: Option<End>,
        /// Where e-mail may be sent.
        email: Option<String>,
        /// Where SMS may be sent.
        phone: Option<String>,
        /// Free text.
        comment: Option<String>,
        /// Fields that the kind declares.
        details: Details,
        ;
        /// Who takes part now in the roles that are named here.
        parties: [Party],
        /// Values of declared lists.
        values: [ListedValue],
        /// New documents, or new versions of known ones.
        documents: [DocumentCard],
        /// Who does it; at most one.
        author: [Author],
    }
}

shape! {
    /// Does one of the acts that a kind of case knows: withdraw, confirm, resubmit, revoke.
    ActOnCase = "act-on-case" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// Kind of the case; absent: the main one of the system.
        case_kind: Option<String>,
        /// The case.
        case_number: String,
        /// When it happened.
        happened_at: DateTime<Utc>,
        /// The act.
        act: String,
        /// The one-time code.
        code: Option<String>,
        /// Free text.
        comment: Option<String>,
        /// Fields that the kind declares.
        details: Details,
        ;
        /// Why.
        reasons: [Reason],
        /// New documents, or new versions of known ones.
        documents: [DocumentCard],
        /// Who does it; at most one.
        author: [Author],
    }
}

shape! {
    /// Documents that go back and forth about one case.
    ExchangeDocuments = "exchange-documents" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// Kind of the case; absent: the main one of the system.
        case_kind: Option<String>,
        /// The case.
        case_number: String,
        /// When it happened.
        happened_at: DateTime<Utc>,
        /// The responsible agency; absent: the sender.
        agency: Option<String>,
        /// The responsible officer.
        officer: Option<String>,
        /// Free text.
        comment: Option<String>,
        ;
        /// New documents, or new versions of known ones.
        documents: [DocumentCard],
        /// Verdicts on documents.
        verdicts: [Verdict],
        /// Requests for documents.
        requests: [DocumentRequest],
        /// Marks that a document is signed.
        signatures: [SignatureMark],
        /// Who does it; at most one.
        author: [Author],
    }
}

shape! {
    /// Posts a letter to a dialog, or marks what is there as read.
    PostLetter = "post-letter" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// Kind of the case; absent: the main one of the system.
        case_kind: Option<String>,
        /// The dialog.
        case_number: String,
        /// When it happened.
        happened_at: DateTime<Utc>,
        /// Who writes or reads.
        participant: String,
        /// The letter; absent: the participant has read what is there.
        text: Option<String>,
        ;
        /// Cases, documents and tasks that the letter names.
        attached: [Named],
        /// Files of the letter.
        documents: [DocumentCard],
        /// Who does it; at most one.
        author: [Author],
    }
}

shape! {
    /// Chooses what one is told of, by which channel and how often.
    Subscribe = "subscribe" {
        /// Number of this item among the sender's items for the case.
        sequence: Option<i64>,
        /// Kind of the case; absent: the main one of the system.
        case_kind: Option<String>,
        /// The one case that it is for; absent: all of the subscriber's.
        case_number: Option<String>,
        /// When it happened.
        happened_at: DateTime<Utc>,
        /// Code of the event; absent: all of them.
        event: Option<String>,
        /// The channel.
        channel: String,
        /// `never`, `at-once`, `hourly` or `daily`.
        frequency: String,
        /// СНИЛС of the subscriber.
        snils: Option<String>,
        /// ИНН of the subscriber.
        inn: Option<String>,
        /// ОГРН of the subscriber.
        ogrn: Option<String>,
        /// ОГРНИП of the subscriber.
        ogrnip: Option<String>,
    }
}

/// What an item of a message asks for.
#[derive(Debug, Clone)]
pub enum Command {
    /// Opens a case.
    OpenCase(Box<OpenCase>),
    /// Moves a case, or comments on it.
    UpdateStatus(Box<UpdateStatus>),
    /// Corrects what a case was told.
    CorrectCase(Box<CorrectCase>),
    /// Does an act.
    ActOnCase(Box<ActOnCase>),
    /// Adds, judges, requests documents.
    ExchangeDocuments(Box<ExchangeDocuments>),
    /// Writes to a dialog.
    PostLetter(Box<PostLetter>),
    /// Chooses notices.
    Subscribe(Box<Subscribe>),
}

/// How a record becomes a command.
pub(super) type Make = fn(Record) -> Result<Command, Missing>;

macro_rules! commands {
    ($($name:ident),*) => {
        /// The commands that a binding may name, and how each is made.
        pub(super) const COMMANDS: &[(&Shape, Make)] = &[$(
            ($name::SHAPE, |record| Ok(Command::$name(Box::new($name::from_record(record)?)))),
        )*];

        impl Command {
            /// Number of the case that the command is about; empty where it is about none, or about one that is yet to be numbered.
            #[must_use]
            pub fn case_number(&self) -> &str {
                match self { $(Self::$name(command) => command.case()),* }
            }

            /// Kind of that case; none: the main one of the system.
            #[must_use]
            pub fn case_kind(&self) -> Option<&str> {
                match self { $(Self::$name(command) => command.case_kind.as_deref()),* }
            }

            /// The item's number in the sender's sequence for the case.
            #[must_use]
            pub fn sequence(&self) -> Option<i64> {
                match self { $(Self::$name(command) => command.sequence),* }
            }
        }
    };
}

commands!(OpenCase, UpdateStatus, CorrectCase, ActOnCase, ExchangeDocuments, PostLetter, Subscribe);

macro_rules! about {
    ($($name:ident)*) => {$(
        impl $name {
            fn case(&self) -> &str {
                &self.case_number
            }
        }
    )*};
}

about!(UpdateStatus CorrectCase ActOnCase ExchangeDocuments PostLetter);

impl OpenCase {
    fn case(&self) -> &str {
        self.number.as_deref().unwrap_or_default()
    }
}

impl Subscribe {
    fn case(&self) -> &str {
        self.case_number.as_deref().unwrap_or_default()
    }
}
