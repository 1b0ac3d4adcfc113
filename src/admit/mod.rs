//! The stage between the rules and `apply`: a delivery becomes a [`Prepared`] message. Decoded, walked once by the
//! validator, its sender held against the configuration, its attachments against their contents. Pure; runs on
//! many threads.

mod answers;
mod attachments;
mod sender;
mod violations;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::binding::{Envelope, Family, Item, Reading, Rulebook};
use crate::config::Partners;
use crate::decode;
use crate::domain::properties::Properties;
use crate::failpoint;
use crate::intake::{Again, Delivery, Origin};
use crate::outcome::Code;
use crate::unwind::caught;
use crate::xml::Language;

pub use answers::{Answers, Judged};
pub use attachments::Kept;

/// What preparing needs to know.
pub struct Desk<'a> {
    /// The compiled families.
    pub rulebook: &'a Rulebook,
    /// Agencies that may send to us.
    pub partners: &'a Partners,
    /// Our own code.
    pub agency: &'a str,
    /// What answers of state services must look like.
    pub answers: &'a Answers,
    /// The moment of the batch.
    pub now: DateTime<Utc>,
}

/// A message, judged but not applied.
#[derive(Debug)]
pub struct Prepared {
    /// Everything about it but its content.
    pub head: Head,
    /// The bytes, whole.
    pub body: Arc<Vec<u8>>,
    /// What it asks for, or why it is refused: shared where items of one message are tried each for itself.
    pub verdict: Arc<Result<Checked, Rejected>>,
}

/// The key under which a message id is claimed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimKey {
    /// The sender.
    pub sender: String,
    /// The message id.
    pub message_id: String,
}

impl ClaimKey {
    /// The key under which a stored message is booked.
    #[must_use]
    pub fn of(again: &Again) -> Self {
        Self { sender: again.sender.clone(), message_id: again.message_id.clone() }
    }
}

/// What is known of a message whatever its verdict.
#[derive(Debug, Clone)]
pub struct Head {
    /// Where it came from.
    pub origin: Origin,
    /// AMQP properties as received.
    pub properties: Properties,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// SHA-256 of the bytes.
    pub hash: [u8; 32],
    /// The sender under which it is booked: the agency, or `?user` where it could not be verified.
    pub sender: String,
    /// The id under which it is booked, `sha256:…` where none could be read.
    pub message_id: String,
    /// The id that its own bytes give it: another one where it is booked by its bytes although it names an id.
    pub own_id: String,
    /// The header as far as it could be read.
    pub envelope: Envelope,
    /// Its schema family, where that was found.
    pub family: Option<Arc<Family>>,
    /// Where its receipt goes.
    pub reply: Option<String>,
    /// What was noticed.
    pub notes: Vec<String>,
}

/// A message that follows its rules.
#[derive(Debug)]
pub struct Checked {
    /// What it asks for.
    pub items: Vec<Item>,
    /// Its attachments, checked.
    pub files: Vec<Kept>,
    /// Their contents by SHA-256, but for those that are held already.
    pub contents: Vec<(String, Arc<Vec<u8>>)>,
}

/// Why a message as a whole is refused.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The code.
    pub code: Code,
    /// Particulars in Russian, for the operator; may name ids and codes, never other values of the message.
    pub detail: Option<String>,
    /// The same in English, for the command line.
    pub english: Option<String>,
    /// Places in the message.
    pub remarks: Vec<Told>,
    /// Whether there are more of them than are told.
    pub truncated: bool,
}

/// A remark as it is told: receipts are Russian, the command line speaks both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The remark, in Russian.
    pub remark: Remark,
    /// Its text in English; none: that of the refusal.
    pub english: Option<String>,
}

/// Something to say about a place in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Stable code.
    pub code: String,
    /// Name of the constraint in the standard.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub constraint: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<u64>,
    /// Path of the element.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// In Russian.
    pub text: String,
}

impl Rejected {
    /// A refusal that needs no place.
    #[must_use]
    pub fn of(code: Code, detail: Option<String>) -> Self {
        Self { code, detail, english: None, remarks: Vec::new(), truncated: false }
    }

    /// The refusal with its particulars in English too.
    #[must_use]
    pub fn in_english(self, english: String) -> Self {
        Self { english: Some(english), ..self }
    }

    /// What developers are told: the meaning of the code and the particulars.
    #[must_use]
    pub fn english(&self) -> String {
        match &self.english {
            Some(english) => format!("{}: {english}", self.code.meaning()),
            None => self.code.meaning().to_owned(),
        }
    }

    /// What is told to people: the code's label and the particulars.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.code.label()),
            None => self.code.label().to_owned(),
        }
    }

    /// What the receipt tells: the places, or else the refusal itself.
    #[must_use]
    pub fn told(&self) -> Vec<Remark> {
        self.told_in(Language::Russian)
    }

    /// The places, or else the refusal itself, in a language.
    #[must_use]
    pub fn told_in(&self, language: Language) -> Vec<Remark> {
        let text = |told: &Told| match language {
            Language::Russian => told.remark.text.clone(),
            Language::English => told.english.clone().unwrap_or_else(|| self.english()),
        };
        let refusal = || match language {
            Language::Russian => self.text(),
            Language::English => self.english(),
        };
        match self.remarks.as_slice() {
            [] => vec![Remark::plain(self.code, refusal())],
            told => told.iter().map(|told| Remark { text: text(told), ..told.remark.clone() }).collect(),
        }
    }
}

impl From<Remark> for Told {
    fn from(remark: Remark) -> Self {
        Self { remark, english: None }
    }
}

impl Remark {
    /// A remark about no place in particular.
    #[must_use]
    pub fn plain(code: Code, text: String) -> Self {
        Self { code: code.as_str().to_owned(), constraint: None, line: None, column: None, path: None, text }
    }
}

impl Head {
    /// The key under which the message's id is claimed.
    #[must_use]
    pub fn key(&self) -> ClaimKey {
        ClaimKey { sender: self.sender.clone(), message_id: self.message_id.clone() }
    }

    /// The key that its own bytes give it.
    #[must_use]
    pub fn own_key(&self) -> ClaimKey {
        ClaimKey { sender: self.sender.clone(), message_id: self.own_id.clone() }
    }

    /// Whether it is marked as a test.
    #[must_use]
    pub fn test(&self) -> bool {
        self.envelope.test == Some(true)
    }

    /// Code of its system.
    #[must_use]
    pub fn system(&self) -> Option<&str> {
        self.family.as_ref().map(|family| family.system.as_str())
    }

    /// Code of the system whose queue brought it, where one did.
    #[must_use]
    pub fn queue_system(&self) -> Option<&str> {
        match &self.origin {
            Origin::Queue { system, .. } => Some(system),
            Origin::Store(again) => again.system.as_deref(),
            Origin::File { .. } | Origin::DeadLetterQueue { .. } => None,
        }
    }
}

/// Prepares a delivery.
#[must_use]
pub fn prepare(delivery: Delivery, desk: &Desk<'_>) -> Prepared {
    let Delivery { body, properties, origin, received_at } = delivery;
    let hash = decode::hash(&body);
    let failed = || Rejected::of(Code::ProgramFault, None);
    let read = caught(|| read(&body, &origin, desk));
    let (reading, mut notes, refused) = read.unwrap_or_else(|| (Reading::nothing(), Vec::new(), Some(failed())));
    let Reading { envelope, family, verdict } = reading;
    let mut head = Head {
        hash,
        sender: String::new(),
        message_id: String::new(),
        own_id: String::new(),
        envelope,
        family,
        reply: None,
        notes: Vec::new(),
        origin,
        properties,
        received_at,
    };
    let verdict = match refused {
        Some(refused) => Err(refused),
        None => verdict.map_err(violations::rejected),
    };
    let allowed = sender::identify(&mut head, desk, &mut notes);
    head.notes = notes;
    let verdict = match (&head.origin, allowed, verdict) {
        (Origin::DeadLetterQueue { code, .. }, ..) => Err(Rejected::of(*code, None)),
        (_, Err(refused), _) | (_, Ok(()), Err(refused)) => Err(refused),
        (_, Ok(()), Ok(items)) => caught(|| finish(&mut head, items, desk)).unwrap_or_else(|| Err(failed())),
    };
    Prepared { head, body: Arc::new(body), verdict: Arc::new(verdict) }
}

/// Decodes and walks the body. What cannot be decoded still has an (empty) reading.
fn read(body: &[u8], origin: &Origin, desk: &Desk<'_>) -> (Reading, Vec<String>, Option<Rejected>) {
    let bytes_max = match origin {
        Origin::Queue { bytes_max, .. }
        | Origin::File { bytes_max, .. }
        | Origin::DeadLetterQueue { bytes_max, .. } => *bytes_max,
        Origin::Store(again) => again.bytes_max,
    };
    let text = match decode::decode(body, bytes_max) {
        Ok(text) => text,
        Err(undecodable) => {
            let refused = Rejected::of(undecodable.code, Some(undecodable.text(Language::Russian)))
                .in_english(undecodable.text(Language::English));
            return (Reading::nothing(), Vec::new(), Some(refused));
        }
    };
    failpoint::stumble("admit.read", body);
    let mut notes = Vec::new();
    if text.contradicted {
        notes.push(format!("encoding: the declaration contradicts the bytes, read as {}", text.encoding));
    }
    (desk.rulebook.read(&text.text), notes, None)
}

/// What remains to be checked of a message that follows its rules and may be sent.
fn finish(head: &mut Head, items: Vec<Item>, desk: &Desk<'_>) -> Result<Checked, Rejected> {
    if head.envelope.expires_at.is_some_and(|end| end < desk.now) {
        return Err(Rejected::of(Code::Expired, None));
    }
    let attached = std::mem::take(&mut head.envelope.attachments);
    let (mut files, contents) = attachments::check(attached)?;
    for file in files.iter_mut().filter(|file| file.media_type == answers::MEDIA_TYPE) {
        let content = contents.iter().find(|(sha256, _)| *sha256 == file.sha256);
        file.answers = content.map(|(_, bytes)| desk.answers.judge(bytes)).unwrap_or_default();
    }
    Ok(Checked { items, files, contents })
}
