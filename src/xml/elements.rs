//! Elements: start and end tags with their names resolved, and the stack of what is open.

use super::bindings::PREDECLARED;
use super::chars::{self, SPACE};
use super::reader::{Open, Reader, Stage, Token};
use super::stop::{Stop, fault};
use super::tag::{self, RawAttribute, RawName};
use super::window::Window;
use super::{FaultCode, XML_NAMESPACE, XMLNS_NAMESPACE};

impl<W: Window> Reader<W> {
    /// Takes the start tag that begins here.
    pub(super) fn start_tag(&mut self) -> Result<Token, Stop> {
        if self.stage == Stage::Epilog {
            return fault(FaultCode::TwoRoots, self.at);
        }
        let at = self.at;
        let end = self.tag.scan(self.window.text(), at, &self.limits)?;
        if self.open.len() == self.limits.depth_max {
            return fault(FaultCode::TooDeep, at);
        }
        let bindings_outside = self.bindings.len();
        let outcome = self.resolve();
        let binding = match outcome {
            Ok(binding) => binding,
            Err(stop) => {
                self.bindings.truncate(bindings_outside);
                return Err(stop);
            }
        };
        let mut name = self.tag.name;
        if W::MOVES {
            let text = self.window.text();
            name.start = self.names.len();
            self.names.push_str(&text[self.tag.name.start..self.tag.name.start + self.tag.name.length]);
            self.starts.push((self.window.base() + at as u64, None));
        }
        self.open.push(Open { name, binding, bindings_outside });
        self.stage = Stage::Inside;
        self.at = end;
        if self.tag.empty {
            self.end_next = Some((at, end));
        }
        Ok(Token::Start { at, end })
    }

    /// Declares and resolves the namespaces of the tag just scanned; the binding of its name.
    fn resolve(&mut self) -> Result<usize, Stop> {
        if self.tag.attributes.is_empty() {
            return self.resolve_name(self.tag.name);
        }
        self.declare()?;
        for index in 0..self.tag.attributes.len() {
            let name = self.tag.attributes[index].name;
            if name.prefix > 0 {
                self.tag.attributes[index].binding = self.resolve_name(name)?;
            }
        }
        self.check_unique()?;
        self.resolve_name(self.tag.name)
    }

    #[inline]
    fn resolve_name(&self, name: RawName) -> Result<usize, Stop> {
        if name.prefix == 0 {
            return Ok(self.bindings.default_entry());
        }
        let prefix = &self.window.text()[name.start..name.start + name.prefix];
        self.bindings.find(prefix).ok_or(Stop::Fault(FaultCode::UndeclaredPrefix, name.start))
    }

    /// Moves the namespace declarations from the attributes to the bindings.
    fn declare(&mut self) -> Result<(), Stop> {
        let text = self.window.text();
        let outside = self.bindings.len();
        let mut declarations = 0;
        for index in 0..self.tag.attributes.len() {
            let attribute = self.tag.attributes[index];
            let (prefix, local) = attribute.name.split(text);
            let declared = match (prefix, local) {
                ("", "xmlns") => "",
                ("xmlns", declared) => declared,
                _ => {
                    self.tag.attributes[index - declarations] = attribute;
                    continue;
                }
            };
            declarations += 1;
            let uri = self.tag.value(text, &attribute);
            let at = attribute.name.start;
            check_declaration(declared, uri).map_err(|code| Stop::Fault(code, at))?;
            if self.bindings.is_declared_since(outside, declared) {
                return fault(FaultCode::DuplicateAttribute, at);
            }
            if self.bindings.len() - PREDECLARED == self.limits.namespaces_max {
                return fault(FaultCode::TooManyNamespaces, at);
            }
            self.bindings.declare(declared, uri);
        }
        self.tag.attributes.truncate(self.tag.attributes.len() - declarations);
        Ok(())
    }

    /// Checks that no two attributes have one expanded name.
    fn check_unique(&mut self) -> Result<(), Stop> {
        /// Up to this many attributes are compared pair by pair.
        const PAIRWISE_MAX: usize = 12;
        let text = self.window.text();
        let attributes = &self.tag.attributes;
        let key = |attribute: &RawAttribute| (attribute.name.split(text).1, self.bindings.uri(attribute.binding));
        let twice = if attributes.len() <= PAIRWISE_MAX {
            attributes.iter().enumerate().skip(1).find_map(|(index, later)| {
                attributes[..index].iter().any(|earlier| key(earlier) == key(later)).then_some(later.name.start)
            })
        } else {
            let mut keys: Vec<_> = attributes.iter().map(|attribute| (key(attribute), attribute.name.start)).collect();
            keys.sort_unstable();
            keys.windows(2).find_map(|pair| (pair[0].0 == pair[1].0).then_some(pair[1].1))
        };
        twice.map_or(Ok(()), |at| fault(FaultCode::DuplicateAttribute, at))
    }

    /// Takes the end tag that begins here.
    pub(super) fn end_tag(&mut self) -> Result<Token, Stop> {
        let at = self.at;
        let text = self.window.text();
        let bytes = text.as_bytes();
        let Some(open) = self.open.last() else { return fault(FaultCode::TagMismatch, at) };
        let start = at + 2;
        let name = &self.name_text().as_bytes()[open.name.start..open.name.start + open.name.length];
        let mut end = start + name.len();
        let Some(found) = bytes.get(start..end) else {
            // Only a tag that is already wrong may be told from a window that ends here.
            let begun = &bytes[start..];
            return if name.starts_with(begun) { Err(Stop::Short) } else { fault(FaultCode::TagMismatch, at) };
        };
        if !chars::same_name(found, name) {
            return fault(FaultCode::TagMismatch, at);
        }
        if bytes.get(end) != Some(&b'>') {
            let behind = end;
            end = chars::run(bytes, end, SPACE);
            tag::within_limit(at, end, &self.limits)?;
            match bytes.get(end) {
                None => return Err(Stop::Short),
                Some(b'>') => {}
                Some(byte) if end == behind && chars::CLASS[usize::from(*byte)] & chars::NAME != 0 => {
                    return fault(FaultCode::TagMismatch, at);
                }
                Some(_) => return fault(FaultCode::BadTag, end),
            }
        }
        self.at = end + 1;
        self.closing = true;
        Ok(Token::End { at, end: end + 1 })
    }

    /// Forgets the innermost element, whose end has been told.
    pub(super) fn close(&mut self) {
        self.closing = false;
        if let Some(open) = self.open.pop() {
            self.bindings.truncate(open.bindings_outside);
            if W::MOVES {
                self.names.truncate(open.name.start);
                self.starts.pop();
            }
        }
        if self.open.is_empty() {
            self.stage = Stage::Epilog;
        }
    }
}

/// The rules of Namespaces in XML 1.0 for one declaration.
fn check_declaration(prefix: &str, uri: &str) -> Result<(), FaultCode> {
    let allowed = match prefix {
        "xml" => uri == XML_NAMESPACE,
        "xmlns" => false,
        "" => uri != XML_NAMESPACE && uri != XMLNS_NAMESPACE,
        _ => !uri.is_empty() && uri != XML_NAMESPACE && uri != XMLNS_NAMESPACE,
    };
    if allowed { Ok(()) } else { Err(FaultCode::BadNamespace) }
}
