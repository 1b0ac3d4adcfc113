//! Character classes of XML 1.0, fifth edition, and Namespaces in XML 1.0, third edition.

/// The byte may start a name (for bytes from 0x80 on: the character must still be looked at).
pub(super) const NAME_START: u8 = 1;
/// The byte may continue a name (for bytes from 0x80 on: the character must still be looked at).
pub(super) const NAME: u8 = 2;
/// White space of XML.
pub(super) const SPACE: u8 = 4;
/// The byte stands for itself in character data and needs no second look.
pub(super) const TEXT: u8 = 8;
/// The byte stands for itself in an attribute value and needs no second look.
pub(super) const VALUE: u8 = 16;

/// The byte continues a name, is no colon and needs no second look.
pub(super) const PLAIN_NAME: u8 = 32;

/// Classes of each byte.
pub(super) static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class_of(byte);
        byte += 1;
    }
    table
}

#[expect(clippy::cast_possible_truncation, reason = "the caller counts bytes from 0 to 255")]
const fn class_of(byte: usize) -> u8 {
    let byte = byte as u8;
    let mut class = 0;
    if byte.is_ascii_alphabetic() || byte == b'_' || byte == b':' || byte >= 0x80 {
        class |= NAME_START | NAME;
    }
    if byte.is_ascii_digit() || byte == b'-' || byte == b'.' {
        class |= NAME;
    }
    if class & NAME != 0 && byte != b':' && byte < 0x80 {
        class |= PLAIN_NAME;
    }
    if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
        class |= SPACE;
    }
    // 0xEF begins U+FFFE and U+FFFF, which are no characters of XML.
    if byte >= 0x20 && byte != b'<' && byte != b'&' && byte != 0xEF {
        if byte != b']' {
            class |= TEXT;
        }
        if byte != b'"' && byte != b'\'' {
            class |= VALUE;
        }
    }
    if byte == b'\t' || byte == b'\n' {
        class |= TEXT;
    }
    class
}

/// Whether two names are the same bytes. Names are short, so a call into the library for memory costs more than this.
#[inline]
pub(crate) fn same_name(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let ends = (left.first_chunk::<8>(), left.last_chunk::<8>(), right.first_chunk::<8>(), right.last_chunk::<8>());
    if let (Some(first), Some(last), Some(other_first), Some(other_last)) = ends {
        let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        let ends = (word(first) ^ word(other_first)) | (word(last) ^ word(other_last));
        return ends == 0 && (left.len() <= 16 || left[8..] == right[8..]);
    }
    left.iter().zip(right).all(|(one, other)| one == other)
}

/// Whether a byte is white space.
#[inline]
pub(super) fn is_space_byte(byte: u8) -> bool {
    CLASS[usize::from(byte)] & SPACE != 0
}

/// The first offset from `at` on whose byte is not of `class`, or the length.
#[inline]
pub(super) fn run(bytes: &[u8], mut at: usize, class: u8) -> usize {
    while let Some(chunk) = bytes.get(at..at + 8) {
        let all = CLASS[usize::from(chunk[0])]
            & CLASS[usize::from(chunk[1])]
            & CLASS[usize::from(chunk[2])]
            & CLASS[usize::from(chunk[3])]
            & CLASS[usize::from(chunk[4])]
            & CLASS[usize::from(chunk[5])]
            & CLASS[usize::from(chunk[6])]
            & CLASS[usize::from(chunk[7])];
        if all & class == 0 {
            break;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if CLASS[usize::from(byte)] & class == 0 {
            break;
        }
        at += 1;
    }
    at
}

/// Whether `character` may stand in an XML document (production 2).
#[must_use]
pub fn is_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// Whether `character` could make a terminal do or show something else than text: controls, of which XML lets those from
/// U+007F on pass, and what turns the direction of writing. Whatever shows a document to a person leaves them out.
#[must_use]
pub fn is_treacherous(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Whether `character` is white space of XML (production 3); other Unicode spaces are not.
#[must_use]
pub fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// Whether `character` may begin a name (production 4, colon included).
pub(crate) fn is_name_start(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphabetic() || character == '_' || character == ':';
    }
    matches!(character,
        '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// Whether `character` may continue a name (production 4a).
pub(crate) fn is_name_char(character: char) -> bool {
    if character.is_ascii() {
        return is_name_start(character) || character.is_ascii_digit() || character == '-' || character == '.';
    }
    is_name_start(character) || matches!(character, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether `text` is a Name (production 5).
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_char)
}

/// Whether `text` is an `NCName`: a Name without colons.
#[must_use]
pub fn is_ncname(text: &str) -> bool {
    !text.contains(':') && is_name(text)
}

/// Whether `text` is an Nmtoken (production 7).
#[must_use]
pub fn is_nmtoken(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_char)
}

/// Splits `name` at its colon and checks both parts; `None` where it is no `QName`.
pub(crate) fn split_qname(name: &str) -> Option<(&str, &str)> {
    match name.split_once(':') {
        None => is_ncname(name).then_some(("", name)),
        Some((prefix, local)) => (is_ncname(prefix) && is_ncname(local)).then_some((prefix, local)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_fifth_edition() {
        for (text, name, ncname) in [
            ("a", true, true),
            ("имя-1", true, true),
            ("a:b", true, false),
            ("", false, false),
            ("1a", false, false),
            ("-a", false, false),
            ("a b", false, false),
            ("\u{B7}", false, false),
            ("a\u{B7}", true, true),
            ("\u{D7}", false, false),
        ] {
            assert_eq!((is_name(text), is_ncname(text)), (name, ncname), "{text:?}");
        }
        assert!(is_nmtoken("-1") && !is_nmtoken("a b") && !is_nmtoken(""));
    }

    #[test]
    fn qnames_have_at_most_one_colon() {
        assert_eq!(split_qname("a:b"), Some(("a", "b")));
        assert_eq!(split_qname("b"), Some(("", "b")));
        for wrong in [":b", "a:", "a:b:c", "a:1", ""] {
            assert_eq!(split_qname(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn runs_end_at_the_first_other_byte() {
        assert_eq!(run(b"abcdefghij<", 0, TEXT), 10);
        assert_eq!(run(b"ab", 1, TEXT), 2);
        assert_eq!(run(b"<", 0, TEXT), 0);
    }
}
