//! What a kind of case is beside its statuses: whom it belongs to, which purposes and acts it knows, which fields it
//! declares, who may touch it. An application, an appeal, an organization, a power of attorney are kinds of one system.

use super::field::Field;
use super::numbering::Numbering;
use crate::domain::term::Term;

/// A code with what people read for it: an act, a purpose, an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Code in messages.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
}

/// The case that cases of a kind belong to or refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// Kind of the parent, of the same system.
    pub kind: String,
    /// Purposes that this holds for; empty: all.
    pub purposes: Vec<String>,
    /// Statuses that the parent must stand in; empty: any.
    pub statuses: Vec<String>,
    /// How long after the parent entered its status the case may be opened.
    pub within: Option<Term>,
    /// Whether the parent must be past its term.
    pub overdue: bool,
    /// Whether a case without a parent is refused.
    pub required: bool,
}

/// How an update makes the term of a service longer, where the service allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermExtension {
    /// The field that tells the new last day.
    pub until: String,
    /// The field that tells why.
    pub reason: String,
    /// The event that it is told by.
    pub event: String,
}

/// A kind of case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Code in bindings and tables.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// Whether each step of it is a row of the journal too.
    pub journal: bool,
    /// Commands that process personal data: they need a standing consent of the person.
    pub consent: Vec<String>,
    /// Whether its commands are done even for those whose account is blocked: what lifts the block, or mends its reason.
    pub while_blocked: bool,
    /// Roles that pass over from the parent where the message names nobody in them: own role, role of the parent.
    pub inherits: Vec<(String, String)>,
    /// The status from whose entry on the service's term runs; none: from the arrival.
    pub term_from: Option<String>,
    /// How that term is made longer; none: it is not.
    pub extension: Option<TermExtension>,
    /// How a case is numbered that comes without a number.
    pub numbering: Option<Numbering>,
    /// The cases it may belong to; the first that fits the purpose counts.
    pub parents: Vec<Parent>,
    /// Roles in which persons and organizations take part.
    pub parties: Vec<String>,
    /// Roles whose identifiers may not stand in a second living case of the kind.
    pub unique: Vec<String>,
    /// Why a case is opened; empty: there is one purpose only.
    pub purposes: Vec<Named>,
    /// What people can do to a case beside updating its status.
    pub acts: Vec<Named>,
    /// Statuses in which it can be corrected; empty: in none.
    pub editable: Vec<String>,
    /// The field whose day is the last one on which it can be corrected; none, or while a case has no such day: the statuses alone
    /// decide.
    pub editable_until: Option<String>,
    /// What needs the mark of a signature: `open`, `correct`, `act:…`.
    pub signed: Vec<String>,
    /// Kinds of signature that count for it; empty: any.
    pub signatures: Vec<String>,
    /// A field that stands for the signature where it is told: a code.
    pub signed_or: Option<String>,
    /// The operation that a member of staff must be allowed, by `open`, `correct`, `act:…`, `documents`, `update`.
    pub operations: Vec<(String, String)>,
    /// It is a dialog: letters may be posted to it, and this event tells of one.
    pub letters: Option<String>,
    /// The register that shows its cases beside that of all cases.
    pub register: Option<String>,
    /// What its applicant reads for the status of all that is open; none: the status itself.
    pub open_label: Option<String>,
    /// The same in English.
    pub open_label_en: Option<String>,
    /// The field that the short name of its cases is made of; none: of what no field holds.
    pub titled_by: Option<String>,
    /// Codes of the fields that lists show.
    pub listed: Vec<String>,
    /// Its fields.
    pub fields: Vec<Field>,
}

impl Kind {
    /// The field with this code.
    #[must_use]
    pub fn field(&self, code: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.code == code)
    }

    /// Whether the short name of its cases is made of what leaves masked.
    #[must_use]
    pub fn title_is_masked(&self) -> bool {
        self.titled_by.as_deref().and_then(|code| self.field(code)).is_some_and(Field::leaves_masked)
    }

    /// The rule of parents for a purpose.
    #[must_use]
    pub fn parent(&self, purpose: Option<&str>) -> Option<&Parent> {
        let fits = |parent: &&Parent| {
            parent.purposes.is_empty()
                || purpose.is_some_and(|purpose| parent.purposes.iter().any(|one| one == purpose))
        };
        self.parents.iter().find(fits)
    }

    /// The act with this code.
    #[must_use]
    pub fn act(&self, code: &str) -> Option<&Named> {
        self.acts.iter().find(|act| act.code == code)
    }

    /// The purpose with this code.
    #[must_use]
    pub fn purpose(&self, code: &str) -> Option<&Named> {
        self.purposes.iter().find(|purpose| purpose.code == code)
    }

    /// The operation that a command asks for.
    #[must_use]
    pub fn operation(&self, command: &str) -> Option<&str> {
        self.operations.iter().find(|(name, _)| name == command).map(|(_, operation)| operation.as_str())
    }
}
