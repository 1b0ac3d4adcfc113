//! Notations: declared names that values of type `NOTATION` must be among.

use super::compiler::Compiler;
use super::globals::Kind;
use super::tree::Item;
use crate::rules::FacetKind;
use crate::rules::draft::{Lexical, SimpleId, Variety};

impl<'d> Compiler<'d> {
    /// A notation has a public or a system identifier.
    pub(super) fn check_notations(&mut self) {
        for index in 0..self.globals.len() {
            let (kind, item) = (self.globals[index].kind, self.globals[index].item);
            if kind == Kind::Notation && item.attribute("public").is_none() && item.attribute("system").is_none() {
                self.fault(item, "s4s-att-must-appear", "a notation needs public or system");
            }
        }
    }

    /// Whether values of the type are names of notations.
    pub(super) fn is_notation(&self, simple: SimpleId) -> bool {
        matches!(self.draft.simple_types[simple.index()].variety, Variety::Atomic(Lexical::Notation))
    }

    /// Checks that the type of an element or attribute is not `NOTATION` without an enumeration of names.
    pub(super) fn check_notation_use(&mut self, item: Item<'d>, simple: SimpleId) {
        let definition = &self.draft.simple_types[simple.index()];
        let enumerated = definition.facets.iter().any(|facet| facet.kind() == FacetKind::Enumeration);
        if self.is_notation(simple) && !enumerated {
            let text = "NOTATION can be used only by a type that enumerates the names of notations";
            self.fault(item, "enumeration-required-notation", text);
        }
    }

    /// Checks that the value of an enumeration names a declared notation.
    pub(super) fn check_notation(&mut self, item: Item<'d>, text: &str) {
        self.resolve(item, Kind::Notation, text.trim_matches(crate::xml::is_space));
    }
}
