//! A message before it is bytes: who sends it, what kind it is, its items and attachments; and the writing of it through the
//! templates.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::template::{Record, Template, TemplateFault};
use crate::binding::Library;
use crate::domain::content::ContentHash;
use crate::specimen::Lexicon;

const ENVELOPE: &str = "envelope/1.0/envelope.sample.xml";
/// Names of the templates of a system, which stand beside its schemas.
const SUBMIT: &str = "submit-application.sample.xml";
const UPDATE: &str = "status-update.sample.xml";
const EXCHANGE: &str = "document-exchange.sample.xml";

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
    /// Those of a system, where it has some beside its schemas: of its newest version.
    ///
    /// # Errors
    /// One of them is no template, or is not there.
    pub fn of(library: &Library, system: &str, words: &Lexicon) -> Result<Option<Self>, TemplateFault> {
        let own = |path: &&str| path.split('/').next() == Some(system);
        let Some(folder) = library.ending(SUBMIT).filter(own).last().and_then(|path| path.strip_suffix(SUBMIT)) else {
            return Ok(None);
        };
        let beside = |name| file(library, format!("{folder}{name}"));
        Ok(Some(Self {
            envelope: envelope(library)?,
            submit: beside(SUBMIT)?,
            update: beside(UPDATE)?,
            exchange: beside(EXCHANGE)?,
            words: words.clone(),
        }))
    }

    /// The root elements of applications, of updates, and of exchanges of documents.
    #[must_use]
    pub fn roots(&self) -> [&str; 3] {
        [self.submit.root(), self.update.root(), self.exchange.root()]
    }

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

/// The template of the envelope that all messages have.
///
/// # Errors
/// It is not there, or is no template.
pub fn envelope(library: &Library) -> Result<Template, TemplateFault> {
    file(library, ENVELOPE.to_owned())
}

fn file(library: &Library, path: String) -> Result<Template, TemplateFault> {
    match library.get(&path).map(std::str::from_utf8) {
        Some(Ok(text)) => Template::parse(&path, text),
        Some(Err(fault)) => Err(TemplateFault { file: path, line: 1, text: fault.to_string() }),
        None => Err(TemplateFault { file: path, line: 1, text: "there is no such template".to_owned() }),
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
