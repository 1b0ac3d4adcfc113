//! Documents with a DOCTYPE, where they are allowed: schemas and old archives, never messages. The internal subset is
//! checked by the grammar of XML 1.0, entities are put in place of their references, attribute defaults into the tags
//! that lack them, and what comes out is a document without a DOCTYPE for the strict reader. Nothing external is read.

mod cursor;
mod entity;
mod expand;
mod map;
mod subset;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Fault, FaultCode, Limits, Position, chars, prolog};
use cursor::{Cursor, Flaw};
use expand::Expander;
pub use map::Origins;
use subset::Subset;

/// What becomes of a document type declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doctype {
    /// It is a fault, as in every message.
    #[default]
    Refused,
    /// Its internal subset is read; what it says is elsewhere is not.
    Internal,
}

/// A document in which the DOCTYPE has done its work.
#[derive(Debug)]
pub struct Expanded<'t> {
    /// The document without a DOCTYPE, as far as it could be expanded; the strict reader has yet to judge it.
    pub text: Cow<'t, str>,
    /// Where each piece of it was written.
    pub origins: Origins,
    /// Names of unparsed entities, which values of type `ENTITY` must be among.
    pub unparsed_entities: BTreeSet<String>,
}

/// Expands a document that may have a DOCTYPE with an internal subset.
///
/// # Errors
/// A malformed DOCTYPE; a reference to an entity that refers to itself, lies elsewhere or is no text; an entity that does
/// not hold whole elements; an expansion beyond [`Limits::expansion_bytes_max`]. What else is wrong with the document is
/// for the reader to find, in the expanded text.
pub fn expand<'t>(text: &'t str, limits: &Limits) -> Result<Expanded<'t>, Fault> {
    let unchanged =
        || Expanded { text: Cow::Borrowed(text), origins: Origins::default(), unparsed_entities: BTreeSet::new() };
    let Some(start) = find(text, limits) else { return Ok(unchanged()) };
    let told = |Flaw(code, at)| Fault { code, position: Position::of(text, at as u64) };
    if let Some(at) = first_bad_character(&text[start..]) {
        return Err(told(Flaw(FaultCode::BadCharacter, start + at)));
    }
    let mut subset = Subset::new(limits);
    let end = subset.read(Cursor::new(text, start)).map_err(told)?;
    let mut expander = Expander::new(&mut subset, limits);
    expander.copy(text, 0, start);
    expander.blank(text, start, end);
    expander.document(text, end).map_err(told)?;
    let (expanded, origins) = expander.finish();
    Ok(Expanded { text: Cow::Owned(expanded), origins, unparsed_entities: subset.unparsed })
}

/// Where the DOCTYPE begins; `None` where there is none, or something is wrong before it.
fn find(text: &str, limits: &Limits) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    if prolog::starts_with_declaration(&text[at..]).ok()? {
        at += prolog::declaration(&text[at..], limits).ok()?;
    }
    loop {
        at = chars::run(bytes, at, chars::SPACE);
        let rest = &bytes[at..];
        at = match rest {
            _ if rest.starts_with(b"<!DOCTYPE") => return Some(at),
            _ if rest.starts_with(b"<!--") => prolog::comment(text, at, limits).ok()?,
            _ if rest.starts_with(b"<?") => prolog::instruction(text, at, limits).ok()?,
            _ => return None,
        };
    }
}

fn first_bad_character(text: &str) -> Option<usize> {
    text.char_indices().find(|(_, character)| !chars::is_char(*character)).map(|(at, _)| at)
}
