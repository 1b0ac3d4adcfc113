//! A stored message tried again: parked items that are due, dead letters that an operator replays. The same decisions as
//! at first, told to the known message, each with an attempt of its own.

use std::sync::Arc;

use super::bury::remarks_json;
use super::results::{ItemResult, Results, Tried};
use super::rows::{AttemptRow, AuditRow, Claim, DeadLetterClosing, Outcome, ParkedAgain, Resettled};
use super::settle::{Booked, Fold, WholeRefusal};
use super::world::CaseKey;
use super::{Decision, Place, Wait, decide};
use crate::admit::{Checked, ClaimKey, Head, Prepared, Rejected, Remark};
use crate::binding::Item;
use crate::intake::{Again, Why};
use crate::outcome::Code;

impl Fold<'_> {
    /// A stored message, whole or one item of it, tried again.
    pub(super) fn again(&mut self, message: &Prepared, again: &Again) {
        let Some(stored) = self.known.stored.get(&again.message) else { return };
        if !stored.live.contains(&again.item.unwrap_or(0)) {
            return;
        }
        let Prepared { head, body, verdict } = message;
        let own = if again.item.is_none() { self.claim(head, again) } else { Ok(None) };
        let conflict;
        let (head, verdict) = match &own {
            Ok(None) => (head, verdict),
            Ok(Some(claimed)) => (claimed, verdict),
            Err(rejected) => {
                conflict = Arc::new(Err(rejected.clone()));
                (head, &conflict)
            }
        };
        let booked = Booked { head, seq: again.message, item: again.item.unwrap_or(0), attempt: again.attempt, body };
        match again.item {
            None => self.replay_whole(&booked, again, verdict),
            Some(number) => self.retry_item(&booked, again, number, verdict),
        }
    }

    /// A message may be booked under another key than its own: because nobody vouched for its sender, its id could not be read, or
    /// other content held the id. Now it takes its own, so that the sender's repeat is one; where that is taken, it stays refused.
    fn claim(&mut self, head: &Head, again: &Again) -> Result<Option<Head>, Rejected> {
        let own = head.own_key();
        if own == ClaimKey::of(again) {
            return Ok(None);
        }
        if self.known.claims.get(&own).is_some_and(|claim| claim.seq != again.message) {
            return Err(Rejected::of(Code::MessageIdConflict, None));
        }
        self.known.claims.insert(own.clone(), Claim { seq: again.message, hash: head.hash });
        let claimed = Head { message_id: own.message_id.clone(), ..head.clone() };
        self.out.writes.rebooked.push((again.message, own));
        Ok(Some(claimed))
    }

    /// A dead letter that stands for a whole message: either it fails as a whole again, or its items are tried as
    /// they would have been at first.
    fn replay_whole(&mut self, booked: &Booked<'_>, again: &Again, verdict: &Result<Checked, Rejected>) {
        let missing = verdict.as_ref().ok().and_then(|checked| self.missing(checked));
        match missing.as_ref().map_or(verdict.as_ref(), Err) {
            Err(rejected) => {
                self.attempted(again, Outcome::Failed, Some(rejected.code));
                self.close(again, Some((rejected.code, rejected.text(), rejected.told())));
                self.result(booked, Results::default());
                self.resettle(booked, Some(rejected.into()));
            }
            Ok(checked) => {
                let results = self.items(booked, checked);
                let (outcome, code) = results.outcome();
                self.attempted(again, outcome, code);
                self.close(again, None);
                self.result(booked, results);
                self.resettle(booked, None);
            }
        }
    }

    /// One item, parked or dead before.
    fn retry_item(&mut self, booked: &Booked<'_>, again: &Again, number: u32, verdict: &Result<Checked, Rejected>) {
        let missing = verdict.as_ref().ok().and_then(|checked| self.missing(checked));
        let checked = match missing.as_ref().map_or(verdict.as_ref(), Err) {
            Ok(checked) => checked,
            Err(rejected) => {
                let place = rejected.told().into_iter().next();
                return self.end_item(booked, again, None, number, Err((rejected.code, rejected.text(), place)));
            }
        };
        let Checked { items, contents, .. } = checked;
        let files = self.files(checked);
        let Some(item) = items.iter().find(|item| item.number == number) else {
            let lost = (Code::FieldUnusable, Code::FieldUnusable.label().to_owned(), None);
            return self.end_item(booked, again, None, number, Err(lost));
        };
        let place = place(again);
        match decide(item, &self.world, &self.setting(booked, item, &files, place)) {
            Decision::Apply(done) => {
                self.out.contents.extend(contents.iter().cloned());
                let result = self.take(booked, item, done);
                self.end_item(booked, again, Some(item), number, Ok(result));
            }
            Decision::Refuse(refusal) => {
                self.consume(booked, item, &refusal, place);
                let told = (refusal.code, refusal.text(), Some(refusal.remark(item)));
                self.end_item(booked, again, Some(item), number, Err(told));
            }
            Decision::Park(reason, key) => self.wait_on(booked, again, item, (reason, &key)),
        }
    }

    /// A parked item waits on until its patience ends; a replayed one is refused at once.
    fn wait_on(&mut self, booked: &Booked<'_>, again: &Again, item: &Item, (reason, key): (Wait, &CaseKey)) {
        if let Why::Parked { parked, give_up_at, tries } = again.why
            && self.context.now < give_up_at
        {
            let due_at = (self.context.now + self.context.delay(tries + 1)).min(give_up_at);
            // It may wait for another case than before.
            self.leaves(parked, Some(key));
            if item.command.sequence().is_none() {
                self.world.waiting.entry(key.clone()).or_default().insert(parked);
            }
            let case = key.clone();
            self.out.writes.parked_again.push(ParkedAgain { id: parked, reason: reason.as_str(), case, due_at });
            return;
        }
        let refusal = reason.refusal(key);
        self.consume(booked, item, &refusal, place(again));
        let told = (refusal.code, refusal.text(), Some(refusal.remark(item)));
        self.end_item(booked, again, Some(item), item.number, Err(told));
    }

    /// A parked item waits for no case any more, or for this one alone. Whatever queued behind it for another may have done so after the
    /// case was there: it is its turn now.
    fn leaves(&mut self, parked: i64, but: Option<&CaseKey>) {
        for (case, waiting) in &mut self.world.waiting {
            if Some(case) != but && waiting.remove(&parked) {
                self.out.writes.woken.push(case.clone());
            }
        }
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
        let Some(stored) = self.known.stored.get_mut(&again.message) else { return };
        let results = &mut stored.items;
        let failed = end.as_ref().err().cloned();
        let before = results.0.iter().find(|known| known.number == number).cloned();
        results.set(end.unwrap_or_else(|(code, text, remark)| ItemResult {
            number,
            case: before.as_ref().map(|known| known.case.clone()).unwrap_or_default(),
            sequence: before.as_ref().and_then(|known| known.sequence),
            result: Tried::Refused,
            // A place of the message may have a code of its own: what became of the item is told by the refusal's.
            remark: Some(remark.map_or_else(
                || Remark::plain(code, text),
                |remark| Remark { code: code.as_str().to_owned(), ..remark },
            )),
        }));
        let outcome = if failed.is_some() { Outcome::Failed } else { Outcome::Applied };
        self.attempted(again, outcome, failed.as_ref().map(|failed| failed.0));
        match (&again.why, failed) {
            (Why::Parked { parked, .. }, failed) => {
                self.out.writes.parked_gone.push(*parked);
                self.leaves(*parked, None);
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
        self.resettle(booked, None);
    }

    /// Tells a known message's outcome anew, and answers once nothing of it waits. Its results go into the row when all of the batch is
    /// folded.
    fn resettle(&mut self, booked: &Booked<'_>, refusal: Option<WholeRefusal>) {
        let Some(stored) = self.known.stored.get(&booked.seq) else { return };
        let (outcome, code) = match &refusal {
            Some(refusal) => (Outcome::Failed, Some(refusal.code)),
            None => stored.items.outcome(),
        };
        let settled = outcome != Outcome::Parked;
        let waited = stored.outcome == Outcome::Parked;
        let answered = settled.then(|| stored.items.clone());
        let family = booked.head.family.as_deref();
        self.out.writes.resettled.retain(|row| row.seq != booked.seq);
        self.out.writes.resettled.push(Resettled {
            seq: booked.seq,
            waited,
            outcome,
            code,
            kind: family.map(|family| (family.system.clone(), family.kind.clone(), family.version.clone())),
            rules: family.map(|family| family.rules.clone()),
            items: String::new(),
            settled_at: settled.then_some(self.context.now),
            // The block that the bytes arrived in may be gone while this waits.
            kept: !settled && booked.item == 0,
        });
        if !settled && booked.item == 0 {
            self.keep_body(booked);
        }
        if let Some(results) = answered {
            self.answer(booked, outcome, refusal, results);
        }
    }

    fn result(&mut self, booked: &Booked<'_>, results: Results) {
        if let Some(stored) = self.known.stored.get_mut(&booked.seq) {
            stored.items = results;
        }
    }

    /// The results of all messages that were told anew, into their rows.
    pub(super) fn write_results(&mut self) {
        for row in &mut self.out.writes.resettled {
            if let Some(stored) = self.known.stored.get(&row.seq) {
                row.items = stored.items.to_json();
            }
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
}

/// From where a stored item comes to be tried.
fn place(again: &Again) -> Place {
    match again.why {
        Why::Parked { parked, .. } => Place::Parked(parked),
        Why::Replay { .. } => Place::Replayed,
    }
}
