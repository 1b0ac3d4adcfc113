//! Documents of a life whose messages come from templates: uploads and new versions from the portal; requests, verdicts and signature
//! marks from the agency, along the documents' own lifecycle.

use chrono::{DateTime, Utc};

use super::Sample;
use super::draft::{Draft, Kind, attachment};
use super::files::{PNG, pdf};
use super::folder::{Leads, Paper, Turn, Verdict};
use super::life::{Life, coded, day, moment};
use super::template::Record;
use crate::domain::lifecycle::{Attribute, DocumentType};

impl<'l> Sample<'l> {
    /// An exchange of documents of a life that has been applied for; none where it would move the case nobody knows where to.
    pub(super) fn exchange(&mut self, life: &mut Life) -> Option<Draft> {
        let rules = self.lifecycle.documents()?;
        let types: Vec<&'l DocumentType> = rules.types.iter().collect();
        let here = self.status_of(life)?;
        let turn = life.folder.turn(here, &types, (rules, self.documents), &mut self.random)?;
        let at = self.now().max(life.since);
        let sender = if turn.is_agencys() { life.agency.clone() } else { self.plan.portal.clone() };
        let mut draft = Draft::new(&sender, Kind::Exchange, Vec::new());
        let mut item = Record::default();
        item.set("case_number", &life.number);
        item.set("happened_at", moment(at));
        item.set("agency", &sender);
        let came = self.tells(life, &turn, at, &mut (&mut item, &mut draft));
        let happened = life.folder.done(&turn, came, self.documents);
        match life.folder.leads(self.lifecycle, here, happened.as_ref()) {
            Leads::Nowhere => {}
            Leads::To(to) => {
                life.previous = life.status.replace(to.code.clone());
                life.since = at;
            }
            Leads::Unknown => return None,
        }
        if turn.is_agencys() {
            life.numbered(&mut item);
        }
        draft.items.push(item);
        Some(draft)
    }

    /// Says what an exchange does; gives the documents that come with it.
    fn tells(
        &mut self,
        life: &Life,
        turn: &Turn<'l>,
        at: DateTime<Utc>,
        (item, draft): &mut (&mut Record, &mut Draft),
    ) -> Vec<Paper> {
        let mut brought: Vec<(String, String)> = Vec::new();
        match turn {
            Turn::Upload(kind) => brought.push((kind.clone(), number(life, 0))),
            Turn::Replace(paper) => brought.push((paper.kind.clone(), paper.number.clone())),
            Turn::Deliver(kinds) => {
                brought.extend(kinds.iter().enumerate().map(|(nth, kind)| (kind.clone(), number(life, nth))));
            }
            Turn::Judge(verdicts) => item.list("verdicts", verdicts.iter().map(verdict).collect()),
            Turn::Sign(paper) => {
                let owner = self.aside().named("officer");
                item.list("signatures", vec![mark(paper, at, owner)]);
            }
            Turn::Ask(types) => {
                let due = day(at, 14 + self.random.below(30));
                item.list("requests", vec![request(types, due)]);
            }
        }
        let mut came = Vec::new();
        let mut cards = Vec::new();
        for (nth, (kind, number)) in brought.iter().enumerate() {
            let Some((card, paper)) = self.card(life, kind, number, nth, draft) else { continue };
            cards.push(card);
            came.push(paper);
        }
        item.list("documents", cards);
        came
    }

    /// A new document: its card; its file goes to the draft's attachments.
    pub(super) fn upload(&mut self, life: &mut Life, nth: usize, draft: &mut Draft) -> Option<Record> {
        let kind = self.random.pick(&self.lifecycle.documents()?.types)?.code.clone();
        let (card, paper) = self.card(life, &kind, &number(life, 0), nth, draft)?;
        life.folder.keeps([paper]);
        Some(card)
    }

    fn card(
        &mut self,
        life: &Life,
        kind: &str,
        number: &str,
        nth: usize,
        draft: &mut Draft,
    ) -> Option<(Record, Paper)> {
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
        let file = if picture {
            attachment(&content_id, &format!("{} {}.png", own.label, nth + 1), "image/png", PNG)
        } else {
            let file = pdf(&format!("{kind} of {} v{}", life.number, self.random.below(1000)));
            attachment(&content_id, &format!("{} {}.pdf", own.label, nth + 1), "application/pdf", &file)
        };
        let paper = Paper::new(kind, number, file.value("media_type").unwrap_or_default());
        draft.attachments.push(file);
        Some((card, paper))
    }
}

/// The number of a new document, so many after the next one.
fn number(life: &Life, nth: usize) -> String {
    format!("Д-{}", life.folder.len() + nth + 1)
}

fn verdict(Verdict { paper, to, reason }: &Verdict<'_>) -> Record {
    let mut verdict = Record::default();
    verdict.set("type", &paper.kind);
    verdict.set("number", &paper.number);
    verdict.set("verdict", &to.code);
    if let Some(reason) = reason {
        verdict.set("code", &reason.code);
        verdict.set("text", &reason.label);
    }
    verdict
}

fn request(types: &[&DocumentType], due: String) -> Record {
    let wanted = types.iter().map(|one| {
        let mut wanted = coded("", &one.label);
        wanted.set("type", &one.code);
        wanted
    });
    let mut request = Record::default();
    request.set("due", due);
    request.list("wanted", wanted.collect());
    request
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
