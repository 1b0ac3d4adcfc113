//! Documents of a life: uploads and new versions from the portal; requests, verdicts and signature marks from the agency, along the
//! documents' own lifecycle.

use chrono::{DateTime, Utc};

use super::Sample;
use super::draft::{Draft, Kind, attachment};
use super::files::{PNG, pdf};
use super::life::{Life, coded, day, moment};
use super::template::Record;
use crate::domain::lifecycle::{Attribute, Due, Requirement};

/// A document of a case.
#[derive(Debug, Clone)]
pub(super) struct Paper {
    kind: String,
    number: String,
    state: String,
    signed: bool,
}

/// What an exchange does.
enum Turn {
    /// A new document comes.
    Upload,
    /// A new version of a document comes.
    Replace(usize),
    /// A document is judged: the verdict, and the state that it leads to.
    Judge(usize, Record, String),
    /// A document is marked signed.
    Sign(usize),
    /// Documents are asked for.
    Request,
}

impl Sample<'_> {
    /// An exchange of documents of a life that has been applied for.
    pub(super) fn exchange(&mut self, life: &mut Life) -> Draft {
        let at = self.now().max(life.since);
        let turn = self.turn(life);
        let from_portal = matches!(turn, Turn::Upload | Turn::Replace(_));
        let sender = if from_portal { self.plan.portal.clone() } else { life.agency.clone() };
        let mut draft = Draft::new(&sender, Kind::Exchange, Vec::new());
        let mut item = Record::default();
        item.set("case_number", &life.number);
        item.set("happened_at", moment(at));
        item.set("agency", &sender);
        match turn {
            Turn::Upload => {
                let card = self.upload(life, 0, &mut draft);
                item.list("documents", card.into_iter().collect());
            }
            Turn::Replace(nth) => {
                let paper = life.papers[nth].clone();
                let card = self.card(life, &paper.kind, &paper.number, 0, &mut draft);
                item.list("documents", card.into_iter().collect());
                life.papers[nth] = Paper { state: self.documents.start().code.clone(), signed: false, ..paper };
            }
            Turn::Judge(nth, verdict, state) => {
                item.list("verdicts", vec![verdict]);
                life.papers[nth].state = state;
            }
            Turn::Sign(nth) => {
                let owner = self.aside().named("officer");
                item.list("signatures", vec![mark(&life.papers[nth], at, owner)]);
                life.papers[nth].signed = true;
            }
            Turn::Request => {
                let request = self.request(at);
                item.list("requests", vec![request]);
            }
        }
        if !from_portal {
            life.numbered(&mut item);
        }
        draft.items.push(item);
        draft
    }

    fn turn(&mut self, life: &Life) -> Turn {
        let nth = self.random.below(life.papers.len());
        match (self.random.below(5), life.papers.get(nth)) {
            (0, Some(_)) => Turn::Replace(nth),
            (1 | 2, Some(paper)) => match self.verdict(paper) {
                Some((verdict, state)) => Turn::Judge(nth, verdict, state),
                None => Turn::Upload,
            },
            (3, Some(paper)) if !paper.signed => Turn::Sign(nth),
            (4, _) => Turn::Request,
            _ => Turn::Upload,
        }
    }

    /// A new document: its card; its file goes to the draft's attachments.
    pub(super) fn upload(&mut self, life: &mut Life, nth: usize, draft: &mut Draft) -> Option<Record> {
        let kind = self.random.pick(&self.lifecycle.documents()?.types)?.code.clone();
        let number = format!("Д-{}", life.papers.len() + 1);
        let card = self.card(life, &kind, &number, nth, draft)?;
        let state = self.documents.start().code.clone();
        life.papers.push(Paper { kind, number, state, signed: false });
        Some(card)
    }

    fn card(&mut self, life: &Life, kind: &str, number: &str, nth: usize, draft: &mut Draft) -> Option<Record> {
        let rules = self.lifecycle.documents()?;
        let own = rules.document_type(kind)?;
        let content_id = format!("doc-{}", nth + 1);
        let (mut card, mut voice) = (Record::default(), self.aside());
        card.set("content_id", &content_id);
        card.set("type", kind);
        card.set("title", &own.label);
        card.set("number", number);
        for attribute in &own.requires {
            match attribute {
                Attribute::Series => card.set("series", voice.named("series")),
                Attribute::Number => {}
                Attribute::IssuedOn => card.set("issued_on", voice.named("issued_on")),
                Attribute::ValidUntil => card.set("valid_until", voice.named("valid_until")),
                Attribute::Purpose => card.set("purpose", voice.named("purpose")),
                Attribute::Signature => card.set("signature", "qualified"),
                Attribute::Issuer => card.set("issuer", voice.named("issuer")),
            }
        }
        let formats = if own.formats.is_empty() { &rules.formats } else { &own.formats };
        let picture = formats.iter().any(|format| format == "image/png") && self.random.chance(250);
        draft.attachments.push(if picture {
            attachment(&content_id, &format!("{} {}.png", own.label, nth + 1), "image/png", PNG)
        } else {
            let file = pdf(&format!("{kind} of {} v{}", life.number, self.random.below(1000)));
            attachment(&content_id, &format!("{} {}.pdf", own.label, nth + 1), "application/pdf", &file)
        });
        Some(card)
    }

    /// A verdict that the document's state allows, and where it leads; none where only time moves the document.
    fn verdict(&mut self, paper: &Paper) -> Option<(Record, String)> {
        let documents = self.documents;
        let from = documents.status(&paper.state)?;
        let by_time = |to: &str| {
            from.timers.iter().any(|timer| {
                timer.due == Due::Validity
                    && documents.timer_target(from, timer, None).is_some_and(|target| target.code == to)
            })
        };
        let ways: Vec<&String> = from.next.iter().filter(|to| !by_time(to)).collect();
        let to = documents.status(self.random.pick(&ways)?)?;
        let mut verdict = Record::default();
        verdict.set("type", &paper.kind);
        verdict.set("number", &paper.number);
        verdict.set("verdict", &to.code);
        if to.requires.contains(&Requirement::Reasons) {
            let known: Vec<_> = documents.reasons().iter().filter(|one| one.statuses.contains(&to.code)).collect();
            let reason = self.random.pick(&known)?;
            verdict.set("code", &reason.code);
            verdict.set("text", &reason.label);
        }
        Some((verdict, to.code.clone()))
    }

    fn request(&mut self, at: DateTime<Utc>) -> Record {
        let types = self.lifecycle.documents().map_or(&[][..], |rules| &rules.types);
        let wanted = (0..=self.random.below(2)).filter_map(|_| {
            let kind = self.random.pick(types)?;
            let mut wanted = coded("", &kind.label);
            wanted.set("type", &kind.code);
            Some(wanted)
        });
        let wanted = wanted.collect();
        let mut request = Record::default();
        request.set("due", day(at, 14 + self.random.below(30)));
        request.list("wanted", wanted);
        request
    }
}

/// A mark that a document is signed.
fn mark(paper: &Paper, at: DateTime<Utc>, owner: String) -> Record {
    let mut mark = Record::default();
    mark.set("type", &paper.kind);
    mark.set("number", &paper.number);
    mark.set("kind", "qualified");
    mark.set("signed_at", moment(at));
    mark.set("certificate", "00A1B2C3D4E5F607");
    mark.set("owner", owner);
    mark
}
