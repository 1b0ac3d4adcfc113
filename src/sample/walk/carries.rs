//! What the messages of a walk carry: everything that a status or a kind of case asks for, made up where only its form matters.

use chrono::{DateTime, Duration, Utc};

use crate::binding::{Command, DocumentCard, Party, Rulebook};
use crate::domain::lifecycle::{
    Attribute, DocumentRules, Field, FieldType, Lifecycle, Reason, Requirement, Service, Status,
};
use crate::sample::compose::Saying;
use crate::sample::draft::attachment;
use crate::sample::files::{PNG, pdf};
use crate::sample::life::{day, moment};
use crate::sample::template::Record;
use crate::specimen::Voice;

/// How a schema writes when something is in force.
pub(super) type Written = fn(DateTime<Utc>) -> String;

/// As a day.
pub(super) fn as_day(at: DateTime<Utc>) -> String {
    day(at, 0)
}

/// A new case with its purpose, its service and all fields that its kind cannot do without.
pub(super) fn opening(
    lifecycle: &Lifecycle,
    purpose: Option<&str>,
    service: Option<&Service>,
    born: u64,
    (at, written): (DateTime<Utc>, Written),
) -> Saying {
    let mut saying = Saying::default();
    if let Some(purpose) = purpose {
        saying = saying.if_possible("purpose", purpose);
    }
    if let Some(service) = service {
        saying = saying
            .with("service", service.code.as_str())
            .if_possible("service_name", service.label.as_str())
            .if_possible("object", format!("99:99:{born:07}"));
    }
    // What is in force is in force now.
    saying = saying
        .if_possible("valid_from", written(at - Duration::days(30)))
        .if_possible("valid_until", written(at + Duration::days(365)));
    for field in lifecycle.kind().fields.iter().filter(|field| field.required) {
        saying.detail(&field.code, None);
    }
    saying
}

/// An update to a status with all that the status asks for.
pub(super) fn update(
    lifecycle: &Lifecycle,
    to: &Status,
    number: &str,
    happened: DateTime<Utc>,
    voice: &mut Voice<'_>,
) -> (Saying, Vec<Record>) {
    let mut saying = Saying::default().with("status", to.code.as_str());
    let mut attachments = Vec::new();
    for requirement in &to.requires {
        saying = fulfil(saying, *requirement, lifecycle, to, happened, voice);
    }
    // Reasons that a status knows are given even where it does not insist; what is missing says why by itself.
    if !to.requires.contains(&Requirement::Reasons) && !to.requires.contains(&Requirement::Missing) {
        reasons(&mut saying, lifecycle, to);
    }
    for field in to.asks.iter().filter_map(|code| lifecycle.kind().field(code)) {
        saying.detail(&field.code, Some(value(field, happened, voice)));
    }
    for code in to.documents.iter().filter_map(|either| either.first()) {
        document(lifecycle, code, number, &mut (&mut saying, &mut attachments), voice);
    }
    (saying, attachments)
}

fn fulfil(
    mut saying: Saying,
    requirement: Requirement,
    lifecycle: &Lifecycle,
    to: &Status,
    happened: DateTime<Utc>,
    voice: &mut Voice<'_>,
) -> Saying {
    match requirement {
        Requirement::Reasons => {
            reasons(&mut saying, lifecycle, to);
            saying
        }
        Requirement::Missing => {
            let own: Vec<&Reason> = own(lifecycle, to).collect();
            let codes = own.iter().map(|reason| reason.code.as_str());
            for code in codes.chain(own.is_empty().then_some("document")) {
                let entry = Saying::default().with("code", code).with("text", voice.named("missing"));
                let about = to.requires.contains(&Requirement::About);
                saying.entry("missing", if about { entry.with("about", "registry-extract") } else { entry });
            }
            saying
        }
        Requirement::About => saying,
        Requirement::Officer => saying.with("officer", voice.named("officer")),
        Requirement::ExpectedOn => saying.with("expected_on", day(happened, 10)),
        Requirement::Amount => saying.with("amount", voice.named("amount")),
        Requirement::Result => saying.with("result_link", voice.named("result_link")),
        Requirement::Comment => saying.with("comment", voice.named("comment")),
    }
}

/// All reasons that a status knows.
fn reasons(saying: &mut Saying, lifecycle: &Lifecycle, to: &Status) {
    for reason in own(lifecycle, to) {
        let entry = Saying::default().with("code", reason.code.as_str()).with("text", reason.label.as_str());
        saying.entry("reasons", entry);
    }
}

fn own<'l>(lifecycle: &'l Lifecycle, to: &'l Status) -> impl Iterator<Item = &'l Reason> {
    lifecycle.reasons().iter().filter(|reason| reason.statuses.contains(&to.code))
}

/// A value of a declared field.
fn value(field: &Field, at: DateTime<Utc>, voice: &mut Voice<'_>) -> String {
    match field.kind {
        FieldType::Text | FieldType::List => voice.named(&field.code),
        FieldType::Number => {
            Some(voice.named(&field.code)).filter(|text| text.parse::<u32>().is_ok()).unwrap_or_else(|| "1".to_owned())
        }
        FieldType::Money => voice.named("amount"),
        FieldType::Day => day(at, 0),
        FieldType::Moment => moment(at),
        FieldType::Flag => "true".to_owned(),
    }
}

/// A new document of a type, with the attributes that it must have, and its file, which says this of itself.
pub(super) fn document(
    lifecycle: &Lifecycle,
    code: &str,
    line: &str,
    files: &mut (&mut Saying, &mut Vec<Record>),
    voice: &mut Voice<'_>,
) {
    let number = voice.named("number");
    numbered(lifecycle, (code, &number), line, files, voice);
}

/// A document of a type and number.
pub(super) fn numbered(
    lifecycle: &Lifecycle,
    (code, number): (&str, &str),
    line: &str,
    (saying, attachments): &mut (&mut Saying, &mut Vec<Record>),
    voice: &mut Voice<'_>,
) {
    let rules = lifecycle.documents();
    let own = rules.and_then(|rules| rules.document_type(code));
    let content_id = format!("doc-{}", attachments.len() + 1);
    let mut card = Saying::default().with("type", code).with("content_id", content_id.as_str());
    if let Some(own) = own {
        card = card.if_possible("title", own.label.as_str());
    }
    if !number.is_empty() {
        card = card.if_possible("number", number);
    }
    let shared = rules.map(|rules| rules.requires.as_slice()).unwrap_or_default();
    for attribute in shared.iter().chain(own.map(|own| own.requires.as_slice()).unwrap_or_default()) {
        card = match attribute {
            Attribute::Series => card.with("series", voice.named("series")),
            // Where there is none, the type asks for none.
            Attribute::Number => card,
            Attribute::IssuedOn => card.with("issued_on", voice.named("issued_on")),
            Attribute::ValidUntil => card.with("valid_until", voice.named("valid_until")),
            Attribute::Purpose => card.with("purpose", voice.named("purpose")),
            Attribute::Signature => card.with("signature", "qualified"),
            Attribute::Issuer => card.with("issuer", voice.named("issuer")),
        };
    }
    saying.entry("documents", card);
    attachments.push(file(rules, code, &content_id, line));
}

/// A file of a format that the type is taken in.
fn file(rules: Option<&DocumentRules>, code: &str, content_id: &str, line: &str) -> Record {
    let own = rules.and_then(|rules| rules.document_type(code)).map(|own| own.formats.as_slice()).unwrap_or_default();
    let formats = if own.is_empty() { rules.map(|rules| rules.formats.as_slice()).unwrap_or_default() } else { own };
    let takes = |format: &str| formats.iter().any(|one| one == format);
    if takes("application/pdf") || formats.is_empty() {
        let content = pdf(&format!("{code} of {line}"));
        attachment(content_id, &format!("{code}.pdf"), "application/pdf", &content)
    } else if takes("image/png") {
        attachment(content_id, &format!("{code}.png"), "image/png", PNG)
    } else if takes("text/csv") {
        attachment(content_id, &format!("{code}.csv"), "text/csv", format!("number\n{line}\n").as_bytes())
    } else {
        let content = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<document of=\"{line}\"/>\n");
        attachment(content_id, &format!("{code}.xml"), "application/xml", content.as_bytes())
    }
}

/// The documents that a message brings.
pub(super) fn brought(rulebook: &Rulebook, text: &str) -> Vec<DocumentCard> {
    let items = rulebook.read(text).verdict.unwrap_or_default();
    items.iter().flat_map(|item| cards(&item.command)).cloned().collect()
}

/// Types of the documents that the message has by its schema and nobody asked for.
pub(super) fn unasked(cards: &[DocumentCard], known: &[Record]) -> Vec<String> {
    let new = cards.iter().filter(|card| known.iter().all(|one| one.value("content_id") != Some(&card.content_id)));
    new.map(|card| card.r#type.clone()).collect()
}

/// Whether a message updates statuses and tells nothing of what statuses ask for, but comments.
pub(super) fn is_bare(rulebook: &Rulebook, text: &str) -> bool {
    let items = rulebook.read(text).verdict.unwrap_or_default();
    !items.is_empty()
        && items.iter().all(|item| match &item.command {
            Command::UpdateStatus(told) => {
                let single = [&told.officer, &told.amount, &told.result_link, &told.result_place];
                let lists = told.reasons.is_empty() && told.missing.is_empty() && told.documents.is_empty();
                lists && told.expected_on.is_none() && single.into_iter().all(Option::is_none)
            }
            _ => false,
        })
}

/// Who takes part in the case that a message opens.
pub(super) fn parties(rulebook: &Rulebook, bytes: &[u8]) -> Vec<Party> {
    let items = rulebook.read(&String::from_utf8_lossy(bytes)).verdict.unwrap_or_default();
    let opened = items.into_iter().find_map(|item| match item.command {
        Command::OpenCase(command) => Some(command.parties),
        _ => None,
    });
    opened.unwrap_or_default()
}

/// Roles that a kind takes over from its parent are those of the parent, where its messages say who it is.
pub(super) fn inherited(lifecycle: &Lifecycle, parties: &[Party], saying: &mut Saying) {
    for (role, from) in &lifecycle.kind().inherits {
        for party in parties.iter().filter(|party| party.role == *from) {
            let told = [("inn", &party.inn), ("ogrn", &party.ogrn), ("ogrnip", &party.ogrnip), ("snils", &party.snils)];
            let mut entry = Saying::default().with("role", role.as_str());
            for (name, value) in told {
                if let Some(value) = value {
                    entry = entry.if_possible(name, value.as_str());
                }
            }
            saying.entry_if_possible("parties", entry);
        }
    }
}

fn cards(command: &Command) -> &[DocumentCard] {
    match command {
        Command::OpenCase(command) => &command.documents,
        Command::UpdateStatus(command) => &command.documents,
        Command::CorrectCase(command) => &command.documents,
        Command::ActOnCase(command) => &command.documents,
        Command::ExchangeDocuments(command) => &command.documents,
        Command::PostLetter(command) => &command.documents,
        Command::Subscribe(_) => &[],
    }
}
