//! The envelope of what we send, and the ids of it. An id is made from what is answered, so that the same answer has
//! the same id however often it is made.

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};

use super::Sending;
use crate::xml::{WriteFault, Writer};

const ENVELOPE: &str = "urn:mezhved:envelope:1.0";
/// Longest correlation id that the envelope's schema takes.
const CORRELATION_CHARACTERS_MAX: usize = 128;

/// What stands in a header.
pub(super) struct Header<'a> {
    pub(super) message_id: &'a str,
    pub(super) in_reply_to: Option<&'a str>,
    /// The chain that it belongs to. A text that the schema does not take stands in AMQP's property only.
    pub(super) correlation: &'a str,
    pub(super) recipient: &'a str,
    pub(super) system: &'a str,
    pub(super) test: bool,
}

/// A whole message: `body` writes the one element of the body, in a namespace bound to the prefix `b`.
pub(super) fn message(
    header: &Header<'_>,
    sending: &Sending<'_>,
    namespace: &str,
    body: impl FnOnce(&mut Writer) -> Result<(), WriteFault>,
) -> Result<String, WriteFault> {
    message_with(header, sending, namespace, body, None::<fn(&mut Writer) -> Result<(), WriteFault>>)
}

/// A whole message with attachments, which `attachments` writes one by one.
pub(super) fn message_with(
    header: &Header<'_>,
    sending: &Sending<'_>,
    namespace: &str,
    body: impl FnOnce(&mut Writer) -> Result<(), WriteFault>,
    attachments: Option<impl FnOnce(&mut Writer) -> Result<(), WriteFault>>,
) -> Result<String, WriteFault> {
    let mut writer = Writer::new();
    let w = &mut writer;
    w.start("Envelope")?.namespace("", ENVELOPE)?.namespace("b", namespace)?;
    w.start("Header")?.element("MessageId", header.message_id)?;
    if let Some(id) = header.in_reply_to {
        w.element("InReplyTo", id)?;
    }
    if fits(header.correlation) {
        w.element("CorrelationId", header.correlation)?;
    }
    w.start("Sender")?.element("Agency", sending.agency)?.end()?;
    w.start("Recipient")?.element("Agency", header.recipient)?.element("System", header.system)?.end()?;
    w.element("SentAt", &moment(sending.now))?;
    if header.test {
        w.element("Test", "true")?;
    }
    w.end()?.start("Body")?;
    body(w)?;
    w.end()?;
    if let Some(attachments) = attachments {
        w.start("Attachments")?;
        attachments(w)?;
        w.end()?;
    }
    w.end()?;
    writer.finish()
}

/// A moment as messages carry it.
pub(super) fn moment(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An id made from what it stands for: a UUID of version 8 over a SHA-256.
#[must_use]
pub fn id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// Whether a text is a UUID in its usual form: only then can it stand in a header.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

fn fits(correlation: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    !correlation.is_empty() && correlation.len() <= CORRELATION_CHARACTERS_MAX && correlation.chars().all(known)
}
