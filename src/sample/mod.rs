//! Sample traffic: whole lives of cases along every transition of a lifecycle, mixed as they are in real queues, with
//! oddities in known shares. Seeded: the same plan gives the same bytes on every machine. Every message comes with what must become of
//! it, so that demo, tests and benchmarks can compare. Nothing here knows a system: statuses, reasons, services and document types come
//! from the lifecycle, the form of messages from templates beside the schemas. Streaming: memory does not grow with the number of
//! messages. The clock is an argument.

mod blend;
mod compose;
mod damage;
mod detours;
mod draft;
mod exchange;
mod files;
mod folder;
mod life;
mod mistakes;
mod oddity;
mod people;
mod senders;
mod spoilt;
mod stand_ins;
mod template;
mod walk;
mod words;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

pub use blend::Blend;
pub use compose::{Body, Composer, Saying, Unsayable};
pub use draft::{Templates, envelope};
pub use oddity::{Oddity, Shares, UnknownOddity};
pub use senders::Senders;
pub use stand_ins::{StandIns, StandInsFault};
pub use template::{Record, Template, TemplateFault};
pub use walk::{Scene, Traffic, Walk, WalkPlan, WantedUpdate};
pub use words::words;

use self::draft::Draft;
use self::life::{Life, moment};
use crate::domain::lifecycle::Lifecycle;
use crate::outcome::Code;
use crate::random::Random;

/// The traffic is a mixture of so many lives at once.
const LIVES: usize = 64;
/// So many messages back a repeat can reach.
const RECENT_MESSAGES_MAX: usize = 128;
/// So many others may pass before the message that another one waits for.
const PATIENCE_MESSAGES_MAX: usize = 4;

/// What to make.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The same seed, the same bytes.
    pub seed: u64,
    /// How many messages.
    pub messages: u64,
    /// When the first one is sent.
    pub base: DateTime<Utc>,
    /// Over how long they are spread.
    pub span: Duration,
    /// Code of the agency that receives them.
    pub recipient: String,
    /// Code of the sender of applications and documents.
    pub portal: String,
    /// Codes of the senders of status updates.
    pub agencies: Vec<String>,
    /// How often which oddity occurs.
    pub shares: Shares,
}

/// A sample message.
#[derive(Debug, Clone)]
pub struct SampleMessage {
    /// Its place in the traffic, from 1.
    pub number: u64,
    /// Code of the system that it is for.
    pub system: String,
    /// Code of the agency that sends it; whose broker user publishes it.
    pub sender: String,
    /// The message.
    pub bytes: Arc<Vec<u8>>,
    /// What is unusual about it.
    pub oddity: Option<Oddity>,
    /// What it is, in words: `application 2026-…`, `repeat of application 2026-…`.
    pub what: String,
    /// What must become of it when all are processed in order.
    pub expected: Expected,
}

impl SampleMessage {
    /// A name for its file, which sorts in the order of sending.
    #[must_use]
    pub fn file_name(&self) -> String {
        let kind = self.oddity.map_or("ordinary", Oddity::as_str);
        format!("{:07}-{}-{kind}.xml", self.number, self.sender.to_lowercase())
    }
}

/// What must become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Applied, all of it.
    Applied,
    /// Applied; some items are refused with these codes and are dead letters of their own.
    Partly(Vec<Code>),
    /// A repeat: counted, nothing else.
    Repeat,
    /// Refused with this code.
    Failed(Code),
    /// Parked for this reason, and applied when what it waits for has come.
    ParkedThenApplied(Code),
    /// Parked for this reason; what it waits for never comes, and it fails with the same code.
    ParkedThenFailed(Code),
}

impl fmt::Display for Expected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied => out.write_str("applied"),
            Self::Partly(codes) => write!(out, "applied, {} refused", codes.len()),
            Self::Repeat => out.write_str("repeat"),
            Self::Failed(code) => write!(out, "failed: {code}"),
            Self::ParkedThenApplied(code) => write!(out, "parked ({code}), then applied"),
            Self::ParkedThenFailed(code) => write!(out, "parked, then failed: {code}"),
        }
    }
}

/// The traffic: an iterator over its messages.
#[derive(Debug)]
pub struct Sample<'l> {
    plan: Plan,
    lifecycle: &'l Lifecycle,
    documents: &'l Lifecycle,
    templates: &'l Templates,
    random: Random,
    /// A mark of the seed in numbers of cases and objects, so that two runs into one store do not meet.
    tag: u32,
    made: u64,
    born: u64,
    lives: Vec<Life>,
    /// How often each transition was taken.
    taken: HashMap<(&'l str, &'l str), u64>,
    recent: VecDeque<Sent>,
    owed: Option<Owed>,
    /// Whether a message without a byte was sent.
    sent_nothing: bool,
}

/// A message that was sent and can be repeated.
#[derive(Debug, Clone)]
struct Sent {
    what: String,
    sender: String,
    bytes: Arc<Vec<u8>>,
}

/// A message that another one waits for.
#[derive(Debug)]
struct Owed {
    made: Made,
    /// The life that stands still until it is sent; none for one that is not in the mixture yet.
    life: Option<usize>,
    /// The life to put into the mixture once it is sent.
    newborn: Option<Life>,
    patience: usize,
}

/// A message that was made.
#[derive(Debug)]
struct Made {
    sender: String,
    bytes: Vec<u8>,
    what: String,
    expected: Expected,
    /// Whether the same bytes may come again as a repeat.
    repeatable: bool,
    /// Bytes of an earlier message, where it is one again.
    again: Option<Arc<Vec<u8>>>,
}

impl<'l> Sample<'l> {
    /// Traffic of the system whose lifecycle this is; `documents` is the lifecycle of documents.
    #[must_use]
    pub fn new(plan: Plan, lifecycle: &'l Lifecycle, documents: &'l Lifecycle, templates: &'l Templates) -> Self {
        let mut random = Random::new(plan.seed);
        let tag = (random.next() >> 32) as u32;
        let (taken, recent) = (HashMap::new(), VecDeque::new());
        let mut sample = Self {
            plan,
            lifecycle,
            documents,
            templates,
            random,
            tag,
            made: 0,
            born: 0,
            lives: Vec::new(),
            taken,
            recent,
            owed: None,
            sent_nothing: false,
        };
        sample.lives = (0..LIVES).map(|_| sample.unborn()).collect();
        sample
    }

    /// The moment of the message that is being made.
    fn now(&self) -> DateTime<Utc> {
        let whole = i128::from(self.plan.span.num_seconds());
        let part = whole * i128::from(self.made) / i128::from(self.plan.messages.max(1));
        self.plan.base + Duration::seconds(i64::try_from(part).unwrap_or_default())
    }

    /// A life of the mixture that does not stand still.
    fn somebody(&mut self) -> usize {
        let at = self.random.below(LIVES);
        let still = self.owed.as_ref().and_then(|owed| owed.life);
        if still == Some(at) { (at + 1) % LIVES } else { at }
    }

    /// A life of the mixture that fulfils a wish, if one is found soon.
    fn somebody_who(&mut self, fits: impl Fn(&Self, &Life) -> bool) -> Option<usize> {
        let start = self.somebody();
        let still = self.owed.as_ref().and_then(|owed| owed.life);
        (start..start + LIVES).map(|at| at % LIVES).find(|at| still != Some(*at) && fits(self, &self.lives[*at]))
    }

    /// Makes the envelope of a draft whole and writes it.
    fn write(&mut self, mut draft: Draft) -> String {
        let envelope = &mut draft.envelope;
        let defaults = [
            ("message_id", self.random.uuid()),
            ("recipient_agency", self.plan.recipient.clone()),
            ("recipient_system", self.lifecycle.system().to_owned()),
        ];
        for (name, value) in defaults {
            if envelope.value(name).is_none() {
                envelope.set(name, value);
            }
        }
        if envelope.value("sent_at").is_none() {
            envelope.set("sent_at", moment(self.now()));
        }
        draft.text(self.templates)
    }

    /// An ordinary message.
    fn ordinary(&mut self) -> Made {
        let at = self.somebody();
        let draft = self.advance(at);
        let what = what(&draft);
        self.finished(draft, what, Expected::Applied)
    }

    /// A message of which the bytes are as the draft says.
    fn finished(&mut self, draft: Draft, what: String, expected: Expected) -> Made {
        let sender = draft.sender.clone();
        let bytes = self.write(draft).into_bytes();
        let repeatable = matches!(expected, Expected::Applied | Expected::Partly(_));
        Made { sender, bytes, what, expected, repeatable, again: None }
    }

    fn odd(&mut self, oddity: Oddity) -> Option<Made> {
        match oddity {
            Oddity::Repeat => self.repeat(),
            Oddity::Conflict => self.conflict(),
            Oddity::Overtaking => Some(self.overtaking()),
            Oddity::Gap => self.gap(),
            Oddity::Stray => Some(self.stray()),
            Oddity::Late => self.late(),
            Oddity::Comment => self.comment(),
            Oddity::Many => self.many(),
            Oddity::Test => Some(self.test()),
            Oddity::Encoding => self.encoding(),
            Oddity::Forbidden => self.forbidden(),
            Oddity::UnknownStatus => self.unknown_status(),
            Oddity::Incomplete => self.incomplete(),
            Oddity::UnknownReason => self.unknown_reason(),
            Oddity::Duplicate => self.duplicate(),
            Oddity::TakenNumber => self.taken_number(),
            Oddity::UsedSequence => self.used_sequence(),
            Oddity::Schema => Some(self.against_schema()),
            Oddity::Malformed => Some(self.malformed()),
            Oddity::Hostile => Some(self.hostile()),
            Oddity::Attachment => self.lying_attachment(),
            Oddity::Stranger => Some(self.stranger()),
            Oddity::UnknownKind => Some(self.unknown_kind()),
            Oddity::Expired => Some(self.expired()),
        }
    }

    fn send(&mut self, made: Made, oddity: Option<Oddity>) -> SampleMessage {
        self.made += 1;
        let bytes = made.again.unwrap_or_else(|| Arc::new(made.bytes));
        if made.repeatable {
            if self.recent.len() == RECENT_MESSAGES_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back(Sent { what: made.what.clone(), sender: made.sender.clone(), bytes: bytes.clone() });
        }
        let (number, sender, what, expected) = (self.made, made.sender, made.what, made.expected);
        let system = self.lifecycle.system().to_owned();
        SampleMessage { number, system, sender, bytes, oddity, what, expected }
    }

    /// The message that another one waits for, once others have passed or no room is left for them.
    fn settle(&mut self, left: u64) -> Option<Made> {
        let mut owed = self.owed.take()?;
        if owed.patience > 0 && left > 1 {
            owed.patience -= 1;
            self.owed = Some(owed);
            return None;
        }
        if let Some(newborn) = owed.newborn {
            let place = self.random.below(LIVES);
            self.lives[place] = newborn;
        }
        Some(owed.made)
    }
}

impl Iterator for Sample<'_> {
    type Item = SampleMessage;

    fn next(&mut self) -> Option<SampleMessage> {
        let left = self.plan.messages.checked_sub(self.made).filter(|left| *left > 0)?;
        if let Some(made) = self.settle(left) {
            return Some(self.send(made, None));
        }
        let draw = self.random.below(1000);
        let waits = |oddity: &Oddity| matches!(oddity, Oddity::Overtaking | Oddity::Gap);
        let room = left > 1 && self.owed.is_none();
        let oddity = self.plan.shares.at(draw).filter(|oddity| room || !waits(oddity));
        if let Some(oddity) = oddity
            && let Some(made) = self.odd(oddity)
        {
            return Some(self.send(made, Some(oddity)));
        }
        let made = self.ordinary();
        Some(self.send(made, None))
    }
}

/// What a draft is, in words.
fn what(draft: &Draft) -> String {
    let kind = match draft.kind {
        draft::Kind::Submit => "application",
        draft::Kind::Update => "update",
        draft::Kind::Exchange => "documents",
    };
    let first = draft.items.first();
    let number = first.and_then(|item| item.value("number").or_else(|| item.value("case_number")));
    match (draft.items.len(), first.and_then(|item| item.value("status"))) {
        (1, Some(status)) => format!("{kind} {} {status}", number.unwrap_or_default()),
        (1, None) => format!("{kind} {}", number.unwrap_or_default()),
        (count, _) => format!("{count} {kind}s"),
    }
}

#[cfg(test)]
mod tests;
