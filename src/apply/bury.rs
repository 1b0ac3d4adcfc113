//! What is kept of a failure and what is answered: dead letters with their whole body, and the receipt that is owed.

use std::sync::Arc;

use super::results::Results;
use super::rows::{DeadLetterBody, DeadLetterRow, Outcome};
use super::settle::{Booked, Fold, Receipt, WholeRefusal};
use crate::admit::{Head, Remark};
use crate::binding::Item;
use crate::outcome::Code;

impl Fold<'_> {
    /// Keeps a failed message or item, whole and with why.
    #[expect(clippy::too_many_arguments, reason = "each is a column of the dead letter")]
    pub(super) fn bury(
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
        let lost = head.origin.lost();
        let body = match lost {
            // Whoever finds the bytes puts them there, and replays it.
            Some(lost) => DeadLetterBody::Content(lost.sha256.clone()),
            None => self.kept_body(booked, shared),
        };
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
            size: lost.map_or(booked.body.len(), |lost| lost.bytes),
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

    pub(super) fn answer(
        &mut self,
        booked: &Booked<'_>,
        outcome: Outcome,
        refusal: Option<WholeRefusal>,
        items: Results,
    ) {
        let head = booked.head;
        let address = match self.known.stored.get(&booked.seq) {
            Some(stored) => stored.reply.clone().or_else(|| head.reply.clone()),
            None => head.reply.clone(),
        };
        let Some(address) = address else { return };
        // Only of what is tried again may there be one already.
        if self.known.stored.contains_key(&booked.seq) {
            self.out.receipts.retain(|receipt| receipt.message != booked.seq);
        }
        self.out.receipts.push(Receipt {
            message: booked.seq,
            sender: head.sender.clone(),
            message_id: head.message_id.clone(),
            own_id: head.own_id.clone(),
            address,
            correlation: head.envelope.correlation_id.clone().or_else(|| head.properties.correlation_id.clone()),
            traceparent: head.properties.traceparent().map(str::to_owned),
            system: head.system().map(str::to_owned),
            queue_system: head.queue_system().map(str::to_owned),
            kind: head.family.as_ref().map(|family| family.kind.clone()),
            test: head.test(),
            outcome,
            refusal,
            items,
            settled_at: self.context.now,
            item: booked.item,
            attempt: booked.attempt,
        });
    }
}

pub(super) fn properties_json(head: &Head) -> String {
    serde_json::to_string(&head.properties).unwrap_or_else(|_| "{}".to_owned())
}

pub(super) fn remarks_json(remarks: &[Remark]) -> String {
    serde_json::to_string(remarks).unwrap_or_else(|_| "[]".to_owned())
}
