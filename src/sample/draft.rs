//! A message before it is bytes: who sends it, what kind it is, its items and attachments; and the writing of it through the
//! templates.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::template::{Record, Template, TemplateFault};
use crate::domain::content::ContentHash;
use crate::specimen::Lexicon;

/// The kinds of message that samples are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Applications.
    Submit,
    /// Status updates.
    Update,
    /// Documents, verdicts, requests, signature marks.
    Exchange,
}

/// Templates of a system's messages and of the envelope. Each is the text of a `*.sample.xml` file.
#[derive(Debug, Clone)]
pub struct Templates {
    pub(super) envelope: Template,
    submit: Template,
    update: Template,
    exchange: Template,
    /// What people write.
    pub(super) words: Lexicon,
}

impl Templates {
    /// Reads the four templates, each with the name of its file; what people write is said by these words.
    ///
    /// # Errors
    /// One of them is no template.
    pub fn parse(
        envelope: (&str, &str),
        submit: (&str, &str),
        update: (&str, &str),
        exchange: (&str, &str),
        words: Lexicon,
    ) -> Result<Self, TemplateFault> {
        let read = |(file, text)| Template::parse(file, text);
        Ok(Self {
            envelope: read(envelope)?,
            submit: read(submit)?,
            update: read(update)?,
            exchange: read(exchange)?,
            words,
        })
    }
}

/// A message in the making.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) sender: String,
    pub(super) envelope: Record,
    pub(super) kind: Kind,
    pub(super) items: Vec<Record>,
    pub(super) attachments: Vec<Record>,
}

impl Draft {
    pub(super) fn new(sender: &str, kind: Kind, items: Vec<Record>) -> Self {
        let mut envelope = Record::default();
        envelope.set("sender", sender);
        envelope.set("encoding", "UTF-8");
        Self { sender: sender.to_owned(), envelope, kind, items, attachments: Vec::new() }
    }

    /// The text of the message.
    pub(super) fn text(mut self, templates: &Templates) -> String {
        if self.envelope.value("body").is_none() {
            let template = match self.kind {
                Kind::Submit => &templates.submit,
                Kind::Update => &templates.update,
                Kind::Exchange => &templates.exchange,
            };
            let mut body = Record::default();
            body.list("items", self.items);
            self.envelope.set("body", template.fill(&body));
        }
        self.envelope.list("attachments", self.attachments);
        templates.envelope.fill(&self.envelope)
    }
}

/// An attachment with right size and hash.
pub(super) fn attachment(content_id: &str, file_name: &str, media_type: &str, content: &[u8]) -> Record {
    let mut record = Record::default();
    record.set("content_id", content_id);
    record.set("file_name", file_name);
    record.set("media_type", media_type);
    record.set("size", content.len().to_string());
    record.set("sha256", ContentHash::of(content).to_string());
    record.set("content", BASE64_STANDARD.encode(content));
    record
}
