//! Paths of identity constraints, followed while elements begin and end.

use crate::rules::sealed::{Branch, NameId, NameTest, NamespaceId, Path};

/// A path being followed below one element, its context. For every open element and branch it keeps the set of steps
/// that have been matched there, as bits.
#[derive(Debug)]
pub(super) struct Matcher<'r> {
    path: &'r Path,
    /// Level of the context element.
    context: usize,
    /// One word per branch for each level from the context down.
    matched: Vec<u64>,
    /// Below this many levels no branch can match.
    reach: usize,
}

/// What an element is to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hit {
    /// The path leads to the element.
    Element,
    /// The path leads to attributes of the element.
    Attribute(NameTest),
}

impl<'r> Matcher<'r> {
    /// Begins at the element at level `context`; what the path says of that element itself goes to `hits`.
    pub(super) fn begin(path: &'r Path, context: usize, hits: &mut Vec<Hit>) -> Self {
        let reach = path.iter().map(|branch| if branch.anywhere { usize::MAX } else { branch.steps.len() });
        let reach = reach.max().unwrap_or(0);
        // A path that leads no further down keeps nothing.
        let matched = if reach == 0 { Vec::new() } else { vec![1; path.len()] };
        path.iter().filter(|branch| branch.steps.is_empty()).for_each(|branch| hits.push(hit(branch)));
        Self { path, context, matched, reach }
    }

    /// How many levels below its context the path leads at most.
    pub(super) fn reach(&self) -> usize {
        self.reach
    }

    /// An element begins at `level`, below the context.
    #[inline]
    pub(super) fn start(&mut self, level: usize, namespace: NamespaceId, name: NameId, hits: &mut Vec<Hit>) {
        let depth = level - self.context;
        let width = self.path.len();
        // Without a row for the element above, nothing was matched there, and nothing can be here.
        if depth > self.reach || self.matched.len() < depth * width {
            return;
        }
        let above = (depth - 1) * width;
        let mut alive = 0;
        for (index, branch) in self.path.iter().enumerate() {
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
    }

    /// The element at `level` ends.
    #[inline]
    pub(super) fn end(&mut self, level: usize) {
        let depth = level - self.context;
        self.matched.truncate(depth * self.path.len());
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
        let path: Path = Box::new([branch]);
        let mut found = Vec::new();
        let mut matcher = Matcher::begin(&path, 0, &mut found);
        let mut levels: Vec<usize> = found.drain(..).map(|_| 0).collect();
        for (index, name) in names.iter().enumerate() {
            matcher.start(index + 1, NamespaceId::ABSENT, *name, &mut found);
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
