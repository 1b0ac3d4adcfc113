//! Particles: elements, wildcards and model groups with their occurrence bounds.

use super::compiler::Compiler;
use super::globals::Kind;
use super::order::order;
use super::tree::Item;
use crate::rules::draft::{WildcardId, whole};
use crate::rules::{Particle, Term};

/// Particles of one content model at most, named groups written out.
pub(super) const PARTICLES_MAX: usize = 200_000;

/// Particles of all content models of a set at most.
pub(super) const PARTICLES_OF_SET_MAX: usize = 10_000_000;
/// Groups inside one another at most, named ones written out. Nobody reads content that is nested as deep.
const DEPTH_MAX: usize = 300;

/// A named model group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) term: Term,
    pub(super) size: usize,
}

/// Particles in a term, itself included.
pub(super) fn size(term: &Term) -> usize {
    match term {
        Term::Element(_) | Term::Wildcard(_) => 1,
        Term::Sequence(parts) | Term::Choice(parts) | Term::All(parts) => {
            1 + parts.iter().map(|part| size(&part.term)).sum::<usize>()
        }
    }
}

fn too_many_particles() -> String {
    format!("the content model has more than {PARTICLES_MAX} particles, those of groups counted wherever they are used")
}

/// How deep the groups in a term are nested.
fn depth(term: &Term) -> usize {
    match term {
        Term::Element(_) | Term::Wildcard(_) => 0,
        Term::Sequence(parts) | Term::Choice(parts) | Term::All(parts) => {
            1 + parts.iter().map(|part| depth(&part.term)).max().unwrap_or(0)
        }
    }
}

impl<'d> Compiler<'d> {
    /// Counts particles that are written out; false where there are more than a set may have.
    pub(super) fn spend_particles(&mut self, item: Item<'d>, count: usize) -> bool {
        if count > PARTICLES_MAX {
            self.fault(item, "schema-too-large", too_many_particles());
            return false;
        }
        if count > self.particles_left {
            let text =
                format!("the content models of the set have more than {PARTICLES_OF_SET_MAX} particles together");
            self.fault(item, "schema-too-large", text);
            return false;
        }
        self.particles_left -= count;
        true
    }

    /// Compiles all model groups, those that are referred to first.
    pub(super) fn compile_groups(&mut self) {
        let (sorted, circular) = order(self.globals.len(), |index| self.group_needs(index));
        for index in circular {
            if self.globals[index].kind == Kind::Group {
                self.fault(self.globals[index].item, "mg-props-correct.2", "the model group contains itself");
            }
        }
        for index in sorted {
            if self.globals[index].kind != Kind::Group || self.globals[index].stands_in {
                continue;
            }
            let item = self.globals[index].item;
            let body = item.children().find(|child| matches!(child.tag(), "sequence" | "choice" | "all"));
            let Some(body) = body else {
                self.fault(item, "s4s-elt-must-match", "a named group needs a sequence, choice or all");
                continue;
            };
            let term = self.model_group(body);
            let (size, depth) = (size(&term), depth(&term));
            if depth > DEPTH_MAX {
                let text = format!("groups are nested deeper than {DEPTH_MAX}");
                self.fault(item, "schema-too-large", text);
                continue;
            }
            self.groups.insert(index, Group { term, size });
        }
    }

    /// `cos-element-consistent` for named groups, which nothing need use.
    pub(super) fn check_groups(&mut self) {
        let mut groups: Vec<usize> =
            self.groups.keys().copied().filter(|index| !self.globals[*index].stands_in).collect();
        groups.sort_unstable();
        for index in groups {
            let particle = Particle { min: 1, max: Some(1), term: self.groups[&index].term.clone() };
            self.check_consistent(self.globals[index].item, &particle);
        }
    }

    fn group_needs(&self, index: usize) -> Vec<usize> {
        let global = &self.globals[index];
        if global.stands_in || global.kind != Kind::Group {
            return Vec::new();
        }
        // References inside local elements belong to those elements' types, which come later.
        let mut needs = Vec::new();
        let mut waiting: Vec<Item<'d>> = global.item.children().collect();
        while let Some(item) = waiting.pop() {
            match item.tag() {
                "group" => {
                    let name = item.attribute("ref").and_then(|text| self.peek(item, text));
                    needs.extend(name.and_then(|name| self.find(item, Kind::Group, name)));
                }
                "sequence" | "choice" | "all" => waiting.extend(item.children()),
                _ => {}
            }
        }
        needs
    }

    /// The bounds of a particle; `None` where they are no bounds.
    pub(super) fn bounds(&mut self, item: Item<'d>) -> Option<(u32, Option<u32>)> {
        let min = item.attribute("minOccurs").map_or(Some("1"), whole);
        let max = match item.attribute("maxOccurs") {
            None => Some(Some("1")),
            Some("unbounded") => Some(None),
            Some(text) => whole(text).map(Some),
        };
        let (Some(min), Some(max)) = (min, max) else {
            self.fault(item, "s4s-att-invalid-value", "minOccurs and maxOccurs must be whole numbers");
            return None;
        };
        if max.is_some_and(|max| (max.len(), max) < (min.len(), min)) {
            self.fault(item, "p-props-correct.2.1", "minOccurs is greater than maxOccurs");
            return None;
        }
        let count = |digits: &str| match digits {
            "" => 0,
            // A bound beyond what can be counted is never reached.
            _ => digits.parse().unwrap_or(u32::MAX - 1).min(u32::MAX - 1),
        };
        Some((count(min), max.map(count)))
    }

    /// Compiles a particle; `None` where it may not occur at all, or is wrong.
    pub(super) fn particle(&mut self, item: Item<'d>) -> Option<Particle> {
        let (min, max) = self.bounds(item)?;
        let term = match item.tag() {
            "element" => Term::Element(self.local_element(item)?),
            "any" => {
                let wildcard = self.wildcard(item)?;
                let known = self.draft.wildcards.iter().position(|known| *known == wildcard);
                let index = known.unwrap_or_else(|| {
                    self.draft.wildcards.push(wildcard);
                    self.draft.wildcards.len() - 1
                });
                Term::Wildcard(WildcardId::at(index))
            }
            "group" => self.group_reference(item)?,
            "sequence" | "choice" | "all" => self.model_group(item),
            _ => return None,
        };
        if max == Some(0) {
            return None;
        }
        if matches!(term, Term::All(_)) && (max != Some(1) || min > 1) {
            self.fault(item, "cos-all-limited.1.2", "an all group occurs at most once");
        }
        Some(Particle { min, max, term })
    }

    fn group_reference(&mut self, item: Item<'d>) -> Option<Term> {
        let Some(text) = item.attribute("ref") else {
            self.fault(item, "s4s-att-must-appear", "a reference to a group needs ref");
            return None;
        };
        let global = self.resolve(item, Kind::Group, text)?;
        let size = self.groups.get(&global)?.size;
        if !self.spend_particles(item, size) {
            return None;
        }
        self.groups.get(&global).map(|group| group.term.clone())
    }

    /// Compiles a sequence, choice or all group without its own bounds.
    fn model_group(&mut self, item: Item<'d>) -> Term {
        let mut parts = Vec::new();
        let mut total = 0;
        for child in item.children().collect::<Vec<_>>() {
            let Some(part) = self.particle(child) else { continue };
            total += size(&part.term);
            if total > PARTICLES_MAX {
                self.fault(child, "schema-too-large", too_many_particles());
                break;
            }
            self.check_all_limits(item, child, &part);
            parts.push(part);
        }
        match item.tag() {
            "choice" => Term::Choice(parts),
            "all" => Term::All(parts),
            _ => Term::Sequence(parts),
        }
    }

    /// `cos-all-limited`: all groups hold single elements and lie in no other group.
    fn check_all_limits(&mut self, group: Item<'d>, child: Item<'d>, part: &Particle) {
        if matches!(part.term, Term::All(_)) {
            self.fault(child, "cos-all-limited.1.2", "an all group cannot stand inside another group");
        }
        if group.tag() == "all" {
            if !matches!(part.term, Term::Element(_)) {
                self.fault(child, "s4s-elt-must-match", "an all group holds elements only");
            } else if part.max != Some(1) {
                self.fault(child, "cos-all-limited.2", "an element of an all group occurs at most once");
            }
        }
    }
}
