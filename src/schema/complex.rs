//! Complex types: content and attributes, by extension or restriction of a base (XML Schema Part 1, section 3.4).

use super::attribute::{AttributeSet, union};
use super::compiler::{Compiler, Waiting};
use super::globals::Kind;
use super::order::order;
use super::tree::Item;
use crate::rules::draft::{
    ANY_TYPE, AttributesId, ComplexId, ComplexType, Component, Content, Derivations, NameId, NamespaceId, Namespaces,
    Process, SimpleId, TypeId, Wildcard, WildcardId,
};
use crate::rules::{Particle, Term};

/// What compiling needs to know of a complex type beyond the tables.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) content: ShapeContent,
    pub(super) attributes: AttributeSet,
    /// What may not be derived from it.
    pub(super) forbids: Derivations,
    pub(super) compiled: bool,
}

/// The content of a complex type.
#[derive(Debug, Clone)]
pub(super) enum ShapeContent {
    Simple(SimpleId),
    /// Elements, or none; `particle` is `None` for empty content.
    Particles {
        mixed: bool,
        particle: Option<Particle>,
    },
}

impl ShapeContent {
    pub(super) const EMPTY: Self = Self::Particles { mixed: false, particle: None };
}

impl<'d> Compiler<'d> {
    /// `anyType`: anything at all, judged as far as it is known.
    pub(super) fn define_any_type(&mut self) {
        let wildcard = Wildcard { namespaces: Namespaces::Any, process: Process::Lax };
        let any = WildcardId::at(self.draft.wildcards.len());
        self.draft.wildcards.push(wildcard.clone());
        let anything = Particle { min: 0, max: None, term: Term::Wildcard(any) };
        let name = self.draft.names.name(NamespaceId::XS, "anyType");
        let place = crate::rules::draft::Place { document: crate::rules::draft::DocumentId::at(0), line: 0, column: 0 };
        self.push_complex(name, place);
        self.shapes[ANY_TYPE.index()] = Shape {
            content: ShapeContent::Particles {
                mixed: true,
                particle: Some(Particle { min: 1, max: Some(1), term: Term::Sequence(vec![anything]) }),
            },
            attributes: AttributeSet { wildcard: Some(wildcard), ..AttributeSet::default() },
            forbids: Derivations::default(),
            compiled: true,
        };
        self.draft.global_types.insert(name, TypeId::Complex(ANY_TYPE));
    }

    fn push_complex(&mut self, name: NameId, place: crate::rules::draft::Place) -> ComplexId {
        let id = ComplexId::at(self.draft.complex_types.len());
        self.draft.complex_types.push(ComplexType {
            name,
            base: TypeId::Complex(ANY_TYPE),
            extends: false,
            is_abstract: false,
            block: Derivations::default(),
            content: Content::Empty,
            attributes: AttributesId(0),
            pairs: Box::default(),
            place,
        });
        self.complex_items.push(None);
        self.shapes.push(Shape {
            content: ShapeContent::EMPTY,
            attributes: AttributeSet::default(),
            forbids: Derivations::default(),
            compiled: false,
        });
        id
    }

    /// A place in the tables for a complex type.
    pub(super) fn reserve_complex(&mut self, item: Item<'d>, name: NameId) -> ComplexId {
        let place = self.place(item);
        let id = self.push_complex(name, place);
        self.complex_items[id.index()] = Some(item);
        id
    }

    /// An anonymous complex type, compiled when all global ones are.
    pub(super) fn anonymous_complex_type(&mut self, item: Item<'d>) -> ComplexId {
        let id = self.reserve_complex(item, NameId::UNKNOWN);
        self.waiting.push_back(Waiting { item, id });
        id
    }

    /// Compiles all global complex types, bases first.
    pub(super) fn compile_complex_types(&mut self) {
        let (sorted, circular) = order(self.globals.len(), |index| self.complex_need(index).into_iter().collect());
        for index in circular {
            self.fault(self.globals[index].item, "ct-props-correct.3", "the type is derived from itself");
        }
        for index in sorted {
            let global = &self.globals[index];
            if let (Kind::Type, Some(TypeId::Complex(id)), false) = (global.kind, global.type_id, global.stands_in) {
                let item = global.item;
                self.complex_type_into(item, id);
            }
        }
    }

    /// Compiles the anonymous types that have been met; compiling them may meet more.
    pub(super) fn compile_waiting(&mut self) {
        while let Some(Waiting { item, id }) = self.waiting.pop_front() {
            self.complex_type_into(item, id);
        }
    }

    /// The global complex type that a global complex type derives from.
    fn complex_need(&self, index: usize) -> Option<usize> {
        let global = &self.globals[index];
        if global.stands_in || global.kind != Kind::Type || global.item.tag() != "complexType" {
            return None;
        }
        let content = global.item.children().find(|child| matches!(child.tag(), "simpleContent" | "complexContent"))?;
        let derivation = content.children().find(|child| matches!(child.tag(), "extension" | "restriction"))?;
        let name = self.peek(derivation, derivation.attribute("base")?)?;
        self.find(derivation, Kind::Type, name)
    }

    fn complex_type_into(&mut self, item: Item<'d>, id: ComplexId) {
        self.shapes[id.index()].compiled = true;
        let block = self.derivations(item, "block", &["extension", "restriction"], "blockDefault");
        let forbids = self.derivations(item, "final", &["extension", "restriction"], "finalDefault");
        self.shapes[id.index()].forbids = forbids;
        let definition = &mut self.draft.complex_types[id.index()];
        definition.is_abstract = item.flag("abstract");
        definition.block = block;
        self.document(item, Component::Complex(id));
        if self.builds_on_missing(item) {
            return self.leave_open(id);
        }
        if let Some(content) = item.child("simpleContent") {
            self.simple_content(content, id);
        } else if let Some(content) = item.child("complexContent") {
            self.complex_content(item, content, id);
        } else {
            let particle = self.explicit_content(item, item.flag("mixed"));
            let attributes = self.attribute_set(item);
            let content = ShapeContent::Particles { mixed: item.flag("mixed"), particle };
            self.restrict_any_type(item, id, content, attributes);
        }
    }

    /// A type without a base restricts `anyType`.
    fn restrict_any_type(&mut self, item: Item<'d>, id: ComplexId, content: ShapeContent, attributes: AttributeSet) {
        self.check_one_id(item, &attributes, "ct-props-correct.5");
        let shape = &mut self.shapes[id.index()];
        shape.content = content;
        shape.attributes = attributes;
    }

    /// The derivation inside `simpleContent` or `complexContent`, and its base.
    fn derivation(&mut self, content: Item<'d>) -> Option<(Item<'d>, TypeId)> {
        let derivation = content.children().find(|child| matches!(child.tag(), "extension" | "restriction"));
        let Some(derivation) = derivation else {
            self.fault(content, "s4s-elt-must-match", "an extension or restriction is expected");
            return None;
        };
        let Some(text) = derivation.attribute("base") else {
            self.fault(derivation, "s4s-att-must-appear", "a derivation needs a base");
            return None;
        };
        let base = self.resolve_type(derivation, text)?;
        if let TypeId::Complex(base) = base {
            if !self.shapes[base.index()].compiled {
                // Part of a circle that has been told already.
                return None;
            }
            let forbids = self.shapes[base.index()].forbids;
            let extends = derivation.tag() == "extension";
            if extends && forbids.extension {
                self.fault(derivation, "cos-ct-extends.1.1", "the base type forbids extension");
            } else if !extends && forbids.restriction {
                self.fault(derivation, "derivation-ok-restriction.1", "the base type forbids restriction");
            }
        }
        Some((derivation, base))
    }

    fn simple_content(&mut self, content: Item<'d>, id: ComplexId) {
        let Some((derivation, base)) = self.derivation(content) else { return };
        let extends = derivation.tag() == "extension";
        let own = self.attribute_set(derivation);
        let (simple, inherited) = match base {
            TypeId::Simple(simple) if extends => {
                if self.simple_final.get(&simple).is_some_and(|forbids| forbids.extension) {
                    self.fault(derivation, "cos-ct-extends.2.2", "the base type forbids extension");
                }
                (Some(simple), AttributeSet::default())
            }
            TypeId::Simple(_) => {
                self.fault(derivation, "src-ct.2", "a restriction inside simpleContent needs a complex base type");
                return;
            }
            TypeId::Complex(base) => {
                let shape = self.shapes[base.index()].clone();
                let simple = self.restricted_content(derivation, extends, &shape.content);
                (simple, shape.attributes)
            }
        };
        let Some(simple) = simple else { return };
        self.draft.complex_types[id.index()].base = base;
        self.draft.complex_types[id.index()].extends = extends;
        let attributes = self.derive_attributes(derivation, extends, own, (base, &inherited));
        self.check_one_id(derivation, &attributes, "ct-props-correct.5");
        let shape = &mut self.shapes[id.index()];
        shape.content = ShapeContent::Simple(simple);
        shape.attributes = attributes;
    }

    /// The simple type of simple content whose base is a complex type.
    fn restricted_content(&mut self, derivation: Item<'d>, extends: bool, base: &ShapeContent) -> Option<SimpleId> {
        let inline = derivation.child("simpleType");
        let start = match (base, extends, inline) {
            (ShapeContent::Simple(simple), true, _) => return Some(*simple),
            (ShapeContent::Simple(simple), false, Some(inline)) => {
                let own = self.anonymous_simple_type(inline);
                if !self.simple_derives(own, *simple) {
                    let text = "the simpleType inside is not derived from the base type's content";
                    self.fault(inline, "derivation-ok-restriction.5.2.2", text);
                }
                own
            }
            (ShapeContent::Simple(simple), false, None) => *simple,
            (ShapeContent::Particles { mixed: true, particle }, false, Some(inline))
                if particle.as_ref().is_none_or(super::glushkov::emptiable) =>
            {
                self.anonymous_simple_type(inline)
            }
            _ => {
                self.fault(derivation, "src-ct.2", "the base type has no simple content to derive from");
                return None;
            }
        };
        let has_facets = derivation.children().any(|child| crate::rules::FacetKind::named(child.tag()).is_some());
        if !has_facets {
            return Some(start);
        }
        if self.is_final(start, |blocked| blocked.restriction) {
            self.fault(derivation, "st-props-correct.3", "the type of the base type's content forbids restriction");
        }
        let id = self.reserve_anonymous_simple(derivation);
        if let Some(mut restricted) = self.restricted(derivation, start) {
            restricted.name = NameId::UNKNOWN;
            self.draft.simple_types[id.index()] = restricted;
        }
        Some(id)
    }

    fn complex_content(&mut self, item: Item<'d>, content: Item<'d>, id: ComplexId) {
        let Some((derivation, base)) = self.derivation(content) else { return };
        let TypeId::Complex(base_id) = base else {
            return self.fault(derivation, "src-ct.1", "complexContent needs a complex base type");
        };
        let extends = derivation.tag() == "extension";
        let mixed = content.attribute("mixed").map_or(item.flag("mixed"), |text| matches!(text, "true" | "1"));
        let own = self.explicit_content(derivation, mixed);
        let attributes = self.attribute_set(derivation);
        let inherited = self.shapes[base_id.index()].clone();
        let definition = &mut self.draft.complex_types[id.index()];
        definition.base = base;
        definition.extends = extends;
        let content = if extends {
            match self.extend_content(derivation, mixed, own, &inherited.content) {
                Some(content) => content,
                None => return,
            }
        } else {
            ShapeContent::Particles { mixed, particle: own }
        };
        let attributes = self.derive_attributes(derivation, extends, attributes, (base, &inherited.attributes));
        self.check_one_id(derivation, &attributes, "ct-props-correct.5");
        let shape = &mut self.shapes[id.index()];
        shape.content = content;
        shape.attributes = attributes;
    }

    fn extend_content(
        &mut self,
        derivation: Item<'d>,
        mixed: bool,
        own: Option<Particle>,
        base: &ShapeContent,
    ) -> Option<ShapeContent> {
        let (base_mixed, base_particle) = match base {
            ShapeContent::Simple(_) => {
                if own.is_none() && !mixed {
                    return Some(base.clone());
                }
                self.fault(derivation, "cos-ct-extends.1.4.1", "elements cannot be added to simple content");
                return None;
            }
            ShapeContent::Particles { mixed, particle } => (*mixed, particle),
        };
        let Some(own) = own else { return Some(base.clone()) };
        let Some(base_particle) = base_particle else {
            if base_mixed && !mixed {
                self.fault(derivation, "cos-ct-extends.1.4.2.2.2.2.1", "mixed content cannot become unmixed");
            }
            return Some(ShapeContent::Particles { mixed, particle: Some(own) });
        };
        if base_mixed != mixed {
            let text = "base and extension must both be mixed, or neither";
            self.fault(derivation, "cos-ct-extends.1.4.2.2.2.2.1", text);
        }
        let is_all = |particle: &Particle| matches!(particle.term, Term::All(_));
        if is_all(base_particle) || is_all(&own) {
            self.fault(
                derivation,
                "cos-all-limited.1.2",
                "content with an all group cannot be extended by elements, nor extend any",
            );
            return None;
        }
        if !self.spend_particles(derivation, super::particle::size(&base_particle.term)) {
            return None;
        }
        let parts = match base_particle {
            // A sequence that occurs once goes on, so that a long line of extensions does not nest.
            Particle { min: 1, max: Some(1), term: Term::Sequence(parts) } => {
                parts.iter().cloned().chain([own]).collect()
            }
            _ => vec![base_particle.clone(), own],
        };
        Some(ShapeContent::Particles {
            mixed,
            particle: Some(Particle { min: 1, max: Some(1), term: Term::Sequence(parts) }),
        })
    }

    /// The particle that an element of the schema describes; `None` for empty content.
    fn explicit_content(&mut self, item: Item<'d>, mixed: bool) -> Option<Particle> {
        let body = item.children().find(|child| matches!(child.tag(), "group" | "all" | "choice" | "sequence"));
        let empty = Particle { min: 1, max: Some(1), term: Term::Sequence(Vec::new()) };
        let without_elements = |body: Item<'d>| match body.tag() {
            "all" | "sequence" => body.children().next().is_none(),
            "choice" => body.children().next().is_none() && body.attribute("minOccurs") == Some("0"),
            _ => false,
        };
        match body {
            Some(body) if !without_elements(body) => self.particle(body).or(mixed.then_some(empty)),
            Some(body) => {
                self.bounds(body);
                mixed.then_some(empty)
            }
            None => mixed.then_some(empty),
        }
    }

    /// The attributes of a derived type.
    fn derive_attributes(
        &mut self,
        derivation: Item<'d>,
        extends: bool,
        own: AttributeSet,
        (base_type, base): (TypeId, &AttributeSet),
    ) -> AttributeSet {
        if !self.spend_uses(derivation, base.uses.len()) {
            return own;
        }
        if !extends {
            let process = (base_type == TypeId::Complex(ANY_TYPE)).then_some(Process::Skip);
            return self.restrict_attributes(derivation, own, base, process);
        }
        let mut uses = base.uses.clone();
        for attribute in own.uses {
            if uses.iter().any(|known| known.name == attribute.name) {
                let local = self.draft.names.local(attribute.name).to_owned();
                self.fault(
                    derivation,
                    "ct-props-correct.4",
                    format!("the base type has the attribute {local} already"),
                );
            } else {
                uses.push(attribute);
            }
        }
        let wildcard = match (own.wildcard, &base.wildcard) {
            (Some(own), Some(base)) => {
                let namespaces = union(&own.namespaces, &base.namespaces);
                if namespaces.is_none() {
                    let text = "what either attribute wildcard lets in cannot be written as a wildcard";
                    self.fault(derivation, "src-ct.5", text);
                }
                namespaces.map(|namespaces| Wildcard { namespaces, process: own.process })
            }
            (own, base) => own.or_else(|| base.clone()),
        };
        AttributeSet { uses, prohibited: Vec::new(), wildcard }
    }

    /// `process`: how closely the wildcard judges at least, where that is not what the base's does: `anyType` asks nothing.
    fn restrict_attributes(
        &mut self,
        derivation: Item<'d>,
        own: AttributeSet,
        base: &AttributeSet,
        process: Option<Process>,
    ) -> AttributeSet {
        self.check_attribute_restriction(derivation, &own, base, process);
        let mut uses = own.uses;
        let inherited = base.uses.iter().filter(|attribute| {
            !own.prohibited.contains(&attribute.name) && !uses.iter().any(|known| known.name == attribute.name)
        });
        let inherited: Vec<_> = inherited.cloned().collect();
        uses.extend(inherited);
        AttributeSet { uses, prohibited: own.prohibited, wildcard: own.wildcard }
    }
}
