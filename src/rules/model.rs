//! Content models: deterministic automata whose transitions may count, so that no occurrence bound is unrolled.
//!
//! A state stands for the particle matched last (state 0 of a model: for none). Its steps lead to the particles that may
//! follow; where leaving or repeating a counted group is involved, a step has a guard on the counters of the model.

use super::ids::{ElementId, GuardId, ModelId, NameId, StateId, WildcardId};
use super::tables::Rules;

/// A range of entries in a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    pub(crate) accept: Accept,
    /// The particle that leads here can be matched more than once.
    pub(crate) repeats: bool,
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

    /// The steps over elements from a state, sorted by name.
    #[inline]
    pub(crate) fn steps(&self, state: StateId) -> &[Step] {
        self.state(state).steps.of(&self.automata.steps)
    }

    /// The steps over wildcards from a state.
    #[inline]
    pub(crate) fn wild_steps(&self, state: StateId) -> &[WildStep] {
        self.state(state).wild_steps.of(&self.automata.wild_steps)
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
