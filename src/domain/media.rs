//! Kinds of files, told from the content itself. A declared media type is believed only when the bytes say the
//! same: magic numbers for pictures, PDF and archives; the names inside an archive for office documents; plain
//! reading for XML and text. Everything is bounded: an archive's directory is read by name only, nothing is unpacked.

use std::borrow::Cow;

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

/// How much of a file is read to tell text from binary, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// How many entries of an archive's directory are read.
const ARCHIVE_ENTRIES_MAX: usize = 10_000;

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

/// The media type that the content itself tells; none for what nobody knows, and for nothing at all.
#[must_use]
pub fn told(content: &[u8]) -> Option<&'static str> {
    if content.is_empty() {
        return None;
    }
    if content.starts_with(b"PK\x03\x04") || content.starts_with(b"PK\x05\x06") {
        return Some(archive(content));
    }
    if is_signature(content) {
        return Some(SIGNATURE);
    }
    let binary = infer::get(content).map(|kind| kind.mime_type()).filter(|kind| !kind.starts_with("text/"));
    binary.or_else(|| text(content))
}

/// Whether a declared media type agrees with the content. CSV and JSON agree with any text.
#[must_use]
pub fn agrees(declared: &str, content: &[u8]) -> bool {
    let declared = normal(declared);
    told(content).is_some_and(|told| {
        normal(told) == declared || (told == TEXT && matches!(&*declared, "text/csv" | "application/json"))
    })
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

/// Whether a PDF asks for a password: its trailer names an encryption dictionary.
#[must_use]
pub fn is_locked_pdf(content: &[u8]) -> bool {
    content.starts_with(b"%PDF-") && contains(content, b"/Encrypt")
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

/// Tells an office document from a plain archive by the names in its central directory.
fn archive(content: &[u8]) -> &'static str {
    let mut kind = ZIP;
    for name in entry_names(content).take(ARCHIVE_ENTRIES_MAX) {
        kind = match name {
            b"word/document.xml" => DOCX,
            b"xl/workbook.xml" | b"xl/workbook.bin" => XLSX,
            b"ppt/presentation.xml" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            b"META-INF/manifest.xml" => "application/vnd.oasis.opendocument",
            _ => continue,
        };
        break;
    }
    kind
}

/// Names of the entries in a zip file's central directory, as far as it can be read.
fn entry_names(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    const END_BYTES: usize = 22;
    const ENTRY_BYTES: usize = 46;
    let tail_start = content.len().saturating_sub(END_BYTES + usize::from(u16::MAX));
    let end = content[tail_start..].windows(4).rposition(|window| window == b"PK\x05\x06").map(|at| at + tail_start);
    let mut at = end.and_then(|end| number(content, end + 16, 4)).unwrap_or(content.len());
    std::iter::from_fn(move || {
        let entry = content.get(at..)?.get(..ENTRY_BYTES)?;
        if !entry.starts_with(b"PK\x01\x02") {
            return None;
        }
        let [name, extra, comment] = [28, 30, 32].map(|field| number(entry, field, 2).unwrap_or(0));
        let start = at + ENTRY_BYTES;
        at = start + name + extra + comment;
        content.get(start..start + name)
    })
}

/// A little-endian number of up to four bytes.
fn number(content: &[u8], at: usize, bytes: usize) -> Option<usize> {
    let field = content.get(at..)?.get(..bytes)?;
    Some(field.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A zip file whose directory names these entries; the entries themselves are empty.
    fn zip(names: &[&str]) -> Vec<u8> {
        let mut file = b"PK\x03\x04".to_vec();
        let directory = u32::try_from(file.len()).unwrap();
        for name in names {
            let mut entry = [0; 46];
            entry[..4].copy_from_slice(b"PK\x01\x02");
            entry[28..30].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
            file.extend(entry);
            file.extend(name.bytes());
        }
        let mut end = [0; 22];
        end[..4].copy_from_slice(b"PK\x05\x06");
        end[16..20].copy_from_slice(&directory.to_le_bytes());
        file.extend(end);
        file
    }

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
            assert_eq!(told(&content), kind, "{content:?}");
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
            assert_eq!(agrees(declared, content), right, "{declared}");
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
    fn locked_pdf() {
        assert!(is_locked_pdf(b"%PDF-1.7\ntrailer <</Encrypt 5 0 R>>"));
        assert!(!is_locked_pdf(b"%PDF-1.7\ntrailer <</Root 1 0 R>>"));
        assert!(!is_locked_pdf(b"/Encrypt"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(mut content in proptest::collection::vec(any::<u8>(), 0..200), archive: bool) {
            if archive {
                content.splice(0..0, *b"PK\x03\x04");
                content.extend(b"PK\x05\x06");
                content.extend([0; 18]);
            }
            prop_assert!(told(&content).is_some() || !archive);
        }
    }
}
