//! Content models: what kind each is, and the checks that they are deterministic (`cos-nonambig`) and consistent
//! (`cos-element-consistent`).

use std::collections::{BTreeSet, HashMap, HashSet};

use super::annotation::collect_elements;
use super::attribute;
use super::compiler::Compiler;
use super::glushkov::{Counting, Edge, Glushkov, Leaf};
use super::tree::Item;
use crate::rules::draft::{
    Counter, Element, ElementId, Member, Model, ModelId, ModelKind, NameId, NamespaceId, Namespaces, WildcardId,
};
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
        for (head, members) in &self.shared.substitutes {
            let namespace = |id: &ElementId| self.draft.names.namespace_of(self.draft.elements[id.index()].name);
            let namespaces: BTreeSet<NamespaceId> = members.iter().map(namespace).collect();
            self.shared.namespaces_of_substitutes.insert(*head, namespaces.into_iter().collect());
        }
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
        let mut takers = Takers::default();
        for (index, part) in parts.iter().enumerate() {
            let Term::Element(element) = part.term else { continue };
            let taker = self.taker(element);
            if let (Some(_), Some(item)) = (takers.rival(taker, index, |()| true), item) {
                let name = self.draft.names.local(self.draft.elements[element.index()].name);
                let text = format!("two members of the all group match the same element, {name} one of them");
                return self.fault(item, "cos-nonambig", text);
            }
            takers.add(taker, index, ());
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
        let contested = self.contested(model);
        if !contested.contains(&true) {
            return;
        }
        let contested_among = |mut edges: Vec<Edge>| {
            edges.retain(|edge| contested[edge.to]);
            edges
        };
        let mut looked_at = model.first.len();
        let uncertain = model.uncertain_rounds();
        let mut conflict = self.conflict(model, &uncertain, None, &contested_among(model.first.clone()));
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
                conflict =
                    self.conflict(model, &uncertain, Some(position), &contested_among(model.edges_from(position)));
            }
        }
        if let Some((one, other)) = conflict {
            let text = format!("{} and {} may match the same element here", self.words(one), self.words(other));
            self.fault(item, "cos-nonambig", text);
        }
    }

    /// Which positions take an element that another takes too; all of them where there are wildcards.
    fn contested(&self, model: &Glushkov) -> Vec<bool> {
        let mut takers = Takers::default();
        for (position, leaf) in model.leaves.iter().enumerate() {
            let Leaf::Element(element) = leaf else { return vec![true; model.leaves.len()] };
            takers.add(self.taker(*element), position, ());
        }
        let contested = |(position, leaf): (usize, &Leaf)| match leaf {
            Leaf::Element(element) => takers.rival(self.taker(*element), position, |()| true).is_some(),
            Leaf::Wildcard(_) => true,
        };
        model.leaves.iter().enumerate().map(contested).collect()
    }

    /// Two different positions that one element could lead to.
    fn conflict(
        &self,
        model: &Glushkov,
        uncertain: &HashSet<u32>,
        from: Option<usize>,
        edges: &[Edge],
    ) -> Option<(Leaf, Leaf)> {
        let together = |one: Edge, other: Edge| {
            !exclusive(model, uncertain, &model.counting(from, one), &model.counting(from, other))
        };
        let mut takers = Takers::default();
        let mut wild: Vec<(Edge, WildcardId)> = Vec::new();
        for edge in edges.iter().copied() {
            match model.leaves[edge.to] {
                Leaf::Wildcard(wildcard) => wild.push((edge, wildcard)),
                Leaf::Element(element) => {
                    let taker = self.taker(element);
                    let rival = takers.rival(taker, edge.to, |other| together(edge, other));
                    if let Some(rival) = rival {
                        return Some((model.leaves[rival], model.leaves[edge.to]));
                    }
                    takers.add(taker, edge.to, edge);
                }
            }
        }
        for (index, (edge, wildcard)) in wild.iter().enumerate() {
            let namespaces = &self.draft.wildcards[wildcard.index()].namespaces;
            for (element, bucket) in &takers.by_element {
                if self.takes_of(*element, namespaces)
                    && let Some(rival) = bucket.rival(edge.to, |other| together(*edge, other))
                {
                    return Some((model.leaves[rival], model.leaves[edge.to]));
                }
            }
            for (other, wildcard) in &wild[..index] {
                let overlap = attribute::overlap(namespaces, &self.draft.wildcards[wildcard.index()].namespaces);
                if other.to != edge.to && overlap && together(*edge, *other) {
                    return Some((model.leaves[other.to], model.leaves[edge.to]));
                }
            }
        }
        None
    }

    /// What an element particle takes: its own name, and those of its substitutes, which know it as a head.
    fn taker(&self, element: ElementId) -> Taker<'_> {
        let name = self.draft.elements[element.index()].name;
        let global = self.draft.global_elements.get(&name);
        Taker { element, name, heads: global.map_or(&[], |global| &self.draft.elements[global.index()].heads) }
    }

    /// Whether an element particle takes an element of one of some namespaces.
    fn takes_of(&self, element: ElementId, namespaces: &Namespaces) -> bool {
        let own = self.draft.names.namespace_of(self.draft.elements[element.index()].name);
        let others = self.shared.namespaces_of_substitutes.get(&element).into_iter().flatten();
        std::iter::once(own).chain(others.copied()).any(|namespace| namespaces.allows(namespace))
    }

    fn words(&self, leaf: Leaf) -> String {
        match leaf {
            Leaf::Element(id) => format!("element {}", self.draft.names.local(self.draft.elements[id.index()].name)),
            Leaf::Wildcard(_) => "a wildcard".to_owned(),
        }
    }

    /// `cos-element-consistent`: elements of one name in one content model have one type. Global ones have names of their
    /// own, so that only local ones can differ, from each other or from one that may stand for an element of the model.
    pub(super) fn check_consistent(&mut self, item: Item<'d>, particle: &Particle) {
        let mut elements = Vec::new();
        collect_elements(particle, &mut elements);
        let (global, local): (HashSet<ElementId>, Vec<ElementId>) = {
            let (global, local): (Vec<_>, Vec<_>) =
                elements.into_iter().partition(|id| self.draft.elements[id.index()].global);
            (global.into_iter().collect(), local)
        };
        let mut types = HashMap::new();
        for id in local {
            let Element { name, type_id, .. } = self.draft.elements[id.index()];
            let known = *types.entry(name).or_insert_with(|| {
                let named = self.draft.global_elements.get(&name).map(|id| (id, &self.draft.elements[id.index()]));
                let named = named
                    .filter(|(id, named)| global.contains(id) || named.heads.iter().any(|head| global.contains(head)));
                named.map_or(type_id, |(_, named)| named.type_id)
            });
            if known != type_id {
                let local = self.draft.names.local(name);
                let text = format!("the elements {local} of one content model have different types");
                return self.fault(item, "cos-element-consistent", text);
            }
        }
    }
}

/// An element particle and the names that it takes.
#[derive(Debug, Clone, Copy)]
struct Taker<'h> {
    element: ElementId,
    name: NameId,
    /// The heads that the global element of that name may stand for.
    heads: &'h [ElementId],
}

/// Element particles with something noted of each, so that those which take the same element are found without walking
/// the members of substitution groups. Heads of one member are heads of each other, so that of two that take the same
/// element one takes the name of the other.
#[derive(Debug)]
struct Takers<T> {
    by_name: HashMap<NameId, Bucket<T>>,
    by_element: HashMap<ElementId, Bucket<T>>,
    /// By the heads that it may stand for.
    by_head: HashMap<ElementId, Bucket<T>>,
}

impl<T> Default for Takers<T> {
    fn default() -> Self {
        Self { by_name: HashMap::new(), by_element: HashMap::new(), by_head: HashMap::new() }
    }
}

impl<T: Copy> Takers<T> {
    /// Adds a particle at a position.
    fn add(&mut self, taker: Taker<'_>, position: usize, noted: T) {
        let Taker { element, name, heads } = taker;
        self.by_name.entry(name).or_default().add(position, noted);
        self.by_element.entry(element).or_default().add(position, noted);
        heads.iter().for_each(|head| self.by_head.entry(*head).or_default().add(position, noted));
    }

    /// Another position than `position` with a particle that takes the same element and goes `together` with it.
    fn rival(&self, taker: Taker<'_>, position: usize, together: impl Fn(T) -> bool) -> Option<usize> {
        let Taker { element, name, heads } = taker;
        let rival = |bucket: Option<&Bucket<T>>| bucket.and_then(|bucket| bucket.rival(position, &together));
        rival(self.by_name.get(&name))
            .or_else(|| rival(self.by_head.get(&element)))
            .or_else(|| heads.iter().find_map(|head| rival(self.by_element.get(head))))
    }
}

/// Positions that one name leads to.
#[derive(Debug)]
struct Bucket<T> {
    entries: Vec<(usize, T)>,
    /// Whether there is more than one position among them.
    several: bool,
}

impl<T> Default for Bucket<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), several: false }
    }
}

impl<T: Copy> Bucket<T> {
    fn add(&mut self, position: usize, noted: T) {
        self.several |= self.entries.first().is_some_and(|(first, _)| *first != position);
        self.entries.push((position, noted));
    }

    /// Another position than `position` that goes `together` with it.
    fn rival(&self, position: usize, together: impl Fn(T) -> bool) -> Option<usize> {
        if !self.several && self.entries.first().is_some_and(|(only, _)| *only == position) {
            return None;
        }
        let found = self.entries.iter().find(|(other, noted)| *other != position && together(*noted));
        found.map(|(other, _)| *other)
    }
}

/// Whether two ways from one position can never both be open: one leaves a loop that must be repeated exactly so many
/// times, the other repeats it, and how many rounds there have been is certain.
fn exclusive(model: &Glushkov, uncertain: &HashSet<u32>, one: &Counting, other: &Counting) -> bool {
    let exact = |counter: &u32| {
        let Counter { least, most } = model.counters[*counter as usize];
        least == most && !uncertain.contains(counter)
    };
    let against = |left: &Counting, right: &Counting| {
        left.again.is_some_and(|counter| exact(&counter) && right.leave.contains(&counter))
    };
    against(one, other) || against(other, one)
}
