//! Documents that go back and forth about a case (domain, rule 5): new versions, verdicts, requests and their closing,
//! marks of signature. All of it or nothing: one impossible verdict refuses the item.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::documents::{Upload, upload};
use super::rights::marks;
use super::steps::{By, Happened, Steps, Told};
use super::world::{Case, CaseKey, Document, Entry, Request, WantedDocument, World};
use super::{Change, Done, Event, Refusal, Setting};
use crate::binding::{ExchangeDocuments, SignatureMark, Verdict, Wanted};
use crate::domain::document::{self, Why};
use crate::domain::lifecycle::{Class, DocumentRules};
use crate::domain::term::day_end;
use crate::domain::wording::{Labelled, Wording};
use crate::outcome::Code;

pub(super) fn apply(
    command: &ExchangeDocuments,
    key: &CaseKey,
    world: &World,
    setting: &Setting<'_>,
) -> Result<Done, Refusal> {
    let lifecycle = setting.lifecycle(&key.kind)?;
    let case = world.case(key).ok_or_else(|| Refusal::no_case(key))?;
    if lifecycle.status(&case.status).is_some_and(|status| status.class == Class::Annulled) {
        return Err(Refusal::of(Code::CaseClosed));
    }
    let mut folder = Folder {
        key: key.clone(),
        documents: world.documents.get(key).cloned().unwrap_or_default(),
        requests: world.requests.get(key).cloned().unwrap_or_default(),
        changes: Vec::new(),
        events: Vec::new(),
        rules: lifecycle.documents(),
        case,
        happened_at: command.happened_at,
        setting,
    };
    let agency = command.agency.clone().unwrap_or_else(|| setting.sender.to_owned());
    for card in &command.documents {
        let upload = upload(card, key, &folder.documents, setting, setting.sender, command.happened_at)?;
        folder.add(upload);
    }
    for verdict in &command.verdicts {
        folder.judge(verdict)?;
    }
    marks(command, &key.system, world, setting)?;
    for mark in &command.signatures {
        folder.sign(mark)?;
    }
    for request in &command.requests {
        let wanted = request
            .wanted
            .iter()
            .map(|one| WantedDocument { kind: one.r#type.clone(), text: one.text.clone(), delivered: false })
            .collect();
        let due = request.due.and_then(|day| day_end(day, setting.context.zone));
        folder.asked(&request.wanted, due);
        folder.requests.push(Request {
            id: None,
            wanted,
            due,
            agency: agency.clone(),
            opened_at: command.happened_at,
            closed_at: None,
            lapsed: false,
            message: setting.cause.message(),
            touched: true,
        });
    }
    let by = By { happened_at: command.happened_at, agency, officer: command.officer.clone() };
    let mut steps = Steps::new(world, setting, by);
    let answered = folder.answered(!command.verdicts.is_empty());
    folder.changes.into_iter().for_each(|change| steps.change(change));
    folder.events.into_iter().for_each(|event| steps.event(event));
    if folder.requests.iter().any(|request| request.touched) {
        steps.change(Change::Requests(key.clone(), folder.requests));
    }
    let told = Told { comment: command.comment.clone(), details: summary(command), ..Told::default() };
    steps.record(case, Entry::Documents, Some(case.status.clone()), &case.status, &told);
    for happened in answered {
        steps.happen(key, &happened)?;
    }
    Ok(steps.done())
}

/// What the history says: types and verdicts, no values of the documents.
fn summary(command: &ExchangeDocuments) -> serde_json::Value {
    let types: Vec<_> = command.documents.iter().map(|card| &card.r#type).collect();
    let verdicts: Vec<_> =
        command.verdicts.iter().map(|one| json!({"type": one.r#type, "verdict": one.verdict})).collect();
    let wanted: Vec<_> = command.requests.iter().flat_map(|one| &one.wanted).map(|one| &one.r#type).collect();
    let signed: Vec<_> = command.signatures.iter().map(|one| &one.r#type).collect();
    json!({"documents": types, "verdicts": verdicts, "wanted": wanted, "signed": signed})
}

/// The documents of a case while an item works on them.
struct Folder<'a> {
    key: CaseKey,
    documents: Vec<Document>,
    requests: Vec<Request>,
    changes: Vec<Change>,
    events: Vec<Event>,
    rules: Option<&'a DocumentRules>,
    case: &'a Case,
    happened_at: DateTime<Utc>,
    setting: &'a Setting<'a>,
}

impl Folder<'_> {
    /// What the case may answer: everything asked for has come now, everything is approved now.
    fn answered(&self, judged: bool) -> Vec<Happened<'static>> {
        let closed_now = self.requests.iter().any(|request| request.touched && request.closed_at.is_some());
        let delivered = closed_now && self.requests.iter().all(|request| request.closed_at.is_some());
        let approved = &self.setting.context.lifecycles.documents;
        let good =
            |document: &Document| approved.status(&document.state).is_some_and(|one| one.class == Class::Decision);
        let approved = judged && !self.documents.is_empty() && self.documents.iter().all(good);
        [(delivered, Happened::Delivered), (approved, Happened::Approved)]
            .into_iter()
            .filter_map(|(is, happened)| is.then_some(happened))
            .collect()
    }

    fn add(&mut self, upload: Upload) {
        let Upload { document, version } = upload;
        let now = self.setting.context.now;
        for request in self.requests.iter_mut().filter(|request| request.closed_at.is_none()) {
            for wanted in request.wanted.iter_mut().filter(|wanted| wanted.kind == document.kind) {
                request.touched |= !wanted.delivered;
                wanted.delivered = true;
            }
            if request.wanted.iter().all(|wanted| wanted.delivered) {
                request.closed_at = Some(now);
                request.touched = true;
            }
        }
        self.change(document);
        self.changes.push(Change::Version(Box::new(version)));
    }

    fn judge(&mut self, verdict: &Verdict) -> Result<(), Refusal> {
        let mut document = self.find(&verdict.r#type, verdict.number.as_deref())?;
        let lifecycle = &self.setting.context.lifecycles.documents;
        let why = Why { code: verdict.code.as_deref(), text: verdict.text.as_deref() };
        let state = document::verdict(lifecycle, &document.state, &verdict.verdict, why).map_err(|fault| {
            let code = Code::parse(fault.code()).unwrap_or(Code::ForbiddenVerdict);
            let label = lifecycle.recognize(&verdict.verdict).map_or(verdict.verdict.as_str(), |state| &state.label);
            Refusal::with(code, format!("документ {}: «{label}»", document.kind))
        })?;
        let reason = verdict.code.as_deref().and_then(|code| lifecycle.reason(state, code));
        document.state.clone_from(&state.code);
        let why = Wording::of(verdict.code.as_deref(), verdict.text.as_deref(), |_| reason.map(Labelled::wording));
        document.reason = why.as_ref().map(|why| why.russian().to_owned());
        if let Some(event) = self.event(&state.code) {
            let reasons = why.into_iter().collect();
            self.events.push(Event { missing: vec![self.label(&document.kind)], reasons, ..event });
        }
        self.change(document);
        Ok(())
    }

    /// A document with a password cannot be signed, nor one of a format that is not signed here.
    fn sign(&mut self, mark: &SignatureMark) -> Result<(), Refusal> {
        let mut document = self.find(&mark.r#type, mark.number.as_deref())?;
        if document.locked {
            return Err(Refusal::with(Code::DocumentLocked, format!("документ {}", document.kind)));
        }
        if let Some(rules) = self.rules.filter(|rules| !rules.is_signable(&document.media_type)) {
            let detail = format!("документ {}: подписывают {}", document.kind, rules.signable.join(", "));
            return Err(Refusal::with(Code::NotSignable, detail));
        }
        document.signed = serde_json::to_string(mark).ok();
        self.change(document);
        Ok(())
    }

    /// Tells of what is asked for and by when.
    fn asked(&mut self, wanted: &[Wanted], due: Option<DateTime<Utc>>) {
        let missing = wanted
            .iter()
            .filter_map(|one| Wording::of(Some(&one.r#type), one.text.as_deref(), |code| Some(self.label(code))))
            .collect();
        if let Some(event) = self.event("requested") {
            self.events.push(Event { missing, deadline: due.or(event.deadline), ..event });
        }
    }

    /// What is told of something that happened to documents, where the kind of the case has an event for it.
    fn event(&self, what: &str) -> Option<Event> {
        let code = self.rules?.events.get(what)?;
        Some(Event::of(code, self.case, self.happened_at))
    }

    /// What people call a type of document.
    fn label(&self, kind: &str) -> Wording {
        let known = self.rules.and_then(|rules| rules.document_type(kind));
        known.map_or_else(|| kind.into(), Labelled::wording)
    }

    /// A document by type and number; by type alone where only one has it.
    fn find(&self, kind: &str, number: Option<&str>) -> Result<Document, Refusal> {
        let refused = |text| Err(Refusal::with(Code::UnknownDocument, text));
        let mut fitting =
            self.documents.iter().filter(|one| one.kind == kind && number.is_none_or(|number| one.number == number));
        match (fitting.next(), fitting.next()) {
            (Some(document), None) => Ok(document.clone()),
            (Some(_), Some(_)) => refused(format!("документов {kind} несколько, нужен номер")),
            (None, _) => refused(format!("документ {kind}")),
        }
    }

    fn change(&mut self, mut document: Document) {
        document.changed_at = self.setting.context.now;
        match self.documents.iter_mut().find(|one| one.kind == document.kind && one.number == document.number) {
            Some(known) => known.clone_from(&document),
            None => self.documents.push(document.clone()),
        }
        self.changes.push(Change::Document(self.key.clone(), Box::new(document)));
    }
}
