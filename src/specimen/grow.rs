//! Growing: from a declaration to a tree of elements, attributes and values that follow it, one part after the other.

use super::cost::{Costs, ENDLESS};
use super::lexicon::{Occasion, Voice};
use super::tree::{Given, Literal, Name, Node};
use super::value::{REFERENCE, Values};
use super::wish::{Frame, Wish};
use super::{Extent, Impossible};
use crate::random::Random;
use crate::rules::sealed::{
    AttributeUse, Content, ElementId, IdentityKind, NameId, NameTest, Namespaces, Path, SimpleId, TypeId, WildcardId,
};
use crate::rules::{Particle, Process, Rules, Term};
use crate::xml::XML_NAMESPACE;

/// Elements of a specimen at most.
const NODES_MAX: usize = 200_000;
/// Elements that are open at the same time at most.
const DEPTH_MAX: usize = 2_000;
/// From so many elements on, or so deep, optional parts are left out.
const NODES_FULL_MAX: usize = 3_000;
const DEPTH_FULL_MAX: usize = 24;
/// Inside itself a type occurs in full so many times.
const NESTED_MAX: usize = 2;
/// Occurrences of what may be repeated.
const REPEATED: u32 = 2;
/// The namespace of elements that no schema declares.
const FOREIGN: &str = "urn:example:any";
/// So often something is said that a type may take.
const SAID_MAX: usize = 4;

/// Grows trees.
#[derive(Debug)]
pub(super) struct Grower<'r, 'w> {
    rules: &'r Rules,
    extent: Extent,
    costs: Costs,
    pub(super) values: Values<'r>,
    /// Who says what people write, where somebody does.
    pub(super) voice: Option<Voice<'w>>,
    /// The elements that are open, each with the turn of what stands in it.
    around: Vec<(NameId, usize)>,
    pub(super) omitted: Vec<String>,
    nodes: usize,
    /// The types that are open.
    open: Vec<TypeId>,
    /// Names on the paths of the keys that are open: what they lead to has to be there.
    wanted: Vec<NameId>,
    /// Names on the paths of identity constraints that are open: there has to be one only.
    single: Vec<NameId>,
    /// What the open elements must hold.
    frames: Vec<Frame<'w>>,
    /// Later attempts put what references lead to into minimal documents, and leave references out of full ones.
    attempt: u64,
}

impl<'r, 'w> Grower<'r, 'w> {
    pub(super) fn new(rules: &'r Rules, extent: Extent, random: Random, attempt: u64) -> Self {
        Self {
            rules,
            extent,
            costs: Costs::of(rules),
            values: Values::new(rules, extent, random),
            voice: None,
            around: Vec::new(),
            omitted: Vec::new(),
            nodes: 0,
            open: Vec::new(),
            wanted: Vec::new(),
            single: Vec::new(),
            frames: Vec::new(),
            attempt,
        }
    }

    /// The tree of a root element; where it is abstract, of one that may stand for it.
    pub(super) fn root(&mut self, element: ElementId, wish: Option<&'w Wish>) -> Result<Node, Impossible> {
        let standing = self.costs.standing_for(self.rules, element);
        let Some(element) = standing.first() else {
            return Err(Impossible::of(self.rules, element, "it is abstract, and no element stands for it"));
        };
        self.wished(*element, self.extent, wish)
    }

    fn random(&mut self) -> &mut Random {
        &mut self.values.random
    }

    fn element(&mut self, id: ElementId, extent: Extent) -> Result<Node, Impossible> {
        let name = self.rules.element_declaration(id).name;
        let wish = self.frames.last_mut().and_then(|frame| frame.take(self.rules, name));
        self.wished(id, extent, wish)
    }

    /// An element that must hold what is wished.
    fn wished(&mut self, id: ElementId, extent: Extent, wish: Option<&'w Wish>) -> Result<Node, Impossible> {
        let declaration = self.rules.element_declaration(id);
        self.nodes += 1;
        if self.nodes > NODES_MAX || self.open.len() > DEPTH_MAX {
            return Err(Impossible::of(self.rules, id, "a document with it would be too large or too deep"));
        }
        let type_id = self.type_of(id, extent)?;
        let (wanted, single) = (self.wanted.len(), self.single.len());
        self.want(id);
        let nested = self.open.iter().filter(|open| **open == type_id).count();
        let too_large = self.nodes > NODES_FULL_MAX
            || self.open.len() > DEPTH_FULL_MAX
            || nested >= NESTED_MAX && is_complex(type_id);
        let extent = if too_large { Extent::Minimal } else { extent };
        let mut node = Node {
            name: Name::Known(declaration.name),
            declaration: Some(id),
            type_id: Some(type_id),
            names_type: type_id != declaration.type_id,
            attributes: Vec::new(),
            text: None,
            children: Vec::new(),
            mixed: false,
        };
        let turn = self.voice.as_mut().map_or(0, Voice::turn);
        self.around.push((declaration.name, turn));
        self.open.push(type_id);
        self.frames.push(Frame::of(wish));
        let grown = self.fill(&mut node, id, type_id, extent);
        let left = self.frames.pop().and_then(|frame| frame.left());
        self.around.pop();
        self.open.pop();
        self.wanted.truncate(wanted);
        self.single.truncate(single);
        grown?;
        match left {
            None => Ok(node),
            Some(left) => Err(Impossible::of(self.rules, id, &format!("there is no place for {left} in it"))),
        }
    }

    /// The type of an element: its own, or one that stands in for an abstract one.
    fn type_of(&mut self, id: ElementId, extent: Extent) -> Result<TypeId, Impossible> {
        let types = self.costs.types_of(self.rules, id);
        if let [only] = types[..] {
            return if self.costs.of_type(only) == ENDLESS {
                Err(Impossible::of(
                    self.rules,
                    id,
                    "it can have no finite content: it must hold itself, or something that nothing can be",
                ))
            } else {
                Ok(only)
            };
        }
        let mut finite: Vec<TypeId> = types.into_iter().filter(|id| self.costs.of_type(*id) != ENDLESS).collect();
        finite.sort_by_key(|id| self.costs.of_type(*id));
        let place = if extent == Extent::Full { self.random().below(finite.len()) } else { 0 };
        let none = || Impossible::of(self.rules, id, "its type is abstract, and no named type derives from it");
        finite.get(place).copied().ok_or_else(none)
    }

    fn fill(&mut self, node: &mut Node, id: ElementId, type_id: TypeId, extent: Extent) -> Result<(), Impossible> {
        let declaration = self.rules.element_declaration(id);
        let fixed = declaration.constraint.as_ref().filter(|constraint| constraint.fixed);
        let content = match type_id {
            TypeId::Simple(simple) => Content::Simple(simple),
            TypeId::Complex(complex) => {
                let definition = self.rules.complex(complex);
                let set = self.rules.attribute_set(definition.attributes);
                for attribute in &set.uses {
                    node.attributes.extend(self.attribute(attribute, extent)?);
                }
                definition.content
            }
        };
        match (content, fixed) {
            (Content::Simple(simple), Some(fixed)) => {
                // A name with a prefix means what it meant in the schema; left empty, it is supplied.
                let text = if self.values.is_name(simple) { String::new() } else { fixed.literal.to_string() };
                node.text = Some(Literal { text, simple: Some(simple), fixed: true });
            }
            (Content::Simple(simple), None) => {
                node.text = Some(match self.frames.last().and_then(Frame::text) {
                    Some(wished) => Literal { text: wished.to_owned(), simple: Some(simple), fixed: true },
                    None => {
                        let text = self.drawn(declaration.name, simple, self.around.len().saturating_sub(1))?;
                        Literal { text, simple: Some(simple), fixed: false }
                    }
                });
            }
            (Content::Mixed(_), Some(fixed)) => {
                node.mixed = true;
                node.text = Some(Literal { text: fixed.literal.to_string(), simple: None, fixed: true });
            }
            (Content::Empty, _) => {}
            (Content::Elements(model), _) => {
                let particle = &self.rules.model(model).particle;
                self.particle(particle, extent, &mut node.children)?;
            }
            (Content::Mixed(model), None) => {
                node.mixed = true;
                if extent == Extent::Full {
                    node.text = Some(Literal { text: "образец".to_owned(), simple: None, fixed: false });
                }
                let particle = &self.rules.model(model).particle;
                // What may be anything at all is left at that.
                if !is_anything(type_id) {
                    self.particle(particle, extent, &mut node.children)?;
                }
            }
        }
        Ok(())
    }

    fn attribute(&mut self, attribute: &AttributeUse, extent: Extent) -> Result<Option<Given>, Impossible> {
        let wished = self.frames.last().and_then(|frame| frame.attribute(self.rules, attribute.name));
        let asked = attribute.required || wished.is_some() || self.wanted.contains(&attribute.name);
        if !asked && extent == Extent::Minimal {
            return Ok(None);
        }
        let declaration = self.rules.attribute(attribute.declaration);
        let simple = declaration.simple;
        let constraint = attribute.constraint.as_ref().or(declaration.constraint.as_ref());
        let fixed = constraint.filter(|constraint| constraint.fixed);
        let literal = match fixed {
            Some(fixed) if self.values.is_name(simple) && !attribute.required => {
                let _ = fixed;
                return Ok(None);
            }
            Some(fixed) => Ok(Literal { text: fixed.literal.to_string(), simple: Some(simple), fixed: true }),
            None if wished.flatten().is_some() => {
                Ok(Literal { text: wished.flatten().unwrap_or_default().to_owned(), simple: Some(simple), fixed: true })
            }
            None => self.drawn(attribute.name, simple, self.around.len()).map(|text| Literal {
                text,
                simple: Some(simple),
                fixed: false,
            }),
        };
        match literal {
            // Later attempts do without references, for there may be nothing to refer to.
            Ok(value) if value.text.contains(REFERENCE) && !attribute.required && self.attempt > 3 => Ok(None),
            Ok(value) => Ok(Some(Given { name: attribute.name, value })),
            Err(impossible) if attribute.required => Err(impossible),
            Err(impossible) => {
                self.omit(&impossible);
                Ok(None)
            }
        }
    }

    /// A value of a type: what people write there, or else any. So many of the open elements are around it.
    fn drawn(&mut self, name: NameId, simple: SimpleId, around: usize) -> Result<String, Impossible> {
        for _ in 0..SAID_MAX {
            let Some(said) = self.said(name, simple, around) else { break };
            if let Some(text) = self.values.fitting(simple, &said) {
                return Ok(text);
            }
        }
        self.values.draw(simple)
    }

    fn said(&mut self, name: NameId, simple: SimpleId, around: usize) -> Option<String> {
        let (voice, rules) = (self.voice.as_mut()?, self.rules);
        let around = self.around.get(..around)?;
        let (type_name, _) = rules.simple_words(simple);
        let within: Vec<&str> = around.iter().map(|(name, _)| rules.expanded(*name).1).collect();
        let turn = around.last().map_or(0, |(_, turn)| *turn);
        voice.say(Occasion { name: rules.expanded(name).1, type_name: &type_name, within: &within, turn })
    }

    fn omit(&mut self, impossible: &Impossible) {
        let told = impossible.to_string();
        if !self.omitted.contains(&told) {
            self.omitted.push(told);
        }
    }

    /// As many occurrences of a particle as fit the extent.
    fn particle(&mut self, particle: &Particle, extent: Extent, into: &mut Vec<Node>) -> Result<(), Impossible> {
        let usual = match extent {
            Extent::Minimal if particle.min == 0 && self.mentions(particle) => 1,
            Extent::Minimal => 0,
            Extent::Full => match &particle.term {
                Term::Choice(parts) if particle.max != Some(1) => u32::try_from(parts.len()).unwrap_or(REPEATED),
                Term::Element(id) if self.single.contains(&self.rules.element_declaration(*id).name) => 1,
                _ => REPEATED,
            },
        };
        let most = particle.max.unwrap_or(u32::MAX);
        let count = particle.min.max(usual.min(most));
        let start = self.random().below(1 << 16);
        let mut number = 0;
        loop {
            let (before, waiting) = (into.len(), self.waiting(&particle.term));
            if number >= count && (waiting == 0 || number >= most) {
                break;
            }
            let mark = self.frames.last().map(Frame::mark);
            let grown = if number >= particle.min && self.costs.term(self.rules, &particle.term) == ENDLESS {
                break;
            } else {
                self.term(&particle.term, extent, start.wrapping_add(number as usize), into)
            };
            match grown {
                Ok(()) => {}
                Err(impossible) if number >= particle.min => {
                    into.truncate(before);
                    self.back_to(mark);
                    self.omit(&impossible);
                    break;
                }
                Err(impossible) => return Err(impossible),
            }
            number += 1;
            if number > count && self.waiting(&particle.term) == waiting {
                break;
            }
        }
        Ok(())
    }

    fn back_to(&mut self, mark: Option<Vec<bool>>) {
        if let (Some(frame), Some(mark)) = (self.frames.last_mut(), mark) {
            frame.back_to(mark);
        }
    }

    /// How many of the wished children a term has a place for.
    fn waiting(&self, term: &Term) -> usize {
        let Some(frame) = self.frames.last().filter(|frame| frame.is_waiting()) else { return 0 };
        match term {
            Term::Element(head) => {
                let standing = self.costs.standing_for(self.rules, *head).into_iter();
                standing.map(|id| frame.count(self.rules, self.rules.element_declaration(id).name)).sum()
            }
            Term::Wildcard(_) => 0,
            Term::Sequence(parts) | Term::All(parts) | Term::Choice(parts) => {
                parts.iter().map(|part| self.waiting(&part.term)).sum()
            }
        }
    }

    fn term(&mut self, term: &Term, extent: Extent, turn: usize, into: &mut Vec<Node>) -> Result<(), Impossible> {
        match term {
            Term::Element(head) => {
                let mut standing = self.costs.standing_for(self.rules, *head);
                standing.retain(|id| self.costs.of_element(self.rules, *id) != ENDLESS);
                if extent == Extent::Minimal {
                    standing.sort_by_key(|id| self.costs.of_element(self.rules, *id));
                }
                if let Some(frame) = self.frames.last() {
                    let waits = |id: &ElementId| frame.count(self.rules, self.rules.element_declaration(*id).name) > 0;
                    if standing.iter().any(waits) {
                        standing.retain(waits);
                    }
                }
                let place = if extent == Extent::Full { turn % standing.len().max(1) } else { 0 };
                let Some(id) = standing.get(place) else {
                    let reason = "it is abstract or has no end, and no element stands for it";
                    return Err(Impossible::of(self.rules, *head, reason));
                };
                let node = self.element(*id, extent)?;
                if self.refers_in_vain(&node) {
                    return Err(Impossible::of(self.rules, *id, "there is no ID that it could refer to"));
                }
                into.push(node);
                Ok(())
            }
            Term::Wildcard(wildcard) => {
                let node = self.foreign(*wildcard, extent)?;
                into.push(node);
                Ok(())
            }
            Term::Sequence(parts) | Term::All(parts) => {
                parts.iter().try_for_each(|part| self.particle(part, extent, into))
            }
            Term::Choice(parts) => self.choice(parts, extent, turn, into),
        }
    }

    /// One branch: the cheapest, or of a full document the one whose turn it is; where it cannot be made, another.
    fn choice(
        &mut self,
        parts: &[Particle],
        extent: Extent,
        turn: usize,
        into: &mut Vec<Node>,
    ) -> Result<(), Impossible> {
        let mut order: Vec<(bool, u64, usize)> = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let cost = match self.costs.particle(self.rules, part) {
                // In a full document a branch is there to be seen.
                0 if extent == Extent::Full && part.max != Some(0) => self.costs.term(self.rules, &part.term),
                cost => cost,
            };
            order.push((!self.mentions(part), cost, place));
        }
        order.retain(|(_, cost, _)| *cost != ENDLESS);
        if extent == Extent::Full {
            let start = turn % order.len().max(1);
            order.rotate_left(start);
        } else {
            order.sort_unstable();
        }
        // The branch with places for most of what is wished comes first.
        order.sort_by_key(|(.., place)| std::cmp::Reverse(self.waiting(&parts[*place].term)));
        let before = into.len();
        let mark = self.frames.last().map(Frame::mark);
        let mut failed = None;
        for (.., place) in order {
            match self.particle(&parts[place], extent, into) {
                Ok(()) => return Ok(()),
                Err(impossible) => {
                    into.truncate(before);
                    self.back_to(mark.clone());
                    failed = failed.or(Some(impossible));
                }
            }
        }
        let reason = "no branch of a choice can be made".to_owned();
        Err(failed.unwrap_or(Impossible { component: self.here(), reason }))
    }

    /// Whether a minimal document needs a part because a key leads into it.
    fn mentions(&self, particle: &Particle) -> bool {
        if self.wanted.is_empty() || particle.max == Some(0) {
            return false;
        }
        match &particle.term {
            Term::Element(id) => self.wanted.contains(&self.rules.element_declaration(*id).name),
            Term::Wildcard(_) => false,
            Term::Sequence(parts) | Term::All(parts) | Term::Choice(parts) => {
                parts.iter().any(|part| self.mentions(part))
            }
        }
    }

    /// Remembers the names on the paths of an element's identity constraints.
    fn want(&mut self, id: ElementId) {
        for identity in &self.rules.element_declaration(id).identities {
            let identity = self.rules.identity(*identity);
            self.single.extend(identity.fields.iter().flat_map(names));
            match identity.kind {
                IdentityKind::Key => self.wanted.extend(identity.fields.iter().flat_map(names)),
                IdentityKind::Keyref(key) if self.attempt > 0 => {
                    let key = self.rules.identity(key);
                    self.wanted.extend(key.fields.iter().chain([&key.selector]).flat_map(names));
                }
                IdentityKind::Keyref(_) | IdentityKind::Unique => {}
            }
        }
    }

    /// Whether the text of an element is a reference that later attempts do without.
    fn refers_in_vain(&self, node: &Node) -> bool {
        self.attempt > 3 && node.text.as_ref().is_some_and(|value| value.text.contains(REFERENCE))
    }

    /// An element that a wildcard lets in.
    fn foreign(&mut self, id: WildcardId, extent: Extent) -> Result<Node, Impossible> {
        let wildcard = self.rules.wildcard(id);
        if wildcard.process == Process::Strict {
            let mut declared = self.costs.let_in(self.rules, id);
            declared.retain(|id| self.costs.of_element(self.rules, *id) != ENDLESS);
            declared.sort_by_key(|id| self.costs.of_element(self.rules, *id));
            let place = if extent == Extent::Full { self.random().below(declared.len()) } else { 0 };
            if let Some(id) = declared.get(place) {
                return self.element(*id, Extent::Minimal);
            }
        }
        let namespace = match &wildcard.namespaces {
            Namespaces::Any | Namespaces::Not(_) => Some(FOREIGN.to_owned()),
            Namespaces::List(list) => {
                let uris = list.iter().map(|namespace| self.rules.uri(*namespace));
                uris.filter(|uri| *uri != XML_NAMESPACE).map(str::to_owned).next()
            }
        };
        let Some(namespace) = namespace else {
            let reason = "it lets no namespace in".to_owned();
            return Err(Impossible { component: format!("wildcard in {}", self.here()), reason });
        };
        self.nodes += 1;
        let names = (0..).map(|number: u32| if number == 0 { "any".to_owned() } else { format!("any{number}") });
        let local = names.into_iter().find(|name| self.rules.element(&namespace, name).is_none()).unwrap_or_default();
        let names_type = wildcard.process == Process::Strict;
        let simple = SimpleId::named("string").filter(|_| names_type);
        Ok(Node {
            name: Name::Foreign { namespace, local },
            declaration: None,
            type_id: simple.map(TypeId::Simple),
            names_type,
            attributes: Vec::new(),
            text: None,
            children: Vec::new(),
            mixed: true,
        })
    }

    /// The type that is being filled, in words.
    fn here(&self) -> String {
        let Some(id) = self.open.last() else { return "the root".to_owned() };
        let name = self.rules.type_name(*id);
        let place = self.rules.type_place(*id);
        if name.is_empty() { format!("a type ({place})") } else { format!("type {name} ({place})") }
    }
}

/// The names on a path.
fn names(path: &Path) -> impl Iterator<Item = NameId> {
    let tests = path.branches.iter().flat_map(|branch| branch.steps.iter().chain(&branch.attribute));
    tests.filter_map(|test| match test {
        NameTest::Name(name) => Some(*name),
        NameTest::Any | NameTest::Namespace(_) => None,
    })
}

fn is_complex(id: TypeId) -> bool {
    matches!(id, TypeId::Complex(_))
}

fn is_anything(id: TypeId) -> bool {
    id == TypeId::Complex(crate::rules::sealed::ANY_TYPE)
}
