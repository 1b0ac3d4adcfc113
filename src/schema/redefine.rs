//! Redefinitions: each builds on what it redefines, or, for groups, restricts it (`src-redefine`).

use super::compiler::Compiler;
use super::globals::{Global, Kind};
use super::tree::Item;
use crate::rules::{Particle, Term};

impl<'d> Compiler<'d> {
    /// Checks that every redefinition of a type derives from the type itself, and that groups refer to themselves
    /// rightly.
    pub(super) fn check_redefinitions(&mut self) {
        for index in 0..self.globals.len() {
            let Global { kind, item, shadows, .. } = self.globals[index].clone();
            let Some(shadowed) = shadows else { continue };
            match kind {
                Kind::Type => self.check_redefined_type(item),
                Kind::Group => self.check_redefined_group(index, item, shadowed),
                Kind::AttributeGroup => self.check_redefined_attributes(index, item, shadowed),
                Kind::Element | Kind::Attribute | Kind::Notation => {}
            }
        }
    }

    fn check_redefined_type(&mut self, item: Item<'d>) {
        let derivation =
            |parent: Item<'d>| parent.children().find(|child| matches!(child.tag(), "restriction" | "extension"));
        let found = if item.tag() == "simpleType" {
            derivation(item)
        } else {
            let content = item.children().find(|child| matches!(child.tag(), "simpleContent" | "complexContent"));
            content.and_then(derivation)
        };
        let base = found.and_then(|found| Some((found, found.attribute("base")?)));
        let itself = base.is_some_and(|(found, base)| self.means_itself(found, base));
        if !itself {
            self.fault(item, "src-redefine.5", "a redefined type must derive from itself");
        }
    }

    /// Whether a `QName` inside a global component is the name of that component.
    fn means_itself(&self, item: Item<'d>, text: &str) -> bool {
        let own = item.within.map(|within| self.globals[within].name);
        self.peek(item, text).is_some_and(|name| Some(name) == own)
    }

    /// References to itself inside a group, those inside the types of its elements left out.
    fn self_references(&self, item: Item<'d>, tag: &str) -> Vec<Item<'d>> {
        let mut found = Vec::new();
        let mut waiting: Vec<Item<'d>> = item.children().collect();
        while let Some(child) = waiting.pop() {
            if child.tag() == tag {
                if child.attribute("ref").is_some_and(|text| self.means_itself(child, text)) {
                    found.push(child);
                }
            } else if matches!(child.tag(), "sequence" | "choice" | "all") {
                waiting.extend(child.children());
            }
        }
        found
    }

    fn check_redefined_group(&mut self, index: usize, item: Item<'d>, shadowed: usize) {
        self.check_group_references(item);
        if !self.self_references(item, "group").is_empty() {
            return;
        }
        if self.globals[shadowed].stands_in {
            return self.nothing_to_restrict(item, "src-redefine.6.2.1");
        }
        let (Some(own), Some(base)) = (self.groups.get(&index), self.groups.get(&shadowed)) else { return };
        let once = |term: &Term| Particle { min: 1, max: Some(1), term: term.clone() };
        if let Err(case) = self.restricts_particle(&once(&own.term), &once(&base.term)) {
            let text = format!("a redefined group that does not refer to itself must restrict it ({case})");
            self.fault(item, "src-redefine.6.2.2", text);
        }
    }

    /// A group that does not refer to itself is told from what it restricts: that must be there, even where missing
    /// documents are tolerated, for the standard names it by itself and not by way of a reference.
    fn nothing_to_restrict(&mut self, item: Item<'d>, clause: &'static str) {
        let text = "a redefined group that does not refer to itself must restrict it, but its document is missing";
        self.fault(item, clause, text);
    }

    /// A group refers to itself once, as one particle that occurs once, or not at all.
    fn check_group_references(&mut self, item: Item<'d>) {
        match self.self_references(item, "group").as_slice() {
            [] => {}
            [only] => {
                let once = |name| only.attribute(name).is_none_or(|text| text.trim_start_matches(['+', '0']) == "1");
                if !once("minOccurs") || !once("maxOccurs") {
                    self.fault(*only, "src-redefine.6.1.2", "a group's reference to itself must occur exactly once");
                }
            }
            [_, second, ..] => {
                self.fault(*second, "src-redefine.6.1.1", "a redefined group can refer to itself only once");
            }
        }
    }

    /// An attribute group refers to itself once or not at all.
    fn check_attribute_references(&mut self, item: Item<'d>) {
        if let [_, second, ..] = self.self_references(item, "attributeGroup").as_slice() {
            self.fault(*second, "src-redefine.7.1", "a redefined attribute group can refer to itself only once");
        }
    }

    fn check_redefined_attributes(&mut self, index: usize, item: Item<'d>, shadowed: usize) {
        self.check_attribute_references(item);
        if !self.self_references(item, "attributeGroup").is_empty() {
            return;
        }
        if self.globals[shadowed].stands_in {
            return self.nothing_to_restrict(item, "src-redefine.7.2.1");
        }
        let own = self.attribute_groups.get(&index).cloned().unwrap_or_default();
        let base = self.attribute_groups.get(&shadowed).cloned().unwrap_or_default();
        self.check_attribute_restriction(item, &own, &base, None);
        let missing = base
            .uses
            .iter()
            .find(|inherited| inherited.required && !own.uses.iter().any(|attribute| attribute.name == inherited.name));
        if let Some(missing) = missing {
            let local = self.draft.names.local(missing.name).to_owned();
            let text = format!("the redefined attribute group requires the attribute {local}");
            self.fault(item, "src-redefine.7.2.2", text);
        }
    }
}
