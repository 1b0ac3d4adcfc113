//! Kinds of files, told from the content itself. A declared media type is believed only when the bytes say the
//! same: magic numbers for pictures, PDF and archives; the names inside an archive for office documents; plain
//! reading for XML and text. Told too is whether it takes a password to read it. Everything is bounded: bytes are read in
//! stretches wherever they lie, an archive's directory is read by name only, nothing is unpacked.

mod archive;
mod compound;
mod pdf;
mod source;

use std::borrow::Cow;
use std::io::{self, Cursor, Read, Seek};

use source::Source;

/// PDF.
pub const PDF: &str = "application/pdf";
/// XML of any kind.
pub const XML: &str = "application/xml";
/// Text: also CSV and JSON, which content alone cannot tell apart.
pub const TEXT: &str = "text/plain";
/// An archive that is no office document.
pub const ZIP: &str = "application/zip";
/// Word document.
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
/// Excel workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Detached or enveloping signature (PKCS #7, CMS).
pub const SIGNATURE: &str = "application/pkcs7-signature";

/// An office document with a password, wrapped into a compound file: nobody can tell what kind of document it is.
pub const ENCRYPTED_OFFICE: &str = "application/x-encrypted-office";

/// How much of a file is read to tell text from binary, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Other spellings of media types, beside the one used here.
const ALIASES: [(&str, &str); 10] = [
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("text/xml", XML),
    ("application/x-pdf", PDF),
    ("application/x-zip-compressed", ZIP),
    ("application/x-zip", ZIP),
    ("application/pkcs7-mime", SIGNATURE),
    ("application/x-pkcs7-signature", SIGNATURE),
    ("application/vnd.rar", "application/x-rar-compressed"),
];

/// File endings that go with a media type. A type that is not listed takes any ending.
const ENDINGS: [(&str, &[&str]); 12] = [
    (PDF, &["pdf"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    ("image/png", &["png"]),
    ("image/tiff", &["tif", "tiff"]),
    (XML, &["xml", "gml", "xsd", "svg"]),
    (TEXT, &["txt", "csv", "json", "log"]),
    ("text/csv", &["csv", "txt"]),
    ("application/json", &["json"]),
    (DOCX, &["docx"]),
    (XLSX, &["xlsx"]),
    (ZIP, &["zip"]),
    (SIGNATURE, &["sig", "p7s", "sgn", "p7m"]),
];

/// The media type in the spelling used here: lower case, aliases resolved.
#[must_use]
pub fn normal(media_type: &str) -> Cow<'_, str> {
    if let Some((_, normal)) = ALIASES.iter().find(|(alias, _)| media_type.eq_ignore_ascii_case(alias)) {
        return Cow::Borrowed(normal);
    }
    if media_type.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(media_type.to_ascii_lowercase());
    }
    Cow::Borrowed(media_type)
}

/// What a content tells of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Its media type; none for what nobody knows, and for nothing at all.
    pub media_type: Option<&'static str>,
    /// Whether it takes a password to read it.
    pub locked: bool,
}

/// A content that the document store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Its size in bytes.
    pub bytes: u64,
    /// What it tells of itself.
    pub told: Told,
}

/// What a content tells of itself.
#[must_use]
pub fn told(content: &[u8]) -> Told {
    // Bytes in memory can always be read.
    probe(&mut Cursor::new(content)).unwrap_or_default()
}

/// What a content tells of itself, wherever its bytes lie.
///
/// # Errors
/// They cannot be read.
pub fn probe<R: Read + Seek>(content: &mut R) -> io::Result<Told> {
    let mut content = Source::new(content)?;
    let head = content.stretch(0, TEXT_BYTES_MAX)?;
    let open = |media_type| Ok(Told { media_type, locked: false });
    if head.is_empty() {
        return open(None);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return archive::told(&mut content);
    }
    if is_signature(&head) {
        return open(Some(SIGNATURE));
    }
    let binary = infer::get(&head).map(|kind| kind.mime_type()).filter(|kind| !kind.starts_with("text/"));
    if head.starts_with(compound::MAGIC) {
        return compound::told(&mut content, binary);
    }
    if head.starts_with(b"%PDF-") {
        return Ok(Told { media_type: Some(PDF), locked: pdf::is_locked(&mut content)? });
    }
    open(binary.or_else(|| text(&head)))
}

/// Whether a declared media type agrees with what the content tells. CSV and JSON agree with any text.
#[must_use]
pub fn agrees(declared: &str, told: Told) -> bool {
    let declared = normal(declared);
    told.media_type.is_some_and(|told| {
        normal(told) == declared || (told == TEXT && matches!(&*declared, "text/csv" | "application/json"))
    })
}

/// Whether a content is an office document that is locked, so that it cannot be told whether it is what is declared.
#[must_use]
pub fn hides(declared: &str, told: Told) -> bool {
    let declared = normal(declared);
    told.media_type == Some(ENCRYPTED_OFFICE) && (declared == DOCX || declared == XLSX)
}

/// Whether a file ending (lower case, without dot) can stand on a file of this media type.
#[must_use]
pub fn ending_agrees(media_type: &str, ending: Option<&str>) -> bool {
    let media_type = normal(media_type);
    let Some((_, endings)) = ENDINGS.iter().find(|(listed, _)| *listed == media_type) else {
        return true;
    };
    ending.is_some_and(|ending| endings.contains(&ending))
}

/// PKCS #7 signed data in DER: a sequence whose first member is the object identifier 1.2.840.113549.1.7.2.
fn is_signature(content: &[u8]) -> bool {
    const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
    content.first() == Some(&0x30) && contains(&content[..content.len().min(20)], SIGNED_DATA)
}

fn contains(content: &[u8], sought: &[u8]) -> bool {
    content.windows(sought.len()).any(|window| window == sought)
}

/// XML, HTML or text; none for binary content.
fn text(content: &[u8]) -> Option<&'static str> {
    let head = &content[..content.len().min(TEXT_BYTES_MAX)];
    let head = match head {
        [0xFF, 0xFE, ..] => utf16(head, u16::from_le_bytes)?,
        [0xFE, 0xFF, ..] => utf16(head, u16::from_be_bytes)?,
        [0xEF, 0xBB, 0xBF, rest @ ..] => rest.to_vec(),
        _ => head.to_vec(),
    };
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C) || *byte >= 0x20 && *byte != 0x7F;
    if !head.iter().all(printable) {
        return None;
    }
    let start = head.trim_ascii_start();
    let begins = |sought: &[u8]| start.len() >= sought.len() && start[..sought.len()].eq_ignore_ascii_case(sought);
    if begins(b"<!doctype html") || begins(b"<html") {
        return Some("text/html");
    }
    let marked = match start {
        [b'<', b'?' | b'!' | b'_' | b':', ..] => true,
        [b'<', sign, ..] => sign.is_ascii_alphabetic() || *sign >= 0x80,
        _ => false,
    };
    Some(if marked { XML } else { TEXT })
}

/// The ASCII part of UTF-16 text (other signs become 0x80); none for what is not UTF-16.
fn utf16(content: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Vec<u8>> {
    let units = content[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let signs: Result<Vec<u8>, _> = char::decode_utf16(units)
        .map(|sign| sign.map(|sign| u8::try_from(sign).ok().filter(u8::is_ascii).unwrap_or(0x80)))
        .collect();
    signs.ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::archive::tests::zip;
    use super::compound::tests::compound;
    use super::*;

    fn utf16_le(text: &str) -> Vec<u8> {
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn content_tells() {
        for (content, kind) in [
            (b"%PDF-1.7\n".to_vec(), Some(PDF)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec(), Some("image/png")),
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF".to_vec(), Some("image/jpeg")),
            (zip(&["[Content_Types].xml", "word/document.xml"]), Some(DOCX)),
            (zip(&["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"]), Some(XLSX)),
            (zip(&["план.pdf"]), Some(ZIP)),
            (zip(&[]), Some(ZIP)),
            (b"PK\x03\x04 cut short".to_vec(), Some(ZIP)),
            ("<?xml version=\"1.0\"?><a/>".into(), Some(XML)),
            ("\u{FEFF}\n <Выписка/>".into(), Some(XML)),
            (utf16_le("<?xml version=\"1.0\" encoding=\"UTF-16\"?><Выписка/>"), Some(XML)),
            ("<!DOCTYPE HTML><html/>".into(), Some("text/html")),
            ("номер;дата\r\n1;2026-03-01\r\n".into(), Some(TEXT)),
            (b"\xED\xEE\xEC\xE5\xF0;1".to_vec(), Some(TEXT)), // windows-1251
            (vec![0x30, 0x82, 0x01, 0x00, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2, 0xA0], Some(SIGNATURE)),
            (vec![0, 1, 2, 3], None),
            (vec![0xFF, 0xFE, 0x00, 0xD8, 0x41, 0x00], None), // a lone surrogate
            (Vec::new(), None),
        ] {
            assert_eq!(told(&content), Told { media_type: kind, locked: false }, "{content:?}");
        }
    }

    #[test]
    fn declarations() {
        for (declared, content, right) in [
            ("application/pdf", &b"%PDF-1.4"[..], true),
            ("Application/PDF", b"%PDF-1.4", true),
            ("image/png", b"%PDF-1.4", false),
            ("image/jpg", b"\xFF\xD8\xFF\xE0", true),
            ("text/xml", b"<a/>", true),
            ("text/plain", b"<a/>", false),
            ("text/csv", b"a;b", true),
            ("application/json", b"{}", true),
            ("application/pdf", b"MZ\x90\0", false),
            ("application/octet-stream", b"\0\x01\x02", false),
            ("application/pdf", b"", false),
        ] {
            assert_eq!(agrees(declared, told(content)), right, "{declared}");
        }
    }

    #[test]
    fn endings() {
        for (kind, ending, right) in [
            (PDF, Some("pdf"), true),
            (PDF, Some("exe"), false),
            (PDF, None, false),
            ("image/jpg", Some("jpeg"), true),
            ("application/x-unheard", Some("zzz"), true),
        ] {
            assert_eq!(ending_agrees(kind, ending), right, "{kind} {ending:?}");
        }
    }

    #[test]
    fn what_takes_a_password_is_told() {
        let encrypted = compound(&["Root Entry", "EncryptionInfo", "EncryptedPackage"]);
        let older = compound(&["Root Entry", "WordDocument"]);
        for (content, media_type, locked, hidden) in [
            (b"%PDF-1.7\ntrailer <</Encrypt 5 0 R>>".to_vec(), Some(PDF), true, false),
            (b"%PDF-1.7\ntrailer <</Root 1 0 R>>".to_vec(), Some(PDF), false, false),
            (b"/Encrypt".to_vec(), Some(TEXT), false, false),
            (encrypted, Some(ENCRYPTED_OFFICE), true, true),
            (older.clone(), told(&older).media_type, false, false),
        ] {
            assert_eq!(told(&content), Told { media_type, locked });
            assert_eq!(hides(DOCX, told(&content)), hidden);
            assert!(!hides(PDF, told(&content)));
        }
        assert_ne!(told(&older).media_type, Some(ENCRYPTED_OFFICE));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(mut content in proptest::collection::vec(any::<u8>(), 0..200), archive: bool) {
            if archive {
                content.splice(0..0, *b"PK\x03\x04");
                content.extend(b"PK\x05\x06");
                content.extend([0; 18]);
            }
            prop_assert!(told(&content).media_type.is_some() || !archive);
        }
    }
}
