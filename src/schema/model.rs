//! Content models: what kind each is, and the checks that they are deterministic (`cos-nonambig`) and consistent
//! (`cos-element-consistent`).

use std::collections::{HashMap, HashSet};

use super::annotation::collect_elements;
use super::attribute;
use super::compiler::Compiler;
use super::glushkov::{Counting, Edge, Glushkov, Leaf};
use super::tree::Item;
use crate::rules::draft::{Counter, ElementId, Member, Model, ModelId, ModelKind, NameId};
use crate::rules::{Particle, Term};

/// Edges of one content model that are looked at for conflicts at most.
const CHECKED_MAX: usize = 20_000_000;

impl<'d> Compiler<'d> {
    /// Notes which elements may stand for which, for the checks of all models.
    pub(super) fn share_substitutes(&mut self) {
        for (index, element) in self.draft.elements.iter().enumerate() {
            for head in &element.heads {
                self.shared.substitutes.entry(*head).or_default().push(ElementId::at(index));
            }
        }
        // The compiler meets heads in no fixed order; members are kept in that of the schema.
        self.shared.substitutes.values_mut().for_each(|members| members.sort_unstable());
    }

    /// Compiles a content model.
    pub(super) fn compile_model(&mut self, item: Option<Item<'d>>, particle: &Particle) -> ModelId {
        if let Some(item) = item {
            self.check_consistent(item, particle);
        }
        let kind = match &particle.term {
            Term::All(parts) => {
                self.check_all_deterministic(item, parts);
                self.all_model(parts, particle.min == 0)
            }
            _ => self.automaton(item, particle),
        };
        let id = ModelId::at(self.draft.models.len());
        self.draft.models.push(Model { kind, particle: particle.clone() });
        id
    }

    /// `cos-nonambig` for an `all` group: no two members take the same name.
    fn check_all_deterministic(&mut self, item: Option<Item<'d>>, parts: &[Particle]) {
        let mut seen = HashSet::new();
        for part in parts {
            let Term::Element(element) = part.term else { continue };
            let names: Vec<NameId> = self.names_of(element).collect();
            if let (Some(name), Some(item)) = (names.into_iter().find(|name| !seen.insert(*name)), item) {
                let text = format!("two members of the all group match the element {}", self.draft.names.local(name));
                return self.fault(item, "cos-nonambig", text);
            }
        }
    }

    fn all_model(&self, parts: &[Particle], optional: bool) -> ModelKind {
        let mut members: Vec<Member> = parts
            .iter()
            .filter_map(|part| match part.term {
                Term::Element(element) => {
                    let name = self.draft.elements[element.index()].name;
                    Some(Member { name, element, required: part.min > 0 })
                }
                _ => None,
            })
            .collect();
        members.sort_by_key(|member| member.name);
        ModelKind::All { members: members.into(), optional }
    }

    /// `cos-nonambig`: from every state, a name leads to one particle.
    pub(super) fn check_deterministic(&mut self, item: Item<'d>, model: &Glushkov) {
        // Of the stretches of one band with one end, that of the earliest position holds those of all others.
        let mut checked: HashSet<Vec<(u32, u32, Vec<u32>)>> = HashSet::new();
        let mut looked_at = model.first.len();
        let mut conflict = self.conflict(model, None, &model.first);
        for position in 0..model.leaves.len() {
            if conflict.is_some() {
                break;
            }
            let stretches = model.stretches_from(position).iter();
            let ends = stretches.map(|stretch| (stretch.band, stretch.to, model.left_behind(position, *stretch)));
            if checked.insert(ends.collect()) {
                looked_at += model.width(position);
                if looked_at > CHECKED_MAX {
                    let text = format!(
                        "to tell that the content model is deterministic, more than {CHECKED_MAX} ways from one element \
                         to the next would have to be compared"
                    );
                    return self.fault(item, "schema-too-large", text);
                }
                conflict = self.conflict(model, Some(position), &model.edges_from(position));
            }
        }
        if let Some((one, other)) = conflict {
            let text = format!("{} and {} may match the same element here", self.words(one), self.words(other));
            self.fault(item, "cos-nonambig", text);
        }
    }

    /// Two different positions that one element could lead to.
    fn conflict(&self, model: &Glushkov, from: Option<usize>, edges: &[Edge]) -> Option<(Leaf, Leaf)> {
        let mut by_name: HashMap<NameId, Vec<&Edge>> = HashMap::new();
        let mut wild: Vec<&Edge> = Vec::new();
        let together = |one: &Edge, other: &Edge| {
            one.to != other.to && !exclusive(model, &model.counting(from, *one), &model.counting(from, *other))
        };
        for edge in edges {
            let Leaf::Element(element) = model.leaves[edge.to] else {
                wild.push(edge);
                continue;
            };
            for name in self.names_of(element) {
                let known = by_name.entry(name).or_default();
                if let Some(other) = known.iter().find(|other| together(edge, other)) {
                    return Some((model.leaves[other.to], model.leaves[edge.to]));
                }
                known.push(edge);
            }
        }
        for (index, edge) in wild.iter().enumerate() {
            let Leaf::Wildcard(wildcard) = model.leaves[edge.to] else { continue };
            let namespaces = &self.draft.wildcards[wildcard.index()].namespaces;
            for (name, others) in &by_name {
                if namespaces.allows(self.draft.names.namespace_of(*name))
                    && let Some(other) = others.iter().find(|other| together(edge, other))
                {
                    return Some((model.leaves[other.to], model.leaves[edge.to]));
                }
            }
            for other in &wild[..index] {
                let Leaf::Wildcard(wildcard) = model.leaves[other.to] else { continue };
                let overlap = attribute::overlap(namespaces, &self.draft.wildcards[wildcard.index()].namespaces);
                if overlap && together(edge, other) {
                    return Some((model.leaves[other.to], model.leaves[edge.to]));
                }
            }
        }
        None
    }

    /// The names that an element particle takes: its own and those of its substitutes.
    fn names_of(&self, element: ElementId) -> impl Iterator<Item = NameId> + '_ {
        let substitutes = self.shared.substitutes.get(&element).map_or(&[][..], Vec::as_slice);
        std::iter::once(element).chain(substitutes.iter().copied()).map(|id| self.draft.elements[id.index()].name)
    }

    fn words(&self, leaf: Leaf) -> String {
        match leaf {
            Leaf::Element(id) => format!("element {}", self.draft.names.local(self.draft.elements[id.index()].name)),
            Leaf::Wildcard(_) => "a wildcard".to_owned(),
        }
    }

    /// `cos-element-consistent`: elements of one name in one content model have one type.
    fn check_consistent(&mut self, item: Item<'d>, particle: &Particle) {
        let mut elements = Vec::new();
        collect_elements(particle, &mut elements);
        let mut types = HashMap::new();
        for element in elements {
            let substitutes = self.shared.substitutes.get(&element).map_or(&[][..], Vec::as_slice);
            for id in std::iter::once(element).chain(substitutes.iter().copied()) {
                let declaration = &self.draft.elements[id.index()];
                let known = *types.entry(declaration.name).or_insert(declaration.type_id);
                if known != declaration.type_id {
                    let local = self.draft.names.local(declaration.name);
                    let text = format!("the elements {local} of one content model have different types");
                    return self.fault(item, "cos-element-consistent", text);
                }
            }
        }
    }
}

/// Whether two ways from one position can never both be open: one leaves a loop that must be repeated exactly so many
/// times, the other repeats it.
fn exclusive(model: &Glushkov, one: &Counting, other: &Counting) -> bool {
    let exact = |counter: &u32| {
        let Counter { least, most } = model.counters[*counter as usize];
        least == most
    };
    let against = |left: &Counting, right: &Counting| {
        left.again.is_some_and(|counter| exact(&counter) && right.leave.contains(&counter))
    };
    against(one, other) || against(other, one)
}
