//! The sealed tables of one rule set, and their draft, which only the `schema` room fills.

use std::collections::HashMap;

use super::builtin;
use super::component::{Attribute, Attributes, ComplexType, Element, Identity, Place, Wildcard};
use super::ids::{AttributeId, ComplexId, ElementId, NameId, NamespaceId, SimpleId, TypeId};
use super::model::{Automata, Model};
use super::names::{Names, NamesDraft};
use super::simple::SimpleType;

/// A component that can be documented or placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Component {
    Element(ElementId),
    Attribute(AttributeId),
    Simple(SimpleId),
    Complex(ComplexId),
    /// The schema as a whole.
    Schema,
}

/// Annotation text of a component in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documentation {
    /// `xml:lang`, `""` where it is not given.
    pub language: String,
    /// The text, white space collapsed.
    pub text: String,
}

/// Compiled rules of one schema set: immutable, shared by all threads. Only `schema` makes them.
#[derive(Debug)]
pub struct Rules {
    pub(super) hash: String,
    pub(super) warnings: Vec<String>,
    /// Namespaces of which a schema document is missing.
    pub(super) incomplete: Vec<NamespaceId>,
    pub(super) names: Names,
    pub(super) documents: Vec<String>,
    pub(super) simple_types: Vec<SimpleType>,
    pub(super) simple_places: Vec<Option<Place>>,
    pub(super) complex_types: Vec<ComplexType>,
    pub(super) elements: Vec<Element>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) attribute_sets: Vec<Attributes>,
    pub(super) wildcards: Vec<Wildcard>,
    pub(super) identities: Vec<Identity>,
    pub(super) models: Vec<Model>,
    pub(super) automata: Automata,
    pub(super) documentation: HashMap<Component, Vec<Documentation>>,
    /// Global components by name.
    pub(super) global_elements: Globals<ElementId>,
    pub(super) global_attributes: Globals<AttributeId>,
    pub(super) global_types: Globals<TypeId>,
}

/// Global components of one kind, at the place of their name.
#[derive(Debug, Clone)]
pub(crate) struct Globals<T> {
    entries: Vec<Option<T>>,
}

impl<T: Copy> Globals<T> {
    fn new(pairs: &HashMap<NameId, T>) -> Self {
        let length = pairs.keys().map(|name| name.index() + 1).max().unwrap_or(0);
        let mut entries = vec![None; length];
        for (name, value) in pairs {
            entries[name.index()] = Some(*value);
        }
        Self { entries }
    }

    /// The component called `name`.
    #[inline]
    pub(crate) fn get(&self, name: NameId) -> Option<T> {
        self.entries.get(name.index()).copied().flatten()
    }

    /// All of them, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NameId, T)> + '_ {
        let known = self.entries.iter().enumerate();
        known.filter_map(|(index, entry)| entry.map(|entry| (NameId::at(index), entry)))
    }
}

/// Rules while they are made. The entries of built-in types are there from the start.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) hash: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) incomplete: Vec<NamespaceId>,
    pub(crate) names: NamesDraft,
    pub(crate) documents: Vec<String>,
    pub(crate) simple_types: Vec<SimpleType>,
    pub(crate) simple_places: Vec<Option<Place>>,
    pub(crate) complex_types: Vec<ComplexType>,
    pub(crate) elements: Vec<Element>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) attribute_sets: Vec<Attributes>,
    pub(crate) wildcards: Vec<Wildcard>,
    pub(crate) identities: Vec<Identity>,
    pub(crate) models: Vec<Model>,
    pub(crate) automata: Automata,
    pub(crate) documentation: HashMap<Component, Vec<Documentation>>,
    pub(crate) global_elements: HashMap<NameId, ElementId>,
    pub(crate) global_attributes: HashMap<NameId, AttributeId>,
    pub(crate) global_types: HashMap<NameId, TypeId>,
}

impl Draft {
    pub(crate) fn new() -> Self {
        let mut names = NamesDraft::new();
        let simple_types = builtin::types(&mut names);
        let by_name =
            |(index, definition): (usize, &SimpleType)| (definition.name, TypeId::Simple(SimpleId::at(index)));
        let global_types = simple_types.iter().enumerate().map(by_name).collect();
        Self {
            hash: String::new(),
            warnings: Vec::new(),
            incomplete: Vec::new(),
            names,
            documents: Vec::new(),
            simple_places: vec![None; simple_types.len()],
            simple_types,
            complex_types: Vec::new(),
            elements: Vec::new(),
            attributes: Vec::new(),
            attribute_sets: Vec::new(),
            wildcards: Vec::new(),
            identities: Vec::new(),
            models: Vec::new(),
            automata: Automata::default(),
            documentation: HashMap::new(),
            global_elements: HashMap::new(),
            global_attributes: HashMap::new(),
            global_types,
        }
    }

    /// The finished rules.
    pub(crate) fn seal(self) -> Rules {
        Rules {
            hash: self.hash,
            warnings: self.warnings,
            incomplete: self.incomplete,
            names: self.names.seal(),
            documents: self.documents,
            simple_types: self.simple_types,
            simple_places: self.simple_places,
            complex_types: self.complex_types,
            elements: self.elements,
            attributes: self.attributes,
            attribute_sets: self.attribute_sets,
            wildcards: self.wildcards,
            identities: self.identities,
            models: self.models,
            automata: self.automata,
            documentation: self.documentation,
            global_elements: Globals::new(&self.global_elements),
            global_attributes: Globals::new(&self.global_attributes),
            global_types: Globals::new(&self.global_types),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_shared_between_threads() {
        fn shared<T: Send + Sync>(_: &T) {}
        shared(&Draft::new().seal());
    }
}
