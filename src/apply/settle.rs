//! A batch, folded: message by message, item by item, over the facts and the changes so far. What comes out is
//! everything that the store will write and everything that is owed, decided before the first row is written.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::results::{ItemResult, Results, Tried};
use super::rows::{
    AttemptRow, AuditRow, Claim, DeadLetterBody, DeadLetterClosing, DeadLetterRow, InboxRow, Outcome, ParkedAgain,
    ParkedRow, Resettled, Stored, WriteSet,
};
use super::world::{CaseKey, NEW_WAITING, World};
use super::{Context, Decision, Event, Place, Refusal, Setting, decide};
use crate::admit::{Checked, ClaimKey, Head, Prepared, Rejected, Remark};
use crate::apply::Change;
use crate::binding::Item;
use crate::intake::{Again, Origin, Why};
use crate::outcome::Code;

/// An answer that is owed.
#[derive(Debug)]
pub struct Receipt {
    /// The inbox row of the message that is answered.
    pub message: i64,
    /// Who sent it.
    pub sender: String,
    /// Its id.
    pub message_id: String,
    /// Where the answer goes: `queue:NAME` or `file:PATH`.
    pub address: String,
    /// The sender's mark of the conversation.
    pub correlation: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// System, where it is known.
    pub system: Option<String>,
    /// Kind, where it is known.
    pub kind: Option<String>,
    /// Whether it was a test.
    pub test: bool,
    /// What became of it.
    pub outcome: Outcome,
    /// Why all of it was refused.
    pub errors: Vec<Remark>,
    /// Results by item.
    pub items: Results,
    /// When it was settled.
    pub settled_at: DateTime<Utc>,
    /// The try that settled it, from 1.
    pub attempt: u32,
}

/// A notice that is owed because of an item.
#[derive(Debug)]
pub struct Noticed {
    /// The inbox row of the message.
    pub message: i64,
    /// The message's sender and id: what the notice's own id is made from.
    pub source: (String, String),
    /// The item.
    pub item: u32,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// What happened.
    pub event: Event,
}

/// What a batch comes to.
#[derive(Debug, Default)]
pub struct Settlement {
    /// What the store writes, but for the outbox and the raw block.
    pub writes: WriteSet,
    /// Answers that are owed.
    pub receipts: Vec<Receipt>,
    /// Notices that are owed.
    pub notices: Vec<Noticed>,
    /// Contents to keep before the commit: SHA-256 and bytes.
    pub contents: Vec<(String, Arc<Vec<u8>>)>,
    /// Which messages of the batch go into its raw block, in the order of their inbox rows.
    pub raw: Vec<usize>,
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
    let mut out = Settlement::default();
    out.writes.now = context.now;
    let mut fold = Fold { context, world, known, raw_offset: 0, out };
    for (index, message) in batch.iter().enumerate() {
        match &message.head.origin {
            Origin::Store(again) => fold.again(message, again),
            _ => fold.arrived(index, message),
        }
    }
    fold.out
}

struct Fold<'a> {
    context: &'a Context<'a>,
    world: World,
    known: Known,
    raw_offset: usize,
    out: Settlement,
}

/// The message of which items are tried.
struct Booked<'a> {
    head: &'a Head,
    seq: i64,
    attempt: u32,
    body: &'a Arc<Vec<u8>>,
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
        let booked = Booked { head, seq, attempt: 1, body };
        let (results, errors) = self.judge(&booked, verdict);
        let (outcome, code) = match errors.0 {
            Some(code) => (Outcome::Failed, Some(code)),
            None => results.outcome(),
        };
        let settled = outcome != Outcome::Parked;
        let raw_offset = self.raw(index, &booked);
        let row = inbox_row(&booked, &results, (outcome, code), raw_offset, settled.then_some(self.context.now));
        self.out.writes.inbox.push(row);
        if settled {
            self.answer(&booked, outcome, errors.1, results);
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

    fn is_long(&self, booked: &Booked<'_>) -> bool {
        booked.body.len() > self.context.dead_letter_inline_bytes_max
    }

    /// Puts the body among the contents to keep, and gives its name there.
    fn keep_body(&mut self, booked: &Booked<'_>) -> String {
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
                self.out.writes.repeats.push((claim.seq, self.context.now));
                true
            }
            _ => false,
        }
    }

    /// Tries all items of a message, or buries it whole. Gives the results, and why all of it was refused.
    fn judge(
        &mut self,
        booked: &Booked<'_>,
        verdict: &Result<Checked, Rejected>,
    ) -> (Results, (Option<Code>, Vec<Remark>)) {
        match verdict {
            Ok(checked) => (self.items(booked, checked), (None, Vec::new())),
            Err(rejected) => {
                self.bury(booked, 0, None, rejected.code, rejected.text(), &rejected.told(), false);
                (Results::default(), (Some(rejected.code), rejected.told()))
            }
        }
    }

    /// Tries all items of a message in their order.
    fn items(&mut self, booked: &Booked<'_>, checked: &Checked) -> Results {
        if booked.head.test() {
            return self.rehearse(booked, checked);
        }
        let Checked { items, files, contents } = checked;
        let mut results = Results::default();
        let mut buried: Vec<(&Item, Refusal)> = Vec::new();
        for item in items {
            let decision = decide(item, &self.world, &self.setting(booked, item, files, Place::Arrived));
            let result = match decision {
                Decision::Apply(done) => self.take(booked, item, done),
                Decision::Park(reason) => self.park(booked, item, reason),
                Decision::Refuse(refusal) => {
                    self.consume(booked, item, &refusal);
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
        let mut results = Results::default();
        for item in &checked.items {
            let decision = decide(item, &world, &self.setting(booked, item, &checked.files, Place::Arrived));
            results.set(match decision {
                Decision::Apply(done) => {
                    done.changes.iter().for_each(|change| world.absorb(change));
                    told(item, Tried::Test, done.remark)
                }
                Decision::Park(reason) => {
                    told(item, Tried::Test, Some(Remark::plain(reason.code(), reason.code().label().to_owned())))
                }
                Decision::Refuse(refusal) => told(item, Tried::Test, Some(refusal.remark(item))),
            });
        }
        results
    }

    fn setting<'a>(
        &'a self,
        booked: &'a Booked<'a>,
        item: &'a Item,
        files: &'a [crate::admit::Kept],
        place: Place,
    ) -> Setting<'a> {
        Setting {
            context: self.context,
            system: booked.head.system().unwrap_or_default(),
            sender: &booked.head.sender,
            message: booked.seq,
            item: item.number,
            files,
            place,
        }
    }

    /// Takes an item's changes in.
    fn take(&mut self, booked: &Booked<'_>, item: &Item, done: super::Done) -> ItemResult {
        for change in &done.changes {
            self.world.absorb(change);
            match change {
                Change::Case(case) if case.id.is_none() => self.out.writes.woken.push(case.key.clone()),
                Change::Sequence(_, key, _) => self.out.writes.woken.push(key.clone()),
                _ => {}
            }
        }
        self.out.writes.changes.extend(done.changes);
        self.out.notices.extend(done.events.into_iter().map(|event| Noticed {
            message: booked.seq,
            source: (booked.head.sender.clone(), booked.head.message_id.clone()),
            item: item.number,
            traceparent: booked.head.properties.traceparent().map(str::to_owned),
            event,
        }));
        told(item, Tried::Applied, done.remark)
    }

    fn park(&mut self, booked: &Booked<'_>, item: &Item, reason: super::Wait) -> ItemResult {
        let case = self.case_key(booked, item);
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
    /// refused because numbers before it are missing, or because its own was used, does not.
    fn consume(&mut self, booked: &Booked<'_>, item: &Item, refusal: &Refusal) {
        let Some(number) = item.command.sequence() else { return };
        if matches!(refusal.code, Code::SequenceGap | Code::SequenceUsed) {
            return;
        }
        let change = Change::Sequence(booked.head.sender.clone(), self.case_key(booked, item), number);
        self.world.absorb(&change);
        if let Change::Sequence(_, key, _) = &change {
            self.out.writes.woken.push(key.clone());
        }
        self.out.writes.changes.push(change);
    }

    fn case_key(&self, booked: &Booked<'_>, item: &Item) -> CaseKey {
        CaseKey {
            system: booked.head.system().unwrap_or_default().to_owned(),
            number: item.command.case_number().to_owned(),
        }
    }

    /// A stored message, whole or one item of it, tried again.
    fn again(&mut self, message: &Prepared, again: &Again) {
        let Some(stored) = self.known.stored.get(&again.message) else { return };
        if !stored.live.contains(&again.item.unwrap_or(0)) {
            return;
        }
        let Prepared { head, body, verdict } = message;
        let booked = Booked { head, seq: again.message, attempt: again.attempt, body };
        match again.item {
            None => self.replay_whole(&booked, again, verdict),
            Some(number) => self.retry_item(&booked, again, number, verdict),
        }
    }

    /// A dead letter that stands for a whole message: either it fails as a whole again, or its items are tried as
    /// they would have been at first.
    fn replay_whole(&mut self, booked: &Booked<'_>, again: &Again, verdict: &Result<Checked, Rejected>) {
        match verdict {
            Err(rejected) => {
                self.attempted(again, Outcome::Failed, Some(rejected.code));
                self.close(again, Some((rejected.code, rejected.text(), rejected.told())));
                self.resettle(booked, Results::default(), Some((rejected.code, rejected.told())));
            }
            Ok(checked) => {
                let results = self.items(booked, checked);
                let (outcome, code) = results.outcome();
                self.attempted(again, outcome, code);
                self.close(again, None);
                self.resettle(booked, results, None);
            }
        }
    }

    /// One item, parked or dead before.
    fn retry_item(&mut self, booked: &Booked<'_>, again: &Again, number: u32, verdict: &Result<Checked, Rejected>) {
        let checked = match verdict {
            Ok(checked) => checked,
            Err(rejected) => {
                let remark = rejected.told().into_iter().next();
                return self.end_item(booked, again, None, number, Err((rejected.code, rejected.text(), remark)));
            }
        };
        let Checked { items, files, contents } = checked;
        let Some(item) = items.iter().find(|item| item.number == number) else {
            let lost = (Code::FieldUnusable, Code::FieldUnusable.label().to_owned(), None);
            return self.end_item(booked, again, None, number, Err(lost));
        };
        let place = match again.why {
            Why::Parked { parked, .. } => Place::Parked(parked),
            Why::Replay { .. } => Place::Replayed,
        };
        match decide(item, &self.world, &self.setting(booked, item, files, place)) {
            Decision::Apply(done) => {
                self.out.contents.extend(contents.iter().cloned());
                let result = self.take(booked, item, done);
                self.end_item(booked, again, Some(item), number, Ok(result));
            }
            Decision::Refuse(refusal) => {
                self.consume(booked, item, &refusal);
                let told = (refusal.code, refusal.text(), Some(refusal.remark(item)));
                self.end_item(booked, again, Some(item), number, Err(told));
            }
            Decision::Park(reason) => self.wait_on(booked, again, item, reason),
        }
    }

    /// A parked item waits on until its patience ends; a replayed one is refused at once.
    fn wait_on(&mut self, booked: &Booked<'_>, again: &Again, item: &Item, reason: super::Wait) {
        if let Why::Parked { parked, give_up_at, tries } = again.why
            && self.context.now < give_up_at
        {
            let due_at = (self.context.now + self.context.delay(tries + 1)).min(give_up_at);
            self.out.writes.parked_again.push(ParkedAgain { id: parked, reason: reason.as_str(), due_at });
            return;
        }
        let refusal = Refusal::of(reason.code());
        self.consume(booked, item, &refusal);
        let told = (refusal.code, refusal.text(), Some(refusal.remark(item)));
        self.end_item(booked, again, Some(item), item.number, Err(told));
    }

    /// An item's waiting, or its dead letter's, has come to an end or to another failure.
    fn end_item(
        &mut self,
        booked: &Booked<'_>,
        again: &Again,
        item: Option<&Item>,
        number: u32,
        end: Result<ItemResult, (Code, String, Option<Remark>)>,
    ) {
        let Some(stored) = self.known.stored.get(&again.message) else { return };
        let mut results = Results::from_json(&stored.items);
        let failed = end.as_ref().err().cloned();
        let before = results.0.iter().find(|known| known.number == number).cloned();
        results.set(end.unwrap_or_else(|(code, text, remark)| ItemResult {
            number,
            case: before.as_ref().map(|known| known.case.clone()).unwrap_or_default(),
            sequence: before.as_ref().and_then(|known| known.sequence),
            result: Tried::Refused,
            remark: Some(remark.unwrap_or_else(|| Remark::plain(code, text))),
        }));
        let outcome = if failed.is_some() { Outcome::Failed } else { Outcome::Applied };
        self.attempted(again, outcome, failed.as_ref().map(|failed| failed.0));
        match (&again.why, failed) {
            (Why::Parked { parked, .. }, failed) => {
                self.out.writes.parked_gone.push(*parked);
                for waiting in self.world.waiting.values_mut() {
                    waiting.remove(parked);
                }
                if let Some((code, text, remark)) = failed {
                    let remarks: Vec<Remark> = remark.into_iter().collect();
                    self.bury(booked, number, item, code, text, &remarks, false);
                }
            }
            (Why::Replay { .. }, None) => self.close(again, None),
            (Why::Replay { .. }, Some((code, text, remark))) => {
                self.close(again, Some((code, text, remark.into_iter().collect())));
            }
        }
        self.resettle(booked, results, None);
    }

    /// Tells a known message's outcome anew, and answers once nothing of it waits.
    fn resettle(&mut self, booked: &Booked<'_>, results: Results, whole: Option<(Code, Vec<Remark>)>) {
        let (outcome, code) = match &whole {
            Some((code, _)) => (Outcome::Failed, Some(*code)),
            None => results.outcome(),
        };
        let settled = outcome != Outcome::Parked;
        let family = booked.head.family.as_deref();
        let items = results.to_json();
        if let Some(stored) = self.known.stored.get_mut(&booked.seq) {
            stored.items.clone_from(&items);
        }
        self.out.writes.resettled.retain(|row| row.seq != booked.seq);
        self.out.writes.resettled.push(Resettled {
            seq: booked.seq,
            outcome,
            code,
            kind: family.map(|family| (family.system.clone(), family.kind.clone(), family.version.clone())),
            rules: family.map(|family| family.rules.clone()),
            items,
            settled_at: settled.then_some(self.context.now),
        });
        if settled {
            let errors = whole.map(|(_, remarks)| remarks).unwrap_or_default();
            self.answer(booked, outcome, errors, results);
        }
    }

    fn attempted(&mut self, again: &Again, result: Outcome, code: Option<Code>) {
        let (origin, actor, dead_letter) = match &again.why {
            Why::Parked { .. } => ("parked", "daemon".to_owned(), None),
            Why::Replay { dead_letter, actor } => ("replay", actor.clone(), Some(*dead_letter)),
        };
        self.out.writes.attempts.push(AttemptRow {
            message: again.message,
            item: again.item.unwrap_or(0),
            attempt: again.attempt,
            origin,
            actor: actor.clone(),
            dead_letter,
            at: self.context.now,
            result,
            code: if result == Outcome::Failed { code } else { None },
        });
        if let Some(id) = dead_letter {
            self.out.writes.audit.push(AuditRow {
                at: self.context.now,
                actor,
                action: "dead-letter.replay",
                subject: format!("dead-letter:{id}"),
                before: None,
                after: Some(format!("{{\"result\":\"{}\"}}", result.as_str())),
            });
        }
    }

    fn close(&mut self, again: &Again, failed: Option<(Code, String, Vec<Remark>)>) {
        let Why::Replay { dead_letter, actor } = &again.why else { return };
        let violations = failed.as_ref().map(|failed| remarks_json(&failed.2));
        self.out.writes.dead_letters_closed.push(DeadLetterClosing {
            id: *dead_letter,
            replayed: failed.is_none(),
            code: failed.as_ref().map(|failed| failed.0),
            reason: failed.map(|failed| failed.1),
            violations,
            actor: actor.clone(),
            at: self.context.now,
        });
    }

    /// Keeps a failed message or item, whole and with why.
    #[expect(clippy::too_many_arguments, reason = "each is a column of the dead letter")]
    fn bury(
        &mut self,
        booked: &Booked<'_>,
        number: u32,
        item: Option<&Item>,
        code: Code,
        reason: String,
        remarks: &[Remark],
        shared: bool,
    ) {
        let head = booked.head;
        let body = self.kept_body(booked, shared);
        self.out.writes.dead_letters.push(DeadLetterRow {
            message: booked.seq,
            item: number,
            code,
            reason,
            violations: remarks_json(remarks),
            sender: head.sender.clone(),
            message_id: head.message_id.clone(),
            system: head.system().map(str::to_owned),
            kind: head.family.as_ref().map(|family| family.kind.clone()),
            case_number: item.map(|item| item.command.case_number().to_owned()),
            source: head.origin.source(),
            properties: properties_json(head),
            size: booked.body.len(),
            body,
            died_at: self.context.now,
            attempts: booked.attempt,
        });
    }

    /// A long body, or one that several dead letters share, lies outside the tables.
    fn kept_body(&mut self, booked: &Booked<'_>, shared: bool) -> DeadLetterBody {
        if shared || self.is_long(booked) {
            return DeadLetterBody::Content(self.keep_body(booked));
        }
        DeadLetterBody::Inline(Arc::clone(booked.body))
    }

    fn answer(&mut self, booked: &Booked<'_>, outcome: Outcome, errors: Vec<Remark>, items: Results) {
        let head = booked.head;
        let address = match self.known.stored.get(&booked.seq) {
            Some(stored) => stored.reply.clone().or_else(|| head.reply.clone()),
            None => head.reply.clone(),
        };
        let Some(address) = address else { return };
        self.out.receipts.retain(|receipt| receipt.message != booked.seq);
        self.out.receipts.push(Receipt {
            message: booked.seq,
            sender: head.sender.clone(),
            message_id: head.message_id.clone(),
            address,
            correlation: head.envelope.correlation_id.clone().or_else(|| head.properties.correlation_id.clone()),
            traceparent: head.properties.traceparent().map(str::to_owned),
            system: head.system().map(str::to_owned),
            kind: head.family.as_ref().map(|family| family.kind.clone()),
            test: head.test(),
            outcome,
            errors,
            items,
            settled_at: self.context.now,
            attempt: booked.attempt,
        });
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

fn properties_json(head: &Head) -> String {
    serde_json::to_string(&head.properties).unwrap_or_else(|_| "{}".to_owned())
}

fn remarks_json(remarks: &[Remark]) -> String {
    serde_json::to_string(remarks).unwrap_or_else(|_| "[]".to_owned())
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

fn refused(item: &Item, refusal: &Refusal) -> ItemResult {
    told(item, Tried::Refused, Some(refusal.remark(item)))
}
