//! Messages that must be refused before any rule of the trade is asked: against the schema, no XML, hostile, from strangers, with
//! attachments that are not what is declared. Each is an application that could have been right.

use chrono::Duration;
use encoding_rs::WINDOWS_1251;

use super::draft::{Draft, Kind};
use super::life::moment;
use super::{Expected, Made, Sample, what};
use crate::outcome::Code;

/// Elements nested, or attributes of one element, in a message that means to hurt.
const EXCESS: usize = 2000;

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
        let code = Code::MalformedXml;
        let instead = |from: &'static str, to: &'static str| {
            move |_: &mut Self, text: String| text.replacen(from, to, 1).into_bytes()
        };
        match self.random.below(7) {
            0 => self.spoilt_text("that breaks off", code, |sample, text| {
                let mut bytes = text.into_bytes();
                let tenth = bytes.len() / 10;
                bytes.truncate(tenth * 3 + sample.random.below(tenth * 6));
                // Never in the middle of a character: that would be another fault.
                while bytes.last().is_some_and(|byte| !byte.is_ascii()) {
                    bytes.pop();
                }
                bytes
            }),
            1 => self.spoilt_text("with a bare ampersand", code, instead("Прошу", "Прошу & требую")),
            2 => self.spoilt_text("with an undefined entity", code, instead("Прошу", "&nbsp;Прошу")),
            3 => self.spoilt_text("with a control character", code, instead("Прошу", "Прошу\u{1}")),
            4 => self.spoilt_text("whose tags do not match", code, instead("</env:Header>", "</env:Heder>")),
            5 => self.spoilt_text("with a prefix that nobody declared", code, instead("<env:Body>", "<envelope:Body>")),
            _ => self.spoilt_text("with two roots", code, |_, text| [text.as_bytes(), b"<second/>\n"].concat()),
        }
    }

    pub(super) fn hostile(&mut self) -> Made {
        match self.random.below(7) {
            0 => self.spoilt_text("with an entity bomb", Code::DoctypeForbidden, |_, text| {
                let entities = (1..10).fold(String::new(), |entities, n| {
                    let tens = format!("&a{};", n - 1).repeat(10);
                    entities + &format!("<!ENTITY a{n} \"{tens}\">")
                });
                let bomb = format!("<!DOCTYPE x [<!ENTITY a0 \"ха\">{entities}]>\n<env:Envelope");
                text.replacen("<env:Envelope", &bomb, 1).replacen("Прошу", "&a9;", 1).into_bytes()
            }),
            1 => self.spoilt_text("with a document type", Code::DoctypeForbidden, |_, text| {
                let external = "<!DOCTYPE x SYSTEM \"http://example.invalid/x.dtd\">\n<env:Envelope";
                text.replacen("<env:Envelope", external, 1).into_bytes()
            }),
            2 => self.spoilt_text("of endless depth", Code::XmlLimit, |_, text| {
                text.replacen("Прошу", &format!("{}{}", "<a>".repeat(EXCESS), "</a>".repeat(EXCESS)), 1).into_bytes()
            }),
            3 => self.spoilt_text("with endless attributes", Code::XmlLimit, |_, text| {
                let attributes = (0..EXCESS).fold(String::new(), |all, n| all + " a" + &n.to_string() + "=\"\"");
                text.replacen("<env:Body", &format!("<env:Body{attributes}"), 1).into_bytes()
            }),
            4 => self.spoilt_text("in windows-1251, declared UTF-8", Code::EncodingBroken, |_, text| {
                WINDOWS_1251.encode(&text).0.into_owned()
            }),
            5 => self.spoilt_text("in an encoding that nobody reads", Code::EncodingUnknown, |_, text| {
                text.replacen("encoding=\"UTF-8\"", "encoding=\"klingon\"", 1).into_bytes()
            }),
            _ => self.nothing(),
        }
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
        let turn = self.random.below(5);
        let attachment = draft.attachments.first_mut()?;
        let (how, code) = match turn {
            0 => {
                attachment.set("sha256", "0".repeat(64));
                ("whose attachment has another hash", Code::AttachmentHash)
            }
            1 => {
                attachment.set("size", "7");
                ("whose attachment has another size", Code::AttachmentSize)
            }
            2 => {
                attachment.set("media_type", "image/jpeg");
                attachment.set("file_name", "фото.jpg");
                ("whose attachment is of another kind", Code::AttachmentType)
            }
            3 => {
                let name = self.random.word(&["../../план.pdf", "..\\план.pdf", "NUL.pdf", "план\u{202E}fdp.exe"]);
                attachment.set("file_name", name);
                ("with a trick in a file name", Code::FileNameUnsafe)
            }
            _ => {
                attachment.set("content_id", "elsewhere");
                ("without its attachment", Code::AttachmentMissing)
            }
        };
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
