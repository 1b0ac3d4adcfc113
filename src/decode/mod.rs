//! Bytes become text: the size limit, the encoding, the hash. It knows nothing of XML but its declaration.
//!
//! Which encoding counts (the documented rule): a byte order mark wins; without one, UTF-16 is told by its null
//! bytes; then the XML declaration; then UTF-8. Where the declaration names an eight-bit encoding but the bytes beyond
//! ASCII are valid UTF-8, they are UTF-8, whatever was declared, and that is noted: real schemas and messages declare
//! windows-1251 over UTF-8 bytes, and Russian text in windows-1251 is practically never valid UTF-8.

mod stream;

pub use stream::Stream;

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use sha2::{Digest, Sha256};

use crate::outcome::Code;
use crate::xml::Language;

/// The declaration must end within this many bytes.
const DECLARATION_BYTES_MAX: usize = 256;

/// What decoding made of a body.
#[derive(Debug)]
pub struct Text<'a> {
    /// The text, without a byte order mark; borrowed where the body is UTF-8.
    pub text: Cow<'a, str>,
    /// The name of the encoding that was used.
    pub encoding: &'static str,
    /// Whether the declaration named another encoding than the bytes are in.
    pub contradicted: bool,
}

/// Why a body is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable {
    /// The code of the refusal.
    pub code: Code,
    /// What is wrong.
    flaw: Flaw,
}

/// What is wrong with the bytes, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    Empty,
    TooLong {
        bytes: usize,
        bytes_max: usize,
    },
    /// The first byte that is not UTF-8, though nothing else is declared.
    NotUtf8 {
        at: usize,
    },
    NotIn {
        encoding: &'static str,
    },
    EncodingUnknown,
    /// UTF-32.
    FourByte,
}

impl Undecodable {
    /// What is wrong and where, in words without any of the content.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.flaw.english(),
            Language::Russian => self.flaw.russian(),
        }
    }
}

impl Flaw {
    fn code(self) -> Code {
        match self {
            Self::Empty => Code::EmptyBody,
            Self::TooLong { .. } => Code::TooLarge,
            Self::NotUtf8 { .. } | Self::NotIn { .. } => Code::EncodingBroken,
            Self::EncodingUnknown | Self::FourByte => Code::EncodingUnknown,
        }
    }

    fn english(self) -> String {
        match self {
            Self::Empty => "the body has no bytes".into(),
            Self::TooLong { bytes, bytes_max } => format!("{bytes} bytes, the limit here is {bytes_max}"),
            Self::NotUtf8 { at } => format!("byte {at} is not UTF-8, and no other encoding is declared"),
            Self::NotIn { encoding } => format!("the bytes are not valid {encoding}"),
            Self::EncodingUnknown => "the XML declaration names an encoding that is not known; UTF-8 always is".into(),
            Self::FourByte => "this is UTF-32, which is not supported; UTF-8 is".into(),
        }
    }

    fn russian(self) -> String {
        match self {
            Self::Empty => "в нём нет ни одного байта".into(),
            Self::TooLong { bytes, bytes_max } => format!("размер {bytes} байт, здесь принимается до {bytes_max}"),
            Self::NotUtf8 { at } => format!("байт {at} не относится к UTF-8, а другая кодировка не объявлена"),
            Self::NotIn { encoding } => format!("это не текст в {encoding}"),
            Self::EncodingUnknown => {
                "кодировка, указанная в объявлении XML, не поддерживается; используйте UTF-8".into()
            }
            Self::FourByte => "это UTF-32, такая кодировка не поддерживается; используйте UTF-8".into(),
        }
    }
}

/// The SHA-256 of a body: its identity where it has no other.
#[must_use]
pub fn hash(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// Turns a body into text, refusing what is empty, longer than `bytes_max`, or not text.
pub fn decode(body: &[u8], bytes_max: usize) -> Result<Text<'_>, Undecodable> {
    if body.is_empty() {
        return Err(refuse(Flaw::Empty));
    }
    if body.len() > bytes_max {
        return Err(refuse(Flaw::TooLong { bytes: body.len(), bytes_max }));
    }
    let (encoding, skip) = match marked(body)? {
        Some(found) => found,
        None => named(body)?,
    };
    if encoding == UTF_8 {
        return utf8(body, skip);
    }
    let two_byte = encoding == UTF_16LE || encoding == UTF_16BE;
    if !two_byte
        && skip == 0
        && let Ok(text) = std::str::from_utf8(body)
    {
        return Ok(Text { text: text.into(), encoding: UTF_8.name(), contradicted: !text.is_ascii() });
    }
    legacy(encoding, &body[skip..])
}

fn refuse(flaw: Flaw) -> Undecodable {
    Undecodable { code: flaw.code(), flaw }
}

fn utf8(body: &[u8], skip: usize) -> Result<Text<'_>, Undecodable> {
    let body = &body[skip..];
    let contradicted = matches!(declared(body), Ok(Some(named)) if named != UTF_8);
    match std::str::from_utf8(body) {
        Ok(text) => Ok(Text { text: text.into(), encoding: UTF_8.name(), contradicted }),
        Err(broken) => Err(refuse(Flaw::NotUtf8 { at: broken.valid_up_to() + skip })),
    }
}

fn legacy<'a>(encoding: &'static Encoding, body: &'a [u8]) -> Result<Text<'a>, Undecodable> {
    match encoding.decode_without_bom_handling_and_without_replacement(body) {
        Some(text) => {
            let contradicted = declared_in(&text).is_some_and(|name| !agrees(name, encoding));
            Ok(Text { text, encoding: encoding.name(), contradicted })
        }
        None => Err(refuse(Flaw::NotIn { encoding: encoding.name() })),
    }
}

fn agrees(name: &str, encoding: &'static Encoding) -> bool {
    let utf16 = encoding == UTF_16LE || encoding == UTF_16BE;
    Encoding::for_label(name.as_bytes())
        .is_some_and(|named| named == encoding || (utf16 && (named == UTF_16LE || named == UTF_16BE)))
}

/// The encoding that the first bytes show by themselves, and how many of them are the mark. No character of XML has the
/// number 0, so two null bytes in a row are UTF-32.
fn marked(body: &[u8]) -> Result<Option<(&'static Encoding, usize)>, Undecodable> {
    if let [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] | [b'<', 0, 0, 0, ..] | [0, 0, 0, b'<', ..] = body {
        return Err(refuse(Flaw::FourByte));
    }
    if let Some((encoding, length)) = Encoding::for_bom(body) {
        // Of two marks the second is a character that no document begins with. The reader takes one away, so it is left
        // both, to find the second.
        let twice = body[length..].starts_with(&body[..length]);
        return Ok(Some((encoding, if twice { 0 } else { length })));
    }
    Ok(match body {
        [b'<', 0, ..] => Some((UTF_16LE, 0)),
        [0, b'<', ..] => Some((UTF_16BE, 0)),
        _ => None,
    })
}

/// The encoding of a body that does not show it by its first bytes, and no mark.
fn named(head: &[u8]) -> Result<(&'static Encoding, usize), Undecodable> {
    Ok((declared(head)?.unwrap_or(UTF_8), 0))
}

/// The encoding that the XML declaration names, where there is one.
fn declared(body: &[u8]) -> Result<Option<&'static Encoding>, Undecodable> {
    let head = &body[..body.len().min(DECLARATION_BYTES_MAX)];
    let head: String = head.iter().take_while(|byte| **byte != b'>').map(|&byte| char::from(byte)).collect();
    let Some(name) = declared_in(&head) else { return Ok(None) };
    match Encoding::for_label(name.as_bytes()) {
        // A declaration that we could read byte by byte cannot be in a two-byte encoding.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Ok(Some(UTF_8)),
        Some(encoding) => Ok(Some(encoding)),
        None => Err(refuse(Flaw::EncodingUnknown)),
    }
}

fn declared_in(text: &str) -> Option<&str> {
    let declaration = text.strip_prefix("<?xml").filter(|rest| rest.starts_with([' ', '\t', '\r', '\n']))?;
    let end = declaration.find("?>").or_else(|| declaration.find('?')).unwrap_or(declaration.len());
    let (_, rest) = declaration[..end].split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &[u8], expected: Result<(&str, &str, bool), Code>) {
        let got = decode(body, 1000);
        match (got, expected) {
            (Ok(text), Ok((words, encoding, contradicted))) => {
                assert_eq!((&*text.text, text.encoding, text.contradicted), (words, encoding, contradicted));
            }
            (Err(refusal), Err(code)) => assert_eq!(refusal.code, code),
            (got, expected) => panic!("{got:?} is not {expected:?}"),
        }
    }

    fn windows_1251(text: &str) -> Vec<u8> {
        encoding_rs::WINDOWS_1251.encode(text).0.into_owned()
    }

    fn utf_16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn the_encoding_is_found_by_mark_then_declaration_then_utf8() {
        check("<а/>".as_bytes(), Ok(("<а/>", "UTF-8", false)));
        check(&[b"\xEF\xBB\xBF".as_slice(), "<а/>".as_bytes()].concat(), Ok(("<а/>", "UTF-8", false)));
        let declared = "<?xml version=\"1.0\" encoding=\"windows-1251\"?><а/>";
        check(&windows_1251(declared), Ok((declared, "windows-1251", false)));
        check(declared.as_bytes(), Ok((declared, "UTF-8", true)));
        let single = "<?xml version='1.0' encoding = 'utf-8'?><а/>";
        check(single.as_bytes(), Ok((single, "UTF-8", false)));
        check("\u{FEFF}\u{FEFF}<а/>".as_bytes(), Ok(("\u{FEFF}\u{FEFF}<а/>", "UTF-8", false)));
        let instruction = "<?xml-stylesheet encoding='klingon'?><а/>";
        check(instruction.as_bytes(), Ok((instruction, "UTF-8", false)));
    }

    #[test]
    fn utf16_is_read_with_and_without_its_mark() {
        for little in [true, false] {
            let name = if little { "UTF-16LE" } else { "UTF-16BE" };
            check(&utf_16("<а/>", little), Ok(("<а/>", name, false)));
            check(&utf_16("\u{feff}<а/>", little), Ok(("<а/>", name, false)));
            let declared = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><а/>";
            check(&utf_16(declared, little), Ok((declared, name, false)));
            let wrong = "<?xml version=\"1.0\" encoding=\"utf-8\"?><а/>";
            check(&utf_16(wrong, little), Ok((wrong, name, true)));
        }
    }

    #[test]
    fn a_refusal_is_told_in_one_language() {
        let unknown = b"<?xml version='1.0' encoding='klingon'?><a/>";
        let bodies: [&[u8]; 6] =
            [b"", &[b'<'; 1001], b"<a>\xff</a>", unknown, b"\xff\xfe<\0\0\xd8", b"\xff\xfe\0\0<\0\0\0"];
        for body in bodies {
            let refusal = decode(body, 1000).unwrap_err();
            let is_russian = |text: &str| text.chars().any(|letter| ('а'..='я').contains(&letter));
            assert!(is_russian(&refusal.text(Language::Russian)), "{refusal:?}");
            assert!(refusal.text(Language::English).is_ascii(), "{refusal:?}");
            assert!(!refusal.text(Language::Russian).contains("the "), "{refusal:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_and_comes_back() {
        check(b"", Err(Code::EmptyBody));
        check(&[b'<'; 1001], Err(Code::TooLarge));
        check(b"<a>\xff</a>", Err(Code::EncodingBroken));
        check(b"<?xml version='1.0' encoding='klingon'?><a/>", Err(Code::EncodingUnknown));
        check(&[0xff, 0xfe, b'<', 0, 0x00, 0xd8], Err(Code::EncodingBroken));
        for (mark, little) in [("", true), ("", false), ("\u{FEFF}", true), ("\u{FEFF}", false)] {
            let text = format!("{mark}<а/>");
            let four = |character: char| {
                let number = u32::from(character);
                if little { number.to_le_bytes() } else { number.to_be_bytes() }
            };
            check(&text.chars().flat_map(four).collect::<Vec<u8>>(), Err(Code::EncodingUnknown));
        }
    }
}
