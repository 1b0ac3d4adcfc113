//! Bytes of a schema document to text. The rule: a byte order mark decides; else UTF-16 shows itself by its zero bytes;
//! else the declared encoding decides, unless it fails where UTF-8 does not.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes in which an XML declaration names its encoding.
const DECLARATION_BYTES_MAX: usize = 256;

/// The text of a document, without its byte order mark; `None` where the bytes are no text in their encoding.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, &bytes[length..]);
    }
    match bytes {
        [b'<', 0, ..] => return decode_as(UTF_16LE, bytes),
        [0, b'<', ..] => return decode_as(UTF_16BE, bytes),
        _ => {}
    }
    let utf8 = || std::str::from_utf8(bytes).ok().map(str::to_owned);
    match declared(bytes) {
        Some(encoding) if encoding != UTF_8 => {
            // Real files declare windows-1251 over bytes of UTF-8; text beyond ASCII in it is hardly ever valid UTF-8.
            let is_utf8 = !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok();
            if is_utf8 { utf8() } else { decode_as(encoding, bytes) }
        }
        _ => utf8(),
    }
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

/// The encoding that the XML declaration names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES_MAX)];
    let head: String = head.iter().take_while(|byte| byte.is_ascii()).map(|byte| char::from(*byte)).collect();
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?;
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next()?;
    let label = rest[1..].split(quote).next()?;
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        let text = "<?xml version='1.0' encoding='windows-1251'?><имя/>";
        let (cp1251, ..) = encoding_rs::WINDOWS_1251.encode(text);
        let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let with_mark = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        for bytes in [&cp1251[..], text.as_bytes(), &with_mark, &utf16(u16::to_le_bytes), &utf16(u16::to_be_bytes)] {
            assert_eq!(decode(bytes).as_deref(), Some(text));
        }
        assert_eq!(decode(b"<\xFF/>"), None);
    }
}
