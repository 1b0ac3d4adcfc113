//! A status of a case: what it is called, what kind of station it is, where one may go from it, and what
//! an update to it must carry.

use serde::{Deserialize, Serialize};

use super::extract::Sending;
use super::reaction::{Guard, Opening, Reaction};
use super::timer::Timer;
use crate::domain::term::Term;

/// What kind of station a status is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Where every case begins; one in a lifecycle.
    Start,
    /// The agency is at work.
    Work,
    /// The case waits for somebody, until a deadline.
    Waiting,
    /// A decision has been given; the case is not open any more.
    Decision,
    /// Neither open nor at its end: it rests, and may come back.
    Resting,
    /// The end; no way out.
    Terminal,
    /// The end, undone: hidden from the applicant's lists, its documents closed.
    Annulled,
}

impl Class {
    /// Whether no way may lead out.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Terminal | Self::Annulled)
    }

    /// Whether a second application of the same applicant for the same thing is a duplicate of a case that stands here.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Start | Self::Work | Self::Waiting)
    }
}

/// For whom a case waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// The applicant.
    Applicant,
    /// An agency.
    Agency,
}

/// What an update to a status must carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// At least one coded reason.
    Reasons,
    /// At least one missing or faulty thing.
    Missing,
    /// The responsible officer.
    Officer,
    /// The day on which the next step is expected.
    ExpectedOn,
    /// The amount due.
    Amount,
    /// The result: a link, or a place where to collect it.
    Result,
    /// A comment.
    Comment,
    /// Each missing or faulty thing names its field or document.
    About,
}

impl Requirement {
    /// What it is called in Russian, for receipts.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Reasons => "причины",
            Self::Missing => "перечень недостающего",
            Self::Officer => "исполнитель",
            Self::ExpectedOn => "ожидаемая дата",
            Self::Amount => "сумма",
            Self::Result => "результат или место получения",
            Self::Comment => "комментарий",
            Self::About => "поле или документ каждого замечания",
        }
    }
}

/// A one-time code that a status waits for. It is good until the deadline of the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTime {
    /// Code of the event that brings it.
    pub event: String,
    /// How many wrong codes there may be.
    pub attempts_max: u32,
    /// Status that the case goes to after that many.
    pub exhausted: String,
    /// Reason that this move fills in by itself.
    pub reason: Option<String>,
}

/// A status.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Code in messages, tables and code.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// Kind of station.
    pub class: Class,
    /// For whom the case waits here; set exactly where the class is [`Class::Waiting`].
    pub waits_for: Option<Party>,
    /// Codes of the statuses that may follow, in the order of the file.
    pub next: Vec<String>,
    /// What an update to it must carry.
    pub requires: Vec<Requirement>,
    /// The deadline where neither the message nor the service names one.
    pub term: Option<Term>,
    /// Code of the event that entering it is.
    pub event: Option<String>,
    /// Timers that entering it starts.
    pub timers: Vec<Timer>,
    /// In force: what stands here gives rights and owes nothing.
    pub standing: bool,
    /// Nothing is done for an account that stands here, but what lifts the block.
    pub blocks: bool,
    /// Entering it asks for the responsible unit; where no unit fits, this event is told.
    pub routes: Option<String>,
    /// Entering it sends a one-time code.
    pub code_sent: Option<OneTime>,
    /// Codes of the fields that the case must have here.
    pub asks: Vec<String>,
    /// Codes of the fields that tell by which day something is asked for here.
    pub asked_by: Vec<String>,
    /// Types of the documents that the case must hold here; each entry lists those of which one is enough.
    pub documents: Vec<Vec<String>>,
    /// What must hold for entering it.
    pub guard: Option<Guard>,
    /// What goes out when it is entered.
    pub sends: Option<Sending>,
    /// What it answers to happenings.
    pub on: Vec<Reaction>,
    /// Other cases that entering it opens.
    pub opens: Vec<Opening>,
}

impl Status {
    /// What an update lacks that carries only `given`.
    #[must_use]
    pub fn lacks(&self, given: &[Requirement]) -> Vec<Requirement> {
        self.requires.iter().copied().filter(|required| !given.contains(required)).collect()
    }
}
