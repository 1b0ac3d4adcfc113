//! The way for expressions that are neither simple nor cheap for `regex`: steps of one character each, all that have been
//! reached carried along. A class counts once however often it is repeated, so counts in the thousands cost nothing to
//! compile; what is carried is bounded by the number of steps.

use std::collections::HashMap;

use regex_syntax::hir::{Hir, HirKind, Repetition};

use super::characters::{CharacterSet, set};

/// Steps of one expression at most.
pub(super) const STEPS_MAX: usize = 20_000;

/// An expression as steps.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    steps: Box<[Step]>,
    sets: Box<[CharacterSet]>,
    /// Bytes of a text that can match.
    bytes_min: usize,
    bytes_max: usize,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// One character of a set, then the next step.
    Set(u32),
    /// This character, then the next step.
    Character(char),
    /// Both the next step and this one.
    Fork(u32),
    /// This step.
    Jump(u32),
    /// The expression has been matched.
    End,
}

impl Steps {
    /// The expression as steps; `None` where they would be more than [`STEPS_MAX`].
    pub(super) fn compile(expression: &Hir) -> Option<Self> {
        if count(expression) >= STEPS_MAX {
            return None;
        }
        let mut maker = Maker::default();
        maker.append(expression)?;
        maker.steps.push(Step::End);
        let properties = expression.properties();
        Some(Self {
            steps: maker.steps.into(),
            sets: maker.sets.into(),
            bytes_min: properties.minimum_len().unwrap_or(0),
            bytes_max: properties.maximum_len().unwrap_or(usize::MAX),
        })
    }

    /// Whether the whole of `text` is matched.
    pub(super) fn matches(&self, text: &str) -> bool {
        if text.len() < self.bytes_min || text.len() > self.bytes_max {
            return false;
        }
        let (mut now, mut next) = (Reached::new(self.steps.len()), Reached::new(self.steps.len()));
        self.reach(0, &mut now);
        for character in text.chars() {
            for at in 0..now.waiting.len() {
                let step = now.waiting[at];
                let goes_on = match self.steps[step as usize] {
                    Step::Set(set) => self.sets[set as usize].has(character),
                    Step::Character(wanted) => wanted == character,
                    Step::Fork(_) | Step::Jump(_) | Step::End => false,
                };
                if goes_on {
                    self.reach(step + 1, &mut next);
                }
            }
            if next.waiting.is_empty() {
                return false;
            }
            std::mem::swap(&mut now, &mut next);
            next.clear();
        }
        now.waiting.iter().any(|step| matches!(self.steps[*step as usize], Step::End))
    }

    /// Adds `step` and whatever is reached from it without a character.
    fn reach(&self, step: u32, reached: &mut Reached) {
        reached.pending.push(step);
        while let Some(step) = reached.pending.pop() {
            if !reached.mark(step) {
                continue;
            }
            match self.steps[step as usize] {
                Step::Fork(other) => reached.pending.extend([other, step + 1]),
                Step::Jump(other) => reached.pending.push(other),
                Step::Set(_) | Step::Character(_) | Step::End => reached.waiting.push(step),
            }
        }
    }
}

/// The steps that have been reached.
struct Reached {
    /// By step: the round in which it was reached last.
    rounds: Vec<u32>,
    round: u32,
    /// Those that wait for a character, or are the end.
    waiting: Vec<u32>,
    pending: Vec<u32>,
}

impl Reached {
    fn new(steps: usize) -> Self {
        Self { rounds: vec![0; steps], round: 1, waiting: Vec::new(), pending: Vec::new() }
    }

    /// Whether the step is new in this round.
    fn mark(&mut self, step: u32) -> bool {
        let round = &mut self.rounds[step as usize];
        std::mem::replace(round, self.round) != self.round
    }

    fn clear(&mut self) {
        self.waiting.clear();
        match self.round.checked_add(1) {
            Some(round) => self.round = round,
            None => {
                self.rounds.fill(0);
                self.round = 1;
            }
        }
    }
}

/// How many steps an expression takes.
fn count(expression: &Hir) -> usize {
    let sum = |parts: &[Hir]| parts.iter().map(count).fold(0_usize, usize::saturating_add);
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(_) => 1,
        HirKind::Capture(group) => count(&group.sub),
        HirKind::Concat(parts) => sum(parts),
        HirKind::Alternation(parts) => sum(parts).saturating_add(parts.len().saturating_mul(2)),
        HirKind::Repetition(Repetition { min, max, sub, .. }) => {
            let round = count(sub).saturating_add(1);
            let rounds = max.unwrap_or(min.saturating_add(2)).max(1);
            round.saturating_mul(usize::try_from(rounds).unwrap_or(usize::MAX))
        }
    }
}

#[derive(Default)]
struct Maker {
    steps: Vec<Step>,
    sets: Vec<CharacterSet>,
    by_set: HashMap<CharacterSet, u32>,
}

impl Maker {
    fn here(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// Appends the steps of an expression; `None` for what is no text.
    fn append(&mut self, expression: &Hir) -> Option<()> {
        match expression.kind() {
            // The two ends of the text, which matching the whole means by itself.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                self.steps.extend(text.chars().map(Step::Character));
            }
            HirKind::Class(_) => {
                let set = self.set(set(expression)?);
                self.steps.push(Step::Set(set));
            }
            HirKind::Capture(group) => self.append(&group.sub)?,
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.append(part))?,
            HirKind::Alternation(parts) => self.branches(parts)?,
            HirKind::Repetition(repetition) => self.repeat(repetition)?,
        }
        Some(())
    }

    fn set(&mut self, set: CharacterSet) -> u32 {
        let next = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        *self.by_set.entry(set).or_insert_with_key(|set| {
            self.sets.push(set.clone());
            next
        })
    }

    fn branches(&mut self, parts: &[Hir]) -> Option<()> {
        let mut ends = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let fork = self.steps.len();
            let last = index + 1 == parts.len();
            if !last {
                self.steps.push(Step::End);
            }
            self.append(part)?;
            if !last {
                ends.push(self.steps.len());
                self.steps.push(Step::End);
                self.steps[fork] = Step::Fork(self.here());
            }
        }
        let behind = self.here();
        ends.into_iter().for_each(|end| self.steps[end] = Step::Jump(behind));
        Some(())
    }

    fn repeat(&mut self, repetition: &Repetition) -> Option<()> {
        for _ in 0..repetition.min {
            self.append(&repetition.sub)?;
        }
        let Some(max) = repetition.max else {
            let begin = self.here();
            self.steps.push(Step::End);
            self.append(&repetition.sub)?;
            self.steps.push(Step::Jump(begin));
            self.steps[begin as usize] = Step::Fork(self.here());
            return Some(());
        };
        let mut forks = Vec::new();
        for _ in repetition.min..max {
            forks.push(self.steps.len());
            self.steps.push(Step::End);
            self.append(&repetition.sub)?;
        }
        let behind = self.here();
        forks.into_iter().for_each(|fork| self.steps[fork] = Step::Fork(behind));
        Some(())
    }
}
