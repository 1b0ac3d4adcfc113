//! Tags: names and attributes of one start tag, scanned and normalized but not yet resolved (XML 1.0, sections 3.1, 3.3.3).

use super::chars::{self, CLASS, NAME, NAME_START, PLAIN_NAME, SPACE, VALUE};
use super::stop::{Stop, fault};
use super::{FaultCode, Limits, reference};

/// A name in the window: where it lies, and the length of its prefix without the colon (0: no prefix).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RawName {
    pub(super) start: usize,
    pub(super) length: usize,
    pub(super) prefix: usize,
}

impl RawName {
    /// Prefix and local part, cut from the text that the name was scanned in.
    #[inline]
    pub(super) fn split(self, text: &str) -> (&str, &str) {
        let end = self.start + self.length;
        if self.prefix == 0 {
            return ("", &text[self.start..end]);
        }
        (&text[self.start..self.start + self.prefix], &text[self.start + self.prefix + 1..end])
    }
}

/// One attribute as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawAttribute {
    pub(super) name: RawName,
    /// The value between its quotes, in the window.
    pub(super) raw_start: usize,
    pub(super) raw_end: usize,
    /// The normalized value in [`Tag::values`], where it differs from the raw one.
    pub(super) normalized: Option<(usize, usize)>,
    /// Entry of the bindings that its prefix means, once resolved.
    pub(super) binding: usize,
}

/// A start tag; the buffers are reused from tag to tag.
#[derive(Debug, Default)]
pub(super) struct Tag {
    pub(super) name: RawName,
    pub(super) attributes: Vec<RawAttribute>,
    /// Values that are not written as they are meant.
    pub(super) values: String,
    pub(super) empty: bool,
    /// Some attribute has a prefix.
    pub(super) prefixed: bool,
}

impl Tag {
    /// The normalized value of an attribute.
    #[inline]
    pub(super) fn value<'t>(&'t self, text: &'t str, attribute: &RawAttribute) -> &'t str {
        match attribute.normalized {
            Some((start, end)) => &self.values[start..end],
            None => &text[attribute.raw_start..attribute.raw_end],
        }
    }

    /// Scans the start tag whose `<` is at `at`; the offset behind its `>`.
    pub(super) fn scan(&mut self, text: &str, at: usize, limits: &Limits) -> Result<usize, Stop> {
        self.attributes.clear();
        self.values.clear();
        self.prefixed = false;
        let bytes = text.as_bytes();
        self.name = name(text, at + 1, limits)?;
        let mut here = at + 1 + self.name.length;
        loop {
            let mut separated = here;
            while bytes.get(separated).is_some_and(|byte| CLASS[usize::from(*byte)] & SPACE != 0) {
                separated += 1;
            }
            within_limit(at, separated, limits)?;
            match bytes.get(separated) {
                None => return Err(Stop::Short),
                Some(b'>') => {
                    self.empty = false;
                    return Ok(separated + 1);
                }
                Some(b'/') => {
                    self.empty = true;
                    return match bytes.get(separated + 1) {
                        None => Err(Stop::Short),
                        Some(b'>') => Ok(separated + 2),
                        Some(_) => fault(FaultCode::BadTag, separated),
                    };
                }
                Some(_) if separated == here => return fault(FaultCode::BadTag, here),
                Some(_) => here = self.attribute(text, at, separated, limits)?,
            }
        }
    }

    /// Scans the attribute at `at`, of the tag that begins at `tag`; the offset behind its closing quote.
    fn attribute(&mut self, text: &str, tag: usize, at: usize, limits: &Limits) -> Result<usize, Stop> {
        if self.attributes.len() == limits.attributes_max {
            return fault(FaultCode::TooManyAttributes, at);
        }
        let bytes = text.as_bytes();
        let name = name(text, at, limits)?;
        let mut here = at + name.length;
        if bytes.get(here) != Some(&b'=') {
            here = chars::run(bytes, here, SPACE);
            within_limit(tag, here, limits)?;
            expect(bytes, here, b'=')?;
        }
        here += 1;
        let mut quote = *bytes.get(here).ok_or(Stop::Short)?;
        if CLASS[usize::from(quote)] & SPACE != 0 {
            here = chars::run(bytes, here, SPACE);
            within_limit(tag, here, limits)?;
            quote = *bytes.get(here).ok_or(Stop::Short)?;
        }
        if quote != b'"' && quote != b'\'' {
            return fault(FaultCode::BadTag, here);
        }
        let start = here + 1;
        let end = chars::run(bytes, start, VALUE);
        let (end, normalized) =
            if bytes.get(end) == Some(&quote) { (end, None) } else { self.normalize(text, start, quote, limits)? };
        if end - start > limits.attribute_value_bytes_max {
            return fault(FaultCode::AttributeTooLong, start);
        }
        self.prefixed |= name.prefix > 0;
        self.attributes.push(RawAttribute { name, raw_start: start, raw_end: end, normalized, binding: 0 });
        Ok(end + 1)
    }

    /// Scans a value that needs a second look: references, white space, the other quote, suspicious characters.
    fn normalize(
        &mut self,
        text: &str,
        start: usize,
        quote: u8,
        limits: &Limits,
    ) -> Result<(usize, Option<(usize, usize)>), Stop> {
        let bytes = text.as_bytes();
        let begin = self.values.len();
        let mut here = start;
        let mut copied = start;
        loop {
            here = chars::run(bytes, here, VALUE);
            if here - start > limits.attribute_value_bytes_max {
                return fault(FaultCode::AttributeTooLong, start);
            }
            let Some(&byte) = bytes.get(here) else { return Err(Stop::Short) };
            match byte {
                b'"' | b'\'' if byte == quote => break,
                b'"' | b'\'' | b' ' => here += 1,
                b'<' => return fault(FaultCode::LessThanInAttribute, here),
                b'&' => {
                    self.values.push_str(&text[copied..here]);
                    let (character, behind) = reference::read(text, here)?;
                    self.values.push(character);
                    here = behind;
                    copied = here;
                }
                b'\t' | b'\n' | b'\r' => {
                    self.values.push_str(&text[copied..here]);
                    self.values.push(' ');
                    here += 1;
                    if byte == b'\r' && *bytes.get(here).ok_or(Stop::Short)? == b'\n' {
                        here += 1;
                    }
                    copied = here;
                }
                _ => here = character(text, here)?,
            }
        }
        if copied == start {
            return Ok((here, None));
        }
        self.values.push_str(&text[copied..here]);
        Ok((here, Some((begin, self.values.len()))))
    }
}

/// Checks that a tag that begins at `at` and goes on at `here` is not longer than markup may be. It is looked at before what
/// stands at `here`, so that a window that ends there makes no other fault.
pub(super) fn within_limit(at: usize, here: usize, limits: &Limits) -> Result<(), Stop> {
    if here - at > limits.markup_bytes_max { fault(FaultCode::MarkupTooLong, at) } else { Ok(()) }
}

/// Checks that the byte at `at` is `wanted`.
pub(super) fn expect(bytes: &[u8], at: usize, wanted: u8) -> Result<(), Stop> {
    match bytes.get(at) {
        None => Err(Stop::Short),
        Some(byte) if *byte == wanted => Ok(()),
        Some(_) => fault(FaultCode::BadTag, at),
    }
}

/// Checks the character at `at`, which its first byte does not clear; the offset behind it.
pub(super) fn character(text: &str, at: usize) -> Result<usize, Stop> {
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(character) if chars::is_char(character) => Ok(at + character.len_utf8()),
        _ => fault(FaultCode::BadCharacter, at),
    }
}

/// Scans the qualified name at `at`. It must end inside the window.
#[inline]
pub(super) fn name(text: &str, at: usize, limits: &Limits) -> Result<RawName, Stop> {
    let bytes = text.as_bytes();
    let rest = bytes.get(at..).unwrap_or(&[]);
    let length = rest.iter().position(|byte| CLASS[usize::from(*byte)] & PLAIN_NAME == 0).unwrap_or(rest.len());
    match (rest.first(), rest.get(length)) {
        (Some(first), Some(next))
            if CLASS[usize::from(*first)] & NAME_START != 0
                && CLASS[usize::from(*next)] & NAME == 0
                && length <= limits.name_bytes_max =>
        {
            Ok(RawName { start: at, length, prefix: 0 })
        }
        _ => unusual_name(text, at, limits),
    }
}

/// Scans a name that has a prefix or characters beyond ASCII, or is none.
fn unusual_name(text: &str, at: usize, limits: &Limits) -> Result<RawName, Stop> {
    let bytes = text.as_bytes();
    let end = chars::run(bytes, at, NAME);
    let length = end - at;
    if length > limits.name_bytes_max {
        return fault(FaultCode::NameTooLong, at);
    }
    if end == bytes.len() {
        return Err(Stop::Short);
    }
    match chars::split_qname(&text[at..end]) {
        Some((prefix, _)) => Ok(RawName { start: at, length, prefix: prefix.len() }),
        None => fault(FaultCode::BadName, at),
    }
}
