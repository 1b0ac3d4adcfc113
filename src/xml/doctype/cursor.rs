//! Reading the internal subset front to back.

use super::super::{FaultCode, chars};

/// What is wrong, and its offset in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flaw(pub(super) FaultCode, pub(super) usize);

/// A place in a text: in the document itself, or in the replacement text of a parameter entity.
#[derive(Debug, Clone)]
pub(super) struct Cursor<T> {
    text: T,
    at: usize,
    /// Where the reference stands that the text is put in for.
    reference: Option<usize>,
}

impl<T: AsRef<str>> Cursor<T> {
    pub(super) fn new(text: T, at: usize) -> Self {
        Self { text, at, reference: None }
    }

    /// Over the replacement text of an entity that the document refers to at `reference`.
    pub(super) fn over_entity(text: T, reference: usize) -> Self {
        Self { text, at: 0, reference: Some(reference) }
    }

    /// The offset of this place in the document.
    pub(super) fn place(&self) -> usize {
        self.reference.unwrap_or(self.at)
    }

    /// The offset in the text.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &str {
        self.text.as_ref().get(self.at..).unwrap_or("")
    }

    pub(super) fn is_in_entity(&self) -> bool {
        self.reference.is_some()
    }

    pub(super) fn flaw<O>(&self, code: FaultCode) -> Result<O, Flaw> {
        Err(Flaw(code, self.place()))
    }

    /// Says that the declaration here does not follow the grammar.
    pub(super) fn bad<O>(&self) -> Result<O, Flaw> {
        self.flaw(FaultCode::BadDoctype)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Takes `word` if it stands here.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<(), Flaw> {
        if self.take(word) { Ok(()) } else { self.bad() }
    }

    /// Skips white space; whether there was any.
    pub(super) fn space(&mut self) -> bool {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(chars::is_space).len();
        self.at += length;
        length > 0
    }

    pub(super) fn need_space(&mut self) -> Result<(), Flaw> {
        if self.space() { Ok(()) } else { self.bad() }
    }

    /// Takes the word of name characters here.
    fn word(&mut self) -> String {
        let rest = self.rest();
        let length = rest.find(|character| !chars::is_name_char(character)).unwrap_or(rest.len());
        let word = rest[..length].to_owned();
        self.at += length;
        word
    }

    /// Takes a name that passes `is_right`.
    fn named(&mut self, is_right: impl Fn(&str) -> bool) -> Result<String, Flaw> {
        let before = self.place();
        let word = self.word();
        if is_right(&word) { Ok(word) } else { Err(Flaw(FaultCode::BadName, before)) }
    }

    /// The name of an entity or notation, which has no colon in a document with namespaces.
    pub(super) fn ncname(&mut self) -> Result<String, Flaw> {
        self.named(chars::is_ncname)
    }

    /// The name of an element or attribute.
    pub(super) fn qname(&mut self) -> Result<String, Flaw> {
        self.named(|name| chars::split_qname(name).is_some())
    }

    pub(super) fn nmtoken(&mut self) -> Result<String, Flaw> {
        self.named(|name| !name.is_empty())
    }

    /// What stands between the quotes here.
    pub(super) fn quoted(&mut self) -> Result<String, Flaw> {
        let rest = self.rest();
        let mark = match rest.bytes().next() {
            Some(b'"') => '"',
            Some(b'\'') => '\'',
            _ => return self.bad(),
        };
        let Some((inside, _)) = rest[1..].split_once(mark) else { return self.flaw(FaultCode::Truncated) };
        let inside = inside.to_owned();
        self.at += inside.len() + 2;
        Ok(inside)
    }

    /// Takes everything up to and with `mark`.
    pub(super) fn until(&mut self, mark: &str) -> Result<String, Flaw> {
        let rest = self.rest();
        let Some((before, _)) = rest.split_once(mark) else { return self.flaw(FaultCode::Truncated) };
        let before = before.to_owned();
        self.at += before.len() + mark.len();
        Ok(before)
    }
}
