//! Missing documents (XML Schema Part 1, section 5.3). Where a set tolerates that an include or import was not found,
//! what could have been defined there is stood in for by the least that can be said, and what builds on it is not judged.

use super::attribute::AttributeSet;
use super::compiler::Compiler;
use super::globals::{Global, Kind};
use super::particle::Group;
use super::tree::Item;
use crate::rules::Term;
use crate::rules::draft::{ANY_TYPE, ComplexId, NameId, Namespaces, Process, TypeId, Wildcard};

impl<'d> Compiler<'d> {
    /// Whether a name could have been defined by a document that is missing, and that is tolerated.
    fn may_be_missing(&self, name: NameId) -> bool {
        self.missing.contains(self.draft.names.uri(self.draft.names.namespace_of(name)))
    }

    /// Whether a reference leads to something that is missing.
    fn leads_nowhere(&self, item: Item<'d>, kind: Kind, text: &str) -> bool {
        if self.missing.is_empty() {
            return false;
        }
        let Some(name) = self.peek(item, text) else { return self.leads_outside(item, text) };
        match self.find(item, kind, name) {
            Some(global) => self.globals[global].stands_in,
            None => self.may_be_missing(name),
        }
    }

    /// Whether a reference is to a namespace that is missing; its name has not been met before.
    fn leads_outside(&self, item: Item<'d>, text: &str) -> bool {
        use crate::rules::draft::Prefixes;
        let Some((prefix, _)) = crate::xml::split_qname(text) else { return false };
        let prefixes = item.prefixes();
        let chameleon = &self.instances[item.instance];
        let namespace = prefixes.namespace(prefix).map(|namespace| {
            if namespace.is_empty() && chameleon.chameleon { chameleon.target.as_str() } else { namespace }
        });
        namespace.is_some_and(|namespace| self.missing.contains(namespace))
    }

    /// A component that stands in for a missing one; `None` where nothing is missing.
    pub(super) fn stand_in(&mut self, item: Item<'d>, kind: Kind, name: NameId) -> Option<usize> {
        if !self.may_be_missing(name) {
            return None;
        }
        let index = self.globals.len();
        let (mut type_id, mut element, mut attribute) = (None, None, None);
        match kind {
            Kind::Type => type_id = Some(TypeId::Complex(ANY_TYPE)),
            Kind::Element => {
                let id = self.reserve_element(item, name, true);
                self.elements.pop();
                self.draft.global_elements.insert(name, id);
                element = Some(id);
            }
            Kind::Attribute => {
                let id = self.reserve_attribute(name);
                self.draft.global_attributes.insert(name, id);
                attribute = Some(id);
            }
            Kind::Group => {
                self.groups.insert(index, Group { term: Term::Sequence(Vec::new()), size: 1 });
            }
            Kind::AttributeGroup => {
                let wildcard = Some(Wildcard { namespaces: Namespaces::Any, process: Process::Skip });
                self.attribute_groups.insert(index, AttributeSet { wildcard, ..AttributeSet::default() });
            }
            Kind::Notation => {}
        }
        let local = self.draft.names.local(name).to_owned();
        self.warn(item, &format!("the {} {local} was not found; its document is missing", kind.words()));
        let global = Global { kind, name, item, shadows: None, type_id, element, attribute, stands_in: true };
        self.globals.push(global);
        self.by_name.insert((kind, name), index);
        Some(index)
    }

    /// Whether a complex type builds on something missing: its base, or a group in its content.
    pub(super) fn builds_on_missing(&self, item: Item<'d>) -> bool {
        if self.missing.is_empty() {
            return false;
        }
        let mut waiting: Vec<Item<'d>> = item.children().collect();
        while let Some(child) = waiting.pop() {
            let (reference, kind) = match child.tag() {
                "extension" | "restriction" => (child.attribute("base"), Kind::Type),
                "group" => (child.attribute("ref"), Kind::Group),
                _ => (None, Kind::Type),
            };
            if reference.is_some_and(|text| self.leads_nowhere(child, kind, text)) {
                return true;
            }
            if !matches!(child.tag(), "element" | "attribute") {
                waiting.extend(child.children());
            }
        }
        false
    }

    /// Makes a complex type that builds on something missing take anything.
    pub(super) fn leave_open(&mut self, id: ComplexId) {
        let anything = self.shapes[ANY_TYPE.index()].clone();
        self.shapes[id.index()] = anything;
    }

    /// Whether a type is called for that is missing.
    pub(super) fn names_missing(&self, item: Item<'d>, text: &str) -> bool {
        self.leads_nowhere(item, Kind::Type, text)
    }
}
