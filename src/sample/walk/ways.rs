//! Which way a life goes on: usual ways more often than others, rarely twice through the same status, and in the end to an end, where
//! the lifecycle has one.

use super::routes;
use crate::domain::lifecycle::{Class, Lifecycle, Status};
use crate::random::Random;

/// After so many steps a life takes the shortest way to an end.
const STEPS_USUAL: usize = 6;
/// After so many steps a life that has no end is left as it is.
const STEPS_MAX: usize = 12;
/// So much rarer are ways out of the ordinary: what is undone is undone now and then.
const RARER: usize = 4;

/// The statuses that a life has been in, the present one last.
#[derive(Debug, Clone)]
pub(super) struct Track<'w> {
    statuses: Vec<&'w Status>,
}

impl<'w> Track<'w> {
    pub(super) fn from(start: &'w Status) -> Self {
        Self { statuses: vec![start] }
    }

    pub(super) fn here(&self) -> Option<&'w Status> {
        self.statuses.last().copied()
    }

    pub(super) fn previous(&self) -> Option<&'w Status> {
        self.statuses.len().checked_sub(2).map(|at| self.statuses[at])
    }

    pub(super) fn enters(&mut self, status: &'w Status) {
        self.statuses.push(status);
    }

    /// Whether the life has come to its end, or goes nowhere.
    pub(super) fn is_over(&self) -> bool {
        self.here().is_none_or(|here| here.next.is_empty()) || self.statuses.len() > STEPS_MAX
    }

    /// The next status.
    pub(super) fn way(&self, lifecycle: &'w Lifecycle, random: &mut Random) -> Option<&'w Status> {
        let here = self.here()?;
        if self.statuses.len() > STEPS_USUAL
            && let Some(way) = routes::to_an_end(lifecycle, here)
        {
            return way.first().copied();
        }
        let ways: Vec<&Status> = here.next.iter().filter_map(|code| lifecycle.status(code)).collect();
        let weights: Vec<usize> =
            ways.iter().enumerate().map(|(place, to)| self.weight(to, ways.len() - place)).collect();
        let mut draw = random.below(weights.iter().sum());
        for (to, weight) in ways.iter().zip(weights) {
            match draw.checked_sub(weight) {
                Some(rest) => draw = rest,
                None => return Some(to),
            }
        }
        None
    }

    /// A lifecycle names the usual ways first.
    fn weight(&self, to: &Status, usual: usize) -> usize {
        let visits = self.statuses.iter().filter(|status| status.code == to.code).count();
        let rarity =
            if to.class == Class::Annulled { RARER } else { 1 } * RARER.pow(u32::try_from(visits).unwrap_or(0));
        (usual * RARER * RARER / rarity).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = include_str!("../../../xsd/epgu/lifecycle.toml");

    #[test]
    fn lives_come_to_an_end_and_most_of_them_to_a_usual_one() {
        let lifecycle = &Lifecycle::load("epgu.toml", SOURCE).unwrap();
        let mut random = Random::new(3);
        let mut undone = 0;
        for _ in 0..500 {
            let mut track = Track::from(lifecycle.start());
            while !track.is_over() {
                let to = track.way(lifecycle, &mut random).unwrap();
                assert!(track.here().unwrap().next.contains(&to.code));
                track.enters(to);
            }
            let end = track.here().unwrap();
            assert!(end.class.is_end(), "{:?}", track.statuses.iter().map(|one| &one.code).collect::<Vec<_>>());
            undone += usize::from(end.class == Class::Annulled);
        }
        assert!((20..200).contains(&undone), "{undone} of 500 are withdrawn");
    }
}
