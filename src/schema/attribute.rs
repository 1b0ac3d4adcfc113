//! Attributes: declarations, uses, groups and wildcards.

use std::collections::HashMap;

use super::compiler::Compiler;
use super::globals::Kind;
use super::order::order;
use super::simple::any_simple_type;
use super::tree::Item;
use crate::rules::XSI_NAMESPACE;
use crate::rules::draft::{
    Attribute, AttributeId, AttributeUse, Component, Constraint, Datum, NameId, NamespaceId, Namespaces, Process,
    SimpleId, Wildcard,
};

/// The attributes that a type or group puts together.
#[derive(Debug, Clone, Default)]
pub(super) struct AttributeSet {
    pub(super) uses: Vec<AttributeUse>,
    /// Names that a restriction forbids.
    pub(super) prohibited: Vec<NameId>,
    pub(super) wildcard: Option<Wildcard>,
}

/// Attribute uses of one type or group at most.
const USES_MAX: usize = 10_000;
/// Attribute uses of all types and groups of a set at most.
pub(super) const USES_OF_SET_MAX: usize = 5_000_000;

impl<'d> Compiler<'d> {
    /// A place in the tables for an attribute declaration.
    pub(super) fn reserve_attribute(&mut self, name: NameId) -> AttributeId {
        let id = AttributeId::at(self.draft.attributes.len());
        self.draft.attributes.push(Attribute { name, simple: any_simple_type(), constraint: None });
        id
    }

    /// Compiles all global attributes.
    pub(super) fn compile_attributes(&mut self) {
        for index in 0..self.globals.len() {
            let global = &self.globals[index];
            if let Some(id) = global.attribute {
                self.attribute_into(global.item, id);
            }
        }
    }

    fn attribute_into(&mut self, item: Item<'d>, id: AttributeId) {
        let name = self.draft.attributes[id.index()].name;
        let local = self.draft.names.local(name).to_owned();
        if local == "xmlns" {
            self.fault(item, "no-xmlns", "no attribute can be called xmlns");
        }
        if self.draft.names.namespace_of(name) == NamespaceId::XSI {
            self.fault(item, "no-xsi", format!("attributes of {XSI_NAMESPACE} are built in"));
        }
        let simple = self.held_simple_type(item, "type").unwrap_or_else(any_simple_type);
        self.draft.attributes[id.index()].simple = simple;
        self.check_notation_use(item, simple);
        let constraint = self.constraint(item, Some(simple), "a-props-correct.2");
        if constraint.is_some() && self.is_id(simple) {
            self.fault(item, "a-props-correct.3", "an attribute of type ID cannot have a default or fixed value");
        }
        self.draft.attributes[id.index()].constraint = constraint;
        self.document(item, Component::Attribute(id));
    }

    /// The default or fixed value that an element or attribute declaration gives.
    pub(super) fn constraint(
        &mut self,
        item: Item<'d>,
        simple: Option<SimpleId>,
        invalid: &'static str,
    ) -> Option<Constraint> {
        let (written, fixed) = match (item.raw_attribute("default"), item.raw_attribute("fixed")) {
            (Some(_), Some(_)) => {
                let constraint = if item.tag() == "element" { "src-element.1" } else { "src-attribute.1" };
                self.fault(item, constraint, "default and fixed exclude each other");
                return None;
            }
            (Some(written), None) => (written, false),
            (None, Some(written)) => (written, true),
            (None, None) => return None,
        };
        let Some(simple) = simple else {
            return Some(Constraint { literal: written.into(), value: None, fixed });
        };
        let prefixes = item.prefixes();
        let own = |datum: &Datum<'_>, _| datum.clone().into_owned();
        let value = self.simple_types().assess(simple, written, &prefixes, own);
        match value {
            Ok(value) => {
                let literal = self.draft.simple_types[simple.index()].white_space.apply(written).into();
                Some(Constraint { literal, value: Some(value), fixed })
            }
            Err(_) => {
                self.fault(item, invalid, "the default or fixed value is not a value of the type");
                None
            }
        }
    }

    /// Compiles all attribute groups, those that are referred to first.
    pub(super) fn compile_attribute_groups(&mut self) {
        let (sorted, circular) = order(self.globals.len(), |index| self.attribute_group_needs(index));
        for index in circular {
            let item = self.globals[index].item;
            if self.globals[index].kind == Kind::AttributeGroup {
                self.fault(item, "src-attribute_group.3", "the attribute group contains itself");
            }
        }
        for index in sorted {
            if self.globals[index].kind == Kind::AttributeGroup && !self.globals[index].stands_in {
                let item = self.globals[index].item;
                let set = self.attribute_set(item);
                self.check_one_id(item, &set, "ag-props-correct.3");
                self.attribute_groups.insert(index, set);
            }
        }
    }

    fn attribute_group_needs(&self, index: usize) -> Vec<usize> {
        let global = &self.globals[index];
        if global.stands_in || global.kind != Kind::AttributeGroup {
            return Vec::new();
        }
        let references = global.item.children().filter(|child| child.tag() == "attributeGroup");
        references
            .filter_map(|child| {
                let name = self.peek(child, child.attribute("ref")?)?;
                self.find(child, Kind::AttributeGroup, name)
            })
            .collect()
    }

    /// The attributes, attribute groups and wildcard directly inside an element of a schema.
    pub(super) fn attribute_set(&mut self, parent: Item<'d>) -> AttributeSet {
        let mut set = AttributeSet::default();
        let mut own = None;
        for item in parent.children().collect::<Vec<_>>() {
            match item.tag() {
                "attribute" => self.attribute_use(item, &mut set),
                "attributeGroup" => self.attribute_group_reference(item, &mut set),
                "anyAttribute" => own = self.wildcard(item),
                _ => {}
            }
        }
        if let Some(own) = own {
            set.wildcard = match set.wildcard.take() {
                None => Some(own),
                Some(group) => self.intersection(parent, &group, &own).map(|namespaces| Wildcard { namespaces, ..own }),
            };
        }
        set
    }

    fn attribute_group_reference(&mut self, item: Item<'d>, set: &mut AttributeSet) {
        let Some(text) = item.attribute("ref") else {
            return self.fault(item, "s4s-att-must-appear", "a reference to an attribute group needs ref");
        };
        let Some(global) = self.resolve(item, Kind::AttributeGroup, text) else { return };
        let count = self.attribute_groups.get(&global).map_or(0, |group| group.uses.len());
        if !self.spend_uses(item, count) {
            return;
        }
        let Some(group) = self.attribute_groups.get(&global).cloned() else { return };
        self.add_group(item, group.uses, set);
        set.wildcard = match (set.wildcard.take(), group.wildcard) {
            (Some(left), Some(right)) => {
                let namespaces = self.intersection(item, &left, &right);
                namespaces.map(|namespaces| Wildcard { namespaces, process: left.process })
            }
            (left, right) => left.or(right),
        };
    }

    fn add_group(&mut self, item: Item<'d>, uses: Vec<AttributeUse>, set: &mut AttributeSet) {
        if set.uses.is_empty() {
            set.uses = uses;
            return;
        }
        let mut names: HashMap<NameId, u32> = set.uses.iter().map(|known| (known.name, known.place)).collect();
        for attribute in uses {
            match names.insert(attribute.name, attribute.place) {
                None => set.uses.push(attribute),
                // What comes twice by the same group is one attribute use, not two.
                Some(place) if place == attribute.place => {}
                Some(_) => return self.tell_twice(item, attribute.name),
            }
        }
        if set.uses.len() > USES_MAX {
            self.spend_uses(item, set.uses.len());
        }
    }

    fn tell_twice(&mut self, item: Item<'d>, name: NameId) {
        let local = self.draft.names.local(name).to_owned();
        self.fault(item, "ct-props-correct.4", format!("the attribute {local} is declared twice"));
    }

    fn add_use(&mut self, item: Item<'d>, attribute: AttributeUse, set: &mut AttributeSet) {
        if set.uses.iter().any(|known| known.name == attribute.name) {
            return self.tell_twice(item, attribute.name);
        }
        if set.uses.len() < USES_MAX || self.spend_uses(item, USES_MAX + 1) {
            set.uses.push(attribute);
        }
    }

    /// Counts attribute uses that are written out; false where there are more than a set may have.
    pub(super) fn spend_uses(&mut self, item: Item<'d>, count: usize) -> bool {
        if count > self.attributes_left.min(USES_MAX) {
            let text = if count > USES_MAX {
                format!("a type has at most {USES_MAX} attributes")
            } else {
                format!("the types of the set have more than {USES_OF_SET_MAX} attributes together")
            };
            self.fault(item, "schema-too-large", text);
            return false;
        }
        self.attributes_left -= count;
        true
    }

    fn attribute_use(&mut self, item: Item<'d>, set: &mut AttributeSet) {
        let Some((name, declaration)) = self.used_declaration(item) else { return };
        let usage = item.attribute("use").unwrap_or("optional");
        if item.attribute("default").is_some() && usage != "optional" {
            self.fault(item, "src-attribute.2", "an attribute with a default must be optional");
        }
        if usage == "prohibited" {
            return set.prohibited.push(name);
        }
        let declared = self.draft.attributes[declaration.index()].clone();
        let own = match item.attribute("ref") {
            Some(_) => {
                let constraint = self.constraint(item, Some(declared.simple), "au-props-correct.2");
                let conflicts = match (&declared.constraint, &constraint) {
                    (Some(global), Some(own)) if global.fixed => !own.fixed || !equal_values(global, own),
                    _ => false,
                };
                if conflicts {
                    self.fault(item, "au-props-correct.2", "the declaration fixes another value");
                }
                constraint
            }
            None => None,
        };
        let constraint = own.or(declared.constraint);
        self.attribute_uses += 1;
        let place = self.attribute_uses;
        let required = usage == "required";
        self.add_use(item, AttributeUse { name, declaration, required, constraint, place }, set);
    }

    /// The declaration that an attribute use means: a global one, or a local one made here.
    fn used_declaration(&mut self, item: Item<'d>) -> Option<(NameId, AttributeId)> {
        match (item.attribute("ref"), item.attribute("name")) {
            (Some(reference), None) => {
                let id = self.referred_attribute(item, reference)?;
                if item.child("simpleType").is_some()
                    || item.attribute("type").is_some()
                    || item.attribute("form").is_some()
                {
                    self.fault(item, "src-attribute.3.2", "a reference cannot have form, type or simpleType");
                }
                Some((self.draft.attributes[id.index()].name, id))
            }
            (None, Some(local)) => {
                let name = match self.form(item, "attributeFormDefault") {
                    true => self.target_name(item, local),
                    false => self.local_name(local),
                };
                let id = self.reserve_attribute(name);
                self.attribute_into(item, id);
                Some((name, id))
            }
            _ => {
                self.fault(item, "src-attribute.3.1", "an attribute needs either name or ref");
                None
            }
        }
    }

    fn referred_attribute(&mut self, item: Item<'d>, reference: &str) -> Option<AttributeId> {
        let name = self.qname(item, reference)?;
        if let Some(global) = self.find(item, Kind::Attribute, name) {
            return self.global_attribute(global);
        }
        if self.draft.names.namespace_of(name) == NamespaceId::XML {
            return self.xml_attribute(item, name);
        }
        if let Some(global) = self.stand_in(item, Kind::Attribute, name) {
            return self.global_attribute(global);
        }
        self.unresolved(item, Kind::Attribute, name);
        None
    }

    /// `xml:lang` and its kin, where no schema for them was found.
    fn xml_attribute(&mut self, item: Item<'d>, name: NameId) -> Option<AttributeId> {
        if let Some(known) = self.draft.global_attributes.get(&name) {
            return Some(*known);
        }
        let simple = match self.draft.names.local(name) {
            "lang" => "language",
            "space" => "NCName",
            "base" => "anyURI",
            "id" => "ID",
            _ => {
                self.unresolved(item, Kind::Attribute, name);
                return None;
            }
        };
        let id = self.reserve_attribute(name);
        self.draft.attributes[id.index()].simple =
            crate::rules::draft::built_in(simple).unwrap_or_else(any_simple_type);
        self.draft.global_attributes.insert(name, id);
        Some(id)
    }

    /// Whether a local declaration is in the target namespace.
    pub(super) fn form(&self, item: Item<'d>, default: &str) -> bool {
        let root = self.root(item.instance);
        item.attribute("form").or_else(|| root.attribute(default)) == Some("qualified")
    }

    /// The name that a `QName` means, without noting faults.
    pub(super) fn peek(&self, item: Item<'d>, text: &str) -> Option<NameId> {
        use crate::rules::draft::Prefixes;
        let (prefix, local) = crate::xml::split_qname(text)?;
        let prefixes = item.prefixes();
        let namespace = prefixes.namespace(prefix)?;
        let instance = &self.instances[item.instance];
        let namespace = if namespace.is_empty() && instance.chameleon { &instance.target } else { namespace };
        self.draft.names.peek(namespace, local)
    }

    /// At most one attribute of a type may be an ID.
    pub(super) fn check_one_id(&mut self, item: Item<'d>, set: &AttributeSet, constraint: &'static str) {
        let simple = |attribute: &AttributeUse| self.draft.attributes[attribute.declaration.index()].simple;
        let ids = set.uses.iter().filter(|attribute| self.is_id(simple(attribute))).count();
        if ids > 1 {
            self.fault(item, constraint, "only one attribute of a type can be of type ID");
        }
    }

    /// Compiles `any` or `anyAttribute`.
    pub(super) fn wildcard(&mut self, item: Item<'d>) -> Option<Wildcard> {
        let process = match item.attribute("processContents") {
            None | Some("strict") => Process::Strict,
            Some("lax") => Process::Lax,
            Some("skip") => Process::Skip,
            Some(_) => {
                self.fault(item, "s4s-att-invalid-value", "processContents must be strict, lax or skip");
                return None;
            }
        };
        let target = self.target(item);
        let target = self.draft.names.namespace(target);
        let namespaces = match item.attribute("namespace") {
            None | Some("##any") => Namespaces::Any,
            Some("##other") => Namespaces::Not(target),
            Some(text) => {
                let mut list: Vec<NamespaceId> = text
                    .split_ascii_whitespace()
                    .map(|word| match word {
                        "##targetNamespace" => target,
                        "##local" => NamespaceId::ABSENT,
                        uri => self.draft.names.namespace(uri),
                    })
                    .collect();
                list.sort_unstable();
                list.dedup();
                Namespaces::List(list.into())
            }
        };
        Some(Wildcard { namespaces, process })
    }

    /// What both wildcards let in (`cos-aw-intersect`).
    pub(super) fn intersection(&mut self, item: Item<'d>, left: &Wildcard, right: &Wildcard) -> Option<Namespaces> {
        let found = intersection(&left.namespaces, &right.namespaces);
        if found.is_none() {
            self.fault(
                item,
                "cos-aw-intersect",
                "what both attribute wildcards let in cannot be written as a wildcard",
            );
        }
        found
    }
}

/// Whether two value constraints mean the same value.
pub(super) fn equal_values(left: &Constraint, right: &Constraint) -> bool {
    match (&left.value, &right.value) {
        (Some(left), Some(right)) => left.equals(right),
        _ => left.literal == right.literal,
    }
}

/// `cos-aw-intersect`; `None` where it is not expressible.
fn intersection(left: &Namespaces, right: &Namespaces) -> Option<Namespaces> {
    use Namespaces::{Any, List, Not};
    Some(match (left, right) {
        (Any, other) | (other, Any) => other.clone(),
        (List(left), List(right)) => List(left.iter().filter(|namespace| right.contains(namespace)).copied().collect()),
        (List(list), not @ Not(_)) | (not @ Not(_), List(list)) => {
            List(list.iter().filter(|namespace| not.allows(**namespace)).copied().collect())
        }
        (Not(left), Not(right)) if left == right => Not(*left),
        (Not(NamespaceId::ABSENT), Not(other)) | (Not(other), Not(NamespaceId::ABSENT)) => Not(*other),
        (Not(_), Not(_)) => return None,
    })
}

/// Whether some name is let in by both.
pub(super) fn overlap(left: &Namespaces, right: &Namespaces) -> bool {
    match (left, right) {
        (Namespaces::List(list), other) | (other, Namespaces::List(list)) => {
            list.iter().any(|namespace| other.allows(*namespace))
        }
        _ => true,
    }
}

/// `cos-aw-union`; `None` where it is not expressible.
pub(super) fn union(left: &Namespaces, right: &Namespaces) -> Option<Namespaces> {
    use Namespaces::{Any, List, Not};
    Some(match (left, right) {
        (Any, _) | (_, Any) => Any,
        (List(left), List(right)) => {
            let mut both: Vec<NamespaceId> = left.iter().chain(right).copied().collect();
            both.sort_unstable();
            both.dedup();
            List(both.into())
        }
        (Not(left), Not(right)) if left == right => Not(*left),
        (Not(_), Not(_)) => Not(NamespaceId::ABSENT),
        (Not(excluded), List(list)) | (List(list), Not(excluded)) => {
            let (has_excluded, has_absent) = (list.contains(excluded), list.contains(&NamespaceId::ABSENT));
            match (*excluded == NamespaceId::ABSENT, has_excluded, has_absent) {
                (true, true, _) | (false, true, true) => Any,
                (false, true, false) => Not(NamespaceId::ABSENT),
                (false, false, true) => return None,
                _ => Not(*excluded),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NamespaceId = NamespaceId(4);
    const B: NamespaceId = NamespaceId(5);
    const ABSENT: NamespaceId = NamespaceId::ABSENT;

    fn list(namespaces: &[NamespaceId]) -> Namespaces {
        Namespaces::List(namespaces.into())
    }

    #[test]
    fn wildcards_intersect_and_unite() {
        use Namespaces::{Any, Not};
        for (left, right, both, either) in [
            (Any, list(&[A]), Some(list(&[A])), Some(Any)),
            (list(&[A, B]), list(&[B]), Some(list(&[B])), Some(list(&[A, B]))),
            (Not(A), list(&[ABSENT, A, B]), Some(list(&[B])), Some(Any)),
            (Not(A), list(&[A]), Some(list(&[])), Some(Not(ABSENT))),
            (Not(A), list(&[ABSENT]), Some(list(&[])), None),
            (Not(A), list(&[B]), Some(list(&[B])), Some(Not(A))),
            (Not(A), Not(A), Some(Not(A)), Some(Not(A))),
            (Not(A), Not(B), None, Some(Not(ABSENT))),
            (Not(A), Not(ABSENT), Some(Not(A)), Some(Not(ABSENT))),
        ] {
            assert_eq!(intersection(&left, &right), both, "{left:?} {right:?}");
            assert_eq!(union(&left, &right), either, "{left:?} {right:?}");
        }
    }
}
