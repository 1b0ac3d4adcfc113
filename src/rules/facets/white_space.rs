//! `whiteSpace`: what becomes of white space before a literal is looked at.

use std::borrow::Cow;

use super::FacetFault;

/// The facet's three values, from loose to tight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WhiteSpace {
    /// Everything stays.
    Preserve,
    /// Tabs and line ends become spaces.
    Replace,
    /// As above, and runs of spaces become one, those at the ends vanish.
    Collapse,
}

impl WhiteSpace {
    /// Reads the facet's value, which may not be looser than the base type's.
    pub(crate) fn compile(text: &str, base: Self, base_fixed: bool) -> Result<Self, FacetFault> {
        let value = match text {
            "preserve" => Self::Preserve,
            "replace" => Self::Replace,
            "collapse" => Self::Collapse,
            _ => return Err(FacetFault::new("cvc-enumeration-valid", "preserve, replace or collapse is expected")),
        };
        super::check_fixed(base_fixed, value == base)?;
        if value < base {
            return Err(FacetFault::new("whiteSpace-valid-restriction", "looser than the base type's whiteSpace"));
        }
        Ok(value)
    }

    /// The text with its white space treated; borrowed where nothing inside has to change.
    #[inline]
    pub(crate) fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Preserve => Cow::Borrowed(text),
            Self::Replace => {
                if text.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')) {
                    Cow::Owned(text.replace(['\t', '\n', '\r'], " "))
                } else {
                    Cow::Borrowed(text)
                }
            }
            Self::Collapse => collapse(text),
        }
    }
}

/// White space of XML, as bytes.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The text without white space at its ends.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) if !is_space(*first) && !is_space(*last) => text,
        _ => text.trim_matches(|character: char| u8::try_from(character).is_ok_and(is_space)),
    }
}

fn collapse(text: &str) -> Cow<'_, str> {
    let trimmed = trim(text);
    let bytes = trimmed.as_bytes();
    let mut before = b'x';
    let clean = bytes.iter().all(|byte| {
        let fits = *byte > b' ' || *byte == b' ' && before != b' ' || *byte < b' ' && !is_space(*byte);
        before = *byte;
        fits
    });
    if clean {
        return Cow::Borrowed(trimmed);
    }
    let words: Vec<&str> = words(trimmed).collect();
    Cow::Owned(words.join(" "))
}

/// What lies between white space: the items of a list.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| u8::try_from(character).is_ok_and(is_space)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_treats_white_space() {
        for (text, replaced, collapsed) in [
            ("a b", "a b", "a b"),
            (" \ta\n\nb  c ", "  a  b  c ", "a b c"),
            ("", "", ""),
            (" ", " ", ""),
            ("\u{A0}a", "\u{A0}a", "\u{A0}a"),
        ] {
            assert_eq!(WhiteSpace::Preserve.apply(text), text);
            assert_eq!(WhiteSpace::Replace.apply(text), replaced);
            assert_eq!(WhiteSpace::Collapse.apply(text), collapsed);
        }
        assert!(matches!(WhiteSpace::Collapse.apply(" a b\n"), Cow::Borrowed("a b")));
    }

    #[test]
    fn it_may_only_tighten() {
        use WhiteSpace::{Collapse, Preserve, Replace};
        assert_eq!(WhiteSpace::compile("collapse", Replace, false), Ok(Collapse));
        assert_eq!(
            WhiteSpace::compile("replace", Collapse, false).unwrap_err().constraint,
            "whiteSpace-valid-restriction"
        );
        assert_eq!(WhiteSpace::compile("collapse", Preserve, true).unwrap_err().constraint, "st-restrict-facets");
        assert!(WhiteSpace::compile("Collapse", Preserve, false).is_err());
    }
}
