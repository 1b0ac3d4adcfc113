//! Character classes of XML Schema's regular expressions, written in the syntax of the `regex` crate.

/// What a multi-character escape such as `\d` means, as an item for a bracketed class.
pub(super) fn multi(letter: char) -> Option<&'static str> {
    Some(match letter {
        's' => "[ \\t\\n\\r]",
        'S' => "[^ \\t\\n\\r]",
        'd' => "\\p{Nd}",
        'D' => "\\P{Nd}",
        'w' => "[^\\p{P}\\p{Z}\\p{C}]",
        'W' => "[\\p{P}\\p{Z}\\p{C}]",
        'i' => NAME_START,
        'I' => NOT_NAME_START,
        'c' => NAME,
        'C' => NOT_NAME,
        _ => return None,
    })
}

/// Any character but line ends.
pub(super) const DOT: &str = "[^\\n\\r]";

/// Any character at all.
pub(super) const ANY: &str = "[\\x{0}-\\x{10FFFF}]";
/// No character.
pub(super) const NONE: &str = "[a&&b]";

/// Declares a class and its complement from one list, kept equal to `xml`'s by a test.
macro_rules! name_classes {
    ($start:literal, $more:literal) => {
        const NAME_START: &str = concat!("[", $start, "]");
        const NOT_NAME_START: &str = concat!("[^", $start, "]");
        const NAME: &str = concat!("[", $start, $more, "]");
        const NOT_NAME: &str = concat!("[^", $start, $more, "]");
    };
}

name_classes!(
    "_:A-Za-z\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{2FF}\\x{370}-\\x{37D}\\x{37F}-\\x{1FFF}\\x{200C}-\\x{200D}\
     \\x{2070}-\\x{218F}\\x{2C00}-\\x{2FEF}\\x{3001}-\\x{D7FF}\\x{F900}-\\x{FDCF}\\x{FDF0}-\\x{FFFD}\\x{10000}-\\x{EFFFF}",
    "\\-.0-9\\x{B7}\\x{300}-\\x{36F}\\x{203F}-\\x{2040}"
);

/// The general categories that `\p{…}` may name; surrogates (`Cs`) are no characters.
pub(super) const CATEGORIES: &[&str] = &[
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C", "Cc", "Cf", "Co", "Cn",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;
    use regex::Regex;

    #[test]
    fn name_classes_are_those_of_xml() {
        let start = Regex::new(&format!("^{NAME_START}$")).unwrap();
        let any = Regex::new(&format!("^{NAME}$")).unwrap();
        let mut buffer = [0; 4];
        for character in ('\0'..='\u{30000}').chain(['\u{EFFFF}', '\u{F0000}']) {
            let text = character.encode_utf8(&mut buffer);
            assert_eq!(
                start.is_match(text),
                character == ':' || xml::is_ncname(&character.to_string()),
                "{character:?}"
            );
            assert_eq!(any.is_match(text), xml::is_name_char(character), "{character:?}");
        }
    }

    #[test]
    fn every_category_is_known() {
        for category in CATEGORIES {
            assert!(Regex::new(&format!("\\p{{{category}}}")).is_ok(), "{category}");
        }
    }
}
