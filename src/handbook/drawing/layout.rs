//! A small layered layout of a directed graph, top down: nodes stand in layers, edges lead from layer to layer, long ones bend around
//! the nodes between. What comes first in the list stands higher, so that the order of a file is the order of reading.

/// Between the layers.
const LAYER_GAP: f64 = 58.0;
/// Between neighbours of a layer.
const NODE_GAP: f64 = 26.0;
/// Place that an edge takes in a layer it passes.
const EDGE_WIDTH: f64 = 12.0;
/// Sweeps that put neighbours of layers above each other.
const ORDER_SWEEPS: usize = 16;
/// Sweeps that straighten.
const PLACE_SWEEPS: usize = 40;

/// A place on the sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Where everything stands.
#[derive(Debug)]
pub(super) struct Placed {
    /// Centres of the nodes.
    pub(super) nodes: Vec<Point>,
    /// Bends of the edges, from the source's border to the target's.
    pub(super) edges: Vec<Vec<Point>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A node, or the place where an edge passes a layer.
#[derive(Debug, Clone)]
struct Spot {
    width: f64,
    layer: usize,
    up: Vec<usize>,
    down: Vec<usize>,
    /// A place that an edge passes.
    passing: bool,
    x: f64,
}

struct Sheet {
    spots: Vec<Spot>,
    layers: Vec<Vec<usize>>,
    /// The spots of each edge, from the upper end to the lower.
    chains: Vec<Vec<usize>>,
}

/// Places nodes of these sizes (width, height) and the edges between them. An edge to itself is none.
pub(super) fn place(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Placed {
    let mut sheet = Sheet::new(sizes, edges);
    sheet.order();
    sheet.straighten();
    sheet.placed(sizes, edges)
}

impl Sheet {
    fn new(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Self {
        let layer = layers(sizes.len(), edges);
        let mut spots: Vec<Spot> =
            sizes.iter().zip(&layer).map(|((width, _), layer)| Spot::new(*width, *layer, false)).collect();
        let mut chains = Vec::with_capacity(edges.len());
        for (from, to) in edges {
            let (upper, lower) = (*from.min(to), *from.max(to));
            let mut chain = vec![upper];
            for between in layer[upper] + 1..layer[lower] {
                chain.push(spots.len());
                spots.push(Spot::new(EDGE_WIDTH, between, true));
            }
            chain.push(lower);
            for pair in chain.windows(2) {
                spots[pair[0]].down.push(pair[1]);
                spots[pair[1]].up.push(pair[0]);
            }
            chains.push(chain);
        }
        let count = spots.iter().map(|spot| spot.layer + 1).max().unwrap_or(0);
        let mut layers = vec![Vec::new(); count];
        for (at, spot) in spots.iter().enumerate() {
            layers[spot.layer].push(at);
        }
        Self { spots, layers, chains }
    }

    /// Puts what belongs together above each other, and keeps the order with the fewest crossings.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.layers.clone());
        for sweep in 0..ORDER_SWEEPS {
            let down = sweep % 2 == 0;
            let mut at: Vec<usize> = (0..self.layers.len()).collect();
            if !down {
                at.reverse();
            }
            for layer in at {
                let ranks = self.ranks();
                let middle = |spot: &usize| {
                    let spot = &self.spots[*spot];
                    let near = if down { &spot.up } else { &spot.down };
                    let sum: f64 = near.iter().map(|one| ranks[*one]).sum();
                    (!near.is_empty()).then(|| sum / count(near))
                };
                let mut keyed: Vec<(f64, usize)> =
                    self.layers[layer].iter().map(|spot| (middle(spot).unwrap_or(ranks[*spot]), *spot)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.layers[layer] = keyed.into_iter().map(|(_, spot)| spot).collect();
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
            }
        }
        self.layers = best.1;
        self.swap();
    }

    /// Swaps neighbours as long as that saves crossings.
    fn swap(&mut self) {
        let mut fewest = self.crossings();
        let mut better = true;
        while better {
            better = false;
            for layer in 0..self.layers.len() {
                for at in 1..self.layers[layer].len() {
                    self.layers[layer].swap(at - 1, at);
                    let crossings = self.crossings();
                    if crossings < fewest {
                        fewest = crossings;
                        better = true;
                    } else {
                        self.layers[layer].swap(at - 1, at);
                    }
                }
            }
        }
    }

    /// The place of every spot within its layer, from 0 to 1.
    fn ranks(&self) -> Vec<f64> {
        let mut ranks = vec![0.0; self.spots.len()];
        for layer in &self.layers {
            for (at, spot) in layer.iter().enumerate() {
                ranks[*spot] = (whole(at) + 0.5) / count(layer);
            }
        }
        ranks
    }

    fn crossings(&self) -> usize {
        let mut places = vec![0; self.spots.len()];
        for layer in &self.layers {
            layer.iter().enumerate().for_each(|(at, spot)| places[*spot] = at);
        }
        let mut crossings = 0;
        for layer in &self.layers {
            let lines: Vec<(usize, usize)> = layer
                .iter()
                .flat_map(|spot| self.spots[*spot].down.iter().map(|lower| (places[*spot], places[*lower])))
                .collect();
            for (at, one) in lines.iter().enumerate() {
                crossings += lines[at + 1..].iter().filter(|two| crosses(*one, **two)).count();
            }
        }
        crossings
    }

    /// Moves every spot towards its neighbours of the other layers; neighbours of its own keep their distance.
    fn straighten(&mut self) {
        for layer in self.layers.clone() {
            let mut edge = 0.0;
            for spot in layer {
                let width = self.spots[spot].width;
                self.spots[spot].x = edge + width / 2.0;
                edge += width + NODE_GAP;
            }
        }
        for sweep in 0..PLACE_SWEEPS {
            let mut at: Vec<usize> = (0..self.layers.len()).collect();
            if sweep % 2 == 1 {
                at.reverse();
            }
            for layer in at {
                let wanted: Vec<(f64, f64)> =
                    self.layers[layer].iter().map(|spot| self.wanted(&self.spots[*spot])).collect();
                let layer = self.layers[layer].clone();
                for (spot, x) in layer.iter().zip(self.kept_apart(&layer, &wanted)) {
                    self.spots[*spot].x = x;
                }
            }
        }
    }

    /// Where a spot would stand best, and how much it matters: edges that pass want to be straight most.
    fn wanted(&self, spot: &Spot) -> (f64, f64) {
        let pull = |other: &Spot| match (spot.passing, other.passing) {
            (true, true) => 8.0,
            (true, false) | (false, true) => 2.0,
            (false, false) => 1.0,
        };
        let near = || spot.up.iter().chain(&spot.down).map(|one| &self.spots[*one]);
        let pulls: f64 = near().map(pull).sum();
        if pulls == 0.0 {
            return (spot.x, 0.1);
        }
        (near().map(|other| pull(other) * other.x).sum::<f64>() / pulls, pulls)
    }

    /// The places nearest to the wanted ones (least squares) that keep order and distance: an isotonic regression.
    fn kept_apart(&self, layer: &[usize], wanted: &[(f64, f64)]) -> Vec<f64> {
        let mut offsets = Vec::with_capacity(layer.len());
        let mut offset = 0.0;
        for (at, spot) in layer.iter().enumerate() {
            if at > 0 {
                offset += f64::midpoint(self.spots[layer[at - 1]].width, self.spots[*spot].width) + NODE_GAP;
            }
            offsets.push(offset);
        }
        // Blocks of spots that stand shoulder to shoulder: place, weight, size.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        for ((x, weight), offset) in wanted.iter().zip(&offsets) {
            let mut block = (x - offset, *weight, 1);
            while let Some(last) = blocks.last().copied().filter(|last| last.0 > block.0) {
                blocks.pop();
                let weight = last.1 + block.1;
                block = ((last.0 * last.1 + block.0 * block.1) / weight, weight, last.2 + block.2);
            }
            blocks.push(block);
        }
        let places = blocks.into_iter().flat_map(|(x, _, size)| std::iter::repeat_n(x, size));
        places.zip(offsets).map(|(x, offset)| x + offset).collect()
    }

    fn placed(&self, sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Placed {
        let left = self.spots.iter().map(|spot| spot.x - spot.width / 2.0).fold(f64::INFINITY, f64::min);
        let right = self.spots.iter().map(|spot| spot.x + spot.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
        let mut tops = Vec::with_capacity(self.layers.len());
        let mut heights = Vec::with_capacity(self.layers.len());
        let mut top = 0.0;
        for layer in &self.layers {
            let height = layer.iter().filter_map(|spot| sizes.get(*spot)).map(|size| size.1).fold(0.0, f64::max);
            tops.push(top);
            heights.push(height);
            top += height + LAYER_GAP;
        }
        let node = |at: usize| {
            let spot = &self.spots[at];
            Point { x: spot.x - left, y: tops[spot.layer] + heights[spot.layer] / 2.0 }
        };
        let bends = self.chains.iter().zip(edges).enumerate().map(|(at, (chain, (from, to)))| {
            let mut bends =
                vec![Point { x: self.port(at, true) - left, y: node(chain[0]).y + sizes[chain[0]].1 / 2.0 }];
            for spot in &chain[1..chain.len() - 1] {
                let (x, layer) = (self.spots[*spot].x - left, self.spots[*spot].layer);
                bends.push(Point { x, y: tops[layer] });
                bends.push(Point { x, y: tops[layer] + heights[layer] });
            }
            let last = chain[chain.len() - 1];
            bends.push(Point { x: self.port(at, false) - left, y: node(last).y - sizes[last].1 / 2.0 });
            if from > to {
                bends.reverse();
            }
            bends
        });
        let bends = bends.collect();
        Placed {
            nodes: (0..sizes.len()).map(node).collect(),
            edges: bends,
            width: (right - left).max(0.0),
            height: (top - LAYER_GAP).max(0.0),
        }
    }

    /// Where an edge leaves its upper node, or meets its lower one: the edges of a side share its width, in the order of their ends.
    fn port(&self, chain: usize, upper: bool) -> f64 {
        let end = |chain: &Vec<usize>| if upper { chain[0] } else { chain[chain.len() - 1] };
        let next = |chain: &Vec<usize>| if upper { chain[1] } else { chain[chain.len() - 2] };
        let own = end(&self.chains[chain]);
        let mut sharing: Vec<usize> = (0..self.chains.len()).filter(|other| end(&self.chains[*other]) == own).collect();
        sharing.sort_by(|a, b| {
            let x = |at: &usize| self.spots[next(&self.chains[*at])].x;
            x(a).total_cmp(&x(b)).then(a.cmp(b))
        });
        let place = sharing.iter().position(|one| *one == chain).unwrap_or(0);
        let spot = &self.spots[own];
        let usable = spot.width * 0.8;
        spot.x - usable / 2.0 + usable * (whole(place) + 0.5) / count(&sharing)
    }
}

impl Spot {
    fn new(width: f64, layer: usize, passing: bool) -> Self {
        Self { width, layer, up: Vec::new(), down: Vec::new(), passing, x: 0.0 }
    }
}

/// The layer of every node: below everything that leads to it and comes before it in the list. A way back holds the nodes apart too.
fn layers(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; count];
    for node in 0..count {
        let above =
            edges.iter().filter(|(from, to)| *from.max(to) == node && from != to).map(|(from, to)| *from.min(to));
        layer[node] = above.map(|one| layer[one] + 1).max().unwrap_or(0);
    }
    // What nothing leads to or from stands at the end; the first of the list is the beginning even so.
    let last = layer.iter().copied().max().unwrap_or(0);
    for (node, place) in layer.iter_mut().enumerate().skip(1) {
        if !edges.iter().any(|(from, to)| *from == node || *to == node) {
            *place = last + usize::from(last == 0);
        }
    }
    layer
}

fn crosses(one: (usize, usize), two: (usize, usize)) -> bool {
    (one.0 < two.0 && one.1 > two.1) || (one.0 > two.0 && one.1 < two.1)
}

fn count<T>(list: &[T]) -> f64 {
    whole(list.len())
}

/// Drawings are small: every number of theirs is exact.
fn whole(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaps(placed: &Placed, sizes: &[(f64, f64)]) -> bool {
        let far = |a: usize, b: usize| {
            let (one, two) = (placed.nodes[a], placed.nodes[b]);
            (one.x - two.x).abs() >= f64::midpoint(sizes[a].0, sizes[b].0) - 1e-6
                || (one.y - two.y).abs() >= f64::midpoint(sizes[a].1, sizes[b].1) - 1e-6
        };
        (0..sizes.len()).any(|a| (a + 1..sizes.len()).any(|b| !far(a, b)))
    }

    #[test]
    fn a_chain_is_a_straight_column() {
        let sizes = [(100.0, 40.0); 4];
        let placed = place(&sizes, &[(0, 1), (1, 2), (2, 3)]);
        assert!(placed.nodes.windows(2).all(|pair| (pair[0].x - pair[1].x).abs() < 1e-6 && pair[0].y < pair[1].y));
        assert!((placed.width - 100.0).abs() < 1e-6);
    }

    #[test]
    fn a_square_has_no_crossing() {
        // 0 and 1 above, 2 and 3 below, each linked to the one that stands across.
        let mut sheet = Sheet::new(&[(50.0, 20.0); 4], &[(0, 3), (1, 2)]);
        sheet.order();
        assert_eq!(sheet.crossings(), 0);
    }

    #[test]
    fn ways_back_lead_up_and_nothing_overlaps() {
        let sizes = [(120.0, 40.0), (90.0, 60.0), (150.0, 40.0), (80.0, 40.0), (80.0, 40.0), (100.0, 40.0)];
        let edges = [(0, 1), (1, 0), (1, 2), (0, 3), (0, 4), (4, 1), (2, 5), (3, 5), (4, 5), (0, 5)];
        let placed = place(&sizes, &edges);
        assert!(!overlaps(&placed, &sizes));
        for ((from, to), bends) in edges.iter().zip(&placed.edges) {
            let (first, last) = (bends[0], bends[bends.len() - 1]);
            assert_eq!(first.y < last.y, from < to, "{from} → {to}");
        }
        let inside = |point: &Point| point.x >= 0.0 && point.x <= placed.width && point.y <= placed.height;
        assert!(placed.edges.iter().flatten().all(inside));
    }

    #[test]
    fn what_stands_alone_stands_below() {
        let placed = place(&[(10.0, 5.0); 4], &[(0, 1), (1, 3)]);
        assert!(placed.nodes[2].y >= placed.nodes[3].y);
    }

    #[test]
    fn one_node_alone_is_a_drawing_too() {
        let placed = place(&[(10.0, 5.0)], &[]);
        assert_eq!((placed.nodes.len(), placed.width, placed.height), (1, 10.0, 5.0));
    }
}
