//! How many elements the least content of each type takes: tells a minimal document which branch to choose, and which
//! elements can never end.

use std::collections::HashMap;

use crate::rules::sealed::{Content, Derivations, ElementId, TypeId, WildcardId};
use crate::rules::{ElementView, Particle, Process, Rules, Term};

/// No finite document has it.
pub(super) const ENDLESS: u64 = u64::MAX;

/// What the least of everything costs.
#[derive(Debug)]
pub(super) struct Costs {
    types: Vec<u64>,
    groups: HashMap<ElementId, Vec<ElementId>>,
    /// Types that stand in for abstract ones.
    concrete: HashMap<(TypeId, bool, bool), Vec<TypeId>>,
    let_in: HashMap<WildcardId, Vec<ElementId>>,
}

impl Costs {
    pub(super) fn of(rules: &Rules) -> Self {
        let count = rules.complex_count();
        let (types, groups) = (vec![ENDLESS; count], rules.substitution_groups());
        let mut costs = Self { types, groups, concrete: HashMap::new(), let_in: HashMap::new() };
        // Costs only sink, each pass sees one level deeper, and no least document is deeper than there are types.
        let mut changed = true;
        while changed {
            changed = false;
            for index in 0..count {
                let content = rules.complex(crate::rules::sealed::ComplexId::at(index)).content;
                let cost = match content {
                    Content::Empty | Content::Simple(_) => 0,
                    Content::Elements(model) | Content::Mixed(model) => {
                        costs.particle(rules, &rules.model(model).particle)
                    }
                };
                if cost < costs.types[index] {
                    costs.types[index] = cost;
                    changed = true;
                }
            }
        }
        costs
    }

    /// The elements that may stand for a head, itself first, abstract ones left out.
    pub(super) fn standing_for(&self, rules: &Rules, head: ElementId) -> Vec<ElementId> {
        let members = self.groups.get(&head).map(Vec::as_slice).unwrap_or_default();
        let all = std::iter::once(head).chain(members.iter().copied());
        all.filter(|id| !rules.element_declaration(*id).is_abstract).collect()
    }

    /// The types that an element may have: its own, or those that stand in for an abstract one.
    pub(super) fn types_of(&mut self, rules: &Rules, element: ElementId) -> Vec<TypeId> {
        let declaration = rules.element_declaration(element);
        let own = declaration.type_id;
        if !rules.is_abstract(own) {
            return vec![own];
        }
        let type_block = match own {
            TypeId::Complex(id) => rules.complex(id).block,
            TypeId::Simple(_) => Derivations::default(),
        };
        let blocked = declaration.block.join(type_block);
        let key = (own, blocked.extension, blocked.restriction);
        self.concrete.entry(key).or_insert_with(|| rules.concrete_types(own, blocked)).clone()
    }

    /// The global elements that a wildcard lets in, abstract ones left out.
    pub(super) fn let_in(&mut self, rules: &Rules, id: WildcardId) -> Vec<ElementId> {
        let find = || {
            let allows = |element: &ElementView<'_>| {
                rules.wildcard(id).namespaces.allows(rules.namespace_id(element.namespace()))
            };
            let globals = rules.global_elements();
            globals.filter(|element| !element.is_abstract() && allows(element)).map(|element| element.id()).collect()
        };
        self.let_in.entry(id).or_insert_with(find).clone()
    }

    /// Elements that the least content of a type takes.
    pub(super) fn of_type(&self, id: TypeId) -> u64 {
        match id {
            TypeId::Simple(_) => 0,
            TypeId::Complex(id) => self.types[id.index()],
        }
    }

    /// Elements that the least of an element takes, itself included.
    pub(super) fn of_element(&mut self, rules: &Rules, element: ElementId) -> u64 {
        let types = self.types_of(rules, element);
        types.iter().map(|id| self.of_type(*id)).min().unwrap_or(ENDLESS).saturating_add(1)
    }

    /// Elements that the least of a particle takes.
    pub(super) fn particle(&mut self, rules: &Rules, particle: &Particle) -> u64 {
        if particle.min == 0 { 0 } else { self.term(rules, &particle.term).saturating_mul(particle.min.into()) }
    }

    /// Elements that one occurrence of a term takes at least.
    pub(super) fn term(&mut self, rules: &Rules, term: &Term) -> u64 {
        match term {
            Term::Element(head) => {
                let standing = self.standing_for(rules, *head);
                standing.iter().map(|id| self.of_element(rules, *id)).min().unwrap_or(ENDLESS)
            }
            Term::Wildcard(id) => match rules.wildcard(*id).process {
                Process::Skip | Process::Lax => 1,
                Process::Strict => {
                    // Where nothing is declared, an element can still name a built-in type.
                    let declared = self.let_in(rules, *id);
                    declared.iter().map(|id| self.of_element(rules, *id)).min().unwrap_or(1)
                }
            },
            Term::Sequence(parts) | Term::All(parts) => {
                parts.iter().fold(0, |sum: u64, part| sum.saturating_add(self.particle(rules, part)))
            }
            Term::Choice(parts) => parts.iter().map(|part| self.particle(rules, part)).min().unwrap_or(ENDLESS),
        }
    }
}
