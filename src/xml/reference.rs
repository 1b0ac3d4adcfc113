//! Character references and the five predefined entities (XML 1.0, sections 4.1 and 4.6).

use super::FaultCode;
use super::chars;
use super::stop::{Stop, fault};

/// Longest reference that is looked for, in bytes: a number with many leading zeros.
const REFERENCE_BYTES_MAX: usize = 1024;

/// Reads the reference whose `&` is at `at`: the character that it means, and the offset behind its `;`.
pub(super) fn read(text: &str, at: usize) -> Result<(char, usize), Stop> {
    let rest = &text.as_bytes()[at + 1..];
    let window = &rest[..rest.len().min(REFERENCE_BYTES_MAX)];
    let Some(length) = memchr::memchr(b';', window) else {
        return if rest.len() < REFERENCE_BYTES_MAX && could_continue(window) {
            Err(Stop::Short)
        } else {
            fault(FaultCode::BadReference, at)
        };
    };
    let name = text.get(at + 1..at + 1 + length).unwrap_or("");
    let end = at + length + 2;
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => match name.strip_prefix('#') {
            Some(number) => numbered(number).ok_or(Stop::Fault(FaultCode::BadReference, at))?,
            None if chars::is_name(name) => return fault(FaultCode::UndefinedEntity, at),
            None => return fault(FaultCode::BadReference, at),
        },
    };
    Ok((character, end))
}

/// Whether more input could still make `bytes` a reference.
fn could_continue(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == b'#' || chars::CLASS[usize::from(*byte)] & chars::NAME != 0)
}

fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(value).filter(|character| chars::is_char(*character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_mean_characters() {
        for (text, character) in [("&lt;", '<'), ("&#65;", 'A'), ("&#x41;", 'A'), ("&#x0041;", 'A'), ("&#1087;", 'п')]
        {
            assert_eq!(read(text, 0), Ok((character, text.len())), "{text}");
        }
    }

    #[test]
    fn malformed_references_are_faults() {
        for (text, code) in [
            ("&nbsp;", FaultCode::UndefinedEntity),
            ("&;", FaultCode::BadReference),
            ("&#;", FaultCode::BadReference),
            ("&#x;", FaultCode::BadReference),
            ("&#X41;", FaultCode::BadReference),
            ("&#+65;", FaultCode::BadReference),
            ("&#0;", FaultCode::BadReference),
            ("&#xD800;", FaultCode::BadReference),
            ("&#xFFFF;", FaultCode::BadReference),
            ("&#99999999999;", FaultCode::BadReference),
            ("& b;", FaultCode::BadReference),
            ("&a b", FaultCode::BadReference),
        ] {
            assert_eq!(read(text, 0), Err(Stop::Fault(code, 0)), "{text}");
        }
        assert_eq!(read("&am", 0), Err(Stop::Short));
    }
}
