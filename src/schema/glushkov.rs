//! Positions and what may follow them: Glushkov's construction, with loops that count instead of being unrolled.
//!
//! Each element or wildcard of a content model is a position. An edge leads from a position to one that may be matched
//! next; it knows at which node of the expression the two meet, so that the counters of the loops that are left,
//! repeated and entered between them can be read off the tree.

use std::collections::HashSet;

use crate::rules::draft::{Counter, ElementId, WildcardId};
use crate::rules::{Particle, Term};

/// Stretches and edges of one content model at most, those counted once that positions share.
pub(super) const EDGES_MAX: usize = 4_000_000;

/// What a position matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaf {
    Element(ElementId),
    Wildcard(WildcardId),
}

#[derive(Debug, Clone)]
enum Kind {
    Position(usize),
    Sequence(Vec<usize>),
    Choice(Vec<usize>),
    Optional(usize),
    /// `most` is `u32::MAX` for any number.
    Repeat {
        child: usize,
        least: u32,
        most: u32,
        counter: Option<u32>,
    },
}

#[derive(Debug, Clone)]
struct Node {
    kind: Kind,
    parent: Option<usize>,
    nullable: bool,
}

/// A way from one position to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Edge {
    pub(super) to: usize,
    /// The node at which the two positions meet; `None`: the start of the model.
    at: Option<usize>,
    /// The node is a loop that begins again.
    again: bool,
}

/// Edges that meet at one node, in the order of the positions that they lead to. Positions share them: what may follow a
/// part of a long sequence is a stretch of what may follow the part before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Band {
    pub(super) to: Vec<usize>,
    pub(super) at: usize,
    again: bool,
}

impl Band {
    /// The edges of a stretch of the band.
    pub(super) fn edges(&self, stretch: Stretch) -> impl Iterator<Item = Edge> + '_ {
        let to = &self.to[stretch.from as usize..stretch.to as usize];
        to.iter().map(|to| Edge { to: *to, at: Some(self.at), again: self.again })
    }

    /// The whole band, the `index`-th of its model.
    fn whole(&self, index: u32) -> Stretch {
        Stretch { band: index, from: 0, to: u32::try_from(self.to.len()).unwrap_or(u32::MAX) }
    }
}

/// A part of a band: edges that lead from a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stretch {
    pub(super) band: u32,
    pub(super) from: u32,
    pub(super) to: u32,
}

/// Counters that an edge leaves, repeats and enters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Counting {
    pub(super) leave: Vec<u32>,
    pub(super) again: Option<u32>,
    pub(super) enter: Vec<u32>,
}

/// The construction for one content model.
#[derive(Debug, Default)]
pub(super) struct Glushkov {
    nodes: Vec<Node>,
    pub(super) leaves: Vec<Leaf>,
    nodes_of_leaves: Vec<usize>,
    pub(super) counters: Vec<Counter>,
    /// Edges from the start.
    pub(super) first: Vec<Edge>,
    pub(super) bands: Vec<Band>,
    /// Which stretches of bands lead from each position.
    follow: Vec<Vec<Stretch>>,
    /// Positions that may be the last.
    pub(super) last: Vec<usize>,
    /// Whether nothing at all may be matched.
    pub(super) nullable: bool,
    edges: usize,
}

/// A content model with more edges than a model may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Whether a particle can be matched by nothing.
pub(super) fn emptiable(particle: &Particle) -> bool {
    particle.min == 0
        || match &particle.term {
            Term::Element(_) | Term::Wildcard(_) => false,
            Term::Sequence(parts) | Term::All(parts) => parts.iter().all(emptiable),
            Term::Choice(parts) => parts.iter().any(emptiable),
        }
}

/// The positions that a part of the model may begin and end with.
struct Ends {
    first: Vec<usize>,
    last: Vec<usize>,
}

impl Glushkov {
    /// Builds positions and edges of a content model without `all` groups.
    pub(super) fn build(particle: &Particle) -> Result<Self, TooLarge> {
        let mut model = Self::default();
        let root = model.node(particle);
        model.adopt(root);
        model.number_counters();
        model.follow = vec![Vec::new(); model.leaves.len()];
        let ends = model.connect(root)?;
        model.first = ends.first.iter().map(|to| Edge { to: *to, at: None, again: false }).collect();
        model.last = ends.last;
        model.nullable = model.nodes[root].nullable;
        Ok(model)
    }

    fn push(&mut self, kind: Kind, nullable: bool) -> usize {
        self.nodes.push(Node { kind, parent: None, nullable });
        self.nodes.len() - 1
    }

    fn node(&mut self, particle: &Particle) -> usize {
        let inner = match &particle.term {
            Term::Element(id) => self.leaf(Leaf::Element(*id)),
            Term::Wildcard(id) => self.leaf(Leaf::Wildcard(*id)),
            Term::Sequence(parts) | Term::All(parts) => {
                let children: Vec<usize> = parts.iter().map(|part| self.node(part)).collect();
                match children.as_slice() {
                    [only] => *only,
                    _ => {
                        let nullable = children.iter().all(|child| self.nodes[*child].nullable);
                        self.push(Kind::Sequence(children), nullable)
                    }
                }
            }
            Term::Choice(parts) => {
                let children: Vec<usize> = parts.iter().map(|part| self.node(part)).collect();
                match children.as_slice() {
                    [only] => *only,
                    _ => {
                        let nullable = children.iter().any(|child| self.nodes[*child].nullable);
                        self.push(Kind::Choice(children), nullable)
                    }
                }
            }
        };
        self.occurring(inner, particle.min, particle.max.unwrap_or(u32::MAX))
    }

    fn leaf(&mut self, leaf: Leaf) -> usize {
        let position = self.leaves.len();
        self.leaves.push(leaf);
        let node = self.push(Kind::Position(position), false);
        self.nodes_of_leaves.push(node);
        node
    }

    /// A node with occurrence bounds; nested bounds become one pair where they leave no gaps.
    fn occurring(&mut self, inner: usize, min: u32, max: u32) -> usize {
        if (min, max) == (1, 1) {
            return inner;
        }
        // Empty repetitions fill up any number, so a nullable part needs none.
        let min = if self.nodes[inner].nullable { 0 } else { min };
        let (child, least, most) = match self.nodes[inner].kind {
            Kind::Repeat { child, least, most, .. } => match merge((least, most), (min, max)) {
                Some((least, most)) => (child, least, most),
                None => (inner, min, max),
            },
            Kind::Optional(child) => (child, 0, max),
            _ => (inner, min, max),
        };
        match (least, most) {
            (1, 1) => child,
            (0, 1) => self.push(Kind::Optional(child), true),
            _ => {
                self.push(Kind::Repeat { child, least, most, counter: None }, least == 0 || self.nodes[child].nullable)
            }
        }
    }

    /// Sets the parents of everything below the root.
    fn adopt(&mut self, root: usize) {
        let mut waiting = vec![root];
        while let Some(node) = waiting.pop() {
            let children = match &self.nodes[node].kind {
                Kind::Position(_) => Vec::new(),
                Kind::Sequence(children) | Kind::Choice(children) => children.clone(),
                Kind::Optional(child) | Kind::Repeat { child, .. } => vec![*child],
            };
            for child in children {
                self.nodes[child].parent = Some(node);
                waiting.push(child);
            }
        }
        // Loops that were merged away have no way up to the root and count nothing.
        let orphaned = |node: &Node, index: usize| node.parent.is_none() && index != root;
        for index in 0..self.nodes.len() {
            if orphaned(&self.nodes[index], index) && matches!(self.nodes[index].kind, Kind::Repeat { .. }) {
                self.nodes[index].kind = Kind::Sequence(Vec::new());
            }
        }
    }

    /// Gives a counter to every loop that has a number to reach or not to pass.
    fn number_counters(&mut self) {
        for node in &mut self.nodes {
            if let Kind::Repeat { least, most, counter, .. } = &mut node.kind
                && (*least > 1 || *most != u32::MAX)
            {
                *counter = u32::try_from(self.counters.len()).ok();
                self.counters.push(Counter { least: *least, most: *most });
            }
        }
    }

    /// Which stretches lead from a position: where they are the same, the edges are.
    pub(super) fn stretches_from(&self, position: usize) -> &[Stretch] {
        &self.follow[position]
    }

    /// How many edges lead from a position.
    pub(super) fn width(&self, position: usize) -> usize {
        self.follow[position].iter().map(|stretch| (stretch.to - stretch.from) as usize).sum()
    }

    /// The edges from a position.
    pub(super) fn edges_from(&self, position: usize) -> Vec<Edge> {
        self.follow[position].iter().flat_map(|stretch| self.bands[stretch.band as usize].edges(*stretch)).collect()
    }

    /// The counters that are left behind on the way from a position to the node of a stretch.
    pub(super) fn left_behind(&self, position: usize, stretch: Stretch) -> Vec<u32> {
        if self.counters.is_empty() {
            return Vec::new();
        }
        self.needed(self.counters_up_to(position, Some(self.bands[stretch.band as usize].at)))
    }

    /// A band of edges to some positions.
    fn band(&mut self, to: Vec<usize>, at: usize, again: bool) -> Result<Stretch, TooLarge> {
        self.spend(to.len())?;
        let index = u32::try_from(self.bands.len()).map_err(|_| TooLarge)?;
        self.bands.push(Band { to, at, again });
        Ok(self.bands[index as usize].whole(index))
    }

    /// Leads from each of some positions along a stretch.
    fn join(&mut self, from: &[usize], stretch: Stretch) -> Result<(), TooLarge> {
        if stretch.from == stretch.to {
            return Ok(());
        }
        self.spend(from.len())?;
        from.iter().for_each(|from| self.follow[*from].push(stretch));
        Ok(())
    }

    fn spend(&mut self, count: usize) -> Result<(), TooLarge> {
        self.edges += count;
        if self.edges > EDGES_MAX { Err(TooLarge) } else { Ok(()) }
    }

    /// Connects the positions below a node, and tells those at its ends.
    fn connect(&mut self, node: usize) -> Result<Ends, TooLarge> {
        match self.nodes[node].kind.clone() {
            Kind::Position(position) => Ok(Ends { first: vec![position], last: vec![position] }),
            Kind::Optional(child) => self.connect(child),
            Kind::Choice(children) => {
                let mut ends = Ends { first: Vec::new(), last: Vec::new() };
                for child in children {
                    let part = self.connect(child)?;
                    ends.first.extend(part.first);
                    ends.last.extend(part.last);
                }
                Ok(ends)
            }
            Kind::Sequence(children) => self.connect_sequence(node, &children),
            Kind::Repeat { child, .. } => {
                let ends = self.connect(child)?;
                let band = self.band(ends.first.clone(), node, true)?;
                self.join(&ends.last, band)?;
                Ok(ends)
            }
        }
    }

    /// Each part leads to those behind it, up to the first that may not be left out.
    fn connect_sequence(&mut self, node: usize, children: &[usize]) -> Result<Ends, TooLarge> {
        let mut firsts = Vec::new();
        let mut begins: Vec<u32> = Vec::with_capacity(children.len() + 1);
        let mut lasts = Vec::with_capacity(children.len());
        for child in children {
            let part = self.connect(*child)?;
            begins.push(u32::try_from(firsts.len()).map_err(|_| TooLarge)?);
            firsts.extend(part.first);
            lasts.push(part.last);
        }
        begins.push(u32::try_from(firsts.len()).map_err(|_| TooLarge)?);
        let needed = |index: &usize| !self.nodes[children[*index]].nullable;
        let first_needed = (0..children.len()).find(needed);
        let last_needed = (0..children.len()).rev().find(needed);
        let first = firsts[..begins[first_needed.map_or(children.len(), |index| index + 1)] as usize].to_vec();
        let last = lasts[last_needed.unwrap_or(0)..].concat();
        let band = self.band(firsts, node, false)?;
        let mut reach = children.len();
        for (index, child) in children.iter().enumerate().rev() {
            self.join(&lasts[index], Stretch { from: begins[index + 1], to: begins[reach], ..band })?;
            if !self.nodes[*child].nullable {
                reach = index + 1;
            }
        }
        Ok(Ends { first, last })
    }

    /// Counters of the loops around a position, from the inside up to, not including, a node.
    fn counters_up_to(&self, position: usize, at: Option<usize>) -> Vec<u32> {
        let mut counters = Vec::new();
        let mut here = self.nodes[self.nodes_of_leaves[position]].parent;
        while here != at {
            let Some(node) = here else { break };
            if let Kind::Repeat { counter: Some(counter), .. } = self.nodes[node].kind {
                counters.push(counter);
            }
            here = self.nodes[node].parent;
        }
        counters
    }

    /// What an edge from `from` (`None`: the start) counts.
    pub(super) fn counting(&self, from: Option<usize>, edge: Edge) -> Counting {
        if self.counters.is_empty() {
            return Counting::default();
        }
        let again = match edge.at.filter(|_| edge.again).map(|node| &self.nodes[node].kind) {
            Some(Kind::Repeat { counter, .. }) => *counter,
            _ => None,
        };
        Counting {
            leave: from.map_or(Vec::new(), |from| self.needed(self.counters_up_to(from, edge.at))),
            again,
            enter: self.counters_up_to(edge.to, edge.at),
        }
    }

    /// What ending the content behind a position asks of counters.
    pub(super) fn leaving(&self, position: usize) -> Vec<u32> {
        self.needed(self.counters_up_to(position, None))
    }

    /// Counters that can be too low: once entered, one is always reached.
    fn needed(&self, counters: Vec<u32>) -> Vec<u32> {
        counters.into_iter().filter(|counter| self.counters[*counter as usize].least > 1).collect()
    }

    /// Counters of loops whose rounds cannot be told from what has been matched: a position inside leads to the same one
    /// both on the way through a round and into the next.
    pub(super) fn uncertain_rounds(&self) -> HashSet<u32> {
        let mut found = HashSet::new();
        let mut looked_at = HashSet::new();
        for stretches in &self.follow {
            // Those of inner nodes come first.
            for (index, round) in stretches.iter().enumerate() {
                let band = &self.bands[round.band as usize];
                let Kind::Repeat { counter: Some(counter), .. } = self.nodes[band.at].kind else { continue };
                let meets = |inner: &Stretch| looked_at.insert((*inner, *round)) && self.meet(*inner, *round);
                if !found.contains(&counter) && stretches[..index].iter().any(meets) {
                    found.insert(counter);
                }
            }
        }
        found
    }

    /// Whether two stretches lead to the same position.
    fn meet(&self, one: Stretch, other: Stretch) -> bool {
        let positions =
            |stretch: Stretch| &self.bands[stretch.band as usize].to[stretch.from as usize..stretch.to as usize];
        let (one, other) = (positions(one), positions(other));
        let (few, many) = if one.len() <= other.len() { (one, other) } else { (other, one) };
        few.iter().any(|position| many.binary_search(position).is_ok())
    }

    /// Whether a position can be matched more than once.
    pub(super) fn repeats(&self, position: usize) -> bool {
        let mut here = self.nodes[self.nodes_of_leaves[position]].parent;
        while let Some(node) = here {
            if matches!(self.nodes[node].kind, Kind::Repeat { .. }) {
                return true;
            }
            here = self.nodes[node].parent;
        }
        false
    }
}

/// One pair of bounds for `(X{inner}){outer}`, where every number between is reached.
fn merge(inner: (u32, u32), outer: (u32, u32)) -> Option<(u32, u32)> {
    let (least, most) = (u64::from(inner.0), u64::from(inner.1));
    let (outer_least, outer_most) = (u64::from(outer.0), u64::from(outer.1));
    let unbounded = u64::from(u32::MAX);
    // From k rounds to k + 1 there is a gap unless (k + 1) · least ≤ k · most + 1; it is widest for the fewest rounds.
    let fewest = outer_least.max(if outer.0 == 0 { 0 } else { 1 });
    let contiguous = outer_most == outer_least
        || (if most == unbounded && fewest > 0 { true } else { (fewest + 1) * least <= fewest * most + 1 });
    if !contiguous {
        return None;
    }
    let least = u32::try_from(least * outer_least).ok()?;
    let most = if most == unbounded || outer_most == unbounded {
        if most == 0 || outer_most == 0 { 0 } else { u32::MAX }
    } else {
        u32::try_from(most * outer_most).ok().filter(|most| *most != u32::MAX)?
    };
    Some((least, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_bounds_merge_without_gaps() {
        const MANY: u32 = u32::MAX;
        for (inner, outer, expected) in [
            ((0, 1), (2, 5), Some((0, 5))),
            ((1, MANY), (2, 5), Some((2, MANY))),
            ((0, MANY), (1, 1), Some((0, MANY))),
            ((2, 3), (1, MANY), Some((2, MANY))),
            ((2, 2), (1, 2), None),
            ((2, 2), (3, 3), Some((6, 6))),
            ((3, 4), (2, 3), Some((6, 12))),
            ((2, 3), (0, 1), None),
            ((1, 3), (0, 2), Some((0, 6))),
        ] {
            assert_eq!(merge(inner, outer), expected, "{inner:?} {outer:?}");
        }
    }
}
