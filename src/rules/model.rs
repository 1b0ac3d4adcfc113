//! Content models: deterministic automata whose transitions may count, so that no occurrence bound is unrolled.
//!
//! A state stands for the particle matched last (state 0 of a model: for none). Its steps lead to the particles that may
//! follow; where leaving or repeating a counted group is involved, a step has a guard on the counters of the model.

use std::collections::{HashSet, VecDeque};

use super::ids::{BandsId, ElementId, GuardId, ModelId, NameId, StateId, WildcardId};
use super::tables::Rules;

/// A range of entries in a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    pub(crate) start: u32,
    pub(crate) length: u32,
}

impl Run {
    /// The entries themselves.
    #[inline]
    pub(crate) fn of<T>(self, table: &[T]) -> &[T] {
        let start = self.start as usize;
        &table[start..start + self.length as usize]
    }
}

/// A content model.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) kind: ModelKind,
    /// The model as the schema writes it, for people and bindings.
    pub(crate) particle: Particle,
}

/// How a model is run.
#[derive(Debug, Clone)]
pub(crate) enum ModelKind {
    Automaton {
        start: StateId,
        counters: Box<[Counter]>,
    },
    /// An `all` group: each member at most once, in any order.
    All {
        /// Sorted by name.
        members: Box<[Member]>,
        /// The whole group may be left out.
        optional: bool,
    },
}

/// The bounds of a counted particle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counter {
    pub(crate) least: u32,
    /// `u32::MAX`: any number.
    pub(crate) most: u32,
}

/// A member of an `all` group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) name: NameId,
    pub(crate) element: ElementId,
    pub(crate) required: bool,
}

/// A state of an automaton.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    pub(crate) steps: Run,
    pub(crate) wild_steps: Run,
    /// Steps that it shares with other states of a long model.
    pub(crate) bands: BandsId,
    pub(crate) accept: Accept,
    /// The particle that leads here can be matched more than once.
    pub(crate) repeats: bool,
}

/// A stretch of a row of steps: those that lead to states from the one to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Band {
    /// Sorted by name, then by target.
    pub(crate) steps: Run,
    pub(crate) wild_steps: Run,
    pub(crate) from: StateId,
    pub(crate) to: StateId,
    /// What leaving the state asks, beside the guard of the step.
    pub(crate) leave: GuardId,
}

impl Band {
    fn holds(&self, target: StateId) -> bool {
        self.from <= target && target <= self.to
    }
}

/// Whether the content may end in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accept {
    No,
    Yes,
    When(GuardId),
}

/// A transition over an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    pub(crate) name: NameId,
    pub(crate) element: ElementId,
    pub(crate) target: StateId,
    pub(crate) guard: GuardId,
}

/// A transition over a wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct WildStep {
    pub(crate) wildcard: WildcardId,
    pub(crate) target: StateId,
    pub(crate) guard: GuardId,
}

/// What a counted transition asks and does. Runs go into the table of counter numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guard {
    /// Counters that must have reached their least number.
    pub(crate) leave: Run,
    /// A counter that must be below its greatest number, and grows by one.
    pub(crate) again: Option<u32>,
    /// Counters that are set to one.
    pub(crate) enter: Run,
}

/// A part of a content model as the schema writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Particle {
    /// Fewest occurrences.
    pub min: u32,
    /// Most occurrences; `None` for unbounded.
    pub max: Option<u32>,
    /// What occurs.
    pub term: Term,
}

/// What a particle consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// An element.
    Element(ElementId),
    /// Any element that a wildcard lets in.
    Wildcard(WildcardId),
    /// All parts, in this order.
    Sequence(Vec<Particle>),
    /// One of the parts.
    Choice(Vec<Particle>),
    /// All parts, in any order.
    All(Vec<Particle>),
}

/// The automaton's tables, shared by all models of a rule set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Automata {
    pub(crate) states: Vec<State>,
    pub(crate) steps: Vec<Step>,
    pub(crate) wild_steps: Vec<WildStep>,
    pub(crate) guards: Vec<Guard>,
    pub(crate) counter_numbers: Vec<u32>,
    pub(crate) bands: Vec<Band>,
    /// The bands of each state that has some.
    pub(crate) band_runs: Vec<Run>,
}

impl Automata {
    /// Keeps the bands of a state.
    pub(crate) fn keep_bands(&mut self, bands: &[Band]) -> BandsId {
        let at = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        self.band_runs.push(Run { start: at(self.bands.len()), length: at(bands.len()) });
        self.bands.extend_from_slice(bands);
        BandsId::at(self.band_runs.len() - 1)
    }
}

/// How large the content models of a rule set are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelSizes {
    /// Content models, one for each type with elements.
    pub models: usize,
    /// States of their automata.
    pub states: usize,
    /// Steps between states; rows of steps that are the same are kept once.
    pub steps: usize,
}

impl Rules {
    /// How large the content models are together.
    #[must_use]
    pub fn model_sizes(&self) -> ModelSizes {
        let Automata { states, steps, wild_steps, .. } = &self.automata;
        ModelSizes { models: self.models.len(), states: states.len(), steps: steps.len() + wild_steps.len() }
    }

    /// A content model.
    #[inline]
    pub(crate) fn model(&self, id: ModelId) -> &Model {
        &self.models[id.index()]
    }

    /// A state of an automaton.
    #[inline]
    pub(crate) fn state(&self, id: StateId) -> &State {
        &self.automata.states[id.index()]
    }

    /// The steps over elements that a state has to itself, sorted by name.
    #[inline]
    pub(crate) fn steps(&self, state: StateId) -> &[Step] {
        self.state(state).steps.of(&self.automata.steps)
    }

    /// The steps over wildcards that a state has to itself.
    #[inline]
    pub(crate) fn wild_steps(&self, state: StateId) -> &[WildStep] {
        self.state(state).wild_steps.of(&self.automata.wild_steps)
    }

    /// The bands of a state.
    pub(crate) fn bands(&self, state: StateId) -> &[Band] {
        let run = self.automata.band_runs.get(self.state(state).bands.index());
        run.map_or(&[], |run| run.of(&self.automata.bands))
    }

    /// The steps over `name` in the bands of a state, each with what leaving the state asks.
    pub(crate) fn banded_steps(&self, state: StateId, name: NameId) -> impl Iterator<Item = (GuardId, &Step)> + Clone {
        self.bands(state).iter().flat_map(move |band| {
            let row = band.steps.of(&self.automata.steps);
            let at = row.partition_point(|step| (step.name, step.target) < (name, band.from));
            let found = row[at..].iter().take_while(move |step| step.name == name && step.target <= band.to);
            found.map(|step| (band.leave, step))
        })
    }

    /// All steps over elements from a state, each with what leaving the state asks.
    pub(crate) fn all_steps(&self, state: StateId) -> impl Iterator<Item = (GuardId, &Step)> + Clone {
        let banded = self.bands(state).iter().flat_map(|band| {
            let row = band.steps.of(&self.automata.steps).iter();
            row.filter(|step| band.holds(step.target)).map(|step| (band.leave, step))
        });
        self.steps(state).iter().map(|step| (GuardId::NONE, step)).chain(banded)
    }

    /// All steps over wildcards from a state, each with what leaving the state asks.
    pub(crate) fn all_wild_steps(&self, state: StateId) -> impl Iterator<Item = (GuardId, &WildStep)> + Clone {
        let banded = self.bands(state).iter().flat_map(|band| {
            let row = band.wild_steps.of(&self.automata.wild_steps).iter();
            row.filter(|step| band.holds(step.target)).map(|step| (band.leave, step))
        });
        self.wild_steps(state).iter().map(|step| (GuardId::NONE, step)).chain(banded)
    }

    /// The steps of an automaton that lead to each of its states over an element, those nearest to its start first.
    pub(crate) fn steps_onwards(&self, start: StateId) -> Vec<&Step> {
        let mut found = Vec::new();
        let mut reached = HashSet::from([start]);
        let (mut walked, mut wildly_walked) = (HashSet::new(), HashSet::new());
        let mut waiting = VecDeque::from([start]);
        while let Some(from) = waiting.pop_front() {
            let state = self.state(from);
            // States share rows; each is walked once, a band as a whole.
            let bands = self.bands(from);
            let rows = std::iter::once(state.steps).chain(bands.iter().map(|band| band.steps));
            let wild_rows = std::iter::once(state.wild_steps).chain(bands.iter().map(|band| band.wild_steps));
            for step in rows.filter(|row| walked.insert(*row)).flat_map(|row| row.of(&self.automata.steps)) {
                if reached.insert(step.target) {
                    waiting.push_back(step.target);
                    found.push(step);
                }
            }
            let wild_rows = wild_rows.into_iter().filter(|row| wildly_walked.insert(*row));
            for step in wild_rows.flat_map(|row| row.of(&self.automata.wild_steps)) {
                if reached.insert(step.target) {
                    waiting.push_back(step.target);
                }
            }
        }
        found
    }

    /// Whether counters let a guarded transition be taken.
    pub(crate) fn guard_holds(&self, guard: GuardId, bounds: &[Counter], counts: &[u32]) -> bool {
        let Some(guard) = self.automata.guards.get(guard.index()) else { return true };
        let reached = |number: &u32| counts[*number as usize] >= bounds[*number as usize].least;
        let leave = guard.leave.of(&self.automata.counter_numbers);
        leave.iter().all(reached)
            && guard.again.is_none_or(|number| {
                let most = bounds[number as usize].most;
                most == u32::MAX || counts[number as usize] < most
            })
    }

    /// Counts what taking a guarded transition counts.
    pub(crate) fn guard_counts(&self, guard: GuardId, bounds: &[Counter], counts: &mut [u32]) {
        let Some(guard) = self.automata.guards.get(guard.index()) else { return };
        if let Some(number) = guard.again {
            let count = &mut counts[number as usize];
            // Beyond the least number an unbounded counter need not grow, which keeps configurations few.
            let bound = bounds[number as usize];
            if bound.most != u32::MAX || *count < bound.least {
                *count += 1;
            }
        }
        for number in guard.enter.of(&self.automata.counter_numbers) {
            counts[*number as usize] = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cut_tables() {
        let run = Run { start: 1, length: 2 };
        assert_eq!(run.of(&[1, 2, 3, 4]), [2, 3]);
        assert!(Run::default().of::<u8>(&[]).is_empty());
    }
}
