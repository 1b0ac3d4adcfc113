//! Content models into tables: automata with their rows of steps. Rows that are the same are kept once, and those of long
//! sequences whose parts may be left out are bands: one row of which each state takes a stretch.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::compiler::Compiler;
use super::glushkov::{Counting, EDGES_MAX, Edge, Glushkov, Leaf, Stretch, TooLarge};
use super::tree::Item;
use crate::rules::Particle;
use crate::rules::draft::{
    Accept, Band, BandsId, ElementId, Guard, GuardId, ModelKind, NameId, NamespaceId, Run, State, StateId, Step,
    WildStep,
};

/// States and steps of all models of a set at most.
const STEPS_MAX: usize = 10_000_000;
/// Steps of a state, on average over a model, up to which each state has a row of its own.
const ROW_STEPS_MAX: usize = 64;

/// Rows, guards and names that models share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// By their hash.
    rows: HashMap<u64, Vec<Run>>,
    wild_rows: HashMap<u64, Vec<Run>>,
    guards: HashMap<Counting, GuardId>,
    /// Elements that may stand for each head.
    pub(super) substitutes: HashMap<ElementId, Vec<ElementId>>,
    /// The namespaces of those elements, each once.
    pub(super) namespaces_of_substitutes: HashMap<ElementId, Vec<NamespaceId>>,
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

/// Whether the steps from all states, each written out, are few.
fn is_narrow(model: &Glushkov) -> bool {
    let mut known = HashSet::new();
    let counted = !model.counters.is_empty();
    let positions = 0..model.leaves.len();
    let distinct = positions.filter(|position| counted || known.insert(model.stretches_from(*position)));
    distinct.map(|position| model.width(position)).sum::<usize>() <= ROW_STEPS_MAX * model.leaves.len()
}

/// A model's first state, from which those of its positions are counted.
#[derive(Debug, Clone, Copy)]
struct Start(StateId);

impl Start {
    /// The state of a position.
    fn target(self, position: usize) -> StateId {
        StateId::at(self.0.index() + 1 + position)
    }
}

impl<'d> Compiler<'d> {
    pub(super) fn automaton(&mut self, item: Option<Item<'d>>, particle: &Particle) -> ModelKind {
        let start = Start(StateId::at(self.draft.automata.states.len()));
        let built = if self.draft.automata.steps.len() > STEPS_MAX {
            Err(format!("the content models of the set have more than {STEPS_MAX} steps together"))
        } else {
            Glushkov::build(particle).map_err(|TooLarge| {
                format!("the content model has more than {EDGES_MAX} steps from one element to the next")
            })
        };
        let model = built.unwrap_or_else(|text| {
            if let Some(item) = item {
                self.fault(item, "schema-too-large", text);
            }
            Glushkov::default()
        });
        if let Some(item) = item {
            self.check_deterministic(item, &model);
        }
        let accept = if model.nullable { Accept::Yes } else { Accept::No };
        let (steps, wild_steps) = self.rows(&model, None, &model.first, start);
        self.draft.automata.states.push(State { steps, wild_steps, bands: BandsId::NONE, accept, repeats: false });
        if is_narrow(&model) {
            self.narrow_states(&model, start);
        } else {
            self.wide_states(&model, start);
        }
        ModelKind::Automaton { start: start.0, counters: model.counters.clone().into() }
    }

    /// A state with a row of its own for each position.
    fn narrow_states(&mut self, model: &Glushkov, start: Start) {
        let (accepts, repeated) = (self.accepts(model), self.repeated(model));
        let mut known: HashMap<&[Stretch], (Run, Run)> = HashMap::new();
        for (position, (accept, repeats)) in accepts.into_iter().zip(repeated).enumerate() {
            let stretches = model.stretches_from(position);
            let (steps, wild_steps) = match known.get(stretches).filter(|_| model.counters.is_empty()) {
                Some(rows) => *rows,
                None => self.rows(model, Some(position), &model.edges_from(position), start),
            };
            known.insert(stretches, (steps, wild_steps));
            self.draft.automata.states.push(State { steps, wild_steps, bands: BandsId::NONE, accept, repeats });
        }
    }

    /// A state with stretches of bands for each position.
    fn wide_states(&mut self, model: &Glushkov, start: Start) {
        let whole = |band: usize| {
            let to = u32::try_from(model.bands[band].to.len()).unwrap_or(u32::MAX);
            Stretch { band: u32::try_from(band).unwrap_or(u32::MAX), from: 0, to }
        };
        let mut rows = Vec::with_capacity(model.bands.len());
        for (band, edges) in model.bands.iter().enumerate() {
            let edges: Vec<Edge> = edges.edges(whole(band)).collect();
            rows.push(self.rows(model, None, &edges, start));
        }
        let (accepts, repeated) = (self.accepts(model), self.repeated(model));
        let mut known: HashMap<Vec<Band>, BandsId> = HashMap::new();
        for (position, (accept, repeats)) in accepts.into_iter().zip(repeated).enumerate() {
            let mut bands = Vec::new();
            for stretch in model.stretches_from(position) {
                let to = &model.bands[stretch.band as usize].to;
                let leave = Counting { leave: model.left_behind(position, *stretch), ..Counting::default() };
                let (steps, wild_steps) = rows[stretch.band as usize];
                bands.push(Band {
                    steps,
                    wild_steps,
                    from: start.target(to[stretch.from as usize]),
                    to: start.target(to[stretch.to as usize - 1]),
                    leave: self.guard(leave),
                });
            }
            let automata = &mut self.draft.automata;
            let id = *known.entry(bands).or_insert_with_key(|bands| automata.keep_bands(bands));
            let (steps, wild_steps) = (Run::default(), Run::default());
            self.draft.automata.states.push(State { steps, wild_steps, bands: id, accept, repeats });
        }
    }

    /// Whether the content may end behind each position.
    fn accepts(&mut self, model: &Glushkov) -> Vec<Accept> {
        let mut accepts = vec![Accept::No; model.leaves.len()];
        for position in &model.last {
            let leave = model.leaving(*position);
            accepts[*position] = match leave.is_empty() {
                true => Accept::Yes,
                false => Accept::When(self.guard(Counting { leave, ..Counting::default() })),
            };
        }
        accepts
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

    /// The rows of steps over elements and over wildcards that edges make. Without `from` they leave no counter behind.
    fn rows(&mut self, model: &Glushkov, from: Option<usize>, edges: &[Edge], start: Start) -> (Run, Run) {
        let mut steps: Vec<Step> = Vec::with_capacity(edges.len());
        let mut wild_steps: Vec<WildStep> = Vec::new();
        for edge in edges {
            let guard = self.guard(model.counting(from, *edge));
            let target = start.target(edge.to);
            match model.leaves[edge.to] {
                Leaf::Element(element) => {
                    let name = self.draft.elements[element.index()].name;
                    steps.push(Step { name, element, target, guard });
                }
                Leaf::Wildcard(wildcard) => wild_steps.push(WildStep { wildcard, target, guard }),
            }
        }
        steps.sort_by_key(|step| (step.name, step.target, step.guard));
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
}
