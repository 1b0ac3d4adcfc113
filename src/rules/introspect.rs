//! Looking at rules: what a binding, a listing or a generator of samples may ask about elements, attributes and types.

use super::component::{AttributeUse, ComplexType, Constraint, Content, Element, Place};
use super::facets::{Facet, FacetKind, WhiteSpace};
use super::ids::{ComplexId, ElementId, NameId, NamespaceId, SimpleId, TypeId, WildcardId};
use super::model::{ModelKind, Particle, Term};
use super::simple::{SimpleType, Variety};
use super::tables::{Component, Documentation, Rules};

impl Rules {
    /// The global element `local` in `namespace` (`""` for none).
    #[must_use]
    pub fn element(&self, namespace: &str, local: &str) -> Option<ElementView<'_>> {
        let name = self.names.find(self.names.namespace(namespace), local);
        self.global_elements.get(name).map(|id| self.view(id))
    }

    /// All global elements, in the order of their names' first use.
    pub fn global_elements(&self) -> impl Iterator<Item = ElementView<'_>> {
        self.global_elements.iter().map(|(_, id)| self.view(id))
    }

    /// A digest of the schema documents that the rules were compiled from: the version of the rules.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What the compiler let pass: documents that an import could not find, patterns that were read loosely.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The schema documents that the rules were compiled from, by path, in the order of reading.
    #[must_use]
    pub fn documents(&self) -> &[String] {
        &self.documents
    }

    /// Annotation texts of the schema as a whole.
    #[must_use]
    pub fn documentation(&self) -> &[Documentation] {
        self.documentation_of(Component::Schema)
    }

    /// The declaration behind an id of a [`Particle`].
    #[must_use]
    pub fn view(&self, id: ElementId) -> ElementView<'_> {
        ElementView { rules: self, id }
    }

    /// How a wildcard of a [`Particle`] lets names in, in words: `##any`, `##other than` a namespace, or namespaces.
    #[must_use]
    pub fn wildcard_words(&self, id: WildcardId) -> String {
        self.wildcard_words_with(id, "##other than")
    }

    /// As [`Self::wildcard_words`], with other words before the namespace that is not let in.
    pub(crate) fn wildcard_words_with(&self, id: WildcardId, other_than: &str) -> String {
        use super::component::Namespaces;
        let Some(wildcard) = self.wildcards.get(id.index()) else { return String::new() };
        let word = |namespace: &NamespaceId| match *namespace {
            NamespaceId::ABSENT => "##local",
            namespace => self.names.uri(namespace),
        };
        match &wildcard.namespaces {
            Namespaces::Any => "##any".to_owned(),
            Namespaces::Not(namespace) => format!("{other_than} {}", word(namespace)),
            Namespaces::List(list) => list.iter().map(word).collect::<Vec<_>>().join(" "),
        }
    }

    pub(crate) fn documentation_of(&self, component: Component) -> &[Documentation] {
        self.documentation.get(&component).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn element_declaration(&self, id: ElementId) -> &Element {
        &self.elements[id.index()]
    }

    pub(crate) fn element_type(&self, id: ElementId) -> TypeId {
        self.elements[id.index()].type_id
    }

    #[inline]
    pub(crate) fn complex(&self, id: ComplexId) -> &ComplexType {
        &self.complex_types[id.index()]
    }

    pub(crate) fn simple(&self, id: SimpleId) -> &SimpleType {
        &self.simple_types[id.index()]
    }

    /// A place as `file:line`.
    pub(crate) fn place_words(&self, place: Place) -> String {
        let document = self.documents.get(place.document.index()).map_or("", String::as_str);
        format!("{document}:{}", place.line)
    }

    /// The name of a type, or `""` for an anonymous one.
    pub(crate) fn type_name(&self, id: TypeId) -> &str {
        let name = match id {
            TypeId::Simple(id) => self.simple(id).name,
            TypeId::Complex(id) => self.complex(id).name,
        };
        self.names.local(name)
    }
}

/// An element declaration.
#[derive(Debug, Clone, Copy)]
pub struct ElementView<'r> {
    rules: &'r Rules,
    id: ElementId,
}

/// A child that a content model allows.
#[derive(Debug, Clone, Copy)]
pub struct Child<'r> {
    /// Its declaration.
    pub element: ElementView<'r>,
    /// Valid content may do without it.
    pub optional: bool,
    /// Valid content may hold it more than once.
    pub repeats: bool,
}

impl<'r> ElementView<'r> {
    pub(crate) fn id(&self) -> ElementId {
        self.id
    }

    pub(crate) fn name_id(&self) -> NameId {
        self.declaration().name
    }

    fn declaration(&self) -> &'r Element {
        &self.rules.elements[self.id.index()]
    }

    fn complex(&self) -> Option<&'r ComplexType> {
        match self.declaration().type_id {
            TypeId::Complex(id) => Some(self.rules.complex(id)),
            TypeId::Simple(_) => None,
        }
    }

    /// The local name.
    #[must_use]
    pub fn local(&self) -> &'r str {
        self.rules.names.local(self.declaration().name)
    }

    /// The namespace, `""` for none.
    #[must_use]
    pub fn namespace(&self) -> &'r str {
        self.rules.names.uri(self.rules.names.namespace_of(self.declaration().name))
    }

    /// The local name of its type, `""` for an anonymous one.
    #[must_use]
    pub fn type_name(&self) -> &'r str {
        self.rules.type_name(self.declaration().type_id)
    }

    /// Whether it may be empty with `xsi:nil`.
    #[must_use]
    pub fn is_nillable(&self) -> bool {
        self.declaration().nillable
    }

    /// Whether only elements that substitute it may occur.
    #[must_use]
    pub fn is_abstract(&self) -> bool {
        self.declaration().is_abstract
    }

    /// Whether text may stand between its child elements.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        self.complex().is_some_and(|definition| matches!(definition.content, Content::Mixed(_)))
    }

    /// The type of its text, if it has text and no child elements.
    #[must_use]
    pub fn simple_type(&self) -> Option<SimpleView<'r>> {
        let id = match self.declaration().type_id {
            TypeId::Simple(id) => id,
            TypeId::Complex(id) => match self.rules.complex(id).content {
                Content::Simple(id) => id,
                _ => return None,
            },
        };
        Some(SimpleView { rules: self.rules, id })
    }

    /// Its default or fixed value.
    #[must_use]
    pub fn default_value(&self) -> Option<DefaultValue<'r>> {
        self.declaration().constraint.as_ref().map(default_value)
    }

    /// Its content model as the schema writes it; `None` without child elements.
    #[must_use]
    pub fn particle(&self) -> Option<&'r Particle> {
        match self.complex()?.content {
            Content::Elements(model) | Content::Mixed(model) => Some(&self.rules.model(model).particle),
            Content::Empty | Content::Simple(_) => None,
        }
    }

    /// The children that its content model names, each once, members of substitution groups included, abstract ones not.
    #[must_use]
    pub fn children(&self) -> Vec<Child<'r>> {
        let mut children = Vec::new();
        if let Some(particle) = self.particle() {
            self.collect(particle, particle.min == 0, particle.max != Some(1), &mut children);
        }
        children
    }

    fn collect(&self, particle: &Particle, optional: bool, repeats: bool, children: &mut Vec<Child<'r>>) {
        let within =
            |part: &Particle, chosen: bool| (optional || chosen || part.min == 0, repeats || part.max != Some(1));
        match &particle.term {
            Term::Wildcard(_) => {}
            Term::Sequence(parts) | Term::All(parts) => {
                for part in parts {
                    let (optional, repeats) = within(part, false);
                    self.collect(part, optional, repeats, children);
                }
            }
            Term::Choice(parts) => {
                for part in parts {
                    let (optional, repeats) = within(part, parts.len() > 1);
                    self.collect(part, optional, repeats, children);
                }
            }
            Term::Element(id) => {
                let substitutes = self.rules.substitutes(*id);
                let optional = optional || !substitutes.is_empty();
                for id in std::iter::once(*id).chain(substitutes) {
                    self.add(Child { element: self.rules.view(id), optional, repeats }, children);
                }
            }
        }
    }

    fn add(&self, child: Child<'r>, children: &mut Vec<Child<'r>>) {
        if child.element.is_abstract() {
            return;
        }
        match children.iter_mut().find(|known| known.element.name_id() == child.element.name_id()) {
            // Named at two places: it may occur twice.
            Some(known) => {
                known.repeats = true;
                known.optional &= child.optional;
            }
            None => children.push(child),
        }
    }

    /// Its attributes, sorted by name.
    #[must_use]
    pub fn attributes(&self) -> Vec<AttributeView<'r>> {
        self.complex().map_or_else(Vec::new, |definition| attributes(self.rules, definition))
    }

    /// The attributes of a complex type, sorted by name.
    pub(crate) fn attributes_of(rules: &'r Rules, id: ComplexId) -> Vec<AttributeView<'r>> {
        attributes(rules, rules.complex(id))
    }

    /// Whether attributes that are not named may occur.
    #[must_use]
    pub fn takes_other_attributes(&self) -> bool {
        self.complex()
            .is_some_and(|definition| self.rules.attribute_sets[definition.attributes.index()].wildcard.is_some())
    }

    /// Annotation texts of the declaration, or, where it has none, of its type.
    #[must_use]
    pub fn documentation(&self) -> &'r [Documentation] {
        let own = self.rules.documentation_of(Component::Element(self.id));
        if !own.is_empty() {
            return own;
        }
        match self.declaration().type_id {
            TypeId::Simple(id) => self.rules.documentation_of(Component::Simple(id)),
            TypeId::Complex(id) => self.rules.documentation_of(Component::Complex(id)),
        }
    }

    /// Where it is declared, as `file:line`.
    #[must_use]
    pub fn place(&self) -> String {
        self.rules.place_words(self.declaration().place)
    }

    /// Checks between its values from `xs:appinfo`: name and the two paths.
    #[must_use]
    pub fn pair_checks(&self) -> Vec<(&'static str, &'r str, &'r str)> {
        let Some(definition) = self.complex() else { return Vec::new() };
        definition.pairs.iter().map(|pair| (pair.check.name, &*pair.sources[0], &*pair.sources[1])).collect()
    }
}

fn attributes<'r>(rules: &'r Rules, definition: &ComplexType) -> Vec<AttributeView<'r>> {
    let uses = rules.attribute_sets[definition.attributes.index()].uses.iter();
    uses.map(|attribute| AttributeView { rules, attribute }).collect()
}

impl Rules {
    /// Elements that may stand where `head` is asked for, itself left out.
    pub(crate) fn substitutes(&self, head: ElementId) -> Vec<ElementId> {
        if !self.elements[head.index()].global {
            return Vec::new();
        }
        let members = self.elements.iter().enumerate().filter(|(_, element)| element.heads.contains(&head));
        members.map(|(index, _)| ElementId::at(index)).collect()
    }

    /// Names that a content model knows anywhere, for suggestions.
    pub(crate) fn model_elements(&self, kind: &ModelKind) -> Vec<(NameId, ElementId)> {
        match kind {
            ModelKind::All { members, .. } => members.iter().map(|member| (member.name, member.element)).collect(),
            ModelKind::Automaton { start, .. } => {
                // Every state but the first is entered by some step, so walking the steps finds all elements.
                self.steps_onwards(*start).iter().map(|step| (step.name, step.element)).collect()
            }
        }
    }
}

/// An attribute of an element.
#[derive(Debug, Clone, Copy)]
pub struct AttributeView<'r> {
    rules: &'r Rules,
    attribute: &'r AttributeUse,
}

impl<'r> AttributeView<'r> {
    pub(crate) fn name_id(&self) -> NameId {
        self.attribute.name
    }

    /// The local name.
    #[must_use]
    pub fn local(&self) -> &'r str {
        self.rules.names.local(self.attribute.name)
    }

    /// The namespace, `""` for none.
    #[must_use]
    pub fn namespace(&self) -> &'r str {
        self.rules.names.uri(self.rules.names.namespace_of(self.attribute.name))
    }

    /// Whether it must be there.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.attribute.required
    }

    /// Its default or fixed value.
    #[must_use]
    pub fn default_value(&self) -> Option<DefaultValue<'r>> {
        self.attribute.constraint.as_ref().map(default_value)
    }

    /// The type of its value.
    #[must_use]
    pub fn simple_type(&self) -> SimpleView<'r> {
        let declaration = &self.rules.attributes[self.attribute.declaration.index()];
        SimpleView { rules: self.rules, id: declaration.simple }
    }

    /// Annotation texts of the declaration, or, where it has none, of its type.
    #[must_use]
    pub fn documentation(&self) -> &'r [Documentation] {
        let own = self.rules.documentation_of(Component::Attribute(self.attribute.declaration));
        if own.is_empty() { self.simple_type().documentation() } else { own }
    }
}

/// A default or fixed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue<'r> {
    /// Stands in where nothing is written.
    Default(&'r str),
    /// The only value allowed.
    Fixed(&'r str),
}

fn default_value(constraint: &Constraint) -> DefaultValue<'_> {
    if constraint.fixed { DefaultValue::Fixed(&constraint.literal) } else { DefaultValue::Default(&constraint.literal) }
}

/// A simple type.
#[derive(Debug, Clone, Copy)]
pub struct SimpleView<'r> {
    rules: &'r Rules,
    id: SimpleId,
}

impl<'r> SimpleView<'r> {
    pub(crate) fn of(rules: &'r Rules, id: SimpleId) -> Self {
        Self { rules, id }
    }

    fn definition(&self) -> &'r SimpleType {
        &self.rules.simple_types[self.id.index()]
    }

    /// The local name, `""` for an anonymous type.
    #[must_use]
    pub fn name(&self) -> &'r str {
        self.rules.names.local(self.definition().name)
    }

    /// The built-in type that it comes from, such as `decimal`; of a list or union, `anySimpleType`.
    #[must_use]
    pub fn built_in(&self) -> &'r str {
        let mut view = *self;
        loop {
            let definition = view.definition();
            let is_built_in = self.rules.names.namespace_of(definition.name) == NamespaceId::XS;
            if is_built_in || definition.base == view.id {
                return view.name();
            }
            view.id = definition.base;
        }
    }

    /// The type that it restricts.
    #[must_use]
    pub fn base(&self) -> Self {
        Self { rules: self.rules, id: self.definition().base }
    }

    /// The item type of a list.
    #[must_use]
    pub fn list_item(&self) -> Option<Self> {
        match &self.definition().variety {
            Variety::List(item) => Some(Self { rules: self.rules, id: *item }),
            _ => None,
        }
    }

    /// The members of a union, in order; empty for other types.
    #[must_use]
    pub fn union_members(&self) -> Vec<Self> {
        match &self.definition().variety {
            Variety::Union(members) => members.iter().map(|id| Self { rules: self.rules, id: *id }).collect(),
            _ => Vec::new(),
        }
    }

    /// What becomes of white space.
    #[must_use]
    pub fn white_space(&self) -> WhiteSpace {
        self.definition().white_space
    }

    /// Facets in force, inherited ones included: kind and values as written. Patterns of each derivation step are one
    /// entry; all entries have to be satisfied, and of one entry's patterns any.
    #[must_use]
    pub fn facets(&self) -> Vec<(FacetKind, Vec<String>)> {
        self.definition().facets.iter().map(|facet| (facet.kind(), facet.sources().into_owned())).collect()
    }

    /// The values of an enumeration as the schema writes them; empty where any value may stand.
    #[must_use]
    pub fn enumeration(&self) -> &'r [String] {
        let found = self.definition().facets.iter().find_map(|facet| match facet {
            Facet::Enumeration(enumeration) => Some(enumeration.sources()),
            _ => None,
        });
        found.unwrap_or(&[])
    }

    /// Whether the literal `text` is valid; prefixes of `QName` values count as undeclared.
    #[must_use]
    pub fn accepts(&self, text: &str) -> bool {
        struct Unbound;
        impl super::simple::Prefixes for Unbound {
            fn namespace(&self, prefix: &str) -> Option<&str> {
                prefix.is_empty().then_some("")
            }
        }
        self.rules.assess(self.id, text, &Unbound, |_, _| ()).is_ok()
    }

    /// The names of its checks from `xs:appinfo`, inherited ones included.
    #[must_use]
    pub fn checks(&self) -> Vec<&'static str> {
        self.definition().checks.iter().map(|check| check.name).collect()
    }

    /// What its checks from `xs:appinfo` expect, in Russian or English.
    #[must_use]
    pub fn checks_in_words(&self, russian: bool) -> Vec<&'static str> {
        let checks = self.definition().checks.iter();
        checks.map(|check| if russian { check.russian } else { check.english }).collect()
    }

    /// Whether it is built into XML Schema.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.rules.names.namespace_of(self.definition().name) == NamespaceId::XS
    }

    /// Annotation texts.
    #[must_use]
    pub fn documentation(&self) -> &'r [Documentation] {
        self.rules.documentation_of(Component::Simple(self.id))
    }
}
