//! What can be wrong with the text of any message, whatever it says: no XML, meant to hurt, in another encoding, with attachments that
//! are not what is declared. Each comes with the code that it must be refused with.

use encoding_rs::WINDOWS_1251;

use super::template::Record;
use crate::outcome::Code;
use crate::random::Random;

/// Elements nested, or attributes of one element, in a message that means to hurt.
const EXCESS: usize = 2000;
const BODY: &str = "<env:Body>";
const ROOT: &str = "<env:Envelope";

/// Something wrong with a text.
pub(super) struct Damage {
    /// In words.
    pub(super) how: &'static str,
    /// What it is refused with.
    pub(super) code: Code,
    /// The bytes of the damaged text.
    pub(super) of: fn(&mut Random, &str) -> Vec<u8>,
}

/// No well-formed XML.
pub(super) const MALFORMED: &[Damage] = &[
    Damage { how: "that breaks off", code: Code::MalformedXml, of: broken_off },
    Damage {
        how: "with a bare ampersand",
        code: Code::MalformedXml,
        of: |_, text| text.replacen(BODY, "<env:Body> & ", 1).into_bytes(),
    },
    Damage {
        how: "with an undefined entity",
        code: Code::MalformedXml,
        of: |_, text| text.replacen(BODY, "<env:Body>&nbsp;", 1).into_bytes(),
    },
    Damage {
        how: "with a control character",
        code: Code::MalformedXml,
        of: |_, text| text.replacen(BODY, "<env:Body>\u{1}", 1).into_bytes(),
    },
    Damage {
        how: "whose tags do not match",
        code: Code::MalformedXml,
        of: |_, text| text.replacen("</env:Header>", "</env:Heder>", 1).into_bytes(),
    },
    Damage {
        how: "with a prefix that nobody declared",
        code: Code::MalformedXml,
        of: |_, text| text.replacen(BODY, "<envelope:Body>", 1).into_bytes(),
    },
    Damage {
        how: "with two roots",
        code: Code::MalformedXml,
        of: |_, text| [text.as_bytes(), b"<second/>\n"].concat(),
    },
];

/// Meant to hurt.
pub(super) const HOSTILE: &[Damage] = &[
    Damage { how: "with an entity bomb", code: Code::DoctypeForbidden, of: |_, text| bomb(text) },
    Damage {
        how: "with a document type",
        code: Code::DoctypeForbidden,
        of: |_, text| {
            let external = "<!DOCTYPE x SYSTEM \"http://example.invalid/x.dtd\">\n<env:Envelope";
            text.replacen(ROOT, external, 1).into_bytes()
        },
    },
    Damage {
        how: "of endless depth",
        code: Code::XmlLimit,
        of: |_, text| {
            let endless = format!("{BODY}{}{}", "<a>".repeat(EXCESS), "</a>".repeat(EXCESS));
            text.replacen(BODY, &endless, 1).into_bytes()
        },
    },
    Damage {
        how: "with endless attributes",
        code: Code::XmlLimit,
        of: |_, text| {
            let attributes = (0..EXCESS).fold(String::new(), |all, n| all + " a" + &n.to_string() + "=\"\"");
            text.replacen(BODY, &format!("<env:Body{attributes}>"), 1).into_bytes()
        },
    },
    Damage {
        how: "in windows-1251, declared UTF-8",
        code: Code::EncodingBroken,
        of: |_, text| {
            let cyrillic = text.replacen(BODY, "<!-- Заявление -->\n  <env:Body>", 1);
            WINDOWS_1251.encode(&cyrillic).0.into_owned()
        },
    },
    Damage {
        how: "in an encoding that nobody reads",
        code: Code::EncodingUnknown,
        of: |_, text| text.replacen("encoding=\"UTF-8\"", "encoding=\"klingon\"", 1).into_bytes(),
    },
];

/// Encodings that messages come in now and then: what is declared, and how that is told.
pub(super) const ENCODINGS: &[(&str, &str)] = &[
    ("windows-1251", "in windows-1251"),
    ("UTF-16", "in UTF-16"),
    ("UTF-8", "with a byte order mark"),
    ("windows-1251", "declared windows-1251 but UTF-8"),
];

/// A text in one of [`ENCODINGS`], which it declares.
pub(super) fn encoded(text: &str, turn: usize) -> Vec<u8> {
    match turn {
        0 => WINDOWS_1251.encode(text).0.into_owned(),
        1 => std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
        2 => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        _ => text.as_bytes().to_vec(),
    }
}

/// Makes an attachment something else than what is declared; tells how, and what the message is refused with.
pub(super) fn lie(random: &mut Random, attachment: &mut Record) -> (&'static str, Code) {
    match random.below(5) {
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
            let name = random.word(&["../../план.pdf", "..\\план.pdf", "NUL.pdf", "план\u{202E}fdp.exe"]);
            attachment.set("file_name", name);
            ("with a trick in a file name", Code::FileNameUnsafe)
        }
        _ => {
            attachment.set("content_id", "elsewhere");
            ("without its attachment", Code::AttachmentMissing)
        }
    }
}

fn broken_off(random: &mut Random, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let tenth = bytes.len() / 10;
    bytes.truncate(tenth * 3 + random.below(tenth * 6));
    // Never in the middle of a character: that would be another fault.
    while bytes.last().is_some_and(|byte| !byte.is_ascii()) {
        bytes.pop();
    }
    bytes
}

fn bomb(text: &str) -> Vec<u8> {
    let entities = (1..10).fold(String::new(), |entities, n| {
        let tens = format!("&a{};", n - 1).repeat(10);
        entities + &format!("<!ENTITY a{n} \"{tens}\">")
    });
    let bomb = format!("<!DOCTYPE x [<!ENTITY a0 \"ха\">{entities}]>\n{ROOT}");
    text.replacen(ROOT, &bomb, 1).replacen(BODY, "<env:Body>&a9;", 1).into_bytes()
}
