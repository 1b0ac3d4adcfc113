//! Content models into tables: automata with their rows of steps, and the checks that they are deterministic
//! (`cos-nonambig`) and consistent (`cos-element-consistent`).

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::annotation::collect_elements;
use super::attribute;
use super::compiler::Compiler;
use super::glushkov::{Counting, Edge, Glushkov, Leaf};
use super::tree::Item;
use crate::rules::draft::{
    Accept, Counter, ElementId, Guard, GuardId, Member, Model, ModelId, ModelKind, NameId, Run, State, StateId, Step,
    WildStep,
};
use crate::rules::{Particle, Term};

/// States and steps of all models of a set at most.
const STEPS_MAX: usize = 10_000_000;

/// Rows, guards and names that models share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// By their hash.
    rows: HashMap<u64, Vec<Run>>,
    wild_rows: HashMap<u64, Vec<Run>>,
    guards: HashMap<Counting, GuardId>,
    /// Elements that may stand for each head.
    pub(super) substitutes: HashMap<ElementId, Vec<ElementId>>,
}

/// The run of a table that holds `row`, put there if none does.
fn share<T: Copy + Eq + Hash>(known: &mut HashMap<u64, Vec<Run>>, table: &mut Vec<T>, row: &[T]) -> Run {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    let alike = known.entry(hasher.finish()).or_default();
    if let Some(found) = alike.iter().find(|run| run.of(table) == row) {
        return *found;
    }
    let fresh = run(table.len(), row.len());
    table.extend_from_slice(row);
    alike.push(fresh);
    fresh
}

fn run(start: usize, length: usize) -> Run {
    Run { start: u32::try_from(start).unwrap_or(u32::MAX), length: u32::try_from(length).unwrap_or(u32::MAX) }
}

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

    fn automaton(&mut self, item: Option<Item<'d>>, particle: &Particle) -> ModelKind {
        let start = StateId::at(self.draft.automata.states.len());
        let too_large = self.draft.automata.steps.len() > STEPS_MAX;
        let built = if too_large { None } else { Glushkov::build(particle).ok() };
        let model = match built {
            Some(model) => model,
            None => {
                if let Some(item) = item {
                    self.fault(item, "schema-too-large", "the content model is too large");
                }
                Glushkov::default()
            }
        };
        let target = |position: usize| StateId::at(start.index() + 1 + position);
        if let Some(item) = item {
            self.check_deterministic(item, &model);
        }
        let accept = if model.nullable { Accept::Yes } else { Accept::No };
        let (steps, wild_steps) = self.rows(&model, None, &model.first, target);
        self.draft.automata.states.push(State { steps, wild_steps, accept, repeats: false });
        let mut last = vec![false; model.leaves.len()];
        model.last.iter().for_each(|position| last[*position] = true);
        let repeated = self.repeated(&model);
        let mut known: HashMap<&[u32], (Run, Run)> = HashMap::new();
        for position in 0..model.leaves.len() {
            let accept = match (last[position], model.leaving(position)) {
                (false, _) => Accept::No,
                (true, leave) if leave.is_empty() => Accept::Yes,
                (true, leave) => Accept::When(self.guard(Counting { leave, again: None, enter: Vec::new() })),
            };
            let blocks = model.blocks_from(position);
            let (steps, wild_steps) = match known.get(blocks).filter(|_| model.counters.is_empty()) {
                Some(rows) => *rows,
                None => self.rows(&model, Some(position), &model.edges_from(position), target),
            };
            known.insert(blocks, (steps, wild_steps));
            self.draft.automata.states.push(State { steps, wild_steps, accept, repeats: repeated[position] });
        }
        ModelKind::Automaton { start, counters: model.counters.clone().into() }
    }

    /// Positions whose element can occur more than once in the content.
    fn repeated(&self, model: &Glushkov) -> Vec<bool> {
        let name = |leaf: &Leaf| match leaf {
            Leaf::Element(id) => Some(self.draft.elements[id.index()].name),
            Leaf::Wildcard(_) => None,
        };
        let mut counts: HashMap<NameId, usize> = HashMap::new();
        model.leaves.iter().filter_map(name).for_each(|name| *counts.entry(name).or_default() += 1);
        let twice = |leaf: &Leaf| name(leaf).is_some_and(|name| counts.get(&name).is_some_and(|count| *count > 1));
        model.leaves.iter().enumerate().map(|(position, leaf)| twice(leaf) || model.repeats(position)).collect()
    }

    /// The rows of steps over elements and over wildcards that edges make.
    fn rows(
        &mut self,
        model: &Glushkov,
        from: Option<usize>,
        edges: &[Edge],
        target: impl Fn(usize) -> StateId,
    ) -> (Run, Run) {
        let mut steps: Vec<Step> = Vec::with_capacity(edges.len());
        let mut wild_steps: Vec<WildStep> = Vec::new();
        for edge in edges {
            let guard = self.guard(model.counting(from, *edge));
            let target = target(edge.to);
            match model.leaves[edge.to] {
                Leaf::Element(element) => {
                    let name = self.draft.elements[element.index()].name;
                    steps.push(Step { name, element, target, guard });
                }
                Leaf::Wildcard(wildcard) => wild_steps.push(WildStep { wildcard, target, guard }),
            }
        }
        steps.sort_by_key(|step| (step.name, step.element, step.target, step.guard));
        steps.dedup();
        wild_steps.sort_by_key(|step| (step.wildcard, step.target, step.guard));
        wild_steps.dedup();
        let automata = &mut self.draft.automata;
        let row = share(&mut self.shared.rows, &mut automata.steps, &steps);
        let wild_row = share(&mut self.shared.wild_rows, &mut automata.wild_steps, &wild_steps);
        (row, wild_row)
    }

    fn guard(&mut self, counting: Counting) -> GuardId {
        if counting == Counting::default() {
            return GuardId::NONE;
        }
        let automata = &mut self.draft.automata;
        let guard = self.shared.guards.entry(counting).or_insert_with_key(|counting| {
            let mut numbers = |list: &[u32]| {
                let start = automata.counter_numbers.len();
                automata.counter_numbers.extend(list);
                run(start, list.len())
            };
            let guard =
                Guard { leave: numbers(&counting.leave), again: counting.again, enter: numbers(&counting.enter) };
            automata.guards.push(guard);
            GuardId::at(automata.guards.len() - 1)
        });
        *guard
    }

    /// `cos-nonambig`: from every state, a name leads to one particle.
    fn check_deterministic(&mut self, item: Item<'d>, model: &Glushkov) {
        let counted = !model.counters.is_empty();
        let mut checked: HashSet<&[u32]> = HashSet::new();
        let mut conflict = self.conflict(model, None, &model.first);
        for position in 0..model.leaves.len() {
            if conflict.is_some() {
                break;
            }
            if checked.insert(model.blocks_from(position)) || counted {
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
