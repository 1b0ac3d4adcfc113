//! What goes out to other agencies: decisions, results, extracts, requests to state services. One message each, with the case as
//! it stands, and the documents as attachments: inside, or where they are too long, by reference to their SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::envelope::{Header, id, is_uuid, message_with, moment};
use super::{OutboxRow, OutboxWhat, Sending};
use crate::apply::outgoing::{Outgoing, Recipient, SentDocument};
use crate::apply::settle::Leaving;
use crate::domain::lifecycle::Lifecycle;
use crate::xml::{WriteFault, Writer};

const NAMESPACE: &str = "urn:mezhved:outgoing:1.0";
/// Attachments of one message that are longer together than this travel by reference.
const INLINE_BYTES_MAX: i64 = 8 << 20;
/// Longest text of one element that the schema takes, in characters.
const TEXT_CHARACTERS_MAX: usize = 20_000;

/// A document that nobody is configured to get.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unaddressed {
    /// The setting that is missing, as the configuration names it.
    pub setting: String,
    /// What it is: a decision, a result, an extract, a request.
    pub what: &'static str,
}

/// The message, or why nobody gets it; neither where the lifecycle has no such kind any more.
pub(super) fn row(
    leaving: &Leaving,
    sending: &Sending<'_>,
    content: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<Option<Result<OutboxRow, Unaddressed>>, WriteFault> {
    let outgoing = &leaving.outgoing;
    let Some(lifecycle) = sending.lifecycles.kind(&outgoing.case.system, &outgoing.case.kind) else { return Ok(None) };
    let (agency, queue) = match addressee(&outgoing.to, sending) {
        Ok(addressee) => addressee,
        Err(setting) => {
            let what = outgoing.what.as_str();
            tracing::debug!(system = outgoing.case.system, what, setting, "nobody is configured to get a document");
            return Ok(Some(Err(Unaddressed { setting, what })));
        }
    };
    let (item, step) = (leaving.item.to_string(), leaving.step.to_string());
    let message_id = id(&["document", &leaving.source.0, &leaving.source.1, &item, &step]);
    let root = outgoing.root.as_deref().filter(|id| is_uuid(id));
    // What the agency that opened the case gets answers its message; a state service is asked something new.
    let in_reply_to = match &outgoing.to {
        Recipient::Agency(_) => root,
        Recipient::Service(_) => None,
    };
    let correlation = root.unwrap_or(&message_id);
    let header = Header {
        message_id: &message_id,
        in_reply_to,
        correlation,
        recipient: agency,
        system: &outgoing.case.system,
        test: false,
    };
    let attach = |w: &mut Writer| attachments(w, &outgoing.documents, content);
    let attached = (!outgoing.documents.is_empty()).then_some(attach);
    let body = message_with(&header, sending, NAMESPACE, |w| write(w, outgoing, lifecycle), attached)?;
    let key = &outgoing.case;
    Ok(Some(Ok(OutboxRow {
        what: OutboxWhat::Document,
        message: leaving.cause.message(),
        case_number: Some(key.number.clone()),
        kind: "queue",
        address: queue.to_owned(),
        order_key: Some(format!("document:{queue}:{}:{}:{}", key.system, key.kind, key.number)),
        correlation: correlation.to_owned(),
        system: Some(key.system.clone()),
        message_id,
        r#type: "Outgoing",
        traceparent: leaving.traceparent.clone(),
        body,
        created_at: sending.now,
    })))
}

/// The agency and its queue for documents, or the setting that is missing.
fn addressee<'s>(to: &Recipient, sending: &'s Sending<'_>) -> Result<(&'s str, &'s str), String> {
    let agency = match to {
        Recipient::Agency(code) => code,
        Recipient::Service(service) => {
            let known = sending.services.get(service);
            // The code is the message's own word: it is not told.
            &known.ok_or_else(|| "[[state_services]]".to_owned())?.agency
        }
    };
    let partner = sending.partners.get(agency).ok_or_else(|| format!("[[agencies]] code = \"{agency}\""))?;
    let queue = partner.documents.as_deref();
    queue.map(|queue| (partner.code.as_str(), queue)).ok_or_else(|| format!("`documents` of [[agencies]] {agency}"))
}

fn write(w: &mut Writer, outgoing: &Outgoing, lifecycle: &Lifecycle) -> Result<(), WriteFault> {
    w.start("b:Outgoing")?.attribute("what", outgoing.what.as_str())?;
    w.start("b:Case")?.attribute("system", &outgoing.case.system)?.attribute("kind", &outgoing.case.kind)?;
    w.attribute("number", &outgoing.case.number)?.end()?;
    if let Recipient::Service(service) = &outgoing.to {
        w.element("b:StateService", service)?;
    }
    if !outgoing.service.is_empty() {
        let label = lifecycle.service(&outgoing.service).map_or(outgoing.service.as_str(), |one| &one.label);
        w.start("b:Service")?.attribute("code", &outgoing.service)?.text(label)?.end()?;
    }
    let status = lifecycle.status(&outgoing.status).map_or(outgoing.status.as_str(), |status| &status.label);
    w.start("b:Status")?.attribute("code", &outgoing.status)?.text(status)?.end()?;
    w.element("b:HappenedAt", &moment(outgoing.happened_at))?;
    for (name, value) in
        [("b:Title", &outgoing.title), ("b:Officer", &outgoing.officer), ("b:Comment", &outgoing.comment)]
    {
        if let Some(value) = value {
            w.element(name, &cut(value))?;
        }
    }
    for reason in &outgoing.reasons {
        w.element("b:Reason", &cut(reason))?;
    }
    for (name, value) in [("b:Amount", &outgoing.amount), ("b:Result", &outgoing.result)] {
        if let Some(value) = value {
            w.element(name, &cut(value))?;
        }
    }
    if let Some(deadline) = outgoing.deadline {
        w.element("b:Deadline", &moment(deadline))?;
    }
    for (code, value) in &outgoing.fields {
        w.start("b:Field")?.attribute("code", code)?.text(&cut(value))?.end()?;
    }
    for (at, sent) in outgoing.documents.iter().enumerate() {
        document(w, at, sent)?;
    }
    w.end()?;
    Ok(())
}

fn document(w: &mut Writer, at: usize, sent: &SentDocument) -> Result<(), WriteFault> {
    let document = &sent.document;
    w.start("b:Document")?
        .attribute("contentId", &content_id(at))?
        .attribute("version", &sent.version.version.to_string())?;
    w.element("b:Type", &document.kind)?;
    for (name, value) in [
        ("b:Title", document.title.clone()),
        ("b:Series", document.series.clone()),
        ("b:Number", Some(document.number.clone()).filter(|number| !number.is_empty())),
        ("b:IssuedOn", document.issued_on.map(|day| day.to_string())),
        ("b:ValidUntil", document.valid_until.map(|day| day.to_string())),
        ("b:Issuer", document.issuer.clone()),
    ] {
        if let Some(value) = value {
            w.element(name, &cut(&value))?;
        }
    }
    w.end()?;
    Ok(())
}

/// The files, in the envelope.
fn attachments(
    w: &mut Writer,
    documents: &[SentDocument],
    content: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<(), WriteFault> {
    let inline = documents.iter().map(|sent| sent.version.size).sum::<i64>() <= INLINE_BYTES_MAX;
    for (at, sent) in documents.iter().enumerate() {
        let version = &sent.version;
        w.start("Attachment")?.attribute("contentId", &content_id(at))?;
        w.element("FileName", &version.file_name)?.element("MediaType", &version.media_type)?;
        w.element("Size", &version.size.to_string())?.element("Sha256", &version.sha256)?;
        match inline.then(|| content(&version.sha256)).flatten() {
            Some(bytes) => w.element("Content", &STANDARD.encode(bytes))?,
            None => w.element("Reference", &version.sha256)?,
        };
        w.end()?;
    }
    Ok(())
}

fn content_id(at: usize) -> String {
    format!("document-{}", at + 1)
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARACTERS_MAX).collect()
}
