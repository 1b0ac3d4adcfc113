//! A document while it is made: elements and values with the declarations that they follow.

use crate::rules::Rules;
use crate::rules::sealed::{Branch, ElementId, NameId, NameTest, NamespaceId, Path, SimpleId, TypeId};

/// A name: of the rules, or one that they do not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    Known(NameId),
    Foreign { namespace: String, local: String },
}

impl Name {
    pub(super) fn expanded<'a>(&'a self, rules: &'a Rules) -> (&'a str, &'a str) {
        match self {
            Self::Known(name) => rules.expanded(*name),
            Self::Foreign { namespace, local } => (namespace, local),
        }
    }
}

/// A value with the type that it follows.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    pub(super) text: String,
    pub(super) simple: Option<SimpleId>,
    /// It is the only one possible.
    pub(super) fixed: bool,
}

/// An attribute.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) name: NameId,
    pub(super) value: Literal,
}

/// An element.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: Name,
    pub(super) declaration: Option<ElementId>,
    pub(super) type_id: Option<TypeId>,
    /// The type is named by `xsi:type`.
    pub(super) names_type: bool,
    pub(super) attributes: Vec<Given>,
    pub(super) text: Option<Literal>,
    pub(super) children: Vec<Node>,
    /// Text may stand between the children, so that nothing may be added for looks.
    pub(super) mixed: bool,
}

/// Where a node is: the places of children on the way down.
pub(super) type Way = Vec<usize>;

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) way: Way,
    /// The attribute, or the text of the element.
    pub(super) attribute: Option<usize>,
}

impl Node {
    /// The node at the end of a way.
    pub(super) fn at(&self, way: &[usize]) -> &Node {
        way.iter().fold(self, |node, place| &node.children[*place])
    }

    pub(super) fn at_mut(&mut self, way: &[usize]) -> &mut Node {
        way.iter().fold(self, |node, place| &mut node.children[*place])
    }

    /// The value at a spot.
    pub(super) fn value(&self, spot: &Spot) -> Option<&Literal> {
        let node = self.at(&spot.way);
        match spot.attribute {
            Some(place) => node.attributes.get(place).map(|given| &given.value),
            None => node.text.as_ref(),
        }
    }

    pub(super) fn value_mut(&mut self, spot: &Spot) -> Option<&mut Literal> {
        let node = self.at_mut(&spot.way);
        match spot.attribute {
            Some(place) => node.attributes.get_mut(place).map(|given| &mut given.value),
            None => node.text.as_mut(),
        }
    }

    /// The ways to all nodes, parents first.
    pub(super) fn ways(&self) -> Vec<Way> {
        let mut ways = vec![Vec::new()];
        let mut next = 0;
        while next < ways.len() {
            for place in 0..self.at(&ways[next]).children.len() {
                let mut way = ways[next].clone();
                way.push(place);
                ways.push(way);
            }
            next += 1;
        }
        ways
    }

    /// The spots of all values.
    pub(super) fn spots(&self) -> Vec<Spot> {
        let mut spots = Vec::new();
        for way in self.ways() {
            let node = self.at(&way);
            spots.extend((0..node.attributes.len()).map(|place| Spot { way: way.clone(), attribute: Some(place) }));
            if node.text.is_some() {
                spots.push(Spot { way, attribute: None });
            }
        }
        spots
    }

    /// The elements below the node at `from` that a path leads to.
    pub(super) fn select(&self, rules: &Rules, from: &[usize], path: &Path) -> Vec<Way> {
        let found = path.branches.iter().flat_map(|branch| self.follow(rules, from, branch));
        let mut unique: Vec<Way> = Vec::new();
        for way in found {
            if !unique.contains(&way) {
                unique.push(way);
            }
        }
        unique
    }

    /// The values that a path leads to from the node at `from`.
    pub(super) fn values(&self, rules: &Rules, from: &[usize], path: &Path) -> Vec<Spot> {
        let mut spots = Vec::new();
        for branch in &path.branches {
            for way in self.follow(rules, from, branch) {
                let Some(test) = branch.attribute else {
                    spots.push(Spot { way, attribute: None });
                    continue;
                };
                let named = self.at(&way).attributes.iter().enumerate();
                let taken = named.filter(|(_, given)| takes(rules, test, &Name::Known(given.name)));
                spots.extend(taken.map(|(place, _)| Spot { way: way.clone(), attribute: Some(place) }));
            }
        }
        spots
    }

    fn follow(&self, rules: &Rules, from: &[usize], branch: &Branch) -> Vec<Way> {
        let mut here = vec![from.to_vec()];
        if branch.anywhere {
            let mut next = 0;
            while next < here.len() {
                for place in 0..self.at(&here[next]).children.len() {
                    let mut way = here[next].clone();
                    way.push(place);
                    here.push(way);
                }
                next += 1;
            }
        }
        for test in &branch.steps {
            let mut below = Vec::new();
            for way in here {
                for (place, child) in self.at(&way).children.iter().enumerate() {
                    if takes(rules, *test, &child.name) {
                        let mut way = way.clone();
                        way.push(place);
                        below.push(way);
                    }
                }
            }
            here = below;
        }
        here
    }
}

fn takes(rules: &Rules, test: NameTest, name: &Name) -> bool {
    match name {
        Name::Known(id) => {
            let (uri, _) = rules.expanded(*id);
            test.takes(rules.namespace_id(uri), *id)
        }
        Name::Foreign { namespace, .. } => {
            let namespace = rules.namespace_id(namespace);
            namespace != NamespaceId::UNKNOWN && test.takes(namespace, NameId::UNKNOWN) || test == NameTest::Any
        }
    }
}
