//! Bindings read backwards: where in a message each field of a command stands, so that messages can be made of commands. Only what a
//! binding file says; it knows no rules and makes nothing.

use std::collections::BTreeMap;

use super::file::{Each, File, Source};

/// A namespace, which may be empty, and a local name.
pub type QualifiedName = (String, String);

/// What a binding says of a message.
#[derive(Debug, Clone)]
pub struct Outline {
    /// The system that the message is for.
    pub system: String,
    /// Kind of message.
    pub kind: String,
    /// Its root element.
    pub root: QualifiedName,
    /// What the message means, where its parts do not say otherwise.
    pub command: String,
    /// Fields of the whole message.
    pub fields: Fields,
    /// Its repeating parts.
    pub parts: Vec<Part>,
}

/// Where the fields of a part stand.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// Fields of the command or of the entry, by name.
    pub named: BTreeMap<String, Stand>,
    /// Declared fields of the kind of case, by code.
    pub details: BTreeMap<String, Stand>,
}

/// A repeating part.
#[derive(Debug, Clone)]
pub struct Part {
    /// The elements that lead to it; the last one repeats.
    pub path: Vec<QualifiedName>,
    /// What it is.
    pub role: Role,
    /// Its fields.
    pub fields: Fields,
    /// Parts within.
    pub parts: Vec<Part>,
}

/// What a repeating part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// An item that means this command.
    Item(String),
    /// An entry of this list.
    Entry(String),
}

/// Where a field's value stands.
#[derive(Debug, Clone)]
pub enum Stand {
    /// In the binding itself.
    Fixed(String),
    /// In the message; the first of several places counts.
    At {
        /// The elements that lead to it.
        elements: Vec<QualifiedName>,
        /// The attribute, or the text of the element.
        attribute: Option<QualifiedName>,
        /// Theirs for ours, where the binding maps values.
        theirs: BTreeMap<String, String>,
    },
}

impl Outline {
    /// Reads a binding that has been compiled: every prefix is known.
    pub(super) fn of(file: &File) -> Self {
        let written = &file.written;
        let names = Names(&written.prefixes);
        Self {
            system: written.system.clone(),
            kind: written.kind.clone(),
            root: names.name(&written.root),
            command: written.command.clone(),
            fields: names.fields(&written.fields, &written.details),
            parts: written.each.iter().map(|each| names.part(each, &written.command)).collect(),
        }
    }
}

struct Names<'f>(&'f BTreeMap<String, String>);

impl Names<'_> {
    fn name(&self, written: &str) -> QualifiedName {
        match written.split_once(':') {
            Some((prefix, local)) => (self.0.get(prefix).cloned().unwrap_or_default(), local.to_owned()),
            None => (String::new(), written.to_owned()),
        }
    }

    fn elements(&self, path: &str) -> Vec<QualifiedName> {
        path.split('/').filter(|step| !matches!(*step, "" | ".")).map(|step| self.name(step)).collect()
    }

    fn fields(&self, named: &BTreeMap<String, Source>, details: &BTreeMap<String, Source>) -> Fields {
        let stand = |(name, source): (&String, &Source)| Some((name.clone(), self.stand(source)?));
        Fields { named: named.iter().filter_map(stand).collect(), details: details.iter().filter_map(stand).collect() }
    }

    fn stand(&self, source: &Source) -> Option<Stand> {
        if let Some(value) = source.fixed() {
            return Some(Stand::Fixed(value.to_owned()));
        }
        let first = *source.paths().first()?;
        let (elements, attribute) = match first.rsplit_once('@') {
            Some((elements, attribute)) => (elements, Some(self.name(attribute))),
            None => (first, None),
        };
        let theirs = source.values().into_iter().filter_map(|(theirs, ours)| match &ours[..] {
            [one] => Some((one.clone(), theirs)),
            _ => None,
        });
        Some(Stand::At { elements: self.elements(elements), attribute, theirs: theirs.collect() })
    }

    fn part(&self, each: &Each, command: &str) -> Part {
        let role = match &each.list {
            Some(list) => Role::Entry(list.clone()),
            None => Role::Item(each.command.clone().unwrap_or_else(|| command.to_owned())),
        };
        Part {
            path: self.elements(&each.path),
            role,
            fields: self.fields(&each.fields, &each.details),
            parts: each.each.iter().map(|inner| self.part(inner, command)).collect(),
        }
    }
}
