//! A document that comes in: a new one, or a new version of a known one (domain, rule 5). Its content is already checked
//! against what the message declares; here it is held against what the system takes.

use chrono::{DateTime, Utc};

use super::steps::Steps;
use super::world::{CaseKey, Document, Version};
use super::{Change, Refusal, Setting};
use crate::admit::Kept;
use crate::binding::DocumentCard;
use crate::domain::document::{self, NotTaken};
use crate::domain::lifecycle::{Attribute, DocumentRules};
use crate::outcome::Code;

/// A document and its newest version.
pub(super) struct Upload {
    pub(super) document: Document,
    pub(super) version: Version,
}

impl Steps<'_> {
    /// Takes in the documents that a command brings to a case; gives all of the case, as they are then.
    pub(super) fn bring(
        &mut self,
        cards: &[DocumentCard],
        case: &CaseKey,
        uploader: &str,
        at: DateTime<Utc>,
    ) -> Result<Vec<Document>, Refusal> {
        let mut known = self.documents(case);
        for card in cards {
            let Upload { document, version } = upload(card, case, &known, self.setting(), uploader, at)?;
            known.retain(|one| one.kind != document.kind || one.number != document.number);
            known.push(document.clone());
            self.change(Change::Document(case.clone(), Box::new(document)));
            self.change(Change::Version(Box::new(version)));
        }
        Ok(known)
    }
}

/// The number of a document; none: its type has no numbers.
pub(super) fn number(card: &DocumentCard) -> &str {
    card.number.as_deref().unwrap_or_default()
}

/// Takes a document in, after `known` ones of the case.
pub(super) fn upload(
    card: &DocumentCard,
    case: &CaseKey,
    known: &[Document],
    setting: &Setting<'_>,
    uploader: &str,
    at: DateTime<Utc>,
) -> Result<Upload, Refusal> {
    let Some(file) = setting.files.iter().find(|file| file.content_id == card.content_id) else {
        return Err(Refusal::with(Code::AttachmentMissing, format!("документ {}", card.r#type)));
    };
    if let Some(rules) = setting.lifecycle(&case.kind)?.documents() {
        accepted(card, file, rules)?;
    }
    let today = setting.context.now.with_timezone(&setting.context.zone).date_naive();
    if document::is_expired(card.valid_until, today) {
        return Err(Refusal::with(Code::DocumentExpired, format!("документ {}", card.r#type)));
    }
    let number = number(card).to_owned();
    let before = known.iter().find(|one| one.kind == card.r#type && one.number == number);
    let start = setting.context.lifecycles.documents.start();
    let document = Document {
        id: before.and_then(|before| before.id),
        kind: card.r#type.clone(),
        number: number.clone(),
        series: card.series.clone(),
        title: card.title.clone(),
        issuer: card.issuer.clone(),
        issued_on: card.issued_on,
        valid_until: card.valid_until,
        state: start.code.clone(),
        reason: None,
        signed: None,
        versions: before.map_or(0, |before| before.versions) + 1,
        media_type: file.media_type.clone(),
        locked: file.locked,
        changed_at: setting.context.now,
    };
    let version = Version {
        case: case.clone(),
        kind: document.kind.clone(),
        document: number,
        version: document.versions,
        file_name: file.file_name.clone(),
        media_type: file.media_type.clone(),
        size: file.size,
        sha256: file.sha256.clone(),
        locked: file.locked,
        uploader: uploader.to_owned(),
        uploaded_at: at,
        message: setting.cause.message(),
    };
    Ok(Upload { document, version })
}

fn accepted(card: &DocumentCard, file: &Kept, rules: &DocumentRules) -> Result<(), Refusal> {
    let kind = &card.r#type;
    let size = u64::try_from(file.size).unwrap_or(u64::MAX);
    if let Err(why) = document::taken(rules, kind, &file.media_type, size) {
        let detail = match why {
            NotTaken::Format(formats) => format!("документ {kind}: принимаются {}", formats.join(", ")),
            NotTaken::Size(size_bytes_max) => format!("документ {kind}: не больше {size_bytes_max} байт"),
        };
        return Err(Refusal::with(Code::AttachmentNotAllowed, detail));
    }
    if card.signature.is_some() && file.locked {
        return Err(Refusal::with(Code::DocumentLocked, format!("документ {kind}")));
    }
    let given: Vec<Attribute> = Attribute::ALL.into_iter().filter(|attribute| has(card, *attribute)).collect();
    let lacks: Vec<&str> = document::lacks(rules, kind, &given).into_iter().map(Attribute::label).collect();
    if lacks.is_empty() {
        return Ok(());
    }
    Err(Refusal::with(Code::DocumentIncomplete, format!("документ {kind}: {}", lacks.join(", "))))
}

fn has(card: &DocumentCard, attribute: Attribute) -> bool {
    match attribute {
        Attribute::Series => card.series.is_some(),
        Attribute::Number => card.number.is_some(),
        Attribute::IssuedOn => card.issued_on.is_some(),
        Attribute::ValidUntil => card.valid_until.is_some(),
        Attribute::Issuer => card.issuer.is_some(),
        Attribute::Purpose => card.purpose.is_some(),
        Attribute::Signature => card.signature.is_some(),
    }
}
