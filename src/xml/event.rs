//! What a reader tells: starts, ends and texts, with names resolved and places known.

use super::Span;
use super::bindings::Bindings;
use super::tag::{RawAttribute, Tag};

/// One event of a document. It borrows from the reader and is gone with the next one.
#[derive(Debug)]
pub enum Event<'a> {
    /// An element begins.
    Start(Start<'a>),
    /// All character data between two tags.
    Text(Text<'a>),
    /// An element ends; also told for empty elements.
    End(End<'a>),
}

/// A qualified name and what it means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Name<'a> {
    /// The prefix as written, `""` without one.
    pub prefix: &'a str,
    /// The local part.
    pub local: &'a str,
    /// The namespace, `""` for none.
    pub namespace: &'a str,
    /// Which declaration in scope gave the namespace; see [`super::Reader::namespace_at`].
    pub binding: usize,
}

/// The start of an element.
#[derive(Debug, Clone)]
pub struct Start<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// The whole start tag.
    pub span: Span,
    /// Its attributes without namespace declarations, unique by expanded name, in the order of the document.
    pub attributes: Attributes<'a>,
}

/// Character data.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The data as it is meant.
    pub value: &'a str,
    /// Where it is written, comments and references inside it included.
    pub span: Span,
}

/// The end of an element.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// The end tag, or the whole tag of an empty element.
    pub span: Span,
}

/// One attribute.
#[derive(Debug, Clone, Copy)]
pub struct Attribute<'a> {
    /// Its name; attributes without a prefix have no namespace.
    pub name: Name<'a>,
    /// Its value, normalized (XML 1.0, section 3.3.3, as CDATA).
    pub value: &'a str,
    /// Name, equals sign and value.
    pub span: Span,
    /// The value as written, without its quotes.
    pub value_span: Span,
}

/// The attributes of a start tag, as an iterator that can be cloned to begin again.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    text: &'a str,
    base: u64,
    tag: &'a Tag,
    bindings: &'a Bindings,
    next: usize,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(text: &'a str, base: u64, tag: &'a Tag, bindings: &'a Bindings) -> Self {
        Self { text, base, tag, bindings, next: 0 }
    }

    /// Whether some attribute has a prefix, and so a namespace; perhaps only a declaration has.
    #[must_use]
    pub fn any_prefixed(&self) -> bool {
        self.tag.prefixed
    }

    #[inline]
    fn attribute(&self, raw: &RawAttribute) -> Attribute<'a> {
        let (prefix, local) = raw.name.split(self.text);
        let start = self.base + raw.name.start as u64;
        Attribute {
            name: Name { prefix, local, namespace: self.bindings.uri(raw.binding), binding: raw.binding },
            value: self.tag.value(self.text, raw),
            span: Span::between(start, self.base + raw.raw_end as u64 + 1),
            value_span: Span::between(self.base + raw.raw_start as u64, self.base + raw.raw_end as u64),
        }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let raw = self.tag.attributes.get(self.next)?;
        self.next += 1;
        Some(self.attribute(raw))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.tag.attributes.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Attributes<'_> {}
