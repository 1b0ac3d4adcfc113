//! A small strict writer for outgoing documents: it escapes, keeps namespaces in order, and refuses what is no XML.

use super::bindings::Bindings;
use super::chars;
use super::{XML_NAMESPACE, XMLNS_NAMESPACE};

/// Why something cannot be written. The document written so far is useless afterwards. Always the caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteFault {
    /// Not a `QName`.
    #[error("write-bad-name: an element or attribute needs a qualified name")]
    BadName,
    /// A character that no XML document may hold.
    #[error("write-bad-character: the text holds a character that XML does not allow")]
    BadCharacter,
    /// A prefix that is not declared here.
    #[error("write-undeclared-prefix: declare the namespace prefix before using it")]
    UndeclaredPrefix,
    /// A declaration that Namespaces in XML forbids.
    #[error("write-bad-namespace: this namespace declaration is forbidden")]
    BadNamespace,
    /// The same attribute twice.
    #[error("write-duplicate-attribute: the attribute is there already")]
    DuplicateAttribute,
    /// A call that does not fit where the document is, such as an attribute after text or a second root.
    #[error("write-misplaced: this call does not fit here")]
    Misplaced,
}

/// Builds one document in memory.
///
/// An element is begun with [`Writer::start`]; its namespaces and attributes follow, then its content, then
/// [`Writer::end`]. Prefixes are checked when the start tag is complete, so a declaration may follow the name using it.
#[derive(Debug)]
pub struct Writer {
    out: String,
    open: Vec<Element>,
    bindings: Bindings,
    /// The start tag being written, and its attributes.
    tag: Option<Vec<String>>,
    rooted: bool,
}

#[derive(Debug)]
struct Element {
    name: String,
    bindings_outside: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A writer of a document that begins with an XML declaration for UTF-8.
    #[must_use]
    pub fn new() -> Self {
        let out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Self { out, open: Vec::new(), bindings: Bindings::new(), tag: None, rooted: false }
    }

    /// Begins an element.
    ///
    /// # Errors
    /// A name that is none, or a second root.
    pub fn start(&mut self, name: &str) -> Result<&mut Self, WriteFault> {
        chars::split_qname(name).ok_or(WriteFault::BadName)?;
        self.finish_tag()?;
        if self.open.is_empty() && self.rooted {
            return Err(WriteFault::Misplaced);
        }
        self.rooted = true;
        self.out.push('<');
        self.out.push_str(name);
        self.open.push(Element { name: name.to_owned(), bindings_outside: self.bindings.len() });
        self.tag = Some(Vec::new());
        Ok(self)
    }

    /// Declares a namespace on the element just begun; the empty prefix is the default namespace.
    ///
    /// # Errors
    /// A forbidden declaration, one made twice, or one behind content.
    pub fn namespace(&mut self, prefix: &str, uri: &str) -> Result<&mut Self, WriteFault> {
        let outside = match (&self.tag, self.open.last()) {
            (Some(_), Some(element)) => element.bindings_outside,
            _ => return Err(WriteFault::Misplaced),
        };
        let reserved = matches!(prefix, "xml" | "xmlns") || uri == XML_NAMESPACE || uri == XMLNS_NAMESPACE;
        if reserved || !prefix.is_empty() && (uri.is_empty() || !chars::is_ncname(prefix)) {
            return Err(WriteFault::BadNamespace);
        }
        if self.bindings.is_declared_since(outside, prefix) {
            return Err(WriteFault::DuplicateAttribute);
        }
        self.bindings.declare(prefix, uri);
        self.out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        self.out.push_str(prefix);
        self.out.push_str("=\"");
        self.escape(uri, true)?;
        self.out.push('"');
        Ok(self)
    }

    /// Adds an attribute to the element just begun.
    ///
    /// # Errors
    /// A bad name or character, the same attribute twice, or one behind content.
    pub fn attribute(&mut self, name: &str, value: &str) -> Result<&mut Self, WriteFault> {
        let (prefix, local) = chars::split_qname(name).ok_or(WriteFault::BadName)?;
        if prefix == "xmlns" || prefix.is_empty() && local == "xmlns" {
            return Err(WriteFault::BadNamespace);
        }
        let attributes = self.tag.as_mut().ok_or(WriteFault::Misplaced)?;
        attributes.push(name.to_owned());
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        self.escape(value, true)?;
        self.out.push('"');
        Ok(self)
    }

    /// Adds character data to the innermost element.
    ///
    /// # Errors
    /// A character that XML does not allow, or text outside the root.
    pub fn text(&mut self, text: &str) -> Result<&mut Self, WriteFault> {
        self.finish_tag()?;
        if self.open.is_empty() {
            return Err(WriteFault::Misplaced);
        }
        self.escape(text, false)?;
        Ok(self)
    }

    /// Ends the innermost element.
    ///
    /// # Errors
    /// There is none, or its start tag is wrong.
    pub fn end(&mut self) -> Result<&mut Self, WriteFault> {
        let empty = self.tag.is_some();
        if empty {
            self.check_tag()?;
        }
        let element = self.open.pop().ok_or(WriteFault::Misplaced)?;
        if empty {
            self.out.push_str("/>");
        } else {
            self.out.push_str("</");
            self.out.push_str(&element.name);
            self.out.push('>');
        }
        self.bindings.truncate(element.bindings_outside);
        Ok(self)
    }

    /// An element that holds nothing but text.
    ///
    /// # Errors
    /// As [`Writer::start`], [`Writer::text`] and [`Writer::end`].
    pub fn element(&mut self, name: &str, text: &str) -> Result<&mut Self, WriteFault> {
        self.start(name)?.text(text)?.end()
    }

    /// How many bytes have gathered since they were last taken.
    #[must_use]
    pub fn written(&self) -> usize {
        self.out.len()
    }

    /// Takes what has been written so far, for documents that are too long to be held whole; what follows belongs behind it.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// The finished document.
    ///
    /// # Errors
    /// An element is still open, or there is none at all.
    pub fn finish(self) -> Result<String, WriteFault> {
        if self.rooted && self.open.is_empty() { Ok(self.out) } else { Err(WriteFault::Misplaced) }
    }

    fn finish_tag(&mut self) -> Result<(), WriteFault> {
        if self.tag.is_some() {
            self.check_tag()?;
            self.out.push('>');
        }
        Ok(())
    }

    /// Checks the prefixes and the uniqueness of the attributes of the start tag, which is complete now.
    fn check_tag(&mut self) -> Result<(), WriteFault> {
        let attributes = self.tag.take().unwrap_or_default();
        let element = self.open.last().ok_or(WriteFault::Misplaced)?;
        let (prefix, _) = chars::split_qname(&element.name).ok_or(WriteFault::BadName)?;
        self.bindings.find(prefix).ok_or(WriteFault::UndeclaredPrefix)?;
        let mut seen = Vec::with_capacity(attributes.len());
        for name in &attributes {
            let (prefix, local) = chars::split_qname(name).ok_or(WriteFault::BadName)?;
            let namespace = match prefix {
                "" => "",
                _ => self.bindings.uri(self.bindings.find(prefix).ok_or(WriteFault::UndeclaredPrefix)?),
            };
            if seen.contains(&(namespace, local)) {
                return Err(WriteFault::DuplicateAttribute);
            }
            seen.push((namespace, local));
        }
        Ok(())
    }

    fn escape(&mut self, text: &str, quoted: bool) -> Result<(), WriteFault> {
        let bytes = text.as_bytes();
        // What needs no second look goes over in whole runs; all cuts are before or behind ASCII, or `EF`.
        let mut copied = 0;
        for (at, byte) in bytes.iter().enumerate() {
            let replacement = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' if quoted => "&quot;",
                b'\r' => "&#13;",
                b'\n' if quoted => "&#10;",
                b'\t' if quoted => "&#9;",
                b'\t' | b'\n' => continue,
                0..0x20 => return Err(WriteFault::BadCharacter),
                // U+FFFE and U+FFFF.
                0xEF if matches!(bytes.get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])) => {
                    return Err(WriteFault::BadCharacter);
                }
                _ => continue,
            };
            self.out.push_str(&text[copied..at]);
            self.out.push_str(replacement);
            copied = at + 1;
        }
        self.out.push_str(&text[copied..]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Event, Limits, TextReader};
    use proptest::prelude::*;

    #[test]
    fn a_document_is_written_with_its_namespaces() {
        let mut writer = Writer::new();
        writer.start("e:A").unwrap().namespace("e", "urn:a").unwrap().attribute("b", "\"<\n").unwrap();
        writer.element("e:C", "x & y").unwrap().start("e:D").unwrap().end().unwrap().end().unwrap();
        let text = writer.finish().unwrap();
        assert!(
            text.ends_with("<e:A xmlns:e=\"urn:a\" b=\"&quot;&lt;&#10;\"><e:C>x &amp; y</e:C><e:D/></e:A>"),
            "{text}"
        );
    }

    #[test]
    fn wrong_calls_are_refused() {
        fn check(expected: WriteFault, write: impl FnOnce(&mut Writer) -> Result<(), WriteFault>) {
            assert_eq!(write(&mut Writer::new()), Err(expected));
        }
        check(WriteFault::BadName, |writer| writer.start("1").map(drop));
        check(WriteFault::Misplaced, |writer| writer.text("x").map(drop));
        check(WriteFault::Misplaced, |writer| writer.end().map(drop));
        check(WriteFault::Misplaced, |writer| writer.element("a", "")?.start("b").map(drop));
        check(WriteFault::Misplaced, |writer| writer.start("a")?.text("x")?.attribute("b", "").map(drop));
        for wrong in ["\u{1}", "a\u{0}", "я\u{1F}б", "\u{FFFE}", "ю\u{FFFF}"] {
            check(WriteFault::BadCharacter, |writer| writer.start("a")?.text(wrong).map(drop));
            check(WriteFault::BadCharacter, |writer| writer.start("a")?.attribute("b", wrong).map(drop));
        }
        check(WriteFault::UndeclaredPrefix, |writer| writer.start("p:a")?.end().map(drop));
        check(WriteFault::UndeclaredPrefix, |writer| writer.start("a")?.attribute("p:b", "")?.end().map(drop));
        check(WriteFault::BadNamespace, |writer| writer.start("a")?.namespace("p", "").map(drop));
        check(WriteFault::BadNamespace, |writer| writer.start("a")?.attribute("xmlns", "x").map(drop));
        check(WriteFault::DuplicateAttribute, |writer| {
            writer.start("a")?.attribute("b", "")?.attribute("b", "")?.end().map(drop)
        });
        assert_eq!(Writer::new().finish(), Err(WriteFault::Misplaced));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in "\\PC*[\\n\\r\\t\"'<>&]*", text in "[^\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\u{FFFE}\\u{FFFF}]+") {
            let mut writer = Writer::new();
            writer.start("a").unwrap().attribute("b", &value).unwrap().text(&text).unwrap().end().unwrap();
            let document = writer.finish().unwrap();
            let mut reader = TextReader::new(&document, Limits::default());
            let Some(Event::Start(start)) = reader.next_event().unwrap() else { panic!("no start") };
            prop_assert_eq!(start.attributes.clone().next().unwrap().value, value);
            let Some(Event::Text(found)) = reader.next_event().unwrap() else { panic!("no text") };
            prop_assert_eq!(found.value, text);
        }
    }
}
