//! A batch, folded: message by message, item by item, over the facts and the changes so far. What comes out is
//! everything that the store will write and everything that is owed, decided before the first row is written.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::bury::properties_json;
use super::outgoing::Outgoing;
use super::results::{ItemResult, Results, Tried};
use super::rows::{Claim, InboxRow, Outcome, ParkedRow, Repeat, Stored, WriteSet};
use super::world::{CaseKey, Cause, Entry, NEW_WAITING, World};
use super::{Context, Decision, Event, Place, Refusal, Setting, decide, journal};
use crate::admit::{Checked, ClaimKey, Head, Kept, Prepared, Rejected, Remark};
use crate::apply::Change;
use crate::binding::Item;
use crate::domain::content::Declared;
use crate::domain::media::{self, Held};
use crate::failpoint;
use crate::intake::Origin;
use crate::outcome::Code;

/// An answer that is owed.
#[derive(Debug)]
pub struct Receipt {
    /// The inbox row of the message that is answered.
    pub message: i64,
    /// Who sent it.
    pub sender: String,
    /// The id under which it is booked.
    pub message_id: String,
    /// The id that it names itself, which the answer refers to.
    pub own_id: String,
    /// Where the answer goes: `queue:NAME` or `file:PATH`.
    pub address: String,
    /// The sender's mark of the conversation.
    pub correlation: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// System, where it is known.
    pub system: Option<String>,
    /// The system whose queue brought it, where one did.
    pub queue_system: Option<String>,
    /// Kind, where it is known.
    pub kind: Option<String>,
    /// Whether it was a test.
    pub test: bool,
    /// What became of it.
    pub outcome: Outcome,
    /// Why all of it was refused; none: its items tell.
    pub refusal: Option<WholeRefusal>,
    /// Results by item.
    pub items: Results,
    /// When it was settled.
    pub settled_at: DateTime<Utc>,
    /// The item whose try settled it; 0: all of it.
    pub item: u32,
    /// The try that settled it, from 1: counted for each item, and for all of it.
    pub attempt: u32,
}

/// Why all of a message is refused, as its receipt tells it.
#[derive(Debug)]
pub struct WholeRefusal {
    /// The code of the outcome.
    pub code: Code,
    /// Places in the message, or else the refusal itself.
    pub remarks: Vec<Remark>,
    /// Whether there are more of them than are told.
    pub truncated: bool,
}

impl From<&Rejected> for WholeRefusal {
    fn from(rejected: &Rejected) -> Self {
        Self { code: rejected.code, remarks: rejected.told(), truncated: rejected.truncated }
    }
}

/// Notices that are owed because of an item: put into words when they are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// What it was.
    pub cause: Cause,
    /// The message's sender and id, or a timer's names: what the notice's own id is made from.
    pub source: (String, String),
    /// The item; 0: a timer's.
    pub item: u32,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// What happened.
    pub event: Event,
}

/// Something that goes out because of an item.
#[derive(Debug)]
pub struct Leaving {
    /// The message or the timer that it follows from.
    pub cause: Cause,
    /// The message's sender and id, or a timer's names: what its own id is made from.
    pub source: (String, String),
    /// The item; 0: a timer's.
    pub item: u32,
    /// Its order within the item.
    pub step: usize,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// What it is.
    pub outgoing: Outgoing,
}

/// What changes, notices and documents follow from.
#[derive(Debug)]
pub(super) struct Because {
    pub(super) cause: Cause,
    pub(super) source: (String, String),
    pub(super) item: u32,
    pub(super) traceparent: Option<String>,
}

impl Because {
    fn noticed(&self, event: Event) -> Noticed {
        let Self { cause, source, item, traceparent } = self;
        let (source, traceparent) = (source.clone(), traceparent.clone());
        Noticed { cause: *cause, source, item: *item, traceparent, event }
    }

    fn leaving(&self, step: usize, outgoing: Outgoing) -> Leaving {
        let Self { cause, source, item, traceparent } = self;
        let (source, traceparent) = (source.clone(), traceparent.clone());
        Leaving { cause: *cause, source, item: *item, step, traceparent, outgoing }
    }
}

/// What a batch comes to.
#[derive(Debug, Default)]
pub struct Settlement {
    /// What the store writes, but for the outbox and the raw block.
    pub writes: WriteSet,
    /// Answers that are owed.
    pub receipts: Vec<Receipt>,
    /// Contents to keep before the commit: SHA-256 and bytes.
    pub contents: Vec<(String, Arc<Vec<u8>>)>,
    /// Which messages of the batch go into its raw block, in the order of their inbox rows.
    pub raw: Vec<usize>,
    /// What goes out to others.
    pub leaving: Vec<Leaving>,
    /// What all that was decided with: of no more use, but many small pieces of memory to give back.
    pub spent: (World, Known),
}

/// What the store knows of the batch's messages.
#[derive(Debug, Default)]
pub struct Known {
    /// Ids that are taken.
    pub claims: HashMap<ClaimKey, Claim>,
    /// Messages that are tried again.
    pub stored: HashMap<i64, Stored>,
    /// The inbox row that the next new message gets.
    pub next_seq: i64,
}

/// Folds a batch. Pure: facts, what is known, and `now` (in the context) come in.
#[must_use]
pub fn settle(batch: &[Prepared], world: World, known: Known, context: &Context<'_>) -> Settlement {
    let mut fold = Fold::new(context, world, known);
    for (index, message) in batch.iter().enumerate() {
        match &message.head.origin {
            Origin::Store(again) => fold.again(message, again),
            _ => fold.arrived(index, message),
        }
    }
    fold.write_results();
    let Fold { world, known, mut out, .. } = fold;
    out.spent = (world, known);
    out
}

/// A batch while it is folded.
pub(super) struct Fold<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) world: World,
    pub(super) known: Known,
    raw_offset: usize,
    pub(super) out: Settlement,
}

/// The message of which items are tried.
pub(super) struct Booked<'a> {
    pub(super) head: &'a Head,
    pub(super) seq: i64,
    /// The item that is tried alone; 0: all of it.
    pub(super) item: u32,
    pub(super) attempt: u32,
    pub(super) body: &'a Arc<Vec<u8>>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(context: &'a Context<'a>, world: World, known: Known) -> Self {
        let mut out = Settlement::default();
        out.writes.now = context.now;
        Self { context, world, known, raw_offset: 0, out }
    }
}

impl Fold<'_> {
    fn case_key(&self, booked: &Booked<'_>, item: &Item) -> CaseKey {
        self.context.lifecycles.case_key(booked.head.system().unwrap_or_default(), &item.command)
    }
}

impl Fold<'_> {
    /// A message from a queue or a folder: claims its id, or is a repeat of it.
    fn arrived(&mut self, index: usize, message: &Prepared) {
        if self.repeats(&message.head) {
            return;
        }
        if self.known.claims.contains_key(&message.head.key()) {
            // The id is taken by other content: this one is booked by its bytes.
            let mut head = message.head.clone();
            head.message_id = format!("sha256:{}", hex::encode(head.hash));
            if !self.repeats(&head) {
                let conflict = Err(Rejected::of(Code::MessageIdConflict, None));
                self.book(index, &head, &message.body, &conflict);
            }
            return;
        }
        self.book(index, &message.head, &message.body, &message.verdict);
    }

    /// A new id, with its outcome.
    fn book(&mut self, index: usize, head: &Head, body: &Arc<Vec<u8>>, verdict: &Result<Checked, Rejected>) {
        let seq = self.known.next_seq;
        self.known.next_seq += 1;
        self.known.claims.insert(head.key(), Claim { seq, hash: head.hash });
        let booked = Booked { head, seq, item: 0, attempt: 1, body };
        if verdict.is_ok() {
            failpoint::stumble("apply.settle", body);
        }
        let (results, refusal) = self.judge(&booked, verdict);
        let (outcome, code) = match &refusal {
            Some(refusal) => (Outcome::Failed, Some(refusal.code)),
            None => results.outcome(),
        };
        let settled = outcome != Outcome::Parked;
        let raw_offset = self.raw(index, &booked);
        let row = inbox_row(&booked, &results, (outcome, code), raw_offset, settled.then_some(self.context.now));
        self.out.writes.inbox.push(row);
        if settled {
            self.answer(&booked, outcome, refusal, results);
        }
    }

    /// Where the raw bytes begin in the batch's block; a long body lies in the content store instead.
    fn raw(&mut self, index: usize, booked: &Booked<'_>) -> Option<usize> {
        if self.is_long(booked) {
            self.keep_body(booked);
            return None;
        }
        let offset = self.raw_offset;
        self.raw_offset += booked.body.len();
        self.out.raw.push(index);
        Some(offset)
    }

    pub(super) fn is_long(&self, booked: &Booked<'_>) -> bool {
        booked.body.len() > self.context.dead_letter_inline_bytes_max
    }

    /// Puts the body among the contents to keep, and gives its name there.
    pub(super) fn keep_body(&mut self, booked: &Booked<'_>) -> String {
        let sha256 = hex::encode(booked.head.hash);
        if self.out.contents.iter().all(|(known, _)| *known != sha256) {
            self.out.contents.push((sha256.clone(), Arc::clone(booked.body)));
        }
        sha256
    }

    /// Counts the message as a repeat where the same bytes hold its id already.
    fn repeats(&mut self, head: &Head) -> bool {
        match self.known.claims.get(&head.key()) {
            Some(claim) if claim.hash == head.hash => {
                let reply = head.reply.clone();
                self.out.writes.repeats.push(Repeat { seq: claim.seq, at: self.context.now, reply });
                true
            }
            _ => false,
        }
    }

    /// Tries all items of a message, or buries it whole. Gives the results, and why all of it was refused.
    fn judge(&mut self, booked: &Booked<'_>, verdict: &Result<Checked, Rejected>) -> (Results, Option<WholeRefusal>) {
        let missing = verdict.as_ref().ok().and_then(|checked| self.missing(checked));
        match missing.as_ref().map_or(verdict.as_ref(), Err) {
            Ok(checked) => (self.items(booked, checked), None),
            Err(rejected) => {
                self.bury(booked, 0, None, rejected.code, rejected.text(), &rejected.told(), false);
                (Results::default(), Some(rejected.into()))
            }
        }
    }

    /// The refusal of a message that refers to a content which neither the document store nor this batch holds, or that is
    /// not what the message declares.
    pub(super) fn missing(&self, checked: &Checked) -> Option<Rejected> {
        let fault = checked.files.iter().filter(|file| file.referred).find_map(|file| {
            let Some(held) = self.held(&file.sha256) else { return Some(Code::AttachmentMissing) };
            if i64::try_from(held.bytes) != Ok(file.size) {
                return Some(Code::AttachmentSize);
            }
            let declared = Declared { media_type: &file.media_type, size: held.bytes, sha256: &file.sha256 };
            declared.kind(held.told).err().map(|fault| Code::parse(fault.code()).unwrap_or(Code::AttachmentType))
        })?;
        Some(Rejected::of(fault, Some("вложение указано ссылкой на хранилище документов".to_owned())))
    }

    /// A content that this batch keeps or the document store holds.
    fn held(&self, sha256: &str) -> Option<Held> {
        let own = self.out.contents.iter().find(|(known, _)| known == sha256);
        own.map(|(_, bytes)| Held { bytes: bytes.len() as u64, told: media::told(bytes) })
            .or_else(|| (self.context.held)(sha256))
    }

    /// The files of a message, with what could not be told of the referred ones before.
    pub(super) fn files<'c>(&self, checked: &'c Checked) -> Cow<'c, [Kept]> {
        if checked.files.iter().all(|file| !file.referred) {
            return Cow::Borrowed(&checked.files);
        }
        let locked = |file: &Kept| self.held(&file.sha256).is_some_and(|held| held.told.locked);
        let told = |file: &Kept| Kept { locked: file.locked || (file.referred && locked(file)), ..file.clone() };
        checked.files.iter().map(told).collect()
    }

    /// Tries all items of a message in their order.
    pub(super) fn items(&mut self, booked: &Booked<'_>, checked: &Checked) -> Results {
        if booked.head.test() {
            return self.rehearse(booked, checked);
        }
        let Checked { items, contents, .. } = checked;
        let files = self.files(checked);
        let mut results = Results::default();
        let mut buried: Vec<(&Item, Refusal)> = Vec::new();
        for item in items {
            let decision = decide(item, &self.world, &self.setting(booked, item, &files, Place::Arrived));
            let result = match decision {
                Decision::Apply(done) => self.take(booked, item, done),
                Decision::Park(reason, case) => self.park(booked, item, reason, case),
                Decision::Refuse(refusal) => {
                    self.consume(booked, item, &refusal, Place::Arrived);
                    let result = refused(item, &refusal);
                    buried.push((item, refusal));
                    result
                }
            };
            results.set(result);
        }
        if results.0.iter().any(|item| matches!(item.result, Tried::Applied | Tried::Parked)) {
            self.out.contents.extend(contents.iter().cloned());
        }
        let shared = buried.len() > 1;
        for (item, refusal) in buried {
            let remarks = [refusal.remark(item)];
            self.bury(booked, item.number, Some(item), refusal.code, refusal.text(), &remarks, shared);
        }
        results
    }

    /// A test: tried on a copy of the world, changing nothing.
    fn rehearse(&mut self, booked: &Booked<'_>, checked: &Checked) -> Results {
        let mut world = self.world.clone();
        let files = self.files(checked);
        let mut results = Results::default();
        for item in &checked.items {
            let decision = decide(item, &world, &self.setting(booked, item, &files, Place::Arrived));
            results.set(match decision {
                Decision::Apply(done) => {
                    done.changes.iter().for_each(|change| world.absorb(change));
                    told(item, Tried::Test, done.remark)
                }
                Decision::Park(reason, key) => {
                    let refusal = reason.refusal(&key);
                    told(item, Tried::Test, Some(Remark::plain(refusal.code, refusal.text())))
                }
                Decision::Refuse(refusal) => told(item, Tried::Test, Some(refusal.remark(item))),
            });
        }
        results
    }

    pub(super) fn setting<'a>(
        &'a self,
        booked: &'a Booked<'a>,
        item: &'a Item,
        files: &'a [Kept],
        place: Place,
    ) -> Setting<'a> {
        Setting {
            context: self.context,
            system: booked.head.system().unwrap_or_default(),
            sender: &booked.head.sender,
            cause: Cause::Message(booked.seq),
            message_id: Some(&booked.head.message_id),
            item: item.number,
            files,
            place,
            test: booked.head.test(),
        }
    }

    /// Takes an item's changes in.
    pub(super) fn take(&mut self, booked: &Booked<'_>, item: &Item, done: super::Done) -> ItemResult {
        let numbered = numbered(item, &done);
        self.out.writes.audit.extend(journal::rows(
            &done,
            &self.world,
            self.context.lifecycles,
            &journal::Source::Message(booked.head),
        ));
        let remark = done.remark.clone();
        let because = Because {
            cause: Cause::Message(booked.seq),
            source: (booked.head.sender.clone(), booked.head.message_id.clone()),
            item: item.number,
            traceparent: booked.head.properties.traceparent().map(str::to_owned),
        };
        self.absorb(done, &because);
        ItemResult { case: numbered, ..told(item, Tried::Applied, remark) }
    }

    /// Takes changes in, whatever made them, what people are to be told of, and what goes out.
    pub(super) fn absorb(&mut self, done: super::Done, because: &Because) {
        for change in &done.changes {
            self.world.absorb(change);
            match change {
                Change::Case(case) if case.id.is_none() => self.out.writes.woken.push(case.key.clone()),
                Change::Sequence(_, key, _) => self.out.writes.woken.push(key.clone()),
                _ => {}
            }
        }
        self.out.writes.changes.extend(done.changes);
        self.out.contents.extend(done.contents);
        self.out.writes.noticed.extend(done.events.into_iter().map(|event| because.noticed(event)));
        let leaving = done.outgoing.into_iter().enumerate().map(|(step, outgoing)| because.leaving(step, outgoing));
        self.out.leaving.extend(leaving);
    }

    fn park(&mut self, booked: &Booked<'_>, item: &Item, reason: super::Wait, case: CaseKey) -> ItemResult {
        if item.command.sequence().is_none() {
            self.world.waiting.entry(case.clone()).or_default().insert(NEW_WAITING);
        }
        let now = self.context.now;
        self.out.writes.parked.push(ParkedRow {
            message: booked.seq,
            item: item.number,
            reason: reason.as_str(),
            sender: booked.head.sender.clone(),
            case,
            sequence: item.command.sequence(),
            parked_at: now,
            due_at: now + self.context.delay(1),
            give_up_at: now + self.context.patience,
        });
        told(item, Tried::Parked, None)
    }

    /// A refused item uses its sequence number up, so that the next ones need not wait for it; but one that was only
    /// refused because numbers before it are missing, or because its own was used, does not. Nor does one that an operator tried out
    /// of its turn: the numbers before it may still come.
    pub(super) fn consume(&mut self, booked: &Booked<'_>, item: &Item, refusal: &Refusal, place: Place) {
        let Some(number) = item.command.sequence() else { return };
        if matches!(refusal.code, Code::SequenceGap | Code::SequenceUsed) {
            return;
        }
        let key = (booked.head.sender.clone(), self.case_key(booked, item));
        if place == Place::Replayed && number != self.world.sequences.get(&key).copied().unwrap_or(0) + 1 {
            return;
        }
        let change = Change::Sequence(key.0, key.1, number);
        self.world.absorb(&change);
        if let Change::Sequence(_, key, _) = &change {
            self.out.writes.woken.push(key.clone());
        }
        self.out.writes.changes.push(change);
    }
}

fn inbox_row(
    booked: &Booked<'_>,
    results: &Results,
    (outcome, code): (Outcome, Option<Code>),
    raw_offset: Option<usize>,
    settled_at: Option<DateTime<Utc>>,
) -> InboxRow {
    let head = booked.head;
    let family = head.family.as_deref();
    InboxRow {
        seq: booked.seq,
        sender: head.sender.clone(),
        message_id: head.message_id.clone(),
        hash: head.hash,
        system: family.map(|family| family.system.clone()),
        kind: family.map(|family| family.kind.clone()),
        version: family.map(|family| family.version.clone()),
        rules: family.map(|family| family.rules.clone()),
        outcome,
        code,
        test: head.test(),
        source: head.origin.source(),
        raw_offset,
        raw_length: booked.body.len(),
        properties: properties_json(head),
        notes: (!head.notes.is_empty()).then(|| serde_json::json!(head.notes).to_string()),
        items: results.to_json(),
        reply: head.reply.clone(),
        received_at: head.received_at,
        settled_at,
    }
}

fn told(item: &Item, result: Tried, remark: Option<Remark>) -> ItemResult {
    ItemResult {
        number: item.number,
        case: item.command.case_number().to_owned(),
        sequence: item.command.sequence(),
        result,
        remark,
    }
}

/// The number of the item's case: the message's own, or the one that the case was given.
fn numbered(item: &Item, done: &super::Done) -> String {
    let given = || {
        done.changes.iter().find_map(|change| match change {
            Change::History(row) if row.entry == Entry::Opened => Some(row.case.number.clone()),
            _ => None,
        })
    };
    let own = item.command.case_number();
    if own.is_empty() { given().unwrap_or_default() } else { own.to_owned() }
}

fn refused(item: &Item, refusal: &Refusal) -> ItemResult {
    told(item, Tried::Refused, Some(refusal.remark(item)))
}
