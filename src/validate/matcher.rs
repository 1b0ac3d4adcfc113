//! Paths of identity constraints, followed while elements begin and end.

use crate::rules::sealed::{Branch, NameId, NameTest, NamespaceId, Path};

/// A path being followed below one element, its context. For every open element and branch it keeps the set of steps
/// that have been matched there, as bits.
#[derive(Debug)]
pub(super) struct Matcher<'r> {
    path: &'r Path,
    /// Level of the context element.
    context: usize,
    /// One word per branch for each level from the context down, as far as anything has been matched.
    matched: Vec<u64>,
}

/// What an element is to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hit {
    /// The path leads to the element.
    Element,
    /// The path leads to attributes of the element.
    Attribute(NameTest),
}

impl Path {
    /// What the path says of its context element itself.
    pub(super) fn own_hits(&self, hits: &mut Vec<Hit>) {
        hits.extend(self.branches.iter().filter(|branch| branch.steps.is_empty()).map(hit));
    }
}

impl<'r> Matcher<'r> {
    /// Begins at the element at level `context`; whether the path leads to that element itself.
    pub(super) fn begin(path: &'r Path, context: usize) -> (Self, bool) {
        // A path that leads no further down keeps nothing.
        let matched = if path.reach == 0 { Vec::new() } else { vec![1; path.branches.len()] };
        let own = path.branches.iter().any(|branch| branch.steps.is_empty() && branch.attribute.is_none());
        (Self { path, context, matched }, own)
    }

    /// An element begins at `level`, below the context; whether the path leads to it, in ways added to `hits`.
    #[inline]
    pub(super) fn start(&mut self, level: usize, namespace: NamespaceId, name: NameId, hits: &mut Vec<Hit>) -> bool {
        let depth = level - self.context;
        // Without a row for the element above, nothing was matched there, and nothing can be here.
        if depth > self.path.reach || self.matched.len() < depth * self.path.branches.len() {
            return false;
        }
        self.step(depth, namespace, name, hits)
    }

    fn step(&mut self, depth: usize, namespace: NamespaceId, name: NameId, hits: &mut Vec<Hit>) -> bool {
        let width = self.path.branches.len();
        let above = (depth - 1) * width;
        let before_hits = hits.len();
        let mut alive = 0;
        for (index, branch) in self.path.branches.iter().enumerate() {
            let mut matched = u64::from(branch.anywhere);
            let before = self.matched[above + index];
            if before != 0 {
                for (step, test) in branch.steps.iter().enumerate() {
                    if before >> step & 1 == 1 && test.takes(namespace, name) {
                        matched |= 1 << (step + 1);
                    }
                }
            }
            self.matched.push(matched);
            alive |= matched;
            if matched >> branch.steps.len() & 1 == 1 {
                hits.push(hit(branch));
            }
        }
        if alive == 0 {
            self.matched.truncate(depth * width);
        }
        hits.len() > before_hits
    }

    /// The element at `level` ends.
    #[inline]
    pub(super) fn end(&mut self, level: usize) {
        let rows = (level - self.context) * self.path.branches.len();
        if self.matched.len() > rows {
            self.matched.truncate(rows);
        }
    }
}

fn hit(branch: &Branch) -> Hit {
    branch.attribute.map_or(Hit::Element, Hit::Attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NameId = NameId(10);
    const B: NameId = NameId(11);

    /// Follows a path over levels given as names, 1 for the first below the context; tells the levels that were hit.
    fn hits(branch: Branch, names: &[NameId]) -> Vec<usize> {
        let path = Path::new([branch]);
        let mut found = Vec::new();
        let (mut matcher, own) = Matcher::begin(&path, 0);
        let mut levels = if own { vec![0] } else { Vec::new() };
        for (index, name) in names.iter().enumerate() {
            let hit = matcher.start(index + 1, NamespaceId::ABSENT, *name, &mut found);
            assert_eq!(hit, !found.is_empty());
            levels.extend(found.drain(..).map(|_| index + 1));
        }
        for index in (0..names.len()).rev() {
            matcher.end(index + 1);
        }
        assert!(matcher.matched.len() <= 1);
        levels
    }

    fn branch(anywhere: bool, names: &[NameId]) -> Branch {
        let steps = names.iter().map(|name| NameTest::Name(*name)).collect();
        Branch { anywhere, steps, attribute: None }
    }

    #[test]
    fn paths_lead_where_they_say() {
        assert_eq!(hits(branch(false, &[]), &[A]), [0]);
        assert_eq!(hits(branch(false, &[A, B]), &[A, B, B]), [2]);
        assert_eq!(hits(branch(false, &[A, B]), &[B, A, B]), Vec::<usize>::new());
        assert_eq!(hits(branch(true, &[A, B]), &[B, A, B, A, B]), [3, 5]);
        assert_eq!(hits(branch(true, &[A, A]), &[A, A, A]), [2, 3]);
        assert_eq!(hits(branch(true, &[]), &[A, B]), [0, 1, 2]);
    }
}
