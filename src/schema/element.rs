//! Elements: declarations, their types and values, and substitution groups.

use super::compiler::{Compiler, PendingElement};
use super::complex::ShapeContent;
use super::globals::Kind;
use super::order::order;
use super::tree::Item;
use crate::rules::draft::{ANY_TYPE, Component, Derivations, Element, ElementId, NameId, SimpleId, TypeId};
use crate::xml;

/// Heads of all elements of a set at most, those behind heads too.
pub(super) const HEADS_OF_SET_MAX: usize = 1_000_000;

impl<'d> Compiler<'d> {
    /// A place in the tables for an element declaration.
    pub(super) fn reserve_element(&mut self, item: Item<'d>, name: NameId, global: bool) -> ElementId {
        let id = ElementId::at(self.draft.elements.len());
        let place = self.place(item);
        self.draft.elements.push(Element {
            name,
            type_id: TypeId::Complex(ANY_TYPE),
            global,
            nillable: item.flag("nillable"),
            is_abstract: item.flag("abstract"),
            block: Derivations::default(),
            constraint: None,
            identities: Box::default(),
            heads: Box::default(),
            place,
        });
        self.elements.push(PendingElement { item, id });
        id
    }

    /// Compiles all global elements, heads of substitution groups first.
    pub(super) fn compile_elements(&mut self) {
        let (sorted, circular) = order(self.globals.len(), |index| {
            let global = &self.globals[index];
            let head = global.item.attribute("substitutionGroup").filter(|_| global.kind == Kind::Element);
            let name = head.and_then(|text| self.peek(global.item, text));
            name.and_then(|name| self.find(global.item, Kind::Element, name)).into_iter().collect()
        });
        for index in circular {
            if self.globals[index].kind == Kind::Element {
                self.fault(self.globals[index].item, "e-props-correct.6", "the element substitutes itself");
            }
        }
        for index in sorted {
            let global = &self.globals[index];
            if let (Kind::Element, Some(id)) = (global.kind, global.element) {
                let item = global.item;
                let head = item.attribute("substitutionGroup").and_then(|text| self.resolve(item, Kind::Element, text));
                let head = head.and_then(|head| self.globals[head].element);
                if let Some(head) = head {
                    self.substitution.insert(id, head);
                }
                self.element_into(item, id, head);
            }
        }
    }

    /// The element of a particle: a global one by reference, or a local one made here.
    pub(super) fn local_element(&mut self, item: Item<'d>) -> Option<ElementId> {
        match (item.attribute("ref"), item.attribute("name")) {
            (Some(reference), None) => {
                let unwanted = ["type", "nillable", "default", "fixed", "form", "block"];
                if let Some(name) = unwanted.into_iter().find(|name| item.attribute(name).is_some()) {
                    self.fault(item, "src-element.2.2", format!("a reference cannot have {name}"));
                } else if let Some(child) = item.children().next() {
                    self.fault(child, "src-element.2.2", "a reference holds nothing but an annotation");
                }
                let global = self.resolve(item, Kind::Element, reference)?;
                self.globals[global].element
            }
            (None, Some(local)) if xml::is_ncname(local) => {
                let name = if self.form(item, "elementFormDefault") {
                    self.target_name(item, local)
                } else {
                    self.local_name(local)
                };
                let id = self.reserve_element(item, name, false);
                self.element_into(item, id, None);
                Some(id)
            }
            _ => {
                self.fault(item, "src-element.2.1", "an element needs either name or ref");
                None
            }
        }
    }

    fn element_into(&mut self, item: Item<'d>, id: ElementId, head: Option<ElementId>) {
        let inline_complex = item.child("complexType");
        if item.attribute("type").is_some() && inline_complex.is_some() {
            self.fault(item, "src-element.3", "an element has either a type attribute or a type inside");
        }
        let type_id = if let Some(inline) = inline_complex {
            Some(TypeId::Complex(self.anonymous_complex_type(inline)))
        } else if let (Some(text), None) = (item.attribute("type"), item.child("simpleType")) {
            self.resolve_type(item, text)
        } else {
            self.held_simple_type(item, "type").map(TypeId::Simple)
        };
        let inherited = head.map(|head| self.draft.elements[head.index()].type_id);
        let block = self.derivations(item, "block", &["extension", "restriction", "substitution"], "blockDefault");
        let blocked = self.derivations(item, "final", &["extension", "restriction"], "finalDefault");
        self.element_final.insert(id, blocked);
        let identities = self.identities(item);
        if let Some(TypeId::Simple(simple)) = type_id {
            self.check_notation_use(item, simple);
        }
        let element = &mut self.draft.elements[id.index()];
        element.type_id = type_id.or(inherited).unwrap_or(TypeId::Complex(ANY_TYPE));
        element.block = block;
        element.identities = identities.into();
        self.document(item, Component::Element(id));
    }

    /// The value of `block` or `final`, or of its default in the schema's root.
    pub(super) fn derivations(
        &mut self,
        item: Item<'d>,
        attribute: &str,
        known: &[&str],
        default: &str,
    ) -> Derivations {
        let root = self.root(item.instance);
        let own = item.attribute(attribute);
        let text = own.or_else(|| root.attribute(default)).unwrap_or("");
        let mut derivations = Derivations::default();
        for word in text.split_ascii_whitespace() {
            let all = word == "#all";
            let is_known = known.contains(&word);
            if own.is_some() && !is_known && !(all && text == "#all") {
                self.fault(item, "s4s-att-invalid-value", format!("\"{word}\" cannot stand in {attribute}"));
            }
            let has = |name: &str| known.contains(&name) && (all || word == name);
            derivations = derivations.join(Derivations {
                extension: has("extension"),
                restriction: has("restriction"),
                substitution: has("substitution"),
                list: has("list"),
                union: has("union"),
            });
        }
        derivations
    }

    /// Judges the default and fixed values of all elements, now that all types are known.
    pub(super) fn compile_values(&mut self) {
        for PendingElement { item, id } in std::mem::take(&mut self.elements) {
            if item.attribute("default").is_none() && item.attribute("fixed").is_none() {
                continue;
            }
            let constraint = match self.value_type(self.draft.elements[id.index()].type_id) {
                Some(simple) => {
                    if simple.is_some_and(|simple| self.is_id(simple)) {
                        self.fault(
                            item,
                            "e-props-correct.5",
                            "an element of type ID cannot have a default or fixed value",
                        );
                    }
                    self.constraint(item, simple, "e-props-correct.2")
                }
                None => {
                    let text = "only elements with text can have a default or fixed value";
                    self.fault(item, "cos-valid-default.2.1", text);
                    None
                }
            };
            self.draft.elements[id.index()].constraint = constraint;
        }
    }

    /// What a default of a type is judged by: a simple type, or nothing for mixed content. `None`: it can have no default.
    fn value_type(&self, type_id: TypeId) -> Option<Option<SimpleId>> {
        match type_id {
            TypeId::Simple(simple) => Some(Some(simple)),
            TypeId::Complex(id) => match &self.shapes[id.index()].content {
                ShapeContent::Simple(simple) => Some(Some(*simple)),
                ShapeContent::Particles { mixed: true, particle } => {
                    particle.as_ref().is_none_or(super::glushkov::emptiable).then_some(None)
                }
                ShapeContent::Particles { mixed: false, .. } => None,
            },
        }
    }

    /// Works out which heads each element may stand for (`cos-equiv-derived-ok-rec`).
    pub(super) fn compile_substitutions(&mut self) {
        let members: Vec<(ElementId, ElementId)> = self.substitution.iter().map(|(id, head)| (*id, *head)).collect();
        for (member, head) in members {
            self.check_substitution(member, head);
            let mut heads = Vec::new();
            let mut next = Some(head).filter(|head| *head != member);
            while let Some(head) = next {
                if self.heads_left == 0 {
                    return self.tell_too_many_heads(member);
                }
                self.heads_left -= 1;
                heads.push(head);
                // What goes in circles has been told already.
                let longer = heads.len() < self.substitution.len();
                next = self.substitution.get(&head).copied().filter(|next| longer && *next != member);
            }
            heads.retain(|head| self.may_substitute(member, *head));
            self.draft.elements[member.index()].heads = heads.into();
        }
    }

    fn tell_too_many_heads(&mut self, member: ElementId) {
        let name = self.draft.elements[member.index()].name;
        if let Some(global) = self.by_name.get(&(Kind::Element, name)).copied() {
            let text = format!(
                "elements that substitute one another have more than {HEADS_OF_SET_MAX} heads together, those of heads \
                 counted too"
            );
            self.fault(self.globals[global].item, "schema-too-large", text);
        }
    }

    /// `e-props-correct.4`: the member's type comes from the head's, in no way that the head's `final` forbids.
    fn check_substitution(&mut self, member: ElementId, head: ElementId) {
        let (own, other) = (self.draft.elements[member.index()].type_id, self.draft.elements[head.index()].type_id);
        let forbidden = self.element_final.get(&head).copied().unwrap_or_default();
        let allowed = self.ways(own, other).is_some_and(|ways| !ways.meets(forbidden));
        if !allowed {
            let name = self.draft.elements[member.index()].name;
            if let Some(global) = self.by_name.get(&(Kind::Element, name)).copied() {
                let text = "its type is not derived from the type of the element that it substitutes, or not in an allowed way";
                self.fault(self.globals[global].item, "e-props-correct.4", text);
            }
        }
    }

    /// Whether `block` of the head and of the types between lets the member stand for it.
    fn may_substitute(&self, member: ElementId, head: ElementId) -> bool {
        let (member, head) = (&self.draft.elements[member.index()], &self.draft.elements[head.index()]);
        if head.block.substitution {
            return false;
        }
        let mut blocked = head.block;
        let mut here = member.type_id;
        while here != head.type_id {
            let TypeId::Complex(id) = here else { break };
            let next = self.draft.complex_types[id.index()].base;
            if let TypeId::Complex(next) = next {
                blocked = blocked.join(self.draft.complex_types[next.index()].block);
            }
            if next == here {
                break;
            }
            here = next;
        }
        if let TypeId::Complex(id) = head.type_id {
            blocked = blocked.join(self.draft.complex_types[id.index()].block);
        }
        self.ways(member.type_id, head.type_id).is_some_and(|ways| !ways.meets(blocked))
    }

    /// The ways in which one type comes from another; `None` where it does not.
    pub(super) fn ways(&self, from: TypeId, ancestor: TypeId) -> Option<Derivations> {
        let mut ways = Derivations::default();
        let mut here = from;
        while here != ancestor {
            let TypeId::Complex(id) = here else {
                ways.restriction = true;
                return match (here, ancestor) {
                    (_, TypeId::Complex(ANY_TYPE)) => Some(ways),
                    (TypeId::Simple(simple), TypeId::Simple(ancestor)) => {
                        self.simple_derives(simple, ancestor).then_some(ways)
                    }
                    _ => None,
                };
            };
            let definition = &self.draft.complex_types[id.index()];
            if id == ANY_TYPE {
                return None;
            }
            if definition.extends {
                ways.extension = true;
            } else {
                ways.restriction = true;
            }
            here = definition.base;
        }
        Some(ways)
    }
}
