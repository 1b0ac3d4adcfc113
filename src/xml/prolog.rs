//! What stands outside elements or between them without being data: XML declaration, comments, processing instructions.

use super::chars::{self, SPACE};
use super::stop::{Stop, fault};
use super::tag::character;
use super::{FaultCode, Limits};

/// Scans the comment whose `<!--` is at `at`; the offset behind its `-->`.
pub(super) fn comment(text: &str, at: usize, limits: &Limits) -> Result<usize, Stop> {
    let start = at + 4;
    let Some(end) = find(text, start, "--", limits)? else { return Err(Stop::Short) };
    match text.as_bytes().get(end + 2) {
        None => Err(Stop::Short),
        Some(b'>') => {
            check_characters(text, start, end)?;
            Ok(end + 3)
        }
        Some(_) => fault(FaultCode::BadComment, end),
    }
}

/// Scans the processing instruction whose `<?` is at `at`; the offset behind its `?>`.
pub(super) fn instruction(text: &str, at: usize, limits: &Limits) -> Result<usize, Stop> {
    let start = at + 2;
    let Some(end) = find(text, start, "?>", limits)? else { return Err(Stop::Short) };
    let body = &text[start..end];
    let target = body.split(chars::is_space).next().unwrap_or("");
    if target.eq_ignore_ascii_case("xml") {
        return fault(FaultCode::BadDeclaration, at);
    }
    if !chars::is_ncname(target) {
        return fault(FaultCode::BadInstruction, start);
    }
    check_characters(text, start, end)?;
    Ok(end + 2)
}

/// Where `mark` next stands from `from` on; `None` where the window ends before it.
pub(super) fn find(text: &str, from: usize, mark: &str, limits: &Limits) -> Result<Option<usize>, Stop> {
    let bytes = text.as_bytes();
    let rest = bytes.get(from..).unwrap_or(&[]);
    let found = memchr::memmem::find(rest, mark.as_bytes());
    // Where it has not been found, the window may end in the middle of it.
    let earliest = (rest.len() + 1).saturating_sub(mark.len());
    if found.unwrap_or(earliest) > limits.markup_bytes_max {
        return fault(FaultCode::MarkupTooLong, from);
    }
    Ok(found.map(|length| from + length))
}

/// Checks that every character between two offsets is one of XML.
pub(super) fn check_characters(text: &str, start: usize, end: usize) -> Result<(), Stop> {
    let bytes = &text.as_bytes()[..end];
    let mut here = start;
    loop {
        here = chars::run(bytes, here, chars::TEXT);
        match bytes.get(here) {
            None => return Ok(()),
            Some(b'<' | b'&' | b']' | b'\r') => here += 1,
            Some(_) => here = character(text, here)?,
        }
    }
}

/// Whether an XML declaration stands at the start of `text`; short while that cannot be told.
pub(super) fn starts_with_declaration(text: &str) -> Result<bool, Stop> {
    const MARK: &[u8] = b"<?xml";
    let bytes = text.as_bytes();
    let known = bytes.len().min(MARK.len());
    if bytes[..known] != MARK[..known] {
        return Ok(false);
    }
    match bytes.get(MARK.len()) {
        None => Err(Stop::Short),
        Some(byte) => Ok(chars::CLASS[usize::from(*byte)] & SPACE != 0),
    }
}

/// Scans the XML declaration at the start of `text`; the offset behind it. The encoding that it names is only checked
/// for its form: the text has been decoded already.
pub(super) fn declaration(text: &str, limits: &Limits) -> Result<usize, Stop> {
    const START: usize = 5;
    let Some(end) = find(text, START, "?>", limits)? else { return Err(Stop::Short) };
    let mut rest = &text[START..end];
    let mut stage = 0;
    loop {
        let trimmed = rest.trim_start_matches(chars::is_space);
        if trimmed.is_empty() {
            break;
        }
        let (name, value, behind) = pseudo_attribute(trimmed).ok_or(Stop::Fault(FaultCode::BadDeclaration, 0))?;
        let next = match name {
            "version" if is_version(value) => 1,
            "encoding" if is_encoding_name(value) => 2,
            "standalone" if matches!(value, "yes" | "no") => 3,
            _ => return fault(FaultCode::BadDeclaration, 0),
        };
        let in_order = next > stage && (stage > 0 || next == 1);
        if !in_order || trimmed.len() == rest.len() {
            return fault(FaultCode::BadDeclaration, 0);
        }
        stage = next;
        rest = behind;
    }
    if stage == 0 { fault(FaultCode::BadDeclaration, 0) } else { Ok(end + 2) }
}

/// Splits `name = "value"` off the start of `text`.
fn pseudo_attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim_end_matches(chars::is_space);
    let rest = rest.trim_start_matches(chars::is_space);
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, behind) = rest[1..].split_once(quote)?;
    Some((name, value, behind))
}

/// Production 26 of the fifth edition: 1.x, all of which are read as 1.0.
fn is_version(value: &str) -> bool {
    value.strip_prefix("1.").is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Production 81.
fn is_encoding_name(value: &str) -> bool {
    value.starts_with(|first: char| first.is_ascii_alphabetic())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<usize, Stop>) {
        assert_eq!(declaration(text, &Limits::default()), expected, "{text}");
    }

    #[test]
    fn declarations_have_their_parts_in_order() {
        let wrong = Err(Stop::Fault(FaultCode::BadDeclaration, 0));
        check("<?xml version='1.0'?>", Ok(21));
        check("<?xml version = \"1.1\" encoding='windows-1251' standalone='no' ?>", Ok(64));
        check("<?xml encoding='UTF-8'?>", wrong);
        check("<?xml version='1.0' standalone='yes' encoding='UTF-8'?>", wrong);
        check("<?xml version='1.0'encoding='UTF-8'?>", wrong);
        check("<?xml version='2.0'?>", wrong);
        check("<?xml version='1.0' encoding='8'?>", wrong);
        check("<?xml version='1.0' standalone='maybe'?>", wrong);
        check("<?xml ?>", wrong);
        check("<?xml version='1.0'", Err(Stop::Short));
    }

    #[test]
    fn a_mark_cut_by_the_window_is_no_longer_than_a_whole_one() {
        let limits = Limits { markup_bytes_max: 3, ..Limits::default() };
        for (text, expected) in [
            ("abc?>", Ok(Some(3))),
            ("abc?", Ok(None)),
            ("abcd", Ok(None)),
            ("abcd?", Err(Stop::Fault(FaultCode::MarkupTooLong, 0))),
            ("abcd?>", Err(Stop::Fault(FaultCode::MarkupTooLong, 0))),
        ] {
            assert_eq!(find(text, 0, "?>", &limits), expected, "{text}");
        }
    }

    #[test]
    fn comments_and_instructions_end() {
        let limits = Limits::default();
        assert_eq!(comment("<!-- a - b -->", 0, &limits), Ok(14));
        assert_eq!(comment("<!-- a -- b -->", 0, &limits), Err(Stop::Fault(FaultCode::BadComment, 7)));
        assert_eq!(comment("<!-- a --->", 0, &limits), Err(Stop::Fault(FaultCode::BadComment, 7)));
        assert_eq!(comment("<!-- \u{1} -->", 0, &limits), Err(Stop::Fault(FaultCode::BadCharacter, 5)));
        assert_eq!(instruction("<?a b?>", 0, &limits), Ok(7));
        assert_eq!(instruction("<?a?>", 0, &limits), Ok(5));
        assert_eq!(instruction("<??>", 0, &limits), Err(Stop::Fault(FaultCode::BadInstruction, 2)));
        assert_eq!(instruction("<?XML b?>", 0, &limits), Err(Stop::Fault(FaultCode::BadDeclaration, 0)));
    }
}
