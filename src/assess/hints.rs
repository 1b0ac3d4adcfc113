//! Where an instance says that its schemas are: its `xsi:schemaLocation` hints, relative to itself (section 4.3.2 of the
//! standard).

use std::collections::HashSet;

use crate::schema::{self, Source};
use crate::validate::Options;
use crate::xml::{self, Doctype, Event, Limits, Position, TextReader};

/// The namespace of schema instances.
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Hints of one instance that are followed at most.
const HINTS_MAX: usize = 1000;

/// The hints of one instance.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// Namespaces, `""` for none, and the paths of their documents, each once, in document order.
    pub(super) documents: Vec<(String, String)>,
    /// Where a document is named after its namespace has been met: an error, as the namespace has been judged without it.
    pub(super) too_late: Option<Position>,
}

impl Hints {
    /// The hints of the instance at `path`. What comes after a fault of the text is no document; the validator tells it.
    pub(super) fn of(text: &str, path: &str, source: &dyn Source, options: &Options) -> Self {
        let mut hints = Self::default();
        match options.doctype {
            Doctype::Refused => hints.gather(text, path, source, &options.limits),
            Doctype::Internal => {
                if let Ok(expanded) = xml::expand_doctype(text, &options.limits) {
                    hints.gather(&expanded.text, path, source, &options.limits);
                }
            }
        }
        hints
    }

    fn gather(&mut self, text: &str, path: &str, source: &dyn Source, limits: &Limits) {
        let mut reader = TextReader::new(text, limits.clone());
        let mut met: HashSet<String> = HashSet::new();
        while let Ok(Some(event)) = reader.next_event() {
            let Event::Start(start) = event else { continue };
            for attribute in start.attributes.clone().filter(|attribute| attribute.name.namespace == XSI) {
                let mut words = attribute.value.split_ascii_whitespace();
                match attribute.name.local {
                    "schemaLocation" => {
                        while let (Some(namespace), Some(location)) = (words.next(), words.next()) {
                            let late = met.contains(namespace).then_some(attribute.span.offset);
                            self.add(namespace, schema::locate(source, path, location), text, late);
                        }
                    }
                    "noNamespaceSchemaLocation" => {
                        let late = met.contains("").then_some(attribute.span.offset);
                        words.for_each(|location| self.add("", schema::locate(source, path, location), text, late));
                    }
                    _ => {}
                }
            }
            let prefixed = start.attributes.filter(|attribute| !attribute.name.prefix.is_empty());
            let names = prefixed.map(|attribute| attribute.name.namespace).chain([start.name.namespace]);
            for namespace in names {
                if !met.contains(namespace) {
                    met.insert(namespace.to_owned());
                }
            }
        }
    }

    fn add(&mut self, namespace: &str, path: String, text: &str, late: Option<u64>) {
        if self.documents.len() == HINTS_MAX || self.documents.iter().any(|(_, known)| *known == path) {
            return;
        }
        self.too_late = self.too_late.or_else(|| late.map(|offset| Position::of(text, offset)));
        self.documents.push((namespace.to_owned(), path));
    }
}
