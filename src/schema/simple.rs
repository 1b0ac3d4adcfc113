//! Simple types: restriction with its facets, lists and unions (XML Schema Part 2, chapters 3 and 4).

use std::collections::HashSet;

use super::compiler::Compiler;
use super::globals::Kind;
use super::order::order;
use super::tree::Item;
use crate::rules::draft::{
    ANY_SIMPLE_TYPE, Derivations, Lexical, SimpleId, SimpleType, SimpleTypes, TypeId, Variety, built_in,
};
use crate::rules::{FacetKind, WhiteSpace};

/// Types that judging one value may go through at most.
const EFFORT_TYPES_MAX: usize = 10_000;
/// Lists and unions inside one another at most.
const EFFORT_DEPTH_MAX: usize = 100;

/// The work of judging one value of a type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Types that are tried, each as often as it is met.
    types: usize,
    /// Lists and unions inside one another.
    depth: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { types: 1, depth: 0 }
    }
}

impl Effort {
    fn and(self, other: Self) -> Self {
        Self { types: self.types.saturating_add(other.types), depth: self.depth.max(other.depth) }
    }

    /// That of a list or union of such types.
    fn around(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl<'d> Compiler<'d> {
    /// Compiles all global simple types, bases first.
    pub(super) fn compile_simple_types(&mut self) {
        let (sorted, circular) = order(self.globals.len(), |index| self.simple_needs(index));
        for index in circular {
            let item = self.globals[index].item;
            if item.child("union").is_some() {
                self.fault(item, "src-simple-type.4", "the union is a member of itself");
            } else {
                self.fault(item, "st-props-correct.2", "the type is derived from itself");
            }
        }
        if !self.faults.is_empty() {
            // A circle cannot be compiled; what else is wrong shows when it is broken.
            return;
        }
        for index in sorted {
            let global = &self.globals[index];
            if let (Kind::Type, Some(TypeId::Simple(id))) = (global.kind, global.type_id) {
                let (item, name) = (global.item, global.name);
                self.simple_type_into(item, id);
                self.draft.simple_types[id.index()].name = name;
            }
        }
    }

    /// The global simple types that a global simple type is made of.
    fn simple_needs(&self, index: usize) -> Vec<usize> {
        let global = &self.globals[index];
        let mut needs = Vec::new();
        if global.stands_in || global.kind != Kind::Type || global.item.tag() != "simpleType" {
            return needs;
        }
        for node in global.item.node.descendants().filter(roxmltree::Node::is_element) {
            let item = Item { node, ..global.item };
            for name in ["base", "itemType", "memberTypes"] {
                for text in item.attribute(name).unwrap_or("").split_ascii_whitespace() {
                    let target = self.peek(item, text).and_then(|name| self.find(item, Kind::Type, name));
                    needs.extend(target.filter(|_| matches!(item.tag(), "restriction" | "list" | "union")));
                }
            }
        }
        needs
    }

    /// The simple type that an element holds: by the attribute `attribute` or as its child.
    pub(super) fn held_simple_type(&mut self, item: Item<'d>, attribute: &str) -> Option<SimpleId> {
        let inline = item.child("simpleType");
        match (item.attribute(attribute), inline) {
            (Some(_), Some(_)) => {
                let tag = item.tag();
                let text = format!("{tag} has both {attribute} and a simpleType inside; one of them is enough");
                self.fault(item, held_constraint(tag), text);
                None
            }
            (Some(text), None) => self.resolve_simple(item, text),
            (None, Some(inline)) => Some(self.anonymous_simple_type(inline)),
            (None, None) => None,
        }
    }

    /// Compiles an anonymous simple type.
    pub(super) fn anonymous_simple_type(&mut self, item: Item<'d>) -> SimpleId {
        let id = self.reserve_anonymous_simple(item);
        self.simple_type_into(item, id);
        // `finalDefault` says what others may derive from a type; an anonymous one is there for where it stands.
        self.simple_final.remove(&id);
        id
    }

    /// Compiles a simple type into its place.
    fn simple_type_into(&mut self, item: Item<'d>, id: SimpleId) {
        let blocked = self.derivations(item, "final", &["extension", "restriction", "list", "union"], "finalDefault");
        self.simple_final.insert(id, blocked);
        let Some(body) = item.children().next() else {
            return self.fault(item, "s4s-elt-must-match", "a simpleType needs a restriction, list or union");
        };
        let compiled = match body.tag() {
            "restriction" => self.simple_restriction(body),
            "list" => self.simple_list(body),
            "union" => self.simple_union(body),
            _ => {
                self.fault(body, "s4s-elt-must-match", "a restriction, list or union is expected");
                None
            }
        };
        if let Some(mut compiled) = compiled {
            let effort = self.effort(&compiled.variety);
            if effort.types > EFFORT_TYPES_MAX || effort.depth > EFFORT_DEPTH_MAX {
                let text = format!(
                    "lists and unions are nested deeper than {EFFORT_DEPTH_MAX}, or have more than {EFFORT_TYPES_MAX} \
                     members, those of members counted too"
                );
                return self.fault(item, "schema-too-large", text);
            }
            self.efforts.insert(id, effort);
            compiled.name = self.draft.simple_types[id.index()].name;
            let mut checks = compiled.checks.to_vec();
            checks.extend(self.value_checks(item));
            compiled.checks = checks.into();
            self.draft.simple_types[id.index()] = compiled;
        }
        self.document(item, crate::rules::draft::Component::Simple(id));
    }

    fn simple_restriction(&mut self, body: Item<'d>) -> Option<SimpleType> {
        let Some(base) = self.held_simple_type(body, "base") else {
            if body.attribute("base").is_none() && body.child("simpleType").is_none() {
                self.fault(body, "src-simple-type.2", "a restriction needs a base or a simpleType inside");
            }
            return None;
        };
        if self.is_final(base, |blocked| blocked.restriction) {
            self.fault(body, "st-props-correct.3", "the base type forbids restriction");
        }
        if base == ANY_SIMPLE_TYPE && body.attribute("base").is_some_and(|text| self.names_missing(body, text)) {
            return None;
        }
        if base == ANY_SIMPLE_TYPE {
            self.fault(body, "cos-st-restricts.1.1", "anySimpleType cannot be restricted by a schema");
            return None;
        }
        self.restricted(body, base)
    }

    /// A restriction of `base` by the facets inside `body`.
    pub(super) fn restricted(&mut self, body: Item<'d>, base: SimpleId) -> Option<SimpleType> {
        let inherited = self.draft.simple_types[base.index()].clone();
        let mut restricted = SimpleType { base, ..inherited };
        let facets: Vec<Item<'d>> = body.children().filter(|child| FacetKind::named(child.tag()).is_some()).collect();
        self.apply_facets(&facets, base, &mut restricted);
        Some(restricted)
    }

    fn simple_list(&mut self, body: Item<'d>) -> Option<SimpleType> {
        let item_type = self.held_simple_type(body, "itemType");
        let Some(item_type) = item_type else {
            if body.attribute("itemType").is_none() && body.child("simpleType").is_none() {
                self.fault(body, "src-simple-type.3", "a list needs an itemType or a simpleType inside");
            }
            return None;
        };
        if self.is_final(item_type, |blocked| blocked.list) {
            self.fault(body, "cos-st-restricts.2.3.1.1", "the item type forbids lists of it");
        }
        if self.has_list(item_type) {
            self.fault(body, "cos-list-of-atomic", "the items of a list cannot be lists themselves");
            return None;
        }
        Some(self.derived(Variety::List(item_type)))
    }

    fn simple_union(&mut self, body: Item<'d>) -> Option<SimpleType> {
        let mut members = Vec::new();
        for text in body.attribute("memberTypes").unwrap_or("").split_ascii_whitespace() {
            members.extend(self.resolve_simple(body, text));
        }
        let inline: Vec<Item<'d>> = body.children().filter(|child| child.tag() == "simpleType").collect();
        for member in inline {
            members.push(self.anonymous_simple_type(member));
        }
        let members = self.flattened(&members);
        if members.is_empty() {
            self.fault(body, "src-union-memberTypes-or-simpleTypes", "a union needs member types");
            return None;
        }
        if members.iter().any(|member| self.is_final(*member, |blocked| blocked.union)) {
            self.fault(body, "cos-st-restricts.3.3.1.1", "a member type forbids unions of it");
        }
        Some(self.derived(Variety::Union(members.into())))
    }

    /// The members of a union, those of unions among them in their place (section 3.14.2), each once. A union that has
    /// facets of its own stays one, or they would be lost.
    fn flattened(&self, members: &[SimpleId]) -> Vec<SimpleId> {
        let mut flat = Vec::new();
        let mut seen = HashSet::new();
        for member in members {
            let definition = &self.draft.simple_types[member.index()];
            let inner = match &definition.variety {
                Variety::Union(inner) if definition.facets.is_empty() && definition.checks.is_empty() => inner,
                _ => std::slice::from_ref(member),
            };
            flat.extend(inner.iter().copied().filter(|member| seen.insert(*member)));
        }
        flat
    }

    /// How much work judging a value of a type of this variety may be.
    fn effort(&self, variety: &Variety) -> Effort {
        let known = |simple: &SimpleId| self.efforts.get(simple).copied().unwrap_or_default();
        match variety {
            Variety::Any | Variety::Atomic(_) => Effort::default(),
            Variety::List(item) => known(item).around(),
            Variety::Union(members) => members.iter().map(known).fold(Effort::default(), Effort::and).around(),
        }
    }

    fn derived(&self, variety: Variety) -> SimpleType {
        let root = &self.draft.simple_types[ANY_SIMPLE_TYPE.index()];
        SimpleType {
            name: root.name,
            base: ANY_SIMPLE_TYPE,
            white_space: WhiteSpace::Collapse,
            white_space_fixed: true,
            trims: false,
            facets: Box::default(),
            checks: Box::default(),
            variety,
        }
    }

    pub(super) fn is_final(&self, simple: SimpleId, blocks: impl Fn(&Derivations) -> bool) -> bool {
        self.simple_final.get(&simple).is_some_and(blocks)
    }

    /// Whether a type is a list, or a union with a list among its members.
    fn has_list(&self, simple: SimpleId) -> bool {
        let mut waiting = vec![simple];
        while let Some(simple) = waiting.pop() {
            match &self.draft.simple_types[simple.index()].variety {
                Variety::List(_) => return true,
                Variety::Union(members) => waiting.extend(members),
                Variety::Any | Variety::Atomic(_) => {}
            }
        }
        false
    }

    /// The types as far as they are compiled.
    pub(super) fn simple_types(&self) -> SimpleTypes<'_> {
        SimpleTypes { types: &self.draft.simple_types }
    }

    /// Whether `simple` is `ancestor` or restricts it in any number of steps; every type comes from `anySimpleType`, and
    /// a member comes from its union.
    pub(super) fn simple_derives(&self, simple: SimpleId, ancestor: SimpleId) -> bool {
        let mut here = simple;
        loop {
            if here == ancestor {
                return true;
            }
            let base = self.draft.simple_types[here.index()].base;
            if base == here {
                break;
            }
            here = base;
        }
        match &self.draft.simple_types[ancestor.index()].variety {
            Variety::Union(members) => members.iter().any(|member| self.simple_derives(simple, *member)),
            _ => false,
        }
    }

    /// Whether values of the type are IDs.
    pub(super) fn is_id(&self, simple: SimpleId) -> bool {
        matches!(self.draft.simple_types[simple.index()].variety, Variety::Atomic(Lexical::Id))
    }
}

fn held_constraint(tag: &str) -> &'static str {
    match tag {
        "restriction" => "src-simple-type.2",
        "list" => "src-simple-type.3",
        "attribute" => "src-attribute.4",
        "element" => "src-element.3",
        _ => "src-simple-type",
    }
}

/// The simple type of declarations that name none.
pub(super) fn any_simple_type() -> SimpleId {
    built_in("anySimpleType").unwrap_or(ANY_SIMPLE_TYPE)
}
