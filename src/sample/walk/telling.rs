//! Telling: a message with one item that means a command, from what it says to its place among those that are sent. A message can be
//! changed before it is posted.

use chrono::Duration;

use super::{UPDATE, Walk, carries};
use crate::domain::lifecycle::{Lifecycle, Status};
use crate::sample::compose::{Body, Composer, Saying, Unsayable};
use crate::sample::folder::Paper;
use crate::sample::life::{local, moment};
use crate::sample::template::Record;
use crate::sample::{Expected, Oddity, SampleMessage};
use crate::specimen::Voice;

/// What a message tells.
pub(super) struct Told {
    pub(super) saying: Saying,
    pub(super) attachments: Vec<Record>,
    /// In words.
    pub(super) what: String,
}

/// A message that has been written and not been posted.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) sender: String,
    pub(super) body: Body,
    pub(super) envelope: Record,
    pub(super) attachments: Vec<Record>,
    /// The documents that it brings.
    pub(super) papers: Vec<Paper>,
    pub(super) what: String,
    pub(super) oddity: Option<Oddity>,
    pub(super) expected: Expected,
}

impl<'w> Walk<'w> {
    /// An update of a case to a status with all that the status asks for, with this number of its sender's.
    pub(super) fn update(
        &mut self,
        composer: &Composer,
        life: &super::Life<'_>,
        to: &Status,
        sequence: Option<i64>,
    ) -> Result<Letter, Unsayable> {
        let mut voice = self.voice();
        let (saying, attachments) = carries::update(life.lifecycle, to, &life.number, self.now, &mut voice);
        let saying = self.about(saying, life, sequence);
        let what = format!("{} {} {}", life.lifecycle.kind().code, life.number, to.code);
        self.letter(composer, life.lifecycle, UPDATE, Told { saying, attachments, what })
    }

    /// What is said of a case now.
    pub(super) fn about(&self, saying: Saying, life: &super::Life<'_>, sequence: Option<i64>) -> Saying {
        let saying = saying.with("case_number", life.number.as_str()).with("happened_at", moment(self.now));
        match sequence {
            Some(number) => saying.with("sequence", number.to_string()),
            None => saying,
        }
    }

    /// Sends a message with one item that means a command.
    pub(super) fn send(
        &mut self,
        composer: &Composer,
        lifecycle: &Lifecycle,
        command: &str,
        told: Told,
    ) -> Result<Body, Unsayable> {
        let letter = self.letter(composer, lifecycle, command, told)?;
        Ok(self.post(letter))
    }

    /// Writes a message with one item that means a command.
    pub(super) fn letter(
        &mut self,
        composer: &Composer,
        lifecycle: &Lifecycle,
        command: &str,
        Told { mut saying, mut attachments, what }: Told,
    ) -> Result<Letter, Unsayable> {
        let about = (self.system.code(), lifecycle.kind().code.as_str(), self.is_main(lifecycle));
        let voice = self.voice();
        let mut said = voice.clone();
        let mut body = composer.body(about, command, &[&saying], &mut said)?;
        let (sender, mut envelope) = self.envelope(&body, saying.subject());
        // Documents that the schema asks for come with what the lifecycle asks of them.
        let mut cards = carries::brought(self.rulebook, &self.envelope.fill(&envelope));
        let unasked = carries::unasked(&cards, &attachments);
        if !unasked.is_empty() {
            for code in unasked {
                let mut files = (&mut saying, &mut attachments);
                carries::document(lifecycle, &code, &self.born.to_string(), &mut files, &mut said);
            }
            said = voice;
            body = composer.body(about, command, &[&saying], &mut said)?;
            envelope.set("body", &body.text);
            cards = carries::brought(self.rulebook, &self.envelope.fill(&envelope));
        }
        self.serial = said.serial;
        let papers = Paper::all(&cards, &attachments);
        Ok(Letter { sender, body, envelope, attachments, papers, what, oddity: None, expected: Expected::Applied })
    }

    /// The envelope around a body, and its sender: the same agency for all that it may tell of one case.
    pub(super) fn envelope(&mut self, body: &Body, subject: Option<&str>) -> (String, Record) {
        let sender = self.plan.senders.of(self.system.code(), &body.message, subject.unwrap_or_default());
        let sender = sender.unwrap_or_default().to_owned();
        let mut envelope = Record::default();
        envelope.set("encoding", "UTF-8");
        envelope.set("message_id", self.random.uuid());
        envelope.set("sender", &sender);
        envelope.set("recipient_agency", &self.plan.recipient);
        envelope.set("recipient_system", self.system.code());
        envelope.set("sent_at", moment(self.now));
        envelope.set("body", &body.text);
        (sender, envelope)
    }

    /// Puts a message behind those that are made.
    pub(super) fn post(&mut self, letter: Letter) -> Body {
        let Letter { sender, body, mut envelope, attachments, papers, what, oddity, expected } = letter;
        self.brought = papers;
        envelope.list("attachments", attachments);
        envelope.value("message_id").unwrap_or_default().clone_into(&mut self.posted);
        self.made.push(SampleMessage {
            number: self.made.len() as u64 + 1,
            system: self.system.code().to_owned(),
            sender,
            bytes: self.envelope.fill(&envelope).into_bytes().into(),
            oddity,
            what,
            expected,
        });
        if oddity.is_none() {
            self.said.insert(body.message.clone());
        }
        self.passes(self.pace);
        body
    }

    /// Somebody who says what people write now.
    pub(super) fn voice(&mut self) -> Voice<'w> {
        let seed = self.random.next() >> 1;
        self.voice_of(seed)
    }

    /// Somebody who says the same for the same seed.
    pub(super) fn voice_of(&self, seed: u64) -> Voice<'w> {
        Voice::new(self.composer.words(), seed, local(self.now), self.serial)
    }

    /// Time passes.
    pub(super) fn passes(&mut self, time: Duration) {
        self.now += time;
    }
}
