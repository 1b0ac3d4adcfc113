//! What must be refused, for any system: moves that are forbidden, statuses and reasons that nobody knows, numbers that are taken, texts
//! and attachments that are broken, senders that nobody knows. None of it moves a life.

use chrono::Duration;

use super::carries;
use super::others::EXCHANGE;
use super::telling::{Letter, Told};
use super::traffic::{Going, Traffic};
use super::unusual::{Made, names};
use crate::domain::lifecycle::{Duplicates, Requirement, Status};
use crate::outcome::Code;
use crate::random::Random;
use crate::sample::compose::Saying;
use crate::sample::damage::{self, Damage};
use crate::sample::life::moment;
use crate::sample::{Expected, Oddity, SampleMessage};

const NO_STATUS: [&str; 2] = ["teleported", "forgotten_in_a_drawer"];
const NO_REASON: &str = "bad-weather";
const TELEGRAM: &str = "<Telegram xmlns=\"urn:example:telegram:1.0\">тчк</Telegram>\n";
const APPLICANT: &str = "applicant";

impl<'w> Traffic<'w> {
    /// A move that the present status does not allow.
    pub(super) fn forbidden(&mut self) -> Made {
        let Some(at) = self.unnumbered(|_| true) else { return Ok(false) };
        self.with(at, |own, going| {
            let closed: Vec<&Status> = closed(going.here(), going).collect();
            let Some(to) = own.random.pick(&closed).copied() else { return Ok(false) };
            let letter = own.walk.update(own.walk.composer, &going.life, to, None)?;
            own.refused(letter, Oddity::Forbidden, Code::ForbiddenTransition)
        })
    }

    pub(super) fn unknown_status(&mut self) -> Made {
        let Some(at) = self.unnumbered(|_| true) else { return Ok(false) };
        self.with(at, |own, going| {
            let word = own.random.word(&NO_STATUS);
            let letter = own.says(&going.life, word, Saying::default())?;
            own.refused(letter, Oddity::UnknownStatus, Code::UnknownStatus)
        })
    }

    /// An update without what its status asks for.
    pub(super) fn incomplete(&mut self) -> Made {
        let asks = |to: &Status| to.requires.iter().any(|one| *one != Requirement::About);
        let Some((at, to)) = self.next_where(asks) else { return Ok(false) };
        self.with(at, |own, going| {
            let letter = own.says(&going.life, &to.code, Saying::default())?;
            if own.is_bare(&letter) {
                return own.refused(letter, Oddity::Incomplete, Code::StatusIncomplete);
            }
            Ok(false)
        })
    }

    /// A reason that is not in the list.
    pub(super) fn unknown_reason(&mut self) -> Made {
        let Some((at, to)) = self.next_where(|to| to.requires.contains(&Requirement::Reasons)) else {
            return Ok(false);
        };
        self.with(at, |own, going| {
            let mut saying = Saying::default();
            saying.entry("reasons", Saying::default().with("code", NO_REASON).with("text", "Шёл дождь"));
            let letter = own.says(&going.life, &to.code, saying)?;
            own.refused(letter, Oddity::UnknownReason, Code::UnknownReason)
        })
    }

    /// A life that nothing numbers, with a status that may follow.
    fn next_where(&mut self, fits: impl Fn(&Status) -> bool) -> Option<(usize, &'w Status)> {
        let next = |going: &Going<'w>| {
            let lifecycle = going.life.lifecycle;
            going.here().next.iter().filter_map(|code| lifecycle.status(code)).find(|to| fits(to))
        };
        let at = self.unnumbered(|going| next(going).is_some())?;
        let to = next(&self.lives[at])?;
        Some((at, to))
    }

    /// The application of a life again, under a new id: there is a case of its number.
    pub(super) fn taken_number(&mut self) -> Made {
        let named = |going: &Going<'_>| {
            let opening = going.opening.as_ref();
            opening.is_some_and(|(opening, _)| names(opening.what.as_str(), &going.life.number))
        };
        let Some(at) = self.somebody(named) else { return Ok(false) };
        self.resent(at, None, Oddity::TakenNumber, Code::CaseExists)
    }

    /// A second open application of the same applicant for the same.
    pub(super) fn duplicate(&mut self) -> Made {
        let twice = |going: &Going<'_>| {
            let service = going.life.service.filter(|service| service.duplicates == Duplicates::Refused);
            let mut applicants = going.life.parties.iter().filter(|party| party.role == APPLICANT);
            let known =
                applicants.any(|one| [&one.inn, &one.snils, &one.ogrn, &one.ogrnip].into_iter().any(Option::is_some));
            service.is_some() && known && going.here().class.is_open() && going.opening.is_some()
        };
        let Some(at) = self.somebody(twice) else { return Ok(false) };
        let number = self.walk.another_number();
        self.resent(at, Some(number), Oddity::Duplicate, Code::DuplicateApplication)
    }

    /// The message that opened a life, under a new id and maybe another number.
    fn resent(&mut self, at: usize, number: Option<String>, oddity: Oddity, code: Code) -> Made {
        let Some((opening, id)) = self.lives.get(at).and_then(|going| going.opening.clone()) else { return Ok(false) };
        let mut text = String::from_utf8_lossy(&opening.bytes).replacen(&id, &self.walk.random.uuid(), 1);
        if let Some(number) = number {
            text = text.replace(&self.lives[at].life.number, &number);
        }
        let what = format!("{} again: {code}", opening.what);
        let expected = Expected::Failed(code);
        self.walk.made.push(SampleMessage {
            bytes: text.into_bytes().into(),
            oddity: Some(oddity),
            what,
            expected,
            ..opening
        });
        Ok(true)
    }

    /// A number that its sender has used.
    pub(super) fn used_sequence(&mut self) -> Made {
        let Some(at) = self.somebody(|going| going.sequence.is_some_and(|last| last > 0)) else { return Ok(false) };
        self.with(at, |own, going| {
            let last = usize::try_from(going.sequence.unwrap_or_default()).unwrap_or(1);
            let number = i64::try_from(1 + own.random.below(last)).unwrap_or(1);
            let letter = own.walk.update(own.walk.composer, &going.life, going.here(), Some(number))?;
            if going.numberer.as_ref() != Some(&letter.sender) {
                return Ok(false);
            }
            own.refused(letter, Oddity::UsedSequence, Code::SequenceUsed)
        })
    }

    pub(super) fn against_schema(&mut self) -> Made {
        let Some(letter) = self.onward()? else { return Ok(false) };
        let (how, mark, wrong) = match self.random.below(3) {
            0 => ("with a word that the header does not have", "</env:Header>", "<env:Telegram/></env:Header>"),
            1 => ("without a moment of sending", "<env:SentAt>", "<env:SentAt>вчера "),
            _ => ("with two recipients", "<env:Recipient>", "<env:Recipient/><env:Recipient>"),
        };
        let how = format!(" {how}");
        self.posts(letter, Oddity::Schema, &how, Expected::Failed(Code::SchemaViolation))?;
        self.rewrite(|text| text.replacen(mark, wrong, 1).into_bytes());
        Ok(true)
    }

    pub(super) fn damaged(&mut self, oddity: Oddity, ways: &'static [Damage]) -> Made {
        let Some(letter) = self.onward()? else { return Ok(false) };
        let Damage { how, code, of } = &ways[self.random.below(ways.len())];
        self.posts(letter, oddity, &format!(" {how}"), Expected::Failed(*code))?;
        let mut random = Random::new(self.random.next());
        self.rewrite(|text| of(&mut random, text));
        Ok(true)
    }

    /// A document whose file is not what is declared.
    pub(super) fn lying_attachment(&mut self) -> Made {
        let with_types =
            |going: &Going<'_>| going.life.lifecycle.documents().is_some_and(|rules| !rules.types.is_empty());
        let Some(at) = self.unnumbered(with_types) else { return Ok(false) };
        self.with(at, |own, going| {
            let lifecycle = going.life.lifecycle;
            let types = lifecycle.documents().map(|rules| rules.types.as_slice()).unwrap_or_default();
            let Some(one) = own.random.pick(types) else { return Ok(false) };
            let (mut saying, mut attachments) = (Saying::default(), Vec::new());
            let (mut files, mut voice) = ((&mut saying, &mut attachments), own.walk.voice());
            carries::document(lifecycle, &one.code, &going.life.number, &mut files, &mut voice);
            let saying = own.walk.about(saying, &going.life, None);
            let what = format!("documents of {}", going.life.number);
            let told = Told { saying, attachments, what };
            let mut letter = own.walk.letter(own.walk.composer, lifecycle, EXCHANGE, told)?;
            let Some(attachment) = letter.attachments.first_mut() else { return Ok(false) };
            let (how, code) = damage::lie(&mut own.random, attachment);
            own.posts(letter, Oddity::Attachment, &format!(" {how}"), Expected::Failed(code))
        })
    }

    pub(super) fn stranger(&mut self) -> Made {
        let Some(mut letter) = self.onward()? else { return Ok(false) };
        let (name, value, code) = if self.random.chance(500) {
            ("sender", "NOBODY", Code::UnknownSender)
        } else {
            ("recipient_agency", "SOMEBODY-ELSE", Code::WrongRecipient)
        };
        letter.envelope.set(name, value);
        self.refused(letter, Oddity::Stranger, code)
    }

    pub(super) fn unknown_kind(&mut self) -> Made {
        let Some(mut letter) = self.onward()? else { return Ok(false) };
        letter.envelope.set("body", TELEGRAM);
        letter.attachments.clear();
        self.refused(letter, Oddity::UnknownKind, Code::UnknownKind)
    }

    pub(super) fn expired(&mut self) -> Made {
        let Some(mut letter) = self.onward()? else { return Ok(false) };
        let at = |days| moment(self.walk.plan.base - Duration::days(days));
        let moments = [("sent_at", at(2)), ("expires_at", at(1))];
        for (name, value) in moments {
            letter.envelope.set(name, value);
        }
        self.refused(letter, Oddity::Expired, Code::Expired)
    }

    /// Whether an update says its status alone, maybe with a comment.
    pub(super) fn is_bare(&self, letter: &Letter) -> bool {
        carries::is_bare(self.walk.rulebook, &self.walk.envelope.fill(&letter.envelope))
    }
}

/// The statuses that a status does not let a life go to.
pub(super) fn closed<'w>(from: &'w Status, going: &Going<'w>) -> impl Iterator<Item = &'w Status> {
    let all = going.life.lifecycle.statuses().iter();
    all.filter(move |status| status.code != from.code && !from.next.contains(&status.code))
}
