//! Looking things up in the tables, as the validator does at every element.

use super::component::{Attribute, Attributes, Content, Derivations, Identity, Wildcard};
use super::ids::{
    ANY_TYPE, AttributeId, AttributesId, ElementId, IdentityId, ModelId, NameId, NamespaceId, SimpleId, TypeId,
    WildcardId,
};
use super::nearest::nearest;
use super::simple::{Lexical, Variety};
use super::tables::Rules;

impl Rules {
    /// The namespace called `uri`, perhaps unknown.
    pub(crate) fn namespace_id(&self, uri: &str) -> NamespaceId {
        self.names.namespace(uri)
    }

    /// The name `local` in a namespace, perhaps unknown.
    #[inline]
    pub(crate) fn name_id(&self, namespace: NamespaceId, local: &str) -> NameId {
        if namespace == NamespaceId::UNKNOWN { NameId::UNKNOWN } else { self.names.find(namespace, local) }
    }

    /// Whether a name could be declared in a document that is missing.
    pub(crate) fn is_incomplete(&self, namespace: NamespaceId) -> bool {
        self.incomplete.contains(&namespace)
    }

    /// Whether documents of the schema are missing.
    pub(crate) fn misses_documents(&self) -> bool {
        !self.incomplete.is_empty()
    }

    /// Whether a global component has a name in the namespace `uri`.
    pub(crate) fn defines_in(&self, uri: &str) -> bool {
        let namespace = self.names.namespace(uri);
        let elements = self.global_elements.iter().map(|(name, _)| name);
        let attributes = self.global_attributes.iter().map(|(name, _)| name);
        let types = self.global_types.iter().map(|(name, _)| name);
        elements.chain(attributes).chain(types).any(|name| self.names.namespace_of(name) == namespace)
    }

    pub(crate) fn local_name(&self, name: NameId) -> &str {
        self.names.local(name)
    }

    /// The global element called `name`.
    #[inline]
    pub(crate) fn global_element(&self, name: NameId) -> Option<ElementId> {
        self.global_elements.get(name)
    }

    pub(crate) fn global_attribute(&self, name: NameId) -> Option<AttributeId> {
        self.global_attributes.get(name)
    }

    pub(crate) fn global_type(&self, name: NameId) -> Option<TypeId> {
        self.global_types.get(name)
    }

    #[inline]
    pub(crate) fn attribute(&self, id: AttributeId) -> &Attribute {
        &self.attributes[id.index()]
    }

    #[inline]
    pub(crate) fn attribute_set(&self, id: AttributesId) -> &Attributes {
        &self.attribute_sets[id.index()]
    }

    pub(crate) fn wildcard(&self, id: WildcardId) -> &Wildcard {
        &self.wildcards[id.index()]
    }

    pub(crate) fn identity(&self, id: IdentityId) -> &Identity {
        &self.identities[id.index()]
    }

    /// Whether elements of a type hold text that is a value.
    pub(crate) fn is_simple(&self, id: TypeId) -> bool {
        match id {
            TypeId::Simple(_) => true,
            TypeId::Complex(id) => matches!(self.complex(id).content, Content::Simple(_)),
        }
    }

    /// Whether values of a type are IDs.
    pub(crate) fn is_id(&self, simple: SimpleId) -> bool {
        matches!(self.simple(simple).variety, Variety::Atomic(Lexical::Id))
    }

    /// Whether a type is another or comes from it in ways that are not blocked (`cos-ct-derived-ok`,
    /// `cos-st-derived-ok`).
    pub(crate) fn derives(&self, from: TypeId, ancestor: TypeId, blocked: Derivations) -> bool {
        let mut here = from;
        loop {
            if here == ancestor {
                return true;
            }
            match here {
                TypeId::Simple(id) => {
                    if ancestor == TypeId::Complex(ANY_TYPE) {
                        return !blocked.restriction;
                    }
                    let base = self.simple(id).base;
                    let is_member = matches!(ancestor, TypeId::Simple(union) if self.is_member(id, union));
                    if blocked.restriction {
                        return false;
                    }
                    if is_member {
                        return true;
                    }
                    if base == id {
                        return false;
                    }
                    here = TypeId::Simple(base);
                }
                TypeId::Complex(ANY_TYPE) => return false,
                TypeId::Complex(id) => {
                    let definition = self.complex(id);
                    if definition.extends && blocked.extension || !definition.extends && blocked.restriction {
                        return false;
                    }
                    here = definition.base;
                }
            }
        }
    }

    /// Whether one of the attributes that a type names is an ID.
    pub(crate) fn has_id(&self, set: &Attributes) -> bool {
        set.uses.iter().any(|attribute| self.is_id(self.attribute(attribute.declaration).simple))
    }

    fn is_member(&self, simple: SimpleId, union: SimpleId) -> bool {
        match &self.simple(union).variety {
            Variety::Union(members) => {
                members.iter().any(|member| *member == simple || self.is_member(simple, *member))
            }
            _ => false,
        }
    }

    /// The built-in type that a simple type comes from.
    pub(crate) fn built_in_name(&self, simple: SimpleId) -> &str {
        let mut here = simple;
        loop {
            let definition = self.simple(here);
            if self.names.namespace_of(definition.name) == NamespaceId::XS || definition.base == here {
                return self.names.local(definition.name);
            }
            here = definition.base;
        }
    }

    /// The name of a simple type, or of the built-in type that an anonymous one comes from, and its place.
    pub(crate) fn simple_words(&self, simple: SimpleId) -> (String, String) {
        let named = self.names.local(self.simple(simple).name);
        let name = if named.is_empty() { self.built_in_name(simple) } else { named };
        (name.to_owned(), self.type_place(TypeId::Simple(simple)))
    }

    /// Where a type is defined; empty for what is built in.
    pub(crate) fn type_place(&self, id: TypeId) -> String {
        let place = match id {
            TypeId::Simple(id) => self.simple_places[id.index()],
            TypeId::Complex(ANY_TYPE) => None,
            TypeId::Complex(id) => Some(self.complex(id).place),
        };
        place.map_or(String::new(), |place| self.place_words(place))
    }

    /// The allowed name nearest to one that is not: of those expected here, else of any that the content model knows.
    pub(crate) fn nearest_child(&self, model: ModelId, expected: &[String], local: &str) -> Option<String> {
        let here = nearest(local, expected.iter().map(String::as_str), 1);
        let anywhere = || {
            let known = self.model_elements(&self.model(model).kind);
            let found = nearest(local, known.iter().map(|(name, _)| self.names.local(*name)), 1);
            found.first().map(|near| (*near).to_owned())
        };
        here.first().map(|near| (*near).to_owned()).or_else(anywhere)
    }

    /// Global elements whose names are near one that is not there; in another namespace than asked for, with it.
    pub(crate) fn nearest_global(&self, namespace: &str, local: &str) -> Vec<String> {
        let written = |name: NameId| {
            let uri = self.names.uri(self.names.namespace_of(name));
            let found = self.names.local(name);
            if uri == namespace { found.to_owned() } else { format!("{{{uri}}}{found}") }
        };
        let globals: Vec<NameId> = self.global_elements.iter().map(|(name, _)| name).collect();
        let near = nearest(local, globals.iter().map(|name| self.names.local(*name)), 3);
        globals
            .iter()
            .filter(|name| near.contains(&self.names.local(**name)))
            .map(|name| written(*name))
            .take(3)
            .collect()
    }
}
