//! What makers of documents and handbooks ask of the rules: which types may stand in for an abstract one, which elements for
//! their head, what expressions a value has to match, what is said about a type.

use std::collections::HashMap;

use regex_syntax::hir::Hir;

use super::component::Derivations;
use super::facets::{Facet, FacetKind};
use super::ids::{ElementId, NameId, NamespaceId, SimpleId, TypeId};
use super::pattern;
use super::simple::SimpleType;
use super::tables::{Component, Documentation, Rules};

impl Rules {
    /// Namespace and local part of a name.
    pub(crate) fn expanded(&self, name: NameId) -> (&str, &str) {
        (self.names.uri(self.names.namespace_of(name)), self.names.local(name))
    }

    /// A namespace written out.
    pub(crate) fn uri(&self, namespace: NamespaceId) -> &str {
        self.names.uri(namespace)
    }

    /// Every namespace that the rules name.
    pub(crate) fn uris(&self) -> impl Iterator<Item = &str> {
        (0..).map(|index| self.names.uri(NamespaceId(index))).take(self.names.namespace_count())
    }

    /// Every simple type.
    pub(crate) fn simple_ids(&self) -> impl Iterator<Item = SimpleId> {
        (0..self.simple_types.len()).map(SimpleId::at)
    }

    /// How many complex types there are.
    pub(crate) fn complex_count(&self) -> usize {
        self.complex_types.len()
    }

    /// By head, the elements that may stand for it.
    pub(crate) fn substitution_groups(&self) -> HashMap<ElementId, Vec<ElementId>> {
        let mut groups: HashMap<ElementId, Vec<ElementId>> = HashMap::new();
        for (index, element) in self.elements.iter().enumerate() {
            for head in &element.heads {
                groups.entry(*head).or_default().push(ElementId::at(index));
            }
        }
        groups
    }

    /// Types with names that `xsi:type` may put in the place of an abstract one.
    pub(crate) fn concrete_types(&self, of: TypeId, blocked: Derivations) -> Vec<TypeId> {
        let named = self.global_types.iter().map(|(_, id)| id);
        named.filter(|id| *id != of && !self.is_abstract(*id) && self.derives(*id, of, blocked)).collect()
    }

    /// Whether no element may be of a type itself.
    pub(crate) fn is_abstract(&self, id: TypeId) -> bool {
        matches!(id, TypeId::Complex(id) if self.complex(id).is_abstract)
    }

    /// Annotation texts of a type.
    pub(crate) fn type_documentation(&self, id: TypeId) -> &[Documentation] {
        match id {
            TypeId::Simple(id) => self.documentation_of(Component::Simple(id)),
            TypeId::Complex(id) => self.documentation_of(Component::Complex(id)),
        }
    }

    /// The name of a type.
    pub(crate) fn type_name_id(&self, id: TypeId) -> NameId {
        match id {
            TypeId::Simple(id) => self.simple(id).name,
            TypeId::Complex(id) => self.complex(id).name,
        }
    }
}

impl SimpleId {
    /// The built-in type of this name.
    pub(crate) fn named(built_in: &str) -> Option<Self> {
        super::builtin::find(built_in)
    }
}

impl SimpleType {
    /// The value of a facet that has one only.
    pub(crate) fn facet(&self, kind: FacetKind) -> Option<String> {
        self.facets.iter().find(|facet| facet.kind() == kind).and_then(|facet| facet.sources().first().cloned())
    }

    /// For each derivation step that has patterns, an expression of all of them, anchored.
    pub(crate) fn expressions(&self) -> Vec<Hir> {
        let patterns = self.facets.iter().filter(|facet| matches!(facet, Facet::Pattern(_)));
        patterns.filter_map(|facet| pattern::parse(&facet.sources())).collect()
    }

    /// Whether some derivation step has patterns.
    pub(crate) fn has_patterns(&self) -> bool {
        self.facets.iter().any(|facet| matches!(facet, Facet::Pattern(_)))
    }
}

impl Rules {
    /// The enumeration of a simple type: each value as it is written, and as it is meant where it is a name.
    pub(crate) fn enumerated(&self, simple: SimpleId) -> Vec<(String, Option<(String, String)>)> {
        use super::value::{Atom, Datum};
        let found = self.simple(simple).facets.iter().find_map(|facet| match facet {
            Facet::Enumeration(enumeration) => Some(enumeration),
            _ => None,
        });
        let Some(enumeration) = found else { return Vec::new() };
        let meant = |datum: &Datum<'_>| match datum {
            Datum::Atom(Atom::Name(namespace, local) | Atom::Notation(namespace, local)) => {
                Some((namespace.clone().into_owned(), local.clone().into_owned()))
            }
            _ => None,
        };
        let pairs = enumeration.sources().iter().zip(enumeration.values());
        pairs.map(|(source, value)| (source.clone(), meant(value))).collect()
    }
}
