//! Whether restricted content is narrower than its base (`derivation-ok-restriction.5`, `cos-particle-restrict`): particle
//! against particle, by the table of XML Schema Part 1, section 3.9.6.

use std::collections::HashMap;
use std::rc::Rc;

use super::attribute::equal_values;
use super::compiler::Compiler;
use super::complex::ShapeContent;
use super::glushkov::emptiable;
use super::restriction::{strictness, subset};
use crate::rules::draft::{ANY_TYPE, ComplexId, Derivations, ElementId, TypeId, Wildcard, WildcardId};
use crate::rules::{Particle, Term};

/// Members of substitution groups that are written out at most where one content model is compared with another.
pub(super) const MEMBERS_MAX: usize = 1_000_000;

/// Why one particle does not narrow another: the case of the table that refuses it.
type Refusal = &'static str;

/// A particle without groups that make no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plain {
    min: u32,
    /// `u32::MAX`: any number.
    max: u32,
    kind: PlainKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PlainKind {
    Element(ElementId),
    Wildcard(WildcardId),
    Group(Order, Rc<[Plain]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Sequence,
    Choice,
    All,
}

impl Plain {
    /// Occurrence Range OK.
    fn within(&self, base: &Plain) -> bool {
        range_ok((self.min, self.max), (base.min, base.max))
    }

    fn emptiable(&self) -> bool {
        self.min == 0
            || match &self.kind {
                PlainKind::Group(Order::Choice, members) => members.iter().any(Plain::emptiable),
                PlainKind::Group(_, members) => members.iter().all(Plain::emptiable),
                _ => false,
            }
    }

    /// Effective Total Range.
    fn total(&self) -> (u32, u32) {
        let PlainKind::Group(order, members) = &self.kind else { return (self.min, self.max) };
        // Each once: walked again at every level, groups inside one another would cost two to the power of their depth.
        let ranges = members.iter().map(Plain::total);
        let (least, most) = match order {
            Order::Choice => ranges.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))).unwrap_or_default(),
            _ => ranges.fold((0_u32, 0_u32), |(least, most), range| {
                (least.saturating_add(range.0), most.saturating_add(range.1))
            }),
        };
        (times(self.min, least), times(self.max, most))
    }
}

fn times(left: u32, right: u32) -> u32 {
    left.saturating_mul(right)
}

fn range_ok(narrow: (u32, u32), wide: (u32, u32)) -> bool {
    narrow.0 >= wide.0 && narrow.1 <= wide.1
}

impl<'d> Compiler<'d> {
    /// Checks the content of every type that restricts another.
    pub(super) fn check_restrictions(&mut self) {
        for index in 0..self.shapes.len() {
            let definition = &self.draft.complex_types[index];
            let TypeId::Complex(base) = definition.base else { continue };
            if definition.extends || base == ANY_TYPE || base == ComplexId::at(index) {
                continue;
            }
            if let (Some(item), Err((constraint, text))) = (self.complex_items[index], self.narrows(index, base)) {
                self.fault(item, constraint, text);
            }
        }
    }

    /// Whether one particle lets in only what another does; else the case of the table that says no.
    pub(super) fn restricts_particle(&self, own: &Particle, base: &Particle) -> Result<(), Refusal> {
        let mut writer = Writer::new(self);
        match (writer.plain(own), writer.plain(base)) {
            _ if writer.members_left == 0 => Err("too many members of substitution groups"),
            (Some(own), Some(base)) => self.restricts(&own, &base),
            (None, _) => {
                if emptiable(base) {
                    Ok(())
                } else {
                    Err("the base cannot be empty")
                }
            }
            (Some(_), None) => Err("the base is empty"),
        }
    }

    fn narrows(&self, index: usize, base: ComplexId) -> Result<(), (&'static str, String)> {
        let (own, base) = (&self.shapes[index].content, &self.shapes[base.index()].content);
        match (own, base) {
            // Judged where the content was derived.
            (ShapeContent::Simple(_), _) => Ok(()),
            (ShapeContent::Particles { .. }, ShapeContent::Simple(_)) => {
                Err(("derivation-ok-restriction.5.3", "simple content cannot be restricted to elements".to_owned()))
            }
            (
                ShapeContent::Particles { mixed, particle },
                ShapeContent::Particles { mixed: base_mixed, particle: base_particle },
            ) => {
                if *mixed && !base_mixed {
                    let text = "mixed content cannot restrict content that is not mixed";
                    return Err(("derivation-ok-restriction.5.4.1.2", text.to_owned()));
                }
                let mut writer = Writer::new(self);
                let own = particle.as_ref().and_then(|particle| writer.plain(particle));
                let base_plain = base_particle.as_ref().and_then(|particle| writer.plain(particle));
                if writer.members_left == 0 {
                    let text = format!(
                        "to compare the content with the base type's, more than {MEMBERS_MAX} members of substitution \
                         groups would have to be written out"
                    );
                    return Err(("schema-too-large", text));
                }
                let Some(own) = own else {
                    let may_be_empty = base_particle.as_ref().is_none_or(emptiable);
                    let text = "the base type's content cannot be empty".to_owned();
                    return if may_be_empty { Ok(()) } else { Err(("derivation-ok-restriction.5.3.2", text)) };
                };
                let Some(base) = base_plain else {
                    return Err(("derivation-ok-restriction.5.4.2", "the base type's content is empty".to_owned()));
                };
                self.restricts(&own, &base).map_err(|case| {
                    let text = format!("the content lets in something that the base type's does not ({case})");
                    ("derivation-ok-restriction.5.4.2", text)
                })
            }
        }
    }

    /// The table.
    fn restricts(&self, own: &Plain, base: &Plain) -> Result<(), Refusal> {
        use PlainKind::{Element, Group, Wildcard};
        if own == base {
            return Ok(());
        }
        match (&own.kind, &base.kind) {
            (Element(left), Element(right)) => self.name_and_type(own, *left, base, *right),
            (Element(element), Wildcard(wildcard)) => self.element_in_wildcard(own, *element, base, *wildcard),
            (Element(_), Group(order, _)) => {
                let lone = Plain { min: 1, max: 1, kind: Group(*order, [own.clone()].into()) };
                self.groups(&lone, *order, std::slice::from_ref(own), base)
            }
            (Wildcard(left), Wildcard(right)) => self.wildcards(own, *left, base, *right),
            (Wildcard(_), _) => Err("a wildcard cannot restrict this"),
            (Group(_, members), Wildcard(_)) => {
                if !range_ok(own.total(), (base.min, base.max)) {
                    return Err("rcase-NSRecurseCheckCardinality.2");
                }
                // Only what may occur is compared: how often has been looked at for the group as a whole.
                let base = Plain { min: 0, max: u32::MAX, ..base.clone() };
                members.iter().try_for_each(|member| self.restricts(member, &base))
            }
            (Group(order, members), Group(..)) => self.groups(own, *order, members, base),
            (Group(..), Element(_)) => Err("a group cannot restrict an element"),
        }
    }

    /// Group against group.
    fn groups(&self, own: &Plain, order: Order, members: &[Plain], base: &Plain) -> Result<(), Refusal> {
        let PlainKind::Group(base_order, base_members) = &base.kind else { return Err("not a group") };
        match (order, base_order) {
            (Order::All, Order::All) | (Order::Sequence, Order::Sequence) => {
                self.recurse(own, members, base, base_members, true)
            }
            (Order::Choice, Order::Choice) => self.recurse(own, members, base, base_members, false),
            (Order::Sequence, Order::All) => self.recurse_unordered(own, members, base, base_members),
            (Order::Sequence, Order::Choice) => self.map_and_sum(own, members, base, base_members),
            _ => Err("this kind of group cannot restrict that one"),
        }
    }

    /// Recurse and `RecurseLax`: members in the same order; with `complete`, those left out must be emptiable.
    fn recurse(
        &self,
        own: &Plain,
        members: &[Plain],
        base: &Plain,
        base_members: &[Plain],
        complete: bool,
    ) -> Result<(), Refusal> {
        if !own.within(base) {
            return Err(if complete { "rcase-Recurse.1" } else { "rcase-RecurseLax.1" });
        }
        let mut next = 0;
        for member in members {
            loop {
                let Some(candidate) = base_members.get(next) else {
                    return Err(if complete { "rcase-Recurse.2" } else { "rcase-RecurseLax.2" });
                };
                next += 1;
                match self.restricts(member, candidate) {
                    Ok(()) => break,
                    Err(_) if !complete || candidate.emptiable() => {}
                    Err(case) => return Err(case),
                }
            }
        }
        let left_out = base_members[next..].iter().all(Plain::emptiable);
        if complete && !left_out { Err("rcase-Recurse.2.2") } else { Ok(()) }
    }

    fn recurse_unordered(
        &self,
        own: &Plain,
        members: &[Plain],
        base: &Plain,
        base_members: &[Plain],
    ) -> Result<(), Refusal> {
        if !own.within(base) {
            return Err("rcase-RecurseUnordered.1");
        }
        let mut taken = vec![false; base_members.len()];
        for member in members {
            let free = base_members
                .iter()
                .enumerate()
                .find(|(index, candidate)| !taken[*index] && self.restricts(member, candidate).is_ok());
            match free {
                Some((index, _)) => taken[index] = true,
                None => return Err("rcase-RecurseUnordered.2"),
            }
        }
        let left_out = base_members.iter().zip(&taken).all(|(candidate, taken)| *taken || candidate.emptiable());
        if left_out { Ok(()) } else { Err("rcase-RecurseUnordered.2.3") }
    }

    fn map_and_sum(&self, own: &Plain, members: &[Plain], base: &Plain, base_members: &[Plain]) -> Result<(), Refusal> {
        let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
        if !range_ok((times(own.min, count), times(own.max, count)), (base.min, base.max)) {
            return Err("rcase-MapAndSum.2");
        }
        let maps = |member: &Plain| base_members.iter().any(|candidate| self.restricts(member, candidate).is_ok());
        if members.iter().all(maps) { Ok(()) } else { Err("rcase-MapAndSum.1") }
    }

    fn name_and_type(&self, own: &Plain, left: ElementId, base: &Plain, right: ElementId) -> Result<(), Refusal> {
        let (element, wide) = (&self.draft.elements[left.index()], &self.draft.elements[right.index()]);
        if element.name != wide.name {
            return Err("rcase-NameAndTypeOK.1");
        }
        if !own.within(base) {
            return Err("rcase-NameAndTypeOK.2");
        }
        if element.global && wide.global {
            return Ok(());
        }
        if element.nillable && !wide.nillable {
            return Err("rcase-NameAndTypeOK.3.2.1");
        }
        if let Some(fixed) = wide.constraint.as_ref().filter(|constraint| constraint.fixed) {
            let same = element.constraint.as_ref().is_some_and(|own| own.fixed && equal_values(own, fixed));
            if !same {
                return Err("rcase-NameAndTypeOK.3.2.2");
            }
        }
        if !element.identities.iter().all(|identity| wide.identities.contains(identity)) {
            return Err("rcase-NameAndTypeOK.3.2.3");
        }
        let blocks = element.block.join(wide.block) == element.block;
        if !blocks {
            return Err("rcase-NameAndTypeOK.3.2.4");
        }
        let forbidden = Derivations { extension: true, list: true, union: true, ..Derivations::default() };
        match self.ways(element.type_id, wide.type_id) {
            Some(ways) if !ways.meets(forbidden) => Ok(()),
            _ => Err("rcase-NameAndTypeOK.3.2.5"),
        }
    }

    fn element_in_wildcard(
        &self,
        own: &Plain,
        element: ElementId,
        base: &Plain,
        wildcard: WildcardId,
    ) -> Result<(), Refusal> {
        let namespace = self.draft.names.namespace_of(self.draft.elements[element.index()].name);
        if !self.draft.wildcards[wildcard.index()].namespaces.allows(namespace) {
            return Err("rcase-NSCompat.1");
        }
        if own.within(base) { Ok(()) } else { Err("rcase-NSCompat.2") }
    }

    fn wildcards(&self, own: &Plain, left: WildcardId, base: &Plain, right: WildcardId) -> Result<(), Refusal> {
        let wildcard = |id: WildcardId| -> &Wildcard { &self.draft.wildcards[id.index()] };
        if !own.within(base) {
            return Err("rcase-NSSubset.1");
        }
        if !subset(&wildcard(left).namespaces, &wildcard(right).namespaces) {
            return Err("rcase-NSSubset.2");
        }
        if strictness(wildcard(left).process) < strictness(wildcard(right).process) {
            return Err("rcase-NSSubset.3");
        }
        Ok(())
    }
}

/// Writes particles plain, the members of each substitution group once.
struct Writer<'c, 'd> {
    compiler: &'c Compiler<'d>,
    groups: HashMap<ElementId, Rc<[Plain]>>,
    /// Members of substitution groups that may still be written; with none left, what has been written is not whole.
    members_left: usize,
}

impl<'c, 'd> Writer<'c, 'd> {
    fn new(compiler: &'c Compiler<'d>) -> Self {
        Self { compiler, groups: HashMap::new(), members_left: MEMBERS_MAX }
    }

    /// The particle without pointless groups; `None` where nothing is left.
    fn plain(&mut self, particle: &Particle) -> Option<Plain> {
        let max = particle.max.unwrap_or(u32::MAX);
        let (order, parts) = match &particle.term {
            Term::Element(id) => return Some(Plain { min: particle.min, max, kind: self.plain_element(*id) }),
            Term::Wildcard(id) => return Some(Plain { min: particle.min, max, kind: PlainKind::Wildcard(*id) }),
            Term::Sequence(parts) => (Order::Sequence, parts),
            Term::Choice(parts) => (Order::Choice, parts),
            Term::All(parts) => (Order::All, parts),
        };
        let mut members: Vec<Plain> = Vec::new();
        for part in parts {
            match self.plain(part) {
                // A group of the same order that occurs once dissolves into the one around it.
                Some(Plain { min: 1, max: 1, kind: PlainKind::Group(inner, inside) })
                    if inner == order && order != Order::All =>
                {
                    let is_head = matches!(part.term, Term::Element(_));
                    if !is_head || self.spend(inside.len()) {
                        members.extend_from_slice(&inside);
                    }
                }
                Some(member) => members.push(member),
                None => {}
            }
        }
        let once = (particle.min, max) == (1, 1);
        if members.is_empty() && (order != Order::Choice || particle.min == 0 || !parts.is_empty()) {
            return None;
        }
        if once && members.len() == 1 {
            return members.pop();
        }
        Some(Plain { min: particle.min, max, kind: PlainKind::Group(order, members.into()) })
    }

    /// An element that others may stand for is a choice among them.
    fn plain_element(&mut self, head: ElementId) -> PlainKind {
        let Some(substitutes) = self.compiler.shared.substitutes.get(&head) else { return PlainKind::Element(head) };
        if let Some(known) = self.groups.get(&head) {
            return PlainKind::Group(Order::Choice, known.clone());
        }
        if !self.spend(substitutes.len() + 1) {
            return PlainKind::Element(head);
        }
        let member = |id: &ElementId| Plain { min: 1, max: 1, kind: PlainKind::Element(*id) };
        // One order for every group in which the same elements meet, for a choice is compared in order.
        let mut members: Vec<&ElementId> = std::iter::once(&head).chain(substitutes).collect();
        members.sort_unstable();
        let members: Rc<[Plain]> = members.into_iter().map(member).collect();
        self.groups.insert(head, members.clone());
        PlainKind::Group(Order::Choice, members)
    }

    fn spend(&mut self, members: usize) -> bool {
        self.members_left = self.members_left.saturating_sub(members);
        self.members_left > 0
    }
}
