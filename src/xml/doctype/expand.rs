//! The document behind its DOCTYPE: references to entities give way to what they stand for, tags get the attributes that
//! they leave out. Where something is not well-formed, the rest is copied: the reader finds it and says what it is.

use super::super::{FaultCode, Limits, chars};
use super::cursor::Flaw;
use super::entity::{Reference, attribute_value, reference};
use super::map::Origins;
use super::subset::Subset;

/// Writes the expanded document.
#[derive(Debug)]
pub(super) struct Expander<'s> {
    subset: &'s mut Subset,
    out: String,
    origins: Origins,
    bytes_max: usize,
}

/// A text being copied: the document itself, or the replacement text of an entity.
#[derive(Debug, Clone, Copy)]
struct Source<'t> {
    text: &'t str,
    /// Where the reference stands in the document that the text is put in for.
    reference: Option<usize>,
}

impl Source<'_> {
    fn place(self, at: usize) -> usize {
        self.reference.unwrap_or(at)
    }
}

/// Where a piece of markup ends, by its first bytes.
fn markup_end(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let behind = |skip: usize, mark: &str| rest.get(skip..)?.find(mark).map(|found| at + skip + found + mark.len());
    if rest.starts_with("<!--") {
        behind(4, "-->")
    } else if rest.starts_with("<![CDATA[") {
        behind(9, "]]>")
    } else if rest.starts_with("<?") {
        behind(2, "?>")
    } else {
        let mut quote = None;
        for (index, byte) in rest.bytes().enumerate() {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'>') => return Some(at + index + 1),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        None
    }
}

impl<'s> Expander<'s> {
    pub(super) fn new(subset: &'s mut Subset, limits: &Limits) -> Self {
        let bytes_max = usize::try_from(limits.document_bytes_max).unwrap_or(usize::MAX);
        Self { subset, out: String::new(), origins: Origins::default(), bytes_max }
    }

    pub(super) fn finish(self) -> (String, Origins) {
        (self.out, self.origins)
    }

    /// Copies the document from one offset to another as it is.
    pub(super) fn copy(&mut self, text: &str, from: usize, to: usize) {
        self.origins.note(self.out.len(), from, true);
        self.out.push_str(&text[from..to]);
    }

    /// Writes white space in place of what stands there, so that lines stay where they are.
    pub(super) fn blank(&mut self, text: &str, from: usize, to: usize) {
        self.origins.note(self.out.len(), from, true);
        let keeps = |byte: u8| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' };
        self.out.extend(text.as_bytes()[from..to].iter().map(|byte| keeps(*byte)));
    }

    /// Expands the document from an offset behind its DOCTYPE on.
    pub(super) fn document(&mut self, text: &str, from: usize) -> Result<(), Flaw> {
        if self.subset.entities.is_empty() && self.subset.attributes.is_empty() && !self.subset.incomplete {
            self.copy(text, from, text.len());
            return Ok(());
        }
        self.content(Source { text, reference: None }, from, &mut Vec::new()).map(drop)
    }

    /// Expands a text; how much deeper the elements are at its end, where that matters.
    fn content(&mut self, source: Source<'_>, from: usize, open: &mut Vec<String>) -> Result<i64, Flaw> {
        let Source { text, .. } = source;
        let mut depth = 0;
        let mut here = from;
        while let Some(found) = text[here..].find(['<', '&']) {
            let at = here + found;
            self.put(source, here, at);
            if self.out.len() > self.bytes_max {
                return Err(Flaw(FaultCode::TooLarge, 0));
            }
            here = match text.as_bytes()[at] {
                b'&' => self.reference(source, at, open)?,
                _ => match markup_end(text, at) {
                    Some(end) => {
                        depth += self.markup(source, at, end)?;
                        end
                    }
                    None if source.reference.is_some() => return Err(Flaw(FaultCode::Truncated, source.place(at))),
                    None => {
                        self.put(source, at, text.len());
                        return Ok(depth);
                    }
                },
            };
            if depth < 0 && source.reference.is_some() {
                return Err(Flaw(FaultCode::TagMismatch, source.place(at)));
            }
        }
        self.put(source, here, text.len());
        Ok(depth)
    }

    /// Copies a stretch of a text. A carriage return inside an entity came from a reference, so it stays one.
    fn put(&mut self, source: Source<'_>, from: usize, to: usize) {
        match source.reference {
            None => self.copy(source.text, from, to),
            Some(place) => {
                self.origins.note(self.out.len(), place, false);
                self.out.push_str(&source.text[from..to].replace('\r', "&#13;"));
            }
        }
    }

    /// Puts in what the reference at `at` stands for; the offset behind it.
    fn reference(&mut self, source: Source<'_>, at: usize, open: &mut Vec<String>) -> Result<usize, Flaw> {
        let (name, length) = match reference(&source.text[at..]) {
            Reference::Entity(name, length) => (name, length),
            Reference::Character(_, length) => {
                self.put(source, at, at + length);
                return Ok(at + length);
            }
            Reference::Malformed => {
                self.put(source, at, at + 1);
                return Ok(at + 1);
            }
        };
        let place = source.place(at);
        let replacement = self.subset.replacement(name, place, open)?;
        open.push(name.to_owned());
        let depth = self.content(Source { text: &replacement, reference: Some(place) }, 0, open)?;
        open.pop();
        if depth == 0 { Ok(at + length) } else { Err(Flaw(FaultCode::TagMismatch, place)) }
    }

    /// Copies a piece of markup, start tags with what they lack; how much deeper it leads.
    fn markup(&mut self, source: Source<'_>, at: usize, end: usize) -> Result<i64, Flaw> {
        let written = &source.text[at..end];
        match written.as_bytes().get(1) {
            Some(b'/') => {
                self.put(source, at, end);
                Ok(-1)
            }
            Some(b'!' | b'?') => {
                self.put(source, at, end);
                Ok(0)
            }
            _ => {
                let empty = written.ends_with("/>");
                let close = end - if empty { 2 } else { 1 };
                let written = if self.start_tag(source, at, close)? { close } else { at };
                self.put(source, written, end);
                Ok(i64::from(!empty))
            }
        }
    }

    /// Writes a start tag up to where it closes, its attributes with entities put in and those that it lacks; false, and
    /// nothing written, where it can stay as it is.
    fn start_tag(&mut self, source: Source<'_>, at: usize, close: usize) -> Result<bool, Flaw> {
        let inside = &source.text[at + 1..close];
        let length = inside.find(|character| !chars::is_name_char(character)).unwrap_or(inside.len());
        let name = &inside[..length];
        let declares = self.subset.attributes.contains_key(name);
        if !declares && !inside.contains('&') {
            return Ok(false);
        }
        let Some(attributes) = attributes(inside, length) else { return Ok(false) };
        let mut copied = at;
        for attribute in &attributes {
            let start = at + 1 + attribute.start;
            let declared = self.subset.attributes.get(name);
            let declared = declared.and_then(|all| all.iter().find(|known| known.name == attribute.name));
            let tokens = declared.is_some_and(|declared| declared.tokens);
            if !tokens && !attribute.value.contains('&') {
                continue;
            }
            let value = attribute_value(self.subset, attribute.value, tokens, source.place(start))?;
            self.put(source, copied, start);
            self.origins.note(self.out.len(), source.place(start), false);
            self.quote(&value);
            copied = start + attribute.value.len() + 2;
        }
        self.put(source, copied, close);
        self.origins.note(self.out.len(), source.place(at), false);
        let declared = self.subset.attributes.get(name).map_or(&[][..], Vec::as_slice);
        let lacking = declared.iter().filter(|known| !attributes.iter().any(|given| given.name == known.name));
        let lacking: Vec<(String, String)> =
            lacking.filter_map(|known| Some((known.name.clone(), known.default.clone()?))).collect();
        for (name, default) in lacking {
            self.subset.spend(name.len() + default.len(), source.place(at))?;
            self.out.push(' ');
            self.out.push_str(&name);
            self.out.push('=');
            self.quote(&default);
        }
        Ok(true)
    }

    /// Writes a normalized value so that it is read as it is.
    fn quote(&mut self, value: &str) {
        self.out.push('"');
        for character in value.chars() {
            match character {
                '"' => self.out.push_str("&quot;"),
                '<' => self.out.push_str("&lt;"),
                '&' => self.out.push_str("&amp;"),
                '\t' => self.out.push_str("&#9;"),
                '\n' => self.out.push_str("&#10;"),
                '\r' => self.out.push_str("&#13;"),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }
}

/// An attribute as written.
#[derive(Debug)]
struct Written<'t> {
    name: &'t str,
    value: &'t str,
    /// Where its quote stands.
    start: usize,
}

/// The attributes of a start tag from behind its name on; `None` where they are malformed.
fn attributes(tag: &str, from: usize) -> Option<Vec<Written<'_>>> {
    let mut found = Vec::new();
    let mut at = from;
    loop {
        let spaced = tag[at..].trim_start_matches(chars::is_space);
        if spaced.is_empty() {
            return Some(found);
        }
        if spaced.len() == tag.len() - at {
            return None;
        }
        let (name, rest) = spaced.split_once('=')?;
        let name = name.trim_end_matches(chars::is_space);
        let rest = rest.trim_start_matches(chars::is_space);
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let start = tag.len() - rest.len();
        let (value, behind) = rest[1..].split_once(quote)?;
        at = tag.len() - behind.len();
        if !chars::is_name(name) {
            return None;
        }
        found.push(Written { name, value, start });
    }
}
