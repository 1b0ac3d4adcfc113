//! Entities and what they become: replacement texts, and attribute values with entities put in (XML 1.0, sections 3.3.3,
//! 4.4 and 4.5).

use super::super::{FaultCode, chars, reference};
use super::cursor::Flaw;
use super::subset::Subset;

/// Entities open inside one another at most.
pub(super) const ENTITY_DEPTH_MAX: usize = 64;

/// A general entity.
#[derive(Debug)]
pub(super) enum Entity {
    /// Its replacement text.
    Internal(String),
    /// It lies elsewhere, and is not read.
    External,
    /// It is no text.
    Unparsed,
}

/// What an `&` begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference<'t> {
    /// A character, by number or by one of the five names that XML knows; the bytes that it takes.
    Character(char, usize),
    /// An entity; the bytes that the reference takes.
    Entity(&'t str, usize),
    /// No reference.
    Malformed,
}

/// The reference at the start of `text`.
pub(super) fn reference(text: &str) -> Reference<'_> {
    if let Ok((character, behind)) = reference::read(text, 0) {
        return Reference::Character(character, behind);
    }
    let name = text[1..].split(';').next().unwrap_or("");
    let closed = text.as_bytes().get(1 + name.len()) == Some(&b';');
    if closed && chars::is_ncname(name) { Reference::Entity(name, name.len() + 2) } else { Reference::Malformed }
}

/// The replacement text of an entity from its literal: references to characters are put in, those to entities stay.
/// `base` is the offset of the literal in the document, where it stands there; else `place` stands for all of it.
pub(super) fn entity_value(literal: &str, place: usize, base: Option<usize>) -> Result<String, Flaw> {
    let mut text = String::with_capacity(literal.len());
    let mut rest = literal;
    while let Some(at) = rest.find(['&', '%', '\r']) {
        text.push_str(&rest[..at]);
        let here = base.map_or(place, |base| base + (literal.len() - rest.len()) + at);
        rest = &rest[at..];
        let length = match rest.as_bytes()[0] {
            b'\r' => {
                text.push('\n');
                1 + usize::from(rest.as_bytes().get(1) == Some(&b'\n'))
            }
            // No declaration of the internal subset may hold a reference to a parameter entity.
            b'%' => return Err(Flaw(FaultCode::BadDoctype, here)),
            _ if rest.as_bytes().get(1) == Some(&b'#') => {
                let Reference::Character(character, length) = reference(rest) else {
                    return Err(Flaw(FaultCode::BadReference, here));
                };
                text.push(character);
                length
            }
            _ => {
                let name = rest[1..].split(';').next().unwrap_or("");
                if !chars::is_ncname(name) || rest.as_bytes().get(1 + name.len()) != Some(&b';') {
                    return Err(Flaw(FaultCode::BadReference, here));
                }
                text.push_str(&rest[..name.len() + 2]);
                name.len() + 2
            }
        };
        rest = &rest[length..];
    }
    text.push_str(rest);
    Ok(text)
}

/// The normalized value of an attribute from what is written between its quotes.
pub(super) fn attribute_value(subset: &mut Subset, written: &str, tokens: bool, place: usize) -> Result<String, Flaw> {
    let mut value = String::with_capacity(written.len());
    gather(subset, written, place, &mut Vec::new(), &mut value)?;
    Ok(if tokens { value.split(' ').filter(|token| !token.is_empty()).collect::<Vec<_>>().join(" ") } else { value })
}

fn gather(
    subset: &mut Subset,
    text: &str,
    place: usize,
    open: &mut Vec<String>,
    value: &mut String,
) -> Result<(), Flaw> {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '\t', '\n', '\r']) {
        value.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes()[0] {
            b'<' => return Err(Flaw(FaultCode::LessThanInAttribute, place)),
            b'&' => match reference(rest) {
                Reference::Malformed => return Err(Flaw(FaultCode::BadReference, place)),
                Reference::Character(character, length) => {
                    value.push(character);
                    length
                }
                Reference::Entity(name, length) => {
                    let replacement = subset.replacement(name, place, open)?;
                    open.push(name.to_owned());
                    gather(subset, &replacement, place, open, value)?;
                    open.pop();
                    length
                }
            },
            first => {
                value.push(' ');
                // Lines of the document end here as one; in an entity they have been made one already.
                1 + usize::from(first == b'\r' && open.is_empty() && rest.as_bytes().get(1) == Some(&b'\n'))
            }
        };
        rest = &rest[length..];
    }
    value.push_str(rest);
    Ok(())
}

impl Subset {
    /// The text that is put in for a reference inside the entities `open`.
    pub(super) fn replacement(&mut self, name: &str, place: usize, open: &[String]) -> Result<String, Flaw> {
        let text = match self.entities.get(name) {
            Some(Entity::Internal(text)) => text.clone(),
            Some(Entity::External) => return Err(Flaw(FaultCode::ExternalEntity, place)),
            Some(Entity::Unparsed) => return Err(Flaw(FaultCode::BadReference, place)),
            None if self.incomplete => return Err(Flaw(FaultCode::ExternalEntity, place)),
            None => return Err(Flaw(FaultCode::UndefinedEntity, place)),
        };
        if open.iter().any(|known| known == name) {
            return Err(Flaw(FaultCode::RecursiveEntity, place));
        }
        if open.len() == ENTITY_DEPTH_MAX {
            return Err(Flaw(FaultCode::ExpansionTooLarge, place));
        }
        self.spend(text.len(), place)?;
        Ok(text)
    }
}
