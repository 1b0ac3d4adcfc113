//! Messages that must be refused before any rule of the trade is asked: against the schema, no XML, hostile, from strangers, with
//! attachments that are not what is declared. Each is an application that could have been right.

use chrono::Duration;

use super::damage::{self, Damage, HOSTILE, MALFORMED};
use super::draft::{Draft, Kind};
use super::life::moment;
use super::{Expected, Made, Sample, what};
use crate::outcome::Code;

impl Sample<'_> {
    /// An application that no other message refers to.
    fn lone(&mut self) -> Draft {
        let mut life = self.unborn();
        self.submit(&mut life)
    }

    fn refused_draft(&mut self, draft: Draft, how: &str, code: Code) -> Made {
        let told = format!("{} {how}", what(&draft));
        self.finished(draft, told, Expected::Failed(code))
    }

    pub(super) fn against_schema(&mut self) -> Made {
        let mut draft = self.lone();
        let mut spoil = |name, value: &str| {
            draft.items.iter_mut().for_each(|item| item.set(name, value));
        };
        let how = match self.random.below(7) {
            0 => {
                spoil("inn", "999900000000");
                "with an INN that has wrong check digits"
            }
            1 => {
                spoil("purpose", "maybe");
                "with an unknown purpose"
            }
            2 => {
                spoil("submitted_at", "2026-02-30T10:00:00+03:00");
                "of the thirtieth of February"
            }
            3 => {
                spoil("territory", "Москва");
                "with a territory that is no code"
            }
            4 => {
                spoil("number", "№ 1");
                "with a number that is none"
            }
            5 => {
                spoil("service", "");
                "without a service"
            }
            _ => {
                spoil("territory", "1");
                spoil("email", "nowhere");
                spoil("phone", "8 800 ПОЗВОНИ");
                "with three faults"
            }
        };
        self.refused_draft(draft, how, Code::SchemaViolation)
    }

    /// A right text that is spoilt as a text. Its bytes may come again like those of any other.
    fn spoilt_text(&mut self, how: &str, code: Code, spoil: impl FnOnce(&mut Self, String) -> Vec<u8>) -> Made {
        let draft = self.lone();
        let (sender, what) = (draft.sender.clone(), format!("{} {how}", what(&draft)));
        let text = self.write(draft);
        let bytes = spoil(self, text);
        Made { sender, bytes, what, expected: Expected::Failed(code), repeatable: false, again: None }
    }

    pub(super) fn malformed(&mut self) -> Made {
        self.damaged(MALFORMED)
    }

    pub(super) fn hostile(&mut self) -> Made {
        if self.random.below(HOSTILE.len() + 1) == HOSTILE.len() { self.nothing() } else { self.damaged(HOSTILE) }
    }

    fn damaged(&mut self, ways: &'static [Damage]) -> Made {
        let Damage { how, code, of } = &ways[self.random.below(ways.len())];
        self.spoilt_text(how, *code, |sample, text| of(&mut sample.random, &text))
    }

    /// A message without a byte. Its bytes are its identity, so every one but the first is a repeat.
    fn nothing(&mut self) -> Made {
        let mut made = self.spoilt_text("that has no bytes", Code::EmptyBody, |_, _| Vec::new());
        if std::mem::replace(&mut self.sent_nothing, true) {
            made.expected = Expected::Repeat;
        }
        made
    }

    pub(super) fn lying_attachment(&mut self) -> Option<Made> {
        let mut draft = self.lone();
        if draft.attachments.is_empty() {
            draft = self.lone();
        }
        let (how, code) = damage::lie(&mut self.random, draft.attachments.first_mut()?);
        Some(self.refused_draft(draft, how, code))
    }

    pub(super) fn stranger(&mut self) -> Made {
        let mut draft = self.lone();
        if self.random.chance(500) {
            draft.envelope.set("sender", "NOBODY");
            return self.refused_draft(draft, "from nobody", Code::UnknownSender);
        }
        draft.envelope.set("recipient_agency", "SOMEBODY-ELSE");
        self.refused_draft(draft, "for somebody else", Code::WrongRecipient)
    }

    pub(super) fn unknown_kind(&mut self) -> Made {
        let mut draft = Draft::new(&self.plan.portal, Kind::Submit, Vec::new());
        draft.envelope.set("body", "<Telegram xmlns=\"urn:example:telegram:1.0\">тчк</Telegram>\n");
        let (told, code) = ("a kind that nobody knows".to_owned(), Code::UnknownKind);
        self.finished(draft, told, Expected::Failed(code))
    }

    pub(super) fn expired(&mut self) -> Made {
        let mut draft = self.lone();
        draft.envelope.set("sent_at", moment(self.plan.base - Duration::days(2)));
        draft.envelope.set("expires_at", moment(self.plan.base - Duration::days(1)));
        self.refused_draft(draft, "past its end of life", Code::Expired)
    }
}
