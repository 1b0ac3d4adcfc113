//! What goes out to others when a case enters a status that sends: a decision, a result, an extract, a request to a state service.
//! Decided here, with everything that it tells; written down as a message in the transaction of the step that it follows from.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::steps::{Steps, Told};
use super::world::{Case, CaseKey, Change, Document, Version};
use super::{Refusal, Setting};
use crate::admit::{Judged, Kept};
use crate::binding::DocumentCard;
use crate::domain::lifecycle::{Addressee, Lifecycle, Sends, Status};
use crate::domain::money;
use crate::outcome::Code;

/// Something that goes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// What it is.
    pub what: Sends,
    /// Code of the agency that gets it; for a request, what the case calls the state service.
    pub to: Recipient,
    /// The case.
    pub case: CaseKey,
    /// Id of the message that opened it: what is sent answers it.
    pub root: Option<String>,
    /// Its status now.
    pub status: String,
    /// Code of its service; empty where it has none.
    pub service: String,
    /// Short, for people.
    pub title: Option<String>,
    /// When it happened.
    pub happened_at: DateTime<Utc>,
    /// The responsible officer.
    pub officer: Option<String>,
    /// In words.
    pub comment: Option<String>,
    /// Reasons, in words.
    pub reasons: Vec<String>,
    /// Amount due, in roubles.
    pub amount: Option<String>,
    /// Where the result is.
    pub result: Option<String>,
    /// By when an answer is waited for, or somebody must act: the first moment after.
    pub deadline: Option<DateTime<Utc>>,
    /// Declared fields of the case: code and value.
    pub fields: Vec<(String, String)>,
    /// The documents that came with the step.
    pub documents: Vec<SentDocument>,
}

/// Who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// An agency, by its code.
    Agency(String),
    /// A state service, by its code.
    Service(String),
}

/// A document that goes out: its requisites and its newest version.
#[derive(Debug, Clone, PartialEq)]
pub struct SentDocument {
    /// Its requisites.
    pub document: Document,
    /// Its file.
    pub version: Version,
}

/// The state service that a status asks.
fn asked<'c>(case: &'c Case, status: &Status) -> Option<&'c str> {
    match &status.sends.as_ref()?.to {
        Addressee::Service(field) => case.details.get(field)?.as_str(),
        Addressee::Origin => None,
    }
}

/// The answer of a state service must be valid by the schema that is configured for it.
pub(super) fn answers(
    case: &Case,
    lifecycle: &Lifecycle,
    documents: &[DocumentCard],
    setting: &Setting<'_>,
) -> Result<(), Refusal> {
    let Some(service) = lifecycle.statuses().iter().find_map(|status| asked(case, status)) else { return Ok(()) };
    if !setting.context.answers.expects(service) {
        return Ok(());
    }
    let brought = |file: &&Kept| documents.iter().any(|card| card.content_id == file.content_id);
    let judged: Vec<&Judged> = setting
        .files
        .iter()
        .filter(brought)
        .flat_map(|file| &file.answers)
        .filter(|judged| judged.service == service)
        .collect();
    if judged.iter().any(|judged| judged.fault.is_none()) {
        return Ok(());
    }
    let why = judged.iter().find_map(|judged| judged.fault.clone());
    let why = why.unwrap_or_else(|| "нет файла XML с ответом".to_owned());
    Err(Refusal::with(Code::AnswerInvalid, format!("сервис {service}: {why}")))
}

impl Steps<'_> {
    /// Sends what entering a status sends.
    pub(super) fn send(&mut self, case: &Case, lifecycle: &Lifecycle, to: &Status, told: &Told) {
        let Some(sending) = &to.sends else { return };
        let recipient = match &sending.to {
            Addressee::Origin => Recipient::Agency(case.origin.clone()),
            Addressee::Service(field) => match case.details.get(field).and_then(Value::as_str) {
                Some(service) => Recipient::Service(service.to_owned()),
                None => return,
            },
        };
        let documents = self.came_with(&case.key);
        let value = |code: &String| case.details.get(code).map(super::extracts::text);
        let fields = lifecycle.kind().fields.iter().map(|field| &field.code);
        let outgoing = Outgoing {
            what: sending.what,
            to: recipient,
            case: case.key.clone(),
            root: case.root.clone(),
            status: case.status.clone(),
            service: case.service.clone(),
            title: case.title.clone(),
            happened_at: self.by().happened_at,
            officer: case.officer.clone(),
            comment: told.comment.clone(),
            reasons: told.reasons.iter().map(|one| one.russian().to_owned()).collect(),
            amount: told.amount.clone().or_else(|| case.amount.map(money::written)),
            result: told.result.as_ref().map(|result| result.russian().to_owned()),
            deadline: case.deadline,
            fields: fields.filter_map(|code| Some((code.clone(), value(code)?))).collect(),
            documents,
        };
        self.outgoing.push(outgoing);
    }

    /// How long the state service that a status asks may take to answer, as configured.
    pub(super) fn answer_within(&self, case: &Case, status: &Status) -> Option<Duration> {
        let service = asked(case, status)?;
        self.setting().context.services.get(service)?.answer_within
    }

    /// The documents of a case that came with this item.
    fn came_with(&self, key: &CaseKey) -> Vec<SentDocument> {
        let versions = self.changes().iter().filter_map(|change| match change {
            Change::Version(version) if version.case == *key => Some(version),
            _ => None,
        });
        let document = |version: &Version| {
            self.changes().iter().rev().find_map(|change| match change {
                Change::Document(of, document)
                    if of == key && document.kind == version.kind && document.number == version.document =>
                {
                    Some((**document).clone())
                }
                _ => None,
            })
        };
        versions
            .filter_map(|version| Some(SentDocument { document: document(version)?, version: (**version).clone() }))
            .collect()
    }
}
