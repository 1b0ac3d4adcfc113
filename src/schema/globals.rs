//! Global components: every named declaration and definition of all documents, with redefinitions laid over what they
//! redefine.

use super::compiler::Compiler;
use super::tree::Item;
use crate::rules::draft::{AttributeId, ElementId, NameId, SimpleId, TypeId};
use crate::xml;

/// Kinds of components; names are unique within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Type,
    Element,
    Attribute,
    Group,
    AttributeGroup,
    Notation,
}

impl Kind {
    fn of(tag: &str) -> Option<Self> {
        Some(match tag {
            "simpleType" | "complexType" => Self::Type,
            "element" => Self::Element,
            "attribute" => Self::Attribute,
            "group" => Self::Group,
            "attributeGroup" => Self::AttributeGroup,
            "notation" => Self::Notation,
            _ => return None,
        })
    }

    /// What people call it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Element => "element",
            Self::Attribute => "attribute",
            Self::Group => "model group",
            Self::AttributeGroup => "attribute group",
            Self::Notation => "notation",
        }
    }
}

/// A global component.
#[derive(Debug, Clone)]
pub(super) struct Global<'d> {
    pub(super) kind: Kind,
    pub(super) name: NameId,
    pub(super) item: Item<'d>,
    /// The component that this one redefines.
    pub(super) shadows: Option<usize>,
    pub(super) type_id: Option<TypeId>,
    pub(super) element: Option<ElementId>,
    pub(super) attribute: Option<AttributeId>,
    /// It stands in for something that is missing.
    pub(super) stands_in: bool,
}

impl<'d> Compiler<'d> {
    /// The root element of a document instance.
    pub(super) fn root(&self, instance: usize) -> Item<'d> {
        let node = self.trees[self.instances[instance].document].root_element();
        Item { node, instance, within: None }
    }

    /// Collects the global components of all documents, then lays the redefinitions over them.
    pub(super) fn collect(&mut self) {
        for instance in 0..self.instances.len() {
            for item in self.root(instance).children() {
                if let Some(kind) = Kind::of(item.tag()) {
                    self.collect_one(item, kind);
                }
            }
        }
        // Redefinitions of documents that themselves redefine come after those.
        let (order, _) =
            super::order::order(self.instances.len(), |instance| self.instances[instance].includes.clone());
        for instance in order {
            for (offset, redefined) in self.instances[instance].redefines.clone() {
                self.redefine(instance, offset, redefined);
            }
        }
    }

    fn collect_one(&mut self, item: Item<'d>, kind: Kind) {
        let Some(name) = item.attribute("name").filter(|name| xml::is_ncname(name)) else {
            let tag = item.tag();
            return self.fault(item, "s4s-att-must-appear", format!("a global {tag} needs a name"));
        };
        let name = self.target_name(item, name);
        if let Some(first) = self.by_name.get(&(kind, name)).copied() {
            let place = self.place(self.globals[first].item);
            let file = &self.draft.documents[place.document.index()];
            let local = self.draft.names.local(name);
            let text = format!("the {} {local} is already defined at {file}:{}", kind.words(), place.line);
            return self.fault(item, "sch-props-correct.2", text);
        }
        let index = self.add(item, kind, name, None);
        self.by_name.insert((kind, name), index);
    }

    fn add(&mut self, item: Item<'d>, kind: Kind, name: NameId, shadows: Option<usize>) -> usize {
        let index = self.globals.len();
        let item = Item { within: Some(index), ..item };
        let global =
            Global { kind, name, item, shadows, type_id: None, element: None, attribute: None, stands_in: false };
        self.globals.push(global);
        index
    }

    /// Lays the children of the `redefine` at `offset` over the components that they redefine, or, where their document is
    /// missing, over what stands in for them.
    fn redefine(&mut self, instance: usize, offset: u64, redefined: Option<usize>) {
        let covered = redefined.map(|redefined| self.covered(redefined)).unwrap_or_default();
        let element = self.root(instance).all_children().find(|child| child.node.range().start as u64 == offset);
        for item in element.into_iter().flat_map(Item::children) {
            let Some(kind) = Kind::of(item.tag()) else { continue };
            let Some(local) = item.attribute("name") else {
                self.fault(item, "s4s-att-must-appear", "a redefinition needs a name");
                continue;
            };
            let name = self.target_name(item, local);
            let known = self.by_name.get(&(kind, name)).copied();
            let known = known.filter(|known| covered.contains(&self.globals[*known].item.instance));
            match known.or_else(|| self.stand_in(item, kind, name)) {
                Some(shadowed) => {
                    let index = self.add(item, kind, name, Some(shadowed));
                    self.by_name.insert((kind, name), index);
                }
                None => {
                    let text = format!("the redefined document has no {} {local}", kind.words());
                    self.fault(item, "src-redefine", text);
                }
            }
        }
    }

    /// A document instance and all that it includes.
    fn covered(&self, instance: usize) -> Vec<usize> {
        let mut covered = vec![instance];
        let mut next = 0;
        while let Some(instance) = covered.get(next).copied() {
            let more = self.instances[instance].includes.iter().copied();
            let more: Vec<usize> = more.filter(|included| !covered.contains(included)).collect();
            covered.extend(more);
            next += 1;
        }
        covered
    }

    /// Gives every global type, element and attribute its place in the tables.
    pub(super) fn reserve(&mut self) {
        for index in 0..self.globals.len() {
            let Global { kind, name, item, stands_in, .. } = self.globals[index].clone();
            if stands_in {
                continue;
            }
            // What has been redefined has no name any more.
            let visible = self.by_name.get(&(kind, name)) == Some(&index);
            match kind {
                Kind::Type if item.tag() == "simpleType" => {
                    let id = self.reserve_simple(item, name);
                    self.globals[index].type_id = Some(TypeId::Simple(id));
                }
                Kind::Type => {
                    let id = self.reserve_complex(item, name);
                    self.globals[index].type_id = Some(TypeId::Complex(id));
                }
                Kind::Element => {
                    let id = self.reserve_element(item, name, true);
                    self.globals[index].element = Some(id);
                    self.draft.global_elements.insert(name, id);
                }
                Kind::Attribute => {
                    let id = self.reserve_attribute(name);
                    self.globals[index].attribute = Some(id);
                    self.draft.global_attributes.insert(name, id);
                }
                Kind::Group | Kind::AttributeGroup | Kind::Notation => {}
            }
            if let (true, Some(type_id)) = (visible, self.globals[index].type_id) {
                self.draft.global_types.insert(name, type_id);
            }
        }
    }

    fn reserve_simple(&mut self, item: Item<'d>, name: NameId) -> SimpleId {
        let id = SimpleId::at(self.draft.simple_types.len());
        let mut placeholder = self.draft.simple_types[0].clone();
        placeholder.name = name;
        self.draft.simple_types.push(placeholder);
        let place = self.place(item);
        self.draft.simple_places.push(Some(place));
        id
    }

    /// A place in the tables for an anonymous simple type.
    pub(super) fn reserve_anonymous_simple(&mut self, item: Item<'d>) -> SimpleId {
        self.reserve_simple(item, NameId::UNKNOWN)
    }
}
